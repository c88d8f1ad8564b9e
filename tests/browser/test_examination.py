"""An officer examines a car; driver and company see what comes of it; a supervisor takes a release back."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urljoin

import pytest
from django.conf import settings as django_settings
from django.urls import reverse
from playwright.sync_api import Browser, Page, Route, expect

from clearance.models import Comparison, Duty, Examination, Photo, Policy, Scan
from ferry.models import Trip, TripState, Vehicle
from tests.browser.films import code, film, scene
from tests.browser.test_camera import at_lane  # noqa: F401  (a fixture)
from tests.builders import a_member, a_picture, an_officer

PHOTOS = "**/photos/"


@pytest.fixture(autouse=True)
def _kept_apart(settings, tmp_path: Path) -> None:
    settings.MEDIA_ROOT = tmp_path / "media"


@pytest.fixture
def trip(trip: Trip) -> Trip:
    Vehicle.objects.update(plate="新F·D1234临")
    return trip


def in_lane(page: Page, sign_in, duty: str = Duty.OFFICER) -> Page:
    sign_in(page, an_officer(duty=duty))
    page.goto(urljoin(page.url, reverse("lane:place")))
    page.locator("[name=lane]").fill("3")
    page.keyboard.press("Enter")
    expect(page.locator("#code")).to_be_focused()
    return page


def read(page: Page, trip: Trip) -> None:
    page.locator("#code").focus()
    page.keyboard.type(trip.passes.get().short_code)
    page.keyboard.press("Enter")


@pytest.fixture
def lane(page: Page, sign_in) -> Page:
    return in_lane(page, sign_in)


@pytest.fixture
def examined(lane: Page, trip: Trip) -> Page:
    """Stand before a car that is to be examined."""
    Policy.objects.update(examined_share=1.0)
    read(lane, trip)
    expect(shown(lane, "examine")).to_be_visible()
    return lane


@pytest.fixture
def driver(browser: Browser, trip: Trip, live_server) -> Iterator[Page]:
    """Look at the driver's own page on another phone."""
    context = browser.new_context()
    name = django_settings.LANGUAGE_COOKIE_NAME
    context.add_cookies([{"name": name, "value": "en", "url": live_server.url}])
    page = context.new_page()
    page.goto(f"{live_server.url}/d/{trip.driver.link_token}/")
    yield page
    context.close()


def shown(page: Page, verdict: str):
    return page.locator(f"#verdict [data-verdict={verdict}]").first


def answer(page: Page, *items: str) -> None:
    for item in items:
        page.locator(f"[name=item_{item}][value=right]").check()


def a_file(tmp_path: Path) -> str:
    file = tmp_path / f"photo{len(list(tmp_path.iterdir()))}.jpg"
    file.write_bytes(a_picture(size=(640, 480)))
    return str(file)


def release(page: Page) -> None:
    page.get_by_role("button", name="Release after examination").click()


def test_he_compares_photographs_and_releases(examined: Page, trip: Trip, complaints, tmp_path: Path) -> None:
    complaints.expect("status of 409")
    vin = trip.vehicle.vin
    field = examined.get_by_label("VIN as it stands on the vehicle")
    field.fill(vin[:-1] + "X")
    field.press("Enter")
    expect(examined.locator("#exam-compared mark")).to_have_text(["X", vin[-1]])
    expect(examined.locator("[name=item_vin_windscreen][value=wrong]")).to_be_checked()
    field.fill(vin)
    field.press("Enter")
    expect(examined.locator("#exam-compared li").first).to_contain_text("is the one on the pass")
    expect(examined.locator("[name=item_vin_windscreen][value=right]")).to_be_checked()

    release(examined)
    expect(examined.locator("#exam-wrong")).to_contain_text("Not looked at yet")
    plate = examined.get_by_label("Plate as it stands on the vehicle")
    plate.fill("新FD1234临")
    plate.press("Enter")
    expect(examined.locator("[name=item_plate][value=right]")).to_be_checked()
    answer(examined, "driver")
    examined.locator("[name=photos]").nth(1).set_input_files([a_file(tmp_path), a_file(tmp_path)])
    expect(examined.locator("#exam-photos img")).to_have_count(2)
    examined.get_by_label("What was found").fill("All fine")
    release(examined)

    expect(shown(examined, "release")).to_be_visible()
    expect(examined.locator(".examined")).to_contain_text("All fine")
    expect(examined.locator(".examined img")).to_have_count(2)
    assert [each.is_same for each in Comparison.objects.order_by("pk")] == [False, True, True]
    assert Trip.objects.get().state == TripState.EXITED


