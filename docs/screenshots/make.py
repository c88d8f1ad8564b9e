"""Take the pictures of docs/portal.md: `make screenshots`. It needs Chromium and the built front end.

The demonstration world is made at a fixed moment, in a folder of its own, and served by this process.
"""

from __future__ import annotations

import io
import os
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parents[1]))
MOMENT = datetime(2026, 11, 24, 2, 30, tzinfo=UTC)
WIDE, NARROW = (1280, 800), (390, 844)
COLOURS = 128


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        own = {"DEBUG": "on", "DATA_DIR": folder, "DATABASE_URL": "", "REDIS_URL": "", "LOG_LEVEL": "ERROR"}
        os.environ.update(own, DJANGO_SETTINGS_MODULE="ferry.settings", DJANGO_ALLOW_ASYNC_UNSAFE="on")
        import django

        django.setup()
        take_all()


def take_all() -> None:
    import time_machine
    from django.core.management import call_command
    from playwright.sync_api import sync_playwright

    from clearance.demo.make import make_demonstration

    with time_machine.travel(MOMENT), sync_playwright() as playwright:
        call_command("migrate", verbosity=0)
        opens: Any = make_demonstration(at=MOMENT)
        path = os.environ.get("CHROMIUM", "/usr/bin/chromium")
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox", "--disable-gpu"])
        with served() as url:
            for name, email, address, language, size, scheme in pictures(opens):
                page = open_page(browser, url, email, language, size, scheme)
                # The browser's clock is the world's, or the lane would warn of it.
                page.clock.set_fixed_time(MOMENT)
                page.goto(url + address, wait_until="networkidle")
                keep(name, page.screenshot())
                page.context.close()
        browser.close()
        keep("sheet", sheet(opens))


def pictures(opens: Any) -> Iterator[tuple[str, str, str, str, tuple[int, int], str]]:
    """Name each picture: who looks, at what, in which language, how wide, light or dark."""
    from django.urls import reverse

    from clearance.models import Scan, Verdict
    from ferry.models import Case, CaseState, Company, TripState

    company = Company.objects.get(uscc=opens["company"]["uscc"])
    trip = company.trips.filter(state=TripState.READY).order_by("pk")[0]
    case = Case.objects.filter(company=company, state=CaseState.OPEN).order_by("pk")[0]
    scan = Scan.objects.filter(verdict=Verdict.RELEASE).order_by("-pk")[0]
    member, officer = opens["company"]["email"], opens["supervisor"]["email"]
    today, trips, roster = (reverse(f"portal:{name}") for name in ("today", "trips", "roster"))
    one = reverse("portal:trip", args=[trip.reference])
    yield "today", member, today, "en", WIDE, "light"
    yield "today-dark-zh", member, today, "zh-hans", WIDE, "dark"
    yield "today-phone", member, today, "en", NARROW, "light"
    yield "roster", member, roster, "en", WIDE, "light"
    yield "trips-ru", member, trips, "ru", WIDE, "light"
    yield "trips-phone", member, trips, "zh-hans", NARROW, "dark"
    yield "trip", member, one, "en", WIDE, "light"
    yield "case", member, reverse("portal:case", args=[case.pk]), "en", WIDE, "light"
    yield "driver", "", reverse("phone:driver", args=[trip.driver.link_token]), "zh-hans", NARROW, "light"
    yield "verdict", officer, reverse("lane:verdict", args=[scan.scan_id]), "zh-hans", NARROW, "light"
    yield "live", officer, reverse("desk:live"), "en", WIDE, "light"
    yield "desk", officer, reverse("desk:cases"), "ru", WIDE, "light"


@contextmanager
def served() -> Iterator[str]:
    from django.core.servers.basehttp import ThreadedWSGIServer, WSGIRequestHandler
    from django.core.wsgi import get_wsgi_application

    class Quiet(WSGIRequestHandler):
        def log_message(self, *args: Any) -> None:
            """Say nothing."""

    server = ThreadedWSGIServer(("127.0.0.1", 0), Quiet)
    server.set_app(get_wsgi_application())
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()


def signed_in(email: str) -> Any:
    from django.test import Client

    from ferry.models import User

    client = Client(SERVER_NAME="localhost")
    client.force_login(User.objects.get(email=email))
    return client


def open_page(browser: Any, url: str, email: str, language: str, size: tuple[int, int], scheme: str) -> Any:
    from django.conf import settings

    viewport = {"width": size[0], "height": size[1]}
    context = browser.new_context(viewport=viewport, color_scheme=scheme, reduced_motion="reduce")
    cookies = {settings.LANGUAGE_COOKIE_NAME: language}
    if email:
        cookies[settings.SESSION_COOKIE_NAME] = signed_in(email).session.session_key
    context.add_cookies([{"name": name, "value": value, "url": url} for name, value in cookies.items()])
    return context.new_page()


def sheet(opens: Any) -> bytes:
    """Draw the first page of a windscreen sheet."""
    import pypdfium2
    from django.urls import reverse

    from ferry.models import Company, TripState

    company = Company.objects.get(uscc=opens["company"]["uscc"])
    trip = company.trips.filter(state=TripState.READY).order_by("pk")[0]
    answer = signed_in(opens["company"]["email"]).get(reverse("portal:sheet", args=[trip.reference]))
    page = pypdfium2.PdfDocument(b"".join(answer) if answer.streaming else answer.content)[0]
    drawn = io.BytesIO()
    page.render(scale=1).to_pil().save(drawn, "PNG")
    return drawn.getvalue()


def keep(name: str, picture: bytes) -> None:
    """Write a picture small: few colours serve pages of few colours."""
    from PIL import Image

    image = Image.open(io.BytesIO(picture)).convert("RGB").quantize(COLOURS, dither=Image.Dither.NONE)
    image.save(HERE / f"{name}.png", optimize=True)
    sys.stdout.write(f"{name}\n")


if __name__ == "__main__":
    main()
