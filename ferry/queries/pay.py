"""Find rates, statements and entries of pay."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db.models import BigIntegerField, Count, Exists, OuterRef, Q, Subquery, Sum
from django.db.models.functions import Coalesce

from ferry.models import (
    Currency,
    Driver,
    EntryKind,
    PayEntry,
    PayRate,
    PayStatement,
    Trip,
    TripState,
)
from ferry.queries.search import driver_matches
from ferry.rules.pay import Rate, Work, rate_at, rate_for
from ferry.rules.powertrain import vehicle_class
from ferry.rules.search import read_search

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from django.db.models import QuerySet

    from ferry.models import Company

RATES_SHOWN = 500
EARNED = (TripState.DELIVERED, TripState.DISCHARGED)
#: Each trip's vehicle and company are needed to say what it pays.
TRIP_NEEDS = ("vehicle", "company")


def pay_rates(company_id: int) -> list[Rate]:
    """Read all rates a company ever had."""
    fields = ("pk", "route_id", "vehicle_class", "driver_id", "amount_fen", "currency", "valid_from")
    rows = PayRate.objects.filter(company=company_id).order_by("pk")
    return [Rate(*row) for row in rows.values_list(*fields, "ends_at")]


def rates_of(company: Company) -> QuerySet[PayRate]:
    rows = PayRate.objects.filter(company=company).select_related("route__exit", "route__entry", "driver")
    return rows.order_by("-valid_from", "-pk")


def worth(trip: Trip, rates: Iterable[Rate], *, at: datetime) -> tuple[int, str, Rate | None]:
    """Say what a trip (see TRIP_NEEDS) pays if it is delivered then: fen, currency, and by which rate.

    Where no rate fits it is what was promised when it was planned, or what the company usually pays.
    """
    vehicle, company = trip.vehicle, trip.company
    kind = vehicle_class(vehicle.hs_code, vehicle.powertrain)
    rate = rate_at(rates, Work(trip.route_id, kind, trip.driver_id), at=at)
    if rate is not None:
        return rate.fen, rate.currency, rate
    usual = rate_for(vehicle.powertrain, car_fen=company.pay_car_fen, plant_fen=company.pay_plant_fen)
    return (usual if trip.pay_fen is None else trip.pay_fen), Currency.YUAN, None


def accruals(trips: Sequence[Trip]) -> dict[int, PayEntry]:
    """Find what trips have accrued, and whether it was taken back (`reversed_by`)."""
    rows = PayEntry.objects.filter(trip__in=trips, kind=EntryKind.ACCRUAL)
    rows = rows.select_related("statement", "reversed_by")
    return {row.trip_id: row for row in rows if row.trip_id is not None}


def unaccrued_trips() -> QuerySet[Trip]:
    """Find delivered trips without an accrual: those of before there was a ledger."""
    entry = PayEntry.objects.filter(trip=OuterRef("pk"), kind=EntryKind.ACCRUAL)
    return Trip.objects.filter(~Exists(entry), state__in=EARNED, delivered_at__isnull=False)


def statements_of(company: Company) -> QuerySet[PayStatement]:
    """Find a company's statements with `sum_fen` and how many `trips` they pay."""
    entries = PayEntry.objects.filter(statement=OuterRef("pk")).order_by().values("statement")
    sums = entries.annotate(sum=Sum("amount_fen")).values("sum")
    counts = entries.filter(kind=EntryKind.ACCRUAL).annotate(count=Count("pk")).values("count")
    rows = PayStatement.objects.filter(company=company).select_related("driver")
    return rows.annotate(
        sum_fen=Coalesce(Subquery(sums, output_field=BigIntegerField()), 0),
        trips=Coalesce(Subquery(counts, output_field=BigIntegerField()), 0),
    )


def search_statements(statements: QuerySet[PayStatement], text: str) -> QuerySet[PayStatement]:
    """Search by the driver's name or phone, or by the payment's reference."""
    if not text.strip():
        return statements
    wanted = read_search(text)
    if not wanted:
        return statements.none()
    return statements.filter(driver_matches(wanted, "driver__") | Q(paid_reference__iexact=text.strip()))


def entries_of(statement: PayStatement) -> QuerySet[PayEntry]:
    """List a statement's entries in the order in which they count."""
    rows = PayEntry.objects.filter(statement=statement).order_by("earned_at", "pk")
    return rows.select_related("trip__vehicle", "trip__route__exit", "trip__route__entry", "case")


def entry_sums(statements: Iterable[int]) -> dict[int, int]:
    rows = PayEntry.objects.filter(statement__in=list(statements)).order_by().values("statement")
    return dict(rows.annotate(sum=Sum("amount_fen")).values_list("statement", "sum"))


def own_statements(driver: Driver, *, most: int) -> list[PayStatement]:
    """Give a driver's newest statements, each with `sum_fen` and `trips`."""
    return list(statements_of(driver.company).filter(driver=driver).order_by("-month", "currency")[:most])
