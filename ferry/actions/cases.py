"""Open a case and settle it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.db import IntegrityError, transaction
from django.utils.translation import gettext_lazy as _

from ferry.actions.moves import hold_trips, move_trip, note_event
from ferry.actions.passes import lock_trip
from ferry.actions.pay import accrue, follow_case
from ferry.actions.trips import spend_open_pass
from ferry.errors import Conflict, Reason
from ferry.models import Case, CaseKind, CaseState, EventKind, Trip, TripEvent, TripState
from ferry.rules.evidence import evidence_digest

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping
    from datetime import datetime

    from django.db.models import QuerySet

    from ferry.models import Declaration, Weight

    About = tuple[int | None, int | None, str]

#: The resolution of exit_no_delivery that says: he has the vehicle after all.
DELIVERED = "delivered"


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

    An open case of the kind takes a higher weight, and never a lower one. Gives those that were opened.
    """
    wanted = {case.about: case for case in cases}
    if not wanted:
        return []
    with transaction.atomic():
        fresh = _fresh(wanted)
        opened = _keep([_row(fresh[about], at) for about in sorted(fresh, key=str)])
        events = [_event(case, case.trip_id, at, by) for case in opened if case.trip_id is not None]
        TripEvent.objects.bulk_create(events)
    return opened


def _fresh(wanted: dict[About, NewCase]) -> dict[About, NewCase]:
    """Leave out what is open, raising its weight, and what was settled on the same evidence."""
    fresh = dict(wanted)
    heavier: dict[int, list[int]] = {}
    for case in _earlier(wanted.values()):
        about = (case.trip_id, case.declaration_id, case.kind)
        new = wanted.get(about)
        if new is None:
            continue
        if case.state == CaseState.OPEN or case.evidence == new.evidence:
            fresh.pop(about, None)
        if case.state == CaseState.OPEN and case.weight < new.weight:
            heavier.setdefault(new.weight, []).append(case.pk)
    for weight, pks in heavier.items():
        Case.objects.filter(pk__in=pks, weight__lt=weight).update(weight=weight)
    return fresh


def _earlier(wanted: Collection[NewCase]) -> Iterator[Case]:
    trips = {case.trip_id for case in wanted} - {None}
    declarations = {case.declaration_id for case in wanted} - {None}
    if trips:
        yield from Case.objects.filter(trip__in=trips)
    if declarations:
        yield from Case.objects.filter(declaration__in=declarations)


def _row(new: NewCase, at: datetime) -> Case:
    return Case(
        company_id=new.company_id,
        trip_id=new.trip_id,
        declaration_id=new.declaration_id,
        kind=new.kind,
        weight=new.weight,
        facts=dict(new.facts),
        evidence=new.evidence,
        opened_at=at,
    )


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


def settle_case(*, case: Case, to: CaseState, resolution: str, note: str, at: datetime, by: str) -> Case:
    """Settle an open case for good and have its trips assessed anew."""
    trips = Trip.objects.filter(pk=case.trip_id) if case.trip_id else case_trips(case)
    with transaction.atomic():
        hold_trips(trips)
        settled = Case.objects.filter(pk=case.pk, state=CaseState.OPEN).update(
            state=to, resolution=resolution, note=note, settled_at=at, settled_by=by
        )
        if not settled:
            raise Conflict(
                Reason("case_settled", _("This case is settled already. Reload it to see by whom and how."))
            )
        if case.trip is not None:
            data = {"case": case.pk, "kind": case.kind, "resolution": resolution}
            note_event(trip=case.trip, kind=EventKind.CASE_SETTLED, at=at, by=by, data=data)
        trips.update(next_check_at=at)
        case.refresh_from_db()
        follow_case(case=case, at=at, by=by)
    return case


def resolve_case(*, case: Case, resolution: str, note: str, at: datetime, by: str) -> Case:
    """Settle a case by the company's word; `delivered` also delivers the trip and frees its driver."""
    with transaction.atomic():
        settle_case(case=case, to=CaseState.RESOLVED, resolution=resolution, note=note, at=at, by=by)
        if case.trip is not None and (case.kind, resolution) == (CaseKind.EXIT_NO_DELIVERY, DELIVERED):
            trip = lock_trip(case.trip)
            data = {"case": case.pk}
            if move_trip(
                trip=trip, to=TripState.DELIVERED, kind=EventKind.DELIVERED, at=at, by=by, data=data
            ):
                spend_open_pass(trip, at)
                accrue(trip=trip, at=at, by=by)
    return case


def case_trips(case: Case) -> QuerySet[Trip]:
    return Trip.objects.filter(declaration=case.declaration)
