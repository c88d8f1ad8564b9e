"""Whatever is sent, the answer is an error in the one form and never a 500."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from ferry.models import Company, Driver, Vehicle
from tests.builders import a_checkpoint, a_company, a_trip
from tests.ferry.api.callers import (
    authority_caller,
    company_caller,
    device_caller,
    errors_of,
    nobody,
)
from tests.ferry.api.test_company_data import driver_body, vehicle_body
from tests.ferry.api.test_trips import trip_body

if TYPE_CHECKING:
    from collections.abc import Callable

    from rest_framework.test import APIClient

JSON = "application/json"
BROKEN = {
    "cut short": b'{"vin": "L',
    "nothing but a word": b"vin",
    "not UTF-8": b'{"vin": "\xff\xfe"}',
    "UTF-16": '{"vin": "L"}'.encode("utf-16"),
    "not a number": b'{"quantity": NaN}',
    "an endless number": b'{"quantity": 1e999}',
    "a huge number": b'{"quantity": ' + b"9" * 5000 + b"}",
    "a NUL": b'{"make": "a\\u0000b"}',
    "a NUL as a name": b'{"a\\u0000": 1}',
    "half a character": b'{"make": "\\ud83d"}',
    "half a character as a name": b'{"\\udc00": 1}',
    "deep": b"[" * 50_000 + b"]" * 50_000,
    "rather deep": b'{"a":' * 30 + b"1" + b"}" * 30,
}


@pytest.mark.parametrize("broken", BROKEN.values(), ids=BROKEN)
@pytest.mark.parametrize("name", ["vehicles", "licences", "trips", "receipts"])
def test_a_body_that_cannot_be_read_is_refused(broken: bytes, name: str) -> None:
    answer = who_may(name).post(f"/api/v1/{name}/", broken, content_type=JSON)

    assert answer.status_code == 400
    assert errors_of(answer) == [("parse_error", None)]


@pytest.mark.parametrize("broken", [BROKEN["not UTF-8"], BROKEN["deep"], BROKEN["an endless number"]])
@pytest.mark.parametrize("name", ["scans", "scans/batch", "records"])
def test_lines_that_cannot_be_read_are_refused(broken: bytes, name: str) -> None:
    answer = who_may(name).post(f"/api/v1/{name}/", broken, content_type=JSON)

    assert (answer.status_code, errors_of(answer)) == (400, [("parse_error", None)])


@pytest.mark.parametrize("body", [b"null", b"[]", b"1", b'"x"', b"true", b"[[]]", b'[{"vin": 1}]'])
@pytest.mark.parametrize(
    "name", ["vehicles", "drivers", "declarations", "licences", "trips", "receipts", "scans"]
)
def test_a_body_that_is_no_object_is_refused(body: bytes, name: str) -> None:
    answer = who_may(name).post(f"/api/v1/{name}/", body, content_type=JSON)

    assert answer.status_code == 400
    errors_of(answer)


def who_may(name: str) -> APIClient:
    makers: dict[str, Callable[[], APIClient]] = {
        "scans": lambda: device_caller(a_checkpoint("CN-HORGOS")),
        "scans/batch": lambda: device_caller(a_checkpoint("CN-HORGOS")),
        "records": authority_caller,
        "receipts": nobody,
    }
    return makers.get(name, lambda: company_caller(a_company()))()


def test_whole_characters_and_backslashes_are_welcome(caller: APIClient) -> None:
    body = json.dumps(vehicle_body(make="比亚迪 😀", model="\\u0000"), ensure_ascii=True)

    answer = caller.post("/api/v1/vehicles/", body, content_type=JSON)

    assert (answer.status_code, answer.json()["make"]) == (201, "比亚迪 😀")


def test_a_byte_order_mark_is_welcome(caller: APIClient) -> None:
    body = b"\xef\xbb\xbf" + json.dumps(vehicle_body()).encode()

    assert caller.post("/api/v1/vehicles/", body, content_type=JSON).status_code == 201


def test_a_body_too_large_is_refused(caller: APIClient, settings: Any) -> None:
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 1000

    answer = caller.post("/api/v1/vehicles/", b" " * 1001, content_type=JSON)

    assert (answer.status_code, errors_of(answer)) == (413, [("too_large", None)])
    assert not Vehicle.objects.exists()


@pytest.mark.parametrize(
    "kind", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", "é/x"]
)
def test_another_kind_of_body_is_refused(caller: APIClient, kind: str) -> None:
    answer = caller.post("/api/v1/vehicles/", b"vin=1", content_type=kind)

    assert (answer.status_code, errors_of(answer)) == (415, [("unsupported_media_type", None)])


def test_an_unknown_charset_does_not_matter(caller: APIClient) -> None:
    body = json.dumps(vehicle_body()).encode()

    answer = caller.post("/api/v1/vehicles/", body, content_type="application/json; charset=klingon")

    assert answer.status_code == 201


def test_only_json_is_spoken(caller: APIClient) -> None:
    answer = caller.get("/api/v1/vehicles/", headers={"accept": "text/html"})

    assert (answer.status_code, errors_of(answer)) == (406, [("not_acceptable", None)])


@pytest.mark.parametrize("method", ["put", "delete"])
def test_another_method_is_refused(caller: APIClient, method: str) -> None:
    answer = getattr(caller, method)("/api/v1/vehicles/")

    assert (answer.status_code, errors_of(answer)) == (405, [("method_not_allowed", None)])


@pytest.mark.parametrize("reference", ["%00", "%FF", "a%2Fb", "A" * 3000, "😀", "'; --"])
def test_an_odd_reference_is_not_there(caller: APIClient, reference: str) -> None:
    for address in (f"trips/{reference}/", f"vehicles/{reference}/", f"declarations/{reference}/"):
        answer = caller.get(f"/api/v1/{address}")
        assert answer.status_code == 404
        errors_of(answer)


@pytest.mark.parametrize("number", [str(10**18), str(10**30), "9" * 4000])
def test_a_huge_id_is_not_there(caller: APIClient, number: str) -> None:
    for name in ("drivers", "licences", "cases"):
        assert caller.get(f"/api/v1/{name}/{number}/").status_code == 404


@pytest.mark.parametrize("driver", [10**18, 10**30, -1, 0, 1.5, True, None, [], {}])
def test_an_odd_number_in_a_body_is_refused(caller: APIClient, company: Company, driver: Any) -> None:
    answer = caller.post("/api/v1/trips/", trip_body(company, driver=driver), format="json")

    assert answer.status_code == 400
    assert [attr for _code, attr in errors_of(answer)] == ["driver"]


ANYTHING = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=60)
    | st.dates().map(str)
    | st.datetimes().map(lambda moment: f"{moment.isoformat()}Z"),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)
FUZZED = hypothesis_settings(
    max_examples=30,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)


@FUZZED
@given(st.data())
@pytest.mark.parametrize("name", ["vehicles", "drivers", "declarations", "licences", "trips"])
def test_any_value_in_any_field_is_answered(caller: APIClient, name: str, data: st.DataObject) -> None:
    bodies: dict[str, dict[str, Any]] = {
        "vehicles": vehicle_body(),
        "drivers": driver_body(),
        "declarations": {"number": "1", "supervision_mode": "0110", "status": "released", "vins": ["X"]},
        "licences": {"number": "A1", "expires_on": "2030-01-01", "quantity": 1},
        "trips": {
            "vin": "X",
            "driver": 1,
            "declaration": "1",
            "route": "X",
            "delivery_place": "X",
            "consignee": {"name": "A", "phone": "", "language": "ru"},
            "opens_at": "2026-11-22T03:00:00Z",
            "closes_at": "2026-11-23T03:00:00Z",
        },
    }
    body = bodies[name]
    spoilt = data.draw(st.sampled_from(sorted(body)))

    answer = caller.post(f"/api/v1/{name}/", {**body, spoilt: data.draw(ANYTHING)}, format="json")

    assert answer.status_code in {201, 400, 409}
    if answer.status_code != 201:
        errors_of(answer)


@FUZZED
@given(value=ANYTHING, attr=st.sampled_from(["reason", "opens_at", "closes_at"]))
def test_any_value_in_a_redate_is_answered(
    caller: APIClient, company: Company, value: Any, attr: str
) -> None:
    trip = a_trip(company)
    body = {"opens_at": "2026-11-24T03:00:00Z", "closes_at": "2026-11-25T03:00:00Z", "reason": "Snow."}

    answer = caller.post(f"/api/v1/trips/{trip.reference}/redate/", {**body, attr: value}, format="json")

    assert answer.status_code in {400, 409}
    assert not Driver.objects.filter(name="").exists()
