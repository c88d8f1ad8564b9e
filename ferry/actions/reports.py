"""Keep the days that reports are read from: mark what changed, and count it anew from the rows."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from django.db import transaction

from ferry.models import AT_CHECKPOINTS, Company, CompanyDay, DayMark, EventKind, TripEvent
from ferry.queries.issue import china_date
from ferry.queries.reports import counted_day, marked_companies

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import date

    from ferry.models import Case, Trip
    from ferry.queries.reports import Day

#: So many days of a company are counted in one transaction.
DAYS_AT_ONCE = 20
MOMENTS = ("opens_at", "exited_at", "arrived_at", "delivered_at", "discharged_at")
#: Their moments were the trip's once, and may be another day's now.
MOVED = (EventKind.EXITED, EventKind.ARRIVED, EventKind.DELIVERED, EventKind.DISCHARGED)


def mark_days(days: Iterable[Day]) -> None:
    """Have these days of companies counted anew."""
    DayMark.objects.bulk_create([DayMark(company_id=company, on=on) for company, on in sorted(set(days))])


def mark_news(*, events: Sequence[TripEvent], cases: Sequence[Case]) -> None:
    """Mark all days that the trips of these events were or are counted on, and those of cases.

    Records may come late and put a moment on another day: then both are counted.
    """
    trips = {event.trip_id: event.trip for event in events}
    days = {(trip.company_id, on) for trip in trips.values() for on in _days_now(trip)}
    earlier = TripEvent.objects.filter(trip__in=list(trips), kind__in=MOVED) if trips else ()
    days |= {(trips[event.trip_id].company_id, china_date(event.at)) for event in earlier}
    for event in events:
        if event.kind in AT_CHECKPOINTS:
            days.add((event.trip.company_id, china_date(event.at)))
        if event.kind == EventKind.REDATED:
            was = datetime.fromisoformat(event.data["from"])
            days.add((event.trip.company_id, china_date(was)))
    days |= {(case.company_id, china_date(case.opened_at)) for case in cases}
    mark_days(days)


def _days_now(trip: Trip) -> set[date]:
    return {china_date(moment) for name in MOMENTS if (moment := getattr(trip, name)) is not None}


def count_marked_days() -> int:
    """Count some marked days of the company that waits longest; give how many, 0 when none is left for us."""
    for company_id in marked_companies():
        if counted := _count_marked(company_id):
            return counted
    return 0


def _count_marked(company_id: int) -> int:
    """Count a company's marked days, unless another worker does: then what he read may be older.

    The marks are read before the rows: what is marked meanwhile is counted again.
    """
    with transaction.atomic():
        if not _hold(company_id, waits=False):
            return 0
        days = DayMark.objects.filter(company=company_id).order_by("on").values_list("on", flat=True)
        some = list(days.distinct()[:DAYS_AT_ONCE])
        marks = list(DayMark.objects.filter(company=company_id, on__in=some).values_list("pk", flat=True))
        for on in some:
            _keep_day(company_id, on)
        DayMark.objects.filter(pk__in=marks).delete()
    return len(some)


def count_days(*, company: Company, first: date, last: date) -> int:
    """Count a company's days anew, from first to last; give how many rows changed."""
    changed = 0
    for place in range((last - first).days + 1):
        with transaction.atomic():
            _hold(company.pk)
            changed += _keep_day(company.pk, first + timedelta(days=place))
    return changed


def _hold(company_id: int, *, waits: bool = True) -> bool:
    """Keep others from counting days of a company until the transaction ends."""
    rows = Company.objects.select_for_update(no_key=True, skip_locked=not waits, of=("self",))
    return bool(rows.filter(pk=company_id).values_list("pk", flat=True))


def _keep_day(company_id: int, on: date) -> int:
    """Write a day as it is counted, and nothing where it stands so already; give how many rows changed."""
    wanted = counted_day(company_id, on)
    there = {row.route_id: row for row in CompanyDay.objects.filter(company=company_id, on=on)}
    gone = [row.pk for route, row in there.items() if route not in wanted]
    new = [
        CompanyDay(company_id=company_id, route_id=route, on=on, **values)
        for route, values in wanted.items()
        if route not in there
    ]
    changed = [
        there[route].pk
        for route, values in wanted.items()
        if route in there and any(getattr(there[route], name) != value for name, value in values.items())
    ]
    if gone:
        CompanyDay.objects.filter(pk__in=gone).delete()
    CompanyDay.objects.bulk_create(new)
    for row in there.values():
        if row.pk in changed:
            CompanyDay.objects.filter(pk=row.pk).update(**wanted[row.route_id])
    return len(gone) + len(new) + len(changed)
