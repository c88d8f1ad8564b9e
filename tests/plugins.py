"""Which tests run where, and that none slips away unseen."""

from __future__ import annotations

import fcntl
import os
import shutil
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

import pytest
from django.conf import settings

from tests.journeys.processes import manage, production, trial

Report = TypeVar("Report", pytest.TestReport, pytest.CollectReport)
NO_SKIPS = os.environ.get("FERRYMAN_NO_SKIPS") == "1"
CHROMIUM = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")
#: The same browser without windows: it shows pages just so, for half as much.
SHELL = shutil.which("chromium-headless-shell") or CHROMIUM
#: What takes longest, so that no worker is left alone with it in the end.
SLOW = ("journeys/test_disturbed.py", "browser/test_accessibility.py", "journeys/", "browser/")
TESTS = Path(__file__).parent

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
    left_out = {"once", "drawn"} if on_postgresql else {"postgres"}
    config.hook.pytest_deselected(items=[item for item in items if is_marked(item, left_out)])
    items[:] = sorted((item for item in items if not is_marked(item, left_out)), key=turn)


def is_marked(item: pytest.Item, marks: set[str]) -> bool:
    return any(item.get_closest_marker(mark) for mark in marks)


def turn(item: pytest.Item) -> int:
    """Say how early it is begun; what takes equally long stays as it was collected."""
    path = item.path.relative_to(TESTS).as_posix()
    return next((turn for turn, slow in enumerate(SLOW) if path.startswith(slow)), len(SLOW))


def asks_database(item: pytest.Item) -> bool:
    return bool(item.get_closest_marker("django_db") or DATABASE & set(getattr(item, "fixturenames", ())))


@pytest.fixture(scope="session")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a SQLite database for copying, which every migration ran on once for all workers of this run."""
    with shared_by_workers(tmp_path_factory) as folder:
        database = folder / "migrated.sqlite3"
        if not database.exists():
            own = tmp_path_factory.mktemp("migrated")
            manage(trial(own), "migrate", "--verbosity=0")
            (own / "ferryman.sqlite3").rename(database)
    return database


@pytest.fixture(scope="session")
def collected(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Collect the static files for a server as in production, once for all workers of this run."""
    with shared_by_workers(tmp_path_factory) as folder:
        done = folder / "collected"
        if not done.exists():
            own = production(tmp_path_factory.mktemp("collected"))
            manage(own, "collectstatic", "--noinput", "--verbosity=0")
            done.touch()


@contextmanager
def shared_by_workers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Give the folder of this run, to one worker at a time."""
    own = tmp_path_factory.getbasetemp()
    folder = own.parent if "PYTEST_XDIST_WORKER" in os.environ else own
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield folder


@pytest.fixture(scope="session")
def browser_type_launch_args() -> dict[str, object]:
    """Launch the machine's own Chromium, without windows where it can."""
    return launch_args(SHELL)


@pytest.fixture(scope="session")
def camera_launch_args() -> dict[str, object]:
    """Launch the whole of Chromium, as it is on what has a camera."""
    return launch_args(CHROMIUM)


def launch_args(program: str | None) -> dict[str, object]:
    if program is None:
        pytest.fail(
            "Browser tests need Chromium: apt-get install chromium fonts-noto-cjk. "
            "To leave them out: make test PYTEST='-m \"not browser\"'."
        )
    quiet = ["no-first-run", "disable-background-networking", "disable-component-update", "disable-sync"]
    args = ["no-sandbox", "disable-gpu", "disable-quic", *quiet]
    return {"executable_path": program, "args": [f"--{arg}" for arg in args]}


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
