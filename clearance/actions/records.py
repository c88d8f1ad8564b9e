"""Take what others say happened, match it to trips and declarations, and let it take effect."""

from __future__ import annotations

import hashlib
import json
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Literal

from django.db import IntegrityError, transaction

from clearance.models import MatchedBy, Record, RecordImport, RecordKind
from clearance.queries.evidence import DueTrip
from clearance.queries.records import Known, known_for, underway, unmatched_about
from clearance.rules.matching import LOOK_BACK, Match, Sought, fits, match
from clearance.rules.records import judge_line
from ferry import sql
from ferry.actions.cases import NewCase, open_cases
from ferry.actions.declarations import correct_closing, set_declaration_statuses
from ferry.actions.moves import hold_trips, move_trip
from ferry.actions.stays import enter
from ferry.actions.trips import driver_back, drivers_back, return_trip
from ferry.errors import Reason
from ferry.models import (
    CaseKind,
    Declaration,
    DeclarationStatus,
    EventKind,
    Person,
    Stay,
    Trip,
    TripEvent,
    TripState,
    Weight,
)
from ferry.queries.issue import kazakh_date
from ferry.rules.declarations import ORDER
from ferry.rules.findings import FINE
from ferry.rules.letters import plain_capitals
from ferry.rules.numbers import normalise_passport
from ferry.rules.vin import judge_vin, near, normalise_vin

Status = Literal["matched", "unmatched", "duplicate", "error"]

DECLARATION_STATUS = RecordKind.DECLARATION_STATUS.value
KZ_ENTRY, RETURN = RecordKind.KZ_ENTRY.value, RecordKind.RETURN.value
#: Somebody else may be inserting the very same lines; after so many times it is not that.
TRIES = 3


@dataclass(frozen=True)
class RecordLine:
    """One line as a source gives it; `line` is its number in a file, `original` what stood there."""

    kind: str
    occurred_at: datetime
    source_reference: str
    vin: str = ""
    passport_number: str = ""
    declaration: str = ""
    status: str = ""
    line: int | None = None
    original: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class RecordResult:
    """What became of one line; a duplicate's record is the one kept before."""

    status: Status
    reasons: tuple[Reason, ...] = ()
    record: Record | None = None


def take_records(
    *,
    lines: Sequence[RecordLine],
    source: str,
    file_import: RecordImport | None = None,
    at: datetime,
    by: str,
) -> list[RecordResult]:
    """Keep each line once, match what can be matched, and answer for each in order.

    A line that is unusable is refused alone. What matches nothing keeps its keys and waits for its trip.
    The same reference with other content is another record: evidence is never overwritten.
    """
    records = [_record(line, source, at) for line in lines]
    for record in records:
        record.file_import, record.received_by = file_import, by
    faults = [judge_line(record, at=at) for record in records]
    usable = [record for record, reasons in zip(records, faults, strict=True) if not reasons]
    with transaction.atomic():
        kept, new = _keep(usable)
        _match(new, at, by)
        _open_misread([record for record in new if record.matched_at is None], at, by)
    return _results(records, faults, kept, new)


def judge_records(*, lines: Sequence[RecordLine], source: str, at: datetime) -> list[RecordResult]:
    """Say what `take_records` would answer, and write, hold and lock nothing.

    What a later line matches may depend on what an earlier one sets going: then the last word is another.
    """
    records = [_record(line, source, at) for line in lines]
    faults = [judge_line(record, at=at) for record in records]
    usable = [record for record, reasons in zip(records, faults, strict=True) if not reasons]
    wanted = {record.digest: record for record in reversed(usable)}
    there = {record.digest: record for record in Record.objects.filter(digest__in=wanted)}
    new = [record for digest, record in wanted.items() if digest not in there]
    known = known_for(new)
    for record in new:
        _settle(record, _find(record, known), known, at)
    return _results(records, faults, wanted | there, new)


def _results(
    records: Sequence[Record],
    faults: Sequence[tuple[Reason, ...]],
    kept: Mapping[str, Record],
    new: Iterable[Record],
) -> list[RecordResult]:
    """Answer for each line in order; of two that are the same the first is the new one."""
    digests_left = {record.digest for record in new}
    results = []
    for record, reasons in zip(records, faults, strict=True):
        if reasons:
            results.append(RecordResult("error", reasons))
            continue
        status: Status = "duplicate"
        if record.digest in digests_left:
            digests_left.remove(record.digest)
            status = "matched" if kept[record.digest].matched_at else "unmatched"
        results.append(RecordResult(status, record=kept[record.digest]))
    return results


