"""A gate's lane against a server that fails in every way a line can fail."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.utils import translation
from django.utils.functional import Promise, lazy

from clearance.gate.clock import Clock
from clearance.gate.identity import Identity, read_identity, write_identity
from clearance.gate.journal import NO_LIST_AGE_S, Journal
from clearance.gate.lane import CLOCK_WRONG, KEY_REFUSED, NO_LIST, Lane
from clearance.gate.server import Answer, KeyRefused, NoAnswer, Refused
from clearance.queries.lists import offline_list
from ferry.errors import Reason
from ferry.models import Driver, Pass
from tests.builders import AT, a_checkpoint, a_pass, an_issued_trip

WHO = Identity("https://x.example", "t", "North gate", "CN-HORGOS", "3", ("scan", "list"))
REUSED = {"status": 409, "errors": [{"code": "scan_id_reused", "detail": "x", "attr": "scan_id"}]}


class FakeServer:
    """Keep scans as the server does: one answer per id, a conflict for other content; fail as told."""

    def __init__(self) -> None:
        self.kept: dict[str, tuple[dict[str, Any], str]] = {}
        self.verdict = "release"
        self.list_answer: dict[str, Any] | None = None
        self.fails: Callable[[], None] = lambda: None
        self.fails_after: Callable[[], None] = lambda: None
        self.refused: dict[str, dict[str, Any]] = {}
        self.most = 1000
        self.lane = "3"
        self.said_at = AT

    def answer(self, body: Any, status: int = 200) -> Answer:
        self.fails_after()
        return Answer(status, body, self.said_at, "")

    def own(self) -> Answer:
        self.fails()
        return self.answer({"name": "North gate", "lane": self.lane, "rights": ["scan", "list"]})

    def ask(self, scan: dict[str, Any], *, within_s: float) -> Answer:
        self.fails()
        told = self.take(scan)
        if told["status"] >= 400:
            raise Refused(told["status"], told["errors"])
        return self.answer(told)

    def upload(self, scans: list[dict[str, Any]]) -> Answer:
        self.fails()
        if len(scans) > self.most:
            raise Refused(413, [{"code": "too_large"}])
        return self.answer({"results": [self.take(scan) for scan in scans]})

    def take(self, scan: dict[str, Any]) -> dict[str, Any]:
        if scan["code"] in self.refused:
            return self.refused[scan["code"]]
        before, verdict = self.kept.setdefault(scan["scan_id"], (scan, self.verdict))
        if before != scan:
            return REUSED
        trip = {"reference": f"T-{scan['code'][-8:]}"}
        return {"status": 201, "scan_id": scan["scan_id"], "verdict": verdict, "reasons": [], "trip": trip}

    def list(self, checkpoint: str, *, since: str, etag: str, clock: datetime) -> Answer:
        self.fails()
        if self.list_answer is None:
            raise NoAnswer("503")
        return self.answer(self.list_answer)


class Site:
    """A lane whose two threads are played by the test: `lane.read` is one, `keep_up` the other."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.server, self.told = folder, FakeServer(), []
        self.time = AT
        self.begin()

    def begin(self) -> None:
        self.journal = Journal(self.folder)
        self.lane = Lane(
            folder=self.folder,
            identity=WHO,
            server=self.server,
            journal=self.journal,
            clock=Clock(now=lambda: self.time, steady=lambda: self.time.timestamp()),
            tell=lambda event, **said: self.told.append((event, said)),
        )

    def read(self, code: str) -> str:
        self.told.clear()
        self.lane.read(code)
        lamp = self.events("lamp")[-1]
        assert bool(self.events("barrier")) == (lamp["colour"] == "green")
        return lamp["colour"]

    def keep_up(self) -> float:
        self.lane._refresh_at = None
        return self.lane._round()

    def cut(self) -> None:
        self.server.fails = self.no_answer

    def restore(self) -> None:
        self.server.fails = self.server.fails_after = lambda: None

    def no_answer(self) -> None:
        raise NoAnswer("cut")

    def events(self, name: str) -> list[dict[str, Any]]:
        return [said for event, said in self.told if event == name]

    def reasons(self) -> list[str]:
        return [reason["code"] for reason in self.events("verdict")[-1]["reasons"]]

    def rows(self, columns: str, table: str = "scan") -> list[tuple[Any, ...]]:
        with sqlite3.connect(self.folder / "journal.sqlite3") as database:
            return database.execute(f"SELECT {columns} FROM {table}").fetchall()  # noqa: S608


