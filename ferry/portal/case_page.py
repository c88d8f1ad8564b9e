"""The page of one case, for a company and for customs, and what is sent from it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.contrib import messages
from django.http import Http404
from django.utils import timezone
from django.utils.translation import gettext as _

from ferry.actions.case_work import assign_case, attach_to_case, comment_case, raise_to_enquiry
from ferry.actions.cases import reopen_case
from ferry.actions.enquiries import hand_over_enquiry, write_enquiry
from ferry.errors import Conflict, Refused
from ferry.models import CaseLevel, Party
from ferry.portal.case_forms import (
    AssignForm,
    CommentForm,
    EvidenceForm,
    HandOverForm,
    LetterForm,
    ReopenForm,
)
from ferry.portal.case_told import accepted, steps_told, to_do, urging
from ferry.portal.facts import told_facts
from ferry.portal.saving import show_reasons, tell_reasons
from ferry.portal.way import way_of
from ferry.queries.cases import (
    address_of,
    lying_letter,
    own_facts,
    phone_of,
    settling_party,
    steps_seen,
    still_inside,
)
from ferry.rules.cases import addressees, happened, may_reopen, resolution_said
from ferry.uploaded import MOST_BYTES, too_large

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from django import forms
    from django.http import HttpRequest
    from django_stubs_ext import StrOrPromise

    from ferry.models import Case, CaseStep, User


@dataclass(frozen=True)
class Worker:
    """Who works on a case, for which side, and to whom there it can be given."""

    party: Party
    user: User
    by: str
    may_write: bool
    people: Sequence[User]
    #: Who signs a letter.
    sender: StrOrPromise

    @property
    def is_customs(self) -> bool:
        return self.party == Party.CUSTOMS


def case_shown(case: Case, worker: Worker, *, settling: forms.Form, at: datetime) -> dict[str, Any]:
    """Give what templates/cases/case.html draws."""
    trip = case.trip
    facts = dict(case.facts) if worker.is_customs else own_facts([case])[case.pk]
    given = case.officer if worker.is_customs else case.assigned_to
    can_write = worker.may_write
    to = _addressees(case, worker)
    return {
        "case": case,
        "at": at,
        "is_desk": worker.is_customs,
        "happened": happened(case.kind),
        "to_do": to_do(case, at=at),
        "urging": urging(case, at=at),
        "is_overdue": case.is_open and case.due_at < at,
        "facts": told_facts(facts),
        "inside": still_inside(case) if case.declaration_id else None,
        "resolution": resolution_said(case.resolution),
        "accepted": accepted(case),
        "trip": trip,
        "way": way_of(trip, list(trip.events.order_by("at", "pk")), at=at) if trip else None,
        "lying": _lying(case, worker),
        "steps": steps_told(steps_seen(case, worker.party)),
        "later": case.later.order_by("-pk").first(),
        "given": given,
        "may_write": can_write,
        "can_resolve": can_write and case.is_open,
        "form": settling,
        "assign_form": AssignForm(
            people=worker.people, initial={"to": given.pk if given else ""}, auto_id="assign_%s"
        ),
        "is_mine": given == worker.user,
        "comment_form": CommentForm(auto_id="comment_%s"),
        "evidence_form": EvidenceForm(auto_id="evidence_%s"),
        "letter_form": LetterForm(to=to, auto_id="letter_%s") if can_write and case.is_open and to else None,
        "reopen_form": ReopenForm(auto_id="reopen_%s") if can_write and _can_reopen(case, worker) else None,
        "can_enquire": can_write and worker.is_customs and case.is_open and case.level == CaseLevel.CASE,
    }


@dataclass(frozen=True)
class Lying:
    """A letter that lies to be handed over, and how to reach whom it asks."""

    step: CaseStep
    is_ours: bool
    email: str
    phone: str


def _lying(case: Case, worker: Worker) -> Lying | None:
    letter = lying_letter(case)
    if letter is None:
        return None
    is_ours = case.letter_with == worker.party
    told = (address_of(case, letter), phone_of(case, letter)) if is_ours else ("", "")
    return Lying(letter, is_ours, *told)


def _can_reopen(case: Case, worker: Worker) -> bool:
    return not case.is_open and may_reopen(
        state=case.state, settled_by=settling_party(case), party=worker.party
    )


def is_answered(request: HttpRequest, form: forms.Form, settle: Callable[[], Any]) -> bool:
    """Settle a case; False where the form is to be shown again, with the reasons and all that was written."""
    try:
        settle()
    except Conflict as refused:
        tell_reasons(request, refused)
    except Refused as refused:
        show_reasons(form, refused)
        return False
    else:
        messages.success(request, _("The case is settled. Its trip is being looked at again."))
    return True


Act = Callable[["HttpRequest", "Case", Worker, "datetime"], str]


def act_on_case(request: HttpRequest, case: Case, worker: Worker, act: str) -> None:
    """Do what was sent from a case's page, and tell the next page how it went."""
    if act not in ACTS:
        raise Http404
    try:
        told = ACTS[act](request, case, worker, timezone.now())
    except Refused as refused:
        tell_reasons(request, refused)
    else:
        if told:
            messages.success(request, told)


