"""A company's key does what its scopes say, until its last day."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
import time_machine
from drf_spectacular.generators import SchemaGenerator

from ferry.actions.keys import make_api_key
from ferry.models import ApiKey, KeyKind, Scope
from tests.builders import AT, a_company_key, an_authority_key, an_issued_trip
from tests.ferry.api.callers import errors_of, with_token

if TYPE_CHECKING:
    from rest_framework.test import APIClient

    from ferry.models import Company

pytestmark = pytest.mark.django_db

#: One call that changes something, for each scope that may.
WRITES = {
    Scope.FLEET: ("/api/v1/licences/", {"number": "26AB000001", "expires_on": "2027-06-30", "quantity": 9}),
    Scope.TRIPS: ("/api/v1/trips/{trip}/cancel/", {"reason": "Snow."}),
    Scope.CASES: ("/api/v1/cases/0/resolve/", {"resolution": "other", "note": "x"}),
}


def caller_with(company: Company, *scopes: str, **fields: object) -> APIClient:
    made = make_api_key(
        kind=KeyKind.COMPANY, label="narrow", company=company, scopes=scopes, at=AT, by="x", **fields
    )
    return with_token(made[1])


def test_a_key_has_every_scope_unless_it_was_given_some(company: Company) -> None:
    assert a_company_key(company)[0].scopes.split() == Scope.values
    assert an_authority_key()[0].scopes == ""


@pytest.mark.parametrize("scope", WRITES)
def test_a_call_is_refused_without_its_scope_and_moves_nothing(company: Company, scope: Scope) -> None:
    trip = an_issued_trip(company)
    address, body = WRITES[scope][0].format(trip=trip.reference), WRITES[scope][1]
    without = caller_with(company, *(each for each in Scope.values if each != scope))
    answer = without.post(address, body, format="json")
    assert (answer.status_code, errors_of(answer)) == (403, [("scope_missing", None)])
    assert scope in answer.json()["errors"][0]["detail"]
    trip.refresh_from_db()
    assert (trip.state, company.licences.count()) == ("ready", 1)
    assert caller_with(company, scope).post(address, body, format="json").status_code != 403


def test_what_may_only_write_does_not_read(company: Company) -> None:
    answer = caller_with(company, Scope.FLEET).get("/api/v1/vehicles/")
    assert errors_of(answer) == [("scope_missing", None)]
    assert caller_with(company, Scope.READ).get("/api/v1/vehicles/").status_code == 200


def test_a_key_ends_with_its_last_day(company: Company) -> None:
    caller = caller_with(company, Scope.READ, expires_at=AT + timedelta(days=1))
    assert caller.get("/api/v1/vehicles/").status_code == 200
    with time_machine.travel(AT + timedelta(days=1), tick=False):
        answer = caller.get("/api/v1/vehicles/")
    assert (answer.status_code, errors_of(answer)[0][0]) == (401, "authentication_failed")
    assert ApiKey.objects.get().last_used_at == AT


def test_the_description_names_the_scope_of_every_call_of_a_company() -> None:
    document = SchemaGenerator().get_schema(request=None, public=True)  # type: ignore[no-untyped-call]
    for path, methods in document["paths"].items():
        for method, call in methods.items():
            scopes = [scope for each in call.get("security", []) for scope in each.get("key", [])]
            is_companys = path.split("/")[3] in {
                *("vehicles", "handovers", "drivers", "declarations", "licences", "trips", "cases", "pay"),
            }
            assert all(scope in Scope.values for scope in scopes), path
            assert bool(scopes) is is_companys, (path, method)
            assert ("read" in scopes) is (is_companys and method == "get"), (path, method)
