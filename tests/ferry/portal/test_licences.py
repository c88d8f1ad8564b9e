"""A company's export licences in the portal."""

from __future__ import annotations

from datetime import date

import pytest
from django.urls import reverse

from ferry.actions.passes import revoke_pass
from ferry.models import Licence
from tests.builders import AT, BY, a_licence, an_issued_trip

pytestmark = pytest.mark.django_db


def described(**changes) -> dict[str, str]:
    usual = {"number": "26AB000777", "commodity_code": "", "quantity": "12", "expires_on": "2027-06-30"}
    return {**usual, **changes}


def test_it_registers_a_licence(company, send):
    answer = send("licence_new", **described(commodity_code="8703801090"))
    licence = Licence.objects.get()
    assert answer["Location"] == reverse("portal:licences")
    assert (licence.company, licence.left, licence.commodity_code) == (company, 12, "8703801090")


def test_every_fault_stands_at_its_field_and_the_input_is_kept(company, send):
    answer = send("licence_new", **described(number="26-AB!", commodity_code="87", expires_on="2025-01-01"))
    assert set(answer.context["form"].errors) == {"number", "commodity_code", "expires_on"}
    assert "26-AB!" in answer.content.decode()
    assert not Licence.objects.exists()


def test_the_same_licence_twice_is_refused(company, send):
    send("licence_new", **described())
    assert "number" in send("licence_new", **described()).context["form"].errors
    assert Licence.objects.count() == 1


def test_the_list_says_what_is_left_and_what_ends_soon(company, see):
    a_licence(company, quantity=3, expires_on=date(2026, 12, 24))
    an_issued_trip(company)
    shown = see("licences")
    assert "2 of 3 left" in shown
    assert "soon" in shown


def test_the_list_can_leave_out_what_is_used_up(company, see):
    used, usable = a_licence(company, quantity=1), a_licence(company)
    Licence.objects.filter(pk=used.pk).update(used=1)
    shown = see("licences", show="usable")
    assert usable.number in shown
    assert used.number not in shown
    assert used.number in see("licences", q=used.number[-4:])


def test_the_list_takes_the_same_few_queries_however_long_it_is(company, see, django_assert_num_queries):
    for _ in range(3):
        a_licence(company)
        with django_assert_num_queries(6):
            see("licences")


def test_a_viewer_sees_but_has_no_buttons(company, as_viewer, see, send):
    licence = a_licence(company)
    shown = see("licences")
    assert licence.number in shown
    assert reverse("portal:licence_new") not in shown
    assert send("licence_new", **described()).status_code == 403
    assert Licence.objects.count() == 1


def test_without_licences_it_shows_the_way(company, see):
    assert reverse("portal:licence_new") in see("licences")


def test_the_page_tells_the_balance_what_took_from_it_and_how_long_it_lasts(company, see):
    licence = a_licence(company, quantity=3, expires_on=date(2027, 12, 31))
    trip = an_issued_trip(company)
    shown = see("licence", licence.pk)
    assert "2 of 3 left" in shown
    assert trip.reference in shown
    assert "1 was taken in the last 30 days." in shown
    assert "At this pace it is used up on 2027-01-21." in shown


def test_the_page_tells_what_is_left_when_it_expires(company, see):
    licence = a_licence(company, quantity=10, expires_on=date(2026, 12, 23))
    an_issued_trip(company)
    assert "At this pace 8 are left when it expires." in see("licence", licence.pk)


def test_a_code_that_ended_unused_has_taken_nothing(company, see):
    licence = a_licence(company)
    trip = an_issued_trip(company)
    revoke_pass(trip=trip, reason="x", at=AT, by=BY)
    shown = see("licence", licence.pk)
    assert trip.reference not in shown
    assert "there is no forecast" in shown


def test_a_licence_that_is_over_or_used_up_shows_the_way(company, see):
    licence = a_licence(company)
    Licence.objects.filter(pk=licence.pk).update(expires_on=date(2026, 1, 1))
    assert "has expired" in see("licence", licence.pk)
    Licence.objects.filter(pk=licence.pk).update(expires_on=date(2027, 1, 1), used=licence.quantity)
    shown = see("licence", licence.pk)
    assert "Used up" in shown
    assert reverse("portal:licence_new") in shown


def test_the_page_takes_the_same_few_queries_however_many_took_from_it(
    company, see, django_assert_num_queries
):
    licence = a_licence(company)
    for _ in range(3):
        an_issued_trip(company)
        with django_assert_num_queries(8):
            see("licence", licence.pk)
