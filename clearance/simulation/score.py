"""Compare what reconciliation found with what is true, kind by kind."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import NamedTuple

from clearance.rules.assess import NOT_ASSESSED
from clearance.simulation.faults import Truth
from ferry.models import CaseKind

#: What a case or a truth is of: a trip by its VIN or a declaration by its number, and the kind.
Found = tuple[str, str, str]


class Miss(NamedTuple):
    """A kind that was not found although it is true, or found although it is not."""

    about: str
    key: str
    kind: str
    fault: str
    is_extra: bool


@dataclass(frozen=True)
class Line:
    """One kind: how many there are, how many were found, and how many of these are true."""

    kind: str
    expected: int
    found: int
    right: int

    @property
    def recall(self) -> float:
        return self.right / self.expected if self.expected else 1.0

    @property
    def precision(self) -> float:
        return self.right / self.found if self.found else 1.0


@dataclass(frozen=True)
class Score:
    """What was found beside what is true; `later` counts what waits for a limit that has not run out."""

    lines: tuple[Line, ...]
    misses: tuple[Miss, ...]
    later: Mapping[str, int]

    @property
    def is_perfect(self) -> bool:
        return not self.misses


def score(truths: Iterable[Truth], found: Iterable[Found]) -> Score:
    """Compare; what was found of things that the truth does not name is nobody's business."""
    known = {(truth.about, truth.key): truth for truth in truths}
    expected = {(about, key, kind) for (about, key), truth in known.items() for kind in truth.kinds}
    later = {(about, key, kind) for (about, key), truth in known.items() for kind in truth.later}
    seen = {each for each in found if (each[0], each[1]) in known} - later
    counts = [Counter(kind for _about, _key, kind in some) for some in (expected, seen, expected & seen)]
    kinds = [kind for kind in CaseKind.values if kind not in NOT_ASSESSED]
    lines = tuple(Line(kind, *(some[kind] for some in counts)) for kind in kinds)
    misses = [
        Miss(*each, known[each[0], each[1]].fault, is_extra=each in seen) for each in sorted(expected ^ seen)
    ]
    return Score(lines, tuple(misses), Counter(kind for _about, _key, kind in later))


# --- The truth as a file -----------------------------------------------------------------------


class World(NamedTuple):
    """The first line of a truth file: which world it is of, and when its last limit has run out."""

    seed: int
    starts_at: datetime
    ends_at: datetime


def write_truth(world: World, truths: Iterable[Truth]) -> Iterator[str]:
    head = {"about": "world", "seed": world.seed}
    yield json.dumps({**head, "starts_at": world.starts_at.isoformat(), "ends_at": world.ends_at.isoformat()})
    for truth in truths:
        yield json.dumps(asdict(truth))


def read_truth(lines: Iterable[str]) -> tuple[World, list[Truth]]:
    """Read a truth file; ValueError says in which line it is none."""
    world, truths = None, []
    for number, text in enumerate(lines, start=1):
        try:
            said = json.loads(text)
            if said["about"] == "world":
                moments = (datetime.fromisoformat(said[name]) for name in ("starts_at", "ends_at"))
                world = World(said["seed"], *moments)
                continue
            said |= {name: tuple(said[name]) for name in ("kinds", "withheld", "later")}
            truths.append(Truth(**said))
        except (ValueError, KeyError, TypeError) as error:
            raise ValueError(f"Line {number} is no line of a truth file.") from error
    if world is None:
        raise ValueError("There is no line about the world: it is no truth file, or only a part of one.")
    return world, truths


def told(score: Score) -> Iterator[str]:
    """Tell a score as a table, with every miss below it."""
    yield f"{'kind':24}{'expected':>9}{'found':>7}{'recall':>8}{'precision':>11}"
    for line in score.lines:
        told = f"{line.kind:24}{line.expected:>9}{line.found:>7}"
        if line.expected or line.found:
            yield f"{told}{line.recall:>8.3f}{line.precision:>11.3f}"
        else:
            later = score.later.get(line.kind, 0)
            yield f"{told}  absent" + (f": {later} wait for a limit that has not run out" if later else "")
    for miss in score.misses:
        what = "found, but not true" if miss.is_extra else "true, but not found"
        yield f"{what}: {miss.kind} of {miss.about} {miss.key} ({miss.fault or 'no fault'})"


def by_fault(truths: Iterable[Truth]) -> Mapping[str, int]:
    """Count the trips of each fault."""
    counts: defaultdict[str, int] = defaultdict(int)
    for truth in truths:
        if truth.about == "trip":
            counts[truth.fault or "none"] += 1
    return dict(counts)
