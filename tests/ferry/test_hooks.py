"""From what happened to a company's own system: announced, signed, repeated, and never twice as two."""

from __future__ import annotations

import json
from datetime import timedelta
from uuid import UUID

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext

from clearance.actions.scans import record_scan
from ferry import tasks
from ferry.actions.announce import announce
from ferry.actions.cases import open_case, resolve_case
from ferry.actions.hooks import (
    add_endpoint,
    claim_calls,
    pause_endpoint,
    remove_endpoint,
    resend,
    resume_endpoint,
    roll_secret,
    send_test,
)
from ferry.actions.passes import receipt_pin
from ferry.actions.receipts import confirm_receipt, refuse_delivery
from ferry.errors import Conflict, Invalid
from ferry.models import (
    CaseKind,
    Delivery,
    DeliveryState,
    Endpoint,
    HookType,
    Notice,
    NoticeKind,
    Role,
    TripEvent,
    Weight,
)
from ferry.rules.hooks import WAITS, is_usable_url, next_try, plain_url
from tests.builders import AT, BY, a_company, a_declaration, a_member, a_trip, an_issued_trip
from tests.clearance.casts import LANE, a_scan
from tests.receiver import a_receiver, is_signed

pytestmark = pytest.mark.django_db

ALL = [type_.value for type_ in HookType if type_ != HookType.TEST]
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


@pytest.fixture(autouse=True)
def _at_home(settings):
    settings.WEBHOOK_ALLOW_PRIVATE_HOSTS = ["127.0.0.1"]


@pytest.fixture
def receiver():
    with a_receiver() as receiver:
        yield receiver


@pytest.fixture
def company():
    return a_company()


@pytest.fixture
def endpoint(company, receiver):
    return add_endpoint(company=company, url=receiver.url, types=ALL, at=AT)[0]


def run(at, *names):
    """Let beat's tasks run at a moment."""
    with time_machine.travel(at, tick=False):
        for name in names or ("announce", "call_endpoints"):
            getattr(tasks, name)()


def types(receiver):
    return [event["type"] for event in receiver.events]


def test_what_happened_is_brought_signed_and_in_the_norms_form(company, receiver):
    _endpoint, secret = add_endpoint(company=company, url=receiver.url, types=ALL, at=AT)
    trip = an_issued_trip(company)
    run(AT)
    assert [event["data"]["event"] for event in receiver.events] == ["planned", "issued"]
    for path, headers, body in receiver.got:
        assert path == "/hooks?from=ferryman"
        assert headers["webhook-timestamp"] == str(int(AT.timestamp()))
        assert headers["webhook-id"] == json.loads(body)["id"]
        assert is_signed(headers, body, secret)
        assert not is_signed(headers, body + b" ", secret)
    issued = receiver.events[1]
    assert issued["type"] == "trip.moved"
    assert issued["created_at"] == "2026-11-22T04:00:00Z"
    assert issued["data"] == {
        "trip": trip.reference,
        "vin": trip.vehicle.vin,
        "state": "ready",
        "occurred_at": "2026-11-22T04:00:00Z",
        "event": "issued",
    }
    row = Delivery.objects.latest("pk")
    assert (row.state, row.status, row.attempts, row.answer) == (DeliveryState.DONE, 200, 1, "thank you")


def test_a_scan_tells_the_move_and_the_verdict(company, receiver, endpoint):
    trip = an_issued_trip(company)
    run(AT)
    receiver.got.clear()
    code = trip.passes.get().code
    scan, _new = record_scan(scan=a_scan(code), at=AT, by=LANE)
    record_scan(scan=a_scan(code), at=AT + MINUTE, by=LANE)
    run(AT + MINUTE)
    assert sorted(types(receiver)) == ["trip.moved", "trip.verdict", "trip.verdict"]
    let_out, refused = (event["data"] for event in receiver.events if event["type"] == "trip.verdict")
    assert (let_out["verdict"], let_out["scan"], let_out["checkpoint"]) == (
        "release",
        str(scan.scan_id),
        "CN-HORGOS",
    )
    assert (refused["verdict"], refused["reasons"]) == ("refuse", ["already_used"])
    passport = trip.driver.passport_number
    assert not any(passport.encode() in body for _path, _headers, body in receiver.got)


