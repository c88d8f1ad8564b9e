"""Search every record a supervisor may see, quick however many there are.

Ordered by id or by (occurred_at, id); parts of VIN, reference and declaration number are found by trigrams on
PostgreSQL, the last four of a passport by an index of them.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from django.db.models import Q
from django.db.models.functions import Right

from clearance.models import Record
from clearance.models.record import PASSPORT_TAIL
from clearance.queries.desk import routes_of
from clearance.queries.sources import names_left_out, names_of
from ferry.models import ApiKey, KeyKind, Trip
from ferry.rules.search import read_search

if TYPE_CHECKING:
    from collections.abc import Collection

    from django.db.models import QuerySet

    from ferry.models import Checkpoint


def every_record(checkpoints: Collection[Checkpoint]) -> QuerySet[Record]:
    """List what the sources of these checkpoints say."""
    rows = Record.objects.select_related("trip", "declaration", "file_import")
    left_out = names_left_out(checkpoints)
    if left_out is None:
        return rows.filter(source__in=names_of(checkpoints))
    return rows.exclude(source__in=left_out) if left_out else rows


def record_seen(checkpoints: Collection[Checkpoint], pk: int) -> Record | None:
    """Find one record: of a source of these checkpoints, or about a trip over them or its declaration."""
    rows = Record.objects.select_related(
        "trip__route__exit", "trip__route__entry", "trip__vehicle", "declaration", "file_import__source"
    )
    record = rows.filter(pk=pk).first()
    if record is None or every_record(checkpoints).filter(pk=pk).exists():
        return record
    own = Trip.objects.filter(route__in=routes_of(checkpoints))
    about = own.filter(pk=record.trip_id) if record.trip_id else own.filter(declaration=record.declaration_id)
    return record if record.matched_at and about.exists() else None


def route_ids(checkpoints: Collection[Checkpoint]) -> set[int]:
    return set(routes_of(checkpoints).values_list("pk", flat=True))


def search_records(records: QuerySet[Record], text: str) -> QuerySet[Record]:
    """Search by a part of a VIN, reference or declaration number, by a trip, or a passport's last four."""
    wanted = read_search(text)
    if not text.strip():
        return records
    if not wanted:
        return records.none()
    if wanted.pasted:
        numbers = wanted.pasted
        keys = Q(vin__in=numbers) | Q(declaration_number__in=numbers) | Q(source_reference__in=numbers)
        return records.filter(keys | Q(trip__in=_trips(numbers)))
    number, said = wanted.number, text.strip()
    found = Q(source_reference__contains=said) | Q(trip__in=_trips([number]))
    if number:
        found |= Q(vin__contains=number) | Q(declaration_number__contains=number)
    if len(number) == PASSPORT_TAIL:
        records = records.annotate(tail=Right("passport_number", PASSPORT_TAIL))
        found |= Q(tail=number)
    return records.filter(found)


def _trips(references: Collection[str]) -> list[int]:
    return list(Trip.objects.filter(reference__in=references).values_list("pk", flat=True))


def with_passport_tail(records: QuerySet[Record], tail: str) -> QuerySet[Record]:
    return records.annotate(tail=Right("passport_number", PASSPORT_TAIL)).filter(tail=tail)


def waiting_since(records: QuerySet[Record], before: datetime) -> QuerySet[Record]:
    """Keep what was received before a moment and still waits for its trip."""
    return records.filter(matched_at__isnull=True, received_at__lt=before)


def waiting_counts(records: QuerySet[Record], ages: Collection[int], at: datetime) -> dict[int, int]:
    """Count those that have waited for more than each number of days."""
    return {age: waiting_since(records, at - timedelta(days=age)).count() for age in ages}


def source_names(checkpoints: Collection[Checkpoint]) -> list[str]:
    """Name the sources whose records may be listed: those with files, and authorities with a key."""
    names = set(names_of(checkpoints))
    left_out = names_left_out(checkpoints)
    if left_out is not None:
        keys = ApiKey.objects.filter(kind=KeyKind.AUTHORITY).exclude(label__in=left_out)
        names |= set(keys.values_list("label", flat=True))
    return sorted(names)
