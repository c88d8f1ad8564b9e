"""Write letters of enquiry about cases, prepare those of formal enquiries, and see them off."""

from __future__ import annotations

import hashlib
from datetime import timedelta
from typing import TYPE_CHECKING

from django.db import transaction
from django.utils import translation
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from ferry.actions.case_steps import note_step
from ferry.actions.cases import SETTLED
from ferry.actions.documents import keep_document
from ferry.enquiry_paper import Letter, draw_enquiry
from ferry.errors import Conflict, Invalid, NotYours, Reason
from ferry.models import Case, CaseStep, DocumentKind, Party, StepKind
from ferry.models.driver import READ_INSTEAD
from ferry.queries.case_lists import SHOWN
from ferry.queries.cases import lying_letter
from ferry.rules.cases import COMPANY, CONSIGNEE, addressees, asked_first, sends
from ferry.rules.notices import next_mail

if TYPE_CHECKING:
    from datetime import datetime

    from django.db.models import QuerySet
    from django_stubs_ext import StrOrPromise

#: A letter to the same reader is not written again so soon: the first one was meant.
AGAIN_AFTER = timedelta(hours=1)
LETTERS_AT_ONCE = 20
LETTER_NOT_THERE = Reason("letter_not_there", _("This letter is not yours to hand over."))


def write_enquiry(
    *, case: Case, to: str, email: str, sender: StrOrPromise, party: str, at: datetime, by: str
) -> tuple[CaseStep, bool]:
    """Write a numbered letter and keep it with the case; False with the one that was written just before.

    With an address it is sent there as soon as a worker comes to it.
    """
    with transaction.atomic():
        case = _hold(case.pk)
        _refuse_what_cannot_be(case, to, party)
        recent = _letters(case).filter(at__gt=at - AGAIN_AFTER, data__to=to)
        meant = recent.exclude(party=Party.SYSTEM).first()
        if meant is not None:
            return meant, False
        step = _write(case, to=to, email=email, sender=sender, party=party, at=at, by=by)
        if email:
            CaseStep.objects.filter(pk=step.pk).update(mail_due_at=at)
    return step, True


def hand_over_enquiry(
    *, case: Case, letter: int, email: str, party: str, at: datetime, by: str
) -> tuple[CaseStep, bool]:
    """Note that a letter which lay ready went on its way, once; False with the step by which it went before.

    With an address it is sent there as soon as a worker comes to it; without one a person handed it over.
    """
    with transaction.atomic():
        case = _hold(case.pk)
        written = _letters(case).filter(pk=letter).first()
        if written is None or sends(written) != party:
            raise NotYours(LETTER_NOT_THERE)
        gone = CaseStep.objects.filter(case=case, kind=StepKind.HANDED_OVER, data__letter=letter).first()
        if gone is not None or written.data["email"]:
            return gone or written, False
        if not case.is_open:
            raise Conflict(SETTLED)
        step = note_step(
            case=case,
            kind=StepKind.HANDED_OVER,
            at=at,
            by=by,
            party=party,
            data={**written.data, "letter": letter, "email": email},
            document=written.document,
        )
        if email:
            CaseStep.objects.filter(pk=step.pk).update(mail_due_at=at)
        lying = lying_letter(case)
        if lying is not None and lying.pk == letter:
            Case.objects.filter(pk=case.pk).update(letter_with="")
    return step, True


def claim_unprepared(*, at: datetime) -> list[CaseStep]:
    """Take formal enquiries whose letter is to be prepared; unless it is they are due again later."""
    return _claim(StepKind.ENQUIRED, at=at)


def prepare_enquiry(*, step: CaseStep, at: datetime, by: str) -> CaseStep | None:
    """Prepare the letter of a formal enquiry for a person to hand over, once; None where nobody needs it.

    What the consignee or the driver is asked is asked by the company, which knows them; the company is asked
    by customs.
    """
    with transaction.atomic():
        case = _hold(step.case_id)
        waiting = CaseStep.objects.filter(pk=step.pk, mail_due_at__isnull=False)
        if not waiting.update(mail_due_at=None) or not case.is_open:
            return None
        to = asked_first(case.kind, of_trip=case.trip is not None)
        sender = _customs(case) if to == COMPANY else _company(case)
        return _write(case, to=to, email="", sender=sender, party=Party.SYSTEM, at=at, by=by)


