"""Many ready trips with real codes, and histories of any length, laid without the actions' cost."""

from __future__ import annotations

import uuid
from datetime import date, timedelta
from typing import TYPE_CHECKING

from django.db import connection, transaction
from django.utils import timezone

from ferry import codes
from ferry.actions.keys import current_signing_key, private_key
from ferry.models import (
    Company,
    Declaration,
    DeclaredVehicle,
    Driver,
    Pass,
    Passport,
    Person,
    Route,
    Trip,
    Vehicle,
)

if TYPE_CHECKING:
    from datetime import datetime

CHUNK = 2000
PER_DECLARATION = 50
FAR = date(2034, 1, 1)


def a_company() -> Company:
    company, _made = Company.objects.get_or_create(uscc="91350100M000100Y43", defaults={"name": "Measured"})
    return company


def ready_trips(count: int, route: str = "HORGOS-NURZHOLY") -> list[str]:
    """Make trips with open passes whose window is now; give their codes."""
    first = Trip.objects.count()
    texts: list[str] = []
    for start in range(first, first + count, CHUNK):
        texts += _ready(range(start, min(start + CHUNK, first + count)), route, timezone.now())
    return texts


@transaction.atomic
def _ready(numbers: range, over: str, at: datetime) -> list[str]:
    company, route = a_company(), Route.objects.select_related("exit", "entry").get(code=over)
    key = current_signing_key(at=at)
    private = private_key(key)
    opens_at = at.replace(microsecond=0) - timedelta(hours=1)
    closes_at = opens_at + timedelta(days=1)
    vins = [f"LGXCE4CB0S{number:07}" for number in numbers]
    persons = Person.objects.bulk_create(Person(created_at=at) for _number in numbers)
    Passport.objects.bulk_create(
        Passport(number=f"E{number:08}", nationality="CN", person=person)
        for number, person in zip(numbers, persons, strict=True)
    )
    drivers = Driver.objects.bulk_create(
        Driver(
            company=company,
            person=person,
            name="Ma Jun",
            passport_number=f"E{number:08}",
            passport_expires_on=FAR,
            licence_class="C1",
            licence_expires_on=FAR,
        )
        for number, person in zip(numbers, persons, strict=True)
    )
    vehicles = Vehicle.objects.bulk_create(
        Vehicle(
            company=company, vin=vin, make="LiuGong", model="856H", powertrain="plant", hs_code="84295100"
        )
        for vin in vins
    )
    declarations = Declaration.objects.bulk_create(
        Declaration(
            company=company,
            number=f"940720260{number:09}",
            supervision_mode="0110",
            status="released",
            status_at=at,
            quantity=PER_DECLARATION,
        )
        for number in numbers[::PER_DECLARATION]
    )
    of_number = {number: declarations[index // PER_DECLARATION] for index, number in enumerate(numbers)}
    DeclaredVehicle.objects.bulk_create(
        DeclaredVehicle(declaration=of_number[number], vin=vin)
        for number, vin in zip(numbers, vins, strict=True)
    )
    trips = Trip.objects.bulk_create(
        Trip(
            reference=f"F{number:08}",
            company=company,
            vehicle=vehicle,
            driver=driver,
            person_id=driver.person_id,
            declaration=of_number[number],
            route=route,
            delivery_place="Park 3",
            consignee_name="Almaty Auto",
            opens_at=opens_at,
            closes_at=closes_at,
            planned_return_on=closes_at.date(),
            state="ready",
            created_at=at,
        )
        for number, vehicle, driver in zip(numbers, vehicles, drivers, strict=True)
    )
    passes = []
    for number, trip in zip(numbers, trips, strict=True):
        claims = codes.PassClaims(
            issuer="ferryman",
            pass_id=uuid.uuid4(),
            trip=trip.reference,
            vin=trip.vehicle.vin,
            passport_tail=trip.driver.passport_tail,
            exit=route.exit.code,
            entry=route.entry.code,
            not_before=opens_at,
            expires=closes_at,
        )
        passes.append(
            Pass(
                trip=trip,
                pass_id=claims.pass_id,
                short_code=f"{number:09}",
                code=codes.seal(
                    claims, kid=bytes(key.kid), private=private, site_url="https://ferryman.example"
                ),
                signing_key=key,
                driver=trip.driver,
                vin=trip.vehicle.vin,
                opens_at=opens_at,
                closes_at=closes_at,
                issued_at=at,
            )
        )
    return [pass_.code for pass_ in Pass.objects.bulk_create(passes)]


def lay_ready(count: int) -> None:
    """Lay ready trips by SQL, for what does not read codes: many more a second than real ones.

    They lie in the order of their numbers, as trips that were planned one after another do.
    """
    at = timezone.now()
    values = {
        "company": a_company().pk,
        "route": Route.objects.get(code="HORGOS-NURZHOLY").pk,
        "key": current_signing_key(at=at).pk,
        "first": Trip.objects.count(),
        "count": count,
        "each": PER_DECLARATION,
        "at": at,
        "opens_at": at.replace(microsecond=0) - timedelta(hours=1),
    }
    with connection.cursor() as cursor, transaction.atomic():
        for statement in READY:
            cursor.execute(statement, values)


NUMBERS = "generate_series(%(first)s, %(first)s + %(count)s - 1) AS laid(n)"
READY = (
    "CREATE TEMPORARY TABLE laid ON COMMIT DROP AS"
    f" SELECT n, 'E' || lpad(n::text, 8, '0') AS passport, 'LGXCE4CB0S' || lpad(n::text, 7, '0') AS vin,"
    f" nextval(pg_get_serial_sequence('ferry_person', 'id')) AS person FROM {NUMBERS}",
    "INSERT INTO ferry_person (id, created_at) SELECT person, %(at)s FROM laid",
    "INSERT INTO ferry_passport (number, nationality, person_id) SELECT passport, 'CN', person FROM laid",
    """INSERT INTO ferry_driver (company_id, person_id, name, name_latin, passport_number,
        passport_expires_on, nationality, licence_class, licence_expires_on, phone, language, link_version,
        link_made_at, created_at, is_active)
    SELECT %(company)s, person, '马军', 'MA JUN', passport, DATE '2034-01-01', 'CN', 'C1', DATE '2034-01-01',
        '', 'zh-hans', 1, %(at)s, %(at)s, true FROM laid""",
    """INSERT INTO ferry_vehicle (company_id, vin, make, model, powertrain, colour, hs_code, plate,
        after_sales_confirmed, created_at)
    SELECT %(company)s, vin, 'LiuGong', '856H', 'plant', '', '84295100', '', false, %(at)s FROM laid""",
    """INSERT INTO ferry_declaration (company_id, number, supervision_mode, status, status_at, status_claimed,
        quantity, created_at)
    SELECT %(company)s, '940720260' || lpad(min(n)::text, 9, '0'), '0110', 'released', %(at)s, false,
        count(*), %(at)s FROM laid GROUP BY n / %(each)s ORDER BY min(n)""",
    """INSERT INTO ferry_declaredvehicle (declaration_id, vin)
    SELECT declaration.id, vin
    FROM (SELECT vin, min(n) OVER (PARTITION BY n / %(each)s) AS first FROM laid) listed
    JOIN ferry_declaration declaration ON number = '940720260' || lpad(first::text, 9, '0') ORDER BY vin""",
    """INSERT INTO ferry_trip (reference, company_id, vehicle_id, driver_id, person_id, declaration_id,
        route_id, delivery_place, consignee_name, consignee_phone, consignee_language, opens_at, closes_at,
        planned_return_on, state, outcome, created_at, pin_sealed, pin_failures)
    SELECT 'F' || lpad(n::text, 8, '0'), %(company)s, vehicle.id, driver.id, person, declared.declaration_id,
        %(route)s, 'Park 3', 'Almaty Auto', '', 'ru', %(opens_at)s, %(opens_at)s + interval '1 day',
        (%(opens_at)s + interval '1 day')::date, 'ready', 'waiting', %(at)s, '', 0
    FROM laid JOIN ferry_vehicle vehicle USING (vin) JOIN ferry_driver driver ON driver.person_id = person
    JOIN ferry_declaredvehicle declared ON declared.vin = laid.vin ORDER BY n""",
    """INSERT INTO ferry_pass (trip_id, pass_id, short_code, code, signing_key_id, driver_id, vin, opens_at,
        closes_at, issued_at, state, end_reason)
    SELECT trip.id, gen_random_uuid(), lpad(n::text, 9, '0'), '', %(key)s, trip.driver_id, vin, trip.opens_at,
        trip.closes_at, %(at)s, 'open', ''
    FROM laid JOIN ferry_trip trip ON trip.person_id = person ORDER BY n""",
)


def deliver(state: str, *, due: bool, at: datetime) -> int:
    """Turn every ready trip into a delivered one with its evidence: two scans, a receipt, three records.

    `due` ones wait for reconciliation; the others are history, looked at and done.
    """
    with connection.cursor() as cursor, transaction.atomic():
        for statement in DELIVER:
            cursor.execute(statement, {"at": at})
        next_check_at = at - timedelta(minutes=1) if due else None
        cursor.execute(DONE, {"at": at, "state": state, "next_check_at": next_check_at})
        return int(cursor.rowcount)


SCANS = """
INSERT INTO clearance_scan (scan_id, digest, checkpoint_id, lane, crossing, pass_used_id, trip_id, scanned_at,
    recorded_at, verdict, reasons, passed_at, offline_verdict)
SELECT gen_random_uuid(), '', {checkpoint}, '1', '{crossing}', pass.id, trip.id, {moment}, {moment},
    'release', '[]', {moment}, ''
FROM ferry_trip trip JOIN ferry_pass pass ON pass.trip_id = trip.id
JOIN ferry_route route ON route.id = trip.route_id
WHERE trip.state = 'ready' ORDER BY trip.id
"""
RECORDS = """
INSERT INTO clearance_record (kind, occurred_at, vin, passport_number, declaration_number, status, source,
    source_reference, original, digest, received_at, received_by, trip_id, person_id, matched_at,
    matched_by)
SELECT '{kind}', {moment}, '', driver.passport_number, '', '', 'measured', trip.reference, '{{}}',
    md5(trip.reference || '{kind}'), %(at)s, 'measured', trip.id, trip.person_id, %(at)s, 'person'
FROM ferry_trip trip JOIN ferry_driver driver ON driver.id = trip.driver_id WHERE trip.state = 'ready'
ORDER BY trip.id
"""
EXIT, ENTRY = "trip.opens_at + interval '10 min'", "trip.opens_at + interval '30 min'"
HANDED_OVER, BACK = "trip.opens_at + interval '50 min'", "trip.opens_at + interval '55 min'"

DELIVER = (
    SCANS.format(checkpoint="route.exit_id", crossing="exit", moment=EXIT),
    SCANS.format(checkpoint="route.entry_id", crossing="entry", moment=ENTRY),
    RECORDS.format(kind="border_exit", moment=EXIT),
    RECORDS.format(kind="kz_entry", moment=ENTRY),
    RECORDS.format(kind="return", moment=BACK),
    f"""INSERT INTO ferry_receipt (trip_id, vin, condition, receiver, note, confirmed_at)
    SELECT trip.id, pass.vin, 'good', 'Almaty Auto', '', {HANDED_OVER}
    FROM ferry_trip trip JOIN ferry_pass pass ON pass.trip_id = trip.id WHERE trip.state = 'ready'""",
    f"""UPDATE ferry_declaredvehicle SET exited_at = {EXIT} FROM ferry_trip trip
    JOIN ferry_vehicle vehicle ON vehicle.id = trip.vehicle_id
    WHERE trip.state = 'ready' AND ferry_declaredvehicle.declaration_id = trip.declaration_id
        AND ferry_declaredvehicle.vin = vehicle.vin""",
    """UPDATE ferry_declaration SET status = 'closed', closed_at = %(at)s, status_at = %(at)s
    WHERE status = 'released'""",
    """UPDATE ferry_pass SET state = 'spent', ended_at = %(at)s FROM ferry_trip trip
    WHERE trip.id = ferry_pass.trip_id AND trip.state = 'ready'""",
)
DONE = f"""
UPDATE ferry_trip trip SET state = %(state)s, next_check_at = %(next_check_at)s, exited_at = {EXIT},
    arrived_at = {ENTRY}, delivered_at = {HANDED_OVER}, driver_returned_at = {BACK},
    outcome = CASE WHEN %(state)s = 'discharged' THEN 'matched' ELSE 'waiting' END
WHERE trip.state = 'ready'
"""


def analyze() -> None:
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE")
