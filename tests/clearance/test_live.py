"""What the lanes do now."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from clearance.models import SelectionRule
from clearance.queries.live import hours_of_shift, live_picture, minutes_of_hour
from clearance.rules.live import PAPER, bars, is_offline, is_silent, seconds_per_car
from tests.builders import AT, a_checkpoint
from tests.clearance.casts import an_open_pass, nur_zholy, offline, scanned

MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)


def test_bars_hold_the_last_hour_and_nothing_else():
    moments = [AT, AT - 4 * MINUTE, AT - 59 * MINUTE, AT - 61 * MINUTE, AT + MINUTE]
    counts = bars(moments, at=AT)
    assert (counts[-1], counts[0], sum(counts)) == (2, 1, 3)


def test_seconds_per_car_leave_out_an_empty_lane():
    moments = [AT, AT + timedelta(seconds=10), AT + timedelta(seconds=22), AT + HOUR]
    assert seconds_per_car(moments) == 11
    assert seconds_per_car([AT, AT + HOUR]) is None
    assert seconds_per_car([]) is None


def test_a_lane_is_silent_after_a_quarter_of_an_hour():
    assert not is_silent(AT - 15 * MINUTE, at=AT)
    assert is_silent(AT - 16 * MINUTE, at=AT)


def test_a_lane_is_offline_until_it_scans_with_a_link_again():
    assert is_offline(None, AT)
    assert is_offline(AT - MINUTE, AT)
    assert not is_offline(AT, AT - MINUTE)
    assert not is_offline(AT, None)


@pytest.mark.django_db
class TestPicture:
    def test_it_tells_each_lane_by_itself(self):
        for seconds in (0, 8, 18):
            scanned("rubbish", at=AT - 2 * MINUTE + timedelta(seconds=seconds))
        scanned(an_open_pass().code, at=AT - 20 * MINUTE, lane="2")
        one, two = live_picture([a_checkpoint()], at=AT).lanes
        assert (one.name, one.cars, one.seconds, one.is_silent) == ("1", 3, 9, False)
        assert one.verdicts == {"release": 0, "examine": 0, "refuse": 3}
        assert (two.name, two.cars, two.seconds, two.is_silent) == ("2", 1, None, True)

    def test_it_says_which_lane_is_offline(self):
        scanned(an_open_pass().code, at=AT - MINUTE, scanned_at=AT - 30 * MINUTE, offline=offline(), lane="4")
        picture = live_picture([a_checkpoint()], at=AT)
        assert [lane.name for lane in picture.offline] == ["4"]
        scanned("rubbish", at=AT, lane="4")
        assert live_picture([a_checkpoint()], at=AT).offline == []

    def test_paper_is_no_lane_that_falls_silent(self):
        said = {"scanned_at": AT - 2 * HOUR, "offline": offline(), "lane": PAPER}
        scanned(an_open_pass().code, at=AT - HOUR, **said)
        [lane] = live_picture([a_checkpoint()], at=AT).lanes
        assert (lane.is_paper, lane.is_offline, lane.is_silent) == (True, False, False)

    def test_it_says_who_waits_for_examination_and_how_long(self):
        SelectionRule.objects.create(reason="all")
        first, second = (
            scanned(an_open_pass().code, at=AT - minutes * MINUTE, lane="3") for minutes in (40, 5)
        )
        picture = live_picture([a_checkpoint()], at=AT)
        assert picture.waiting == 2
        assert [each.scan_id for each in picture.longest] == [first.pk, second.pk]
        [lane] = picture.lanes
        assert (lane.waiting.count, lane.waiting.since) == (2, AT - 40 * MINUTE)

    def test_it_shows_nothing_of_another_checkpoint(self):
        scanned("rubbish", nur_zholy())
        picture = live_picture([a_checkpoint()], at=AT)
        assert (picture.lanes, picture.waiting) == ([], 0)

    def test_charts_count_released_and_stopped(self):
        scanned(an_open_pass().code, at=AT - MINUTE)
        scanned("rubbish", at=AT - MINUTE)
        scanned("rubbish", at=AT - 3 * HOUR)
        assert minutes_of_hour([a_checkpoint()], at=AT)[-1] == (1, 1)
        hours = hours_of_shift([a_checkpoint()], at=AT)
        assert len(hours) == 12
        assert sum(hour.released for hour in hours) == 1
        assert sum(hour.stopped for hour in hours) == 2

    def test_its_cost_does_not_grow(self):
        SelectionRule.objects.create(reason="all")
        place, counts = a_checkpoint(), []
        for turn in range(2):
            for number in range(3):
                scanned(an_open_pass().code, lane=f"{turn}{number}")
            with CaptureQueriesContext(connection) as queries:
                live_picture([place], at=AT)
            counts.append(len(queries))
        assert counts == [4, 4]
