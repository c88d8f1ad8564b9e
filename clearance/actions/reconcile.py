"""Carry out what the assessment says: open cases, discharge trips, and say when to look again."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, fields
from datetime import datetime, timedelta
from typing import NamedTuple

import structlog
from django.db import InterfaceError, OperationalError, transaction
from django.db.models import Q

from clearance.actions.records import arrive_late, match_unmatched
from clearance.queries.due import claim_due_trips, due_trips
from clearance.queries.evidence import APART, DueTrip, due_rows, evidence_for, limits_for
from clearance.queries.versions import judge_in_force
from clearance.rules.assess import OF_DECLARATION, Assessment, Evidence
from clearance.rules.versions import Judge
from ferry import sql
from ferry.actions.cases import NewCase, open_cases
from ferry.actions.moves import hold_trips
from ferry.actions.reports import mark_days
from ferry.models import (
    Case,
    CaseKind,
    DeclarationStatus,
    EventKind,
    Outcome,
    Trip,
)
from ferry.queries.issue import china_date

BATCH = 1000
BY = "reconciliation"
#: When to try again what needs a trip that another worker holds.
SOON = timedelta(minutes=1)
#: When to try again what could not be assessed at all; somebody must read the log before.
LATER = timedelta(hours=1)
#: Cases that say something of other trips too; those are looked at again.
SHARED = frozenset({CaseKind.VEHICLE_TWICE.value, CaseKind.DRIVER_OVERLAP.value})

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Tally:
    """How many trips were assessed, what was found of them, and what was done."""

    checked: int = 0
    matched: int = 0
    discharged: int = 0
    cases_opened: int = 0
    records_matched: int = 0

    def __add__(self, other: Tally) -> Tally:
        names = [each.name for each in fields(self)]
        return Tally(**{name: getattr(self, name) + getattr(other, name) for name in names})


class Assessed(NamedTuple):
    trip: DueTrip
    evidence: Evidence
    verdict: Assessment


def reconcile_all_due(*, at: datetime, tell: Callable[[Tally], object] = lambda _so_far: None) -> Tally:
    """Assess what is due until nothing is, a batch to a transaction; tell how far it is after each."""
    total = Tally()
    while (tally := reconcile_due(at=at)).checked:
        total += tally
        tell(total)
    return total


def reconcile_due(*, at: datetime, limit: int = BATCH) -> Tally:
    """Assess the trips that have been due longest; nobody else assesses them meanwhile.

    One transaction: a worker that dies leaves them due and everything as it was. A trip that cannot be
    assessed would be claimed first again for ever, so then each is taken alone and only that one put off.
    """
    try:
        return _reconcile_claimed(at, limit)
    except Exception:
        log.exception("batch_not_assessed")
        return _one_by_one(at, limit)


def _reconcile_claimed(at: datetime, limit: int) -> Tally:
    with transaction.atomic():
        return _reconcile(claim_due_trips(at=at, limit=limit), at)


def _one_by_one(at: datetime, limit: int) -> Tally:
    total = Tally()
    for pk in due_trips(at=at, limit=limit):
        try:
            total += assess_trips(trip_ids=[pk], at=at)
        except (OperationalError, InterfaceError):
            # The database's trouble and not the trip's: it stays due.
            log.exception("trip_not_reached", trip=pk)
        except Exception:
            log.exception("trip_not_assessed", trip=pk)
            Trip.objects.filter(pk=pk, next_check_at__lte=at).update(next_check_at=at + LATER)
            total += Tally(checked=1)
    return total


def assess_trips(*, trip_ids: Iterable[int], at: datetime) -> Tally:
    """Assess these trips now, due or not."""
    with transaction.atomic():
        return _reconcile(hold_trips(Trip.objects.filter(pk__in=set(trip_ids))), at)


def _reconcile(pks: Collection[int], at: datetime) -> Tally:
    if not pks:
        return Tally()
    trips = due_rows(pks)
    records = match_unmatched(trips=trips, at=at, by=BY)
    arrived = arrive_late(trips=trips, at=at, by=BY)
    version, judge = judge_in_force()
    assessed = _assess(due_rows(pks) if records.count or arrived else trips, judge, at)
    opened = open_cases(cases=_new_cases(assessed), at=at, by=BY)
    _save(assessed, records.postponed, version, at)
    _mark_days(assessed)
    _note_discharges(assessed, at)
    _note_refund_ready(assessed)
    _look_at_neighbours(assessed, opened, at)
    return Tally(
        checked=len(assessed),
        matched=sum(each.verdict.outcome in MATCHED and _is_news(each) for each in assessed),
        discharged=sum(each.verdict.state_to is not None for each in assessed),
        cases_opened=len(opened),
        records_matched=records.count,
    )


DISCREPANT = Outcome.DISCREPANT.value
MATCHED = {Outcome.MATCHED.value, Outcome.MATCHED_LATE.value}


def _is_news(each: Assessed) -> bool:
    return each.trip.outcome not in MATCHED


def _assess(trips: list[DueTrip], judge: Judge, at: datetime) -> list[Assessed]:
    limits = limits_for({trip.route_id for trip in trips}, since=min(trip.opens_at for trip in trips) - APART)
    evidence = evidence_for(trips)
    return [
        Assessed(trip, evidence[trip.id], judge(evidence[trip.id], limits[trip.route_id], at))
        for trip in trips
    ]


def _new_cases(assessed: Iterable[Assessed]) -> list[NewCase]:
    return [
        NewCase(
            company_id=trip.company_id,
            kind=finding.kind,
            weight=finding.weight,
            facts=finding.facts,
            trip_id=None if finding.kind in OF_DECLARATION else trip.id,
            declaration_id=trip.declaration_id if finding.kind in OF_DECLARATION else None,
        )
        for trip, _evidence, verdict in assessed
        for finding in verdict.findings
    ]


SAVE = """
WITH judged (id, outcome, next_check_at, state_to) AS ({rows})
UPDATE ferry_trip SET
    outcome = judged.outcome,
    next_check_at = judged.next_check_at,
    assessed_at = %s,
    assessed_version = %s,
    state = COALESCE(judged.state_to, ferry_trip.state),
    discharged_at = CASE WHEN judged.state_to IS NULL THEN ferry_trip.discharged_at ELSE %s END
