"""The life of a trip: which step may follow which."""

from __future__ import annotations

from collections.abc import Mapping

from ferry.models import TripState

S = TripState

#: Evidence may come out of order (an offline exit is uploaded after the receipt), so a trip may skip a
#: step forward; it never goes back, but for a pass revoked before use and a release that is withdrawn (BACK).
STEPS: Mapping[str, frozenset[str]] = {
    S.PLANNED: frozenset({S.READY, S.CANCELLED, S.LAPSED}),
    S.READY: frozenset({S.PLANNED, S.EXITED, S.ARRIVED, S.DELIVERED, S.CANCELLED, S.LAPSED}),
    S.EXITED: frozenset({S.ARRIVED, S.DELIVERED, S.RETURNED}),
    S.ARRIVED: frozenset({S.DELIVERED, S.RETURNED}),
    S.DELIVERED: frozenset({S.DISCHARGED}),
    S.DISCHARGED: frozenset(),
    S.CANCELLED: frozenset(),
    S.LAPSED: frozenset(),
    S.RETURNED: frozenset(),
}

#: What a release moved, its withdrawal moves back. A table of its own: late evidence must never step back.
BACK: Mapping[str, frozenset[str]] = {
    S.EXITED: frozenset({S.READY}),
    S.ARRIVED: frozenset({S.READY, S.EXITED}),
}


def may_step(state: str, to: str) -> bool:
    return to in STEPS[state]


def may_step_back(state: str, to: str) -> bool:
    return to in BACK.get(state, frozenset())


def states_before(to: str) -> list[str]:
    """List the states from which a trip may step to `to`."""
    return [state for state, following in STEPS.items() if to in following]
