"""The roster in the portal: propose, choose, preview, have it done."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from celery import Celery
from django.urls import reverse
from kombu.exceptions import OperationalError

from ferry.actions.passes import issue_pass
from ferry.actions.roster import work_roster
from ferry.actions.trips import cancel_trip, driver_back
from ferry.models import Roster, Stay, Trip, TripState
from ferry.queries import roster as queries
from tests.builders import (
    AT,
    BY,
    a_company,
    a_declaration,
    a_driver,
    a_licence,
    a_route,
    a_trip,
    a_vehicle,
    an_issued_trip,
)

pytestmark = pytest.mark.django_db

HOUR = timedelta(hours=1)
#: From one to eleven in Beijing, an hour after AT.
DAY = {"day": "2026-11-22", "opens": "13:00", "closes": "23:00", "q": ""}
TERMS = {
    "consignee_name": "Almaty Auto",
    "consignee_phone": "",
    "consignee_language": "ru",
    "delivery_place": "Park 3",
}


class Queue:
    """Take the messages to the workers, or have no broker to take them."""

    def __init__(self) -> None:
        self.sent: list[str] = []
        self.is_down = False

    def send_task(self, name, **_options) -> None:
        if self.is_down:
            raise OperationalError("no broker")
        self.sent.append(name)


@pytest.fixture(autouse=True)
def queue(monkeypatch) -> Queue:
    queue = Queue()
    monkeypatch.setattr("ferry.portal.roster.app", queue)
    return queue


def a_car(company, **declared):
    """Register a car that needs no export licence, on a declaration of its own."""
    vehicle = a_vehicle(company, powertrain="diesel", hs_code="8703323110")
    a_declaration(company, [vehicle.vin], **declared)
    return vehicle


def day(**changes) -> dict[str, str]:
    return {**DAY, "route": str(a_route().pk), **changes}


def tail(vin: str) -> str:
    return f"<strong>{vin[11:]}</strong>"


def proposed(client, **changes) -> dict[str, str]:
    """Give who is proposed for whom, by VIN and name."""
    answer = client.get(reverse("portal:roster"), day(**changes))
    assert answer.status_code == 200
    return {
        line.vehicle.vin: line.driver.driver.name if line.driver else ""
        for line in answer.context["proposal"].lines
    }


def left_out(client, kind: str, **changes) -> list[str]:
    groups = client.get(reverse("portal:roster"), day(**changes)).context[f"{kind}_out"]
    return [sentence for reasons, _rows in groups for sentence in reasons]


def pair(vehicle, driver) -> dict[str, object]:
    return {"take": [vehicle.pk], f"driver-{vehicle.pk}": driver.pk}


def asked(*pairs, **changes) -> dict[str, object]:
    said: dict[str, object] = {**day(), **TERMS, "take": [], **changes}
    for vehicle, driver in pairs:
        said["take"] = [*said["take"], vehicle.pk]  # type: ignore[misc]
        said[f"driver-{vehicle.pk}"] = driver.pk if driver else ""
    return said


def preview(client, said) -> str:
    answer = client.post(reverse("portal:roster_preview"), said)
    assert answer.status_code == 200
    return answer.content.decode()


def key_in(page: str) -> str:
    found = re.search(r'name="key" value="([0-9a-f-]{36})"', page)
    assert found
    return found.group(1)


def plan(client, said) -> Roster:
    key = key_in(preview(client, said))
    answer = client.post(reverse("portal:roster_plan"), {**said, "key": key})
    roster = Roster.objects.order_by("pk").last()
    assert roster is not None
    assert answer["Location"] == reverse("portal:roster_job", args=[roster.pk])
    return roster


def work(roster) -> None:
    work_roster(roster=roster, at=AT, limit=100)


def test_it_proposes_who_drives_what_and_offers_the_others(client, company):
    car, driver, other = a_car(company), a_driver(company), a_driver(company, name="Aman")
    assert proposed(client) == {car.vin: "Ma Jun"}
    page = client.get(reverse("portal:roster"), day()).content.decode()
    assert f'<option value="{driver.pk}" selected>' in page
    assert f'<option value="{other.pk}">' in page
    assert Trip.objects.count() == 0


def test_without_anything_asked_it_offers_the_next_window_and_the_last_trips_route_and_consignee(
    see, company
):
    a_car(company)
    a_driver(company)
    a_trip(company, route=a_route("ALASHANKOU-DOSTYK"), consignee_name="Astana Motors")
    page = see("roster")
    assert 'value="2026-11-22"' in page
    assert f'<option value="{a_route("ALASHANKOU-DOSTYK").pk}" selected>' in page
    assert "Astana Motors" in page


def test_the_fewest_trips_this_month_go_first(client, company):
    often, seldom = a_driver(company, name="Often"), a_driver(company, name="Seldom")
    earlier = a_trip(company, driver=often, opens_at=AT - 72 * HOUR, closes_at=AT + HOUR / 2)
    Trip.objects.filter(pk=earlier.pk).update(state=TripState.DISCHARGED)
    car = a_car(company)
    assert proposed(client) == {car.vin: "Seldom"}
    assert seldom.name == "Seldom"


def test_it_says_why_a_vehicle_is_left_out(client, company):
    a_driver(company)
    waits = a_car(company, status="accepted")
    unlisted = a_vehicle(company, powertrain="diesel", hs_code="8703323110")
    unlicensed = a_vehicle(company)
    a_declaration(company, [unlicensed.vin])
    assert proposed(client) == {}
    said = " ".join(left_out(client, "vehicles"))
    for words in ("not released", "None of your declarations lists this VIN", "needs an export licence"):
        assert words in said
    page = client.get(reverse("portal:roster"), day()).content.decode()
    assert all(tail(vehicle.vin) in page for vehicle in (waits, unlisted, unlicensed))
    assert "No vehicle can go" in page


def test_a_vehicle_beyond_the_licences_balance_is_left_out(client, company):
    a_licence(company, quantity=1)
    cars = [a_vehicle(company) for _number in range(2)]
    a_declaration(company, [car.vin for car in cars])
    a_driver(company)
    a_driver(company)
    assert list(proposed(client)) == [cars[0].vin]
    assert any("needs an export licence" in one for one in left_out(client, "vehicles"))


def test_a_vehicle_that_has_a_trip_is_not_proposed(client, company):
    a_driver(company)
    trip = a_trip(company)
    assert proposed(client) == {}
    cancel_trip(trip=trip, reason="x", at=AT, by=BY)
    a_licence(company)
    assert list(proposed(client)) == [trip.vehicle.vin]


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"licence_class": "D"}, "does not cover this vehicle"),
        ({"passport_expires_on": (AT + 12 * HOUR).date()}, "valid past the planned return"),
        ({"licence_expires_on": AT.date()}, "driving licence expires"),
    ],
)
def test_it_says_why_a_driver_is_left_out(client, company, fields, words):
    car = a_car(company)
    a_driver(company, **fields)
    assert proposed(client) == {car.vin: ""}
    assert any(words in one for one in left_out(client, "drivers"))


def test_a_driver_without_stay_days_is_left_out(client, company):
    driver = a_driver(company)
    a_car(company)
    for back in range(1, 5):
        entered = AT.date() - timedelta(days=30 * back)
        Stay.objects.create(person=driver.person, entered_on=entered, left_on=entered + timedelta(days=25))
    assert any("visa-free days" in one for one in left_out(client, "drivers"))


def test_a_driver_on_a_trip_for_somebody_else_is_left_out_and_nobody_learns_for_whom(client, company):
    a_car(company)
    driver = a_driver(company)
    other = a_company("East Star Trade")
    theirs = a_driver(other, passport_number=driver.passport_number)
    trip = an_issued_trip(other, driver=theirs)
    assert any("unavailable" in one for one in left_out(client, "drivers"))
    page = client.get(reverse("portal:roster"), day()).content.decode()
    assert trip.reference not in page
    assert "East Star" not in page


def test_a_driver_who_came_back_too_lately_is_left_out_until_he_has_rested(client, company, settings):
    driver = a_driver(company)
    trip = an_issued_trip(company, driver=driver)
    Trip.objects.filter(pk=trip.pk).update(state=TripState.DELIVERED, exited_at=AT)
    driver_back(trip=trip, occurred_at=AT - HOUR, at=AT, by=BY)
    car = a_car(company)
    assert any("10 hours" in one for one in left_out(client, "drivers"))
    assert left_out(client, "drivers", day="2026-11-23") == []
    settings.ROSTER_REST_HOURS = 2
    assert proposed(client) == {car.vin: "Ma Jun"}


def test_a_driver_with_a_planned_trip_that_day_is_left_out(client, company):
    driver = a_driver(company)
    trip = a_trip(company, driver=driver)
    a_car(company)
    assert any(trip.reference in one for one in left_out(client, "drivers"))


def test_those_on_a_roster_being_issued_are_left_out(client, company):
    car, driver = a_car(company), a_driver(company)
    plan(client, asked((car, driver)))
    assert proposed(client) == {}
    assert any("another roster" in one for one in left_out(client, "vehicles"))
    assert any("another roster" in one for one in left_out(client, "drivers"))


def test_a_closed_day_is_said_once_for_all(client, company):
    from ferry.models import Closure

    Closure.objects.create(starts_at=AT - HOUR, ends_at=AT + 24 * HOUR, reason="holiday")
    for _number in range(3):
        a_car(company)
    a_driver(company)
    (group,) = client.get(reverse("portal:roster"), day()).context["vehicles_out"]
    assert len(group[1]) == 3
    assert "closed all that time" in group[0][0]


def test_a_search_narrows_the_vehicles(client, company):
    car, _other = a_car(company), a_car(company)
    a_driver(company)
    assert list(proposed(client, q=car.vin[-6:])) == [car.vin]


def test_a_day_that_is_over_is_refused_at_the_field(client, company):
    a_car(company)
    answer = client.get(reverse("portal:roster"), day(day="2026-11-21"))
    assert "The time for leaving is over" in answer.content.decode()
    assert "proposal" not in answer.context


@pytest.mark.parametrize("wrong", [{"day": "x"}, {"route": "0"}, {"opens": "25:00"}, {"closes": ""}])
def test_what_cannot_be_read_is_said_at_the_field(client, company, wrong):
    page = client.get(reverse("portal:roster"), day(**wrong)).content.decode()
    assert "Please put these right" in page


def test_a_window_that_ends_before_it_begins_goes_on_overnight(client, company):
    car, driver = a_car(company), a_driver(company)
    roster = plan(client, asked((car, driver), opens="22:00", closes="06:00"))
    assert roster.closes_at - roster.opens_at == 8 * HOUR


def test_the_preview_lists_what_will_be_planned_and_everything_in_the_way(client, company):
    good, twice, again, alone = (a_car(company) for _number in range(4))
    waits = a_car(company, status="accepted")
    drivers = [a_driver(company) for _number in range(2)]
    truck_driver = a_driver(company, licence_class="D")
    page = preview(
        client,
        asked(
            (good, drivers[0]), (twice, drivers[1]), (again, drivers[1]), (alone, None), (waits, truck_driver)
        ),
    )
    assert "Plan 1 trip and issue its code" in page
    assert "4 will not be planned" in page
    for words in ("chosen for several vehicles", "No driver is chosen", "not released", "does not cover"):
        assert words in page
    assert (Roster.objects.count(), Trip.objects.count()) == (0, 0)


def test_the_preview_counts_the_licences_balance_down(client, company):
    a_licence(company, quantity=1)
    cars = [a_vehicle(company) for _number in range(2)]
    a_declaration(company, [car.vin for car in cars])
    page = preview(client, asked(*[(car, a_driver(company)) for car in cars]))
    assert "1 will be planned" in page
    assert "needs an export licence" in page


def test_with_nothing_ticked_the_preview_says_so(client, company):
    assert "No vehicle is ticked" in preview(client, asked())


def test_change_goes_back_with_what_was_chosen(client, company):
    car, left = a_car(company), a_car(company)
    _first, second = a_driver(company), a_driver(company, name="Aman")
    answer = client.post(reverse("portal:roster_preview"), asked((car, second), change="1"))
    offers = {offer.vehicle: offer for offer in answer.context["offers"]}
    assert (offers[car].is_taken, offers[car].driver_id) == (True, second.pk)
    assert (offers[left].is_taken, offers[left].driver_id) == (False, None)
    assert f'<option value="{second.pk}" selected>' in answer.content.decode()


def test_a_missing_consignee_is_asked_for_and_the_choice_is_kept(client, company):
    car, driver = a_car(company), a_driver(company)
    a_driver(company)
    page = preview(client, asked((car, driver), consignee_name=""))
    assert "Please put these right" in page
    assert f'<option value="{driver.pk}" selected>' in page


def test_it_plans_and_issues_them_as_one_job_and_nudges_a_worker(client, company, queue, see):
    car, driver = a_car(company), a_driver(company)
    roster = plan(client, asked((car, driver)))
    assert queue.sent == ["ferry.tasks.work_rosters"]
    assert (roster.created_by.split()[0], roster.consignee_name) == ("dispatcher", "Almaty Auto")
    assert "0 of 1 issued" in see("roster_job", roster.pk)
    assert "Being issued" in see("roster_job", roster.pk)
    work(roster)
    page = see("roster_job", roster.pk)
    trip = Trip.objects.get()
    assert (trip.vehicle, trip.driver, trip.state) == (car, driver, TripState.READY)
    assert "1 of 1 issued" in page
    assert trip.reference in page
    assert f'hx-get="{reverse("portal:roster_job", args=[roster.pk])}"' not in page


def test_without_a_broker_it_is_written_down_all_the_same(client, company, queue):
    queue.is_down = True
    roster = plan(client, asked((a_car(company), a_driver(company))))
    assert roster.lines.count() == 1


def test_the_nudge_is_a_message_the_workers_know():
    from ferry.tasks import work_rosters

    assert work_rosters.name == "ferry.tasks.work_rosters"
    assert isinstance(work_rosters.app, Celery)


def test_sending_the_preview_twice_makes_one_roster(client, company):
    said = asked((a_car(company), a_driver(company)))
    key = key_in(preview(client, said))
    answers = [client.post(reverse("portal:roster_plan"), {**said, "key": key}) for _turn in range(2)]
    assert len({answer["Location"] for answer in answers}) == 1
    assert Roster.objects.count() == 1


@pytest.mark.parametrize("key", ["", "x"])
def test_without_a_key_nothing_is_planned(client, company, key):
    said = asked((a_car(company), a_driver(company)))
    assert client.post(reverse("portal:roster_plan"), {**said, "key": key}).status_code == 200
    assert Roster.objects.count() == 0


def test_the_poll_stops_when_all_is_settled(client, company):
    roster = plan(client, asked((a_car(company), a_driver(company))))
    url = reverse("portal:roster_job", args=[roster.pk])
    assert client.get(url, headers={"HX-Request": "true"}).status_code == 200
    work(roster)
    answer = client.get(url, headers={"HX-Request": "true"})
    assert answer.status_code == 286
    assert "<html" not in answer.content.decode()


def test_a_refused_line_says_why_and_what_next(client, company, see):
    car, driver = a_car(company), a_driver(company)
    roster = plan(client, asked((car, driver)))
    an_issued_trip(company, driver=driver)
    work(roster)
    page = see("roster_job", roster.pk)
    assert "1 refused" in page
    assert "unavailable" in page
    assert f"q={car.vin}" in page
    assert "Windscreen sheets" not in page


def test_a_viewer_sees_and_cannot_act(client, company, as_viewer, see):
    car, driver = a_car(company), a_driver(company)
    a_route()
    page = see("roster")
    assert tail(car.vin) in page
    assert "Preview" not in page
    for name in ("roster_preview", "roster_plan"):
        assert client.post(reverse(f"portal:{name}"), asked((car, driver))).status_code == 403
    assert Roster.objects.count() == 0


def test_what_is_another_companys_is_as_if_it_were_not_sent(client, company):
    other = a_company("East Star Trade")
    theirs, driver = a_car(other), a_driver(other)
    page = preview(client, asked((theirs, driver), (a_car(company), driver)))
    assert tail(theirs.vin) not in page
    assert "No driver is chosen" in page


@pytest.mark.parametrize("take", [["x"], ["-1"], ["9" * 40], ["١"]])
def test_nonsense_is_not_there(client, company, take):
    assert "No vehicle is ticked" in preview(client, asked(take=take))


def test_the_proposal_costs_the_same_for_many(client, company, django_assert_num_queries):
    url = reverse("portal:roster")
    for _number in range(2):
        a_car(company), a_driver(company)
    a_car(company, status="accepted")
    asked_for = day()
    with django_assert_num_queries(PAGE_QUERIES):
        client.get(url, asked_for)
    for _number in range(10):
        a_car(company), a_driver(company)
    with django_assert_num_queries(PAGE_QUERIES):
        client.get(url, asked_for)


def test_the_preview_costs_the_same_for_many(client, company, django_assert_num_queries):
    cars = [(a_car(company), a_driver(company)) for _number in range(12)]
    url, few, many = reverse("portal:roster_preview"), asked(*cars[:2]), asked(*cars)
    client.post(url, few)
    for said in (few, many):
        with django_assert_num_queries(PREVIEW_QUERIES):
            client.post(url, said)


def test_the_progress_costs_the_same_for_many(client, company, django_assert_num_queries):
    rosters = [
        plan(client, asked(*[(a_car(company), a_driver(company)) for _number in range(count)]))
        for count in (2, 12)
    ]
    for roster in rosters:
        work(roster)
        with django_assert_num_queries(JOB_QUERIES):
            client.get(reverse("portal:roster_job", args=[roster.pk]))


PAGE_QUERIES, PREVIEW_QUERIES, JOB_QUERIES = 30, 23, 7


def test_a_vehicle_has_few_choices_where_there_are_many_vehicles_and_his_own_always(
    client, company, monkeypatch
):
    monkeypatch.setattr(queries, "CHOICES_AT_LEAST", 1)
    monkeypatch.setattr(queries, "CHOICES_IN_ALL", 2)
    for _number in range(3):
        a_car(company), a_driver(company)
    offers = client.get(reverse("portal:roster"), day()).context["offers"]
    assert [len([*offer.own, *offer.free, *offer.on_other_lines]) for offer in offers] == [2, 2, 2]
    assert all(offer.driver_id == offer.own[0][0] for offer in offers)
    last = offers[0].vehicle, company.drivers.order_by("-pk")[0]
    answer = client.post(reverse("portal:roster_preview"), asked(last, change="1"))
    assert answer.context["offers"][0].driver_id == last[1].pk


def test_a_code_issued_by_hand_meanwhile_is_not_doubled(client, company):
    car, driver = a_car(company), a_driver(company)
    roster = plan(client, asked((car, driver)))
    trip = a_trip(company, vehicle=car, driver=driver)
    issue_pass(trip=trip, at=AT, by=BY)
    work(roster)
    assert Trip.objects.get() == trip
