"""What an officer fills in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django import forms
from django.utils.translation import gettext_lazy as _

from clearance.actions.scans import LONGEST_LANE, ScanInput
from clearance.actions.withdrawals import LONGEST_REASON
from clearance.models import Answer, Compared, ExaminationOutcome, Verdict
from clearance.rules.checklist import ITEMS, NOTE_OF_DETENTION
from ferry.models import Checkpoint
from ferry.rules.letters import plain_text

if TYPE_CHECKING:
    from collections.abc import Sequence

#: A reader may be pointed at anything; what is no code is kept as unreadable.
LONGEST_TYPED = 2000
WAITING = "waiting"


class StationForm(forms.Form):
    """At which of his checkpoints an officer stands, and in which lane."""

    checkpoint = forms.ModelChoiceField(
        Checkpoint.objects.none(),
        to_field_name="code",
        empty_label=None,
        label=_("Checkpoint"),
        widget=forms.RadioSelect,
    )
    lane = forms.CharField(
        label=_("Lane"),
        max_length=LONGEST_LANE,
        help_text=_("As it is written over the lane: a number or a name."),
        widget=forms.TextInput(attrs={"autocomplete": "off", "list": "lanes"}),
    )

    def __init__(self, *args: Any, checkpoints: Sequence[Checkpoint], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        own = Checkpoint.objects.filter(pk__in=[each.pk for each in checkpoints])
        self.fields["checkpoint"].queryset = own  # type: ignore[attr-defined]

    def clean_lane(self) -> str:
        lane = plain_text(self.cleaned_data["lane"])
        if not lane:
            raise forms.ValidationError(_("Name the lane: a number or a name."))
        return lane


class ScanForm(StationForm):
    """One reading; the page names its own place, so that two windows at two places do not mix."""

    code = forms.CharField(max_length=LONGEST_TYPED)
    scan_id = forms.UUIDField()

    def scan(self) -> ScanInput:
        return ScanInput(**self.cleaned_data)


class OutcomeForm(forms.Form):
    """What an examination came to; `item_…` is the answer to an item of its checklist."""

    outcome = forms.ChoiceField(choices=ExaminationOutcome.choices)
    note = forms.CharField(label=_("What was found"), max_length=2000, required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for item in ITEMS:
            self.fields[f"item_{item}"] = forms.ChoiceField(choices=Answer.choices, required=False)

    @property
    def checklist(self) -> dict[str, str]:
        answers = {item: self.cleaned_data[f"item_{item}"] for item in ITEMS}
        return {item: answer for item, answer in answers.items() if answer}

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or {}
        if cleaned.get("outcome") == ExaminationOutcome.DETAINED and not cleaned.get("note"):
            self.add_error("note", str(NOTE_OF_DETENTION.detail))
        return cleaned


class CompareForm(forms.Form):
    """What was read on the vehicle; each kind has a field of its own name."""

    what = forms.ChoiceField(choices=Compared.choices)
    vin = forms.CharField(max_length=LONGEST_TYPED, required=False)
    plate = forms.CharField(max_length=60, required=False)
    by_camera = forms.BooleanField(required=False)

    def read(self) -> dict[str, Any]:
        """Give what a comparison takes; Enter in the plate's field presses the form's first button."""
        said = self.cleaned_data
        filled = [what for what in (said["what"], *Compared.values) if said[what]]
        what = filled[0] if filled else said["what"]
        return {"what": what, "text": said[what], "by_camera": said["by_camera"]}


class WithdrawalForm(forms.Form):
    reason = forms.CharField(
        label=_("Reason"),
        max_length=LONGEST_REASON,
        help_text=_("Stays with the scan; the company is not told it."),
        widget=forms.Textarea(attrs={"rows": 2}),
    )


class ScanFilter(forms.Form):
    """Which scans of a checkpoint to list; what cannot be meant filters nothing."""

    verdict = forms.ChoiceField(
        label=_("Verdict"),
        required=False,
        choices=[("", _("All")), *Verdict.choices, (WAITING, _("Examination not decided"))],
    )
    lane = forms.CharField(label=_("Lane"), required=False, max_length=LONGEST_LANE)
    day = forms.DateField(
        label=_("Day"), required=False, widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    )
    vehicle = forms.CharField(label=_("VIN or trip"), required=False, max_length=17)
