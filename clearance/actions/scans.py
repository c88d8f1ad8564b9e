"""Record scans: verify, lock, judge, keep, move, in one transaction however many there are."""

from __future__ import annotations

import hashlib
import json
from collections import defaultdict
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from django.db import IntegrityError, transaction
from django.utils.translation import gettext_lazy as _

from clearance.actions.chain import add_links, alone, of_examination, of_scan
from clearance.actions.reconcile import assess_trips
from clearance.models import Act, Crossing, Examination, Scan, Verdict
from clearance.queries.scans import (
    NO_PASS,
    Asked,
    Subject,
    checkpoints_of,
    facts_about,
    lock_trips,
    passes_by_short_code,
    read_subjects,
)
from clearance.rules.verdict import Facts, Judgement, judge
from ferry import codes, sql
from ferry.actions.crossings import Crossings, Entering, Leaving, Passage
from ferry.actions.moves import events_noted
from ferry.errors import Conflict, Invalid, NotYours, Reason, Refused
from ferry.models import EventKind, Trip, TripEvent, TripState
from ferry.queries.issue import kazakh_date
from ferry.queries.keys import open_trusted
from ferry.reasons import for_the_company

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime
    from uuid import UUID

    from ferry.models import ApiKey, Checkpoint, User
    from ferry.sql import Statement

LONGEST_LANE = 20
#: Older than this, neither a scan nor a list is late: a clock is wrong.
BEYOND_BELIEF = timedelta(days=366)


@dataclass(frozen=True, slots=True)
class Offline:
    """What a scanner without a link decided, on a list of that age."""

    verdict: str
    list_age: timedelta


