"""Killing workers, restarting PostgreSQL and emptying the queue in the middle loses and doubles nothing.

A world with faults is laid and left to be reconciled. On one copy of it a worker does all of it, undisturbed.
On another the workers are disturbed again and again. In the end every row of both must be the same.
"""

from __future__ import annotations

import sqlite3
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NamedTuple

import dj_database_url
import pytest
from django.db import connection, connections

from clearance.actions.reconcile import Tally
from clearance.actions.standard import lay_standard_data
from clearance.models import Counted
from clearance.simulation import play
from clearance.simulation.script import AFTERMATH, write_script
from ferry.actions.hooks import add_endpoint
from ferry.models import Case, CaseKind, Checkpoint, Company, DayMark, HookType, Trip
from ferry.queries.hooks import unannounced_cases, unannounced_events, unannounced_steps
from tests.builders import BY, a_member
from tests.journeys.crews import KILLED, Copy, Storm, Waiting, work_off
from tests.journeys.processes import trial
from tests.journeys.servers import own_servers
from tests.journeys.told import differences, known_rows, opened

BEGAN = datetime(2026, 3, 2, tzinfo=UTC)
DAYS, DRIVERS, SEED, FAULTS = 5, 40, 7, 0.75
#: The moment all workers live at: every limit of reconciliation is over.
NOW = BEGAN + timedelta(days=DAYS) + AFTERMATH
LISTENED = sorted(set(HookType.values) - {HookType.TEST})


class House(NamedTuple):
    """Two copies of the world, and what can happen to those who work on the second."""

    quiet: Copy
    stormy: Copy
    storms: Sequence[Storm]
    #: How many statements each worker writes before it stops.
    stops: Sequence[int]


def is_uncounted(name: str) -> bool:
    counted = Counted.objects.using(name).filter(until__gte=NOW).count()
    return counted < Checkpoint.objects.using(name).count()


#: One after another: what is told of a trip's event depends on how far the trip is by then.
WAITING: Waiting = {
    "clearance.tasks.reconcile": lambda name: (
        Trip.objects.using(name).filter(next_check_at__lte=NOW).exists()
    ),
    "ferry.tasks.announce": lambda name: any(
        rows.using(name).exists() for rows in (unannounced_events(), unannounced_cases(), unannounced_steps())
    ),
    "ferry.tasks.count_days": lambda name: DayMark.objects.using(name).exists(),
    "clearance.tasks.count_scans": is_uncounted,
}


def test_it_ends_as_if_nobody_had_been_disturbed_and_all_again_changes_nothing(house: House) -> None:
    quiet, stormy = house.quiet.name, house.stormy.name
    known = known_rows(quiet)
    work_off(house.quiet, WAITING, 0)
    assert kinds(quiet) >= FOUND

    broke = work_off(house.stormy, WAITING, *house.stops, storms=house.storms)
    assert all(broke[storm.name] for storm in house.storms), broke
    assert differences(quiet, stormy, known) == {}

    have_all_checked(stormy)
    work_off(house.stormy, WAITING, *[0 for _worker in house.stops])
    assert differences(quiet, stormy, known) == {}


FOUND = {CaseKind.EXIT_NO_DELIVERY, CaseKind.VIN_MISMATCH, CaseKind.DRIVER_MISMATCH}


def kinds(name: str) -> set[str]:
    with opened(name):
        return set(Case.objects.using(name).values_list("kind", flat=True))


def have_all_checked(name: str) -> None:
    with opened(name):
        Trip.objects.using(name).update(next_check_at=NOW)


# --- The world, and its copies -------------------------------------------------------------------


@pytest.fixture
def house(tmp_path: Path, transactional_db: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[House]:
    lay_a_world(monkeypatch)
    lay = on_servers if connection.vendor == "postgresql" else on_files
    with lay(tmp_path) as house, known_to_django(house.quiet, house.stormy):
        yield house


def lay_a_world(monkeypatch: pytest.MonkeyPatch) -> None:
    """Play some days of traffic in which most trips have a fault, and let nobody reconcile or announce it."""
    lay_standard_data(at=BEGAN, by=BY)
    script = write_script(seed=SEED, starts_at=BEGAN, days=DAYS, drivers=DRIVERS, faults=FAULTS)
    monkeypatch.setattr(play, "reconcile_all_due", lambda at: Tally())
    play.play_script(script)
    for company in Company.objects.all():
        a_member(company)
        add_endpoint(company=company, url="https://silkroad.example/", types=LISTENED, at=BEGAN)


@contextmanager
def known_to_django(*copies: Copy) -> Iterator[None]:
    for copy in copies:
        own = dj_database_url.parse(copy.environment["DATABASE_URL"])
        connections.databases[copy.name] = connection.settings_dict | own | {"OPTIONS": {}}
    yield
    for copy in copies:
        connections[copy.name].close()
        del connections[copy.name], connections.databases[copy.name]


@contextmanager
def on_servers(folder: Path) -> Iterator[House]:
    """Let two workers share PostgreSQL and Redis."""
    with own_servers() as (postgres, redis):
        copy_of_our_own(postgres.url("quiet"))
        sql(postgres.url("postgres"), "CREATE DATABASE stormy TEMPLATE quiet")
        quiet, stormy = (
            Copy(name, trial(folder, DATABASE_URL=postgres.url(name), REDIS_URL=redis.url), NOW)
            for name in ("quiet", "stormy")
        )
        storms = [
            KILLED,
            Storm("PostgreSQL stopped", lambda: postgres.restart("fast")),
            Storm("Redis emptied", redis.empty),
            Storm("PostgreSQL killed", lambda: postgres.restart("immediate")),
            Storm("Redis killed", redis.kill_and_start),
        ]
        yield House(quiet, stormy, storms, stops=(11, 17))


def copy_of_our_own(url: str) -> None:
    """Copy the database under test to a server."""
    server, _slash, name = url.rpartition("/")
    sql(f"{server}/postgres", f"CREATE DATABASE {name}")
    own = connection.settings_dict
    source = f"postgres://{own['USER']}:{own['PASSWORD']}@{own['HOST']}:{own['PORT']}/{own['NAME']}"
    dump = subprocess.run(["pg_dump", "--no-owner", source], check=True, stdout=subprocess.PIPE).stdout
    subprocess.run([*PSQL, url], input=dump, check=True, stdout=subprocess.DEVNULL)


PSQL = ["psql", "--quiet", "--no-psqlrc", "--set=ON_ERROR_STOP=1"]


def sql(url: str, statement: str) -> None:
    subprocess.run([*PSQL, url, f"--command={statement}"], check=True)


@contextmanager
def on_files(folder: Path) -> Iterator[House]:
    """Let one worker have SQLite and a queue of files, as `make run` does."""
    quiet, stormy = (
        Copy(name, trial(folder / name, DATABASE_URL=f"sqlite:///{file_in(folder / name)}"), NOW)
        for name in ("quiet", "stormy")
    )

    def empty() -> None:
        for message in (folder / "stormy" / "queue" / "messages").iterdir():
            message.unlink(missing_ok=True)

    yield House(quiet, stormy, [KILLED, Storm("queue emptied", empty)], stops=(11,))


def file_in(folder: Path) -> Path:
    """Copy the database under test to a folder."""
    for part in ("messages", "control", "processed"):
        (folder / "queue" / part).mkdir(parents=True)
    file = folder / "ferryman.sqlite3"
    with (
        closing(sqlite3.connect(connection.settings_dict["NAME"])) as own,
        closing(sqlite3.connect(file)) as copy,
    ):
        own.backup(copy)
    return file
