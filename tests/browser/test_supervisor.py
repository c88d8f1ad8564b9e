"""A supervisor at his desk: the lanes move by themselves, and nothing is done that was not shown first."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone
from playwright.sync_api import Page, expect

from clearance.actions.fallback import make_fallback_list
from clearance.models import Duty, FallbackList, Scan, SelectionRule
from ferry.models import Closure, User
from tests.builders import a_checkpoint, an_issued_trip, an_officer
from tests.clearance.casts import scanned

HOUR = timedelta(hours=1)


@pytest.fixture
def supervisor() -> User:
    return an_officer(duty=Duty.SUPERVISOR)


def a_live_pass():
    now = timezone.now()
    trip = an_issued_trip(at=now, opens_at=now - 2 * HOUR, closes_at=now + 10 * HOUR)
    return trip.passes.get()


def cars(page: Page):
    return page.locator(".fm-live-totals dd").first


def wait_for_the_next(page: Page) -> None:
    old = page.locator("#live-lanes").element_handle()
    page.clock.run_for(11_000)
    old.wait_for_element_state("hidden")
    page.clock.run_for(500)


def test_the_lanes_move_by_themselves_and_leave_the_focus_alone(page: Page, sign_in, supervisor) -> None:
    scanned("rubbish", at=timezone.now(), lane="7")
    page.clock.install()
    sign_in(page, supervisor)
    expect(page).to_have_url(re.compile(reverse("desk:live")))
    expect(cars(page)).to_have_text("1")
    expect(page.get_by_role("img", name="1 car in the last hour")).to_be_visible()

    scanned("rubbish", at=timezone.now(), lane="7")
    wait_for_the_next(page)
    expect(cars(page)).to_have_text("2")

    numbers = page.get_by_text("The numbers").first
    numbers.focus()
    scanned("rubbish", at=timezone.now(), lane="7")
    wait_for_the_next(page)
    expect(numbers).to_be_focused()
    expect(cars(page)).to_have_text("3")


@pytest.mark.drawn
@pytest.mark.parametrize(("width", "height"), [(390, 844), (1280, 800)])
def test_the_picture_fits_a_phone_and_a_desk(page: Page, go, sign_in, supervisor, width, height) -> None:
    scanned(a_live_pass().code, at=timezone.now(), lane="gate 7")
    sign_in(page, supervisor)
    page.set_viewport_size({"width": width, "height": height})
    for name in ("live", "rules", "closures", "scans", "fallback", "watch"):
        go(f"desk:{name}")
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), name


def test_a_rule_is_seen_before_it_is_switched_on(page: Page, go, sign_in, supervisor) -> None:
    scanned(a_live_pass().code, at=timezone.now())
    sign_in(page, supervisor)
    go("desk:rules")
    page.get_by_label("Share examined").fill("100")
    page.get_by_label("Reason").fill("new exporter")
    page.get_by_role("button", name="Show the effect").click()
    effect = page.get_by_role("region", name="Had it been in force last week")
    expect(effect).to_contain_text("It would have selected")
    expect(effect.get_by_role("img", name="Examinations by the hour")).to_be_visible()
    assert not SelectionRule.objects.get().is_active
    page.get_by_role("button", name="Switch it on").click()
    expect(page.get_by_role("status")).to_contain_text("The rule selects from now on")
    rule = SelectionRule.objects.get()
    assert (rule.is_active, rule.foreseen) == (True, 1)


def test_a_closure_is_seen_before_it_is_announced(page: Page, go, sign_in, supervisor) -> None:
    pass_ = a_live_pass()
    sign_in(page, supervisor)
    go("desk:closures")
    begins, ends = (
        (timezone.now() + timedelta(hours=8 + hours)).strftime("%Y-%m-%dT%H:%M") for hours in (-3, 30)
    )
    page.get_by_label("Closed from").fill(begins)
    page.get_by_label("Closed until").fill(ends)
    page.get_by_label("Reason").fill("sandstorm")
    page.get_by_role("button", name="Show the effect").click()
    expect(page.get_by_role("table").last).to_contain_text(pass_.vin[-6:])
    assert not Closure.objects.exists()
    page.get_by_role("button", name="Announce the closure").click()
    expect(page.get_by_role("status")).to_contain_text("The closure is announced")
    assert Closure.objects.get().reason == "sandstorm"


def test_a_paper_is_entered_by_keyboard_alone(page: Page, go, sign_in, supervisor, complaints) -> None:
    complaints.expect("status of 400")
    pass_ = a_live_pass()
    printed = timezone.now() - HOUR
    listed: FallbackList = make_fallback_list(
        checkpoint=a_checkpoint(), hours=12, at=printed, by="supervisor"
    )
    clock = (printed + timedelta(hours=8, minutes=10)).strftime("%H%M")
    sign_in(page, supervisor)
    go("desk:fallback_results", listed.pk)
    page.get_by_label("Number or short code, line 1", exact=True).focus()
    page.keyboard.type("7")
    page.keyboard.press("Enter")
    page.keyboard.type(clock)
    page.keyboard.press("Enter")
    page.keyboard.type("1")
    page.keyboard.press("Enter")
    page.keyboard.type("CH")
    page.keyboard.press("Enter")
    expect(page.get_by_label("Number or short code, line 2", exact=True)).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="Look at the lines")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_text("No such number or short code")).to_be_visible()
    assert not Scan.objects.exists()

    page.get_by_label("Number or short code, line 1", exact=True).fill("1")
    page.get_by_role("button", name="Look at the lines").press("Enter")
    expect(page.locator("#paper-said-1")).to_contain_text(pass_.vin[-6:])
    assert not Scan.objects.exists()
    page.get_by_role("button", name="Record 1 line").press("Enter")
    expect(page.locator("#messages")).to_contain_text("1 line is recorded")
    scan = Scan.objects.get()
    assert (scan.offline_verdict, scan.officer, scan.lane) == ("release", supervisor, "paper")
