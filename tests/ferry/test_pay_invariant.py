"""Statements and trips always agree, whatever is done to them and in whatever order.

Scripts of acts are drawn at random. After each act the ledger is compared with an account that is kept
beside it by other means: from the trips' own states, the rates as they were added, and what was accepted.
"""

from __future__ import annotations

import uuid
from collections import defaultdict
from contextlib import suppress
from datetime import timedelta
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.db import transaction
from django.db.models import Sum
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from ferry.actions.cases import open_case, reopen_case, resolve_case, write_off_case
from ferry.actions.passes import receipt_pin
from ferry.actions.pay import (
    accrue,
    accrue_missing,
    add_rate,
    approve_statements,
    correct_pay,
    end_rate,
    mark_paid,
)
from ferry.actions.receipts import confirm_receipt, refuse_delivery
from ferry.errors import Refused
from ferry.models import (
    Case,
    CaseKind,
    EntryKind,
    PayEntry,
    PayStatement,
    StatementState,
    Trip,
    TripState,
    Weight,
)
from tests.builders import AT, BY, a_company, a_driver, an_exited_trip
from tests.threads import at_once

CHINA = ZoneInfo("Asia/Shanghai")
DRIVERS, TRIPS = 2, 4
#: The last weighs most: a driver's own rate before a route's before a class's.
WEIGHT = {"driver": 4, "route": 2, "vehicle_class": 1}

ACTS = (
    *("receive", "refuse", "resolve", "accrue again", "find what is missing"),
    *(
        "add a rate",
        "end a rate",
        "accept damage",
        "write off",
        "reopen",
        "correct",
        "approve",
        "pay",
        "wait",
    ),
)
steps = st.lists(
    st.tuples(st.sampled_from(ACTS), st.integers(0, TRIPS - 1), st.integers(1, 90_000)),
    min_size=5,
    max_size=30,
)


class Books:
    """A company with trips abroad, and an account of its own of what each driver has earned."""

    def __init__(self) -> None:
        self.at = AT
        self.company = a_company()
        self.drivers = [a_driver(self.company) for _number in range(DRIVERS)]
        self.trips = [
            an_exited_trip(self.company, driver=self.drivers[number])
            if number < DRIVERS
            else self._back(number)
            for number in range(TRIPS)
        ]
        self.rates: list[dict[str, Any]] = []
        self.corrected: dict[tuple[int, str], int] = defaultdict(int)

    def _back(self, number: int) -> Trip:
        """Have the driver come home from his trips before, so that he may drive another."""
        driver = self.drivers[number % DRIVERS]
        Trip.objects.filter(driver=driver).update(driver_returned_at=AT)
        return an_exited_trip(self.company, driver=driver)

    def do(self, act: str, number: int, fen: int) -> None:
        """Do one thing, as two impatient people would: twice."""
        self.at += timedelta(minutes=1)
        trip = Trip.objects.get(pk=self.trips[number].pk)
        for _time in range(2):
            with suppress(Refused), transaction.atomic():
                getattr(self, act.replace(" ", "_"))(trip, fen)
        self.count()

    # --- What is done -------------------------------------------------------------------------

    def receive(self, trip: Trip, _fen: int) -> None:
        said = {"condition": "good", "receiver": "Aidar"}
        confirm_receipt(pass_=trip.passes.get(), pin=receipt_pin(trip), **said, at=self.at, by="consignee")

    def refuse(self, trip: Trip, _fen: int) -> None:
        said = {"reason": "damaged", "refused_by": "Aidar"}
        refuse_delivery(pass_=trip.passes.get(), pin=receipt_pin(trip), **said, at=self.at, by="consignee")

    def resolve(self, trip: Trip, fen: int) -> None:
        case = self._case(trip, CaseKind.EXIT_NO_DELIVERY, fen)
        resolve_case(
            case=case, resolution="delivered" if fen % 3 else "explained", note="", at=self.at, by=BY
        )

    def accrue_again(self, trip: Trip, _fen: int) -> None:
        accrue(trip=trip, at=self.at, by=BY)

    def find_what_is_missing(self, _trip: Trip, _fen: int) -> None:
        accrue_missing(at=self.at, by=BY)

    def add_a_rate(self, trip: Trip, fen: int) -> None:
        named = {
            "driver": trip.driver if fen % 2 else None,
            "route": trip.route if fen % 3 else None,
            "vehicle_class": "car" if fen % 5 else "plant",
        }
        rate = add_rate(company=self.company, amount_fen=fen, **named, at=self.at, by=BY)
        known = {"rate": rate, "fen": fen, "from": self.at, "until": None, "order": len(self.rates)}
        self.rates.append({**known, **named})

    def end_a_rate(self, _trip: Trip, fen: int) -> None:
        if self.rates:
            one = self.rates[fen % len(self.rates)]
            one["rate"].refresh_from_db()
            end_rate(rate=one["rate"], at=self.at, by=BY)
            one["until"] = self.at

    def accept_damage(self, trip: Trip, fen: int) -> None:
        case = self._case(trip, CaseKind.DAMAGE, fen)
        said = {"resolution": "damage_settled", "note": "", "accepted_fen": fen}
        resolve_case(case=case, **said, at=self.at, by=BY)

    def write_off(self, trip: Trip, fen: int) -> None:
        kind = (CaseKind.RETURNED_UNDELIVERED, CaseKind.DELIVERY_NO_EXIT, CaseKind.DRIVER_OVERLAP)[fen % 3]
        write_off_case(case=self._case(trip, kind, fen), note="", at=self.at, by=BY)

    def reopen(self, trip: Trip, fen: int) -> None:
        cases = list(trip.cases.order_by("pk"))
        if cases:
            reopen_case(case=cases[fen % len(cases)], party="customs", reason="x", at=self.at, by=BY)

    def correct(self, trip: Trip, fen: int) -> None:
        amount, key = fen - 45_000 or 1, uuid.UUID(int=int(self.at.timestamp()))
        said = {"driver": trip.driver, "amount_fen": amount, "reason": "x", "key": key}
        if correct_pay(**said, at=self.at, by=BY)[1]:
            self.corrected[trip.driver_id, "CNY"] += amount

    def approve(self, _trip: Trip, _fen: int) -> None:
        approve_statements(company=self.company, statements=self._statements(), at=self.at, by=BY)

    def pay(self, _trip: Trip, _fen: int) -> None:
        said = {"company": self.company, "statements": self._statements(), "at": self.at, "by": BY}
        mark_paid(**said, paid_on=self.at.astimezone(CHINA).date())

    def wait(self, _trip: Trip, fen: int) -> None:
        self.at += timedelta(days=fen % 40)

    def _statements(self) -> list[int]:
        return list(PayStatement.objects.filter(company=self.company).values_list("pk", flat=True))

    def _case(self, trip: Trip, kind: CaseKind, number: int) -> Case:
        facts = {"number": number}
        opened = open_case(trip=trip, kind=kind, weight=Weight.LOW, facts=facts, at=self.at, by=BY)
        return opened or Case.objects.filter(trip=trip, kind=kind).latest("pk")

    # --- What must hold -----------------------------------------------------------------------

    def worth(self, trip: Trip) -> int:
        """Say what a trip pays, by another way than the rule does."""
        valid = [
            one
            for one in self.rates
            if one["from"] <= trip.delivered_at and not (one["until"] and one["until"] <= trip.delivered_at)
        ]
        fitting = [
            one
            for one in valid
            if one["driver"] in {None, trip.driver}
            and one["route"] in {None, trip.route}
            and one["vehicle_class"] == "car"
        ]
        best = max(
            fitting,
            key=lambda one: (sum(WEIGHT[name] for name in WEIGHT if one[name]), one["order"]),
            default=None,
        )
        return best["fen"] if best else 50_000

    def owes(self) -> dict[tuple[int, str], int]:
        """Say what each driver is owed: trips delivered and not given up, less damage, and corrections."""
        owed = defaultdict(int, self.corrected)
        given_up = {"exit_no_delivery", "delivery_no_exit", "returned_undelivered"}
        for trip in Trip.objects.filter(company=self.company):
            cases = list(trip.cases.all())
            is_given_up = any(one.state == "written_off" and one.kind in given_up for one in cases)
            if trip.state == TripState.DELIVERED and not is_given_up:
                owed[trip.driver_id, "CNY"] += self.worth(trip)
            owed[trip.driver_id, "CNY"] -= sum(one.accepted_fen or 0 for one in cases)
        return owed

    def count(self) -> None:
        owed = self.owes()
        stated: dict[tuple[int, str], int] = defaultdict(int)
        for one in PayStatement.objects.filter(company=self.company):
            entries = one.entries.aggregate(sum=Sum("amount_fen"))["sum"] or 0
            assert one.total_fen == (None if one.state == StatementState.DRAFT else entries)
            assert set(one.entries.values_list("statement__driver", flat=True)) <= {one.driver_id}
            stated[one.driver_id, one.currency] += entries
        assert dict(stated) == {account: fen for account, fen in owed.items() if account in stated}
        assert all(fen == 0 for account, fen in owed.items() if account not in stated)