@pytest.fixture
def site(tmp_path: Path) -> Site:
    return Site(tmp_path)


@pytest.fixture
def pass_(db: None, site: Site) -> Pass:
    """Have a pass on the site's list."""
    pass_ = a_pass(an_issued_trip())
    site.server.list_answer = offline_list(a_checkpoint(), at=AT)
    site.keep_up()
    return pass_


# --- Answers that do not come ------------------------------------------------------------------


def test_a_lost_answer_that_said_the_same_is_settled_without_a_second_scan(site: Site, pass_: Pass) -> None:
    site.server.fails_after = site.no_answer
    assert site.read(pass_.code) == "green"
    site.restore()
    site.keep_up()

    assert site.rows("state, verdict") == [("settled", "release")]
    assert len(site.server.kept) == 1
    assert site.events("differs") == []


def test_a_vehicle_that_went_through_is_told_although_the_lost_answer_said_no(
    site: Site, pass_: Pass
) -> None:
    site.server.fails_after, site.server.verdict = site.no_answer, "refuse"
    assert site.read(pass_.code) == "green"
    site.restore()
    site.keep_up()

    asked, told = [scan for scan, _verdict in site.server.kept.values()]
    assert "offline" not in asked
    assert told["offline"]["verdict"] == "release"
    assert told["scanned_at"] == asked["scanned_at"]
    assert [(said["here"], said["server"]) for said in site.events("differs")] == [("release", "refuse")]
    assert site.rows("state") == [("settled",)]


def test_a_release_that_never_reached_the_barrier_is_told_to_somebody(site: Site, pass_: Pass) -> None:
    site.server.fails_after = site.no_answer
    assert site.read("X") == "red"
    site.restore()
    site.keep_up()

    assert [(said["here"], said["server"]) for said in site.events("differs")] == [("refuse", "release")]
    assert len(site.server.kept) == 1


@pytest.mark.parametrize(
    "body",
    [{}, {"verdict": "open"}, {"verdict": "release", "scan_id": "another"}, {"verdict": "release"}],
)
def test_an_answer_to_something_else_opens_nothing(site: Site, body: dict[str, Any]) -> None:
    site.server.take = lambda scan: {"status": 200, "trip": None, **body}  # type: ignore[method-assign]

    assert site.read("X") == "amber"
    assert site.lane.is_online is False


def test_results_that_make_no_sense_keep_the_queue(site: Site) -> None:
    site.cut()
    site.read("X")
    site.restore()
    site.server.take = lambda scan: {"status": "fine"}  # type: ignore[method-assign]
    assert site.keep_up() > 0

    assert site.rows("state") == [("waiting",)]
    assert site.lane.is_online is False


def test_while_something_waits_nothing_overtakes_it(site: Site, pass_: Pass) -> None:
    site.cut()
    site.read(pass_.code)
    site.restore()
    site.lane._go_online()
    site.read("X")

    assert site.server.kept == {}
    site.keep_up()
    assert [scan["code"] for scan, _verdict in site.server.kept.values()] == [pass_.code, "X"]


def test_it_waits_longer_after_every_failure_and_no_longer_than_a_minute(site: Site, pass_: Pass) -> None:
    site.cut()
    waits = [site.keep_up() for _try in range(12)]

    assert 0.5 <= waits[0] <= 1
    assert all(30 <= wait <= 60 for wait in waits[7:])
    site.restore()
    site.keep_up()
    site.cut()
    assert site.keep_up() <= 1


