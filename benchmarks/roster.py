"""How long a proposal takes, and how long it takes to issue one whole consignment's codes."""

from __future__ import annotations

import uuid
from datetime import timedelta
from time import perf_counter

from django.db import transaction
from django.utils import timezone

from benchmarks.world import FAR, PER_DECLARATION
from ferry.actions.roster import plan_roster
from ferry.models import (
    Company,
    Declaration,
    DeclaredVehicle,
    Driver,
    Licence,
    Passport,
    Person,
    Roster,
    Route,
    Stay,
    Vehicle,
)
from ferry.queries.roster import Pair, Window, declarations_of, propose
from ferry.rules.vin import vin_check_digit
from ferry.tasks import work_rosters

PROPOSED, ISSUED = 200, 3061
#: Earlier days in Kazakhstan, which the rule for stays must count.
STAYS = 30


def measure() -> None:
    company = Company.objects.create(name="Measured", uscc="91350100M000100Y43")
    window = _window()
    _lay(company, range(PROPOSED))
    propose(company, window, at=timezone.now())  # SciPy is loaded once a process.
    start = perf_counter()
    proposal = propose(company, window, at=timezone.now())
    took = perf_counter() - start
    if proposal.pairs != PROPOSED:
        raise SystemExit(f"Of {PROPOSED} pairs {proposal.pairs} were proposed: {proposal.vehicles_out[:1]}")
    print(f"{PROPOSED} vehicles x {PROPOSED} drivers proposed in  {took:>6.2f} s")
    _lay(company, range(PROPOSED, ISSUED))
    took, lines = _issue(company, window)
    print(
        f"{lines:,} codes issued as one roster in      {took:>6.1f} s on SQLite, {lines / took:.0f} a second"
    )


def _window() -> Window:
    opens_at = timezone.now().replace(microsecond=0) + timedelta(hours=1)
    route = Route.objects.select_related("exit", "entry").get(code="HORGOS-NURZHOLY")
    return Window(route, opens_at, opens_at + timedelta(hours=12))


def _issue(company: Company, window: Window) -> tuple[float, int]:
    vehicles = list(Vehicle.objects.order_by("pk"))
    declarations = declarations_of(company, vehicles)
    pairs = [
        Pair(vehicle, driver, declarations[vehicle.vin])
        for vehicle, driver in zip(vehicles, Driver.objects.order_by("pk"), strict=True)
    ]
    start = perf_counter()
    roster, _made = plan_roster(
        company=company,
        key=uuid.uuid4(),
        window=window,
        pairs=pairs,
        delivery_place="Park 3",
        consignee_name="Almaty Auto",
        consignee_phone="",
        consignee_language="ru",
        language="en",
        at=timezone.now(),
        by="dispatcher",
    )
    while not Roster.objects.get(pk=roster.pk).finished_at:
        work_rosters()
    took = perf_counter() - start
    done = roster.lines.filter(state="done").count()
    if done != len(pairs):
        raise SystemExit(f"Of {len(pairs)} lines {done} were done: {roster.lines.exclude(reasons=[])[:1]}")
    return took, done


@transaction.atomic
def _lay(company: Company, numbers: range) -> None:
    at = timezone.now()
    persons = Person.objects.bulk_create(Person(created_at=at) for _number in numbers)
    Passport.objects.bulk_create(
        Passport(number=f"E{number:08}", nationality="CN", person=person)
        for number, person in zip(numbers, persons, strict=True)
    )
    today = at.date()
    Stay.objects.bulk_create(
        Stay(
            person=person,
            entered_on=today - timedelta(days=5 * back),
            left_on=today - timedelta(days=5 * back),
        )
        for person in persons
        for back in range(1, STAYS + 1)
    )
    Driver.objects.bulk_create(
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
    vins = [_vin(number) for number in numbers]
    Vehicle.objects.bulk_create(
        Vehicle(company=company, vin=vin, make="BYD", model="Song", powertrain="bev", hs_code="8703801090")
        for vin in vins
    )
    declarations = Declaration.objects.bulk_create(
        Declaration(
            company=company,
            number=f"9407{today.year}0{number:09}",
            supervision_mode="0110",
            status="released",
            status_at=at,
            quantity=PER_DECLARATION,
        )
        for number in numbers[::PER_DECLARATION]
    )
    DeclaredVehicle.objects.bulk_create(
        DeclaredVehicle(declaration=declarations[index // PER_DECLARATION], vin=vin)
        for index, vin in enumerate(vins)
    )
    Licence.objects.create(
        company=company, number=f"26AB{numbers[0]:06}", expires_on=FAR, quantity=len(numbers)
    )


def _vin(number: int) -> str:
    head, tail = "LGXCE4CB", f"S{number:07}"
    return head + vin_check_digit(f"{head}0{tail}") + tail
