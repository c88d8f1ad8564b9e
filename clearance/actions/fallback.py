"""Print the list for the day when everything fails, and record afterwards what was written on it."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from django.db import transaction
from django.db.models import Max
from django.utils.translation import gettext_lazy as _

from clearance.actions.scans import Offline, ScanInput, ScanResult, record_scans
from clearance.models import FallbackLine, FallbackList
from clearance.queries.fallback import expected_passes, foretold
from clearance.queries.scans import checkpoints_of
from ferry.errors import Conflict, Invalid, NotYours, Reason

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ferry.models import Checkpoint, User

LONGEST_HOURS = 48
LONGEST_INITIALS = 10


@dataclass(frozen=True, slots=True)
class Written:
    """One line as it was written on paper: when, the verdict and by whom; `line` may not be stored yet."""

    line: FallbackLine
    moment: datetime
    verdict: str
    initials: str = ""


def make_fallback_list(*, checkpoint: Checkpoint, hours: int, at: datetime, by: str) -> FallbackList:
    """Write down who is expected at a checkpoint within 1 to 48 hours, with what stands against them now."""
    if not 0 < hours <= LONGEST_HOURS:
        raise Invalid(Reason("hours_unusable", _("Choose 1 to 48 hours."), "hours"))
    until = at + timedelta(hours=hours)
    with transaction.atomic():
        passes = expected_passes(checkpoint, at=at, until=until)
        told = foretold(passes, checkpoint, at=at)
        made = FallbackList.objects.create(checkpoint=checkpoint, as_of=at, until=until, made_by=by)
        FallbackLine.objects.bulk_create(
            FallbackLine(list=made, number=number, pass_listed=pass_, told=told.get(pass_.pk, ""))
            for number, pass_ in enumerate(passes, start=1)
        )
    return made


def enter_results(
    *, listed: FallbackList, written: Sequence[Written], lane: str, officer: User, at: datetime, by: str
) -> list[ScanResult]:
    """Record what was written on a list as scans made offline, each with its own answer.

    The age of the list is how old the paper was. A line is recorded once, for the scan's id follows from the
    list and the pass: the same again gives the stored answer, something else a conflict.
    """
    if listed.checkpoint_id not in checkpoints_of(officer):
        raise NotYours(Reason("not_found", _("There is no such list for you.")))
    scans = [_scan(listed, one, lane) for one in written]
    if len({scan.scan_id for scan in scans}) < len(scans):
        raise Conflict(Reason("line_twice", _("One vehicle stands in two lines. Enter it once.")))
    with transaction.atomic():
        FallbackList.objects.select_for_update().get(pk=listed.pk)
        results = record_scans(scans=scans, officer=officer, at=at, by=by)
        number = _last_number(listed)
        for one, result in zip(written, results, strict=True):
            if result.status == NEW and result.scan is not None:
                number += one.line.pk is None
                _keep(one, result, number)
    return results


#: The status of a scan that was stored now.
NEW = 201


def _scan(listed: FallbackList, one: Written, lane: str) -> ScanInput:
    pass_ = one.line.pass_listed
    age = max(one.moment - listed.as_of, timedelta(0))
    return ScanInput(
        scan_id=uuid.uuid5(listed.list_id, str(pass_.pass_id)),
        code=pass_.short_code,
        checkpoint=listed.checkpoint,
        lane=lane,
        scanned_at=one.moment,
        offline=Offline(one.verdict, age),
    )


def _last_number(listed: FallbackList) -> int:
    return listed.lines.aggregate(last=Max("number"))["last"] or 0


def _keep(one: Written, result: ScanResult, number: int) -> None:
    line = one.line
    if line.pk is None:
        line.number = number
    line.scan, line.initials = result.scan, one.initials
    line.save()