def test_it_comes_back_when_the_server_wants_it_to(site: Site) -> None:
    def busy() -> None:
        raise NoAnswer("429", after_s=300)

    site.server.fails = busy
    assert site.keep_up() == 300


# --- Scans the server will not take ------------------------------------------------------------


def test_a_scan_that_is_refused_for_good_is_kept_apart_and_stops_no_other(site: Site) -> None:
    site.cut()
    for code in ("one", "spoiled", "two"):
        site.read(code)
    site.restore()
    errors = [{"code": "scanned_at_unusable", "detail": "x", "attr": "scanned_at"}]
    site.server.refused["spoiled"] = {"status": 400, "errors": errors}
    site.keep_up()

    assert site.rows("code, state") == [("one", "settled"), ("spoiled", "dead"), ("two", "settled")]
    ((scan, status),) = site.rows("scan, status", "dead_letter")
    assert ('"spoiled"' in scan, status) == (True, 400)
    assert [said["status"] for said in site.events("dead_letter")] == [400]
    site.keep_up()
    assert len(site.rows("*", "dead_letter")) == 1


def test_a_question_that_is_refused_for_good_is_red(site: Site) -> None:
    site.server.refused["X"] = {"status": 403, "errors": [{"code": "right_missing", "detail": "x"}]}

    assert site.read("X") == "red"
    assert site.reasons() == ["right_missing"]
    assert site.rows("state") == [("dead",)]


def test_a_batch_that_is_too_large_is_sent_in_smaller_ones(site: Site) -> None:
    site.cut()
    for number in range(9):
        site.read(f"X{number}")
    site.restore()
    site.server.most = 2
    site.keep_up()

    assert [scan["code"] for scan, _verdict in site.server.kept.values()] == [f"X{n}" for n in range(9)]
    assert site.rows("count(*)", "dead_letter") == [(0,)]


# --- The key -----------------------------------------------------------------------------------


def test_a_refused_key_is_red_until_it_is_accepted_again(site: Site, pass_: Pass) -> None:
    def revoked() -> None:
        raise KeyRefused

    site.server.fails = revoked
    assert site.read(pass_.code) == "red"
    site.cut()
    assert site.read(pass_.code) == "red"
    assert site.reasons() == ["key_refused"]

    site.restore()
    site.keep_up()
    assert site.events("key") == [{"state": "accepted"}]
    site.keep_up()
    assert site.read(pass_.code) == "green"


def test_it_moves_to_the_lane_the_supervisor_says(site: Site) -> None:
    write_identity(site.folder, WHO)
    site.server.lane = "7"
    site.keep_up()
    site.cut()
    site.read("X")

    assert site.rows("lane") == [("7",)]
    kept = read_identity(site.folder)
    assert kept is not None
    assert kept.lane == "7"


# --- The list and the clock --------------------------------------------------------------------


def test_without_a_list_an_officer_decides(site: Site) -> None:
    site.cut()

    assert site.read("X") == "amber"
    assert site.reasons() == ["no_list"]
    assert site.rows("list_age_s") == [(NO_LIST_AGE_S,)]


@pytest.mark.parametrize("language", ["zh-hans", "ru", "kk", "en"])
def test_its_own_reasons_are_said_in_its_language(
    site: Site, monkeypatch: pytest.MonkeyPatch, language: str
) -> None:
    assert all(isinstance(own.detail, Promise) for own in (KEY_REFUSED, NO_LIST, CLOCK_WRONG))
    spoken = Reason("no_list", lazy(lambda: f"in {translation.get_language()}", str)())
    monkeypatch.setattr("clearance.gate.lane.NO_LIST", spoken)
    site.cut()

    with translation.override(language):
        site.read("X")

    assert site.events("verdict")[-1]["reasons"] == [{"code": "no_list", "detail": f"in {language}"}]


