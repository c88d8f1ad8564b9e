"""A dispatcher imports a spreadsheet in a browser: upload, preview, put a heading right, import."""

from __future__ import annotations

import pytest
from django.urls import reverse
from playwright.sync_api import Page, expect

from ferry import tasks
from ferry.models import FileImport, Vehicle
from tests.browser.test_accessibility import faults
from tests.builders import a_company, a_member, a_vin

BAD_VIN = "LGXCE4CB00000000I"


@pytest.fixture(autouse=True)
def _no_broker(monkeypatch) -> None:
    """Let the test itself be the worker."""

    class Queue:
        def send_task(self, name, **_options) -> None:
            pass

    monkeypatch.setattr("ferry.portal.importing.app", Queue())


def a_file(*vins: str) -> dict:
    lines = "".join(f"{vin},BYD,Song Plus,BEV,8703801090\n" for vin in vins)
    text = f"VIN,Who built it,Model,Powertrain,HS code\n{lines}"
    return {"name": "june.csv", "mimeType": "text/csv", "buffer": text.encode()}


def fits(page: Page) -> bool:
    return bool(page.evaluate("document.documentElement.scrollWidth <= innerWidth"))


@pytest.mark.parametrize("width", [1280, 390])
def test_a_dispatcher_uploads_looks_corrects_a_heading_and_imports(
    page: Page, live_server, sign_in, complaints, width
):
    company, vin = a_company(), a_vin()
    page.set_viewport_size({"width": width, "height": 844})
    sign_in(page, a_member(company).user)
    page.goto(live_server.url + reverse("portal:import"))
    assert fits(page)
    page.get_by_label("Spreadsheet").set_input_files(a_file(vin, BAD_VIN))
    page.get_by_role("button", name="Upload and look").click()
    expect(page.get_by_text("Reading the file")).to_be_visible()
    assert fits(page)

    tasks.work_imports()
    expect(page.get_by_text("no column is chosen yet for: make")).to_be_visible()
    expect(page.get_by_role("status").get_by_text("To be looked at")).to_be_attached()
    assert fits(page)
    page.get_by_label("Read column “Who built it” as").select_option("make")
    page.get_by_role("button", name="Read again").click()
    expect(page.get_by_text("Reading the file")).to_be_visible()

    tasks.work_imports()
    expect(page.get_by_role("button", name="Import the 1 good line")).to_be_visible()
    expect(page.locator("#lines").get_by_text(BAD_VIN)).to_be_visible()
    assert not Vehicle.objects.exists()
    address = reverse("portal:import_job", args=[FileImport.objects.get().pk])
    # To measure a page, axe tries styles of its own, which our rules forbid.
    complaints.expect("Applying inline style")
    assert faults(page, live_server.url + address) == []
    page.get_by_role("link", name="To add 1").click()
    expect(page.locator("#lines").get_by_text(vin)).to_be_visible()
    page.get_by_role("button", name="Import the 1 good line").click()

    expect(page.get_by_text("Importing the good lines")).to_be_visible()
    tasks.work_imports()
    expect(page.get_by_text("Done. 1 line was imported.")).to_be_visible()
    assert fits(page)
    with page.expect_download() as download:
        page.get_by_role("link", name="Download the refused lines").click()
    assert download.value.suggested_filename.startswith("refused-")
    assert Vehicle.objects.get().make == "BYD"


def test_a_file_can_be_dropped(page: Page, live_server, sign_in):
    sign_in(page, a_member(a_company()).user)
    page.goto(live_server.url + reverse("portal:import"))
    expect(page.get_by_text("Or drop the file here.")).to_be_visible()
    files = page.evaluate_handle(
        "() => { const all = new DataTransfer(); all.items.add(new File(['x'], 'june.csv')); return all; }"
    )
    page.dispatch_event("[data-drop]", "drop", {"dataTransfer": files})
    assert page.get_by_label("Spreadsheet").evaluate("input => input.files[0].name") == "june.csv"
