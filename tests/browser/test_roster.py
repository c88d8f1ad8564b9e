"""A dispatcher makes a roster in a browser: propose, change one, preview, issue, see it done, print."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone
from playwright.sync_api import Page, expect

from ferry import tasks
from ferry.models import Trip, TripState
from ferry.queries import roster as queries
from ferry.queries.issue import china_date
from tests.builders import a_company, a_declaration, a_driver, a_member, a_vehicle
from tests.pdf import pages


@pytest.fixture(autouse=True)
def _no_broker(monkeypatch) -> None:
    """Let the test itself be the worker."""

    class Queue:
        def send_task(self, name, **_options) -> None:
            pass

    monkeypatch.setattr("ferry.portal.roster.app", Queue())


@pytest.fixture
def world(page: Page, sign_in):
    """Sit a dispatcher with two cars, three drivers and an unreleased car down."""
    company = a_company()
    cars = [a_vehicle(company, powertrain="diesel", hs_code="8703323110") for _number in range(3)]
    a_declaration(company, [car.vin for car in cars[:2]])
    a_declaration(company, [cars[2].vin], status="accepted")
    drivers = [a_driver(company, name=name) for name in ("Ma Jun", "Li Na", "Aman Bek")]
    sign_in(page, a_member(company).user)
    return cars, drivers


def propose(page: Page, live_server) -> None:
    tomorrow = china_date(timezone.now() + timedelta(days=1)).isoformat()
    page.goto(live_server.url + reverse("portal:roster"))
    page.get_by_label("Day", exact=True).fill(tomorrow)
    page.get_by_role("button", name="Propose").click()
    expect(page.get_by_text("2 vehicles with a driver")).to_be_visible()


def of(page: Page, car):
    return page.locator(f"[name=driver-{car.pk}]")


def fits(page: Page) -> bool:
    return bool(page.evaluate("document.documentElement.scrollWidth <= innerWidth"))


def work(page: Page) -> None:
    tasks.work_rosters()
    expect(page.locator("#roster").get_by_text("Done. Every line is settled.")).to_be_visible()


@pytest.mark.parametrize("width", [1280, 390])
def test_a_dispatcher_proposes_changes_one_previews_and_issues(world, page: Page, live_server, width):
    cars, drivers = world
    page.set_viewport_size({"width": width, "height": 844})
    propose(page, live_server)
    assert fits(page)
    expect(page.get_by_text("Customs have not released the declaration yet")).to_be_visible()
    of(page, cars[1]).select_option(str(drivers[2].pk))
    page.locator("[name=consignee_name]").fill("Almaty Auto")
    page.locator("[name=delivery_place]").fill("Park 3")
    page.get_by_role("button", name="Preview").click()
    expect(page.get_by_text("2 will be planned")).to_be_visible()
    expect(page.get_by_text("Aman Bek")).to_be_visible()
    assert fits(page)
    assert not Trip.objects.exists()

    page.get_by_role("button", name="Plan 2 trips").click()
    expect(page.get_by_text("0 of 2 issued")).to_be_visible()
    page.reload()
    expect(page.get_by_text("Being issued")).to_be_visible()
    work(page)
    expect(page.get_by_text("2 of 2 issued")).to_be_visible()
    expect(page.locator("#roster-said")).to_have_text("Done. Every line is settled.")
    assert fits(page)
    driven = {trip.vehicle_id: trip.driver.name for trip in Trip.objects.filter(state=TripState.READY)}
    assert driven == {cars[0].pk: "Ma Jun", cars[1].pk: "Aman Bek"}

    sheets = page.get_by_role("link", name="Windscreen sheets").get_attribute("href")
    assert len(pages(page.request.get(f"{live_server.url}{sheets}").body())) == 2
    page.get_by_role("link", name="Send the codes").click()
    expect(page.get_by_role("button", name="Copy the message")).to_have_count(2)
    assert fits(page)


def test_choosing_the_other_cars_driver_swaps_the_two(world, page: Page, live_server):
    cars, drivers = world
    propose(page, live_server)
    of(page, cars[0]).focus()
    of(page, cars[0]).select_option(str(drivers[1].pk))
    expect(of(page, cars[1])).to_have_value(str(drivers[0].pk))
    of(page, cars[0]).select_option("")
    expect(page.locator(f"[name=take][value='{cars[0].pk}']")).not_to_be_checked()


def test_a_driver_is_dragged_to_another_vehicle_or_from_those_without_one(world, page: Page, live_server):
    cars, drivers = world
    propose(page, live_server)
    row = [page.locator("tr", has=of(page, car)) for car in cars[:2]]
    row[0].locator("[data-drag]").drag_to(row[1])
    expect(of(page, cars[1])).to_have_value(str(drivers[0].pk))
    expect(of(page, cars[0])).to_have_value(str(drivers[1].pk))
    page.get_by_role("link", name="Aman Bek").drag_to(row[0])
    expect(of(page, cars[0])).to_have_value(str(drivers[2].pk))
    expect(of(page, cars[1])).to_have_value(str(drivers[0].pk))
    assert not Trip.objects.exists()


def test_a_driver_who_may_not_drive_it_stays_where_he_is(world, page: Page, live_server, sign_in):
    cars, _drivers = world
    truck = a_vehicle(cars[0].company, powertrain="diesel", hs_code="8704229000")
    a_declaration(truck.company, [truck.vin])
    trucker = a_driver(truck.company, name="Qi Truck", licence_class="B2")
    propose_three(page, live_server)
    row = page.locator("tr", has=of(page, truck))
    page.locator("tr", has=of(page, cars[0])).locator("[data-drag]").drag_to(row)
    expect(page.locator("[data-swapped]")).to_contain_text("may not drive it")
    expect(of(page, truck)).to_have_value(str(trucker.pk))


def propose_three(page: Page, live_server) -> None:
    page.goto(live_server.url + reverse("portal:roster"))
    tomorrow = china_date(timezone.now() + timedelta(days=1)).isoformat()
    page.get_by_label("Day", exact=True).fill(tomorrow)
    page.get_by_role("button", name="Propose").click()
    expect(page.get_by_text("3 vehicles with a driver")).to_be_visible()


def test_with_many_vehicles_everybody_can_still_be_chosen(world, page: Page, live_server, monkeypatch):
    monkeypatch.setattr(queries, "CHOICES_AT_LEAST", 1)
    monkeypatch.setattr(queries, "CHOICES_IN_ALL", 1)
    cars, drivers = world
    propose(page, live_server)
    options = of(page, cars[0]).locator("option")
    expect(options).to_have_count(3)
    of(page, cars[0]).focus()
    expect(options).to_have_count(4)
    of(page, cars[0]).select_option(str(drivers[1].pk))
    expect(of(page, cars[1])).to_have_value(str(drivers[0].pk))


def test_it_goes_by_keyboard_alone_and_change_keeps_the_choice(world, page: Page, live_server):
    cars, drivers = world
    propose(page, live_server)
    tick = page.locator(f"[name=take][value='{cars[0].pk}']")
    tick.focus()
    page.keyboard.press("Space")
    expect(tick).not_to_be_checked()
    page.locator("[name=consignee_name]").fill("Almaty Auto")
    page.locator("[name=delivery_place]").fill("Park 3")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.get_by_text("1 will be planned")).to_be_visible()
    page.get_by_role("button", name="Change").focus()
    page.keyboard.press("Enter")
    expect(tick).not_to_be_checked()
    expect(of(page, cars[1])).to_have_value(str(drivers[1].pk))


def test_a_line_that_is_refused_says_why_and_what_next(world, page: Page, live_server):
    cars, drivers = world
    propose(page, live_server)
    page.locator("[name=consignee_name]").fill("Almaty Auto")
    page.locator("[name=delivery_place]").fill("Park 3")
    page.get_by_role("button", name="Preview").click()
    page.get_by_role("button", name="Plan 2 trips").click()
    expect(page.get_by_text("0 of 2 issued")).to_be_visible()
    drivers[0].is_active = False
    drivers[0].save()
    work(page)
    expect(page.get_by_text("no longer drives for you")).to_be_visible()
    page.get_by_role("link", name="Propose again").click()
    expect(of(page, cars[0])).to_have_value(str(drivers[2].pk))
