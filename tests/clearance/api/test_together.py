"""Scans that many lanes send at the same moment: one transaction, and each its own answer."""

from __future__ import annotations

import json
from threading import Event
from typing import TYPE_CHECKING, Any

import pytest
from django.db import OperationalError

from clearance.actions.scans import record_scans_of_many
from clearance.api import scans, together
from clearance.models import Scan
from ferry.api.throttles import KeyThrottle
from tests.builders import AT, a_checkpoint, a_device, an_issued_trip
from tests.clearance.api.test_scans import scan, scan_body
from tests.ferry.api.callers import errors_of, with_token
from tests.threads import at_once

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from rest_framework.test import APIClient

    from ferry.models import Company

COME_MEANWHILE = 5


@pytest.fixture
def gate() -> APIClient:
    return with_token(a_device(a_checkpoint("CN-HORGOS"))[1])


class Recorded:
    """Record as ever, but the first time only when all others wait; keep how many were recorded at once."""

    def __init__(self, others: int, *, fails: bool = False) -> None:
        self.others, self.fails = others, fails
        self.sizes: list[int] = []

    def __call__(self, *, scans: Sequence[Any]) -> Any:
        self.sizes.append(len(scans))
        if len(self.sizes) == 1:
            self._await_others()
        if self.fails and len(scans) > 1:
            raise OperationalError
        return record_scans_of_many(scans=scans)

    def _await_others(self) -> None:
        until = Event()
        while len(scans.TOGETHER._waiting) < self.others:
            until.wait(0.01)


@pytest.fixture
def recorded(monkeypatch: pytest.MonkeyPatch) -> Recorded:
    recorded = Recorded(COME_MEANWHILE)
    monkeypatch.setattr(together, "record_scans_of_many", recorded)
    return recorded


def sent(caller: APIClient, body: Any, **headers: str) -> Callable[[], Any]:
    return lambda: scan(caller, body, **headers)


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_what_comes_while_one_is_recorded_is_recorded_at_once(recorded: Recorded) -> None:
    places = [a_checkpoint("CN-HORGOS"), a_checkpoint("CN-ALASHANKOU")]
    keys = [a_device(place) for place in places]
    bodies = [
        scan_body(an_issued_trip(), checkpoint=places[number % 2].code, lane=str(number))
        for number in range(COME_MEANWHILE + 1)
    ]

    answers = at_once(*[sent(with_token(keys[n % 2][1]), body) for n, body in enumerate(bodies)])

    assert recorded.sizes == [1, COME_MEANWHILE]
    assert [answer.status_code for answer in answers] == [201] * len(bodies)
    for number, (body, answer) in enumerate(zip(bodies, answers, strict=True)):
        kept = Scan.objects.get(scan_id=body["scan_id"])
        assert answer.json()["scan_id"] == body["scan_id"]
        assert answer.json()["verdict"] == kept.verdict
        assert (kept.device, kept.lane) == (keys[number % 2][0], str(number))
        by = kept.trip.events.order_by("pk").last().by  # type: ignore[union-attr]
        assert by == f"device {places[number % 2].code}/{keys[number % 2][0].label}"


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_one_code_in_many_lanes_at_once_is_released_once_and_each_is_told_in_its_language(
    gate: APIClient, recorded: Recorded
) -> None:
    trip = an_issued_trip()
    languages = ["en", "ru", "zh-hans"]
    lanes = [
        sent(gate, scan_body(trip, lane=str(lane)), **{"accept-language": languages[lane % 3]})
        for lane in range(COME_MEANWHILE + 1)
    ]

    answers = [answer.json() for answer in at_once(*lanes)]

    assert sorted(answer["verdict"] for answer in answers) == ["refuse"] * COME_MEANWHILE + ["release"]
    details = {answer["reasons"][0]["detail"] for answer in answers if answer["reasons"]}
    assert len(details) >= 2


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_what_is_wrong_with_one_is_told_to_it_alone(gate: APIClient, recorded: Recorded) -> None:
    bodies: list[Any] = [scan_body(an_issued_trip()) for _number in range(3)]
    bodies += [scan_body(an_issued_trip(), lane=""), scan_body(an_issued_trip(), lane="x" * 21), ["no scan"]]

    answers = at_once(*[sent(gate, body) for body in bodies])

    assert [answer.status_code for answer in answers] == [201, 201, 201, 400, 400, 400]
    assert errors_of(answers[3]) == [("required", "lane")]
    assert errors_of(answers[4]) == [("lane_unusable", "lane")]
    assert errors_of(answers[5]) == [("invalid", None)]
    assert Scan.objects.count() == 3


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_where_they_cannot_be_recorded_together_each_is_recorded_alone(
    gate: APIClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    recorded = Recorded(COME_MEANWHILE, fails=True)
    monkeypatch.setattr(together, "record_scans_of_many", recorded)
    bodies = [scan_body(an_issued_trip()) for _number in range(COME_MEANWHILE + 1)]

    answers = at_once(*[sent(gate, body) for body in bodies])

    assert recorded.sizes == [1, COME_MEANWHILE]
    assert [answer.status_code for answer in answers] == [201] * len(bodies)
    assert Scan.objects.count() == len(bodies)


def test_the_same_scan_again_is_answered_the_same(gate: APIClient, company: Company) -> None:
    body = scan_body(an_issued_trip(company))

    first, again = scan(gate, body), scan(gate, body)

    assert (first.status_code, again.status_code) == (201, 200)
    assert first.json() == again.json()


def test_a_key_that_was_revoked_records_nothing(company: Company) -> None:
    key, token = a_device(a_checkpoint("CN-HORGOS"))
    caller, body = with_token(token), scan_body(an_issued_trip(company))
    key.revoked_at = AT
    key.save()

    assert scan(caller, body).status_code == 401
    assert not Scan.objects.exists()


def test_every_scan_is_counted_of_its_key(
    gate: APIClient, company: Company, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(KeyThrottle, "THROTTLE_RATES", {"key": "3/min"})
    bodies = [scan_body(an_issued_trip(company)) for _number in range(4)]

    statuses = [scan(gate, body).status_code for body in bodies]

    assert statuses == [201, 201, 201, 429]
    assert Scan.objects.count() == 3


def test_an_answer_says_its_length_and_that_nothing_of_it_may_run(gate: APIClient, company: Company) -> None:
    answer = scan(gate, scan_body(an_issued_trip(company)))

    assert answer.headers["Content-Length"] == str(len(answer.content))
    assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert json.loads(answer.content) == answer.json()
