"""Printing codes: a trip's sheet, a roster's sheets, pictures."""

from __future__ import annotations

import pytest
from django.urls import reverse

from ferry import codes
from ferry.actions.passes import revoke_pass
from ferry.portal.sheets import parts
from tests.builders import AT, BY, a_company, a_trip, a_worked_roster, an_issued_trip
from tests.pdf import pages

pytestmark = pytest.mark.django_db


def sheets(client, name, *args, **query):
    answer = client.get(reverse(f"portal:{name}", args=args), query)
    assert answer["Content-Type"] == "application/pdf", answer.content
    return pages(answer.content)


def test_a_trips_sheet_is_one_page(client, company):
    trip = an_issued_trip(company)
    [page] = sheets(client, "sheet", trip.reference)
    assert page.codes == [trip.passes.get().code]
    assert codes.show_short_code(trip.passes.get().short_code) in page.text


def test_a_trip_without_a_code_has_no_sheet(client, company):
    trip = a_trip(company)
    answer = client.get(reverse("portal:sheet", args=[trip.reference]))
    assert answer["Location"] == reverse("portal:trip", args=[trip.reference])


def test_a_roster_is_printed_one_or_two_a_page_without_the_codes_that_ended(client, company):
    roster = a_worked_roster(company, 4)
    first, *others = [line.trip for line in roster.lines.order_by("pk")]
    revoke_pass(trip=first, reason="x", at=AT, by=BY)
    open_codes = [trip.passes.get().code for trip in others]
    one, two = (sheets(client, "sheets", roster.pk, per=per) for per in ("1", "2"))
    assert [code for page in one for code in page.codes] == open_codes
    assert [len(page.codes) for page in two] == [2, 1]


def test_a_long_roster_is_printed_in_parts(client, company, monkeypatch):
    monkeypatch.setattr("ferry.portal.sheets.SHEETS_AT_ONCE", 2)
    roster = a_worked_roster(company, 3)
    assert parts(3) == [(1, 2), (3, 3)]
    assert [len(sheets(client, "sheets", roster.pk, **{"from": first})) for first, _last in parts(3)] == [
        2,
        1,
    ]
    beyond = client.get(reverse("portal:sheets", args=[roster.pk]), {"from": "99999999999999999999"})
    assert beyond["Content-Type"] == "application/pdf"
    nothing = client.get(reverse("portal:sheets", args=[roster.pk]), {"from": "9"})
    assert nothing["Location"] == reverse("portal:roster_job", args=[roster.pk])


def test_a_roster_whose_codes_ended_says_so(client, company):
    roster = a_worked_roster(company, 1)
    revoke_pass(trip=roster.lines.get().trip, reason="x", at=AT, by=BY)
    answer = client.get(reverse("portal:sheets", args=[roster.pk]), follow=True)
    assert "No code of this roster is open now." in answer.content.decode()


def test_the_sheets_cost_the_same_for_many(client, company, django_assert_num_queries):
    for count in (2, 12):
        roster = a_worked_roster(company, count)
        with django_assert_num_queries(5):
            client.get(reverse("portal:sheets", args=[roster.pk]))


@pytest.mark.parametrize(("form", "begins"), [("png", b"\x89PNG"), ("svg", b"<svg")])
def test_the_code_can_be_had_as_a_picture(client, company, form, begins):
    trip = an_issued_trip(company)
    answer = client.get(reverse("portal:picture", args=[trip.reference, form]))
    assert answer.content.startswith(begins)
    assert trip.reference in answer["Content-Disposition"]


def test_without_a_code_and_for_a_stranger_there_is_no_picture(client, company):
    for trip in (a_trip(company), an_issued_trip(a_company("East Star Trade"))):
        assert client.get(reverse("portal:picture", args=[trip.reference, "png"])).status_code == 404
