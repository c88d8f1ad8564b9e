"""Records of an authority."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clearance.actions.records import RecordLine, take_records
from clearance.models import Record
from tests.builders import AT, BY, an_issued_trip
from tests.ferry.api.callers import authority_caller, errors_of
from tests.ferry.api.test_errors import ANYTHING, FUZZED, JSON

if TYPE_CHECKING:
    from rest_framework.test import APIClient

    from ferry.models import Company


@pytest.fixture
def authority() -> APIClient:
    return authority_caller()


def line(**changes: Any) -> dict[str, Any]:
    usual = {
        "kind": "declaration_status",
        "occurred_at": "2026-11-22T03:30:00Z",
        "declaration": "940720269999999999",
        "status": "closed",
        "source_reference": "CD-1",
    }
    return {**usual, **changes}


def submit(caller: APIClient, lines: Any) -> Any:
    return caller.post("/api/v1/records/", json.dumps(lines), content_type=JSON)


def test_each_line_has_its_own_result(authority: APIClient, company: Company) -> None:
    trip = an_issued_trip(company)
    lines = [
        line(declaration=trip.declaration.number),
        line(source_reference="CD-2"),
        line(source_reference="CD-2"),
        line(kind="hearsay", source_reference="CD-3"),
        line(occurred_at="yesterday", vin=5, source_reference="CD-4"),
        "nonsense",
        line(source_reference="\x00\ud83d"),
    ]

    answer = submit(authority, lines)

    results = answer.json()["results"]
    assert answer.status_code == 200
    assert [result["status"] for result in results] == [
        "matched",
        "unmatched",
        "duplicate",
        "error",
        "error",
        "error",
        "error",
    ]
    assert results[0]["errors"] == []
    assert [error["code"] for error in results[3]["errors"]] == ["unknown_kind"]
    assert {error["attr"] for error in results[4]["errors"]} == {"occurred_at", "vin"}
    assert results[5]["source_reference"] is None
    assert Record.objects.count() == 2


def test_the_same_lines_again_change_nothing(authority: APIClient, company: Company) -> None:
    lines = [line(declaration=an_issued_trip(company).declaration.number)]
    submit(authority, lines)

    again = submit(authority, lines)

    assert [result["status"] for result in again.json()["results"]] == ["duplicate"]
    assert Record.objects.count() == 1


def test_a_thousand_are_taken_and_one_more_is_not(authority: APIClient) -> None:
    lines = [line(source_reference=f"CD-{number}") for number in range(1001)]

    too_many, enough = submit(authority, lines), submit(authority, lines[:1000])

    assert (too_many.status_code, errors_of(too_many)) == (400, [("max_length", None)])
    assert enough.status_code == 200
    assert {result["status"] for result in enough.json()["results"]} == {"unmatched"}
    assert Record.objects.count() == 1000


@pytest.mark.parametrize("body", [{}, "x", None, 5, {"records": []}])
def test_records_are_a_list(authority: APIClient, body: Any) -> None:
    answer = submit(authority, body)

    assert (answer.status_code, errors_of(answer)) == (400, [("not_a_list", None)])


FIELDS = ["kind", "occurred_at", "vin", "passport_number", "declaration", "status", "source_reference"]


@FUZZED
@given(value=ANYTHING, attr=st.sampled_from(FIELDS))
def test_any_value_in_a_record_is_answered(authority: APIClient, value: Any, attr: str) -> None:
    answer = submit(authority, [line(**{attr: value})])

    assert answer.status_code == 200
    assert len(answer.json()["results"]) == 1


@pytest.mark.parametrize("kind", ["border_exit", "kz_entry", "return"])
def test_a_status_that_says_nothing_stops_nothing(authority: APIClient, company: Company, kind: str) -> None:
    trip = an_issued_trip(company)
    words = "已出境，等待哈方确认"
    lines = [
        line(kind=kind, passport_number=trip.driver.passport_number, status=words, source_reference="BP-1"),
        line(declaration=trip.declaration.number),
    ]

    answer = submit(authority, lines)

    assert answer.status_code == 200
    assert "error" not in {result["status"] for result in answer.json()["results"]}
    kept = Record.objects.get(kind=kind)
    assert (kept.status, kept.original["status"]) == ("", words)


def test_a_source_lists_its_own_records_and_what_still_waits(authority: APIClient, company: Company) -> None:
    trip = an_issued_trip(company)
    submit(authority, [line(declaration=trip.declaration.number), line(source_reference="CD-2")])
    take_records(
        lines=[RecordLine("return", AT, "CD-2", passport_number="E12345678")], source="Other", at=AT, by=BY
    )

    every = authority.get("/api/v1/records/").json()["results"]
    waiting = authority.get("/api/v1/records/?status=unmatched").json()["results"]
    one = authority.get(
        "/api/v1/records/?source_reference=CD-1&status=matched&kind=declaration_status"
    ).json()

    assert {row["source_reference"] for row in every} == {"CD-2", "CD-1"}
    assert [(row["source_reference"], row["status"], row["matched_at"]) for row in waiting] == [
        ("CD-2", "unmatched", None)
    ]
    assert [row["declaration"] for row in one["results"]] == [trip.declaration.number]
    assert trip.reference not in json.dumps(every)


def test_a_passport_is_answered_by_its_last_four(authority: APIClient) -> None:
    submit(
        authority,
        [
            {
                "kind": "return",
                "occurred_at": "2026-11-22T03:30:00Z",
                "passport_number": "E12345678",
                "source_reference": "1",
            }
        ],
    )
    answer = authority.get("/api/v1/records/")
    assert answer.json()["results"][0]["passport_tail"] == "5678"
    assert "E12345678" not in answer.content.decode()


def test_the_records_are_paged_by_cursor(authority: APIClient) -> None:
    submit(authority, [line(source_reference=f"CD-{number}") for number in range(3)])
    first = authority.get("/api/v1/records/?page_size=2").json()
    second = authority.get(first["next"]).json()
    ids = [row["id"] for row in first["results"] + second["results"]]
    assert ids == sorted(Record.objects.values_list("pk", flat=True), reverse=True)
    assert second["next"] is None


def test_a_standing_that_is_none_is_refused(authority: APIClient) -> None:
    answer = authority.get("/api/v1/records/?status=lost")
    assert answer.status_code == 400
    assert errors_of(answer) == [("invalid_choice", "status")]
