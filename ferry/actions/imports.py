"""Take a company's spreadsheet: every good line, and the reasons against each of the others.

Safe to run again: a line that says nothing new changes nothing. Vehicles come first, then drivers,
declarations and readiness, whatever the order of the sheets; each batch is a transaction.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, time
from itertools import islice
from typing import TYPE_CHECKING, Any, BinaryIO, TypeVar

from django.db import IntegrityError, transaction
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _
from simple_history.utils import bulk_create_with_history

from ferry.actions.audit import note
from ferry.actions.consignments import (
    against_joining,
    in_another_consignment,
    join_consignment,
    open_consignment,
)
from ferry.actions.declarations import declaration_taken, register_declaration, update_declaration
from ferry.actions.drivers import FIELDS as DRIVER_FIELDS
from ferry.actions.drivers import change_driver, judge_driver, register_driver
from ferry.actions.keeping import REASON_LENGTH, differs, fields_of, reasons_against_row
from ferry.actions.readiness import mark_vehicle
from ferry.actions.vehicles import FIELDS as VEHICLE_FIELDS
from ferry.actions.vehicles import change_vehicle, judge_vehicle, keep_vehicle, vehicle_taken
from ferry.errors import Invalid, Reason, Refused
from ferry.models import (
    Act,
    Consignment,
    ConsignmentKind,
    Declaration,
    Door,
    Driver,
    Fate,
    FileImport,
    Mark,
    Passport,
    Vehicle,
)
from ferry.queries.issue import CHINA, china_date
from ferry.rules.declarations import judge_declared_vins
from ferry.rules.vin import normalise_vin
from ferry.sheets import RefusedLine, RefusedTable, Row, Table, clean_row, find_heading, read_tables
from ferry.sheets.values import OPEN_ENDED

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from datetime import date
    from pathlib import Path

    from django.db.models import Model

    from ferry.models import Company
    from ferry.rules.findings import Finding
    from ferry.sheets import Choose

BATCH = 500
KINDS = FileImport.kinds
#: Judged against a powertrain, so not judged where that cannot be read.
NEEDS_POWERTRAIN = {"hs_powertrain", "vin_check_digit"}
#: Read to check what stands beside it.
NOT_KEPT = {"mrz"}
USUAL_DRIVER = {"nationality": "CN", "language": "zh-hans", "phone": ""}

T = TypeVar("T")


@dataclass
class Tally:
    """Count lines by what became of them."""

    added: int = 0
    changed: int = 0
    unchanged: int = 0
    refused: int = 0

    def count(self, fate: Fate, lines: int) -> None:
        setattr(self, fate, getattr(self, fate) + lines)


@dataclass(frozen=True)
class Incomplete:
    """A declaration some of whose lines were refused: it counts them, and so is not taken for complete."""

    number: str
    taken: int
    lines: int


@dataclass
class ImportReport:
    tallies: dict[str, Tally] = field(default_factory=dict)
    refused: list[RefusedTable] = field(default_factory=list)
    incomplete: list[Incomplete] = field(default_factory=list)
    unread: list[Reason] = field(default_factory=list)

    @property
    def unplaced(self) -> int:
        """Count declaration lines whose number is faulty: which declaration lacks them cannot be known."""
        lines = [line for table in self.refused for line in table.lines]
        return sum(any(_is_faulty_number(reason) for reason in line.reasons) for line in lines)


def _is_faulty_number(reason: Reason) -> bool:
    return reason.attr == "number" and reason.code != "declaration_taken"


@dataclass
class Sheet:
    table: Table
    tally: Tally
    #: Where it stands among the file's sheets.
    place: int
    refused: list[RefusedLine] = field(default_factory=list)


@dataclass
class Line:
    """One line on its way: its number and cells, what it says, and what could not be read of it."""

    sheet: Sheet
    row: Row
    values: dict[str, Any]
    faults: list[Reason]
    consignment: str = ""
    fate: Fate | None = None
    reasons: Sequence[Reason] = ()

    @property
    def place(self) -> tuple[int, str]:
        return self.row.number, self.sheet.table.sheet

    @property
    def said(self) -> dict[str, Any]:
        """Give what was filled in and is kept: an empty cell changes nothing that is stored."""
        return {
            name: value
            for name, value in self.values.items()
            if value not in ("", None) and name not in NOT_KEPT
        }

    def refuse(self, *reasons: Reason) -> None:
        self.reasons = reasons
        self.sheet.refused.append(RefusedLine(self.row, reasons))
        self.settle(Fate.REFUSED)

    def settle(self, fate: Fate) -> None:
        """Say what becomes of it; the last word counts."""
        if self.fate:
            self.sheet.tally.count(self.fate, -1)
        self.sheet.tally.count(fate, 1)
        self.fate = fate


Tell = Callable[[Sequence[Line]], object]


@dataclass(frozen=True)
class Job:
    company: Company
    at: datetime
    by: str
    is_trial: bool
    tell: Tell
    #: What a trial would have stored, for those lines that are about it.
    tried: dict[str, Vehicle] = field(default_factory=dict)

    @property
    def today(self) -> date:
        return china_date(self.at)

    @contextmanager
    def batch(self, lines: Sequence[Line]) -> Iterator[None]:
        """Take lines in one transaction together with what `tell` writes of them; a trial keeps only that."""
        with transaction.atomic():
            yield
            if self.is_trial:
                transaction.set_rollback(True)
            else:
                self.tell(lines)
        if self.is_trial:
            self.tell(lines)

    def lay_again(self, vins: Iterable[str]) -> dict[str, Vehicle]:
        """Store for one batch the vehicles that an earlier batch of a trial did not leave there."""
        vehicles = {vin: self.tried[vin] for vin in vins if vin in self.tried}
        for vehicle in vehicles.values():
            vehicle.pk = None
        Vehicle.objects.bulk_create(vehicles.values())
        return vehicles


def _tell_nobody(lines: Sequence[Line]) -> None:
    pass


def import_fleet(
    *,
    company: Company,
    source: BinaryIO | Path,
    name: str,
    choose: Choose = find_heading,
    is_trial: bool = False,
    tell: Tell = _tell_nobody,
    at: datetime,
    by: str,
) -> ImportReport:
    """Take the good lines of a file and report on all; Invalid when the file itself cannot be used.

    A trial judges every line and writes nothing. `tell` is told of each batch whose fate is known; what it
    writes happens together with the batch.
    """
    job = Job(company, at, by, is_trial, tell)
    report = ImportReport()
    with read_tables(source, name=name, choose=choose) as tables:
        sheets = _sheets(tables, report)
        for kind, take in (("vehicles", _take_vehicles), ("drivers", _take_drivers)):
            take(job, _lines(sheets, kind))
        report.incomplete = _take_declarations(job, _lines(sheets, "declarations"))
        _take_readiness(job, _lines(sheets, "readiness"))
    report.refused = [
        RefusedTable(sheet.table.sheet, sheet.table.titles, sheet.refused)
        for sheet in sheets
        if sheet.refused
    ]
    if not is_trial:
        written = sum(tally.added + tally.changed for tally in report.tallies.values())
        note(company=company, kind=Act.IMPORTED, about=f"{written} · {name}", at=at, by=by)
    return report


def _sheets(tables: Iterable[Table], report: ImportReport) -> list[Sheet]:
    sheets = []
    for place, table in enumerate(tables):
        if table.kind in KINDS:
            sheets.append(Sheet(table, report.tallies.setdefault(table.kind, Tally()), place))
        else:
            report.unread.append(table.reason or not_a_fleet(table.sheet))
    if not sheets:
        raise Invalid(*report.unread)
    return sheets


def _lines(sheets: Sequence[Sheet], kind: str) -> Iterator[Line]:
    for sheet in sheets:
        if sheet.table.kind == kind:
            for row in sheet.table.rows:
                values, faults = clean_row(sheet.table.kind, row)
                consignment = values.pop("consignment", "")
                yield Line(sheet, Row(row.number, {}, row.original), values, faults, consignment)


def batches(things: Iterable[T], size: int) -> Iterator[list[T]]:
    things = iter(things)
    while batch := list(islice(things, size)):
        yield batch


def _reasons(line: Line, row: Model, finding: Finding) -> list[Reason]:
    """Join what could not be read with what the rules say of the rest."""
    unread = {reason.attr for reason in line.faults}
    judged = [
        reason
        for reason in reasons_against_row(row, finding)
        if reason.attr in line.values
        and reason.attr not in unread
        and not ("powertrain" in unread and reason.code in NEEDS_POWERTRAIN)
    ]
    return [*line.faults, *judged]


def _once(line: Line, key: object, seen: dict[object, tuple[int, str]]) -> list[Reason]:
    """Refuse what stands on an earlier line of the file; the first good line counts."""
    first = seen.get(key)
    return [] if first is None else [_repeated(*first)]


# --- Vehicles ----------------------------------------------------------------------------------


def _take_vehicles(job: Job, lines: Iterator[Line]) -> None:
    seen: dict[object, tuple[int, str]] = {}
    for batch in batches(lines, BATCH):
        vins = [normalise_vin(line.values.get("vin", "")) for line in batch]
        stored = {vehicle.vin: vehicle for vehicle in Vehicle.objects.filter(vin__in=vins)}
        gathering = Gathering(job, batch)
        with job.batch(batch):
            new = [
                (line, vehicle)
                for line, vin in zip(batch, vins, strict=True)
                if (vehicle := _take_vehicle(job, line, stored.get(vin), seen, gathering))
            ]
            if new:
                _add_vehicles(job, new)
            gathering.join(
                (line, vin) for line, vin in zip(batch, vins, strict=True) if seen.get(vin) == line.place
            )
        if job.is_trial:
            job.tried.update((vehicle.vin, vehicle) for line, vehicle in new if line.fate == Fate.ADDED)


def _take_vehicle(
    job: Job,
    line: Line,
    stored: Vehicle | None,
    seen: dict[object, tuple[int, str]],
    gathering: Gathering,
) -> Vehicle | None:
    """Refuse, change or keep a line; give back the vehicle if it is a new one, still to be stored."""
    ours = stored is not None and stored.company_id == job.company.pk
    before = fields_of(stored, VEHICLE_FIELDS) if stored is not None and ours else {}
    vehicle = Vehicle(company=job.company, created_at=job.at, **before | line.said)
    reasons = _reasons(line, vehicle, judge_vehicle(vehicle, today=job.today))
    reasons += _once(line, vehicle.vin, seen)
    if stored is not None and not ours:
        reasons.append(vehicle_taken())
    reasons += gathering.reasons_against(line, stored if ours else None)
    if reasons:
        line.refuse(*reasons)
        return None
    seen[vehicle.vin] = line.place
    if stored is None:
        return vehicle
    _change(line, change_vehicle, "vehicle", stored, vehicle, before, job)
    return None


def _add_vehicles(job: Job, new: Sequence[tuple[Line, Vehicle]]) -> None:
    """Store new vehicles at once; one by one where another company registers one of them meanwhile."""
    try:
        with transaction.atomic():
            bulk_create_with_history(
                [vehicle for _line, vehicle in new],
                Vehicle,
                batch_size=BATCH,
                default_change_reason=job.by[:REASON_LENGTH],
                default_date=job.at,
            )
    except IntegrityError:
        for line, vehicle in new:
            vehicle.pk = None
            _add(line, lambda vehicle=vehicle: keep_vehicle(vehicle, at=job.at, by=job.by))
    else:
        for line, _vehicle in new:
            line.settle(Fate.ADDED)


# --- Drivers -----------------------------------------------------------------------------------


def _take_drivers(job: Job, lines: Iterator[Line]) -> None:
    seen: dict[object, tuple[int, str]] = {}
    for batch in batches(lines, BATCH):
        drivers = [(line, _driver_on(job, line)) for line in batch]
        known = _known_drivers(job, [driver.passport_number for _line, driver in drivers])
        with job.batch(batch):
            for line, driver in drivers:
                stored = known.get((driver.passport_number, driver.nationality))
                _take_driver(job, line, driver, stored, seen)


def _driver_on(job: Job, line: Line) -> Driver:
    """Make what a line says into a driver, and add what the rules say against it to the line's faults."""
    days = {"passport_expires_on": OPEN_ENDED, "licence_expires_on": OPEN_ENDED}
    driver = Driver(company=job.company, **USUAL_DRIVER | days | line.said)
    finding = judge_driver(driver, today=job.today, mrz=line.values.get("mrz", ""))
    line.faults = _reasons(line, driver, finding)
    return driver


