"""Judge by the offline list, as a scanner does that has no link.

    kept = OfflineList.read(answer)             # the JSON of GET /checkpoints/{code}/list/
    kept = kept.merge(answer)                   # the same with ?since=, or whole: what it does not tell stays
    kept = kept.as_of(moment)                   # 304: nothing has changed by then
    kept.judge(text, at=moment, earlier=…)      # -> OfflineJudgement

`earlier` tells, by trip, what this checkpoint let through since the list was made; the scanner keeps it, adds
to it when it releases, and may forget a trip once a list tells its crossing. The verdict comes from the same
table as the server's. static/src/offline/ is the same in JavaScript, held to agree by
tests/clearance/test_twins.py.
"""

from __future__ import annotations

from base64 import urlsafe_b64decode
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from functools import cached_property
from typing import Any
from zoneinfo import ZoneInfo

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from clearance.models import Crossing, Verdict
from clearance.rules.selection import is_within
from clearance.rules.verdict import Facts, Told, as_data, judge
from ferry import codes
from ferry.models import DeclarationStatus, PassState, TripState
from ferry.rules.closures import Span, closed_at, is_open_by_hours, open_deadline

Line = Mapping[str, Any]

#: What an objection of the list says of the facts; one that is not here counts by its verdict.
OBJECTED: Mapping[str, Mapping[str, Any]] = {
    "declaration_not_released": {"declaration_status": DeclarationStatus.ACCEPTED},
    "declaration_changed": {"declaration_status": DeclarationStatus.AMENDED},
    "licence_missing": {"licence_needed": True},
    "passport_expired": {"passport_expires_on": date.min},
    "driving_licence_expired": {"driving_licence_expires_on": date.min},
    "stay_exhausted": {"stay_exhausted": True},
    "watch_list": {"watched": True},
}
BY_VERDICT: Mapping[str, Mapping[str, Any]] = {
    Verdict.EXAMINE: {"examination": "open"},
    Verdict.REFUSE: {"examination": "detained"},
}
NEVER = timedelta(0)


@dataclass(frozen=True, slots=True)
class Passing:
    """When and where this checkpoint let a trip through."""

    at: datetime
    lane: str = ""


@dataclass(frozen=True, slots=True)
class OfflineJudgement:
    """A verdict given without a link; `claims` are those of a good signature, `line` is the list's."""

    verdict: Verdict
    reasons: tuple[Told, ...]
    list_age: timedelta
    claims: codes.PassClaims | None = None
    line: Line | None = None

    @property
    def codes(self) -> list[str]:
        return [reason.code for reason in self.reasons]

    @property
    def trip(self) -> str:
        """Name the trip under which a release is to be kept among the earlier ones."""
        if self.line is not None:
            return str(self.line["trip"])
        return self.claims.trip if self.claims else ""


