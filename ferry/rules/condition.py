"""What a condition check says, and which of its marks were not there before."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, TypeVar

from ferry.rules.outline import SIZES

if TYPE_CHECKING:
    from collections.abc import Iterable

#: Two people who mean the same scratch tap it within so many units of the drawing (a car is 240 long).
NEAR = 20.0


class Placed(Protocol):
    """Something marked on a side's drawing, in thousandths of its width and height."""

    @property
    def side(self) -> str: ...
    @property
    def x(self) -> int: ...
    @property
    def y(self) -> int: ...


@dataclass(frozen=True)
class Mark:
    """A damage as it was marked; `number` is what its maker sees beside it."""

    number: int
    side: str
    x: int
    y: int
    kind: str


@dataclass(frozen=True)
class Looked:
    """What somebody found when he looked a vehicle over."""

    marks: tuple[Mark, ...] = ()
    odometer_km: int | None = None
    level_percent: int | None = None
    keys: int | None = None
    note: str = ""


M = TypeVar("M", bound=Placed)


def new_marks(earlier: Iterable[Placed], later: Iterable[M]) -> list[M]:
    """Give the later marks that match none of the earlier: same side and near, the nearest first.

    An earlier mark answers for one later mark only: a second scratch beside the known one is new.
    """
    earlier, later = list(earlier), list(later)
    near = sorted(
        (distance, here, there)
        for here, mark in enumerate(later)
        for there, other in enumerate(earlier)
        if mark.side == other.side and (distance := distance_of(mark, other)) <= NEAR
    )
    matched: set[int] = set()
    taken: set[int] = set()
    for _distance, here, there in near:
        if here not in matched and there not in taken:
            matched.add(here)
            taken.add(there)
    return [mark for here, mark in enumerate(later) if here not in matched]


def distance_of(one: Placed, other: Placed) -> float:
    """Measure how far two marks of one side are apart, in units of its drawing."""
    width, height = SIZES[one.side]
    return math.hypot((one.x - other.x) * width / 1000, (one.y - other.y) * height / 1000)
