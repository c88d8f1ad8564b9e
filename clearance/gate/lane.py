"""One lane: decide on every code at once, show it, and tell the server when it can be told.

Two threads. The lane's own takes codes and never waits longer than a driver does. The other keeps up: it
uploads what waits, refreshes the list and finds out when the line is back.
"""

from __future__ import annotations

import random
import sqlite3
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from threading import Event, Lock, Thread
from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext_lazy as _

from clearance.gate.identity import write_identity
from clearance.gate.journal import NO_LIST_AGE_S, Journal, Kept
from clearance.gate.lists import KeptList
from clearance.gate.server import Answer, KeyRefused, NoAnswer, Refused
from clearance.rules.offline import Passing
from ferry.errors import Reason
from ferry.reasons import in_words

if TYPE_CHECKING:
    from pathlib import Path

    from clearance.gate.clock import Clock
    from clearance.gate.identity import Identity
    from clearance.gate.server import Server

Tell = Callable[..., None]
Reasons = list[dict[str, Any]]

#: The only one that lifts the barrier is release.
LAMPS = {"release": "green", "examine": "amber", "refuse": "red"}
LONGEST_CODE = 2000
MOST_AT_ONCE = 200
#: What passed here counts against a second try for so long, whether or not a list has told of it since.
EARLIER = timedelta(days=2)
KEPT_FOR = timedelta(days=7)
FIRST_WAIT_S, LONGEST_WAIT_S = 0.5, 60.0
STOPS_WITHIN_S = 5.0
#: What comes of an answer that is JSON and yet not what the interface promises.
ODD = (KeyError, TypeError, AttributeError, ValueError)


@dataclass(frozen=True, slots=True)
class Decision:
    verdict: str
    reasons: Reasons = field(default_factory=list)
    offline: bool = False
    list_age_s: float | None = None
    vehicle: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Pace:
    """In seconds: how long a question may take, and how often the list is refreshed."""

    ask_within_s: float = 1.5
    refresh_every_s: float = 60.0


