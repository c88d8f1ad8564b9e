"""An officer at his lane, with a keyboard or a handheld reader and nothing else."""

from __future__ import annotations

import pytest
from django.utils import translation
from playwright.sync_api import Page, Route, expect

from clearance.models import Crossing, Duty, Examination, Policy, Scan
from ferry import codes
from ferry.actions.passes import revoke_pass
from ferry.models import Trip, TripState
from ferry.reasons import sentence
from tests.builders import BY, an_officer

SCAN = "**/lane/scan/"


@pytest.fixture
def _without_a_list(page: Page, complaints) -> None:
    """Keep the offline list away: what the page does with one is told in test_offline.py."""
    complaints.expect("net::ERR")
    page.route("**/lane/offline/**", lambda route: route.abort())


@pytest.fixture
def code(trip: Trip) -> str:
    return trip.passes.get().code


@pytest.fixture
def lane(page: Page, sign_in) -> Page:
    """Stand in lane 3 at Horgos."""
    sign_in(page, an_officer())
    page.locator("[name=lane]").fill("3")
    page.keyboard.press("Enter")
    expect(page.locator("#code")).to_be_focused()
    return page


def read(page: Page, code: str) -> None:
    """Type as a handheld reader does: into whatever has the focus."""
    page.keyboard.type(code)
    page.keyboard.press("Enter")


def shown(page: Page, verdict: str):
    return page.locator(f"#verdict [data-verdict={verdict}]")


def release_examined(page: Page) -> None:
    for item in ("vin_windscreen", "driver"):
        page.locator(f"[name=item_{item}][value=right]").check()
    page.get_by_role("button", name="Release after examination").click()


def is_ready_for_the_next(page: Page) -> None:
    expect(page.locator("#code")).to_be_focused()
    expect(page.locator("#code")).to_have_value("")


def sent_ids(requests: list[str]) -> list[str]:
    return [body.split('name="scan_id"')[1].split("--")[0].strip() for body in requests]


def test_one_car_after_another_by_keyboard_alone(lane, code, trip):
    is_ready_for_the_next(lane)
    read(lane, code)

    expect(shown(lane, "release")).to_be_in_viewport()
    expect(lane.locator(".verdict-word")).to_have_text("Release")
    expect(lane.locator(".facts .vin b")).to_have_text(trip.vehicle.vin[-6:])
    is_ready_for_the_next(lane)

    read(lane, codes.show_short_code(trip.passes.get().short_code))

    expect(shown(lane, "refuse")).to_be_in_viewport()
    expect(lane.locator(".recent li")).to_have_count(2)
    expect(lane.locator(".counts b").nth(0)).to_have_text("1")
    is_ready_for_the_next(lane)


def test_a_reader_on_a_russian_keyboard_is_understood(lane, code):
    body = code.rsplit("/", 1)[1]
    keys = dict(zip("QWERTYUIOPASDFGHJKLZXCVBNM", "ЙЦУКЕНГШЩЗФЫВАПРОЛДЯЧСМИТЬ", strict=True))
    read(lane, "".join(keys.get(char, char) for char in body))

    expect(shown(lane, "release")).to_be_visible()


def test_typing_goes_to_the_code_wherever_the_officer_last_touched(lane, code):
    read(lane, "nothing")
    expect(shown(lane, "refuse")).to_be_visible()
    lane.locator(".bar-nav a").first.focus()
    read(lane, code)

    expect(shown(lane, "release")).to_be_visible()


def test_enter_pressed_twice_is_one_scan(lane, code):
    lane.keyboard.type(code)
    lane.keyboard.press("Enter")
    lane.keyboard.press("Enter")

    expect(shown(lane, "release")).to_be_visible()
    assert Scan.objects.count() == 1


def test_each_verdict_shakes_in_its_own_way(lane, code):
    lane.evaluate("() => { window.shaken = []; navigator.vibrate = (shake) => window.shaken.push(shake) }")
    read(lane, code)
    expect(shown(lane, "release")).to_be_visible()
    read(lane, code)
    expect(shown(lane, "refuse")).to_be_visible()

    assert lane.evaluate("window.shaken") == [[80], [400, 100, 400]]


@pytest.mark.parametrize("language", ["zh-hans", "ru"])
def test_a_refusal_says_the_next_step_in_the_officers_language(lane, speak, trip, now, code, language):
    revoke_pass(trip=trip, reason="sold", at=now, by=BY)
    speak(language)
    lane.reload()
    read(lane, code)

    expect(shown(lane, "refuse")).to_be_visible()
    reason = Scan.objects.get().reasons[0]
    with translation.override(language):
        expect(lane.locator(".reasons strong")).to_have_text(str(sentence(reason["code"], reason["params"])))
    expect(lane.locator("html")).to_have_attribute("lang", language)


def test_a_mistyped_short_code_stands_there_to_be_compared(lane, code, trip):
    short = codes.show_short_code(trip.passes.get().short_code)
    wrong = short[:-1] + ("A" if short[-1] != "A" else "B")
    read(lane, wrong)
    expect(shown(lane, "refuse").locator(".typed")).to_have_text(wrong)
    is_ready_for_the_next(lane)
    read(lane, code[:-1])
    expect(shown(lane, "refuse")).to_be_visible()
    expect(lane.locator(".typed")).to_have_count(0)


