"""What the lanes of a checkpoint are doing now: a fixed number of statements, however many scans are kept.

A *shift* is the last twelve hours, read by the index on checkpoint and time of recording.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from django.db.models import Count, Max, Min, Q
from django.db.models.functions import TruncHour

from clearance.models import Examination, Scan, Verdict
from clearance.queries.lane import SHIFT
from clearance.rules.live import BAR, BARS, PAPER, bars, is_offline, is_silent, seconds_per_car
from ferry.queries.issue import CHINA

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from ferry.models import Checkpoint

HOUR = timedelta(hours=1)
#: The most scans of an hour that are looked at one by one; a port has three hundred.
LOOKED_AT = 20_000
LONGEST_WAITING = 8

Key = tuple[int, str]


@dataclass(frozen=True)
class Waiting:
    """Examinations of a lane that nobody has decided, and since when the first of them waits."""

    count: int
    since: datetime


@dataclass(frozen=True)
class Lane:
    """A lane that scanned this shift. `bars` and `seconds` are of the last hour, `verdicts` of the shift."""

    checkpoint: Checkpoint
    name: str
    last_at: datetime
    bars: list[int]
    seconds: float | None
    verdicts: dict[str, int]
    waiting: Waiting | None
    is_offline: bool
    is_silent: bool

    @property
    def cars(self) -> int:
        return sum(self.bars)

    @property
    def is_paper(self) -> bool:
        return self.name == PAPER


@dataclass(frozen=True)
class Hour:
    """An hour of the shift: how many were released, and how many sent to examination or refused."""

    began_at: datetime
    released: int
    stopped: int


@dataclass(frozen=True)
class Picture:
    """All lanes that scanned this shift, and the examinations that wait longest."""

    lanes: list[Lane]
    waiting: int
    longest: list[Examination]

    @property
    def cars(self) -> int:
        return sum(lane.cars for lane in self.lanes)

    @property
    def verdicts(self) -> dict[str, int]:
        return {verdict: sum(lane.verdicts[verdict] for lane in self.lanes) for verdict in Verdict.values}

    @property
    def scans(self) -> int:
        return sum(self.verdicts.values())

    @property
    def offline(self) -> list[Lane]:
        return [lane for lane in self.lanes if lane.is_offline]

    @property
    def silent(self) -> list[Lane]:
        return [lane for lane in self.lanes if lane.is_silent]


def live_picture(checkpoints: Sequence[Checkpoint], *, at: datetime) -> Picture:
    lately = _last_hour(checkpoints, at)
    waiting = _waiting(checkpoints)
    lanes = _lanes(checkpoints, lately, waiting, at)
    total = sum(each.count for each in waiting.values())
    return Picture(lanes, total, _longest_waiting(checkpoints) if total else [])


def minutes_of_hour(checkpoints: Sequence[Checkpoint], *, at: datetime) -> list[tuple[int, int]]:
    """Count the last hour by five minutes: released, and sent to examination or refused."""
    moments: dict[bool, list[datetime]] = defaultdict(list)
    for scans in _last_hour(checkpoints, at).values():
        for scanned_at, verdict in scans:
            moments[verdict == Verdict.RELEASE].append(scanned_at)
    return list(zip(bars(moments[True], at=at), bars(moments[False], at=at), strict=True))


def hours_of_shift(checkpoints: Sequence[Checkpoint], *, at: datetime) -> list[Hour]:
    """Count the shift by the hour, Beijing's; both sides' hours begin together."""
    since = at.replace(minute=0, second=0, microsecond=0) - SHIFT + HOUR
    rows = (
        Scan.objects.filter(checkpoint__in=checkpoints, recorded_at__gte=since, scanned_at__gte=since)
        .order_by()
        .values_list(TruncHour("scanned_at", tzinfo=CHINA))
        .annotate(released=Count("pk", filter=Q(verdict=Verdict.RELEASE)), all=Count("pk"))
    )
    counts = {began_at: (released, all_ - released) for began_at, released, all_ in rows}
    begins = [since + HOUR * place for place in range(SHIFT // HOUR)]
    return [Hour(began_at, *counts.get(began_at, (0, 0))) for began_at in begins]


def _lanes(
    checkpoints: Sequence[Checkpoint],
    lately: dict[Key, list[tuple[datetime, str]]],
    waiting: dict[Key, Waiting],
    at: datetime,
) -> list[Lane]:
    by_id = {checkpoint.pk: checkpoint for checkpoint in checkpoints}
    offline = ~Q(offline_verdict="")
    rows = (
        Scan.objects.filter(checkpoint__in=checkpoints, recorded_at__gte=at - SHIFT)
        .order_by()
        .values_list("checkpoint_id", "lane")
        .annotate(
            **{verdict: Count("pk", filter=Q(verdict=verdict)) for verdict in Verdict.values},
            last_at=Max("scanned_at"),
            heard_at=Max("recorded_at"),
            online_at=Max("scanned_at", filter=~offline),
            offline_at=Max("scanned_at", filter=offline),
        )
    )
    found = []
    for checkpoint, name, release, examine, refuse, last_at, heard_at, online_at, offline_at in rows:
        moments = [scanned_at for scanned_at, _verdict in lately.get((checkpoint, name), ())]
        found.append(
            Lane(
                by_id[checkpoint],
                name,
                last_at,
                bars(moments, at=at),
                seconds_per_car(moments),
                dict(zip(Verdict.values, (release, examine, refuse), strict=True)),
                waiting.get((checkpoint, name)),
                is_offline=name != PAPER and is_offline(online_at, offline_at),
                is_silent=name != PAPER and is_silent(heard_at, at=at),
            )
        )
    return sorted(found, key=lambda lane: (lane.checkpoint.code, len(lane.name), lane.name))


def _last_hour(checkpoints: Sequence[Checkpoint], at: datetime) -> dict[Key, list[tuple[datetime, str]]]:
    since = at - BAR * BARS
    rows = Scan.objects.filter(checkpoint__in=checkpoints, recorded_at__gte=since, scanned_at__gte=since)
    found: dict[Key, list[tuple[datetime, str]]] = defaultdict(list)
    columns = ("checkpoint_id", "lane", "scanned_at", "verdict")
    for checkpoint, lane, scanned_at, verdict in rows.order_by().values_list(*columns)[:LOOKED_AT]:
        found[checkpoint, lane].append((scanned_at, verdict))
    return found


def _waiting(checkpoints: Sequence[Checkpoint]) -> dict[Key, Waiting]:
    rows = (
        Examination.objects.filter(outcome="", scan__checkpoint__in=checkpoints)
        .order_by()
        .values_list("scan__checkpoint_id", "scan__lane")
        .annotate(Count("pk"), Min("opened_at"))
    )
    return {(checkpoint, lane): Waiting(count, since) for checkpoint, lane, count, since in rows}


def _longest_waiting(checkpoints: Sequence[Checkpoint]) -> list[Examination]:
    rows = Examination.objects.filter(outcome="", scan__checkpoint__in=checkpoints)
    full = rows.select_related("scan__checkpoint", "scan__pass_used", "scan__trip__vehicle")
    return list(full.order_by("opened_at", "pk")[:LONGEST_WAITING])
