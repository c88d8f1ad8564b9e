"""Plan a trip and end it."""

from __future__ import annotations

import secrets
from datetime import timedelta
from typing import TYPE_CHECKING

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from ferry.actions.moves import move_trip, note_event
from ferry.actions.passes import end_open_pass, end_pass, lock_trip
from ferry.actions.stays import correct_leaving, leave, leave_all
from ferry.codes import SYMBOLS
from ferry.errors import Conflict, Invalid, NotYours, Reason
from ferry.models import EventKind, Pass, PassState, Trip, TripEvent, TripState
from ferry.queries.issue import kazakh_date, planned_return
from ferry.rules.issue import judge_window
from ferry.rules.pay import rate_for

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date, datetime

    from ferry.models import Company, Declaration, Driver, Route, Vehicle

#: Clocks of different authorities do not differ by more.
CLOCKS_DIFFER = timedelta(hours=1)
#: Nobody who has not left China can be back from one of these.
NEVER_LEFT = (TripState.PLANNED, TripState.READY, TripState.CANCELLED, TripState.LAPSED)


def plan_trip(
    *,
    company: Company,
    vehicle: Vehicle,
    driver: Driver,
    declaration: Declaration,
    route: Route,
    delivery_place: str,
    consignee_name: str,
    consignee_phone: str,
    consignee_language: str,
    opens_at: datetime,
    closes_at: datetime,
    planned_return_on: date | None = None,
    at: datetime,
    by: str,
) -> Trip:
    """Plan a trip. Papers are judged when its code is issued, for they may still change until then."""
    _refuse_what_is_not_theirs(company, vehicle, driver, declaration)
    reasons = list(judge_window(opens_at, closes_at, at=at).refuses)
    returns_on = planned_return_on or planned_return(route, closes_at)
    if returns_on < kazakh_date(opens_at):
        detail = _("The planned return is before the trip. Correct one of the two.")
        reasons.append(Reason("return_before_trip", detail, "planned_return_on"))
    if reasons:
        raise Invalid(*reasons)
    with transaction.atomic():
        trip = Trip.objects.create(
            reference=_free_reference(),
            company=company,
            vehicle=vehicle,
            driver=driver,
            person_id=driver.person_id,
            declaration=declaration,
            route=route,
            delivery_place=delivery_place,
            consignee_name=consignee_name,
            consignee_phone=consignee_phone,
            consignee_language=consignee_language,
            opens_at=opens_at,
            closes_at=closes_at,
            planned_return_on=returns_on,
            pay_fen=rate_for(
                vehicle.powertrain, car_fen=company.pay_car_fen, plant_fen=company.pay_plant_fen
            ),
            created_at=at,
        )
        note_event(trip=trip, kind=EventKind.PLANNED, at=at, by=by, data={"driver": driver.name})
    return trip


def cancel_trip(*, trip: Trip, reason: str, at: datetime, by: str) -> Trip:
    """Cancel a trip that has not left; its code dies and the licence quantity returns."""
    with transaction.atomic():
        trip = lock_trip(trip)
        if trip.state == TripState.READY:
            end_open_pass(trip, PassState.REVOKED, reason, at)
        data = {"reason": reason}
        if not move_trip(
            trip=trip,
            to=TripState.CANCELLED,
            kind=EventKind.CANCELLED,
            at=at,
            by=by,
            data=data,
            next_check_at=None,
        ):
            detail = _("This trip has left or ended already and cannot be cancelled.")
            raise Conflict(Reason("trip_not_cancellable", detail, "state"))
    return trip


def lapse_trip(*, trip: Trip, at: datetime, by: str) -> bool:
    """End a trip whose time passed without a scan; False if it has moved meanwhile."""
    with transaction.atomic():
        trip = lock_trip(trip)
        was_ready = trip.state == TripState.READY
        if was_ready:
            end_open_pass(trip, PassState.LAPSED, "lapsed", at)
        next_check_at = at if was_ready else None
        return move_trip(
            trip=trip,
            to=TripState.LAPSED,
            kind=EventKind.LAPSED,
            at=at,
            by=by,
            next_check_at=next_check_at,
        )


