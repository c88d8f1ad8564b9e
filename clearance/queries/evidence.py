"""Gather all that is known of trips, in a number of queries that does not grow with them.

Rows are read as tuples: this is read for every trip that is due, and model instances would cost more than all
the rest.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from datetime import date, datetime, timedelta
from typing import Any, NamedTuple, TypeVar

from django.conf import settings
from django.db.models import Count, Exists, F, Max, OuterRef, Q

from clearance.models import Examination, ExaminationOutcome, Policy, Record, RecordKind, Scan, Withdrawal
from clearance.queries.rows import Rows, read
from clearance.rules.assess import (
    CHANGED,
    CaseSeen,
    DeclarationSeen,
    Evidence,
    Limits,
    PassSeen,
    ReceiptSeen,
    RecordSeen,
    RefusalSeen,
    ScanSeen,
    TripSeen,
    warnings,
)
from ferry.models import Case, DeclaredVehicle, Outcome, Pass, Stay, Trip
from ferry.queries.issue import KAZAKHSTAN, closures_from, kazakh_date
from ferry.rules.stays import PERIOD, days_count_for
from ferry.rules.stays import Stay as StayDays

Row = TypeVar("Row")

LIMIT_NAMES = (
    "clock_skew",
    "offline_grace",
    "entry_expected",
    "entry_alert",
    "receipt_expected",
    "receipt_warn",
    "receipt_case",
    "receipt_enquiry",
    "receipt_escalate",
    "case_due",
    "closing_warn",
    "closing_case",
    "closing_escalate",
    "return_warn",
    "stay_warn",
    "stay_breach",
)
DETAINED = ExaminationOutcome.DETAINED.value
#: Exits of the same person or vehicle further apart than this say nothing about one another.
APART = timedelta(days=35)


class DueTrip(NamedTuple):
    """The columns of a trip that reconciliation reads."""

    id: int
    reference: str
    company_id: int
    state: str
    outcome: str
    vin: str
    person_id: int
    nationality: str
    route_id: int
    consignee_name: str
    opens_at: datetime
    closes_at: datetime
    exited_at: datetime | None
    arrived_at: datetime | None
    driver_returned_at: datetime | None
    declaration_id: int
    declaration_number: str
    declaration_status: str
    declaration_status_at: datetime
    declaration_quantity: int
    declaration_closed_at: datetime | None
    refund_ready_at: datetime | None
    received_vin: str | None
    condition: str
    receiver: str
    confirmed_at: datetime
    refusal_reason: str | None
    refused_at: datetime


COLUMNS = (
    "pk",
    "reference",
    "company_id",
    "state",
    "outcome",
    "vehicle__vin",
    "person_id",
    "driver__nationality",
    "route_id",
    "consignee_name",
    "opens_at",
    "closes_at",
    "exited_at",
    "arrived_at",
    "driver_returned_at",
    "declaration_id",
    "declaration__number",
    "declaration__status",
    "declaration__status_at",
    "declaration__quantity",
    "declaration__closed_at",
    "declaration__refund_ready_at",
    "receipt__vin",
    "receipt__condition",
    "receipt__receiver",
    "receipt__confirmed_at",
    "delivery_refusal__reason",
    "delivery_refusal__refused_at",
)


def due_rows(pks: Collection[int]) -> list[DueTrip]:
    return [DueTrip._make(row) for row in read(_columns_of, pks)]


def _columns_of(pks: Any) -> Rows:
    return Trip.objects.filter(pk__in=pks).order_by("pk").values_list(*COLUMNS)


def evidence_for(trips: Collection[DueTrip]) -> dict[int, Evidence]:
    """Gather the evidence of trips by trip id."""
    pks = [trip.id for trip in trips]
    passes, scans, records = _passes(pks), _scans(pks), _records(pks)
    declarations = _declarations(trips)
    trip_cases, declaration_cases = _cases(trips)
    same_vehicle, same_person = _same(trips, "vehicle"), _same(trips, "person")
    stays = _stays(trips)
    return {
        trip.id: Evidence(
            state=trip.state,
            vin=trip.vin,
            person=trip.person_id,
            days_count=days_count_for(trip.nationality),
            consignee=trip.consignee_name,
            closes_at=trip.closes_at,
            driver_returned_at=trip.driver_returned_at,
            declaration=declarations[trip.declaration_id],
            receipt=_receipt(trip),
            refusal=_refusal(trip),
            passes=tuple(passes.get(trip.id, ())),
            scans=tuple(scans.get(trip.id, ())),
            records=tuple(records.get(trip.id, ())),
            same_vehicle=tuple(same_vehicle.get(trip.id, ())),
            same_person=tuple(same_person.get(trip.id, ())),
            stays=_stays_about(trip, stays.get(trip.person_id)),
            cases=(*trip_cases.get(trip.id, ()), *declaration_cases.get(trip.declaration_id, ())),
        )
        for trip in trips
    }


def limits_for(route_ids: Iterable[int], *, since: datetime) -> dict[int, Limits]:
    """Give each route's limits, or the defaults, with the closures that end after `since`."""
    policies = {policy.route_id: policy for policy in Policy.objects.filter(route__in=set(route_ids))}
    closures = closures_from(since)
    everywhere = tuple(closures.get(None, ()))
    return {
        route_id: Limits(
            **{name: getattr(policies.get(route_id, DEFAULTS), name) for name in LIMIT_NAMES},
            closures=(*closures.get(route_id, ()), *everywhere),
            kazakh=KAZAKHSTAN,
            stay_rolling=settings.STAY_ROLLING,
            stay_count_both=settings.STAY_COUNT_BOTH_TRAVEL_DAYS,
        )
        for route_id in set(route_ids)
    }


