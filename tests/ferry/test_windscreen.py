"""The sheet behind the windscreen, as it comes out of the printer."""

from __future__ import annotations

import pytest

from ferry import codes
from ferry.actions.passes import receipt_pin
from ferry.queries.passes import passes_in_full
from ferry.windscreen import draw_sheets
from tests.builders import a_company, a_driver, a_vehicle, an_issued_trip
from tests.pdf import pages

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("per_page", [1, 2])
def test_a_camera_reads_the_code_off_the_paper(per_page):
    company = a_company()
    trips = [an_issued_trip(company) for _number in range(3)]
    drawn = pages(draw_sheets(passes_in_full().order_by("pk"), per_page=per_page))
    assert len(drawn) == {1: 3, 2: 2}[per_page]
    assert {code for page in drawn for code in page.codes} == {trip.passes.get().code for trip in trips}
    assert min(page.square_mm for page in drawn) >= 60


@pytest.mark.parametrize("per_page", [1, 2])
def test_it_says_what_an_officer_compares_and_nothing_of_the_driver(per_page):
    company = a_company()
    company.phone = "+86 999 900 0101"
    company.save()
    vehicle = a_vehicle(company, plate="新F81434临", colour="白色", make="БелАЗ", model="Қазақ ңғүұ")
    trip = an_issued_trip(company, vehicle=vehicle, driver=a_driver(company, name="Zhao Xiaohong"))
    [page] = pages(draw_sheets(passes_in_full(), per_page=per_page))
    for words in (
        codes.show_short_code(trip.passes.get().short_code),
        vehicle.vin[:-6],
        vehicle.vin[-6:],
        "新F81434临",
        "白色",
        "БелАЗ Қазақ ңғүұ",
        trip.reference,
        company.name,
        "+86 999 900 0101",
        trip.route.exit.name_zh,
        trip.route.entry.name_ru,
        "北京 UTC+8",
        "Астана UTC+5",
    ):
        assert words in page.text, words
    for secret in ("Zhao", trip.driver.passport_number, receipt_pin(trip)):
        assert secret not in page.text


def test_a_long_name_stays_on_the_paper():
    company = a_company()
    company.name = "霍尔果斯丝路国际汽车进出口贸易" * 6
    company.save()
    an_issued_trip(company)
    [page] = pages(draw_sheets(passes_in_full(), per_page=2))
    assert company.name in page.text.replace("\r\n", "")
    assert page.codes