def test_a_photo_that_does_not_arrive_holds_the_outcome_until_it_is_sent_again(
    examined: Page, complaints, tmp_path: Path
) -> None:
    complaints.expect("ERR_FAILED")
    examined.route(PHOTOS, lambda route: route.abort())
    examined.locator("[name=photos]").nth(1).set_input_files(a_file(tmp_path))
    expect(examined.get_by_text("This photo was not sent.")).to_be_visible()
    examined.get_by_label("What was found").fill("Another engine")
    examined.get_by_role("button", name="Detain").click()
    expect(examined.get_by_text("Photos were not sent.")).to_be_visible()
    assert Examination.objects.get().outcome == ""

    examined.unroute(PHOTOS)
    examined.get_by_role("button", name="Send again").click()
    expect(shown(examined, "refuse")).to_be_visible()
    assert Photo.objects.count() == 1
    assert Examination.objects.get().outcome == "detained"


def test_the_outcome_waits_for_photos_on_a_slow_line(examined: Page, tmp_path: Path) -> None:
    held: list[Route] = []
    examined.route(PHOTOS, lambda route: held.append(route))
    examined.locator("[name=photos]").nth(1).set_input_files(a_file(tmp_path))
    examined.get_by_label("What was found").fill("Another engine")
    examined.get_by_role("button", name="Detain").click()
    expect(examined.get_by_text("The outcome follows when they have arrived.")).to_be_visible()
    held[0].continue_()
    expect(shown(examined, "refuse")).to_be_visible()
    assert Photo.objects.count() == 1


def test_the_camera_reads_the_label_of_the_vin(
    at_lane,  # noqa: F811
    trip: Trip,
    tmp_path: Path,
) -> None:
    Policy.objects.update(examined_share=1.0)
    label = film(tmp_path / "label.y4m", (scene(code(trip.vehicle.vin, 440)), 1))
    page = at_lane(label)
    read(page, trip)
    page.get_by_role("button", name="By camera").click()
    expect(page.locator("#exam-compared")).to_contain_text("is the one on the pass")
    expect(page.locator(".exam-camera")).to_be_hidden()
    expect(page.locator("[name=item_vin_windscreen][value=right]")).to_be_checked()
    assert Comparison.objects.get().by_camera


@pytest.mark.browser_context_args(java_script_enabled=False)
def test_it_works_without_a_script(examined: Page, trip: Trip, tmp_path: Path) -> None:
    examined.get_by_label("What was found").fill("All fine")
    examined.locator("#exam-vin").fill(trip.vehicle.vin)
    examined.get_by_role("button", name="Compare").first.click()
    expect(examined.locator("#exam-compared")).to_contain_text("is the one on the pass")
    answer(examined, "plate", "driver")
    examined.locator("[name=photos]").nth(1).set_input_files(a_file(tmp_path))
    release(examined)
    expect(shown(examined, "release")).to_be_visible()
    assert Photo.objects.count() == 1
    assert Examination.objects.get().note == "All fine"


def test_driver_and_company_see_at_once_what_holds_the_car(
    examined: Page, driver: Page, trip: Trip, live_server, sign_in, speak
) -> None:
    expect(driver.locator(".state")).to_contain_text("Examination")
    examined.get_by_label("What was found").fill("Another engine")
    examined.get_by_role("button", name="Detain").click()
    expect(shown(examined, "refuse")).to_be_visible()
    expect(driver.locator(".state")).to_contain_text("The car is detained")
    assert "Another engine" not in driver.content()

    examined.context.clear_cookies()
    speak("en")
    sign_in(examined, a_member(trip.company).user)
    examined.goto(f"{live_server.url}/trips/{trip.reference}/")
    expect(examined.locator(".fm-kept-back")).to_contain_text("Detained after examination")
    assert "Another engine" not in examined.content()


def test_a_supervisor_takes_a_release_back_and_the_driver_stops(
    page: Page, driver: Page, trip: Trip, sign_in
) -> None:
    in_lane(page, sign_in, Duty.SUPERVISOR)
    read(page, trip)
    expect(shown(page, "release")).to_be_visible()
    expect(driver.locator(".state")).to_contain_text("You have left China")

    page.get_by_role("link", name="Withdraw this release").click()
    page.get_by_label("Reason").fill("Wrong car")
    page.get_by_role("button", name="Withdraw the release").click()
    expect(shown(page, "examine")).to_be_visible()
    expect(driver.locator(".state")).to_contain_text("Stay where you are")
    assert "Wrong car" not in driver.content()

    read(page, trip)
    expect(page.locator("#code")).to_have_value("")
    answer(page, "vin_windscreen", "vin_pillar", "plate", "driver", "persons", "load")
    release(page)
    expect(shown(page, "release")).to_be_visible()
    expect(driver.locator(".state")).to_contain_text("Released after examination")
    assert list(Scan.objects.order_by("pk").values_list("verdict", flat=True)) == ["release", "examine"]


@pytest.mark.drawn
@pytest.mark.parametrize("width", [390, 1280])
def test_nothing_sticks_out_at_the_side(examined: Page, width: int) -> None:
    examined.set_viewport_size({"width": width, "height": 844})
    wide = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
    assert examined.evaluate(wide) == 0
