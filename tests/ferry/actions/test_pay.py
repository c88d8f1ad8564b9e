"""Rates, the ledger of pay and its statements."""

from __future__ import annotations

import uuid
from datetime import UTC, date, datetime, timedelta

import pytest
from django.db import DatabaseError, transaction

from ferry.actions.cases import open_case, reopen_case, resolve_case, settle_case, write_off_case
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
from ferry.actions.receipts import confirm_receipt
from ferry.errors import Conflict, Invalid, NotYours
from ferry.models import (
    AuditEntry,
    CaseKind,
    CaseState,
    PayEntry,
    PayRate,
    PayStatement,
    Trip,
    TripState,
    Weight,
)
from tests.builders import AT, BY, a_company, a_driver, a_vehicle, an_exited_trip, an_issued_trip

pytestmark = pytest.mark.django_db

NEXT_MONTH = datetime(2026, 12, 3, 4, tzinfo=UTC)
OWNER = "owner li@silkroad.example"


def received(trip, at=AT):
    said = {"pin": receipt_pin(trip), "condition": "good", "receiver": "Aidar"}
    confirm_receipt(pass_=trip.passes.get(), **said, at=at, by="consignee")
    trip.refresh_from_db()
    return trip


def a_received_trip(company=None, **fields):
    return received(an_exited_trip(company, **fields))


def a_case(trip, kind, **facts):
    return open_case(trip=trip, kind=kind, weight=Weight.MEDIUM, facts=facts or {"x": 1}, at=AT, by=BY)


def settled(case, fen):
    said = {"resolution": "damage_settled", "note": "", "accepted_fen": fen}
    return resolve_case(case=case, **said, at=AT, by=BY)


def reopened(case):
    return reopen_case(case=case, party="customs", reason="new photos", at=AT, by=BY)


def approve(statement, at=NEXT_MONTH):
    company = statement.company
    return approve_statements(company=company, statements=[statement.pk], at=at, by=OWNER)


def lines() -> list[tuple[str, int]]:
    return list(PayEntry.objects.order_by("pk").values_list("kind", "amount_fen"))


class TestAccruals:
    def test_a_receipt_makes_the_pay_the_drivers(self):
        trip = a_received_trip()
        entry = PayEntry.objects.get()
        assert (entry.kind, entry.trip, entry.amount_fen) == ("accrual", trip, 50_000)
        assert (entry.earned_at, entry.statement.driver, entry.statement.month) == (
            AT,
            trip.driver,
            "2026-11",
        )
        assert (entry.statement.state, entry.statement.currency) == ("draft", "CNY")

    def test_accruing_twice_makes_one_entry(self):
        trip = a_received_trip()
        assert accrue(trip=trip, at=AT, by=BY) is None
        assert accrue_missing(at=AT, by=BY) == 0
        assert len(lines()) == 1

    def test_a_trip_that_is_not_delivered_accrues_nothing(self):
        assert accrue(trip=an_exited_trip(), at=AT, by=BY) is None
        assert not PayStatement.objects.exists()

    def test_a_missing_receipt_settled_as_delivered_accrues_too(self):
        case = a_case(an_exited_trip(), CaseKind.EXIT_NO_DELIVERY)
        resolve_case(case=case, resolution="delivered", note="", at=AT, by=BY)
        assert lines() == [("accrual", 50_000)]

    def test_settled_otherwise_it_accrues_nothing(self):
        case = a_case(an_exited_trip(), CaseKind.EXIT_NO_DELIVERY)
        resolve_case(case=case, resolution="explained", note="", at=AT, by=BY)
        assert lines() == []

    def test_the_month_is_beijings(self):
        received(an_issued_trip(), at=datetime(2026, 11, 22, 15, tzinfo=UTC))
        trip = an_issued_trip()
        Trip.objects.filter(pk=trip.pk).update(
            state=TripState.DELIVERED, delivered_at=datetime(2026, 11, 30, 16, tzinfo=UTC)
        )
        assert accrue_missing(at=NEXT_MONTH, by=BY) == 1
        assert list(PayStatement.objects.order_by("pk").values_list("month", flat=True)) == [
            "2026-11",
            "2026-12",
        ]

    def test_trips_of_before_the_ledger_are_accrued_by_what_held_at_their_receipt(self):
        trip = an_issued_trip()
        Trip.objects.filter(pk=trip.pk).update(
            state=TripState.DISCHARGED, delivered_at=AT, discharged_at=AT, pay_fen=61_000
        )
        add_rate(company=trip.company, amount_fen=99_000, at=AT + timedelta(days=1), by=OWNER)
        assert accrue_missing(at=NEXT_MONTH, by="command") == 1
        assert lines() == [("accrual", 61_000)]
        assert PayStatement.objects.get().month == "2026-11"


