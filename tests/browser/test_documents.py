"""Photos and PDFs added as people do it."""

from __future__ import annotations

import re
from pathlib import Path

from django.urls import reverse
from playwright.sync_api import Browser, Page, expect

from ferry.models import Document
from ferry.uploaded import MOST_BYTES
from tests.builders import PASSWORD, a_company, a_member, a_picture, a_vehicle
from tests.ferry.test_uploaded import a_pdf


def test_several_files_are_added_and_one_removed_without_leaving_the_page(
    page: Page, sign_in, go, tmp_path: Path
) -> None:
    company = a_company()
    vehicle = a_vehicle(company)
    sign_in(page, a_member(company).user)
    go("portal:vehicle", vehicle.vin)
    (tmp_path / "front.png").write_bytes(a_picture("PNG", size=(800, 600)))
    (tmp_path / "发票.pdf").write_bytes(a_pdf())
    (tmp_path / "notes.jpg").write_bytes(b"not a picture")
    page.get_by_label("Photos or PDFs").set_input_files(sorted(tmp_path.glob("*.*")))
    page.get_by_role("button", name="Add").click()

    documents = page.locator("#documents")
    expect(documents.get_by_text("2 documents are added.")).to_be_visible()
    expect(documents.get_by_text("notes.jpg: Only photos")).to_be_visible()
    expect(documents.get_by_role("link", name="发票.pdf")).to_be_visible()
    thumbnail = documents.locator("img")
    expect(thumbnail).to_be_visible()
    assert thumbnail.evaluate("async (img) => { await img.decode(); return img.naturalWidth; }") == 240

    with page.context.expect_page() as opened:
        documents.get_by_role("link", name="front.jpg").click()
    opened.value.wait_for_load_state()
    assert re.search(r"/documents/\d+/$", opened.value.url)
    opened.value.close()

    with page.expect_download() as download:
        documents.get_by_role("link", name="发票.pdf").click()
    assert download.value.suggested_filename == "发票.pdf"

    documents.get_by_role("button", name="Remove front.jpg").click()
    expect(documents.get_by_text("1 removed document")).to_be_visible()
    assert Document.objects.filter(removed_at=None).count() == 1


def test_a_file_that_is_too_large_is_told_before_it_is_sent(page: Page, sign_in, go, tmp_path: Path) -> None:
    company = a_company()
    vehicle = a_vehicle(company)
    sign_in(page, a_member(company).user)
    go("portal:vehicle", vehicle.vin)
    with (tmp_path / "huge.pdf").open("wb") as file:
        file.truncate(MOST_BYTES + 1)
    chosen = page.get_by_label("Photos or PDFs")
    chosen.set_input_files(tmp_path / "huge.pdf")
    sent: list[str] = []
    page.on("request", lambda request: sent.append(request.url) if request.method == "POST" else None)
    page.get_by_role("button", name="Add").click()
    assert "up to 20 MB" in chosen.evaluate("(input) => input.validationMessage")
    assert sent == []


def test_it_works_without_script(browser: Browser, live_server, tmp_path: Path) -> None:
    company = a_company()
    vehicle = a_vehicle(company)
    context = browser.new_context(base_url=live_server.url, java_script_enabled=False, locale="en")
    page = context.new_page()
    page.goto(reverse("account_login"))
    page.locator("[name=login]").fill(a_member(company).user.email)
    page.locator("[name=password]").fill(PASSWORD)
    page.locator("[name=password]").press("Enter")
    page.wait_for_url(lambda address: "login" not in address)
    page.goto(reverse("portal:vehicle", args=[vehicle.vin]))
    (tmp_path / "front.jpg").write_bytes(a_picture())
    page.get_by_label("Photos or PDFs").set_input_files(tmp_path / "front.jpg")
    page.get_by_role("button", name="Add").click()
    expect(page.get_by_text("1 document is added.")).to_be_visible()
    expect(page.get_by_role("link", name="front.jpg")).to_be_visible()
    context.close()
