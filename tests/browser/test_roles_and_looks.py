"""What a viewer is offered, which language a page speaks, and what it looks like in the dark."""

from __future__ import annotations

import pytest
from django.urls import reverse
from playwright.sync_api import Page, expect

from ferry.models import Company, Role, Trip, TripState
from tests.browser.conftest import Complaints
from tests.builders import a_company, a_member, an_issued_trip


@pytest.fixture
def company() -> Company:
    return a_company()


@pytest.fixture
def trip(company: Company) -> Trip:
    return an_issued_trip(company)


def test_a_viewer_reads_and_is_offered_nothing_to_do(
    page: Page, go, sign_in, company: Company, trip: Trip, complaints: Complaints
) -> None:
    sign_in(page, a_member(company, Role.VIEWER).user)
    go("portal:trip", trip.reference)
    expect(page.get_by_role("heading", name=trip.reference)).to_be_visible()
    for name in ("Change the driver", "Cancel the trip", "Send the code", "Revoke the code"):
        expect(page.get_by_text(name)).to_have_count(0)
    go("portal:trips")
    expect(page.get_by_role("link", name="Plan a trip")).to_have_count(0)
    expect(page.get_by_role("button", name="Cancel")).to_have_count(0)
    complaints.expect("status of 403")
    go("portal:trip_cancel", trip.reference)
    expect(page.get_by_role("heading", level=1)).to_contain_text("not")
    trip.refresh_from_db()
    assert trip.state == TripState.READY


def test_a_dispatcher_keeps_no_members(
    page: Page, go, sign_in, company: Company, complaints: Complaints
) -> None:
    sign_in(page, a_member(company, Role.DISPATCHER).user)
    go("portal:today")
    expect(page.get_by_role("link", name="Company", exact=True)).to_have_count(0)
    complaints.expect("status of 403")
    page.goto(page.url.replace(reverse("portal:today"), reverse("portal:members")))
    expect(page.get_by_role("heading", level=1)).to_contain_text("not")


@pytest.mark.parametrize(
    ("language", "chosen", "word"),
    [("zh-hans", "中文", "行程"), ("ru", "Русский", "Рейсы"), ("kk", "Қазақша", "Рейстер")],
)
def test_everything_speaks_the_language_that_was_chosen(
    page: Page, go, sign_in, company: Company, trip: Trip, language: str, chosen: str, word: str
) -> None:
    sign_in(page, a_member(company).user)
    go("portal:trips")
    page.locator("summary", has_text="English").click()
    page.get_by_role("button", name=chosen).click()
    expect(page.locator("html")).to_have_attribute("lang", language)
    expect(page.get_by_role("heading", level=1)).to_have_text(word)
    assert page.url.endswith(reverse("portal:trips"))


@pytest.mark.drawn
def test_in_the_dark_it_is_dark_and_the_code_stays_black_on_white(
    page: Page, go, sign_in, company: Company, trip: Trip
) -> None:
    page.emulate_media(color_scheme="dark")
    sign_in(page, a_member(company).user)
    go("portal:trip", trip.reference)
    background = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert max(channels(background)) < 80
    assert (
        channels(page.evaluate("getComputedStyle(document.querySelector('.fm-qr rect')).fill")) == [255] * 3
    )


@pytest.mark.drawn
@pytest.mark.parametrize("language", ["zh-hans", "en", "ru", "kk"])
def test_the_menu_takes_one_line(page: Page, go, sign_in, speak, company: Company, language: str) -> None:
    sign_in(page, a_member(company, Role.OWNER).user)
    speak(language)
    for width in (1280, 1024):
        page.set_viewport_size({"width": width, "height": 800})
        go("portal:licences")
        line = page.locator(".fm-nav .container-xl > ul")
        assert (
            page.locator(".fm-nav").bounding_box()["height"]
            < 2 * line.locator("a").first.bounding_box()["height"]
        ), width
        assert line.evaluate("line => line.scrollWidth - line.clientWidth") == 0, width


def test_what_has_no_room_in_the_menu_opens_and_closes_by_keys(
    page: Page, go, sign_in, speak, company: Company
) -> None:
    sign_in(page, a_member(company, Role.OWNER).user)
    speak("ru")
    go("portal:today")
    more = page.locator(".fm-nav-more")
    pay = more.locator("a", has_text="Оплата")
    more.locator("summary").focus()
    page.keyboard.press("Enter")
    expect(pay).to_be_visible()
    page.keyboard.press("Escape")
    expect(pay).to_be_hidden()
    expect(more.locator("summary")).to_be_focused()
    page.keyboard.press("Enter")
    pay.focus()
    page.keyboard.press("Enter")
    page.wait_for_url(lambda address: address.endswith(reverse("portal:pay")))


def channels(colour: str) -> list[int]:
    return [int(part) for part in colour.removeprefix("rgb(").removesuffix(")").split(",")[:3]]
