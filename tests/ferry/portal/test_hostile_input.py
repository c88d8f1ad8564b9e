"""Whatever is typed into an address or a form is answered, never a server error."""

from __future__ import annotations

import pytest

from ferry.models import Trip
from tests.builders import a_company, a_declaration, a_driver, a_member, a_route, a_vehicle, an_issued_trip

pytestmark = pytest.mark.django_db


@pytest.fixture
def company(client):
    company = a_company()
    client.force_login(a_member(company).user)
    return company


@pytest.mark.parametrize(
    "address",
    [
        *("/trips/?q=%00", "/trips/?route=%00", "/trips/F%00/", "/trips/F%00/sheet/", "/vehicles/?q=%00"),
        *("/vehicles/%00/", "/drivers/?q=%00", "/declarations/%00/", "/p/%00"),
        *("/lane/%00/", "/desk/cases/?q=%00", "/accounts/login/?next=%00"),
    ],
)
def test_a_nul_in_an_address_is_refused(client, company, address):
    assert client.get(address).status_code == 400


def test_a_forms_address_opened_by_itself_says_that_nothing_was_sent(client, company):
    answer = client.get("/cases/selected/", headers={"accept-language": "en"})
    assert (answer.status_code, answer["Allow"]) == (405, "POST")
    assert "Nothing was sent" in answer.content.decode()
    assert int(answer["Content-Length"]) == len(answer.content)
    assert "Content-Security-Policy" in answer


@pytest.mark.parametrize("address", ["/drivers/{}/", "/cases/{}/", "/trips/?before={}"])
@pytest.mark.parametrize("number", ["9223372036854775808", "9" * 40])
def test_a_number_no_database_can_hold_is_nobodys(client, company, address, number):
    assert client.get(address.format(number)).status_code in {200, 404}


@pytest.mark.parametrize(
    ("opens_at", "closes_at"),
    [
        ("0001-01-01T00:00", "0001-01-01T01:00"),
        ("0001-01-01T00:00", "9999-12-31T23:59"),
        ("9999-12-31T22:00", "9999-12-31T23:59"),
    ],
)
def test_a_year_nobody_means_is_refused_and_moves_nothing(client, company, opens_at, closes_at):
    vehicle, driver = a_vehicle(company), a_driver(company)
    a_declaration(company, [vehicle.vin])
    window = {"opens_at": opens_at, "closes_at": closes_at}
    said = {
        "vehicle": vehicle.vin,
        "driver": driver.pk,
        "route": a_route().pk,
        "consignee_name": "Almaty Auto",
        "consignee_language": "ru",
        "delivery_place": "park 3",
    }
    assert client.post("/trips/new/", {**said, **window}).status_code == 200
    assert not Trip.objects.exists()
    trip = an_issued_trip(company)
    answer = client.post(f"/trips/{trip.reference}/redate/", {**window, "reason": "typo"})
    assert answer.status_code == 200
    assert Trip.objects.get().opens_at == trip.opens_at