def _company(case: Case) -> str:
    return " · ".join(filter(None, (case.company.name, case.company.phone)))


def _customs(case: Case) -> str:
    """Name who asks a company, in its language."""
    with translation.override(case.company.language):
        if case.route is None:
            return gettext("Customs")
        return gettext("Customs, checkpoint %(place)s") % {"place": case.route.exit.name}


def _hold(pk: int) -> Case:
    Case.objects.select_for_update(of=("self",)).get(pk=pk)
    return Case.objects.select_related("company", "route__exit", *SHOWN).get(pk=pk)


def _letters(case: Case) -> QuerySet[CaseStep]:
    return CaseStep.objects.filter(case=case, kind=StepKind.LETTER)


def _write(
    case: Case, *, to: str, email: str, sender: StrOrPromise, party: str, at: datetime, by: str
) -> CaseStep:
    letter = _letter(case, to, sender, _letters(case).count() + 1, at)
    content = draw_enquiry(case, letter)
    document, _is_new = keep_document(
        company=case.company,
        about=case,
        kind=DocumentKind.OTHER,
        name=f"enquiry-{letter.number}.pdf",
        content=content,
        at=at,
        by=by,
    )
    data = {
        "number": letter.number,
        "to": to,
        "name": letter.name,
        "language": letter.language,
        "email": email,
        "sha256": hashlib.sha256(content).hexdigest(),
    }
    step = note_step(case=case, kind=StepKind.LETTER, at=at, by=by, party=party, data=data, document=document)
    if not email:
        Case.objects.filter(pk=case.pk).update(letter_with=sends(step))
    elif case.letter_with == party:
        Case.objects.filter(pk=case.pk).update(letter_with="")
    return step


def _letter(case: Case, to: str, sender: StrOrPromise, number: int, at: datetime) -> Letter:
    name, language = case.company.name, case.company.language
    if case.trip is not None and to == CONSIGNEE:
        name, language = case.trip.consignee_name, case.trip.consignee_language
    elif case.trip is not None and to != COMPANY:
        name, language = case.trip.driver.name, case.trip.driver.language
    return Letter(
        number=f"{case.pk}-{number}",
        sender=sender,
        to=to,
        name=name,
        language=READ_INSTEAD.get(language, language),
        written_at=at,
    )


def _refuse_what_cannot_be(case: Case, to: str, party: str) -> None:
    if not case.is_open:
        raise Conflict(SETTLED)
    if to not in addressees(case.kind, of_trip=case.trip is not None, party=party):
        raise Invalid(Reason("addressee_unfit", _("Choose whom this case can be asked of."), "to"))


def claim_enquiries(*, at: datetime) -> list[CaseStep]:
    """Take letters that are due by e-mail; unless they are sent they are due again later."""
    return _claim(StepKind.LETTER, StepKind.HANDED_OVER, at=at)


def _claim(*kinds: StepKind, at: datetime) -> list[CaseStep]:
    with transaction.atomic():
        due = CaseStep.objects.filter(kind__in=kinds, mail_due_at__lte=at).order_by("mail_due_at")
        letters = list(due.select_for_update(skip_locked=True, of=("self",))[:LETTERS_AT_ONCE])
        for letter in letters:
            letter.mail_tries += 1
            letter.mail_due_at = next_mail(letter.mail_tries, at=at)
        CaseStep.objects.bulk_update(letters, ["mail_tries", "mail_due_at"])
    rows = CaseStep.objects.filter(pk__in=[one.pk for one in letters])
    return list(rows.select_related("document", "case__company"))


def enquiry_sent(*, step: CaseStep, at: datetime) -> None:
    CaseStep.objects.filter(pk=step.pk).update(mail_due_at=None, mailed_at=at)
