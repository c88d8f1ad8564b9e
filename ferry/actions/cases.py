"""Open a case and settle it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.db import IntegrityError, transaction
from django.utils.translation import gettext_lazy as _

from ferry.actions.case_steps import new_step, note_step, note_steps
from ferry.actions.moves import hold_trips, move_trip, note_event
from ferry.actions.passes import lock_trip
from ferry.actions.pay import accrue, follow_case
from ferry.actions.trips import spend_open_pass
from ferry.errors import Conflict, Invalid, Reason
from ferry.models import (
    Case,
    CaseKind,
    CaseLevel,
    CaseState,
    EventKind,
    StepKind,
    Trip,
    TripEvent,
    TripState,
    Weight,
    urgency_of,
)
from ferry.queries.cases import routes_about, settling_party
from ferry.rules.cases import DELIVERED, USUAL_DUE, WRITTEN_OFF, against, may_reopen
from ferry.rules.evidence import evidence_digest

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping
    from datetime import datetime

    from django.db.models import QuerySet

    from ferry.models import CaseStep, Declaration

    About = tuple[int | None, int | None, str]


@dataclass(frozen=True)
class NewCase:
    """A case to open, about a trip or about a declaration.

    `facts` must be what it rests on and stable between runs: times and references of the evidence, not the
    moment of looking.
    """

    company_id: int
    kind: str
    weight: int
    facts: Mapping[str, Any]
    trip_id: int | None = None
    declaration_id: int | None = None

    @property
    def evidence(self) -> str:
        return evidence_digest(self.facts)

    @property
    def about(self) -> About:
        return self.trip_id, self.declaration_id, self.kind

    @property
    def is_of_record(self) -> bool:
        """Say whether one record alone made it, which nothing that is seen later says anything of."""
        return "record" in self.facts


def open_case(
    *,
    trip: Trip | None = None,
    declaration: Declaration | None = None,
    kind: CaseKind,
    weight: Weight,
    facts: Mapping[str, Any],
    at: datetime,
    by: str,
) -> Case | None:
    """Open one case; None where `open_cases` opens none."""
    subject = trip or declaration
    assert subject is not None  # noqa: S101  (the caller names one; the database checks it)
    new = NewCase(
        company_id=subject.company_id,
        kind=kind,
        weight=weight,
        facts=facts,
        trip_id=trip.pk if trip else None,
        declaration_id=declaration.pk if declaration else None,
    )
    opened = open_cases(cases=[new], at=at, by=by)
    return opened[0] if opened else None


def open_cases(*, cases: Iterable[NewCase], at: datetime, by: str) -> list[Case]:
    """Open cases, but none whose kind is open already or whose very evidence was settled before.

    An open case of the kind takes a higher weight, and never a lower one, and what more was seen; a new one
    knows the one that was settled before it. Gives those that were opened.
    """
    wanted = {case.about: case for case in cases}
    if not wanted:
        return []
    with transaction.atomic():
        earlier = list(_earlier(wanted.values()))
        fresh = _fresh(wanted, earlier, at, by)
        opened = _open(fresh, earlier, at) if fresh else []
        events = [_event(case, case.trip_id, at, by) for case in opened if case.trip_id is not None]
        TripEvent.objects.bulk_create(events)
        note_steps(_opening(case, at, by) for case in opened)
    return opened


def _fresh(
    wanted: dict[About, NewCase], earlier: Iterable[Case], at: datetime, by: str
) -> dict[About, NewCase]:
    """Leave out what is open, which grows, and what was settled on the same evidence."""
    fresh = dict(wanted)
    grown: list[CaseStep] = []
    for case in earlier:
        about = (case.trip_id, case.declaration_id, case.kind)
        new = wanted.get(about)
        if new is None:
            continue
        if case.is_open or case.evidence == new.evidence:
            fresh.pop(about, None)
        if case.is_open:
            grown += _grow(case, new, at, by)
    note_steps(grown)
    return fresh


def _grow(case: Case, new: NewCase, at: datetime, by: str) -> Iterator[CaseStep]:
    """Take what is heavier or newly seen into an open case; guarded, so that each is noted once."""
    lighter = Case.objects.filter(pk=case.pk, state=CaseState.OPEN, weight__lt=new.weight)
    if case.weight < new.weight and lighter.update(
        weight=new.weight, urgency=urgency_of(new.weight, case.opened_at)
    ):
        weights = {"from": case.weight, "to": int(new.weight)}
        yield new_step(case.pk, StepKind.HEAVIER, at=at, by=by, data=weights)
    if case.evidence == new.evidence or new.is_of_record or "record" in case.facts:
        return
    standing = Case.objects.filter(pk=case.pk, state=CaseState.OPEN, evidence=case.evidence)
    if standing.update(facts=dict(new.facts), evidence=new.evidence, level_at=at):
        yield new_step(case.pk, StepKind.FACTS_CHANGED, at=at, by=by, data={"before": case.facts})


def _open(fresh: dict[About, NewCase], earlier: Iterable[Case], at: datetime) -> list[Case]:
    before = {(case.trip_id, case.declaration_id, case.kind): case.pk for case in earlier}
    routes = routes_about(fresh)
    return _keep(
        [_row(fresh[about], routes.get(about[:2]), before.get(about), at) for about in sorted(fresh, key=str)]
    )


def _earlier(wanted: Collection[NewCase]) -> Iterator[Case]:
    trips = {case.trip_id for case in wanted} - {None}
    declarations = {case.declaration_id for case in wanted} - {None}
    if trips:
        yield from Case.objects.filter(trip__in=trips).order_by("pk")
    if declarations:
        yield from Case.objects.filter(declaration__in=declarations).order_by("pk")


def _row(new: NewCase, route_id: int | None, earlier_id: int | None, at: datetime) -> Case:
    return Case(
        company_id=new.company_id,
        route_id=route_id,
        earlier_id=earlier_id,
        trip_id=new.trip_id,
        declaration_id=new.declaration_id,
        kind=new.kind,
        weight=new.weight,
        facts=dict(new.facts),
        evidence=new.evidence,
        opened_at=at,
        urgency=urgency_of(new.weight, at),
        due_at=at + USUAL_DUE,
        level_at=at,
    )


def _opening(case: Case, at: datetime, by: str) -> CaseStep:
    data = {"weight": int(case.weight), **({"earlier": case.earlier_id} if case.earlier_id else {})}
    return new_step(case.pk, StepKind.OPENED, at=at, by=by, data=data)


def _keep(rows: list[Case]) -> list[Case]:
    """Insert at once; where somebody opened one of them meanwhile, one by one without it."""
    try:
        with transaction.atomic():
            return Case.objects.bulk_create(rows)
    except IntegrityError:
        return [row for row in rows if _keep_one(row)]


def _keep_one(row: Case) -> bool:
    row.pk = None
    try:
        with transaction.atomic():
            row.save(force_insert=True)
    except IntegrityError:
        return False
    return True


def _event(case: Case, trip_id: int, at: datetime, by: str) -> TripEvent:
    data = {"case": case.pk, "kind": str(case.kind)}
    return TripEvent(trip_id=trip_id, kind=EventKind.CASE_OPENED, at=at, recorded_at=at, by=by, data=data)


def settle_case(
    *,
    case: Case,
    to: CaseState,
    resolution: str,
    note: str,
    accepted_fen: int | None = None,
    at: datetime,
    by: str,
) -> Case:
    """Settle an open case for good and have its trips assessed anew."""
    kind = StepKind.WRITTEN_OFF if to == CaseState.WRITTEN_OFF else StepKind.RESOLVED
    with transaction.atomic():
        hold_trips(_trips_about(case))
        settled = Case.objects.filter(pk=case.pk, state=CaseState.OPEN).update(
            state=to,
            resolution=resolution,
            note=note,
            accepted_fen=accepted_fen,
            settled_at=at,
            settled_by=by,
            level_at=None,
        )
        if not settled:
            raise Conflict(SETTLED)
        told = {"resolution": resolution, **({"accepted_fen": accepted_fen} if accepted_fen else {})}
        note_step(case=case, kind=kind, at=at, by=by, text=note, data=told)
        if case.trip is not None:
            data = {"case": case.pk, "kind": case.kind, "resolution": resolution}
            note_event(trip=case.trip, kind=EventKind.CASE_SETTLED, at=at, by=by, data=data)
        _trips_about(case).update(next_check_at=at)
        case.refresh_from_db()
        follow_case(case=case, at=at, by=by)
    return case


def resolve_case(
    *,
    case: Case,
    resolution: str,
    note: str,
    accepted_fen: int | None = None,
    at: datetime,
    by: str,
) -> Case:
    """Settle a case by somebody's word; `delivered` also delivers the trip and frees its driver.

    Raises Invalid for a resolution that is not for this kind.
    """
    if reasons := against(case.kind, resolution, accepted_fen):
        raise Invalid(*reasons)
    said = {"resolution": resolution, "note": note}
    with transaction.atomic():
        settle_case(case=case, to=CaseState.RESOLVED, **said, accepted_fen=accepted_fen, at=at, by=by)
        if case.trip is not None and (case.kind, resolution) == (CaseKind.EXIT_NO_DELIVERY, DELIVERED):
            trip = lock_trip(case.trip)
            data = {"case": case.pk}
            if move_trip(
                trip=trip, to=TripState.DELIVERED, kind=EventKind.DELIVERED, at=at, by=by, data=data
            ):
                spend_open_pass(trip, at)
                accrue(trip=trip, at=at, by=by)
    return case


def write_off_case(*, case: Case, note: str, at: datetime, by: str) -> Case:
    """Give a proof up for good; for supervisors, whose door alone calls it."""
    to = CaseState.WRITTEN_OFF
    return settle_case(case=case, to=to, resolution=WRITTEN_OFF, note=note, at=at, by=by)


def reopen_case(*, case: Case, party: str, reason: str, at: datetime, by: str) -> Case:
    """Open a settled case again, with everything that was done about it.

    A company may where it settled the case itself. Raises Conflict while it cannot be.
    """
    with transaction.atomic():
        hold_trips(_trips_about(case))
        settled = Case.objects.select_for_update(of=("self",)).get(pk=case.pk)
        _refuse_reopening(settled, party, reason)
        Case.objects.filter(pk=case.pk).update(
            state=CaseState.OPEN,
            resolution="",
            note="",
            accepted_fen=None,
            settled_at=None,
            settled_by="",
            reopened_at=at,
            due_at=at + USUAL_DUE,
            level=CaseLevel.CASE,
            level_at=at,
        )
        before = {"state": settled.state, "resolution": settled.resolution}
        note_step(
            case=case, kind=StepKind.REOPENED, at=at, by=by, party=party, text=reason.strip(), data=before
        )
        if case.trip is not None:
            note_event(trip=case.trip, kind=EventKind.CASE_OPENED, at=at, by=by, data=_reopened(case))
        _trips_about(case).update(next_check_at=at)
        case.refresh_from_db()
        follow_case(case=case, at=at, by=by)
    return case


def _reopened(case: Case) -> dict[str, Any]:
    return {"case": case.pk, "kind": str(case.kind), "reopened": True}


def _refuse_reopening(case: Case, party: str, reason: str) -> None:
    if not reason.strip():
        raise Invalid(Reason("reason_missing", _("Say why it is opened again."), "reason"))
    if case.is_open:
        raise Conflict(Reason("case_open", _("This case is open already. Its steps say what is being done.")))
    if not may_reopen(state=case.state, settled_by=settling_party(case), party=party):
        detail = _("Customs settled this case. Write them a comment if it should be opened again.")
        raise Conflict(Reason("settled_by_customs", detail))
    about = Case.objects.filter(trip=case.trip_id, declaration=case.declaration_id, kind=case.kind)
    if about.filter(state=CaseState.OPEN).exists():
        detail = _("A newer case of this kind is open already. Work on that one.")
        raise Conflict(Reason("newer_case_open", detail))


def _trips_about(case: Case) -> QuerySet[Trip]:
    return Trip.objects.filter(pk=case.trip_id) if case.trip_id else case_trips(case)


SETTLED = Reason("case_settled", _("This case is settled already. It says by whom and how."))


def case_trips(case: Case) -> QuerySet[Trip]:
    return Trip.objects.filter(declaration=case.declaration)
