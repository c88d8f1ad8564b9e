"""What happened in the last three weeks, told as stories that run side by side in the order of time.

A story gives the moment it waits for and goes on when that has come; one that waits for a moment after now
has not happened yet, so its trip is simply where it has got to.
"""

from __future__ import annotations

from collections.abc import Generator, Iterable, Iterator
from contextlib import suppress
from datetime import datetime, time, timedelta
from heapq import heappop, heappush
from typing import TYPE_CHECKING, TypeVar

from clearance.actions.examinations import decide_examination
from clearance.demo.cast import CONSIGNEES
from clearance.demo.sign_ins import owner
from clearance.demo.world import HOUR, Leg, World, case_of
from clearance.models import Answer, ExaminationOutcome, RecordKind, SelectionRule
from clearance.rules.checklist import ITEMS
from ferry.actions.case_work import assign_case, comment_case
from ferry.actions.cases import resolve_case, write_off_case
from ferry.actions.enquiries import write_enquiry
from ferry.actions.passes import issue_pass, swap_driver
from ferry.actions.trips import cancel_trip, lapse_trip
from ferry.models import CaseKind, DeclarationStatus, Party, Pass
from ferry.queries.issue import CHINA, china_date
from ferry.rules.cases import CONSIGNEE, DELIVERED

if TYPE_CHECKING:
    from clearance.demo.companies import Keeper
    from ferry.models import Case, Declaration, Driver

T = TypeVar("T")
Story = Generator[datetime, datetime, T]

DAY, MINUTE = timedelta(days=1), timedelta(minutes=1)
#: After the window, for scans made offline that are still to come.
LAPSES_AFTER = 25 * HOUR


def play(stories: Iterable[Story[object]], *, until: datetime) -> None:
    waiting: list[tuple[datetime, int, Story[object]]] = []
    for number, story in enumerate(stories):
        heappush(waiting, (next(story), number, story))
    while waiting[0][0] <= until:
        at, number, story = heappop(waiting)
        with suppress(StopIteration):
            heappush(waiting, (story.send(at), number, story))


# --- What happens on a trip --------------------------------------------------------------------


def prepare(world: World, leg: Leg) -> Story[Pass]:
    """Plan the trip the day before and issue its code in the morning."""
    at = yield leg.exit_at - 20 * HOUR
    trip = world.plan(leg, at=at)
    at = yield leg.exit_at - 5 * HOUR
    return issue_pass(trip=trip, at=at, by=leg.keeper.by)[0]


def leave(world: World, leg: Leg, pass_: Pass, *, shown: Driver | None = None) -> Story[None]:
    """Pass the gate and the border police, who may see another driver's passport."""
    at = yield leg.exit_at
    world.scan(pass_.code, world.exit_device, at=at)
    at = yield leg.exit_at + 40 * MINUTE
    passport = (shown or pass_.driver).passport_number
    world.record(
        RecordKind.BORDER_EXIT,
        occurred_at=leg.exit_at + 12 * MINUTE,
        at=at,
        vin=pass_.vin,
        passport_number=passport,
    )


def enter(world: World, leg: Leg, pass_: Pass, *, seen_vin: str = "") -> Story[None]:
    """Be scanned at Nur Zholy; its register follows, perhaps with a VIN misread."""
    at = yield leg.exit_at + 70 * MINUTE
    world.scan(pass_.code, world.entry_device, at=at)
    at = yield leg.exit_at + 2 * HOUR
    world.record(
        RecordKind.KZ_ENTRY,
        occurred_at=leg.exit_at + 75 * MINUTE,
        at=at,
        vin=seen_vin or pass_.vin,
        passport_number=pass_.driver.passport_number,
    )


def receive(
    world: World, leg: Leg, pass_: Pass, *, after: timedelta = 7 * HOUR, receiver: str = "", damage: str = ""
) -> Story[None]:
    at = yield leg.exit_at + after
    world.receive(pass_, receiver or leg.consignee.receiver, damage=damage, at=at)


