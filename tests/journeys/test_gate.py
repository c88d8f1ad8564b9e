"""`manage.py gate` beside a real server: online and off, after a power cut, revoked, by a serial line."""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.journeys.processes import ROOT, free_port, lay, manage, serve, trial

pytestmark = pytest.mark.once


class Site:
    """An installation whose web server can be stopped and started."""

    def __init__(self, folder: Path, migrated: Path) -> None:
        self.folder = folder
        self.port = free_port()
        self.environment = trial(folder, PORT=str(self.port))
        lay(migrated, self.environment)
        made = self.shell("from tests.journeys.gate_world import make; make()")
        world = json.loads(made.splitlines()[-1])
        self.codes, self.enrolments = iter(world["codes"]), iter(world["enrolments"])
        self.server: subprocess.Popen[bytes] | None = None
        self.start()

    def shell(self, program: str) -> str:
        return manage(self.environment, "shell", "--verbosity=0", "--command", program)

    def start(self) -> None:
        self.server = serve(self.environment, self.port)

    def stop(self) -> None:
        assert self.server
        self.server.terminate()
        self.server.wait()

    def scans(self, lane: str) -> list[tuple[str, str, str]]:
        """Give a lane's scans as the server keeps them: id, its own verdict, the gate's."""
        with sqlite3.connect(self.folder / "ferryman.sqlite3") as database:
            query = "SELECT scan_id, verdict, offline_verdict FROM clearance_scan WHERE lane = ? ORDER BY id"
            return database.execute(query, (lane,)).fetchall()


