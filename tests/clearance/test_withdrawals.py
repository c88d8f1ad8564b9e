"""A supervisor withdraws a release until the vehicle has left; nothing is erased."""

from __future__ import annotations

import pytest
from django.test import Client

from clearance.actions.examinations import decide_examination
from clearance.actions.reconcile import reconcile_all_due
from clearance.actions.records import RecordLine
from clearance.actions.withdrawals import withdraw_release
from clearance.models import Duty, Examination, Policy, Scan, SelectionRule, Withdrawal
from ferry.errors import Conflict, Invalid, NotYours, Refused
from ferry.models import Declaration, DeclaredVehicle, Pass, Stay, Trip, User
from ferry.rules.news import hook_news_of_event, member_news_of_event
from tests.builders import AT, a_checkpoint, a_company_key, an_officer
from tests.clearance.casts import (
    ALL_RIGHT,
    MINUTE,
    an_open_pass,
    as_it_stands,
    nur_zholy,
    offline,
    scanned,
    story,
    told,
)
from tests.clearance.story import take

pytestmark = pytest.mark.django_db

LI = "officer CN-HORGOS/1"
LATER = AT + 5 * MINUTE


@pytest.fixture
def pass_() -> Pass:
    return an_open_pass()


@pytest.fixture
def supervisor() -> User:
    return an_officer(duty=Duty.SUPERVISOR)


def withdraw(scan: Scan, supervisor: User, **said: object) -> Withdrawal:
    usual = {"reason": "Wrong car", "at": LATER, "by": LI}
    return withdraw_release(scan=scan, supervisor=supervisor, **{**usual, **said})  # type: ignore[arg-type]


def codes_of(refusal: pytest.ExceptionInfo[Refused]) -> list[str]:
    return [reason.code for reason in refusal.value.reasons]


def standing(scan: Scan) -> tuple[object, ...]:
    """Give all that a withdrawal may move."""
    assert scan.pass_used is not None
    scan.refresh_from_db()
    counted = (Withdrawal.objects.count(), Examination.objects.count())
    return (*as_it_stands(scan.pass_used), scan.passed_at, scan.verdict, *counted)


# --- What it does ------------------------------------------------------------------------------


def test_it_puts_the_trip_back_before_the_gate(pass_: Pass, supervisor: User) -> None:
    before = as_it_stands(pass_)
    scan = scanned(pass_.code)
    Declaration.objects.update(refund_ready_at=AT)
    withdrawal = withdraw(scan, supervisor, reason="  Wrong   car ")
    scan.refresh_from_db()
    trip = Trip.objects.get(pk=pass_.trip_id)
    assert (scan.verdict, scan.passed_at) == ("release", None)
    assert (withdrawal.reason, withdrawal.passed_at, withdrawal.supervisor) == ("Wrong car", AT, supervisor)
    assert (trip.state, trip.exited_at, trip.assessed_at) == ("ready", None, LATER)
    assert as_it_stands(pass_)[:3] == before[:3]
    assert as_it_stands(pass_)[4:] == before[4:]
    assert Declaration.objects.get().refund_ready_at is None
    assert story(trip)[-2:] == ["exited", "withdrawn"]


def test_the_company_is_not_told_why(pass_: Pass, supervisor: User) -> None:
    withdraw(scanned(pass_.code), supervisor, reason="Informer called")
    assert "Informer" not in str(list(pass_.trip.events.values_list("data", flat=True)))


def test_members_are_told_and_the_interface_shows_it(pass_: Pass, supervisor: User, client: Client) -> None:
    withdraw(scanned(pass_.code), supervisor, reason="Informer called")
    event = pass_.trip.events.get(kind="withdrawn")
    assert [news.kind for news in member_news_of_event(event)] == ["held"]
    assert [news.data["event"] for news in hook_news_of_event(event)] == ["withdrawn"]
    _key, token = a_company_key(pass_.trip.company)
    address = f"/api/v1/trips/{pass_.trip.reference}/"
    answer = client.get(address, headers={"Authorization": f"Token {token}"})
    assert answer.json()["state"] == "ready"
    assert answer.json()["events"][-1]["kind"] == "withdrawn"
    assert "Informer" not in answer.content.decode()


