"""Count a company's day from its rows, and read reports from days that are counted.

Days are Beijing's. Counting reads only the rows of the day, by index; a report reads one short row a day and
route, however many trips there were.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import TYPE_CHECKING, Any

from django.db.models import Exists, F, Max, Min, OuterRef, Q, Subquery

from ferry.models import (
    Case,
    CompanyDay,
    DayMark,
    EventKind,
    Outcome,
    Pass,
    Said,
    Timed,
    Trip,
    TripEvent,
    TripState,
)
from ferry.queries.issue import CHINA, china_date
from ferry.rules.reports import merged, minutes_between, percentile

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from ferry.models import Company, Route
    from ferry.rules.reports import Period

#: A company's day.
Day = tuple[int, date]
COUNTS = (
    "planned",
    "issued",
    "cancelled",
    "lapsed",
    "exited",
    "arrived",
    "delivered",
    "discharged",
    "returned",
)
#: What the event of a scan says of its verdict.
SAID = {
    EventKind.EXITED.value: Said.RELEASE,
    EventKind.ARRIVED.value: Said.RELEASE,
    EventKind.EXAMINE.value: Said.EXAMINE,
    EventKind.REFUSED.value: Said.REFUSE,
}
MATCHED = (Outcome.MATCHED.value, Outcome.MATCHED_LATE.value)


# --- Counting a day --------------------------------------------------------------------------------


@dataclass
class Tally:
    """What is counted of a route on a day."""

    counts: Counter[str] = field(default_factory=Counter)
    outcomes: Counter[str] = field(default_factory=Counter)
    times: dict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    verdicts: Counter[str] = field(default_factory=Counter)
    cases: Counter[str] = field(default_factory=Counter)

    def took(self, stage: Timed, earlier: datetime | None, later: datetime) -> None:
        minutes = None if earlier is None else minutes_between(earlier, later)
        if minutes is not None:
            self.times[stage.value][str(minutes)] += 1

    @property
    def kept(self) -> dict[str, Any]:
        """Give it as a row keeps it, in an order that is always the same."""
        return {
            **{name: self.counts[name] for name in COUNTS},
            "outcomes": dict(sorted(self.outcomes.items())),
            "times": {
                stage: {str(minutes): times[str(minutes)] for minutes in sorted(map(int, times))}
                for stage, times in sorted(self.times.items())
            },
            "verdicts": dict(sorted(self.verdicts.items())),
            "cases": dict(sorted(self.cases.items())),
        }


def counted_day(company_id: int, on: date) -> dict[int | None, dict[str, Any]]:
    """Count a company's day from its trips and cases, by route; only routes on which something was."""
    tallies: dict[int | None, Tally] = defaultdict(Tally)
    _count_planned(tallies, company_id, on)
    _count_exits(tallies, company_id, on)
    _count_later(tallies, company_id, on)
    _count_verdicts(tallies, company_id, on)
    _count_cases(tallies, company_id, on)
    return {route: tally.kept for route, tally in tallies.items()}


def day_span(on: date) -> tuple[datetime, datetime]:
    """Give the moments between which a day of Beijing's lies."""
    start = datetime.combine(on, time(), CHINA)
    return start, start + timedelta(days=1)


def _of_day(company_id: int, moment: str, on: date) -> Any:
    start, end = day_span(on)
    return Trip.objects.filter(
        company=company_id, **{f"{moment}__gte": start, f"{moment}__lt": end}
    ).order_by()


def _count_planned(tallies: dict[int | None, Tally], company_id: int, on: date) -> None:
    issued = Exists(Pass.objects.filter(trip=OuterRef("pk")))
    for route, state, is_issued in _of_day(company_id, "opens_at", on).values_list("route", "state", issued):
        counts = tallies[route].counts
        counts["planned"] += 1
        counts["issued"] += is_issued
        counts["cancelled"] += state == TripState.CANCELLED
        counts["lapsed"] += state == TripState.LAPSED


