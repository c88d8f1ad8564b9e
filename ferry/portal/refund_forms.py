"""What is filled in about a refund."""

from __future__ import annotations

from django import forms
from django.utils.translation import gettext_lazy as _

from ferry.portal.paper_forms import DayInput


class FiledForm(forms.Form):
    filed_on = forms.DateField(label=_("Filed on"), widget=DayInput())
    reference = forms.CharField(
        label=_("Reference"), max_length=100, required=False, help_text=_("As the tax office gave it.")
    )
