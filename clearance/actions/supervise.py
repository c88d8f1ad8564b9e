"""What a supervisor does to trips, cases and closures: done by ferry, and chained here in one transaction."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import transaction

from clearance.actions.chain import chain
from clearance.models import Act
from ferry.actions.case_work import attach_to_case, resolve_with_evidence
from ferry.actions.cases import write_off_case
from ferry.actions.passes import revoke_pass
from ferry.actions.places import close_routes, end_closure
from ferry.models import CaseState, Party

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from ferry.models import Case, Checkpoint, Closure, Route, Trip


def revoke_code(*, trip: Trip, checkpoint: Checkpoint, reason: str, at: datetime, by: str) -> Trip:
    """Kill a ready trip's code, as the supervisor of a checkpoint on its route."""
    with transaction.atomic():
        revoked = revoke_pass(trip=trip, reason=reason, at=at, by=by)
        content = {"reason": reason}
        chain(
            act=Act.PASS_REVOKED, checkpoint=checkpoint, about=trip.reference, content=content, at=at, by=by
        )
    return revoked


def close_crossing(
    *,
    routes: Sequence[Route],
    checkpoint: Checkpoint,
    starts_at: datetime,
    ends_at: datetime,
    reason: str,
    holiday_in: str = "",
    at: datetime,
    by: str,
) -> list[Closure]:
    """Announce one closure on each of these routes, all or none."""
    with transaction.atomic():
        closures = close_routes(
            routes=routes,
            starts_at=starts_at,
            ends_at=ends_at,
            reason=reason,
            holiday_in=holiday_in,
            at=at,
            by=by,
        )
        for closure in closures:
            _chain_closure(Act.CLOSURE_KEPT, closure, checkpoint, at, by)
    return closures


def open_again(*, closure: Closure, checkpoint: Checkpoint, at: datetime, by: str) -> None:
    """End a closure now, or take back one that has not begun."""
    with transaction.atomic():
        end_closure(closure=closure, at=at, by=by)
        _chain_closure(Act.CLOSURE_DROPPED, closure, checkpoint, at, by)


def _chain_closure(act: Act, closure: Closure, checkpoint: Checkpoint, at: datetime, by: str) -> None:
    content = {"starts": closure.starts_at, "ends": closure.ends_at, "reason": closure.reason}
    about = f"closure {closure.pk}"
    chain(act=act, checkpoint=checkpoint, about=about, content=content, at=at, by=by)


def settle(
    *,
    case: Case,
    checkpoint: Checkpoint,
    resolution: str,
    note: str,
    accepted_fen: int | None = None,
    evidence: tuple[str, bytes] | None = None,
    at: datetime,
    by: str,
) -> Case:
    """Settle a case, or give its proof up for good, which a supervisor alone may."""
    content = {"case": case.pk, "kind": case.kind, "resolution": resolution, "note": note}
    if accepted_fen is not None:
        content["accepted_fen"] = accepted_fen
    about = f"case {case.pk}"
    with transaction.atomic():
        if resolution == CaseState.WRITTEN_OFF:
            _attach(case, evidence, at, by)
            settled = write_off_case(case=case, note=note, at=at, by=by)
        else:
            said = {"resolution": resolution, "note": note, "accepted_fen": accepted_fen}
            settled = resolve_with_evidence(case=case, evidence=evidence, **said, at=at, by=by)
        chain(act=Act.CASE_SETTLED, checkpoint=checkpoint, about=about, content=content, at=at, by=by)
    return settled


def _attach(case: Case, evidence: tuple[str, bytes] | None, at: datetime, by: str) -> None:
    if evidence is not None:
        name, content = evidence
        attach_to_case(case=case, name=name, content=content, party=Party.CUSTOMS, at=at, by=by)