class Lane:
    def __init__(
        self,
        *,
        folder: Path,
        identity: Identity,
        server: Server,
        journal: Journal,
        clock: Clock,
        tell: Tell,
        lane: str = "",
        pace: Pace | None = None,
    ) -> None:
        self.folder, self.identity, self.server, self.journal = folder, identity, server, journal
        self.clock, self.tell, self.pace = clock, tell, pace or Pace()
        self._own_lane = lane
        self.kept = KeptList(journal)
        released = journal.released(since=clock.now() - EARLIER)
        self.earlier = {scan.trip: _passing(scan) for scan in released if scan.trip}
        self.is_online: bool | None = None
        self.is_key_refused = False
        self._is_clock_wrong = False
        self._failures, self._at_once = 0, MOST_AT_ONCE
        self._refresh_at: datetime | None = None
        self._stop, self._wake, self._lock = Event(), Event(), Lock()
        self._upkeep = Thread(target=self._keep_up, name="upkeep", daemon=True)

    @property
    def lane(self) -> str:
        return self._own_lane or self.identity.lane

    def start(self) -> None:
        undecided = self.journal.refuse_undecided()
        self.tell(
            "ready",
            checkpoint=self.identity.checkpoint,
            lane=self.lane,
            waiting=self.journal.count_waiting(),
            undecided=undecided,
        )
        self._upkeep.start()

    def stop(self) -> None:
        """Stop once what waits is told, if the line is there; the rest stays on disk for the next start."""
        until = time.monotonic() + STOPS_WITHIN_S
        while self.is_online and self.journal.count_waiting() and time.monotonic() < until:
            self._wake.set()
            self._stop.wait(0.05)
        self._stop.set()
        self._wake.set()
        self._upkeep.join(timeout=10)

    # --- Decide --------------------------------------------------------------------------------

    def read(self, text: str) -> None:
        """Take a code that was read: keep it, decide, keep that, and only then move the barrier."""
        place = {"checkpoint": self.identity.checkpoint, "lane": self.lane}
        try:
            scan = self.journal.keep(code=text[:LONGEST_CODE], **place, at=self.clock.now())
            decision = self._asked(scan) or self._judged(scan)
        except sqlite3.Error as error:
            self._tell_disk(error)
            return
        self._show(scan, decision)
        self._wake.set()

    def _asked(self, scan: Kept) -> Decision | None:
        """Ask the server; None where it cannot be asked now.

        As long as something waits to be told, the list decides: the server hears everything in its order.
        """
        if self.is_online is False or self.is_key_refused or self.journal.count_waiting():
            return None
        try:
            answer = self.server.ask(scan.question, within_s=self.pace.ask_within_s)
            self._hear(answer)
            return self._answered(scan, answer.body)
        except NoAnswer as why:
            self._go_offline(why)
        except ODD as odd:
            self._go_offline(NoAnswer(f"not understood: {odd!r}"))
        except KeyRefused:
            self._refuse_key()
        except Refused as refused:
            self._bury(scan, refused.status, refused.errors)
            return Decision("refuse", _plain(refused.errors))
        return None

    def _answered(self, scan: Kept, told: Mapping[str, Any]) -> Decision:
        verdict, trip = told.get("verdict"), told.get("trip") or {}
        if verdict not in LAMPS or told.get("scan_id") != scan.scan_id:
            raise NoAnswer("an answer to something else")
        self.journal.answered(scan, verdict=verdict, trip=trip.get("reference", ""))
        if verdict == "release":
            self.earlier[trip["reference"]] = _passing(scan)
        self._go_online()
        return Decision(verdict, told["reasons"], vehicle=trip or None)

    def _judged(self, scan: Kept) -> Decision:
        """Decide by the list. Without a key or a list, or with a wrong clock, nothing is let through."""
        at = self.clock.now()
        age, trip = self.kept.age(at), ""
        if self.is_key_refused:
            decision = Decision("refuse", _told([KEY_REFUSED]), offline=True)
        elif self.kept.list is None:
            decision = Decision("examine", _told([NO_LIST]), offline=True)
        else:
            judgement = self.kept.list.judge(scan.code, at=at, earlier=self.earlier)
            verdict, reasons, trip = str(judgement.verdict.value), _words(judgement.reasons), judgement.trip
            if verdict == "release" and self._look_at_clock():
                verdict, reasons = "examine", [*reasons, *_told([CLOCK_WRONG])]
            decision = Decision(verdict, reasons, offline=True, vehicle=_vehicle(judgement.line))
        age_s = NO_LIST_AGE_S if age is None else min(age.total_seconds(), NO_LIST_AGE_S)
        self.journal.decide(scan, verdict=decision.verdict, list_age_s=age_s, trip=trip)
        if decision.verdict == "release":
            self.earlier[trip] = _passing(scan)
        return Decision(
            decision.verdict, decision.reasons, True, None if age is None else round(age_s), decision.vehicle
        )

    def _show(self, scan: Kept, decision: Decision) -> None:
        self.tell(
            "verdict",
            scan_id=scan.scan_id,
            verdict=decision.verdict,
            reasons=decision.reasons,
            offline=decision.offline,
            list_age_s=decision.list_age_s,
            vehicle=decision.vehicle,
        )
        self.tell("lamp", colour=LAMPS[decision.verdict])
        if decision.verdict == "release":
            self.tell("barrier", do="open")

    # --- Keep up -------------------------------------------------------------------------------

    def _keep_up(self) -> None:
        while not self._stop.is_set():
            self._wake.clear()
            wait_s = self._round()
            if wait_s:
                # A scan wakes this up only while the line is there; otherwise it would be tried too often.
                (self._wake if self.is_online else self._stop).wait(wait_s)

    def _round(self) -> float:
        """Do what is due; say in how many seconds to look again."""
        try:
            if not self.is_key_refused:
                self._upload()
            self._refresh_if_due()
        except NoAnswer as why:
            self._go_offline(why)
            return max(why.after_s, self._next_wait_s())
        except ODD as odd:
            self._go_offline(NoAnswer(f"not understood: {odd!r}"))
            return self._next_wait_s()
        except sqlite3.Error as error:
            self._tell_disk(error)
            return self._next_wait_s()
        except KeyRefused:
            self._refuse_key()
            return self.pace.refresh_every_s
        except Refused as refused:
            self.tell("fault", status=refused.status, errors=refused.errors)
            return self.pace.refresh_every_s
        self._go_online()
        is_due = self.journal.count_waiting() and not self.is_key_refused
        return 0 if is_due else self.pace.refresh_every_s

    def _next_wait_s(self) -> float:
        """Wait twice as long after every failure, and never exactly: gates must not come all at once."""
        self._failures += 1
        longest = min(LONGEST_WAIT_S, FIRST_WAIT_S * 2 ** min(self._failures, 10))
        return random.uniform(longest / 2, longest)  # noqa: S311

    def _upload(self) -> None:
        while not self._stop.is_set() and (scans := self.journal.waiting(self._at_once)):
            try:
                results = self._results(scans)
            except Refused as refused:
                if refused.status == 403:
                    raise
                self._send_fewer(scans, refused)
                continue
            for scan, result in zip(scans, results, strict=True):
                self._settle(scan, result)
            self._at_once = min(MOST_AT_ONCE, 2 * self._at_once)
            self.tell("queue", waiting=self.journal.count_waiting())

    def _results(self, scans: list[Kept]) -> list[Mapping[str, Any]]:
        answer = self.server.upload([scan.report for scan in scans])
        self._hear(answer)
        results = answer.body.get("results")
        if not isinstance(results, list) or len(results) != len(scans):
            raise NoAnswer("an answer to something else")
        return results

    def _send_fewer(self, scans: list[Kept], refused: Refused) -> None:
        """Find the scan that spoils a batch by halving it; alone, it is the one."""
        if len(scans) > 1:
            self._at_once = len(scans) // 2
        else:
            self._bury(scans[0], refused.status, refused.errors)

    def _settle(self, scan: Kept, result: Mapping[str, Any]) -> None:
        """Take one scan's result; the queue lets go of it only now."""
        status, errors = result["status"], result.get("errors", [])
        if status in {200, 201}:
            self.journal.settle([scan])
            self._compare(scan, result["verdict"], result["reasons"])
        elif "scan_id_reused" in {error["code"] for error in errors}:
            self._clear_up(scan)
        elif 400 <= status < 500:
            self._bury(scan, status, errors)
        else:
            raise NoAnswer(f"a scan's status {status}")

    def _clear_up(self, scan: Kept) -> None:
        """A question whose answer never came was recorded all the same: hear it now.

        Where the server did not release but the barrier did go up, it is told so under another id.
        """
        try:
            told = self.server.ask(scan.question, within_s=30).body
        except Refused as refused:
            self._bury(scan, refused.status, refused.errors)
            return
        if scan.verdict == "release" != told["verdict"]:
            self.journal.tell_anew(scan)
            return
        self.journal.settle([scan])
        self._compare(scan, told["verdict"], told["reasons"])

    def _compare(self, scan: Kept, verdict: str, reasons: Reasons) -> None:
        """Say where the server, who knows more, sees it otherwise: somebody may have to follow a vehicle."""
        if verdict != scan.verdict:
            self.tell(
                "differs", scan_id=scan.scan_id, here=scan.verdict, server=verdict, reasons=_plain(reasons)
            )

    def _bury(self, scan: Kept, status: int, errors: list[Mapping[str, Any]]) -> None:
        self.journal.bury(scan, status=status, errors=errors, at=self.clock.now())
        self.tell("dead_letter", scan_id=scan.scan_id, status=status, errors=errors)

    def _refresh_if_due(self) -> None:
        now = self.clock.now()
        if self.is_online and self._refresh_at is not None and now < self._refresh_at:
            return
        answer = self.server.own()
        self._hear(answer)
        self._accept_key(answer.body)
        if "list" in self.identity.rights:
            self.kept.refresh(self.server, self.identity.checkpoint, self.clock)
            self._look_at_clock()
            self._tell_list_age()
        self.journal.forget(before=now - KEPT_FOR)
        self._refresh_at = self.clock.now() + timedelta(seconds=self.pace.refresh_every_s * 0.9)

    def _accept_key(self, told: dict[str, Any]) -> None:
        """Take over what a supervisor changed, and go on where a new key was enrolled."""
        heard = self.identity.hear(told)
        if heard != self.identity:
            self.identity = heard
            write_identity(self.folder, heard)
            self.tell("place", name=heard.name, lane=self.lane)
        if self.is_key_refused:
            self.is_key_refused = False
            self.tell("key", state="accepted")

    def _tell_list_age(self) -> None:
        age = self.kept.age(self.clock.now())
        if age is not None and self.kept.list is not None:
            self.tell("list", age_s=round(age.total_seconds()), passes=len(self.kept.list.passes))

    # --- The line, the key, the clock ----------------------------------------------------------

    def _go_online(self) -> None:
        self._failures = 0
        with self._lock:
            is_news, self.is_online = self.is_online is not True, True
        if is_news:
            self.tell("link", state="online", waiting=self.journal.count_waiting())

    def _go_offline(self, why: NoAnswer) -> None:
        with self._lock:
            is_news, self.is_online = self.is_online is not False, False
        if is_news:
            age = self.kept.age(self.clock.now())
            age_s = None if age is None else round(age.total_seconds())
            self.tell("link", state="offline", why=str(why), list_age_s=age_s)

    def _refuse_key(self) -> None:
        """Go red and stay so: a revoked gate must not live on by its list."""
        if not self.is_key_refused:
            self.is_key_refused = True
            self.tell("key", state="refused")
            self.tell("lamp", colour="red")

    def _tell_disk(self, error: sqlite3.Error) -> None:
        """What cannot be kept is not let through."""
        self.tell("fault", status=0, errors=[{"code": "disk", "detail": str(error)}])
        self.tell("lamp", colour="red")

    def _hear(self, answer: Answer) -> None:
        if answer.said_at is not None:
            self.clock.hear(answer.said_at)

    def _look_at_clock(self) -> bool:
        """Say whether the clock is wrong, and tell it when that changes."""
        is_wrong = self.clock.is_wrong(self.kept.clock_skew)
        if is_wrong != self._is_clock_wrong:
            self._is_clock_wrong = is_wrong
            ahead_s = round(self.clock.ahead.total_seconds())
            self.journal.keep_facts(clock_ahead_s=str(ahead_s if is_wrong else 0))
            self.tell("clock", state="wrong" if is_wrong else "right", ahead_s=ahead_s)
        return is_wrong


