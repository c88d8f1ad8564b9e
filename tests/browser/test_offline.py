"""An officer whose line is gone: the page goes on judging, loses nothing, and tells what it knows."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.conf import settings
from django.test import Client
from django.utils import timezone
from playwright.sync_api import Browser, BrowserContext, Page, Route, expect

from clearance.lane.access import CHOSEN_CHECKPOINT, CHOSEN_LANE
from clearance.models import Duty, Scan
from ferry import codes
from ferry.actions.passes import revoke_pass
from ferry.models import Case, Driver, Trip, User
from tests.browser.conftest import an_issued
from tests.builders import BY, an_officer

HOUR = timedelta(hours=1)


@pytest.fixture(autouse=True)
def _complaints_of_the_line(complaints) -> None:
    complaints.expect("net::ERR")
    complaints.expect("Failed to load resource")


@pytest.fixture
def code(trip: Trip) -> str:
    return trip.passes.get().code


@pytest.fixture
def stand(browser: Browser, live_server, trip):
    """Give a function that stands an officer in a lane, on a device of his own that is ready for anything."""
    contexts: list[BrowserContext] = []

    def stand(user: User | None = None, lane: str = "3", context: BrowserContext | None = None) -> Page:
        context = context or browser.new_context(base_url=live_server.url, locale="en-GB")
        contexts.append(context)
        client = Client()
        client.force_login(user or an_officer())
        session = client.session
        session[CHOSEN_CHECKPOINT], session[CHOSEN_LANE] = "CN-HORGOS", lane
        session.save()
        cookies = {settings.SESSION_COOKIE_NAME: session.session_key, settings.LANGUAGE_COOKIE_NAME: "en"}
        context.add_cookies(
            [{"name": name, "value": value or "", "url": live_server.url} for name, value in cookies.items()]
        )
        page = context.pages[0] if context.pages else context.new_page()
        page.goto("/lane/")
        is_prepared(page)
        return page

    yield stand
    for context in contexts:
        context.close()


def is_prepared(page: Page) -> None:
    expect(page.locator("#code")).to_be_visible()
    expect(page.locator("[data-list]")).to_have_text("List 0 min old")
    expect(page.locator("#offline-strip[data-installed]")).to_be_visible()


def read(page: Page, code: str) -> None:
    page.keyboard.type(code)
    page.keyboard.press("Enter")


def shown(page: Page, verdict: str):
    return page.locator(f"#verdict [data-verdict={verdict}]")


def waits(page: Page, count: int) -> None:
    expect(page.locator("[data-queue]")).to_have_text(f"Waiting to be sent: {count}" if count else "")


def offline(page: Page, is_offline: bool = True) -> None:
    page.context.set_offline(is_offline)


def scans() -> list[tuple[str, str]]:
    return list(Scan.objects.order_by("pk").values_list("offline_verdict", "verdict"))


def test_it_judges_queues_and_sends_when_the_line_is_back(stand, code, trip):
    page = stand()
    offline(page)
    read(page, code)

    expect(shown(page, "release")).to_be_visible()
    expect(page.locator(".verdict-old")).to_contain_text("Judged on this device")
    expect(page.locator(".facts .vin b").first).to_have_text(trip.vehicle.vin[-6:])
    expect(page.locator("[data-line]")).to_have_text("Offline")
    waits(page, 1)
    assert not Scan.objects.exists()

    read(page, code)
    expect(shown(page, "refuse")).to_be_visible()
    expect(page.locator(".reasons code")).to_have_text("already_used")
    waits(page, 2)

    offline(page, False)
    waits(page, 0)
    expect(page.locator("[data-line]")).to_have_text("Online")
    assert scans() == [("release", "release"), ("refuse", "refuse")]
    assert not Case.objects.exists()
    trip.refresh_from_db()
    assert trip.state == "exited"


def test_both_names_of_the_driver_are_large_with_a_line_and_without(stand, code, now):
    Driver.objects.update(name="马建军", name_latin="MA JIANJUN")
    second, third = an_issued(now), an_issued(now)
    Driver.objects.filter(pk=second.driver_id).update(name="李娜", name_latin="LI NA")
    page = stand()
    read(page, code)
    expect(shown(page, "release").locator("dd.big:not(.vin)")).to_have_text(["马建军", "MA JIANJUN"])

    offline(page)
    read(page, second.passes.get().code)
    expect(page.locator(".verdict-old")).to_be_visible()
    names = shown(page, "release").locator("dd.big:not(.vin)")
    expect(names).to_have_text(["李娜", "LI NA"])
    sizes = [names.nth(number).evaluate("one => getComputedStyle(one).fontSize") for number in (0, 1)]
    assert sizes[0] == sizes[1]

    read(page, third.passes.get().code)
    expect(shown(page, "release").locator("dd.big:not(.vin)")).to_have_text([third.driver.name])


def test_the_page_opens_without_a_line_and_remembers_what_it_let_through(stand, code):
    page = stand()
    offline(page)
    read(page, code)
    expect(shown(page, "release")).to_be_visible()
    page.reload()

    expect(page.locator("[data-list]")).to_have_text("List 0 min old")
    waits(page, 1)
    read(page, code)
    expect(shown(page, "refuse")).to_be_visible()
    expect(page.locator(".reasons code")).to_have_text("already_used")
    offline(page, False)
    waits(page, 0)
    assert scans() == [("release", "release"), ("refuse", "refuse")]


def test_what_passed_online_does_not_pass_again_offline(stand, code):
    page = stand()
    read(page, code)
    expect(shown(page, "release")).to_be_visible()
    offline(page)
    read(page, code)
    expect(shown(page, "refuse")).to_be_visible()
    expect(page.locator(".reasons code")).to_have_text("already_used")


def test_a_code_that_nobody_signed_is_red_and_a_short_code_amber(stand, code, trip):
    page = stand()
    offline(page)
    read(page, code[:-6] + ("A" if code[-6] != "A" else "B") + code[-5:])
    expect(shown(page, "refuse")).to_be_visible()
    expect(page.locator(".reasons code")).to_have_text("bad_signature")

    read(page, codes.show_short_code(trip.passes.get().short_code))
    expect(shown(page, "examine")).to_be_visible()
    expect(page.locator(".reasons code")).to_have_text("not_signed")
    expect(page.locator(".facts .vin b").first).to_have_text(trip.vehicle.vin[-6:])


def test_a_code_issued_since_the_list_is_amber(stand, now):
    page = stand()
    later = an_issued(now)
    offline(page)
    read(page, later.passes.get().code)
    expect(shown(page, "examine")).to_be_visible()
    expect(page.locator(".reasons code")).to_have_text("not_listed")


def test_what_waits_outlives_the_sign_out_and_goes_with_the_next_officer(stand, code, trip):
    first = an_officer()
    page = stand(first)
    page.route("**/lane/scan/", lambda route: route.abort())
    page.route("**/lane/offline/scans/*", lambda route: route.abort())
    read(page, code)
    expect(shown(page, "release")).to_be_visible()
    waits(page, 1)
    page.locator(".fm-menu summary").last.click()
    page.get_by_role("button", name="Sign out").click()
    page.wait_for_url(lambda address: "/lane/" not in address)
    assert page.evaluate(KEPT) == {"keys": 0, "sealed": 0, "queue": 1, "pages": 0}
    assert not Scan.objects.exists()

    page.unroute_all()
    stand(an_officer(), context=page.context)
    waits(page, 0)
    scan = Scan.objects.get()
    assert (scan.officer, scan.verdict, scan.offline_verdict) == (first, "release", "release")


#: Count what a device holds, without reading it.
KEPT = """async () => {
    const database = await new Promise((resolve) => {
        indexedDB.open('ferryman-lane').onsuccess = (event) => resolve(event.target.result);
    });
    const count = (name) => new Promise((resolve) => {
        const asked = database.transaction(name).objectStore(name).count();
        asked.onsuccess = () => resolve(asked.result);
    });
    const [keys, sealed, queue] = await Promise.all(['keys', 'sealed', 'queue'].map(count));
    const pages = (await caches.keys()).length;
    database.close();
    return { keys, sealed, queue, pages };
}"""


def test_nothing_of_a_car_or_a_person_can_be_read_on_the_device(stand, code, trip):
    page = stand()
    offline(page)
    read(page, code)
    expect(shown(page, "release")).to_be_visible()
    raw = page.evaluate(
        """async () => {
        const database = await new Promise((resolve) => {
            indexedDB.open('ferryman-lane').onsuccess = (event) => resolve(event.target.result);
        });
        const all = (name) => new Promise((resolve) => {
            const asked = database.transaction(name).objectStore(name).getAll();
            asked.onsuccess = () => resolve(asked.result);
        });
        const rows = (await Promise.all(['keys', 'sealed', 'queue'].map(all))).flat();
        const plain = (data) => (data ? new TextDecoder('latin1').decode(data) : '');
        const texts = rows.map((row) => JSON.stringify(row) + plain(row.data));
        const extractable = rows.map((row) => row.listKey).filter(Boolean).map((key) => key.extractable);
        const cache = await caches.open('ferryman-lane');
        for (const request of await cache.keys()) texts.push(await (await cache.match(request)).text());
        return { text: texts.join(' '), extractable };
    }"""
    )
    assert raw["extractable"] == [False]
    for secret in (trip.vehicle.vin, trip.reference, trip.driver.name, code[-40:]):
        assert secret not in raw["text"]


def test_an_answer_that_was_lost_counts_once(stand, code, trip):
    page = stand()

    def lose_the_answer(route: Route) -> None:
        route.fetch()
        route.abort()

    page.route("**/lane/scan/", lose_the_answer)
    read(page, code)
    expect(shown(page, "release")).to_be_visible()
    expect(page.locator(".verdict-old")).to_contain_text("Judged on this device")
    waits(page, 0)
    assert scans() == [("", "release")]
    assert not Case.objects.exists()


def test_a_full_device_goes_on_in_memory_and_says_so(stand, code, now):
    page = stand()
    other = an_issued(now).passes.get().code
    offline(page)
    page.evaluate(
        """() => {
        window.add = IDBObjectStore.prototype.add;
        IDBObjectStore.prototype.add = () => { throw new DOMException('full', 'QuotaExceededError'); };
    }"""
    )
    read(page, code)
    expect(shown(page, "release")).to_be_visible()
    read(page, other)
    expect(shown(page, "examine")).to_be_visible()
    expect(page.locator("[data-warnings]")).to_contain_text("Do not close this page: 2 scans")
    waits(page, 2)
    offline(page, False)
    waits(page, 0)
    expect(page.locator("[data-warnings]")).to_be_empty()
    assert scans() == [("release", "release"), ("examine", "release")]


def test_a_clock_that_is_an_hour_off_is_told_and_put_right(stand, code, browser, live_server):
    context = browser.new_context(base_url=live_server.url, locale="en-GB")
    context.clock.set_fixed_time(timezone.now() - HOUR)
    page = stand(context=context)
    expect(page.locator("[data-warnings]")).to_contain_text("wrong by 60 min")
    offline(page)
    read(page, code)
    expect(shown(page, "release")).to_be_visible()
    offline(page, False)
    waits(page, 0)
    assert abs(Scan.objects.get().scanned_at - timezone.now()) < timedelta(minutes=4)


def test_offline_for_a_day_it_gets_careful_and_then_locks_its_list(stand, code, now):
    page = stand()
    other, third = (an_issued(now).passes.get().code for _number in range(2))
    page.reload()
    is_prepared(page)
    offline(page)
    read(page, code)
    expect(shown(page, "release")).to_be_visible()

    page.clock.set_fixed_time(timezone.now() + 5 * HOUR)
    read(page, other)
    expect(shown(page, "examine")).to_be_visible()
    expect(page.locator(".reasons code")).to_have_text("stale_list")
    expect(page.locator("[data-list]")).to_contain_text("List 5 h")

    page.clock.set_fixed_time(timezone.now() + 24 * HOUR)
    read(page, third)
    expect(shown(page, "fault")).to_be_visible()
    expect(page.locator("[data-list]")).to_contain_text("Your sign-in has ended")
    page.reload()
    expect(page.locator("[data-list]")).to_contain_text("Your sign-in has ended")
    waits(page, 2)
    page.clock.set_fixed_time(timezone.now())
    offline(page, False)
    waits(page, 0)
    assert [verdict for verdict, _ours in scans()] == ["release", "examine"]


def test_a_line_that_breaks_while_it_sends_loses_and_doubles_nothing(stand, code, now):
    page = stand()
    others = [an_issued(now).passes.get().code for _number in range(3)]
    offline(page)
    for number, each in enumerate([code, *others], start=1):
        read(page, each)
        waits(page, number)
    cut: list[int] = []

    def break_at_times(route: Route) -> None:
        """Cut the line before the first upload arrives, and after the second one did."""
        cut.append(1)
        if len(cut) == 1:
            route.abort()
        elif len(cut) == 2:
            route.fetch()
            route.abort()
        else:
            route.continue_()

    page.route("**/lane/offline/scans/*", break_at_times)
    offline(page, False)
    waits(page, 0)
    assert len(cut) == 3
    assert [verdict for verdict, _ours in scans()] == ["release", "examine", "examine", "examine"]


def test_two_lanes_that_let_one_code_through_are_a_case_for_the_supervisor(stand, code, sign_in, page, trip):
    lanes = [stand(lane="3"), stand(lane="4")]
    for lane in lanes:
        offline(lane)
        read(lane, code)
        expect(shown(lane, "release")).to_be_visible()
    for lane in lanes:
        offline(lane, False)
        waits(lane, 0)
    expect(lanes[1].locator("[data-kept] li")).to_contain_text("The server decided otherwise")
    assert Case.objects.get().kind == "pass_reused"

    sign_in(page, an_officer(duty=Duty.SUPERVISOR))
    page.goto(lanes[0].url.replace("/lane/", "/desk/"))
    expect(page.locator("main")).to_contain_text(trip.reference)

    lanes[1].get_by_role("button", name="Seen").click()
    expect(lanes[1].locator("[data-kept]")).to_be_empty()


def test_a_pass_revoked_meanwhile_is_a_case_for_the_supervisor(stand, code, trip):
    page = stand()
    offline(page)
    read(page, code)
    expect(shown(page, "release")).to_be_visible()
    revoke_pass(trip=trip, reason="stolen", at=timezone.now(), by=BY)
    offline(page, False)
    waits(page, 0)
    expect(page.locator("[data-kept] li")).to_contain_text("This code was revoked")
    assert Case.objects.get().kind == "exit_outside_window"


@pytest.mark.parametrize("path", ["/lane/scans/", "/lane/"])
def test_without_a_line_every_officers_page_becomes_the_scanner(stand, path):
    page = stand()
    offline(page)
    page.goto(path)
    expect(page.locator("#code")).to_be_visible()
    expect(page.locator("[data-line]")).to_have_text("Offline")
