"""Find what a company's first page tells: where its vehicles are now, and what needs somebody.

Every read takes the same few queries however long a company's history is: each looks only at what is open.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import TYPE_CHECKING, Any, Generic, NamedTuple, TypeVar

from django.conf import settings
from django.db.models import (
    BooleanField,
    Count,
    DateField,
    ExpressionWrapper,
    F,
    Func,
    IntegerField,
    OuterRef,
    Q,
    Subquery,
    Sum,
    Value,
    Window,
)
from django.db.models.functions import Coalesce

from ferry.models import (
    Case,
    CaseState,
    Closure,
    Declaration,
    DeclarationStatus,
    Driver,
    Licence,
    Stay,
    Trip,
    TripState,
    Vehicle,
    Weight,
)
from ferry.queries.declarations import complete, counted_declarations
from ferry.queries.issue import CHINA, china_date, closures_from, kazakh_date, stays_of
from ferry.rules.closures import open_start
from ferry.rules.corridor import ENTRY_EXPECTED, PAPER_ENDS, RECEIPT_EXPECTED, WINDOW_ENDS
from ferry.rules.stays import PERIOD, WARN_AT, days_used

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from django.db.models import Model, QuerySet

    from ferry.models import Company
    from ferry.rules.closures import Span

Row = TypeVar("Row", bound="Model")

NEWEST, LONGEST, NAMED = 4, 3, 4
#: Closures over for longer than this stop no clock that still matters.
CLOSURES_SINCE = timedelta(days=60)
CLOSURES_AHEAD = timedelta(days=30)
#: The most drivers whose days are counted one by one, those with the longest stays first.
COUNTED = 200

UNDERWAY = (TripState.PLANNED, TripState.READY, TripState.EXITED, TripState.ARRIVED)
STAGES = ("yard", "exit", "bridge", "entry", "delivered")


class Underway(NamedTuple):
    """A vehicle in a stage of the corridor, and since when."""

    reference: str
    make: str
    vin: str
    driver: str
    since: datetime
    is_late: bool


@dataclass(frozen=True)
class Stage:
    """One of STAGES; `longest` are the vehicles that wait longest of those that are late."""

    name: str
    count: int
    late: int
    newest: list[Underway]
    longest: list[Underway]


@dataclass(frozen=True)
class Some(Generic[Row]):
    """The first few of `count` rows."""

    first: list[Row]
    count: int


@dataclass(frozen=True)
class Cases:
    """Open cases by weight, the heaviest first, and the first few as their list has them."""

    by_weight: dict[Weight, int]
    first: list[Case]


class StayUsed(NamedTuple):
    driver_id: int
    used: int


@dataclass(frozen=True)
class ClosureAhead:
    """A closure not yet over, and how many planned trips and issued codes its time touches."""

    closure: Closure
    planned: int
    ready: int


def is_beginning(company: Company) -> bool:
    """Say whether a company has registered no vehicle yet."""
    return not Vehicle.objects.filter(company=company).exists()


def corridor(company: Company, *, at: datetime) -> list[Stage]:
    """Tell where a company's vehicles are between the yard and the consignee."""
    inside = _stages(at)
    late = _late(at)
    own = Trip.objects.filter(company=company)
    underway = own.filter(state__in=UNDERWAY)
    counts = underway.aggregate(
        **{name: Count("pk", filter=within) for name, within in inside.items()},
        **{f"{name}_late": Count("pk", filter=inside[name] & behind) for name, behind in late.items()},
    )
    stages = []
    for name, within in inside.items():
        newest = _underway(underway.filter(within), name, late[name], newest_first=True, rows=NEWEST)
        waiting = underway.filter(within, late[name]).exclude(
            reference__in=[trip.reference for trip in newest]
        )
        longest = _underway(waiting, name, late[name], newest_first=False, rows=LONGEST)
        stages.append(Stage(name, counts[name], counts[f"{name}_late"], newest, longest))
    return [*stages, _delivered_today(own, at)]


def midnight(at: datetime) -> datetime:
    """Find when the day began in China."""
    return datetime.combine(china_date(at), time(), CHINA)


def open_cases(company: Company) -> Cases:
    rows = Case.objects.filter(company=company, state=CaseState.OPEN)
    counts = rows.order_by("-weight").values_list("weight").annotate(count=Count("*"))
    first = rows.select_related("trip", "declaration").order_by("-urgency", "-pk")
    return Cases({Weight(weight): count for weight, count in counts}, list(first[:NAMED]))


