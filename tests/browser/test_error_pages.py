"""An error page keeps to the rules of every page."""

from __future__ import annotations

from playwright.sync_api import expect


def test_it_breaks_no_rule_of_the_strict_csp(page, live_server, complaints):
    complaints.expect("status of 404")
    page.goto(f"{live_server.url}/nowhere/")
    expect(page.locator("h1")).to_be_visible()
    expect(page.locator("style")).to_have_count(0)
