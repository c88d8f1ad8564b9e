"""Undo what a vehicle's passing wrote, because its release was withdrawn. Call with the trip locked."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.db import transaction
from django.db.models import Min

from ferry.actions.moves import move_back
from ferry.models import Declaration, DeclaredVehicle, Stay, Trip, TripState
from ferry.queries.issue import kazakh_date

if TYPE_CHECKING:
    from collections.abc import Mapping


def undo_exit(*, trip: Trip, vin: str, at: datetime, by: str, data: Mapping[str, Any]) -> bool:
    """Put a trip that left China back before the gate, and its vehicle back among those not out yet."""
    with transaction.atomic():
        moved = move_back(trip=trip, to=TripState.READY, at=at, by=by, data=data, exited_at=None)
        if moved:
            _not_out(trip, vin)
    return moved


def undo_entry(*, trip: Trip, entered_at: datetime, at: datetime, by: str, data: Mapping[str, Any]) -> bool:
    """Put a trip that entered Kazakhstan back before that gate, and take away the stay that began with it."""
    to = TripState.EXITED if trip.exited_at else TripState.READY
    with transaction.atomic():
        moved = move_back(trip=trip, to=to, at=at, by=by, data=data, arrived_at=None)
        if moved:
            _not_entered(trip, entered_at)
    return moved


def _not_out(trip: Trip, vin: str) -> None:
    """Say of a declared vehicle when it left on another trip, if it did."""
    others = Trip.objects.filter(declaration=trip.declaration_id, passes__vin=vin).exclude(pk=trip.pk)
    left_at = others.aggregate(first=Min("exited_at"))["first"]
    declared = DeclaredVehicle.objects.filter(declaration=trip.declaration_id, vin=vin)
    declared.update(exited_at=left_at)
    if left_at is None:
        Declaration.objects.filter(pk=trip.declaration_id).update(refund_ready_at=None)


def _not_entered(trip: Trip, entered_at: datetime) -> None:
    """Take the stay away; where the day is another trip's stay, that ends as its driver's return says."""
    if Stay.objects.filter(trip=trip).delete()[0]:
        return
    on = kazakh_date(entered_at)
    same_day = Stay.objects.filter(entered_on=on, left_on=None, person__in=_drivers(trip))
    for stay in same_day.select_related("trip"):
        back_at = stay.trip.driver_returned_at if stay.trip else None
        if back_at is not None:
            Stay.objects.filter(pk=stay.pk).update(left_on=max(on, kazakh_date(back_at)))


def _drivers(trip: Trip) -> list[int]:
    return list(trip.passes.values_list("driver__person_id", flat=True))