DEFAULTS = Policy()


def warnings_for(trips: Collection[Trip], *, at: datetime) -> dict[int, list[str]]:
    """Name what is overdue on each of these trips, by trip id."""
    rows = due_rows([trip.pk for trip in trips])
    limits = limits_for({row.route_id for row in rows}, since=min((row.opens_at for row in rows), default=at))
    evidence = evidence_for(rows)
    return {row.id: warnings(evidence[row.id], limits[row.route_id], at) for row in rows}


def _grouped(rows: Iterable[tuple[Any, ...]], make: type[Row]) -> Mapping[int, list[Row]]:
    """Group rows by their first column, which the made ones leave out."""
    groups: defaultdict[int, list[Row]] = defaultdict(list)
    build = make._make  # type: ignore[attr-defined]
    for row in rows:
        groups[row[0]].append(build(row[1:]))
    return groups


def _passes(pks: list[int]) -> Mapping[int, list[PassSeen]]:
    return _grouped(read(_passes_of, pks), PassSeen)


def _passes_of(pks: Any) -> Rows:
    return Pass.objects.filter(trip__in=pks).values_list(
        "trip_id",
        "pk",
        "vin",
        "driver__person_id",
        "opens_at",
        "closes_at",
        "issued_at",
        "state",
        "ended_at",
    )


def _scans(pks: list[int]) -> Mapping[int, list[ScanSeen]]:
    return _grouped(((row[0], str(row[1]), *row[2:]) for row in read(_scans_of, pks)), ScanSeen)


def _scans_of(pks: Any) -> Rows:
    examined = Examination.objects.filter(scan=OuterRef("pk"), outcome=DETAINED)
    return Scan.objects.filter(trip__in=pks).values_list(
        "trip_id",
        "scan_id",
        "pass_used_id",
        "crossing",
        "verdict",
        "scanned_at",
        "recorded_at",
        "passed_at",
        "offline_verdict",
        "list_age",
        Exists(examined),
        Exists(Withdrawal.objects.filter(scan=OuterRef("pk"))),
    )


def _records(pks: list[int]) -> Mapping[int, list[RecordSeen]]:
    return _grouped(((*row[:6], bool(row[6])) for row in read(_records_of, pks)), RecordSeen)


def _records_of(pks: Any) -> Rows:
    rows = Record.objects.filter(trip__in=pks).exclude(kind=RecordKind.DECLARATION_STATUS)
    return rows.values_list(
        "trip_id", "source_reference", "kind", "occurred_at", "vin", "person_id", "passport_number"
    )


def _receipt(trip: DueTrip) -> ReceiptSeen | None:
    if trip.received_vin is None:
        return None
    return ReceiptSeen(trip.received_vin, trip.condition, trip.receiver, trip.confirmed_at)


def _refusal(trip: DueTrip) -> RefusalSeen | None:
    if trip.refusal_reason is None:
        return None
    return RefusalSeen(trip.refusal_reason, trip.refused_at)


