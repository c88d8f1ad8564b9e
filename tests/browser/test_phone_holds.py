"""What must hold of a driver's page: light, still, read by scanners, whole without scripts."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime
from io import BytesIO
from typing import Any

import pytest
import zxingcpp
from django.conf import settings as django_settings
from django.http import HttpResponse
from django.urls import reverse
from PIL import Image, ImageFilter
from playwright.sync_api import Browser, BrowserContext, Page, Request, expect

from ferry.actions.moves import move_trip
from ferry.actions.passes import receipt_pin
from ferry.actions.receipts import Check, confirm_receipt, refuse_delivery
from ferry.models import EventKind, Trip, TripState
from ferry.phone.tickets import give_ticket
from ferry.rules.condition import Looked, Mark
from tests.browser.conftest import Served, an_issued
from tests.browser.test_accessibility import found_in
from tests.builders import BY

FIRST_BYTES = 60_000
PHONE = {"width": 360, "height": 740}
SHIFTS = """
window.shifts = 0;
new PerformanceObserver((seen) => {
  for (const shift of seen.getEntries()) if (!shift.hadRecentInput) window.shifts += shift.value;
}).observe({ type: 'layout-shift', buffered: true });
"""
BLOCKING = """performance.getEntriesByType('resource')
  .filter((one) => one.renderBlockingStatus === 'blocking').map((one) => [one.name, one.initiatorType])"""
WORKER = """async () => (await navigator.serviceWorker.getRegistration()) &&
  await navigator.serviceWorker.ready && true"""


class Wire:
    """Add up what a browser says came over the wire, its worker's share too, as it came."""

    def __init__(self, context: BrowserContext) -> None:
        self.requests: list[Request] = []
        context.on("requestfinished", lambda request: self.requests.append(request))

    def weights(self) -> dict[str, int]:
        weights: dict[str, int] = {}
        for request in self.requests:
            sizes = request.sizes()
            came = sizes["responseBodySize"] + sizes["responseHeadersSize"]
            weights[request.url] = weights.get(request.url, 0) + came
        return weights


@pytest.mark.drawn
def test_the_first_load_of_the_drivers_page_is_light_and_still(browser: Browser, served: Served) -> None:
    context = browser.new_context(base_url=served.url, viewport=PHONE)
    wire = Wire(context)
    page = context.new_page()
    page.add_init_script(SHIFTS)
    page.goto(served.driver, wait_until="networkidle")
    page.evaluate(WORKER)
    page.wait_for_load_state("networkidle")
    weights = wire.weights()
    unfetched = page.locator("link[rel=icon], link[rel=manifest]").evaluate_all(
        "(links) => links.map((link) => link.href)"
    )
    for address in set(unfetched) - weights.keys():
        weights[address] = int(page.request.get(address).headers.get("content-length", 0))
    shifts, blocking = page.evaluate("window.shifts"), page.evaluate(BLOCKING)
    context.close()
    assert sum(weights.values()) < FIRST_BYTES, weights
    assert shifts < 0.1
    # One round trip after the page: everything that holds the drawing up is named in the page itself.
    assert {how for _name, how in blocking} <= {"link"}, blocking


@pytest.mark.drawn
def test_the_consignees_page_is_light_too(browser: Browser, served: Served) -> None:
    context = browser.new_context(base_url=served.url, viewport=PHONE)
    wire = Wire(context)
    context.new_page().goto(served.consignee, wait_until="networkidle")
    weights = wire.weights()
    context.close()
    assert sum(weights.values()) < FIRST_BYTES, weights


def decoded(picture: bytes, blur: int = 0) -> list[str]:
    seen = Image.open(BytesIO(picture)).convert("L")
    blurred = seen.filter(ImageFilter.GaussianBlur(blur)) if blur else seen
    return [one.text for one in zxingcpp.read_barcodes(blurred, formats=zxingcpp.BarcodeFormat.QRCode)]


@pytest.mark.drawn
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("scripts", [True, False], ids=["with-scripts", "without"])
def test_a_picture_of_the_page_is_read_as_the_code(
    browser: Browser, live_server, trip: Trip, scheme: Any, scripts: bool
) -> None:
    context = browser.new_context(
        base_url=live_server.url, viewport=PHONE, color_scheme=scheme, java_script_enabled=scripts
    )
    page = context.new_page()
    page.goto(reverse("phone:driver", args=[trip.driver.link_token]))
    page.locator(".qr svg").scroll_into_view_if_needed()
    picture = page.screenshot()
    page.locator(".pass-open").click()
    expect(page.locator(".pass:target .pass-close")).to_be_visible()
    full_screen = page.screenshot()
    page.locator(".pass-close").click()
    words, short_code = page.locator(".state").inner_text(), page.locator(".short-code").inner_text()
    context.close()
    code = trip.passes.get()
    for seen in (picture, full_screen):
        assert decoded(seen) == [code.code]
        assert decoded(seen, blur=1) == [code.code]
    assert words.strip()
    assert short_code.replace("-", "").strip() == code.short_code


