"""Make the demonstration, or find it."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from random import Random

from django.db import transaction

from clearance.actions.standard import lay_standard_data
from clearance.demo.cast import ENTRY, EXIT, OFFICER, ROUTE, SILK_BRIDGE, SUPERVISOR, TIANSHAN
from clearance.demo.companies import set_up
from clearance.demo.devices import enrol_devices
from clearance.demo.sign_ins import SignIns, key, officer, sign_ins
from clearance.demo.stories import all_stories, play
from clearance.demo.traffic import drive
from clearance.demo.world import World
from ferry.actions.stays import enter, leave
from ferry.models import ApiKey, Checkpoint, Company, Driver, KeyKind, Route
from ferry.queries.issue import CHINA, china_date

SEED = 20241015
BEGAN = timedelta(days=23)


def make_demonstration(*, at: datetime) -> SignIns:
    """Make it whole or not at all; once it is there, only its sign-ins are looked after."""
    with transaction.atomic():
        if not Company.objects.filter(uscc=SILK_BRIDGE.uscc).exists():
            _make(at)
        return sign_ins(at=at)


def _make(at: datetime) -> None:
    now = at.replace(second=0, microsecond=0)
    since = datetime.combine(china_date(now) - BEGAN, time(9), CHINA)
    lay_standard_data(at=since, by="demo")
    chance = Random(SEED)  # noqa: S311
    world = World(
        route=Route.objects.select_related("exit", "entry").get(code=ROUTE),
        exit_device=_device(EXIT, since),
        entry_device=_device(ENTRY, since),
        officer=officer(*OFFICER),
        supervisor=officer(*SUPERVISOR),
        chance=chance,
    )
    world.open_sources(at=since)
    keepers = [set_up(data, chance=chance, at=since) for data in (SILK_BRIDGE, TIANSHAN)]
    _drive_for_others(keepers[0].drivers[10], since)
    enrol_devices(since=since, now=now)
    play(all_stories(world, *keepers, since=since, now=now), until=now)
    world.reconcile([*keepers, drive(world, since=since, now=now)], at=now)


def _drive_for_others(driver: Driver, until: datetime) -> None:
    """Let a driver have few of his 90 days left: 26 journeys of three days each before the world begins."""
    for journey in range(1, 27):
        entered_on = china_date(until - journey * timedelta(days=5))
        enter(person=driver.person, on=entered_on)
        leave(person=driver.person, on=entered_on + timedelta(days=2))


def _device(code: str, at: datetime) -> ApiKey:
    return key(KeyKind.DEVICE, checkpoint=Checkpoint.objects.get(code=code), at=at)[0]
