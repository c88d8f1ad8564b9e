"""A letter of enquiry is numbered, dated, in the reader's language, and kept with its hash."""

from __future__ import annotations

import hashlib
from datetime import timedelta

import pytest
from django.core import mail

from ferry.actions import enquiries
from ferry.actions.case_steps import note_step
from ferry.actions.case_work import raise_to_enquiry
from ferry.actions.cases import resolve_case
from ferry.actions.enquiries import (
    AGAIN_AFTER,
    claim_enquiries,
    claim_unprepared,
    hand_over_enquiry,
    write_enquiry,
)
from ferry.errors import Conflict, Invalid, NotYours
from ferry.models import CaseKind, CaseStep, Company, Party, StepKind
from ferry.tasks import prepare_enquiries, send_enquiries
from tests.builders import AT, BY, a_company, a_driver, a_trip
from tests.ferry.actions.test_case_steps import a_case, kinds
from tests.pdf import pages

pytestmark = pytest.mark.django_db


def write(case, to="consignee", party=Party.COMPANY, at=AT, email=""):
    said = {"sender": "Silk Road Cars · +86 1", "party": party, "at": at, "by": BY}
    return write_enquiry(case=case, to=to, email=email, **said)


def unconfirmed(**fields):
    return a_case(a_trip(**fields), CaseKind.EXIT_NO_DELIVERY)


def test_it_is_numbered_dated_and_kept_with_its_hash():
    case = unconfirmed(consignee_language="kk")
    step, is_new = write(case)
    assert is_new
    with step.document.file.open("rb") as file:
        content = file.read()
    assert step.data["sha256"] == hashlib.sha256(content).hexdigest() == step.document.sha256
    (page,) = pages(content)
    for said in (f"{case.pk}-1", "2026-11-22", "Almaty Auto", case.trip.vehicle.vin, "Silk Road Cars"):
        assert said in page.text
    assert (step.data["language"], kinds(case)[-1]) == ("kk", StepKind.LETTER)


@pytest.mark.parametrize(("reads", "written"), [("zh-hans", "zh-hans"), ("ru", "ru"), ("ug", "zh-hans")])
def test_it_speaks_the_language_of_whom_it_asks(reads, written):
    case = unconfirmed()
    case.trip.driver = a_driver(case.company, name="马军", language=reads)
    case.trip.save(update_fields=["driver"])
    step, _is_new = write(case, to="driver")
    assert (step.data["language"], step.data["name"]) == (written, "马军")


def test_it_is_not_written_twice_but_again_later_with_the_next_number():
    case = unconfirmed()
    first, _is_new = write(case)
    assert write(case, at=AT + timedelta(minutes=1)) == (first, False)
    assert write(case, to="driver")[0].data["number"] == f"{case.pk}-2"
    again, is_new = write(case, at=AT + AGAIN_AFTER)
    assert (is_new, again.data["number"]) == (True, f"{case.pk}-3")


def test_a_company_writes_to_no_company_and_nobody_about_what_is_settled_or_not_his():
    case = unconfirmed()
    with pytest.raises(Invalid):
        write(case, to="company")
    assert write(case, to="company", party=Party.CUSTOMS)[1]
    with pytest.raises(Invalid):
        write(a_case(kind=CaseKind.OVERSTAY), to="consignee")
    resolve_case(case=case, resolution="explained", note="x", at=AT, by=BY)
    with pytest.raises(Conflict):
        write(case)
    assert kinds(case).count(StepKind.LETTER) == 1


def test_it_goes_by_e_mail_once_and_is_tried_again_until_it_went(monkeypatch):
    case = unconfirmed()
    step, _is_new = write(case, email="office@almaty-auto.example")
    with monkeypatch.context() as broken:
        broken.setattr("django.core.mail.EmailMessage.send", refuse)
        send_enquiries()
    step.refresh_from_db()
    assert (step.mailed_at, step.mail_tries) == (None, 1)
    assert step.mail_due_at is not None
    CaseStep.objects.filter(pk=step.pk).update(mail_due_at=AT)
    for _time in range(2):
        send_enquiries()
    (letter,) = mail.outbox
    assert letter.to == ["office@almaty-auto.example"]
    assert letter.attachments[0][2] == "application/pdf"
    step.refresh_from_db()
    assert step.mailed_at is not None
    assert step.mail_due_at is None


def refuse(*_args, **_more):
    raise OSError


def test_what_has_no_address_waits_for_no_mail():
    write(unconfirmed())
    note_step(case=a_case(), kind=StepKind.COMMENTED, at=AT, by=BY)
    assert claim_enquiries(at=AT) == []


def enquired(kind=CaseKind.EXIT_NO_DELIVERY, **fields):
    case = a_case(a_trip(**fields), kind)
    raise_to_enquiry(case=case, party=Party.CUSTOMS, at=AT, by="supervisor x")
    return case


