"""A company keeps its vehicles, drivers, declarations and licences."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from ferry.models import ApiKey, Declaration, Driver, Handover, Licence, Vehicle
from tests.builders import (
    AT,
    a_company,
    a_declaration,
    a_declaration_number,
    a_driver,
    a_passport_number,
    a_vehicle,
    a_vin,
)
from tests.ferry.api.callers import company_caller, errors_of

if TYPE_CHECKING:
    from rest_framework.test import APIClient

    from ferry.models import Company


def vehicle_body(**changes: Any) -> dict[str, Any]:
    usual = {
        "vin": a_vin(),
        "make": "BYD",
        "model": "Song Plus",
        "powertrain": "bev",
        "colour": "white",
        "hs_code": "8703801090",
    }
    return {**usual, **changes}


def driver_body(**changes: Any) -> dict[str, Any]:
    usual = {
        "name": "马军",
        "name_latin": "MA JUN",
        "passport_number": a_passport_number(),
        "passport_expires_on": "2034-01-01",
        "nationality": "CN",
        "licence_class": "C1",
        "licence_expires_on": "2033-01-01",
        "phone": "+86 139 9999 0001",
        "language": "zh-hans",
    }
    return {**usual, **changes}


def declaration_body(**changes: Any) -> dict[str, Any]:
    usual = {
        "number": a_declaration_number(),
        "supervision_mode": "0110",
        "status": "released",
        "vins": [a_vin(), a_vin()],
    }
    return {**usual, **changes}


def test_it_registers_a_vehicle_and_says_who_did(caller: APIClient, company: Company) -> None:
    body = vehicle_body(registered_on="2026-01-05")

    answer = caller.post("/api/v1/vehicles/", body, format="json")

    assert answer.status_code == 201
    assert answer.json() == {
        **body,
        "plate": "",
        "after_sales_confirmed": False,
        "created_at": "2026-11-22T04:00:00Z",
    }
    assert Vehicle.objects.get().history.get().history_change_reason == "key company's own system"
    assert caller.get(f"/api/v1/vehicles/{body['vin'].lower()}/").json() == answer.json()


def test_a_vehicle_registered_twice_is_a_conflict(caller: APIClient) -> None:
    body = vehicle_body()
    caller.post("/api/v1/vehicles/", body, format="json")

    again = caller.post("/api/v1/vehicles/", body, format="json")

    assert again.status_code == 409
    assert errors_of(again) == [("already_registered", "vin")]
    assert Vehicle.objects.count() == 1


def test_it_names_every_fault_of_a_vehicle_and_keeps_nothing(caller: APIClient) -> None:
    answer = caller.post(
        "/api/v1/vehicles/", vehicle_body(vin="LGXCE4CB0S0123456", hs_code="87032341"), format="json"
    )

    assert answer.status_code == 400
    assert {attr for _code, attr in errors_of(answer)} == {"vin", "hs_code"}
    assert answer.json()["type"] == "validation_error"
    assert not Vehicle.objects.exists()


def test_it_changes_what_is_sent_of_a_vehicle(caller: APIClient, company: Company) -> None:
    vehicle = a_vehicle(company)

    answer = caller.patch(f"/api/v1/vehicles/{vehicle.vin}/", {"plate": "临A1"}, format="json")

    assert answer.status_code == 200
    assert (answer.json()["plate"], answer.json()["make"]) == ("临A1", "BYD")


def test_it_registers_and_changes_a_driver(caller: APIClient) -> None:
    body = driver_body()

    made = caller.post("/api/v1/drivers/", body, format="json")
    changed = caller.patch(f"/api/v1/drivers/{made.json()['id']}/", {"is_active": False}, format="json")

    assert made.status_code == 201
    assert made.json() == {
        "id": Driver.objects.get().pk,
        **body,
        "is_active": True,
        "created_at": "2026-11-22T04:00:00Z",
    }
    assert changed.status_code == 200
    assert caller.get(f"/api/v1/drivers/{made.json()['id']}/").json()["is_active"] is False


def test_a_drivers_machine_readable_line_is_compared(caller: APIClient) -> None:
    line = "E123456782CHN8001014M3401011<<<<<<<<<<<<<<<8"
    refused = caller.post(
        "/api/v1/drivers/", {**driver_body(), "passport_number": "E12345687", "mrz": line}, format="json"
    )

    assert refused.status_code == 400
    assert ("mrz_other_number", "passport_number") in errors_of(refused)
    assert not Driver.objects.exists()


def test_a_driver_registered_twice_is_a_conflict(caller: APIClient) -> None:
    body = driver_body()
    caller.post("/api/v1/drivers/", body, format="json")

    again = caller.post("/api/v1/drivers/", body, format="json")

    assert (again.status_code, errors_of(again)) == (409, [("already_registered", "passport_number")])
    assert Driver.objects.count() == 1


def test_it_registers_a_declaration_and_shows_what_blocks_it(caller: APIClient) -> None:
    body = declaration_body()

    made = caller.post("/api/v1/declarations/", body, format="json")
    Declaration.objects.get().declared_vehicles.filter(vin=body["vins"][0]).update(exited_at=AT)
    seen = caller.get(f"/api/v1/declarations/{body['number']}/").json()

    assert made.status_code == 201
    assert made.json()["vins"] == made.json()["blocking"] == body["vins"]
    assert (seen["declared"], seen["out"], seen["blocking"]) == (2, 1, body["vins"][1:])
    assert seen["refund_ready"] is False


def test_a_declaration_registered_twice_is_a_conflict(caller: APIClient) -> None:
    body = declaration_body()
    caller.post("/api/v1/declarations/", body, format="json")

    again = caller.post("/api/v1/declarations/", body, format="json")

    assert (again.status_code, errors_of(again)) == (409, [("already_registered", "number")])


def test_it_takes_a_declaration_further_and_not_back(caller: APIClient, company: Company) -> None:
    number = a_declaration(company, status="accepted").number

    further = caller.patch(f"/api/v1/declarations/{number}/", {"status": "released"}, format="json")
    back = caller.patch(f"/api/v1/declarations/{number}/", {"status": "accepted"}, format="json")

    assert further.json()["status"] == back.json()["status"] == "released"


@pytest.mark.parametrize("number", ["123", "940720261000000001", "94072026000000000X", "940720200000000001"])
def test_it_refuses_what_is_no_export_declaration(caller: APIClient, number: str) -> None:
    answer = caller.post("/api/v1/declarations/", declaration_body(number=number), format="json")

    assert answer.status_code == 400
    assert {attr for _code, attr in errors_of(answer)} == {"number"}
    assert not Declaration.objects.exists()


def test_it_registers_a_licence_and_says_what_is_left(caller: APIClient) -> None:
    body = {"number": "26AB000001", "expires_on": "2027-06-30", "quantity": 20}

    made = caller.post("/api/v1/licences/", body, format="json")
    Licence.objects.update(used=3)

    assert made.status_code == 201
    assert made.json()["left"] == 20
    assert caller.get("/api/v1/licences/").json()["results"][0]["left"] == 17
    assert caller.get(f"/api/v1/licences/{made.json()['id']}/").json()["left"] == 17
    assert caller.post("/api/v1/licences/", body, format="json").status_code == 409


def test_a_vehicle_is_handed_over_by_both(caller: APIClient, company: Company) -> None:
    vehicle, other = a_vehicle(company), a_company("East Star Trade")
    receiver = company_caller(other)

    offered = caller.post(f"/api/v1/vehicles/{vehicle.vin}/offer/", {"to_company": other.uscc}, format="json")
    before = receiver.get(f"/api/v1/vehicles/{vehicle.vin}/").status_code
    accepted = receiver.post(f"/api/v1/handovers/{offered.json()['id']}/accept/")

    assert (offered.status_code, before, accepted.status_code) == (201, 404, 200)
    assert receiver.get(f"/api/v1/vehicles/{vehicle.vin}/").status_code == 200
    assert caller.get(f"/api/v1/vehicles/{vehicle.vin}/").status_code == 404
    assert receiver.get("/api/v1/handovers/?open=false").json()["results"][0]["accepted"] is True
    assert errors_of(receiver.post(f"/api/v1/handovers/{offered.json()['id']}/accept/"))[0][0] == (
        "handover_answered"
    )


@pytest.mark.parametrize("act", ["decline", "withdraw"])
def test_an_offer_may_be_declined_or_withdrawn(caller: APIClient, company: Company, act: str) -> None:
    vehicle, other = a_vehicle(company), a_company("East Star Trade")
    offered = caller.post(f"/api/v1/vehicles/{vehicle.vin}/offer/", {"to_company": other.uscc}, format="json")
    by, not_by = company_caller(other), caller
    if act == "withdraw":
        by, not_by = not_by, by

    refused = not_by.post(f"/api/v1/handovers/{offered.json()['id']}/{act}/")
    answered = by.post(f"/api/v1/handovers/{offered.json()['id']}/{act}/")

    assert (refused.status_code, answered.status_code) == (404, 200)
    assert Handover.objects.get().accepted is False
    assert Vehicle.objects.get().company == company


def test_an_offer_to_nobody_is_refused(caller: APIClient, company: Company) -> None:
    vehicle = a_vehicle(company)

    answer = caller.post(f"/api/v1/vehicles/{vehicle.vin}/offer/", {"to_company": "X"}, format="json")

    assert (answer.status_code, errors_of(answer)) == (400, [("not_found", "to_company")])
    assert not Handover.objects.exists()


def test_a_company_never_learns_whose_a_vehicle_is(caller: APIClient) -> None:
    theirs = a_vehicle(a_company("East Star Trade"))

    answer = caller.post("/api/v1/vehicles/", vehicle_body(vin=theirs.vin), format="json")

    assert (answer.status_code, errors_of(answer)) == (409, [("vehicle_taken", "vin")])
    assert "East" not in answer.content.decode()


def test_a_person_two_companies_know_is_two_drivers(caller: APIClient) -> None:
    theirs = a_driver(a_company("East Star Trade"))

    answer = caller.post(
        "/api/v1/drivers/", driver_body(passport_number=theirs.passport_number), format="json"
    )

    assert answer.status_code == 201
    assert Driver.objects.get(pk=answer.json()["id"]).person == theirs.person


def test_a_key_says_when_it_was_last_used(caller: APIClient) -> None:
    caller.get("/api/v1/vehicles/")

    assert ApiKey.objects.get().last_used_at == AT


def test_a_latin_name_is_optional_and_kept_as_the_passport_spells_it(caller: APIClient) -> None:
    bodies = [driver_body(name_latin=said) for said in ("", "Ma, Jun")]
    nameless = driver_body()
    del nameless["name_latin"]

    made = [caller.post("/api/v1/drivers/", body, format="json").json() for body in (*bodies, nameless)]
    refused = caller.post("/api/v1/drivers/", driver_body(name_latin="Ма Цзюнь"), format="json")

    assert [driver["name_latin"] for driver in made] == ["", "MA JUN", ""]
    assert (refused.status_code, refused.json()["errors"][0]["code"]) == (400, "latin_name_form")
    assert refused.json()["errors"][0]["attr"] == "name_latin"
    assert Driver.objects.count() == 3
