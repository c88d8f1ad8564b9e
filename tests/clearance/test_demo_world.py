"""What the demonstration holds is good enough to try everything in; it is made once for all of these."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import transaction
from django.test import Client, override_settings

from clearance.actions.reconcile import reconcile_all_due
from clearance.actions.scans import ScanInput, record_scan
from clearance.demo.make import make_demonstration
from clearance.models import Record, Scan, SelectionRule
from ferry.actions.keys import revoke_api_key
from ferry.actions.licences import register_licence
from ferry.actions.passes import issue_pass, receipt_pin
from ferry.actions.receipts import confirm_receipt
from ferry.actions.trips import plan_trip
from ferry.models import (
    Case,
    CaseState,
    Checkpoint,
    Closure,
    Company,
    Declaration,
    DeclarationStatus,
    Driver,
    Licence,
    Outcome,
    Party,
    Route,
    StepKind,
    Trip,
    TripState,
    User,
    Vehicle,
)
from ferry.queries.issue import facts_for
from ferry.queries.keys import find_api_key
from ferry.rules.issue import reasons_against
from tests.builders import AT, BY, FAR
from tests.clearance.demonstration import counts, demo

pytestmark = pytest.mark.django_db


@pytest.fixture(scope="module", autouse=True)
def _made(django_db_setup: None, django_db_blocker: Any) -> Iterator[None]:
    """Make it before the first, and take it back after the last; each leaves it as it was."""
    with django_db_blocker.unblock(), override_settings(DEBUG=True), transaction.atomic():
        make_demonstration(at=AT)
        yield
        transaction.set_rollback(True)


def first_company(opens: Any) -> Company:
    return Company.objects.get(uscc=opens["company"]["uscc"])


def waiting_vehicles(company: Company) -> list[Vehicle]:
    """List released vehicles that never had a trip."""
    declared = Vehicle.objects.filter(company=company, trips=None)
    released = Declaration.objects.filter(company=company, status=DeclarationStatus.RELEASED)
    return [v for v in declared if released.filter(declared_vehicles__vin=v.vin).exists()]


def free_drivers(company: Company) -> list[Driver]:
    return [
        driver
        for driver in Driver.objects.filter(company=company).order_by("pk")
        if not Trip.objects.filter(person=driver.person, state__in=("ready", "exited", "arrived")).exists()
    ]


def test_it_looks_alive() -> None:
    make_demonstration(at=AT)
    assert (Company.objects.count(), Vehicle.objects.count(), Driver.objects.count()) == (3, 62, 52)
    assert set(Trip.objects.values_list("state", flat=True)) == set(TripState.values)
    assert set(Trip.objects.values_list("outcome", flat=True)) == set(Outcome.values)
    assert set(Case.objects.values_list("state", flat=True)) == set(CaseState.values)
    assert set(Case.objects.filter(state=CaseState.OPEN).values_list("kind", flat=True)) >= {
        "exit_no_delivery",
        "damage",
        "driver_mismatch",
        "declaration_not_closed",
        "returned_undelivered",
    }
    refused = {reason["code"] for scan in Scan.objects.filter(verdict="refuse") for reason in scan.reasons}
    assert refused >= {"unreadable", "superseded", "not_yet_valid", "declaration_changed"}
    assert Scan.objects.filter(verdict="examine", examination__outcome="released").exists()
    assert Declaration.objects.filter(refund_ready_at__isnull=False).count() == 2
    assert set(Record.objects.values_list("kind", flat=True)) == {
        "border_exit",
        "kz_entry",
        "declaration_status",
        "return",
    }
    assert Record.objects.filter(matched_at=None).count() == 1


def test_its_desk_has_been_worked_at_and_its_records_show_their_lines() -> None:
    make_demonstration(at=AT)
    asked = Case.objects.get(state=CaseState.OPEN, assigned_to__isnull=False)
    kinds = set(asked.steps.values_list("kind", flat=True))
    assert kinds >= {StepKind.ASSIGNED, StepKind.COMMENTED, StepKind.LETTER}
    assert asked.officer is not None
    answered = Case.objects.get(kind="driver_mismatch")
    sides = answered.steps.filter(kind=StepKind.COMMENTED).values_list("party", flat=True)
    assert set(sides) == {Party.COMPANY, Party.CUSTOMS}
    assert not Record.objects.filter(original={}).exists()
    entry = Record.objects.filter(kind="kz_entry").earliest("pk")
    assert entry.original["Событие"] == "Въезд"
    assert entry.original["VIN-код"] == entry.vin


def test_it_is_open_round_the_clock_and_examines_nobody_at_random() -> None:
    make_demonstration(at=AT)
    assert not Checkpoint.objects.exclude(opens=None, closes=None).exists()
    assert not Route.objects.exclude(policy__examined_share=0).exists()
    assert not SelectionRule.objects.filter(is_active=True).exists()
    assert not Closure.objects.filter(ends_at__gt=AT).exists()


def test_a_newcomer_can_do_the_main_job_with_eight_vehicles_at_once() -> None:
    opens = make_demonstration(at=AT)
    company, at = first_company(opens), AT + timedelta(minutes=1)
    vehicles, drivers = waiting_vehicles(company)[:8], free_drivers(company)[:8]
    assert (len(vehicles), len(drivers)) == (8, 8)
    assert max(licence.left for licence in Licence.objects.filter(company=company)) >= 50
    trips = [
        plan_trip(
            company=company,
            vehicle=vehicle,
            driver=driver,
            declaration=Declaration.objects.get(company=company, declared_vehicles__vin=vehicle.vin),
            route=Route.objects.get(code="HORGOS-NURZHOLY"),
            delivery_place="Almaty",
            consignee_name="Altyn Auto",
            consignee_phone="",
            consignee_language="ru",
            opens_at=at,
            closes_at=at + timedelta(hours=12),
            at=at,
            by=BY,
        )
        for vehicle, driver in zip(vehicles, drivers, strict=True)
    ]
    for trip in trips:
        go(trip, opens, at)
    reconcile_all_due(at=at + timedelta(hours=9))
    states = Trip.objects.filter(pk__in=[trip.pk for trip in trips]).values_list("state", "outcome")
    assert set(states) == {("discharged", "matched")}


def go(trip: Trip, opens: Any, at: datetime) -> None:
    pass_ = issue_pass(trip=trip, at=at, by=BY)[0]
    for number, device in enumerate(("exit_device", "entry_device"), start=1):
        key = find_api_key(opens[device]["token"])
        assert key is not None
        assert key.checkpoint is not None
        scan = ScanInput(scan_id=uuid.uuid4(), code=pass_.code, checkpoint=key.checkpoint, lane="1")
        assert (
            record_scan(scan=scan, device=key, at=at + timedelta(hours=number), by=BY)[0].verdict == "release"
        )
    confirm_receipt(
        pass_=pass_,
        pin=receipt_pin(pass_.trip),
        condition="good",
        receiver="Altyn Auto",
        at=at + timedelta(hours=8),
        by="consignee",
    )


def test_its_planned_trips_may_have_a_code() -> None:
    make_demonstration(at=AT)
    planned = Trip.objects.filter(state="planned", declaration__status=DeclarationStatus.RELEASED)
    trips = list(planned.select_related("vehicle", "driver", "declaration", "route"))
    assert trips
    assert not any(reasons_against(facts) for facts in facts_for(trips, at=AT).values())


def test_a_second_run_loses_nothing_that_was_done_in_it() -> None:
    opens = make_demonstration(at=AT)
    company = first_company(opens)
    register_licence(company=company, number="26ZZ1", expires_on=FAR, quantity=5, at=AT, by=BY)
    there = counts()
    make_demonstration(at=AT + timedelta(days=3))
    assert counts() == there
    assert Licence.objects.filter(number="26ZZ1").exists()


def test_it_prints_what_the_contract_says() -> None:
    opens = json.loads(demo("--json"))
    company = {"name", "uscc", "email", "password", "token"}
    assert {name: set(what) for name, what in opens.items()} == {
        "company": company,
        "other_company": company,
        "officer": {"email", "password"},
        "supervisor": {"email", "password"},
        "exit_device": {"checkpoint", "token"},
        "entry_device": {"checkpoint", "token"},
        "authority": {"token"},
    }
    assert opens["exit_device"]["checkpoint"] == "CN-HORGOS"
    assert opens["entry_device"]["checkpoint"] == "KZ-NURZHOLY"


def test_its_sign_ins_and_keys_work(client: Client) -> None:
    opens = json.loads(demo("--json"))
    for who in ("company", "other_company", "officer", "supervisor"):
        assert client.login(email=opens[who]["email"], password=opens[who]["password"])
    for who in ("company", "other_company"):
        key = find_api_key(opens[who]["token"])
        assert key is not None
        assert key.company == Company.objects.get(uscc=opens[who]["uscc"])
    for who in ("exit_device", "entry_device"):
        key = find_api_key(opens[who]["token"])
        assert key is not None
        assert key.checkpoint == Checkpoint.objects.get(code=opens[who]["checkpoint"])
    assert find_api_key(opens["authority"]["token"])


def test_a_changed_password_is_set_back_so_that_what_is_printed_works(client: Client) -> None:
    opens = make_demonstration(at=AT)
    officer = User.objects.get(email=opens["officer"]["email"])
    officer.set_password("another-word-of-mine")
    officer.save()
    make_demonstration(at=AT)
    assert client.login(email=officer.email, password=opens["officer"]["password"])


def test_a_revoked_key_stays_dead_and_another_is_printed() -> None:
    before = make_demonstration(at=AT)["authority"]["token"]
    key = find_api_key(before)
    assert key is not None
    revoke_api_key(key=key, at=AT)
    after = make_demonstration(at=AT)["authority"]["token"]
    assert find_api_key(before) is None
    assert find_api_key(after)
    assert make_demonstration(at=AT)["authority"]["token"] == after


def test_keys_of_another_secret_key_are_replaced(settings: Any) -> None:
    before = make_demonstration(at=AT)["company"]["token"]
    settings.DATA_KEYS = [settings.SECRET_KEY]
    settings.SECRET_KEY = "another-secret-key-" + "x1y2z3" * 5
    after = make_demonstration(at=AT)["company"]["token"]
    assert after != before
    assert find_api_key(before) is None
    assert find_api_key(after)


def test_it_prints_a_table_for_people() -> None:
    shown = demo()
    assert "dispatcher@silkbridge.example" in shown
    assert "/lane/" in shown
    assert "/d/" in shown
    assert "PIN" in shown
