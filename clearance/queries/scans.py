"""Read what bears on scans: everything about any number of them in one statement."""

from __future__ import annotations

from dataclasses import dataclass, fields
from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.conf import settings

from clearance.models import Crossing, Examination, Policy, Posting
from clearance.rules.selection import Share, is_drawn, share_at
from clearance.rules.verdict import Facts
from ferry import sql
from ferry.models import Pass
from ferry.rules.closures import Span, closed_at, is_open_by_hours, open_deadline
from ferry.rules.commodities import covers
from ferry.rules.stays import Stay, days_count_for, judge_stay

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from clearance.models import Scan
    from ferry.models import Checkpoint, User

#: Stands for "no pass": no pass has it.
NO_PASS = UUID(int=0)


@dataclass(slots=True)
class Asked:
    """One scan to look up: the pass its code names, or NO_PASS."""

    scan_id: UUID
    pass_id: UUID
    checkpoint_id: int


@dataclass(slots=True)
class Subject:
    """All that is stored about one scan's pass, and whether its scan id is stored already.

    The fields are the columns of SUBJECTS, in its order. Those of a pass we do not know are None. A batch
    writes into `trip_state` and what is beside it, so that a later scan sees what an earlier one did.
    `returned_at` is when the person on the pass came back from the trip.
    """

    row: int
    known_id: int | None
    known_digest: str | None
    pass_id: UUID
    pass_pk: int | None
    pass_state: str
    ended_at: datetime | None
    vin: str
    opens_at: datetime
    closes_at: datetime
    trip_id: int
    company_id: int
    reference: str
    trip_state: str
    exited_at: datetime | None
    arrived_at: datetime | None
    delivered_at: datetime | None
    returned_at: datetime | None
    planned_return_on: date
    declaration_id: int
    declaration_status: str
    crossing: str
    exit_code: str
    entry_code: str
    hs_code: str
    make: str
    model: str
    colour: str
    plate: str
    licence_expires_on: date | None
    driver_name: str
    driver_name_latin: str
    passport_number: str
    nationality: str
    person_id: int
    passport_expires_on: date
    driving_licence_expires_on: date
    passed_at: datetime | None
    passed_lane: str | None
    examination: str | None
    instruction: str | None
    examined_share: float
    clock_skew: timedelta
    entry_alert: timedelta
    offline_grace: timedelta
    list_age_limit: timedelta
    shares: tuple[Share, ...]
    stays: tuple[Stay, ...]
    closures: tuple[Span, ...]
    licensed: tuple[tuple[str, date], ...]


