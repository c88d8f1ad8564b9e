"""Say until when a case is to be settled, and how far up it is when it was not."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any, NamedTuple

from ferry.models import CaseKind, CaseLevel
from ferry.rules.closures import open_deadline

if TYPE_CHECKING:
    from collections.abc import Mapping

    from clearance.rules.assess import Limits


class Ladder(NamedTuple):
    """The moments at which a case is due, becomes a formal enquiry, and is escalated."""

    due_at: datetime
    enquiry_at: datetime
    escalate_at: datetime

    def level(self, at: datetime) -> CaseLevel:
        if self.escalate_at <= at:
            return CaseLevel.ESCALATED
        return CaseLevel.ENQUIRY if self.enquiry_at <= at else CaseLevel.CASE

    def next_at(self, level: int) -> datetime | None:
        """Say when a case of this level moves up; None where there is nothing above."""
        return {CaseLevel.CASE: self.enquiry_at, CaseLevel.ENQUIRY: self.escalate_at}.get(CaseLevel(level))


def ladder(
    *,
    kind: str,
    facts: Mapping[str, Any],
    opened_at: datetime,
    reopened_at: datetime | None,
    limits: Limits,
) -> Ladder:
    """Count from what began the wait where a limit says so, else from when the case was opened.

    One that was opened again counts from then. Closure days stop all of it.
    """
    begins = reopened_at or opened_at
    due_at = open_deadline(begins, limits.case_due, limits.closures)
    enquiry_at = open_deadline(begins, limits.receipt_enquiry, limits.closures)
    escalate_at = open_deadline(begins, limits.receipt_escalate, limits.closures)
    if reopened_at is None and kind == CaseKind.EXIT_NO_DELIVERY and (left_at := _moment(facts, "left_at")):
        enquiry_at = open_deadline(left_at, limits.receipt_enquiry, limits.closures)
        escalate_at = open_deadline(left_at, limits.receipt_escalate, limits.closures)
    if reopened_at is None and kind == CaseKind.DECLARATION_NOT_CLOSED:
        last_out_at = _moment(facts, "last_out_at") or begins
        escalate_at = open_deadline(last_out_at, limits.closing_escalate, limits.closures)
    return Ladder(due_at, min(enquiry_at, escalate_at), escalate_at)


def _moment(facts: Mapping[str, Any], name: str) -> datetime | None:
    try:
        moment = datetime.fromisoformat(str(facts.get(name, "")))
    except ValueError:
        return None
    return moment if moment.tzinfo else None