def _known_drivers(job: Job, numbers: Sequence[str]) -> dict[tuple[str, str], Driver]:
    """Find this company's drivers by any passport that is or was theirs."""
    passports = Passport.objects.filter(number__in=numbers, person__drivers__company=job.company)
    persons = {
        (number, nationality): person_id
        for number, nationality, person_id in passports.values_list("number", "nationality", "person_id")
    }
    rows = Driver.objects.filter(company=job.company, person_id__in=set(persons.values()))
    drivers = {driver.person_id: driver for driver in rows}
    return {passport: drivers[person_id] for passport, person_id in persons.items()}


def _take_driver(
    job: Job, line: Line, driver: Driver, stored: Driver | None, seen: dict[object, tuple[int, str]]
) -> None:
    passport = (driver.passport_number, driver.nationality)
    reasons = line.faults + _once(line, passport, seen)
    if stored is not None and _is_older_passport(driver, stored):
        reasons.append(_older_passport())
    if reasons:
        line.refuse(*reasons)
        return
    seen[passport] = line.place
    if stored is None:
        fields = {name: getattr(driver, name) for name in DRIVER_FIELDS if name != "is_active"}
        _add(line, lambda: register_driver(company=job.company, **fields, at=job.at, by=job.by))
        return
    before = fields_of(stored, tuple(line.said))
    _change(line, change_driver, "driver", stored, driver, before, job)


