"""A verdict belongs to one car and one officer: it ends by itself, and nobody else's scan disturbs it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.conf import settings
from django.urls import reverse
from playwright.sync_api import Browser, BrowserContext, Page, expect

from clearance.models import Policy, Scan
from tests.browser.conftest import Complaints
from tests.browser.test_camera import shown, stand
from tests.builders import a_document


@pytest.fixture
def lane(page: Page, context: BrowserContext, live_server) -> Page:
    stand(context, live_server.url)
    page.goto(live_server.url + reverse("lane:home"))
    return page


@pytest.fixture
def other(browser: Browser, live_server) -> Iterator[Page]:
    """Let a second officer stand in the same lane, with a device of his own."""
    context = browser.new_context()
    complaints = Complaints(context)
    stand(context, live_server.url)
    page = context.new_page()
    page.goto(live_server.url + reverse("lane:home"))
    yield page
    context.close()
    assert complaints.unexpected == []


def read(page: Page, code: str) -> None:
    page.keyboard.type(code)
    page.keyboard.press("Enter")


def test_a_verdict_ends_after_a_minute_so_that_nobody_takes_it_for_the_next_cars(page, lane, trip):
    page.clock.install()
    page.reload()
    read(page, trip.passes.get().code)
    expect(shown(page, "release")).to_be_visible()
    page.clock.fast_forward(50_000)
    expect(shown(page, "release")).to_be_visible()
    page.clock.fast_forward(11_000)
    expect(shown(page, "wait")).to_be_visible()
    expect(page.locator("#code")).to_be_focused()


def test_an_examination_waits_for_its_officer_however_long_it_takes(page, lane, trip):
    Policy.objects.update(examined_share=1.0)
    page.clock.install()
    page.reload()
    read(page, trip.passes.get().code)
    expect(shown(page, "examine")).to_be_visible()
    page.clock.fast_forward(600_000)
    expect(page.locator("form.outcome")).to_be_visible()


def test_two_officers_with_one_code_get_one_release_and_keep_what_they_type(lane, other, trip):
    other.keyboard.type("HALF A CO")
    read(lane, trip.passes.get().code)
    expect(shown(lane, "release")).to_be_visible()
    expect(other.locator("#code")).to_have_value("HALF A CO")
    expect(other.locator("#code")).to_be_focused()
    expect(shown(other, "wait")).to_be_visible()

    other.keyboard.press("Escape")
    read(other, trip.passes.get().code)
    expect(shown(other, "refuse")).to_be_visible()
    expect(other.locator(".reasons")).to_contain_text("in lane 3")
    expect(other.locator(".reason-ago")).to_be_visible()
    expect(shown(lane, "release")).to_be_visible()
    assert Scan.objects.filter(passed_at__isnull=False).count() == 1


@pytest.mark.postgres
def test_two_officers_at_the_same_moment_get_one_release(lane, other, trip):
    for page in (lane, other):
        page.keyboard.type(trip.passes.get().code)
    for page in (lane, other):
        page.evaluate("() => void setTimeout(() => document.querySelector('#scan-form').requestSubmit())")
    for page in (lane, other):
        expect(page.locator("#verdict .reasons, #verdict .facts").first).to_be_visible()
    assert sorted(Scan.objects.values_list("verdict", flat=True)) == ["refuse", "release"]


def test_the_next_verdicts_word_is_seen_wherever_the_officer_was_reading(page, lane, trip):
    page.set_viewport_size({"width": 390, "height": 500})
    read(page, trip.passes.get().code)
    page.locator("#verdict .papers").evaluate("papers => papers.scrollIntoView({ block: 'center' })")
    expect(page.locator("#verdict .verdict-word")).not_to_be_in_viewport()
    read(page, trip.passes.get().code)
    expect(shown(page, "refuse").locator(".verdict-word")).to_be_in_viewport()


@pytest.mark.drawn
@pytest.mark.parametrize("size", [(390, 844), (820, 1180), (1280, 800)], ids=["phone", "tablet", "desk"])
def test_word_and_last_six_are_seen_at_once_on_every_device(page, lane, trip, size):
    photos = [a_document(trip.driver), a_document(trip.vehicle)]
    page.set_viewport_size({"width": size[0], "height": size[1]})
    read(page, trip.passes.get().code)
    expect(page.locator("#verdict .verdict-word")).to_be_in_viewport(ratio=1)
    expect(page.locator("#verdict .vin b")).to_be_in_viewport(ratio=1)
    for picture in page.locator(".compare img").all():
        picture.scroll_into_view_if_needed()
        expect(picture).to_have_js_property("complete", True)
        assert picture.evaluate("image => image.naturalWidth") > 0
    expect(page.locator(".compare img")).to_have_count(len(photos))
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


@pytest.mark.drawn
@pytest.mark.parametrize("language", ["zh-hans", "ru", "kk"])
def test_no_verdicts_word_is_broken_in_two(page, lane, trip, language, live_server):
    cookie = {"name": settings.LANGUAGE_COOKIE_NAME, "value": language, "url": live_server.url}
    page.context.add_cookies([cookie])
    Policy.objects.update(examined_share=1.0)
    page.reload()
    read(page, trip.passes.get().code)
    word = shown(page, "examine").locator(".verdict-word")
    expect(word).to_be_visible()
    lines = """word => {
        const text = new Range();
        text.selectNodeContents(word);
        return new Set([...text.getClientRects()].map((box) => Math.round(box.top))).size;
    }"""
    for width in (390, 1024, 1280):
        page.set_viewport_size({"width": width, "height": 844})
        assert word.evaluate(lines) == 1, width
