"""Draw who is examined, so that scanning again changes nothing and nobody outside can foresee it."""

from __future__ import annotations

import hashlib
import hmac
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple
from uuid import UUID

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

HOURS = 24


class Share(NamedTuple):
    """What one rule examines: a share (0 to 1) in the hours from the first up to the last, or at any hour."""

    share: float
    from_hour: int | None = None
    until_hour: int | None = None

    def holds(self, hour: int) -> bool:
        return is_within(hour, self.from_hour, self.until_hour)


def is_within(hour: int, from_hour: int | None, until_hour: int | None) -> bool:
    """Say whether an hour lies in hours that may run over midnight; without any it does."""
    if from_hour is None or until_hour is None:
        return True
    if from_hour < until_hour:
        return from_hour <= hour < until_hour
    return hour >= from_hour or hour < until_hour


def share_at(shares: Iterable[Share], hour: int, *, least: float = 0.0) -> float:
    """Give the largest share that holds at an hour of the checkpoint, `least` at the least."""
    return max(least, *(one.share for one in shares if one.holds(hour)), 0.0)


def hours_drawn(shares: Sequence[Share], *, lot: float, least: float = 0.0) -> list[tuple[int, int]]:
    """Name the hours in which a pass is drawn; none where it is never drawn, or at any hour."""
    always = max((one.share for one in shares if one.from_hour is None), default=0.0)
    if lot < max(always, least):
        return []
    return [
        (one.from_hour, one.until_hour)
        for one in shares
        if one.from_hour is not None and one.until_hour is not None and lot < one.share
    ]


def is_drawn(*, pass_id: UUID, crossing: str, share: float, key: bytes) -> bool:
    """Say whether a pass falls into the share (0 to 1) examined at a crossing; `key` is secret."""
    return share > 0 and lot(pass_id=pass_id, crossing=crossing, key=key) < share


def lot(*, pass_id: UUID, crossing: str, key: bytes) -> float:
    """Give a pass its number at a crossing: even over 0 to 1, below 1, always the same."""
    digest = hmac.digest(key, pass_id.bytes + crossing.encode(), hashlib.sha256)
    # 53 bits are what a float holds; more would round up to 1.
    return (int.from_bytes(digest[:8], "big") >> 11) / (1 << 53)


# --- What a rule would have done -----------------------------------------------------------------


class Seen(NamedTuple):
    """One pass that was scanned: its lot, the hour at the checkpoint, and whether it was examined then.

    `fits` and `fitted` say whether it is what the rule is about, and what the rule it replaces is about.
    """

    lot: float
    hour: int
    was_examined: bool
    fits: bool
    fitted: bool = False


@dataclass
class Effect:
    """What a rule would have done to the passes seen.

    `added` would have been examined and were not; `dropped` were examined because of the rule replaced alone.
    `by_hour` holds, for each hour, how many were examined and how many would have been.
    """

    seen: int = 0
    fit: int = 0
    selected: int = 0
    examined: int = 0
    added: int = 0
    dropped: int = 0
    before: Counter[int] = field(default_factory=Counter)
    after: Counter[int] = field(default_factory=Counter)

    @property
    def by_hour(self) -> list[tuple[int, int]]:
        return [(self.before[hour], self.after[hour]) for hour in range(HOURS)]


def foresee(rule: Share, seen: Iterable[Seen], *, replaced: Share | None = None) -> Effect:
    """Draw the passes seen again, as the rule would have; the draw is the one that would really be made."""
    effect = Effect()
    for one in seen:
        fits = one.fits and rule.holds(one.hour)
        is_selected = fits and one.lot < rule.share
        was_selected = bool(replaced and one.fitted and replaced.holds(one.hour) and one.lot < replaced.share)
        is_dropped = one.was_examined and was_selected and not is_selected
        effect.seen += 1
        effect.fit += fits
        effect.selected += is_selected
        effect.examined += one.was_examined
        effect.added += is_selected and not one.was_examined
        effect.dropped += is_dropped
        effect.before[one.hour] += one.was_examined
        effect.after[one.hour] += (one.was_examined and not is_dropped) or is_selected
    return effect
