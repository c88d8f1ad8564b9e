"""Lay what an hour brings at once, row for row as the real actions write it one by one.

For worlds too large for one action each. A test lays a small world both ways and compares every table.
"""

from __future__ import annotations

import uuid
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from itertools import groupby
from typing import Any

from django.db.models import F
from simple_history.utils import bulk_create_with_history

from clearance.actions.scans import Source, record_scans_of_many
from clearance.simulation.cast import vehicle_of
from clearance.simulation.play import (
    ACTS,
    BY,
    CONSIGNEE,
    DELIVERY,
    GENERAL_TRADE,
    Stage,
    issue,
    let_go,
    papers_of,
    scan_of,
    scanner,
    tell_lines,
    word_of,
)
from clearance.simulation.script import CLOSES, OPENS, Moment, next_hour
from ferry import codes, sql
from ferry.actions.keeping import says_when
from ferry.actions.keys import TRUST_AFTER_LAST_PASS, current_signing_key
from ferry.actions.passes import keep_trusted, new_pin, seal_pass
from ferry.models import (
    Declaration,
    DeclarationStatus,
    DeclaredVehicle,
    Driver,
    EntryKind,
    EventKind,
    Licence,
    Pass,
    Passport,
    PassState,
    PayEntry,
    PayStatement,
    Person,
    Receipt,
    SigningKey,
    Trip,
    TripEvent,
    TripState,
    Vehicle,
)
from ferry.queries.issue import china_date, facts_for, planned_return
from ferry.queries.pay import TRIP_NEEDS, worth
from ferry.rules.issue import reasons_against
from ferry.rules.life import may_step
from ferry.rules.pay import month_of, rate_for

#: One trip's moments are in this order or an hour apart, so within an hour each kind comes for itself.
ORDER = ("hire", "close", "declare", "plan", "issue", "redate", "scan", "detain", "receive", "refuse")


def at_once(stage: Stage, moments: Sequence[Moment]) -> None:
    """Do everything hour by hour; what comes seldom by its real action."""
    for (hour, is_file), together in groupby(moments, key=_hour):
        if is_file:
            tell_lines(stage, list(together), hour)
            continue
        of_hour = sorted(together, key=lambda each: (ORDER.index(each.act), each))
        for act, some in groupby(of_hour, key=lambda each: each.act):
            if act in BULK:
                BULK[act](stage, list(some))
                continue
            for moment in some:
                ACTS[act](stage, moment)


def _hour(moment: Moment) -> tuple[datetime, bool]:
    """Say to the end of which hour it belongs: a file is told when it is over."""
    is_file = moment.act == "record"
    return moment.at if is_file else next_hour(moment.at), is_file


def _hire(stage: Stage, moments: Sequence[Moment]) -> None:
    persons = Person.objects.bulk_create(Person(created_at=moment.at) for moment in moments)
    for person, moment in zip(persons, moments, strict=True):
        man, at = stage.script.men[moment.about], moment.at
        driver = stage.drivers[man.number] = Driver(
            company=stage.companies[man.company],
            person=person,
            **papers_of(man, at),
            link_made_at=at,
            created_at=at,
        )
        says_when(driver, at=at, by=BY)
    drivers = [stage.drivers[moment.about] for moment in moments]
    Passport.objects.bulk_create(
        Passport(number=each.passport_number, nationality=each.nationality, person=each.person)
        for each in drivers
    )
    bulk_create_with_history(drivers, Driver)


def _declare(stage: Stage, moments: Sequence[Moment]) -> None:
    vehicles, declarations, declared = [], [], []
    for moment in moments:
        paper, at = stage.papers[moment.about], moment.at
        company = stage.companies[paper.company]
        for vin in paper.vins:
            stage.vehicles[vin] = Vehicle(company=company, vin=vin, **vehicle_of(vin), created_at=at)
            vehicles.append(stage.vehicles[vin])
        declaration = stage.declarations[paper.number] = Declaration(
            company=company,
            number=paper.code,
            supervision_mode=GENERAL_TRADE,
            status=DeclarationStatus.ACCEPTED,
            status_at=at,
            status_claimed=True,
            quantity=len(paper.vins),
            created_at=at,
        )
        declarations.append(declaration)
        declared += [DeclaredVehicle(declaration=declaration, vin=vin) for vin in paper.vins]
        for row in (declaration, *(stage.vehicles[vin] for vin in paper.vins)):
            says_when(row, at=at, by=BY)
    bulk_create_with_history(vehicles, Vehicle)
    bulk_create_with_history(declarations, Declaration)
    DeclaredVehicle.objects.bulk_create(declared)


