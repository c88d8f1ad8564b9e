"""Many cases are worked on together: first a preview, then a job, and each says what became of it."""

from __future__ import annotations

import re
import uuid

import pytest
from django.urls import reverse

from ferry.actions.cases import resolve_case
from ferry.models import BulkJob, CaseKind, CaseState, Role
from tests.builders import AT, BY, a_company, a_member, a_trip
from tests.ferry.actions.test_case_steps import a_case, kinds

pytestmark = pytest.mark.django_db


@pytest.fixture
def cases(company):
    return [a_case(a_trip(company), kind) for kind in (CaseKind.DAMAGE, CaseKind.NEVER_USED)]


@pytest.fixture
def post(client):
    def post(cases, act, key=None, **said):
        rows = [case.pk for case in cases]
        body = {"act": act, "row": rows, "key": key or uuid.uuid4(), "query": "", **said}
        return client.post(reverse("portal:cases_selected"), body)

    return post


def states(cases) -> list[str]:
    for case in cases:
        case.refresh_from_db()
    return [case.state for case in cases]


def test_a_preview_says_what_would_be_done_and_does_nothing(cases, post):
    shown = post(cases, "resolve").content.decode()
    assert cases[0].trip.reference in shown
    assert "(fits 2)" in shown
    assert "(fits 1)" in shown
    assert "written_off" not in shown
    assert not BulkJob.objects.exists()


def test_they_are_settled_with_one_reason_and_what_does_not_fit_says_why(cases, post, client):
    answer = post(cases, "resolve", resolution="not_needed", note="cancelled order", sure="1")
    assert states(cases) == [CaseState.OPEN, CaseState.RESOLVED]
    shown = client.get(answer["Location"]).content.decode()
    assert "1 refused" in shown
    assert "does not fit this kind" in shown
    assert "1 done" in shown


def test_the_same_job_is_done_once(cases, post):
    key = uuid.uuid4()
    for _time in range(2):
        post(cases, "comment", key, text="Called them all.", sure="1")
    assert BulkJob.objects.count() == 1
    assert kinds(cases[0]).count("commented") == 1


def test_they_are_given_to_somebody(cases, post, company):
    member = a_member(company)
    post(cases, "assign", to=member.user_id, sure="1")
    assert [case.assigned_to for case in (type(cases[0]).objects.all())] == [member.user, member.user]


def test_a_hurried_press_takes_them_from_nobody(cases, post, company, client):
    member = a_member(company)
    post(cases, "assign", to=member.user_id, sure="1")
    shown = post(cases, "assign", sure="1")
    assert shown.status_code == 400
    assert {case.assigned_to_id for case in type(cases[0]).objects.all()} == {member.user_id}
    answer = post(cases, "assign", to="nobody", sure="1")
    assert {case.assigned_to_id for case in type(cases[0]).objects.all()} == {None}
    assert "Nobody" in client.get(answer["Location"]).content.decode()


def test_no_resolution_is_chosen_before_somebody_does(cases, post):
    assert post(cases, "resolve", note="x", sure="1").status_code == 400
    assert states(cases) == [CaseState.OPEN, CaseState.OPEN]


def test_all_that_fit_are_taken_as_they_are_filtered(cases, post):
    post([], "resolve", all="1", query="kind=damage", resolution="explained", note="x", sure="1")
    assert states(cases) == [CaseState.RESOLVED, CaseState.OPEN]


def test_more_are_confirmed_than_a_request_has_fields(cases, post, settings):
    settings.DATA_UPLOAD_MAX_NUMBER_FIELDS = 7
    shown = post([], "comment", all="1").content.decode()
    rows = re.findall(r'name="row" value="([^"]*)"', shown)
    assert rows == [",".join(str(case.pk) for case in cases)]
    post([], "comment", row=rows, text="Called them all.", sure="1")
    assert [kinds(case).count("commented") for case in cases] == [1, 1]


def test_what_is_settled_already_is_told_before_and_left(cases, post):
    resolve_case(case=cases[0], resolution="explained", note="first", at=AT, by=BY)
    assert "settled already" in post(cases, "resolve").content.decode()
    post(cases, "resolve", resolution="other", note="second", sure="1")
    assert states(cases) == [CaseState.RESOLVED, CaseState.RESOLVED]
    assert cases[0].note == "first"


def test_nothing_is_done_to_anothers_or_by_who_may_not(cases, post, client, company):
    theirs = a_case(a_trip(a_company("East Star Trade")))
    post([*cases, theirs], "resolve", resolution="explained", note="x", sure="1")
    client.force_login(a_member(company, Role.VIEWER).user)
    assert post(cases, "resolve", resolution="explained", note="x", sure="1").status_code == 403
    assert states([*cases, theirs]) == [CaseState.OPEN] * 3


def test_what_is_unknown_or_empty_is_refused(cases, post):
    assert post(cases, "cancel", reason="x", sure="1")["Location"].startswith(reverse("portal:cases"))
    assert post([], "resolve", sure="1").status_code == 302
    assert post(cases, "comment", text=" ", sure="1").status_code == 400
    assert not BulkJob.objects.exists()
