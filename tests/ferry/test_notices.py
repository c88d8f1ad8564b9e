"""Members are told once, in one line for many, as each chose, and in his language."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta

import pytest
import time_machine
from django.core import mail
from django.utils import translation

from clearance.actions.scans import record_scan
from ferry import tasks
from ferry.actions.announce import announce
from ferry.actions.cases import NewCase, open_case, open_cases
from ferry.actions.lookout import look_at_companies, sweep, tell_ahead
from ferry.actions.notices import keep_choices, read_all, read_notice, stop_letters
from ferry.actions.passes import receipt_pin
from ferry.actions.receipts import refuse_delivery
from ferry.models import (
    CaseKind,
    MailTime,
    Membership,
    Notice,
    NoticeChoice,
    NoticeKind,
    Role,
    Stay,
    Told,
    User,
    Weight,
)
from ferry.rules.notices import Choice, next_digest
from tests.builders import (
    AT,
    BY,
    a_company,
    a_declaration,
    a_driver,
    a_licence,
    a_member,
    a_trip,
    an_issued_trip,
)
from tests.clearance.casts import LANE, a_scan

pytestmark = pytest.mark.django_db

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
AT_ONCE, DIGEST = Choice(True, MailTime.AT_ONCE), Choice(True, MailTime.DIGEST)


@pytest.fixture
def company():
    return a_company()


@pytest.fixture
def zhang(company):
    return a_member(company)


def refuse(trip, at=AT):
    """Scan a code long before its time."""
    early = at - 3 * HOUR
    record_scan(scan=a_scan(trip.passes.get().code), at=early, by=LANE)


def lines(membership: Membership):
    return [(one.kind, one.count) for one in Notice.objects.filter(membership=membership).order_by("pk")]


def send_letters(at):
    with time_machine.travel(at, tick=False):
        tasks.send_letters()


def a_case(company, weight=Weight.MEDIUM, **about):
    about = about or {"trip": a_trip(company)}
    return open_case(kind=CaseKind.DAMAGE, weight=weight, facts={"x": "y"}, at=AT, by=BY, **about)


def test_many_refused_at_once_are_one_line(company, zhang):
    for _time in range(7):
        refuse(an_issued_trip(company))
    announce(at=AT)
    (line,) = Notice.objects.filter(kind=NoticeKind.REFUSED)
    assert (line.membership, line.count, len(line.subjects)) == (zhang, 7, 5)
    refuse(an_issued_trip(company))
    announce(at=AT + MINUTE)
    assert lines(zhang) == [("refused", 8)]


def test_what_comes_after_reading_or_an_hour_is_a_new_line(company, zhang):
    refuse(an_issued_trip(company))
    announce(at=AT)
    assert read_notice(notice=Notice.objects.get(), at=AT)
    assert not read_notice(notice=Notice.objects.get(), at=AT)
    refuse(an_issued_trip(company))
    announce(at=AT + MINUTE)
    refuse(an_issued_trip(company))
    announce(at=AT + 2 * HOUR)
    assert lines(zhang) == [("refused", 1)] * 3


def test_nobody_is_told_twice_nor_of_another_companys(company, zhang):
    stranger = a_member(a_company("East Star Trade"))
    refuse(an_issued_trip(company))
    for _time in range(3):
        announce(at=AT)
    assert lines(zhang) == [("refused", 1)]
    assert lines(stranger) == []


def test_members_are_told_that_a_vehicle_was_not_taken_and_by_letter_at_once(company, zhang):
    trip = an_issued_trip(company)
    said = {"pin": receipt_pin(trip), "reason": "damaged", "refused_by": "Aidar"}
    refuse_delivery(pass_=trip.passes.get(), **said, at=AT, by="consignee")
    for _time in range(2):
        announce(at=AT)
    (line,) = Notice.objects.filter(membership=zhang)
    assert (line.kind, line.count, line.subjects[0]["key"]) == ("not_taken", 1, trip.reference)
    assert line.mail_due_at == AT + MINUTE


def test_a_case_is_told_when_it_opens_and_when_it_grows_heavier(company, zhang):
    trip = a_trip(company)
    a_case(company, trip=trip)
    announce(at=AT)
    grown = NewCase(company.pk, CaseKind.DAMAGE, Weight.HIGH, {"x": "y"}, trip_id=trip.pk)
    for _time in range(2):
        open_cases(cases=[grown], at=AT + HOUR, by=BY)
        announce(at=AT + HOUR)
    assert lines(zhang) == [("case_opened", 1), ("case_escalated", 1)]


def test_a_critical_case_is_sent_at_once_and_only_once(company, zhang):
    a_case(company, Weight.CRITICAL)
    announce(at=AT)
    send_letters(AT)
    assert mail.outbox == []
    for minute in (1, 2, 60):
        send_letters(AT + minute * MINUTE)
    (letter,) = mail.outbox
    assert letter.to == [zhang.user.email]
    assert "Silk Road Cars" in letter.subject


def test_a_letter_is_written_in_the_members_language_with_links(company, zhang, settings):
    settings.SITE_URL = "https://ferryman.example"
    User.objects.filter(pk=zhang.user_id).update(language="ru")
    case = a_case(company, Weight.CRITICAL)
    announce(at=AT)
    with translation.override("zh-hans"):
        send_letters(AT + HOUR)
    (letter,) = mail.outbox
    (html,) = letter.alternatives
    assert '<html lang="ru">' in html.content
    line = Notice.objects.get()
    for text in (letter.body, html.content):
        assert f"https://ferryman.example/notices/{line.pk}/0/" in text
        assert case.trip.reference in text
    stop = re.fullmatch(
        r"<(https://ferryman\.example/notices/stop/\S+)>", letter.extra_headers["List-Unsubscribe"]
    )
    assert stop is not None
    assert letter.extra_headers["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"


def test_a_digest_is_one_letter_at_seven_in_beijing(company, zhang):
    keep_choices(membership=zhang, choices={"refused": DIGEST, "case_opened": DIGEST})
    refuse(an_issued_trip(company))
    announce(at=AT)
    refuse(an_issued_trip(company))
    announce(at=AT + 2 * HOUR)
    a_case(company)
    announce(at=AT + 3 * HOUR)
    seven = datetime(2026, 11, 22, 23, 0, tzinfo=UTC)
    send_letters(seven - MINUTE)
    assert mail.outbox == []
    send_letters(seven)
    send_letters(seven + MINUTE)
    (letter,) = mail.outbox
    assert "2 codes were refused" in letter.body
    assert "1 case was opened" in letter.body


def test_the_next_digest_is_always_ahead():
    seven = datetime(2026, 11, 22, 23, 0, tzinfo=UTC)
    assert next_digest(AT) == seven
    assert next_digest(seven - MINUTE) == seven
    assert next_digest(seven) == seven + DAY


def test_what_was_read_meanwhile_is_not_sent(company, zhang):
    keep_choices(membership=zhang, choices={"refused": DIGEST})
    refuse(an_issued_trip(company))
    announce(at=AT)
    assert read_all(membership=zhang, up_to=Notice.objects.get().pk, at=AT) == 1
    send_letters(AT + DAY)
    assert mail.outbox == []


def test_a_letter_that_no_server_takes_is_sent_later(company, zhang, monkeypatch):
    a_case(company, Weight.CRITICAL)
    announce(at=AT)

    def refuse_all(_self: object, **_more: object) -> None:
        raise ConnectionRefusedError

    with monkeypatch.context() as down:
        down.setattr("django.core.mail.EmailMultiAlternatives.send", refuse_all)
        send_letters(AT + MINUTE)
    send_letters(AT + MINUTE)
    assert mail.outbox == []
    send_letters(AT + HOUR)
    assert len(mail.outbox) == 1


def test_choices_hold_and_only_what_differs_is_kept(company, zhang):
    usual = Choice(True, MailTime.NEVER)
    for _time in range(2):
        keep_choices(membership=zhang, choices={"refused": Choice(False, MailTime.NEVER), "lapsed": usual})
    assert NoticeChoice.objects.count() == 1
    refuse(an_issued_trip(company))
    announce(at=AT)
    assert lines(zhang) == []


def test_stopping_letters_stops_those_that_wait_and_keeps_the_page(company, zhang):
    keep_choices(membership=zhang, choices={"refused": AT_ONCE})
    refuse(an_issued_trip(company))
    announce(at=AT)
    for _time in range(2):
        stop_letters(membership=zhang, kinds=["refused", "nothing"])
    send_letters(AT + HOUR)
    assert mail.outbox == []
    refuse(an_issued_trip(company))
    announce(at=AT + 2 * HOUR)
    send_letters(AT + 3 * HOUR)
    assert mail.outbox == []
    assert lines(zhang) == [("refused", 1), ("refused", 1)]


def test_a_code_that_ends_soon_is_told_once(company, zhang):
    an_issued_trip(company, closes_at=AT + 2 * HOUR)
    an_issued_trip(company, closes_at=AT + 9 * HOUR)
    assert tell_ahead(at=AT) == 1
    assert tell_ahead(at=AT + MINUTE) == 0
    assert lines(zhang) == [("lapsing", 1)]


def test_papers_stays_and_licences_are_told_once(company, zhang):
    a_driver(company, passport_expires_on=date(2026, 12, 1))
    tired = a_driver(company)
    Stay.objects.create(person=tired.person, entered_on=date(2026, 9, 1), left_on=date(2026, 11, 18))
    a_licence(company, expires_on=date(2026, 12, 10))
    a_licence(company, quantity=100)
    assert look_at_companies(at=AT) == 1
    assert look_at_companies(at=AT + HOUR) == 0
    assert sorted(lines(zhang)) == [("licence", 1), ("papers", 1), ("stay", 1)]
    for day in range(1, 4):
        look_at_companies(at=AT + day * DAY)
    assert sorted(lines(zhang)) == [("licence", 1), ("papers", 1), ("stay", 1)]
    look_at_companies(at=AT + 20 * DAY)
    assert lines(zhang).count(("papers", 1)) == 2


def test_the_days_look_waits_for_the_morning(company, zhang):
    night = datetime(2026, 11, 22, 20, 0, tzinfo=UTC)
    assert look_at_companies(at=night) == 0
    assert look_at_companies(at=night + 2 * HOUR) == 1


def test_a_viewer_is_told_too_and_somebody_who_left_is_not(company, zhang):
    viewer = a_member(company, Role.VIEWER)
    zhang.delete()
    a_case(company, declaration=a_declaration(company))
    announce(at=AT)
    assert lines(viewer) == [("case_opened", 1)]
    assert Notice.objects.count() == 1


def test_old_lines_are_swept_and_new_ones_stay(company, zhang):
    refuse(an_issued_trip(company))
    announce(at=AT)
    assert sweep(at=AT + 80 * DAY) == 0
    assert sweep(at=AT + 100 * DAY) == 1
    assert lines(zhang) == []
    assert not Told.objects.exists()
