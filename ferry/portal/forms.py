"""What a dispatcher fills in for a trip."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from django import forms
from django.conf import settings
from django.utils.formats import date_format
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from ferry.models import Declaration, Driver, Language, Route, Trip, Vehicle
from ferry.queries.fleet import busy_persons, drivers_of
from ferry.queries.vehicles import waiting_vehicles
from ferry.rules.vin import normalise_vin

if TYPE_CHECKING:
    from ferry.models import Company
    from ferry.queries.fleet import Busy

CHINA = ZoneInfo(settings.CHINA_TIME_ZONE)
#: The window offered for the next day.
OPENS, CLOSES = time(8), time(20)
OFFERED = 200
EARLIEST, LATEST = 2000, 2100


class ChinaDateTimeField(forms.DateTimeField):
    """A moment as a dispatcher in China says it: Beijing time, without a zone."""

    widget = forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M")

    def prepare_value(self, value: Any) -> Any:
        return value.astimezone(CHINA).replace(tzinfo=None) if isinstance(value, datetime) else value

    def to_python(self, value: Any) -> datetime | None:
        moment = forms.DateTimeField.to_python(self, value)
        if moment is not None and not EARLIEST <= moment.year < LATEST:
            raise forms.ValidationError(_("Write a moment between the years 2000 and 2100."))
        return None if moment is None else moment.replace(tzinfo=CHINA)


class TypedChoiceInput(forms.TextInput):
    """A text input that offers what is likely and takes whatever exists."""

    template_name = "portal/typed_choice.html"

    def __init__(self, offers: list[tuple[str, str]], **attrs: Any) -> None:
        super().__init__(attrs={"autocomplete": "off", "autocapitalize": "characters", **attrs})
        self.offers = offers

    def get_context(self, name: str, value: Any, attrs: dict[str, Any] | None) -> dict[str, Any]:
        context = super().get_context(name, value, attrs)
        context["widget"]["attrs"]["list"] = f"{name}-offers"
        context["offers"] = self.offers
        return context


class WindowForm(forms.Form):
    opens_at = ChinaDateTimeField(label=_("Leave from (Beijing time)"))
    closes_at = ChinaDateTimeField(label=_("Leave until (Beijing time)"))


class RedateForm(WindowForm):
    reason = forms.CharField(label=_("Reason"), max_length=200)


class ReasonForm(forms.Form):
    reason = forms.CharField(label=_("Reason"), max_length=200)


class DriverForm(forms.Form):
    """Who drives: the free ones first, the others with the day until which they are away."""

    driver = forms.ModelChoiceField(Driver.objects.none(), label=_("Driver"))

    def __init__(self, *args: Any, company: Company, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field: Any = self.fields["driver"]
        field.queryset = drivers_of(company).order_by("name", "pk")
        busy = busy_persons(field.queryset.values("person_id"), company)
        offers: dict[bool, list[tuple[int, str]]] = {False: [], True: []}
        for driver in field.queryset:
            away = busy.get(driver.person_id)
            offers[away is not None].append((driver.pk, _offer(driver, away)))
        others = [(_("Away"), offers[True])] if offers[True] else []
        field.choices = [("", field.empty_label), *offers[False], *others]


def _offer(driver: Driver, away: Busy | None) -> str:
    """Name a driver so that two of one name are told apart."""
    name = f"{driver.name} · …{driver.passport_tail}"
    if away is None:
        return name
    until = {"until": date_format(away.until, "m-d")}
    words = gettext("on a trip until %(until)s") if away.reference else gettext("unavailable until %(until)s")
    return f"{name} · {words % until}"


class TripForm(DriverForm, WindowForm):
    vehicle = forms.CharField(label=_("Vehicle (VIN)"), max_length=40)
    declaration = forms.CharField(
        label=_("Declaration"),
        max_length=30,
        required=False,
        help_text=_("Empty: the newest declaration that lists the VIN."),
    )
    route = forms.ModelChoiceField(
        Route.objects.filter(is_active=True).select_related("exit", "entry").order_by("pk"),
        label=_("Route"),
        empty_label=None,
    )
    consignee_name = forms.CharField(label=_("Consignee"), max_length=200)
    consignee_phone = forms.CharField(label=_("Consignee's phone"), max_length=40, required=False)
    consignee_language = forms.ChoiceField(
        label=_("Consignee reads"), choices=Language.choices, initial=Language.RUSSIAN
    )
    delivery_place = forms.CharField(label=_("Place of delivery"), max_length=200)

    field_order = (
        "vehicle",
        "driver",
        "declaration",
        "route",
        "opens_at",
        "closes_at",
        "consignee_name",
        "consignee_phone",
        "consignee_language",
        "delivery_place",
    )

    def __init__(
        self, *args: Any, company: Company, at: datetime, initial: dict[str, Any] | None = None, **kwargs: Any
    ) -> None:
        offers = {**offered(company, at), **(initial or {})}
        super().__init__(*args, company=company, initial=offers, **kwargs)
        self.company = company
        free = waiting_vehicles(company)[:OFFERED]
        self.fields["vehicle"].widget = TypedChoiceInput(
            [(vehicle.vin, f"{vehicle.make} {vehicle.model} {vehicle.plate}") for vehicle in free]
        )
        first = "driver" if offers.get("vehicle") else "vehicle"
        self.fields[first].widget.attrs["autofocus"] = True

    def clean_vehicle(self) -> Vehicle:
        vehicle = Vehicle.objects.filter(
            company=self.company, vin=normalise_vin(self.cleaned_data["vehicle"])
        ).first()
        if vehicle is None:
            raise forms.ValidationError(_("No vehicle of yours has this VIN. Register it first."))
        return vehicle

    def clean(self) -> dict[str, Any]:
        data = super().clean() or self.cleaned_data
        vehicle = data.get("vehicle")
        if vehicle is None:
            return data
        number = (data.get("declaration") or "").strip()
        declarations = Declaration.objects.filter(company=self.company)
        if number:
            found = declarations.filter(number=number).first()
        else:
            found = declarations.filter(declared_vehicles__vin=vehicle.vin).order_by("-pk").first()
        if found is None:
            missing = (
                _("You have no declaration with this number.")
                if number
                else _("None of your declarations lists this VIN. Register the declaration first.")
            )
            self.add_error("declaration", missing)
        data["declaration"] = found
        return data


def offered(company: Company, at: datetime) -> dict[str, Any]:
    """Offer today while there is time left, else tomorrow; the route and consignee of the last trip.

    What the company's profile says of the usual consignee comes first.
    """
    day = at.astimezone(CHINA)
    if day.hour >= CLOSES.hour - 2:
        day += timedelta(days=1)
    offered: dict[str, Any] = {
        "opens_at": datetime.combine(day, OPENS, CHINA),
        "closes_at": datetime.combine(day, CLOSES, CHINA),
    }
    last = Trip.objects.filter(company=company).order_by("-pk").first()
    if last is not None:
        again = ("route", "consignee_name", "consignee_phone", "consignee_language", "delivery_place")
        offered |= {field: getattr(last, field) for field in again}
    usual = ("consignee_name", "consignee_phone", "delivery_place")
    return offered | {field: getattr(company, field) for field in usual if getattr(company, field)}
