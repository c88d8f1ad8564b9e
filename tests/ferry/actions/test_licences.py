"""Export licences are registered."""

from __future__ import annotations

from datetime import date

import pytest

from ferry.errors import Conflict, Invalid
from ferry.models import Licence
from tests.builders import a_company, a_licence, an_issued_trip

pytestmark = pytest.mark.django_db


def test_it_keeps_a_licence_and_counts_what_is_left():
    company = a_company()
    licence = a_licence(company, number="26-ab-000123", commodity_code="8703.80", quantity=5)
    assert (licence.number, licence.commodity_code, licence.left) == ("26AB000123", "870380", 5)
    an_issued_trip(company)
    licence.refresh_from_db()
    assert licence.left == 4
    assert licence.history.count() == 1


def test_it_gives_every_reason_at_once_and_registers_nothing():
    with pytest.raises(Invalid) as refusal:
        a_licence(a_company(), number=" ", commodity_code="car", quantity=0, expires_on=date(2026, 11, 21))
    assert {reason.attr: reason.code for reason in refusal.value.reasons} == {
        "number": "licence_number_form",
        "quantity": "licence_quantity",
        "expires_on": "licence_expired",
        "commodity_code": "hs_form",
    }
    assert not Licence.objects.exists()


@pytest.mark.parametrize("quantity", [-1, 2**31, 2**70])
def test_a_quantity_no_licence_has_is_refused(quantity):
    with pytest.raises(Invalid):
        a_licence(a_company(), quantity=quantity)


def test_a_licence_is_registered_once_in_a_company():
    company = a_company()
    licence = a_licence(company)
    with pytest.raises(Conflict) as refusal:
        a_licence(company, number=licence.number, quantity=900)
    assert refusal.value.reasons[0].code == "already_registered"
    assert Licence.objects.get().quantity == 100


def test_a_strangers_licence_number_is_his_own_matter():
    licence = a_licence(a_company("East Star Trade"))
    assert a_licence(a_company(), number=licence.number).pk != licence.pk