def test_it_tells_both_names_and_a_list_from_before_there_were_two_still_judges(
    site: Site, pass_: Pass
) -> None:
    site.cut()
    assert site.server.list_answer is not None
    Driver.objects.update(name="马军", name_latin="MA JUN")
    for content, latin in ((offline_list(a_checkpoint(), at=AT), "MA JUN"), (site.server.list_answer, "")):
        lines = [
            {name: one for name, one in line.items() if latin or name != "driver_latin"}
            for line in content["passes"]
        ]
        site.restore()
        site.server.list_answer = {**content, "passes": lines}
        site.keep_up()
        site.cut()
        site.lane.earlier.clear()

        assert site.read(pass_.code) == "green"
        assert site.events("verdict")[-1]["vehicle"]["driver"]["name_latin"] == latin


def test_the_list_outlives_a_power_cut(site: Site, pass_: Pass) -> None:
    site.begin()
    site.cut()

    assert site.read(pass_.code) == "green"


def test_what_it_let_through_counts_after_a_power_cut(site: Site, pass_: Pass) -> None:
    site.cut()
    site.read(pass_.code)
    site.begin()

    assert site.read(pass_.code) == "red"
    assert site.reasons() == ["already_used"]


def test_what_was_let_through_online_counts_offline(site: Site, pass_: Pass) -> None:
    def as_its_trip(scan: dict[str, Any]) -> dict[str, Any]:
        trip = {"reference": pass_.trip.reference}
        return {"status": 201, "scan_id": scan["scan_id"], "verdict": "release", "reasons": [], "trip": trip}

    site.server.take = as_its_trip  # type: ignore[method-assign]
    assert site.read(pass_.code) == "green"
    site.cut()

    assert site.read(pass_.code) == "red"
    assert site.reasons() == ["already_used"]


def test_a_scan_without_a_verdict_is_told_as_refused_after_a_power_cut(site: Site) -> None:
    site.journal.keep(code="X", checkpoint="CN-HORGOS", lane="3", at=AT)
    site.begin()
    assert site.journal.refuse_undecided() == 1
    site.keep_up()

    ((scan, _verdict),) = site.server.kept.values()
    assert scan["offline"] == {"verdict": "refuse", "list_age_s": NO_LIST_AGE_S}


def test_with_a_wrong_clock_nothing_goes_green(site: Site, pass_: Pass) -> None:
    site.server.said_at = AT - timedelta(minutes=6)
    site.keep_up()
    assert [said["state"] for said in site.events("clock")] == ["wrong"]
    site.cut()

    assert site.read(pass_.code) == "amber"
    assert site.reasons() == ["clock_wrong"]
    site.restore()
    site.server.said_at = AT
    site.keep_up()
    assert [said["state"] for said in site.events("clock")] == ["right"]


def test_a_clock_that_is_set_while_the_line_is_down_is_noticed() -> None:
    now, steady = [AT], [100.0]
    clock = Clock(now=lambda: now[0], steady=lambda: steady[0])
    clock.hear(AT)
    now[0], steady[0] = AT + timedelta(hours=2), 100.0 + 3600

    assert clock.ahead == timedelta(hours=1)
    assert clock.is_wrong(timedelta(minutes=5))


def test_what_cannot_be_kept_is_not_let_through(site: Site, pass_: Pass, monkeypatch: Any) -> None:
    def full(**_said: Any) -> None:
        raise sqlite3.OperationalError("database or disk is full")

    monkeypatch.setattr(site.journal, "keep", full)

    assert site.read(pass_.code) == "red"
    assert site.events("verdict") == []


def test_it_forgets_after_a_week_what_the_server_knows(site: Site) -> None:
    site.read("X")
    site.cut()
    site.read("waits")
    site.journal.forget(before=datetime(2100, 1, 1, tzinfo=UTC))

    assert site.rows("code") == [("waits",)]