def test_a_receipt_is_told(company, receiver, endpoint):
    trip = an_issued_trip(company)
    record_scan(scan=a_scan(trip.passes.get().code), at=AT, by=LANE)
    trip.refresh_from_db()
    pass_ = trip.passes.get()
    confirm_receipt(
        pass_=pass_, pin=receipt_pin(trip), condition="damaged", receiver="Aidar", at=AT, by="consignee"
    )
    run(AT)
    (receipt,) = (event for event in receiver.events if event["type"] == "trip.receipt")
    assert receipt["data"]["condition"] == "damaged"
    assert "Aidar" not in json.dumps(receiver.events)


def test_a_refused_delivery_is_told_and_moves_nothing(company, receiver, endpoint):
    trip = an_issued_trip(company)
    pass_ = trip.passes.get()
    said = {"reason": "incomplete", "refused_by": "Aidar", "note": "no second key"}
    refuse_delivery(pass_=pass_, pin=receipt_pin(trip), **said, at=AT, by="consignee")
    run(AT)
    (told,) = (event for event in receiver.events if event["type"] == "trip.not_taken")
    assert (told["data"]["reason"], told["data"]["state"]) == ("incomplete", "ready")
    assert "Aidar" not in json.dumps(receiver.events)
    assert "delivery_refused" not in json.dumps(receiver.events)


def test_cases_are_told_those_of_declarations_too(company, receiver, endpoint):
    declaration = a_declaration(company)
    case = open_case(
        declaration=declaration,
        kind=CaseKind.DECLARATION_NOT_CLOSED,
        weight=Weight.MEDIUM,
        facts={"since": "x"},
        at=AT,
        by=BY,
    )
    run(AT)
    resolve_case(case=case, resolution="explained", note="", at=AT + HOUR, by=BY)
    run(AT + HOUR)
    assert types(receiver) == ["case.opened", "case.closed"]
    opened, closed = (event["data"] for event in receiver.events)
    assert (opened["declaration"], opened["trip"], opened["weight"]) == (declaration.number, None, "medium")
    assert (closed["case"], closed["state"], closed["resolution"]) == (case.pk, "resolved", "explained")


def test_a_case_opened_and_closed_before_anybody_looked_is_told_as_both(company, receiver, endpoint):
    trip = a_trip(company)
    case = open_case(trip=trip, kind=CaseKind.DAMAGE, weight=Weight.LOW, facts={"x": "y"}, at=AT, by=BY)
    resolve_case(case=case, resolution="explained", note="", at=AT, by=BY)
    run(AT)
    assert sorted(type_ for type_ in types(receiver) if type_ != "trip.moved") == [
        "case.closed",
        "case.opened",
    ]


def test_nothing_is_told_twice_however_often_beat_comes(company, receiver, endpoint):
    an_issued_trip(company)
    for _time in range(3):
        run(AT)
    assert len(receiver.got) == Delivery.objects.count() == 2
    assert not TripEvent.objects.filter(announced_at__isnull=True).exists()


def test_announcing_the_same_row_again_makes_the_same_event(company, receiver, endpoint):
    an_issued_trip(company)
    run(AT)
    ids = {event["id"] for event in receiver.events}
    TripEvent.objects.update(announced_at=None)
    Delivery.objects.all().delete()
    run(AT)
    assert {event["id"] for event in receiver.events[2:]} == ids


def test_a_stranger_is_told_nothing(company, receiver, endpoint):
    an_issued_trip(a_company("East Star Trade"))
    run(AT)
    assert receiver.got == []


def test_only_the_chosen_events_are_sent(company, receiver):
    add_endpoint(company=company, url=receiver.url, types=["trip.receipt"], at=AT)
    an_issued_trip(company)
    run(AT)
    assert receiver.got == []
    assert Delivery.objects.count() == 0


