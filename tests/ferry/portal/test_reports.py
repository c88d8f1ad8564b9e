"""The page of reports, and its workbook."""

from __future__ import annotations

from datetime import date, timedelta
from io import BytesIO

import pytest
from django.urls import reverse
from openpyxl import load_workbook

from ferry.actions.announce import announce
from ferry.actions.reports import count_marked_days
from ferry.models import CompanyDay
from ferry.portal.reports import asked_period, period_context
from ferry.rules.reports import period_of
from tests.builders import AT, a_company, a_member, a_route, an_exited_trip

pytestmark = pytest.mark.django_db

ON = date(2026, 11, 22)
FIGURES = {
    "planned": 12,
    "exited": 10,
    "arrived": 9,
    "delivered": 8,
    "outcomes": {"matched": 6, "discrepant": 2, "waiting": 2},
    "times": {"exit_receipt": {"125": 7, "1000": 1}, "exit_entry": {"70": 9}},
    "cases": {"damage": 2},
}


def lay(company, on=ON, **fields):
    return CompanyDay.objects.create(
        **{"company": company, "route": a_route(), "on": on, **FIGURES, **fields}
    )


def test_it_says_what_the_month_came_to_beside_the_one_before(company, see):
    lay(company)
    lay(company, date(2026, 10, 2), exited=4)
    page = see("reports")
    assert "November 2026" in page
    for said in ("+6", "2 h 5 min", "75%", "of 8 judged; 2 still within time", "Damage noted"):
        assert said in page
    assert "Compared with 2026-10-01 – 2026-10-22." in page


def test_on_the_first_it_opens_the_month_that_is_over(rf):
    first = date(2026, 12, 1)
    assert asked_period(rf.get("/reports/"), first).first == date(2026, 11, 1)
    assert asked_period(rf.get("/reports/"), date(2026, 12, 2)).first == first


def test_the_day_opened_from_a_month_is_the_latest_there_is():
    november, today = period_of("month", ON), date(2026, 11, 28)
    assert period_context(november, today)["latest"] == today
    assert period_context(november.earlier, today)["latest"] == date(2026, 10, 31)


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"kind": "day", "on": "2026-11-21"}, "2026-11-21"),
        ({"kind": "week", "on": "2026-11-18"}, "2026-11-16 – 2026-11-22"),
        ({"kind": "month", "on": "2026-10-31"}, "October 2026"),
        ({"kind": "century", "on": "yesterday"}, "November 2026"),
        ({"kind": "month", "on": "0001-01-01"}, "November 2026"),
        ({"kind": "day", "on": "9999-12-31"}, "2026-11-22"),
    ],
)
def test_the_address_says_which_days(company, see, asked, said):
    lay(company)
    lay(company, date(2026, 10, 2))
    assert said in see("reports", **asked)


def test_charts_have_their_numbers_in_tables(company, see):
    lay(company)
    page = see("reports", kind="week", on="2026-11-22")
    assert page.count("<figure") == page.count("<details id=") == 3
    assert '<th scope="row">2026-11-22</th><td class="fm-num">10</td><td class="fm-num">8</td>' in page


def test_without_trips_it_says_so_and_where_to_go(company, see):
    page = see("reports")
    assert "Nothing in these days" in page
    assert "<figure" not in page


def test_it_says_that_days_are_being_counted_until_they_are(company, see):
    an_exited_trip(company)
    page = see("reports")
    assert "being counted" in page
    assert "Nothing in these days" not in page
    while announce(at=AT):
        pass
    assert "being counted" in see("reports")
    while count_marked_days():
        pass
    page = see("reports")
    assert "being counted" not in page
    assert "Left China" in page


def test_a_strangers_days_are_none_to_wait_for(company, see):
    an_exited_trip(a_company("East Star Trade"))
    assert "being counted" not in see("reports")


def test_it_tells_what_checkpoints_said_on_the_page_and_by_route(company, see):
    lay(company, verdicts={"release": 7, "examine": 2, "refuse": 1})
    page = see("reports", kind="day", on="2026-11-22")
    assert "examined: 2 · refused: 1" in page
    assert "70%" in page
    assert "Sent to examination" in page


def test_it_can_be_of_one_route(company, see):
    lay(company)
    lay(company, route=a_route("ALASHANKOU-DOSTYK"), exited=77)
    page = see("reports", route="ALASHANKOU-DOSTYK")
    assert ">77<" in page
    assert ">87<" not in page
    assert ">87<" in see("reports", route="NOWHERE")


def test_a_stranger_sees_nothing_of_it(company, client):
    lay(company)
    client.force_login(a_member(a_company("East Star Trade")).user)
    assert "Nothing in these days" in client.get(reverse("portal:reports")).content.decode()


def test_its_queries_do_not_depend_on_the_days(company, client, django_assert_num_queries):
    for back in range(45):
        lay(company, ON - timedelta(days=back))
    client.get(reverse("portal:reports"))
    with django_assert_num_queries(9):
        client.get(reverse("portal:reports"))


class TestTheWorkbook:
    def book(self, client, **asked):
        answer = client.get(reverse("portal:reports_export"), asked)
        assert answer.status_code == 200
        return load_workbook(BytesIO(answer.content)), answer

    def test_it_has_a_sheet_for_each_table_with_numbers(self, company, client):
        lay(company)
        book, answer = self.book(client, kind="day", on="2026-11-22")
        assert 'filename="report-day-2026-11-22.xlsx"' in answer["Content-Disposition"]
        assert book.sheetnames == [
            "Trips",
            "At the checkpoints",
            "Reconciliation",
            "How long it took",
            "Cases opened",
            "By route",
            "Day by day",
        ]
        times = {row[0].value: row for row in book["How long it took"].iter_rows()}
        row = times["Exit to receipt"]
        assert (row[1].value, row[2].number_format) == (8, "[h]:mm")
        assert row[2].value == timedelta(minutes=125)
        share = {row[0].value: row for row in book["By route"].iter_rows()}
        assert any(cell.number_format == "0.0%" for cell in share["Horgos → Nur Zholy"])

    def test_a_share_is_the_same_as_on_the_page(self, company, client, see):
        lay(company, verdicts={"release": 5, "refuse": 8})
        book, _answer = self.book(client, kind="day", on="2026-11-22")
        route = next(row for row in book["By route"].iter_rows() if row[0].value == "Horgos → Nur Zholy")
        assert 0.384 in [cell.value for cell in route]
        assert "38.4%" in see("reports", kind="day", on="2026-11-22")

    def test_a_companys_name_never_becomes_a_formula(self, company, client):
        company.name = "=HYPERLINK(1)"
        company.save()
        lay(company)
        cell = self.book(client)[0]["Trips"]["A1"]
        assert cell.data_type == "s"
        assert cell.value.startswith("=HYPERLINK(1)")
