"""Whose sources of records a supervisor works with, and the files they gave."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from django.db.models import Count, Max, Q

from clearance.models import Record, RecordImport, Source
from ferry.models import Country

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


class Delivered(NamedTuple):
    """What a source delivered so far, by file or by the HTTP interface, and when last."""

    last_at: datetime | None = None
    lines: int = 0
    unmatched: int = 0


def delivered_by(names: Collection[str]) -> dict[str, Delivered]:
    """Say what each of these sources delivered, in a number of queries that does not grow with them.

    A file that told nothing new is a delivery too.
    """
    records = Record.objects.filter(source__in=names).order_by()
    lines = {
        name: (count, last)
        for name, count, last in records.values_list("source").annotate(Count("pk"), Max("pk"))
    }
    waiting = records.filter(matched_at__isnull=True).values_list("source").annotate(Count("pk"))
    unmatched = dict(waiting)
    moments = _moments_of_files(names)
    received = Record.objects.filter(pk__in=[last for _count, last in lines.values()])
    for name, moment in received.values_list("source", "received_at"):
        moments[name] = max(moment, moments.get(name, moment))
    return {
        name: Delivered(moments.get(name), lines.get(name, (0, 0))[0], unmatched.get(name, 0))
        for name in names
    }


def _moments_of_files(names: Collection[str]) -> dict[str, datetime]:
    files = RecordImport.objects.filter(source__name__in=names).order_by()
    last = [pk for _source, pk in files.values_list("source").annotate(Max("pk"))]
    return dict(RecordImport.objects.filter(pk__in=last).values_list("source__name", "created_at"))


def _in_china(checkpoints: Collection[Checkpoint]) -> bool:
    return any(each.country == Country.CHINA for each in checkpoints)
