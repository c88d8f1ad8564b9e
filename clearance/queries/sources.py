"""Whose sources of records a supervisor works with, and the files they gave."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db.models import Q

from clearance.models import RecordImport, Source
from ferry.models import Country

if TYPE_CHECKING:
    from collections.abc import Collection

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


def _in_china(checkpoints: Collection[Checkpoint]) -> bool:
    return any(each.country == Country.CHINA for each in checkpoints)
