"""Play a script: each moment by the real action, and reconciliation as the time goes by."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import groupby
from random import Random
from typing import Any
from uuid import UUID

from django.db import transaction

from clearance.actions.examinations import decide_examination
from clearance.actions.reconcile import Tally, reconcile_all_due
from clearance.actions.records import RecordLine, take_records
from clearance.actions.redate import lapse_passes, redate_closures
from clearance.actions.scans import Offline, ScanInput, record_scan
from clearance.actions.standard import lay_standard_data
from clearance.actions.withdrawals import withdraw_release
from clearance.models import (
    Answer,
    Crossing,
    Duty,
    ExaminationOutcome,
    Posting,
    RecordKind,
    Scan,
    Verdict,
)
from clearance.rules.checklist import ITEMS
from clearance.simulation.cast import vehicle_of
from clearance.simulation.script import CLOSES, OPENS, Leg, Man, Moment, Paper, Script
from ferry.actions.companies import register_company
from ferry.actions.declarations import register_declaration
from ferry.actions.drivers import register_driver
from ferry.actions.licences import register_licence
from ferry.actions.passes import issue_pass, receipt_pin, redate_pass
from ferry.actions.places import close_routes
from ferry.actions.receipts import confirm_receipt, refuse_delivery
from ferry.actions.trips import plan_trip
from ferry.actions.vehicles import register_vehicle
from ferry.models import (
    Company,
    Condition,
    Declaration,
    DeclarationStatus,
    Driver,
    Licence,
    Pass,
    Route,
    Trip,
    User,
    Vehicle,
)
from ferry.queries.issue import china_date

ROUTE = "HORGOS-NURZHOLY"
RECEIVER, STRANGER = "Almaty Auto, Aidar", "Shymkent Parts"
NOT_TAKEN = "wrong_vehicle"
#: What each company has to export on, and more than enough of it.
LICENCE_QUANTITY = 20_000
GENERAL_TRADE = "0110"
DELIVERY: dict[str, Any] = {
    "delivery_place": "Almaty, Severnoye Koltso 7",
    "consignee_name": "Almaty Auto LLP",
    "consignee_phone": "",
    "consignee_language": "ru",
}
DAY, MINUTE = timedelta(days=1), timedelta(minutes=1)
#: How far the clock goes between two looks of reconciliation: while trips go, and when only limits run.
STEP, LATER_STEP = timedelta(hours=6), timedelta(hours=24)
FAR = timedelta(days=2000)
BY, CONSIGNEE = "dispatcher simulation@ferryman.example", "consignee"
HELD = "Held for customs"
#: What an officer says of everything he looks at.
LOOKED_AT = dict.fromkeys(ITEMS, Answer.RIGHT.value)
SOURCES = {
    RecordKind.BORDER_EXIT.value: "Horgos border police",
    RecordKind.RETURN.value: "Horgos border police",
    RecordKind.KZ_ENTRY.value: "Nur Zholy register",
    RecordKind.DECLARATION_STATUS.value: "China customs",
}


@dataclass
class Stage:
    """Everybody and everything of a script, as the database knows it."""

    script: Script
    route: Route
    officer: User
    supervisor: User
    chance: Random
    companies: list[Company] = field(default_factory=list)
    licences: list[Licence] = field(default_factory=list)
    drivers: dict[int, Driver] = field(default_factory=dict)
    vehicles: dict[str, Vehicle] = field(default_factory=dict)
    papers: dict[int, Paper] = field(default_factory=dict)
    declarations: dict[int, Declaration] = field(default_factory=dict)
    legs: dict[int, Leg] = field(default_factory=dict)
    trips: dict[int, Trip] = field(default_factory=dict)
    passes: defaultdict[int, list[Pass]] = field(default_factory=lambda: defaultdict(list))


def play_script(
    script: Script,
    *,
    act: Callable[[Stage, list[Moment]], None] | None = None,
    until: datetime | None = None,
    tell: Callable[[datetime, Tally], None] = lambda *_: None,
) -> Stage:
    """Lay a script into the database up to a moment, its end if none is given; `tell` hears of every step.

    `act` does what happens in a step: by real actions one by one, if none is given. Each step is one
    transaction, so that one that is stopped in the middle leaves whole steps.
    """
    last = min(until or script.ends_at, script.ends_at)
    with transaction.atomic():
        stage = set_up(script)
    moments = iter(script.moments)
    waiting = next(moments, None)
    for at in _steps(script, last):
        with transaction.atomic():
            due = []
            while waiting is not None and waiting.at <= at:
                due.append(waiting)
                waiting = next(moments, None)
            (act or one_by_one)(stage, due)
            redate_closures(at=at)
            lapse_passes(at=at)
        tell(at, reconcile_all_due(at=at))
    return stage


def _steps(script: Script, last: datetime) -> Iterator[datetime]:
    at, busy_until = script.starts_at, script.starts_at + (script.ends_at - script.starts_at) / 2
    if script.legs:
        busy_until = max(leg.left_at for leg in script.legs) + 5 * DAY
    while at < last:
        at = min(at + (STEP if at < busy_until else LATER_STEP), last)
        yield at


# --- Who there is ------------------------------------------------------------------------------


def set_up(script: Script) -> Stage:
    """Register companies, each with an export licence, and post officers."""
    at = script.starts_at
    lay_standard_data(at=at, by="simulation")
    route = Route.objects.select_related("exit", "entry").get(code=ROUTE)
    officer, supervisor = (_posted(duty, route) for duty in (Duty.OFFICER, Duty.SUPERVISOR))
    stage = Stage(script, route, officer, supervisor, Random(script.seed))  # noqa: S311
    for number, uscc in enumerate(script.companies):
        name = f"Simulated Export {number + 1}"
        stage.companies.append(register_company(name=name, uscc=uscc, at=at, by=BY))
        stage.licences.append(_licence(stage, number, at))
    stage.legs = {leg.number: leg for leg in script.legs}
    stage.papers = {paper.number: paper for paper in script.papers}
    return stage


def _posted(duty: Duty, route: Route) -> User:
    email = f"{duty}@simulation.example"
    user = User.objects.filter(email=email).first() or User.objects.create_user(email, None, name="Simulated")
    for checkpoint in (route.exit, route.entry):
        Posting.objects.get_or_create(user=user, checkpoint=checkpoint, defaults={"duty": duty})
    return user


def _licence(stage: Stage, company: int, at: datetime) -> Licence:
    return register_licence(
        company=stage.companies[company],
        number=licence_number(stage.script.seed, company),
        expires_on=china_date(at + FAR),
        quantity=LICENCE_QUANTITY,
        at=at,
        by=BY,
    )


def licence_number(seed: int, company: int) -> str:
    return f"26SIM{seed}N{company}"


# --- What happens ------------------------------------------------------------------------------


def one_by_one(stage: Stage, moments: Sequence[Moment]) -> None:
    """Do everything in the order of time; lines told at one moment are one file of each source."""
    for (at, is_file), together in groupby(moments, key=lambda each: (each.at, each.act == "record")):
        if is_file:
            tell_lines(stage, list(together), at)
            continue
        for moment in together:
            ACTS[moment.act](stage, moment)


def tell_lines(stage: Stage, moments: list[Moment], at: datetime) -> None:
    files: defaultdict[str, list[RecordLine]] = defaultdict(list)
    for moment in moments:
        source = SOURCES[moment.data["kind"]]
        files[source].append(line_of(stage.papers, moment, len(files[source]) + 2))
    for source, lines in files.items():
        take_records(lines=lines, source=source, at=at, by=f"authority {source}")


def line_of(papers: dict[int, Paper], moment: Moment, number: int) -> RecordLine:
    """Write the line of a source's file."""
    data = moment.data
    of_declaration = data["kind"] == RecordKind.DECLARATION_STATUS.value
    return RecordLine(
        kind=data["kind"],
        occurred_at=data["occurred_at"],
        source_reference=data["reference"],
        vin=data.get("vin", ""),
        passport_number=data.get("passport", ""),
        declaration=papers[moment.about].code if of_declaration else "",
        status=data.get("status", ""),
        line=number,
    )