def _count_exits(tallies: dict[int | None, Tally], company_id: int, on: date) -> None:
    """Count from the last code issued before the exit: the one it left on."""
    before = Pass.objects.filter(trip=OuterRef("pk"), issued_at__lte=OuterRef("exited_at"))
    issued_at = Subquery(before.order_by().values("trip").annotate(last=Max("issued_at")).values("last"))
    rows = _of_day(company_id, "exited_at", on).values_list(
        "route", "state", "outcome", "exited_at", issued_at
    )
    for route, state, outcome, exited_at, issued in rows:
        tally = tallies[route]
        tally.counts["exited"] += 1
        tally.counts["returned"] += state == TripState.RETURNED
        tally.outcomes[outcome] += 1
        tally.took(Timed.ISSUE_EXIT, issued, exited_at)


def _count_later(tallies: dict[int | None, Tally], company_id: int, on: date) -> None:
    arrived = _of_day(company_id, "arrived_at", on)
    for route, exited_at, arrived_at in arrived.values_list("route", "exited_at", "arrived_at"):
        tallies[route].counts["arrived"] += 1
        tallies[route].took(Timed.EXIT_ENTRY, exited_at, arrived_at)
    moments = ("exited_at", "arrived_at", "delivered_at", "discharged_at")
    for route, exited_at, arrived_at, delivered_at, _discharged in _of_day(
        company_id, "delivered_at", on
    ).values_list("route", *moments):
        tallies[route].counts["delivered"] += 1
        tallies[route].took(Timed.ENTRY_RECEIPT, arrived_at, delivered_at)
        tallies[route].took(Timed.EXIT_RECEIPT, exited_at, delivered_at)
    discharged = _of_day(company_id, "discharged_at", on)
    for route, delivered_at, discharged_at in discharged.values_list("route", *moments[2:]):
        tallies[route].counts["discharged"] += 1
        tallies[route].took(Timed.RECEIPT_DISCHARGE, delivered_at, discharged_at)


def _count_verdicts(tallies: dict[int | None, Tally], company_id: int, on: date) -> None:
    """Count what scans ended in; what only records tell of an exit or entry names no lane."""
    start, end = day_span(on)
    events = TripEvent.objects.filter(
        kind__in=list(SAID), at__gte=start, at__lt=end, trip__company=company_id
    )
    for kind, data, route in events.order_by().values_list("kind", "data", "trip__route"):
        if "lane" in data:
            tallies[route].verdicts[SAID[kind].value] += 1


def _count_cases(tallies: dict[int | None, Tally], company_id: int, on: date) -> None:
    """Count a declaration's case on the route of its first trip."""
    start, end = day_span(on)
    first = Trip.objects.filter(declaration=OuterRef("declaration")).order_by("pk").values("route")[:1]
    cases = Case.objects.filter(company=company_id, opened_at__gte=start, opened_at__lt=end).order_by()
    for kind, route, of_declaration in cases.values_list("kind", "trip__route", Subquery(first)):
        tallies[route or of_declaration].cases[kind] += 1


# --- Which days changed ----------------------------------------------------------------------------


def marked_companies() -> list[int]:
    """List companies that have days to count, who waits longest first."""
    rows = DayMark.objects.values("company").annotate(first=Min("pk")).order_by("first")
    return list(rows.values_list("company", flat=True))


def first_day() -> date | None:
    """Find the earliest day on which any trip's window opens."""
    earliest = Trip.objects.aggregate(first=Min("opens_at"))["first"]
    return china_date(earliest) if earliest else None


# --- Reading a report ------------------------------------------------------------------------------