def _assign(request: HttpRequest, case: Case, worker: Worker, at: datetime) -> str:
    form = AssignForm(request.POST, people=worker.people)
    if not form.is_valid():
        return _tell(request, form)
    done = assign_case(case=case, to=form.person, party=worker.party, at=at, by=worker.by)
    if not done:
        return ""
    name = (form.person.name or form.person.email) if form.person else ""
    return _("It is given to %(name)s.") % {"name": name} if name else _("It is nobody's now.")


def _comment(request: HttpRequest, case: Case, worker: Worker, at: datetime) -> str:
    form = CommentForm(request.POST)
    if not form.is_valid():
        return _tell(request, form)
    _step, is_new = comment_case(case=case, **form.cleaned_data, party=worker.party, at=at, by=worker.by)
    return _("Your comment is kept.") if is_new else ""


def _attach(request: HttpRequest, case: Case, worker: Worker, at: datetime) -> str:
    form = EvidenceForm(request.POST, request.FILES)
    if not form.is_valid():
        return _tell(request, form)
    file = form.cleaned_data["evidence"]
    if file.size > MOST_BYTES:
        raise too_large()
    said = {"name": file.name, "content": file.read(), "text": form.cleaned_data["text"]}
    is_new = attach_to_case(case=case, **said, party=worker.party, at=at, by=worker.by)
    return _("The evidence is added.") if is_new else _("This file is here already.")


def _reopen(request: HttpRequest, case: Case, worker: Worker, at: datetime) -> str:
    form = ReopenForm(request.POST)
    if not form.is_valid():
        return _tell(request, form)
    reopen_case(case=case, party=worker.party, reason=form.cleaned_data["reason"], at=at, by=worker.by)
    return _("The case is open again, with everything that was done about it.")


def _enquire(request: HttpRequest, case: Case, worker: Worker, at: datetime) -> str:
    raise_to_enquiry(case=case, party=worker.party, at=at, by=worker.by)
    return _("It is a formal enquiry now. The company has been told.")


def _letter(request: HttpRequest, case: Case, worker: Worker, at: datetime) -> str:
    form = LetterForm(request.POST, to=_addressees(case, worker))
    if not form.is_valid():
        return _tell(request, form)
    step, is_new = write_enquiry(
        case=case, **form.cleaned_data, sender=worker.sender, party=worker.party, at=at, by=worker.by
    )
    number = {"number": step.data["number"]}
    if not is_new:
        return _("Letter %(number)s was written just before; it is below.") % number
    if step.data["email"]:
        return _("Letter %(number)s is written and on its way by e-mail.") % number
    return _("Letter %(number)s is written. Open it below, print it and hand it over.") % number


def _hand_over(request: HttpRequest, case: Case, worker: Worker, at: datetime) -> str:
    form = HandOverForm(request.POST)
    if not form.is_valid():
        return _tell(request, form)
    step, is_new = hand_over_enquiry(
        case=case,
        letter=form.cleaned_data["letter"],
        email=form.address,
        party=worker.party,
        at=at,
        by=worker.by,
    )
    said = {"number": step.data["number"], "email": step.data["email"]}
    if not is_new:
        return _("Letter %(number)s went on its way before; see below.") % said
    if step.data["email"]:
        return _("Letter %(number)s is on its way to %(email)s.") % said
    return _("It is noted that letter %(number)s was handed over.") % said


def _addressees(case: Case, worker: Worker) -> list[str]:
    return addressees(case.kind, of_trip=case.trip is not None, party=worker.party)


def _tell(request: HttpRequest, form: forms.Form) -> str:
    for name, errors in form.errors.items():
        for error in errors:
            label = form.fields[name].label if name in form.fields else ""
            messages.error(request, f"{label}: {error}" if label else str(error))
    return ""


ACTS: Mapping[str, Act] = {
    "assign": _assign,
    "comment": _comment,
    "attach": _attach,
    "reopen": _reopen,
    "enquire": _enquire,
    "letter": _letter,
    "handed": _hand_over,
}
