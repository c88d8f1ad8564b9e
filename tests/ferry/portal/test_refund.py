"""Refunds in the portal."""

from __future__ import annotations

import io
import zipfile

import pytest
from django.urls import reverse

from ferry import tasks
from ferry.actions.cases import open_case
from ferry.models import CaseKind, Declaration, DeclaredVehicle, RefundFiling, RefundPackage, Weight
from tests.builders import AT, BY, a_company, a_declaration, an_exited_trip

pytestmark = pytest.mark.django_db


def ready(company) -> Declaration:
    declaration = an_exited_trip(company).declaration
    DeclaredVehicle.objects.filter(declaration=declaration).update(exited_at=AT)
    Declaration.objects.filter(pk=declaration.pk).update(status="closed", closed_at=AT, refund_ready_at=AT)
    declaration.refresh_from_db()
    return declaration


def test_it_lists_what_blocks_each_and_when_it_is_due(company, see):
    blocked, done = a_declaration(company), ready(company)
    shown = see("refund")
    assert "2027-04-15" in shown
    assert "1 not out" in shown
    assert blocked.number not in see("refund", state="ready")
    assert done.number in see("refund", state="ready", due="later")
    assert done.number not in see("refund", due="past")


def lodged_in(year: int, company) -> Declaration:
    declaration = a_declaration(company)
    number = declaration.number
    Declaration.objects.filter(pk=declaration.pk).update(number=f"{number[:4]}{year}{number[8:]}")
    declaration.refresh_from_db()
    return declaration


def test_it_is_in_the_order_of_deadlines_and_back(company, see):
    latest, first, middle = numbers = [lodged_in(year, company).number for year in (2026, 2024, 2025)]
    shown = see("refund")
    assert sorted(numbers, key=shown.index) == [first, middle, latest]
    shown = see("refund", sort="-lodged_in")
    assert sorted(numbers, key=shown.index) == [latest, middle, first]


def test_a_page_goes_on_after_a_deadline(company, see):
    middle, latest, first = (lodged_in(year, company) for year in (2025, 2026, 2024))
    shown = see("refund", after=f"2025~{middle.pk}")
    assert [one.number in shown for one in (first, middle, latest)] == [False, False, True]


def open_cases(trip) -> None:
    said = {"weight": Weight.MEDIUM, "at": AT, "by": BY}
    open_case(trip=trip, kind=CaseKind.DAMAGE, facts={"x": "y"}, **said)
    open_case(declaration=trip.declaration, kind=CaseKind.DECLARATION_NOT_CLOSED, facts={"x": "y"}, **said)


def test_it_counts_the_open_cases_of_trips_and_names_their_vehicles(company, see):
    trip = an_exited_trip(company)
    open_cases(trip)
    assert f"open cases: 2 ({trip.vehicle.vin})" in see("refund")
    shown = see("refund_declaration", trip.declaration.number)
    assert "Damage noted" in shown
    assert "Declaration not closed" in shown
    assert trip.vehicle.vin[:11] in shown


def test_its_chart_and_totals_count_them(company, see):
    a_declaration(company)
    ready(company)
    assert "later: 2" in see("refund")
    shown = see("refund", part="totals")
    assert "Blocked" in shown
    assert "Ready" in shown


def test_it_takes_the_same_few_queries_however_long_it_is(company, see, django_assert_num_queries):
    a_declaration(company)
    with django_assert_num_queries(9):
        see("refund")
    for _ in range(3):
        ready(company)
        open_cases(an_exited_trip(company))
    with django_assert_num_queries(9):
        see("refund")


def test_a_package_is_made_and_downloaded(company, client, see, send):
    declaration = ready(company)
    for _ in range(2):
        send("refund_package", declaration.number)
    assert "0 of 1 vehicles" in see("refund_declaration", declaration.number)
    tasks.make_refund_packages()
    assert declaration.number in see("refund", state="packed")
    assert "Download" in see("refund_declaration", declaration.number)
    answer = client.get(reverse("portal:refund_download", args=[RefundPackage.objects.get().pk]))
    content = b"".join(answer.streaming_content)
    assert "manifest.json" in zipfile.ZipFile(io.BytesIO(content)).namelist()
    assert int(answer["Content-Length"]) == len(content)


def test_a_blocked_one_gets_no_package(company, client, send, see):
    declaration = a_declaration(company)
    send("refund_package", declaration.number)
    assert not RefundPackage.objects.exists()
    assert "see what blocks it" in see("refund_declaration", declaration.number)


def test_an_open_case_does_not_block_what_is_ready(company, see):
    declaration = ready(company)
    said = {"weight": Weight.HIGH, "facts": {"x": "y"}, "at": AT, "by": BY}
    open_case(declaration=declaration, kind=CaseKind.DECLARATION_CHANGED, **said)
    shown = see("refund_declaration", declaration.number)
    assert str(CaseKind.DECLARATION_CHANGED.label) in shown
    assert "What blocks it" not in shown


def test_it_is_marked_as_filed(company, see, send):
    declaration = ready(company)
    send("refund_filed", declaration.number, filed_on="2026-11-22", reference="T-1")
    assert RefundFiling.objects.get().reference == "T-1"
    assert "T-1" in see("refund_declaration", declaration.number)
    assert declaration.number in see("refund", state="filed")


def test_a_day_to_come_is_refused(company, send):
    declaration = ready(company)
    answer = send("refund_filed", declaration.number, filed_on="2026-11-30")
    assert "filed_on" in answer.context["form"].errors
    assert not RefundFiling.objects.exists()


def test_a_strangers_package_is_not_there(company, client):
    declaration = ready(a_company())
    for name in ("refund_package", "refund_filed"):
        assert client.post(reverse(f"portal:{name}", args=[declaration.number])).status_code == 404
    assert client.get(reverse("portal:refund_declaration", args=[declaration.number])).status_code == 404


def test_a_viewer_reads_and_asks_for_nothing(company, as_viewer, see, send):
    declaration = ready(company)
    assert "Make the package" not in see("refund_declaration", declaration.number)
    assert send("refund_package", declaration.number).status_code == 403
    assert not RefundPackage.objects.exists()