class TestRates:
    def test_the_most_specific_rate_at_the_receipt_wins(self):
        trip = an_exited_trip()
        company, said = trip.company, {"at": AT - timedelta(days=1), "by": OWNER}
        add_rate(company=company, amount_fen=55_000, **said)
        rate = add_rate(company=company, amount_fen=70_000, driver=trip.driver, **said)
        add_rate(company=company, amount_fen=60_000, route=trip.route, vehicle_class="car", **said)
        received(trip)
        assert lines() == [("accrual", 70_000)]
        assert PayEntry.objects.get().rate == rate

    def test_a_rate_added_or_ended_later_changes_nothing_that_accrued(self):
        trip = an_exited_trip()
        rate = add_rate(company=trip.company, amount_fen=55_000, at=AT, by=OWNER)
        received(trip)
        later = AT + timedelta(minutes=1)
        end_rate(rate=rate, at=later, by=OWNER)
        add_rate(company=trip.company, amount_fen=90_000, at=later, by=OWNER)
        assert accrue_missing(at=later, by=BY) == 0
        assert lines() == [("accrual", 55_000)]

    def test_an_ended_rate_pays_no_more(self):
        trip = an_exited_trip()
        rate = add_rate(company=trip.company, amount_fen=55_000, at=AT - timedelta(days=2), by=OWNER)
        end_rate(rate=rate, at=AT, by=OWNER)
        received(trip)
        assert lines() == [("accrual", 50_000)]

    def test_ending_twice_is_refused(self):
        rate = add_rate(company=a_company(), amount_fen=1, at=AT, by=OWNER)
        end_rate(rate=rate, at=AT, by=OWNER)
        with pytest.raises(Conflict):
            end_rate(rate=rate, at=AT + timedelta(days=1), by=OWNER)
        assert PayRate.objects.get().ends_at == AT

    def test_a_rate_in_the_past_is_refused(self):
        with pytest.raises(Invalid):
            add_rate(company=a_company(), amount_fen=1, valid_from=AT - timedelta(seconds=1), at=AT, by=OWNER)
        assert not PayRate.objects.exists()

    def test_a_strangers_driver_gets_no_rate(self):
        with pytest.raises(NotYours):
            add_rate(company=a_company(), driver=a_driver(a_company()), amount_fen=1, at=AT, by=OWNER)
        assert not PayRate.objects.exists()

    def test_a_rate_of_another_company_pays_nothing_here(self):
        add_rate(company=a_company(), amount_fen=99_000, at=AT - timedelta(days=1), by=OWNER)
        a_received_trip()
        assert lines() == [("accrual", 50_000)]

    def test_a_rate_in_another_currency_has_a_statement_of_its_own(self):
        trip = an_exited_trip()
        received(an_issued_trip(trip.company, driver=a_driver(trip.company)))
        add_rate(company=trip.company, amount_fen=4_000_000, currency="KZT", at=AT, by=OWNER)
        received(trip)
        assert set(PayStatement.objects.values_list("currency", flat=True)) == {"CNY", "KZT"}

    def test_the_database_refuses_to_change_one(self):
        rate = add_rate(company=a_company(), amount_fen=1, at=AT, by=OWNER)
        refused(lambda: PayRate.objects.filter(pk=rate.pk).update(amount_fen=2))


