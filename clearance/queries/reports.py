"""Count a checkpoint's day from its scans, and read its reports from days that are counted.

Days are the checkpoint's own: Beijing's at an exit, Astana's at an entry; a scan belongs to the day on which
it was made, whenever it was uploaded.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from django.db.models import Min, Q, Sum

from clearance.models import Counted, LaneDay, Scan, SenderDay, Verdict
from clearance.rules.live import close_gaps
from ferry.models import Company, CompanyDay, Outcome, Route
from ferry.queries.reports import MATCHED, drawn_days
from ferry.rules.reports import merged, percentile

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from ferry.models import Checkpoint
    from ferry.rules.reports import Period

#: A company's trips of a route; neither of a code that named no trip.
Sender = tuple[int | None, int | None]
#: So many companies are listed, those with the most scans.
COMPANIES = 100


# --- Counting a day --------------------------------------------------------------------------------


@dataclass
class LaneTally:
    verdicts: Counter[str] = field(default_factory=Counter)
    reasons: Counter[str] = field(default_factory=Counter)
    moments: list[datetime] = field(default_factory=list)
    offline: int = 0

    @property
    def kept(self) -> dict[str, Any]:
        gaps = Counter(int(gap) for gap in close_gaps(self.moments))
        return {
            **in_columns(self.verdicts),
            "offline": self.offline,
            "reasons": dict(sorted(self.reasons.items())),
            "gaps": {str(seconds): gaps[seconds] for seconds in sorted(gaps)},
        }


def in_columns(verdicts: Mapping[str, int]) -> dict[str, int]:
    return {verdict: verdicts.get(verdict, 0) for verdict in Verdict.values}


def counted_scans(
    checkpoint: Checkpoint, on: date
) -> tuple[dict[str, dict[str, Any]], dict[Sender, dict[str, int]]]:
    """Count a day's scans by lane, and by company and route, in one query."""
    zone = ZoneInfo(checkpoint.time_zone)
    start = datetime.combine(on, time(), zone)
    scans = Scan.objects.filter(
        checkpoint=checkpoint, scanned_at__gte=start, scanned_at__lt=start + timedelta(days=1)
    )
    lanes: dict[str, LaneTally] = defaultdict(LaneTally)
    senders: dict[Sender, Counter[str]] = defaultdict(Counter)
    columns = ("lane", "scanned_at", "verdict", "reasons", "offline_verdict", "trip__company", "trip__route")
    for lane, scanned_at, verdict, reasons, offline, company, route in scans.order_by().values_list(*columns):
        tally = lanes[lane]
        tally.verdicts[verdict] += 1
        tally.reasons.update({reason["code"] for reason in reasons})
        tally.moments.append(scanned_at)
        tally.offline += bool(offline)
        senders[company, route][verdict] += 1
    return (
        {lane: tally.kept for lane, tally in lanes.items()},
        {sender: in_columns(verdicts) for sender, verdicts in senders.items()},
    )


def days_scanned(checkpoint: Checkpoint, since: datetime, until: datetime) -> list[date]:
    """List the days on which scans were made that were recorded in this time."""
    zone = ZoneInfo(checkpoint.time_zone)
    recorded = Scan.objects.filter(checkpoint=checkpoint, recorded_at__gte=since, recorded_at__lt=until)
    moments = recorded.order_by().values_list("scanned_at", flat=True)
    return sorted({moment.astimezone(zone).date() for moment in moments.iterator()})


def is_counting(checkpoint: Checkpoint) -> bool:
    """Say whether scans of a checkpoint were recorded since they were last counted."""
    scans = Scan.objects.filter(checkpoint=checkpoint)
    counted = Counted.objects.filter(checkpoint=checkpoint).first()
    return (scans.filter(recorded_at__gte=counted.until) if counted else scans).exists()


def first_recorded(checkpoint: Checkpoint) -> datetime | None:
    first: datetime | None = Scan.objects.filter(checkpoint=checkpoint).aggregate(first=Min("recorded_at"))[
        "first"
    ]
    return first


# --- Reading a report ------------------------------------------------------------------------------


@dataclass(frozen=True)
class Scans:
    """The sum of some days; `gaps` as in LaneDay."""

    verdicts: Mapping[str, int]
    reasons: Mapping[str, int]
    gaps: Mapping[str, int]
    offline: int = 0

    @property
    def count(self) -> int:
        return sum(self.verdicts.values())

    def share(self, verdict: str) -> float | None:
        return self.verdicts[verdict] / self.count if self.count else None

    @property
    def seconds(self) -> int | None:
        """Give the seconds within which half of the cars followed the one before."""
        return percentile(self.gaps, 0.5)

    @property
    def seconds_p90(self) -> int | None:
        return percentile(self.gaps, 0.9)


