"""Look up what records may be about, in a number of queries that does not grow with them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db.models import Q, QuerySet

from clearance.models import Policy, Record, RecordImport, RecordKind
from clearance.queries.rows import among, rows_of
from clearance.rules.matching import CROSSING, LOOK_BACK, Candidate, Sought, why_unmatched
from ferry.models import ON_THE_WAY, Declaration, Passport, Person, Trip

DEFAULTS = Policy()


@dataclass(frozen=True)
class Known:
    """What a batch of records may be about, by their keys."""

    persons: Mapping[str, frozenset[int]] = field(default_factory=dict)
    trips_by_vin: Mapping[str, list[Candidate]] = field(default_factory=dict)
    trips_by_person: Mapping[int, list[Candidate]] = field(default_factory=dict)
    companies: Mapping[int, int] = field(default_factory=dict)
    declarations: Mapping[str, Declaration] = field(default_factory=dict)

    def people(self) -> dict[int, Person]:
        return {pk: Person(pk=pk) for persons in self.persons.values() for pk in persons}


def known_for(records: Sequence[Record]) -> Known:
    if not records:
        return Known()
    persons = _persons({record.passport_number for record in records} - {""})
    vins = {record.vin for record in records} - {""}
    everyone = {pk for pks in persons.values() for pk in pks}
    crossing = _crossing(records)
    by_vin: defaultdict[str, list[Candidate]] = defaultdict(list)
    by_person: defaultdict[int, list[Candidate]] = defaultdict(list)
    companies: dict[int, int] = {}
    for company_id, trip in (
        *_candidates(crossing.filter(vehicle__vin__in=vins), vins),
        *_candidates(crossing.filter(person__in=everyone), everyone),
    ):
        companies[trip.id] = company_id
        by_vin[trip.vin].append(trip)
        by_person[trip.person].append(trip)
    return Known(
        persons=persons,
        trips_by_vin=by_vin,
        trips_by_person=by_person,
        companies=companies,
        declarations=_declarations({record.declaration_number for record in records} - {""}),
    )


def underway() -> list[tuple[int, Candidate]]:
    """Give every trip on its way, with its company."""
    return _candidates(Trip.objects.filter(state__in=ON_THE_WAY), ON_THE_WAY)


def unmatched_about(
    *, vins: Collection[str], persons: Collection[int], numbers: Collection[str], since: datetime
) -> list[Record]:
    """Lock the waiting records that hold one of these VINs, persons' passports or numbers, oldest first.

    Those about vehicles and persons from before `since` are too old to match anything: who crosses the border
    for reasons of his own leaves ever more of them.
    """
    passports = Passport.objects.filter(person__in=among(persons)).values_list("number")
    keys = {
        "vin": vins,
        "passport_number": [number for (number,) in rows_of(passports)],
        "declaration_number": numbers,
    }
    of_declarations = Q(kind=RecordKind.DECLARATION_STATUS)
    waiting = Record.objects.filter(of_declarations | Q(occurred_at__gte=since), matched_at__isnull=True)
    found = [
        pk
        for name, values in keys.items()
        for (pk,) in rows_of(waiting.filter(**{f"{name}__in": among(values, "text")}).values_list("pk"))
    ]
    if not found:
        return []
    rows = waiting.filter(pk__in=among(found)).order_by("occurred_at", "pk")
    return list(rows.select_for_update(skip_locked=True, of=("self",)))


def records_said(source: str) -> QuerySet[Record]:
    return Record.objects.filter(source=source)


def why_waiting(record: Record) -> str:
    """Name what keeps an unmatched record from its trip or declaration, as things stand now."""
    known = known_for([record])
    if record.kind == RecordKind.DECLARATION_STATUS:
        return "soon" if known.declarations else "declaration_unknown"
    persons = known.persons.get(record.passport_number, frozenset())
    trips = [*known.trips_by_vin.get(record.vin, ())]
    for person in persons:
        trips += known.trips_by_person.get(person, ())
    return why_unmatched(Sought(record.kind, record.occurred_at, record.vin, persons), trips)


def waiting_of(file_import: RecordImport) -> int:
    """Count the records of a file that still wait for their trip or declaration."""
    return Record.objects.filter(file_import=file_import, matched_at__isnull=True).count()


def _persons(numbers: Collection[str]) -> dict[str, frozenset[int]]:
    """Find whose passports these are; two countries may issue the same number."""
    owners: defaultdict[str, set[int]] = defaultdict(set)
    if numbers:
        for number, person_id in Passport.objects.filter(number__in=numbers).values_list(
            "number", "person_id"
        ):
            owners[number].add(person_id)
    return {number: frozenset(pks) for number, pks in owners.items()}


def _crossing(records: Iterable[Record]) -> QuerySet[Trip]:
    moments = [record.occurred_at for record in records]
    return Trip.objects.filter(
        state__in=CROSSING, opens_at__range=(min(moments) - LOOK_BACK, max(moments) + LOOK_BACK)
    )


def _candidates(trips: QuerySet[Trip], keys: Collection[object]) -> list[tuple[int, Candidate]]:
    """Read trips with the company of each."""
    if not keys:
        return []
    rows: Iterable[tuple[Any, ...]] = trips.values_list(
        "company_id",
        "pk",
        "vehicle__vin",
        "person_id",
        "opens_at",
        "closes_at",
        "exited_at",
        "arrived_at",
        "delivered_at",
        "driver_returned_at",
        "route__policy__clock_skew",
        "route__policy__offline_grace",
    )
    skew, grace = DEFAULTS.clock_skew, DEFAULTS.offline_grace
    return [
        (company_id, Candidate._make((*row, own_skew or skew, own_grace or grace)))
        for company_id, *row, own_skew, own_grace in rows
    ]


def _declarations(numbers: Collection[str]) -> dict[str, Declaration]:
    if not numbers:
        return {}
    return {each.number: each for each in Declaration.objects.filter(number__in=numbers)}
