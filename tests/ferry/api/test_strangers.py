"""What the interface tells those it does not let in; docs/access.md says who may make which call."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from ferry.actions.keys import revoke_api_key
from tests.access.table import rows
from tests.access.world import a_world, ask, filled, fillers
from tests.builders import AT, a_company, a_company_key, a_device, an_authority_key, an_issued_trip
from tests.ferry.api.callers import (
    authority_caller,
    company_caller,
    device_caller,
    errors_of,
    nobody,
    with_token,
)

if TYPE_CHECKING:
    from ferry.models import Trip

WITH_A_KEY = [row for row in rows() if row.cells.get("no key") == "401"]


@pytest.fixture
def trip() -> Trip:
    return an_issued_trip(a_company("East Star Trade"))


@pytest.mark.parametrize("shown", ["nothing", "nonsense", "revoked", "another scheme", "words"])
def test_without_a_good_key_nothing_is_said(shown: str) -> None:
    company = a_world()
    key, token = a_company_key(company)
    callers = {
        "nothing": nobody(),
        "nonsense": with_token("é\x00"),
        "another scheme": nobody(),
        "revoked": with_token(token),
        "words": with_token(f"{token} {token}"),
    }
    if shown == "another scheme":
        callers[shown].credentials(HTTP_AUTHORIZATION=f"Bearer {token}")
    revoke_api_key(key=key, at=AT)

    for row in WITH_A_KEY:
        address = filled(row.address, fillers(row.address, company))
        for method in row.methods:
            answer = ask(callers[shown], row, method, address)
            assert answer.status_code == 401
            assert answer.headers["WWW-Authenticate"] == "Token"
            assert errors_of(answer)[0][0] in {"not_authenticated", "authentication_failed"}


def test_another_kind_of_key_is_told_so(trip: Trip) -> None:
    for caller, path in (
        (device_caller(), f"/api/v1/trips/{trip.reference}/"),
        (authority_caller(), "/api/v1/vehicles/"),
        (company_caller(trip.company), "/api/v1/checkpoints/CN-HORGOS/list/"),
    ):
        answer = caller.get(path)
        assert answer.status_code == 403
        assert errors_of(answer) == [("wrong_kind_of_key", None)]


def test_what_is_anothers_is_told_to_be_absent(trip: Trip) -> None:
    answer = company_caller(a_company("Silk Road Cars")).get(f"/api/v1/trips/{trip.reference}/")

    assert errors_of(answer) == [("not_found", None)]


def test_a_company_that_was_closed_is_out(trip: Trip) -> None:
    caller = company_caller(trip.company)
    trip.company.is_active = False
    trip.company.save()

    assert caller.get("/api/v1/trips/").status_code == 401


@pytest.mark.parametrize(
    "path", ["", "v1/", "v1/trips", "v2/trips/", "v1/drivers/x/", "v1/trips/%00/", "v1/😀/"]
)
def test_an_unknown_address_is_answered_in_json(path: str) -> None:
    company = a_company()
    for method in ("get", "post", "put", "patch", "delete"):
        answer = getattr(company_caller(company), method)(f"/api/{path}")
        assert answer.status_code in {404, 405}
        errors_of(answer)


def test_a_key_of_each_kind_is_kept_as_a_digest() -> None:
    for key, token in (a_company_key(a_company()), a_device(), an_authority_key()):
        assert token.startswith(f"fm_{key.kind}_")
        assert token not in key.digest
