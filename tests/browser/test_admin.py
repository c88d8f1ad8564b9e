"""The operator's pages under their own policy, without a complaint of the browser."""

from __future__ import annotations

import pytest
from django.urls import reverse
from playwright.sync_api import Page, expect

from ferry.models import Route
from tests.builders import a_company, an_issued_trip, an_operator


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_operator_works_without_an_error_on_the_console(page: Page, live_server, go, sign_in, scheme):
    page.emulate_media(color_scheme=scheme)
    trip = an_issued_trip(a_company())
    sign_in(page, an_operator())
    go("admin:index")
    expect(page.get_by_role("heading", name="Companies to approve")).to_be_visible()
    for name, args in (
        ("ferry_trip_changelist", []),
        ("ferry_trip_change", [trip.pk]),
        ("ferry_company_change", [trip.company_id]),
        ("ferry_route_change", [Route.objects.earliest("pk").pk]),
        ("ferry_closure_add", []),
        ("ferry_user_add", []),
        ("clearance_policy_changelist", []),
    ):
        page.goto(live_server.url + reverse(f"admin:{name}", args=args))
        expect(page.locator("#content, main").first).to_be_visible()