def lapsing_trips(company: Company, *, at: datetime) -> Some[Trip]:
    """Find trips with a code, not yet out, whose window ends soon, the soonest first."""
    trips = Trip.objects.filter(
        company=company, state=TripState.READY, closes_at__gt=at, closes_at__lte=at + WINDOW_ENDS
    )
    return _some(trips.select_related("vehicle", "driver").order_by("closes_at", "pk"))


def ending_passports(company: Company, *, at: datetime) -> Some[Driver]:
    return _ending_papers(company, "passport_expires_on", at)


def ending_driving_licences(company: Company, *, at: datetime) -> Some[Driver]:
    return _ending_papers(company, "licence_expires_on", at)


def ending_licences(company: Company, *, at: datetime) -> Some[Licence]:
    """Find export licences that expire soon with quantity left."""
    today = china_date(at)
    licences = Licence.objects.filter(
        company=company, used__lt=F("quantity"), expires_on__range=(today, today + PAPER_ENDS)
    )
    return _some(licences.order_by("expires_on", "pk"))


def long_stays(company: Company, *, at: datetime, most: int = COUNTED) -> list[StayUsed]:
    """List drivers who have reached a warning mark of stay days, most days first.

    Their days are whoever's they drove for; only the number is told.
    """
    on = kazakh_date(at)
    drivers = list(_long_away(company, on, most))
    rolling, both = settings.STAY_ROLLING, settings.STAY_COUNT_BOTH_TRAVEL_DAYS
    # Periods that do not roll are counted from the very first entry.
    since = on - timedelta(days=PERIOD) if rolling else None
    stays = stays_of((driver.person_id for driver in drivers), since=since)
    used = [
        StayUsed(driver.pk, days_used(stays[driver.person_id], on=on, rolling=rolling, count_both=both))
        for driver in drivers
    ]
    reached = [one for one in used if one.used >= WARN_AT[0]]
    return sorted(reached, key=lambda one: (-one.used, one.driver_id))


def driving(company: Company, driver_ids: Iterable[int]) -> dict[int, str]:
    """Give the names of those who still drive for a company."""
    drivers = Driver.objects.filter(company=company, is_active=True, pk__in=list(driver_ids))
    return dict(drivers.values_list("pk", "name"))


def closures_ahead(company: Company, *, at: datetime) -> list[ClosureAhead]:
    """List closures, running or soon, that touch windows of trips not yet out."""
    touched = Trip.objects.filter(
        company=company,
        # A closure without a route closes every one.
        route=Coalesce(OuterRef("route"), F("route")),
        opens_at__lt=OuterRef("ends_at"),
        closes_at__gt=OuterRef("starts_at"),
    ).order_by()
    closures = Closure.objects.filter(ends_at__gt=at, starts_at__lt=at + CLOSURES_AHEAD)
    rows = closures.annotate(
        planned=_count(touched.filter(state=TripState.PLANNED)),
        ready=_count(touched.filter(state=TripState.READY)),
    ).filter(Q(planned__gt=0) | Q(ready__gt=0))
    rows = rows.select_related("route__exit", "route__entry").order_by("starts_at", "pk")
    return [ClosureAhead(row, row.planned, row.ready) for row in rows[:NAMED]]


def incomplete_declarations(company: Company) -> Some[Declaration]:
    """Find declarations that customs closed while an exit record of some vehicle is missing.

    One that is whole is ready for its refund only when reconciliation has looked, a minute later or so.
    """
    closed = counted_declarations(company).filter(
        status=DeclarationStatus.CLOSED, refund_ready_at__isnull=True, closed_at__isnull=False
    )
    lacking = closed.filter(Q(out__lt=F("quantity")) | ~Q(complete()))
    return _some(lacking.order_by("closed_at", "pk"))


def _stages(at: datetime) -> dict[str, Q]:
    return {
        "yard": Q(state=TripState.PLANNED) | Q(state=TripState.READY, opens_at__gt=at),
        "exit": Q(state=TripState.READY, opens_at__lte=at),
        "bridge": Q(state=TripState.EXITED),
        "entry": Q(state=TripState.ARRIVED),
    }


