"""What a driver may tell from his phone, and when it was."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from ferry.models import ToldKind, TripState

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import datetime

#: A car may be looked over this long before its code is issued.
BEFORE_THE_CODE = timedelta(days=1)

S = TripState
#: A word may come late, when its trip has gone on: in these states it is still taken. An exit scan may be
#: late too, so a vehicle may be handed over while it is not known to have left.
MAY_BE_TOLD: Mapping[str, frozenset[str]] = {
    ToldKind.PICKED_UP: frozenset({S.READY, S.EXITED, S.ARRIVED, S.DELIVERED, S.DISCHARGED}),
    ToldKind.HANDED_OVER: frozenset({S.READY, S.EXITED, S.ARRIVED, S.DELIVERED, S.DISCHARGED}),
}
ORDER = (ToldKind.PICKED_UP, ToldKind.HANDED_OVER, ToldKind.BACK)
ABROAD = frozenset({S.EXITED, S.ARRIVED})
DONE_THERE = frozenset({S.DELIVERED, S.DISCHARGED})


@dataclass(frozen=True)
class Moment:
    """When something was told: by the server's clock, and by the phone's where that could not be believed."""

    at: datetime
    phone_at: datetime | None = None


@dataclass(frozen=True)
class Act:
    """What a driver can tell: `status` is done, now (the next to do), soon (when he comes to it) or later."""

    kind: str
    status: str


def put_right(told_at: datetime, sent_at: datetime | None, *, not_before: datetime, now: datetime) -> Moment:
    """Put a phone's clock right by what it says at the sending; what cannot be is moved to what can."""
    try:
        at = told_at if sent_at is None else told_at + (now - sent_at)
    except OverflowError:
        at = now
        return Moment(at, told_at)
    bounded = min(max(at, not_before), now)
    return Moment(bounded, None if bounded == at else told_at)


def acts(state: str, *, told: Collection[str], is_back: bool) -> list[Act]:
    """List what there is to tell on a trip, in its order; nothing where the trip is not his to drive."""
    if state not in {S.READY, *ABROAD, *DONE_THERE}:
        return []
    done = {*told, *({ToldKind.BACK.value} if is_back else ())}
    ahead = [kind for kind in ORDER if kind not in done and kind not in _missed(state, done)]
    found = []
    for kind in ORDER:
        if kind in done:
            found.append(Act(kind, "done"))
        elif kind in ahead:
            found.append(Act(kind, _status(kind, state) if kind == ahead[0] else "later"))
    return found


def _missed(state: str, done: Collection[str]) -> set[str]:
    """Name what it is too late for: a look at the start once he has left, a word once the next is told."""
    missed = {ToldKind.PICKED_UP.value} if state != S.READY or ToldKind.HANDED_OVER in done else set()
    if state in DONE_THERE or ToldKind.BACK in done:
        missed.add(ToldKind.HANDED_OVER.value)
    return missed


def _status(kind: str, state: str) -> str:
    """Say whether it is due now; without a line its page must be at hand before it is."""
    due = {
        ToldKind.PICKED_UP.value: {S.READY},
        ToldKind.HANDED_OVER.value: ABROAD,
        ToldKind.BACK.value: ABROAD | DONE_THERE,
    }[kind]
    return "now" if state in due else "soon"
