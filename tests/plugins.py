"""Which tests run where, and that none slips away unseen."""

from __future__ import annotations

import os
import shutil
from collections.abc import Generator
from typing import TypeVar

import pytest
from django.conf import settings

Report = TypeVar("Report", pytest.TestReport, pytest.CollectReport)
NO_SKIPS = os.environ.get("FERRYMAN_NO_SKIPS") == "1"
CHROMIUM = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")


#: What asks for the database; pytest-django refuses it to every test that asks for none of them.
DATABASE = {
    "db",
    "transactional_db",
    "django_db_reset_sequences",
    "django_db_serialized_rollback",
    "live_server",
}


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what only the other database can show, and on PostgreSQL what no database can change."""
    wrong = [item.nodeid for item in items if item.get_closest_marker("once") and asks_database(item)]
    if wrong:
        raise pytest.UsageError(f"Marked once, and they ask for the database: {', '.join(wrong)}")
    on_postgresql = settings.DATABASES["default"]["ENGINE"].endswith("postgresql")
    left_out = "once" if on_postgresql else "postgres"
    config.hook.pytest_deselected(items=[item for item in items if item.get_closest_marker(left_out)])
    items[:] = [item for item in items if not item.get_closest_marker(left_out)]


def asks_database(item: pytest.Item) -> bool:
    return bool(item.get_closest_marker("django_db") or DATABASE & set(getattr(item, "fixturenames", ())))


@pytest.fixture(scope="session")
def browser_type_launch_args() -> dict[str, object]:
    """Launch the machine's own Chromium."""
    if CHROMIUM is None:
        pytest.fail(
            "Browser tests need Chromium: apt-get install chromium fonts-noto-cjk. "
            "To leave them out: make test PYTEST='-m \"not browser\"'."
        )
    quiet = ["no-first-run", "disable-background-networking", "disable-component-update", "disable-sync"]
    args = ["no-sandbox", "disable-gpu", "disable-quic", *quiet]
    return {"executable_path": CHROMIUM, "args": [f"--{arg}" for arg in args]}


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    return insist_it_ran((yield))


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report() -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    return insist_it_ran((yield))


def insist_it_ran(report: Report) -> Report:
    """Turn a skip into a failure where FERRYMAN_NO_SKIPS is set: there, every test must have run."""
    if NO_SKIPS and report.skipped:
        report.outcome = "failed"
        report.longrepr = f"It was skipped, and every test must run here. {report.longrepr}"
    return report
