"""Register vehicles, change them and hand them over."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypedDict, Unpack

from django.db import IntegrityError, transaction
from django.utils.translation import gettext_lazy as _

from ferry.actions.keeping import differs, fields_of, keep, refuse_unless_valid
from ferry.errors import Conflict, Invalid, NotYours, Reason
from ferry.models import ON_THE_WAY, Handover, Pass, PassState, Vehicle
from ferry.queries.issue import china_date
from ferry.rules.findings import Finding, refuse
from ferry.rules.letters import plain_text
from ferry.rules.powertrain import judge_hs, normalise_hs
from ferry.rules.vin import judge_vin, normalise_vin

if TYPE_CHECKING:
    from datetime import date, datetime

    from ferry.models import Company

FIELDS = (
    "vin",
    "make",
    "model",
    "powertrain",
    "colour",
    "hs_code",
    "plate",
    "registered_on",
    "after_sales_confirmed",
)


class VehicleChanges(TypedDict, total=False):
    vin: str
    make: str
    model: str
    powertrain: str
    colour: str
    hs_code: str
    plate: str
    registered_on: date | None
    after_sales_confirmed: bool


def register_vehicle(
    *,
    company: Company,
    vin: str,
    make: str,
    model: str,
    powertrain: str,
    hs_code: str,
    colour: str = "",
    registered_on: date | None = None,
    plate: str = "",
    after_sales_confirmed: bool = False,
    at: datetime,
    by: str,
) -> Vehicle:
    """Register a vehicle; Conflict when its VIN is registered, here or elsewhere."""
    vehicle = Vehicle(
        company=company,
        vin=vin,
        make=make,
        model=model,
        powertrain=powertrain,
        colour=colour,
        hs_code=hs_code,
        registered_on=registered_on,
        plate=plate,
        after_sales_confirmed=after_sales_confirmed,
        created_at=at,
    )
    refuse_unless_valid(vehicle, judge_vehicle(vehicle, today=china_date(at)))
    return keep_vehicle(vehicle, at=at, by=by)


def change_vehicle(*, vehicle: Vehicle, at: datetime, by: str, **changes: Unpack[VehicleChanges]) -> Vehicle:
    """Change what is handed in; the VIN only while no trip has been planned with it."""
    with transaction.atomic():
        vehicle = lock_own(vehicle)
        before = fields_of(vehicle, FIELDS)
        for name, value in changes.items():
            setattr(vehicle, name, value)
        refuse_unless_valid(vehicle, judge_vehicle(vehicle, today=china_date(at)))
        if vehicle.vin != before["vin"] and vehicle.trips.exists():
            raise Conflict(Reason("vin_in_use", VIN_IN_USE, "vin"))
        return keep_vehicle(vehicle, at=at, by=by) if differs(vehicle, before) else vehicle


VIN_IN_USE = _(
    "Trips were planned with this VIN, so it stays. Register the other VIN as a vehicle of its own."
)


def judge_vehicle(vehicle: Vehicle, *, today: date) -> Finding:
    """Write a vehicle's fields in the one way they are kept, and judge them."""
    vehicle.vin = normalise_vin(vehicle.vin)
    vehicle.hs_code = normalise_hs(vehicle.hs_code)
    for name in ("make", "model", "colour", "plate"):
        setattr(vehicle, name, plain_text(getattr(vehicle, name)))
    finding = judge_vin(vehicle.vin, powertrain=vehicle.powertrain)
    finding += judge_hs(vehicle.hs_code, powertrain=vehicle.powertrain)
    if vehicle.registered_on is not None and vehicle.registered_on > today:
        detail = _("The day of first registration is in the future. Correct it, or leave it empty.")
        finding += refuse("registered_in_future", detail, "registered_on")
    return finding