def return_trip(
    *, trip: Trip, at: datetime, by: str, occurred_at: datetime | None = None, note: str = ""
) -> Trip:
    """Record that the vehicle came back undelivered, its driver with it."""
    with transaction.atomic():
        trip = lock_trip(trip)
        _refuse_before_exit(trip, occurred_at or at)
        moved = move_trip(
            trip=trip,
            to=TripState.RETURNED,
            kind=EventKind.RETURNED,
            at=at,
            by=by,
            occurred_at=occurred_at,
            data={"note": note},
        )
        if not moved:
            detail = _("Only a vehicle that has left and is not delivered can come back.")
            raise Conflict(Reason("trip_not_abroad", detail, "state"))
        spend_open_pass(trip, at)
        _bring_driver_back(trip, occurred_at or at, at, by)
    return trip


def driver_back(*, trip: Trip, occurred_at: datetime, at: datetime, by: str, on_record: bool = False) -> bool:
    """Record that the driver is back in China: his stay ends and he is free; False if that is known.

    The first word stands, but for an authority's: `on_record` puts another moment right.
    """
    with transaction.atomic():
        trip = lock_trip(trip)
        if trip.exited_at is None and trip.state in NEVER_LEFT:
            raise Conflict(not_left(trip))
        _refuse_before_exit(trip, occurred_at)
        known = trip.driver_returned_at
        if known is None:
            return _bring_driver_back(trip, occurred_at, at, by)
        if not on_record or known == occurred_at:
            return False
        _say_when_he_was_back(trip, occurred_at, at, by)
        correct_leaving(person=trip.person, was=kazakh_date(known), on=kazakh_date(occurred_at))
    return True


def drivers_back(*, returns: Sequence[tuple[Trip, datetime]], at: datetime, by: str) -> None:
    """Record as `driver_back` does that these drivers are back, each from one trip that they left on.

    Call with the trips locked; of none of them it may be known yet.
    """
    if not returns:
        return
    for trip, occurred_at in returns:
        trip.driver_returned_at, trip.next_check_at = occurred_at, at
    Trip.objects.bulk_update([trip for trip, _when in returns], ["driver_returned_at", "next_check_at"])
    TripEvent.objects.bulk_create(
        TripEvent(trip=trip, kind=EventKind.DRIVER_RETURNED, at=occurred_at, recorded_at=at, by=by)
        for trip, occurred_at in returns
    )
    leave_all(on={trip.person_id: kazakh_date(occurred_at) for trip, occurred_at in returns})


def spend_open_pass(trip: Trip, at: datetime) -> None:
    """End a trip's pass because the trip has served its purpose."""
    for pass_ in Pass.objects.filter(trip=trip, state=PassState.OPEN):
        end_pass(pass_, PassState.SPENT, "spent", at)


def not_left(trip: Trip) -> Reason:
    detail = _("This trip has not left China yet, so nobody can be back from it.")
    return Reason("trip_not_left", detail, "state")


def _refuse_before_exit(trip: Trip, occurred_at: datetime) -> None:
    """Refuse a return from before the exit: the stay would go on for ever while he is taken for free."""
    if trip.exited_at is not None and occurred_at < trip.exited_at - CLOCKS_DIFFER:
        detail = _("This moment is before the vehicle left China. Say when it was.")
        raise Invalid(Reason("before_exit", detail, "occurred_at"))


def _bring_driver_back(trip: Trip, occurred_at: datetime, at: datetime, by: str) -> bool:
    if trip.driver_returned_at is not None:
        return False
    _say_when_he_was_back(trip, occurred_at, at, by)
    leave(person=trip.person, on=kazakh_date(occurred_at))
    return True


def _say_when_he_was_back(trip: Trip, occurred_at: datetime, at: datetime, by: str) -> None:
    trip.driver_returned_at, trip.next_check_at = occurred_at, at
    trip.save(update_fields=["driver_returned_at", "next_check_at"])
    note_event(trip=trip, kind=EventKind.DRIVER_RETURNED, at=at, by=by, occurred_at=occurred_at)


def _refuse_what_is_not_theirs(
    company: Company, vehicle: Vehicle, driver: Driver, declaration: Declaration
) -> None:
    owners = {
        "vin": vehicle.company_id,
        "driver": driver.company_id,
        "declaration": declaration.company_id,
    }
    reasons = [
        Reason("not_found", _("There is no such entry in your lists. Register it first."), attr)
        for attr, owner in owners.items()
        if owner != company.pk
    ]
    if reasons:
        raise NotYours(*reasons)


def _free_reference() -> str:
    while True:
        reference = "F" + "".join(secrets.choice(SYMBOLS) for _i in range(8))
        if not Trip.objects.filter(reference=reference).exists():
            return reference
