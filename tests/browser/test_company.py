"""Signing in with a passkey, and coming in by an invitation, in Chromium."""

from __future__ import annotations

import re

import pytest
from django.core import mail
from playwright.sync_api import Page, expect

from ferry.models import Membership, Role, User
from tests.builders import PASSWORD, a_company, a_member


@pytest.fixture
def authenticator(page: Page) -> None:
    """Plug in an authenticator that keeps passkeys and always finds its holder present."""
    session = page.context.new_cdp_session(page)
    session.send("WebAuthn.enable")
    options = {
        "protocol": "ctap2",
        "transport": "internal",
        "hasResidentKey": True,
        "hasUserVerification": True,
        "isUserVerified": True,
        "automaticPresenceSimulation": True,
    }
    session.send("WebAuthn.addVirtualAuthenticator", {"options": options})


@pytest.fixture
def owner() -> User:
    return a_member(a_company(), Role.OWNER, email="li@silkroad.example").user


def test_a_passkey_is_registered_and_signs_in(page: Page, authenticator, owner, sign_in, go) -> None:
    sign_in(page, owner)
    go("mfa_add_webauthn")
    if "reauthenticate" in page.url:
        page.locator("[name=password]").fill(PASSWORD)
        page.locator("[name=password]").press("Enter")
    page.locator("[name=name]").fill("laptop")
    page.locator("[name=passwordless]").check()
    page.locator("#mfa_webauthn_add").click()
    expect(page.get_by_role("heading", name="Recovery Codes")).to_be_visible()
    go("portal:security")
    expect(page.get_by_role("row", name=owner.email)).to_contain_text("set up")
    go("account_logout")
    page.locator("main").get_by_role("button", name="Sign out").click()
    go("account_login")
    page.get_by_role("button", name="Sign in with a passkey").click()
    page.wait_for_url("**/today/")


def test_somebody_invited_makes_his_account_and_is_in(page: Page, live_server, owner, sign_in, go) -> None:
    sign_in(page, owner)
    go("portal:members")
    page.get_by_label("E-mail").fill("guljan@silkroad.example")
    page.locator("#id_role").select_option("viewer")
    page.get_by_role("button", name="Send the invitation").click()
    expect(page.locator("#messages")).to_contain_text("guljan@silkroad.example has been sent")
    link = re.search(r"/invitation/\S+", mail.outbox[-1].body)
    assert link is not None
    page.goto(live_server.url + link.group(0))
    expect(page.locator("main")).to_contain_text("for another address")
    page.locator("main").get_by_role("button", name="Sign out").click()
    page.goto(live_server.url + link.group(0))
    page.get_by_label("Your name").fill("Guljan")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Make the account and accept").click()
    page.wait_for_url("**/today/")
    assert Membership.objects.get(user__email="guljan@silkroad.example").role == Role.VIEWER