@dataclass(frozen=True)
class Matched:
    """How many records were matched, and which trips to look at again soon, when others let theirs go."""

    count: int = 0
    postponed: frozenset[int] = frozenset()


def match_unmatched(*, trips: Collection[DueTrip], at: datetime, by: str) -> Matched:
    """Match records that came before these trips could be found. Call with the trips locked.

    Nobody is waited for: records that another worker is matching are passed over, and those about other
    trips that somebody holds are left for later.
    """
    waiting = unmatched_about(
        vins={trip.vin for trip in trips},
        persons={trip.person_id for trip in trips},
        numbers={trip.declaration_number for trip in trips},
        since=min(trip.opens_at for trip in trips) - LOOK_BACK,
    )
    return _match(waiting, at, by, only=frozenset(trip.id for trip in trips))


def arrive_late(*, trips: Collection[DueTrip], at: datetime, by: str) -> int:
    """Let entries take effect that were told before the exit of their trips. Call with the trips locked."""
    left = [trip.id for trip in trips if trip.exited_at and trip.arrived_at is None]
    told = Record.objects.filter(trip__in=left, trip__arrived_at__isnull=True, kind=KZ_ENTRY)
    first = {record.trip_id: record for record in told.order_by("-occurred_at", "-pk")} if left else {}
    for trip_id, trip in _trips_of(first.values()).items():
        _arrive(first[trip_id], trip, at, by)
    return len(first)


# --- Keeping -----------------------------------------------------------------------------------


def _record(line: RecordLine, source: str, at: datetime) -> Record:
    record = Record(
        kind=line.kind,
        occurred_at=line.occurred_at,
        vin=normalise_vin(line.vin),
        passport_number=normalise_passport(line.passport_number),
        declaration_number=plain_capitals(line.declaration),
        # Of another kind it says nothing, and may be as long as its source likes; `original` keeps it.
        status=line.status if line.kind == DECLARATION_STATUS else "",
        source=source,
        source_reference=line.source_reference.strip(),
        source_line=line.line,
        original=dict(line.original),
        received_at=at,
    )
    record.digest = _digest(record)
    return record


def _digest(record: Record) -> str:
    content = [
        record.source,
        record.kind,
        record.source_reference,
        record.occurred_at.astimezone(UTC).isoformat() if record.occurred_at.tzinfo else "",
        record.vin,
        record.passport_number,
        record.declaration_number,
        record.status,
    ]
    return hashlib.sha256(json.dumps(content).encode()).hexdigest()


def _keep(records: Sequence[Record]) -> tuple[dict[str, Record], list[Record]]:
    """Insert what is not there yet; give all by digest, and the new ones."""
    wanted = {record.digest: record for record in reversed(records)}
    for _try in range(TRIES):
        there = {record.digest: record for record in Record.objects.filter(digest__in=wanted)}
        new = [wanted[digest] for digest in sorted(wanted.keys() - there.keys())]
        try:
            with transaction.atomic():
                Record.objects.bulk_create(new)
        except IntegrityError:
            continue
        return wanted | there, sorted(new, key=lambda record: (record.occurred_at, record.pk))
    raise RuntimeError("Records could not be inserted although none of them is there.")


# --- Matching ----------------------------------------------------------------------------------


def _match(records: Sequence[Record], at: datetime, by: str, only: frozenset[int] | None = None) -> Matched:
    """Match records in the order of time, write their events and let them take effect.

    `only` are the trips that the caller holds: matches to others are left for when those are assessed.
    """
    if not records:
        return Matched()
    known = known_for(records)
    found = [(record, _find(record, known)) for record in records]
    if only is not None:
        found = [(record, one) for record, one in found if one.trip is None or one.trip.id in only]
    settled = [record for record, one in found if _settle(record, one, known, at)]
    about = _trips_about(found)
    concerned = frozenset().union(*about.values())
    held = hold_trips(Trip.objects.filter(pk__in=concerned), waits=only is None)
    late = [trips for trips in about.values() if not trips <= held]
    _open_ambiguous([pair for pair in found if about[pair[0].pk] <= held], known, at, by)
    matched = [record for record in settled if about[record.pk] <= held]
    if matched:
        _save_matches(matched, at)
        trips = _trips_of(matched)
        events = [_event(record, trips[record.trip_id], at, by) for record in matched if record.trip_id]
        TripEvent.objects.bulk_create(events)
        Trip.objects.filter(pk__in=trips).update(next_check_at=at)
        _take_effect(matched, trips, known, at, by)
    return Matched(len(matched), frozenset().union(*late) & (only or frozenset()))


