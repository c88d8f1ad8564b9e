"""Do one thing to many cases for a supervisor, as a company's job is done; settling is chained."""

from __future__ import annotations

from typing import TYPE_CHECKING

from clearance.actions.supervise import settle
from ferry.actions.bulk import do_to_case, work_bulk_job
from ferry.models import BulkAct, Checkpoint, Party

if TYPE_CHECKING:
    from datetime import datetime

    from ferry.models import BulkJob, BulkLine


def work_desk_job(*, job: BulkJob, at: datetime, limit: int) -> int:
    """Work up to so many waiting lines and give how many it was."""
    return work_bulk_job(job=job, at=at, limit=limit, do=_do)


def _do(job: BulkJob, line: BulkLine, at: datetime) -> None:
    case = line.case
    if case is None:
        return
    if job.act != BulkAct.RESOLVE:
        do_to_case(job=job, case=case, party=Party.CUSTOMS, at=at)
        return
    said = {"resolution": job.options["resolution"], "note": job.options["note"]}
    checkpoint = Checkpoint.objects.get(pk=job.options["checkpoint"])
    settle(case=case, checkpoint=checkpoint, **said, at=at, by=job.created_by)
