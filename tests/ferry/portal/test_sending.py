"""Sending codes out: what the driver and the consignee are told, and how."""

from __future__ import annotations

import pytest
from django.core import mail
from django.urls import reverse

from ferry import codes
from ferry.actions.passes import receipt_pin, revoke_pass
from ferry.models import EventKind, TripEvent
from ferry.portal.sending import for_consignee, for_driver
from tests.builders import AT, BY, a_company, a_driver, a_trip, a_worked_roster, an_issued_trip
from tests.pdf import pages

pytestmark = pytest.mark.django_db

TO = "zhao@example.com"


def test_a_driver_is_told_where_when_and_by_which_link(company):
    driver = a_driver(company, language="en")
    trip = an_issued_trip(company, driver=driver)
    told = for_driver(trip.passes.get()).text
    for words in (
        trip.vehicle.vin[-6:],
        trip.delivery_place,
        driver.link_token,
        "Beijing time",
        company.name,
    ):
        assert words in told, words
    for secret in (receipt_pin(trip), driver.passport_number, driver.passport_tail):
        assert secret not in told


def test_a_consignee_is_told_the_pin_and_where_to_confirm(company):
    trip = an_issued_trip(company)
    pass_ = trip.passes.get()
    told = for_consignee(pass_).text
    for words in (f"PIN {receipt_pin(trip)}", codes.show_short_code(pass_.short_code), trip.vehicle.vin):
        assert words in told, words
    assert trip.driver.link_token not in told


def test_a_message_is_plain_text_whatever_names_hold(company):
    trip = an_issued_trip(company, consignee_name="A & <b>B</b>", delivery_place="Park 'N' & <Ride>")
    assert "Park 'N' & <Ride>" in for_driver(trip.passes.get()).text


@pytest.mark.parametrize("language", ["en", "zh-hans", "ru", "kk", "ug"])
def test_everybody_is_told_in_the_language_he_reads(company, language):
    trip = an_issued_trip(company, driver=a_driver(company, language=language))
    assert for_driver(trip.passes.get()).language == language


def test_a_message_runs_the_way_its_language_does(client, company, see):
    trip = an_issued_trip(company, driver=a_driver(company, language="ug"), consignee_language="ru")
    page = see("send", trip.reference)
    assert 'lang="ug" dir="rtl"' in page
    assert 'lang="ru" dir="ltr"' in page


def test_an_email_brings_the_sheet_and_is_noted(client, company, send):
    trip = an_issued_trip(company)
    answer = send("send", trip.reference, reader="driver", to=TO)
    assert answer["Location"] == reverse("portal:send", args=[trip.reference])
    [sent] = mail.outbox
    assert sent.to == [TO]
    assert trip.driver.link_token in sent.body
    [(_name, sheet, kind)] = sent.attachments
    assert kind == "application/pdf"
    assert pages(sheet)[0].codes == [trip.passes.get().code]
    event = TripEvent.objects.get(trip=trip, kind=EventKind.SENT)
    assert event.data == {"reader": "driver", "to": TO}


def test_the_address_is_remembered_for_the_driver(client, company, send, see):
    trip = an_issued_trip(company)
    send("send", trip.reference, reader="driver", to=TO)
    revoke_pass(trip=trip, reason="x", at=AT, by=BY)
    other = an_issued_trip(company, driver=trip.driver)
    assert see("send", other.reference).count(f'value="{TO}"') == 1
    assert TO not in see("send", an_issued_trip(company).reference)


def test_the_consignee_gets_no_sheet(company, client, send):
    trip = an_issued_trip(company)
    send("send", trip.reference, reader="consignee", to=TO)
    [sent] = mail.outbox
    assert sent.attachments == []
    assert receipt_pin(trip) in sent.body


def test_a_wrong_address_sends_nothing(client, company, send):
    trip = an_issued_trip(company)
    answer = send("send", trip.reference, reader="driver", to="zhao@@example")
    assert answer.status_code == 200
    assert mail.outbox == []
    assert not TripEvent.objects.filter(kind=EventKind.SENT).exists()


def test_a_silent_mail_server_is_told_and_nothing_is_noted(client, company, send, settings):
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 1
    trip = an_issued_trip(company)
    answer = send("send", trip.reference, reader="driver", to=TO)
    assert "The mail server did not take it." in answer.content.decode()
    assert not TripEvent.objects.filter(kind=EventKind.SENT).exists()


def test_a_trip_without_a_code_has_nothing_to_send(client, company, send):
    trip = a_trip(company)
    answer = send("send", trip.reference, reader="driver", to=TO)
    assert answer["Location"] == reverse("portal:trip", args=[trip.reference])
    assert mail.outbox == []


def test_a_roster_lists_a_message_for_each_driver(client, company, see, monkeypatch):
    monkeypatch.setattr("ferry.portal.sending.SHEETS_AT_ONCE", 2)
    roster = a_worked_roster(company, 3)
    tokens = [line.driver.link_token for line in roster.lines.order_by("pk")]
    first = see("roster_send", roster.pk)
    assert [token in first for token in tokens] == [True, True, False]
    assert "?from=3" in first
    assert tokens[2] in see("roster_send", roster.pk, **{"from": 3})


def test_the_messages_cost_the_same_for_many(client, company, django_assert_num_queries):
    for count in (2, 12):
        roster = a_worked_roster(company, count)
        with django_assert_num_queries(5):
            client.get(reverse("portal:roster_send", args=[roster.pk]))


def test_a_stranger_sends_nothing(client, company, send):
    trip = an_issued_trip(a_company("East Star Trade"))
    assert send("send", trip.reference, reader="driver", to=TO).status_code == 404
    assert mail.outbox == []
