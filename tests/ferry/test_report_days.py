"""The days that reports are read from: counted from the rows, kept up to date, and the same however often."""

from __future__ import annotations

from datetime import date, timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from clearance.actions.reconcile import assess_trips
from ferry.actions.announce import announce
from ferry.actions.cases import open_case
from ferry.actions.moves import move_trip, note_event
from ferry.actions.passes import redate_pass
from ferry.actions.reports import count_days, count_marked_days
from ferry.actions.trips import cancel_trip
from ferry.models import CaseKind, CompanyDay, DayMark, EventKind, Outcome, Trip, TripState, Weight
from ferry.queries.reports import company_report, counted_day
from ferry.rules.reports import Period, period_of
from ferry.tasks import count_days as count_days_task
from tests.builders import AT, BY, a_company, a_declaration, a_route, a_trip, an_exited_trip, an_issued_trip

pytestmark = pytest.mark.django_db

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
ON = date(2026, 11, 22)


@pytest.fixture
def company():
    return a_company()


def count():
    """Be the workers until nothing waits."""
    while announce(at=AT):
        pass
    while count_marked_days():
        pass


def day(company, on=ON):
    return CompanyDay.objects.get(company=company, on=on)


def rows():
    return list(CompanyDay.objects.order_by("company", "on", "route").values())


def deliver(trip, *, arrived, delivered):
    """Let a trip that left enter Kazakhstan and be received, so long after AT."""
    steps = [
        (TripState.ARRIVED, EventKind.ARRIVED, arrived),
        (TripState.DELIVERED, EventKind.DELIVERED, delivered),
    ]
    for to, kind, after in steps:
        assert move_trip(trip=trip, to=to, kind=kind, at=AT + after, by="device")


class TestCounting:
    def test_a_day_counts_what_was_planned_for_it_and_what_happened_on_it(self, company):
        a_trip(company)
        cancel_trip(trip=an_issued_trip(company), reason="sold", at=AT, by=BY)
        deliver(an_exited_trip(company), arrived=2 * HOUR, delivered=5 * HOUR)
        count()
        row = day(company)
        counts = (row.planned, row.issued, row.cancelled, row.exited, row.arrived, row.delivered)
        assert counts == (3, 2, 1, 1, 1, 1)
        assert row.route == a_route()
        assert row.times == {
            "entry_receipt": {"180": 1},
            "exit_entry": {"120": 1},
            "exit_receipt": {"300": 1},
            "issue_exit": {"0": 1},
        }

    def test_days_are_those_of_beijing(self, company):
        deliver(an_exited_trip(company), arrived=HOUR, delivered=12 * HOUR)
        count()
        assert (day(company).exited, day(company).delivered) == (1, 0)
        assert day(company, ON + DAY).delivered == 1

    def test_verdicts_are_counted_of_scans_on_the_day_of_each(self, company):
        trip = an_exited_trip(company)
        data = {"checkpoint": "CN-HORGOS", "lane": "1"}
        for kind, at, said in (
            (EventKind.REFUSED, AT, data),
            (EventKind.EXAMINE, AT + HOUR, data),
            (EventKind.ARRIVED, AT + DAY, data),
            (EventKind.ARRIVED, AT + DAY, {}),
        ):
            note_event(trip=trip, kind=kind, at=at, by="device", data=said)
        count()
        assert day(company).verdicts == {"examine": 1, "refuse": 1}
        assert day(company, ON + DAY).verdicts == {"release": 1}

    def test_cases_are_counted_by_kind_on_the_route_of_what_they_are_about(self, company):
        trip = an_exited_trip(company)
        facts = {"seen": "scratch"}
        open_case(trip=trip, kind=CaseKind.DAMAGE, weight=Weight.MEDIUM, facts=facts, at=AT, by=BY)
        for declaration in (trip.declaration, a_declaration(company)):
            open_case(
                declaration=declaration,
                kind=CaseKind.QUANTITY_DIFFERS,
                weight=Weight.HIGH,
                facts=facts,
                at=AT,
                by=BY,
            )
        count()
        assert day_on(company, a_route()).cases == {"damage": 1, "quantity_differs": 1}
        assert day_on(company, None).cases == {"quantity_differs": 1}

    def test_a_strangers_day_is_his_own(self, company):
        an_exited_trip(company)
        stranger = a_company("East Star Trade")
        an_exited_trip(stranger)
        count()
        assert (day(company).exited, day(stranger).exited) == (1, 1)
        period = period_of("day", ON)
        assert company_report(company, period, today=ON).now.counts["exited"] == 1


def day_on(company, route):
    return CompanyDay.objects.get(company=company, on=ON, route=route)


