"""A script played through the server's public doors, with a line that is lost now and then."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from io import StringIO
from pathlib import Path
from typing import Any
from unittest.mock import Mock

import pytest
import time_machine
from django.core.management import CommandError, call_command
from django.test import Client

from clearance.actions.reconcile import reconcile_all_due
from clearance.actions.standard import lay_standard_data
from clearance.gate.server import Answer, NoAnswer, Refused
from clearance.management.commands import simulate
from clearance.management.commands.score import found
from clearance.models import Duty, Policy, Posting
from clearance.rules.assess import NOT_ASSESSED
from clearance.simulation.faults import FAULTS, Truth
from clearance.simulation.live import (
    CLOSED,
    LATER,
    NEED_CUSTOMS,
    NEVER_LIVE,
    REST,
    Clock,
    Doors,
    Player,
    open_doors,
)
from clearance.simulation.score import read_truth, score
from clearance.simulation.script import Script, write_script
from ferry.actions.keys import make_api_key
from ferry.models import (
    CaseKind,
    Checkpoint,
    Closure,
    Declaration,
    Driver,
    KeyKind,
    Trip,
    TripState,
    User,
    Vehicle,
)
from tests.builders import a_checkpoint, a_company, an_officer

pytestmark = pytest.mark.django_db

AT = datetime(2026, 3, 2, 1, tzinfo=UTC)


class Line:
    """A door of the real server, over a line that loses every third or so answer after it was heard."""

    def __init__(self, token: str = "", *, loses: int = 0) -> None:
        self.client, self.loses, self.asked = Client(), loses, 0
        self.headers = {"Authorization": f"Token {token}"} if token else {}

    def call(self, method: str, path: str, body: Any = None) -> Answer:
        self.asked += 1
        sent = {} if body is None else {"data": body, "content_type": "application/json"}
        answer = getattr(self.client, method.lower())(path, headers=self.headers, **sent)
        if self.loses and self.asked % self.loses == 0:
            raise NoAnswer("lost")
        if answer.status_code >= 400:
            raise Refused(answer.status_code, answer.json()["errors"])
        return Answer(answer.status_code, answer.json(), None, "")


class Looking:
    """One who looks at the real server's pages, over the same line."""

    def __init__(self, user: User | None = None, *, loses: int = 0) -> None:
        self.client, self.loses, self.asked = Client(), loses, 0
        if user is not None:
            self.client.force_login(user)

    def send(self, path: str, form: Mapping[str, str]) -> str:
        self.asked += 1
        answer = self.client.post(path, form, follow=True)
        if self.loses and self.asked % self.loses == 0:
            raise NoAnswer("lost")
        if answer.status_code >= 400:
            raise Refused(answer.status_code, [{"code": f"page_{answer.status_code}"}])
        return answer.content.decode()


def doors(*, loses: int = 0, has_customs: bool = True) -> Doors:
    lay_standard_data(at=AT, by="test")
    companies = [a_company(), a_company("Tianshan")]
    points = [Checkpoint.objects.get(code=code) for code in ("CN-HORGOS", "KZ-NURZHOLY")]

    def line(kind: KeyKind, **whose: Any) -> Line:
        return Line(make_api_key(kind=kind, label="live", at=AT, **whose)[1], loses=loses)

    return Doors(
        [line(KeyKind.COMPANY, company=company) for company in companies],
        *(line(KeyKind.DEVICE, checkpoint=point) for point in points),
        line(KeyKind.AUTHORITY),
        Line(loses=loses),
        Looking(loses=loses),
        *(Looking(_posted(duty), loses=loses) for duty in Duty if has_customs),
    )


def _posted(duty: Duty) -> User:
    """Post one at both ends."""
    user = an_officer(a_checkpoint("CN-HORGOS"), duty)
    Posting.objects.create(user=user, checkpoint=a_checkpoint("KZ-NURZHOLY"), duty=duty)
    return user


@pytest.fixture
def clock() -> Iterator[time_machine.Coordinates]:
    with time_machine.travel(AT, tick=False) as clock:
        yield clock


