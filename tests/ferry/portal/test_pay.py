"""Drivers' pay in the portal."""

from __future__ import annotations

import io
import uuid
from datetime import UTC, datetime

import pytest
import time_machine
from django.conf import settings
from django.urls import reverse
from openpyxl import load_workbook

from ferry.actions.cases import open_case, resolve_case
from ferry.actions.passes import receipt_pin
from ferry.actions.pay import accrue_missing, add_rate, correct_pay
from ferry.actions.receipts import confirm_receipt
from ferry.models import (
    CaseKind,
    PayEntry,
    PayRate,
    PayStatement,
    Role,
    Trip,
    TripState,
    Weight,
)
from tests.builders import AT, BY, a_company, a_driver, a_member, an_issued_trip
from tests.pdf import pages

pytestmark = pytest.mark.django_db
DECEMBER = datetime(2026, 12, 2, 4, tzinfo=UTC)


@pytest.fixture
def owner(client, company):
    user = a_member(company, Role.OWNER).user
    client.force_login(user)
    return user


@pytest.fixture
def december(client, owner):
    """Come back when November is over."""
    with time_machine.travel(DECEMBER, tick=False):
        client.force_login(owner)
        client.cookies[settings.LANGUAGE_COOKIE_NAME] = "en"
        yield


def received(company, **fields) -> Trip:
    trip = an_issued_trip(company, **fields)
    said = {"pin": receipt_pin(trip), "condition": "good", "receiver": "Aidar"}
    confirm_receipt(pass_=trip.passes.get(), **said, at=AT, by="consignee")
    return trip


def the_statement() -> PayStatement:
    return PayStatement.objects.get()


class TestTheMonth:
    def test_it_says_how_it_begins_while_there_is_nothing(self, company, see):
        assert "begins with the first receipt" in see("pay")

    def test_it_lists_every_driver_with_his_trips_and_total(self, company, see):
        received(company, driver=a_driver(company, name="Ma Jun"))
        shown = see("pay", month="2026-11", state="draft", q="ma jun")
        assert "Ma Jun" in shown
        assert "¥500" in shown
        assert "Ma Jun" not in see("pay", month="2026-10")

    def test_its_totals_are_those_of_what_is_filtered(self, company, see):
        received(company)
        received(company)
        shown = see("pay", part="totals", month="2026-11")
        assert "¥1,000" in shown
        assert "Draft" in shown

    def test_it_takes_the_same_few_queries_however_long_it_is(self, company, see, django_assert_num_queries):
        received(company)
        with django_assert_num_queries(8):
            see("pay", month="2026-11")
        for _ in range(3):
            received(company)
        with django_assert_num_queries(8):
            see("pay", month="2026-11")

    def test_many_are_approved_and_marked_as_paid_at_once(self, company, owner, december, send):
        received(company)
        received(company)
        rows = list(PayStatement.objects.values_list("pk", flat=True))
        send("pay_selected", act="approve", row=rows)
        assert set(PayStatement.objects.values_list("state", "total_fen")) == {("approved", 50_000)}
        send("pay_selected", act="paid", all="1", query="month=2026-11")
        assert set(PayStatement.objects.values_list("state", flat=True)) == {"paid"}

    def test_what_could_not_be_done_is_told(self, company, owner, send, client):
        received(company)
        send("pay_selected", act="approve", row=[the_statement().pk])
        shown = client.get(reverse("portal:pay")).content.decode()
        assert "month is not over yet" in shown
        assert the_statement().state == "draft"

    def test_a_strangers_statement_is_not_approved(self, company, owner, december, send):
        received(a_company())
        send("pay_selected", act="approve", row=[the_statement().pk])
        assert the_statement().state == "draft"

    def test_it_is_exported_with_amounts_as_numbers(self, company, client):
        received(company, driver=a_driver(company, name="=Ma"))
        answer = client.get(reverse("portal:export", args=["pay", "xlsx"]))
        sheet = load_workbook(io.BytesIO(b"".join(answer.streaming_content))).active
        assert [cell.value for cell in sheet[2]][:5] == ["=Ma", "2026-11", 1, 500, "CNY"]
        assert sheet["A2"].data_type == "s"


