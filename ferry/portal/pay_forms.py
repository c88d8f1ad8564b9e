"""What an owner fills in about drivers' pay."""

from __future__ import annotations

from datetime import datetime, time
from typing import TYPE_CHECKING, Any

from django import forms
from django.utils.translation import gettext_lazy as _

from ferry.models import Currency, Driver, Route, VehicleClass
from ferry.portal.company_forms import MOST_YUAN, YuanField
from ferry.portal.paper_forms import DayInput
from ferry.queries.fleet import drivers_of
from ferry.queries.issue import CHINA, china_date

if TYPE_CHECKING:
    from ferry.models import Company


class RateForm(forms.Form):
    amount_fen = YuanField(label=_("Pay for a delivered trip"))
    currency = forms.ChoiceField(label=_("Currency"), choices=Currency.choices, initial=Currency.YUAN)
    driver = forms.ModelChoiceField(
        Driver.objects.none(), label=_("Driver"), required=False, empty_label=_("every driver")
    )
    route = forms.ModelChoiceField(
        Route.objects.filter(is_active=True).select_related("exit", "entry").order_by("pk"),
        label=_("Route"),
        required=False,
        empty_label=_("every route"),
    )
    vehicle_class = forms.ChoiceField(
        label=_("Class of vehicle"), choices=[("", _("every class")), *VehicleClass.choices], required=False
    )
    valid_from = forms.DateField(
        label=_("From the day"),
        required=False,
        widget=DayInput(),
        help_text=_("In Beijing, for what is received on it or later. Empty: from now on."),
    )

    def __init__(self, *args: Any, company: Company, at: datetime, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.at = at
        field: Any = self.fields["driver"]
        field.queryset = drivers_of(company).order_by("name", "pk")

    def clean_valid_from(self) -> datetime | None:
        """Give the moment at which the day begins in Beijing; None for now, which today is too."""
        day = self.cleaned_data["valid_from"]
        return datetime.combine(day, time(), CHINA) if day and day != china_date(self.at) else None


class PaidForm(forms.Form):
    paid_on = forms.DateField(label=_("Paid on"), widget=DayInput())
    reference = forms.CharField(
        label=_("Payment reference"),
        max_length=100,
        required=False,
        help_text=_("As on the bank's statement."),
    )


class CorrectionForm(forms.Form):
    key = forms.UUIDField(widget=forms.HiddenInput())
    amount_fen = YuanField(
        label=_("Amount"),
        min_value=-MOST_YUAN,
        help_text=_("With a minus it is taken from the pay."),
    )
    reason = forms.CharField(label=_("Reason"), max_length=300, help_text=_("The driver reads it."))