#: One statement: composed by the ORM it was a third of an import's time.
SAVE = """
WITH said (id, trip_id, declaration_id, person_id, matched_by) AS ({rows})
UPDATE clearance_record SET
    trip_id = said.trip_id, declaration_id = said.declaration_id, person_id = said.person_id,
    matched_by = said.matched_by, matched_at = %s
FROM said WHERE clearance_record.id = said.id
"""
SAVE_TYPES = ("bigint", "bigint", "bigint", "bigint", "text")
#: SQLite takes so many values at once.
MOST_SAVED = 5000


def _save_matches(matched: Sequence[Record], at: datetime) -> None:
    rows = [(one.pk, one.trip_id, one.declaration_id, one.person_id, one.matched_by) for one in matched]
    for start in range(0, len(rows), MOST_SAVED):
        sql.write([sql.statement(SAVE, SAVE_TYPES, rows[start : start + MOST_SAVED], at)])


def _find(record: Record, known: Known) -> Match:
    if record.kind == DECLARATION_STATUS:
        return Match()
    persons = known.persons.get(record.passport_number, frozenset())
    sought = Sought(record.kind, record.occurred_at, record.vin, persons)
    candidates = [*known.trips_by_vin.get(record.vin, ())]
    for person in persons:
        candidates += known.trips_by_person.get(person, ())
    return match(sought, candidates)


def _settle(record: Record, found: Match, known: Known, at: datetime) -> bool:
    """Write into a record what it is about; False if that is not known."""
    if record.kind == DECLARATION_STATUS:
        record.declaration = known.declarations.get(record.declaration_number)
        record.matched_by = MatchedBy.DECLARATION if record.declaration else ""
    elif found.trip is not None:
        persons = known.persons.get(record.passport_number, frozenset())
        record.trip_id, record.matched_by = found.trip.id, found.by
        record.person_id = _whose(persons, found.trip.person)
    if record.declaration is None and record.trip_id is None:
        return False
    record.matched_at = at
    return True


def _whose(persons: frozenset[int], expected: int) -> int | None:
    """Say who it was. Where two countries gave out the same number, only the trip's own person is known."""
    if expected in persons:
        return expected
    return next(iter(persons)) if len(persons) == 1 else None


def _trips_about(found: Iterable[tuple[Record, Match]]) -> dict[int, frozenset[int]]:
    """List the trips that each record has an effect on, by its id."""
    found = list(found)
    declarations = {record.declaration_id for record, _one in found if record.declaration_id}
    declared: defaultdict[int, set[int]] = defaultdict(set)
    if declarations:
        rows = Trip.objects.filter(declaration__in=declarations).values_list("declaration_id", "pk")
        for declaration_id, trip_id in rows:
            declared[declaration_id].add(trip_id)
    return {
        record.pk: frozenset(
            declared[record.declaration_id]
            if record.declaration_id
            else (one.trip.id,)
            if one.trip
            else one.ambiguous
        )
        for record, one in found
    }


def _open_ambiguous(found: Iterable[tuple[Record, Match]], known: Known, at: datetime, by: str) -> None:
    """Open a case for each trip that a record may be about; only a new one makes its trip due."""
    cases = [
        NewCase(
            company_id=known.companies[trip_id],
            kind=CaseKind.DRIVER_OVERLAP.value,
            weight=Weight.HIGH,
            facts={"record": record.digest[:16], "reference": record.source_reference, "kind": record.kind},
            trip_id=trip_id,
        )
        for record, one in found
        for trip_id in one.ambiguous
    ]
    opened = open_cases(cases=cases, at=at, by=by)
    if opened:
        Trip.objects.filter(pk__in={case.trip_id for case in opened}).update(next_check_at=at)


