"""Filters of the lists."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django import forms
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator
from django.utils.translation import gettext_lazy as _
from django_filters import rest_framework as filters

from ferry.api.fields import EARLIEST, LATEST, WEIGHTS
from ferry.models import (
    CaseKind,
    CaseState,
    Currency,
    DeclarationStatus,
    Outcome,
    Powertrain,
    StatementState,
    TripState,
    Weight,
)
from ferry.queries.search import (
    search_declarations,
    search_drivers,
    search_licences,
    search_trips,
    search_vehicles,
)

if TYPE_CHECKING:
    from datetime import datetime

    from django.db.models import QuerySet

    from ferry.models import Case, Declaration, Driver, Licence, Trip, Vehicle

GREATEST_ID = 2**63 - 1


class MomentField(filters.IsoDateTimeFilter.field_class):  # type: ignore[misc]
    def clean(self, value: Any) -> datetime | None:
        try:
            moment: datetime | None = super().clean(value)
        except OverflowError as error:
            raise ValidationError(_("Enter a valid date/time."), code="invalid") from error
        if moment is not None and not EARLIEST <= moment.year < LATEST:
            raise ValidationError(_("Enter a valid date/time."), code="invalid")
        return moment


class MomentFilter(filters.IsoDateTimeFilter):  # type: ignore[misc]
    field_class = MomentField


class IdFilter(filters.NumberFilter):  # type: ignore[misc]
    field_class = forms.IntegerField

    def get_max_validator(self) -> MaxValueValidator:
        return MaxValueValidator(GREATEST_ID)


class ChoiceFilter(filters.ChoiceFilter):  # type: ignore[misc]
    def __init__(self, choices: type[Any], **options: Any) -> None:
        super().__init__(choices=choices.choices, **options)


class ListFilters(filters.FilterSet):  # type: ignore[misc]
    """Narrow a list by when its rows were made, and search it as its page does."""

    created_from = MomentFilter("created_at", "gte", help_text="Made at this moment or later.")
    created_until = MomentFilter("created_at", "lt", help_text="Made before this moment.")
    q = filters.CharFilter(method="search", max_length=100, help_text="A part of a name or number.")

    def search(self, rows: QuerySet[Any], _name: str, value: str) -> QuerySet[Any]:
        raise NotImplementedError


class VehicleFilters(ListFilters):
    vin = filters.CharFilter(lookup_expr="iexact", max_length=17)
    powertrain = ChoiceFilter(Powertrain)

    def search(self, rows: QuerySet[Vehicle], _name: str, value: str) -> QuerySet[Vehicle]:
        return search_vehicles(rows, value)


class DriverFilters(ListFilters):
    is_active = filters.BooleanFilter()

    def search(self, rows: QuerySet[Driver], _name: str, value: str) -> QuerySet[Driver]:
        return search_drivers(rows, value)


class DeclarationFilters(ListFilters):
    status = ChoiceFilter(DeclarationStatus)
    vin = filters.CharFilter("declared_vehicles__vin", "iexact", max_length=17)
    refund_ready = filters.BooleanFilter("refund_ready_at", "isnull", exclude=True)

    def search(self, rows: QuerySet[Declaration], _name: str, value: str) -> QuerySet[Declaration]:
        return search_declarations(rows, value)


class LicenceFilters(ListFilters):
    def search(self, rows: QuerySet[Licence], _name: str, value: str) -> QuerySet[Licence]:
        return search_licences(rows, value)


class TripFilters(ListFilters):
    state = ChoiceFilter(TripState)
    outcome = ChoiceFilter(Outcome)
    route = filters.CharFilter("route__code", "iexact", max_length=40)
    vin = filters.CharFilter("vehicle__vin", "iexact", max_length=17)
    driver = IdFilter("driver_id")
    declaration = filters.CharFilter("declaration__number", max_length=18)

    def search(self, rows: QuerySet[Trip], _name: str, value: str) -> QuerySet[Trip]:
        return search_trips(rows, value)


class CaseFilters(filters.FilterSet):  # type: ignore[misc]
    state = ChoiceFilter(CaseState)
    kind = ChoiceFilter(CaseKind)
    weight = filters.ChoiceFilter(choices=WEIGHTS, method="by_weight")
    trip = filters.CharFilter("trip__reference", "iexact", max_length=12)
    declaration = filters.CharFilter("declaration__number", max_length=18)
    opened_from = MomentFilter("opened_at", "gte", help_text="Opened at this moment or later.")
    opened_until = MomentFilter("opened_at", "lt", help_text="Opened before this moment.")

    def by_weight(self, rows: QuerySet[Case], name: str, word: str) -> QuerySet[Case]:
        return rows.filter(weight=Weight[word.upper()])


class StatementFilters(filters.FilterSet):  # type: ignore[misc]
    month = filters.CharFilter("month", max_length=7, help_text="As 2026-11, of Beijing's calendar.")
    state = ChoiceFilter(StatementState)
    currency = ChoiceFilter(Currency)
    driver = IdFilter("driver_id")


class HandoverFilters(filters.FilterSet):  # type: ignore[misc]
    open = filters.BooleanFilter("answered_at", "isnull", help_text="Still to be answered.")
    vin = filters.CharFilter("vehicle__vin", "iexact", max_length=17)
