"""Issue codes, replace them and end them."""

from __future__ import annotations

import secrets
import uuid
from dataclasses import replace
from typing import TYPE_CHECKING

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import F
from django.utils.translation import gettext_lazy as _

from ferry import codes, vault
from ferry.actions.keys import TRUST_AFTER_LAST_PASS, current_signing_key, private_key
from ferry.actions.moves import move_trip, note_event
from ferry.errors import Conflict, NotYours, Reason
from ferry.models import EventKind, Licence, Pass, PassState, SigningKey, Trip, TripState
from ferry.queries.issue import facts_for, kazakh_date
from ferry.queries.licences import licences_with_balance, usable_licences
from ferry.rules.issue import LICENCE_MISSING, VEHICLE_HAS_OPEN_PASS, driver_unavailable, reasons_against

if TYPE_CHECKING:
    from datetime import date, datetime

    from ferry.models import Driver

#: Short, for every letter makes the square denser.
ISSUER = "ferryman"
PIN_DIGITS = 6


def issue_pass(*, trip: Trip, at: datetime, by: str) -> tuple[Pass, bool]:
    """Issue a trip's code, or give the open one (then the second value is False).

    Conflict with every reason that stands in the way. Takes one from the licence that expires first.
    """
    with transaction.atomic():
        trip = lock_trip(trip)
        open_pass = Pass.objects.filter(trip=trip, state=PassState.OPEN).first()
        if open_pass is not None:
            return open_pass, False
        if trip.state != TripState.PLANNED:
            raise Conflict(not_planned(trip))
        pass_ = _make_pass(trip, _judge_and_license(trip, at), at)
        _move_to_ready(trip, pass_, at, by)
    return pass_, True


def swap_driver(*, trip: Trip, driver: Driver, at: datetime, by: str) -> Pass:
    """Give a ready trip another driver in one step: the old code is dead and a new one is out.

    The licence quantity, the window and the consignee's PIN stay.
    """
    if driver.company_id != trip.company_id:
        raise NotYours(
            Reason("not_found", _("There is no such driver. Choose one from your list."), "driver")
        )
    with transaction.atomic():
        trip = lock_trip(trip)
        if trip.driver_id == driver.pk:
            raise Conflict(
                Reason("same_driver", _("This driver has the trip already. Choose another."), "driver")
            )
        old = end_open_pass(trip, PassState.SUPERSEDED, "driver_swapped", at)
        before = trip.driver.name
        trip.driver, trip.person_id = driver, driver.person_id
        licence = _judge_and_license(trip, at, old)
        _save_driver(trip)
        pass_ = _make_pass(trip, licence, at)
        data = {"from": before, "to": driver.name, "short_code": codes.show_short_code(pass_.short_code)}
        note_event(trip=trip, kind=EventKind.DRIVER_SWAPPED, at=at, by=by, data=data)
    return pass_


def redate_pass(
    *, trip: Trip, opens_at: datetime, closes_at: datetime, reason: str, at: datetime, by: str
) -> Pass:
    """Move a ready trip to another time: the old code is dead and a new one is out."""
    with transaction.atomic():
        trip = lock_trip(trip)
        old = end_open_pass(trip, PassState.SUPERSEDED, "redated", at)
        data = {"from": trip.opens_at.isoformat(), "to": opens_at.isoformat(), "reason": reason}
        trip.planned_return_on += kazakh_date(closes_at) - kazakh_date(trip.closes_at)
        trip.opens_at, trip.closes_at, trip.next_check_at = opens_at, closes_at, closes_at
        licence = _judge_and_license(trip, at, old)
        trip.save(update_fields=["opens_at", "closes_at", "planned_return_on", "next_check_at"])
        pass_ = _make_pass(trip, licence, at)
        note_event(trip=trip, kind=EventKind.REDATED, at=at, by=by, data=data)
    return pass_


def revoke_pass(*, trip: Trip, reason: str, at: datetime, by: str) -> Trip:
    """Kill a ready trip's code; the trip is planned again and the licence quantity returned."""
    with transaction.atomic():
        trip = lock_trip(trip)
        end_open_pass(trip, PassState.REVOKED, reason, at)
        move_trip(
            trip=trip,
            to=TripState.PLANNED,
            kind=EventKind.REVOKED,
            at=at,
            by=by,
            data={"reason": reason},
            next_check_at=None,
        )
    return trip


def end_open_pass(trip: Trip, state: PassState, reason: str, at: datetime) -> Pass:
    """End the open pass of a trip that has not left; unless it is replaced, its licence quantity returns.

    Call with the trip locked.
    """
    pass_ = Pass.objects.filter(trip=trip, state=PassState.OPEN).first()
    if pass_ is None or trip.state != TripState.READY:
        raise Conflict(not_ready(trip))
    end_pass(pass_, state, reason, at)
    if state != PassState.SUPERSEDED:
        _give_back_licence(pass_)
    return pass_


def end_pass(pass_: Pass, state: PassState, reason: str, at: datetime) -> bool:
    ended = Pass.objects.filter(pk=pass_.pk, state=PassState.OPEN).update(
        state=state, ended_at=at, end_reason=reason
    )
    return bool(ended)


def receipt_pin(trip: Trip) -> str:
    """Give the PIN by which the consignee proves that it is he.

    Empty before the first code, and where none of DATA_KEYS opens it any more: the next code brings another.
    """
    try:
        return vault.unlock(bytes(trip.pin_sealed)).decode() if trip.pin_sealed else ""
    except vault.CannotUnlock:
        return ""


