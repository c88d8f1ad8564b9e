"""What is said in the yard, of consignments, and of what a company asks before a code."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django import forms
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from ferry.models import ConsignmentKind, Declaration, Door, Mark
from ferry.portal.paper_forms import CodeInput, DayInput, VinsField
from ferry.rules.readiness import MOST_CHARGE, MOST_KEYS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ferry.models import Company


class MarkForm(forms.Form):
    """A step, with what was counted; what belongs to no step is left to the action."""

    mark = forms.ChoiceField(choices=Mark.choices)
    charge_percent = forms.IntegerField(label=_("Charge, %"), required=False)
    keys = forms.IntegerField(label=_("Keys"), required=False)
    door = forms.ChoiceField(choices=Door.choices)


class UnmarkForm(forms.Form):
    mark = forms.ChoiceField(choices=Mark.choices, widget=forms.HiddenInput)
    door = forms.ChoiceField(choices=Door.choices, widget=forms.HiddenInput)
    reason = forms.CharField(label=_("Why"), max_length=200)


class ScanForm(forms.Form):
    """A VIN as it was scanned, or the end of one; with a step it is recorded at once."""

    q = forms.CharField(label=_("VIN or its last 6"), max_length=400, widget=CodeInput(enterkeyhint="go"))
    mark = forms.ChoiceField(choices=[("", ""), *Mark.choices], required=False)
    charge_percent = forms.IntegerField(required=False)
    keys = forms.IntegerField(required=False)


class PolicyForm(forms.Form):
    asks_yard = forms.BooleanField(label=_("It must be in the yard"), required=False)
    asks_inspection = forms.BooleanField(label=_("It must be inspected"), required=False)
    asks_charge = forms.BooleanField(label=_("It must be charged or fuelled"), required=False)
    least_charge = forms.IntegerField(
        label=_("Least charge of a battery car, %"), min_value=0, max_value=MOST_CHARGE
    )
    least_keys = forms.IntegerField(
        label=_("Least number of keys"),
        min_value=0,
        max_value=MOST_KEYS,
        help_text=_("0: keys are not asked for."),
    )


class ConsignmentForm(forms.Form):
    name = forms.CharField(
        label=_("Name or reference"),
        max_length=80,
        help_text=_("As you speak of it: a ship's name, a train's number, a batch."),
        widget=forms.TextInput({"autofocus": True}),
    )
    kind = forms.ChoiceField(label=_("Kind"), choices=ConsignmentKind.choices)
    expected_on = forms.DateField(label=_("Expected on"), required=False, widget=DayInput())
    note = forms.CharField(
        label=_("Note"), max_length=2000, required=False, widget=forms.Textarea({"rows": 3})
    )


class ChangeConsignmentForm(ConsignmentForm):
    is_closed = forms.BooleanField(
        label=pgettext_lazy("consignment", "Closed"),
        required=False,
        help_text=_("No more vehicles join, and lists leave it out."),
    )


class JoinForm(forms.Form):
    """VINs that are pasted, ticked (`vin`), or stand on a declaration."""

    vins = VinsField(
        label=_("VINs"), required=False, help_text=_("One a line, or copied from a spreadsheet column.")
    )
    declaration = forms.CharField(
        label=_("All vehicles of declaration"), max_length=30, required=False, widget=CodeInput()
    )

    def __init__(self, *args: Any, company: Company, ticked: list[str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.company, self.ticked = company, ticked

    def clean_declaration(self) -> Declaration | None:
        number = self.cleaned_data["declaration"].strip()
        if not number:
            return None
        found = Declaration.objects.filter(company=self.company, number=number).first()
        if found is None:
            raise forms.ValidationError(
                _("None of your declarations has this number. Compare it with the paper.")
            )
        return found

    def clean(self) -> dict[str, Any]:
        data = super().clean() or self.cleaned_data
        if not self.errors and not self.wanted(data):
            self.add_error(None, _("Paste VINs, tick vehicles or name a declaration."))
        return data

    def wanted(self, data: Mapping[str, Any]) -> list[str]:
        declaration: Declaration | None = data["declaration"]
        listed = declaration.declared_vehicles.values_list("vin", flat=True) if declaration else ()
        return [*data["vins"], *self.ticked, *listed]