#: A failure is told as it was found: making it smaller would live through whole worlds again, for minutes.
UNSHRUNK = (Phase.explicit, Phase.reuse, Phase.generate)


@pytest.mark.django_db
@settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck), phases=UNSHRUNK)
@given(script=steps)
def test_statements_equal_the_sum_of_delivered_trips_deductions_and_corrections(script):
    with transaction.atomic():
        books = Books()
        for step in script:
            books.do(*step)
        transaction.set_rollback(True)


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("_turn", range(3))
def test_so_they_do_with_everybody_at_it_at_once(_turn):
    books = Books()
    driver, trips = books.drivers[0], books.trips
    for trip in trips:
        open_case(trip=trip, kind=CaseKind.EXIT_NO_DELIVERY, weight=Weight.LOW, facts={}, at=AT, by=BY)
    later = AT + timedelta(days=20)
    keys = [uuid.uuid4() for _number in range(3)]

    def trying(call, *args):
        with suppress(Refused):
            call(*args)

    def settled(trip):
        resolve_case(
            case=trip.cases.get(kind=CaseKind.EXIT_NO_DELIVERY), resolution="delivered", note="", at=AT, by=BY
        )

    def approved():
        rows = list(PayStatement.objects.values_list("pk", flat=True))
        approve_statements(company=books.company, statements=rows, at=later, by=BY)

    at_once(
        *[partial(trying, books.receive, trip, 0) for trip in trips],
        *[partial(trying, settled, trip) for trip in trips],
        *[partial(trying, approved)] * 3,
        *[partial(trying, _corrected, driver, key) for key in keys * 2],
        *[partial(trying, _found_missing)] * 2,
    )
    accrued = PayEntry.objects.filter(kind=EntryKind.ACCRUAL)
    assert sorted(accrued.values_list("trip", flat=True)) == sorted(trip.pk for trip in trips)
    assert PayEntry.objects.filter(kind=EntryKind.CORRECTION).count() == len(keys)
    books.corrected[driver.pk, "CNY"] += 100 * len(keys)
    books.count()


def _corrected(driver, key):
    correct_pay(driver=driver, amount_fen=100, reason="x", key=key, at=AT, by=BY)


def _found_missing():
    accrue_missing(at=AT, by=BY)
