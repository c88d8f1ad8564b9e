"""Who waits for whom, on PostgreSQL: trips come first, so that no two ever wait for each other."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection, connections, transaction
from django.db.models import Model

from clearance.actions.reconcile import reconcile_all_due
from clearance.actions.records import RecordLine
from ferry.actions.cases import open_case, settle_case
from ferry.actions.declarations import set_declaration_status, update_declaration
from ferry.models import Case, CaseKind, CaseState, Declaration, Trip, Weight
from tests.builders import (
    AT,
    BY,
    a_company,
    a_declaration,
    a_declaration_number,
    a_petrol_car,
    an_issued_trip,
)
from tests.clearance.story import leave, statuses, take
from tests.clearance.test_concurrency import at_once

pytestmark = [pytest.mark.postgres, pytest.mark.django_db(transaction=True)]

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
#: Long past what any machine needs; a test that fails waits so long, no other does.
DEADLINE_S = 20
STEP_S = 0.02


@contextmanager
def kept_waiting(call: Callable[[], Any], *trips: Trip) -> Iterator[None]:
    """Hold trips while a call from another connection waits for them; in the end it must come through."""

    with ThreadPoolExecutor(1) as threads:
        with transaction.atomic():
            hold(*trips)
            called = threads.submit(closing, call)
            until_blocked(called)
            yield
        called.result(DEADLINE_S)


def closing(call: Callable[[], Any]) -> Any:
    try:
        return call()
    finally:
        connections.close_all()


def hold(*trips: Trip) -> None:
    pks = [trip.pk for trip in trips]
    list(Trip.objects.select_for_update().filter(pk__in=pks).order_by("pk").values_list("pk"))


def until_blocked(called: Future[Any]) -> None:
    for _step in range(int(DEADLINE_S / STEP_S)):
        with connection.cursor() as cursor:
            cursor.execute(BLOCKED)
            if cursor.fetchone()[0]:
                return
        assert not wait([called], timeout=STEP_S).done, "It waited for nobody."
    raise AssertionError("It never waited.")


BLOCKED = """
SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'
"""


def is_free(row: Model) -> bool:
    rows = type(row)._default_manager.select_for_update(skip_locked=True).filter(pk=row.pk)
    return bool(list(rows.values_list("pk")))


def a_shared_declaration(**fields: Any) -> tuple[Declaration, list[Trip]]:
    company = a_company()
    cars = [a_petrol_car(company) for _each in range(2)]
    declaration = a_declaration(company, [car.vin for car in cars], **fields)
    return declaration, [an_issued_trip(company, vehicle=car, declaration=declaration) for car in cars]


def test_settling_a_case_waits_for_its_trip_and_holds_nothing_meanwhile() -> None:
    trip = leave(an_issued_trip(), AT)
    reconcile_all_due(at=AT + 3 * DAY)
    case = Case.objects.get(trip=trip)

    def settle() -> Case:
        return settle_case(case=case, to=CaseState.RESOLVED, resolution="explained", note="", at=AT, by=BY)

    with kept_waiting(settle, trip):
        assert is_free(case)
    case.refresh_from_db()
    assert case.state == CaseState.RESOLVED


def test_settling_a_declarations_case_waits_for_its_trips_and_holds_nothing_meanwhile() -> None:
    declaration, (first, second) = a_shared_declaration()
    case = open_case(
        declaration=declaration,
        kind=CaseKind.QUANTITY_DIFFERS,
        weight=Weight.HIGH,
        facts={"out": 1},
        at=AT,
        by=BY,
    )
    assert case is not None

    def settle() -> Case:
        return settle_case(case=case, to=CaseState.RESOLVED, resolution="explained", note="", at=AT, by=BY)

    with kept_waiting(settle, first):
        assert is_free(case)
        assert is_free(second)
    case.refresh_from_db()
    assert case.state == CaseState.RESOLVED


@pytest.mark.parametrize("by_customs", [True, False])
def test_a_word_on_a_declaration_waits_for_its_trips_and_holds_nothing_meanwhile(by_customs: bool) -> None:
    declaration, (first, second) = a_shared_declaration()

    def by_company() -> object:
        return update_declaration(
            declaration=declaration,
            supervision_mode="0110",
            status="closed",
            vins=[],
            lines=0,
            at=AT + HOUR,
            by=BY,
        )

    def customs() -> object:
        return set_declaration_status(
            declaration=declaration, status="closed", occurred_at=AT + HOUR, at=AT + HOUR, by=BY
        )

    with kept_waiting(customs if by_customs else by_company, first):
        assert is_free(declaration)
        assert is_free(second)
    declaration.refresh_from_db()
    assert declaration.status == "closed"


def test_two_that_take_records_of_one_trip_do_not_block_each_other() -> None:
    trip = leave(an_issued_trip(), AT)
    passport = trip.driver.passport_number
    lines = [
        RecordLine("border_exit", AT + HOUR, "BP-1", passport_number=passport),
        RecordLine("kz_entry", AT + 2 * HOUR, "KZ-1", vin=trip.vehicle.vin),
    ]
    for number in range(10):
        calls = [
            lambda line=line, number=number: take(  # type: ignore[misc]
                replace(line, source_reference=f"{line.source_reference}-{number}"), at=AT + 3 * HOUR
            )
            for line in lines * 3
        ]
        for results in at_once(*calls):
            assert statuses(results)[0] in {"matched", "duplicate"}
    assert trip.records.count() == 20


def test_a_reconciliation_does_not_wait_for_trips_that_another_holds() -> None:
    """Two workers share the trips of a declaration whose closing came before it was registered."""
    number = a_declaration_number()
    line = RecordLine("declaration_status", AT + 2 * HOUR, "CD-1", declaration=number, status="closed")
    take(line, at=AT + 2 * HOUR)
    declaration, (first, second) = a_shared_declaration(number=number)
    for trip in (first, second):
        leave(trip, AT)
    with ThreadPoolExecutor(1) as threads, transaction.atomic():
        hold(second)
        called = threads.submit(closing, lambda: reconcile_all_due(at=AT + 3 * HOUR))
        assert called.result(DEADLINE_S).checked == 1
    reconcile_all_due(at=AT + 4 * HOUR)
    declaration.refresh_from_db()
    assert declaration.status == "closed"
