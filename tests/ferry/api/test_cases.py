"""A company sees and resolves the cases about its trips."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ferry.actions.case_work import comment_case
from ferry.actions.cases import open_case
from ferry.models import Case, CaseKind, Party, PassState, Trip, TripState, Weight
from tests.builders import AT, BY, a_declaration, an_issued_trip
from tests.ferry.api.callers import errors_of

if TYPE_CHECKING:
    from rest_framework.test import APIClient

    from ferry.models import Company


def a_case(trip: Trip, kind: CaseKind = CaseKind.EXIT_NO_DELIVERY) -> Case:
    case = open_case(trip=trip, kind=kind, weight=Weight.HIGH, facts={"seen": "x"}, at=AT, by=BY)
    assert case is not None
    return case


def test_it_lists_open_cases_of_trips_and_declarations(caller: APIClient, company: Company) -> None:
    trip = an_issued_trip(company)
    case = a_case(trip)
    declaration = a_declaration(company)
    open_case(
        declaration=declaration,
        kind=CaseKind.DECLARATION_NOT_CLOSED,
        weight=Weight.MEDIUM,
        facts={},
        at=AT,
        by=BY,
    )

    found = caller.get("/api/v1/cases/?state=open").json()["results"]

    assert [(each["trip"], each["declaration"]) for each in found] == [
        (None, declaration.number),
        (trip.reference, None),
    ]
    assert found[1] == caller.get(f"/api/v1/cases/{case.pk}/").json()
    assert caller.get("/api/v1/cases/?state=resolved").json()["results"] == []
    assert [each["id"] for each in caller.get(f"/api/v1/trips/{trip.reference}/").json()["cases"]] == [
        case.pk
    ]


def test_trips_of_other_companies_keep_their_reference_to_themselves(
    caller: APIClient, company: Company
) -> None:
    own, theirs = an_issued_trip(company), an_issued_trip()
    facts = {"trips": [[own.reference, "2026-11-22"], [theirs.reference, "2026-11-22"]]}
    trip = an_issued_trip(company)
    open_case(trip=trip, kind=CaseKind.DRIVER_OVERLAP, weight=Weight.HIGH, facts=facts, at=AT, by=BY)

    (listed,) = caller.get("/api/v1/cases/?weight=high").json()["results"]

    assert listed["weight"] == "high"
    assert listed["facts"]["trips"] == [[own.reference, "2026-11-22"], [None, "2026-11-22"]]
    assert listed == caller.get(f"/api/v1/cases/{listed['id']}/").json()
    assert caller.get("/api/v1/cases/?weight=low").json()["results"] == []


def test_it_resolves_a_case_once(caller: APIClient, company: Company) -> None:
    case = a_case(an_issued_trip(company), CaseKind.DAMAGE)
    body = {"resolution": "repaired", "note": "Paint."}

    answer = caller.post(f"/api/v1/cases/{case.pk}/resolve/", body, format="json")
    again = caller.post(f"/api/v1/cases/{case.pk}/resolve/", body, format="json")

    assert answer.status_code == 200
    assert answer.json()["state"] == "resolved"
    assert (answer.json()["resolution"], answer.json()["note"]) == ("repaired", "Paint.")
    assert answer.json()["settled_by"] == "key company's own system"
    assert (again.status_code, errors_of(again)) == (409, [("case_settled", None)])
    assert Trip.objects.get().state == TripState.READY


def test_delivered_after_all_delivers_the_trip(caller: APIClient, company: Company) -> None:
    trip = an_issued_trip(company)
    Trip.objects.update(state=TripState.EXITED, exited_at=AT)
    case = a_case(trip)

    answer = caller.post(f"/api/v1/cases/{case.pk}/resolve/", {"resolution": "delivered"}, format="json")

    trip.refresh_from_db()
    assert answer.status_code == 200
    assert (trip.state, trip.delivered_at) == (TripState.DELIVERED, AT)
    assert trip.passes.get().state == PassState.SPENT


def test_a_resolution_needs_a_word(caller: APIClient, company: Company) -> None:
    case = a_case(an_issued_trip(company))

    answer = caller.post(f"/api/v1/cases/{case.pk}/resolve/", {"note": "?"}, format="json")

    assert (answer.status_code, errors_of(answer)) == (400, [("required", "resolution")])
    assert Case.objects.get().state == "open"


def test_it_tells_who_has_it_until_when_and_what_was_done(caller: APIClient, company: Company) -> None:
    case = a_case(an_issued_trip(company))
    said = {"party": Party.CUSTOMS, "at": AT, "by": "supervisor chen@customs.example"}
    comment_case(case=case, text="among us", is_internal=True, **said)

    for _time in range(2):
        answer = caller.post(f"/api/v1/cases/{case.pk}/comment/", {"text": "We called."}, format="json")

    told = answer.json()
    assert (told["level"], told["due_at"], told["assigned_to"]) == ("case", "2026-11-24T04:00:00Z", None)
    assert [(step["step"], step["text"]) for step in told["steps"]] == [
        ("opened", ""),
        ("commented", "We called."),
    ]
    assert caller.get("/api/v1/cases/").json()["results"] == [told]


def test_a_key_writes_nothing_off_and_says_nothing_of_anothers(caller: APIClient, company: Company) -> None:
    own, theirs = a_case(an_issued_trip(company)), a_case(an_issued_trip())
    body = {"resolution": "written_off", "note": "x"}
    answer = caller.post(f"/api/v1/cases/{own.pk}/resolve/", body, format="json")
    assert (answer.status_code, errors_of(answer)) == (400, [("write_off_by_supervisor", "resolution")])
    assert caller.post(f"/api/v1/cases/{theirs.pk}/comment/", {"text": "x"}, format="json").status_code == 404
    assert theirs.steps.count() == 1


def test_it_settles_a_damage_with_an_amount(caller: APIClient, company: Company) -> None:
    case = a_case(an_issued_trip(company), CaseKind.DAMAGE)
    body = {"resolution": "damage_settled", "note": "x", "accepted_fen": 50_000}
    told = caller.post(f"/api/v1/cases/{case.pk}/resolve/", body, format="json").json()
    assert (told["accepted_fen"], told["accepted_currency"]) == (50_000, "CNY")
