"""The printed list, and what was written on it."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from clearance.actions.fallback import Written, enter_results, make_fallback_list
from clearance.actions.watch import watch
from clearance.fallback_paper import ROWS, draw_fallback_list
from clearance.models import Duty, FallbackLine, FallbackList, Scan, SelectionRule
from clearance.queries.fallback import find_lines, lines_in_full
from clearance.rules.paper import first_after, read_time
from ferry.codes import show_short_code
from ferry.errors import Conflict, Invalid, NotYours
from ferry.models import Case, CaseKind, TripState
from tests.builders import (
    AT,
    BY,
    a_checkpoint,
    a_company,
    a_driver,
    a_route,
    a_vehicle,
    an_issued_trip,
    an_officer,
)
from tests.clearance.casts import an_open_pass, as_it_stands, nur_zholy
from tests.clearance.story import leave
from tests.pdf import pages

HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)
CHINA = ZoneInfo("Asia/Shanghai")


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("9:05", time(9, 5)),
        ("0905", time(9, 5)),
        (" 23.59", time(23, 59)),
        ("24:00", None),
        ("x", None),
        ("9", None),
    ],
)
def test_a_time_is_read_as_people_write_it(text, read):
    assert read_time(text) == read


def test_a_time_is_the_first_after_the_printing():
    printed = datetime(2026, 11, 22, 14, 30, 40, tzinfo=UTC)  # 22:30 in China
    assert first_after(printed, time(22, 30), CHINA) == datetime(2026, 11, 22, 14, 30, tzinfo=UTC)
    assert first_after(printed, time(23, 0), CHINA) == datetime(2026, 11, 22, 15, 0, tzinfo=UTC)
    assert first_after(printed, time(1, 0), CHINA) == datetime(2026, 11, 22, 17, 0, tzinfo=UTC)


def a_list(**fields) -> FallbackList:
    return make_fallback_list(**{"checkpoint": a_checkpoint(), "hours": 12, "at": AT, "by": BY, **fields})


def enter(listed, *written, officer=None, at=AT + 2 * HOUR):
    officer = officer or an_officer(listed.checkpoint, duty=Duty.SUPERVISOR)
    return enter_results(listed=listed, written=written, lane="paper", officer=officer, at=at, by=BY)


def written(line: FallbackLine, verdict="release", moment=AT + HOUR, initials="ch"):
    return Written(line, moment, verdict, initials)


@pytest.mark.django_db
class TestMaking:
    def test_it_names_who_is_expected_by_the_tail_of_the_vin(self):
        near = [an_open_pass() for _number in range(3)]
        an_open_pass(opens_at=AT + 13 * HOUR, closes_at=AT + 20 * HOUR)
        an_open_pass(route=a_route("DULATA-KALZHAT"))
        lines = list(a_list().lines.order_by("number"))
        assert [line.number for line in lines] == [1, 2, 3]
        assert [line.pass_listed_id for line in lines] == [
            pass_.pk for pass_ in sorted(near, key=lambda pass_: pass_.vin[-6:])
        ]

    def test_the_entry_expects_what_is_on_the_bridge(self):
        trip = an_issued_trip()
        leave(trip, AT)
        assert a_list(checkpoint=nur_zholy()).lines.get().pass_listed.trip_id == trip.pk
        assert not a_list().lines.exists()

    def test_it_says_what_stands_against_a_vehicle(self):
        watched, plain = an_open_pass(), an_open_pass()
        watch(kind="vin", value=watched.vin, instruction="Hold", at=AT, by=BY)
        told = dict(a_list().lines.values_list("pass_listed", "told"))
        assert told == {watched.pk: "refuse", plain.pk: ""}

    def test_what_is_selected_in_some_hours_is_told_for_all(self):
        an_open_pass()
        SelectionRule.objects.create(reason="night", from_hour=22, until_hour=6)
        assert a_list().lines.get().told == "examine"

    @pytest.mark.parametrize("hours", [0, -1, 49])
    def test_no_list_is_made_for_hours_that_cannot_be_meant(self, hours):
        with pytest.raises(Invalid):
            a_list(hours=hours)
        assert not FallbackList.objects.exists()


@pytest.mark.django_db
class TestPaper:
    def test_it_says_what_an_officer_needs_in_their_scripts(self):
        company = a_company()
        vehicle = a_vehicle(company, plate="新F81434临", make="БелАЗ", model="Қазақ")
        driver = a_driver(company, name="马建军")
        pass_ = an_issued_trip(company, vehicle=vehicle, driver=driver).passes.get()
        watch(kind="vin", value=pass_.vin, instruction="Hold", at=AT, by=BY)
        listed = a_list()
        [page] = pages(draw_fallback_list(listed, list(lines_in_full(listed))))
        for words in (
            *(show_short_code(pass_.short_code), pass_.vin[-6:], "新F81434临", "БелАЗ Қазақ", "马建军"),
            *(f"…{driver.passport_tail}", "不放", "Отказ", "1 / 1", "2026-11-22 12:00 北京 UTC+8"),
            *("11-22 09:00 Астана UTC+5", "11-22 11:00–11-23 11:00 北京", "霍尔果斯"),
        ):
            assert words in page.text, words
        assert driver.passport_number not in page.text

    def test_it_goes_on_from_page_to_page(self):
        for _number in range(ROWS + 1):
            an_open_pass()
        listed = a_list()
        first, second = pages(draw_fallback_list(listed, list(lines_in_full(listed).order_by("number"))))
        assert "1 / 2" in first.text
        assert "2 / 2" in second.text

    def test_an_empty_list_is_a_page_that_says_so(self):
        listed = a_list()
        assert len(pages(draw_fallback_list(listed, []))) == 1


@pytest.mark.django_db
class TestEntering:
    def test_a_release_on_paper_is_an_offline_release(self):
        pass_ = an_open_pass()
        listed = a_list()
        [answer] = enter(listed, written(listed.lines.get()))
        scan = Scan.objects.get()
        assert (answer.status, scan.verdict, scan.offline_verdict) == (201, "release", "release")
        assert (scan.lane, scan.scanned_at, scan.list_age) == ("paper", AT + HOUR, HOUR)
        pass_.trip.refresh_from_db()
        assert (pass_.trip.state, pass_.trip.exited_at) == (TripState.EXITED, AT + HOUR)
        line = listed.lines.get()
        assert (line.scan, line.initials) == (scan, "ch")

    def test_the_same_twice_is_recorded_once(self):
        an_open_pass()
        listed = a_list()
        for status in (201, 200):
            [answer] = enter(listed, written(listed.lines.get()))
            assert answer.status == status
        assert Scan.objects.count() == 1

    def test_something_else_in_the_same_line_is_a_conflict_and_moves_nothing(self):
        pass_ = an_open_pass()
        listed = a_list()
        enter(listed, written(listed.lines.get(), "refuse"))
        before = as_it_stands(pass_)
        [answer] = enter(listed, written(listed.lines.get(), "release"))
        assert answer.status == 409
        assert as_it_stands(pass_) == before
        assert listed.lines.get().scan.offline_verdict == "refuse"

    def test_one_vehicle_in_two_lines_is_refused_whole(self):
        an_open_pass()
        listed = a_list()
        with pytest.raises(Conflict):
            enter(listed, written(listed.lines.get()), written(listed.lines.get(), moment=AT + MINUTE))
        assert not Scan.objects.exists()

    def test_a_stranger_enters_nothing(self):
        an_open_pass()
        listed = a_list()
        stranger = an_officer(a_checkpoint("CN-DULATA"), duty=Duty.SUPERVISOR)
        with pytest.raises(NotYours):
            enter(listed, written(listed.lines.get()), officer=stranger)
        assert not Scan.objects.exists()

    def test_what_was_let_through_against_the_list_opens_a_case(self):
        pass_ = an_open_pass()
        from ferry.actions.passes import revoke_pass

        revoke_pass(trip=pass_.trip, reason="stolen", at=AT - MINUTE, by=BY)
        listed = a_list()
        line = FallbackLine(list=listed, number=0, pass_listed=pass_, is_added=True)
        [answer] = enter(listed, written(line))
        assert (answer.scan.verdict, answer.scan.offline_verdict) == ("refuse", "release")
        assert Case.objects.filter(trip=pass_.trip, kind=CaseKind.STALE_OFFLINE_RELEASE).exists()
        assert listed.lines.get().is_added

    def test_lines_are_found_by_number_and_by_short_code(self):
        pass_ = an_open_pass()
        listed = a_list()
        unlisted = an_open_pass()
        code, other = pass_.short_code, unlisted.short_code
        found = find_lines(listed, ["1", code, other, "77", "RUBBISH"])
        assert found["1"] == found[code] == listed.lines.get()
        assert (found[other].pk, found[other].pass_listed) == (None, unlisted)
        assert set(found) == {"1", code, other}
