"""What must hold of a driver's page: light, still, read by scanners, whole without scripts."""

from __future__ import annotations

from io import BytesIO
from typing import Any

import pytest
import zxingcpp
from django.conf import settings as django_settings
from django.urls import reverse
from PIL import Image, ImageFilter
from playwright.sync_api import Browser, BrowserContext, Page, Request

from ferry.models import Trip
from tests.browser.conftest import Served
from tests.browser.test_accessibility import faults

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


def decoded(picture: bytes, blur: int = 0) -> list[str]:
    seen = Image.open(BytesIO(picture)).convert("L")
    blurred = seen.filter(ImageFilter.GaussianBlur(blur)) if blur else seen
    return [one.text for one in zxingcpp.read_barcodes(blurred, formats=zxingcpp.BarcodeFormat.QRCode)]


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
    words, short_code = page.locator(".state").inner_text(), page.locator(".short-code").inner_text()
    context.close()
    code = trip.passes.get()
    assert decoded(picture) == [code.code]
    assert decoded(picture, blur=1) == [code.code]
    assert words.strip()
    assert short_code.replace("-", "").strip() == code.short_code


def phone_pages(trip: Trip) -> list[str]:
    token = trip.driver.link_token
    return [
        reverse("phone:driver", args=[token]),
        reverse("phone:code", args=[trip.passes.get().short_code]),
        reverse("phone:code", args=["NOTHING"]),
    ]


def speaking(context: BrowserContext, url: str, language: str) -> Page:
    name = django_settings.LANGUAGE_COOKIE_NAME
    context.add_cookies([{"name": name, "value": language, "url": url}])
    return context.new_page()


@pytest.mark.parametrize("language", ["en", "zh-hans", "ug"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_no_phone_page_keeps_anybody_out(
    browser: Browser, live_server, trip: Trip, language: str, scheme: Any
) -> None:
    context = browser.new_context(base_url=live_server.url, viewport=PHONE, color_scheme=scheme)
    page = speaking(context, live_server.url, language)
    impacts = {"minor", "moderate", "serious", "critical"}
    found = [fault for address in phone_pages(trip) for fault in faults(page, address, impacts)]
    context.close()
    assert not found, "\n".join(found)


#: What stands out of the window, or is cut off, or is too small for a thumb.
OUTSIDE = """() => [...document.querySelectorAll('main *, header *')].filter((one) => {
  const box = one.getBoundingClientRect();
  const clip = getComputedStyle(one);
  if (!box.width || one.closest('.unseen, svg, [hidden], .fm-menu-list')) return false;
  const isCut = clip.overflowX !== 'visible' && one.scrollWidth > one.clientWidth + 1;
  return box.left < -1 || box.right > innerWidth + 1 || isCut;
}).map((one) => one.outerHTML.slice(0, 120))"""
SMALL = """() => [...document.querySelectorAll('a[href], button, summary, input, textarea')].filter((one) => {
  const box = (one.closest('label') ?? one).getBoundingClientRect();
  return one.type !== 'hidden' && box.width && (box.width < 44 || box.height < 44);
}).map((one) => one.outerHTML.slice(0, 120))"""


@pytest.mark.parametrize("language", ["en", "zh-hans", "ru", "kk", "ug"])
def test_everything_fits_at_twice_the_size_and_under_a_thumb(
    browser: Browser, live_server, trip: Trip, language: str
) -> None:
    context = browser.new_context(base_url=live_server.url, viewport=PHONE)
    page = speaking(context, live_server.url, language)
    found: list[str] = []
    for address in phone_pages(trip):
        page.goto(address)
        found += [f"{address} small: {one}" for one in page.evaluate(SMALL)]
        page.evaluate("document.documentElement.style.fontSize = '200%'")
        found += [f"{address} cut: {one}" for one in page.evaluate(OUTSIDE)]
    context.close()
    assert not found, "\n".join(found)
