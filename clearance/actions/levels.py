"""Move cases up that nobody settled in time."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import transaction

from clearance.queries.evidence import limits_for
from clearance.rules.levels import ladder
from ferry.actions.case_work import Placing, place_cases
from ferry.models import Case, CaseState

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from clearance.rules.assess import Limits

BATCH = 200
BY = "reconciliation"


def level_all_due(*, at: datetime) -> int:
    """Place what is due until nothing is, a batch to a transaction; give how many steps up were made."""
    total = 0
    while (placed := level_due(at=at)) is not None:
        total += placed
    return total


def level_due(*, at: datetime, limit: int = BATCH) -> int | None:
    """Place the cases that have been due longest, passing over those another worker holds.

    None when there are none. One transaction: a worker that dies leaves them due and as they were.
    """
    with transaction.atomic():
        due = Case.objects.filter(state=CaseState.OPEN, level_at__lte=at).order_by("level_at")
        cases = list(due.select_for_update(skip_locked=True, of=("self",))[:limit])
        return place_cases(placings=_placings(cases, at), at=at, by=BY) if cases else None


def _placings(cases: Sequence[Case], at: datetime) -> list[Placing]:
    # A case without a trip has no route; the default limits hold for it.
    limits = limits_for({case.route_id or 0 for case in cases}, since=min(case.opened_at for case in cases))
    return [_placing(case, limits[case.route_id or 0], at) for case in cases]


def _placing(case: Case, limits: Limits, at: datetime) -> Placing:
    rungs = ladder(
        kind=case.kind,
        facts=case.facts,
        opened_at=case.opened_at,
        reopened_at=case.reopened_at,
        limits=limits,
    )
    level = max(case.level, rungs.level(at))
    return Placing(case, rungs.due_at, level, rungs.next_at(level))
