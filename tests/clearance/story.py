"""What happens to a trip at the border and after, made as the application makes it."""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta
from typing import Any

from clearance.actions.records import RecordLine, RecordResult, take_records
from clearance.actions.scans import Offline, ScanInput, record_scan
from clearance.models import Scan
from ferry.actions.passes import receipt_pin
from ferry.actions.receipts import confirm_receipt, refuse_delivery
from ferry.models import Checkpoint, DeliveryRefusal, Pass, Receipt, Trip

GATE, CONSIGNEE, FEED = "device CN-HORGOS/3", "consignee", "border feed"


def latest_pass(trip: Trip) -> Pass:
    return trip.passes.select_related("trip").latest("pk")


def scan_at(checkpoint: Checkpoint, pass_: Pass, at: datetime, offline: Offline | None = None) -> Scan:
    """Scan a pass; one made offline is uploaded an hour later."""
    scan = ScanInput(
        scan_id=uuid.uuid4(),
        code=pass_.code,
        checkpoint=checkpoint,
        lane="3",
        scanned_at=at if offline else None,
        offline=offline,
    )
    told_at = at + timedelta(hours=1) if offline else at
    return record_scan(scan=scan, at=told_at, by=GATE)[0]


def leave(trip: Trip, at: datetime, **more: Any) -> Trip:
    scan = scan_at(trip.route.exit, more.pop("pass_", None) or latest_pass(trip), at, **more)
    assert scan.passed_at, scan.reasons
    trip.refresh_from_db()
    return trip


def arrive(trip: Trip, at: datetime, **more: Any) -> Trip:
    scan = scan_at(trip.route.entry, latest_pass(trip), at, **more)
    assert scan.passed_at, scan.reasons
    trip.refresh_from_db()
    return trip


def confirm(trip: Trip, at: datetime, **fields: Any) -> Receipt:
    pass_ = latest_pass(trip)
    usual = {"condition": "good", "receiver": "Almaty Auto", "pin": receipt_pin(pass_.trip)}
    receipt = confirm_receipt(**{"pass_": pass_, "at": at, "by": CONSIGNEE, **usual, **fields})
    trip.refresh_from_db()
    return receipt


def not_taken(trip: Trip, at: datetime, **fields: Any) -> DeliveryRefusal:
    pass_ = latest_pass(trip)
    usual = {"reason": "damaged", "refused_by": "Almaty Auto", "pin": receipt_pin(pass_.trip)}
    refusal = refuse_delivery(**{"pass_": pass_, "at": at, "by": CONSIGNEE, **usual, **fields})
    trip.refresh_from_db()
    return refusal


def take(*lines: RecordLine, at: datetime, source: str = FEED) -> list[RecordResult]:
    return take_records(lines=lines, source=source, at=at, by=source)


def statuses(results: list[RecordResult]) -> list[str]:
    return [result.status for result in results]