def test_a_failed_delivery_is_repeated_for_three_days_with_the_same_id_and_body(company, receiver, endpoint):
    receiver.status = 500
    a_trip(company)
    run(AT)
    at = AT
    for attempt in range(1, len(WAITS) + 1):
        row = Delivery.objects.get()
        assert (row.state, row.attempts, row.status) == (DeliveryState.WAITING, attempt, 500)
        assert row.next_try_at == next_try(row.event_id, attempts=attempt, at=at)
        run(row.next_try_at - timedelta(seconds=1))
        assert len(receiver.got) == attempt
        # Failing for three days pauses the endpoint; here it is only the delivery that is looked at.
        Endpoint.objects.update(rests_until=None, failing_since=None)
        at = row.next_try_at
        run(at)
    row.refresh_from_db()
    assert (row.state, row.next_try_at) == (DeliveryState.FAILED, None)
    assert timedelta(days=3) < at - AT < timedelta(days=4)
    assert len({(headers["webhook-id"], body) for _path, headers, body in receiver.got}) == 1
    run(at + 9 * DAY)
    assert len(receiver.got) == len(WAITS) + 1


def test_waits_grow_and_are_spread():
    ids = [UUID(int=number) for number in range(50)]
    for attempts, wait in enumerate(WAITS, start=1):
        moments = [next_try(one, attempts=attempts, at=AT) for one in ids]
        assert AT + wait <= min(moments) < max(moments) <= AT + wait * 1.2
    assert next_try(ids[0], attempts=len(WAITS) + 1, at=AT) is None


def test_what_was_not_taken_is_sent_again_on_demand(company, receiver, endpoint):
    a_trip(company)
    run(AT)
    row = Delivery.objects.get()
    assert resend(delivery=row, at=AT + HOUR)
    assert not resend(delivery=row, at=AT + HOUR)
    run(AT + HOUR)
    assert len(receiver.got) == 2
    assert receiver.events[0] == receiver.events[1]


def test_an_endpoint_that_fails_rests_and_is_tried_with_one_event(company, receiver, endpoint):
    receiver.status = 503
    for _time in range(3):
        a_trip(company)
    run(AT)
    assert len(receiver.got) == 1
    endpoint.refresh_from_db()
    assert (endpoint.failures, endpoint.failing_since) == (1, AT)
    run(AT + MINUTE)
    assert len(receiver.got) == 2
    receiver.status = 200
    run(AT + HOUR)
    endpoint.refresh_from_db()
    assert (endpoint.failures, endpoint.failing_since, endpoint.rests_until) == (0, None, None)
    assert not Delivery.objects.exclude(state=DeliveryState.DONE).exists()


def test_an_endpoint_that_fails_for_days_is_paused_and_owners_are_told(company, receiver, endpoint):
    owner, dispatcher = a_member(company, Role.OWNER), a_member(company)
    receiver.status = 500
    a_trip(company)
    run(AT)
    run(AT + 2 * DAY)
    endpoint.refresh_from_db()
    assert endpoint.paused_at is None
    run(AT + 3 * DAY)
    endpoint.refresh_from_db()
    assert endpoint.paused_at == AT + 3 * DAY
    assert Notice.objects.filter(membership=owner, kind=NoticeKind.ENDPOINT).count() == 1
    assert not Notice.objects.filter(membership=dispatcher, kind=NoticeKind.ENDPOINT).exists()
    calls = len(receiver.got)
    a_trip(company)
    run(AT + 4 * DAY)
    assert len(receiver.got) == calls
    receiver.status = 200
    assert resume_endpoint(endpoint=endpoint)
    assert not resume_endpoint(endpoint=endpoint)
    run(AT + 4 * DAY)
    assert len(receiver.got) == calls + 1


def test_an_endpoint_that_says_it_is_gone_is_paused_at_once(company, receiver, endpoint):
    receiver.status = 410
    a_trip(company)
    run(AT)
    endpoint.refresh_from_db()
    assert endpoint.paused_at == AT


def test_a_paused_endpoint_is_not_called_and_pausing_twice_is_once(company, receiver, endpoint):
    assert pause_endpoint(endpoint=endpoint, at=AT)
    assert not pause_endpoint(endpoint=endpoint, at=AT + HOUR)
    a_trip(company)
    run(AT)
    assert receiver.got == []


def test_a_rolled_secret_signs_beside_the_old_one_for_a_day(company, receiver):
    endpoint, old = add_endpoint(company=company, url=receiver.url, types=ALL, at=AT)
    new = roll_secret(endpoint=endpoint, at=AT)
    assert new != old
    assert new.encode() not in bytes(Endpoint.objects.get().secret_sealed)
    a_trip(company)
    run(AT + HOUR)
    a_trip(company)
    run(AT + 25 * HOUR)
    signed = [
        (is_signed(headers, body, old), is_signed(headers, body, new))
        for _path, headers, body in receiver.got
    ]
    assert signed == [(True, True), (False, True)]


