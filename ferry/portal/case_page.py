"""The page of one case, for a company and for customs, and what is sent from it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib import messages
from django.http import Http404
from django.utils import timezone
from django.utils.translation import gettext as _

from ferry.actions.case_work import assign_case, attach_to_case, comment_case, raise_to_enquiry
from ferry.actions.cases import SETTLED, reopen_case
from ferry.actions.enquiries import hand_over_enquiry, write_enquiry
from ferry.errors import Invalid, Refused
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
    from collections.abc import Sequence
    from datetime import datetime

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


def case_shown(
    case: Case, worker: Worker, *, settling: forms.Form, refused: Forms | None = None, at: datetime
) -> dict[str, Any]:
    """Give what templates/cases/case.html draws; a `refused` form is shown again as it was sent."""
    trip = case.trip
    facts = dict(case.facts) if worker.is_customs else own_facts([case])[case.pk]
    given = _given(case, worker)
    can_write = worker.may_write
    lying = _lying(case, worker)
    fresh = {act: _form(act, case, worker) for act in FORMS if can_write and _offers(act, case, worker)}
    if lying and "handed" in fresh:
        fresh["handed"].initial["email"] = lying.email
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
        "lying": lying,
        "steps": steps_told(steps_seen(case, worker.party)),
        "later": case.later.order_by("-pk").first(),
        "given": given,
        "may_write": can_write,
        "can_resolve": can_write and case.is_open,
        "form": settling,
        "is_mine": given == worker.user,
        "forms": {**fresh, **(refused or {})},
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


def _given(case: Case, worker: Worker) -> User | None:
    return case.officer if worker.is_customs else case.assigned_to


def _addressees(case: Case, worker: Worker) -> list[str]:
    return addressees(case.kind, of_trip=case.trip is not None, party=worker.party)


def _can_reopen(case: Case, worker: Worker) -> bool:
    return not case.is_open and may_reopen(
        state=case.state, settled_by=settling_party(case), party=worker.party
    )


def is_answered(request: HttpRequest, form: forms.Form, settle: Callable[[], Any]) -> bool:
    """Settle a case; False where the form is to be shown again, with the reasons and all that was written.

    There is no form any more where somebody else settled the case meanwhile.
    """
    try:
        settle()
    except Refused as refused:
        if any(reason.code == SETTLED.code for reason in refused.reasons):
            tell_reasons(request, refused)
            return True
        show_reasons(form, refused, FIELDS)
        return False
    messages.success(request, _("The case is settled. Its trip is being looked at again."))
    return True


Forms = Mapping[str, forms.Form]
Act = Callable[["Case", Worker, Any, "datetime"], str]

#: What actions name otherwise than the forms here do.
FIELDS = {"files": "evidence"}


def act_on_case(request: HttpRequest, case: Case, worker: Worker, act: str) -> Forms:
    """Do what was sent from a case's page, and tell the next page how it went.

    Give back, by its act, the form that is to be shown again with the reasons and all that was written.
    """
    if act not in ACTS:
        raise Http404
    form = _form(act, case, worker, request.POST, request.FILES) if act in FORMS else None
    try:
        if form is None or form.is_valid():
            told = ACTS[act](case, worker, form, timezone.now())
            if told:
                messages.success(request, told)
            return {}
    except Refused as refused:
        if form is None or not isinstance(refused, Invalid):
            tell_reasons(request, refused)
            return {}
        show_reasons(form, refused, FIELDS)
    if _offers(act, case, worker):
        return {act: form}
    _tell(request, form)
    return {}


def _form(act: str, case: Case, worker: Worker, *said: Any) -> forms.Form:
    more: dict[str, Any] = {}
    if act == "assign":
        given = _given(case, worker)
        more = {"people": worker.people, "initial": {"to": given.pk if given else ""}}
    elif act == "letter":
        more = {"to": _addressees(case, worker)}
    return FORMS[act](*said, **more, auto_id=f"{act}_%s")


def _offers(act: str, case: Case, worker: Worker) -> bool:
    """Say whether the page has this act's form as the case stands."""
    if act == "reopen":
        return _can_reopen(case, worker)
    if act == "handed":
        return case.letter_with == worker.party
    if act == "letter":
        return case.is_open and bool(_addressees(case, worker))
    return act != "assign" or case.is_open


def _assign(case: Case, worker: Worker, form: AssignForm, at: datetime) -> str:
    done = assign_case(case=case, to=form.person, party=worker.party, at=at, by=worker.by)
    if not done:
        return ""
    name = (form.person.name or form.person.email) if form.person else ""
    return _("It is given to %(name)s.") % {"name": name} if name else _("It is nobody's now.")


def _comment(case: Case, worker: Worker, form: CommentForm, at: datetime) -> str:
    _step, is_new = comment_case(case=case, **form.cleaned_data, party=worker.party, at=at, by=worker.by)
    return _("Your comment is kept.") if is_new else ""


def _attach(case: Case, worker: Worker, form: EvidenceForm, at: datetime) -> str:
    file = form.cleaned_data["evidence"]
    if file.size > MOST_BYTES:
        raise too_large()
    said = {"name": file.name, "content": file.read(), "text": form.cleaned_data["text"]}
    is_new = attach_to_case(case=case, **said, party=worker.party, at=at, by=worker.by)
    return _("The evidence is added.") if is_new else _("This file is here already.")


def _reopen(case: Case, worker: Worker, form: ReopenForm, at: datetime) -> str:
    reopen_case(case=case, party=worker.party, reason=form.cleaned_data["reason"], at=at, by=worker.by)
    return _("The case is open again, with everything that was done about it.")


def _enquire(case: Case, worker: Worker, _form: None, at: datetime) -> str:
    raise_to_enquiry(case=case, party=worker.party, at=at, by=worker.by)
    return _("It is a formal enquiry now. The company has been told.")


def _letter(case: Case, worker: Worker, form: LetterForm, at: datetime) -> str:
    step, is_new = write_enquiry(
        case=case, **form.cleaned_data, sender=worker.sender, party=worker.party, at=at, by=worker.by
    )
    number = {"number": step.data["number"]}
    if not is_new:
        return _("Letter %(number)s was written just before; it is below.") % number
    if step.data["email"]:
        return _("Letter %(number)s is written and on its way by e-mail.") % number
    return _("Letter %(number)s is written. Open it below, print it and hand it over.") % number


def _hand_over(case: Case, worker: Worker, form: HandOverForm, at: datetime) -> str:
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


def _tell(request: HttpRequest, form: forms.Form) -> None:
    for name, errors in form.errors.items():
        for error in errors:
            label = form.fields[name].label if name in form.fields else ""
            messages.error(request, f"{label}: {error}" if label else str(error))


FORMS: Mapping[str, Callable[..., forms.Form]] = {
    "assign": AssignForm,
    "comment": CommentForm,
    "attach": EvidenceForm,
    "reopen": ReopenForm,
    "letter": LetterForm,
    "handed": HandOverForm,
}
ACTS: Mapping[str, Act] = {
    "assign": _assign,
    "comment": _comment,
    "attach": _attach,
    "reopen": _reopen,
    "enquire": _enquire,
    "letter": _letter,
    "handed": _hand_over,
}
