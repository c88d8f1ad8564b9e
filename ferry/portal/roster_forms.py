"""What a dispatcher says of a roster: the day, the route, and where the vehicles go."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from django import forms
from django.utils.translation import gettext_lazy as _

from ferry.models import Consignment, Language, Route
from ferry.portal.forms import CHINA, CLOSES, OPENS, offered
from ferry.queries.consignments import open_consignments
from ferry.queries.roster import Window
from ferry.rules.search import LONGEST_SEARCH

if TYPE_CHECKING:
    from ferry.models import Company

DAY, TIME = "%Y-%m-%d", "%H:%M"


class DayForm(forms.Form):
    day = forms.DateField(label=_("Day"), widget=forms.DateInput(attrs={"type": "date"}, format=DAY))
    opens = forms.TimeField(
        label=_("Leave from (Beijing time)"),
        initial=OPENS,
        widget=forms.TimeInput(attrs={"type": "time"}, format=TIME),
    )
    closes = forms.TimeField(
        label=_("Leave until (Beijing time)"),
        initial=CLOSES,
        widget=forms.TimeInput(attrs={"type": "time"}, format=TIME),
    )
    route = forms.ModelChoiceField(
        Route.objects.filter(is_active=True).select_related("exit", "entry").order_by("pk"),
        label=_("Route"),
        empty_label=None,
    )
    q = forms.CharField(label=_("Only vehicles with"), max_length=LONGEST_SEARCH, required=False)

    consignment = forms.ModelChoiceField(
        Consignment.objects.none(), label=_("Consignment"), empty_label=_("All vehicles"), required=False
    )

    def __init__(self, *args: Any, company: Company, at: datetime, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.at = at
        self.fields["consignment"].queryset = open_consignments(company)  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        data = super().clean() or self.cleaned_data
        if not self.errors and self.window.closes_at <= self.at:
            self.add_error("day", _("The time for leaving is over. Choose a later time."))
        return data

    @property
    def window(self) -> Window:
        """Give the window in which they leave; one that ends before it begins goes on overnight."""
        day, opens, closes = (self.cleaned_data[name] for name in ("day", "opens", "closes"))
        over_night = timedelta(days=1 if closes <= opens else 0)
        return Window(
            self.cleaned_data["route"],
            datetime.combine(day, opens, CHINA),
            datetime.combine(day, closes, CHINA) + over_night,
        )

    @property
    def which(self) -> dict[str, Any]:
        """Say which vehicles are asked for."""
        return {name: self.cleaned_data[name] for name in ("q", "consignment")}


class TermsForm(forms.Form):
    consignee_name = forms.CharField(label=_("Consignee"), max_length=200)
    consignee_phone = forms.CharField(label=_("Consignee's phone"), max_length=40, required=False)
    consignee_language = forms.ChoiceField(
        label=_("Consignee reads"), choices=Language.choices, initial=Language.RUSSIAN
    )
    delivery_place = forms.CharField(label=_("Place of delivery"), max_length=200)


class KeyForm(forms.Form):
    """Tell one request to plan from another, so that sending it twice plans once."""

    key = forms.UUIDField(widget=forms.HiddenInput)


def offered_day(company: Company, at: datetime) -> dict[str, Any]:
    """Offer the next window, and the last trip's route."""
    usual = offered(company, at)
    route = usual.get("route")
    if route is None or not route.is_active:
        route = Route.objects.filter(is_active=True).order_by("pk").first()
    return {
        "day": usual["opens_at"].strftime(DAY),
        "opens": usual["opens_at"].strftime(TIME),
        "closes": usual["closes_at"].strftime(TIME),
        "route": route and route.pk,
    }


def offered_terms(company: Company, at: datetime) -> dict[str, Any]:
    """Offer the last trip's consignee."""
    return {name: value for name, value in offered(company, at).items() if name in TermsForm.base_fields}