def _is_older_passport(driver: Driver, stored: Driver) -> bool:
    return (
        driver.passport_number != stored.passport_number
        and driver.passport_expires_on <= stored.passport_expires_on
    )


# --- Declarations ------------------------------------------------------------------------------


def _take_declarations(job: Job, lines: Iterator[Line]) -> list[Incomplete]:
    """Take declarations, which come as one line for each VIN, anywhere in the file."""
    by_number: dict[str, list[Line]] = {}
    for batch in batches(lines, BATCH):
        unplaced = [line for line in batch if not line.values.get("number")]
        for line in batch:
            if line.values.get("number"):
                by_number.setdefault(line.values["number"], []).append(line)
        with job.batch(unplaced):
            for line in unplaced:
                line.refuse(*line.faults)
    incomplete = []
    for numbered in batches(by_number.items(), BATCH):
        rows = Declaration.objects.filter(number__in=[number for number, _lines in numbered])
        stored = {declaration.number: declaration for declaration in rows}
        with job.batch([line for _number, own in numbered for line in own]):
            for number, own in numbered:
                incomplete += _take_declaration(job, number, own, stored.get(number))
    return incomplete


def _take_declaration(
    job: Job, number: str, lines: Sequence[Line], stored: Declaration | None
) -> list[Incomplete]:
    """Take a declaration's good lines; its quantity counts the refused ones too."""
    good, repeated = _good_lines(lines)
    quantity = len(lines) - repeated
    if not good:
        return []
    head = next(iter(good.values())).values
    said = {"supervision_mode": head["supervision_mode"], "status": head["status"], "vins": list(good)}
    try:
        if stored is None:
            register_declaration(
                company=job.company, number=number, **said, quantity=quantity, at=job.at, by=job.by
            )
            added, changed = set(good), True
        elif stored.company_id != job.company.pk:
            raise Invalid(declaration_taken())
        else:
            added, changed = update_declaration(
                declaration=stored, **said, lines=quantity, at=job.at, by=job.by
            )
    except Refused as refused:
        for line in good.values():
            line.refuse(*refused.reasons)
        return []
    for vin, line in good.items():
        _count(line, vin in added, changed)
    return [Incomplete(number, len(good), quantity)] if quantity > len(good) else []


