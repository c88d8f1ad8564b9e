"""Who changed what of a vehicle, a driver or a declaration, and when."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import translation

from ferry.actions.declarations import set_declaration_status
from ferry.actions.drivers import change_driver
from ferry.actions.vehicles import answer_handover, change_vehicle, offer_vehicle
from ferry.models import DeclarationStatus
from ferry.queries.history import CHANGES_SHOWN
from ferry.templatetags.names import who
from tests.builders import AT, BY, a_company, a_declaration, a_driver, a_passport_number, a_vehicle

pytestmark = pytest.mark.django_db


def history_on(page: str) -> str:
    return page.partition(">History<")[2]


def test_a_vehicle_tells_who_changed_what_newest_first(company, see):
    vehicle = a_vehicle(company, colour="white")
    change_vehicle(
        vehicle=vehicle, colour="red", plate="F1234", at=AT + timedelta(hours=1), by="owner li@a.example"
    )
    change_vehicle(vehicle=vehicle, colour="black", at=AT + timedelta(hours=2), by="key ERP")
    told = history_on(see("vehicle", vehicle.vin))
    assert "Colour: red → black" in told
    assert "Colour: white → red" in told
    assert "Plate: — → F1234" in told
    assert told.index("API key ERP") < told.index("Owner li@a.example") < told.index("Registered")


def test_a_passport_is_told_by_its_end_alone(company, see):
    driver = a_driver(company)
    before, after = driver.passport_number, a_passport_number()
    change_driver(driver=driver, passport_number=after, at=AT, by=BY)
    told = history_on(see("driver", driver.pk))
    assert f"…{before[-4:]} → …{after[-4:]}" in told
    assert before not in told
    assert after not in told


def test_a_declaration_tells_its_statuses_in_words(company, see):
    declaration = a_declaration(company, [a_vehicle(company).vin])
    at = AT + timedelta(hours=1)
    set_declaration_status(
        declaration=declaration, status=DeclarationStatus.AMENDED, occurred_at=at, at=at, by=BY
    )
    assert "Released → Amended" in history_on(see("declaration", declaration.number))


def test_what_a_vehicle_was_with_another_company_stays_there(company, see):
    other = a_company("East Star Trade")
    vehicle = a_vehicle(other, colour="white")
    change_vehicle(vehicle=vehicle, colour="red", at=AT, by="owner theirs@b.example")
    offer = offer_vehicle(vehicle=vehicle, to_company=company, at=AT, by=BY)
    answer_handover(handover=offer, company=company, accept=True, at=AT, by="owner ours@a.example")
    told = history_on(see("vehicle", vehicle.vin))
    assert "Taken over from another company" in told
    assert "ours@a.example" in told
    assert "theirs@b.example" not in told
    assert "white" not in told


def test_a_long_history_is_cut_and_costs_no_more(company, see, django_assert_num_queries):
    vehicle = a_vehicle(company, colour="0")
    change_vehicle(vehicle=vehicle, colour="1", at=AT, by=BY)
    with CaptureQueriesContext(connection) as few:
        see("vehicle", vehicle.vin)
    for number in range(2, CHANGES_SHOWN + 5):
        at = AT + timedelta(minutes=number)
        change_vehicle(vehicle=vehicle, colour=str(number), at=at, by=BY)
    with django_assert_num_queries(len(few)):
        told = history_on(see("vehicle", vehicle.vin))
    assert told.count("Colour: ") == CHANGES_SHOWN
    assert "Registered" not in told


@pytest.mark.parametrize(
    ("by", "told"),
    [
        ("dispatcher zhang@a.example", "Диспетчер zhang@a.example"),
        ("Dispatcher zhang@a.example", "Диспетчер zhang@a.example"),
        ("consignee", "Грузополучатель"),
        ("somebody else", "Somebody else"),
        ("", ""),
    ],
)
def test_who_acted_is_said_in_the_readers_language(by, told):
    with translation.override("ru"):
        assert who(by) == told
