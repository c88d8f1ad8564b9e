"""An owner hears the bell, chooses how to be told, and keeps an endpoint, as a browser shows it."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from django.urls import reverse
from django.utils import timezone
from playwright.sync_api import Page, expect

from ferry.actions.hooks import add_endpoint, send_test
from ferry.actions.notices import tell_members
from ferry.models import Company, Delivery, Membership, NoticeChoice, NoticeKind, Role
from ferry.notice_letters import stop_link
from ferry.rules.news import MemberNews
from tests.browser.conftest import Complaints
from tests.browser.test_accessibility import faults
from tests.builders import a_company, a_member, a_trip


@dataclass(frozen=True)
class Desk:
    company: Company
    owner: Membership
    delivery: Delivery


@pytest.fixture
def desk(sign_in, page: Page) -> Desk:
    company = a_company()
    owner = a_member(company, Role.OWNER)
    endpoint, _secret = add_endpoint(
        company=company, url="https://silkroad.example/hooks", types=["trip.moved"], at=timezone.now()
    )
    tell(company)
    sign_in(page, owner.user)
    return Desk(company, owner, send_test(endpoint=endpoint, at=timezone.now()))


def tell(company: Company, times: int = 1) -> None:
    trip = a_trip(company)
    news = MemberNews(company.pk, NoticeKind.REFUSED, "trip", trip.reference, "BYD …123456")
    tell_members(news=[news] * times, at=timezone.now())


def test_the_bell_leads_to_the_list_and_falls_silent_when_all_is_read(page: Page, go, desk: Desk) -> None:
    go("portal:trips")
    bell = page.get_by_role("link", name="Notices")
    expect(bell).to_contain_text("1")
    bell.click()
    expect(page.get_by_role("heading", name="1 code was refused at the checkpoint")).to_be_visible()
    page.get_by_role("button", name="Mark all as read").click()
    expect(page.get_by_text("Everything is marked as read.")).to_be_visible()
    expect(page.get_by_role("button", name="Mark all as read")).to_have_count(0)
    expect(page.locator(".fm-bell-count")).to_have_count(0)


def test_how_one_is_told_is_chosen_by_keyboard(page: Page, go, desk: Desk) -> None:
    go("portal:notice_choices")
    page.get_by_label("A code lapsed unused: e-mail").select_option("digest")
    page.get_by_label("A code lapsed unused: on the page").press("Space")
    page.get_by_role("button", name="Save").press("Enter")
    expect(page.get_by_text("Saved. This holds from now on.")).to_be_visible()
    chosen = NoticeChoice.objects.get(membership=desk.owner)
    assert (chosen.kind, chosen.in_app, chosen.mail) == ("lapsed", False, "digest")


@pytest.mark.parametrize("look", [(1280, "light"), (390, "dark")])
def test_no_page_of_these_keeps_anybody_out(
    page: Page, desk: Desk, live_server, complaints: Complaints, look: tuple[int, str]
) -> None:
    complaints.expect("Applying inline style")
    width, scheme = look
    page.set_viewport_size({"width": width, "height": 844})
    page.emulate_media(color_scheme=scheme)
    pages = [
        *(reverse(f"portal:{name}") for name in ("notices", "notice_choices", "webhooks")),
        reverse("portal:webhook", args=[desk.delivery.endpoint_id]),
        reverse("portal:webhook_edit", args=[desk.delivery.endpoint_id]),
        reverse("portal:webhook_delivery", args=[desk.delivery.pk]),
        stop_link(desk.owner, ["refused"]),
    ]
    found = [fault for address in pages for fault in faults(page, live_server.url + address)]
    assert not found, "\n".join(found)
    wide = "document.documentElement.scrollWidth > document.documentElement.clientWidth"
    assert not page.evaluate(wide)
