"""Take the consignee's word that he has the vehicle, or that he does not take it."""

from __future__ import annotations

import hmac
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from ferry.actions.condition_checks import keep_check
from ferry.actions.moves import move_trip, note_event
from ferry.actions.passes import lock_trip, receipt_pin
from ferry.actions.pay import accrue
from ferry.actions.trips import spend_open_pass
from ferry.errors import Conflict, Invalid, Reason, TooMany
from ferry.models import ON_THE_WAY, DeliveryRefusal, EventKind, PassState, Receipt, Stage, Trip, TripState
from ferry.rules.letters import plain_capitals

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

    from ferry.models import Pass
    from ferry.rules.condition import Looked

#: With six digits and so many tries an hour, guessing takes years.
TRIES = 5
LOCKED_FOR = timedelta(hours=1)


@dataclass(frozen=True)
class Check:
    """How the vehicle looked to its consignee; photos are kept with it afterwards, by its id."""

    check_id: UUID
    looked: Looked


def confirm_receipt(
    *,
    pass_: Pass,
    pin: str,
    condition: str,
    receiver: str,
    odometer_km: int | None = None,
    note: str = "",
    check: Check | None = None,
    at: datetime,
    by: str,
) -> Receipt:
    """Confirm a delivery, once, by the consignee's PIN.

    A wrong PIN is counted even though it is refused: after five the trip takes none for an hour.
    A receipt may come before the exit scan does, which an offline gate uploads later, and after a refusal.
    """
    check_pin(trip=pass_.trip, pin=pin, at=at)
    with transaction.atomic():
        trip = _hold_unanswered(pass_)
        receipt = Receipt.objects.create(
            trip=trip,
            vin=pass_.vin,
            condition=condition,
            odometer_km=odometer_km,
            receiver=receiver,
            note=note,
            confirmed_at=at,
        )
        data = {"condition": condition, "receiver": receiver}
        if not move_trip(
            trip=trip, to=TripState.DELIVERED, kind=EventKind.DELIVERED, at=at, by=by, data=data
        ):
            raise Conflict(TRIP_ENDED)
        spend_open_pass(trip, at)
        accrue(trip=trip, at=at, by=by)
        _keep(check, trip, at)
    return receipt


def refuse_delivery(
    *,
    pass_: Pass,
    pin: str,
    reason: str,
    refused_by: str,
    note: str = "",
    check: Check | None = None,
    at: datetime,
    by: str,
) -> DeliveryRefusal:
    """Refuse a delivery, once, by the consignee's PIN; its wrong PINs are counted with those of the receipt.

    The trip stays where it is, and reconciliation looks at it now. A receipt may still come.
    """
    check_pin(trip=pass_.trip, pin=pin, at=at)
    with transaction.atomic():
        trip = _hold_unanswered(pass_)
        if DeliveryRefusal.objects.filter(trip=trip).exists():
            raise Conflict(ALREADY_REFUSED)
        if trip.state not in ON_THE_WAY:
            raise Conflict(TRIP_ENDED)
        refusal = DeliveryRefusal.objects.create(
            trip=trip, reason=reason, note=note, refused_by=refused_by, refused_at=at
        )
        data = {"refusal": reason, "receiver": refused_by, "note": note}
        note_event(trip=trip, kind=EventKind.DELIVERY_REFUSED, at=at, by=by, data=data)
        Trip.objects.filter(pk=trip.pk).update(next_check_at=at)
        _keep(check, trip, at)
    return refusal


def check_pin(*, trip: Trip, pin: str, at: datetime) -> None:
    """Refuse a wrong PIN and count it; one guess of a trip at a time, so that many at once are not more."""
    with transaction.atomic():
        trip = Trip.objects.select_for_update().get(pk=trip.pk)
        if trip.pin_locked_until is not None and at < trip.pin_locked_until:
            detail = _("Too many wrong PINs. Wait an hour, then try again, or ask the company for the PIN.")
            raise TooMany(Reason("too_many_tries", detail, "pin"))
        right = receipt_pin(trip)
        if right and hmac.compare_digest(plain_capitals(pin).encode(), right.encode()):
            return
        _count_failure(trip, at)
    detail = _("The PIN is wrong. Look at the message from the company, or ask it for the PIN.")
    raise Invalid(Reason("wrong_pin", detail, "pin"))


def _count_failure(trip: Trip, at: datetime) -> None:
    failures = trip.pin_failures + 1
    if failures < TRIES:
        changes: dict[str, Any] = {"pin_failures": failures}
    else:
        changes = {"pin_failures": 0, "pin_locked_until": at + LOCKED_FOR}
    Trip.objects.filter(pk=trip.pk).update(**changes)


def _keep(check: Check | None, trip: Trip, at: datetime) -> None:
    if check is not None:
        keep_check(
            trip=trip,
            stage=Stage.RECEIPT,
            driver=None,
            check_id=check.check_id,
            looked=check.looked,
            checked_at=at,
            at=at,
        )


def _hold_unanswered(pass_: Pass) -> Trip:
    """Hold the trip of a pass that is good and not confirmed, so that one answer at a time is taken."""
    trip = lock_trip(pass_.trip)
    pass_.refresh_from_db(fields=["state"])
    if Receipt.objects.filter(trip=trip).exists():
        raise Conflict(ALREADY_CONFIRMED)
    if pass_.state not in {PassState.OPEN, PassState.SPENT}:
        raise Conflict(PASS_NOT_OPEN)
    return trip


ALREADY_CONFIRMED = Reason(
    "already_confirmed", _("This delivery is confirmed already. There is nothing more to do.")
)
ALREADY_REFUSED = Reason(
    "already_refused",
    _("You have refused this delivery already; the company was told. You may still confirm it."),
)
PASS_NOT_OPEN = Reason(
    "pass_not_open", _("This code is no longer valid. Ask the company for the new one."), "code"
)
TRIP_ENDED = Reason("trip_ended", _("This trip has ended and cannot be confirmed. Ask the company."))