SUBJECTS = """
WITH asked (row, scan_id, pass_id, checkpoint_id) AS ({rows}),
presented AS (
    SELECT asked.row, asked.scan_id, asked.pass_id, asked.checkpoint_id,
        pass.id AS pass_pk, pass.state AS pass_state, pass.ended_at, pass.vin, pass.opens_at, pass.closes_at,
        pass.licence_id, pass.driver_id,
        trip.id AS trip_id, trip.reference, trip.state AS trip_state, trip.exited_at, trip.arrived_at,
        trip.delivered_at, trip.driver_returned_at, trip.person_id, trip.planned_return_on,
        trip.declaration_id, trip.vehicle_id, trip.company_id,
        trip.route_id, route.exit_id, route.entry_id,
        CASE asked.checkpoint_id WHEN route.exit_id THEN 'exit' WHEN route.entry_id THEN 'entry' ELSE '' END
            AS crossing
    FROM asked
    LEFT JOIN ferry_pass pass ON pass.pass_id = asked.pass_id
    LEFT JOIN ferry_trip trip ON trip.id = pass.trip_id
    LEFT JOIN ferry_route route ON route.id = trip.route_id
)
SELECT presented.row, known.id, known.digest,
    presented.pass_id, pass_pk, pass_state, presented.ended_at, presented.vin, presented.opens_at,
    presented.closes_at,
    presented.trip_id, presented.company_id, reference, trip_state, exited_at, arrived_at, delivered_at,
    CASE WHEN presented.person_id = driver.person_id THEN presented.driver_returned_at END,
    planned_return_on,
    presented.declaration_id, declaration.status, presented.crossing, gate_out.code, gate_in.code,
    vehicle.hs_code, vehicle.make, vehicle.model, vehicle.colour, vehicle.plate, licence.expires_on,
    driver.name, driver.name_latin, driver.passport_number, driver.nationality, driver.person_id,
    driver.passport_expires_on, driver.licence_expires_on,
    passed.scanned_at, passed.lane,
    (
        SELECT CASE held.outcome WHEN '' THEN 'open' ELSE held.outcome END
        FROM clearance_examination held JOIN clearance_scan on_scan ON on_scan.id = held.scan_id
        WHERE on_scan.pass_used_id = pass_pk AND on_scan.crossing = presented.crossing
        ORDER BY held.id DESC LIMIT 1
    ),
    (
        SELECT instruction FROM clearance_watchentry watch
        WHERE watch.ended_at IS NULL AND (
            (watch.kind = 'vin' AND watch.value = presented.vin)
            OR (watch.kind = 'passport' AND watch.value IN (
                SELECT driver.passport_number
                UNION ALL SELECT number FROM ferry_passport WHERE person_id = driver.person_id
            ))
            OR (watch.kind = 'company' AND watch.value = (
                SELECT uscc FROM ferry_company company WHERE company.id = presented.company_id
            ))
        )
        ORDER BY watch.id LIMIT 1
    ),
    policy.examined_share, policy.clock_skew, policy.entry_alert, policy.offline_grace, policy.list_age_limit,
    (
        SELECT {join}(CAST(rule.share AS text) || '/' || COALESCE(CAST(rule.from_hour AS text), '') || '/'
            || COALESCE(CAST(rule.until_hour AS text), ''), ',')
        FROM clearance_selectionrule rule
        WHERE rule.is_active
            AND (rule.checkpoint_id IS NULL OR rule.checkpoint_id = presented.checkpoint_id)
            AND (rule.company_id IS NULL OR rule.company_id = presented.company_id)
            AND (rule.powertrain = '' OR rule.powertrain = vehicle.powertrain)
    ),
    (
        SELECT {join}(CAST(stay.entered_on AS text) || '/' || COALESCE(CAST(stay.left_on AS text), ''), ',')
        FROM ferry_stay stay
        WHERE stay.person_id = driver.person_id
            AND (stay.trip_id IS NULL OR stay.trip_id <> presented.trip_id)
    ),
    (
        SELECT {join}(CAST(closure.starts_at AS text) || '/' || CAST(closure.ends_at AS text), ',')
        FROM ferry_closure closure
        WHERE (closure.route_id IS NULL OR closure.route_id = presented.route_id)
            AND closure.ends_at > presented.opens_at AND closure.starts_at <= %s
    ),
    (
        SELECT {join}(CAST(licensed.in_force_on AS text) || '/' || licensed.hs_prefix, ',')
        FROM ferry_licensedcommodity licensed
    )
FROM presented
LEFT JOIN clearance_scan known ON known.scan_id = presented.scan_id
LEFT JOIN ferry_declaration declaration ON declaration.id = presented.declaration_id
LEFT JOIN ferry_checkpoint gate_out ON gate_out.id = presented.exit_id
LEFT JOIN ferry_checkpoint gate_in ON gate_in.id = presented.entry_id
LEFT JOIN ferry_vehicle vehicle ON vehicle.id = presented.vehicle_id
LEFT JOIN ferry_licence licence ON licence.id = presented.licence_id
LEFT JOIN ferry_driver driver ON driver.id = presented.driver_id
LEFT JOIN clearance_scan passed ON passed.pass_used_id = pass_pk AND passed.crossing = presented.crossing
    AND passed.passed_at IS NOT NULL
LEFT JOIN clearance_policy policy ON policy.route_id = presented.route_id
ORDER BY presented.row
"""


def lock_trips(pass_ids: Iterable[UUID]) -> None:
    """Hold the trips of these passes until the transaction ends, in one order, so that no two batches block.

    SQLite has one writer at a time, and a transaction that is IMMEDIATE is it.
    """
    wanted = [(pass_id,) for pass_id in pass_ids if pass_id != NO_PASS]
    if wanted and sql.on_postgresql():
        table, params = sql.as_table(("uuid",), wanted)
        with sql.cursor() as cursor:
            cursor.execute(LOCK.format(rows=table), params)


