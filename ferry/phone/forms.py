"""What a consignee fills in: he takes the vehicle, or he does not, or he opens his paper again."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any

from django import forms
from django.utils.translation import gettext_lazy as _

from ferry.actions.receipts import Check
from ferry.models import Condition, DeliveryRefusal, Receipt, RefusalReason
from ferry.phone.condition_forms import MOST_KEYS, MOST_KM, MarksForm
from ferry.phone.telling_forms import CHARGED
from ferry.rules.outline import shape_of

if TYPE_CHECKING:
    from ferry.models import Trip

NUMBER = {"inputmode": "numeric"}
MOST_PIN = 12


class PinField(forms.CharField):
    def __init__(self) -> None:
        attrs = {"inputmode": "numeric", "autocomplete": "one-time-code", "autocapitalize": "off"}
        super().__init__(
            label=_("PIN"),
            max_length=MOST_PIN,
            help_text=_("The six digits in the company's message to you. The driver does not know them."),
            widget=forms.TextInput(attrs=attrs),
        )


class PinForm(forms.Form):
    pin = PinField()


class AnswerForm(MarksForm):
    """What both answers ask; the one who says it is the trip's consignee unless somebody else is named."""

    check_id = forms.UUIDField(required=False, widget=forms.HiddenInput)
    receives = forms.ChoiceField(
        label=_("Who are you?"),
        choices=[
            ("consignee", _("The consignee named in the company's message, or I speak for him")),
            ("other", _("Somebody else")),
        ],
        initial="consignee",
        widget=forms.RadioSelect,
    )
    receiver = forms.CharField(label=_("Your name"), max_length=200, required=False)
    note = forms.CharField(
        label=_("Note"), max_length=2000, required=False, widget=forms.Textarea(attrs={"rows": 2})
    )
    pin = PinField()

    def __init__(self, *said: Any, trip: Trip, **named: Any) -> None:
        super().__init__(*said, shape=shape_of(trip.vehicle), **named)
        self.trip = trip
        self.initial.setdefault("check_id", uuid.uuid4())

    def clean(self) -> dict[str, Any]:
        data = super().clean()
        if data.get("receives") == "other" and not data.get("receiver"):
            self.add_error("receiver", _("Enter your name."))
        return data

    @property
    def check(self) -> Check:
        return Check(self.cleaned_data["check_id"] or uuid.uuid4(), self.looked())

    @property
    def name(self) -> str:
        """Give the name of the one who says it."""
        is_other = self.cleaned_data["receives"] == "other"
        return self.cleaned_data["receiver"] if is_other else self.trip.consignee_name


class ReceiptForm(AnswerForm):
    """He takes it."""

    already = "already_confirmed"
    #: As the page asks, so that what is wrong is told in that order; the rest follows.
    field_order = ("condition", "keeps_place", "odometer_km", "level_percent", "keys", "note")

    condition = forms.ChoiceField(
        label=_("How does it look?"),
        choices=[(Condition.GOOD, _("Good, as described")), (Condition.DAMAGED, _("Damaged"))],
        widget=forms.RadioSelect,
    )
    odometer_km = forms.IntegerField(
        label=_("Odometer, km"),
        min_value=0,
        max_value=MOST_KM,
        required=False,
        widget=forms.NumberInput(attrs=NUMBER),
    )
    level_percent = forms.IntegerField(
        label=_("Fuel, %"),
        min_value=0,
        max_value=100,
        required=False,
        widget=forms.NumberInput(attrs=NUMBER),
    )
    keys = forms.IntegerField(
        label=_("Number of keys"),
        min_value=0,
        max_value=MOST_KEYS,
        required=False,
        widget=forms.NumberInput(attrs=NUMBER),
    )

    def __init__(self, *said: Any, trip: Trip, **named: Any) -> None:
        super().__init__(*said, trip=trip, **named)
        if trip.vehicle.powertrain in CHARGED:
            self.fields["level_percent"].label = _("Battery charge, %")

    def said(self) -> dict[str, Any]:
        """Give what `confirm_receipt` takes."""
        names = ("pin", "condition", "odometer_km", "note")
        return {
            **{name: self.cleaned_data[name] for name in names},
            "receiver": self.name,
            "check": self.check,
        }

    def differs_from(self, kept: Receipt | DeliveryRefusal | None) -> bool:
        """Say whether something else was answered before."""
        names = ("condition", "odometer_km", "note", "receiver")
        return isinstance(kept, Receipt) and any(
            getattr(kept, name) != value for name, value in self.said().items() if name in names
        )


class RefusalForm(AnswerForm):
    """He does not take it."""

    already = "already_refused"
    field_order = ("reason", "note")

    reason = forms.ChoiceField(label=_("Why not?"), choices=RefusalReason.choices, widget=forms.RadioSelect)

    def said(self) -> dict[str, Any]:
        """Give what `refuse_delivery` takes."""
        names = ("pin", "reason", "note")
        return {
            **{name: self.cleaned_data[name] for name in names},
            "refused_by": self.name,
            "check": self.check,
        }

    def differs_from(self, kept: Receipt | DeliveryRefusal | None) -> bool:
        """Say whether something else was answered before."""
        names = ("reason", "note", "refused_by")
        return isinstance(kept, DeliveryRefusal) and any(
            getattr(kept, name) != value for name, value in self.said().items() if name in names
        )


class PhotoForm(forms.Form):
    """What comes with one photo that a page sends by itself."""

    photo_id = forms.UUIDField(required=False)
    check_id = forms.UUIDField(required=False)
    mark_number = forms.IntegerField(min_value=1, max_value=99, required=False)
    keeps_place = forms.BooleanField(
        label=_("Keep where the photos were taken"), required=False, label_suffix=""
    )