def go_home(
    world: World, leg: Leg, pass_: Pass, *, after: timedelta = 14 * HOUR, vin: str = ""
) -> Story[None]:
    """Come back by coach, or with the vehicle if its `vin` is given."""
    at = yield leg.exit_at + after + HOUR
    world.record(
        RecordKind.RETURN,
        occurred_at=leg.exit_at + after,
        at=at,
        vin=vin,
        passport_number=pass_.driver.passport_number,
    )


# --- Trips, from the plain one to those that went wrong ----------------------------------------


def plain(world: World, leg: Leg) -> Story[Pass]:
    """Go as it should."""
    pass_ = yield from prepare(world, leg)
    yield from leave(world, leg, pass_)
    yield from enter(world, leg, pass_)
    yield from receive(world, leg, pass_)
    yield from go_home(world, leg, pass_)
    return pass_


def received_late(world: World, leg: Leg) -> Story[None]:
    pass_ = yield from prepare(world, leg)
    yield from leave(world, leg, pass_)
    yield from enter(world, leg, pass_)
    yield from go_home(world, leg, pass_)
    yield from receive(world, leg, pass_, after=30 * HOUR)


def damaged(world: World, leg: Leg, damage: str, repaired: str = "") -> Story[None]:
    pass_ = yield from prepare(world, leg)
    yield from leave(world, leg, pass_)
    yield from enter(world, leg, pass_)
    yield from receive(world, leg, pass_, damage=damage)
    yield from go_home(world, leg, pass_)
    if repaired:
        yield from resolve(leg, pass_, CaseKind.DAMAGE, "damage_settled", repaired, after=3 * DAY)


def never_confirmed(world: World, leg: Leg) -> Story[Pass]:
    """Arrive and hear nothing of the consignee."""
    pass_ = yield from prepare(world, leg)
    yield from leave(world, leg, pass_)
    yield from enter(world, leg, pass_)
    yield from go_home(world, leg, pass_)
    return pass_


def asked_about(world: World, leg: Leg) -> Story[None]:
    """Arrive and hear nothing of the consignee: the company asks around, then customs by letter."""
    pass_ = yield from never_confirmed(world, leg)
    at = yield leg.exit_at + 3 * DAY
    case = case_of(pass_.trip, CaseKind.EXIT_NO_DELIVERY)
    boss = owner(leg.keeper.data, leg.keeper.company)
    assign_case(case=case, to=boss, party=Party.COMPANY, at=at, by=leg.keeper.by)
    at = yield at + 2 * HOUR
    _say_of(case, "司机说车已停在收货方停车场，钥匙交给了门卫。", leg, is_internal=True, at=at)
    at = yield at + HOUR
    by = world.by_supervisor
    assign_case(case=case, to=world.supervisor, party=Party.CUSTOMS, at=at, by=by)
    at = yield at + HOUR
    asked = {"to": CONSIGNEE, "email": "", "sender": "霍尔果斯海关"}
    write_enquiry(case=case, **asked, party=Party.CUSTOMS, at=at, by=by)
    at = yield at + HOUR
    _say_of(case, "已打电话给收货方，答应今天确认收车。", leg, at=at)


def questioned(world: World, leg: Leg, shown: Driver) -> Story[None]:
    """Be driven across by another driver than the one with the code, and be asked why."""
    pass_ = yield from other_driver(world, leg, shown)
    at = yield leg.exit_at + 2 * DAY
    case, by = case_of(pass_.trip, CaseKind.DRIVER_MISMATCH), world.by_supervisor
    assign_case(case=case, to=world.supervisor, party=Party.CUSTOMS, at=at, by=by)
    at = yield at + 10 * MINUTE
    text = "边检记录的护照不是通行证上的驾驶员。请说明谁开的车，并上传情况说明。"
    comment_case(case=case, text=text, is_internal=False, party=Party.CUSTOMS, at=at, by=by)
    at = yield at + 3 * HOUR
    _say_of(case, "原驾驶员当天发烧，临时换人，没来得及换码。说明正在补。", leg, at=at)


