"""How a delivery stands for the one at its windscreen: what he may still say, and when its page is over."""

from __future__ import annotations

from datetime import timedelta
from enum import StrEnum
from typing import TYPE_CHECKING

from ferry.models import ON_THE_WAY, PassState

if TYPE_CHECKING:
    from datetime import datetime

#: After the receipt, or after the end of a pass that nobody confirmed.
SHOWN_FOR = timedelta(days=60)


class Standing(StrEnum):
    """`OPEN` and `REFUSED` may still be confirmed; what is `DEAD` only by the company's new code."""

    OPEN = "open"
    REFUSED = "refused"
    CONFIRMED = "confirmed"
    DEAD = "dead"

    @property
    def may_confirm(self) -> bool:
        return self in {Standing.OPEN, Standing.REFUSED}


def standing(*, trip_state: str, pass_state: str, is_confirmed: bool, is_refused: bool) -> Standing:
    if is_confirmed:
        return Standing.CONFIRMED
    if pass_state not in {PassState.OPEN, PassState.SPENT} or trip_state not in ON_THE_WAY:
        return Standing.DEAD
    return Standing.REFUSED if is_refused else Standing.OPEN


def is_over(*, closes_at: datetime, confirmed_at: datetime | None, at: datetime) -> bool:
    """Say whether a code's page tells nothing any more but that it is over."""
    return at >= (confirmed_at or closes_at) + SHOWN_FOR