@dataclass(frozen=True)
class Figures:
    """The sum of some days; `times` as in CompanyDay."""

    counts: Mapping[str, int]
    outcomes: Mapping[str, int]
    times: Mapping[str, Mapping[str, int]]
    verdicts: Mapping[str, int]
    cases: Mapping[str, int]

    @property
    def is_empty(self) -> bool:
        return not any(self.counts.values()) and not self.verdicts and not self.cases

    @property
    def judged(self) -> int:
        """Count the trips of which reconciliation says more than that they are within their time."""
        return sum(number for outcome, number in self.outcomes.items() if outcome != Outcome.WAITING)

    @property
    def matched_share(self) -> float | None:
        """Give the share of what matched, in time or late, of what was judged; None of nothing."""
        judged = self.judged
        return sum(self.outcomes.get(one, 0) for one in MATCHED) / judged if judged else None

    @property
    def released_share(self) -> float | None:
        """Give the share of scans at which the barrier lifted at once; None without any scan."""
        scans = sum(self.verdicts.values())
        return self.verdicts.get(Said.RELEASE, 0) / scans if scans else None

    @property
    def opened(self) -> int:
        return sum(self.cases.values())

    def median(self, stage: str) -> int | None:
        """Give the minutes within which half were done."""
        return percentile(self.times.get(stage, {}), 0.5)

    def p90(self, stage: str) -> int | None:
        return percentile(self.times.get(stage, {}), 0.9)

    def timed(self, stage: str) -> int:
        return sum(self.times.get(stage, {}).values())


@dataclass(frozen=True)
class Report:
    """A period and the one it is compared with; `days` are those that are drawn, `routes` the period's."""

    period: Period
    compared: Period
    now: Figures
    before: Figures
    days: Sequence[tuple[date, Figures]]
    routes: Sequence[tuple[Route | None, Figures]]


def is_counting(company: Company, report: Report) -> bool:
    """Say whether something of a report's days waits to be counted, or to be announced before that."""
    marks = DayMark.objects.filter(company=company, on__gte=report.compared.first, on__lte=report.period.last)
    news = TripEvent.objects.filter(announced_at__isnull=True, trip__company=company)
    return marks.exists() or news.exists()


#: At least so many days are drawn.
DRAWN = 14


def company_report(company: Company, period: Period, *, routes: Sequence[Route] = (), today: date) -> Report:
    """Read a company's report, of some routes or of all."""
    rows = CompanyDay.objects.filter(company=company)
    return _report(rows.filter(route__in=routes) if routes else rows, period, today)


def _report(rows: Any, period: Period, today: date) -> Report:
    compared, so_far = period.compared(today), period.until(today)
    drawn = drawn_days(so_far)
    since = min(compared.first, drawn[0])
    found = list(
        rows.filter(Q(on__gte=since, on__lte=period.last))
        .select_related("route__exit", "route__entry")
        .order_by("on", F("route__code").asc(nulls_last=True))
    )
    by_day: dict[date, list[CompanyDay]] = defaultdict(list)
    for row in found:
        by_day[row.on].append(row)
    within = [row for row in found if period.first <= row.on]
    by_route: dict[int | None, list[CompanyDay]] = defaultdict(list)
    for row in sorted(within, key=lambda row: row.route.code if row.route else "~"):
        by_route[row.route_id].append(row)
    return Report(
        period,
        compared,
        figures_of(within),
        figures_of(row for row in found if compared.first <= row.on <= compared.last),
        [(on, figures_of(by_day[on])) for on in drawn],
        [(rows[0].route, figures_of(rows)) for rows in by_route.values()],
    )


def drawn_days(period: Period) -> list[date]:
    """Say which days are drawn: the period's, and days before a short one."""
    days = max(len(period.days), DRAWN if period.kind != "month" else 1)
    return [period.last - timedelta(days=back) for back in reversed(range(days))]


def figures_of(rows: Iterable[CompanyDay]) -> Figures:
    """Sum days up; times are put together, so that medians are of all of them."""
    rows = list(rows)
    stages = {stage for row in rows for stage in row.times}
    return Figures(
        {name: sum(getattr(row, name) for row in rows) for name in COUNTS},
        merged(row.outcomes for row in rows),
        {stage: merged(row.times.get(stage, {}) for row in rows) for stage in stages},
        merged(row.verdicts for row in rows),
        merged(row.cases for row in rows),
    )
