"""Write down what was done about cases, one row a step."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ferry.models import CaseStep, Party, StepKind

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime

    from ferry.models import Case, Document

#: Told of by the case itself, as its weight and state.
TOLD_BY_CASE = {StepKind.OPENED, StepKind.HEAVIER, StepKind.RESOLVED, StepKind.WRITTEN_OFF}
SYSTEM = ("reconciliation", "system", "import_")


def note_step(
    *,
    case: Case,
    kind: StepKind,
    at: datetime,
    by: str,
    party: str = "",
    text: str = "",
    data: Mapping[str, Any] | None = None,
    is_internal: bool = False,
    document: Document | None = None,
) -> CaseStep:
    """Write one step down; without `party` it is that of who is named in `by`."""
    step = new_step(case.pk, kind, at=at, by=by, party=party, text=text, data=data)
    step.is_internal, step.document = is_internal, document
    step.save(force_insert=True)
    return step


def note_steps(steps: Iterable[CaseStep]) -> None:
    CaseStep.objects.bulk_create(steps)


def new_step(
    case_id: int,
    kind: StepKind,
    *,
    at: datetime,
    by: str,
    party: str = "",
    text: str = "",
    data: Mapping[str, Any] | None = None,
) -> CaseStep:
    return CaseStep(
        case_id=case_id,
        kind=kind,
        party=party or party_of(by),
        at=at,
        by=by,
        text=text,
        data=dict(data or {}),
        announced_at=at if kind in TOLD_BY_CASE else None,
    )


def party_of(by: str) -> str:
    """Say whose word it is by the first word of who acts."""
    who = by.lower()
    if who.startswith(SYSTEM):
        return Party.SYSTEM
    return Party.CUSTOMS if who.startswith("supervisor") else Party.COMPANY