KEY_REFUSED = Reason("key_refused", _("This gate's key was revoked. Close the lane and call the supervisor."))
NO_LIST = Reason("no_list", _("There is no line and no list. An officer decides."))
CLOCK_WRONG = Reason("clock_wrong", _("This gate's clock is wrong. An officer decides; set the clock."))


def _passing(scan: Kept) -> Passing:
    return Passing(datetime.fromisoformat(scan.scanned_at), scan.lane)


def _words(reasons: Any) -> Reasons:
    kept = [{"code": reason.code, "params": dict(reason.params)} for reason in reasons]
    return _told(in_words(kept))


def _told(reasons: Iterable[Reason]) -> Reasons:
    """Say reasons in the gate's language, as the server says its own."""
    return [{"code": reason.code, "detail": str(reason.detail)} for reason in reasons]


def _plain(errors: list[Any]) -> Reasons:
    return [{"code": error.get("code", ""), "detail": error.get("detail", "")} for error in errors]


def _vehicle(line: Mapping[str, Any] | None) -> Mapping[str, Any] | None:
    """Say what an officer compares, in the words of the server's answer."""
    if line is None:
        return None
    driver = {
        "name": line["driver"],
        # A list that was kept before lists had it is judged by all the same.
        "name_latin": line.get("driver_latin", ""),
        "passport_tail": line["passport_tail"],
    }
    names = ("vin", "make", "model", "colour", "plate")
    return {"reference": line["trip"], **{name: line[name] for name in names}, "driver": driver}
