"""What a company's own system reads of its drivers' pay."""

from __future__ import annotations

import pytest

from ferry.actions.passes import receipt_pin
from ferry.actions.receipts import confirm_receipt
from ferry.models import PayStatement
from tests.builders import AT, a_company, an_issued_trip

pytestmark = pytest.mark.django_db


def received(company):
    trip = an_issued_trip(company)
    said = {"pin": receipt_pin(trip), "condition": "good", "receiver": "Aidar"}
    confirm_receipt(pass_=trip.passes.get(), **said, at=AT, by="consignee")
    return trip


def test_it_lists_statements_by_month_and_state(caller, company):
    trip = received(company)
    found = caller.get("/api/v1/pay/statements/?month=2026-11&state=draft").json()["results"]
    assert [(one["driver"], one["trips"], one["total_fen"], one["currency"]) for one in found] == [
        (trip.driver_id, 1, 50_000, "CNY")
    ]
    assert caller.get("/api/v1/pay/statements/?month=2026-10").json()["results"] == []
    assert caller.get(f"/api/v1/pay/statements/?driver={trip.driver_id + 1}").json()["results"] == []


def test_one_has_its_entries(caller, company):
    trip = received(company)
    (found,) = caller.get("/api/v1/pay/statements/").json()["results"]
    shown = caller.get(f"/api/v1/pay/statements/{found['id']}/").json()
    assert [(one["kind"], one["amount_fen"], one["trip"]) for one in shown["entries"]] == [
        ("accrual", 50_000, trip.reference)
    ]


def test_a_stranger_sees_none(caller, company):
    received(a_company())
    assert caller.get("/api/v1/pay/statements/").json()["results"] == []
    pk = PayStatement.objects.get().pk
    assert caller.get(f"/api/v1/pay/statements/{pk}/").status_code == 404