def _open_misread(records: Iterable[Record], at: datetime, by: str) -> None:
    """Open a case for each trip on its way whose VIN an unmatched record may have meant.

    A whole VIN of another vehicle is none of it: a batch's own VINs are a slip or two apart.
    """
    misread = [record for record in records if record.vin and judge_vin(record.vin, powertrain="") != FINE]
    cases = [
        NewCase(
            company_id=company_id,
            kind=CaseKind.VIN_MISMATCH.value,
            weight=Weight.CRITICAL,
            facts={"vin": trip.vin, "seen": [_seen(record, slips)]},
            trip_id=trip.id,
        )
        for company_id, trip in (underway() if misread else ())
        for record in misread
        if (slips := near(trip.vin, record.vin)) and fits(record.kind, trip, record.occurred_at)
    ]
    opened = open_cases(cases=cases, at=at, by=by)
    Trip.objects.filter(pk__in={case.trip_id for case in opened}).update(next_check_at=at)


def _seen(record: Record, slips: int) -> dict[str, Any]:
    return {"kind": record.kind, "reference": record.source_reference, "vin": record.vin, "slips": slips}


def _trips_of(records: Iterable[Record]) -> dict[int, Trip]:
    rows = Trip.objects.select_related("person", "vehicle")
    return {trip.pk: trip for trip in rows.filter(pk__in={each.trip_id for each in records if each.trip_id})}


def _event(record: Record, trip: Trip, at: datetime, by: str) -> TripEvent:
    data = {"kind": record.kind, "reference": record.source_reference, "source": record.source}
    return TripEvent(
        trip=trip,
        kind=EventKind.RECORD_MATCHED,
        at=record.occurred_at,
        recorded_at=at,
        by=by,
        data=data,
    )


# --- Taking effect -----------------------------------------------------------------------------


def _take_effect(
    records: Iterable[Record], trips: Mapping[int, Trip], known: Known, at: datetime, by: str
) -> None:
    """Let records take effect in the order of time, and what is plain all at once."""
    statuses: defaultdict[int, list[Record]] = defaultdict(list)
    crossed = []
    for record in records:
        if record.kind == DECLARATION_STATUS:
            statuses[record.declaration_id or 0].append(record)
        elif record.trip_id and record.kind in {KZ_ENTRY, RETURN}:
            crossed.append(record)
    alone = _alone(crossed, trips)
    back = {record.pk for record in alone if _is_plain_return(record, trips[record.trip_id or 0])}
    counted = _counted(alone, trips)
    persons = known.people()
    for record in crossed:
        trip = trips[record.trip_id or 0]
        if record.pk in counted:
            _arrive(record, trip, at, by)
        elif record.kind == KZ_ENTRY:
            _enter(record, trip, persons, at, by)
        elif record.pk not in back:
            _return(record, trip, at, by)
    returns = [(trips[one.trip_id or 0], one.occurred_at) for one in crossed if one.pk in back]
    drivers_back(returns=returns, at=at, by=by)
    _set_statuses(statuses, at, by)


def _alone(records: Sequence[Record], trips: Mapping[int, Trip]) -> list[Record]:
    """Give those with whose trip and people no other has to do: their order does not matter."""
    times = Counter(key for record in records for key in _concerned(record, trips))
    return [record for record in records if all(times[key] == 1 for key in _concerned(record, trips))]


def _concerned(record: Record, trips: Mapping[int, Trip]) -> set[tuple[str, int | None]]:
    trip = trips[record.trip_id or 0]
    return {("trip", trip.pk), ("person", trip.person_id), ("person", record.person_id)}


def _is_plain_return(record: Record, trip: Trip) -> bool:
    """Say whether a trip's own driver is back, as nobody knew, and nothing else."""
    return (
        record.kind == RETURN
        and not record.vin
        and record.person_id == trip.person_id
        and trip.driver_returned_at is None
        and trip.exited_at is not None
        and record.occurred_at >= trip.exited_at
    )


def _counted(records: Sequence[Record], trips: Mapping[int, Trip]) -> set[int]:
    """Give the entries of drivers whose stay is known from a scan: only the arrival is left to see."""
    entries = [
        record
        for record in records
        if record.kind == KZ_ENTRY and record.person_id == trips[record.trip_id or 0].person_id
    ]
    stays = (
        Stay.objects.filter(trip__in=[record.trip_id for record in entries])
        if entries
        else Stay.objects.none()
    )
    there = set(stays.values_list("trip_id", "person_id", "entered_on"))
    return {
        record.pk
        for record in entries
        if (record.trip_id, record.person_id, kazakh_date(record.occurred_at)) in there
    }


