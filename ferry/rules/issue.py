"""Judge whether a code may be issued for a trip: every rule, all reasons at once."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING

from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from ferry.errors import Reason
from ferry.models import DeclarationStatus
from ferry.rules.closures import Span, elapsed
from ferry.rules.declarations import DECLARATION_CHANGED, DECLARATION_NOT_RELEASED
from ferry.rules.findings import FINE, Finding, refuse
from ferry.rules.numbers import judge_passport
from ferry.rules.powertrain import judge_hs, judge_licence_class, vehicle_class
from ferry.rules.readiness import ReadinessFacts
from ferry.rules.readiness import reasons_against as reasons_in_the_yard
from ferry.rules.stays import Stay, days_count_for, judge_stay
from ferry.rules.vin import judge_vin

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

    from ferry.models import ReadinessPolicy

#: A car registered less than this before export needs the maker's after-sales confirmation (in force 2026).
NEWLY_REGISTERED = timedelta(days=180)
#: A window longer than this is not a trip any more: a code must not lie about for months.
LONGEST_WINDOW = timedelta(days=31)


@dataclass(frozen=True)
class IssueFacts:
    """Everything that bears on issuing one code. Dates are Chinese, but stays and the return are Kazakh."""

    at: datetime
    state: str
    opens_at: datetime
    closes_at: datetime
    opens_on: date
    closes_on: date
    entry_on: date
    planned_return_on: date
    closures: tuple[Span, ...]

    vin: str
    powertrain: str
    hs_code: str
    registered_on: date | None
    after_sales_confirmed: bool
    vehicle_is_ours: bool
    vehicle_has_open_pass: bool
    vehicle_was_delivered: bool
    readiness: ReadinessFacts
    readiness_policy: ReadinessPolicy

    declaration_status: str
    vin_is_declared: bool
    near_declared: tuple[str, ...]
    needs_licence: bool
    has_licence: bool

    driver_is_active: bool
    passport_number: str
    passport_expires_on: date
    nationality: str
    licence_class: str
    licence_expires_on: date
    driver_busy_until: date | None
    stays: tuple[Stay, ...]
    stays_roll: bool
    stays_count_both: bool


def judge_issue(facts: IssueFacts) -> Finding:
    """Judge everything; `refuses` stand in the way, `warns` are for the dispatcher to know."""
    return _judge(RULES, facts)


def reasons_against(facts: IssueFacts) -> list[Reason]:
    return list(judge_issue(facts).refuses)


def judge_window(opens_at: datetime, closes_at: datetime, *, at: datetime) -> Finding:
    """Judge a time for leaving by itself."""
    if closes_at <= opens_at:
        detail = _("The time for leaving ends before it begins. Correct one of the two.")
        return refuse("window_order", detail, "closes_at")
    if closes_at <= at:
        return refuse("window_past", _("The time for leaving is over. Choose a later time."), "closes_at")
    return FINE


def reasons_against_vehicle(facts: IssueFacts) -> list[Reason]:
    """Judge all but the driver."""
    return list(_judge(VEHICLE_RULES, facts).refuses)


def reasons_against_driver(facts: IssueFacts) -> list[Reason]:
    """Judge the driver, but not whether his licence covers the vehicle."""
    return list(_judge(DRIVER_RULES, facts).refuses)


def _judge(rules: Iterable[Rule], facts: IssueFacts) -> Finding:
    finding = FINE
    for rule in rules:
        finding += rule(facts)
    return finding


def _window(facts: IssueFacts) -> Finding:
    by_itself = judge_window(facts.opens_at, facts.closes_at, at=facts.at)
    if by_itself.refuses:
        return by_itself
    if facts.closes_at - facts.opens_at > LONGEST_WINDOW:
        detail = format_lazy(
            _("A code may be valid for {days} days at most. Choose a shorter time."), days=LONGEST_WINDOW.days
        )
        return refuse("window_too_long", detail, "closes_at")
    start = max(facts.opens_at, facts.at)
    if not elapsed(start, facts.closes_at, facts.closures):
        detail = _("The crossing is closed all that time. Move the trip to another day.")
        return refuse("checkpoint_closed", detail, "opens_at")
    return FINE


def _vehicle(facts: IssueFacts) -> Finding:
    finding = judge_vin(facts.vin, powertrain=facts.powertrain)
    finding += judge_hs(facts.hs_code, powertrain=facts.powertrain)
    if not facts.vehicle_is_ours:
        detail = _("The vehicle was handed over to another company. Cancel this trip.")
        finding += refuse("vehicle_not_yours", detail, "vin")
    if facts.vehicle_has_open_pass:
        finding += refuse("vehicle_has_open_pass", VEHICLE_HAS_OPEN_PASS, "vin")
    if facts.vehicle_was_delivered:
        detail = _("This declaration's vehicle was delivered on an earlier trip. Cancel this trip.")
        finding += refuse("vehicle_was_delivered", detail, "vin")
    if is_newly_registered(facts.registered_on, on=facts.opens_on) and not facts.after_sales_confirmed:
        detail = _(
            "The car was registered less than 180 days ago. "
            "Record the maker's after-sales confirmation with the vehicle."
        )
        finding += refuse("after_sales_confirmation_missing", detail, "registered_on")
    return finding


def _readiness(facts: IssueFacts) -> Finding:
    return Finding(refuses=tuple(reasons_in_the_yard(facts.readiness, facts.readiness_policy)))


VEHICLE_HAS_OPEN_PASS = _("The vehicle has an open code for another trip. Cancel that trip first.")


def is_newly_registered(registered_on: date | None, *, on: date) -> bool:
    """Say whether a car that leaves on a day needs the maker's after-sales confirmation."""
    return registered_on is not None and on - registered_on < NEWLY_REGISTERED