class Gate:
    """The client as a process: codes in, events out."""

    def __init__(self, site: Site, folder: Path, *options: str) -> None:
        command = [
            sys.executable,
            "manage.py",
            "gate",
            "--state",
            str(folder),
            "--refresh=1",
            "--same-within=0",
        ]
        self.folder = folder
        self.process = subprocess.Popen(
            [*command, *options],
            cwd=ROOT,
            env=site.environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def read(self, *codes: str) -> None:
        assert self.process.stdin
        self.process.stdin.write("".join(f"{code}\n" for code in codes))
        self.process.stdin.flush()

    def until(self, event: str, **said: Any) -> dict[str, Any]:
        """Wait for an event that says this."""
        assert self.process.stdout
        heard = []
        for line in self.process.stdout:
            heard.append(line)
            told = json.loads(line)
            if told["event"] == event and said.items() <= told.items():
                return dict(told)
        raise AssertionError(f"It ended without {event} {said}:\n{''.join(heard)}")

    def scan(self, code: str) -> tuple[str, list[str], str]:
        """Have one code read; give the verdict, its reasons and the lamp."""
        self.read(code)
        verdict = self.until("verdict")
        reasons = [reason["code"] for reason in verdict["reasons"]]
        return verdict["verdict"], reasons, self.until("lamp")["colour"]

    def end(self) -> list[dict[str, Any]]:
        """Close its input, and give the last it had to say."""
        said, _errors = self.process.communicate(timeout=60)
        assert self.process.returncode == 0
        return [json.loads(line) for line in said.splitlines()]

    def cut_the_power(self) -> None:
        os.kill(self.process.pid, signal.SIGKILL)
        self.process.communicate()

    def journal(self, query: str) -> list[tuple[Any, ...]]:
        with sqlite3.connect(self.folder / "journal.sqlite3") as database:
            return database.execute(query).fetchall()


@pytest.fixture(scope="module")
def site(migrated: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    site = Site(tmp_path_factory.mktemp("site"), migrated)
    yield site
    site.stop()


def enrolled(site: Site, folder: Path, *options: str) -> Gate:
    address = f"http://127.0.0.1:{site.port}/#{next(site.enrolments)}"
    return Gate(site, folder, "--enrol", address, *options)


def altered(code: str) -> str:
    return code[:-20] + ("A" if code[-20] != "A" else "B") + code[-19:]


def test_it_releases_online_and_keeps_its_key_to_itself(site: Site, tmp_path: Path) -> None:
    gate = enrolled(site, tmp_path)
    lane = gate.until("ready")["lane"]
    code = next(site.codes)

    gate.read(code)
    verdict = gate.until("verdict")
    assert (verdict["verdict"], verdict["offline"]) == ("release", False)
    assert verdict["vehicle"]["make"] == "Chery"
    gate.until("lamp", colour="green")
    gate.until("barrier", do="open")
    assert gate.scan(code) == ("refuse", ["already_used"], "red")
    assert all(event["event"] != "barrier" for event in gate.end())

    assert [(own, there) for _id, own, there in site.scans(lane)] == [("release", ""), ("refuse", "")]
    assert stat.S_IMODE((tmp_path / "gate.json").stat().st_mode) == 0o600


def test_without_the_line_it_decides_by_its_list_and_tells_the_server_once(
    site: Site, tmp_path: Path
) -> None:
    gate = enrolled(site, tmp_path)
    lane = gate.until("ready")["lane"]
    assert gate.until("list")["passes"] > 0
    code, other = next(site.codes), next(site.codes)
    site.stop()

    assert gate.scan(code) == ("release", [], "green")
    assert gate.until("barrier", do="open")
    assert gate.scan(code) == ("refuse", ["already_used"], "red")
    assert gate.scan(altered(other)) == ("refuse", ["bad_signature"], "red")
    assert gate.scan("WWW.HORGOS-TAXI.EXAMPLE") == ("refuse", ["unreadable"], "red")
    assert site.scans(lane) == []

    site.start()
    gate.until("queue", waiting=0)
    gate.until("link", state="online")
    assert gate.scan(other) == ("release", [], "green")
    gate.end()

    assert [(own, there) for _id, own, there in site.scans(lane)] == [
        ("release", "release"),
        ("refuse", "refuse"),
        ("refuse", "refuse"),
        ("refuse", "refuse"),
        ("release", ""),
    ]


def test_a_power_cut_loses_nothing_and_doubles_nothing(site: Site, tmp_path: Path) -> None:
    gate = enrolled(site, tmp_path)
    lane = gate.until("ready")["lane"]
    gate.until("list")
    site.stop()
    gate.scan("X")
    codes = [next(site.codes), *(f"X{number}" for number in range(40)), next(site.codes)]
    gate.read(*codes)
    for _number in range(9):
        gate.until("verdict")
    gate.cut_the_power()

    gate = Gate(site, tmp_path)
    gate.until("ready")
    gate.until("link", state="offline")
    kept = gate.journal("SELECT scan_id, verdict FROM scan ORDER BY number")
    assert len(kept) >= 10
    site.start()
    gate.until("queue")
    gate.cut_the_power()

    gate = Gate(site, tmp_path)
    gate.until("link", state="online")
    gate.read("LAST")
    gate.until("verdict")
    gate.end()

    stored = site.scans(lane)
    told = gate.journal("SELECT replace(scan_id, '-', '') FROM scan ORDER BY number")
    assert [scan_id for scan_id, _own, _there in stored] == [scan_id for (scan_id,) in told]
    assert [there for _id, _own, there in stored][: len(kept)] == [verdict for _id, verdict in kept]
    assert gate.journal("SELECT count(*) FROM scan WHERE state <> 'settled'") == [(0,)]
    assert gate.journal("SELECT count(*) FROM dead_letter") == [(0,)]


def test_a_revoked_gate_goes_red_and_stays_so_without_the_line(site: Site, tmp_path: Path) -> None:
    gate = enrolled(site, tmp_path)
    lane = gate.until("ready")["lane"]
    gate.until("list")
    site.shell(
        "from clearance.actions.devices import revoke_device as end; from clearance.models import Device;"
        "from django.utils import timezone;"
        f"end(device=Device.objects.get(lane='{lane}'), reason='stolen', at=timezone.now(), by='x')"
    )
    gate.until("key", state="refused")
    gate.until("lamp", colour="red")
    code = next(site.codes)

    assert gate.scan(code) == ("refuse", ["key_refused"], "red")
    site.stop()
    assert gate.scan(code) == ("refuse", ["key_refused"], "red")
    assert all(event["event"] != "barrier" for event in gate.end())
    site.start()

    assert site.scans(lane) == []
    assert gate.journal("SELECT verdict, state FROM scan") == [("refuse", "waiting")] * 2

    anew = enrolled(site, tmp_path)
    lane = anew.until("ready", waiting=2)["lane"]
    anew.until("queue", waiting=0)
    assert anew.scan(code) == ("release", [], "green")
    anew.end()
    assert gate.journal("SELECT verdict, state FROM scan")[:2] == [("refuse", "settled")] * 2


def test_it_reads_a_serial_line(site: Site, tmp_path: Path) -> None:
    ours, theirs = os.openpty()
    gate = enrolled(site, tmp_path, "--serial", os.ttyname(theirs))
    gate.until("link", state="online")

    code = next(site.codes)
    os.write(ours, code[:50].encode())
    os.write(ours, code[50:].encode() + b"\r")
    assert gate.until("verdict")["verdict"] == "release"
    os.write(ours, b"WWW.HORGOS-TAXI.EXAMPLE\r\n")
    assert gate.until("verdict")["verdict"] == "refuse"

    gate.process.send_signal(signal.SIGINT)
    gate.end()
    os.close(ours)
    os.close(theirs)


def test_a_used_code_enrols_no_second_gate(site: Site, tmp_path: Path) -> None:
    address = f"http://127.0.0.1:{site.port}/#{next(site.enrolments)}"
    Gate(site, tmp_path / "one", "--enrol", address).end()
    second = Gate(site, tmp_path / "two", "--enrol", address)
    second.process.communicate()

    assert second.process.returncode == 1
    assert not (tmp_path / "two" / "gate.json").exists()