def lock_trip(trip: Trip) -> Trip:
    """Read a trip again and hold it, and its vehicle from being handed over, until the transaction ends."""
    # Held before it is joined: PostgreSQL joins a row it had to wait for to what that pointed at before.
    Trip.objects.select_for_update().only("pk").get(pk=trip.pk)
    rows = Trip.objects.select_related("vehicle", "driver", "declaration", "route__exit", "route__entry")
    return rows.select_for_update(of=("self", "vehicle")).get(pk=trip.pk)


def not_planned(trip: Trip) -> Reason:
    detail = _("This trip is not planned any more. Its events say what happened.")
    return Reason("trip_not_planned", detail, "state")


def not_ready(trip: Trip) -> Reason:
    detail = _("This trip has no open code, or the vehicle has left already. Its events say what happened.")
    return Reason("trip_not_ready", detail, "state")


def _judge_and_license(trip: Trip, at: datetime, old: Pass | None = None) -> Licence | None:
    """Refuse with every reason, or give the licence the new pass goes on: the replaced pass's if it lasts."""
    facts = facts_for([trip], at=at)[trip.pk]
    held = old.licence if old else None
    if held is not None and held.expires_on >= facts.closes_on:
        facts = replace(facts, has_licence=True)
    else:
        if old is not None:
            _give_back_licence(old)
        held = None
    reasons = reasons_against(facts)
    if reasons:
        raise Conflict(*reasons)
    return held or (_take_licence(trip, facts.closes_on) if facts.needs_licence else None)


def _take_licence(trip: Trip, through: date) -> Licence:
    usable = usable_licences(
        licences_with_balance([trip.company_id]),
        company_id=trip.company_id,
        hs_code=trip.vehicle.hs_code,
        through=through,
    )
    for licence in usable:
        if Licence.objects.filter(pk=licence.pk, used__lt=F("quantity")).update(used=F("used") + 1):
            return licence
    raise Conflict(Reason("licence_missing", LICENCE_MISSING, "licence"))


def _give_back_licence(pass_: Pass) -> None:
    if pass_.licence_id is not None:
        Licence.objects.filter(pk=pass_.licence_id).update(used=F("used") - 1)


def _make_pass(trip: Trip, licence: Licence | None, at: datetime) -> Pass:
    key = current_signing_key(at=at)
    pass_id = uuid.uuid4()
    try:
        with transaction.atomic():
            pass_ = Pass.objects.create(
                trip=trip,
                pass_id=pass_id,
                short_code=_free_short_code(),
                code=seal_pass(trip, pass_id, key),
                signing_key=key,
                driver=trip.driver,
                vin=trip.vehicle.vin,
                licence=licence,
                opens_at=trip.opens_at,
                closes_at=trip.closes_at,
                issued_at=at,
            )
    except IntegrityError as error:
        raise Conflict(Reason("vehicle_has_open_pass", VEHICLE_HAS_OPEN_PASS, "vin")) from error
    keep_trusted(key, trip.closes_at + TRUST_AFTER_LAST_PASS)
    return pass_


def seal_pass(trip: Trip, pass_id: uuid.UUID, key: SigningKey) -> str:
    """Write the signed text of a pass; the trip comes with vehicle, driver and route loaded."""
    claims = codes.PassClaims(
        issuer=ISSUER,
        pass_id=pass_id,
        trip=trip.reference,
        vin=trip.vehicle.vin,
        passport_tail=trip.driver.passport_tail,
        exit=trip.route.exit.code,
        entry=trip.route.entry.code,
        not_before=trip.opens_at.replace(microsecond=0),
        expires=trip.closes_at.replace(microsecond=0),
    )
    try:
        private = private_key(key)
    except vault.CannotUnlock as error:
        raise Conflict(Reason("cannot_sign", CANNOT_SIGN)) from error
    return codes.seal(claims, kid=bytes(key.kid), private=private, site_url=settings.SITE_URL)


CANNOT_SIGN = _("No code can be signed just now. Ask the operator to run rotate_keys, then issue it again.")


def _free_short_code() -> str:
    while True:
        short_code = codes.new_short_code()
        if not Pass.objects.filter(short_code=short_code).exists():
            return short_code


def keep_trusted(key: SigningKey, until: datetime) -> None:
    """Make up for a key that was rotated out while this pass was being made."""
    SigningKey.objects.filter(pk=key.pk, trusted_until__lt=until).update(trusted_until=until)


def _move_to_ready(trip: Trip, pass_: Pass, at: datetime, by: str) -> None:
    data = {"short_code": codes.show_short_code(pass_.short_code), "driver": trip.driver.name}
    try:
        move_trip(
            trip=trip,
            to=TripState.READY,
            kind=EventKind.ISSUED,
            at=at,
            by=by,
            data=data,
            next_check_at=trip.closes_at,
            pin_sealed=trip.pin_sealed if receipt_pin(trip) else new_pin(),
        )
    except IntegrityError as error:
        raise Conflict(_unavailable(trip)) from error


def _save_driver(trip: Trip) -> None:
    try:
        with transaction.atomic():
            trip.save(update_fields=["driver", "person"])
    except IntegrityError as error:
        raise Conflict(_unavailable(trip)) from error


def _unavailable(trip: Trip) -> Reason:
    return Reason("driver_unavailable", driver_unavailable(trip.planned_return_on), "driver")


def new_pin() -> bytes:
    """Make a consignee's PIN, sealed."""
    return vault.lock(f"{secrets.randbelow(10**PIN_DIGITS):0{PIN_DIGITS}}".encode())