def _plan(stage: Stage, moments: Sequence[Moment]) -> None:
    trips = []
    for moment in moments:
        leg = stage.legs[moment.about]
        company, driver = stage.companies[leg.man.company], stage.drivers[leg.man.number]
        closes_at = leg.exit_at + CLOSES
        trip = stage.trips[leg.number] = Trip(
            reference=f"F{uuid.uuid4().hex[:10].upper()}",
            company=company,
            vehicle=stage.vehicles[leg.vin],
            driver=driver,
            person_id=driver.person_id,
            declaration=stage.declarations[leg.declaration],
            route=stage.route,
            **DELIVERY,
            opens_at=leg.exit_at + OPENS,
            closes_at=closes_at,
            planned_return_on=planned_return(stage.route, closes_at),
            pay_fen=rate_for(
                stage.vehicles[leg.vin].powertrain,
                car_fen=company.pay_car_fen,
                plant_fen=company.pay_plant_fen,
            ),
            created_at=moment.at,
        )
        trips.append(trip)
    Trip.objects.bulk_create(trips)
    _note(
        (trip, EventKind.PLANNED, moment.at, BY, {"driver": trip.driver.name})
        for trip, moment in zip(trips, moments, strict=True)
    )


def _issue(stage: Stage, moments: Sequence[Moment]) -> None:
    """Judge as for any code, and leave to the real action what is refused."""
    rows = Trip.objects.select_related("vehicle", "driver", "declaration", "route__exit", "route__entry")
    trips = rows.in_bulk([stage.trips[moment.about].pk for moment in moments])
    facts = facts_for(list(trips.values()), at=moments[-1].at)
    key = current_signing_key(at=moments[0].at)
    ready: list[tuple[Pass, Moment]] = []
    for moment in moments:
        trip = trips[stage.trips[moment.about].pk]
        if reasons_against(facts[trip.pk]):
            issue(stage, moment)
            continue
        trip.state, trip.next_check_at, trip.pin_sealed = TripState.READY, trip.closes_at, new_pin()
        licence = stage.licences[stage.legs[moment.about].man.company]
        pass_ = _pass(trip, key, licence if facts[trip.pk].needs_licence else None, moment.at)
        ready.append((pass_, moment))
        stage.passes[moment.about].append(pass_)
    passes = [pass_ for pass_, _moment in ready]
    Pass.objects.bulk_create(passes)
    keep_trusted(key, max(trip.closes_at for trip in trips.values()) + TRUST_AFTER_LAST_PASS)
    said = [(pass_.trip.pk, pass_.trip.next_check_at, pass_.trip.pin_sealed) for pass_ in passes]
    _update(ISSUED, ("bigint", "timestamptz", "bytea"), said, TripState.READY.value)
    _use_licences(passes)
    _note((pass_.trip, EventKind.ISSUED, moment.at, BY, _shown(pass_)) for pass_, moment in ready)


def _use_licences(passes: Iterable[Pass]) -> None:
    by_number: defaultdict[int, list[int]] = defaultdict(list)
    for licence_id, number in Counter(each.licence_id for each in passes if each.licence_id).items():
        by_number[number].append(licence_id)
    for number, licences in by_number.items():
        Licence.objects.filter(pk__in=licences).update(used=F("used") + number)


def _pass(trip: Trip, key: SigningKey, licence: Licence | None, at: datetime) -> Pass:
    pass_id = uuid.uuid4()
    return Pass(
        trip=trip,
        pass_id=pass_id,
        short_code=codes.new_short_code(),
        code=seal_pass(trip, pass_id, key),
        signing_key=key,
        driver=trip.driver,
        vin=trip.vehicle.vin,
        licence=licence,
        opens_at=trip.opens_at,
        closes_at=trip.closes_at,
        issued_at=at,
    )


def _shown(pass_: Pass) -> dict[str, str]:
    return {"short_code": codes.show_short_code(pass_.short_code), "driver": pass_.driver.name}


def _scan(stage: Stage, moments: Sequence[Moment]) -> None:
    scans = []
    for moment in moments:
        scan = scan_of(stage, moment)
        scans.append((scan, Source(at=moment.at, by=scanner(scan))))
    for result in record_scans_of_many(scans=scans):
        let_go(stage, result.kept())