@dataclass(frozen=True)
class OfflineList:
    """A checkpoint's list as it was last known. It does not change: `merge` gives another."""

    checkpoint: str
    as_of_moment: datetime
    hours: Line
    routes: Mapping[str, Line]
    closures: tuple[Line, ...]
    passes: Mapping[str, Line]
    objections: Mapping[str, Any]
    ended: Mapping[str, Line]
    keys: tuple[Line, ...]

    @classmethod
    def read(cls, answer: Mapping[str, Any]) -> OfflineList:
        """Read a whole list."""
        return cls(
            checkpoint=answer["checkpoint"],
            as_of_moment=_moment(answer["as_of"]),
            hours=answer["hours"],
            routes={route["route"]: route for route in answer["routes"]},
            closures=tuple(answer["closures"]),
            passes={line["pass_id"]: line for line in answer["passes"]},
            objections=answer["objections"],
            ended={line["pass_id"]: line for line in answer["ended"]},
            keys=tuple(answer["keys"]),
        )

    def merge(self, answer: Mapping[str, Any]) -> OfflineList:
        """Take over what a later answer tells; one without `since` replaces everything."""
        later = OfflineList.read(answer)
        if answer["since"] is None:
            return later
        ended = {**self.ended, **later.ended}
        passes = {**self.passes, **later.passes}
        return replace(
            later,
            ended=ended,
            passes={pass_id: line for pass_id, line in passes.items() if pass_id not in ended},
        )

    def as_of(self, moment: datetime) -> OfflineList:
        return replace(self, as_of_moment=moment)

    def age(self, at: datetime) -> timedelta:
        return max(at - self.as_of_moment, NEVER)

    def judge(self, text: str, *, at: datetime, earlier: Mapping[str, Passing]) -> OfflineJudgement:
        """Give the verdict on what was read at a moment: any text has one, and only a signed code opens."""
        claims: codes.PassClaims | None = None
        short = codes.read_short_code(text)
        if short is None:
            try:
                claims = codes.open_code(codes.normalise(text), keys=self._trusted)
            except codes.CodeFault as fault:
                return self._told(_faulty(fault.code, at), at)
        line = self.passes.get(str(claims.pass_id)) if claims else self._by_short_code.get(short or "")
        if claims is None and line is None:
            return self._told(_faulty("unknown_pass", at), at)
        if claims and line and (claims.vin, claims.trip) != (line["vin"], line["trip"]):
            return self._told(_faulty("bad_signature", at), at, claims)
        return self._told(self._facts(claims, line, at, earlier), at, claims, line)

    def _told(
        self, facts: Facts, at: datetime, claims: codes.PassClaims | None = None, line: Line | None = None
    ) -> OfflineJudgement:
        judgement = judge(facts)
        return OfflineJudgement(judgement.verdict, judgement.reasons, self.age(at), claims, line)

    def _facts(
        self,
        claims: codes.PassClaims | None,
        line: Line | None,
        at: datetime,
        earlier: Mapping[str, Passing],
    ) -> Facts:
        route = self._route(claims, line)
        ends = (route["exit"], route["entry"]) if route else _claimed_ends(claims)
        crossing = self._crossing(ends)
        opens_at, closes_at = _window(claims, line)
        spans = self._spans(route)
        passing = earlier.get(line["trip"] if line else claims.trip if claims else "")
        closed, reopens_at = self._closed(spans, at)
        said = self._said(claims, line, crossing, passing, at.astimezone(self._zone).hour)
        clock_skew = _limit(route, "clock_skew_s")
        return Facts(
            moment=at,
            today=at.astimezone(self._zone).date(),
            crossing=crossing,
            opens_at=opens_at,
            closes_at=closes_at,
            entry_until=open_deadline(closes_at, _limit(route, "entry_alert_s"), spans),
            clock_skew=clock_skew,
            right_checkpoints=ends,
            closed=closed,
            reopens_at=reopens_at,
            list_age=self.age(at),
            list_age_limit=_limit(route, "list_age_limit_s"),
            offline=True,
            signature="good" if claims else "none",
            clock_wrong=at < self.as_of_moment - clock_skew,
            **said,
        )

    def _said(
        self,
        claims: codes.PassClaims | None,
        line: Line | None,
        crossing: str,
        passing: Passing | None,
        hour: int,
    ) -> dict[str, Any]:
        """Say what the list knows of the pass and its trip, and what this checkpoint did since."""
        here = {"passed_at": passing.at, "passed_lane": passing.lane} if passing else {}
        if line is None:
            state = TripState.EXITED if crossing == Crossing.ENTRY else TripState.READY
            ended = self.ended.get(str(claims.pass_id)) if claims else None
            return {"trip_state": state, "listed": ended is not None, **_ended(ended), **here}
        moments = {Crossing.EXIT: line["exited_at"], Crossing.ENTRY: line["arrived_at"]}
        told = {
            "trip_state": line["state"],
            "passed_at": _moment_if_any(moments[Crossing(crossing)]) if crossing else None,
            "onward_at": _onward_at(line, crossing),
        }
        return {**told, **self._objected(line["pass_id"], hour), **({} if told["passed_at"] else here)}

    def _objected(self, pass_id: str, hour: int) -> dict[str, Any]:
        said: dict[str, Any] = {}
        for one in self.objections.get(pass_id, ()):
            if "hours" in one and not any(is_within(hour, *hours) for hours in one["hours"]):
                continue
            said |= OBJECTED.get(one["code"]) or BY_VERDICT.get(one["verdict"], {})
            if "instruction" in one["params"]:
                said["instruction"] = one["params"]["instruction"]
        return said

    def _route(self, claims: codes.PassClaims | None, line: Line | None) -> Line | None:
        if line is not None:
            return self.routes.get(line["route"])
        ends = _claimed_ends(claims)
        return next((one for one in self.routes.values() if (one["exit"], one["entry"]) == ends), None)

    def _crossing(self, ends: tuple[str, ...]) -> str:
        return dict(zip(ends, Crossing.values, strict=False)).get(self.checkpoint, "")

    def _spans(self, route: Line | None) -> list[Span]:
        """Give the closures of a route: its own and those of every route."""
        code = route["route"] if route else None
        return [
            (_moment(one["starts_at"]), _moment(one["ends_at"]))
            for one in self.closures
            if one["route"] in (None, code)
        ]

    def _closed(self, spans: list[Span], at: datetime) -> tuple[bool, datetime | None]:
        closure = closed_at(at, spans)
        if closure:
            return True, closure[1]
        opens, closes = (_time_if_any(self.hours[name]) for name in ("opens", "closes"))
        return not is_open_by_hours(opens, closes, at.astimezone(self._zone).time()), None

    @cached_property
    def _zone(self) -> ZoneInfo:
        return ZoneInfo(self.hours["time_zone"])

    @cached_property
    def _by_short_code(self) -> dict[str, Line]:
        return {line["short_code"]: line for line in self.passes.values()}

    @cached_property
    def _trusted(self) -> dict[bytes, Ed25519PublicKey]:
        return {
            _base64url(key["kid"]): Ed25519PublicKey.from_public_bytes(_base64url(key["x"]))
            for key in self.keys
        }