def _declarations(trips: Collection[DueTrip]) -> dict[int, DeclarationSeen]:
    by_id = {trip.declaration_id: trip for trip in trips}
    out = {row[0]: row[1:] for row in read(_declared_in, by_id)}
    changes: defaultdict[int, list[tuple[str, datetime]]] = defaultdict(list)
    for declaration_id, status, moment in read(_changes_of, by_id):
        changes[declaration_id].append((status, moment))
    return {
        pk: DeclarationSeen._make(
            (
                pk,
                trip.declaration_status,
                trip.declaration_status_at,
                trip.declaration_quantity,
                trip.declaration_closed_at,
                *out.get(pk, (0, 0, None)),
                tuple(changes.get(pk, ())),
            )
        )
        for pk, trip in by_id.items()
    }


def _declared_in(pks: Any) -> Rows:
    declared = DeclaredVehicle.objects.filter(declaration__in=pks).values("declaration_id")
    return declared.values_list("declaration_id", Count("pk"), Count("exited_at"), Max("exited_at"))


def _changes_of(pks: Any) -> Rows:
    said = Record.objects.filter(declaration__in=pks, kind=RecordKind.DECLARATION_STATUS, status__in=CHANGED)
    return said.values_list("declaration_id", "status", "occurred_at")


def _cases(
    trips: Collection[DueTrip],
) -> tuple[Mapping[int, list[CaseSeen]], Mapping[int, list[CaseSeen]]]:
    return (
        _grouped(read(_cases_of, [trip.id for trip in trips], "trip_id"), CaseSeen),
        _grouped(read(_cases_of, {trip.declaration_id for trip in trips}, "declaration_id"), CaseSeen),
    )


def _cases_of(pks: Any, about: str) -> Rows:
    return Case.objects.filter(**{f"{about}__in": pks}).values_list(about, "kind", "state", "evidence")


def _same(trips: Collection[DueTrip], shared: str) -> Mapping[int, list[TripSeen]]:
    """Find other trips that left soon before or after, by the trip they share a vehicle or a person with.

    Another company's trip has no reference; one given up as lost clashes with nothing.
    """
    left = [trip.id for trip in trips if trip.exited_at]
    rows = read(_others_of, left, shared) if left else ()
    found = ((pk, other, reference if ours else "", *row) for pk, ours, other, reference, *row in rows)
    return _grouped(found, TripSeen)


def _others_of(pks: Any, shared: str) -> Rows:
    columns = ("pk", "reference", "exited_at", "delivered_at", "driver_returned_at", "state")
    others = {f"other_{name}": F(f"{shared}__trips__{name}") for name in (*columns, "opens_at", "outcome")}
    near = {
        "other_exited_at__gte": F("exited_at") - APART,
        "other_exited_at__lte": F("exited_at") + APART,
        # These say nothing more, but there is an index on them.
        "other_opens_at__gte": F("opens_at") - 2 * APART,
        "other_opens_at__lte": F("opens_at") + 2 * APART,
    }
    return (
        Trip.objects.filter(pk__in=pks)
        .annotate(**others, is_ours=Q(**{f"{shared}__trips__company": F("company")}))
        .filter(Q(other_pk__lt=F("pk")) | Q(other_pk__gt=F("pk")), ~Q(other_outcome=Outcome.WRITTEN_OFF))
        .filter(**near)
        .values_list("pk", "is_ours", *(f"other_{name}" for name in columns))
    )


def _stays(trips: Collection[DueTrip]) -> Mapping[int, list[StayDays]]:
    left = [trip for trip in trips if trip.exited_at]
    if not left:
        return {}
    since = kazakh_date(min(trip.opens_at for trip in left)) - timedelta(days=PERIOD)
    found: defaultdict[int, list[StayDays]] = defaultdict(list)
    for person_id, entered_on, left_on in read(_stays_of, {trip.person_id for trip in left}, since):
        found[person_id].append(StayDays(entered_on, left_on))
    return found


def _stays_of(persons: Any, since: date) -> Rows:
    rows = Stay.objects.filter(person__in=persons, entered_on__gte=since)
    return rows.values_list("person_id", "entered_on", "left_on")


def _stays_about(trip: DueTrip, stays: list[StayDays] | None) -> tuple[StayDays, ...]:
    if not stays or trip.exited_at is None:
        return ()
    since = kazakh_date(trip.opens_at) - timedelta(days=PERIOD)
    return tuple(stay for stay in stays if stay.entered_on >= since)
