"""A driver tells past the bridge: from pages his phone has kept, across a restart, by the real worker."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from django.conf import settings
from django.urls import reverse
from django.utils import timezone
from playwright.sync_api import BrowserContext, BrowserType, Page, expect

from ferry.actions.moves import move_trip
from ferry.models import ConditionCheck, EventKind, Telling, Trip, TripState
from tests.builders import BY, a_picture

TELLINGS = re.compile(r"/tellings/$")
HIS_PAGE = re.compile(r"/d/[^/]+/$")


@pytest.fixture
def switched_on(
    browser_type: BrowserType, browser_type_launch_args, live_server, tmp_path: Path
) -> Iterator[Callable[[], BrowserContext]]:
    """Give a function that switches one and the same phone on, which is what it kept before."""
    phones: list[BrowserContext] = []
    options = {**browser_type_launch_args, "locale": "en-GB", "viewport": {"width": 360, "height": 740}}
    english = {"name": settings.LANGUAGE_COOKIE_NAME, "value": "en", "url": live_server.url}

    def switched_on() -> BrowserContext:
        phones.append(browser_type.launch_persistent_context(tmp_path, **options))
        phones[-1].add_cookies([english])
        return phones[-1]

    yield switched_on
    phones[-1].close()


def answered(phone: BrowserContext) -> list[str]:
    """Give a list to which each word is added that the server answers from now on."""
    answered: list[str] = []
    phone.on("response", lambda answer: TELLINGS.search(answer.url) and answered.append(answer.url))
    return answered


def opens(page: Page, act: str) -> None:
    """Open a page to tell from by its button, as the worker gives it."""
    page.locator(f"[data-act={act}]").click()
    expect(page.locator("form.tell")).to_be_visible()
    assert page.evaluate("performance.getEntriesByType('navigation')[0].workerStart > 0")


def tells(page: Page) -> None:
    page.locator("form.tell button.btn").click()
    page.wait_for_url(HIS_PAGE)


def waits(page: Page, count: int) -> None:
    expect(page.locator(".queue-line")).to_have_text(f"Waiting to be sent: {count}")


def test_what_is_told_past_the_bridge_outlives_a_restart_and_is_sent_once_in_order_in_its_own_time(
    switched_on, live_server, trip: Trip, now: datetime
):
    address = live_server.url + reverse("phone:driver", args=[trip.driver.link_token])
    phone = switched_on()
    page = phone.pages[0]
    page.goto(address)
    expect(page.locator("html[data-kept]")).to_be_attached()
    expect(page.locator("[data-act=picked_up]")).to_be_visible()

    phone.set_offline(True)
    page.reload()
    opens(page, "picked_up")
    page.locator("[data-side=left] svg").click(position={"x": 120, "y": 60})
    photo = {"name": "a.jpg", "mimeType": "image/jpeg", "buffer": a_picture(size=(2000, 1000))}
    page.locator("input[name=photos]").set_input_files([photo])
    expect(page.locator(".photo-list li")).to_have_count(1)
    page.locator("[name=odometer_km]").fill("31")
    begun_at = timezone.now()
    tells(page)
    waits(page, 2)
    opens(page, "handed_over")
    tells(page)
    waits(page, 3)
    phone.close()

    phone = switched_on()
    phone.set_offline(True)
    page = phone.pages[0]
    page.goto(address)
    waits(page, 3)
    expect(page.locator("[data-act=picked_up]")).to_be_hidden()
    opens(page, "back")
    tells(page)
    waits(page, 4)
    told_at = timezone.now()
    assert not Telling.objects.exists()

    move_trip(trip=trip, to=TripState.EXITED, kind=EventKind.EXITED, at=now, by=BY)
    arrived = answered(phone)
    phone.set_offline(False)
    expect(page.locator(".queue-line")).to_have_text("Everything you told is sent")
    told = list(Telling.objects.order_by("pk"))
    assert [one.kind for one in told] == ["picked_up", "photo", "handed_over", "back"]
    moments = [one.told_at for one in told if one.kind != "photo"]
    assert moments == sorted(moments)
    assert all(begun_at - timedelta(seconds=1) <= moment <= told_at for moment in moments)
    assert len(arrived) == len(told)
    check = ConditionCheck.objects.get(stage="pick_up")
    assert (check.odometer_km, check.marks.get().side, check.photos.count()) == (31, "left", 1)
    page.reload()
    expect(page.locator("[data-queue][data-count='0']")).to_be_attached()
    assert len(arrived) == len(told)