def _say_of(case: Case, text: str, leg: Leg, *, is_internal: bool = False, at: datetime) -> None:
    comment_case(case=case, text=text, is_internal=is_internal, party=Party.COMPANY, at=at, by=leg.keeper.by)


def confirmed_by_phone(world: World, leg: Leg) -> Story[None]:
    pass_ = yield from never_confirmed(world, leg)
    note = "收货人电话确认已收车，PIN 短信未收到。"
    yield from resolve(leg, pass_, CaseKind.EXIT_NO_DELIVERY, DELIVERED, note, after=3 * DAY)


def lost(world: World, leg: Leg) -> Story[None]:
    """Arrive, burn out on the road to Almaty, and be written off by the supervisor."""
    pass_ = yield from never_confirmed(world, leg)
    at = yield leg.exit_at + 9 * DAY
    write_off_case(
        case=case_of(pass_.trip, CaseKind.EXIT_NO_DELIVERY),
        note="Burnt out near Shelek; police report 24-1187 of Enbekshikazakh district.",
        at=at,
        by=f"Supervisor {world.supervisor.email}",
    )


def resolve(
    leg: Leg, pass_: Pass, kind: CaseKind, resolution: str, note: str, *, after: timedelta
) -> Story[None]:
    at = yield leg.exit_at + after
    case = case_of(pass_.trip, kind)
    resolve_case(case=case, resolution=resolution, note=note, at=at, by=leg.keeper.by)


def misread(world: World, leg: Leg) -> Story[None]:
    """Have the VIN misread by one character in the Kazakh register, and cleared up."""
    pass_ = yield from prepare(world, leg)
    seen_vin = pass_.vin[:-1] + ("8" if pass_.vin[-1] != "8" else "3")
    yield from leave(world, leg, pass_)
    yield from enter(world, leg, pass_, seen_vin=seen_vin)
    yield from receive(world, leg, pass_)
    yield from go_home(world, leg, pass_)
    note = "Typing slip in the register; photo of the VIN plate compared."
    yield from resolve(leg, pass_, CaseKind.VIN_MISMATCH, "record_corrected", note, after=2 * DAY)


def other_driver(world: World, leg: Leg, shown: Driver) -> Story[Pass]:
    """Be driven across by another driver than the one with the code."""
    pass_ = yield from prepare(world, leg)
    yield from leave(world, leg, pass_, shown=shown)
    yield from enter(world, leg, pass_)
    yield from receive(world, leg, pass_)
    yield from go_home(world, leg, pass_)
    return pass_


def swapped(world: World, leg: Leg, instead: Driver) -> Story[None]:
    """Give the trip another driver; the first one comes with the old sheet all the same."""
    old = yield from prepare(world, leg)
    at = yield leg.exit_at - 3 * HOUR
    pass_ = swap_driver(trip=old.trip, driver=instead, at=at, by=leg.keeper.by)
    at = yield leg.exit_at - 20 * MINUTE
    world.scan(old.code, world.exit_device, at=at)
    yield from leave(world, leg, pass_)
    yield from enter(world, leg, pass_)
    yield from receive(world, leg, pass_)
    yield from go_home(world, leg, pass_)


def examined(world: World, leg: Leg) -> Story[None]:
    """Be selected by a rule, looked into, and released."""
    pass_ = yield from prepare(world, leg)
    at = yield leg.exit_at - HOUR
    rule = SelectionRule.objects.create(
        company=leg.keeper.company, reason="Spare parts in the boot, see notice 12"
    )
    at = yield leg.exit_at
    scan = world.scan(pass_.code, world.exit_device, at=at)
    at = yield leg.exit_at + 35 * MINUTE
    decide_examination(
        scan=scan,
        outcome=ExaminationOutcome.RELEASED,
        checklist=dict.fromkeys(ITEMS, Answer.RIGHT.value),
        note="Boot and seats opened, nothing undeclared.",
        officer=world.officer,
        at=at,
        by=f"officer {scan.checkpoint.code}/{scan.lane}",
    )
    SelectionRule.objects.filter(pk=rule.pk).update(is_active=False)
    yield from enter(world, leg, pass_)
    yield from receive(world, leg, pass_)
    yield from go_home(world, leg, pass_)


