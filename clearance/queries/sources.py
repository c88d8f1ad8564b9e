"""Whose sources of records a supervisor works with, and the files they gave."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from django.db.models import IntegerField, OuterRef, Q, Subquery

from clearance.models import Record, RecordImport, Source
from ferry.models import ApiKey, Country, KeyKind
from ferry.queries.lists import COUNTED

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import datetime

    from django.db.models import QuerySet

    from ferry.models import Checkpoint


def sources_of(checkpoints: Collection[Checkpoint]) -> QuerySet[Source]:
    """List the sources kept at these checkpoints, and in China those that are kept everywhere."""
    own = Q(checkpoint__in=checkpoints)
    return Source.objects.filter(own | Q(checkpoint=None) if _in_china(checkpoints) else own)


def files_of(checkpoints: Collection[Checkpoint]) -> QuerySet[RecordImport]:
    own = RecordImport.objects.filter(source__in=sources_of(checkpoints))
    return own.select_related("source__checkpoint")


def is_kept_at(source: Source, checkpoints: Collection[Checkpoint]) -> bool:
    return source.checkpoint_id in {each.pk for each in checkpoints}


def names_left_out(checkpoints: Collection[Checkpoint]) -> list[str] | None:
    """Name the sources whose records are not these checkpoints'; None where all are but their own."""
    if not _in_china(checkpoints):
        return None
    elsewhere = Source.objects.exclude(checkpoint=None).exclude(checkpoint__in=checkpoints)
    return list(elsewhere.values_list("name", flat=True))


def names_of(checkpoints: Collection[Checkpoint]) -> list[str]:
    return list(sources_of(checkpoints).order_by("name").values_list("name", flat=True))


class Counted(NamedTuple):
    """So many, or as many at least where there are `more`."""

    number: int = 0
    more: bool = False


class Delivered(NamedTuple):
    """What a source delivered so far, by file or by the HTTP interface, and when last."""

    last_at: datetime | None = None
    lines: Counted = Counted()
    unmatched: Counted = Counted()


class CountUpTo(Subquery):
    """Count what a slice holds, which the database never reads beyond."""

    output_field = IntegerField()
    template = "(SELECT COUNT(*) FROM (%(subquery)s) AS counted)"

    def __init__(self, rows: QuerySet[Any]) -> None:
        super().__init__(rows.order_by().values("pk")[: COUNTED + 1])


def delivered_by(names: Collection[str]) -> dict[str, Delivered]:
    """Say what each of these sources delivered: as quick of millions of records as of a thousand.

    A file that told nothing new is a delivery too.
    """
    by_key = ApiKey.objects.filter(kind=KeyKind.AUTHORITY, label__in=names)
    by_file = Source.objects.filter(name__in=names)
    return dict.fromkeys(names, Delivered()) | _delivered(by_key, "label") | _delivered(by_file, "name")


def _delivered(named: QuerySet[Any], name: str) -> dict[str, Delivered]:
    said = Record.objects.filter(source=OuterRef(name))
    files = RecordImport.objects.filter(source__name=OuterRef(name))
    rows = named.values_list(
        name,
        Subquery(said.order_by("-pk").values("received_at")[:1]),
        Subquery(files.order_by("-pk").values("created_at")[:1]),
        CountUpTo(said),
        CountUpTo(said.filter(matched_at__isnull=True)),
    )
    return {
        name: Delivered(
            max((moment for moment in (received, uploaded) if moment), default=None),
            _counted(lines),
            _counted(unmatched),
        )
        for name, received, uploaded, lines, unmatched in rows
    }


def _counted(number: int) -> Counted:
    return Counted(min(number, COUNTED), number > COUNTED)


def _in_china(checkpoints: Collection[Checkpoint]) -> bool:
    return any(each.country == Country.CHINA for each in checkpoints)
