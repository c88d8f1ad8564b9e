"""Closures: what they touch is told before they are announced."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from clearance.actions.redate import redate_closures
from clearance.queries.closures import effect_of_closure, moved_behind
from ferry.actions.places import close_routes, end_closure
from ferry.errors import Conflict
from ferry.models import Closure
from tests.builders import AT, BY, a_company, a_route, a_trip, an_issued_trip
from tests.clearance.story import leave

pytestmark = pytest.mark.django_db
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
CLOSED = {"starts_at": AT + 20 * HOUR, "ends_at": AT + 3 * DAY}


def close(**fields):
    usual = {"routes": [a_route()], **CLOSED, "reason": "holiday", "at": AT, "by": BY}
    return close_routes(**{**usual, **fields})


def tomorrow(company=None, **fields):
    return an_issued_trip(company, opens_at=AT + DAY, closes_at=AT + DAY + 8 * HOUR, **fields)


class TestEffect:
    def test_it_tells_what_beat_will_do(self):
        trip = tomorrow()
        effect = effect_of_closure([a_route()], **CLOSED, at=AT)
        [moved] = effect.moved
        assert effect.companies == [(trip.company.name, 1, 0)]
        close()
        assert redate_closures(at=AT) == 1
        trip.refresh_from_db()
        assert (moved.opens_at, moved.closes_at) == (trip.opens_at, trip.closes_at)

    def test_it_tells_apart_what_moves_and_what_has_less_time(self):
        company = a_company("East Star Trade")
        tomorrow(company)
        an_issued_trip(company, opens_at=AT + 19 * HOUR, closes_at=AT + 30 * HOUR)
        an_issued_trip(company, opens_at=AT + HOUR, closes_at=AT + 5 * HOUR)
        effect = effect_of_closure([a_route()], **CLOSED, at=AT)
        assert (len(effect.moved), effect.shortened) == (1, 1)
        assert effect.companies == [(company.name, 1, 1)]
        assert effect.reopenings == [(CLOSED["ends_at"], 1)]

    def test_it_counts_what_is_on_the_bridge_and_what_has_no_code(self):
        leave(an_issued_trip(), AT)
        a_trip(opens_at=AT + DAY, closes_at=AT + 2 * DAY)
        effect = effect_of_closure([a_route()], **CLOSED, at=AT)
        assert (effect.out, effect.planned, effect.moved) == (1, 1, [])

    def test_it_tells_nothing_of_another_route(self):
        tomorrow(route=a_route("DULATA-KALZHAT"))
        assert effect_of_closure([a_route()], **CLOSED, at=AT).companies == []

    def test_it_reckons_with_the_closures_there_are(self):
        tomorrow()
        close(starts_at=AT + 3 * DAY, ends_at=AT + 5 * DAY)
        [moved] = effect_of_closure([a_route()], **CLOSED, at=AT).moved
        assert moved.opens_at == AT + 5 * DAY

    def test_its_cost_does_not_grow(self):
        route, counts = a_route(), []
        for _turn in range(2):
            for _number in range(3):
                tomorrow()
            with CaptureQueriesContext(connection) as queries:
                effect_of_closure([route], **CLOSED, at=AT)
            counts.append(len(queries))
        assert counts == [4, 4]


class TestClosing:
    def test_it_closes_every_route_named_or_none(self):
        routes = [a_route(), a_route("DULATA-KALZHAT")]
        close(routes=routes)
        assert set(Closure.objects.filter(reason="holiday").values_list("route", flat=True)) == {
            route.pk for route in routes
        }

    def test_the_same_closure_twice_is_a_conflict(self):
        close()
        with pytest.raises(Conflict):
            close(routes=[a_route("DULATA-KALZHAT"), a_route()])
        assert Closure.objects.filter(reason="holiday").count() == 1

    def test_what_is_over_is_not_announced(self):
        with pytest.raises(Conflict):
            close(starts_at=AT - DAY, ends_at=AT - HOUR)
        assert not Closure.objects.filter(reason="holiday").exists()

    def test_what_lasts_ends_now_and_only_once(self):
        [closure] = close(starts_at=AT - HOUR)
        end_closure(closure=closure, at=AT, by=BY)
        with pytest.raises(Conflict):
            end_closure(closure=closure, at=AT, by=BY)
        closure.refresh_from_db()
        assert closure.ends_at == AT

    def test_what_has_not_begun_is_taken_back_only_once(self):
        [closure] = close()
        end_closure(closure=closure, at=AT, by=BY)
        with pytest.raises(Conflict):
            end_closure(closure=closure, at=AT, by=BY)
        assert not Closure.objects.filter(reason="holiday").exists()

    def test_what_was_moved_stays_moved(self):
        trip = tomorrow()
        [closure] = close()
        redate_closures(at=AT)
        assert moved_behind(closure) == 1
        end_closure(closure=closure, at=AT, by=BY)
        trip.refresh_from_db()
        assert trip.opens_at == CLOSED["ends_at"]
