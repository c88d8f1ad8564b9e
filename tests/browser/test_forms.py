"""Forms in the hands of the impatient."""

from __future__ import annotations

from django.urls import reverse
from playwright.sync_api import Page, expect

from ferry.models import Licence
from tests.builders import a_company, a_member


def test_a_button_pressed_twice_sends_once(page: Page, sign_in, go) -> None:
    sign_in(page, a_member(a_company()).user)
    go("portal:licence_new")
    page.locator("[name=number]").fill("26AB000123")
    page.locator("[name=quantity]").fill("5")
    page.locator("[name=expires_on]").fill("2030-01-01")
    sent: list[str] = []
    page.on("request", lambda request: sent.append(request.url) if request.method == "POST" else None)
    page.get_by_role("button", name="Register").dblclick()

    expect(page.get_by_text("The licence is registered.")).to_be_visible()
    assert [reverse("portal:licence_new") in address for address in sent] == [True]
    assert Licence.objects.count() == 1
