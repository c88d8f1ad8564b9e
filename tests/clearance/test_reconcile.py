"""Reconciliation on the database: what is due, what follows, once, by any number of workers."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from pathlib import Path
from threading import Barrier
from typing import Any

import psycopg
import pytest
import time_machine
from django.apps import apps
from django.conf import settings
from django.core.management import call_command
from django.db import InterfaceError, OperationalError, connection, connections, transaction
from django.db.models import Model
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from clearance.actions import reconcile
from clearance.actions.reconcile import Tally, assess_trips, reconcile_all_due, reconcile_due
from clearance.actions.records import RecordLine
from clearance.actions.scans import Offline
from clearance.models import Scan
from clearance.queries.due import claim_due_trips
from clearance.queries.evidence import warnings_for
from clearance.rules.assess import VERSION, assess
from clearance.rules.versions import VERSIONS
from ferry.actions.cases import settle_case
from ferry.actions.declarations import set_declaration_status
from ferry.actions.passes import revoke_pass, swap_driver
from ferry.actions.trips import cancel_trip, driver_back, return_trip
from ferry.models import (
    Case,
    CaseKind,
    CaseState,
    Closure,
    Declaration,
    DeclaredVehicle,
    EventKind,
    Outcome,
    Trip,
    TripEvent,
    TripState,
    Weight,
)
from tests.builders import (
    AT,
    BY,
    a_company,
    a_declaration,
    a_driver,
    a_petrol_car,
    an_issued_trip,
)
from tests.clearance.story import arrive, confirm, latest_pass, leave, not_taken, scan_at, take

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
OFFLINE = Offline("release", timedelta(minutes=10))


def a_journey(company: Any = None, **fields: Any) -> Trip:
    """Bring a trip from its issue to its receipt, the driver back, without a fault."""
    trip = leave(an_issued_trip(company, **fields), AT)
    arrive(trip, AT + 2 * HOUR)
    confirm(trip, AT + 5 * HOUR)
    driver_back(trip=trip, occurred_at=AT + 9 * HOUR, at=AT + 9 * HOUR, by=BY)
    trip.refresh_from_db()
    return trip


def dump() -> dict[str, list[tuple[Any, ...]]]:
    """Give every row of both apps."""
    models = [model for label in ("ferry", "clearance") for model in apps.get_app_config(label).get_models()]
    return {model.__name__: sorted(map(repr, model.objects.values_list())) for model in models}


def kinds(trip: Trip | None = None) -> list[str]:
    cases = Case.objects.filter(trip=trip) if trip else Case.objects.all()
    return sorted(cases.values_list("kind", flat=True))


def outcome(trip: Trip) -> tuple[str, str]:
    trip.refresh_from_db()
    return trip.state, trip.outcome


@pytest.mark.django_db
class TestTheMainJob:
    def test_a_delivery_on_which_all_agrees_is_discharged(self) -> None:
        trip = a_journey()
        assert reconcile_all_due(at=AT + 10 * HOUR) == Tally(checked=1, matched=1, discharged=1)
        assert outcome(trip) == (TripState.DISCHARGED, Outcome.MATCHED)
        assert trip.discharged_at == trip.assessed_at == AT + 10 * HOUR
        event = trip.events.latest("pk")
        assert (event.kind, event.at) == (EventKind.DISCHARGED, AT + 10 * HOUR)

    def test_running_it_twice_changes_nothing(self) -> None:
        a_journey()
        damaged = leave(an_issued_trip(), AT)
        confirm(damaged, AT + HOUR, condition="damaged", receiver="Somebody")
        reconcile_all_due(at=AT + 10 * HOUR)
        before = dump()
        assert reconcile_all_due(at=AT + 10 * HOUR) == Tally()
        assert dump() == before

    def test_assessing_again_what_is_not_due_finds_the_same(self) -> None:
        a_journey()
        leave(an_issued_trip(), AT)
        late = AT + 3 * DAY
        reconcile_all_due(at=late)
        before = dump()
        Trip.objects.update(next_check_at=late)
        reconcile_all_due(at=late)
        assert dump() == before

    def test_what_is_not_due_costs_nothing(self) -> None:
        leave(an_issued_trip(), AT)
        reconcile_all_due(at=AT + HOUR)
        with CaptureQueriesContext(connection) as queries:
            assert reconcile_all_due(at=AT + 2 * HOUR) == Tally()
        assert len([each for each in queries if each["sql"].startswith("SELECT")]) == 1

    def test_a_batch_costs_the_same_number_of_queries_whatever_its_size(self) -> None:
        company = a_company()

        def cost(size: int) -> int:
            for _each in range(size):
                a_journey(company)
            with CaptureQueriesContext(connection) as queries:
                assert reconcile_due(at=AT + 10 * HOUR).discharged == size
            return len(queries)

        assert cost(1) == cost(4) <= 25

    def test_a_batch_takes_what_has_been_due_longest(self) -> None:
        trips = [leave(an_issued_trip(), AT + minutes * timedelta(minutes=1)) for minutes in (2, 0, 1)]
        assert reconcile_due(at=AT + HOUR, limit=2).checked == 2
        waiting = Trip.objects.filter(assessed_at__isnull=True)
        assert list(waiting) == [trips[0]]

    def test_a_trip_that_cannot_be_assessed_holds_up_no_other(self, monkeypatch: pytest.MonkeyPatch) -> None:
        broken, sound = a_journey(), a_journey()
        at = AT + 10 * HOUR

        def stumble(evidence: Any, limits: Any, at: datetime) -> Any:
            if evidence.vin == broken.vehicle.vin:
                raise ArithmeticError
            return assess(evidence, limits, at)

        monkeypatch.setitem(VERSIONS, VERSION, stumble)
        assert reconcile_all_due(at=at) == Tally(checked=2, matched=1, discharged=1)
        assert outcome(sound) == (TripState.DISCHARGED, Outcome.MATCHED)
        assert outcome(broken) == (TripState.DELIVERED, Outcome.WAITING)
        assert broken.next_check_at == at + reconcile.LATER
        monkeypatch.setitem(VERSIONS, VERSION, assess)
        reconcile_all_due(at=at + reconcile.LATER)
        assert outcome(broken) == (TripState.DISCHARGED, Outcome.MATCHED)

    @pytest.mark.parametrize("lost", [OperationalError, InterfaceError])
    def test_a_trip_is_not_put_off_because_the_database_was_away(
        self, monkeypatch: pytest.MonkeyPatch, lost: type[Exception]
    ) -> None:
        unlucky, sound = a_journey(), a_journey()
        at = AT + 10 * HOUR

        def lose(evidence: Any, limits: Any, at: datetime) -> Any:
            if evidence.vin == unlucky.vehicle.vin:
                raise lost
            return assess(evidence, limits, at)

        monkeypatch.setitem(VERSIONS, VERSION, lose)
        due = unlucky.next_check_at
        assert reconcile_all_due(at=at) == Tally(checked=1, matched=1, discharged=1)
        assert outcome(sound) == (TripState.DISCHARGED, Outcome.MATCHED)
        assert outcome(unlucky) == (TripState.DELIVERED, Outcome.WAITING)
        assert unlucky.next_check_at == due
        monkeypatch.setitem(VERSIONS, VERSION, assess)
        reconcile_all_due(at=at)
        assert outcome(unlucky) == (TripState.DISCHARGED, Outcome.MATCHED)

    def test_a_trip_refused_at_the_entry_is_due_at_once(self) -> None:
        trip = leave(an_issued_trip(), AT)
        reconcile_all_due(at=AT + HOUR)
        scan_at(trip.route.entry, latest_pass(trip), AT + 60 * DAY)
        trip.refresh_from_db()
        assert trip.next_check_at == AT + 60 * DAY

    def test_a_trip_refused_at_the_entry_is_due_at_once_though_it_is_called_delivered(self) -> None:
        trip = leave(an_issued_trip(), AT)
        confirm(trip, AT + 2 * HOUR)
        reconcile_all_due(at=AT + 3 * HOUR)
        scan_at(trip.route.entry, latest_pass(trip), AT + HOUR, Offline("refuse", HOUR))
        assert Trip.objects.get().next_check_at == AT + 2 * HOUR

    def test_a_trip_given_up_as_lost_frees_its_driver(self) -> None:
        company = a_company()
        trip = leave(an_issued_trip(company), AT)
        reconcile_all_due(at=AT + 3 * DAY)
        settle_case(
            case=Case.objects.get(),
            to=CaseState.WRITTEN_OFF,
            resolution="lost",
            note="",
            at=AT + 3 * DAY,
            by=BY,
        )
        reconcile_all_due(at=AT + 3 * DAY)
        assert outcome(trip) == (TripState.EXITED, Outcome.WRITTEN_OFF)
        an_issued_trip(company, driver=trip.driver)

    def test_the_command_says_what_it_did(self, capsys: pytest.CaptureFixture[str]) -> None:
        a_journey()
        with time_machine.travel(AT + 10 * HOUR, tick=False):
            call_command("reconcile")
        assert capsys.readouterr().out == (
            "checked 1 · matched 1 · discharged 1 · cases opened 0"
            " · records matched 0 · lapsed 0 · re-dated 0 · cases moved up 0\n"
        )


@pytest.mark.django_db
class TestCases:
    def test_a_case_is_opened_once_with_its_event_and_grows_heavier(self) -> None:
        trip = leave(an_issued_trip(), AT)
        driver_back(trip=trip, occurred_at=AT + DAY, at=AT + DAY, by=BY)
        for at in (AT + 48 * HOUR, AT + 28 * DAY):
            reconcile_all_due(at=at)
        case = Case.objects.get(trip=trip)
        assert (case.kind, case.weight, case.opened_at) == (
            CaseKind.EXIT_NO_DELIVERY,
            Weight.CRITICAL,
            AT + 48 * HOUR,
        )
        assert (case.company, case.trip) == (trip.company, trip)
        assert TripEvent.objects.filter(kind=EventKind.CASE_OPENED).count() == 1

    def test_it_comes_back_by_itself_when_the_limit_is_reached(self) -> None:
        trip = leave(an_issued_trip(), AT)
        assert reconcile_all_due(at=AT + HOUR).checked == 1
        assert reconcile_all_due(at=AT + 47 * HOUR).checked == 0
        assert reconcile_all_due(at=AT + 48 * HOUR).cases_opened == 1
        assert outcome(trip) == (TripState.EXITED, Outcome.DISCREPANT)

    def test_a_closure_of_its_route_puts_the_case_off(self) -> None:
        trip = leave(an_issued_trip(), AT)
        Closure.objects.create(
            starts_at=AT + HOUR, ends_at=AT + 25 * HOUR, reason="holiday", route=trip.route
        )
        reconcile_all_due(at=AT + 48 * HOUR)
        assert kinds() == []
        reconcile_all_due(at=AT + 72 * HOUR)
        assert kinds() == [CaseKind.EXIT_NO_DELIVERY]

    def test_a_policy_of_its_route_decides_the_limit(self) -> None:
        trip = leave(an_issued_trip(), AT)
        trip.route.policy.receipt_case = 5 * HOUR
        trip.route.policy.save()
        reconcile_all_due(at=AT + 5 * HOUR)
        assert kinds(trip) == [CaseKind.EXIT_NO_DELIVERY]

    def test_a_settled_case_stays_settled_and_resolves_the_trip(self) -> None:
        trip = leave(an_issued_trip(), AT)
        arrive(trip, AT + HOUR)
        confirm(trip, AT + 2 * HOUR, condition="damaged")
        reconcile_all_due(at=AT + 3 * HOUR)
        assert outcome(trip) == (TripState.DELIVERED, Outcome.DISCREPANT)
        case = Case.objects.get()
        settle_case(case=case, to=CaseState.RESOLVED, resolution="repaired", note="", at=AT + 4 * HOUR, by=BY)
        reconcile_all_due(at=AT + 4 * HOUR)
        assert outcome(trip) == (TripState.DISCHARGED, Outcome.RESOLVED)
        assert Case.objects.count() == 1

    def test_a_vehicle_released_on_a_replaced_code_opens_cases(self) -> None:
        company = a_company()
        trip = an_issued_trip(company)
        old = latest_pass(trip)
        swap_driver(trip=trip, driver=a_driver(company), at=AT + timedelta(minutes=1), by=BY)
        scan_at(trip.route.exit, old, AT + HOUR, OFFLINE)
        assess_trips(trip_ids=[trip.pk], at=AT + 3 * HOUR)
        assert {CaseKind.STALE_OFFLINE_RELEASE, CaseKind.DRIVER_MISMATCH} <= set(kinds(trip))

    def test_a_code_used_twice_opens_a_case(self) -> None:
        trip = leave(an_issued_trip(), AT)
        scan_at(trip.route.exit, latest_pass(trip), AT + HOUR, OFFLINE)
        reconcile_all_due(at=AT + 3 * HOUR)
        assert CaseKind.PASS_REUSED in kinds(trip)

    def test_a_vehicle_back_undelivered_opens_a_case(self) -> None:
        trip = leave(an_issued_trip(), AT)
        return_trip(trip=trip, at=AT + DAY, by=BY)
        reconcile_all_due(at=AT + DAY)
        assert outcome(trip) == (TripState.RETURNED, Outcome.DISCREPANT)
        assert kinds(trip) == [CaseKind.RETURNED_UNDELIVERED]

    def test_a_refused_delivery_opens_a_case_once_and_a_later_receipt_discharges_when_it_is_settled(
        self,
    ) -> None:
        trip = leave(an_issued_trip(), AT)
        arrive(trip, AT + 2 * HOUR)
        not_taken(trip, AT + 3 * HOUR)
        for _time in range(2):
            reconcile_all_due(at=AT + 3 * HOUR)
            Trip.objects.update(next_check_at=AT + 3 * HOUR)
        assert outcome(trip) == (TripState.ARRIVED, Outcome.DISCREPANT)
        case = Case.objects.get()
        refused_at = (AT + 3 * HOUR).isoformat()
        assert (case.kind, case.facts) == (
            CaseKind.RETURNED_UNDELIVERED,
            {"refused_at": refused_at, "reason": "damaged"},
        )
        confirm(trip, AT + 5 * HOUR)
        reconcile_all_due(at=AT + 5 * HOUR)
        assert outcome(trip) == (TripState.DELIVERED, Outcome.DISCREPANT)
        settle_case(case=case, to=CaseState.RESOLVED, resolution="agreed", note="", at=AT + 6 * HOUR, by=BY)
        reconcile_all_due(at=AT + 6 * HOUR)
        assert outcome(trip) == (TripState.DISCHARGED, Outcome.RESOLVED)
        assert Case.objects.count() == 1

    def test_a_driver_out_twice_is_a_case_on_both_trips_without_naming_the_other_company(self) -> None:
        company, other = a_company(), a_company("East Star Trade")
        first = leave(an_issued_trip(company), AT)
        confirm(first, AT + HOUR)
        reconcile_all_due(at=AT + HOUR)
        same = a_driver(other, passport_number=first.driver.passport_number)
        second = leave(an_issued_trip(other, driver=same), AT + 2 * HOUR)
        driver_back(trip=first, occurred_at=AT + 3 * HOUR, at=AT + 3 * HOUR, by=BY)
        reconcile_all_due(at=AT + 4 * HOUR)
        for one, another in ((first, second), (second, first)):
            case = Case.objects.get(trip=one, kind=CaseKind.DRIVER_OVERLAP)
            assert another.reference not in str(case.facts)
            assert outcome(one)[1] == Outcome.DISCREPANT

    def test_an_unused_code_opens_a_case_when_it_has_lapsed(self) -> None:
        trip = an_issued_trip()
        reconcile_all_due(at=trip.closes_at + timedelta(minutes=5) + DAY)
        assert kinds(trip) == [CaseKind.NEVER_USED]

    @pytest.mark.parametrize("end", [cancel_trip, revoke_pass])
    def test_a_trip_that_was_called_off_opens_none(self, end: Any) -> None:
        trip = an_issued_trip()
        end(trip=trip, reason="no buyer", at=AT, by=BY)
        Trip.objects.update(next_check_at=AT)
        reconcile_all_due(at=AT + 60 * DAY)
        assert kinds() == []
        assert outcome(trip)[1] == Outcome.WAITING

    def test_a_settled_conflict_of_a_scan_is_not_opened_again(self) -> None:
        trip = an_issued_trip()
        scan_at(trip.route.exit, latest_pass(trip), trip.closes_at + HOUR, OFFLINE)
        at = trip.closes_at + 3 * HOUR
        reconcile_all_due(at=at)
        assert kinds(trip) == [CaseKind.EXIT_OUTSIDE_WINDOW]
        settle_case(case=Case.objects.get(), to=CaseState.RESOLVED, resolution="queue", note="", at=at, by=BY)
        reconcile_all_due(at=at)
        assert Case.objects.count() == 1


@pytest.mark.django_db
def test_a_page_is_told_what_is_overdue() -> None:
    trips = [leave(an_issued_trip(), AT), a_journey()]
    overdue = warnings_for(trips, at=AT + 37 * HOUR)
    assert overdue == {trips[0].pk: ["entry_overdue", "receipt_overdue"], trips[1].pk: []}


@pytest.mark.django_db
class TestADeclaration:
    def journeys(self, count: int = 2, **fields: Any) -> tuple[Declaration, list[Trip]]:
        company = a_company()
        cars = [a_petrol_car(company) for _each in range(count)]
        declaration = a_declaration(company, [car.vin for car in cars], **fields)
        from tests.builders import a_licence

        a_licence(company)
        return declaration, [a_journey(company, vehicle=car, declaration=declaration) for car in cars]

    def test_it_is_one_case_for_all_its_trips(self) -> None:
        declaration, trips = self.journeys()
        reconcile_all_due(at=AT + 10 * HOUR)
        reconcile_all_due(at=AT + 15 * DAY)
        case = Case.objects.get()
        assert (case.kind, case.declaration, case.trip) == (
            CaseKind.DECLARATION_NOT_CLOSED,
            declaration,
            None,
        )
        assert [outcome(trip) for trip in trips] == [(TripState.DISCHARGED, Outcome.DISCREPANT)] * 2

    def test_trips_that_were_not_due_learn_of_the_case(self) -> None:
        _declaration, (first, second) = self.journeys()
        reconcile_all_due(at=AT + 10 * HOUR)
        Trip.objects.filter(pk=second.pk).update(next_check_at=None)
        reconcile_all_due(at=AT + 15 * DAY)
        assert outcome(first)[1] == outcome(second)[1] == Outcome.DISCREPANT
        assert Case.objects.count() == 1

    def test_closing_in_time_opens_none(self) -> None:
        declaration, trips = self.journeys()
        reconcile_all_due(at=AT + 10 * HOUR)
        set_declaration_status(
            declaration=declaration, status="closed", occurred_at=AT + DAY, at=AT + 2 * DAY, by=BY
        )
        reconcile_all_due(at=AT + 60 * DAY)
        assert kinds() == []
        assert {outcome(trip)[1] for trip in trips} == {Outcome.MATCHED}

    def test_it_is_refund_ready_once_it_is_closed_and_all_are_out(self) -> None:
        declaration, _trips = self.journeys()
        reconcile_all_due(at=AT + 10 * HOUR)
        declaration.refresh_from_db()
        assert declaration.refund_ready_at is None
        for _twice in range(2):
            set_declaration_status(
                declaration=declaration, status="closed", occurred_at=AT + DAY, at=AT + 2 * DAY, by=BY
            )
            reconcile_all_due(at=AT + 2 * DAY)
            declaration.refresh_from_db()
            assert declaration.refund_ready_at == AT + DAY

    def test_it_is_not_refund_ready_while_one_is_in_the_country(self) -> None:
        declaration, _trips = self.journeys(quantity=3)
        set_declaration_status(
            declaration=declaration, status="closed", occurred_at=AT + DAY, at=AT + DAY, by=BY
        )
        reconcile_all_due(at=AT + DAY)
        declaration.refresh_from_db()
        assert declaration.refund_ready_at is None
        reconcile_all_due(at=AT + 2 * DAY)
        assert kinds() == [CaseKind.QUANTITY_DIFFERS]

    def test_a_change_before_issue_that_nobody_knew_of_is_a_case(self) -> None:
        trip = leave(an_issued_trip(), AT)
        line = RecordLine(
            "declaration_status", AT - HOUR, "C1", declaration=trip.declaration.number, status="deleted"
        )
        take(line, at=AT + HOUR)
        reconcile_all_due(at=AT + HOUR)
        assert kinds() == [CaseKind.DECLARATION_CHANGED]

    def test_a_change_after_issue_is_a_case_on_each_trip(self) -> None:
        declaration, trips = self.journeys()
        line = RecordLine(
            kind="declaration_status",
            occurred_at=AT + 6 * HOUR,
            source_reference="c-1",
            declaration=declaration.number,
            status="amended",
        )
        take(line, at=AT + 7 * HOUR)
        reconcile_all_due(at=AT + 10 * HOUR)
        assert kinds() == [CaseKind.DECLARATION_CHANGED] * 2
        assert {outcome(trip) for trip in trips} == {(TripState.DELIVERED, Outcome.DISCREPANT)}


# --- Several workers, and one that is killed ---------------------------------------------------


def many_due(count: int, left_at: datetime = AT) -> None:
    """Make trips that left long ago and were never confirmed, by copying one."""
    trip = an_issued_trip()
    trip.passes.update(opens_at=left_at - HOUR, closes_at=left_at + DAY)
    leave(trip, left_at)
    # Copies share vehicle and driver: with no moment of exit on the trips they do not clash.
    moved = {"exited_at": None, "driver_returned_at": left_at + DAY, "next_check_at": left_at + DAY}
    Trip.objects.filter(pk=trip.pk).update(**moved)
    DeclaredVehicle.objects.update(exited_at=None)
    trip.refresh_from_db()
    columns = columns_of(trip, "id", "reference")
    copies = Trip.objects.bulk_create(
        Trip(reference=f"F{number:08}", **columns) for number in range(count - 1)
    )
    columns = columns_of(Scan.objects.get(), "id", "scan_id", "trip_id", "pass_used_id")
    Scan.objects.bulk_create(Scan(scan_id=uuid.uuid4(), trip=copy, **columns) for copy in copies)


def columns_of(row: Model, *but: str) -> dict[str, Any]:
    names = {field.attname for field in row._meta.concrete_fields} - set(but)
    return {name: getattr(row, name) for name in names}


def final_state() -> dict[str, list[Any]]:
    """Give all that reconciliation leaves behind, but for when it ran."""
    return {
        "trips": list(
            Trip.objects.order_by("reference").values_list("reference", "state", "outcome", "next_check_at")
        ),
        "cases": sorted(Case.objects.values_list("trip__reference", "kind", "weight", "state", "evidence")),
        "events": sorted(TripEvent.objects.values_list("trip__reference", "kind")),
    }


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
class TestSeveralWorkers:
    def test_they_assess_each_trip_once(self) -> None:
        many_due(60)
        start = Barrier(4)

        def work(_worker: int) -> int:
            try:
                start.wait(timeout=30)
                return sum(
                    tally.checked for tally in iter(lambda: reconcile_due(at=AT + 3 * DAY, limit=5), Tally())
                )
            finally:
                connections.close_all()

        with ThreadPoolExecutor(4) as pool:
            checked = list(pool.map(work, range(4)))
        assert sum(checked) == 60
        assert TripEvent.objects.filter(kind=EventKind.CASE_OPENED).count() == Case.objects.count()
        assert set(Trip.objects.values_list("outcome", flat=True)) == {Outcome.DISCREPANT}
        assert reconcile_all_due(at=AT + 3 * DAY) == Tally()

    def test_one_passes_over_what_another_holds(self) -> None:
        many_due(6)
        with transaction.atomic():
            held = set(reconcile.claim_due_trips(at=AT + 3 * DAY, limit=4))
            with ThreadPoolExecutor(1) as pool:
                tally = pool.submit(self.apart).result(timeout=30)
        assert tally.checked == 2
        assert set(Trip.objects.filter(assessed_at__isnull=True).values_list("pk", flat=True)) == held

    @staticmethod
    def apart() -> Tally:
        try:
            return reconcile_due(at=AT + 3 * DAY)
        finally:
            connections.close_all()

    @pytest.fixture
    def watcher(self) -> Iterator[psycopg.Connection[Any]]:
        with psycopg.connect(
            **connection.get_connection_params() | {"cursor_factory": psycopg.Cursor, "context": None},
            autocommit=True,
        ) as own:
            yield own

    @pytest.mark.parametrize("end", ["killed", "cut off from the database"])
    def test_a_worker_that_ends_in_the_middle_loses_and_doubles_nothing(self, watcher: Any, end: str) -> None:
        now = timezone.now()
        many_due(reconcile.BATCH + 40, left_at=now - 3 * DAY)
        # A case that the second batch will make heavier: held here, the worker stops in mid-transaction.
        last = Trip.objects.order_by("next_check_at", "pk").last()
        assert last is not None
        assess_trips(trip_ids=[last.pk], at=now - HOUR)
        Trip.objects.filter(pk=last.pk).update(next_check_at=now - HOUR)
        case = Case.objects.get()
        Case.objects.update(weight=Weight.LOW)
        with transaction.atomic():
            Case.objects.select_for_update().get(pk=case.pk)
            worker = start_worker()
            wait_until_blocked(watcher, worker)
            if end == "killed":
                worker.send_signal(signal.SIGKILL)
            else:
                watcher.execute(CUT)
            assert worker.wait(timeout=30) != 0
        wait_until_gone(watcher)
        done = Trip.objects.filter(assessed_at__gte=now)
        assert done.count() == reconcile.BATCH
        assert Case.objects.get(pk=case.pk).weight == Weight.LOW
        assert set(done.values_list("outcome", flat=True)) == {Outcome.DISCREPANT}
        assert Case.objects.filter(trip__in=Trip.objects.exclude(pk__in=done)).count() == 1
        assert start_worker().wait(timeout=120) == 0
        resumed = final_state()
        assert Case.objects.count() == len(resumed["trips"])
        assert len([each for each in resumed["events"] if each[1] == EventKind.CASE_OPENED]) == len(
            resumed["trips"]
        )
        assert reconcile_all_due(at=timezone.now()) == Tally()
        assert final_state() == resumed


def start_worker() -> subprocess.Popen[bytes]:
    """Run the command in a process of its own on the database under test."""
    database = settings.DATABASES["default"]
    url = f"postgres://{database['USER']}:{database['PASSWORD']}@{database['HOST']}:{database['PORT']}/{database['NAME']}"
    return subprocess.Popen(
        [sys.executable, "manage.py", "reconcile"],
        cwd=Path(__file__).resolve().parents[2],
        env=os.environ
        | {"DATABASE_URL": url, "DATABASE_POOL": "off", "DEBUG": "on", "PGAPPNAME": "ferryman-worker"},
        stdout=subprocess.DEVNULL,
    )


WORKER = "application_name = 'ferryman-worker' AND datname = current_database()"
RUNNING = f"SELECT count(*) FROM pg_stat_activity WHERE {WORKER}"  # noqa: S608
CUT = f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE {WORKER}"  # noqa: S608
BLOCKED = f"{RUNNING} AND wait_event_type = 'Lock'"


def wait_until_blocked(watcher: Any, worker: subprocess.Popen[bytes]) -> None:
    until(watcher, BLOCKED, 1, worker)


def wait_until_gone(watcher: Any) -> None:
    until(watcher, RUNNING, 0)


def until(watcher: Any, query: str, wanted: int, worker: subprocess.Popen[bytes] | None = None) -> None:
    deadline = time.monotonic() + 60
    while watcher.execute(query).fetchone()[0] != wanted:
        assert worker is None or worker.poll() is None, "It ended before it was blocked."
        assert time.monotonic() < deadline, query


@pytest.mark.postgres
@pytest.mark.django_db
def test_what_is_due_is_claimed_as_its_index_lies_however_much_is_due_at_one_moment():
    with CaptureQueriesContext(connection) as seen, transaction.atomic():
        claim_due_trips(at=AT, limit=5)
    (claim,) = [query["sql"] for query in seen.captured_queries if "SKIP LOCKED" in query["sql"]]
    with connection.cursor() as cursor:
        cursor.execute("SET enable_seqscan = off; SET enable_bitmapscan = off")
        cursor.execute(f"EXPLAIN {claim}")
        plan = "\n".join(line for (line,) in cursor.fetchall())
        cursor.execute("RESET enable_seqscan; RESET enable_bitmapscan")
    assert "trip_due" in plan
    assert "Sort" not in plan