class TestKeepingUpToDate:
    def test_it_counts_a_day_that_a_late_record_changed(self, company):
        trip = an_exited_trip(company)
        count()
        Trip.objects.filter(pk=trip.pk).update(exited_at=AT - DAY)
        trip.events.filter(kind=EventKind.EXITED).update(announced_at=None)
        count()
        assert not day(company).exited
        assert day(company, ON - DAY).exited == 1

    def test_it_counts_both_days_of_a_trip_that_was_moved(self, company):
        trip = an_issued_trip(company)
        count()
        redate_pass(
            trip=trip,
            opens_at=AT + 3 * DAY,
            closes_at=AT + 4 * DAY,
            reason="closed",
            at=AT,
            by=BY,
        )
        count()
        assert not CompanyDay.objects.filter(company=company, on=ON).exists()
        assert day(company, ON + 3 * DAY).planned == 1

    def test_it_counts_an_outcome_that_no_event_tells(self, company):
        trip = an_exited_trip(company)
        Trip.objects.filter(pk=trip.pk).update(outcome=Outcome.DISCREPANT)
        count()
        assert day(company).outcomes == {"discrepant": 1}
        assess_trips(trip_ids=[trip.pk], at=AT)
        assert DayMark.objects.filter(company=company, on=ON).exists()
        count_marked_days()
        assert day(company).outcomes == {"waiting": 1}

    def test_counting_twice_changes_nothing(self, company):
        deliver(an_exited_trip(company), arrived=HOUR, delivered=2 * HOUR)
        count()
        before = rows()
        assert count_days(company=company, first=ON - DAY, last=ON + DAY) == 0
        count()
        assert rows() == before
        assert not DayMark.objects.exists()

    def test_what_is_marked_while_a_day_is_counted_is_counted_again(self, company, monkeypatch):
        an_exited_trip(company)
        announce(at=AT)

        def counted_meanwhile(*day):
            DayMark.objects.create(company=company, on=ON)
            return counted_day(*day)

        monkeypatch.setattr("ferry.actions.reports.counted_day", counted_meanwhile)
        count_marked_days()
        assert DayMark.objects.count() == len({mark.on for mark in DayMark.objects.all()}) == 1

    def test_the_task_counts_all_that_is_marked(self, company):
        an_exited_trip(company)
        an_exited_trip(a_company("East Star Trade"))
        announce(at=AT)
        count_days_task()
        assert CompanyDay.objects.count() == 2

    def test_the_queries_do_not_depend_on_the_trips(self, company, django_assert_num_queries):
        for _number in range(3):
            an_exited_trip(company)
        with django_assert_num_queries(7):
            counted_day(company.pk, ON)


class TestTheCommand:
    def say(self, *said):
        out = StringIO()
        call_command("report_days", *said, stdout=out)
        return out.getvalue()

    def test_it_counts_all_days_anew_and_the_second_time_changes_nothing(self, company):
        an_exited_trip(company)
        assert "1 rows changed" in self.say("--to", "2026-11-23")
        before = rows()
        assert "0 rows changed" in self.say("--from", "2026-11-20", "--to", "2026-11-23")
        assert rows() == before

    def test_it_takes_away_what_is_no_more(self, company):
        CompanyDay.objects.create(company=company, route=a_route(), on=ON, exited=7)
        self.say("--from", "2026-11-22", "--to", "2026-11-22")
        assert not CompanyDay.objects.exists()

    def test_it_refuses_days_the_wrong_way_round(self, db):
        with pytest.raises(CommandError, match="Change places"):
            self.say("--from", "2026-11-23", "--to", "2026-11-22")


class TestTheReport:
    def test_a_months_median_is_of_all_its_trips(self, company):
        """Days of 10; 20, 30, 40 minutes: the median of medians would be another."""
        lay(company, ON, {"10": 1})
        lay(company, ON - DAY, {"20": 1, "30": 1, "40": 1})
        report = company_report(company, period_of("month", ON), today=ON)
        assert report.now.median("exit_receipt") == 20
        assert report.now.p90("exit_receipt") == 40

    def test_it_is_compared_with_as_many_days_of_the_period_before(self, company):
        lay(company, date(2026, 10, 22), {}, exited=5)
        lay(company, date(2026, 10, 23), {}, exited=90)
        lay(company, ON, {}, exited=7)
        report = company_report(company, period_of("month", ON), today=ON)
        assert (report.now.counts["exited"], report.before.counts["exited"]) == (7, 5)
        assert report.compared == Period("month", date(2026, 10, 1), date(2026, 10, 22))

    def test_the_share_is_of_what_was_judged(self, company):
        outcomes = {"matched": 2, "matched_late": 1, "discrepant": 1, "waiting": 6}
        lay(company, ON, {}, exited=10, outcomes=outcomes)
        now = company_report(company, period_of("day", ON), today=ON).now
        assert (now.judged, now.matched_share) == (4, 0.75)

    def test_it_can_be_of_one_route(self, company):
        lay(company, ON, {}, exited=1)
        other = a_route("ALASHANKOU-DOSTYK")
        lay(company, ON, {}, exited=2, route=other)
        report = company_report(company, period_of("day", ON), routes=[other], today=ON)
        assert report.now.counts["exited"] == 2
        assert [route for route, _figures in report.routes] == [other]

    def test_it_reads_one_query_however_many_days(self, company, django_assert_num_queries):
        for back in range(40):
            lay(company, ON - back * DAY, {"10": 1})
        with django_assert_num_queries(1):
            company_report(company, period_of("month", ON), today=ON)


def lay(company, on, times, **fields):
    fields = {"route": a_route(), **fields}
    return CompanyDay.objects.create(company=company, on=on, times={"exit_receipt": times}, **fields)
