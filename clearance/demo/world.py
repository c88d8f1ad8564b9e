"""What people, devices and authorities do in the demonstration, each by the real action."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from itertools import count
from typing import TYPE_CHECKING, Any
from uuid import UUID

from clearance.actions.reconcile import assess_trips
from clearance.actions.records import RecordLine, take_records
from clearance.actions.scans import ScanInput, record_scan
from clearance.actions.sources import keep_writing, open_source, source_named
from clearance.models import RecordKind
from ferry.actions.passes import receipt_pin
from ferry.actions.receipts import confirm_receipt
from ferry.actions.trips import plan_trip
from ferry.models import Case, Condition, DeclarationStatus, Trip
from ferry.queries.issue import CHINA, KAZAKHSTAN

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import datetime
    from random import Random
    from zoneinfo import ZoneInfo

    from clearance.demo.cast import Consignee
    from clearance.demo.companies import Keeper
    from clearance.models import Scan
    from ferry.models import ApiKey, Declaration, Driver, Pass, Route, User, Vehicle

HOUR = timedelta(hours=1)
SOURCES = {
    RecordKind.BORDER_EXIT: ("Horgos border police", "BP"),
    RecordKind.KZ_ENTRY: ("Nur Zholy register", "NZ"),
    RecordKind.DECLARATION_STATUS: ("China customs", "CC"),
    RecordKind.RETURN: ("Horgos border police", "BP"),
}


@dataclass(frozen=True)
class Writes:
    """How a source writes its records down."""

    zone: ZoneInfo
    moments: str
    headings: Mapping[str, str]
    words: Mapping[str, str]


WRITINGS = {
    "Horgos border police": Writes(
        CHINA,
        "%Y-%m-%d %H:%M:%S",
        {
            "reference": "流水号",
            "kind": "事件",
            "occurred_at": "过境时间",
            "vin": "车架号",
            "passport_number": "护照号",
        },
        {RecordKind.BORDER_EXIT: "出境", RecordKind.RETURN: "入境"},
    ),
    "Nur Zholy register": Writes(
        KAZAKHSTAN,
        "%d.%m.%Y %H:%M",
        {
            "reference": "Номер записи",
            "kind": "Событие",
            "occurred_at": "Дата и время",
            "vin": "VIN-код",
            "passport_number": "Паспорт",
        },
        {RecordKind.KZ_ENTRY: "Въезд"},
    ),
    "China customs": Writes(
        CHINA,
        "%Y/%m/%d %H:%M",
        {
            "reference": "记录编号",
            "declaration": "报关单号",
            "status": "报关单状态",
            "occurred_at": "时间",
        },
        {
            DeclarationStatus.RELEASED: "放行",
            DeclarationStatus.AMENDED: "修改",
            DeclarationStatus.CLOSED: "结关",
        },
    ),
}


@dataclass
class Leg:
    """One vehicle to be driven across by one driver, leaving at a moment."""

    keeper: Keeper
    vehicle: Vehicle
    driver: Driver
    consignee: Consignee
    exit_at: datetime

    @property
    def opens_at(self) -> datetime:
        return self.exit_at - 2 * HOUR

    @property
    def closes_at(self) -> datetime:
        return self.exit_at + 10 * HOUR


@dataclass
class World:
    route: Route
    exit_device: ApiKey
    entry_device: ApiKey
    officer: User
    supervisor: User
    chance: Random
    numbers: Iterator[int] = field(default_factory=lambda: count(1048))

    @property
    def by_supervisor(self) -> str:
        return f"supervisor {self.supervisor.email}"

    def open_sources(self, *, at: datetime) -> None:
        """Open each source where it is kept, and keep how it writes."""
        by = self.by_supervisor
        places = {"Horgos border police": self.route.exit, "Nur Zholy register": self.route.entry}
        for name, place in places.items():
            open_source(checkpoint=place, name=name, at=at, by=by)
        for name, writes in WRITINGS.items():
            kinds = [kind for kind, (source, _letters) in SOURCES.items() if source == name]
            kind = kinds[0] if len(kinds) == 1 else ""
            source = source_named(name=name, at=at, by=by)
            keep_writing(source=source, kind=kind, zone=writes.zone.key, first="", by=by)

    def plan(self, leg: Leg, *, at: datetime) -> Trip:
        return plan_trip(
            company=leg.keeper.company,
            vehicle=leg.vehicle,
            driver=leg.driver,
            declaration=leg.keeper.declared[leg.vehicle.pk],
            route=self.route,
            delivery_place=leg.consignee.place,
            consignee_name=leg.consignee.name,
            consignee_phone=leg.consignee.phone,
            consignee_language=leg.consignee.language,
            opens_at=leg.opens_at,
            closes_at=leg.closes_at,
            at=at,
            by=leg.keeper.by,
        )

    def scan(self, code: str, device: ApiKey, *, at: datetime) -> Scan:
        checkpoint, lane = device.checkpoint, str(self.chance.randrange(1, 6))
        assert checkpoint is not None  # noqa: S101  (a device's key has one)
        scan_id = UUID(int=self.chance.getrandbits(128), version=4)
        scan = ScanInput(scan_id=scan_id, code=code, checkpoint=checkpoint, lane=lane)
        return record_scan(scan=scan, device=device, at=at, by=f"device {checkpoint.code}/{device.label}")[0]

    def receive(self, pass_: Pass, receiver: str, *, damage: str = "", at: datetime) -> None:
        confirm_receipt(
            pass_=pass_,
            pin=receipt_pin(pass_.trip),
            condition=Condition.DAMAGED if damage else Condition.GOOD,
            receiver=receiver,
            odometer_km=self.chance.randrange(38, 520),
            note=damage,
            at=at,
            by="consignee",
        )

    def record(self, kind: RecordKind, *, occurred_at: datetime, at: datetime, **keys: Any) -> None:
        source, letters = SOURCES[kind]
        reference = f"{letters}{occurred_at:%y%m%d}{next(self.numbers):05}"
        said = {"reference": reference, "kind": kind, "occurred_at": occurred_at, **keys}
        original = as_written(source, said)
        line = RecordLine(
            kind=kind, occurred_at=occurred_at, source_reference=reference, original=original, **keys
        )
        take_records(lines=[line], source=source, at=at, by=f"authority {source}")

    def reconcile(self, keepers: list[Keeper], *, at: datetime) -> None:
        """Assess what is due of these companies, and nobody else's."""
        due = Trip.objects.filter(company__in=[keeper.company for keeper in keepers], next_check_at__lte=at)
        assess_trips(trip_ids=due.values_list("pk", flat=True), at=at)


def as_written(source: str, said: Mapping[str, Any]) -> dict[str, str]:
    """Write a record as its source keeps it: under its own headings, in its own words, by its own clocks."""
    writes = WRITINGS[source]
    moment = said["occurred_at"].astimezone(writes.zone).strftime(writes.moments)
    shown = {**said, "occurred_at": moment, "kind": writes.words.get(said["kind"], "")}
    shown["status"] = writes.words.get(said.get("status", ""), "")
    return {title: str(shown.get(name, "")) for name, title in writes.headings.items()}


def case_of(about: Trip | Declaration, kind: str) -> Case:
    return about.cases.get(kind=kind)
