"""The list of trips."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db.models import Count
from django.utils.translation import gettext_lazy as _

from ferry.models import Declaration, Driver, Outcome, Route, Trip, TripState
from ferry.portal.lists.declare import Choice, Column, Day, Listing, Scene, Total, Typed, equal, fitting
from ferry.queries.search import search_drivers, search_trips
from ferry.queries.trips import trips_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from django.db.models import QuerySet

#: Before a driver's id, where a page of his leads to his trips; else it is a part of a name.
ID = "id"
UNPROVED = (TripState.PLANNED, TripState.CANCELLED)


def _routes(_scene: Scene) -> Sequence[tuple[str, str]]:
    return [(one.code, str(one)) for one in Route.objects.select_related("exit", "entry").order_by("pk")]


def _of_driver(trips: QuerySet[Trip], value: str, scene: Scene) -> QuerySet[Trip]:
    pk = _driver_id(value)
    if pk is not None:
        return trips.filter(driver_id=pk)
    return trips.filter(driver__in=search_drivers(Driver.objects.filter(company=scene.company), value))


def _tell_driver(value: str, scene: Scene) -> str:
    pk = _driver_id(value)
    named = Driver.objects.filter(company=scene.company, pk=pk).first() if pk is not None else value
    return str(named or "—")


def _driver_id(value: str) -> int | None:
    digits = value.removeprefix(ID)
    is_id = value.startswith(ID) and digits.isascii() and digits.isdigit() and len(digits) < 19
    return int(digits) if is_id else None


def _of_declaration(trips: QuerySet[Trip], value: str, scene: Scene) -> QuerySet[Trip]:
    own = Declaration.objects.filter(company=scene.company, number__startswith=value.strip())
    return trips.filter(declaration__in=own)


def _totals(trips: QuerySet[Trip], _scene: Scene) -> list[Total]:
    counts = dict(trips.values_list("state").annotate(Count("pk")))
    return [
        Total(state.label, counts[state], {"state": state.value}) for state in TripState if state in counts
    ]


def outcome(trip: Trip) -> str:
    """Say what reconciliation says of a trip that it looks at."""
    return "" if trip.state in UNPROVED else trip.get_outcome_display()


def _column(name: str, label: Any, value: Any, **more: Any) -> Column:
    cell = f"portal/cells/trip_{name}.html" if more.pop("has_cell", False) else ""
    return Column(name, label, value, cell, **more)


def _exported(name: str, label: Any, value: Any, **more: Any) -> Column:
    return Column(name, label, value, is_shown=False, **more)


TRIPS = Listing(
    name="trips",
    title=_("Trips"),
    search_label=_("Reference, VIN, plate, driver, declaration"),
    rows=trips_of,
    search=search_trips,
    columns=(
        _column("reference", _("Trip"), lambda row: row.reference, has_cell=True, sort="id", is_head=True),
        _column(
            "state",
            _("State"),
            lambda row: row.get_state_display(),
            has_cell=True,
            sort="state",
            is_plain=True,
        ),
        _column("vehicle", _("Vehicle"), lambda row: row.vehicle.vin, has_cell=True, is_plain=True),
        _exported("make", _("make"), lambda row: row.vehicle.make),
        _exported("model", _("model"), lambda row: row.vehicle.model),
        _exported("plate", _("plate"), lambda row: row.vehicle.plate),
        _column("driver", _("Driver"), lambda row: row.driver.name),
        _exported("driver_latin", _("Latin name"), lambda row: row.driver.name_latin),
        _column("route", _("Route"), lambda row: str(row.route), is_plain=True),
        _column(
            "opens_at",
            _("Leaves from"),
            lambda row: row.opens_at,
            has_cell=True,
            sort="opens_at",
            is_moment=True,
        ),
        _exported("closes_at", _("exit until"), lambda row: row.closes_at, is_moment=True),
        _exported("declaration", _("declaration"), lambda row: row.declaration.number),
        _exported("consignee", _("consignee"), lambda row: row.consignee_name),
        _exported("delivery_place", _("place of delivery"), lambda row: row.delivery_place),
        _exported("exited_at", _("left China"), lambda row: row.exited_at, is_moment=True),
        _exported("arrived_at", _("entered Kazakhstan"), lambda row: row.arrived_at, is_moment=True),
        _exported("delivered_at", _("delivered"), lambda row: row.delivered_at, is_moment=True),
        _exported(
            "driver_returned_at",
            _("driver back in China"),
            lambda row: row.driver_returned_at,
            is_moment=True,
        ),
        _column("outcome", _("Reconciliation"), outcome, has_cell=True),
    ),
    filters=(
        Choice("state", _("State"), fitting(TripState.choices), equal("state")),
        Choice("route", _("Route"), _routes, equal("route__code")),
        Choice("outcome", _("Reconciliation"), fitting(Outcome.choices), equal("outcome")),
        Day("from", _("Leaves on or after"), "opens_at"),
        Day("until", _("Leaves on or before"), "opens_at", until=True),
        Typed("driver", _("Driver"), _of_driver, _tell_driver),
        Typed("declaration", _("Declaration"), _of_declaration),
    ),
    totals=_totals,
    is_picked=True,
)
