"""A case that nobody settles becomes a formal enquiry and is escalated, when its limits have run out."""

from __future__ import annotations

from datetime import timedelta

import pytest

from clearance.actions.levels import level_all_due, level_due
from clearance.actions.policies import keep_policy
from clearance.models import Policy
from ferry.actions.announce import announce
from ferry.actions.cases import open_case, reopen_case, resolve_case
from ferry.actions.enquiries import claim_unprepared
from ferry.actions.places import close_routes
from ferry.models import CaseKind, CaseLevel, Notice, NoticeKind, Party, Role, StepKind, Weight
from tests.builders import AT, BY, a_company, a_member, a_trip

pytestmark = pytest.mark.django_db

HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def a_case(kind=CaseKind.EXIT_NO_DELIVERY, company=None, left=48 * HOUR):
    facts = {"left_at": (AT - left).isoformat()}
    trip = a_trip(company)
    return open_case(trip=trip, kind=kind, weight=Weight.HIGH, facts=facts, at=AT, by="reconciliation")


def levelled(case, at):
    level_all_due(at=at)
    case.refresh_from_db()
    return CaseLevel(case.level)


def kinds(case):
    return list(case.steps.order_by("pk").values_list("kind", flat=True))


def test_a_missing_receipt_is_counted_from_the_exit():
    case = a_case()
    assert levelled(case, AT) == CaseLevel.CASE
    assert (case.due_at, case.level_at) == (AT + 2 * DAY, AT + 5 * DAY)
    assert levelled(case, AT + 5 * DAY - HOUR) == CaseLevel.CASE
    assert levelled(case, AT + 5 * DAY) == CaseLevel.ENQUIRY
    assert levelled(case, AT + 26 * DAY) == CaseLevel.ESCALATED
    assert case.level_at is None
    assert kinds(case) == [StepKind.OPENED, StepKind.ENQUIRED, StepKind.ESCALATED]


def test_others_are_counted_from_when_they_were_opened():
    case = a_case(CaseKind.DAMAGE)
    levelled(case, AT)
    assert case.level_at == AT + 7 * DAY


def test_it_moves_up_once_and_every_step_on_the_way_is_kept():
    case = a_case()
    for _ in range(2):
        level_all_due(at=AT + 100 * DAY)
    assert kinds(case) == [StepKind.OPENED, StepKind.ENQUIRED, StepKind.ESCALATED]
    assert [step.case_id for step in claim_unprepared(at=AT + 100 * DAY)] == [case.pk]
    assert level_due(at=AT + 200 * DAY) is None


def test_closure_days_stop_its_clocks_also_when_they_are_announced_later():
    case = a_case(CaseKind.DAMAGE)
    levelled(case, AT)
    span = {"starts_at": AT + DAY, "ends_at": AT + 3 * DAY}
    close_routes(routes=[case.route], **span, reason="holiday", at=AT + HOUR, by=BY)
    levelled(case, AT + HOUR)
    assert (case.due_at, case.level_at) == (AT + 4 * DAY, AT + 9 * DAY)


def test_a_routes_own_limits_count():
    case = a_case(CaseKind.DAMAGE)
    levelled(case, AT)
    policy, _made = Policy.objects.get_or_create(route=case.route)
    policy.case_due = 5 * HOUR
    keep_policy(policy=policy, at=AT, by="operator x")
    levelled(case, AT)
    assert case.due_at == AT + 5 * HOUR


def test_a_settled_case_stays_and_a_reopened_one_begins_again():
    case = a_case()
    resolve_case(case=case, resolution="explained", note="x", at=AT, by=BY)
    assert levelled(case, AT + 30 * DAY) == CaseLevel.CASE
    reopen_case(case=case, party=Party.COMPANY, reason="new", at=AT + 30 * DAY, by=BY)
    assert levelled(case, AT + 31 * DAY) == CaseLevel.CASE
    assert levelled(case, AT + 37 * DAY) == CaseLevel.ENQUIRY


def test_members_are_told_of_each_step_up_once():
    company = a_company()
    a_member(company, Role.OWNER)
    a_case(company=company)
    level_all_due(at=AT + 100 * DAY)
    while announce(at=AT + 100 * DAY):
        pass
    notice = Notice.objects.get(kind=NoticeKind.CASE_LEVEL)
    assert notice.count == 2
    assert announce(at=AT + 100 * DAY) == 0
