"""Play a script against a running server, from outside: through its interface and pages, by the wall clock.

The server's clock is real: a simulated day is compressed, its limits are not. See docs/reconciliation.md.
"""

from __future__ import annotations

import json
import re
import uuid
from bisect import bisect_right
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from itertools import groupby
from operator import itemgetter
from random import Random
from typing import Any, Protocol
from urllib.parse import quote, urlsplit

from clearance.gate.server import HERE, Answer, NoAnswer, Refused, Server
from clearance.models import ExaminationOutcome, RecordKind, Verdict
from clearance.simulation.cast import vehicle_of
from clearance.simulation.faults import Truth
from clearance.simulation.pages import Browser
from clearance.simulation.play import (
    DELIVERY,
    GENERAL_TRADE,
    HELD,
    LICENCE_QUANTITY,
    LOOKED_AT,
    NOT_TAKEN,
    RECEIVER,
    ROUTE,
    STRANGER,
    licence_number,
)
from clearance.simulation.script import CLOSES, Leg, Man, Moment, Paper, Script
from ferry.models import CaseKind, Country, DeclarationStatus, TripState
from ferry.queries.issue import CHINA

#: Kinds that wait for a limit, which runs by the server's own clock. All others are found by comparing.
LATER = frozenset(
    {
        CaseKind.EXIT_NO_DELIVERY.value,
        CaseKind.DELIVERY_NO_EXIT.value,
        CaseKind.DECLARATION_NOT_CLOSED.value,
        CaseKind.QUANTITY_DIFFERS.value,
        CaseKind.OVERSTAY.value,
        CaseKind.IMPOSSIBLE_ORDER.value,
        CaseKind.NEVER_USED.value,
    }
)
#: A window has hours to spare, so nobody leaves after it; and nobody waits for who comes after a month.
NEVER_LIVE = frozenset({"left_late", "stayed_on"})
#: They need an hour of the script to be longer than a server's answer, as it is up to this speed.
NEED_SHARP_TIMES, SHARP = frozenset({"old_sheet_copied", "on_old_sheet"}), 3000
#: They need a supervisor who takes a release back and an officer who keeps the vehicle.
NEED_CUSTOMS = frozenset({"detained"})
#: Clocks may differ by five minutes, so a driver's trips are further apart than that.
REST = timedelta(minutes=6)
#: A window is compressed too: it opens when the code is issued, or pages would call the trip overdue before,
#: and has hours to spare at its end, or a slow server would miss it and the company be warned of it.
OPENS, SPARE = timedelta(hours=-5), timedelta(hours=4)
#: When papers end.
FAR = "2035-01-01"
#: How long it waits for a server that does not answer: longer each time, up to the last.
PATIENCE_S = (1, 2, 4, 8, 15)
CLOSED = {"reason": "休假日 · Праздник · Holiday", "holiday_in": Country.KAZAKHSTAN.value}
#: Told by a server that has taken the same before, when the answer was lost.
TAKEN_BEFORE = frozenset({"already_registered", "already_confirmed"})
RELEASED, DETAINED = ExaminationOutcome.RELEASED.value, ExaminationOutcome.DETAINED.value
DRAFT = re.compile(r'name="draft" value="([^"]+)"')
#: Acts that are about no trip and no declaration.
NOBODYS = frozenset({"hire", "close"})
BEFORE_EXIT = frozenset({TripState.PLANNED.value, TripState.READY.value, TripState.LAPSED.value})


class Door(Protocol):
    def call(self, method: str, path: str, body: Any = None) -> Answer: ...


class Pages(Protocol):
    def send(self, path: str, form: Mapping[str, str]) -> str: ...


@dataclass(frozen=True)
class Doors:
    """The server as each of those who call it: companies by their keys, two gates, an authority, anybody.

    Pages are a consignee's phone, and those of an officer and a supervisor, if they play along.
    """

    companies: Sequence[Door]
    exit: Door
    entry: Door
    authority: Door
    anybody: Door
    phone: Pages
    officer: Pages | None = None
    supervisor: Pages | None = None

    def closed(self, speed: float) -> frozenset[str]:
        """Give the faults that cannot be played through them at that speed."""
        has_customs = self.officer is not None and self.supervisor is not None
        return (
            NEVER_LIVE
            | (frozenset() if speed <= SHARP else NEED_SHARP_TIMES)
            | (frozenset() if has_customs else NEED_CUSTOMS)
        )


