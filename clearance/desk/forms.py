"""What a supervisor fills in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django import forms
from django.utils.translation import gettext_lazy as _

from clearance.models import Watched
from ferry.portal.case_forms import ResolutionForm
from ferry.portal.paper_forms import CodeInput
from ferry.rules.cases import WRITE_OFF, WRITTEN_OFF

if TYPE_CHECKING:
    from ferry.models import Case


class SettleForm(ResolutionForm):
    """A supervisor may also write off what nobody will explain."""

    def __init__(self, *args: Any, case: Case, **kwargs: Any) -> None:
        super().__init__(*args, case=case, **kwargs)
        self.fields["resolution"].choices += [(WRITTEN_OFF, WRITE_OFF)]  # type: ignore[attr-defined]


class WatchForm(forms.Form):
    kind = forms.ChoiceField(label=_("What is watched"), choices=Watched.choices)
    value = forms.CharField(label=_("Number"), max_length=20, widget=CodeInput())
    instruction = forms.CharField(
        label=_("Instruction to the officer"),
        max_length=200,
        help_text=_("Only officers see it: what to do and whom to call."),
    )
    reason = forms.CharField(
        label=_("Reason"), max_length=200, required=False, help_text=_("Why it is watched, for supervisors.")
    )


class WatchFilter(forms.Form):
    """What of the watch list to show; what cannot be meant filters nothing."""

    q = forms.CharField(
        label=_("VIN or company code, last four of a passport, or words"), required=False, max_length=40
    )
    ended = forms.BooleanField(label=_("Ended ones"), required=False)


class CodeForm(forms.Form):
    code = forms.CharField(
        label=_("Code or short code"),
        max_length=2000,
        widget=CodeInput(autofocus=True),
    )


class TripForm(forms.Form):
    key = forms.CharField(label=_("Trip, VIN or short code"), max_length=40, widget=CodeInput(autofocus=True))


class RevokeForm(forms.Form):
    reason = forms.CharField(
        label=_("Reason"), max_length=200, help_text=_("The company and the driver read it.")
    )
