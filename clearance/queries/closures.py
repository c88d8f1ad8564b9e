"""What a closure does to passes that are out, before it is announced."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.db.models import DurationField, ExpressionWrapper, F, Min

from clearance.queries.desk import routes_of
from ferry.models import Closure, Pass, PassState, Trip, TripState
from ferry.queries.issue import closures_from
from ferry.rules.closures import NO_TIME, elapsed, redate

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from datetime import datetime

    from django.db.models import QuerySet

    from ferry.models import Checkpoint, Route
    from ferry.rules.closures import Span


@dataclass(frozen=True)
class Moved:
    """A pass whose whole window would lie in closures, and the window it would get instead."""

    pass_: Pass
    opens_at: datetime
    closes_at: datetime


@dataclass(frozen=True)
class ClosureEffect:
    """What a closure touches: passes `moved`, passes that keep a shorter time, and vehicles beyond its reach.

    `companies` holds name, moved and shortened, the most touched first. `out` are on the bridge now.
    """

    moved: list[Moved]
    shortened: int
    companies: list[tuple[str, int, int]]
    out: int
    planned: int

    @property
    def reopenings(self) -> list[tuple[datetime, int]]:
        """Say how many would get a window that opens when."""
        return sorted(Counter(one.opens_at for one in self.moved).items())


def own_routes(checkpoints: Collection[Checkpoint]) -> list[Route]:
    return list(routes_of(checkpoints).select_related("exit", "entry").order_by("code"))


def closures_at(checkpoints: Collection[Checkpoint]) -> QuerySet[Closure]:
    """List the closures of the routes of these checkpoints, and those of every route."""
    rows = Closure.objects.filter(route__in=routes_of(checkpoints)) | Closure.objects.filter(route=None)
    return rows.select_related("route__exit", "route__entry")


def effect_of_closure(
    routes: Sequence[Route], *, starts_at: datetime, ends_at: datetime, at: datetime
) -> ClosureEffect:
    """Find out what a closure would do: four statements, whatever the number of passes."""
    spans = closures_from(at)
    moved: list[Moved] = []
    names: dict[int, str] = {}
    touched: dict[int, Counter[bool]] = {}
    for pass_ in _open_passes(routes, starts_at, ends_at):
        trip = pass_.trip
        of_route = (*spans.get(trip.route_id, ()), *spans.get(None, ()), (starts_at, ends_at))
        window = _moved_to(pass_, of_route)
        if window:
            moved.append(Moved(pass_, *window))
        names[trip.company_id] = trip.company.name
        touched.setdefault(trip.company_id, Counter())[window is not None] += 1
    companies = [(names[pk], count[True], count[False]) for pk, count in touched.items()]
    planned = Trip.objects.filter(
        route__in=routes, state=TripState.PLANNED, opens_at__lt=ends_at, closes_at__gt=starts_at
    )
    return ClosureEffect(
        moved,
        sum(count[False] for count in touched.values()),
        sorted(companies, key=lambda each: (-each[1] - each[2], each[0])),
        Trip.objects.filter(route__in=routes, state=TripState.EXITED).count(),
        planned.count(),
    )


def _open_passes(routes: Sequence[Route], starts_at: datetime, ends_at: datetime) -> QuerySet[Pass]:
    """Find the open passes that overlap a time, with the shortest window that each trip's passes had."""
    length = ExpressionWrapper(
        F("trip__passes__closes_at") - F("trip__passes__opens_at"), output_field=DurationField()
    )
    rows = Pass.objects.filter(
        state=PassState.OPEN, closes_at__gt=starts_at, opens_at__lt=ends_at, trip__route__in=routes
    )
    full = rows.filter(trip__state=TripState.READY).select_related("trip__company", "trip__vehicle")
    return full.annotate(planned_length=Min(length)).order_by("opens_at", "pk")


def _moved_to(pass_: Pass, closures: Sequence[Span]) -> Span | None:
    """Say where beat's own rule (clearance.queries.due) would move a pass."""
    if elapsed(pass_.opens_at, pass_.closes_at, closures) != NO_TIME:
        return None
    length = pass_.planned_length  # type: ignore[attr-defined]
    return redate(pass_.opens_at, pass_.opens_at + length, closures)


def moved_behind(closure: Closure) -> int:
    """Count the open passes that begin when a closure ends: they were moved there and stay."""
    rows = Pass.objects.filter(state=PassState.OPEN, closes_at__gt=closure.ends_at, opens_at=closure.ends_at)
    return rows.filter(trip__route=closure.route_id).count() if closure.route_id else rows.count()