LOCK = """
SELECT trip.id FROM ferry_trip trip JOIN ferry_pass pass ON pass.trip_id = trip.id
WHERE pass.pass_id IN ({rows}) ORDER BY trip.id FOR UPDATE OF trip
"""


def read_subjects(asked: Sequence[Asked], *, at: datetime) -> list[Subject]:
    """Look up each scan. Lock the trips first: what is read here is then true until the transaction ends."""
    rows = [(row, scan.scan_id, scan.pass_id, scan.checkpoint_id) for row, scan in enumerate(asked)]
    table, params = sql.as_table(("int", "uuid", "uuid", "bigint"), rows)
    join = "string_agg" if sql.on_postgresql() else "group_concat"
    with sql.cursor() as cursor:
        cursor.execute(SUBJECTS.format(rows=table, join=join), [*params, sql.stored(at)])
        found = cursor.fetchall()
    return [_subject(row if sql.on_postgresql() else _from_sqlite(row)) for row in found]


def to_compare(subject: Subject) -> dict[str, Any]:
    """Give vehicle and driver as the pass names them, for a person at the lane to compare."""
    return {
        "reference": subject.reference,
        "vin": subject.vin,
        "make": subject.make,
        "model": subject.model,
        "colour": subject.colour,
        "plate": subject.plate,
        "driver": {
            "name": subject.driver_name,
            "name_latin": subject.driver_name_latin,
            "passport_tail": subject.passport_number[-4:],
        },
    }


def passes_by_short_code(short_codes: Iterable[str]) -> dict[str, UUID]:
    rows = Pass.objects.filter(short_code__in=set(short_codes))
    return dict(rows.values_list("short_code", "pass_id"))


def checkpoints_of(officer: User) -> set[int]:
    """List the checkpoints an officer is posted to, by id."""
    return set(Posting.objects.filter(user=officer).values_list("checkpoint_id", flat=True))


def open_examination(scan: Scan) -> Examination | None:
    """Find the examination a scan waits for, which an earlier scan of the same pass may have opened."""
    examinations = Examination.objects.filter(
        scan__pass_used_id=scan.pass_used_id, scan__crossing=scan.crossing
    )
    return examinations.select_related("scan__checkpoint", "scan__trip").order_by("pk").last()


def facts_about(
    subject: Subject, *, checkpoint: Checkpoint, moment: datetime, list_age: timedelta | None = None
) -> Facts:
    """Put together what bears on the verdict about a pass we know, read at a moment at a checkpoint."""
    passed_at = subject.passed_at or _passed_on_another(subject)
    closed, reopens_at = _closed(subject.closures, checkpoint, moment)
    local = moment.astimezone(ZoneInfo(checkpoint.time_zone))
    today = local.date()
    return Facts(
        moment=moment,
        today=today,
        crossing=subject.crossing,
        pass_state=subject.pass_state,
        trip_state=subject.trip_state,
        opens_at=subject.opens_at,
        closes_at=subject.closes_at,
        entry_until=open_deadline(subject.closes_at, subject.entry_alert, subject.closures),
        ended_at=subject.ended_at,
        clock_skew=subject.clock_skew,
        right_checkpoints=(subject.exit_code, subject.entry_code),
        passed_at=passed_at,
        passed_lane=subject.passed_lane or "",
        onward_at=_onward_at(subject),
        closed=closed,
        reopens_at=reopens_at,
        declaration_status=subject.declaration_status,
        licence_needed=_needs_licence(subject, today),
        licence_expires_on=subject.licence_expires_on,
        passport_expires_on=subject.passport_expires_on,
        driving_licence_expires_on=subject.driving_licence_expires_on,
        stay_exhausted=_is_stay_exhausted(subject, moment),
        watched=subject.instruction is not None,
        instruction=subject.instruction or "",
        share_selected=is_drawn(
            pass_id=subject.pass_id,
            crossing=subject.crossing,
            share=share_at(subject.shares, local.hour, least=subject.examined_share),
            key=lot_key(),
        ),
        examination=subject.examination or "",
        list_age=list_age,
        list_age_limit=subject.list_age_limit,
    )


def lot_key() -> bytes:
    """Give the secret by which passes are drawn."""
    return settings.SECRET_KEY.encode()


