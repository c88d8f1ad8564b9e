"""A case is given to somebody, written about, and gets evidence; each once, and by whom it may be."""

from __future__ import annotations

import pytest

from ferry.actions.announce import announce
from ferry.actions.case_work import assign_case, attach_to_case, comment_case, raise_to_enquiry
from ferry.actions.cases import resolve_case
from ferry.actions.members import remove_member
from ferry.errors import Conflict, Invalid, NotAllowed
from ferry.models import Delivery, Document, HookType, Notice, NoticeKind, Party, Role, StepKind
from ferry.queries.cases import steps_seen
from tests.builders import AT, BY, a_company, a_member, a_picture, a_trip
from tests.ferry.actions.test_case_steps import a_case, kinds

pytestmark = pytest.mark.django_db

SUPERVISOR = "supervisor chen@customs.example"


@pytest.fixture
def company():
    return a_company()


@pytest.fixture
def case(company):
    return a_case(a_trip(company))


def give(case, to, party=Party.COMPANY):
    return assign_case(case=case, to=to, party=party, at=AT, by=BY)


def say(case, text="Called him.", party=Party.COMPANY, is_internal=False, by=BY):
    return comment_case(case=case, text=text, is_internal=is_internal, party=party, at=AT, by=by)


def attach(case, content, party=Party.COMPANY):
    return attach_to_case(case=case, name="a.jpg", content=content, party=party, at=AT, by=BY)


def announced():
    while announce(at=AT):
        pass


def test_it_is_given_to_a_member_once_and_only_he_is_told(case, company):
    one, _other = a_member(company), a_member(company)
    assert give(case, one.user)
    assert not give(case, one.user)
    assert kinds(case)[1:] == [StepKind.ASSIGNED]
    announced()
    assert [notice.membership for notice in Notice.objects.filter(kind=NoticeKind.CASE_ASSIGNED)] == [one]
    assert give(case, None)
    case.refresh_from_db()
    assert case.assigned_to is None


def test_it_is_given_to_no_stranger_no_viewer_and_nobody_once_settled(case, company):
    for stranger in (a_member(a_company("East Star Trade")), a_member(company, Role.VIEWER)):
        with pytest.raises(Invalid):
            give(case, stranger.user)
    resolve_case(case=case, resolution="explained", note="x", at=AT, by=BY)
    with pytest.raises(Conflict):
        give(case, a_member(company).user)
    case.refresh_from_db()
    assert case.assigned_to is None


def test_who_leaves_the_company_leaves_his_cases(case, company):
    a_member(company, Role.OWNER)
    member = a_member(company)
    give(case, member.user)
    remove_member(membership=member, at=AT, by=BY)
    case.refresh_from_db()
    assert case.assigned_to is None


def test_a_comment_sent_twice_is_one(case):
    assert say(case)[1]
    assert not say(case)[1]
    assert say(case, "And again.")[1]
    assert kinds(case).count(StepKind.COMMENTED) == 2
    with pytest.raises(Invalid):
        say(case, "  ")


def test_an_internal_comment_is_read_by_its_own_side_and_told_to_nobody(case, company):
    a_member(company, Role.OWNER)
    say(case, "ours", is_internal=True)
    say(case, "theirs", Party.CUSTOMS, is_internal=True, by=SUPERVISOR)
    say(case, "for both", Party.CUSTOMS, by=SUPERVISOR)
    seen = {party: [step.text for step in steps_seen(case, party)] for party in Party}
    assert seen[Party.COMPANY] == ["", "ours", "for both"]
    assert seen[Party.CUSTOMS] == ["", "theirs", "for both"]
    announced()
    assert Notice.objects.get(kind=NoticeKind.CASE_SAID).count == 1
    assert not Delivery.objects.filter(type=HookType.CASE_STEP).exists()


def test_evidence_is_kept_once_and_never_with_a_broken_file(case):
    picture = a_picture()
    assert attach(case, picture)
    assert not attach(case, picture)
    with pytest.raises(Invalid):
        attach(case, b"MZ program")
    document = Document.objects.get(case=case)
    assert document.company == case.company
    step = case.steps.get(kind=StepKind.ATTACHED)
    assert (step.document, step.data["sha256"]) == (document, document.sha256)


def test_a_supervisor_makes_it_an_enquiry_once_and_a_company_never(case):
    with pytest.raises(NotAllowed):
        raise_to_enquiry(case=case, party=Party.COMPANY, at=AT, by=BY)
    raise_to_enquiry(case=case, party=Party.CUSTOMS, at=AT, by=SUPERVISOR)
    with pytest.raises(Conflict):
        raise_to_enquiry(case=case, party=Party.CUSTOMS, at=AT, by=SUPERVISOR)
    assert kinds(case)[1:] == [StepKind.ENQUIRED]
