"""Do one thing to many trips or cases as a job: what is refused says why, and the others are done."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db import IntegrityError, transaction
from django.db.models import Exists, OuterRef
from django.utils import translation
from django.utils.translation import gettext_lazy as _

from ferry.actions.case_work import assign_case, comment_case
from ferry.actions.cases import resolve_case
from ferry.actions.passes import issue_pass
from ferry.actions.trips import cancel_trip
from ferry.errors import Invalid, NotYours, Reason, Refused
from ferry.models import CASE_ACTS, BulkAct, BulkJob, BulkLine, LineState, Party, Trip, User

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import datetime
    from uuid import UUID

    from django.db.models import QuerySet

    from ferry.models import Case, Company

    Do = Callable[[BulkJob, BulkLine, datetime], None]


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


def plan_case_job(
    *,
    cases: QuerySet[Case],
    company: Company | None = None,
    officer: User | None = None,
    key: UUID,
    act: str,
    picked: Sequence[int],
    options: Mapping[str, Any],
    language: str,
    at: datetime,
    by: str,
) -> tuple[BulkJob, bool]:
    """Write a job on cases down, of `cases` alone, which are those that who asks may work on.

    With a known `key` give that job, and False.
    """
    whose = {"company": company, "officer": officer}
    known = BulkJob.objects.filter(**whose, key=key).first()
    if known is not None:
        return known, False
    own = list(cases.filter(pk__in=picked).order_by("pk").values_list("pk", flat=True))
    _refuse_cases(act, own, set(picked))
    try:
        with transaction.atomic():
            job = BulkJob.objects.create(
                **whose,
                key=key,
                act=act,
                options=dict(options),
                created_at=at,
                created_by=by,
                language=language,
            )
            BulkLine.objects.bulk_create(BulkLine(job=job, case_id=pk) for pk in own)
    except IntegrityError:
        return BulkJob.objects.get(**whose, key=key), False
    return job, True


def _refuse_cases(act: str, own: Sequence[int], asked: set[int]) -> None:
    if asked - set(own):
        detail = _("There is no such case in your list. Select again.")
        raise NotYours(Reason("not_found", detail, "lines"))
    reasons = []
    if act not in CASE_ACTS:
        reasons.append(Reason("unknown_act", _("This cannot be done to many cases at once."), "act"))
    if not own:
        reasons.append(Reason("no_lines", _("No case is selected. Select at least one."), "lines"))
    if reasons:
        raise Invalid(*reasons)


def work_bulk_job(*, job: BulkJob, at: datetime, limit: int, do: Do | None = None) -> int:
    """Work up to so many waiting lines and give how many it was; the last one finishes the job.

    Each is a transaction of its own, so a killed worker leaves whole lines behind. `do` does a line of a
    supervisor's job, which the border knows.
    """
    worked = 0
    while worked < limit and _work_line(job, at, do or _do):
        worked += 1
    waiting = BulkLine.objects.filter(job=OuterRef("pk"), state=LineState.WAITING)
    BulkJob.objects.filter(~Exists(waiting), pk=job.pk, finished_at__isnull=True).update(finished_at=at)
    return worked


def _work_line(job: BulkJob, at: datetime, do: Do) -> bool:
    with transaction.atomic():
        lines = BulkLine.objects.filter(job=job, state=LineState.WAITING).order_by("pk")
        lines = lines.select_related("trip", "case__trip", "case__declaration").select_for_update(
            skip_locked=True, of=("self",)
        )
        line = lines.first()
        if line is None:
            return False
        try:
            with transaction.atomic():
                do(job, line, at)
        except Refused as refused:
            with translation.override(job.language):
                line.reasons = [{"code": one.code, "detail": str(one.detail)} for one in refused.reasons]
        line.state = LineState.REFUSED if line.reasons else LineState.DONE
        line.settled_at = at
        line.save(update_fields=["state", "reasons", "settled_at"])
    return True


def _do(job: BulkJob, line: BulkLine, at: datetime) -> None:
    if line.case is not None:
        do_to_case(job=job, case=line.case, party=Party.COMPANY, at=at)
    elif line.trip is not None and job.act == BulkAct.CANCEL:
        cancel_trip(trip=line.trip, reason=job.reason, at=at, by=job.created_by)
    elif line.trip is not None:
        issue_pass(trip=line.trip, at=at, by=job.created_by)


def do_to_case(*, job: BulkJob, case: Case, party: str, at: datetime) -> None:
    """Assign, comment on or settle one case as a job says; what was done to it already stays."""
    said, by = job.options, job.created_by
    if job.act == BulkAct.ASSIGN:
        to = User.objects.filter(pk=said.get("to")).first()
        assign_case(case=case, to=to, party=party, at=at, by=by)
    elif job.act == BulkAct.COMMENT:
        is_internal = bool(said.get("is_internal"))
        comment_case(case=case, text=said["text"], is_internal=is_internal, party=party, at=at, by=by)
    else:
        resolve_case(case=case, resolution=said["resolution"], note=said["note"], at=at, by=by)


def _refuse_what_cannot_be(act: str, own: Sequence[int], asked: set[int], reason: str) -> None:
    if asked - set(own):
        detail = _("There is no such trip in your list. Select again.")
        raise NotYours(Reason("not_found", detail, "lines"))
    reasons = []
    if act not in BulkAct.values or act in CASE_ACTS:
        reasons.append(Reason("unknown_act", _("This cannot be done to many trips at once."), "act"))
    if not own:
        reasons.append(Reason("no_lines", _("No trip is selected. Select at least one."), "lines"))
    if act == BulkAct.CANCEL and not reason.strip():
        reasons.append(Reason("reason_missing", _("Say why the trips are cancelled."), "reason"))
    if reasons:
        raise Invalid(*reasons)