def _passed_on_another(subject: Subject) -> datetime | None:
    """Say when the trip passed here on another pass of its own, if it did."""
    moments = {Crossing.EXIT: subject.exited_at, Crossing.ENTRY: subject.arrived_at}
    return moments[Crossing(subject.crossing)] if subject.crossing else None


def _onward_at(subject: Subject) -> datetime | None:
    later = [subject.delivered_at]
    if subject.crossing == Crossing.EXIT:
        later.append(subject.arrived_at)
    return min((moment for moment in later if moment is not None), default=None)


def _needs_licence(subject: Subject, today: date) -> bool:
    return any(
        in_force_on <= today and covers(prefix, subject.hs_code) for prefix, in_force_on in subject.licensed
    )


def _is_stay_exhausted(subject: Subject, moment: datetime) -> bool:
    """Judge the stay that begins now."""
    if not subject.stays or not days_count_for(subject.nationality) or subject.crossing != Crossing.EXIT:
        return False
    entry_on = moment.astimezone(KAZAKHSTAN).date()
    finding = judge_stay(
        subject.stays,
        entry_on=entry_on,
        return_on=max(subject.planned_return_on, entry_on),
        rolling=settings.STAY_ROLLING,
        count_both=settings.STAY_COUNT_BOTH_TRAVEL_DAYS,
    )
    return bool(finding.refuses)


KAZAKHSTAN = ZoneInfo(settings.KAZAKH_TIME_ZONE)


def _closed(
    closures: Iterable[Span], checkpoint: Checkpoint, moment: datetime
) -> tuple[bool, datetime | None]:
    """Say whether a checkpoint is closed, and until when if a closure of its route is why."""
    closure = closed_at(moment, closures)
    if closure:
        return True, closure[1]
    return not is_open_by_hours(checkpoint.opens, checkpoint.closes, _local_time(checkpoint, moment)), None


def _local_time(checkpoint: Checkpoint, moment: datetime) -> time:
    return moment.astimezone(ZoneInfo(checkpoint.time_zone)).time()


# --- From columns to Python --------------------------------------------------------------------


def _subject(row: Sequence[Any]) -> Subject:
    subject = Subject(*row)
    if subject.pass_pk is None:
        return subject
    subject.shares = tuple(_share(*parts) for parts in _parts(row[-4]))
    subject.stays = tuple(_stay(*pair) for pair in _parts(row[-3]))
    subject.closures = tuple((_moment(start), _moment(end)) for start, end in _parts(row[-2]))
    subject.licensed = tuple((prefix, date.fromisoformat(day)) for day, prefix in _parts(row[-1]))
    if subject.clock_skew is None:
        for name in POLICY_FIELDS:
            setattr(subject, name, getattr(USUAL, name))
    return subject


USUAL = Policy()
POLICY_FIELDS = ("examined_share", "clock_skew", "entry_alert", "offline_grace", "list_age_limit")


def _parts(text: str | None) -> list[list[str]]:
    return [pair.split("/") for pair in text.split(",")] if text else []


def _share(share: str, from_hour: str, until_hour: str) -> Share:
    return Share(float(share), int(from_hour) if from_hour else None, int(until_hour) if until_hour else None)


def _stay(entered_on: str, left_on: str) -> Stay:
    return Stay(date.fromisoformat(entered_on), date.fromisoformat(left_on) if left_on else None)


def _moment(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _from_sqlite(row: Sequence[Any]) -> list[Any]:
    """Read what SQLite has no types for, by what Subject says the column is."""
    pairs = zip(row, READERS, strict=True)
    return [value if value is None or reader is None else reader(value) for value, reader in pairs]


def _aware(value: str | datetime) -> datetime:
    return _moment(value) if isinstance(value, str) else value.replace(tzinfo=UTC)


def _day(value: str | date) -> date:
    return date.fromisoformat(value) if isinstance(value, str) else value


BY_TYPE: dict[str, Callable[[Any], Any]] = {
    "UUID": UUID,
    "datetime": _aware,
    "date": _day,
    "timedelta": lambda value: timedelta(microseconds=value),
}
READERS = [BY_TYPE.get(str(field.type).split(" ")[0]) for field in fields(Subject)]