def a_script(**more: Any) -> Script:
    usual = {"seed": 7, "starts_at": AT, "days": 3, "drivers": 12, "faults": 0.8, "rest": REST * 600}
    return write_script(**{**usual, **more})


class Play:
    """A play and what it tells."""

    def __init__(self, script: Script, doors: Doors, clock: time_machine.Coordinates) -> None:
        self.told: list[str] = []
        self.truths: dict[str, Truth] = {}
        now = Clock(600, script.moments[0].at, lambda: datetime.now(UTC), lambda s: clock.shift(s))
        self.player = Player(script, doors, now, tell=self.told.append, true=self.keep)

    def keep(self, truth: Truth) -> None:
        self.truths[truth.key] = truth

    def run(self) -> Play:
        for _progress in self.player.play():
            pass
        return self


def test_what_waits_for_no_limit_is_found_and_nothing_else(clock):
    some = doors()
    Policy.objects.update(examined_share=0.1)
    script = a_script(days=5, drivers=40, without=some.closed(600))
    play = Play(script, some, clock).run()
    reconcile_all_due(at=datetime.now(UTC))
    result = score(play.truths.values(), found())
    assert result.misses == ()
    assert not play.player.progress.refused
    assert play.truths.keys() == {truth.key for truth in script.truth}, play.told
    kinds = {kind for truth in play.truths.values() for kind in truth.kinds}
    assert kinds == {*CaseKind.values} - LATER - NOT_ASSESSED
    assert result.later.keys() == LATER
    assert {leg.fault for leg in script.legs} == {"", *FAULTS} - NEVER_LIVE


def test_a_closed_day_is_announced_before_it_and_nobody_meets_it(clock):
    script = a_script(faults=0, days=4)
    play = Play(script, doors(), clock).run()
    closure = Closure.objects.get(reason=CLOSED["reason"])
    assert closure.ends_at - closure.starts_at == timedelta(days=1) / 600
    assert play.player.progress.acts["close"] == 1
    assert Trip.objects.filter(delivered_at__isnull=False).count() == len(script.legs)


def test_without_customs_no_day_is_closed_and_nothing_is_detained(clock):
    some = doors(has_customs=False)
    assert some.closed(600) == NEVER_LIVE | NEED_CUSTOMS
    Play(a_script(faults=0, days=4, drivers=4), some, clock).run()
    assert not Closure.objects.filter(reason=CLOSED["reason"]).exists()


def test_what_is_over_stays_where_it_was_when_the_world_slows_down():
    times = [AT]
    clock = Clock(600, AT, lambda: times[-1], lambda _s: None)
    before = clock.wall(AT + timedelta(hours=1))
    times.append(AT + timedelta(hours=1))
    clock.wait(AT + timedelta(hours=2))
    assert clock.wall(AT + timedelta(hours=1)) == before
    assert clock.wall(AT + timedelta(hours=2)) == times[-1]


def test_it_takes_as_long_as_the_speed_says(clock):
    script = a_script(faults=0)
    Play(script, doors(), clock).run()
    played = script.moments[-1].at - script.moments[0].at
    assert abs(datetime.now(UTC) - AT - played / 600) < timedelta(seconds=1)


def test_a_lost_answer_is_asked_again_and_nothing_is_done_twice(clock):
    script = a_script(faults=0, drivers=5)
    play = Play(script, doors(loses=3), clock).run()
    assert "no answer (lost); asking again" in play.told
    assert not play.player.progress.refused
    assert Trip.objects.count() == Trip.objects.filter(delivered_at__isnull=False).count() == len(script.legs)
    assert Vehicle.objects.count() == len(script.legs)
    assert Declaration.objects.count() == len(script.papers)
    assert Driver.objects.count() == len({leg.man.number for leg in script.legs})


def test_a_slow_server_slows_the_world_and_does_not_hurry_it(clock):
    script = a_script(faults=0, drivers=5)
    play = Play(script, doors(), clock)
    for progress in play.player.play():
        if progress.acts["scan"] == 1 and progress.acts["receive"] == 0:
            clock.shift(120)
    assert not play.player.progress.refused
    assert Trip.objects.filter(delivered_at__isnull=False).count() == len(script.legs)


