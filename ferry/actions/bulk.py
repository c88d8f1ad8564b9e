"""Do one thing to many trips as a job, trip by trip; what is refused says why and the others are done."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import IntegrityError, transaction
from django.db.models import Exists, OuterRef
from django.utils import translation
from django.utils.translation import gettext_lazy as _

from ferry.actions.passes import issue_pass
from ferry.actions.trips import cancel_trip
from ferry.errors import Invalid, NotYours, Reason, Refused
from ferry.models import BulkAct, BulkJob, BulkLine, LineState, Trip

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime
    from uuid import UUID

    from ferry.models import Company


def plan_bulk_job(
    *,
    company: Company,
    key: UUID,
    act: str,
    trips: Sequence[int],
    reason: str,
    language: str,
    at: datetime,
    by: str,
) -> tuple[BulkJob, bool]:
    """Write a job down, to be worked trip by trip; with a known `key` give that job, and False."""
    known = BulkJob.objects.filter(company=company, key=key).first()
    if known is not None:
        return known, False
    own = list(Trip.objects.filter(company=company, pk__in=trips).order_by("pk").values_list("pk", flat=True))
    _refuse_what_cannot_be(act, own, set(trips), reason)
    try:
        with transaction.atomic():
            job = BulkJob.objects.create(
                company=company,
                key=key,
                act=act,
                reason=reason,
                created_at=at,
                created_by=by,
                language=language,
            )
            BulkLine.objects.bulk_create(BulkLine(job=job, trip_id=pk) for pk in own)
    except IntegrityError:
        return BulkJob.objects.get(company=company, key=key), False
    return job, True


def work_bulk_job(*, job: BulkJob, at: datetime, limit: int) -> int:
    """Work up to so many waiting lines and give how many it was; the last one finishes the job.

    Each is a transaction of its own, so a killed worker leaves whole lines behind.
    """
    worked = 0
    while worked < limit and _work_line(job, at):
        worked += 1
    waiting = BulkLine.objects.filter(job=OuterRef("pk"), state=LineState.WAITING)
    BulkJob.objects.filter(~Exists(waiting), pk=job.pk, finished_at__isnull=True).update(finished_at=at)
    return worked


def _work_line(job: BulkJob, at: datetime) -> bool:
    with transaction.atomic():
        lines = BulkLine.objects.filter(job=job, state=LineState.WAITING).order_by("pk")
        lines = lines.select_related("trip").select_for_update(skip_locked=True, of=("self",))
        line = lines.first()
        if line is None:
            return False
        try:
            with transaction.atomic():
                _do(job, line.trip, at)
        except Refused as refused:
            with translation.override(job.language):
                line.reasons = [{"code": one.code, "detail": str(one.detail)} for one in refused.reasons]
        line.state = LineState.REFUSED if line.reasons else LineState.DONE
        line.settled_at = at
        line.save(update_fields=["state", "reasons", "settled_at"])
    return True


def _do(job: BulkJob, trip: Trip, at: datetime) -> None:
    if job.act == BulkAct.CANCEL:
        cancel_trip(trip=trip, reason=job.reason, at=at, by=job.created_by)
    else:
        issue_pass(trip=trip, at=at, by=job.created_by)


def _refuse_what_cannot_be(act: str, own: Sequence[int], asked: set[int], reason: str) -> None:
    if asked - set(own):
        detail = _("There is no such trip in your list. Reload the list and select again.")
        raise NotYours(Reason("not_found", detail, "lines"))
    reasons = []
    if act not in BulkAct.values:
        reasons.append(Reason("unknown_act", _("This cannot be done to many trips at once."), "act"))
    if not own:
        reasons.append(Reason("no_lines", _("No trip is selected. Select at least one."), "lines"))
    if act == BulkAct.CANCEL and not reason.strip():
        reasons.append(Reason("reason_missing", _("Say why the trips are cancelled."), "reason"))
    if reasons:
        raise Invalid(*reasons)
