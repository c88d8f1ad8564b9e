"""The list of vehicles."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db.models import Count
from django.utils.translation import gettext_lazy as _

from ferry.models import Powertrain, Vehicle
from ferry.portal.lists.declare import Choice, Column, Listing, Scene, Total, equal, fitting
from ferry.queries.fleet import VehicleRow, doing, vehicle_rows, vehicles_of
from ferry.queries.search import search_vehicles
from ferry.queries.vehicles import makes_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from django.db.models import QuerySet

DOING = (("waiting", _("Waiting")), ("travelling", _("On a trip")), ("there", _("Delivered")))


def _makes(scene: Scene) -> Sequence[tuple[str, str]]:
    return [(make, make) for make in makes_of(scene.company)]


def _doing(vehicles: QuerySet[Vehicle], what: str, scene: Scene) -> QuerySet[Vehicle]:
    return doing(vehicles, scene.company, what)


def _totals(vehicles: QuerySet[Vehicle], _scene: Scene) -> list[Total]:
    counts = dict(vehicles.values_list("powertrain").annotate(Count("pk")))
    return [Total(one.label, counts[one], {"powertrain": one.value}) for one in Powertrain if one in counts]


def _dress(vehicles: Sequence[Vehicle], scene: Scene) -> Sequence[VehicleRow]:
    return vehicle_rows(vehicles, scene.company)


def _state(row: VehicleRow) -> str:
    return row.trip.get_state_display() if row.trip else str(_("Waiting"))


VEHICLES = Listing(
    name="vehicles",
    title=_("Vehicles"),
    search_label=_("VIN, plate, make, model"),
    rows=vehicles_of,
    search=search_vehicles,
    columns=(
        Column(
            "vin", _("VIN"), lambda row: row.vehicle.vin, "portal/cells/vehicle_vin.html", "vin", is_head=True
        ),
        Column("now", _("Now"), _state, "portal/cells/vehicle_now.html", is_plain=True),
        Column(
            "about",
            _("Make, model, colour"),
            lambda row: row.vehicle.make,
            "portal/cells/vehicle_about.html",
            "make",
            is_plain=True,
        ),
        Column("model", _("model"), lambda row: row.vehicle.model, is_shown=False),
        Column("colour", _("colour"), lambda row: row.vehicle.colour, is_shown=False),
        Column("powertrain", _("Powertrain"), lambda row: row.vehicle.get_powertrain_display()),
        Column("hs_code", _("HS code"), lambda row: row.vehicle.hs_code, is_shown=False),
        Column("plate", _("Plate"), lambda row: row.vehicle.plate),
        Column(
            "declaration",
            _("Declaration"),
            lambda row: row.declaration.number if row.declaration else "",
            "portal/cells/vehicle_declaration.html",
        ),
        Column("trip", _("Trip"), lambda row: row.trip.reference if row.trip else "", is_shown=False),
        Column("registered_on", _("first registered"), lambda row: row.vehicle.registered_on, is_shown=False),
        Column(
            "created_at",
            _("Registered here"),
            lambda row: row.vehicle.created_at,
            "portal/cells/vehicle_entered.html",
            "id",
            is_moment=True,
        ),
    ),
    filters=(
        Choice("doing", _("Now"), fitting(DOING), _doing),
        Choice("powertrain", _("Powertrain"), fitting(Powertrain.choices), equal("powertrain")),
        Choice("make", _("Make"), _makes, equal("make")),
    ),
    totals=_totals,
    dress=_dress,
    is_picked=True,
)
