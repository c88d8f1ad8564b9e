"""Callers are counted, and a counter that cannot be reached stops nobody."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
import time_machine
from redis.exceptions import ConnectionError as NoRedis

from ferry.api.throttles import KeyThrottle, PublicThrottle
from ferry.throttles import network_of
from tests.builders import AT, a_company
from tests.ferry.api.callers import company_caller, errors_of, nobody

if TYPE_CHECKING:
    from rest_framework.test import APIClient


@pytest.fixture
def three_a_minute(monkeypatch: pytest.MonkeyPatch) -> None:
    rates = {"key": "3/min", "receipt": "3/min", "public": "3/min"}
    monkeypatch.setattr(KeyThrottle, "THROTTLE_RATES", rates)
    monkeypatch.setattr(PublicThrottle, "THROTTLE_RATES", rates)


def test_each_key_has_calls_of_its_own(caller: APIClient, three_a_minute: None) -> None:
    answers = [caller.get("/api/v1/trips/") for _i in range(4)]

    assert [answer.status_code for answer in answers] == [200, 200, 200, 429]
    assert errors_of(answers[3]) == [("throttled", None)]
    assert answers[3].headers["Retry-After"] == "60"
    assert company_caller(a_company()).get("/api/v1/trips/").status_code == 200


def test_it_may_call_again_when_it_was_told_to(caller: APIClient, three_a_minute: None) -> None:
    for _i in range(4):
        refused = caller.get("/api/v1/trips/")
    later = AT + timedelta(seconds=int(refused.headers["Retry-After"]))

    with time_machine.travel(later, tick=False):
        assert caller.get("/api/v1/trips/").status_code == 200


def test_who_has_no_key_is_counted_by_address(three_a_minute: None) -> None:
    answers = [nobody().get("/api/v1/keys/") for _i in range(4)]
    elsewhere = nobody().get("/api/v1/keys/", REMOTE_ADDR="203.0.113.9")

    assert [answer.status_code for answer in answers] == [200, 200, 200, 429]
    assert elsewhere.status_code == 200


def test_a_header_anybody_can_write_makes_no_new_caller(three_a_minute: None) -> None:
    answers = [
        nobody().get("/api/v1/keys/", headers={"x-forwarded-for": f"203.0.113.{number}"})
        for number in range(4)
    ]

    assert answers[3].status_code == 429


class FailingCache:
    """Fail as a cache does that is out of reach, full, or has dropped a counter."""

    def __init__(self, error: Exception) -> None:
        self.error = error

    def add(self, name: str, value: int, timeout: int) -> bool:
        return True

    def incr(self, name: str, calls: int) -> int:
        raise self.error


@pytest.mark.parametrize("error", [NoRedis("gone"), OSError("full"), ValueError("dropped")])
def test_a_gate_goes_on_without_the_cache(
    caller: APIClient, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    monkeypatch.setattr("ferry.throttles.cache", FailingCache(error))

    assert caller.get("/api/v1/trips/").status_code == 200


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("203.0.113.9", "203.0.113.9"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::"),
        ("2001:db8::1", "2001:db8::"),
        ("", "unknown"),
        ("nonsense", "unknown"),
    ],
)
def test_a_network_is_one_caller(address: str, network: str) -> None:
    assert network_of(address) == network
