"""Traffic of the last day at the gate, so that the lanes are seen at work; by the real actions."""

from __future__ import annotations

from datetime import timedelta
from random import Random
from typing import TYPE_CHECKING
from uuid import UUID

from clearance.actions.rules import draft_rule, end_rule, switch_on_rule
from clearance.actions.scans import Offline, ScanInput, record_scan
from clearance.demo.cast import CONSIGNEES, TRAFFIC
from clearance.demo.companies import set_up
from clearance.demo.world import HOUR, Leg
from clearance.models import Verdict
from ferry.actions.declarations import set_declaration_status
from ferry.actions.passes import issue_pass
from ferry.models import DeclarationStatus

if TYPE_CHECKING:
    from datetime import datetime

    from clearance.demo.companies import Keeper
    from clearance.demo.world import World
    from clearance.models import SelectionRule
    from ferry.models import ApiKey, Pass

MINUTE = timedelta(minutes=1)
#: A lane that was without a link, and how many minutes ago it sent what it had scanned.
OFFLINE_LANE, UPLOADED = "3", 1
BY = "supervisor 古丽娜"
#: The lane, and how many minutes ago, of each vehicle in the order of the company's data.
SCANS = (
    *(("1", ago) for ago in (1500, 1102, 871, 611, 300)),
    *(("1", ago) for ago in (52, 51.4, 50.6, 31, 30.3, 29.5, 4, 3.2)),
    *(("2", ago) for ago in (47, 46.2, 45.1, 18, 17.3, 2.5)),
    *((OFFLINE_LANE, ago) for ago in (38, 37.2, 36.1)),
)


def drive(world: World, *, since: datetime, now: datetime) -> Keeper:
    """Let a company send its vehicles through the lanes; two plants are selected and wait."""
    chance = Random(TRAFFIC.uscc)  # noqa: S311
    keeper = set_up(TRAFFIC, chance=chance, at=since)
    for declaration in keeper.declarations:
        set_declaration_status(
            declaration=declaration,
            status=DeclarationStatus.RELEASED,
            occurred_at=since,
            at=since,
            by=keeper.by,
        )
    rule = _rule(world, at=now - 60 * MINUTE)
    for place, (lane, ago) in enumerate(SCANS):
        pass_, exit_at = _issued(world, keeper, place, now - ago * MINUTE)
        if ago > 2 * 60:
            _scan(world.exit_device, chance, pass_, lane, at=exit_at)
            _scan(world.entry_device, chance, pass_, lane, at=exit_at + 70 * MINUTE)
        elif lane == OFFLINE_LANE:
            _scan(world.exit_device, chance, pass_, lane, at=now - UPLOADED * MINUTE, scanned_at=exit_at)
        else:
            _scan(world.exit_device, chance, pass_, lane, at=exit_at)
    end_rule(rule=rule, at=now, by=BY)
    return keeper


def _rule(world: World, *, at: datetime) -> SelectionRule:
    place = world.exit_device.checkpoint
    assert place is not None  # noqa: S101  (a device's key has one)
    rule = draft_rule(
        checkpoint=place, share=1, powertrain="plant", reason="Plant: check the serial plate", at=at, by=BY
    )
    switch_on_rule(rule=rule, foreseen=2, at=at, by=BY)
    return rule


def _issued(world: World, keeper: Keeper, place: int, exit_at: datetime) -> tuple[Pass, datetime]:
    consignee = CONSIGNEES[place % len(CONSIGNEES)]
    leg = Leg(keeper, keeper.vehicles[place], keeper.drivers[place], consignee, exit_at)
    trip = world.plan(leg, at=exit_at - 20 * HOUR)
    return issue_pass(trip=trip, at=exit_at - 5 * HOUR, by=keeper.by)[0], exit_at


def _scan(
    device: ApiKey,
    chance: Random,
    pass_: Pass,
    lane: str,
    *,
    at: datetime,
    scanned_at: datetime | None = None,
) -> None:
    checkpoint = device.checkpoint
    assert checkpoint is not None  # noqa: S101  (a device's key has one)
    scan = ScanInput(
        scan_id=UUID(int=chance.getrandbits(128), version=4),
        code=pass_.code,
        checkpoint=checkpoint,
        lane=lane,
        scanned_at=scanned_at,
        offline=Offline(Verdict.RELEASE, 20 * MINUTE) if scanned_at else None,
    )
    record_scan(scan=scan, device=device, at=at, by=f"device {checkpoint.code}/{device.label}")