def test_an_examination_is_decided_right_there(lane, code, trip, complaints):
    complaints.expect("status of 400")
    Policy.objects.update(examined_share=1.0)
    read(lane, code)
    expect(shown(lane, "examine")).to_be_visible()
    is_ready_for_the_next(lane)

    lane.get_by_role("button", name="Detain").click()
    expect(lane.locator(".outcome .note")).to_be_visible()
    expect(lane.locator("#note")).to_be_focused()

    lane.keyboard.type("Keys and engine agree.")
    release_examined(lane)
    expect(shown(lane, "release")).to_be_visible()
    is_ready_for_the_next(lane)
    assert Examination.objects.get().note == "Keys and engine agree."
    trip.refresh_from_db()
    assert trip.state == TripState.EXITED


@pytest.mark.usefixtures("_without_a_list")
def test_a_code_that_got_no_answer_is_kept_and_sent_again_as_the_same_scan(lane, code, complaints):
    complaints.expect("net::ERR")
    bodies: list[str] = []
    lane.on(
        "request", lambda request: bodies.append(request.post_data or "") if "/scan/" in request.url else None
    )
    lane.route(SCAN, lambda route: route.abort())
    read(lane, code)

    expect(shown(lane, "fault")).to_be_visible()
    expect(lane.locator("#code")).to_have_value(code)
    assert not Scan.objects.exists()

    lane.unroute(SCAN)
    lane.get_by_role("button", name="Send again").click()
    expect(shown(lane, "release")).to_be_visible()
    is_ready_for_the_next(lane)
    first, second = sent_ids(bodies)
    assert first == second == str(Scan.objects.get().scan_id)


@pytest.mark.usefixtures("_without_a_list")
def test_a_lost_answer_is_asked_for_again_and_the_car_is_still_released(lane, code, complaints):
    complaints.expect("net::ERR")

    def lose_the_answer(route: Route) -> None:
        route.fetch()
        route.abort()

    lane.route(SCAN, lose_the_answer)
    read(lane, code)
    expect(shown(lane, "fault")).to_be_visible()

    lane.unroute(SCAN)
    read(lane, code)
    expect(shown(lane, "release")).to_be_visible()
    assert Scan.objects.count() == 1


def test_a_scan_that_was_signed_out_comes_to_the_sign_in(lane, code, complaints):
    complaints.expect("status of 403")
    lane.context.clear_cookies()
    read(lane, code)

    expect(lane.locator("[name=password]")).to_be_visible()
    assert not Scan.objects.exists()


@pytest.mark.browser_context_args(java_script_enabled=False)
def test_it_works_without_a_script(lane, code, trip):
    Policy.objects.update(examined_share=1.0)
    read(lane, code)
    expect(shown(lane, "examine")).to_be_visible()
    expect(lane.locator("#code")).to_be_focused()

    release_examined(lane)
    expect(shown(lane, "release")).to_be_visible()
    lane.reload()
    assert Scan.objects.get().crossing == Crossing.EXIT


@pytest.mark.drawn
@pytest.mark.parametrize("width", [390, 1280])
def test_nothing_sticks_out_at_the_side(lane, code, width):
    lane.set_viewport_size({"width": width, "height": 800})
    read(lane, code)
    expect(shown(lane, "release")).to_be_visible()

    wide = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
    assert lane.evaluate(wide) == 0
    lane.get_by_role("link", name="Scan log").click()
    expect(lane.locator(".list")).to_be_visible()
    assert lane.evaluate(wide) == 0


def test_the_menus_stay_beside_a_long_name(lane, speak):
    speak("kk")
    lane.set_viewport_size({"width": 360, "height": 740})
    lane.reload()
    place = lane.locator(".bar-place").bounding_box()
    menus = [menu.bounding_box() for menu in lane.locator("header .fm-menu").all()]
    assert len(menus) == 2
    assert all(place["y"] <= menu["y"] < place["y"] + place["height"] for menu in menus)


def test_a_supervisor_finds_his_desk_and_revokes_a_code(page, sign_in, trip):
    sign_in(page, an_officer(duty=Duty.SUPERVISOR))
    expect(page.get_by_role("heading", name="Lanes now")).to_be_visible()
    menu = page.get_by_role("navigation", name="Main")
    menu.get_by_text("More", exact=True).click()
    menu.get_by_role("link", name="Revoke a code").click()
    expect(page.locator("[name=code]")).to_be_focused()
    page.keyboard.type(codes.show_short_code(trip.passes.get().short_code))
    page.keyboard.press("Enter")
    page.get_by_label("Reason").fill("The car was sold.")
    page.get_by_role("button", name="Revoke the code").click()

    expect(page.locator("#messages")).to_contain_text("dead")
    trip.refresh_from_db()
    assert trip.state == TripState.PLANNED
