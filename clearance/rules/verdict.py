"""The verdict on a scan: one table of rules over plain facts.

An offline scanner applies the same table, so a rule asks only for facts that a list can carry, no rule asks
another one, and what a rule asks is data (clearance.rules.conditions): `as_data` is what JavaScript reads.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from enum import IntEnum
from typing import Any

from clearance.models import Crossing, Verdict
from clearance.rules.conditions import Condition, Telling, compiled, told
from ferry.models import DeclarationStatus, PassState, TripState

Params = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """All that bears on one verdict; what is not handed in stands for a pass with nothing against it.

    `moment` is when the code was read and `today` its date at the checkpoint. `crossing` is empty at a
    checkpoint that is no end of the pass's route. `onward_at` is when the trip is known to have been further
    on than this crossing. `entry_until` is how long the entry lets in what left in time. `share_selected`
    says that the draw or a rule selects it; `examination` is open, released, detained or empty.

    The last four are a scanner's that judges by its list: `offline` says that nobody else will judge before
    the barrier moves, `listed` that the list knows the pass, `signature` is none for a short code and
    unchecked where the scanner cannot check one, and `clock_wrong` that its clock cannot be right.
    """

    moment: datetime
    today: date
    crossing: str = Crossing.EXIT
    fault: str = ""

    pass_state: str = PassState.OPEN
    trip_state: str = TripState.READY
    opens_at: datetime
    closes_at: datetime
    entry_until: datetime
    ended_at: datetime | None = None
    clock_skew: timedelta = timedelta(0)

    right_checkpoints: tuple[str, ...] = ()
    passed_at: datetime | None = None
    passed_lane: str = ""
    onward_at: datetime | None = None
    closed: bool = False
    reopens_at: datetime | None = None

    declaration_status: str = DeclarationStatus.RELEASED
    licence_needed: bool = False
    licence_expires_on: date | None = None
    passport_expires_on: date = date.max
    driving_licence_expires_on: date = date.max
    stay_exhausted: bool = False
    watched: bool = False
    instruction: str = ""

    share_selected: bool = False
    examination: str = ""

    list_age: timedelta | None = None
    list_age_limit: timedelta = timedelta.max
    offline: bool = False
    listed: bool = True
    signature: str = "good"
    clock_wrong: bool = False


class Group(IntEnum):
    """What is asked, in order."""

    CODE = 1
    CROSSING = 2
    PAPERS = 3
    SELECTION = 4
    LIST = 5


#: The first of these that objects decides, with all its reasons: a dead code says nothing more of the trip,
#: but who is turned away at the crossing shall hear of his papers too before he comes again.
DECIDING = ({Group.CODE}, {Group.CROSSING, Group.PAPERS}, {Group.SELECTION, Group.LIST})

SEVERITY = {Verdict.RELEASE: 0, Verdict.EXAMINE: 1, Verdict.REFUSE: 2}


@dataclass(frozen=True)
class Rule:
    """Object with a code and a verdict where it applies; `always` is told beside whatever decides."""

    code: str
    group: Group
    verdict: Verdict
    when: Condition
    tells: Telling = field(default_factory=dict)
    always: bool = False
    applies: Callable[[Facts], bool] = field(init=False, repr=False, compare=False)
    params: Callable[[Facts], Params] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "applies", compiled(self.when))
        object.__setattr__(self, "params", told(self.tells))


@dataclass(frozen=True, slots=True)
class Told:
    """A reason as it is kept: a stable code and what its sentence mentions, ready for JSON."""

    code: str
    params: Params


@dataclass(frozen=True, slots=True)
class Judgement:
    verdict: Verdict
    reasons: tuple[Told, ...]

    @property
    def codes(self) -> list[str]:
        return [reason.code for reason in self.reasons]


def judge(facts: Facts) -> Judgement:
    """Give the verdict, and every reason of the group that decided it, in the order of the table."""
    found = [rule for rule in RULES if rule.applies(facts)]
    if not found:
        return RELEASED
    decides = next((groups for groups in DECIDING if any(rule.group in groups for rule in found)), set())
    told = [rule for rule in found if rule.always or rule.group in decides]
    return Judgement(
        verdict=max((rule.verdict for rule in told), key=SEVERITY.__getitem__),
        reasons=tuple(Told(rule.code, rule.params(facts)) for rule in told),
    )


def objections(facts: Facts) -> list[tuple[Told, Verdict]]:
    """Tell ahead what the papers and the selection will say, for a list that is asked without a link."""
    ahead = {Group.PAPERS, Group.SELECTION}
    return [
        (Told(rule.code, rule.params(facts)), rule.verdict)
        for rule in RULES
        if rule.group in ahead and rule.applies(facts)
    ]


RELEASED = Judgement(Verdict.RELEASE, ())


def as_data() -> dict[str, Any]:
    """Write the table down for readers in other languages."""
    return {
        "deciding": [sorted(groups) for groups in DECIDING],
        "severity": SEVERITY,
        "rules": [
            {
                "code": rule.code,
                "group": rule.group,
                "verdict": rule.verdict,
                "when": rule.when,
                "tells": rule.tells,
                "always": rule.always,
            }
            for rule in RULES
        ],
    }


# --- What several rules ask --------------------------------------------------------------------

AT_EXIT: Condition = ("is", "crossing", Crossing.EXIT)
AT_ENTRY: Condition = ("is", "crossing", Crossing.ENTRY)
NOWHERE: Condition = ("is", "crossing", "")
IS_OPEN: Condition = ("is", "pass_state", PassState.OPEN)
IS_OVERTAKEN: Condition = ("by", "onward_at", "moment")

REVOKED: Condition = (
    "any",
    ("is", "pass_state", PassState.REVOKED),
    ("is", "trip_state", TripState.CANCELLED),
)
NOT_YET_VALID: Condition = (
    "all",
    AT_EXIT,
    ("before", "moment", ("minus", "opens_at", "clock_skew")),
    IS_OPEN,
)
#: The window is the exit's: a vehicle that left in it has until `entry_until` to enter.
EXPIRED: Condition = (
    "any",
    ("is", "pass_state", PassState.LAPSED),
    ("is", "trip_state", TripState.LAPSED),
    ("all", AT_EXIT, ("before", ("plus", "closes_at", "clock_skew"), "moment"), IS_OPEN),
    ("all", AT_ENTRY, ("before", ("plus", "entry_until", "clock_skew"), "moment"), IS_OPEN),
)

ALREADY_USED: Condition = (
    "any",
    ("known", "passed_at"),
    (
        "all",
        ("any", ("is", "pass_state", PassState.SPENT), ("is", "trip_state", TripState.RETURNED)),
        ("any", ("not", ("known", "onward_at")), IS_OVERTAKEN),
    ),
)
#: Not there yet, or further on already; an offline scan may tell late of what was in turn then.
OUT_OF_TURN: Condition = (
    "all",
    (
        "any",
        ("all", AT_EXIT, ("is", "trip_state", TripState.PLANNED)),
        ("all", AT_ENTRY, ("is", "trip_state", TripState.PLANNED, TripState.READY)),
        ("all", ("not", NOWHERE), IS_OVERTAKEN),
    ),
    ("not", ALREADY_USED),
)

LICENCE_MISSING: Condition = (
    "all",
    ("yes", "licence_needed"),
    AT_EXIT,
    ("any", ("not", ("known", "licence_expires_on")), ("before", "licence_expires_on", "today")),
)
IS_SELECTED: Condition = (
    "any",
    ("is", "examination", "open"),
    ("all", ("yes", "share_selected"), ("is", "examination", "")),
)
IS_STALE: Condition = ("before", "list_age_limit", "list_age")


def _fault(code: str) -> Condition:
    return ("is", "fault", code)


def _declared(*statuses: str) -> Condition:
    return ("all", ("is", "declaration_status", *statuses), AT_EXIT)


def _expired_on(fact: str) -> Condition:
    return ("all", ("before", fact, "today"), AT_EXIT)


# --- The table ---------------------------------------------------------------------------------

CODE, CROSSING, PAPERS, SELECTION, LIST = Group
REFUSE, EXAMINE, RELEASE = Verdict.REFUSE, Verdict.EXAMINE, Verdict.RELEASE

ENDED: Telling = {"at": ("moment", "ended_at")}
PASSED: Telling = {"at": ("moment", "passed_at"), "lane": ("text_if_any", "passed_lane")}
MINUTES: Telling = {"minutes": ("minutes", "list_age")}

RULES: tuple[Rule, ...] = (
    Rule("unreadable", CODE, REFUSE, _fault("unreadable")),
    Rule("unknown_key", CODE, REFUSE, _fault("unknown_key")),
    Rule("bad_signature", CODE, REFUSE, _fault("bad_signature")),
    Rule("unknown_pass", CODE, REFUSE, _fault("unknown_pass")),
    Rule("superseded", CODE, REFUSE, ("is", "pass_state", PassState.SUPERSEDED), ENDED),
    Rule("revoked", CODE, REFUSE, REVOKED, ENDED),
    Rule("not_yet_valid", CODE, REFUSE, NOT_YET_VALID, {"at": ("moment", "opens_at")}),
    Rule("expired", CODE, REFUSE, EXPIRED, {"at": ("moment", "closes_at")}),
    Rule(
        "wrong_checkpoint",
        CROSSING,
        REFUSE,
        ("all", NOWHERE, ("is", "fault", "")),
        {"checkpoints": ("joined", "right_checkpoints")},
    ),
    Rule("out_of_turn", CROSSING, REFUSE, OUT_OF_TURN, {"crossing": ("text", "crossing")}),
    Rule("already_used", CROSSING, REFUSE, ALREADY_USED, PASSED),
    Rule("checkpoint_closed", CROSSING, REFUSE, ("yes", "closed"), {"until": ("moment", "reopens_at")}),
    # China's papers count at the exit, the watch list everywhere.
    Rule("declaration_not_released", PAPERS, REFUSE, _declared(DeclarationStatus.ACCEPTED)),
    Rule(
        "declaration_changed",
        PAPERS,
        REFUSE,
        _declared(DeclarationStatus.AMENDED, DeclarationStatus.DELETED),
    ),
    Rule("licence_missing", PAPERS, REFUSE, LICENCE_MISSING),
    Rule("passport_expired", PAPERS, REFUSE, _expired_on("passport_expires_on")),
    Rule("driving_licence_expired", PAPERS, REFUSE, _expired_on("driving_licence_expires_on")),
    Rule("stay_exhausted", PAPERS, REFUSE, ("all", ("yes", "stay_exhausted"), AT_EXIT)),
    # Whatever else is wrong with the code, the officer must know who stands before him.
    Rule(
        "watch_list",
        PAPERS,
        REFUSE,
        ("yes", "watched"),
        {"instruction": ("text", "instruction")},
        always=True,
    ),
    Rule(
        "selected", SELECTION, REFUSE, ("is", "examination", "detained"), {"detained": ("yes", "examination")}
    ),
    Rule("selected", SELECTION, EXAMINE, IS_SELECTED),
    # Judged afterwards it stops nothing: it says how far the offline verdict could be trusted.
    Rule("stale_list", LIST, RELEASE, ("all", IS_STALE, ("not", ("yes", "offline"))), MINUTES, always=True),
    Rule("stale_list", LIST, EXAMINE, ("all", IS_STALE, ("yes", "offline")), MINUTES, always=True),
    Rule("not_listed", LIST, EXAMINE, ("not", ("yes", "listed"))),
    Rule("not_signed", LIST, EXAMINE, ("is", "signature", "none")),
    Rule("not_checked", LIST, EXAMINE, ("is", "signature", "unchecked")),
    Rule("clock_wrong", LIST, EXAMINE, ("yes", "clock_wrong"), always=True),
)
