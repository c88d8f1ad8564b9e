"""Find bulk jobs and how far they are."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.db.models import Count

from ferry.models import BulkJob, LineState

if TYPE_CHECKING:
    from django.db.models import QuerySet

    from ferry.models import Company


@dataclass(frozen=True)
class Progress:
    """How many lines of a job are done, refused, and in all."""

    done: int
    refused: int
    total: int

    @property
    def settled(self) -> int:
        return self.done + self.refused


def open_bulk_jobs() -> QuerySet[BulkJob]:
    """List companies' jobs that are being worked."""
    rows = BulkJob.objects.filter(finished_at__isnull=True, officer__isnull=True)
    return rows.order_by("pk").select_related("company")


def open_desk_jobs() -> QuerySet[BulkJob]:
    """List supervisors' jobs that are being worked."""
    return BulkJob.objects.filter(finished_at__isnull=True, officer__isnull=False).order_by("pk")


def bulk_jobs_of(company: Company) -> QuerySet[BulkJob]:
    return BulkJob.objects.filter(company=company)


def progress_of(job: BulkJob) -> Progress:
    counts = dict(job.lines.order_by().values_list("state").annotate(Count("pk")))
    done, refused = counts.get(LineState.DONE, 0), counts.get(LineState.REFUSED, 0)
    return Progress(done, refused, sum(counts.values()))