FROM judged
WHERE ferry_trip.id = judged.id
"""
SAVE_TYPES = ("bigint", "text", "timestamptz", "text")


def _save(assessed: Iterable[Assessed], postponed: Collection[int], version: int, at: datetime) -> None:
    """Write every trip's own values in one statement; the trips are locked, so their states stand."""
    rows = [
        (
            trip.id,
            verdict.outcome,
            at + SOON if trip.id in postponed else verdict.next_check_at,
            verdict.state_to,
        )
        for trip, _evidence, verdict in assessed
    ]
    table, values = sql.as_table(SAVE_TYPES, rows)
    with sql.cursor() as cursor:
        cursor.execute(SAVE.format(rows=table), [*values, sql.stored(at), version, sql.stored(at)])


def _mark_days(assessed: Iterable[Assessed]) -> None:
    """Have the days counted anew on which trips left whose outcome is another now: no event tells it."""
    mark_days(
        (trip.company_id, china_date(trip.exited_at))
        for trip, _evidence, verdict in assessed
        if trip.exited_at is not None and verdict.outcome != trip.outcome
    )


NOTE = """
WITH discharged (trip_id, data) AS ({rows})
INSERT INTO ferry_tripevent (trip_id, kind, at, recorded_at, "by", data)
SELECT discharged.trip_id, %s, %s, %s, %s, discharged.data FROM discharged
"""


def _note_discharges(assessed: Iterable[Assessed], at: datetime) -> None:
    rows = [
        (trip.id, json.dumps({"outcome": verdict.outcome}))
        for trip, _evidence, verdict in assessed
        if verdict.state_to is not None
    ]
    if not rows:
        return
    table, values = sql.as_table(("bigint", "jsonb"), rows)
    with sql.cursor() as cursor:
        noted = [EventKind.DISCHARGED.value, sql.stored(at), sql.stored(at), BY]
        cursor.execute(NOTE.format(rows=table), [*values, *noted])


READY = """
WITH ready (id, moment) AS ({rows})
UPDATE ferry_declaration SET refund_ready_at = ready.moment FROM ready WHERE ferry_declaration.id = ready.id
"""


def _note_refund_ready(assessed: Iterable[Assessed]) -> None:
    """Note when a declaration became refund-ready: when it was closed and its last vehicle was out.

    Evidence that comes late may put an earlier moment right.
    """
    ready: dict[int, datetime] = {}
    for trip, evidence, _verdict in assessed:
        seen = evidence.declaration
        closed = seen.closed_at if seen.status == DeclarationStatus.CLOSED.value else None
        if closed and seen.all_out and seen.last_out_at:
            moment = max(closed, seen.last_out_at)
            if trip.refund_ready_at != moment:
                ready[seen.id] = moment
    if not ready:
        return
    table, values = sql.as_table(("bigint", "timestamptz"), sorted(ready.items()))
    with sql.cursor() as cursor:
        cursor.execute(READY.format(rows=table), values)


def _look_at_neighbours(assessed: Collection[Assessed], opened: Iterable[Case], at: datetime) -> None:
    """Have other trips assessed that a new case says something of.

    One that another worker holds is passed over, not waited for: it sees the same evidence.
    """
    declarations = {case.declaration_id for case in opened if case.declaration_id is not None}
    shared = {case.trip_id for case in opened if case.kind in SHARED}
    neighbours = {
        other.id
        for trip, evidence, _verdict in assessed
        if trip.id in shared
        for other in (*evidence.same_vehicle, *evidence.same_person)
    }
    if not declarations and not neighbours:
        return
    seen_to = [trip.id for trip, _evidence, verdict in assessed if verdict.outcome == DISCREPANT]
    others = Trip.objects.filter(Q(declaration__in=declarations) | Q(pk__in=neighbours)).exclude(
        pk__in=seen_to
    )
    Trip.objects.filter(pk__in=hold_trips(others, waits=False)).update(next_check_at=at)
