"""Find the goods on a declaration, and the licences that would be taken for them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.db.models import Count

from ferry.models import DeclaredVehicle, Vehicle
from ferry.queries.licences import licences_with_balance, licensed_commodities, usable_licences
from ferry.rules.commodities import needs_licence

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import date

    from ferry.models import Declaration, Licence


@dataclass(frozen=True)
class Goods:
    """Vehicles of one HS code; `licences` would be taken in this order, none where none is needed."""

    hs_code: str
    count: int
    needs_licence: bool
    licences: list[Licence]

    @property
    def left(self) -> int:
        return sum(licence.left for licence in self.licences)


def goods_on(declaration: Declaration, *, on: date) -> list[Goods]:
    """List the registered vehicles' goods, the most first."""
    vins = DeclaredVehicle.objects.filter(declaration=declaration).values("vin")
    own = Vehicle.objects.filter(company_id=declaration.company_id, vin__in=vins)
    counts = own.order_by().values_list("hs_code").annotate(count=Count("*")).order_by("-count", "hs_code")
    return _licensed(counts, declaration.company_id, on)


def goods_of(vehicle: Vehicle, *, on: date) -> Goods:
    return _licensed([(vehicle.hs_code, 1)], vehicle.company_id, on)[0]


def _licensed(counts: Iterable[tuple[str, int]], company_id: int, on: date) -> list[Goods]:
    licensed, balance = licensed_commodities(), licences_with_balance([company_id])
    return [
        Goods(
            hs_code,
            count,
            needed := needs_licence(hs_code, on=on, licensed=licensed),
            usable_licences(balance, company_id=company_id, hs_code=hs_code, through=on) if needed else [],
        )
        for hs_code, count in counts
    ]