def _declaration(facts: IssueFacts) -> Finding:
    finding = FINE
    if facts.declaration_status == DeclarationStatus.ACCEPTED:
        finding += refuse("declaration_not_released", DECLARATION_NOT_RELEASED, "declaration")
    if facts.declaration_status in {DeclarationStatus.AMENDED, DeclarationStatus.DELETED}:
        finding += refuse("declaration_changed", DECLARATION_CHANGED, "declaration")
    if not facts.vin_is_declared:
        finding += refuse("vin_not_declared", _not_declared(facts.near_declared), "declaration")
    return finding


def _not_declared(near: Sequence[str]) -> StrOrPromise:
    """Name the VINs that may have been meant: a person compares, nothing is corrected for him."""
    if not near:
        return _("The vehicle is not on this declaration. Choose the declaration that lists its VIN.")
    return format_lazy(
        _(
            "The vehicle is not on this declaration, which lists a VIN one slip away: {vins}. "
            "Compare both with the plate on the car."
        ),
        vins=", ".join(near),
    )


def _licence(facts: IssueFacts) -> Finding:
    if not facts.needs_licence or facts.has_licence:
        return FINE
    return refuse("licence_missing", LICENCE_MISSING, "licence")


LICENCE_MISSING = _(
    "This commodity needs an export licence, and none that is valid through the trip has quantity left. "
    "Add a licence."
)


def _passport(facts: IssueFacts) -> Finding:
    return judge_passport(
        facts.passport_number,
        nationality=facts.nationality,
        expires_on=facts.passport_expires_on,
        planned_return_on=facts.planned_return_on,
        today=facts.opens_on,
    )


def _licence_class(facts: IssueFacts) -> Finding:
    return judge_licence_class(
        facts.licence_class, vehicle_class=vehicle_class(facts.hs_code, facts.powertrain)
    )


def _driver(facts: IssueFacts) -> Finding:
    finding = FINE
    if facts.licence_expires_on < facts.planned_return_on:
        detail = _(
            "The driving licence expires before the planned return. "
            "Enter the new one, or choose another driver."
        )
        finding += refuse("driving_licence_expired", detail, "driver")
    if not facts.driver_is_active:
        detail = _("This driver no longer drives for you. Choose another driver.")
        finding += refuse("driver_inactive", detail, "driver")
    return finding


def _driver_is_free(facts: IssueFacts) -> Finding:
    if facts.driver_busy_until is None:
        return FINE
    return refuse("driver_unavailable", driver_unavailable(facts.driver_busy_until), "driver")


def driver_unavailable(until: date) -> StrOrPromise:
    """Say that he is unavailable and until when: never for whom he drives."""
    return format_lazy(
        _("The driver is unavailable, probably until {date}. Choose another driver or a later day."),
        date=until.isoformat(),
    )


def _stay(facts: IssueFacts) -> Finding:
    if not days_count_for(facts.nationality):
        return FINE
    return judge_stay(
        facts.stays,
        entry_on=facts.entry_on,
        return_on=facts.planned_return_on,
        rolling=facts.stays_roll,
        count_both=facts.stays_count_both,
    )


Rule = Callable[[IssueFacts], Finding]

#: A roster judges each vehicle and each driver once, and which licence covers which vehicle for itself.
VEHICLE_RULES: tuple[Rule, ...] = (_window, _vehicle, _readiness, _declaration, _licence)
DRIVER_RULES: tuple[Rule, ...] = (_passport, _driver, _driver_is_free, _stay)
RULES: tuple[Rule, ...] = (*VEHICLE_RULES, _licence_class, *DRIVER_RULES)
