"""Work on a case: give it to somebody, write about it, add evidence, and move it up when nobody did."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from ferry.actions.case_steps import new_step, note_step, note_steps, party_of
from ferry.actions.cases import SETTLED, resolve_case
from ferry.actions.documents import keep_document
from ferry.errors import Conflict, Invalid, NotAllowed, Reason
from ferry.models import Case, CaseLevel, CaseState, CaseStep, DocumentKind, Party, StepKind
from ferry.queries.members import writers_of
from ferry.rules.cases import LONGEST_NOTE

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from ferry.models import User

COLUMNS = {Party.COMPANY: "assigned_to", Party.CUSTOMS: "officer"}
STEPS = {CaseLevel.ENQUIRY: StepKind.ENQUIRED, CaseLevel.ESCALATED: StepKind.ESCALATED}


@dataclass(frozen=True)
class Placing:
    """When a case is due and how far up it is; `level_at` is when to look again."""

    case: Case
    due_at: datetime
    level: int
    level_at: datetime | None


def assign_case(*, case: Case, to: User | None, party: str, at: datetime, by: str) -> bool:
    """Give an open case to somebody of one side, or to nobody; False if it is his already.

    On the company's side that is a member who may write; the desk knows its own supervisors.
    """
    column = COLUMNS[Party(party)]
    if to is not None and party == Party.COMPANY:
        _refuse_outsider(case, to)
    with transaction.atomic():
        standing = Case.objects.select_for_update(of=("self",)).get(pk=case.pk)
        if not standing.is_open:
            raise Conflict(SETTLED)
        before = getattr(standing, f"{column}_id")
        setattr(case, column, to)
        if before == (to.pk if to else None):
            return False
        Case.objects.filter(pk=case.pk).update(**{column: to})
        data = {"to": to.email if to else "", "name": to.name if to else ""}
        note_step(case=case, kind=StepKind.ASSIGNED, at=at, by=by, party=party, data=data)
    return True


def _refuse_outsider(case: Case, to: User) -> None:
    if not writers_of(case.company_id).filter(user=to).exists():
        detail = _("Only an owner or a dispatcher of the company can be given a case. Choose another.")
        raise Invalid(Reason("not_a_member", detail, "assigned_to"))


def comment_case(
    *, case: Case, text: str, is_internal: bool, party: str, at: datetime, by: str
) -> tuple[CaseStep, bool]:
    """Write about a case, open or settled; False if that is the last word already, sent twice.

    An internal comment is read by one's own side only.
    """
    text = text.strip()
    if not text:
        raise Invalid(Reason("text_missing", _("Write what you want to say."), "text"))
    if len(text) > LONGEST_NOTE:
        raise Invalid(Reason("text_too_long", _("Up to 4,000 characters can be kept. Shorten it."), "text"))
    with transaction.atomic():
        Case.objects.select_for_update(of=("self",), no_key=True).get(pk=case.pk)
        last = case.steps.order_by("-pk").first()
        said = (StepKind.COMMENTED.value, text, is_internal, by)
        if last is not None and (last.kind, last.text, last.is_internal, last.by) == said:
            return last, False
        kind = StepKind.COMMENTED
        step = note_step(case=case, kind=kind, at=at, by=by, party=party, text=text, is_internal=is_internal)
    return step, True


def attach_to_case(
    *, case: Case, name: str, content: bytes, text: str = "", party: str, at: datetime, by: str
) -> bool:
    """Keep a photo or PDF with a case as evidence, for both sides; False if it is there already.

    Raises Invalid where the file is not one to keep.
    """
    kind = DocumentKind.PHOTO if not content.startswith(b"%PDF-") else DocumentKind.OTHER
    with transaction.atomic():
        document, is_new = keep_document(
            company=case.company, about=case, kind=kind, name=name, content=content, at=at, by=by
        )
        if is_new:
            data = {"name": document.name, "sha256": document.sha256}
            note_step(
                case=case,
                kind=StepKind.ATTACHED,
                at=at,
                by=by,
                party=party,
                text=text.strip(),
                data=data,
                document=document,
            )
    return is_new


def resolve_with_evidence(
    *, case: Case, evidence: tuple[str, bytes] | None, at: datetime, by: str, **resolution: Any
) -> Case:
    """Settle a case as `resolve_case` does, keeping a file that proves it first; both or neither."""
    with transaction.atomic():
        if evidence is not None:
            name, content = evidence
            attach_to_case(case=case, name=name, content=content, party=party_of(by), at=at, by=by)
        return resolve_case(case=case, **resolution, at=at, by=by)


def raise_to_enquiry(*, case: Case, party: str, at: datetime, by: str) -> None:
    """Make an open case a formal enquiry by hand, before its time."""
    if party != Party.CUSTOMS:
        raise NotAllowed(Reason("by_supervisor", _("Only a supervisor makes a case a formal enquiry.")))
    with transaction.atomic():
        risen = Case.objects.filter(pk=case.pk, state=CaseState.OPEN, level=CaseLevel.CASE)
        if not risen.update(level=CaseLevel.ENQUIRY, level_at=at):
            detail = _("This case is a formal enquiry already, or settled.")
            raise Conflict(Reason("level_reached", detail))
        step = note_step(case=case, kind=StepKind.ENQUIRED, at=at, by=by, party=party)
        CaseStep.objects.filter(pk=step.pk).update(mail_due_at=at)


def place_cases(*, placings: Sequence[Placing], at: datetime, by: str) -> int:
    """Set when cases, which the caller holds, are due, and move them up; give how many moved."""
    moved: list[CaseStep] = []
    for one in placings:
        above = range(one.case.level + 1, one.level + 1)
        moved += [_step_up(one.case.pk, level, at=at, by=by) for level in above]
        one.case.due_at, one.case.level, one.case.level_at = one.due_at, one.level, one.level_at
    Case.objects.bulk_update([one.case for one in placings], ["due_at", "level", "level_at"])
    note_steps(moved)
    return len(moved)


def _step_up(case_id: int, level: int, *, at: datetime, by: str) -> CaseStep:
    """Write a step up; an enquiry's letter is due with it, and prepared by a worker of its own."""
    step = new_step(case_id, STEPS[CaseLevel(level)], at=at, by=by)
    step.mail_due_at = at if step.kind == StepKind.ENQUIRED else None
    return step
