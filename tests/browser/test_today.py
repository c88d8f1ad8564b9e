"""The first page refreshes itself and takes nothing from the hand of who reads it."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone
from playwright.sync_api import Page, Request, Route, expect

from ferry.models import Company, Trip, TripState
from tests.browser.conftest import Complaints
from tests.builders import a_company, a_member, a_trip

ANY_PART, CORRIDOR, NEEDS = (
    re.compile(rf"/today/\?part={part}$") for part in ("[a-z]+", "corridor", "needs")
)


@pytest.fixture
def company() -> Company:
    return a_company()


@pytest.fixture
def trip(company: Company) -> Trip:
    """Let a vehicle be on the bridge, which left an hour ago."""
    now = timezone.now()
    trip = a_trip(company, at=now, opens_at=now - timedelta(hours=2), closes_at=now + timedelta(hours=9))
    trip.state, trip.exited_at = TripState.EXITED, now - timedelta(hours=1)
    trip.save()
    return trip


@pytest.fixture
def today(page: Page, sign_in, company: Company, trip: Trip) -> Page:
    """Sit down before the page, with its clock in our hands."""
    page.clock.install()
    sign_in(page, a_member(company).user)
    expect(stage(page, "bridge")).to_contain_text(trip.vehicle.vin[11:])
    return page


def stage(page: Page, name: str):
    return page.locator(f"[data-stage={name}]")


def count(page: Page, name: str):
    return stage(page, name).locator(".fm-corridor-count strong")


def arrive(trip: Trip) -> None:
    trip.state, trip.arrived_at = TripState.ARRIVED, timezone.now()
    trip.save()


def asked(page: Page) -> list[str]:
    """Write down which parts are asked for from now on."""
    parts: list[str] = []

    def hear(request: Request) -> None:
        if "part=" in request.url:
            parts.append(request.url.partition("part=")[2])

    page.on("request", hear)
    return parts


def wait_for_the_next(page: Page, part: str) -> None:
    """Let the time of the next refresh come, and a part be swapped."""
    old = page.locator(f"#today-{part}").element_handle()
    page.clock.run_for(21_000)
    old.wait_for_element_state("hidden")
    page.clock.run_for(500)


def test_a_vehicle_moves_on_by_itself(today: Page, trip: Trip) -> None:
    assert today.url.endswith(reverse("portal:today"))
    arrive(trip)
    wait_for_the_next(today, "corridor")
    expect(count(today, "entry")).to_have_text("1")
    expect(count(today, "bridge")).to_have_text("0")
    arrived = stage(today, "entry").get_by_role("link").first
    expect(arrived).to_have_attribute("href", reverse("portal:trip", args=[trip.reference]))


def test_the_part_with_the_focus_waits_and_the_others_do_not(today: Page, trip: Trip) -> None:
    link = stage(today, "bridge").get_by_role("link").first
    link.focus()
    parts = asked(today)
    arrive(trip)
    wait_for_the_next(today, "pace")
    assert set(parts) == {"needs", "pace"}
    expect(link).to_be_focused()
    expect(count(today, "bridge")).to_have_text("1")
    today.locator("#main").focus()
    wait_for_the_next(today, "corridor")
    expect(count(today, "entry")).to_have_text("1")


def test_an_answer_that_comes_when_somebody_has_moved_in_is_dropped(today: Page, trip: Trip) -> None:
    link = stage(today, "bridge").get_by_role("link").first
    held: list[Route] = []
    today.route(CORRIDOR, lambda route: held.append(route))
    with today.expect_request(CORRIDOR):
        today.clock.run_for(21_000)
    arrive(trip)
    link.focus()
    with today.expect_response(CORRIDOR):
        held[0].continue_()
    today.clock.run_for(500)
    expect(link).to_be_focused()
    expect(count(today, "bridge")).to_have_text("1")


def test_selected_text_stays_selected(today: Page, trip: Trip) -> None:
    stage(today, "bridge").locator(".fm-corridor-driver").first.select_text()
    parts = asked(today)
    wait_for_the_next(today, "pace")
    assert "corridor" not in parts
    assert today.evaluate("String(getSelection())") == "Ma Jun"


def test_a_table_that_was_opened_stays_open(today: Page) -> None:
    figure = today.locator("figure", has_text="Day by day")
    figure.get_by_text("The numbers").click()
    expect(figure.get_by_role("table")).to_be_visible()
    today.locator("#main").focus()
    wait_for_the_next(today, "pace")
    expect(figure.get_by_role("table")).to_be_visible()


def test_a_hidden_page_asks_for_nothing_and_catches_up_when_it_is_seen(today: Page, trip: Trip) -> None:
    hide(today, True)
    parts = asked(today)
    arrive(trip)
    today.clock.run_for(65_000)
    assert parts == []
    with today.expect_response(lambda answer: answer.url.endswith("part=corridor")):
        hide(today, False)
    expect(count(today, "entry")).to_have_text("1")


def hide(page: Page, hidden: bool) -> None:
    page.evaluate(
        """(hidden) => {
            Object.defineProperty(document, 'hidden', {value: hidden, configurable: true});
            document.dispatchEvent(new Event('visibilitychange'));
        }""",
        hidden,
    )


def test_a_silent_server_is_told_until_it_answers_again(today: Page, complaints: Complaints) -> None:
    complaints.expect("ERR_INTERNET_DISCONNECTED")
    complaints.expect("htmx:")
    stay_silent(today, ANY_PART)
    with today.expect_event("requestfailed", lambda request: request.url.endswith("part=pace")):
        today.clock.run_for(21_000)
    told = today.get_by_role("alert").filter(has_text="The server did not answer")
    expect(told).to_be_visible()
    expect(count(today, "bridge")).to_have_text("1")
    today.unroute(ANY_PART)
    wait_for_the_next(today, "pace")
    expect(told).to_have_count(0)


def test_a_part_without_an_answer_is_told_though_the_others_have_theirs(
    today: Page, complaints: Complaints
) -> None:
    complaints.expect("ERR_INTERNET_DISCONNECTED")
    complaints.expect("htmx:")
    stay_silent(today, NEEDS)
    wait_for_the_next(today, "pace")
    expect(today.get_by_role("alert")).to_contain_text("The server did not answer")


def stay_silent(page: Page, parts: re.Pattern[str]) -> None:
    page.route(parts, lambda route: route.abort("internetdisconnected"))


def test_who_was_signed_out_meanwhile_is_sent_to_sign_in(today: Page, complaints: Complaints) -> None:
    complaints.expect("status of 403")
    today.context.clear_cookies(name="sessionid")
    today.clock.run_for(21_000)
    # Each part that is refused asks for the page anew, so one navigation may end another.
    expect(today).to_have_url(re.compile("/accounts/login/"))
    expect(today.locator("[name=login]")).to_be_visible()


@pytest.mark.drawn
@pytest.mark.parametrize(("width", "height"), [(390, 844), (1280, 800)])
def test_it_fits_a_phone_and_a_desk(today: Page, width: int, height: int) -> None:
    today.set_viewport_size({"width": width, "height": height})
    assert today.evaluate("document.documentElement.scrollWidth <= innerWidth")
    yard, bridge = stage(today, "yard").bounding_box(), stage(today, "bridge").bounding_box()
    assert yard
    assert bridge
    if width < 1000:
        assert yard["y"] < bridge["y"], "the stages stack"
    else:
        assert (yard["y"], yard["x"] < bridge["x"]) == (bridge["y"], True), "the stages stand side by side"


def test_it_is_read_by_keyboard_and_by_name(today: Page) -> None:
    for name in ("On the road", "What needs you", "How the day compares"):
        expect(today.get_by_role("region", name=name)).to_be_visible()
    expect(today.get_by_role("img", name="Today by the hour. So far: exits")).to_be_visible()
    summary = today.get_by_text("The numbers").first
    summary.focus()
    today.keyboard.press("Enter")
    expect(today.get_by_role("table", name="Today by the hour")).to_be_visible()
