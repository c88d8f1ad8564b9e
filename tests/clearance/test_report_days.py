"""A checkpoint's days: counted from its scans as they come, late ones too, and the same however often."""

from __future__ import annotations

import uuid
from datetime import date, timedelta
from io import StringIO

import pytest
from django.core.management import call_command

from clearance.actions.reports import count_new_scans, count_scan_days
from clearance.models import Counted, LaneDay, Scan, SenderDay
from clearance.queries.reports import counted_scans, place_report
from clearance.tasks import count_scans
from ferry.actions.announce import announce
from ferry.actions.reports import count_marked_days
from ferry.models import Checkpoint, CompanyDay
from ferry.rules.reports import period_of
from tests.builders import AT, a_checkpoint, a_company, a_route, an_issued_trip
from tests.clearance.casts import MINUTE, scanned

pytestmark = pytest.mark.django_db

ON, DAY, HOUR = date(2026, 11, 22), timedelta(days=1), timedelta(hours=1)


@pytest.fixture
def horgos(standard_data):
    return a_checkpoint()


def lay(checkpoint, moment, *, recorded_at=None, lane="1", verdict="release", trip=None, reasons=()):
    return Scan.objects.create(
        scan_id=uuid.uuid4(),
        digest="x",
        checkpoint=checkpoint,
        lane=lane,
        trip=trip,
        scanned_at=moment,
        recorded_at=recorded_at or moment,
        verdict=verdict,
        reasons=[{"code": code, "params": {}} for code in reasons],
    )


def count(checkpoint, at=AT + DAY):
    while count_new_scans(checkpoint=checkpoint, at=at):
        pass


def rows():
    return [
        *LaneDay.objects.order_by("checkpoint", "on", "lane").values(),
        *SenderDay.objects.order_by("checkpoint", "on", "company", "route").values(),
    ]


class TestCounting:
    def test_it_counts_verdicts_reasons_and_the_time_between_cars(self, horgos):
        trip = an_issued_trip()
        for seconds, verdict, reasons in [
            (0, "release", ()),
            (20, "release", ()),
            (50, "refuse", ("expired", "already_used")),
            (1000, "examine", ("selected",)),
        ]:
            lay(horgos, AT + timedelta(seconds=seconds), verdict=verdict, reasons=reasons, trip=trip)
        lay(horgos, AT, lane="2", verdict="refuse", reasons=("expired",))
        count(horgos)
        first, second = LaneDay.objects.order_by("lane")
        assert (first.release, first.examine, first.refuse) == (2, 1, 1)
        assert first.gaps == {"20": 1, "30": 1}
        assert first.reasons == {"already_used": 1, "expired": 1, "selected": 1}
        assert second.refuse == 1
        unknown, known = SenderDay.objects.order_by("refuse", "company").all()[:2]
        counts = {(row.company_id, row.route_id): (row.release, row.refuse) for row in (unknown, known)}
        assert counts == {(None, None): (0, 1), (trip.company_id, trip.route_id): (2, 1)}

    def test_days_are_the_checkpoints_own(self, horgos):
        """Half past nine in the evening in Astana is half past midnight in Beijing."""
        moment = AT.replace(hour=16, minute=30)
        kazakh = Checkpoint.objects.get(code="KZ-NURZHOLY")
        for place in (horgos, kazakh):
            lay(place, moment)
            count(place)
        assert LaneDay.objects.get(checkpoint=horgos).on == ON + DAY
        assert LaneDay.objects.get(checkpoint=kazakh).on == ON

    def test_a_real_scan_is_counted(self, horgos):
        trip = an_issued_trip()
        scanned(trip.passes.get().code)
        count_new_scans(checkpoint=horgos, at=AT + MINUTE)
        row = SenderDay.objects.get()
        assert (row.company, row.route, row.release) == (trip.company, trip.route, 1)
        while announce(at=AT):
            pass
        while count_marked_days():
            pass
        assert CompanyDay.objects.get(on=ON).verdicts == {"release": 1}

    def test_it_asks_once_however_many_scans(self, horgos, django_assert_num_queries):
        for seconds in range(30):
            lay(horgos, AT + timedelta(seconds=seconds))
        with django_assert_num_queries(1):
            counted_scans(horgos, ON)


