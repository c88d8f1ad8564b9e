"""One car from the company's list to the discharge of its trip, by nothing but HTTP."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
import time_machine
from django.core.management import call_command

from tests.builders import (
    AT,
    a_checkpoint,
    a_company,
    a_declaration_number,
    a_passport_number,
    a_vin,
)
from tests.ferry.api.callers import authority_caller, company_caller, device_caller, nobody

pytestmark = pytest.mark.usefixtures("standard_data")


@pytest.fixture
def clock() -> Iterator[Any]:
    with time_machine.travel(AT, tick=False) as traveller:
        yield traveller


def send(caller: Any, address: str, body: Any = None, status: int = 201) -> Any:
    answer = caller.post(f"/api/v1/{address}", body, format="json")
    assert answer.status_code == status, answer.content.decode()
    return answer.json()


def test_a_trip_is_proved_from_end_to_end(clock: Any) -> None:
    company, authority = company_caller(a_company()), authority_caller()
    gate, entry = device_caller(a_checkpoint("CN-HORGOS")), device_caller(a_checkpoint("KZ-NURZHOLY"))
    vin, number, passport = a_vin(), a_declaration_number(), a_passport_number()

    send(
        company,
        "vehicles/",
        {
            "vin": vin,
            "make": "BYD",
            "model": "Song Plus",
            "powertrain": "bev",
            "colour": "white",
            "hs_code": "8703801090",
        },
    )
    driver = send(
        company,
        "drivers/",
        {
            "name": "Ma Jun",
            "passport_number": passport,
            "passport_expires_on": "2034-01-01",
            "nationality": "CN",
            "licence_class": "C1",
            "licence_expires_on": "2033-01-01",
            "phone": "+86 139 9999 0001",
            "language": "zh-hans",
        },
    )
    declaration = {"number": number, "supervision_mode": "0110", "status": "accepted", "vins": [vin]}
    send(company, "declarations/", declaration)
    send(company, "licences/", {"number": "26AB000001", "expires_on": "2027-06-30", "quantity": 1})
    trip = send(
        company,
        "trips/",
        {
            "vin": vin,
            "driver": driver["id"],
            "declaration": number,
            "route": "HORGOS-NURZHOLY",
            "delivery_place": "Khorgos Gateway, park 3",
            "consignee": {"name": "Almaty Auto", "phone": "+7 701 000 0001", "language": "ru"},
            "opens_at": "2026-11-22T03:00:00Z",
            "closes_at": "2026-11-23T03:00:00Z",
        },
    )
    reference = trip["reference"]
    told = send(company, f"trips/{reference}/pass/", status=409)
    assert [error["code"] for error in told["errors"]] == ["declaration_not_released"]

    released = record("declaration_status", AT, "CD-1", declaration=number, status="released")
    assert statuses(authority, released) == ["matched"]
    issued = send(company, f"trips/{reference}/pass/")

    clock.move_to(AT + timedelta(minutes=30))
    assert scan(gate, issued["code"], "CN-HORGOS")["verdict"] == "release"
    assert state_of(company, reference) == "exited"

    clock.move_to(AT + timedelta(hours=2))
    assert scan(entry, issued["short_code"], "KZ-NURZHOLY")["verdict"] == "release"
    assert state_of(company, reference) == "arrived"

    clock.move_to(AT + timedelta(hours=5))
    receipt = {"code": issued["code"], "pin": issued["receipt_pin"], "condition": "good"}
    send(nobody(), "receipts/", {**receipt, "receiver": "Almaty Auto", "odometer_km": 31})
    assert state_of(company, reference) == "delivered"

    clock.move_to(AT + timedelta(hours=20))
    assert (
        statuses(
            authority,
            record("border_exit", AT + timedelta(minutes=40), "BP-1", passport_number=passport),
            record("kz_entry", AT + timedelta(hours=2), "KZ-1", vin=vin, passport_number=passport),
            record("return", AT + timedelta(hours=12), "BP-2", passport_number=passport),
            record(
                "declaration_status", AT + timedelta(hours=19), "CD-2", declaration=number, status="closed"
            ),
        )
        == ["matched"] * 4
    )
    call_command("reconcile")

    seen = company.get(f"/api/v1/trips/{reference}/").json()
    assert (seen["state"], seen["outcome"], seen["cases"]) == ("discharged", "matched", [])
    assert seen["driver_returned_at"] == "2026-11-22T16:00:00Z"
    assert {"planned", "issued", "exited", "arrived", "delivered", "discharged"} <= {
        event["kind"] for event in seen["events"]
    }
    out = company.get(f"/api/v1/declarations/{number}/").json()
    assert (out["declared"], out["out"], out["blocking"], out["refund_ready"]) == (1, 1, [], True)
    assert company.get("/api/v1/licences/").json()["results"][0]["left"] == 0
    assert company.get("/api/v1/cases/?state=open").json()["results"] == []


def record(kind: str, occurred_at: Any, reference: str, **fields: str) -> dict[str, str]:
    return {"kind": kind, "occurred_at": occurred_at.isoformat(), "source_reference": reference, **fields}


def statuses(authority: Any, *records: dict[str, str]) -> list[str]:
    return [result["status"] for result in send(authority, "records/", list(records), 200)["results"]]


def scan(device: Any, code: str, checkpoint: str) -> Any:
    body = {"scan_id": str(uuid4()), "code": code, "checkpoint": checkpoint, "lane": "3"}
    return send(device, "scans/", body)


def state_of(company: Any, reference: str) -> str:
    return str(company.get(f"/api/v1/trips/{reference}/").json()["state"])