def _hire(stage: Stage, moment: Moment) -> None:
    man, at = stage.script.men[moment.about], moment.at
    company = stage.companies[man.company]
    stage.drivers[man.number] = register_driver(company=company, **papers_of(man, at), at=at, by=BY)


def papers_of(man: Man, at: datetime) -> dict[str, Any]:
    """Give what a company knows of a driver."""
    return {
        "name": man.name,
        "name_latin": man.latin,
        "passport_number": man.passport,
        "passport_expires_on": china_date(at + FAR),
        "nationality": man.nationality,
        "licence_class": man.licence,
        "licence_expires_on": china_date(at + FAR),
        "phone": "",
        "language": man.language,
    }


def _declare(stage: Stage, moment: Moment) -> None:
    paper = stage.papers[moment.about]
    company = stage.companies[paper.company]
    for vin in paper.vins:
        stage.vehicles[vin] = register_vehicle(
            company=company, vin=vin, **vehicle_of(vin), at=moment.at, by=BY
        )
    stage.declarations[paper.number] = register_declaration(
        company=company,
        number=paper.code,
        supervision_mode=GENERAL_TRADE,
        status=DeclarationStatus.ACCEPTED,
        vins=paper.vins,
        at=moment.at,
        by=BY,
    )


def _plan(stage: Stage, moment: Moment) -> None:
    leg = stage.legs[moment.about]
    stage.trips[leg.number] = plan_trip(
        company=stage.companies[leg.man.company],
        vehicle=stage.vehicles[leg.vin],
        driver=stage.drivers[leg.man.number],
        declaration=stage.declarations[leg.declaration],
        route=stage.route,
        **DELIVERY,
        opens_at=leg.exit_at + OPENS,
        closes_at=leg.exit_at + CLOSES,
        at=moment.at,
        by=BY,
    )


