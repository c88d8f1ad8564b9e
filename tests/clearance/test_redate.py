"""Passes move out of closures, and those whose time passed lapse."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

from clearance.actions.reconcile import reconcile_all_due
from clearance.actions.records import RecordLine
from clearance.actions.redate import lapse_passes, redate_closures
from ferry.models import Case, CaseKind, Closure, Pass, PassState, Trip, TripEvent, TripState
from tests.builders import AT, a_company, a_route, a_trip, an_issued_trip
from tests.clearance.story import confirm, latest_pass, leave, statuses, take

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
pytestmark = pytest.mark.django_db


def a_closure(starts_at: datetime, ends_at: datetime, **fields: Any) -> Closure:
    return Closure.objects.create(starts_at=starts_at, ends_at=ends_at, reason="holiday", **fields)


def a_trip_tomorrow(**fields: Any) -> Trip:
    return an_issued_trip(opens_at=AT + DAY, closes_at=AT + DAY + 8 * HOUR, **fields)


class TestRedating:
    def test_a_pass_wholly_in_a_closure_moves_behind_it(self) -> None:
        trip = a_trip_tomorrow()
        old = latest_pass(trip)
        a_closure(AT + 20 * HOUR, AT + 3 * DAY)
        assert redate_closures(at=AT) == 1
        trip.refresh_from_db()
        assert (trip.opens_at, trip.closes_at) == (AT + 3 * DAY, AT + 3 * DAY + 8 * HOUR)
        new = latest_pass(trip)
        assert (new.opens_at, new.state) == (AT + 3 * DAY, PassState.OPEN)
        old.refresh_from_db()
        assert old.state == PassState.SUPERSEDED
        assert trip.events.latest("pk").kind == "redated"

    def test_moving_twice_moves_once(self) -> None:
        trip = a_trip_tomorrow()
        a_closure(AT + 20 * HOUR, AT + 3 * DAY)
        assert [redate_closures(at=AT) for _twice in range(2)] == [1, 0]
        assert trip.passes.count() == 2

    def test_a_pass_moved_before_is_not_longer_for_it(self) -> None:
        trip = a_trip_tomorrow()
        a_closure(AT + 20 * HOUR, AT + 3 * DAY)
        a_closure(AT + 3 * DAY + HOUR, AT + 4 * DAY)
        redate_closures(at=AT)
        trip.refresh_from_db()
        assert (trip.opens_at, trip.closes_at) == (AT + 3 * DAY, AT + 4 * DAY + 7 * HOUR)
        a_closure(AT + 2 * DAY, AT + 6 * DAY)
        redate_closures(at=AT)
        trip.refresh_from_db()
        assert (trip.opens_at, trip.closes_at) == (AT + 6 * DAY, AT + 6 * DAY + 8 * HOUR)

    def test_a_pass_with_an_open_hour_stays(self) -> None:
        trip = a_trip_tomorrow()
        a_closure(AT + 20 * HOUR, trip.closes_at - HOUR)
        a_closure(AT + 2 * DAY, AT + 3 * DAY)
        assert redate_closures(at=AT) == 0

    def test_closures_that_touch_close_it_together(self) -> None:
        trip = a_trip_tomorrow()
        a_closure(AT + 20 * HOUR, trip.opens_at + HOUR)
        a_closure(trip.opens_at + HOUR, AT + 2 * DAY, route=trip.route)
        assert redate_closures(at=AT) == 1

    def test_the_closure_of_another_route_moves_nothing(self) -> None:
        trip = a_trip_tomorrow()
        a_closure(AT + 20 * HOUR, AT + 3 * DAY, route=a_route("DULATA-KALZHAT"))
        assert redate_closures(at=AT) == 0
        assert trip.passes.count() == 1

    def test_a_trip_that_has_left_stays(self) -> None:
        trip = leave(an_issued_trip(), AT)
        a_closure(trip.opens_at, trip.closes_at + HOUR)
        assert redate_closures(at=AT) == 0

    def test_a_pass_that_may_not_be_issued_anew_stays_and_stops_no_other(self) -> None:
        stuck, free = a_trip_tomorrow(), a_trip_tomorrow()
        stuck.driver.passport_expires_on = (AT + 2 * DAY).date()
        stuck.driver.save()
        a_closure(AT + 20 * HOUR, AT + 3 * DAY)
        assert redate_closures(at=AT) == 1
        assert latest_pass(stuck).opens_at == AT + DAY
        assert latest_pass(stuck).state == PassState.OPEN
        assert latest_pass(free).opens_at == AT + 3 * DAY


class TestLapsing:
    def last_moment(self, trip: Trip) -> datetime:
        """Give the moment at which neither clocks nor late uploads can bring an exit any more."""
        return trip.closes_at + timedelta(minutes=5) + DAY

    def test_a_pass_lapses_when_no_exit_can_come_any_more(self) -> None:
        trip = an_issued_trip()
        at = self.last_moment(trip)
        assert lapse_passes(at=at - timedelta(microseconds=1)) == 0
        assert lapse_passes(at=at) == 1
        trip.refresh_from_db()
        assert trip.state == TripState.LAPSED
        assert Pass.objects.get().state == PassState.LAPSED
        reconcile_all_due(at=at)
        assert Case.objects.get().kind == CaseKind.NEVER_USED

    def test_lapsing_twice_lapses_once(self) -> None:
        trip = an_issued_trip()
        at = self.last_moment(trip)
        assert [lapse_passes(at=at) for _twice in range(2)] == [1, 0]
        assert TripEvent.objects.filter(kind="lapsed").count() == 1

    def test_a_plan_without_a_code_lapses_without_a_case(self) -> None:
        trip = a_trip()
        assert lapse_passes(at=self.last_moment(trip)) == 1
        reconcile_all_due(at=self.last_moment(trip))
        assert not Case.objects.exists()

    def test_a_trip_that_left_does_not_lapse(self) -> None:
        company = a_company()
        leave(an_issued_trip(company), AT)
        confirm(an_issued_trip(company), AT)
        assert lapse_passes(at=AT + 40 * DAY) == 0

    def test_a_trip_seen_in_kazakhstan_does_not_lapse_though_its_exit_is_not_uploaded(self) -> None:
        trip = an_issued_trip()
        line = RecordLine("kz_entry", AT + HOUR, "K1", vin=trip.vehicle.vin)
        assert statuses(take(line, at=AT + 2 * HOUR)) == ["matched"]
        assert lapse_passes(at=trip.closes_at + 3 * DAY) == 0
        confirm(trip, trip.closes_at + 3 * DAY)
        assert trip.state == TripState.DELIVERED

    def test_a_route_with_more_grace_lapses_later(self) -> None:
        trip = an_issued_trip()
        trip.route.policy.offline_grace = 3 * DAY
        trip.route.policy.save()
        assert lapse_passes(at=self.last_moment(trip)) == 0
        assert lapse_passes(at=self.last_moment(trip) + 2 * DAY) == 1