class TestDeductionsAndCorrections:
    def test_accepted_damage_is_deducted_once(self):
        case = a_case(a_received_trip(), CaseKind.DAMAGE)
        settled(case, 12_050)
        with pytest.raises(Conflict):
            settled(case, 12_050)
        assert lines() == [("accrual", 50_000), ("deduction", -12_050)]

    def test_damage_settled_for_nothing_takes_nothing(self):
        settled(a_case(a_received_trip(), CaseKind.DAMAGE), None)
        assert lines() == [("accrual", 50_000)]

    def test_a_damage_reopened_and_settled_otherwise_is_deducted_as_settled_last(self):
        case = a_case(a_received_trip(), CaseKind.DAMAGE)
        settled(case, 12_050)
        reopened(case)
        assert sum(fen for _kind, fen in lines()) == 50_000
        settled(case, 3_000)
        assert sum(fen for _kind, fen in lines()) == 47_000
        reopened(case)
        settled(case, None)
        assert sum(fen for _kind, fen in lines()) == 50_000

    def test_a_case_given_up_and_opened_again_gives_the_pay_back(self):
        trip = a_received_trip()
        case = a_case(trip, CaseKind.DELIVERY_NO_EXIT)
        for _time in range(2):
            write_off_case(case=case, note="", at=AT, by="supervisor chen@customs.example")
            assert sum(fen for _kind, fen in lines()) == 0
            reopened(case)
            assert sum(fen for _kind, fen in lines()) == 50_000
        assert accrue_missing(at=AT, by=BY) == 0

    def test_a_correction_sent_twice_is_one(self):
        driver, key = a_driver(a_company()), uuid.uuid4()
        said = {
            "driver": driver,
            "amount_fen": -500,
            "reason": "fuel card",
            "key": key,
            "at": AT,
            "by": OWNER,
        }
        assert [correct_pay(**said)[1], correct_pay(**said)[1]] == [True, False]
        assert lines() == [("correction", -500)]

    @pytest.mark.parametrize(("fen", "reason"), [(0, "x"), (10**9, "x"), (500, " ")])
    def test_a_correction_needs_an_amount_and_a_reason(self, fen, reason):
        driver = a_driver(a_company())
        with pytest.raises(Invalid):
            correct_pay(driver=driver, amount_fen=fen, reason=reason, key=uuid.uuid4(), at=AT, by=OWNER)
        assert lines() == []

    @pytest.mark.parametrize("kind", ["delivery_no_exit", "returned_undelivered", "exit_no_delivery"])
    def test_a_delivery_given_up_for_unproved_is_taken_back_once(self, kind):
        trip = a_received_trip()
        for number in range(2):
            case = a_case(trip, kind, number=number)
            settle_case(case=case, to=CaseState.WRITTEN_OFF, resolution="written_off", note="", at=AT, by=BY)
        assert lines() == [("accrual", 50_000), ("reversal", -50_000)]

    @pytest.mark.parametrize(("resolution", "fen"), [("vehicle_back", 0), ("explained", 50_000)])
    def test_a_vehicle_that_is_back_after_all_was_not_delivered(self, resolution, fen):
        case = a_case(a_received_trip(), CaseKind.RETURNED_UNDELIVERED)
        resolve_case(case=case, resolution=resolution, note="", at=AT, by=BY)
        assert sum(amount for _kind, amount in lines()) == fen

    @pytest.mark.parametrize("kind", ["damage", "consignee_differs", "never_used"])
    def test_giving_up_something_else_takes_no_pay(self, kind):
        case = a_case(a_received_trip(), kind)
        settle_case(case=case, to=CaseState.WRITTEN_OFF, resolution="written_off", note="", at=AT, by=BY)
        assert lines() == [("accrual", 50_000)]