@dataclass(frozen=True, slots=True)
class ScanInput:
    """One reading of a code as a scanner sends it; `scan_id` is the scanner's own choice."""

    scan_id: UUID
    code: str
    checkpoint: Checkpoint
    lane: str
    scanned_at: datetime | None = None
    offline: Offline | None = None

    @property
    def digest(self) -> str:
        content = [
            self.code,
            self.checkpoint.code,
            self.lane,
            self.scanned_at and self.scanned_at.isoformat(),
            self.offline and [self.offline.verdict, self.offline.list_age.total_seconds()],
        ]
        return hashlib.sha256(json.dumps(content).encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class ScanResult:
    """What became of one scan: stored now (201), stored before (200), or an error with its HTTP status.

    `subject` is what is known of the pass it named.
    """

    status: int
    scan: Scan | None = None
    refused: Refused | None = None
    subject: Subject | None = None

    def kept(self) -> Scan:
        """Give the stored scan, or raise why there is none."""
        if self.scan is None:
            raise self.refused or AssertionError
        return self.scan


def record_scan(
    *, scan: ScanInput, device: ApiKey | None = None, officer: User | None = None, at: datetime, by: str
) -> tuple[Scan, bool]:
    """Record one scan; True if it is new, False if the same scan was recorded before."""
    result = record_scans(scans=[scan], device=device, officer=officer, at=at, by=by)[0]
    return result.kept(), result.status == 201


def record_scans(
    *,
    scans: Sequence[ScanInput],
    device: ApiKey | None = None,
    officer: User | None = None,
    at: datetime,
    by: str,
) -> list[ScanResult]:
    """Record scans in their order, each with its own result; one that is unusable stops no other.

    A scan with an offline verdict is judged by what is known now at the moment it was made; one without is
    a question asked now. A clock that runs ahead is put back to now.
    """
    source = Source(device=device, officer=officer, at=at, by=by)
    return record_scans_of_many(scans=[(scan, source) for scan in scans])


def record_scans_of_many(*, scans: Sequence[tuple[ScanInput, Source]]) -> list[ScanResult]:
    """Record scans of several sources as `record_scans` does those of one."""
    readings = _read(scans)
    try:
        return _record(readings)
    except IntegrityError:
        # Somebody kept one of these scan ids meanwhile: one by one, each finds what is stored.
        return [_record([reading])[0] for reading in readings]


@dataclass(frozen=True, slots=True)
class Source:
    """Who scans, and when the server heard of it."""

    at: datetime
    by: str
    device: ApiKey | None = None
    officer: User | None = None


# --- Verify: before anything is locked ---------------------------------------------------------


@dataclass(slots=True)
class Reading:
    """A scan whose code was opened: the pass it names, or what is wrong with the code or the scan."""

    scan: ScanInput
    source: Source
    digest: str
    pass_id: UUID = NO_PASS
    fault: str = ""
    claims: codes.PassClaims | None = None
    result: ScanResult | None = None

    def moment(self, clock_skew: timedelta) -> datetime:
        """Say for when the verdict is wanted."""
        said, at = self.scan.scanned_at, self.source.at
        if said is None or (self.scan.offline is None and said < at - clock_skew):
            return at
        return min(said, at)


def _read(scans: Sequence[tuple[ScanInput, Source]]) -> list[Reading]:
    allowed = {source: _allowed_checkpoints(source) for source in {source for _scan, source in scans}}
    short_codes = {scan.code: short for scan, _source in scans if (short := codes.read_short_code(scan.code))}
    named = passes_by_short_code(short_codes.values()) if short_codes else {}
    readings = []
    for scan, source in scans:
        reading = Reading(scan, source, scan.digest)
        readings.append(reading)
        here = allowed[source]
        if here is not None and scan.checkpoint.pk not in here:
            reading.result = ScanResult(404, refused=NotYours(NOT_HERE))
        elif unusable := _unusable(scan, source.at):
            reading.result = ScanResult(400, refused=Invalid(*unusable))
        elif short := short_codes.get(scan.code):
            reading.pass_id = named.get(short, NO_PASS)
        else:
            _open(reading)
    return readings


def _open(reading: Reading) -> None:
    try:
        reading.claims = open_trusted(codes.normalise(reading.scan.code), at=reading.source.at)
        reading.pass_id = reading.claims.pass_id
    except codes.CodeFault as fault:
        reading.fault = fault.code


def _allowed_checkpoints(source: Source) -> set[int] | None:
    """List where this caller may scan; None is everywhere."""
    if source.device is not None:
        return {source.device.checkpoint_id} if source.device.checkpoint_id else set()
    return checkpoints_of(source.officer) if source.officer is not None else None


NOT_HERE = Reason(
    "not_found",
    _("There is no such checkpoint for you. Choose the one this key or posting is for."),
    "checkpoint",
)


def _unusable(scan: ScanInput, at: datetime) -> list[Reason]:
    reasons = []
    if not (scan.lane.isprintable() and 0 < len(scan.lane) <= LONGEST_LANE):
        detail = _("Name the lane in 1 to 20 printable characters.")
        reasons.append(Reason("lane_unusable", detail, "lane"))
    if scan.scanned_at is not None and scan.scanned_at < at - BEYOND_BELIEF:
        detail = _("The time of the scan is more than a year ago. Set the scanner's clock and send it again.")
        reasons.append(Reason("scanned_at_unusable", detail, "scanned_at"))
    if scan.offline is not None:
        reasons += _unusable_offline(scan.offline)
    return reasons


def _unusable_offline(offline: Offline) -> list[Reason]:
    reasons = []
    if offline.verdict not in Verdict.values:
        detail = _("The offline verdict is release, examine or refuse.")
        reasons.append(Reason("verdict_unknown", detail, "offline.verdict"))
    if not timedelta(0) <= offline.list_age <= BEYOND_BELIEF:
        detail = _("The age of the offline list is 0 seconds to a year. Set the scanner's clock.")
        reasons.append(Reason("list_age_unusable", detail, "offline.list_age_s"))
    return reasons


# --- Lock, judge, keep, move -------------------------------------------------------------------


def _record(readings: Sequence[Reading]) -> list[ScanResult]:
    usable = [reading for reading in readings if reading.result is None]
    if not usable:
        return [reading.result for reading in readings if reading.result]
    asked = [Asked(reading.scan.scan_id, reading.pass_id, reading.scan.checkpoint.pk) for reading in usable]
    at = max(reading.source.at for reading in usable)
    with transaction.atomic():
        lock_trips({one.pass_id for one in asked})
        subjects = read_subjects(asked, at=at)
        book = Book(subjects, at)
        answers = {
            id(reading): book.answer(reading, subject)
            for reading, subject in zip(usable, subjects, strict=True)
        }
        book.write()
    return [reading.result or answers[id(reading)] for reading in readings]


class Book:
    """Judge scans one after another and collect what follows, to be written at once.

    What one scan does is told to the subjects of the later ones, so that a batch comes out as if its scans
    had come alone, one after another.
    """

    def __init__(self, subjects: Sequence[Subject], at: datetime) -> None:
        self.at = at
        self.of_trip: dict[int, list[Subject]] = defaultdict(list)
        for subject in subjects:
            self.of_trip[subject.trip_id].append(subject)
        known = [subject.known_id for subject in subjects if subject.known_id is not None]
        stored = Scan.objects.select_related("trip", "checkpoint").filter(pk__in=known) if known else []
        self.stored: dict[UUID, Scan] = {scan.scan_id: scan for scan in stored}
        self.trips: dict[int, Trip] = {}
        self.crossings = Crossings()
        self.scans: list[tuple[Scan, Source]] = []
        self.events: list[TripEvent] = []
        self.examinations: dict[Source, list[Examination]] = defaultdict(list)
        self.contradicted: set[int] = set()

    def answer(self, reading: Reading, subject: Subject) -> ScanResult:
        stored = self.stored.get(reading.scan.scan_id)
        if stored is None:
            scan = self.stored[reading.scan.scan_id] = self._keep(reading, subject)
            return ScanResult(201, scan, subject=subject)
        if stored.digest == reading.digest:
            return ScanResult(200, stored, subject=subject)
        return ScanResult(409, refused=Conflict(REUSED))

    def _keep(self, reading: Reading, subject: Subject) -> Scan:
        """Judge a scan and collect its row and all that follows from it."""
        is_known = subject.pass_pk is not None and not _differs(reading.claims, subject)
        moment = reading.moment(subject.clock_skew if is_known else USUAL_SKEW)
        judgement = judge(_facts(reading, subject, moment, is_known=is_known))
        scan = _row(reading, moment, judgement)
        self.scans.append((scan, reading.source))
        if is_known:
            scan.crossing = subject.crossing
            scan.pass_used_id = subject.pass_pk
            scan.trip = self._trip(subject)
            self._follow(scan, subject, judgement, reading)
        return scan

    def _trip(self, subject: Subject) -> Trip:
        """Give the trip with what an answer says of it; anything else is read when asked for."""
        if subject.trip_id not in self.trips:
            columns = ["id", "company_id", "reference", "state"]
            values = [subject.trip_id, subject.company_id, subject.reference, subject.trip_state]
            self.trips[subject.trip_id] = Trip.from_db("default", columns, values)
        return self.trips[subject.trip_id]

    def _follow(self, scan: Scan, subject: Subject, judgement: Judgement, reading: Reading) -> None:
        """Do what was done at the lane: offline, its own verdict lifted the barrier or kept it down."""
        done = scan.offline_verdict or scan.verdict
        if done == Verdict.RELEASE and judgement.verdict == Verdict.REFUSE:
            self.contradicted.add(subject.trip_id)
        if done == Verdict.RELEASE and subject.crossing and subject.passed_at is None:
            self._pass(scan, subject)
            kind = passing_kind(subject.crossing)
        elif Verdict.REFUSE in (scan.verdict, done) or done == Verdict.RELEASE:
            kind = EventKind.REFUSED
            if subject.crossing == Crossing.ENTRY and subject.trip_state in ABROAD:
                # It left China and is not let in: reconciliation must ask for it from now on.
                self.crossings.passage(subject.trip_id, subject.trip_state)
        else:
            self._examine(scan, subject, reading.source)
            kind = EventKind.EXAMINE
        self._note(kind, scan, subject, reading)

    def _pass(self, scan: Scan, subject: Subject) -> None:
        scan.passed_at = moment = scan.scanned_at
        passage = cross(self.crossings, subject, moment)
        self._trip(subject).state = passage.state
        for later in self.of_trip[subject.trip_id]:
            later.trip_state = passage.state
            later.exited_at = _earliest(later.exited_at, passage.exited_at)
            later.arrived_at = _earliest(later.arrived_at, passage.arrived_at)
            if (later.pass_pk, later.crossing) == (subject.pass_pk, subject.crossing):
                later.passed_at, later.passed_lane = moment, scan.lane

    def _examine(self, scan: Scan, subject: Subject, source: Source) -> None:
        """Open an examination, unless an earlier scan of the pass waits for one here already."""
        if subject.examination:
            return
        self.examinations[source].append(Examination(scan=scan, opened_at=source.at))
        for later in self.of_trip[subject.trip_id]:
            if (later.pass_pk, later.crossing) == (subject.pass_pk, subject.crossing):
                later.examination = "open"

    def _note(self, kind: EventKind, scan: Scan, subject: Subject, reading: Reading) -> None:
        data: dict[str, Any] = {**place_of(scan), "reasons": for_the_company(scan.reasons)}
        if reading.scan.offline is not None and scan.list_age is not None:
            data["offline"] = {"verdict": scan.offline_verdict, "list_age_s": scan.list_age.total_seconds()}
            data["late"] = reading.source.at - scan.scanned_at > subject.offline_grace
        if reading.scan.scanned_at not in (None, scan.scanned_at):
            data["said_at"] = reading.scan.scanned_at.isoformat()
        self.events.append(
            TripEvent(
                trip_id=subject.trip_id,
                kind=kind,
                at=scan.scanned_at,
                recorded_at=reading.source.at,
                by=reading.source.by,
                data=data,
            )
        )

    def write(self) -> None:
        scans = [scan for scan, _source in self.scans]
        statements = self.crossings.statements(at=self.at)
        if self.events:
            statements.insert(0, events_noted(self.events))
        if scans:
            statements.insert(0, scans_kept(scans))
        links = [of_scan(scan, source.by) for scan, source in self.scans]
        is_alone = len(links) == 1 and sql.on_postgresql() and not self.contradicted
        written = sql.write(statements, last=alone(*links[0]) if is_alone else ())
        pks = {scan_id: pk for pk, scan_id in written}
        for scan in scans:
            scan.pk = pks[scan.scan_id if sql.on_postgresql() else scan.scan_id.hex]
        opened = [(one, source) for source, some in self.examinations.items() for one in some]
        if opened:
            Examination.objects.bulk_create(one for one, _source in opened)
        if self.contradicted:
            # The vehicle is gone, whatever is known by now: a case does not wait for its trip's turn.
            assess_trips(trip_ids=self.contradicted, at=self.at)
        opened_links = [
            of_examination(one, Act.EXAMINATION_OPENED, source.at, source.by) for one, source in opened
        ]
        add_links([*([] if is_alone else links), *opened_links])


#: Each column with its type.
KEPT = {
    "scan_id": "uuid",
    "digest": "text",
    "checkpoint_id": "bigint",
    "lane": "text",
    "crossing": "text",
    "pass_used_id": "bigint",
    "trip_id": "bigint",
    "device_id": "bigint",
    "officer_id": "bigint",
    "scanned_at": "timestamptz",
    "recorded_at": "timestamptz",
    "verdict": "text",
    "reasons": "jsonb",
    "passed_at": "timestamptz",
    "offline_verdict": "text",
    "list_age": "interval",
}
KEEP = f"INSERT INTO clearance_scan ({', '.join(KEPT)}) {{rows}} RETURNING id, scan_id"


def scans_kept(scans: Sequence[Scan]) -> Statement:
    rows = [
        [json.dumps(scan.reasons) if name == "reasons" else getattr(scan, name) for name in KEPT]
        for scan in scans
    ]
    return sql.statement(KEEP, tuple(KEPT.values()), rows)


def cross(crossings: Crossings, subject: Subject, moment: datetime) -> Passage:
    """Collect that a vehicle was let through."""
    passage = crossings.passage(subject.trip_id, subject.trip_state)
    if subject.crossing == Crossing.EXIT:
        passage.exit(moment)
        crossings.leaving.append(Leaving(subject.declaration_id, subject.vin, moment))
    else:
        passage.enter(moment)
        left_on = subject.returned_at and kazakh_date(subject.returned_at)
        crossings.entering.append(Entering(subject.person_id, subject.trip_id, kazakh_date(moment), left_on))
    return passage


def _row(reading: Reading, moment: datetime, judgement: Judgement) -> Scan:
    sent, source = reading.scan, reading.source
    return Scan(
        scan_id=sent.scan_id,
        digest=reading.digest,
        checkpoint=sent.checkpoint,
        lane=sent.lane,
        device=source.device,
        officer=source.officer,
        scanned_at=moment,
        recorded_at=source.at,
        verdict=judgement.verdict,
        reasons=[{"code": told.code, "params": dict(told.params)} for told in judgement.reasons],
        offline_verdict=sent.offline.verdict if sent.offline else "",
        list_age=sent.offline.list_age if sent.offline else None,
    )


def _earliest(*moments: datetime | None) -> datetime | None:
    return min((moment for moment in moments if moment is not None), default=None)


def passing_kind(crossing: str) -> EventKind:
    return EventKind.EXITED if crossing == Crossing.EXIT else EventKind.ARRIVED


USUAL_SKEW = timedelta(minutes=5)
ABROAD = (TripState.EXITED, TripState.DELIVERED, TripState.DISCHARGED)
REUSED = Reason(
    "scan_id_reused",
    _("This scan id was used for another scan. Give every scan an id of its own and send it again."),
    "scan_id",
)


def _facts(reading: Reading, subject: Subject, moment: datetime, *, is_known: bool) -> Facts:
    if is_known:
        offline = reading.scan.offline
        list_age = offline.list_age if offline and offline.verdict == Verdict.RELEASE else None
        return facts_about(subject, checkpoint=reading.scan.checkpoint, moment=moment, list_age=list_age)
    fault = reading.fault or ("unknown_pass" if subject.pass_pk is None else "bad_signature")
    return Facts(
        moment=moment,
        today=moment.date(),
        crossing="",
        fault=fault,
        opens_at=moment,
        closes_at=moment,
        entry_until=moment,
    )


def _differs(claims: codes.PassClaims | None, subject: Subject) -> bool:
    """Say whether a signed text contradicts the pass it names."""
    return claims is not None and (claims.vin, claims.trip) != (subject.vin, subject.reference)


def place_of(scan: Scan) -> Mapping[str, str]:
    return {
        "checkpoint": scan.checkpoint.code,
        "lane": scan.lane,
        "crossing": scan.crossing,
        "scan": str(scan.scan_id),
    }
