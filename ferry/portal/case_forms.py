"""What people fill in about a case."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django import forms
from django.utils.translation import gettext_lazy as _

from ferry.models import CaseKind
from ferry.portal.company_forms import YuanField
from ferry.rules.cases import LONGEST_NOTE, resolutions_for

if TYPE_CHECKING:
    from ferry.models import Case


class ResolutionForm(forms.Form):
    resolution = forms.ChoiceField(label=_("Resolution"))
    accepted_fen = YuanField(
        label=_("Amount the company bears, yuan"),
        required=False,
        max_value=10_000_000,
        help_text=_("What was agreed with the consignee. Empty: nothing."),
    )
    note = forms.CharField(
        label=_("Note"),
        max_length=LONGEST_NOTE,
        widget=forms.Textarea({"rows": 3}),
        help_text=_("What proves it: who said so, which paper, which date."),
    )

    def __init__(self, *args: Any, case: Case, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["resolution"].choices = resolutions_for(case.kind)  # type: ignore[attr-defined]
        if case.kind != CaseKind.DAMAGE:
            del self.fields["accepted_fen"]
