"""The mark `once` is no way around the second database."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
from django.conf import settings
from django.core.cache import cache
from django.db import connection

from tests.plugins import SLOW, TESTS, pytest_collection_modifyitems


class Item:
    """What is collected, as far as the hook asks it."""

    def __init__(self, *marks: str, fixtures: tuple[str, ...] = (), path: str = "test_markers.py") -> None:
        self.path = TESTS / path
        self.nodeid, self.marks, self.fixturenames = "one", marks, fixtures

    def get_closest_marker(self, name: str) -> str | None:
        return name if name in self.marks else None


def collected(*items: Item) -> list[Any]:
    kept: list[Any] = list(items)
    hook = SimpleNamespace(pytest_deselected=lambda items: None)
    pytest_collection_modifyitems(SimpleNamespace(hook=hook), kept)  # type: ignore[arg-type]
    return kept


@pytest.mark.parametrize(
    "item",
    [Item("once", "django_db"), Item("once", fixtures=("db",)), Item("once", fixtures=("live_server",))],
)
def test_one_marked_once_that_asks_for_the_database_stops_the_run(item: Item) -> None:
    with pytest.raises(pytest.UsageError, match="one"):
        collected(item)


@pytest.mark.parametrize(
    ("engine", "left_out"), [("sqlite3", {"postgres"}), ("postgresql", {"once", "drawn"})]
)
def test_each_database_runs_all_but_what_the_other_shows(
    monkeypatch: pytest.MonkeyPatch, engine: str, left_out: set[str]
) -> None:
    monkeypatch.setitem(settings.DATABASES["default"], "ENGINE", f"django.db.backends.{engine}")
    plain = Item()
    marked = {mark: Item(mark) for mark in ("once", "drawn", "postgres")}
    kept = [item for mark, item in marked.items() if mark not in left_out]
    assert collected(plain, *marked.values()) == [plain, *kept]


def test_what_takes_longest_is_begun_first() -> None:
    rule, page, storm = (Item(path=path) for path in ("ferry/test_qr.py", "browser/test_lane.py", SLOW[0]))
    assert collected(rule, page, storm) == [storm, page, rule]


@pytest.mark.once
@pytest.mark.parametrize("ask", [lambda: cache.get("x"), lambda: cache.set("x", 1), lambda: cache.clear()])
def test_one_marked_once_has_no_cache(ask: Callable[[], object]) -> None:
    with pytest.raises(NotImplementedError):
        ask()


@pytest.mark.once
def test_one_marked_once_has_no_database() -> None:
    with pytest.raises(RuntimeError, match="Database access not allowed"):
        connection.cursor()