class TestStatements:
    def test_approving_closes_a_month_with_its_sum(self):
        company = a_company()
        driver = a_driver(company)
        a_received_trip(company, driver=driver)
        correct_pay(driver=driver, amount_fen=700, reason="tolls", key=uuid.uuid4(), at=AT, by=OWNER)
        statement = PayStatement.objects.get()
        assert approve(statement).done == 1
        statement.refresh_from_db()
        assert (statement.state, statement.total_fen) == ("approved", 50_700)
        assert (statement.approved_at, statement.approved_by) == (NEXT_MONTH, OWNER)

    def test_approving_twice_changes_nothing(self):
        a_received_trip()
        statement = PayStatement.objects.get()
        approve(statement)
        answer = approve(statement, NEXT_MONTH + timedelta(days=1))
        statement.refresh_from_db()
        assert (answer.done, answer.left, statement.approved_at) == (0, 1, NEXT_MONTH)

    def test_a_month_that_is_not_over_stays_open(self):
        a_received_trip()
        statement = PayStatement.objects.get()
        assert approve(statement, datetime(2026, 11, 30, 15, 59, tzinfo=UTC)).left == 1
        assert approve(statement, datetime(2026, 11, 30, 16, 0, tzinfo=UTC)).done == 1

    def test_what_comes_for_a_closed_month_goes_to_the_next_open_one(self):
        company = a_company()
        driver = a_driver(company)
        a_received_trip(company, driver=driver)
        approve(PayStatement.objects.get())
        late = an_exited_trip(company, driver=driver)
        Trip.objects.filter(pk=late.pk).update(state=TripState.DELIVERED, delivered_at=AT)
        accrue_missing(at=NEXT_MONTH, by=BY)
        entry = PayEntry.objects.get(trip=late)
        assert (entry.statement.month, entry.earned_at) == ("2026-12", AT)
        assert PayStatement.objects.get(month="2026-11").total_fen == 50_000

    def test_paying_says_when_and_by_which_reference(self):
        a_received_trip()
        statement = PayStatement.objects.get()
        approve(statement)
        paid = {"paid_on": date(2026, 12, 2), "reference": "ICBC 77"}
        said = {"company": statement.company, "statements": [statement.pk], "at": NEXT_MONTH, "by": OWNER}
        assert [mark_paid(**said, **paid).done, mark_paid(**said, **paid).done] == [1, 0]
        statement.refresh_from_db()
        assert (statement.state, statement.paid_on, statement.paid_reference) == (
            "paid",
            date(2026, 12, 2),
            "ICBC 77",
        )

    def test_a_draft_cannot_be_paid_nor_anything_tomorrow(self):
        a_received_trip()
        statement = PayStatement.objects.get()
        said = {"company": statement.company, "statements": [statement.pk], "at": NEXT_MONTH, "by": OWNER}
        assert mark_paid(**said, paid_on=date(2026, 12, 2)).left == 1
        with pytest.raises(Invalid):
            mark_paid(**said, paid_on=date(2026, 12, 4))
        statement.refresh_from_db()
        assert statement.state == "draft"

    def test_a_stranger_closes_and_pays_nothing(self):
        a_received_trip()
        statement = PayStatement.objects.get()
        said = {"company": a_company(), "statements": [statement.pk], "at": NEXT_MONTH, "by": OWNER}
        with pytest.raises(NotYours):
            approve_statements(**said)
        with pytest.raises(NotYours):
            mark_paid(**said, paid_on=date(2026, 12, 1))
        statement.refresh_from_db()
        assert statement.state == "draft"

    def test_each_act_about_money_stands_in_the_audit_trail(self):
        company = a_company()
        rate = add_rate(company=company, amount_fen=50_000, at=AT, by=OWNER)
        end_rate(rate=rate, at=AT, by=OWNER)
        a_received_trip(company)
        approve(PayStatement.objects.get())
        kinds = AuditEntry.objects.filter(company=company).order_by("pk").values_list("kind", flat=True)
        assert list(kinds)[-3:] == ["rate_added", "rate_ended", "pay_approved"]


def refused(write):
    with pytest.raises(DatabaseError), transaction.atomic():
        write()


class TestWhatTheDatabaseItselfKeeps:
    def test_entries_are_neither_changed_nor_added_to_what_is_closed(self):
        a_received_trip()
        entry = PayEntry.objects.get()
        refused(lambda: PayEntry.objects.filter(pk=entry.pk).update(amount_fen=1))
        approve(entry.statement)
        entry.pk, entry.kind, entry.reason, entry.key = None, "correction", "x", uuid.uuid4()
        refused(lambda: entry.save(force_insert=True))
        assert lines() == [("accrual", 50_000)]

    def test_a_trip_accrues_once(self):
        a_received_trip()
        entry = PayEntry.objects.get()
        entry.pk = None
        refused(lambda: entry.save(force_insert=True))

    def test_no_other_total_is_approved(self):
        a_received_trip()
        rows = PayStatement.objects.all()
        refused(lambda: rows.update(state="approved", total_fen=49_999, approved_at=AT))
        rows.update(state="approved", total_fen=50_000, approved_at=AT)
        refused(lambda: rows.update(total_fen=60_000))
        refused(lambda: rows.update(state="draft", total_fen=None, approved_at=None))
        refused(lambda: rows.update(month="2026-10"))
        assert rows.get().total_fen == 50_000


def test_plant_pays_by_its_own_class():
    company = a_company()
    add_rate(company=company, amount_fen=120_000, vehicle_class="plant", at=AT - timedelta(days=1), by=OWNER)
    loader = a_vehicle(company, vin="LW433B12XS1000002", powertrain="plant", hs_code="8429510000")
    received(an_issued_trip(company, vehicle=loader, driver=a_driver(company, licence_class="M")))
    assert lines() == [("accrual", 120_000)]
