"""How soon a driver can use his page, first visit: on a slow phone with a slow line, beside a plain one."""

from __future__ import annotations

import re
from pathlib import Path
from shutil import which
from statistics import median
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from tests.journeys.processes import free_port, manage, production, serve

if TYPE_CHECKING:
    from playwright.sync_api import Browser

TIMES = 7
GOAL_MS = 3_000
SCREEN = {"width": 360, "height": 740}
#: Slow 3G: 400 kbit a second, 400 ms for an answer to begin; and a processor at a quarter of its speed.
SLOW_LINE = {"offline": False, "latency": 400, "downloadThroughput": 50_000, "uploadThroughput": 50_000}
SLOW_PHONE = {"rate": 4}
#: The later of: something is drawn, and everything that the page names, scripts too, is there and has run.
USABLE = """Math.max(performance.getEntriesByName('first-contentful-paint')[0].startTime,
  performance.getEntriesByType('navigation')[0].loadEventEnd)"""


def measure() -> None:
    from playwright.sync_api import sync_playwright

    with TemporaryDirectory() as folder, sync_playwright() as playwright:
        port = free_port()
        url = f"http://localhost:{port}"
        environment = production(Path(folder), SITE_URL=url, PROXIES="0")
        for command in (
            ("migrate", "-v0"),
            ("collectstatic", "--noinput", "-v0"),
            ("demo", "--json", "--force"),
        ):
            manage(environment, *command)
        [link] = re.findall(rf"{url}/d/\S+", manage(environment, "demo", "--force"))
        server = serve(environment, port)
        browser = playwright.chromium.launch(executable_path=which("chromium"), args=["--no-sandbox"])
        try:
            plain, slow = (_took(browser, link, is_slow=is_slow) for is_slow in (False, True))
        finally:
            browser.close()
            server.terminate()
            server.wait()
    print(
        f"driver's page usable on slow 3G, ¼ processor{slow:>15,.0f} ms median of {TIMES}, "
        f"{slow / plain:.1f} times a plain line's; goal {GOAL_MS:,}"
    )


def _took(browser: Browser, link: str, *, is_slow: bool) -> float:
    """Give the median of first visits; the server is warm from one that is not counted."""
    return median([_visit(browser, link, is_slow=is_slow) for _number in range(TIMES + 1)][1:])


def _visit(browser: Browser, link: str, *, is_slow: bool) -> float:
    context = browser.new_context(viewport=SCREEN)
    page = context.new_page()
    cdp = context.new_cdp_session(page)
    if is_slow:
        cdp.send("Network.enable")
        cdp.send("Network.emulateNetworkConditions", SLOW_LINE)
        cdp.send("Emulation.setCPUThrottlingRate", SLOW_PHONE)
    page.goto(link, wait_until="load")
    page.locator(".qr svg").wait_for()
    usable = float(page.evaluate(USABLE))
    context.close()
    return usable
