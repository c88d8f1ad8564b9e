"""Keep the days that a checkpoint's reports are read from."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from django.db import transaction

from clearance.models import Counted, LaneDay, SenderDay
from clearance.queries.reports import counted_scans, days_scanned, first_recorded
from ferry.models import Checkpoint

if TYPE_CHECKING:
    from datetime import date, datetime

    from django.db.models import QuerySet

#: A scan is kept within so long after the moment that it says it was recorded at; so much is looked at again.
AGAIN = timedelta(minutes=10)
#: A backlog is counted by so much of recorded time at once.
AT_ONCE = timedelta(days=1)


def count_new_scans(*, checkpoint: Checkpoint, at: datetime) -> bool:
    """Count the days of scans recorded since the last time; True while there is more to look at.

    Passed over while another worker counts this checkpoint.
    """
    with transaction.atomic():
        counted = _counted(checkpoint, at)
        if counted is None:
            return False
        since = counted.until - AGAIN
        until = min(since + AGAIN + AT_ONCE, at)
        for on in days_scanned(checkpoint, since, until):
            _keep_day(checkpoint, on)
        Counted.objects.filter(pk=counted.pk).update(until=until)
    return until < at


def _counted(checkpoint: Checkpoint, at: datetime) -> Counted | None:
    """Hold how far a checkpoint is counted; begin with its first scan."""
    if not Counted.objects.filter(checkpoint=checkpoint).exists():
        first = first_recorded(checkpoint) or at
        Counted.objects.get_or_create(checkpoint=checkpoint, defaults={"until": min(first, at)})
    rows = Counted.objects.select_for_update(skip_locked=True, of=("self",))
    return rows.filter(checkpoint=checkpoint).first()


def count_scan_days(*, checkpoint: Checkpoint, first: date, last: date) -> int:
    """Count a checkpoint's days anew, from first to last; give how many rows changed."""
    changed = 0
    for place in range((last - first).days + 1):
        with transaction.atomic():
            list(Counted.objects.select_for_update(of=("self",)).filter(checkpoint=checkpoint))
            changed += _keep_day(checkpoint, first + timedelta(days=place))
    return changed


def _keep_day(checkpoint: Checkpoint, on: date) -> int:
    """Write a day as it is counted, and nothing where it stands so already."""
    lanes, senders = counted_scans(checkpoint, on)
    lane_days = LaneDay.objects.filter(checkpoint=checkpoint, on=on)
    sender_days = SenderDay.objects.filter(checkpoint=checkpoint, on=on)
    here = {"checkpoint": checkpoint, "on": on}
    return _keep(lane_days, {row.lane: row for row in lane_days}, {
        lane: LaneDay(**here, lane=lane, **values) for lane, values in lanes.items()
    }) + _keep(sender_days, {(row.company_id, row.route_id): row for row in sender_days}, {
        sender: SenderDay(**here, company_id=sender[0], route_id=sender[1], **values)
        for sender, values in senders.items()
    })  # fmt: skip


def _keep(rows: QuerySet[Any], there: dict[Any, Any], wanted: dict[Any, Any]) -> int:
    """Put the wanted rows in the place of those that are there and differ."""
    wrong = [key for key, row in there.items() if key not in wanted or _says(row) != _says(wanted[key])]
    new = [row for key, row in wanted.items() if key not in there or key in wrong]
    if wrong:
        rows.filter(pk__in=[there[key].pk for key in wrong]).delete()
    if new:
        rows.model._default_manager.bulk_create(new)
    return max(len(wrong), len(new))


def _says(row: Any) -> dict[str, Any]:
    return {field.attname: getattr(row, field.attname) for field in row._meta.fields if not field.primary_key}