def issue(stage: Stage, moment: Moment) -> None:
    pass_, _is_new = issue_pass(trip=stage.trips[moment.about], at=moment.at, by=BY)
    stage.passes[moment.about].append(pass_)


def _redate(stage: Stage, moment: Moment) -> None:
    leg, trip = stage.legs[moment.about], stage.trips[moment.about]
    window = {"opens_at": leg.exit_at + OPENS, "closes_at": leg.exit_at + CLOSES + 30 * MINUTE}
    pass_ = redate_pass(trip=trip, **window, reason="slot moved", at=moment.at, by=BY)
    stage.passes[moment.about].append(pass_)


def _close(stage: Stage, moment: Moment) -> None:
    if stage.script.closure is not None:
        since, until = stage.script.closure
        close_routes(
            routes=[stage.route], starts_at=since, ends_at=until, reason="closed day", at=moment.at, by=BY
        )


def _scan(stage: Stage, moment: Moment) -> None:
    scan = scan_of(stage, moment)
    kept, _is_new = record_scan(scan=scan, at=moment.at, by=scanner(scan))
    let_go(stage, kept)


def scan_of(stage: Stage, moment: Moment) -> ScanInput:
    """Choose a lane, and read the code there."""
    data = moment.data
    return ScanInput(
        scan_id=UUID(int=stage.chance.getrandbits(128), version=4),
        code=stage.passes[moment.about][data.get("which", -1)].code,
        checkpoint=stage.route.exit if data["place"] == "exit" else stage.route.entry,
        lane=str(stage.chance.randrange(1, 6)),
        scanned_at=data.get("scanned_at"),
        offline=Offline(Verdict.RELEASE, data["list_age"]) if "list_age" in data else None,
    )


def scanner(scan: ScanInput) -> str:
    return f"device {scan.checkpoint.code}/simulation"


def let_go(stage: Stage, scan: Scan) -> None:
    """Find nothing where a vehicle was selected."""
    if scan.verdict != Verdict.EXAMINE or scan.offline_verdict:
        return
    decide_examination(
        scan=scan,
        outcome=ExaminationOutcome.RELEASED,
        checklist=LOOKED_AT,
        officer=stage.officer,
        at=scan.recorded_at,
        by=f"officer {scan.checkpoint.code}/simulation",
    )


def _detain(stage: Stage, moment: Moment) -> None:
    """Take the release at the entry back, and keep the vehicle."""
    scan = Scan.objects.get(pass_used__trip=stage.trips[moment.about], crossing=Crossing.ENTRY)
    at, by = moment.at, f"officer {stage.route.entry.code}/simulation"
    withdraw_release(scan=scan, reason=HELD, supervisor=stage.supervisor, at=at, by=by)
    decide_examination(
        scan=scan, outcome=ExaminationOutcome.DETAINED, note=HELD, officer=stage.officer, at=at, by=by
    )


def _receive(stage: Stage, moment: Moment) -> None:
    pass_ = _open_pass(stage, moment)
    confirm_receipt(pass_=pass_, pin=receipt_pin(pass_.trip), **word_of(moment), at=moment.at, by=CONSIGNEE)


def word_of(moment: Moment) -> dict[str, Any]:
    """Give the consignee's word."""
    data = moment.data
    return {
        "condition": Condition.DAMAGED if data["is_damaged"] else Condition.GOOD,
        "receiver": STRANGER if data["has_other_receiver"] else RECEIVER,
    }


def _refuse(stage: Stage, moment: Moment) -> None:
    pass_ = _open_pass(stage, moment)
    refuse_delivery(
        pass_=pass_,
        pin=receipt_pin(pass_.trip),
        reason=NOT_TAKEN,
        refused_by=RECEIVER,
        at=moment.at,
        by=CONSIGNEE,
    )


def _open_pass(stage: Stage, moment: Moment) -> Pass:
    """Give the pass whose page the consignee has, with its trip as it is now."""
    return Pass.objects.select_related("trip").get(pk=stage.passes[moment.about][-1].pk)


ACTS: dict[str, Callable[[Stage, Moment], Any]] = {
    "hire": _hire,
    "declare": _declare,
    "plan": _plan,
    "issue": issue,
    "redate": _redate,
    "close": _close,
    "scan": _scan,
    "detain": _detain,
    "receive": _receive,
    "refuse": _refuse,
}
