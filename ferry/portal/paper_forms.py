"""What a company fills in for vehicles, drivers and papers."""

from __future__ import annotations

import re
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from ferry.models import DeclarationStatus, Language, Powertrain
from ferry.portal.forms import TypedChoiceInput
from ferry.rules.vin import normalise_vin

MODES: list[tuple[str, Any]] = [
    ("0110", _("General trade")),
    ("1039", _("Market purchase")),
    ("4019", _("Small border trade")),
]
LICENCE_CLASSES = [("C1", ""), ("C2", ""), ("B2", ""), ("A1", ""), ("A2", ""), ("M", "")]
NATIONALITIES = [("CN", ""), ("KZ", "")]


class CodeInput(forms.TextInput):
    """An input for what is copied character by character."""

    def __init__(self, **attrs: Any) -> None:
        usual = {"autocomplete": "off", "autocapitalize": "characters", "spellcheck": "false"}
        super().__init__({"class": "fm-vin", **usual, **attrs})


class DayInput(forms.DateInput):
    def __init__(self) -> None:
        super().__init__({"type": "date"}, format="%Y-%m-%d")


class VehicleForm(forms.Form):
    vin = forms.CharField(label=_("VIN"), max_length=40, widget=CodeInput(autofocus=True))
    make = forms.CharField(label=_("Make"), max_length=60)
    model = forms.CharField(label=_("Model"), max_length=80)
    powertrain = forms.ChoiceField(label=_("Powertrain"), choices=Powertrain.choices)
    hs_code = forms.CharField(
        label=_("HS code"),
        max_length=20,
        widget=CodeInput(inputmode="numeric"),
        help_text=_("4 to 10 digits."),
    )
    colour = forms.CharField(label=_("Colour"), max_length=40, required=False)
    plate = forms.CharField(label=_("Plate"), max_length=20, required=False)
    registered_on = forms.DateField(label=_("First registered"), required=False, widget=DayInput())
    after_sales_confirmed = forms.BooleanField(
        label=_("The maker confirms after-sales service"),
        required=False,
        help_text=_("Needed for a car registered less than 180 days before export."),
    )


class DriverDetailsForm(forms.Form):
    name = forms.CharField(label=_("Name"), max_length=100, widget=forms.TextInput({"autofocus": True}))
    name_latin = forms.CharField(
        label=_("Latin name"),
        max_length=100,
        required=False,
        widget=CodeInput(),
        help_text=_("As in the lowest lines of the passport's page: MA JUN. Officers compare it."),
    )
    nationality = forms.CharField(
        label=_("Nationality"),
        max_length=10,
        initial="CN",
        widget=TypedChoiceInput(NATIONALITIES),
        help_text=_("Country code of two letters."),
    )
    passport_number = forms.CharField(label=_("Passport number"), max_length=20, widget=CodeInput())
    passport_expires_on = forms.DateField(label=_("Passport expires"), widget=DayInput())
    mrz = forms.CharField(
        label=_("Machine-readable line"),
        max_length=100,
        required=False,
        widget=CodeInput(),
        help_text=_(
            "The lower line of signs at the foot of the passport's page. "
            "It checks what is entered, and is not kept."
        ),
    )
    licence_class = forms.CharField(
        label=_("Driving licence class"),
        max_length=12,
        initial="C1",
        widget=TypedChoiceInput(LICENCE_CLASSES),
        help_text=_("As on the licence: C1 or C2 car, B2 truck, A1 bus, M plant."),
    )
    licence_expires_on = forms.DateField(label=_("Driving licence expires"), widget=DayInput())
    phone = forms.CharField(
        label=_("Phone"), max_length=40, required=False, widget=forms.TextInput({"inputmode": "tel"})
    )
    language = forms.ChoiceField(label=_("Language"), choices=Language.choices, initial=Language.CHINESE)


class NewDriverForm(DriverDetailsForm):
    previous_passport_number = forms.CharField(
        label=_("Previous passport number"),
        max_length=20,
        required=False,
        widget=CodeInput(),
        help_text=_("After a renewal: the days already stayed are the person's, whatever the passport."),
    )


class ChangeDriverForm(DriverDetailsForm):
    is_active = forms.BooleanField(label=_("Drives for us"), required=False)
    passport_number = forms.CharField(
        label=_("Passport number"),
        max_length=20,
        widget=CodeInput(),
        help_text=_("Enter a renewed passport here; the days stayed and the trips remain the driver's."),
    )


class VinsField(forms.CharField):
    """VINs in any layout: one a line, or set apart by spaces, commas or semicolons."""

    widget = forms.Textarea({"rows": 8, "class": "fm-vin", "spellcheck": "false", "autocomplete": "off"})

    def clean(self, value: Any) -> list[str]:
        text = super().clean(value)
        return [normalise_vin(vin) for vin in re.split(r"[\s,;，；、]+", text) if vin]


class DeclarationForm(forms.Form):
    number = forms.CharField(
        label=_("Declaration number"),
        max_length=30,
        widget=CodeInput(inputmode="numeric", autofocus=True),
        help_text=_("18 digits, as on the export declaration."),
    )
    supervision_mode = forms.CharField(
        label=_("Supervision mode"), max_length=10, initial="0110", widget=TypedChoiceInput(MODES)
    )
    status = forms.ChoiceField(
        label=_("Status"),
        choices=DeclarationStatus.choices,
        initial=DeclarationStatus.RELEASED,
        help_text=_("Until customs report it: their word outranks yours."),
    )
    vins = VinsField(label=_("VINs"), help_text=_("One a line, or copied from a spreadsheet column."))
    quantity = forms.IntegerField(
        label=_("Declared quantity"),
        required=False,
        min_value=1,
        max_value=100_000,
        help_text=_("Only if it covers more vehicles than the VINs above."),
    )


class ChangeDeclarationForm(forms.Form):
    supervision_mode = forms.CharField(
        label=_("Supervision mode"), max_length=10, widget=TypedChoiceInput(MODES)
    )
    status = forms.ChoiceField(
        label=_("Status"),
        choices=DeclarationStatus.choices,
        help_text=_("It only goes further: what customs said is not undone here."),
    )
    vins = VinsField(
        label=_("VINs to add"), required=False, help_text=_("VINs already on it stay, and may be repeated.")
    )


class LicenceForm(forms.Form):
    number = forms.CharField(label=_("Licence number"), max_length=30, widget=CodeInput(autofocus=True))
    commodity_code = forms.CharField(
        label=_("Commodity code"),
        max_length=20,
        required=False,
        widget=CodeInput(inputmode="numeric"),
        help_text=_("Empty: good for any goods that need a licence."),
    )
    quantity = forms.IntegerField(
        label=_("Quantity left on it"),
        min_value=1,
        max_value=1_000_000,
        help_text=_("Taken when a code is issued, given back when it is cancelled or lapses."),
    )
    expires_on = forms.DateField(label=_("Expires"), widget=DayInput())


class OfferForm(forms.Form):
    vin = forms.CharField(label=_("VIN"), max_length=40, widget=CodeInput())
    to_company = forms.CharField(
        label=_("Company that shall have it"),
        max_length=40,
        widget=CodeInput(),
        help_text=_("Its Unified Social Credit Code, 18 characters."),
    )


class ImportForm(forms.Form):
    key = forms.UUIDField(widget=forms.HiddenInput)
    file = forms.FileField(
        label=_("Spreadsheet"),
        allow_empty_file=True,
        widget=forms.FileInput({"accept": ".xlsx,.csv,.txt"}),
        help_text=_("XLSX or CSV, up to 32 MB and 200,000 lines, with Chinese, English or Russian headings."),
    )
