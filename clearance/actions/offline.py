"""Take what an officer's page decided without a link, once, whatever became of it on the way."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import groupby
from typing import TYPE_CHECKING
from uuid import uuid5

from django.db import transaction

from clearance.actions.reconcile import assess_trips
from clearance.actions.scans import ScanInput, ScanResult, record_scans
from clearance.models import Posting, Scan, Verdict
from ferry.actions.cases import open_case
from ferry.models import CaseKind, Weight

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from ferry.models import Checkpoint, Trip, User


@dataclass(frozen=True, slots=True)
class Decided:
    """One scan judged offline; `officer` is the id of who made it, as his page was told by us."""

    scan: ScanInput
    officer: int


def upload_scans(
    *, decided: Sequence[Decided], checkpoint: Checkpoint, officer: User, at: datetime
) -> list[ScanResult]:
    """Record scans of one checkpoint in their order, each with its own result.

    Each is kept under the officer who made it, though another uploads it after him; under that one if the
    first is not posted there any more. A scan that had been asked online, and whose answer never came back,
    is stored already: it counts as recorded if both said the same, else what was done is kept beside it.
    Where that answer let the vehicle go and the lane did not, a case tells the supervisor.
    """
    posted = _posted([one.officer for one in decided], checkpoint)
    results: list[ScanResult] = []
    for (by_whom, lane), group in groupby(decided, lambda one: (one.officer, one.scan.lane)):
        scans = [one.scan for one in group]
        who = posted.get(by_whom, officer)
        name = f"officer {checkpoint.code}/{lane}"
        kept = record_scans(scans=scans, officer=who, at=at, by=name)
        results += [
            _answered_before(scan, who, at, name) or result if result.status == 409 else result
            for scan, result in zip(scans, kept, strict=True)
        ]
    return results


def _posted(officers: Sequence[int], checkpoint: Checkpoint) -> dict[int, User]:
    postings = Posting.objects.filter(user__in=set(officers), checkpoint=checkpoint)
    return {posting.user_id: posting.user for posting in postings.select_related("user")}


def _answered_before(scan: ScanInput, officer: User, at: datetime, by: str) -> ScanResult | None:
    """Settle a scan whose online answer was lost; None if its id belongs to another scan."""
    stored = Scan.objects.select_related("trip", "checkpoint").get(scan_id=scan.scan_id)
    if stored.digest != replace(scan, scanned_at=None, offline=None).digest or scan.offline is None:
        return None
    if stored.verdict == scan.offline.verdict:
        return ScanResult(200, stored)
    done = replace(scan, scan_id=uuid5(scan.scan_id, "done offline"))
    with transaction.atomic():
        result = record_scans(scans=[done], officer=officer, at=at, by=by)[0]
        if stored.trip is not None and stored.verdict == Verdict.RELEASE and stored.passed_at is not None:
            _tell_supervisor(stored, stored.trip, result.kept(), at, by)
    return result


def _tell_supervisor(released: Scan, trip: Trip, held: Scan, at: datetime, by: str) -> None:
    """Open a case of a vehicle that counts as gone, though the lane, which heard no answer, held it.

    No rule of the assessment finds it: that the two scans are one reading is known here alone.
    """
    facts = {
        "checkpoint": released.checkpoint.code,
        "lane": released.lane,
        "crossing": released.crossing,
        "released_at": released.scanned_at.isoformat(),
        "lane_said": held.offline_verdict,
        "scans": [[str(one.scan_id), one.scanned_at.isoformat()] for one in (released, held)],
    }
    open_case(trip=trip, kind=CaseKind.RELEASE_UNHEARD, weight=Weight.HIGH, facts=facts, at=at, by=by)
    assess_trips(trip_ids={trip.pk}, at=at)
