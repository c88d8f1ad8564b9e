"""Play a script against a running server, from outside: through its public doors and by the wall clock.

The server's clock is real: a simulated day is compressed, its limits are not. See docs/reconciliation.md.
"""

from __future__ import annotations

import json
import uuid
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import groupby
from random import Random
from typing import Any, Protocol
from urllib.parse import quote, urlsplit

from clearance.gate.server import HERE, Answer, NoAnswer, Refused, Server
from clearance.models import RecordKind, Verdict
from clearance.simulation.faults import Truth
from clearance.simulation.play import CAR, DELIVERY, GENERAL_TRADE, RECEIVER, ROUTE, STRANGER
from clearance.simulation.script import CLOSES, OPENS, Leg, Man, Moment, Paper, Script
from ferry.models import CaseKind, DeclarationStatus, TripState

#: What is found by comparing alone. All other kinds wait for a limit, which runs by the server's own clock.
FOUND_AT_ONCE = frozenset(
    {
        CaseKind.VIN_MISMATCH,
        CaseKind.DRIVER_MISMATCH,
        CaseKind.DECLARATION_CHANGED,
        CaseKind.PASS_REUSED,
        CaseKind.RETURNED_UNDELIVERED,
        CaseKind.CONSIGNEE_DIFFERS,
        CaseKind.DAMAGE,
    }
)
#: A window is compressed too, but a slow server must not miss it, nor the company be warned of its end.
SPARE_BEFORE, SPARE_AFTER = timedelta(minutes=15), timedelta(hours=4)
#: How long it waits for a server that does not answer: longer each time, up to the last.
PATIENCE_S = (1, 2, 4, 8, 15)
#: Told by a server that has taken the same before, when the answer was lost.
TAKEN_BEFORE = frozenset({"already_registered", "already_confirmed"})
#: Not through a public door: a supervisor closes a crossing, and a consignee refuses on his phone's page.
NO_DOOR = frozenset({"close", "refuse"})
BEFORE_EXIT = frozenset({TripState.PLANNED.value, TripState.READY.value, TripState.LAPSED.value})


class Door(Protocol):
    def call(self, method: str, path: str, body: Any = None) -> Answer: ...


@dataclass(frozen=True)
class Doors:
    """The server as each of those who call it: companies by their keys, two gates, an authority, anybody."""

    companies: Sequence[Door]
    exit: Door
    entry: Door
    authority: Door
    anybody: Door


def open_doors(url: str, keys: str) -> Doors:
    """Open the doors of a server by what its `manage.py demo --json` printed; ValueError says why not."""
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
    return Doors((one, other), exit_, entry, authority, Server(url))


@dataclass
class Clock:
    """Lay simulated time over the wall clock. Where the server is slow the world is too: it never hurries."""

    speed: float
    first: datetime
    now: Callable[[], datetime]
    sleep: Callable[[float], None]
    began: datetime = field(init=False)

    def __post_init__(self) -> None:
        self.began = self.now()

    def wall(self, moment: datetime) -> datetime:
        return self.began + (moment - self.first) / self.speed

    def wait(self, moment: datetime) -> None:
        ahead = self.wall(moment) - self.now()
        if ahead > timedelta(0):
            self.sleep(ahead.total_seconds())
        else:
            self.began -= ahead


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
        #: Trips that wait for an officer, that are given up, and of which nothing is said to be true.
        self.held: set[int] = set()
        self.left: set[int] = set()
        self.spoilt: set[int] = set()
        self.progress = Progress(script.starts_at)

    def play(self) -> Iterator[Progress]:
        """Register who drives, then do what happens when it does; gives how far it is after each."""
        moments = [moment for moment in self.script.moments if moment.act not in NO_DOOR]
        last = {key: index for index, moment in enumerate(moments) for key in [_key(moment)]}
        for man in self._men():
            self._register(man)
            yield self.progress
        self.clock.began = self.clock.now()
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
            for moment in some:
                if last[_key(moment)] == index:
                    self._say_truth(moment)
                index += 1
            yield self.progress

    def _men(self) -> list[Man]:
        """List who drives or is seen driving, each once."""
        seen = (leg.seen for leg in self.script.legs if leg.seen)
        return list({man.number: man for man in (*(leg.man for leg in self.script.legs), *seen)}.values())

    # --- What happens ---

    def _do(self, moment: Moment) -> None:
        if moment.act != "declare" and not self._goes_on(moment.about):
            return
        acts = {
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
        legs = self.papers[moment.about].legs if moment.act == "declare" else [self.legs[moment.about]]
        self.left.update(leg.number for leg in legs)
        self.spoilt.update(leg.number for leg in legs)

    def _register(self, man: Man) -> None:
        company = self._company(man)
        body = {
            "name": man.name,
            "passport_number": man.passport,
            "passport_expires_on": "2035-01-01",
            "nationality": man.nationality,
            "licence_class": "C1",
            "licence_expires_on": "2035-01-01",
            "phone": "",
            "language": "zh-hans",
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
        return int(next(one["id"] for one in found if one["passport_number"] == man.passport))

    def _declare(self, moment: Moment) -> None:
        paper = self.papers[moment.about]
        company = self._company(paper.legs[0].man)
        for vin in paper.vins:
            self._once(company, "vehicles/", {"vin": vin, "colour": "", **CAR})
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
            "opens_at": (opens_at - SPARE_BEFORE).isoformat(),
            "closes_at": (closes_at + SPARE_AFTER + later).isoformat(),
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
        if "list_age" in data:
            age = data["list_age"].total_seconds() / self.clock.speed
            body["scanned_at"] = self.clock.wall(data["scanned_at"]).isoformat()
            body["offline"] = {"verdict": Verdict.RELEASE.value, "list_age_s": round(age)}
            self._ask(gate, "POST", "scans/batch/", {"scans": [body]})
            return
        verdict = self._ask(gate, "POST", "scans/", body)["verdict"]
        if verdict != Verdict.RELEASE:
            self.tell(f"{self.legs[number].vin}: {verdict} in lane {body['lane']} of {body['checkpoint']}")
            self.spoilt.add(number)
            if is_exit:
                self.held.add(number)
                self.progress.waiting = len(self.held)

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
        """Say what is true of what is over, if all of it may be found by now."""
        about: Leg | Paper
        about = self.papers[moment.about] if _is_of_paper(moment) else self.legs[moment.about]
        legs = about.legs if isinstance(about, Paper) else [about]
        is_whole = not self.spoilt.intersection(leg.number for leg in legs)
        if is_whole and FOUND_AT_ONCE.issuperset(about.truth.kinds):
            self.true(about.truth)

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

    def _patience(self) -> Iterator[Callable[[NoAnswer], None]]:
        for number in range(10**9):

            def wait(why: NoAnswer, number: int = number) -> None:
                usual = PATIENCE_S[min(number, len(PATIENCE_S) - 1)]
                self.tell(f"no answer ({why}); asking again")
                self.clock.sleep(max(usual, why.after_s))

            yield wait


def _key(moment: Moment) -> tuple[bool, int]:
    return _is_of_paper(moment), moment.about


def _is_of_paper(moment: Moment) -> bool:
    return moment.act == "declare" or moment.data.get("kind") == RecordKind.DECLARATION_STATUS.value


def _was_taken(refused: Refused) -> bool:
    return {str(error.get("code")) for error in refused.errors} <= TAKEN_BEFORE
