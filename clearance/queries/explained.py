"""Gather what explains one trip: its evidence as reconciliation reads it, and where each piece came from."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple, TypeVar

from django.db.models import Q

from clearance.models import Record, RecordKind, Scan
from clearance.queries.desk import routes_of
from clearance.queries.evidence import APART, due_rows, evidence_for, limits_for
from clearance.queries.versions import version_of
from clearance.rules.assess import RecordSeen, View
from clearance.rules.explain import Explanation, Shift, Word, explain, shift
from clearance.rules.versions import VERSIONS, VIEWS
from ferry.codes import read_short_code
from ferry.models import Case, EventKind, Pass, Trip
from ferry.rules.letters import plain_capitals
from ferry.rules.vin import normalise_vin

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
    from datetime import datetime

    from django.db.models import QuerySet

    from clearance.rules.assess import Evidence, Limits
    from clearance.rules.versions import Judge
    from ferry.models import Checkpoint, Driver

Key = TypeVar("Key")

#: A vehicle has a handful of trips in its life.
FEW = 20
DECLARATION_STATUS = RecordKind.DECLARATION_STATUS


class Changed(NamedTuple):
    """A record that its source told again with other content; `shift` is None where no rule can tell."""

    old: Record
    new: Record
    shift: Shift | None


@dataclass(frozen=True)
class Explained:
    """An explanation with its sources: scans by id, records by what they say, drivers by person."""

    explanation: Explanation
    version: int
    scans: Mapping[str, Scan]
    records: Mapping[RecordSeen, Sequence[Record]]
    words: Mapping[Word, Sequence[Record]]
    drivers: Mapping[int, Driver]
    returned_by: str
    changed: Sequence[Changed]
    cases: Sequence[Case]


def trips_at(checkpoints: Collection[Checkpoint]) -> QuerySet[Trip]:
    """List the trips over these checkpoints."""
    rows = Trip.objects.filter(route__in=routes_of(checkpoints))
    return rows.select_related(
        "company", "vehicle", "driver", "declaration", "route__exit", "route__entry", "receipt"
    )


def find_trips(checkpoints: Collection[Checkpoint], text: str) -> list[Trip]:
    """Find trips by a reference, a whole VIN or a short code, the latest first."""
    key = plain_capitals(text)
    short_code = read_short_code(text)
    about = Q(reference=key) | Q(vehicle__vin=normalise_vin(text))
    if short_code:
        about |= Q(pk__in=Pass.objects.filter(short_code=short_code).values("trip"))
    return list(trips_at(checkpoints).filter(about).order_by("-pk")[:FEW])


def explained(trip: Trip, *, at: datetime, own_only: bool) -> Explained:
    """Explain a trip; `own_only` leaves out what a record said of another trip before, for a company."""
    row = due_rows([trip.pk])[0]
    limits = limits_for([row.route_id], since=row.opens_at - APART)[row.route_id]
    evidence = evidence_for([row])[row.id]
    records = _records(trip)
    said = [record for record in records if record.kind == DECLARATION_STATUS]
    version = version_of(trip)
    judge = VERSIONS[version]
    words = _grouped((Word(record.status, record.occurred_at), record) for record in said)
    return Explained(
        explanation=explain(evidence, limits, at, words, judge, VIEWS.get(version, View)),
        version=version,
        scans={str(scan.scan_id): scan for scan in _scans(trip)},
        records=_grouped((_seen(record), record) for record in records if record not in said),
        words=words,
        drivers=_drivers(trip),
        returned_by=_returned_by(trip),
        changed=_changed(records, trip, partial(_shift, evidence, limits, at, judge), own_only=own_only),
        cases=_cases(trip),
    )


def _seen(record: Record) -> RecordSeen:
    """See a record as the assessment does."""
    return RecordSeen(
        record.source_reference,
        record.kind,
        record.occurred_at,
        record.vin,
        record.person_id,
        bool(record.passport_number),
    )


def _grouped(pairs: Iterable[tuple[Key, Record]]) -> dict[Key, list[Record]]:
    groups: defaultdict[Key, list[Record]] = defaultdict(list)
    for key, record in pairs:
        groups[key].append(record)
    return dict(groups)


def _records(trip: Trip) -> list[Record]:
    about = Q(trip=trip) | Q(declaration=trip.declaration_id, kind=DECLARATION_STATUS)
    return list(Record.objects.filter(about).order_by("received_at", "pk"))


def _scans(trip: Trip) -> QuerySet[Scan]:
    return Scan.objects.filter(trip=trip).select_related("checkpoint", "device", "officer")


def _drivers(trip: Trip) -> dict[int, Driver]:
    passes = Pass.objects.filter(trip=trip).select_related("driver").order_by("pk")
    return {trip.person_id: trip.driver} | {each.driver.person_id: each.driver for each in passes}


def _returned_by(trip: Trip) -> str:
    event = trip.events.filter(kind=EventKind.DRIVER_RETURNED).order_by("pk").first()
    return event.by if event else ""


def _cases(trip: Trip) -> list[Case]:
    about = Q(trip=trip) | Q(declaration=trip.declaration_id)
    return list(Case.objects.filter(about).select_related("trip", "declaration").order_by("opened_at", "pk"))


def _shift(evidence: Evidence, limits: Limits, at: datetime, judge: Judge, record: Record) -> Shift | None:
    if record.kind == DECLARATION_STATUS:
        return None
    return shift(evidence, _seen(record), limits, at, judge)


def _changed(
    records: Collection[Record],
    trip: Trip,
    tell: Callable[[Record], Shift | None],
    *,
    own_only: bool,
) -> list[Changed]:
    """Pair each record with the one before it of the same kind, source and reference, if there is one."""
    keys = {record.source_reference for record in records}
    told = Record.objects.filter(source_reference__in=keys).order_by("received_at", "pk")
    if own_only:
        told = told.filter(Q(trip=trip) | Q(declaration=trip.declaration_id))
    lines: defaultdict[tuple[str, str, str], list[Record]] = defaultdict(list)
    for record in told:
        lines[record.kind, record.source, record.source_reference].append(record)
    ours = {record.pk for record in records}
    return [
        Changed(old, new, tell(new))
        for line in lines.values()
        for old, new in pairwise(line)
        if new.pk in ours
    ]
