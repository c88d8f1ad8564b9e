"""The lane's camera on real film: a code is read by itself, and what cannot be read disturbs nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from django.conf import settings as django_settings
from django.test import Client
from django.urls import reverse
from playwright.sync_api import Browser, BrowserType, Page, expect

from clearance.lane.access import CHOSEN_CHECKPOINT, CHOSEN_LANE
from clearance.models import Policy, Scan
from ferry import codes
from ferry.models import Trip, TripState
from tests.browser.conftest import Complaints
from tests.browser.films import HD, VGA, blurred, code, film, scene, tilted, torn
from tests.builders import a_company, a_pass, a_trip, an_officer

FAKE = "--use-fake-device-for-media-stream"
ALLOWED = "--use-fake-ui-for-media-stream"
PHONE = {"viewport": {"width": 390, "height": 844}}

#: Gives a lane whose camera plays a film; it may be told to use other switches of the browser.
Open = Callable[..., Page]


@pytest.fixture
def trips(now: datetime) -> list[Trip]:
    company = a_company()
    made = []
    for _number in range(2):
        trip = a_trip(company, at=now, opens_at=now - timedelta(hours=1), closes_at=now + timedelta(hours=23))
        a_pass(trip, at=now)
        made.append(trip)
    return made


def text_of(trip: Trip) -> str:
    return trip.passes.get().code


def scans_of(trip: Trip) -> int:
    return Scan.objects.filter(trip=trip).count()


@pytest.fixture
def at_lane(live_server, browser_type: BrowserType, camera_launch_args, tmp_path: Path) -> Iterator[Open]:
    """Give a function that stands in lane 3 at Horgos in a browser of its own."""
    opened: list[tuple[Browser, Complaints]] = []

    def at_lane(seen: Path | None, *switches: str, expected: Sequence[str] = ()) -> Page:
        played = [f"--use-file-for-fake-video-capture={seen}"] if seen else []
        arguments = [*camera_launch_args["args"], *(switches or [FAKE, ALLOWED]), *played]
        browser = browser_type.launch(**{**camera_launch_args, "args": arguments})
        context = browser.new_context(**PHONE)
        complaints = Complaints(context)
        for words in expected:
            complaints.expect(words)
        opened.append((browser, complaints))
        stand(context, live_server.url)
        page = context.new_page()
        page.goto(live_server.url + reverse("lane:home"))
        expect(page.locator("#offline-strip [data-list]")).to_contain_text("min old")
        return page

    yield at_lane
    for browser, complaints in opened:
        browser.close()
        assert complaints.unexpected == []


def stand(context, address: str, lane: str = "3") -> None:
    """Sign a new officer in and put him into the lane at Horgos, without the pages for it."""
    client = Client()
    client.force_login(an_officer())
    session = client.session
    session[CHOSEN_CHECKPOINT], session[CHOSEN_LANE] = "CN-HORGOS", lane
    session.save()
    cookies = {
        django_settings.LANGUAGE_COOKIE_NAME: "en",
        django_settings.SESSION_COOKIE_NAME: session.session_key,
    }
    context.add_cookies([{"name": name, "value": value, "url": address} for name, value in cookies.items()])


def open_camera(page: Page) -> None:
    page.get_by_role("button", name="Open the camera").click()


def shown(page: Page, verdict: str):
    return page.locator(f"#verdict [data-verdict={verdict}]")


def says(page: Page, words: str) -> None:
    expect(page.locator("[data-says]")).to_contain_text(words)


@pytest.mark.parametrize("comes", [True, False])
def test_the_first_list_moves_nothing_under_a_finger_and_none_at_all_is_told(
    comes, browser: Browser, live_server
):
    context = browser.new_context(**PHONE)
    stand(context, live_server.url)
    page, asked = context.new_page(), []
    page.route("**/lane/offline/list/*", lambda route: asked.append(route))
    with page.expect_request("**/lane/offline/list/*"):
        page.goto(live_server.url + reverse("lane:home"))
    button, heard = (
        page.get_by_role("button", name="Open the camera"),
        page.locator("#offline-strip [data-list]"),
    )
    expect(page.locator("#offline-strip [data-line]")).to_have_text("Online")
    expect(heard).to_have_text("")
    before = button.bounding_box()
    if comes:
        asked.pop().continue_()
        expect(heard).to_contain_text("min old")
        assert button.bounding_box() == before
    else:
        asked.pop().fulfill(status=503)
        expect(heard).to_contain_text("No list yet")
    context.close()


def test_one_car_after_another_passes_without_a_touch(at_lane, trips, tmp_path):
    nothing = scene(size=HD)
    seen = film(
        tmp_path / "cars.y4m",
        (scene(code(text_of(trips[0]), 440)), 2),
        (nothing, 1),
        (scene(tilted(code(text_of(trips[1]), 420))), 2),
        (nothing, 3),
    )
    page = at_lane(seen)
    open_camera(page)

    for trip in trips:
        expect(page.locator("#verdict .vin b")).to_have_text(trip.vehicle.vin[-6:])
        expect(shown(page, "release")).to_be_in_viewport()
    first = Scan.objects.order_by("pk")[:2]
    assert [scan.trip for scan in first] == trips
    assert [scan.verdict for scan in first] == ["release", "release"]
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")

    page.reload()
    expect(page.locator("#viewfinder")).to_have_attribute("data-open", "")


def test_a_code_that_stays_in_the_picture_is_one_scan_and_typing_goes_on(at_lane, trips, tmp_path):
    Policy.objects.update(examined_share=1.0)
    page = at_lane(film(tmp_path / "still.y4m", (scene(code(text_of(trips[0]), 400), size=VGA), 2)))
    page.keyboard.type("HALF A")
    open_camera(page)
    expect(shown(page, "examine")).to_be_visible()
    says(page, "This code is checked.")
    expect(page.locator("#code")).to_have_value("HALF A")

    page.keyboard.press("Escape")
    page.keyboard.type(codes.show_short_code(trips[1].passes.get().short_code))
    page.keyboard.press("Enter")
    expect(page.locator("#verdict .vin b")).to_have_text(trips[1].vehicle.vin[-6:])
    says(page, "This code is checked.")
    assert [scans_of(trip) for trip in trips] == [1, 1]


def test_an_examination_that_is_being_written_is_not_swept_away(at_lane, trips, tmp_path):
    Policy.objects.update(examined_share=1.0)
    page = at_lane(film(tmp_path / "next.y4m", (scene(code(text_of(trips[1]), 400), size=VGA), 1)))
    page.keyboard.type(text_of(trips[0]))
    page.keyboard.press("Enter")
    page.locator("#note").fill("Scratch on the left door.")
    open_camera(page)

    says(page, "Finish the examination first")
    expect(page.locator("#note")).to_have_value("Scratch on the left door.")
    assert scans_of(trips[1]) == 0
    for item in ("vin_windscreen", "driver"):
        page.locator(f"[name=item_{item}][value=right]").check()
    page.get_by_role("button", name="Release after examination").click()
    expect(page.locator("#verdict .vin b")).to_have_text(trips[1].vehicle.vin[-6:])


def test_of_two_codes_in_the_picture_none_is_sent(at_lane, trips, tmp_path):
    both = scene(*(code(text_of(trip), 560) for trip in trips))
    page = at_lane(film(tmp_path / "two.y4m", (both, 1)))
    open_camera(page)

    says(page, "Two codes are in the picture")
    assert not Scan.objects.exists()
    page.keyboard.type(codes.show_short_code(trips[0].passes.get().short_code))
    page.keyboard.press("Enter")
    expect(shown(page, "release")).to_be_visible()
    assert [scans_of(trip) for trip in trips] == [1, 0]


def test_another_kind_of_code_is_told_and_recorded_only_where_the_officer_wants_it(at_lane, trips, tmp_path):
    page = at_lane(film(tmp_path / "menu.y4m", (scene(code("https://example.com/menu?table=7", 300)), 1)))
    open_camera(page)

    says(page, "none of ours")
    assert not Scan.objects.exists()
    expect(shown(page, "wait")).to_be_visible()
    page.get_by_role("button", name="Record it as a scan").click()
    expect(shown(page, "refuse")).to_be_visible()
    assert Scan.objects.get().pass_used is None


def test_a_torn_or_blurred_code_disturbs_nothing_and_the_short_code_helps(at_lane, trips, tmp_path):
    drawn = code(text_of(trips[0]), 400)
    page = at_lane(film(tmp_path / "bad.y4m", (scene(torn(drawn)), 1), (scene(blurred(drawn)), 1)))
    open_camera(page)

    says(page, "type the short code")
    expect(shown(page, "wait")).to_be_visible()
    assert not Scan.objects.exists()
    page.keyboard.type(codes.show_short_code(trips[0].passes.get().short_code))
    page.keyboard.press("Enter")
    expect(shown(page, "release")).to_be_visible()
    trips[0].refresh_from_db()
    assert trips[0].state == TripState.EXITED


def test_a_camera_that_may_not_be_used_is_explained_and_typing_goes_on(at_lane, trips):
    page = at_lane(None, FAKE, "--deny-permission-prompts")
    open_camera(page)

    says(page, "Allow it for this page")
    still_works(page, trips[0])


def test_another_of_several_cameras_and_the_light_are_chosen_and_remembered(at_lane):
    page = at_lane(None, f"{FAKE}=device-count=2", ALLOWED)
    page.add_init_script(
        "MediaStreamTrack.prototype.getCapabilities = () => ({ torch: true });"
        "MediaStreamTrack.prototype.applyConstraints = async (wanted) => { window.lit = wanted };"
    )
    page.reload()
    open_camera(page)
    which = page.get_by_label("Which camera")
    expect(which.locator("option")).to_have_count(2)
    which.select_option(index=1)
    chosen = which.input_value()
    light = page.get_by_role("button", name="Light")
    expect(light).to_be_visible()
    light.focus()
    page.keyboard.press("Space")
    expect(light).to_have_attribute("aria-pressed", "true")
    assert page.evaluate("window.lit") == {"advanced": [{"torch": True}]}

    page.reload()
    expect(which).to_have_value(chosen)
    untouched = page.context.new_page()
    # To look at a page as a test does counts as touching it.
    untouched.add_init_script(
        "Object.defineProperty(navigator, 'userActivation', { value: { hasBeenActive: false } });"
    )
    untouched.goto(page.url)
    says(untouched, "Touch the page once")
    untouched.close()
    page.get_by_role("button", name="Close the camera").click()
    page.reload()
    expect(page.get_by_role("button", name="Open the camera")).to_be_visible()


def test_a_decoder_that_cannot_be_loaded_is_told_and_typing_goes_on(at_lane, trips):
    # Told once or twice: the page also keeps its files for when there is no line.
    page = at_lane(None, expected=["404 (Not Found)"])
    page.route("**/decoder-*.js", lambda route: route.fulfill(status=404, content_type="text/plain"))
    open_camera(page)

    says(page, "Load this page again")
    still_works(page, trips[0])


BROKEN = "navigator.mediaDevices.getUserMedia = async () => {{ throw new DOMException('no', '{}') }}"
TROUBLES = {
    BROKEN.format("NotFoundError"): "There is no camera here",
    BROKEN.format("NotReadableError"): "Another program uses the camera",
    "Object.defineProperty(window, 'isSecureContext', { value: false })": "secure pages only",
}


@pytest.mark.parametrize(("wrong", "words"), TROUBLES.items(), ids=["none", "taken", "insecure"])
def test_each_trouble_with_the_camera_has_its_own_sentence(
    page: Page, context, live_server, trips, wrong, words
):
    stand(context, live_server.url)
    page.add_init_script(wrong)
    page.goto(live_server.url + reverse("lane:home"))
    open_camera(page)

    says(page, words)
    still_works(page, trips[0])


def still_works(page: Page, trip: Trip) -> None:
    expect(page.locator("#code")).to_be_focused()
    page.keyboard.type(text_of(trip))
    page.keyboard.press("Enter")
    expect(shown(page, "release")).to_be_visible()
