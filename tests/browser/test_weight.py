"""How much a browser fetches for each page of the portal, from a server as in production."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, CDPSession, Page

from tests.access.table import Row, rows
from tests.browser.conftest import Served

pytestmark = pytest.mark.drawn

FIRST_BYTES, NEXT_BYTES = 300_000, 50_000
PORTAL = [
    row for row in rows() if "get" in row.may("owner") and not row.address.startswith(("/api/", "/accounts"))
]


class Scales:
    """Add up what came over the wire, headers included, compressed as it came."""

    def __init__(self, cdp: CDPSession) -> None:
        self.bytes = 0
        cdp.send("Network.enable")
        cdp.on("Network.loadingFinished", self._add)
        self.cdp = cdp

    def _add(self, event: dict[str, float]) -> None:
        self.bytes += int(event["encodedDataLength"])

    def weigh(self, page: Page, address: str) -> int:
        self.bytes = 0
        page.goto(address, wait_until="networkidle")
        return self.bytes


def test_no_page_of_the_portal_is_heavy(browser: Browser, served: Served) -> None:
    context = browser.new_context(base_url=served.url)
    page = context.new_page()
    sign_in(page, served.company)
    scales = Scales(context.new_cdp_session(page))
    heavy: list[str] = []
    weighed: set[str] = set()
    waiting = {row.address: row.address for row in PORTAL if not row.is_about_one and not row.is_group}
    while waiting:
        pattern, address = waiting.popitem()
        weighed.add(pattern)
        if "text/html" not in page.request.get(address).headers.get("content-type", ""):
            continue
        scales.cdp.send("Network.clearBrowserCache")
        first, again = scales.weigh(page, address), scales.weigh(page, address)
        if first > FIRST_BYTES or again > NEXT_BYTES:
            heavy.append(f"{address}: {first:,} bytes at first, {again:,} on the next")
        waiting |= {row.address: path for row, path in linked(page) if row.address not in weighed}
    context.close()
    assert not heavy, "\n".join(heavy)
    assert len(weighed) >= 30


def sign_in(page: Page, opens: dict[str, str]) -> None:
    page.goto("/accounts/login/")
    page.locator("[name=login]").fill(opens["email"])
    page.locator("[name=password]").fill(opens["password"])
    page.locator("[name=password]").press("Enter")
    page.wait_for_url(lambda address: "login" not in address)


def linked(page: Page) -> Iterator[tuple[Row, str]]:
    """Find a page of each other kind that this one leads to."""
    paths = {link.get_attribute("href") or "" for link in page.locator("a[href^='/']").all()}
    for row in PORTAL:
        shape = re.compile(re.sub(r"<\w+>", "[^/]+", row.address) + r"(\?.*)?")
        found = next((path for path in sorted(paths) if shape.fullmatch(path)), None)
        if found and row.is_about_one and "/new/" not in found:
            yield row, found