def _late(at: datetime) -> dict[str, Q]:
    """Say for each stage which of its trips wait longer than expected."""
    closures = closures_from(at - CLOSURES_SINCE)
    return {
        "yard": Q(state=TripState.PLANNED, opens_at__lte=at),
        "exit": Q(closes_at__lte=at + WINDOW_ENDS),
        "bridge": _left_before(ENTRY_EXPECTED, closures, at),
        "entry": _left_before(RECEIPT_EXPECTED, closures, at),
    }


def _left_before(limit: timedelta, closures: Mapping[int | None, Sequence[Span]], at: datetime) -> Q:
    """Say which trips left more open time ago than the limit; a closure stops the clocks of its route."""
    every = closures.get(None, ())
    routes = {route: spans for route, spans in closures.items() if route is not None}
    late = Q(exited_at__lt=open_start(at, limit, every)) & ~Q(route__in=list(routes))
    for route, spans in routes.items():
        late |= Q(route=route, exited_at__lt=open_start(at, limit, [*every, *spans]))
    return late


#: Since when a trip is in its stage.
SINCE = {
    "yard": "created_at",
    "exit": "opens_at",
    "bridge": "exited_at",
    "entry": "arrived_at",
    "delivered": "delivered_at",
}


def _underway(trips: QuerySet[Trip], stage: str, late: Q, *, newest_first: bool, rows: int) -> list[Underway]:
    since = SINCE[stage]
    # By the column alone, PostgreSQL may walk years of trips in its order to find the few that are open.
    moment = Coalesce(since, "created_at")
    order = (moment.desc(), "-pk") if newest_first else (moment.asc(), "pk")
    is_late = ExpressionWrapper(late, BooleanField())
    told = ("reference", "vehicle__make", "vehicle__vin", "driver__name", since, is_late)
    # Chosen first, so that only these few are joined with their vehicles and drivers.
    chosen = Trip.objects.filter(pk__in=trips.order_by(*order).values("pk")[:rows])
    return [Underway(*row) for row in chosen.order_by(*order).values_list(*told)]


def _delivered_today(own: QuerySet[Trip], at: datetime) -> Stage:
    today = own.filter(delivered_at__gte=midnight(at))
    newest = _underway(today, "delivered", Q(pk__isnull=True), newest_first=True, rows=NEWEST)
    return Stage("delivered", today.count(), 0, newest, [])


def _ending_papers(company: Company, paper: str, at: datetime) -> Some[Driver]:
    """Find drivers at work whose paper has expired or soon will, the soonest first."""
    drivers = Driver.objects.filter(
        company=company, is_active=True, **{f"{paper}__lte": china_date(at) + PAPER_ENDS}
    )
    return _some(drivers.order_by(paper, "pk"))


def _long_away(company: Company, on: date, most: int) -> QuerySet[Driver]:
    """Pick drivers who may have reached a warning mark, by a sum that is never less than the days that count.

    Counting exactly takes every stay of a driver; the sum spares that for all but a few.
    """
    drivers = Driver.objects.filter(company=company, is_active=True).exclude(nationality="KZ")
    last = Coalesce("left_on", Value(on, DateField()))
    away = (
        Stay.objects.filter(person__in=drivers.values("person"), entered_on__lte=on)
        .filter(Q(left_on__isnull=True) | Q(left_on__gt=on - timedelta(days=PERIOD)))
        .values_list("person")
        .annotate(days=Sum(Days(last, "entered_on")))
        .filter(days__gte=WARN_AT[0])
        .order_by("-days", "person")
    )
    return drivers.filter(person__in=away.values("person")[:most])


class Days(Func):
    """Count the days of a stay, the last and the first, both included."""

    output_field = IntegerField()
    arg_joiner = " - "
    template = "(%(expressions)s + 1)"

    def as_sqlite(self, compiler: Any, connection: Any, **extra: Any) -> Any:
        template = "CAST(julianday(%(expressions)s) + 1 AS INTEGER)"
        return self.as_sql(compiler, connection, template=template, arg_joiner=") - julianday(", **extra)


def _count(trips: QuerySet[Trip]) -> Coalesce:
    counted = trips.values("company").annotate(count=Count("*")).values("count")
    return Coalesce(Subquery(counted, output_field=IntegerField()), 0)


def _some(rows: QuerySet[Row]) -> Some[Row]:
    first = list(rows.annotate(of=Window(Count("*")))[:NAMED])
    return Some(first, getattr(first[0], "of") if first else 0)  # noqa: B009  (the annotation)
