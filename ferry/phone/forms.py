"""What a consignee fills in."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from ferry.models import Condition


class ReceiptForm(forms.Form):
    condition = forms.ChoiceField(
        label=_("Condition of the vehicle"),
        choices=[(Condition.GOOD, _("Good, as described")), (Condition.DAMAGED, _("Damaged"))],
        widget=forms.RadioSelect,
    )
    receives = forms.ChoiceField(
        label=_("Who receives it?"),
        choices=[
            ("consignee", _("The consignee named in the company's message, or I on his behalf")),
            ("other", _("Somebody else")),
        ],
        initial="consignee",
        widget=forms.RadioSelect,
    )
    receiver = forms.CharField(label=_("If somebody else: his name"), max_length=200, required=False)
    odometer_km = forms.IntegerField(
        label=_("Odometer, km"), min_value=0, max_value=2_000_000, required=False
    )
    note = forms.CharField(
        label=_("What is damaged or missing?"),
        max_length=2000,
        required=False,
        widget=forms.Textarea(attrs={"rows": 2}),
    )
    pin = forms.CharField(
        label=_("PIN"),
        max_length=12,
        help_text=_("The six digits in the company's message to you. The driver does not know them."),
        widget=forms.TextInput(
            attrs={"inputmode": "numeric", "autocomplete": "one-time-code", "autocapitalize": "off"}
        ),
    )

    def clean(self) -> dict[str, Any]:
        data = super().clean() or self.cleaned_data
        if data.get("receives") == "other" and not data.get("receiver"):
            self.add_error("receiver", _("Enter the name of the one who receives the vehicle."))
        return data

    def receipt(self, consignee: str) -> dict[str, Any]:
        """Give what a receipt takes; the receiver is the trip's consignee unless somebody else is named."""
        said = {**self.cleaned_data}
        if said.pop("receives") == "consignee":
            said["receiver"] = consignee
        return said
