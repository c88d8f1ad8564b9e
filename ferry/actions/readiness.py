"""Record what happens to a vehicle in the yard, take it back, and set what is asked before a code."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from ferry.actions.keeping import refuse_unless_valid
from ferry.actions.vehicles import lock_own
from ferry.errors import Conflict, Invalid, Reason
from ferry.models import Mark, Powertrain, ReadinessPolicy, TripState, Vehicle, VehicleMark
from ferry.rules.findings import FINE
from ferry.rules.letters import plain_text
from ferry.rules.readiness import MOST_CHARGE, MOST_KEYS

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from ferry.models import Company

MOMENTS = {Mark.YARD: "in_yard_at", Mark.INSPECTED: "inspected_at", Mark.CHARGED: "charged_at"}
#: What is no longer so once a mark is taken back: nothing is inspected that is not there.
RESTS_ON = {
    Mark.YARD: (Mark.YARD, Mark.INSPECTED, Mark.CHARGED),
    Mark.INSPECTED: (Mark.INSPECTED,),
    Mark.CHARGED: (Mark.CHARGED,),
    Mark.KEYS: (Mark.KEYS,),
}
LEFT = (TripState.EXITED, TripState.ARRIVED, TripState.DELIVERED, TripState.DISCHARGED)


def mark_vehicle(
    *,
    vehicle: Vehicle,
    done: Mapping[Mark, datetime],
    charge_percent: int | None = None,
    keys: int | None = None,
    door: str,
    at: datetime,
    by: str,
) -> tuple[Vehicle, bool]:
    """Record the steps that are done, with when that was; give False where that says nothing new.

    What is inspected or charged is in the yard, so that is recorded with it. Keys may be counted with any
    step or alone.
    """
    with transaction.atomic():
        vehicle = lock_own(vehicle)
        _refuse_marks(vehicle, done, charge_percent, keys, at)
        changes, news = _news(vehicle, done, charge_percent, keys, at)
        if not changes:
            return vehicle, False
        Vehicle.objects.filter(pk=vehicle.pk).update(**changes)
        VehicleMark.objects.bulk_create(
            VehicleMark(
                vehicle=vehicle, company_id=vehicle.company_id, door=door, recorded_at=at, by=by, **new
            )
            for new in news
        )
    for name, value in changes.items():
        setattr(vehicle, name, value)
    return vehicle, True


def unmark_vehicle(*, vehicle: Vehicle, mark: Mark, reason: str, door: str, at: datetime, by: str) -> Vehicle:
    """Take a step back, and what rests on it; the reason is kept."""
    reason = plain_text(reason)
    if not reason:
        raise Invalid(Reason("reason_missing", _("Say why it is taken back."), "reason"))
    with transaction.atomic():
        vehicle = lock_own(vehicle)
        undone = [one for one in RESTS_ON[mark] if _is_marked(vehicle, one)]
        if mark not in undone:
            detail = _("This is not recorded, or was taken back already.")
            raise Conflict(Reason("not_marked", detail, "mark"))
        changes: dict[str, Any] = {}
        for one in undone:
            changes |= _emptied(one)
            _note(vehicle, one, is_undone=True, reason=reason, door=door, at=at, recorded_at=at, by=by)
        Vehicle.objects.filter(pk=vehicle.pk).update(**changes)
    for name, value in changes.items():
        setattr(vehicle, name, value)
    return vehicle


def ask_readiness(
    *,
    company: Company,
    asks_yard: bool,
    asks_inspection: bool,
    asks_charge: bool,
    least_charge: int,
    least_keys: int,
    at: datetime,
    by: str,
) -> ReadinessPolicy:
    """Set what a company asks of a vehicle before its code. Codes that are out stay as they are."""
    wanted: dict[str, Any] = {
        "asks_yard": asks_yard,
        "asks_inspection": asks_inspection,
        "asks_charge": asks_charge,
        "least_charge": least_charge,
        "least_keys": least_keys,
        "changed_at": at,
        "changed_by": by,
    }
    refuse_unless_valid(ReadinessPolicy(company=company, **wanted), FINE)
    return ReadinessPolicy.objects.update_or_create(company=company, defaults=wanted)[0]


def _refuse_marks(
    vehicle: Vehicle, done: Mapping[Mark, datetime], charge: int | None, keys: int | None, at: datetime
) -> None:
    reasons = []
    if charge is not None and not 0 <= charge <= MOST_CHARGE:
        detail = _("The state of charge is a number from 0 to 100. Read it off the car again.")
        reasons.append(Reason("charge_range", detail, "charge_percent"))
    if Mark.CHARGED in done and charge is None and vehicle.powertrain == Powertrain.BEV:
        detail = _("Enter the state of charge in percent, as the car shows it.")
        reasons.append(Reason("charge_missing", detail, "charge_percent"))
    if keys is not None and not 0 <= keys <= MOST_KEYS:
        detail = _("The number of keys is from 0 to 9. Count them again.")
        reasons.append(Reason("keys_range", detail, "keys"))
    if Mark.KEYS in done and keys is None:
        reasons.append(Reason("keys_missing", _("Enter the number of keys."), "keys"))
    if any(moment > at for moment in done.values()):
        detail = _("This day is in the future. Correct it, or record the step when it is done.")
        reasons.append(Reason("day_in_future", detail, "occurred_at"))
    if reasons:
        raise Invalid(*reasons)
    if vehicle.trips.filter(state__in=LEFT, company_id=vehicle.company_id).exists():
        detail = _("The vehicle has left China already. Compare the VIN with the car in front of you.")
        raise Conflict(Reason("vehicle_left", detail, "vin"))


def _news(
    vehicle: Vehicle, done: Mapping[Mark, datetime], charge: int | None, keys: int | None, at: datetime
) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """Give what changes on the vehicle, and the rows that say so."""
    steps = {mark: moment for mark, moment in done.items() if mark != Mark.KEYS}
    changes: dict[str, Any] = {}
    news: list[dict[str, Any]] = []
    if steps and vehicle.in_yard_at is None:
        changes["in_yard_at"] = steps.get(Mark.YARD) or min(steps.values())
        news.append({"mark": Mark.YARD, "at": changes["in_yard_at"]})
    if Mark.INSPECTED in steps and vehicle.inspected_at is None:
        changes["inspected_at"] = steps[Mark.INSPECTED]
        news.append({"mark": Mark.INSPECTED, "at": steps[Mark.INSPECTED]})
    if Mark.CHARGED in steps and _is_new_charge(vehicle, charge):
        changes |= {"charged_at": steps[Mark.CHARGED], "charge_percent": charge}
        news.append({"mark": Mark.CHARGED, "at": steps[Mark.CHARGED], "charge_percent": charge})
    if keys is not None and keys != vehicle.keys:
        changes["keys"] = keys
        news.append({"mark": Mark.KEYS, "at": done.get(Mark.KEYS, at), "keys": keys})
    return changes, news


def _is_new_charge(vehicle: Vehicle, charge: int | None) -> bool:
    return vehicle.charged_at is None or (charge is not None and charge != vehicle.charge_percent)


def _is_marked(vehicle: Vehicle, mark: Mark) -> bool:
    return getattr(vehicle, MOMENTS.get(mark, "keys")) is not None


def _emptied(mark: Mark) -> dict[str, Any]:
    if mark == Mark.CHARGED:
        return {"charged_at": None, "charge_percent": None}
    return {MOMENTS.get(mark, "keys"): None}


def _note(vehicle: Vehicle, mark: Mark, **said: Any) -> None:
    VehicleMark.objects.create(vehicle=vehicle, company_id=vehicle.company_id, mark=mark, **said)