@dataclass(frozen=True)
class Phone:
    """A phone on which a driver tells and a consignee answered, and its pages."""

    trip: Trip
    taken: Trip
    refused: Trip
    reopened: Trip

    @property
    def pages(self) -> list[str]:
        token = self.trip.driver.link_token
        code = {name: getattr(self, name).passes.get().short_code for name in ("trip", *ANSWERED)}
        return [
            reverse("phone:driver", args=[token]),
            *(reverse(f"phone:{name}", args=[token, self.trip.reference]) for name in TELLING),
            reverse("phone:pick_up", args=[token, "NOTHING"]),
            *(reverse("phone:code", args=[code[name]]) for name in code),
            *(reverse("phone:receipt", args=[code[name]]) for name in ANSWERED),
            reverse("phone:code", args=["NOTHING"]),
            reverse("phone:forgotten"),
        ]

    def tickets(self) -> dict[str, str]:
        """Give what opens the papers; that of `reopened` wants the PIN."""
        answer = HttpResponse()
        for trip in (self.taken, self.refused):
            give_ticket(answer, trip)
        return {name: morsel.value for name, morsel in answer.cookies.items()}


TELLING = ("pick_up", "hand_over", "back")
ANSWERED = ("taken", "refused", "reopened")
MARKS = (Mark(1, "left", 450, 580, "scratch"), Mark(2, "front", 300, 400, "dent"))
LOOKED = Looked(MARKS, odometer_km=31, level_percent=80, keys=2, note="a note")


@pytest.fixture
def phone(trip: Trip, now: datetime) -> Phone:
    for state, kind in ((TripState.EXITED, EventKind.EXITED), (TripState.ARRIVED, EventKind.ARRIVED)):
        move_trip(trip=trip, to=state, kind=kind, at=now, by=BY)
    phone = Phone(trip, an_issued(now), an_issued(now), an_issued(now))
    for taken in (phone.taken, phone.reopened):
        said = {"condition": "damaged", "receiver": "Aidar K.", "note": "a note"}
        confirm_receipt(**word_on(taken, now), **said)
    refuse_delivery(**word_on(phone.refused, now), reason="damaged", refused_by="Aidar K.", note="a note")
    return phone


def word_on(trip: Trip, at: datetime) -> dict[str, Any]:
    check = Check(uuid.uuid4(), LOOKED)
    return {"pass_": trip.passes.get(), "pin": receipt_pin(trip), "check": check, "at": at, "by": BY}


def speaking(context: BrowserContext, url: str, language: str, phone: Phone) -> Page:
    cookies = {django_settings.LANGUAGE_COOKIE_NAME: language, **phone.tickets()}
    context.add_cookies([{"name": name, "value": value, "url": url} for name, value in cookies.items()])
    return context.new_page()


def opened(page: Page, address: str) -> None:
    """Open a page and all that is folded in it, with a mark on the outline."""
    page.goto(address)
    page.evaluate(UNFOLD)
    for drawing in page.locator("[data-side=left] .outline-drawing").all():
        drawing.click()


UNFOLD = """() => {
  for (const part of document.querySelectorAll('details:not(.fm-menu)')) part.open = true;
  const choices = '[name=condition][value=damaged], [name=receives][value=other]';
  for (const choice of document.querySelectorAll(choices)) choice.click();
  document.querySelector('[data-forget-ask]')?.click();
}"""


@pytest.mark.drawn
@pytest.mark.parametrize(
    ("language", "scheme"), [("en", "light"), ("zh-hans", "light"), ("ug", "light"), ("zh-hans", "dark")]
)
def test_no_phone_page_keeps_anybody_out(
    browser: Browser, live_server, phone: Phone, language: str, scheme: Any
) -> None:
    context = browser.new_context(base_url=live_server.url, viewport=PHONE, color_scheme=scheme)
    page = speaking(context, live_server.url, language, phone)
    impacts = {"minor", "moderate", "serious", "critical"}
    found: list[str] = []
    for address in phone.pages:
        opened(page, address)
        found += found_in(page, address, impacts)
    context.close()
    assert not found, "\n".join(found)


#: What stands out of the window, or is cut off, or is too small for a thumb.
OUTSIDE = """() => [...document.querySelectorAll('main *, header *')].filter((one) => {
  const box = one.getBoundingClientRect();
  const clip = getComputedStyle(one);
  if (!box.width || one.closest('.unseen, svg, [hidden], .fm-menu-list')) return false;
  const isCut = one.type !== 'file' && clip.overflowX !== 'visible' && one.scrollWidth > one.clientWidth + 1;
  return box.left < -1 || box.right > innerWidth + 1 || isCut;
}).map((one) => one.outerHTML.slice(0, 120))"""
SMALL = """() => [...document.querySelectorAll(
  'a[href], button, summary, input, select, textarea'
)].filter((one) => {
  const box = (one.closest('label') ?? one).getBoundingClientRect();
  return one.type !== 'hidden' && box.width && (box.width < 44 || box.height < 44);
}).map((one) => one.outerHTML.slice(0, 120))"""


@pytest.mark.drawn
@pytest.mark.parametrize("language", ["en", "zh-hans", "ru", "kk", "ug"])
def test_everything_fits_at_twice_the_size_and_under_a_thumb(
    browser: Browser, live_server, phone: Phone, language: str
) -> None:
    context = browser.new_context(base_url=live_server.url, viewport=PHONE)
    page = speaking(context, live_server.url, language, phone)
    found: list[str] = []
    for address in phone.pages:
        opened(page, address)
        found += [f"{address} small: {one}" for one in page.evaluate(SMALL)]
        page.evaluate("document.documentElement.style.fontSize = '200%'")
        found += [f"{address} cut: {one}" for one in page.evaluate(OUTSIDE)]
    context.close()
    assert not found, "\n".join(found)