def _good_lines(lines: Sequence[Line]) -> tuple[dict[str, Line], int]:
    """Refuse a declaration's bad lines; give the good ones by VIN, and how many only repeat a VIN."""
    good: dict[str, Line] = {}
    repeated = 0
    for line in lines:
        vin = normalise_vin(line.values.get("vin", ""))
        reasons = list(line.faults)
        if not any(reason.attr == "vin" for reason in reasons):
            reasons += judge_declared_vins([vin]).refuses
        if good and not reasons:
            reasons += _other_head(line, next(iter(good.values())))
        if vin in good:
            repeated += 1
            reasons.append(_repeated(*good[vin].place))
        if reasons:
            line.refuse(*reasons)
        else:
            good[vin] = line
    return good, repeated


def _other_head(line: Line, first: Line) -> list[Reason]:
    """Refuse a line that says something else of the declaration as a whole than its first line."""
    if all(line.values[name] == first.values[name] for name in ("supervision_mode", "status")):
        return []
    number, sheet = first.place
    detail = format_lazy(
        _(
            "Another status or supervision mode than on line {line} of sheet “{sheet}”, "
            "which is the same declaration. Make them the same."
        ),
        line=number,
        sheet=sheet,
    )
    return [Reason("declaration_lines_differ", detail, "status")]


