"""The yard in a browser: one tap in the list, by keyboard, and a phone's camera on label after label."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.conf import settings as django_settings
from django.test import Client
from django.urls import reverse
from playwright.sync_api import BrowserType, Page, expect

from ferry.models import User, Vehicle
from ferry.qr import symbol
from tests.browser.conftest import Complaints
from tests.builders import a_company, a_member, a_petrol_car, a_vehicle

WIDTH, HEIGHT, FRAMES = 1280, 720, 10
PHONE = {"viewport": {"width": 390, "height": 844}}

CHARS = "0123456789ABCDEFGHJKLMNPRSTUVWXYZ*"
BARS = (
    "000110100100100001001100001101100000000110001100110000001110000000100101100100100001100100"
    "100001001001001001101001000000011001100011000001011000000001101100001100000011100100000011"
    "001000011101000010000010011001010010100000110001000110000010110110000001011000001111000000"
    "010010001110010000011010000010010100"
)
#: Code 39: nine bars and spaces by turns, 1 is wide.
CODE_39 = {char: BARS[9 * place : 9 * place + 9] for place, char in enumerate(CHARS)}


def qr_rows(text: str) -> list[bytes]:
    """Draw a QR code into the middle of a picture."""
    modules = symbol(text, level="M").get_matrix()
    scale = HEIGHT // len(modules)
    rows = [_row([black for black in line for _pixel in range(scale)]) for line in modules]
    drawn = [row for row in rows for _pixel in range(scale)]
    return drawn + [_row([])] * (HEIGHT - len(drawn))


def code_39_rows(text: str) -> list[bytes]:
    """Draw a Code 39 across the middle third of a picture, as VIN labels have it."""
    bars: list[bool] = []
    for char in f"*{text}*":
        for place, wide in enumerate(CODE_39[char]):
            bars += [place % 2 == 0] * (9 if wide == "1" else 3)
        bars += [False] * 3
    third = HEIGHT // 3
    return [_row([])] * third + [_row(bars)] * third + [_row([])] * (HEIGHT - 2 * third)


def _row(bars: list[bool]) -> bytes:
    left = (WIDTH - len(bars)) // 2
    middle = bytes(16 if black else 235 for black in bars)
    return b"\xeb" * left + middle + b"\xeb" * (WIDTH - left - len(middle))


def film(path: Path, *pictures: list[bytes]) -> Path:
    """Write a film in which each picture stands for two seconds, over and over."""
    grey = b"\x80" * (WIDTH * HEIGHT // 2)
    with path.open("wb") as file:
        file.write(f"YUV4MPEG2 W{WIDTH} H{HEIGHT} F5:1 Ip A1:1 C420jpeg\n".encode())
        for picture in pictures:
            file.write((b"FRAME\n" + b"".join(picture) + grey) * FRAMES)
    return path


def sign_in_at_once(context, live_server, user: User) -> None:
    client = Client()
    client.force_login(user)
    cookies = {
        django_settings.LANGUAGE_COOKIE_NAME: "en",
        django_settings.SESSION_COOKIE_NAME: client.session.session_key or "",
    }
    context.add_cookies(
        [{"name": name, "value": value, "url": live_server.url} for name, value in cookies.items()]
    )


def test_labels_are_read_one_after_another_and_recorded_at_once(
    live_server, browser_type: BrowserType, camera_launch_args, tmp_path
):
    company = a_company()
    one, two = a_petrol_car(company), a_petrol_car(company)
    seen = film(tmp_path / "labels.y4m", qr_rows(one.vin), code_39_rows(two.vin))
    camera = [
        "--use-fake-ui-for-media-stream",
        "--use-fake-device-for-media-stream",
        f"--use-file-for-fake-video-capture={seen}",
    ]
    launch = {**camera_launch_args, "args": [*camera_launch_args["args"], *camera]}
    browser = browser_type.launch(**launch)
    context = browser.new_context(**PHONE)
    complaints = Complaints(context)
    sign_in_at_once(context, live_server, a_member(company).user)
    page = context.new_page()
    page.goto(live_server.url + reverse("portal:yard_scan"))
    page.get_by_text("In the yard", exact=True).click()
    # Where the browser lends the camera already, the page opens it by itself and the button goes.
    page.locator("[data-start]").dispatch_event("click")
    for car in (one, two):
        expect(page.locator("#car")).to_contain_text(car.vin[11:])
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    browser.close()
    assert complaints.unexpected == []
    assert not Vehicle.objects.filter(in_yard_at=None).exists()


def test_without_a_camera_the_end_is_typed_and_the_charge_counted(page: Page, go, company_with_a_car):
    car = company_with_a_car
    page.set_viewport_size(PHONE["viewport"])
    go("portal:yard_scan")
    page.locator("#find [name=q]").fill(car.vin[-6:])
    page.keyboard.press("Enter")
    panel = page.locator("#car")
    expect(panel).to_contain_text(car.vin[11:])
    panel.get_by_label("State of charge").fill("81")
    page.keyboard.press("Enter")
    expect(panel.get_by_text("recorded")).to_be_visible()
    car.refresh_from_db()
    assert (car.charge_percent, car.in_yard_at is not None) == (81, True)
    panel.get_by_role("button", name="take it back").click()
    expect(panel.get_by_text("Taken back")).to_be_visible()
    car.refresh_from_db()
    assert car.charge_percent is None


def test_in_the_list_the_keyboard_stays_in_the_row(page: Page, go, company_with_a_car):
    car = company_with_a_car
    go("portal:yard")
    page.get_by_role("button", name="In the yard").focus()
    page.keyboard.press("Enter")
    inspected = page.get_by_role("button", name="Inspected")
    expect(page.get_by_role("button", name="In the yard")).to_have_count(0)
    expect(inspected).to_be_focused()
    page.keyboard.press("Enter")
    expect(inspected).to_have_count(0)
    car.refresh_from_db()
    assert car.inspected_at is not None


@pytest.fixture
def company_with_a_car(page: Page, sign_in) -> Vehicle:
    company = a_company()
    car = a_vehicle(company)
    sign_in(page, a_member(company).user)
    return car
