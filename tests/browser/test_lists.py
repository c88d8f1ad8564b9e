"""A dispatcher works through the list of trips: by keyboard and mouse, wide and narrow."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone
from playwright.sync_api import Page, expect

from ferry.models import SavedView, Trip, TripState
from tests.browser.test_accessibility import faults
from tests.builders import a_company, a_licence, a_member, a_trip


@pytest.fixture
def trips(page: Page, sign_in):
    """Sit a dispatcher with four planned trips down, which may still be issued."""
    company = a_company()
    a_licence(company)
    now = timezone.now()
    made = [
        a_trip(company, opens_at=now - timedelta(hours=1), closes_at=now + timedelta(hours=9), at=now)
        for _ in range(4)
    ]
    sign_in(page, a_member(company).user)
    return made[::-1]


def ticks(page: Page):
    return page.locator('[data-list] input[name="row"]')


def fits(page: Page) -> bool:
    return bool(page.evaluate("document.documentElement.scrollWidth <= innerWidth"))


def test_by_keyboard_she_moves_selects_searches_and_opens(trips, page: Page, go):
    go("portal:trips")
    page.keyboard.press("j")
    page.keyboard.press("x")
    page.keyboard.press("j")
    page.keyboard.press("x")
    expect(ticks(page).nth(1)).to_be_checked()
    expect(page.locator("[data-picked-count]")).to_have_text("2")
    page.keyboard.press("k")
    page.keyboard.press("x")
    expect(ticks(page).nth(0)).not_to_be_checked()
    page.keyboard.press("?")
    expect(page.locator("#keys")).to_be_visible()
    page.keyboard.press("Escape")
    page.keyboard.press("/")
    page.keyboard.type(trips[2].vehicle.vin[-6:].lower())
    page.keyboard.press("Enter")
    expect(ticks(page)).to_have_count(1)
    assert f"q={trips[2].vehicle.vin[-6:].lower()}" in page.url
    page.locator("h1").click()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    page.wait_for_url(f"**{reverse('portal:trip', args=[trips[2].reference])}")


def test_she_selects_a_row_and_all_in_between_and_issues_their_codes(trips, page: Page, go):
    go("portal:trips")
    ticks(page).nth(0).click()
    ticks(page).nth(2).click(modifiers=["Shift"])
    expect(ticks(page).nth(1)).to_be_checked()
    expect(page.get_by_role("button", name="Change the driver")).to_be_disabled()
    page.get_by_role("button", name="Issue codes").click()
    expect(page.get_by_text("3 of 3 done")).to_be_visible()
    assert Trip.objects.filter(state=TripState.READY).count() == 3


def test_a_view_is_kept_with_its_filters_and_goes_back_and_forth(trips, page: Page, go):
    go("portal:trips")
    page.locator("#list-filters summary").click()
    page.get_by_label("State").select_option("ready")
    expect(page.get_by_text("Nothing fits")).to_be_visible()
    page.get_by_label("State").select_option("planned")
    expect(ticks(page)).to_have_count(4)
    page.get_by_role("link", name="Leaves from").click()
    expect(page.locator('th[aria-sort="ascending"]')).to_have_text("Leaves from")
    page.get_by_text("Save this view").click()
    page.get_by_label("Name of the view").fill("Not yet issued")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_role("link", name="Not yet issued")).to_have_attribute("aria-current", "true")
    assert SavedView.objects.get().query == "state=planned&sort=opens_at"
    page.get_by_role("link", name="Clear all").click()
    expect(page.locator(".fm-chips")).to_have_count(0)
    page.go_back()
    expect(page.locator(".fm-chip")).to_have_count(1)
    expect(page.locator("#totals")).to_contain_text("Planned")


def test_a_column_pasted_from_a_spreadsheet_finds_all_of_it(trips, page: Page, go):
    go("portal:trips")
    text = "\n".join(one.vehicle.vin for one in trips[:3])
    page.locator("#list-q").focus()
    page.evaluate(
        """(text) => {
            const data = new DataTransfer();
            data.setData('text', text);
            const paste = { clipboardData: data, bubbles: true, cancelable: true };
            document.querySelector('#list-q').dispatchEvent(new ClipboardEvent('paste', paste));
        }""",
        text,
    )
    page.keyboard.press("Enter")
    expect(ticks(page)).to_have_count(3)
    expect(page.get_by_text("3 numbers")).to_be_visible()


@pytest.mark.drawn
@pytest.mark.parametrize("width", [1280, 390])
def test_a_list_in_use_fits_and_keeps_nobody_out(trips, page: Page, live_server, complaints, width):
    complaints.expect("Applying inline style")
    page.set_viewport_size({"width": width, "height": 844})
    for name in ("trips", "vehicles", "drivers", "declarations", "licences"):
        address = f"{live_server.url}{reverse(f'portal:{name}')}?q=a&sort=id"
        assert faults(page, address.replace("?q=a&sort=id", "")) == []
        assert fits(page)
        page.goto(address)
        assert fits(page)
