"""What changed on a driver's page is heard, once he has switched that on."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager

import pytest
from django.utils import timezone
from playwright.sync_api import ConsoleMessage, Locator, Page, expect

from ferry.actions.moves import move_trip
from ferry.models import EventKind, Trip, TripState

#: A phone's voices and its motor, which write down what they were made to do.
PHONE = """
Object.defineProperty(window, 'speechSynthesis', { value: {
  getVoices: () => VOICES.map((lang) => ({ lang })), cancel() {},
  speak: (said) => console.log(`says in ${said.lang}: ${said.text}`),
} });
window.SpeechSynthesisUtterance = class { constructor(text) { this.text = text; } };
navigator.vibrate = (shake) => console.log(`shakes ${shake}`);
"""
GOES, STOPS = "shakes 80", "shakes 400,100,400"


class Phone:
    def __init__(self, page: Page) -> None:
        self.page = page
        self.heard: list[str] = []
        page.on("console", lambda said: self.heard.append(said.text))

    def has_voices(self, *languages: str) -> None:
        self.page.add_init_script(PHONE.replace("VOICES", str(list(languages))))

    def will_do(self, words: str) -> AbstractContextManager[object]:
        """Wait at the end of the block until the phone has done this."""
        is_it: Callable[[ConsoleMessage], bool] = lambda said: said.text == words  # noqa: E731
        return self.page.expect_console_message(is_it)

    def hears_of(self, tone: str) -> None:
        event = "(tone) => document.dispatchEvent(new CustomEvent('fm:state', { detail: { tone } }))"
        self.page.evaluate(event, tone)

    @property
    def switch(self) -> Locator:
        return self.page.get_by_role("switch")


@pytest.fixture
def phone(page: Page) -> Phone:
    return Phone(page)


def test_nothing_sounds_until_it_is_switched_on(page: Page, go, speak, trip: Trip, phone: Phone) -> None:
    phone.has_voices("en-GB")
    go("phone:driver", trip.driver.link_token)
    expect(phone.switch).not_to_be_checked()
    phone.hears_of("stop")
    expect(page.locator("#said")).to_have_text("You may go")
    assert phone.heard == []


def test_switched_on_it_shakes_and_says_what_is_shown(go, speak, trip: Trip, phone: Phone) -> None:
    phone.has_voices("de-DE", "en-GB")
    go("phone:driver", trip.driver.link_token)
    with phone.will_do(GOES), phone.will_do("says in en-GB: You may go"):
        phone.switch.click()
    with phone.will_do(STOPS), phone.will_do("says in en-GB: You may go"):
        phone.hears_of("stop")


def test_a_release_at_the_gate_is_heard_and_announced_once(
    page: Page, go, speak, trip: Trip, phone: Phone
) -> None:
    phone.has_voices("en-GB")
    go("phone:driver", trip.driver.link_token)
    phone.switch.click()
    at = timezone.now()
    with phone.will_do("says in en-GB: You have left China"):
        move_trip(trip=trip, to=TripState.EXITED, kind=EventKind.EXITED, at=at, by="device")
    expect(page.get_by_role("status").filter(has_text="You have left China")).to_have_count(1)
    assert phone.heard.count("says in en-GB: You have left China") == 1


def test_the_choice_is_kept_on_the_phone_and_can_be_taken_back(
    page: Page, go, speak, trip: Trip, phone: Phone
) -> None:
    phone.has_voices("en-GB")
    go("phone:driver", trip.driver.link_token)
    phone.switch.click()
    page.reload()
    expect(phone.switch).to_be_checked()
    phone.switch.click()
    phone.heard.clear()
    phone.hears_of("stop")
    assert phone.heard == []
    page.reload()
    expect(phone.switch).not_to_be_checked()


@pytest.mark.parametrize(
    ("language", "voices", "voice"),
    [
        ("zh-hans", ["zh-TW", "zh_CN"], "zh_CN"),
        ("zh-hans", ["zh-HK"], "zh-HK"),
        ("kk", ["ru-RU", "kk-KZ"], "kk-KZ"),
        ("ug", ["ug-CN"], "ug-CN"),
    ],
)
def test_it_speaks_with_a_voice_of_the_pages_language(
    page: Page, go, speak, trip: Trip, phone: Phone, language: str, voices: list[str], voice: str
) -> None:
    speak(language)
    phone.has_voices(*voices)
    go("phone:driver", trip.driver.link_token)
    words = page.locator(".state").inner_text().strip()
    with phone.will_do(f"says in {voice}: {words}"):
        phone.switch.click()


def test_without_a_voice_for_the_language_it_only_shakes_and_sounds(
    go, speak, trip: Trip, phone: Phone
) -> None:
    speak("ug")
    phone.has_voices("zh-CN", "en-GB")
    go("phone:driver", trip.driver.link_token)
    with phone.will_do(GOES):
        phone.switch.click()
    with phone.will_do(STOPS):
        phone.hears_of("stop")
    assert set(phone.heard) == {GOES, STOPS}
