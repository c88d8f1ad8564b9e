"""A real browser against a real server, which must not complain of anything."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from django.conf import settings as django_settings
from django.urls import reverse
from django.utils import timezone
from playwright.sync_api import BrowserContext, ConsoleMessage, Page, WebError, expect

from ferry.models import Checkpoint, Closure, Trip, User
from tests.builders import PASSWORD, a_pass, a_route, a_trip
from tests.journeys.processes import free_port, lay, manage, production, serve

BUILT = Path(django_settings.BASE_DIR) / "static" / "dist" / "manifest.json"
PATIENCE_MS = 15_000


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            item.add_marker(pytest.mark.browser)


@pytest.fixture(scope="session", autouse=True)
def _built_and_patient() -> None:
    if not BUILT.exists():
        pytest.fail("Browser tests need the built front end: make setup.")
    expect.set_options(timeout=PATIENCE_MS)


class Complaints:
    """What the browser said on its console; a broken rule of the CSP is said there too."""

    def __init__(self, context: BrowserContext) -> None:
        self.heard: list[str] = []
        self.expected: list[str] = []
        context.on("console", self._hear)
        context.on("weberror", self._fail)

    def _hear(self, message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"}:
            self.heard.append(message.text)

    def _fail(self, error: WebError) -> None:
        self.heard.append(str(error.error))

    def expect(self, words: str) -> None:
        """Take complaints with these words for part of the test."""
        self.expected.append(words)

    @property
    def unexpected(self) -> list[str]:
        return [text for text in self.heard if not any(words in text for words in self.expected)]


@pytest.fixture(autouse=True)
def complaints(context: BrowserContext, transactional_db: None):
    # Asked for the database, so that it is emptied afterwards: an open page goes on asking.
    complaints = Complaints(context)
    yield complaints
    assert complaints.unexpected == []


@pytest.fixture(autouse=True)
def _always_open(transactional_db: None) -> None:
    """Keep every checkpoint open: a browser lives by the real clock."""
    a_route()
    Closure.objects.all().delete()
    Checkpoint.objects.update(opens=None, closes=None)


@pytest.fixture
def go(live_server, page: Page):
    """Give a function that opens a page of ours by the name of its address."""

    def go(name: str, *args: object) -> None:
        page.goto(live_server.url + reverse(name, args=args))

    return go


@pytest.fixture
def speak(live_server, context: BrowserContext):
    """Give a function that chooses the language of every page to come."""

    def speak(language: str) -> None:
        name = django_settings.LANGUAGE_COOKIE_NAME
        context.add_cookies([{"name": name, "value": language, "url": live_server.url}])

    speak("en")
    return speak


@pytest.fixture
def sign_in(go, speak):
    """Give a function that signs a user in as he would himself."""

    def sign_in(page: Page, user: User) -> None:
        go("account_login")
        page.locator("[name=login]").fill(user.email)
        page.locator("[name=password]").fill(PASSWORD)
        page.locator("[name=password]").press("Enter")
        page.wait_for_url(lambda address: "login" not in address)

    return sign_in


@pytest.fixture
def now() -> datetime:
    return timezone.now()


@pytest.fixture
def trip(now: datetime) -> Trip:
    return an_issued(now)


def an_issued(now: datetime) -> Trip:
    """Issue a code whose window is open: a browser lives by the real clock."""
    trip = a_trip(at=now, opens_at=now - timedelta(hours=1), closes_at=now + timedelta(hours=23))
    a_pass(trip, at=now)
    trip.refresh_from_db()
    return trip


@dataclass(frozen=True)
class Served:
    """A server as in production with the demonstration on it, and what opens it."""

    url: str
    company: dict[str, str]
    driver: str
    consignee: str


@pytest.fixture(scope="session")
def served(migrated: Path, collected: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    port = free_port()
    url = f"http://localhost:{port}"
    environment = production(tmp_path_factory.mktemp("production"), SITE_URL=url, PROXIES="0")
    lay(migrated, environment)
    company = json.loads(manage(environment, "demo", "--json", "--force"))["company"]
    told = manage(environment, "demo", "--force")
    driver, consignee = (re.findall(f"{url}(/{door}/\\S+)", told)[0] for door in ("d", "P"))
    server = serve(environment, port)
    yield Served(url, company, driver, consignee)
    server.terminate()
    server.wait()
