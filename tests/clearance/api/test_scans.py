"""Scans by a device at its checkpoint."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext
from hypothesis import given
from hypothesis import strategies as st

from clearance.models import Scan
from ferry.actions.passes import revoke_pass
from ferry.codes import show_short_code
from ferry.models import Trip, TripState
from tests.builders import AT, BY, a_checkpoint, a_pass, a_trip, an_issued_trip
from tests.ferry.api.callers import device_caller, errors_of
from tests.ferry.api.test_errors import ANYTHING, FUZZED, JSON

if TYPE_CHECKING:
    from rest_framework.test import APIClient

    from ferry.models import Company


@pytest.fixture
def gate() -> APIClient:
    return device_caller(a_checkpoint("CN-HORGOS"))


@pytest.fixture
def trip(company: Company) -> Trip:
    return an_issued_trip(company)


def scan_body(trip: Trip, **changes: Any) -> dict[str, Any]:
    usual = {
        "scan_id": str(uuid4()),
        "code": trip.passes.get().code,
        "checkpoint": "CN-HORGOS",
        "lane": "3",
    }
    return {**usual, **changes}


def scan(caller: APIClient, body: Any, **headers: str) -> Any:
    return caller.post("/api/v1/scans/", json.dumps(body), content_type=JSON, headers=headers)


def test_it_releases_and_says_what_to_compare(gate: APIClient, trip: Trip) -> None:
    body = scan_body(trip)

    answer = scan(gate, body)

    trip.refresh_from_db()
    assert answer.status_code == 201
    assert answer.json() == {
        "scan_id": body["scan_id"],
        "verdict": "release",
        "reasons": [],
        "trip": {
            "reference": trip.reference,
            "vin": trip.vehicle.vin,
            "make": "BYD",
            "model": "Song Plus",
            "colour": "white",
            "plate": "",
            "driver": {
                "name": "Ma Jun",
                "name_latin": "",
                "passport_tail": trip.driver.passport_number[-4:],
            },
        },
        "recorded_at": "2026-11-22T04:00:00Z",
    }
    assert trip.state == TripState.EXITED
    assert trip.driver.passport_number not in answer.content.decode()


def test_the_same_scan_again_answers_the_same(gate: APIClient, trip: Trip) -> None:
    body = scan_body(trip, scanned_at="2026-11-22T03:59:58.5+00:00")
    first = scan(gate, body)

    with time_machine.travel(AT + timedelta(hours=1), tick=False):
        second = scan(gate, body)

    assert (first.status_code, second.status_code) == (201, 200)
    assert first.content == second.content
    assert Scan.objects.count() == 1


def test_the_same_id_for_another_scan_is_a_conflict(gate: APIClient, trip: Trip) -> None:
    body = scan_body(trip)
    scan(gate, body)

    answer = scan(gate, {**body, "lane": "4"})

    assert (answer.status_code, errors_of(answer)) == (409, [("scan_id_reused", "scan_id")])
    assert Scan.objects.count() == 1


def test_a_second_scan_is_refused_and_kept(gate: APIClient, trip: Trip) -> None:
    scan(gate, scan_body(trip))

    answer = scan(gate, scan_body(trip))

    assert (answer.status_code, answer.json()["verdict"]) == (201, "refuse")
    assert [reason["code"] for reason in answer.json()["reasons"]] == ["already_used"]
    assert answer.json()["reasons"][0]["detail"]
    assert Scan.objects.count() == 2


def test_a_short_code_finds_the_same_pass(gate: APIClient, trip: Trip) -> None:
    short_code = show_short_code(trip.passes.get().short_code)

    answer = scan(gate, scan_body(trip, code=short_code))

    assert (answer.json()["verdict"], answer.json()["trip"]["reference"]) == ("release", trip.reference)


@pytest.mark.parametrize("code", ["nonsense", "😀", " ", "HTTPS://X/P/AAAA", "ZZZZZZZZZ", "a\x00b", "\ud83d"])
def test_what_is_no_code_is_refused_and_kept(gate: APIClient, trip: Trip, code: str) -> None:
    answer = scan(gate, scan_body(trip, code=code))

    assert (answer.status_code, answer.json()["verdict"], answer.json()["trip"]) == (201, "refuse", None)
    assert Scan.objects.count() == 1
    trip.refresh_from_db()
    assert trip.state == TripState.READY


@pytest.mark.parametrize("checkpoint", ["KZ-NURZHOLY", "CN-ALASHANKOU", "cn-horgos", "NOWHERE"])
def test_a_device_scans_at_its_own_checkpoint_alone(gate: APIClient, trip: Trip, checkpoint: str) -> None:
    answer = scan(gate, scan_body(trip, checkpoint=checkpoint))

    assert (answer.status_code, errors_of(answer)) == (403, [("not_your_checkpoint", "checkpoint")])
    assert not Scan.objects.exists()


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"scan_id": "1"}, {("invalid", "scan_id")}),
        ({"scan_id": 1}, {("invalid", "scan_id")}),
        ({"scan_id": None, "code": ""}, {("required", "scan_id"), ("required", "code")}),
        ({"code": "A" * 2001}, {("max_length", "code")}),
        ({"lane": ""}, {("required", "lane")}),
        ({"lane": "\ud83d"}, {("unusable_character", "lane")}),
        ({"lane": "A" * 21}, {("lane_unusable", "lane")}),
        ({"lane": "a\tb"}, {("lane_unusable", "lane")}),
        ({"scanned_at": "2026-11-22T04:00:00"}, {("invalid", "scanned_at")}),
        ({"scanned_at": "0001-01-01T00:00:00+14:00"}, {("invalid", "scanned_at")}),
        ({"scanned_at": 5}, {("invalid", "scanned_at")}),
        ({"scanned_at": "2020-01-01T00:00:00Z"}, {("scanned_at_unusable", "scanned_at")}),
        ({"offline": []}, {("invalid", "offline")}),
        ({"offline": {"verdict": "release"}}, {("invalid", "offline")}),
        ({"offline": {"verdict": "release", "list_age_s": True}}, {("invalid", "offline")}),
        ({"offline": {"verdict": "release", "list_age_s": -1}}, {("invalid", "offline")}),
        ({"offline": {"verdict": "release", "list_age_s": 1e300}}, {("invalid", "offline")}),
        ({"offline": {"verdict": "go", "list_age_s": 1}}, {("verdict_unknown", "offline.verdict")}),
    ],
)
def test_it_says_what_cannot_be_used(
    gate: APIClient, trip: Trip, changes: dict[str, Any], expected: set[tuple[str, str]]
) -> None:
    answer = scan(gate, scan_body(trip, **changes))

    assert (answer.status_code, set(errors_of(answer))) == (400, expected)
    assert not Scan.objects.exists()


def test_each_reader_has_his_language_and_codes_never_change(gate: APIClient, trip: Trip) -> None:
    revoke_pass(trip=trip, reason="lost", at=AT, by=BY)
    body = scan_body(trip)
    answers = {
        language: scan(gate, body, **{"accept-language": language}).json()["reasons"]
        for language in ("en", "zh-hans", "ru", "kk")
    }

    assert all(reasons[0]["code"] == "revoked" for reasons in answers.values())
    assert all(reasons[0]["detail"] for reasons in answers.values())
    assert answers["en"][0]["detail"].startswith("This code was revoked")


def test_a_scan_costs_a_fixed_number_of_queries(gate: APIClient, company: Company) -> None:
    gate.get("/api/v1/checkpoints/CN-HORGOS/list/")
    counts = []
    for _i in range(3):
        body = scan_body(an_issued_trip(company))
        with CaptureQueriesContext(connection) as captured:
            scan(gate, body)
        counts.append(len(captured))

    assert len(set(counts[1:])) == 1
    assert counts[1] <= 14


# --- Batches -----------------------------------------------------------------------------------


def upload(caller: APIClient, scans: Any) -> Any:
    return caller.post("/api/v1/scans/batch/", json.dumps({"scans": scans}), content_type=JSON)


OFFLINE = {"verdict": "release", "list_age_s": 900}


def test_each_scan_of_a_batch_has_its_own_status(gate: APIClient, trip: Trip) -> None:
    good = scan_body(trip, scanned_at="2026-11-22T03:30:00Z", offline=OFFLINE)
    bodies = [
        good,
        {"scan_id": "x", "lane": 5},
        good,
        {**good, "lane": "9"},
        scan_body(trip, checkpoint="KZ-NURZHOLY"),
        "nonsense",
        scan_body(trip, code="nonsense", scanned_at="2026-11-22T03:31:00Z", offline=OFFLINE),
        scan_body(trip, scan_id="\x00\ud83d"),
    ]

    answer = upload(gate, bodies)

    results = answer.json()["results"]
    assert answer.status_code == 200
    assert [result["status"] for result in results] == [201, 400, 200, 409, 403, 400, 201, 400]
    assert results[0] == {**results[2], "status": 201}
    assert results[0]["verdict"] == "release"
    assert results[1]["scan_id"] == "x"
    assert {error["attr"] for error in results[1]["errors"]} == {"scan_id", "code", "lane", "checkpoint"}
    assert results[3]["errors"][0]["code"] == "scan_id_reused"
    assert results[4]["errors"][0]["code"] == "not_your_checkpoint"
    assert results[5]["scan_id"] is None
    assert Scan.objects.count() == 2
    assert Trip.objects.get().exited_at == AT - timedelta(minutes=30)


def test_a_batch_sent_twice_answers_the_same(gate: APIClient, trip: Trip) -> None:
    bodies = [scan_body(trip, scanned_at="2026-11-22T03:30:00Z", offline=OFFLINE)]

    first, second = upload(gate, bodies).json()["results"], upload(gate, bodies).json()["results"]

    assert (first[0].pop("status"), second[0].pop("status")) == (201, 200)
    assert first == second


def test_a_batch_of_500_is_taken_and_of_501_is_not(gate: APIClient, trip: Trip) -> None:
    bodies = [scan_body(trip, code="nonsense", offline=OFFLINE) for _i in range(501)]

    too_many = upload(gate, bodies)
    enough = upload(gate, bodies[:500])

    assert (too_many.status_code, errors_of(too_many)) == (400, [("max_length", "scans")])
    assert enough.status_code == 200
    assert Scan.objects.count() == 500


@pytest.mark.parametrize("body", [{}, [], {"scans": {}}, {"scans": None}, {"scans": "x"}])
def test_a_batch_is_a_list(gate: APIClient, body: Any) -> None:
    answer = gate.post("/api/v1/scans/batch/", body, format="json")

    assert (answer.status_code, errors_of(answer)) == (400, [("required", "scans")])


def test_a_batch_costs_a_fixed_number_of_queries(gate: APIClient, company: Company) -> None:
    upload(gate, [])

    def cost(size: int) -> int:
        trips = [an_issued_trip(company) for _i in range(size)]
        bodies = [scan_body(trip, scanned_at="2026-11-22T03:30:00Z", offline=OFFLINE) for trip in trips]
        with CaptureQueriesContext(connection) as captured:
            upload(gate, bodies)
        return len(captured)

    cost(1)
    assert cost(2) == cost(6)


@FUZZED
@given(
    value=ANYTHING, attr=st.sampled_from(["scan_id", "code", "checkpoint", "lane", "scanned_at", "offline"])
)
def test_any_value_in_a_scan_is_answered(gate: APIClient, value: Any, attr: str) -> None:
    body = {"scan_id": str(uuid4()), "code": "x", "checkpoint": "CN-HORGOS", "lane": "1", attr: value}

    assert scan(gate, body).status_code in {201, 400, 403}
    assert upload(gate, [body]).status_code == 200


# --- The offline list --------------------------------------------------------------------------


def test_the_list_holds_what_is_expected_and_spares_what_is_known(gate: APIClient, trip: Trip) -> None:
    address = "/api/v1/checkpoints/CN-HORGOS/list/"

    whole = gate.get(address)
    unchanged = gate.get(address, headers={"if-none-match": whole.headers["ETag"]})
    revoke_pass(trip=trip, reason="lost", at=AT, by=BY)
    changed = gate.get(address, headers={"if-none-match": whole.headers["ETag"]})

    assert (whole.status_code, unchanged.status_code, changed.status_code) == (200, 304, 200)
    assert [each["trip"] for each in whole.json()["passes"]] == [trip.reference]
    assert unchanged.content == b""
    assert unchanged.headers["ETag"] == whole.headers["ETag"]
    assert whole.headers["Cache-Control"] == "private, no-cache"
    assert changed.json()["passes"] == []
    assert changed.json()["ended"][0]["state"] == "revoked"
    assert whole.json()["keys"] == gate.get("/api/v1/keys/").json()["keys"]


def test_the_list_since_a_moment_holds_what_changed(gate: APIClient, trip: Trip, company: Company) -> None:
    address = "/api/v1/checkpoints/CN-HORGOS/list/"
    later = AT + timedelta(hours=1)
    as_of = gate.get(address).json()["as_of"]
    with time_machine.travel(later, tick=False):
        other = a_trip(company)
        a_pass(other, at=later)
        changes = gate.get(f"{address}?since={later.isoformat()}").json()

    assert as_of.startswith("2026-11-22T04:00:00")
    assert [each["trip"] for each in changes["passes"]] == [other.reference]


@pytest.mark.parametrize(
    "since", ["", "x", "2026-11-22", "2026-11-22T04:00:00", "%00", "0001-01-01T00:00:00Z"]
)
def test_an_unusable_since_is_refused(gate: APIClient, since: str) -> None:
    answer = gate.get(f"/api/v1/checkpoints/CN-HORGOS/list/?since={since}")

    assert (answer.status_code, errors_of(answer)) == (400, [("invalid", "since")])


@pytest.mark.parametrize("code", ["KZ-NURZHOLY", "NOWHERE"])
def test_another_checkpoints_list_is_not_for_this_device(gate: APIClient, code: str) -> None:
    answer = gate.get(f"/api/v1/checkpoints/{code}/list/")

    assert (answer.status_code, errors_of(answer)) == (403, [("not_your_checkpoint", "code")])


def test_the_list_costs_a_fixed_number_of_queries(gate: APIClient, company: Company) -> None:
    def cost() -> int:
        an_issued_trip(company)
        with CaptureQueriesContext(connection) as captured:
            assert gate.get("/api/v1/checkpoints/CN-HORGOS/list/").status_code == 200
        return len(captured)

    cost()
    assert cost() == cost()


def test_a_planned_trip_is_not_expected(gate: APIClient, company: Company) -> None:
    a_trip(company)

    assert gate.get("/api/v1/checkpoints/CN-HORGOS/list/").json()["passes"] == []
