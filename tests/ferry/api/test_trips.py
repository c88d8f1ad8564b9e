"""A trip through the interface: planned, its code issued, replaced and ended."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
import time_machine
from django.conf import settings

from ferry.models import Licence, Pass, PassState, Trip, TripState
from tests.builders import (
    AT,
    a_company,
    a_declaration,
    a_driver,
    a_licence,
    a_petrol_car,
    a_trip,
    a_vehicle,
    an_issued_trip,
)
from tests.ferry.api.callers import errors_of

if TYPE_CHECKING:
    from rest_framework.test import APIClient

    from ferry.models import Company


def trip_body(company: Company, **changes: Any) -> dict[str, Any]:
    vehicle = a_vehicle(company)
    usual = {
        "vin": vehicle.vin,
        "driver": a_driver(company).pk,
        "declaration": a_declaration(company, [vehicle.vin]).number,
        "route": "HORGOS-NURZHOLY",
        "delivery_place": "Khorgos Gateway, park 3",
        "consignee": {"name": "Almaty Auto", "phone": "+7 701 000 0001", "language": "ru"},
        "opens_at": "2026-11-22T03:00:00Z",
        "closes_at": "2026-11-23T11:00:00+08:00",
    }
    return {**usual, **changes}


def test_it_plans_a_trip(caller: APIClient, company: Company) -> None:
    body = trip_body(company)

    answer = caller.post("/api/v1/trips/", body, format="json")

    assert answer.status_code == 201
    trip = answer.json()
    assert (trip["state"], trip["outcome"], trip["pass"], trip["cases"]) == ("planned", "waiting", None, [])
    assert trip["closes_at"] == "2026-11-23T03:00:00Z"
    assert trip["consignee"] == body["consignee"]
    assert trip["driver"] == {"id": body["driver"], "name": "Ma Jun", "name_latin": ""}
    assert [event["kind"] for event in trip["events"]] == ["planned"]
    assert caller.get(f"/api/v1/trips/{trip['reference']}/").json() == trip


@pytest.mark.parametrize("whose", ["nobody's", "another's"])
def test_what_is_not_yours_cannot_be_planned_with(caller: APIClient, company: Company, whose: str) -> None:
    body = trip_body(company, vin="LGXCE4CB8S0123456", driver=10**9, declaration="940720269999999999")
    if whose == "another's":
        body = {**body, **trip_body(a_company("East Star Trade"))}

    answer = caller.post("/api/v1/trips/", {**body, "route": "HORGOS-NURZHOLY"}, format="json")

    assert answer.status_code == 400
    assert errors_of(answer) == [("not_found", "vin"), ("not_found", "driver"), ("not_found", "declaration")]
    assert not Trip.objects.exists()


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"route": "HORGOS-DOSTYK"}, ("not_found", "route")),
        ({"opens_at": "2026-11-22T03:00:00"}, ("no_offset", "opens_at")),
        ({"opens_at": 5}, ("no_offset", "opens_at")),
        ({"opens_at": "soon"}, ("invalid", "opens_at")),
        ({"closes_at": "9999-12-31T23:59:59-12:00"}, ("overflow", "closes_at")),
        ({"closes_at": "2999-12-31T23:59:59Z"}, ("out_of_range", "closes_at")),
        ({"closes_at": "2026-11-22T02:00:00Z"}, ("window_order", "closes_at")),
        (
            {"opens_at": "2026-11-21T02:00:00Z", "closes_at": "2026-11-21T03:00:00Z"},
            ("window_past", "closes_at"),
        ),
        (
            {"consignee": {"name": "A", "phone": "", "language": "fr"}},
            ("invalid_choice", "consignee.language"),
        ),
        ({"driver": "one"}, ("invalid", "driver")),
        ({"planned_return_on": "2026-11-01"}, ("return_before_trip", "planned_return_on")),
    ],
)
def test_it_says_what_cannot_be_planned(
    caller: APIClient, company: Company, changes: dict[str, Any], expected: tuple[str, str]
) -> None:
    answer = caller.post("/api/v1/trips/", trip_body(company, **changes), format="json")

    assert (answer.status_code, errors_of(answer)) == (400, [expected])
    assert not Trip.objects.exists()


def test_it_issues_one_code_however_often_it_is_asked(caller: APIClient, company: Company) -> None:
    a_licence(company, quantity=5)
    trip = a_trip(company)

    first = caller.post(f"/api/v1/trips/{trip.reference}/pass/")
    second = caller.post(f"/api/v1/trips/{trip.reference}/pass/")

    assert (first.status_code, second.status_code) == (201, 200)
    assert first.json() == second.json()
    assert set(first.json()) == {
        "code",
        "short_code",
        "driver_link",
        "sheet",
        "opens_at",
        "closes_at",
        "receipt_pin",
    }
    assert first.json()["driver_link"] == f"{settings.SITE_URL}/d/{trip.driver.link_token}/"
    assert first.json()["sheet"] == f"{settings.SITE_URL}/trips/{trip.reference}/sheet/"
    assert len(first.json()["receipt_pin"]) == 6
    assert Licence.objects.get().used == 1
    seen = caller.get(f"/api/v1/trips/{trip.reference}/").json()
    assert seen["state"] == "ready"
    assert (seen["pass"]["short_code"], seen["pass"]["state"]) == (first.json()["short_code"], "open")


def test_it_gives_every_reason_against_a_code_at_once(caller: APIClient, company: Company) -> None:
    vehicle = a_vehicle(company)
    declaration = a_declaration(company, [vehicle.vin], status="accepted")
    trip = a_trip(
        company, vehicle=vehicle, declaration=declaration, driver=a_driver(company, licence_class="M")
    )

    answer = caller.post(f"/api/v1/trips/{trip.reference}/pass/")

    assert answer.status_code == 409
    codes = {code for code, _attr in errors_of(answer)}
    assert {"declaration_not_released", "licence_missing"} < codes
    assert len(codes) == 3
    assert not Pass.objects.exists()
    assert Trip.objects.get().state == TripState.PLANNED


def test_a_busy_driver_is_unavailable_and_nobody_learns_for_whom(caller: APIClient, company: Company) -> None:
    theirs = an_issued_trip(a_company("East Star Trade"))
    driver = a_driver(company, passport_number=theirs.driver.passport_number)
    trip = a_trip(company, vehicle=a_petrol_car(company), driver=driver)
    a_licence(company)

    answer = caller.post(f"/api/v1/trips/{trip.reference}/pass/")

    assert errors_of(answer) == [("driver_unavailable", "driver")]
    assert "East" not in answer.content.decode()
    assert theirs.reference not in answer.content.decode()


def test_it_swaps_the_driver_in_one_step(caller: APIClient, company: Company) -> None:
    trip = an_issued_trip(company)
    old, other = trip.passes.get(), a_driver(company, name="Guljan")

    answer = caller.post(f"/api/v1/trips/{trip.reference}/swap-driver/", {"driver": other.pk}, format="json")
    again = caller.post(f"/api/v1/trips/{trip.reference}/swap-driver/", {"driver": other.pk}, format="json")

    old.refresh_from_db()
    assert (answer.status_code, old.state) == (201, PassState.SUPERSEDED)
    assert answer.json()["short_code"] != old.short_code
    assert (again.status_code, errors_of(again)) == (409, [("same_driver", "driver")])
    assert caller.get(f"/api/v1/trips/{trip.reference}/").json()["driver"]["name"] == "Guljan"


def test_another_companys_driver_is_not_there(caller: APIClient, company: Company) -> None:
    trip, theirs = an_issued_trip(company), a_driver(a_company("East Star Trade"))

    answer = caller.post(f"/api/v1/trips/{trip.reference}/swap-driver/", {"driver": theirs.pk}, format="json")

    assert (answer.status_code, errors_of(answer)) == (400, [("not_found", "driver")])
    assert trip.passes.get().state == PassState.OPEN


def test_it_moves_a_trip_to_another_time(caller: APIClient, company: Company) -> None:
    trip = an_issued_trip(company)
    body = {"opens_at": "2026-11-24T03:00:00Z", "closes_at": "2026-11-25T03:00:00Z", "reason": "Snow."}

    answer = caller.post(f"/api/v1/trips/{trip.reference}/redate/", body, format="json")

    assert answer.status_code == 201
    assert answer.json()["opens_at"] == body["opens_at"]
    assert sorted(Pass.objects.values_list("state", flat=True)) == [PassState.OPEN, PassState.SUPERSEDED]


def test_it_revokes_a_code_and_the_trip_is_planned_again(caller: APIClient, company: Company) -> None:
    trip = an_issued_trip(company)

    answer = caller.post(f"/api/v1/trips/{trip.reference}/revoke-pass/", {"reason": "Lost."}, format="json")
    again = caller.post(f"/api/v1/trips/{trip.reference}/revoke-pass/", {"reason": "Lost."}, format="json")

    assert (answer.status_code, answer.json()["state"]) == (200, "planned")
    assert answer.json()["pass"]["state"] == "revoked"
    assert Licence.objects.get().used == 0
    assert (again.status_code, errors_of(again)) == (409, [("trip_not_ready", "state")])


def test_it_cancels_once_and_gives_the_licence_back(caller: APIClient, company: Company) -> None:
    trip = an_issued_trip(company)

    answer = caller.post(f"/api/v1/trips/{trip.reference}/cancel/", {"reason": "Sold."}, format="json")
    again = caller.post(f"/api/v1/trips/{trip.reference}/cancel/", {"reason": "Sold."}, format="json")

    assert (answer.status_code, answer.json()["state"]) == (200, "cancelled")
    assert (Licence.objects.get().used, Pass.objects.get().state) == (0, PassState.REVOKED)
    assert (again.status_code, errors_of(again)) == (409, [("trip_not_cancellable", "state")])


def test_a_reason_is_required(caller: APIClient, company: Company) -> None:
    trip = an_issued_trip(company)

    answer = caller.post(f"/api/v1/trips/{trip.reference}/cancel/", {}, format="json")

    assert (answer.status_code, errors_of(answer)) == (400, [("required", "reason")])
    assert Trip.objects.get().state == TripState.READY


def left(trip: Trip) -> Trip:
    Trip.objects.filter(pk=trip.pk).update(state=TripState.EXITED, exited_at=AT)
    return trip


def test_a_vehicle_may_come_back(caller: APIClient, company: Company) -> None:
    trip = left(an_issued_trip(company))
    with time_machine.travel(AT + timedelta(hours=5), tick=False):
        answer = caller.post(
            f"/api/v1/trips/{trip.reference}/return/",
            {"occurred_at": "2026-11-22T08:00:00Z", "note": "Refused there."},
            format="json",
        )
        again = caller.post(f"/api/v1/trips/{trip.reference}/return/", {}, format="json")

    assert (answer.status_code, answer.json()["state"]) == (200, "returned")
    assert answer.json()["driver_returned_at"] == "2026-11-22T08:00:00Z"
    assert (again.status_code, errors_of(again)) == (409, [("trip_not_abroad", "state")])


def test_a_driver_may_be_back(caller: APIClient, company: Company) -> None:
    trip = left(an_issued_trip(company))

    future = caller.post(
        f"/api/v1/trips/{trip.reference}/driver-back/", {"occurred_at": "2026-11-23T08:00:00Z"}, format="json"
    )
    answer = caller.post(f"/api/v1/trips/{trip.reference}/driver-back/", {}, format="json")
    again = caller.post(f"/api/v1/trips/{trip.reference}/driver-back/", {}, format="json")

    assert (future.status_code, errors_of(future)) == (400, [("in_future", "occurred_at")])
    assert answer.status_code == again.status_code == 200
    assert answer.json()["driver_returned_at"] == again.json()["driver_returned_at"] == "2026-11-22T04:00:00Z"


def test_nobody_is_back_who_has_not_left(caller: APIClient, company: Company) -> None:
    trip = an_issued_trip(company)

    answer = caller.post(f"/api/v1/trips/{trip.reference}/driver-back/", {}, format="json")

    assert (answer.status_code, errors_of(answer)) == (409, [("trip_not_left", "state")])


def test_it_takes_a_reference_in_small_letters(caller: APIClient, company: Company) -> None:
    trip = a_trip(company)

    assert caller.get(f"/api/v1/trips/{trip.reference.lower()}/").status_code == 200