def open_doors(url: str, keys: str, *, by_hand: bool = False) -> Doors:
    """Open the doors of a server by what its `manage.py demo --json` printed; ValueError says why not.

    What is examined `by_hand` waits for an officer in the lane. Who cannot sign in by a password alone plays
    no part.
    """
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise ValueError(f"{url} is no address of a server.")
    if parts.scheme != "https" and parts.hostname not in HERE:
        raise ValueError("The keys would travel unencrypted. Use https.")
    said = json.loads(keys)
    try:
        names = ("company", "other_company", "exit_device", "entry_device", "authority")
        one, other, exit_, entry, authority = (Server(url, said[name]["token"]) for name in names)
    except (KeyError, TypeError) as error:
        raise ValueError(f"There is no key {error} in it.") from error
    officer = None if by_hand else _sign_in(url, said, "officer")
    supervisor = _sign_in(url, said, "supervisor")
    return Doors((one, other), exit_, entry, authority, Server(url), Browser(url), officer, supervisor)


def _sign_in(url: str, said: Mapping[str, Any], who: str) -> Browser | None:
    browser = Browser(url)
    try:
        browser.sign_in(said[who]["email"], said[who]["password"])
    except (KeyError, Refused):
        return None
    except NoAnswer as why:
        raise ValueError(f"The server does not answer ({why}).") from why
    return browser


class Clock:
    """Lay simulated time over the wall clock. Where the server is slow the world is too: it never hurries."""

    def __init__(
        self,
        speed: float,
        first: datetime,
        now: Callable[[], datetime],
        sleep: Callable[[float], None],
    ) -> None:
        self.speed, self.first, self.now, self.sleep = speed, first, now, sleep
        #: When the world would have begun, by each moment from which it was slower.
        self.begun = [(first, now())]

    def wall(self, moment: datetime) -> datetime:
        """Say when a moment is, or was: what is over stays where it was."""
        since = max(bisect_right(self.begun, moment, key=itemgetter(0)) - 1, 0)
        return self.begun[since][1] + (moment - self.first) / self.speed

    def wait(self, moment: datetime) -> None:
        ahead = self.wall(moment) - self.now()
        if ahead > timedelta(0):
            self.sleep(ahead.total_seconds())
        else:
            self.begun.append((moment, self.begun[-1][1] - ahead))


@dataclass
class Progress:
    """How far it is: `refused` counts what the server would not have, by its reasons."""

    at: datetime
    acts: Counter[str] = field(default_factory=Counter)
    refused: Counter[str] = field(default_factory=Counter)
    waiting: int = 0