# --- Readiness and consignments ----------------------------------------------------------------


class Gathering:
    """The consignments that lines name; one that is not known yet is opened when its first vehicle joins."""

    def __init__(self, job: Job, lines: Sequence[Line]) -> None:
        self.job = job
        names = {line.consignment for line in lines if line.consignment}
        rows = Consignment.objects.filter(company=job.company, name__in=names) if names else ()
        self.known = {consignment.name: consignment for consignment in rows}

    def reasons_against(self, line: Line, vehicle: Vehicle | None) -> list[Reason]:
        if not line.consignment:
            return []
        consignment = self.known.get(line.consignment)
        reasons = against_joining(consignment) if consignment else []
        if vehicle is not None and vehicle.consignment_id not in {None, consignment and consignment.pk}:
            reasons.append(in_another_consignment())
        return reasons

    def join(self, lines: Iterable[tuple[Line, str]]) -> None:
        by_name: dict[str, dict[str, Line]] = {}
        for line, vin in lines:
            if line.consignment:
                by_name.setdefault(line.consignment, {})[vin] = line
        for name, wanted in by_name.items():
            try:
                join_consignment(consignment=self._named(name), vins=list(wanted))
            except Refused as refused:
                for line in wanted.values():
                    line.refuse(*refused.reasons)

    def _named(self, name: str) -> Consignment:
        if name not in self.known:
            self.known[name] = open_consignment(
                company=self.job.company,
                name=name,
                kind=ConsignmentKind.OTHER,
                at=self.job.at,
                by=self.job.by,
            )
        return self.known[name]


DAYS_OF_MARKS = {
    Mark.YARD: "in_yard_on",
    Mark.INSPECTED: "inspected_on",
    Mark.CHARGED: "charged_on",
}


