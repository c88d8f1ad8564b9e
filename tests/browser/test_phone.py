"""A driver's phone: his pass is right while there is a signal, and there while there is none."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from django.conf import settings
from django.urls import reverse
from django.utils import timezone
from playwright.sync_api import BrowserContext, BrowserType, Page, expect

from ferry import codes
from ferry.actions.drivers import new_driver_link
from ferry.actions.moves import move_trip, note_event
from ferry.actions.passes import swap_driver
from ferry.models import EventKind, Trip, TripState
from tests.builders import BY, a_driver, a_pass, a_trip

NARROW = {"width": 360, "height": 640}
#: Give what is kept on the phone: addresses of pages, caches, databases, workers.
KEPT = """async () => {
    const name = 'ferryman-phone-pages';
    const pages = await caches.has(name) ? await (await caches.open(name)).keys() : [];
    return {
        pages: pages.map((page) => new URL(page.url).pathname).sort(),
        caches: (await caches.keys()).length,
        workers: (await navigator.serviceWorker.getRegistrations()).length,
        databases: (await indexedDB.databases()).length,
    };
}"""
#: Say of the kept pass that its time is over.
END = """async (address) => {
    const pages = await caches.open('ferryman-phone-pages');
    const kept = await pages.match(address);
    const headers = new Headers(kept.headers);
    headers.set('X-Keep-Until', Date.now() - 1000);
    await pages.put(address, new Response(await kept.text(), { headers }));
}"""


@pytest.fixture(autouse=True)
def _complaints_of_the_line(complaints) -> None:
    complaints.expect("net::ERR")
    complaints.expect("Failed to load resource")


def link_of(trip: Trip) -> str:
    return reverse("phone:driver", args=[trip.driver.link_token])


def kept_without_code(trip: Trip) -> list[str]:
    forms = [f"{link_of(trip)}trips/{trip.reference}/{name}/" for name in ("back", "hand-over", "pick-up")]
    return sorted([link_of(trip) + "over/", *forms])


@pytest.fixture
def phone(live_server, page: Page, speak):
    """Give a function that opens a trip's page on a phone and waits until the phone keeps it."""
    page.set_viewport_size(NARROW)

    def phone(trip: Trip) -> Page:
        page.goto(live_server.url + link_of(trip))
        is_kept(page)
        return page

    return phone


def is_kept(page: Page) -> None:
    expect(page.locator("html[data-kept]")).to_be_attached()


def says(page: Page, state: str) -> None:
    expect(page.locator(f".state[data-state={state}]")).to_be_visible()


def test_the_gates_release_turns_it_green_and_is_told_to_scripts(phone, trip, now):
    page = phone(trip)
    says(page, "may_go")
    page.evaluate("document.addEventListener('fm:state', ({ detail }) => { window.told = detail; })")
    note_event(trip=trip, kind=EventKind.EXAMINE, at=now, by="officer")
    says(page, "examine")
    move_trip(trip=trip, to=TripState.EXITED, kind=EventKind.EXITED, at=now, by=BY)
    page.wait_for_selector(".state[data-tone=go]", timeout=6000)
    assert page.evaluate("window.told") == {"tone": "go", "state": "exited"}


def test_an_update_keeps_what_is_open_and_where_one_reads(phone, trip, now):
    page = phone(trip)
    page.locator(".pass-open").click()
    expect(page.locator(".pass:target .pass-close")).to_be_focused()
    move_trip(trip=trip, to=TripState.EXITED, kind=EventKind.EXITED, at=now, by=BY)
    expect(page.locator(".state[data-state=exited]")).to_be_attached()
    expect(page.locator(".pass:target .pass-close")).to_be_focused()
    page.keyboard.press("Escape")
    expect(page.locator(".pass:target")).to_have_count(0)


def test_the_code_fills_the_screen_and_asks_for_brightness(phone, trip):
    page = phone(trip)
    drawn = page.locator(".qr svg").bounding_box()
    assert drawn is not None
    assert drawn["width"] == NARROW["width"]
    expect(page.locator(".pass-hint")).to_be_hidden()
    expect(page.locator(".pass-close")).to_be_hidden()
    page.locator(".qr").click()
    expect(page.locator(".pass-hint")).to_be_visible()
    expect(page.locator(".short-code")).to_have_text(codes.show_short_code(trip.passes.get().short_code))
    assert page.locator(".pass").bounding_box() == {"x": 0, "y": 0, **NARROW}


def test_code_and_state_are_there_without_javascript(browser, live_server, trip):
    context = browser.new_context(java_script_enabled=False, locale="en-GB", viewport=NARROW)
    page = context.new_page()
    page.goto(live_server.url + link_of(trip))
    expect(page.locator(".state")).to_be_visible()
    expect(page.locator(".qr svg")).to_be_visible()
    page.locator(".pass-open").click()
    expect(page.locator(".pass:target .pass-hint")).to_be_visible()
    expect(page.get_by_text("This is not my phone")).to_be_hidden()
    context.close()


