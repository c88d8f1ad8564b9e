"""Withdraw a release, until the vehicle has left."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from clearance.actions.chain import chain, chain_examinations
from clearance.actions.reconcile import assess_trips
from clearance.actions.scans import place_of
from clearance.models import Act, Crossing, Examination, Scan, Withdrawal
from clearance.queries.examinations import passed_of, supervises
from clearance.queries.scans import lock_trips
from clearance.rules.chain import PASSED
from clearance.rules.withdrawal import HAS_LEFT, objections_to_withdrawal
from ferry.actions.withdrawn import undo_entry, undo_exit
from ferry.errors import Conflict, Invalid, NotYours, Reason
from ferry.models import Trip
from ferry.rules.letters import plain_text

if TYPE_CHECKING:
    from datetime import datetime

    from ferry.models import User

LONGEST_REASON = 200


def withdraw_release(*, scan: Scan, reason: str, supervisor: User, at: datetime, by: str) -> Withdrawal:
    """Take a release back and open an examination on it: until that is decided the vehicle stays.

    The scan keeps its verdict; the pass may be used again. Only a supervisor of the scan's checkpoint may,
    and only while nothing says that the vehicle has left.
    """
    reason = _checked(reason)
    if scan.pass_used is None or not supervises(supervisor, scan.checkpoint_id):
        raise NotYours(NOT_HERE)
    with transaction.atomic():
        lock_trips([scan.pass_used.pass_id])
        scan = Scan.objects.select_related("checkpoint", "pass_used").get(pk=scan.pk)
        trip = Trip.objects.get(passes=scan.pass_used_id)
        passed = passed_of(scan, trip)
        if passed is None:
            raise Conflict(WITHDRAWN if scan.withdrawals.exists() else NOT_RELEASED)
        if reasons := objections_to_withdrawal(passed, at=at):
            raise Conflict(*reasons)
        withdrawal = Withdrawal.objects.create(
            scan=scan, passed_at=passed.passed_at, reason=reason, withdrawn_at=at, supervisor=supervisor
        )
        Scan.objects.filter(pk=scan.pk).update(passed_at=None)
        examination = Examination.objects.create(scan=scan, opened_at=at)
        _undo(scan, trip, passed.passed_at, at, by)
        assess_trips(trip_ids=[trip.pk], at=at)
        _chain(withdrawal, examination, by)
    return withdrawal


def _undo(scan: Scan, trip: Trip, passed_at: datetime, at: datetime, by: str) -> None:
    """Undo the passing; the company is told where, and not why."""
    assert scan.pass_used is not None  # noqa: S101  (only a known pass is released)
    data = place_of(scan)
    if scan.crossing == Crossing.EXIT:
        is_undone = undo_exit(trip=trip, vin=scan.pass_used.vin, at=at, by=by, data=data)
    else:
        is_undone = undo_entry(trip=trip, entered_at=passed_at, at=at, by=by, data=data)
    if not is_undone:
        raise Conflict(HAS_LEFT)


def _chain(withdrawal: Withdrawal, examination: Examination, by: str) -> None:
    scan, at = withdrawal.scan, withdrawal.withdrawn_at
    content = {PASSED: None, "passed": withdrawal.passed_at, "reason": withdrawal.reason}
    chain(
        act=Act.RELEASE_WITHDRAWN,
        checkpoint=scan.checkpoint,
        about=scan.scan_id.hex,
        content=content,
        at=at,
        by=by,
    )
    chain_examinations(examinations=[examination], act=Act.EXAMINATION_OPENED, at=at, by=by)


def _checked(reason: str) -> str:
    plain = plain_text(reason)
    if not plain:
        raise Invalid(Reason("reason_missing", _("Say why the release is withdrawn."), "reason"))
    if len(plain) > LONGEST_REASON:
        detail = _("Say it in at most 200 characters; the rest belongs into the note of the examination.")
        raise Invalid(Reason("reason_too_long", detail, "reason"))
    return plain


NOT_HERE = Reason(
    "not_found", _("No release of yours to withdraw. Only a supervisor of its checkpoint withdraws it.")
)
WITHDRAWN = Reason(
    "already_withdrawn", _("This release is withdrawn already. Examine the vehicle, or scan it again.")
)
NOT_RELEASED = Reason(
    "not_released", _("This scan let nothing through, so there is nothing to withdraw. Scan the code again.")
)