def _take_readiness(job: Job, lines: Iterator[Line]) -> None:
    seen: dict[object, tuple[int, str]] = {}
    for batch in batches(lines, BATCH):
        vins = [normalise_vin(line.values.get("vin", "")) for line in batch]
        rows = Vehicle.objects.filter(vin__in=vins, company=job.company)
        stored = {vehicle.vin: vehicle for vehicle in rows}
        gathering = Gathering(job, batch)
        with job.batch(batch):
            stored |= job.lay_again(vins)
            for line, vin in zip(batch, vins, strict=True):
                _take_marks(job, line, vin, stored.get(vin), seen, gathering)
            gathering.join(
                (line, vin) for line, vin in zip(batch, vins, strict=True) if seen.get(vin) == line.place
            )


def _take_marks(
    job: Job,
    line: Line,
    vin: str,
    vehicle: Vehicle | None,
    seen: dict[object, tuple[int, str]],
    gathering: Gathering,
) -> None:
    reasons = [*line.faults, *_once(line, vin, seen), *gathering.reasons_against(line, vehicle)]
    if vehicle is None and not line.faults:
        reasons.append(_unknown_vehicle())
    if reasons or vehicle is None:
        line.refuse(*reasons)
        return
    joins = bool(line.consignment) and vehicle.consignment_id is None
    try:
        _vehicle, is_new = mark_vehicle(
            vehicle=vehicle,
            done=_done(line.said, job.at),
            charge_percent=line.said.get("charge_percent"),
            keys=line.said.get("keys"),
            door=Door.IMPORT,
            at=job.at,
            by=job.by,
        )
    except Refused as refused:
        line.refuse(*refused.reasons)
        return
    seen[vin] = line.place
    _count(line, False, is_new or joins)


def _done(said: Mapping[str, Any], at: datetime) -> dict[Mark, datetime]:
    """Give the steps a line tells of; its days are Beijing's, and a charge without a day is of now."""
    done = {
        mark: datetime.combine(said[day], time(), CHINA) for mark, day in DAYS_OF_MARKS.items() if day in said
    }
    return {Mark.CHARGED: at, **done} if "charge_percent" in said else done


# --- One line ----------------------------------------------------------------------------------


def _add(line: Line, register: Any) -> None:
    try:
        register()
    except Refused as refused:
        line.refuse(*refused.reasons)
    else:
        line.settle(Fate.ADDED)


def _change(
    line: Line, change: Any, what: str, stored: Model, read: Model, before: Mapping[str, Any], job: Job
) -> None:
    """Change a stored row to what was read, if that differs in a field the line fills in."""
    if not differs(read, before):
        line.settle(Fate.UNCHANGED)
        return
    try:
        change(**{what: stored}, **fields_of(read, tuple(line.said)), at=job.at, by=job.by)
    except Refused as refused:
        line.refuse(*refused.reasons)
    else:
        line.settle(Fate.CHANGED)


def _count(line: Line, added: bool, changed: bool) -> None:
    line.settle(Fate.ADDED if added else Fate.CHANGED if changed else Fate.UNCHANGED)


def _repeated(number: int, sheet: str) -> Reason:
    detail = format_lazy(
        _("This stands on line {line} of sheet “{sheet}” already. Remove one of the two lines."),
        line=number,
        sheet=sheet,
    )
    return Reason("repeated_line", detail)


def _unknown_vehicle() -> Reason:
    detail = _("No vehicle of yours has this VIN. Compare it, or register the vehicle first.")
    return Reason("vehicle_unknown", detail, "vin")


def _older_passport() -> Reason:
    detail = _("You have entered a newer passport of this driver since. Leave this line out, or correct it.")
    return Reason("older_passport", detail, "passport_number")


def not_a_fleet(sheet: str) -> Reason:
    detail = format_lazy(
        _(
            "Sheet “{sheet}” holds records of the border. "
            "Only vehicles, drivers and declarations are read here."
        ),
        sheet=sheet,
    )
    return Reason("sheet_not_a_fleet", detail)
