"""`make run`, from the first start to Ctrl-C, and once more."""

from __future__ import annotations

import os
import signal
import socket
import sys
from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from urllib.request import urlopen

import pytest

from tests.journeys.processes import free_port, lay, manage, start, trial

pytestmark = pytest.mark.once

COUNT = "from ferry.models import Trip; print(Trip.objects.count())"


@pytest.fixture(scope="module")
def environment(migrated: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    environment = trial(tmp_path_factory.mktemp("run"), PORT=str(free_port()))
    lay(migrated, environment)
    yield environment
    assert not alive(environment)


def alive(environment: dict[str, str]) -> dict[int, list[str]]:
    """Find the processes that live on this test's own data: their ids and command lines."""
    mark = f"DATA_DIR={environment['DATA_DIR']}".encode()
    found = {}
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if mark in (process / "environ").read_bytes().split(b"\0"):
                found[int(process.name)] = (process / "cmdline").read_text().split("\0")
        except OSError:
            continue  # It has ended, or is another user's.
    return found


def test_it_starts_everything_and_an_interrupt_stops_everything(environment):
    trips = []
    for interrupt in (signal.SIGINT, signal.SIGTERM):
        run = start(environment, sys.executable, "manage.py", "run", until="Ferryman is at")
        with urlopen(f"http://localhost:{environment['PORT']}/healthz/") as answer:
            assert answer.status == 200
        assert set(chain.from_iterable(alive(environment).values())) >= {"worker", "beat", "wsgi"}
        run.send_signal(interrupt)
        said, _ = run.communicate()
        assert run.returncode == 0, said
        assert not alive(environment)
        trips.append(manage(environment, "shell", "--no-imports", "--command", COUNT))
    assert trips[0] == trips[1] != "0\n"


def test_it_ends_when_one_of_its_processes_does(environment):
    run = start(environment, sys.executable, "manage.py", "run", until="Ferryman is at")
    beat = next(pid for pid, words in alive(environment).items() if "beat" in words)
    os.kill(beat, signal.SIGKILL)
    said, _ = run.communicate()
    assert run.returncode == 1
    assert "The beat process ended by itself" in said
    assert not alive(environment)


def test_a_taken_port_is_said_and_nothing_starts(environment):
    port = int(environment["PORT"])
    with (
        socket.create_server(("127.0.0.1", port)),
        pytest.raises(AssertionError, match=f"Port {port} is taken"),
    ):
        start(environment, sys.executable, "manage.py", "run", until="Ferryman is at")
    assert not alive(environment)
