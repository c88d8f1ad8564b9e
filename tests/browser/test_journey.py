"""The main job in a browser: the company's desk, the driver's phone, the lane, the consignee's phone."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from io import StringIO
from zoneinfo import ZoneInfo

import pytest
from django.conf import settings
from django.core.management import call_command
from django.urls import reverse
from django.utils import timezone
from playwright.sync_api import Browser, Page, expect

from clearance.models import Posting
from ferry.models import Company, User
from tests.browser.conftest import Complaints
from tests.builders import (
    PASSWORD,
    a_checkpoint,
    a_company,
    a_declaration,
    a_driver,
    a_licence,
    a_member,
    a_vehicle,
    an_officer,
)

CHINA = ZoneInfo("Asia/Shanghai")
DESK, PHONE = {"width": 1280, "height": 800}, {"width": 390, "height": 844}
Open = Callable[[dict[str, int]], Page]


@pytest.fixture
def somebody(browser: Browser, live_server) -> Iterator[Open]:
    """Give a function that opens a browser of somebody's own, in English, and hears its complaints."""
    contexts, heard = [], []

    def somebody(size: dict[str, int]) -> Page:
        context = browser.new_context(viewport=size, base_url=live_server.url)
        cookie = {"name": settings.LANGUAGE_COOKIE_NAME, "value": "en", "url": live_server.url}
        context.add_cookies([cookie])
        contexts.append(context)
        heard.append(Complaints(context))
        return context.new_page()

    yield somebody
    for context in contexts:
        context.close()
    assert [complaints.unexpected for complaints in heard] == [[] for _ in heard]


def sign_in(page: Page, user: User) -> Page:
    page.goto(reverse("account_login"))
    page.locator("[name=login]").fill(user.email)
    page.locator("[name=password]").fill(PASSWORD)
    page.locator("[name=password]").press("Enter")
    page.wait_for_url(lambda address: "login" not in address)
    return page


def a_company_with_one_car() -> tuple[Company, str]:
    company = a_company()
    vehicle = a_vehicle(company)
    a_declaration(company, [vehicle.vin])
    a_licence(company)
    a_driver(company)
    return company, vehicle.vin


def plan_and_issue(page: Page, vin: str) -> None:
    now = timezone.now()
    page.goto(reverse("portal:trips"))
    page.get_by_role("link", name="Plan a trip").first.click()
    page.locator("[name=vehicle]").fill(vin)
    page.locator("[name=driver]").select_option(index=1)
    page.locator("[name=opens_at]").fill(beijing(now - timedelta(hours=1)))
    page.locator("[name=closes_at]").fill(beijing(now + timedelta(hours=10)))
    page.locator("[name=consignee_name]").fill("Almaty Auto")
    page.locator("[name=delivery_place]").fill("Almaty, park 3")
    page.get_by_role("button", name="Plan and issue the code").click()
    expect(page.locator(".fm-short-code")).to_be_visible()


def beijing(moment: datetime) -> str:
    return moment.astimezone(CHINA).strftime("%Y-%m-%dT%H:%M")


def scan(page: Page, checkpoint: str, code: str) -> None:
    page.goto(reverse("lane:place"))
    page.locator(f"[value={checkpoint}]").check()
    page.locator("[name=lane]").fill("3")
    page.locator("[name=lane]").press("Enter")
    expect(page.locator("#code")).to_be_focused()
    page.keyboard.type(code)
    page.keyboard.press("Enter")


def fits(page: Page) -> bool:
    return bool(page.evaluate("document.documentElement.scrollWidth <= innerWidth"))


def test_a_car_goes_from_the_company_to_the_consignee_and_is_discharged(somebody: Open) -> None:
    company, vin = a_company_with_one_car()
    dispatcher = sign_in(somebody(DESK), a_member(company).user)
    plan_and_issue(dispatcher, vin)
    short_code = dispatcher.locator(".fm-short-code").inner_text()
    found = re.search(r"PIN\s+(\d{6})", dispatcher.locator("main").inner_text())
    assert found
    driver = somebody(PHONE)
    driver.goto(reverse("phone:driver", args=[company.drivers.get().link_token]))
    expect(driver.get_by_text("You may go")).to_be_visible()
    expect(driver.get_by_text(short_code)).to_be_visible()
    assert fits(driver)

    user = an_officer()
    Posting.objects.create(user=user, checkpoint=a_checkpoint("KZ-NURZHOLY"), duty="officer")
    officer = sign_in(somebody(PHONE), user)
    scan(officer, "CN-HORGOS", short_code)
    expect(officer.locator("#verdict [data-verdict=release]")).to_be_visible()
    assert fits(officer)
    driver.reload()
    expect(driver.get_by_text("You have left China")).to_be_visible()
    scan(officer, "KZ-NURZHOLY", short_code)
    expect(officer.locator("#verdict [data-verdict=release]")).to_be_visible()

    consignee = somebody(PHONE)
    consignee.goto(reverse("phone:code", args=[short_code]))
    assert fits(consignee)
    consignee.get_by_text("I take it", exact=True).click()
    consignee.locator("[name=condition][value=good]").check()
    consignee.locator("#take_pin").fill(found.group(1))
    consignee.get_by_role("button", name="I have received the vehicle").click()
    expect(consignee.get_by_text("Delivery confirmed")).to_be_visible()

    call_command("reconcile", stdout=StringIO())
    dispatcher.reload()
    expect(dispatcher.get_by_text("Discharged: all records agree")).to_be_visible()
