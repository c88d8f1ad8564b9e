"""The first page: where the vehicles are, what needs somebody, how the day compares."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from django.core.cache import cache
from django.urls import reverse
from django.utils import translation

from ferry.actions.cases import open_case, resolve_case
from ferry.actions.stays import enter, leave
from ferry.models import CaseKind, Closure, Declaration, DeclaredVehicle, TripState, Weight
from ferry.portal.needs import needs
from ferry.queries.issue import china_date, kazakh_date
from ferry.queries.pace import DAYS, pace
from ferry.queries.today import NEWEST, corridor, long_stays
from tests.builders import (
    AT,
    BY,
    a_company,
    a_declaration,
    a_driver,
    a_licence,
    a_member,
    a_route,
    a_trip,
    a_vehicle,
    an_issued_trip,
    an_officer,
)

pytestmark = pytest.mark.django_db

HOUR = timedelta(hours=1)


def a_moved_trip(company, state, **moments):
    """Put a trip into a state as if it had gone there, at these moments."""
    trip = a_trip(company)
    for name, value in {"state": state, **moments}.items():
        setattr(trip, name, value)
    trip.save()
    return trip


def stages(company, at=AT):
    return {stage.name: stage for stage in corridor(company, at=at)}


def references(stage):
    return [trip.reference for trip in stage.newest]


class TestTheCorridor:
    def test_it_tells_where_each_vehicle_is(self, company):
        planned = a_trip(company, opens_at=AT + HOUR)
        early = an_issued_trip(company, opens_at=AT + HOUR)
        ready = an_issued_trip(company)
        out = a_moved_trip(company, TripState.EXITED, exited_at=AT - HOUR)
        there = a_moved_trip(company, TripState.ARRIVED, exited_at=AT - 2 * HOUR, arrived_at=AT - HOUR)
        done = a_moved_trip(company, TripState.DELIVERED, exited_at=AT - 9 * HOUR, delivered_at=AT - HOUR)
        a_moved_trip(company, TripState.CANCELLED)
        found = {name: set(references(stage)) for name, stage in stages(company).items()}
        assert found == {
            "yard": {planned.reference, early.reference},
            "exit": {ready.reference},
            "bridge": {out.reference},
            "entry": {there.reference},
            "delivered": {done.reference},
        }

    def test_it_tells_of_no_other_company(self, company):
        an_issued_trip(a_company("East Star Trade"))
        assert [stage.count for stage in corridor(company, at=AT)] == [0] * 5

    def test_delivered_today_begins_at_midnight_in_china(self, company):
        midnight = AT.replace(hour=16) - timedelta(days=1)
        a_moved_trip(company, TripState.DELIVERED, delivered_at=midnight - timedelta(seconds=1))
        today = a_moved_trip(company, TripState.DISCHARGED, delivered_at=midnight)
        assert references(stages(company)["delivered"]) == [today.reference]

    def test_a_stage_shows_the_newest_first_and_counts_the_rest(self, company):
        trips = [
            a_moved_trip(company, TripState.EXITED, exited_at=AT - hours * HOUR) for hours in range(1, 9)
        ]
        stage = stages(company)["bridge"]
        assert references(stage) == [trip.reference for trip in trips[:NEWEST]]
        assert (stage.count, stage.late) == (8, 2)
        assert [one.reference for one in stage.longest] == [trips[7].reference, trips[6].reference]

    def test_a_vehicle_that_waits_longer_than_expected_is_marked(self, company):
        a_trip(company)
        an_issued_trip(company, closes_at=AT + 3 * HOUR)
        a_moved_trip(company, TripState.EXITED, exited_at=AT - 7 * HOUR)
        a_moved_trip(company, TripState.ARRIVED, exited_at=AT - 25 * HOUR, arrived_at=AT - 20 * HOUR)
        for name, stage in stages(company).items():
            late = [trip.is_late for trip in stage.newest]
            assert (stage.late, late) == ((0, []) if name == "delivered" else (1, [True])), name

    def test_a_vehicle_within_its_time_is_not_marked(self, company):
        a_trip(company, opens_at=AT + HOUR)
        an_issued_trip(company, closes_at=AT + 4 * HOUR)
        a_moved_trip(company, TripState.EXITED, exited_at=AT - 5 * HOUR)
        a_moved_trip(company, TripState.ARRIVED, exited_at=AT - 23 * HOUR, arrived_at=AT - 20 * HOUR)
        for stage in corridor(company, at=AT):
            assert stage.late == 0
            assert not any(trip.is_late for trip in stage.newest)

    @pytest.mark.parametrize("route", ["HORGOS-NURZHOLY", None])
    def test_a_closure_of_the_route_stops_the_clock(self, company, route):
        a_moved_trip(company, TripState.EXITED, exited_at=AT - 7 * HOUR)
        closed = Closure.objects.create(
            route=a_route(route) if route else None,
            starts_at=AT - 5 * HOUR,
            ends_at=AT - 3 * HOUR,
            reason="x",
        )
        assert stages(company)["bridge"].late == 0
        assert stages(company, AT + 2 * HOUR)["bridge"].late == 1
        closed.route = a_route("ALASHANKOU-DOSTYK")
        closed.save()
        assert stages(company)["bridge"].late == 1

    def test_it_takes_the_same_few_queries_however_many_trips(self, company, django_assert_num_queries):
        for _round in range(2):
            with django_assert_num_queries(12):
                corridor(company, at=AT)
            for hours in (1, 8, 9, 10, 11, 12):
                a_moved_trip(company, TripState.EXITED, exited_at=AT - hours * HOUR)
                a_trip(company)

    def test_the_page_shows_vehicle_driver_and_both_clocks(self, company, see):
        trip = a_moved_trip(company, TripState.EXITED, exited_at=AT - 7 * HOUR)
        page = see("today")
        assert reverse("portal:trip", args=[trip.reference]) in page
        assert f"…{trip.vehicle.vin[11:]}" in page
        assert "Ma Jun" in page
        assert "05:00</time> <abbr" in page
        assert "02:00 <abbr" in page
        assert "1 late" in page
        assert f"{reverse('portal:trips')}?state=exited" in page

    def test_a_company_without_trips_is_told_so_calmly(self, company, see):
        assert "No vehicle is on its way." in see("today")


def needs_of(company, at=AT):
    """Tell the lines as (text, names with what is said about them, how many more, next step's address)."""
    with translation.override("en"):
        return {
            need.text: ([f"{name.label} {name.about}".strip() for name in need.names], need.more, need.url)
            for need in needs(company, at=at)
        }


def days_away(driver, days):
    """Let a driver have been away, whoever he drove for, on each of so many days until the day before AT."""
    entered_on = kazakh_date(AT) - timedelta(days=days)
    enter(person=driver.person, on=entered_on)
    leave(person=driver.person, on=kazakh_date(AT) - timedelta(days=1))


class TestWhatNeedsSomebody:
    def test_nothing_is_all_clear(self, company, see):
        an_issued_trip(company, closes_at=AT + 9 * HOUR)
        assert needs_of(company) == {}
        assert "All clear." in see("today")

    def test_open_cases_come_by_weight(self, company):
        trips = [a_trip(company), a_trip(company)]
        for trip, kind, weight in (
            (trips[0], CaseKind.DAMAGE, Weight.MEDIUM),
            (trips[1], CaseKind.VIN_MISMATCH, Weight.CRITICAL),
            (trips[1], CaseKind.DAMAGE, Weight.MEDIUM),
        ):
            open_case(trip=trip, kind=kind, weight=weight, facts={}, at=AT, by=BY)
        ((text, (names, more, url)),) = needs_of(company).items()
        assert text == "3 cases are open: Critical 1 · Medium 2"
        assert names[0] == f"Another VIN {trips[1].reference}"
        assert (len(names), more, url) == (3, 0, reverse("portal:cases"))

    def test_a_settled_case_needs_nobody(self, company):
        case = open_case(
            trip=a_trip(company), kind=CaseKind.DAMAGE, weight=Weight.LOW, facts={}, at=AT, by=BY
        )
        resolve_case(case=case, resolution="explained", note="x", at=AT, by=BY)
        assert needs_of(company) == {}

    def test_a_code_that_ends_soon_is_told_with_its_driver(self, company):
        trip = an_issued_trip(company, closes_at=AT + 3 * HOUR)
        an_issued_trip(company, closes_at=AT + 3 * HOUR + timedelta(seconds=1))
        ((text, (names, _more, url)),) = needs_of(company).items()
        assert text == "1 code ends within 3 hours and its vehicle has not left"
        assert names == [f"BYD …{trip.vehicle.vin[11:]} Ma Jun"]
        assert url == f"{reverse('portal:trips')}?state=ready"

    def test_a_paper_that_ends_within_thirty_days_or_has_ended_is_told(self, company):
        soon, later = china_date(AT) + timedelta(days=30), china_date(AT) + timedelta(days=31)
        a_driver(company, name="Soon", passport_expires_on=soon, licence_expires_on=later)
        gone = a_driver(company, name="Gone")
        gone.licence_expires_on = china_date(AT) - timedelta(days=1)
        gone.save()
        former = a_driver(company, name="Former", passport_expires_on=soon)
        former.is_active = False
        former.save()
        a_licence(company, number="26AB777777", expires_on=soon)
        a_licence(company, expires_on=later)
        used_up = a_licence(company, expires_on=soon, quantity=1)
        used_up.used = 1
        used_up.save()
        told = needs_of(company)
        assert [names for names, _more, _url in told.values()] == [
            ["Soon"],
            ["Gone"],
            ["26AB777777 100 left"],
        ]
        assert list(told) == [
            "1 driver's passport ends within 30 days or has ended",
            "1 driver's driving licence ends within 30 days or has ended",
            "1 export licence ends within 30 days with quantity left",
        ]

    def test_a_long_list_names_the_first_and_counts_the_rest(self, company):
        for day in range(6):
            a_driver(company, name=f"D{day}", passport_expires_on=china_date(AT) + timedelta(days=day))
        ((names, more, _url),) = needs_of(company).values()
        assert (names, more) == (["D0", "D1", "D2", "D3"], 2)

    def test_drivers_are_told_by_the_mark_they_have_reached(self, company):
        for name, days in (("A", 74), ("B", 75), ("C", 84), ("D", 85), ("E", 90)):
            days_away(a_driver(company, name=name), days)
        days_away(a_driver(company, name="K", nationality="KZ"), 95)
        assert {text: names for text, (names, _more, _url) in needs_of(company).items()} == {
            "1 driver has no stay day left": ["E 90 / 90"],
            "1 driver has used 85 or more of 90 stay days": ["D 85 / 90"],
            "1 driver has used 80 or more of 90 stay days": ["C 84 / 90"],
            "1 driver has used 75 or more of 90 stay days": ["B 75 / 90"],
        }

    def test_days_that_have_run_out_of_the_period_do_not_count(self, company):
        driver = a_driver(company)
        entered_on = kazakh_date(AT) - timedelta(days=240)
        enter(person=driver.person, on=entered_on)
        leave(person=driver.person, on=entered_on + timedelta(days=90))
        assert long_stays(company, at=AT) == []

    def test_a_driver_who_is_still_there_counts_every_day(self, company):
        driver = a_driver(company)
        enter(person=driver.person, on=kazakh_date(AT) - timedelta(days=79))
        assert [one.used for one in long_stays(company, at=AT)] == [80]

    def test_stay_days_are_not_counted_again_for_each_refresh(self, company, django_assert_num_queries):
        driver = a_driver(company)
        days_away(driver, 88)
        assert len(needs_of(company)) == 1
        with django_assert_num_queries(9):
            assert len(needs_of(company)) == 1
        driver.is_active = False
        driver.save()
        assert needs_of(company) == {}

    @pytest.mark.parametrize("route", ["HORGOS-NURZHOLY", None])
    def test_a_closure_that_touches_trips_is_told_with_how_many(self, company, route):
        a_trip(company)
        an_issued_trip(company)
        a_moved_trip(company, TripState.EXITED, exited_at=AT)
        an_issued_trip(a_company("East Star Trade"))
        route = a_route(route) if route else None
        Closure.objects.create(
            route=route, starts_at=AT + HOUR, ends_at=AT + 5 * HOUR, reason="Independence Day"
        )
        ((text, (_names, _more, url)),) = needs_of(company).items()
        where = "Horgos → Nur Zholy" if route else "Every route"
        assert text == (
            f"{where} is closed (Independence Day) and that touches 1 planned trip · 1 code issued"
        )
        assert "state=ready" in url

    def test_a_closure_that_touches_nothing_of_ours_is_not_told(self, company):
        an_issued_trip(company)
        for route, starts_at, ends_at in (
            (a_route("ALASHANKOU-DOSTYK"), AT + HOUR, AT + 5 * HOUR),
            (None, AT + 23 * HOUR, AT + 30 * HOUR),
            (None, AT - 5 * HOUR, AT - HOUR),
        ):
            Closure.objects.create(route=route, starts_at=starts_at, ends_at=ends_at, reason="x")
        assert needs_of(company) == {}

    def test_a_closed_declaration_whose_vehicles_are_not_all_out_is_told(self, company):
        waiting = a_declaration(company, status="closed")
        whole = a_declaration(company, status="closed")
        Declaration.objects.update(closed_at=AT)
        Declaration.objects.filter(pk=whole.pk).update(refund_ready_at=AT)
        ((text, (names, _more, _url)),) = needs_of(company).items()
        assert text == "1 declaration is closed, but not all its vehicles have an exit record"
        assert names == [f"{waiting.number} 0 of 1 out"]

    def test_a_whole_declaration_is_not_told_before_reconciliation_has_looked(self, company):
        a_declaration(company, status="closed")
        Declaration.objects.update(closed_at=AT)
        DeclaredVehicle.objects.update(exited_at=AT)
        assert needs_of(company) == {}

    def test_what_needs_another_company_is_not_told(self, company):
        other = a_company("East Star Trade")
        trip = an_issued_trip(other, closes_at=AT + HOUR)
        open_case(trip=trip, kind=CaseKind.DAMAGE, weight=Weight.LOW, facts={}, at=AT, by=BY)
        days_away(a_driver(other, passport_expires_on=china_date(AT)), 88)
        a_declaration(other, status="closed")
        a_licence(other, expires_on=china_date(AT))
        assert needs_of(company) == {}

    def test_it_takes_the_same_few_queries_whatever_is_wrong(self, company, django_assert_num_queries):
        with django_assert_num_queries(9):
            needs_of(company)
        # The stays of drivers who may have reached a mark, and their names, are two queries more.
        for _round in range(2):
            cache.clear()
            Closure.objects.all().delete()
            for _one in range(3):
                trip = an_issued_trip(company, closes_at=AT + HOUR)
                open_case(trip=trip, kind=CaseKind.DAMAGE, weight=Weight.LOW, facts={}, at=AT, by=BY)
                days_away(a_driver(company, passport_expires_on=china_date(AT)), 88)
                a_licence(company, expires_on=china_date(AT))
            Closure.objects.bulk_create(
                Closure(starts_at=AT, ends_at=AT + HOUR, reason="x") for _one in range(6)
            )
            with django_assert_num_queries(11):
                assert len(needs_of(company)) == 6


class TestHowTheDayCompares:
    def test_it_counts_by_the_hours_and_days_of_beijing(self, company):
        midnight = AT.replace(hour=16) - timedelta(days=1)
        a_moved_trip(company, TripState.EXITED, exited_at=midnight)
        a_moved_trip(company, TripState.EXITED, exited_at=midnight - timedelta(seconds=1))
        a_moved_trip(company, TripState.DELIVERED, exited_at=midnight + 2 * HOUR, delivered_at=AT)
        told = pace(company, at=AT)
        assert [
            (one.hour, one.exits, one.deliveries) for one in told.hours if one.exits or one.deliveries
        ] == [
            (0, 1, 0),
            (2, 1, 0),
            (12, 0, 1),
        ]
        assert [(day.on, day.exits, day.deliveries) for day in told.days[-2:]] == [
            (date(2026, 11, 21), 1, 0),
            (date(2026, 11, 22), 2, 1),
        ]

    def test_it_looks_at_fourteen_days_and_no_further(self, company):
        first = AT.replace(hour=16) - timedelta(days=14)
        for exited_at in (first, first - timedelta(seconds=1)):
            a_moved_trip(company, TripState.EXITED, exited_at=exited_at)
        days = pace(company, at=AT).days
        assert len(days) == DAYS
        assert [day.exits for day in days] == [1] + [0] * 13

    def test_what_is_usual_is_the_mean_of_the_days_before(self, company):
        for days in (0, 1, 2):
            a_moved_trip(company, TripState.EXITED, exited_at=AT - days * timedelta(days=1))
        (noon,) = [one for one in pace(company, at=AT).hours if one.usual_exits]
        assert (noon.hour, noon.exits, noon.usual_exits) == (12, 1, 2 / 13)

    @pytest.mark.parametrize(
        ("took", "median", "p90"), [([5], 5, 5), ([1, 2], 1, 2), (range(1, 11), 5, 9), (range(1, 12), 6, 10)]
    )
    def test_times_are_those_of_the_day_of_delivery_by_nearest_rank(self, company, took, median, p90):
        for hours in took:
            a_moved_trip(company, TripState.DELIVERED, exited_at=AT - hours * HOUR, delivered_at=AT)
        days = pace(company, at=AT).days
        assert (days[-1].median, days[-1].p90) == (median * HOUR, p90 * HOUR)
        assert days[-2].median is None

    def test_a_receipt_without_an_exit_or_before_it_has_no_time(self, company):
        a_moved_trip(company, TripState.DELIVERED, delivered_at=AT)
        a_moved_trip(company, TripState.DELIVERED, exited_at=AT + HOUR, delivered_at=AT)
        assert pace(company, at=AT).days[-1].median is None

    def test_another_companys_day_is_not_told(self, company):
        a_moved_trip(a_company("East Star Trade"), TripState.DELIVERED, exited_at=AT - HOUR, delivered_at=AT)
        assert not any(day.exits or day.deliveries for day in pace(company, at=AT).days)

    def test_it_takes_three_queries(self, company, django_assert_num_queries):
        for _round in range(2):
            with django_assert_num_queries(3):
                pace(company, at=AT)
            for hours in range(1, 4):
                a_moved_trip(company, TripState.DELIVERED, exited_at=AT - hours * HOUR, delivered_at=AT)

    def test_each_chart_has_its_sentence_and_its_numbers(self, company, see):
        a_moved_trip(
            company, TripState.DELIVERED, exited_at=AT - timedelta(hours=5, minutes=20), delivered_at=AT
        )
        page = see("today", part="pace")
        assert page.count("<figure") == page.count('role="img"') == page.count("<table") == 3
        assert "So far: exits 1 · deliveries 1." in page
        assert "half within 5 h 20 min" in page
        assert '<th scope="row">2026-11-22</th><td class="fm-num">1</td>' in page
        assert " style=" not in page
        assert "<script" not in page

    def test_before_the_first_exit_it_says_so(self, company, see):
        assert "No exit and no delivery in the last 14 days." in see("today")


def test_the_page_takes_the_same_few_queries_however_much_there_is(company, see, django_assert_num_queries):
    for _round in range(2):
        for hours in range(1, 9):
            trip = an_issued_trip(company, closes_at=AT + HOUR)
            open_case(trip=trip, kind=CaseKind.DAMAGE, weight=Weight.LOW, facts={}, at=AT, by=BY)
            a_moved_trip(company, TripState.EXITED, exited_at=AT - hours * HOUR)
        cache.clear()
        with django_assert_num_queries(27):
            see("today")


@pytest.mark.parametrize("name", ["corridor", "needs", "pace"])
def test_a_part_comes_alone_when_it_asks_for_itself_again(company, see, name):
    part = see("today", part=name)
    assert part.lstrip().startswith("<section")
    assert f'id="today-{name}"' in part
    assert f'hx-get="{reverse("portal:today")}?part={name}"' in part
    assert "12:00</time> <abbr" in part
    assert "09:00</time> <abbr" in part
    assert "<html" not in part


def test_an_unknown_part_is_the_whole_page(company, see):
    assert "<html" in see("today", part="../secrets")


def test_somebody_without_a_company_sees_none_of_it(client):
    client.force_login(an_officer())
    assert client.get(reverse("portal:today"), {"part": "corridor"}).status_code == 403


def test_a_viewer_sees_it_and_is_offered_nothing_to_plan(client, company, as_viewer, see):
    assert "Plan a trip" not in see("today")
    client.force_login(a_member(company).user)
    assert "Plan a trip" in see("today")


def test_a_company_without_vehicles_is_led_to_the_import_and_others_are_not(company, see):
    words = "Begin with your table"
    assert words in see("today")
    a_vehicle(company)
    assert words not in see("today")


def test_a_viewer_of_an_empty_company_is_offered_no_import(company, as_viewer, see):
    assert reverse("portal:import") not in see("today")