class TestAStatement:
    def test_it_shows_its_trips_and_their_sum(self, company, see):
        trip = received(company)
        shown = see("pay_statement", the_statement().pk)
        assert trip.reference in shown
        assert "It can be approved from 2026-12-01 on" in shown
        assert "Correct the pay" not in shown

    def test_an_owner_approves_it_when_its_month_is_over_and_marks_it_as_paid(
        self, company, owner, december, send, see
    ):
        received(company)
        pk = the_statement().pk
        assert "Approve ¥500" in see("pay_statement", pk)
        send("pay_approve", pk)
        send("pay_paid", pk, paid_on="2026-12-01", reference="ICBC 77")
        assert (the_statement().state, the_statement().paid_reference) == ("paid", "ICBC 77")
        assert "ICBC 77" in see("pay_statement", pk)

    def test_a_day_that_is_still_to_come_is_refused(self, company, owner, december, send):
        received(company)
        send("pay_approve", the_statement().pk)
        send("pay_paid", the_statement().pk, paid_on="2026-12-09")
        assert the_statement().state == "approved"

    def test_an_owner_corrects_it_by_a_line_once(self, company, owner, send, see):
        received(company)
        said = {"key": str(uuid.uuid4()), "amount_fen": "-20.50", "reason": "tolls"}
        for _ in range(2):
            send("pay_correct", the_statement().pk, **said)
        assert PayEntry.objects.filter(kind="correction").values_list("amount_fen", flat=True)[0] == -2050
        assert PayEntry.objects.count() == 2
        assert "¥479.50" in see("pay_statement", the_statement().pk)

    def test_accepted_damage_is_taken_from_it(self, company, owner, send, see):
        trip = received(company)
        case = open_case(trip=trip, kind=CaseKind.DAMAGE, weight=Weight.MEDIUM, facts={"x": 1}, at=AT, by=BY)
        resolve_case(
            case=case, resolution="damage_settled", note="", accepted_fen=12_000, at=AT, by="dispatcher x"
        )
        assert list(PayEntry.objects.values_list("kind", "amount_fen"))[1:] == [("deduction", -12_000)]
        assert "¥380" in see("pay_statement", the_statement().pk)

    @pytest.mark.parametrize("amount", ["", "0", "x", "1.005", "1e9"])
    def test_what_is_no_amount_is_refused(self, company, owner, send, amount):
        received(company)
        said = {"key": str(uuid.uuid4()), "amount_fen": amount, "reason": "x"}
        assert send("pay_correct", the_statement().pk, **said).context["correction"].errors
        assert PayEntry.objects.count() == 1

    def test_what_came_late_says_of_which_month_it_is(self, company, owner, december, send, see):
        driver = a_driver(company)
        received(company, driver=driver)
        send("pay_approve", the_statement().pk)
        late = an_issued_trip(company, driver=driver)
        Trip.objects.filter(pk=late.pk).update(state=TripState.DELIVERED, delivered_at=AT)
        accrue_missing(at=DECEMBER, by=BY)
        assert "of 2026-11, which was closed" in see("pay_statement", PayStatement.objects.latest("pk").pk)

    @pytest.mark.parametrize(
        ("language", "title"), [("en", "Statement of pay"), ("zh-hans", "Ma Jun"), ("ug", "Ma Jun")]
    )
    def test_it_is_printed_in_the_drivers_language(self, company, client, language, title):
        driver = a_driver(company, language=language)
        trip = received(company, driver=driver)
        for number in range(60):
            correct_pay(
                driver=driver, amount_fen=number + 1, reason="车 tolls", key=uuid.uuid4(), at=AT, by=BY
            )
        answer = client.get(reverse("portal:pay_pdf", args=[the_statement().pk]))
        printed = pages(answer.content)
        assert len(printed) == 2
        assert title in printed[0].text
        # Beside Uyghur a reader of the file may take letters and digits in another order than they stand in.
        assert trip.reference in printed[0].text or sorted(trip.reference) in map(
            sorted, printed[0].text.split()
        )
        assert "518.30" in printed[1].text

    def test_it_is_a_workbook_too(self, company, client):
        trip = received(company)
        answer = client.get(reverse("portal:pay_xlsx", args=[the_statement().pk]))
        sheet = load_workbook(io.BytesIO(b"".join(answer.streaming_content))).active
        rows = [[cell.value for cell in row] for row in sheet.rows]
        assert rows[1][2:4] == [trip.reference, trip.vehicle.vin]
        assert (rows[1][6], rows[-1][6]) == (500, 500)


class TestRates:
    def test_an_owner_adds_one_from_a_day_of_beijing_on(self, company, owner, send, see):
        said = {
            "amount_fen": "612.50",
            "currency": "CNY",
            "vehicle_class": "truck",
            "valid_from": "2026-12-01",
        }
        send("pay_rates", **said)
        rate = PayRate.objects.get()
        assert (rate.company, rate.amount_fen, rate.vehicle_class) == (company, 61_250, "truck")
        assert rate.valid_from == datetime(2026, 11, 30, 16, tzinfo=UTC)
        assert "¥612.50" in see("pay_rates")

    def test_today_is_now_and_yesterday_is_refused(self, company, owner, send):
        send("pay_rates", amount_fen="600", currency="CNY", valid_from="2026-11-22")
        assert PayRate.objects.get().valid_from == AT
        answer = send("pay_rates", amount_fen="600", currency="CNY", valid_from="2026-11-21")
        assert "valid_from" in answer.context["form"].errors
        assert PayRate.objects.count() == 1

    def test_an_owner_ends_one(self, company, owner, send):
        rate = add_rate(company=company, amount_fen=60_000, at=AT, by=BY)
        for _ in range(2):
            send("pay_rate_end", rate.pk)
        rate.refresh_from_db()
        assert rate.ends_at == AT

    def test_a_strangers_driver_cannot_be_named(self, company, owner, send):
        driver = a_driver(a_company())
        answer = send("pay_rates", amount_fen="600", currency="CNY", driver=driver.pk)
        assert "driver" in answer.context["form"].errors
        assert not PayRate.objects.exists()

    def test_a_dispatcher_reads_them_and_changes_nothing(self, company, send, see):
        add_rate(company=company, amount_fen=60_000, at=AT, by=BY)
        shown = see("pay_rates")
        assert "¥600" in shown
        assert "Add a rate" not in shown
        assert send("pay_rates", amount_fen="1", currency="CNY").status_code == 403
        assert PayRate.objects.count() == 1