def test_what_was_stopped_at_the_gate_waits_for_the_officer(clock):
    script = a_script(faults=0, drivers=5)
    some = doors(has_customs=False)
    play = Play(script, some, clock)
    stopped = script.legs[0]
    gate = some.exit.call

    def call(method: str, path: str, body: Any = None) -> Answer:
        answer = gate(method, path, body)
        number = next(number for number, own in play.player.passes.items() if own[-1]["code"] == body["code"])
        if number == stopped.number:
            Trip.objects.filter(vehicle__vin=stopped.vin).update(state=TripState.READY, exited_at=None)
            return Answer(201, answer.body | {"verdict": "examine"}, None, "")
        return answer

    some.exit.call = call  # type: ignore[method-assign]
    play.run()
    assert any(stopped.vin in line and "examine" in line for line in play.told)
    assert stopped.vin not in play.truths
    assert not Trip.objects.filter(vehicle__vin=stopped.vin, delivered_at__isnull=False).exists()
    assert Trip.objects.filter(delivered_at__isnull=False).count() == len(script.legs) - 1


def test_a_refused_call_is_told_and_the_rest_goes_on(clock):
    script = a_script(faults=0, drivers=5)
    play = Play(script, doors(), clock)
    for progress in play.player.play():
        if progress.acts["plan"] == 1 and progress.acts["issue"] == 0:
            Trip.objects.update(state=TripState.CANCELLED)
    assert "issue: refused, trip_not_planned" in play.told
    assert play.player.progress.refused["trip_not_planned"] == 1
    assert Trip.objects.filter(delivered_at__isnull=False).count() == len(script.legs) - 1


@pytest.mark.parametrize(
    ("url", "keys", "why"),
    [
        ("ferryman.example", "{}", "no address"),
        ("http://ferryman.example", "{}", "unencrypted"),
        ("http://localhost:8000", "{}", "no key 'company'"),
        ("http://localhost:8000", "no", "Expecting value"),
    ],
)
def test_it_opens_no_door_without_keys_or_over_an_open_line(url: str, keys: str, why: str):
    with pytest.raises(ValueError, match=why):
        open_doors(url, keys)


def play_by_command(truth: Path, **options: Any) -> str:
    said = StringIO()
    usual = {"play": "http://localhost:8000", "days": 3, "drivers": 4, "faults": 0.0, "keys": truth}
    call_command("simulate", truth=truth, stdout=said, **{**usual, **options})
    return said.getvalue()


@pytest.mark.parametrize("is_broken_off", [False, True])
def test_the_command_writes_the_truth_of_what_is_over_and_ctrl_c_ends_it(
    clock, monkeypatch, tmp_path: Path, is_broken_off: bool
):
    truth, some = tmp_path / "truth.jsonl", doors()
    truth.write_text("keys")
    monkeypatch.setattr(simulate, "open_doors", lambda _url, _keys, by_hand: some)
    monkeypatch.setattr(simulate, "sleep", clock.shift)
    if is_broken_off:
        monkeypatch.setattr(some.exit, "call", Mock(side_effect=KeyboardInterrupt))
    assert "The truth of what is over" in play_by_command(truth)
    world, truths = read_truth(truth.read_text().splitlines())
    assert AT <= world.ends_at <= datetime.now(UTC)
    delivered = set(Trip.objects.filter(delivered_at__isnull=False).values_list("vehicle__vin", flat=True))
    assert {one.key for one in truths if one.about == "trip"} <= delivered
    assert bool(delivered) is not is_broken_off


def test_it_says_where_keys_come_from(tmp_path: Path):
    with pytest.raises(CommandError, match=r"demo --json > keys\.json"):
        play_by_command(tmp_path / "truth.jsonl", keys=None)
    with pytest.raises(CommandError, match="of no use"):
        play_by_command(tmp_path / "nothing.jsonl")