def turned_back(world: World, leg: Leg) -> Story[None]:
    """Be sent back from Nur Zholy for want of a paper."""
    pass_ = yield from prepare(world, leg)
    yield from leave(world, leg, pass_)
    yield from go_home(world, leg, pass_, after=9 * HOUR, vin=pass_.vin)


def never_used(world: World, leg: Leg) -> Story[Pass]:
    pass_ = yield from prepare(world, leg)
    at = yield leg.closes_at + LAPSES_AFTER
    lapse_trip(trip=pass_.trip, at=at, by="reconciliation")
    return pass_


def late_start(world: World, leg: Leg, next_leg: Leg) -> Story[None]:
    """Let the code lapse, say why, and go another day."""
    pass_ = yield from never_used(world, leg)
    yield from resolve(
        leg, pass_, CaseKind.NEVER_USED, "explained", "12V 电瓶没电，改天出境。", after=2 * DAY
    )
    yield from plain(world, next_leg)


def called_off(world: World, leg: Leg) -> Story[None]:
    pass_ = yield from prepare(world, leg)
    at = yield leg.exit_at - 3 * HOUR
    cancel_trip(trip=pass_.trip, reason="客户推迟提车", at=at, by=leg.keeper.by)


def too_early(world: World, leg: Leg) -> Story[None]:
    """Come to the gate before the window opens, and again in time."""
    pass_ = yield from prepare(world, leg)
    at = yield leg.opens_at - 30 * MINUTE
    world.scan(pass_.code, world.exit_device, at=at)
    yield from leave(world, leg, pass_)
    yield from enter(world, leg, pass_)
    yield from receive(world, leg, pass_, after=14 * HOUR)


def no_link(world: World, leg: Leg) -> Story[None]:
    """Be received while the Kazakh side's lane and register are still silent."""
    pass_ = yield from prepare(world, leg)
    yield from leave(world, leg, pass_)
    yield from receive(world, leg, pass_)
    yield from go_home(world, leg, pass_)


def stopped(world: World, leg: Leg) -> Story[None]:
    """Be refused at the gate because the declaration was amended after the code was issued."""
    pass_ = yield from prepare(world, leg)
    at = yield leg.exit_at - 2 * HOUR
    declaration = leg.keeper.declared[leg.vehicle.pk]
    _say(world, declaration, DeclarationStatus.AMENDED, at)
    at = yield leg.exit_at
    world.scan(pass_.code, world.exit_device, at=at)


def planned(world: World, leg: Leg) -> Story[None]:
    at = yield leg.exit_at - 20 * HOUR
    world.plan(leg, at=at)


# --- What goes on beside the trips -------------------------------------------------------------


def customs(
    world: World, declaration: Declaration, released_at: datetime, closed_at: datetime | None
) -> Story[None]:
    at = yield released_at
    _say(world, declaration, DeclarationStatus.RELEASED, at)
    if closed_at is not None:
        at = yield closed_at
        _say(world, declaration, DeclarationStatus.CLOSED, at)


def _say(world: World, declaration: Declaration, status: str, at: datetime) -> None:
    world.record(
        RecordKind.DECLARATION_STATUS, occurred_at=at, at=at, declaration=declaration.number, status=status
    )


def odd_codes(world: World, at: datetime) -> Story[None]:
    """Read at the gate what is no code of ours, and hear of a driver nobody knows."""
    at = yield at
    world.scan("WWW.HORGOS-TAXI.EXAMPLE", world.exit_device, at=at)
    at = yield at + HOUR
    world.record(
        RecordKind.BORDER_EXIT,
        occurred_at=at - HOUR,
        at=at,
        vin="LGWEF4A57RH990113",
        passport_number="E90001177",
    )


def reconciliation(world: World, keepers: list[Keeper], since: datetime) -> Story[None]:
    at = since
    while True:
        at = yield at + 3 * HOUR
        world.reconcile(keepers, at=at)


# --- All of it ---------------------------------------------------------------------------------