@dataclass(frozen=True)
class Matching:
    """What reconciliation says of trips over a checkpoint."""

    outcomes: Mapping[str, int]

    @property
    def judged(self) -> int:
        return sum(count for outcome, count in self.outcomes.items() if outcome != Outcome.WAITING)

    @property
    def share(self) -> float | None:
        matched = sum(self.outcomes.get(one, 0) for one in MATCHED)
        return matched / self.judged if self.judged else None


@dataclass(frozen=True)
class PlaceReport:
    """A checkpoint's period and the one it is compared with."""

    checkpoint: Checkpoint
    period: Period
    compared: Period
    now: Scans
    before: Scans
    matching: Matching
    matching_before: Matching
    days: Sequence[tuple[date, Scans]]
    lanes: Sequence[tuple[str, Scans]]
    companies: Sequence[tuple[Company | None, Scans]]
    routes: Sequence[tuple[Route | None, Scans]]


def place_report(checkpoint: Checkpoint, period: Period, *, today: date) -> PlaceReport:
    compared = period.compared(today)
    drawn = drawn_days(period.until(today))
    since = min(compared.first, drawn[0])
    found = list(
        LaneDay.objects.filter(checkpoint=checkpoint, on__gte=since, on__lte=period.last).order_by("on")
    )
    within = [row for row in found if row.on >= period.first]
    by_day, by_lane = defaultdict(list), defaultdict(list)
    for row in found:
        by_day[row.on].append(row)
    for row in within:
        by_lane[row.lane].append(row)
    return PlaceReport(
        checkpoint,
        period,
        compared,
        scans_of(within),
        scans_of(row for row in found if compared.first <= row.on <= compared.last),
        _matching(checkpoint, period),
        _matching(checkpoint, compared),
        [(on, scans_of(by_day[on])) for on in drawn],
        [(lane, scans_of(by_lane[lane])) for lane in sorted(by_lane, key=lambda lane: (len(lane), lane))],
        _by_company(checkpoint, period),
        _by_route(checkpoint, period),
    )


def scans_of(rows: Iterable[LaneDay]) -> Scans:
    rows = list(rows)
    return Scans(
        {verdict: sum(getattr(row, verdict) for row in rows) for verdict in Verdict.values},
        merged(row.reasons for row in rows),
        merged(row.gaps for row in rows),
        sum(row.offline for row in rows),
    )


def _sent(checkpoint: Checkpoint, period: Period, by: str) -> list[tuple[int | None, Scans]]:
    """Sum the period's scans up in the database, the most first."""
    rows = SenderDay.objects.filter(checkpoint=checkpoint, on__gte=period.first, on__lte=period.last)
    sums = {f"{verdict}s": Sum(verdict) for verdict in Verdict.values}
    found = rows.order_by().values_list(by).annotate(**sums)
    summed = [(key, Scans(dict(zip(Verdict.values, counts, strict=True)), {}, {})) for key, *counts in found]
    return sorted(summed, key=lambda one: (-one[1].count, one[0] or 0))


def _by_company(checkpoint: Checkpoint, period: Period) -> list[tuple[Company | None, Scans]]:
    sent = _sent(checkpoint, period, "company")[:COMPANIES]
    companies = Company.objects.in_bulk([key for key, _scans in sent if key])
    return [(companies.get(key) if key else None, scans) for key, scans in sent]


def _by_route(checkpoint: Checkpoint, period: Period) -> list[tuple[Route | None, Scans]]:
    sent = _sent(checkpoint, period, "route")
    routes = Route.objects.select_related("exit", "entry").in_bulk([key for key, _scans in sent if key])
    return [(routes.get(key) if key else None, scans) for key, scans in sent]


def _matching(checkpoint: Checkpoint, period: Period) -> Matching:
    """Take the outcomes of trips that left on these days of Beijing's by a route over the checkpoint."""
    routes = Route.objects.filter(Q(exit=checkpoint) | Q(entry=checkpoint)).values("pk")
    days = CompanyDay.objects.filter(route__in=routes, on__gte=period.first, on__lte=period.last)
    return Matching(merged(days.exclude(exited=0).values_list("outcomes", flat=True).iterator()))
