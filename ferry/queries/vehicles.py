"""Find a company's vehicles."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import connection
from django.db.models import Exists, OuterRef

from ferry.models import ON_THE_WAY, Case, Trip, TripEvent, TripState, Vehicle

if TYPE_CHECKING:
    from collections.abc import Sequence

    from django.db.models import QuerySet

    from ferry.models import Company

#: States of a trip in which its vehicle needs no other.
TAKEN = (TripState.PLANNED, *ON_THE_WAY, TripState.DELIVERED, TripState.DISCHARGED)


MAKES_AT_MOST = 200
MAKES = """
WITH RECURSIVE makes (make) AS (
    SELECT MIN(make) FROM ferry_vehicle WHERE company_id = %(company)s
    UNION ALL
    SELECT (SELECT MIN(make) FROM ferry_vehicle WHERE company_id = %(company)s AND make > makes.make)
    FROM makes WHERE makes.make IS NOT NULL
)
SELECT make FROM makes WHERE make IS NOT NULL LIMIT %(most)s
"""


def waiting_vehicles(company: Company) -> QuerySet[Vehicle]:
    """List vehicles that are neither out nor planned to go, newest first."""
    taken = Trip.objects.filter(vehicle=OuterRef("pk"), company=company, state__in=TAKEN)
    return Vehicle.objects.filter(~Exists(taken), company=company).order_by("-pk")


def makes_of(company: Company) -> list[str]:
    """List the makes a company has vehicles of: one step in the index for each, however many vehicles."""
    with connection.cursor() as cursor:
        cursor.execute(MAKES, {"company": company.pk, "most": MAKES_AT_MOST})
        return [make for (make,) in cursor.fetchall()]


def vins_of(company: Company, vehicle_ids: Sequence[int]) -> list[str]:
    rows = Vehicle.objects.filter(company=company, pk__in=vehicle_ids)
    return list(rows.order_by("pk").values_list("vin", flat=True))


def events_of_vehicle(vehicle: Vehicle, company: Company) -> QuerySet[TripEvent]:
    """Find what happened to a vehicle on a company's trips, the newest first."""
    events = TripEvent.objects.filter(trip__vehicle=vehicle, trip__company=company)
    return events.select_related("trip").order_by("-at", "-pk")


def cases_of_vehicle(vehicle: Vehicle, company: Company) -> QuerySet[Case]:
    cases = Case.objects.filter(trip__vehicle=vehicle, company=company)
    return cases.select_related("trip").order_by("-pk")