def all_stories(
    world: World, silk: Keeper, relay: Keeper, *, since: datetime, now: datetime
) -> Iterator[Story[object]]:
    """Tell everything. A vehicle's and a driver's number is its place in the company's data."""

    def on(days_ago: int, hour: float) -> datetime:
        day = china_date(now) - days_ago * DAY
        return datetime.combine(day, time(), CHINA) + hour * HOUR + world.chance.randrange(50) * MINUTE

    def leg(keeper: Keeper, vehicle: int, driver: int, exit_at: datetime) -> Leg:
        consignee = CONSIGNEES[(vehicle // 2 + driver) % len(CONSIGNEES)]
        return Leg(keeper, keeper.vehicles[vehicle], keeper.drivers[driver], consignee, exit_at)

    for keeper, data in ((silk, silk.data), (relay, relay.data)):
        for declaration, line in zip(keeper.declarations, data.declarations, strict=True):
            if line.is_released:
                closed_at = on(line.closed, 16) if line.closed is not None else None
                yield customs(world, declaration, since + 2 * HOUR, closed_at)
    yield reconciliation(world, [silk, relay], since)
    yield odd_codes(world, on(4, 11))

    # Silk Bridge's first declaration: all out, and customs do not close it.
    yield plain(world, leg(silk, 0, 0, on(21, 9)))
    yield plain(world, leg(silk, 1, 1, on(21, 14)))
    yield plain(world, leg(silk, 2, 2, on(20, 10)))
    yield damaged(
        world, leg(silk, 3, 5, on(20, 15)), "Царапина на задней двери, 12 см", "已赔付喷漆费 300 元。"
    )
    # Its second: closed and refund-ready.
    yield received_late(world, leg(silk, 4, 8, on(17, 9)))
    yield swapped(world, leg(silk, 5, 6, on(16, 13)), silk.drivers[7])
    yield late_start(world, leg(silk, 6, 0, on(17, 8)), leg(silk, 6, 0, on(13, 10)))
    yield confirmed_by_phone(world, leg(silk, 7, 1, on(15, 11)))
    yield plain(world, leg(silk, 8, 4, on(14, 9)))
    yield plain(world, leg(silk, 9, 3, on(12, 10)))
    # Its third is on its way.
    yield questioned(world, leg(silk, 10, 9, on(8, 9)), silk.drivers[10])
    yield asked_about(world, leg(silk, 11, 2, on(4, 13)))
    yield damaged(world, leg(silk, 12, 6, on(3, 10)), "Скол на лобовом стекле, нет второго ключа")
    yield no_link(world, leg(silk, 13, 7, now - 11 * HOUR))
    yield too_early(world, leg(silk, 14, 0, now - 5 * HOUR))
    yield plain(world, leg(silk, 15, 5, now - 50 * MINUTE))
    yield plain(world, leg(silk, 16, 1, now + 90 * MINUTE))
    yield planned(world, leg(silk, 17, 3, now + 18 * HOUR))
    # Its fourth waits for customs; the cars of its fifth wait in the yard, and one trip was called off.
    yield called_off(world, leg(silk, 27, 8, on(5, 12)))

    # Tianshan Relay's first declaration: closed and refund-ready.
    yield examined(world, leg(relay, 0, 0, on(19, 10)))
    yield plain(world, leg(relay, 1, 1, on(18, 9)))
    yield misread(world, leg(relay, 2, 3, on(17, 15)))
    yield lost(world, leg(relay, 3, 5, on(16, 11)))
    yield plain(world, leg(relay, 4, 2, on(11, 14)))
    # Its second is on its way.
    yield plain(world, leg(relay, 5, 4, on(7, 12)))
    yield turned_back(world, leg(relay, 6, 6, on(4, 9)))
    yield never_used(world, leg(relay, 7, 7, on(3, 9)))
    yield plain(world, leg(relay, 8, 0, now - 7 * HOUR + 25 * MINUTE))
    # Its third was amended after a code was out.
    yield stopped(world, leg(relay, 9, 8, now - 3 * HOUR))
    yield planned(world, leg(relay, 10, 1, now + 15 * HOUR))