def _receive(stage: Stage, moments: Sequence[Moment]) -> None:
    trips = Trip.objects.select_related(*TRIP_NEEDS).in_bulk([stage.trips[each.about].pk for each in moments])
    delivered: list[tuple[Trip, Moment]] = []
    for moment in moments:
        trip = trips[stage.trips[moment.about].pk]
        if not may_step(trip.state, TripState.DELIVERED):
            ACTS[moment.act](stage, moment)
            continue
        trip.state, trip.delivered_at, trip.next_check_at = TripState.DELIVERED, moment.at, moment.at
        delivered.append((trip, moment))
    Receipt.objects.bulk_create(
        Receipt(trip=trip, vin=stage.legs[moment.about].vin, **word_of(moment), confirmed_at=moment.at)
        for trip, moment in delivered
    )
    rows = [(trip.pk, moment.at) for trip, moment in delivered]
    _update(DELIVERED, ("bigint", "timestamptz"), rows, TripState.DELIVERED.value)
    _update(SPENT, ("bigint", "timestamptz"), rows, PassState.SPENT.value, PassState.OPEN.value)
    _note((trip, EventKind.DELIVERED, moment.at, CONSIGNEE, word_of(moment)) for trip, moment in delivered)
    _accrue([trip for trip, _moment in delivered])


#: Each as one statement: composed by the ORM they were a good part of the laying.
ISSUED = """
WITH said (id, next_check_at, pin_sealed) AS ({rows})
UPDATE ferry_trip SET state = %s, next_check_at = said.next_check_at, pin_sealed = said.pin_sealed
FROM said WHERE ferry_trip.id = said.id
"""
DELIVERED = """
WITH said (id, at) AS ({rows})
UPDATE ferry_trip SET state = %s, delivered_at = said.at, next_check_at = said.at
FROM said WHERE ferry_trip.id = said.id
"""
SPENT = """
WITH said (id, at) AS ({rows})
UPDATE ferry_pass SET state = %s, ended_at = said.at, end_reason = 'spent'
FROM said WHERE ferry_pass.trip_id = said.id AND ferry_pass.state = %s
"""


def _update(text: str, types: Sequence[str], rows: Sequence[Sequence[Any]], *params: Any) -> None:
    if rows:
        sql.write([sql.statement(text, types, rows, *params)])


def _accrue(trips: Sequence[Trip]) -> None:
    """Enter what each trip pays: here nobody sets a rate or approves a statement."""
    entries = []
    for trip in trips:
        at = trip.delivered_at or trip.created_at
        fen, currency, _rate = worth(trip, (), at=at)
        key = (trip.driver_id, month_of(china_date(at)), str(currency))
        entries.append(
            (key, PayEntry(kind=EntryKind.ACCRUAL, trip=trip, amount_fen=fen, earned_at=at, by=CONSIGNEE))
        )
    companies = {trip.driver_id: trip.company_id for trip in trips}
    there = _statements(companies)
    PayStatement.objects.bulk_create(
        PayStatement(driver_id=key[0], company_id=companies[key[0]], month=key[1], currency=key[2])
        for key in sorted({key for key, _entry in entries} - there.keys())
    )
    there = _statements(companies)
    for key, entry in entries:
        entry.statement_id, entry.recorded_at = there[key], entry.earned_at
    PayEntry.objects.bulk_create(entry for _key, entry in entries)


def _statements(drivers: Iterable[int]) -> dict[tuple[int, str, str], int]:
    rows = PayStatement.objects.filter(driver__in=drivers)
    found = rows.values_list("pk", "driver_id", "month", "currency")
    return {(driver_id, month, currency): pk for pk, driver_id, month, currency in found}


def _note(events: Iterable[tuple[Trip, EventKind, datetime, str, Mapping[str, Any]]]) -> None:
    TripEvent.objects.bulk_create(
        TripEvent(trip=trip, kind=kind, at=at, recorded_at=at, by=by, data=dict(data))
        for trip, kind, at, by, data in events
    )


BULK: Mapping[str, Callable[[Stage, Sequence[Moment]], None]] = {
    "hire": _hire,
    "declare": _declare,
    "plan": _plan,
    "issue": _issue,
    "scan": _scan,
    "receive": _receive,
}