def test_it_opens_without_a_signal_after_the_phone_was_restarted(
    browser_type: BrowserType, browser_type_launch_args, live_server, trip, tmp_path: Path
):
    def switched_on() -> BrowserContext:
        return browser_type.launch_persistent_context(
            tmp_path, **browser_type_launch_args, locale="en-GB", viewport=NARROW
        )

    context = switched_on()
    context.pages[0].goto(live_server.url + link_of(trip))
    is_kept(context.pages[0])
    context.close()

    context = switched_on()
    context.set_offline(True)
    page = context.pages[0]
    page.goto(live_server.url + link_of(trip))
    says(page, "may_go")
    expect(page.locator(".qr svg")).to_be_visible()
    expect(page.locator("#offline")).to_be_visible()
    assert page.locator(".pass").evaluate("part => getComputedStyle(part).backgroundColor") == (
        "rgb(255, 255, 255)"
    )

    swap_driver(trip=trip, driver=a_driver(trip.company), at=timezone.now(), by=BY)
    context.set_offline(False)
    expect(page.locator(".note[role=alert]")).to_contain_text(trip.reference)
    expect(page.locator(".qr")).to_have_count(0)
    expect(page.locator("#offline")).to_be_hidden()
    context.close()


def test_a_line_that_is_dead_but_not_gone_does_not_keep_him_waiting(phone, trip):
    page = phone(trip)
    page.reload()
    is_kept(page)
    page.context.route("**/d/**", lambda route: None)
    page.reload()
    says(page, "may_go")
    page.context.unroute_all(behavior="ignoreErrors")


def test_a_pass_leaves_the_phone_at_its_end(phone, trip):
    page = phone(trip)
    page.context.set_offline(True)
    page.evaluate(END, link_of(trip))
    page.reload()
    expect(page.get_by_text("This pass is over")).to_be_visible()
    assert page.evaluate(KEPT)["pages"] == kept_without_code(trip)
    expect(page.locator(".qr")).to_have_count(0)


def test_a_page_that_stays_open_ends_with_its_pass(live_server, page: Page, speak, trip, now):
    page.clock.install(time=now)
    page.goto(live_server.url + link_of(trip))
    is_kept(page)
    page.context.set_offline(True)
    page.clock.fast_forward(23 * 3_600_000)
    expect(page.get_by_text("This pass is over")).to_be_visible()
    assert page.evaluate(KEPT)["pages"] == kept_without_code(trip)


def test_sentences_about_time_go_on_without_a_signal(live_server, page: Page, speak, now):
    trip = a_trip(at=now, opens_at=now + timedelta(minutes=40), closes_at=now + timedelta(hours=9))
    a_pass(trip, at=now)
    page.clock.install(time=now)
    page.goto(live_server.url + link_of(trip))
    is_kept(page)
    says(page, "not_yet")
    page.context.set_offline(True)
    page.clock.fast_forward(30 * 60_000)
    expect(page.locator(".when")).to_have_text("Opens in 10 min.")
    page.clock.fast_forward(11 * 60_000)
    says(page, "may_go")


def test_a_link_that_has_ended_leaves_nothing_on_the_phone(phone, trip):
    page = phone(trip)
    new_driver_link(driver=trip.driver, at=timezone.now())
    expect(page.get_by_text("This link has ended")).to_be_visible()
    assert page.evaluate(KEPT)["pages"] == []


def test_somebody_elses_phone_forgets_everything(phone, trip, live_server):
    page = phone(trip)
    page.get_by_role("button", name="This is not my phone").click()
    page.get_by_role("button", name="No, keep it").click()
    assert page.evaluate(KEPT)["caches"] == 2
    page.get_by_role("button", name="This is not my phone").click()
    page.get_by_role("button", name="Yes, delete it").click()
    page.wait_for_url(live_server.url + reverse("phone:forgotten"))
    expect(page.get_by_text("Nothing is kept on this phone")).to_be_visible()
    assert page.evaluate(KEPT) == {"pages": [], "caches": 0, "workers": 0, "databases": 0}
    assert page.url == live_server.url + reverse("phone:forgotten")
    expect(page.locator(".qr")).to_have_count(0)
    page.reload()
    expect(page.get_by_text("Nothing is kept on this phone")).to_be_visible()
    assert page.evaluate(KEPT)["caches"] == 0


def test_several_trips_of_a_day_are_a_list(phone, trip, now):
    other = a_trip(trip.company, driver=trip.driver, at=now, opens_at=now, closes_at=now + timedelta(hours=9))
    page = phone(trip)
    expect(page.locator(".state")).to_have_count(1)
    listed = page.locator("section", has=page.get_by_role("heading", name="Next trips"))
    expect(listed).to_contain_text(other.vehicle.vin[-6:])


def test_no_address_of_his_is_told_to_our_own_files(phone, trip):
    told: list[str] = []
    trip_page = link_of(trip)
    from_page = phone(trip)
    from_page.on("request", lambda request: told.append(request.headers.get("referer", "")))
    from_page.reload()
    is_kept(from_page)
    assert told
    assert not [one for one in told if trip_page in one]
    assert settings.SECURE_REFERRER_POLICY == "same-origin"