def _enter(record: Record, trip: Trip, persons: Mapping[int, Person], at: datetime, by: str) -> None:
    """Count the stay of whoever was at the border; a trip that was seen to leave has arrived.

    Without a passport that is whoever was scanned there, or else the trip's driver.
    """
    _arrive(record, trip, at, by)
    on = kazakh_date(record.occurred_at)
    left_on = trip.driver_returned_at and kazakh_date(trip.driver_returned_at)
    stay = None
    if not record.passport_number:
        stay = Stay.objects.filter(trip=trip).exclude(person=trip.person_id).select_related("person").first()
    if stay is not None:
        enter(person=stay.person, on=on, trip=trip)
    elif not record.passport_number or record.person_id == trip.person_id:
        enter(person=trip.person, on=on, trip=trip, left_on=left_on)
    elif record.person_id is not None:
        enter(person=persons[record.person_id], on=on)


def _arrive(record: Record, trip: Trip, at: datetime, by: str) -> None:
    """Step to arrived; a trip that is further on already only learns the moment, of two the earlier."""
    if trip.state == TripState.EXITED:
        move_trip(
            trip=trip,
            to=TripState.ARRIVED,
            kind=EventKind.ARRIVED,
            at=at,
            by=by,
            occurred_at=record.occurred_at,
            data={"reference": record.source_reference},
        )
    elif trip.exited_at and (trip.arrived_at is None or record.occurred_at < trip.arrived_at):
        trip.arrived_at = record.occurred_at
        trip.save(update_fields=["arrived_at"])


def _return(record: Record, trip: Trip, at: datetime, by: str) -> None:
    """Bring the driver back; a return with the VIN of an undelivered vehicle brings that back too."""
    if record.vin and trip.state in {TripState.EXITED, TripState.ARRIVED} and record.vin == trip.vehicle.vin:
        return_trip(trip=trip, at=at, by=by, occurred_at=record.occurred_at)
        trip.state = TripState.RETURNED
    elif record.person_id == trip.person_id:
        told = Record.objects.filter(trip=trip, kind=RETURN, person=trip.person_id)
        first = told.order_by("occurred_at", "pk")[0]
        driver_back(trip=trip, occurred_at=first.occurred_at, at=at, by=by, on_record=True)
        trip.driver_returned_at = first.occurred_at


def _set_statuses(said: Mapping[int, Sequence[Record]], at: datetime, by: str) -> None:
    """Say each word once, in the order of time: a file has a line for each VIN of a declaration."""
    words = {
        declaration_id: sorted({(record.occurred_at, record.status) for record in records})
        for declaration_id, records in said.items()
    }
    while words:
        first = {declaration_id: left[0] for declaration_id, left in words.items()}
        set_declaration_statuses(words=first, at=at, by=by)
        words = {declaration_id: left[1:] for declaration_id, left in words.items() if left[1:]}
    _correct_closings(said.keys(), at)


def _correct_closings(declarations: Collection[int], at: datetime) -> None:
    """Count a closing from the first of the words that say so with no other between, however they came."""
    if not declarations:
        return
    words: defaultdict[int, list[tuple[datetime, str]]] = defaultdict(list)
    told = Record.objects.filter(declaration__in=declarations, kind=DECLARATION_STATUS)
    for declaration_id, occurred_at, status in told.values_list("declaration_id", "occurred_at", "status"):
        words[declaration_id].append((occurred_at, status))
    for declaration in Declaration.objects.filter(pk__in=declarations).order_by("pk"):
        since = None
        for occurred_at, status in sorted(words[declaration.pk], key=_by_time_and_progress):
            since = (since or occurred_at) if status == DeclarationStatus.CLOSED else None
        if since is not None and since != declaration.closed_at:
            correct_closing(declaration=declaration, closed_at=since, at=at)


def _by_time_and_progress(word: tuple[datetime, str]) -> tuple[datetime, int]:
    return word[0], ORDER[DeclarationStatus(word[1])]