def test_the_next_scan_says_examine_until_an_officer_decides(pass_: Pass, supervisor: User) -> None:
    scan = scanned(pass_.code)
    withdraw(scan, supervisor)
    again = scanned(pass_.code, at=LATER)
    assert (again.verdict, again.passed_at) == ("examine", None)
    assert Examination.objects.count() == 1
    decide_examination(
        scan=again,
        outcome="released",
        checklist=ALL_RIGHT,
        officer=an_officer(),
        at=LATER + MINUTE,
        by=LI,
    )
    scan.refresh_from_db()
    assert scan.passed_at == LATER + MINUTE
    assert Trip.objects.get(pk=pass_.trip_id).exited_at == LATER + MINUTE
    assert told(scanned(pass_.code, at=LATER + 2 * MINUTE)) == ["already_used"]


def test_a_release_after_an_examination_can_be_withdrawn_and_examined_anew(
    pass_: Pass, supervisor: User
) -> None:
    SelectionRule.objects.create(reason="all")
    scan = scanned(pass_.code)
    released = {"outcome": "released", "checklist": ALL_RIGHT, "officer": an_officer(), "by": LI}
    decide_examination(scan=scan, at=AT, **released)  # type: ignore[arg-type]
    scan.refresh_from_db()
    withdraw(scan, supervisor)
    assert scanned(pass_.code, at=LATER).verdict == "examine"
    decide_examination(scan=scan, at=LATER, **released)  # type: ignore[arg-type]
    scan.refresh_from_db()
    withdraw(scan, supervisor, at=LATER + MINUTE)
    outcomes = Examination.objects.order_by("pk").values_list("outcome", flat=True)
    assert list(outcomes) == ["released", "released", ""]
    assert Withdrawal.objects.count() == 2


def test_at_the_entry_it_takes_the_stay_away(pass_: Pass) -> None:
    scanned(pass_.code)
    before = as_it_stands(pass_)
    scan = scanned(pass_.code, nur_zholy(), at=LATER)
    assert Stay.objects.count() == 1
    withdraw(scan, an_officer(nur_zholy(), Duty.SUPERVISOR), at=LATER + MINUTE)
    trip = Trip.objects.get(pk=pass_.trip_id)
    assert (trip.state, trip.exited_at, trip.arrived_at) == ("exited", AT, None)
    assert as_it_stands(pass_)[4:] == before[4:]
    assert not Stay.objects.exists()
    assert scanned(pass_.code, nur_zholy(), at=LATER + 2 * MINUTE).verdict == "examine"


def test_a_release_that_was_made_offline_does_not_count_as_an_exit_any_more(
    pass_: Pass, supervisor: User
) -> None:
    scan = scanned(pass_.code, scanned_at=AT, offline=offline())
    withdraw(scan, supervisor)
    assert Trip.objects.get(pk=pass_.trip_id).outcome == "waiting"
    assert not pass_.trip.cases.exists()
    assert DeclaredVehicle.objects.get(vin=pass_.vin).exited_at is None


def test_reconciliation_counts_no_exit_that_was_withdrawn(pass_: Pass, supervisor: User) -> None:
    for said in ({}, {"scanned_at": AT, "offline": offline()}):
        pass_ = an_open_pass()
        withdraw(scanned(pass_.code, **said), supervisor)
        reconcile_all_due(at=AT + 72 * 60 * MINUTE)
        assert not pass_.trip.cases.filter(kind="exit_no_delivery").exists()


def test_the_exit_counts_from_the_second_release(pass_: Pass, supervisor: User) -> None:
    scan = scanned(pass_.code, scanned_at=AT, offline=offline())
    withdraw(scan, supervisor)
    released = {"outcome": "released", "checklist": ALL_RIGHT, "officer": an_officer(), "by": LI}
    decide_examination(scan=scan, at=LATER, **released)  # type: ignore[arg-type]
    reconcile_all_due(at=LATER + 49 * 60 * MINUTE)
    case = pass_.trip.cases.get(kind="exit_no_delivery")
    assert case.facts["left_at"] == LATER.isoformat()


# --- Twice, too late, a stranger -----------------------------------------------------------------


def test_it_withdraws_once(pass_: Pass, supervisor: User) -> None:
    scan = scanned(pass_.code)
    withdraw(scan, supervisor)
    before = standing(scan)
    with pytest.raises(Conflict) as refusal:
        withdraw(scan, supervisor)
    assert codes_of(refusal) == ["already_withdrawn"]
    assert standing(scan) == before


