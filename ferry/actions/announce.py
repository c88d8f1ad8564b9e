"""Announce what happened: turn what is written already into deliveries, notices and days to count, once.

Whoever makes something happen only writes it down, as a trip's event or on a case; nothing waits for this.
Rows are found by what they still lack, not by where one has read to: they are not committed in the order of
their numbers.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import transaction
from django.db.models import F

from ferry.actions.hooks import deliver_news
from ferry.actions.notices import tell_members
from ferry.actions.reports import mark_news
from ferry.models import Case, CaseStep, TripEvent
from ferry.queries.hooks import unannounced_cases, unannounced_events, unannounced_steps
from ferry.rules.news import (
    hook_news_of_case,
    hook_news_of_event,
    hook_news_of_step,
    member_news_of_case,
    member_news_of_event,
    member_news_of_step,
)

if TYPE_CHECKING:
    from datetime import datetime

ROWS_AT_ONCE = 500


def announce(*, at: datetime, limit: int = ROWS_AT_ONCE) -> int:
    """Announce some of what waits; give how much that was, 0 when nothing is left for us."""
    waiting = (unannounced_events(), unannounced_cases(), unannounced_steps())
    if not any(rows.exists() for rows in waiting):
        return 0
    with transaction.atomic():
        events = _take_events(limit)
        cases = _take_cases(limit)
        steps = _take_steps(limit)
        deliver_news(
            news=[
                *(one for event in events for one in hook_news_of_event(event)),
                *(one for case in cases for one in hook_news_of_case(case)),
                *(one for step in steps for one in hook_news_of_step(step)),
            ],
            at=at,
        )
        tell_members(
            news=[
                *(one for event in events for one in member_news_of_event(event)),
                *(one for case in cases for one in member_news_of_case(case)),
                *(one for step in steps for one in member_news_of_step(step)),
            ],
            at=at,
        )
        mark_news(events=events, cases=cases)
        TripEvent.objects.filter(pk__in=[event.pk for event in events]).update(announced_at=at)
        Case.objects.filter(pk__in=[case.pk for case in cases]).update(
            announced_weight=F("weight"), announced_state=F("state")
        )
        CaseStep.objects.filter(pk__in=[step.pk for step in steps]).update(announced_at=at)
    return len(events) + len(cases) + len(steps)


def _take_events(limit: int) -> list[TripEvent]:
    rows = unannounced_events().select_for_update(skip_locked=True, of=("self",))
    return list(rows.select_related("trip__vehicle")[:limit])


def _take_steps(limit: int) -> list[CaseStep]:
    rows = unannounced_steps().select_for_update(skip_locked=True, of=("self",))
    return list(rows.select_related("case__trip", "case__declaration")[:limit])


def _take_cases(limit: int) -> list[Case]:
    """Hold cases as they are, so that what is announced of them is what is noted as announced."""
    rows = unannounced_cases().select_for_update(skip_locked=True, of=("self",))
    return list(rows.select_related("trip", "declaration")[:limit])
