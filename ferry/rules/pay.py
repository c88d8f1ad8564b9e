"""What a driver earns for a trip, when it is his, and in which month it counts.

Money is whole hundredths of its currency: fen of a yuan (CNY). Pay accrues at the receipt, or when a case
about a missing receipt is settled: both make the trip delivered.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from ferry.models import CaseKind, CaseState, Currency, Powertrain, StatementState, TripState

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import date, datetime


class Standing(StrEnum):
    """How a trip's pay stands: `promised` before it left, `waits` for the receipt, `earned`, or `none`."""

    PROMISED = "promised"
    WAITS = "waits"
    EARNED = "earned"
    NONE = "none"


STANDINGS = {
    TripState.PLANNED: Standing.PROMISED,
    TripState.READY: Standing.PROMISED,
    TripState.EXITED: Standing.WAITS,
    TripState.ARRIVED: Standing.WAITS,
    TripState.DELIVERED: Standing.EARNED,
    TripState.DISCHARGED: Standing.EARNED,
    TripState.CANCELLED: Standing.NONE,
    TripState.LAPSED: Standing.NONE,
    TripState.RETURNED: Standing.NONE,
}

#: What a rate may name, the most specific first: the first line of which a valid rate fits a trip wins.
PRECEDENCE = (
    ("driver", "route", "vehicle_class"),
    ("driver", "route"),
    ("driver", "vehicle_class"),
    ("driver",),
    ("route", "vehicle_class"),
    ("route",),
    ("vehicle_class",),
    (),
)

#: Given up, a case of these kinds means that nothing proves the delivery: its pay is taken back.
DELIVERY_UNPROVED = frozenset(
    {CaseKind.EXIT_NO_DELIVERY, CaseKind.DELIVERY_NO_EXIT, CaseKind.RETURNED_UNDELIVERED}
)
#: The resolution of returned_undelivered that says: it was not delivered after all.
VEHICLE_BACK = "vehicle_back"


@dataclass(frozen=True)
class Pay:
    fen: int
    standing: Standing


@dataclass(frozen=True)
class Rate:
    """What a trip pays from `valid_from` until `ends_at`, where it fits; None and "" fit everything."""

    pk: int
    route: int | None
    vehicle_class: str
    driver: int | None
    fen: int
    currency: str
    valid_from: datetime
    ends_at: datetime | None = None

    @property
    def names(self) -> tuple[str, ...]:
        named = {"driver": self.driver, "route": self.route, "vehicle_class": self.vehicle_class}
        return tuple(name for name in PRECEDENCE[0] if named[name])


@dataclass(frozen=True)
class Work:
    """What a rate is found for."""

    route: int
    vehicle_class: str
    driver: int


def rate_at(rates: Iterable[Rate], work: Work, *, at: datetime) -> Rate | None:
    """Pick the most specific rate that fits and is valid then; of equal ones the one that began last."""
    fitting = [rate for rate in rates if _is_valid(rate, at) and _fits(rate, work)]
    return min(
        fitting,
        key=lambda rate: (PRECEDENCE.index(rate.names), -rate.valid_from.timestamp(), -rate.pk),
        default=None,
    )


def _is_valid(rate: Rate, at: datetime) -> bool:
    return rate.valid_from <= at and (rate.ends_at is None or at < rate.ends_at)


def _fits(rate: Rate, work: Work) -> bool:
    return (
        rate.route in {None, work.route}
        and rate.vehicle_class in {"", work.vehicle_class}
        and rate.driver in {None, work.driver}
    )


def rate_for(powertrain: str, *, car_fen: int, plant_fen: int) -> int:
    """Say what a company usually pays, where no rate of its own fits."""
    return plant_fen if powertrain == Powertrain.PLANT else car_fen


def pay_of(state: str, *, fen: int) -> Pay:
    """Say how the pay of a trip stands that was promised so much."""
    standing = STANDINGS[TripState(state)]
    return Pay(0 if standing is Standing.NONE else fen, standing)


def takes_back(kind: str, *, state: str, resolution: str) -> bool:
    """Say whether a case that is settled so takes back what its trip has accrued."""
    if state == CaseState.WRITTEN_OFF:
        return kind in DELIVERY_UNPROVED
    return (kind, resolution) == (CaseKind.RETURNED_UNDELIVERED, VEHICLE_BACK)


def is_earned(state: str) -> bool:
    return STANDINGS[TripState(state)] is Standing.EARNED


# --- Months ----------------------------------------------------------------------------------------


def month_of(on: date) -> str:
    return f"{on:%Y-%m}"


def month_after(month: str) -> str:
    year, number = map(int, month.split("-"))
    return f"{year + number // 12}-{number % 12 + 1:02}"


def month_before(month: str) -> str:
    year, number = map(int, month.split("-"))
    return f"{year - (number == 1)}-{(number - 2) % 12 + 1:02}"


def statement_month(month: str, states: Mapping[str, str]) -> str:
    """Give the month whose statement takes an entry: its own, or the next that is still a draft."""
    while states.get(month, StatementState.DRAFT) != StatementState.DRAFT:
        month = month_after(month)
    return month


def may_approve(month: str, *, today: date) -> bool:
    """Say whether a month of Beijing is over, so that its statement can be closed."""
    return month < month_of(today)


# --- Words -----------------------------------------------------------------------------------------

SIGNS = {Currency.YUAN: "¥", Currency.TENGE: "₸", Currency.DOLLAR: "$"}


def money(fen: int, currency: str = Currency.YUAN) -> str:
    """Write an amount: ¥500, and ¥500.50 only where there are hundredths; less than nothing as −¥500."""
    whole, rest = divmod(abs(fen), 100)
    return f"{'−' * (fen < 0)}{SIGNS[Currency(currency)]}{whole:,}" + (f".{rest:02}" if rest else "")