def letters(case):
    return list(case.steps.filter(kind=StepKind.LETTER))


def said(step):
    with step.document.file.open("rb") as file:
        (page,) = pages(file.read())
    return page.text


def test_a_formal_enquirys_letter_is_prepared_once_and_mailed_to_nobody():
    case = enquired(consignee_language="ru")
    for _time in range(2):
        prepare_enquiries()
    (letter,) = letters(case)
    assert (letter.party, letter.data["to"], letter.data["language"]) == (Party.SYSTEM, "consignee", "ru")
    assert case.company.name in said(letter)
    send_enquiries()
    assert mail.outbox == []


@pytest.mark.parametrize(
    ("kind", "to"),
    [(CaseKind.OVERSTAY, "driver"), (CaseKind.VIN_MISMATCH, "company"), (CaseKind.DAMAGE, "consignee")],
)
def test_it_asks_who_can_know(kind, to):
    case = enquired(kind)
    prepare_enquiries()
    assert [letter.data["to"] for letter in letters(case)] == [to]


def test_customs_ask_the_company_in_its_language():
    company = a_company()
    Company.objects.filter(pk=company.pk).update(language="zh-hans")
    case = enquired(CaseKind.VIN_MISMATCH, company=company)
    prepare_enquiries()
    (letter,) = letters(case)
    assert letter.data["language"] == "zh-hans"
    assert case.route.exit.name_zh in said(letter)


def test_a_prepared_letter_keeps_nobody_from_writing_one():
    case = enquired()
    prepare_enquiries()
    step, is_new = write(case)
    assert (is_new, step.data["number"]) == (True, f"{case.pk}-2")


def hand_over(case, letter, email="", party=Party.COMPANY, by=BY):
    return hand_over_enquiry(case=case, letter=letter.pk, email=email, party=party, at=AT, by=by)


def with_a_letter(**fields):
    case = enquired(**fields)
    prepare_enquiries()
    case.refresh_from_db()
    return case, letters(case)[0]


@pytest.mark.parametrize("email", ["office@almaty-auto.example", ""])
def test_one_that_lies_ready_is_handed_over_once(email):
    case, letter = with_a_letter()
    assert case.letter_with == Party.COMPANY
    step, is_new = hand_over(case, letter, email)
    assert is_new
    assert (step.kind, step.data["email"], step.document) == (StepKind.HANDED_OVER, email, letter.document)
    assert hand_over(case, letter, "other@almaty-auto.example") == (step, False)
    case.refresh_from_db()
    assert case.letter_with == ""
    for _time in range(2):
        send_enquiries()
    assert [one.to for one in mail.outbox] == ([[email]] if email else [])


def test_one_that_is_not_theirs_nobody_hands_over():
    case, letter = with_a_letter()
    other, _letter = with_a_letter()
    for asked, party in ((other, Party.COMPANY), (case, Party.CUSTOMS)):
        with pytest.raises(NotYours):
            hand_over(asked, letter, "x@almaty-auto.example", party=party)
    resolve_case(case=case, resolution="explained", note="x", at=AT, by=BY)
    with pytest.raises(Conflict):
        hand_over(case, letter)
    assert StepKind.HANDED_OVER not in kinds(case) + kinds(other)
    case.refresh_from_db()
    assert case.letter_with == Party.COMPANY


def test_one_that_went_by_mail_when_it_was_written_lies_with_nobody():
    case = unconfirmed()
    step, _is_new = write(case, email="office@almaty-auto.example")
    case.refresh_from_db()
    assert case.letter_with == ""
    assert hand_over(case, step) == (step, False)
    write(case, to="driver")
    case.refresh_from_db()
    assert case.letter_with == Party.COMPANY


def test_nothing_is_prepared_of_what_is_settled_meanwhile():
    case = enquired()
    resolve_case(case=case, resolution="explained", note="x", at=AT, by=BY)
    prepare_enquiries()
    assert letters(case) == []
    assert claim_unprepared(at=AT + timedelta(days=9)) == []


def test_one_that_cannot_be_drawn_stops_no_other_and_is_tried_again(monkeypatch):
    broken, case = enquired(), enquired()
    draw = enquiries.draw_enquiry

    def fail(asked, letter):
        if asked.pk == broken.pk:
            raise OSError
        return draw(asked, letter)

    with monkeypatch.context() as patched:
        patched.setattr("ferry.actions.enquiries.draw_enquiry", fail)
        prepare_enquiries()
    assert (len(letters(broken)), len(letters(case))) == (0, 1)
    CaseStep.objects.filter(case=broken, kind=StepKind.ENQUIRED).update(mail_due_at=AT)
    prepare_enquiries()
    assert len(letters(broken)) == 1