def test_there_is_nothing_to_withdraw_where_nothing_passed(pass_: Pass, supervisor: User) -> None:
    SelectionRule.objects.create(reason="all")
    scan = scanned(pass_.code)
    before = standing(scan)
    with pytest.raises(Conflict) as refusal:
        withdraw(scan, supervisor)
    assert codes_of(refusal) == ["not_released"]
    assert standing(scan) == before
    with pytest.raises(NotYours):
        withdraw(scanned("nonsense"), supervisor)


@pytest.mark.parametrize("reason", ["", "   ", "x" * 201])
def test_it_demands_a_reason(pass_: Pass, supervisor: User, reason: str) -> None:
    scan = scanned(pass_.code)
    before = standing(scan)
    with pytest.raises(Invalid):
        withdraw(scan, supervisor, reason=reason)
    assert standing(scan) == before


def test_a_stranger_withdraws_nothing(pass_: Pass) -> None:
    scan = scanned(pass_.code)
    before = standing(scan)
    for stranger in (
        an_officer(),
        an_officer(nur_zholy(), Duty.SUPERVISOR),
        an_officer(a_checkpoint("CN-DULATA"), Duty.SUPERVISOR),
    ):
        with pytest.raises(NotYours):
            withdraw(scan, stranger)
    assert standing(scan) == before


def test_it_is_too_late_when_the_policys_time_is_over(pass_: Pass, supervisor: User) -> None:
    Policy.objects.update(withdraw_within=10 * MINUTE)
    scan = scanned(pass_.code)
    before = standing(scan)
    with pytest.raises(Conflict) as refusal:
        withdraw(scan, supervisor, at=AT + 11 * MINUTE)
    assert codes_of(refusal) == ["withdraw_too_late"]
    assert standing(scan) == before
    withdraw(scan, supervisor, at=AT + 10 * MINUTE)


def test_it_is_too_late_when_the_vehicle_was_seen_on_its_way(pass_: Pass, supervisor: User) -> None:
    scan = scanned(pass_.code)
    scanned(pass_.code, a_checkpoint("CN-DULATA"), at=AT + MINUTE)
    before = standing(scan)
    with pytest.raises(Conflict) as refusal:
        withdraw(scan, supervisor)
    assert codes_of(refusal) == ["vehicle_has_left"]
    assert standing(scan) == before


def test_it_is_too_late_when_the_vehicle_entered(pass_: Pass, supervisor: User) -> None:
    scan = scanned(pass_.code)
    scanned(pass_.code, nur_zholy(), at=AT + MINUTE)
    before = standing(scan)
    with pytest.raises(Conflict) as refusal:
        withdraw(scan, supervisor)
    assert codes_of(refusal) == ["vehicle_has_left"]
    assert standing(scan) == before


def border_police_tell(pass_: Pass) -> None:
    line = RecordLine(
        kind="border_exit",
        occurred_at=AT + MINUTE,
        passport_number=pass_.driver.passport_number,
        source_reference="R3-1",
    )
    take(line, at=AT + 2 * MINUTE)


def test_at_the_entry_it_may_have_left_china_for_all_to_see(pass_: Pass) -> None:
    scanned(pass_.code)
    border_police_tell(pass_)
    scan = scanned(pass_.code, nur_zholy(), at=LATER)
    withdraw(scan, an_officer(nur_zholy(), Duty.SUPERVISOR), at=LATER + MINUTE)
    assert Trip.objects.get(pk=pass_.trip_id).state == "exited"


def test_it_is_too_late_when_the_border_police_say_so(pass_: Pass, supervisor: User) -> None:
    scan = scanned(pass_.code)
    border_police_tell(pass_)
    before = standing(scan)
    with pytest.raises(Conflict) as refusal:
        withdraw(scan, supervisor)
    assert codes_of(refusal) == ["vehicle_has_left"]
    assert standing(scan) == before


def test_a_second_scan_in_the_same_lane_is_no_sign_that_it_left(pass_: Pass, supervisor: User) -> None:
    scan = scanned(pass_.code)
    assert told(scanned(pass_.code, at=AT + MINUTE)) == ["already_used"]
    withdraw(scan, supervisor)
    assert Trip.objects.get(pk=pass_.trip_id).state == "ready"
