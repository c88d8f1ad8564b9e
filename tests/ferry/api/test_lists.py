"""Lists: paged by cursor, filtered, and as cheap for many rows as for few."""

from __future__ import annotations

from base64 import b64encode
from typing import TYPE_CHECKING, Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from ferry.actions.cases import open_case
from ferry.actions.vehicles import offer_vehicle
from ferry.models import CaseKind, DeclaredVehicle, Weight
from tests.builders import (
    AT,
    BY,
    a_company,
    a_declaration,
    a_driver,
    a_licence,
    a_trip,
    a_vehicle,
    an_issued_trip,
)
from tests.ferry.api.callers import errors_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from rest_framework.test import APIClient

    from ferry.models import Company


def vins_of(answer: Any) -> list[str]:
    return [row["vin"] for row in answer.json()["results"]]


def test_pages_stay_as_they_are_while_rows_are_added(caller: APIClient, company: Company) -> None:
    before = [a_vehicle(company).vin for _i in range(5)]

    first = caller.get("/api/v1/vehicles/?page_size=2")
    a_vehicle(company)
    second = caller.get(first.json()["next"])
    a_vehicle(company)
    third = caller.get(second.json()["next"])

    assert [*vins_of(first), *vins_of(second), *vins_of(third)] == before[::-1]
    assert third.json()["next"] is None
    assert vins_of(caller.get(third.json()["previous"])) == vins_of(second)


@pytest.mark.parametrize(
    ("query", "attr"),
    [
        ("cursor=x", "cursor"),
        ("cursor=" + b64encode(b"p=abc").decode(), "cursor"),
        ("cursor=" + b64encode(b"p=99999999999999999999").decode(), "cursor"),
        ("cursor=" + b64encode("p=²".encode()).decode(), "cursor"),
        ("page_size=0", "page_size"),
        ("page_size=-1", "page_size"),
        ("page_size=²", "page_size"),
        ("page_size=" + "9" * 5000, "page_size"),
        ("created_from=yesterday", "created_from"),
        ("created_from=0001-01-01T00:00:00%2B14:00", "created_from"),
        ("q=%00", "q"),
        ("vin=" + "A" * 50, "vin"),
        ("powertrain=steam", "powertrain"),
    ],
)
def test_an_unusable_question_is_refused(caller: APIClient, query: str, attr: str) -> None:
    answer = caller.get(f"/api/v1/vehicles/?{query}")

    assert answer.status_code == 400
    assert {named for _code, named in errors_of(answer)} == {attr}


def test_a_page_holds_500_rows_at_most(caller: APIClient, company: Company) -> None:
    a_vehicle(company)

    assert caller.get("/api/v1/vehicles/?page_size=100000").status_code == 200


def test_it_filters_vehicles(caller: APIClient, company: Company) -> None:
    bev = a_vehicle(company, plate="临A777")
    petrol = a_vehicle(company, make="Chery", powertrain="petrol", hs_code="8703234110")

    assert vins_of(caller.get("/api/v1/vehicles/?powertrain=petrol")) == [petrol.vin]
    assert vins_of(caller.get("/api/v1/vehicles/?q=chery")) == [petrol.vin]
    assert vins_of(caller.get("/api/v1/vehicles/?q=777")) == [bev.vin]
    assert vins_of(caller.get(f"/api/v1/vehicles/?q={bev.vin[:8].lower()} {bev.vin[8:]}")) == [bev.vin]
    assert vins_of(caller.get("/api/v1/vehicles/?q=--")) == []
    assert vins_of(caller.get(f"/api/v1/vehicles/?vin={bev.vin.lower()}")) == [bev.vin]
    assert vins_of(caller.get("/api/v1/vehicles/?created_from=2026-11-22T04:00:00.1Z")) == []
    assert len(vins_of(caller.get("/api/v1/vehicles/?created_until=2026-11-22T12:00:01%2B08:00"))) == 2


def test_it_filters_trips(caller: APIClient, company: Company) -> None:
    planned, ready = a_trip(company), an_issued_trip(company)

    def found(query: str) -> list[str]:
        return [row["reference"] for row in caller.get(f"/api/v1/trips/?{query}").json()["results"]]

    assert found("state=ready") == [ready.reference]
    assert found("outcome=waiting&state=planned") == [planned.reference]
    assert found("route=HORGOS-NURZHOLY") == [ready.reference, planned.reference]
    assert found(f"vin={planned.vehicle.vin}") == [planned.reference]
    assert found(f"driver={ready.driver_id}") == [ready.reference]
    assert found(f"declaration={planned.declaration.number}") == [planned.reference]
    assert found(f"q={planned.vehicle.vin[-5:]}") == [planned.reference]


def test_it_filters_declarations(caller: APIClient, company: Company) -> None:
    one, other = a_declaration(company), a_declaration(company, status="accepted")
    vin = DeclaredVehicle.objects.get(declaration=one).vin

    def found(query: str) -> list[str]:
        return [row["number"] for row in caller.get(f"/api/v1/declarations/?{query}").json()["results"]]

    assert found("status=accepted") == [other.number]
    assert found(f"vin={vin}") == [one.number]
    assert found("refund_ready=true") == []
    assert found("refund_ready=false") == [other.number, one.number]


def a_row_of_each(company: Company) -> None:
    trip = an_issued_trip(company)
    a_driver(company)
    a_licence(company)
    open_case(trip=trip, kind=CaseKind.DAMAGE, weight=Weight.LOW, facts={}, at=AT, by=BY)
    offer_vehicle(vehicle=a_vehicle(company), to_company=a_company(), at=AT, by=BY)


#: Two to know the key and note its use (once a minute), one for the list; cases tell their steps by one more.
LISTS = ["vehicles", "drivers", "declarations", "licences", "trips", "cases", "handovers"]


@pytest.mark.parametrize("name", LISTS)
def test_a_list_costs_one_query_however_long(
    caller: APIClient, company: Company, name: str, queries: Callable[[str], int]
) -> None:
    a_row_of_each(company)
    caller.get("/api/v1/vehicles/")
    few = queries(f"/api/v1/{name}/")
    for _i in range(3):
        a_row_of_each(company)

    assert queries(f"/api/v1/{name}/") == few == 2 + (name == "cases")
    assert len(caller.get(f"/api/v1/{name}/").json()["results"]) >= 4


def test_a_trip_costs_a_fixed_number_of_queries(
    caller: APIClient, company: Company, queries: Callable[[str], int]
) -> None:
    trip = an_issued_trip(company)
    caller.get("/api/v1/vehicles/")

    assert queries(f"/api/v1/trips/{trip.reference}/") == 5
    assert queries(f"/api/v1/declarations/{trip.declaration.number}/") == 3


@pytest.fixture
def queries(caller: APIClient) -> Callable[[str], int]:
    """Count the queries of a call."""

    def count(address: str) -> int:
        with CaptureQueriesContext(connection) as captured:
            assert caller.get(address).status_code == 200
        return len(captured)

    return count


@pytest.mark.parametrize("driver", ["x", "NaN", "1e5", str(10**30), "-" + "9" * 5000])
def test_an_unusable_id_is_refused(caller: APIClient, driver: str) -> None:
    answer = caller.get(f"/api/v1/trips/?driver={driver}")

    assert answer.status_code == 400
    assert {named for _code, named in errors_of(answer)} == {"driver"}
