"""The description of the interface says what it does, and its page draws under the strict CSP."""

from __future__ import annotations

from copy import deepcopy
from functools import cache
from io import StringIO
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest
import schemathesis
from django.core.management import call_command
from django.core.signals import request_finished, request_started
from django.db import close_old_connections
from django.urls import reverse
from drf_spectacular.generators import SchemaGenerator
from hypothesis import HealthCheck, Phase, given
from hypothesis import settings as hypothesis_settings
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from ferry.actions.cases import open_case
from ferry.actions.pay import correct_pay
from ferry.actions.vehicles import offer_vehicle
from ferry.models import CaseKind, Weight
from ferry.wsgi import application
from tests.builders import (
    AT,
    BY,
    a_checkpoint,
    a_company,
    a_company_key,
    a_device,
    a_vehicle,
    an_authority_key,
    an_issued_trip,
)
from tests.ferry.api.callers import nobody

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Page
    from pytest_django.live_server_helper import LiveServer

    from ferry.models import Company


def test_it_is_written_without_a_warning() -> None:
    call_command("spectacular", "--validate", "--fail-on-warn", stdout=StringIO())


@cache
def described() -> dict[str, Any]:
    document: dict[str, Any] = SchemaGenerator().get_schema(request=None, public=True)  # type: ignore[no-untyped-call]
    return document


def operations() -> list[tuple[str, dict[str, Any]]]:
    return [
        (f"{method} {path}", operation)
        for path, methods in described()["paths"].items()
        for method, operation in methods.items()
    ]


def test_it_is_openapi_3_1_and_calls_have_names_of_their_own() -> None:
    names = [operation["operationId"] for _call, operation in operations()]

    assert described()["openapi"].startswith("3.1")
    assert len(names) == len(set(names))


def test_every_call_has_examples() -> None:
    for call, operation in operations():
        bodies = [operation["requestBody"]] if "requestBody" in operation else []
        bodies += [answer for status, answer in operation["responses"].items() if status in {"200", "201"}]
        for body in bodies:
            assert all(content.get("examples") for content in body["content"].values()), call


def test_every_call_says_how_it_refuses() -> None:
    for call, operation in operations():
        refusals = [status for status in operation["responses"] if status.startswith("4")]
        assert {"406", "429"} <= set(refusals), call
        assert bool(operation.get("security", [{}])[0]) == ("401" in refusals), call


def test_anybody_may_read_it() -> None:
    assert nobody().get("/api/v1/schema/").status_code == 200
    assert nobody().get("/api/v1/schema/?format=json").json()["openapi"].startswith("3.1")


# --- What it says holds ------------------------------------------------------------------------

CHECKS = (
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
)
SCHEMA = schemathesis.openapi.from_dict(deepcopy(described()))
SCHEMA.app = application
KEYS = {"scans": "device", "devices": "device", "checkpoints": "device", "records": "authority"}
NAMES = sorted(operation["operationId"] for _call, operation in operations())


CORRECTED: dict[str, Any] = {"amount_fen": 500, "reason": "tolls", "key": uuid4()}


@pytest.fixture
def tokens(company: Company) -> dict[str, str]:
    return {
        "company": a_company_key(company)[1],
        "device": a_device(a_checkpoint("CN-HORGOS"))[1],
        "authority": an_authority_key()[1],
    }


@pytest.fixture
def known(company: Company) -> dict[str, dict[str, Any]]:
    """Make one of each, and give what it is called in addresses, by the first word of a call's name."""
    trip = an_issued_trip(company)
    case = open_case(trip=trip, kind=CaseKind.DAMAGE, weight=Weight.LOW, facts={"a": 1}, at=AT, by=BY)
    assert case is not None
    offer = offer_vehicle(vehicle=a_vehicle(company), to_company=a_company(), at=AT, by=BY)
    return {
        "vehicles": {"vin": trip.vehicle.vin},
        "handovers": {"id": offer.pk},
        "drivers": {"id": trip.driver_id},
        "declarations": {"number": trip.declaration.number},
        "licences": {"id": company.licences.get().pk},
        "trips": {"reference": trip.reference},
        "passes": {"reference": trip.reference},
        "cases": {"id": case.pk},
        "pay": {"id": correct_pay(driver=trip.driver, **CORRECTED, at=AT, by=BY)[0].statement_id},
        "checkpoints": {"code": "CN-HORGOS"},
    }


@pytest.fixture
def one_connection() -> Iterator[None]:
    """Keep the test's own connection, in whose transaction all is, as Django's client does."""
    for signal in (request_started, request_finished):
        signal.disconnect(close_old_connections)
    yield
    for signal in (request_started, request_finished):
        signal.connect(close_old_connections)


@pytest.mark.usefixtures("one_connection")
@pytest.mark.parametrize("name", NAMES)
def test_it_keeps_its_word_whatever_is_sent(
    name: str, tokens: dict[str, str], known: dict[str, dict[str, Any]], settings: Any
) -> None:
    settings.DEBUG = False
    about = name.split("_")[0]
    operation = SCHEMA.find_operation_by_id(name)
    token = tokens[KEYS.get(about, "company")]

    @hypothesis_settings(
        max_examples=12,
        deadline=None,
        derandomize=True,
        database=None,
        phases=[Phase.explicit, Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operation.as_strategy())
    def each(case: Any) -> None:
        if case.path_parameters:
            case.path_parameters = known[about]
        case.call_and_validate(
            headers={"Authorization": f"Token {token}", "Accept-Encoding": "identity"}, checks=CHECKS
        )

    each()


# --- Its page ----------------------------------------------------------------------------------


@pytest.mark.browser
@pytest.mark.django_db(transaction=True)
def test_its_page_draws_and_breaks_no_rule(page: Page, live_server: LiveServer) -> None:
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))

    page.goto(f"{live_server.url}{reverse('api:docs')}")
    page.wait_for_selector("#operations-trips-trips_plan")
    page.click("#operations-trips-trips_plan button")
    page.wait_for_selector("#operations-trips-trips_plan .opblock-body")

    assert said == []


def test_its_page_alone_may_set_styles() -> None:
    page, other = nobody().get("/api/docs/"), nobody().get("/accounts/login/")

    assert "style-src 'self' 'unsafe-inline'" in page.headers["Content-Security-Policy"]
    assert "unsafe-inline" not in other.headers["Content-Security-Policy"]
    assert "script-src" not in page.headers["Content-Security-Policy"].replace("script-src 'self'", "")
