"""The offline verdict in Python and in JavaScript is one verdict, on thousands of generated cases."""

from __future__ import annotations

import json
import random
import subprocess
import uuid
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import fields
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from clearance.models import Crossing
from clearance.rules.offline import OfflineList, Passing, table
from clearance.rules.verdict import RULES, Facts, Told, judge
from ferry import codes
from ferry.models import DeclarationStatus, PassState, TripState
from tests.builders import AT

pytestmark = pytest.mark.once

TWIN = Path(__file__).parent / "twin.js"
HOUR = timedelta(hours=1)
MS = timedelta(milliseconds=1)
SECOND = timedelta(seconds=1)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def answers_of_the_twin(tmp_path: Path, **cases: Any) -> dict[str, list[Any]]:
    file = tmp_path / "cases.json"
    file.write_text(json.dumps({"table": table(), **cases}))
    done = subprocess.run(["node", str(TWIN), str(file)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    answers: dict[str, list[Any]] = json.loads(done.stdout)
    return answers


def plain(value: Any) -> Any:
    """Write a fact as JavaScript has it."""
    if isinstance(value, datetime):
        return milliseconds(value)
    if isinstance(value, date):
        return value.isoformat()
    return value / MS if isinstance(value, timedelta) else value


def milliseconds(moment: datetime) -> int:
    return (moment - EPOCH) // MS


def told(verdict: str, reasons: Sequence[Told | Mapping[str, Any]]) -> tuple[str, list[Any]]:
    """Put a verdict in a form that both sides share: moments are moments, however written."""
    pairs = [
        (one.code, one.params) if isinstance(one, Told) else (one["code"], one["params"]) for one in reasons
    ]
    return str(verdict), [
        (code, {name: _moment(value) if name in {"at", "until"} else value for name, value in params.items()})
        for code, params in pairs
    ]


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text)


# --- The table -------------------------------------------------------------------------------------


def some_facts(draw: random.Random) -> Facts:
    """Draw facts of which most speak for the pass, or no case would reach the later rules."""

    def seldom(*values: Any, usual: Any) -> Any:
        return draw.choice(values) if draw.random() < 0.15 else usual

    def near() -> datetime:
        return AT + draw.choice([-30, -2, -1, 0, 1, 2, 30]) * HOUR / draw.choice([1, 12])

    crossing = seldom("", usual=draw.choice(Crossing.values))
    usual_state = TripState.READY if crossing == Crossing.EXIT else TripState.EXITED
    over = date(2020, 1, 1)
    return Facts(
        moment=AT,
        today=AT.date(),
        crossing=crossing,
        fault=seldom("unreadable", "unknown_key", "bad_signature", "unknown_pass", usual=""),
        pass_state=str(seldom(*PassState.values, usual=PassState.OPEN)),
        trip_state=str(seldom(*TripState.values, usual=usual_state)),
        opens_at=seldom(near(), usual=AT - HOUR),
        closes_at=seldom(near(), usual=AT + HOUR),
        entry_until=seldom(near(), usual=AT + HOUR),
        ended_at=seldom(near(), usual=None),
        clock_skew=draw.choice([0, 1, 5, 120]) * timedelta(minutes=1),
        right_checkpoints=draw.choice([(), ("CN-HORGOS", "KZ-NURZHOLY")]),
        passed_at=seldom(near(), usual=None),
        passed_lane=draw.choice(["", "7"]),
        onward_at=seldom(near(), usual=None),
        closed=seldom(True, usual=False),
        reopens_at=seldom(near(), usual=None),
        declaration_status=str(seldom(*DeclarationStatus.values, usual=DeclarationStatus.RELEASED)),
        licence_needed=draw.random() < 0.5,
        licence_expires_on=seldom(None, AT.date(), over, usual=date(2030, 1, 1)),
        passport_expires_on=seldom(AT.date(), over, usual=date.max),
        driving_licence_expires_on=seldom(AT.date(), over, usual=date.max),
        stay_exhausted=seldom(True, usual=False),
        watched=seldom(True, usual=False),
        instruction=draw.choice(["", "Call 110"]),
        share_selected=seldom(True, usual=False),
        examination=seldom("open", "released", "detained", usual=""),
        list_age=draw.choice([None, HOUR, 5 * HOUR + SECOND]),
        list_age_limit=seldom(HOUR, HOUR / 2, usual=timedelta.max),
        offline=draw.random() < 0.5,
        listed=seldom(False, usual=True),
        signature=seldom("none", "unchecked", usual="good"),
        clock_wrong=seldom(True, usual=False),
    )


def test_both_read_the_table_alike(tmp_path: Path) -> None:
    draw = random.Random("ferryman: facts")
    cases = [some_facts(draw) for _number in range(8000)]
    as_json = [{field.name: plain(getattr(one, field.name)) for field in fields(Facts)} for one in cases]
    said = answers_of_the_twin(tmp_path, facts=as_json)["facts"]
    seen: Counter[str] = Counter()
    for facts, (verdict, reasons) in zip(cases, said, strict=True):
        judgement = judge(facts)
        assert told(verdict, reasons) == told(judgement.verdict, judgement.reasons), facts
        seen.update([judgement.verdict, *judgement.codes])
    assert {rule.code for rule in RULES} | {"release", "examine", "refuse"} == set(seen)


# --- What was typed ----------------------------------------------------------------------------------

LETTERS = (
    "ABCDEFGHJKMNPQRSTVWXYZ0123456789234567OILU-‐– /:.\u200b\n\x1d"
    "абвежЖйцукЙЦУКАВЕКМНОРСТУХәіңғүұқөһ№ſıﬁＡｂ７\U0001f600\"',"
)


def some_text(draw: random.Random, shorts: Sequence[str]) -> str:
    text = draw.choice(
        [
            lambda: draw.choice(shorts),
            lambda: codes.show_short_code(draw.choice(shorts)).lower(),
            lambda: "".join(draw.choices(LETTERS, k=draw.randint(0, 14))),
            lambda: "https://ferry.example/p/" + "".join(draw.choices(LETTERS, k=20)),
            lambda: "реезыЖ//аукынюучфьздуюкг/з/" + draw.choice(["йцу", "ABC", "2346"]),
            lambda: (
                "HTTPS://X/P/" + "A" * draw.choice([499, 500, 501, 510]) + draw.choice(["", "\U0001f600"])
            ),
        ]
    )()
    if draw.random() < 0.3 and text:
        at = draw.randrange(len(text))
        text = text[:at] + draw.choice(LETTERS) + text[at + 1 :]
    return text


def test_both_read_what_was_typed_alike(tmp_path: Path) -> None:
    draw = random.Random("ferryman: texts")
    shorts = [codes.new_short_code(draw.randrange) for _number in range(50)]
    texts = [some_text(draw, shorts) for _number in range(5000)]
    said = answers_of_the_twin(tmp_path, texts=texts)["texts"]
    for text, answer in zip(texts, said, strict=True):
        assert answer == [codes.normalise(text), codes.read_short_code(text)], ascii(text)
    assert sum(short is not None for _text, short in said) > 1000


# --- The list ----------------------------------------------------------------------------------------


class World:
    """A list as the server would answer it, the codes that are shown to its lane, and what is asked when."""

    def __init__(self, seed: str) -> None:
        self.draw = draw = random.Random(seed)
        self.keys = [codes.new_key() for _number in range(2)]
        self.stranger = codes.new_key()
        self.here = draw.choice(["CN-HORGOS", "KZ-NURZHOLY"])
        self.passes: list[dict[str, Any]] = []
        self.ended: list[dict[str, Any]] = []
        self.objections: dict[str, Any] = {}
        self.shown: list[tuple[str, str]] = []
        for _number in range(25):
            self._add_a_pass()
        self.list = self._list(AT - draw.choice([0, 5, 239, 241]) * timedelta(minutes=1), None)
        later = [line for line in self.passes if draw.random() < 0.2]
        self.passes, self.ended = later, [line for line in self.ended if draw.random() < 0.2]
        self.deltas = [self._list(AT - draw.choice([0, 239]) * timedelta(minutes=1), "since")]
        if draw.random() < 0.3:
            self.deltas = []

    def cases(self) -> list[tuple[str, datetime, dict[str, Passing]]]:
        return [self._case(text, trip) for text, trip in self.shown for _time in range(3)]

    def _case(self, text: str, trip: str) -> tuple[str, datetime, dict[str, Passing]]:
        draw = self.draw
        earlier = {trip: Passing(AT - HOUR, draw.choice(["", "2"]))} if draw.random() < 0.15 else {}
        at = (
            AT + draw.choice([-49, -25, -1, *[0] * 9, 1, 3, 9, 24, 30]) * HOUR + draw.randrange(3600) * SECOND
        )
        return self._damaged(text), at, earlier

    def _damaged(self, text: str) -> str:
        """Alter one in five: a letter, the end, the host, or the whole."""
        draw = self.draw
        match draw.randrange(25):
            case 0:
                at = draw.randrange(len(text))
                return text[:at] + draw.choice("ABCDEFGH2345") + text[at + 1 :]
            case 1:
                return text[: -draw.randint(1, 9)]
            case 2:
                return text + draw.choice("A7=")
            case 3:
                return text.replace("FERRY", "evil", 1).lower()
            case 4:
                return draw.choice(["", "hello", "HTTPS://FERRY.EXAMPLE/P/", "A" * 300])
        return text

    def _add_a_pass(self) -> None:
        draw = self.draw
        pass_id, trip = str(uuid.UUID(int=draw.getrandbits(128))), f"F{draw.getrandbits(40):010X}"
        opens_at = AT + draw.choice([-47, -26, -3, *[-1] * 9, 0, 1, 20]) * HOUR
        closes_at = opens_at + draw.choice([1, 8, 12, 12]) * HOUR
        usual = "ready" if self.here.startswith("CN") else "exited"
        state = draw.choice([usual] * 8 + ["planned", "ready", "exited", "arrived", "delivered", "returned"])
        exited_at, arrived_at, delivered_at = self._moments(state)
        line = {
            "pass_id": pass_id,
            "short_code": codes.new_short_code(draw.randrange),
            "trip": trip,
            "route": "HORGOS-NURZHOLY",
            "state": state,
            "vin": f"LGXCE4CB{draw.getrandbits(32):09d}"[:17],
            "plate": "",
            "make": "BYD",
            "model": "宋",
            "colour": "white",
            "driver": "马军",
            "passport_tail": "5678",
            "opens_at": opens_at.isoformat(),
            "closes_at": closes_at.isoformat(),
            "exited_at": exited_at,
            "arrived_at": arrived_at,
            "delivered_at": delivered_at,
        }
        if (lot := draw.random()) < 0.7:
            self.passes.append(line)
        elif lot < 0.85:
            ended_at = draw.choice([None, (AT - HOUR).isoformat(), "2026-11-22T03:59:59.123456+00:00"])
            state = draw.choice([one for one in PassState.values if one != PassState.OPEN])
            self.ended.append({"pass_id": pass_id, "state": state, "ended_at": ended_at})
        if draw.random() < 0.2:
            self.objections[pass_id] = [self._objection() for _number in range(draw.randint(1, 2))]
        ends = draw.choice(
            [("CN-HORGOS", "KZ-NURZHOLY")] * 9 + [("CN-BAKETU", "KZ-BAKHTY"), ("CN-HORGOS", "KZ-BAKHTY")]
        )
        claims = codes.PassClaims(
            issuer="Silk Road",
            pass_id=uuid.UUID(pass_id),
            trip=draw.choice([trip] * 9 + ["FSTRANGER"]),
            vin=line["vin"],
            passport_tail="5678",
            exit=ends[0],
            entry=ends[1],
            not_before=opens_at,
            expires=closes_at,
        )
        kid, private = draw.choice([*self.keys * 5, self.stranger])
        text = codes.seal(claims, kid=kid, private=private, site_url="https://ferry.example")
        self.shown.append((draw.choice([text] * 6 + [line["short_code"]]), trip))

    def _moments(self, state: str) -> list[str | None]:
        reached = {"exited": 1, "arrived": 2, "delivered": 3}.get(state, 0)
        at = [(AT - number * HOUR).isoformat() for number in (3, 2, 1)]
        return [
            one if number < reached and self.draw.random() < 0.8 else None for number, one in enumerate(at)
        ]

    def _objection(self) -> dict[str, Any]:
        draw = self.draw
        code = draw.choice(
            [
                *("declaration_not_released", "declaration_changed", "licence_missing", "passport_expired"),
                *(
                    "driving_licence_expired",
                    "stay_exhausted",
                    "watch_list",
                    "selected",
                    "from_a_newer_server",
                ),
            ]
        )
        verdict = draw.choice(["examine", "refuse"])
        params = {"instruction": "Call 110"} if code == "watch_list" else {}
        hours = draw.choice([{}, {}, {"hours": [[draw.randrange(24), draw.randrange(24)], [22, 4]]}])
        return {"code": code, "verdict": verdict, "params": params, **hours}

    def _list(self, as_of: datetime, since: str | None) -> dict[str, Any]:
        draw = self.draw
        zone = draw.choice(["Asia/Shanghai", "Asia/Almaty", "Asia/Urumqi", "Asia/Kathmandu", "UTC"])
        opens, closes = draw.choice(
            [(None, None)] * 8
            + [("08:00:00", "20:00:00"), ("20:00:00", "04:00:00"), ("09:30:00", "09:31:00")]
        )
        closures = [self._closure() for _number in range(draw.choice([*[0] * 8, 1, 3]))]
        limits = {
            "clock_skew_s": 300.0,
            "entry_alert_s": draw.choice([3600.0, 86400.0]),
            "list_age_limit_s": 14400.0,
        }
        return {
            "checkpoint": self.here,
            "as_of": as_of.isoformat(),
            "since": since,
            "hours": {"time_zone": zone, "opens": opens, "closes": closes},
            "routes": [{"route": "HORGOS-NURZHOLY", "exit": "CN-HORGOS", "entry": "KZ-NURZHOLY", **limits}],
            "closures": closures,
            "passes": list(self.passes),
            "objections": self.objections,
            "ended": list(self.ended),
            "keys": [codes.public_jwk(kid, private.public_key()) for kid, private in self.keys],
        }

    def _closure(self) -> dict[str, Any]:
        starts_at = AT + self.draw.randrange(-40, 30) * HOUR
        ends_at = starts_at + self.draw.choice([0, 1, 3, 12]) * HOUR
        route = self.draw.choice([None, "HORGOS-NURZHOLY", "BAKETU-BAKHTY"])
        return {"route": route, "starts_at": starts_at.isoformat(), "ends_at": ends_at.isoformat()}


def test_both_judge_by_a_list_alike(tmp_path: Path) -> None:
    worlds = [World(f"ferryman: world {number}") for number in range(160)]
    cases = [(world, world.cases()) for world in worlds]
    said = iter(
        answers_of_the_twin(
            tmp_path,
            worlds=[
                {"list": world.list, "deltas": world.deltas, "cases": [_asked(*one) for one in asked]}
                for world, asked in cases
            ],
        )["worlds"]
    )
    seen: Counter[str] = Counter()
    for world, asked in cases:
        kept = OfflineList.read(world.list)
        for delta in world.deltas:
            kept = kept.merge(delta)
        for text, at, earlier in asked:
            judgement = kept.judge(text, at=at, earlier=earlier)
            verdict, reasons, trip = next(said)
            assert told(verdict, reasons) == told(judgement.verdict, judgement.reasons), (text, at)
            assert trip == judgement.trip
            seen.update([judgement.verdict, *judgement.codes])
    assert sum(seen[verdict] for verdict in ("release", "examine", "refuse")) == 12000
    assert min(seen["release"], seen["examine"], seen["refuse"]) > 400
    assert {rule.code for rule in RULES} - {"not_checked"} == {code for code in seen if code in CODES}


CODES = {rule.code for rule in RULES}


def _asked(text: str, at: datetime, earlier: Mapping[str, Passing]) -> list[Any]:
    passings = {trip: {"at": milliseconds(one.at), "lane": one.lane} for trip, one in earlier.items()}
    return [text, milliseconds(at), passings]


# --- Texts that a holder of the key might have signed --------------------------------------------------


@pytest.mark.parametrize(
    "change",
    [
        {"issuer": "é漢字"},
        {"issuer": ""},
        {"not_before": datetime(1969, 1, 1, tzinfo=UTC)},
        {"expires": datetime(9999, 1, 1, tzinfo=UTC)},
        {"trip": "F" * 30},
    ],
)
def test_both_read_whatever_was_signed(tmp_path: Path, change: dict[str, Any]) -> None:
    world = World("ferryman: signed")
    claims = codes.PassClaims(
        **{
            "issuer": "Silk Road",
            "pass_id": uuid.UUID(int=7),
            "trip": "FTRIP",
            "vin": "LGXCE4CB8S0123456",
            "passport_tail": "5678",
            "exit": "CN-HORGOS",
            "entry": "KZ-NURZHOLY",
            "not_before": AT - HOUR,
            "expires": AT + HOUR,
            **change,
        }
    )
    kid, private = world.keys[0]
    text = codes.seal(claims, kid=kid, private=private, site_url="https://ferry.example")
    case = (text, AT, {})
    (said,) = answers_of_the_twin(
        tmp_path, worlds=[{"list": world.list, "deltas": [], "cases": [_asked(*case)]}]
    )["worlds"]
    judgement = OfflineList.read(world.list).judge(text, at=AT, earlier={})
    assert judgement.claims == claims
    assert told(said[0], said[1]) == told(judgement.verdict, judgement.reasons)
