"""Judge how far a vehicle is on its way to a code, and what it still lacks."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from django.db.models import TextChoices
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from ferry.errors import Reason
from ferry.models import Mark, Powertrain, ReadinessPolicy, TripState
from ferry.rules.declarations import DECLARATION_CHANGED, DECLARATION_NOT_RELEASED, VIN_UNLISTED

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

    from ferry.models import Vehicle

#: What holds for a company that has not switched readiness on.
NOTHING_ASKED = ReadinessPolicy(asks_yard=False, asks_inspection=False, asks_charge=False, least_keys=0)
MOST_CHARGE, MOST_KEYS = 100, 9


class Step(TextChoices):
    """A vehicle's whole way in order; it is in one step at a time."""

    EXPECTED = "expected", pgettext_lazy("vehicle", "Expected")
    YARD = Mark.YARD.value, _("In the yard")
    INSPECTED = Mark.INSPECTED.value, _("Inspected")
    CHARGED = Mark.CHARGED.value, _("Charged or fuelled")
    PAPERS = "papers", _("Papers released")
    PLANNED = TripState.PLANNED.value, _("Planned")
    READY = TripState.READY.value, _("Code issued")
    EXITED = TripState.EXITED.value, _("Left China")
    ARRIVED = TripState.ARRIVED.value, _("In Kazakhstan")
    DELIVERED = TripState.DELIVERED.value, _("Delivered")
    DISCHARGED = TripState.DISCHARGED.value, _("Discharged")


class Papers(StrEnum):
    """The best that a company's declarations say of a VIN."""

    NONE = "none"
    CHANGED = "changed"
    ACCEPTED = "accepted"
    RELEASED = "released"


@dataclass(frozen=True)
class ReadinessFacts:
    """What was recorded of a vehicle; `charge` in percent and `keys` are None where nobody counted."""

    is_battery: bool
    is_in_yard: bool
    is_inspected: bool
    is_charged: bool
    charge: int | None
    keys: int | None


def facts_of(vehicle: Vehicle) -> ReadinessFacts:
    return ReadinessFacts(
        is_battery=vehicle.powertrain == Powertrain.BEV,
        is_in_yard=vehicle.in_yard_at is not None,
        is_inspected=vehicle.inspected_at is not None,
        is_charged=vehicle.charged_at is not None,
        charge=vehicle.charge_percent,
        keys=vehicle.keys,
    )


def step_before_code(facts: ReadinessFacts, papers: Papers, policy: ReadinessPolicy) -> Step:
    """Find the furthest step with everything done that is asked before it."""
    reached = Step.EXPECTED
    for step, is_done, is_asked in _way(facts, papers, policy):
        if is_done:
            reached = step
        elif is_asked:
            break
    return reached


def reasons_against(facts: ReadinessFacts, policy: ReadinessPolicy) -> list[Reason]:
    """Say what the yard has still to do; the papers are judged with the code."""
    reasons = []
    if policy.asks_yard and not facts.is_in_yard:
        reasons.append(Reason("not_in_yard", NOT_IN_YARD, "vin"))
    if policy.asks_inspection and not facts.is_inspected:
        reasons.append(Reason("not_inspected", NOT_INSPECTED, "vin"))
    return [*reasons, *_against_charge(facts, policy), *_against_keys(facts, policy)]


def reasons_with_papers(facts: ReadinessFacts, papers: Papers, policy: ReadinessPolicy) -> list[Reason]:
    """Say everything a vehicle lacks before it can have a trip."""
    return [*reasons_against(facts, policy), *AGAINST_PAPERS[papers]]


NOT_IN_YARD = _("The vehicle is not in the yard yet. Record its arrival as soon as it is there.")
NOT_INSPECTED = _("The vehicle is not inspected. Inspect it in the yard and record it.")
NOT_CHARGED = Reason(
    "not_charged", _("The car is not charged. Charge it and record its state of charge."), "vin"
)
NOT_FUELLED = Reason("not_fuelled", _("The vehicle is not fuelled. Fuel it and record it."), "vin")
CHARGE_LOW = _("The state of charge is not known or below {least} %. Charge the car and record it again.")
KEYS_MISSING = _("Too few keys are recorded. Count them: at least {least} are needed.")

AGAINST_PAPERS: dict[Papers, list[Reason]] = {
    Papers.NONE: [Reason("vin_not_declared", VIN_UNLISTED, "declaration")],
    Papers.CHANGED: [Reason("declaration_changed", DECLARATION_CHANGED, "declaration")],
    Papers.ACCEPTED: [Reason("declaration_not_released", DECLARATION_NOT_RELEASED, "declaration")],
    Papers.RELEASED: [],
}


def _way(facts: ReadinessFacts, papers: Papers, policy: ReadinessPolicy) -> Iterator[tuple[Step, bool, bool]]:
    """List the steps before a code as (step, is it done, is it asked)."""
    is_charged = facts.is_charged and not _against_charge(facts, policy) and not _against_keys(facts, policy)
    yield Step.YARD, facts.is_in_yard, policy.asks_yard
    yield Step.INSPECTED, facts.is_inspected, policy.asks_inspection
    yield Step.CHARGED, is_charged, policy.asks_charge or policy.least_keys > 0
    yield Step.PAPERS, papers == Papers.RELEASED, True


def _against_charge(facts: ReadinessFacts, policy: ReadinessPolicy) -> list[Reason]:
    if not policy.asks_charge:
        return []
    if not facts.is_charged:
        return [NOT_CHARGED if facts.is_battery else NOT_FUELLED]
    if facts.is_battery and _below(facts.charge, policy.least_charge):
        return [Reason("charge_low", _with(CHARGE_LOW, policy.least_charge), "vin")]
    return []


def _against_keys(facts: ReadinessFacts, policy: ReadinessPolicy) -> list[Reason]:
    if policy.least_keys and _below(facts.keys, policy.least_keys):
        return [Reason("keys_missing", _with(KEYS_MISSING, policy.least_keys), "vin")]
    return []


def _below(counted: int | None, least: int) -> bool:
    return counted is None or counted < least


def _with(sentence: StrOrPromise, least: int) -> StrOrPromise:
    return format_lazy(sentence, least=least)