class TestKeepingUpToDate:
    def test_a_scan_uploaded_late_changes_its_own_day(self, horgos):
        lay(horgos, AT)
        count(horgos, AT + HOUR)
        lay(horgos, AT - 3 * DAY, recorded_at=AT + 2 * HOUR)
        count(horgos, AT + 3 * HOUR)
        assert list(LaneDay.objects.order_by("on").values_list("on", "release")) == [
            (ON - 3 * DAY, 1),
            (ON, 1),
        ]

    def test_a_scan_that_was_kept_a_little_after_its_moment_is_not_missed(self, horgos):
        lay(horgos, AT)
        count(horgos, AT + 5 * MINUTE)
        lay(horgos, AT + 4 * MINUTE)
        count(horgos, AT + 6 * MINUTE)
        assert LaneDay.objects.get().release == 2

    def test_counting_twice_changes_nothing(self, horgos):
        lay(horgos, AT, trip=an_issued_trip())
        lay(horgos, AT, lane="2")
        count(horgos)
        before = rows()
        count(horgos, AT + 2 * DAY)
        assert count_scan_days(checkpoint=horgos, first=ON - DAY, last=ON + DAY) == 0
        assert rows() == before

    def test_a_backlog_is_counted_a_day_at_a_time(self, horgos):
        for back in range(3):
            lay(horgos, AT - back * DAY)
        assert count_new_scans(checkpoint=horgos, at=AT + HOUR)
        assert LaneDay.objects.count() < 3
        count(horgos, AT + HOUR)
        assert LaneDay.objects.count() == 3

    def test_the_task_counts_every_checkpoint(self, horgos):
        lay(horgos, AT)
        lay(Checkpoint.objects.get(code="KZ-NURZHOLY"), AT)
        count_scans()
        assert set(LaneDay.objects.values_list("checkpoint__code", flat=True)) == {"CN-HORGOS", "KZ-NURZHOLY"}
        assert Counted.objects.count() == Checkpoint.objects.count()

    def test_the_command_puts_a_day_right(self, horgos):
        lay(horgos, AT)
        LaneDay.objects.create(checkpoint=horgos, lane="9", on=ON, release=3)
        call_command("report_days", "--from", "2026-11-22", "--to", "2026-11-22", stdout=StringIO())
        assert list(LaneDay.objects.values_list("lane", "release")) == [("1", 1)]


class TestTheReport:
    def test_it_sums_lanes_companies_and_routes(self, horgos):
        trip = an_issued_trip()
        lay(horgos, AT, trip=trip)
        lay(horgos, AT + 10 * MINUTE, lane="2", verdict="refuse", reasons=("expired",))
        count(horgos)
        report = place_report(horgos, period_of("day", ON), today=ON)
        assert (report.now.count, report.now.share("refuse")) == (2, 0.5)
        assert [(lane, scans.count) for lane, scans in report.lanes] == [("1", 1), ("2", 1)]
        assert {company for company, _scans in report.companies} == {trip.company, None}
        assert {route for route, _scans in report.routes} == {trip.route, None}

    def test_what_matched_is_of_all_companies_over_the_checkpoint(self, horgos):
        for name, outcomes, route in [
            ("A", {"matched": 3, "waiting": 5}, a_route()),
            ("B", {"discrepant": 1}, a_route()),
            ("C", {"matched": 50}, a_route("ALASHANKOU-DOSTYK")),
        ]:
            CompanyDay.objects.create(
                company=a_company(name), route=route, on=ON, exited=8, outcomes=outcomes
            )
        matching = place_report(horgos, period_of("month", ON), today=ON).matching
        assert (matching.judged, matching.share) == (4, 0.75)

    def test_its_queries_do_not_depend_on_the_days(self, horgos, django_assert_num_queries):
        for back in range(40):
            LaneDay.objects.create(checkpoint=horgos, lane="1", on=ON - back * DAY, release=5)
        with django_assert_num_queries(5):
            place_report(horgos, period_of("month", ON), today=ON)
