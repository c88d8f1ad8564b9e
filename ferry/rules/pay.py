"""What a driver earns for a trip, and when it is his.

Money is whole fen, hundredths of a yuan (CNY). Pay accrues at the receipt, or when a case about a missing
receipt is settled: both make the trip delivered.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from ferry.models import Powertrain, TripState


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


@dataclass(frozen=True)
class Pay:
    fen: int
    standing: Standing


def rate_for(powertrain: str, *, car_fen: int, plant_fen: int) -> int:
    return plant_fen if powertrain == Powertrain.PLANT else car_fen


def pay_of(state: str, *, fen: int) -> Pay:
    """Say how the pay of a trip stands that was promised so much."""
    standing = STANDINGS[TripState(state)]
    return Pay(0 if standing is Standing.NONE else fen, standing)


def yuan(fen: int) -> str:
    """Write an amount: ¥500, and ¥500.50 only where there are fen."""
    whole, rest = divmod(fen, 100)
    return f"¥{whole:,}.{rest:02}" if rest else f"¥{whole:,}"