class Player:
    """Play a script. What is refused is told and left; a line that is down is waited for, and asked again."""

    def __init__(
        self,
        script: Script,
        doors: Doors,
        clock: Clock,
        *,
        tell: Callable[[str], None],
        true: Callable[[Truth], None] = lambda _truth: None,
    ) -> None:
        self.script, self.doors, self.clock, self.tell, self.true = script, doors, clock, tell, true
        self.chance = Random(script.seed)  # noqa: S311
        self.legs = {leg.number: leg for leg in script.legs}
        self.papers = {paper.number: paper for paper in script.papers}
        self.drivers: dict[int, int] = {}
        self.references: dict[int, str] = {}
        self.passes: defaultdict[int, list[Mapping[str, Any]]] = defaultdict(list)
        self.entered: dict[int, str] = {}
        #: Trips that wait for an officer, that are given up, and of which nothing is said to be true.
        self.held: set[int] = set()
        self.left: set[int] = set()
        self.spoilt: set[int] = set()
        self.progress = Progress(script.starts_at)

    def play(self) -> Iterator[Progress]:
        """Do what happens when it does; gives how far it is after each."""
        moments = self.script.moments
        last = {key: index for index, moment in enumerate(moments) for key in [_key(moment)]}
        for number, company in enumerate(self.doors.companies):
            number_there = licence_number(self.script.seed, number)
            licence = {"number": number_there, "expires_on": FAR, "quantity": LICENCE_QUANTITY}
            self._once(company, "licences/", licence)
        index = 0
        for (at, is_file), together in groupby(moments, key=lambda each: (each.at, each.act == "record")):
            some = list(together)
            self.clock.wait(at)
            self.progress.at = at
            if is_file:
                self._tell_lines(some)
            else:
                for moment in some:
                    self._do(moment)
                    yield self.progress
            for moment in some:
                if last[_key(moment)] == index and moment.act not in NOBODYS:
                    self._say_truth(moment)
                index += 1
            yield self.progress

    # --- What happens ---

    def _do(self, moment: Moment) -> None:
        if moment.act not in {"declare", *NOBODYS} and not self._goes_on(moment.about):
            return
        acts = {
            "hire": self._hire,
            "close": self._close,
            "detain": self._detain,
            "refuse": self._refuse,
            "declare": self._declare,
            "plan": self._plan,
            "issue": self._issue,
            "redate": self._redate,
            "scan": self._scan,
            "receive": self._receive,
        }
        try:
            acts[moment.act](moment)
        except Refused as refused:
            self._note_refusal(moment, refused)
        else:
            self.progress.acts[moment.act] += 1

    def _goes_on(self, number: int) -> bool:
        """Say whether a trip goes on: one that was stopped does when somebody has let it through."""
        if number in self.held and number in self.references:
            found = self._ask(
                self._company(self.legs[number].man), "GET", f"trips/{self.references[number]}/"
            )
            if found["state"] not in BEFORE_EXIT:
                self.held.discard(number)
                self.progress.waiting = len(self.held)
        return number not in self.held and number not in self.left

    def _note_refusal(self, moment: Moment, refused: Refused) -> None:
        codes = ", ".join(sorted({str(error.get("code")) for error in refused.errors}))
        self.progress.refused[codes] += 1
        self.tell(f"{moment.act}: refused, {codes}")
        legs = {leg.number for leg in self._concerned(moment)}
        self.left |= legs
        self.spoilt |= legs

    def _concerned(self, moment: Moment) -> Sequence[Leg]:
        if moment.act == "declare":
            return self.papers[moment.about].legs
        if moment.act in NOBODYS:
            return [
                leg for leg in self.script.legs if moment.act == "hire" and leg.man.number == moment.about
            ]
        return [self.legs[moment.about]]

    def _hire(self, moment: Moment) -> None:
        man = self.script.men[moment.about]
        company = self._company(man)
        body = {
            "name": man.name,
            "name_latin": man.latin,
            "passport_number": man.passport,
            "passport_expires_on": FAR,
            "nationality": man.nationality,
            "licence_class": man.licence,
            "licence_expires_on": FAR,
            "phone": "",
            "language": man.language,
        }
        try:
            self.drivers[man.number] = self._ask(company, "POST", "drivers/", body)["id"]
        except Refused as refused:
            if not _was_taken(refused):
                raise
            self.drivers[man.number] = self._known(company, man)

    def _known(self, company: Door, man: Man) -> int:
        """Find who is registered already: lists are searched by a passport's end."""
        found = self._ask(company, "GET", f"drivers/?q={quote(man.passport[-4:])}")["results"]
        return int(next(one["id"] for one in found if _is_of(one, man)))

    def _declare(self, moment: Moment) -> None:
        paper = self.papers[moment.about]
        company = self._company(paper.legs[0].man)
        for vin in paper.vins:
            self._once(company, "vehicles/", {"vin": vin, **vehicle_of(vin)})
        body = {
            "number": paper.code,
            "supervision_mode": GENERAL_TRADE,
            "status": DeclarationStatus.ACCEPTED.value,
            "vins": paper.vins,
        }
        self._once(company, "declarations/", body)

    def _plan(self, moment: Moment) -> None:
        leg = self.legs[moment.about]
        said = DELIVERY
        consignee = {name: said[f"consignee_{name}"] for name in ("name", "phone", "language")}
        body = {
            "vin": leg.vin,
            "driver": self.drivers[leg.man.number],
            "declaration": self.papers[leg.declaration].code,
            "route": ROUTE,
            "delivery_place": said["delivery_place"],
            "consignee": consignee,
            **self._window(leg),
        }
        self.references[leg.number] = self._plan_once(leg, body)

    def _plan_once(self, leg: Leg, body: Mapping[str, Any]) -> str:
        """Plan; where the answer was lost, look first whether the trip is there."""
        company, is_again = self._company(leg.man), False
        for patience in self._patience():
            try:
                if is_again and (there := company.call("GET", f"/api/v1/trips/?q={leg.vin}").body["results"]):
                    return str(there[0]["reference"])
                return str(company.call("POST", "/api/v1/trips/", body).body["reference"])
            except NoAnswer as why:
                is_again = True
                patience(why)
        raise AssertionError

    def _issue(self, moment: Moment) -> None:
        leg = self.legs[moment.about]
        path = f"trips/{self.references[leg.number]}/pass/"
        self.passes[leg.number].append(self._ask(self._company(leg.man), "POST", path))

    def _redate(self, moment: Moment) -> None:
        leg = self.legs[moment.about]
        path = f"trips/{self.references[leg.number]}/redate/"
        body = {**self._window(leg, timedelta(minutes=30)), "reason": "slot moved"}
        self.passes[leg.number].append(self._ask(self._company(leg.man), "POST", path, body))

    def _window(self, leg: Leg, later: timedelta = timedelta(0)) -> dict[str, str]:
        opens_at, closes_at = (self.clock.wall(leg.exit_at + offset) for offset in (OPENS, CLOSES))
        return {
            "opens_at": opens_at.isoformat(),
            "closes_at": (closes_at + SPARE + later).isoformat(),
        }

    def _scan(self, moment: Moment) -> None:
        data, number = moment.data, moment.about
        is_exit = data["place"] == "exit"
        body: dict[str, Any] = {
            "scan_id": str(uuid.uuid4()),
            "code": self.passes[number][data.get("which", -1)]["code"],
            "checkpoint": "CN-HORGOS" if is_exit else "KZ-NURZHOLY",
            "lane": str(self.chance.randrange(1, 6)),
        }
        gate = self.doors.exit if is_exit else self.doors.entry
        if not is_exit:
            self.entered[number] = body["scan_id"]
        if "list_age" in data:
            scanned_at, listed_at = (
                self.clock.wall(moment)
                for moment in (data["scanned_at"], data["scanned_at"] - data["list_age"])
            )
            body["scanned_at"] = scanned_at.isoformat()
            age = round((scanned_at - listed_at).total_seconds(), 3)
            body["offline"] = {"verdict": Verdict.RELEASE.value, "list_age_s": age}
            self._ask(gate, "POST", "scans/batch/", {"scans": [body]})
            return
        said = self._ask(gate, "POST", "scans/", body)
        verdict, why = said["verdict"], ", ".join(reason["code"] for reason in said["reasons"])
        if verdict == Verdict.EXAMINE and self.doors.officer is not None:
            self._let_go(self.doors.officer, body["scan_id"])
        elif verdict != Verdict.RELEASE:
            place = f"lane {body['lane']} of {body['checkpoint']}"
            self.tell(f"{self.legs[number].vin}: {verdict} in {place}, {why}")
            self.spoilt.add(number)
            if is_exit:
                self.held.add(number)
                self.progress.waiting = len(self.held)

    def _let_go(self, officer: Pages, scan_id: str) -> None:
        checked = {f"item_{item}": answer for item, answer in LOOKED_AT.items()}
        self._send(officer, f"/lane/scans/{scan_id}/outcome/", {**checked, "outcome": RELEASED})

    def _detain(self, moment: Moment) -> None:
        """Take the release at the entry back, and keep the vehicle."""
        if self.doors.officer is None or self.doors.supervisor is None:
            return
        page = f"/lane/scans/{self.entered[moment.about]}"
        self._send(self.doors.supervisor, f"{page}/withdraw/", {"reason": HELD})
        self._send(self.doors.officer, f"{page}/outcome/", {"outcome": DETAINED, "note": HELD})

    def _close(self, _moment: Moment) -> None:
        """Announce the closed day: its effect is shown first, and what was shown is announced."""
        if self.doors.supervisor is None or self.script.closure is None:
            return
        since, until = (
            f"{self.clock.wall(each).astimezone(CHINA):%Y-%m-%dT%H:%M:%S}" for each in self.script.closure
        )
        drafted = {"route": ROUTE, "starts_at": since, "ends_at": until, **CLOSED}
        draft = DRAFT.search(self._send(self.doors.supervisor, "/desk/closures/", drafted))
        if draft is None:
            raise Refused(400, [{"code": "closure_not_drafted"}])
        self._send(self.doors.supervisor, "/desk/closures/announce/", {"draft": draft[1]})

    def _refuse(self, moment: Moment) -> None:
        pass_ = self.passes[moment.about][-1]
        word = {"answer": "refuse", "reason": NOT_TAKEN, "receives": "other", "receiver": RECEIVER}
        self._send(self.doors.phone, f"/P/{pass_['short_code']}/", {**word, "pin": pass_["receipt_pin"]})

    def _receive(self, moment: Moment) -> None:
        pass_ = self.passes[moment.about][-1]
        body = {
            "short_code": pass_["short_code"],
            "pin": pass_["receipt_pin"],
            "condition": "damaged" if moment.data["is_damaged"] else "good",
            "receiver": STRANGER if moment.data["has_other_receiver"] else RECEIVER,
        }
        self._once(self.doors.anybody, "receipts/", body)

    def _tell_lines(self, moments: Sequence[Moment]) -> None:
        lines = [
            self._line(moment) for moment in moments if _is_of_paper(moment) or self._goes_on(moment.about)
        ]
        if not lines:
            return
        for result in self._ask(self.doors.authority, "POST", "records/", lines)["results"]:
            self.progress.acts["record"] += 1
            if result["status"] == "error":
                self.progress.refused[", ".join(error["code"] for error in result["errors"])] += 1

    def _line(self, moment: Moment) -> dict[str, Any]:
        data = moment.data
        line = {
            "kind": data["kind"],
            "occurred_at": self.clock.wall(data["occurred_at"]).isoformat(),
            "source_reference": data["reference"],
        }
        if _is_of_paper(moment):
            return line | {"declaration": self.papers[moment.about].code, "status": data["status"]}
        return line | {"vin": data["vin"], "passport_number": data["passport"]}

    # --- What is true ---

    def _say_truth(self, moment: Moment) -> None:
        """Say what is true of what is over and went as it should."""
        about: Leg | Paper
        about = self.papers[moment.about] if _is_of_paper(moment) else self.legs[moment.about]
        legs = about.legs if isinstance(about, Paper) else [about]
        if self.spoilt.isdisjoint(leg.number for leg in legs):
            self.true(_as_of_now(about.truth))

    # --- Calling ---

    def _company(self, man: Man) -> Door:
        return self.doors.companies[man.company % len(self.doors.companies)]

    def _ask(self, door: Door, method: str, path: str, body: Any = None) -> Any:
        """Call until there is an answer: whatever is asked twice, the server does once."""
        for patience in self._patience():
            try:
                return door.call(method, f"/api/v1/{path}", body).body
            except NoAnswer as why:
                patience(why)
        raise AssertionError

    def _once(self, door: Door, path: str, body: Mapping[str, Any]) -> None:
        try:
            self._ask(door, "POST", path, body)
        except Refused as refused:
            if not _was_taken(refused):
                raise

    def _send(self, pages: Pages, path: str, form: Mapping[str, str]) -> str:
        for patience in self._patience():
            try:
                return pages.send(path, form)
            except NoAnswer as why:
                patience(why)
        raise AssertionError

    def _patience(self) -> Iterator[Callable[[NoAnswer], None]]:
        for number in range(10**9):

            def wait(why: NoAnswer, number: int = number) -> None:
                usual = PATIENCE_S[min(number, len(PATIENCE_S) - 1)]
                self.tell(f"no answer ({why}); asking again")
                self.clock.sleep(max(usual, why.after_s))

            yield wait


def _as_of_now(truth: Truth) -> Truth:
    """Put off what waits for a limit."""
    now = tuple(kind for kind in truth.kinds if kind not in LATER)
    return replace(truth, kinds=now, later=tuple(kind for kind in truth.kinds if kind in LATER))


def _is_of(driver: Mapping[str, Any], man: Man) -> bool:
    return (driver["passport_number"], driver["nationality"]) == (man.passport, man.nationality)


def _key(moment: Moment) -> tuple[bool, int]:
    return _is_of_paper(moment), moment.about


def _is_of_paper(moment: Moment) -> bool:
    return moment.act == "declare" or moment.data.get("kind") == RecordKind.DECLARATION_STATUS.value


def _was_taken(refused: Refused) -> bool:
    return {str(error.get("code")) for error in refused.errors} <= TAKEN_BEFORE