def test_a_test_is_sent_whatever_was_chosen(company, receiver):
    endpoint, _secret = add_endpoint(company=company, url=receiver.url, types=["trip.receipt"], at=AT)
    send_test(endpoint=endpoint, at=AT)
    run(AT)
    assert types(receiver) == ["endpoint.test"]


def test_a_worker_killed_while_it_announced_loses_nothing(company, receiver, endpoint, monkeypatch):
    an_issued_trip(company)

    def die(**_given: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as during:
        during.setattr("ferry.actions.announce.tell_members", die)
        with pytest.raises(KeyboardInterrupt):
            announce(at=AT)
    assert Delivery.objects.count() == 0
    run(AT)
    assert len(receiver.got) == 2


def test_a_worker_killed_while_it_called_is_followed_by_another_with_the_same_id(
    company, receiver, endpoint, monkeypatch
):
    a_trip(company)
    announce(at=AT)

    def die(*_given: object, **_more: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as during:
        during.setattr(tasks, "keep_answers", die)
        with pytest.raises(KeyboardInterrupt):
            run(AT, "call_endpoints")
    assert len(receiver.got) == 1
    run(AT + MINUTE, "call_endpoints")
    assert len(receiver.got) == 1
    run(AT + 10 * MINUTE, "call_endpoints")
    assert len(receiver.got) == 2
    assert receiver.events[0] == receiver.events[1]
    assert Delivery.objects.get().state == DeliveryState.DONE


def test_an_endpoint_removed_while_it_was_called_is_no_trouble(company, receiver, endpoint):
    a_trip(company)
    announce(at=AT)
    (calls,) = claim_calls(at=AT)
    assert remove_endpoint(endpoint=endpoint)
    assert not remove_endpoint(endpoint=endpoint)
    with time_machine.travel(AT, tick=False):
        tasks._keep(tasks._bring(calls))
    assert Delivery.objects.count() == 0


def test_idle_beats_ask_four_questions_and_write_nothing():
    with CaptureQueriesContext(connection) as asked:
        announce(at=AT)
        claim_calls(at=AT)
    assert len(asked) == 4
    assert not any("UPDATE" in one["sql"] or "INSERT" in one["sql"] for one in asked)


def test_announcing_many_takes_no_more_queries_than_one(company):
    a_member(company)
    a_trip(company)
    with CaptureQueriesContext(connection) as one:
        announce(at=AT)
    for _time in range(5):
        an_issued_trip(company)
    with CaptureQueriesContext(connection) as many:
        announce(at=AT)
    assert len(many) == len(one)


def test_an_address_is_refused_unless_it_is_https(company, settings):
    settings.WEBHOOK_ALLOW_PRIVATE_HOSTS = []
    for url in (
        *("http://hooks.silkroad.example/", "http://127.0.0.1/", "ftp://silkroad.example", "https://"),
        *("https://user:pw@silkroad.example/", "https://silkroad.example:99999/", "javascript:alert(1)", "x"),
        *("https://silk road.example/", "https://silkroad.example/\r\nHost: x", "https://[::1", ""),
    ):
        with pytest.raises(Invalid) as refused:
            add_endpoint(company=company, url=url, types=ALL, at=AT)
        assert [reason.code for reason in refused.value.reasons] == ["url_unusable"], url
    assert Endpoint.objects.count() == 0
    assert is_usable_url(plain_url(" HTTPS://шелк.example/h?a=1#x "), plain_http_hosts=[])


def test_events_are_chosen_from_those_there_are(company):
    for wrong in ([], ["endpoint.test"], ["trip.moved", "nothing"]):
        with pytest.raises(Invalid):
            add_endpoint(company=company, url="https://silkroad.example/", types=wrong, at=AT)


def test_a_company_has_few_endpoints(company):
    for number in range(10):
        add_endpoint(company=company, url=f"https://silkroad.example/{number}", types=ALL, at=AT)
    with pytest.raises(Conflict):
        add_endpoint(company=company, url="https://silkroad.example/11", types=ALL, at=AT)
    assert company.endpoints.count() == 10