def _faulty(code: str, at: datetime) -> Facts:
    """Give the facts of a text that names no pass: nothing else is asked."""
    return Facts(
        moment=at, today=at.date(), crossing="", fault=code, opens_at=at, closes_at=at, entry_until=at
    )


def _claimed_ends(claims: codes.PassClaims | None) -> tuple[str, ...]:
    return (claims.exit, claims.entry) if claims else ()


def _window(claims: codes.PassClaims | None, line: Line | None) -> Span:
    """Give the list's window: it may have been moved since the code was signed."""
    if line is not None:
        return _moment(line["opens_at"]), _moment(line["closes_at"])
    assert claims is not None  # noqa: S101  (one of the two named the pass)
    return claims.not_before, claims.expires


def _onward_at(line: Line, crossing: str) -> datetime | None:
    later = [line["delivered_at"], *([line["arrived_at"]] if crossing == Crossing.EXIT else [])]
    return min((_moment(text) for text in later if text), default=None)


def _ended(ended: Line | None) -> dict[str, Any]:
    if ended is None:
        return {"pass_state": PassState.OPEN}
    return {"pass_state": ended["state"], "ended_at": _moment_if_any(ended["ended_at"])}


def _limit(route: Line | None, name: str) -> timedelta:
    """Give a limit of a route; one that the list does not know has none to spare."""
    return timedelta(seconds=route[name]) if route else NEVER


def _moment(text: str) -> datetime:
    """Read a moment to the millisecond: finer is not told apart in JavaScript."""
    moment = datetime.fromisoformat(text).astimezone(UTC)
    return moment.replace(microsecond=moment.microsecond // 1000 * 1000)


def _moment_if_any(text: str | None) -> datetime | None:
    return _moment(text) if text else None


def _time_if_any(text: str | None) -> time | None:
    return time.fromisoformat(text) if text else None


def _base64url(text: str) -> bytes:
    return urlsafe_b64decode(text + "=" * (-len(text) % 4))


def table() -> dict[str, Any]:
    """Write down the rules and what objections mean, for the same in JavaScript; dates as ISO text."""
    objected = {
        code: {fact: value.isoformat() if isinstance(value, date) else value for fact, value in facts.items()}
        for code, facts in OBJECTED.items()
    }
    return {**as_data(), "objected": objected, "by_verdict": BY_VERDICT}