def keep_vehicle(vehicle: Vehicle, *, at: datetime, by: str) -> Vehicle:
    """Store a vehicle that was judged; Conflict when its VIN is another's."""
    try:
        with transaction.atomic():
            keep(vehicle, at=at, by=by)
    except IntegrityError as error:
        theirs = Vehicle.objects.filter(vin=vehicle.vin).exclude(company=vehicle.company).exists()
        raise Conflict(vehicle_taken() if theirs else vehicle_registered()) from error
    return vehicle


def vehicle_registered() -> Reason:
    detail = _("Your company has registered this vehicle already. Open it to change it.")
    return Reason("already_registered", detail, "vin")


def vehicle_taken() -> Reason:
    """Say that a VIN is another company's, never which."""
    detail = _(
        "This vehicle is registered by another company. "
        "Compare the VIN; if it is right, ask that company to hand the vehicle over."
    )
    return Reason("vehicle_taken", detail, "vin")


def offer_vehicle(*, vehicle: Vehicle, to_company: Company, at: datetime, by: str) -> Handover:
    """Offer a vehicle to another company; nothing moves until that one accepts."""
    if to_company.pk == vehicle.company_id:
        detail = _("The vehicle is this company's already. Name the company that shall have it.")
        raise Invalid(Reason("same_company", detail, "to_company"))
    try:
        with transaction.atomic():
            vehicle = lock_own(vehicle)
            _refuse_on_the_way(vehicle)
            return Handover.objects.create(
                vehicle=vehicle,
                from_company_id=vehicle.company_id,
                to_company=to_company,
                offered_at=at,
                offered_by=by,
            )
    except IntegrityError as error:
        detail = _("This vehicle is offered already. Withdraw that offer first, or wait for the answer.")
        raise Conflict(Reason("already_offered", detail, "vin")) from error


def answer_handover(*, handover: Handover, company: Company, accept: bool, at: datetime, by: str) -> Handover:
    """Accept or decline an offer, as the company it was made to; accepted, the vehicle is that company's."""
    if company.pk != handover.to_company_id:
        raise NotYours(_no_such_offer())
    with transaction.atomic():
        vehicle = _lock_vehicle(handover.vehicle)
        _close_offer(handover, accept, at, by)
        if accept:
            _refuse_on_the_way(vehicle)
            vehicle.company, vehicle.consignment = company, None
            keep(vehicle, at=at, by=by)
    handover.refresh_from_db()
    return handover


def withdraw_handover(*, handover: Handover, company: Company, at: datetime, by: str) -> Handover:
    """Take an offer back, as the company that made it."""
    if company.pk != handover.from_company_id:
        raise NotYours(_no_such_offer())
    _close_offer(handover, False, at, by)
    handover.refresh_from_db()
    return handover


def _close_offer(handover: Handover, accepted: bool, at: datetime, by: str) -> None:
    open_offer = Handover.objects.filter(pk=handover.pk, answered_at__isnull=True)
    if not open_offer.update(answered_at=at, answered_by=by, accepted=accepted):
        detail = _("This offer was answered or withdrawn already.")
        raise Conflict(Reason("handover_answered", detail))


def _lock_vehicle(vehicle: Vehicle) -> Vehicle:
    return Vehicle.objects.select_for_update().get(pk=vehicle.pk)


def lock_own(vehicle: Vehicle) -> Vehicle:
    """Lock a vehicle for the company it was read for, which may have handed it over since."""
    held = _lock_vehicle(vehicle)
    if held.company_id != vehicle.company_id:
        detail = _("The vehicle was handed over to another company. Reload your list.")
        raise NotYours(Reason("not_found", detail, "vin"))
    return held


def _refuse_on_the_way(vehicle: Vehicle) -> None:
    """Refuse to hand over what has a code or is being driven."""
    if (
        Pass.objects.filter(vin=vehicle.vin, state=PassState.OPEN).exists()
        or vehicle.trips.filter(state__in=ON_THE_WAY).exists()
    ):
        detail = _("The vehicle has an open code or is on its way. Cancel that trip first, or let it end.")
        raise Conflict(Reason("vehicle_on_the_way", detail, "vin"))


def _no_such_offer() -> Reason:
    return Reason("not_found", _("There is no such offer."))
