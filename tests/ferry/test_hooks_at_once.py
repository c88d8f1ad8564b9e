"""Several workers at the same rows on PostgreSQL: each thing is announced, called and told once."""

from __future__ import annotations

from datetime import timedelta
from threading import Event, Thread

import pytest
import time_machine
from django.db import connection, connections, transaction

from ferry import tasks
from ferry.actions.announce import announce
from ferry.actions.cases import open_case
from ferry.actions.hooks import add_endpoint, claim_calls
from ferry.actions.lookout import look_at_companies, tell_ahead
from ferry.actions.moves import note_event
from ferry.actions.notices import claim_letters
from ferry.models import CaseKind, Delivery, EventKind, Notice, TripEvent, Weight
from ferry.queries.hooks import unannounced_cases, unannounced_events
from tests.builders import AT, BY, a_company, a_driver, a_member, a_trip, an_issued_trip
from tests.receiver import a_receiver
from tests.threads import at_once

pytestmark = [pytest.mark.postgres, pytest.mark.django_db(transaction=True)]

TURNS = range(3)
TYPES = ["trip.moved", "case.opened"]


@pytest.fixture(autouse=True)
def _at_home(settings):
    settings.WEBHOOK_ALLOW_PRIVATE_HOSTS = ["127.0.0.1"]


def test_many_workers_announce_everything_once() -> None:
    company = a_company()
    member = a_member(company)
    add_endpoint(company=company, url="https://silkroad.example/", types=TYPES, at=AT)
    for _turn in TURNS:
        before = Delivery.objects.count()
        for _time in range(4):
            trip = a_trip(company)
            open_case(trip=trip, kind=CaseKind.DAMAGE, weight=Weight.LOW, facts={"x": trip.pk}, at=AT, by=BY)

        def work() -> None:
            while announce(at=AT, limit=2):
                pass

        at_once(*[work] * 4)
        assert Delivery.objects.count() == before + 8
        assert not TripEvent.objects.filter(announced_at__isnull=True).exists()
    told = Notice.objects.filter(membership=member).values_list("count", flat=True)
    assert sum(told) == 4 * len(TURNS)


def test_a_row_that_is_committed_late_is_announced_although_later_ones_were() -> None:
    """Numbers are given out before they are committed: who remembers the last number misses such a row."""
    company = a_company()
    add_endpoint(company=company, url="https://silkroad.example/", types=TYPES, at=AT)
    late, soon = a_trip(company), a_trip(company)
    announce(at=AT)
    Delivery.objects.all().delete()
    written, go_on = Event(), Event()

    def write_late() -> None:
        try:
            with transaction.atomic():
                note_event(trip=late, kind=EventKind.EXITED, at=AT, by=BY)
                written.set()
                go_on.wait()
        finally:
            connections.close_all()

    writer = Thread(target=write_late)
    writer.start()
    written.wait()
    note_event(trip=soon, kind=EventKind.EXITED, at=AT, by=BY)
    announce(at=AT)
    assert Delivery.objects.count() == 1
    go_on.set()
    writer.join()
    announce(at=AT)
    assert Delivery.objects.count() == 2


def test_many_workers_call_each_delivery_once() -> None:
    company = a_company()
    with a_receiver() as receiver:
        add_endpoint(company=company, url=receiver.url, types=TYPES, at=AT)
        for _time in range(12):
            a_trip(company)
        announce(at=AT)
        with time_machine.travel(AT, tick=False):
            at_once(*[tasks.call_endpoints] * 4)
            tasks.call_endpoints()
        ids = [event["id"] for event in receiver.events]
    assert len(ids) == len(set(ids)) == 12


def test_an_endpoint_is_one_workers_at_a_time() -> None:
    company = a_company()
    add_endpoint(company=company, url="https://silkroad.example/", types=TYPES, at=AT)
    for _time in range(20):
        a_trip(company)
    announce(at=AT)
    claims = at_once(*[lambda: claim_calls(at=AT)] * 4)
    assert sum(len(claimed) for claimed in claims) == 1
    assert claim_calls(at=AT) == []
    assert len(claim_calls(at=AT + timedelta(minutes=6))) == 1


def test_many_workers_send_one_letter_and_tell_ahead_once() -> None:
    company = a_company()
    a_member(company)
    trip = an_issued_trip(company, closes_at=AT + timedelta(hours=2))
    a_driver(company, passport_expires_on=AT.date())
    open_case(trip=trip, kind=CaseKind.DAMAGE, weight=Weight.CRITICAL, facts={"x": "y"}, at=AT, by=BY)
    announce(at=AT)
    later = AT + timedelta(minutes=5)
    assert sum(len(one) for one in at_once(*[lambda: claim_letters(at=later)] * 4)) == 1
    assert sum(at_once(*[lambda: tell_ahead(at=later)] * 4)) == 1
    assert sum(at_once(*[lambda: look_at_companies(at=later)] * 4)) == 1
    assert Notice.objects.filter(kind="papers").count() == 1
    assert Notice.objects.filter(kind="lapsing").count() == 1


def test_what_waits_is_found_by_its_own_small_index() -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        assert "event_to_announce" in unannounced_events()[:500].explain()
        assert "case_to_announce" in unannounced_cases()[:500].explain()
