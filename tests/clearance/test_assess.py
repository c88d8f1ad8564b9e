"""The assessment, without a database: every kind of case at its limit, every outcome, any order."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clearance.models import Policy
from clearance.queries.evidence import LIMIT_NAMES
from clearance.rules.assess import (
    NOT_ASSESSED,
    CaseSeen,
    DeclarationSeen,
    Evidence,
    Finding,
    Limits,
    PassSeen,
    ReceiptSeen,
    RecordSeen,
    RefusalSeen,
    ScanSeen,
    TripSeen,
    assess,
    warnings,
)
from ferry.models import CaseKind, Outcome, Weight
from ferry.rules.evidence import evidence_digest
from ferry.rules.stays import Stay

pytestmark = pytest.mark.once

HOUR, DAY, TICK = timedelta(hours=1), timedelta(days=1), timedelta(microseconds=1)
#: The vehicle leaves at noon in China.
LEFT = datetime(2026, 11, 22, 4, 0, tzinfo=UTC)
VIN, OTHER_VIN = "LGXCE4CB8S0123456", "LATPAB071W1005301"
PERSON, STRANGER = 7, 8

_policy = Policy()
LIMITS = Limits(
    **{name: getattr(_policy, name) for name in LIMIT_NAMES},
    closures=(),
    kazakh=ZoneInfo("Asia/Almaty"),
    stay_rolling=True,
    stay_count_both=True,
)
#: A whole day on which the crossing is closed, soon after the vehicle left.
HOLIDAY = replace(LIMITS, closures=((LEFT + 2 * HOUR, LEFT + 2 * HOUR + DAY),))

PASS = PassSeen(1, VIN, PERSON, LEFT - HOUR, LEFT + 23 * HOUR, LEFT - 5 * HOUR, "spent", LEFT + 9 * HOUR)
EXIT = ScanSeen("exit-1", 1, "exit", "release", LEFT, LEFT, LEFT, "", None, False)
ENTRY = EXIT._replace(
    id="entry-1",
    crossing="entry",
    scanned_at=LEFT + 2 * HOUR,
    recorded_at=LEFT + 2 * HOUR,
    passed_at=LEFT + 2 * HOUR,
)
RECEIPT = ReceiptSeen(VIN, "good", "Almaty Auto", LEFT + 5 * HOUR)
NOT_TAKEN = RefusalSeen("wrong_vehicle", LEFT + 4 * HOUR)
#: One of its fourteen vehicles is still in China.
DECLARATION = DeclarationSeen(3, "released", LEFT - 2 * DAY, 14, None, 14, 13, LEFT)
BORDER = RecordSeen("bp-1", "border_exit", LEFT + HOUR, "", PERSON, True)
KZ = RecordSeen("kz-1", "kz_entry", LEFT + 3 * HOUR, VIN, PERSON, True)
BACK = RecordSeen("bp-2", "return", LEFT + 10 * HOUR, "", PERSON, True)


def a_trip(**changes: Any) -> Evidence:
    """Give a delivered trip on which everything agrees."""
    return replace(
        Evidence(
            state="delivered",
            vin=VIN,
            person=PERSON,
            consignee="Almaty Auto",
            closes_at=PASS.closes_at,
            driver_returned_at=LEFT + 10 * HOUR,
            declaration=DECLARATION,
            receipt=RECEIPT,
            passes=(PASS,),
            scans=(EXIT, ENTRY),
        ),
        **changes,
    )


def an_exited_trip(**changes: Any) -> Evidence:
    """Give a trip that has left and of which nothing more is known."""
    usual: dict[str, Any] = {"state": "exited", "receipt": None, "scans": (EXIT,), "driver_returned_at": None}
    return a_trip(**{**usual, **changes})


def a_ready_trip(**changes: Any) -> Evidence:
    usual: dict[str, Any] = {
        "state": "ready",
        "receipt": None,
        "scans": (),
        "passes": (PASS._replace(state="open", ended_at=None),),
        "driver_returned_at": None,
    }
    return a_trip(**{**usual, **changes})


def kinds(trip: Evidence, at: datetime, limits: Limits = LIMITS) -> list[str]:
    return [finding.kind for finding in assess(trip, limits, at).findings]


def found(kind: str, trip: Evidence, at: datetime, limits: Limits = LIMITS) -> Finding | None:
    return next((each for each in assess(trip, limits, at).findings if each.kind == kind), None)


def settled(finding: Finding, state: str = "resolved") -> CaseSeen:
    return CaseSeen(finding.kind, state, evidence_digest(finding.facts))


# --- Kinds with a limit: nothing just before it, a case at it, later with a closed day between ---

ALL_OUT = DECLARATION._replace(out=14)
CLOSED_SHORT = DECLARATION._replace(status="closed", closed_at=LEFT + 3 * HOUR, status_at=LEFT + 3 * HOUR)
REFUSED_ENTRY = ENTRY._replace(verdict="refuse", passed_at=None)

LIMITED = [
    ("exit_no_delivery", Weight.HIGH, an_exited_trip(), LEFT, 48 * HOUR, DAY),
    ("delivery_no_exit", Weight.CRITICAL, a_trip(scans=(ENTRY,)), RECEIPT.confirmed_at, 24 * HOUR, 21 * HOUR),
    ("declaration_not_closed", Weight.MEDIUM, a_trip(declaration=ALL_OUT), LEFT, 15 * DAY, DAY),
    ("quantity_differs", Weight.HIGH, a_trip(declaration=CLOSED_SHORT), LEFT + 3 * HOUR, DAY, 23 * HOUR),
    ("impossible_order", Weight.MEDIUM, a_trip(scans=(EXIT,)), RECEIPT.confirmed_at, DAY, 21 * HOUR),
    (
        "returned_undelivered",
        Weight.MEDIUM,
        an_exited_trip(scans=(EXIT, REFUSED_ENTRY)),
        LEFT + 2 * HOUR,
        DAY,
        DAY,
    ),
    # The stay is counted in Kazakh dates: the 31st begins at midnight there. Nothing stops its clock.
    (
        "overstay",
        Weight.HIGH,
        a_trip(driver_returned_at=None),
        datetime(2026, 11, 21, 19, tzinfo=UTC),
        30 * DAY,
        0 * DAY,
    ),
    ("never_used", Weight.LOW, a_ready_trip(), PASS.closes_at + timedelta(minutes=5), DAY, 0 * DAY),
]


@pytest.mark.parametrize(("kind", "weight", "trip", "start", "limit", "closed"), LIMITED)
class TestALimit:
    def test_it_finds_nothing_before_and_asks_to_be_looked_at_then(
        self, kind: str, weight: Weight, trip: Evidence, start: datetime, limit: timedelta, closed: timedelta
    ) -> None:
        assert kind not in kinds(trip, start + limit - TICK)
        early = assess(trip, LIMITS, start + TICK)
        assert early.next_check_at is not None
        assert early.next_check_at <= start + limit
        assert assess(trip, LIMITS, start + limit - TICK).next_check_at == start + limit

    def test_it_finds_the_case_at_the_limit_and_after(
        self, kind: str, weight: Weight, trip: Evidence, start: datetime, limit: timedelta, closed: timedelta
    ) -> None:
        at_limit, after = found(kind, trip, start + limit), found(kind, trip, start + limit + HOUR)
        assert at_limit is not None
        assert at_limit.weight == weight
        assert at_limit == after

    def test_it_stands_still_while_the_crossing_is_closed(
        self, kind: str, weight: Weight, trip: Evidence, start: datetime, limit: timedelta, closed: timedelta
    ) -> None:
        late = start + limit + closed
        assert kind not in kinds(trip, late - TICK, HOLIDAY)
        assert kind in kinds(trip, late, HOLIDAY)


def test_a_delivery_outstanding_for_28_days_is_critical() -> None:
    trip = an_exited_trip()
    before, at = (found("exit_no_delivery", trip, LEFT + 28 * DAY - each) for each in (TICK, 0 * DAY))
    assert before is not None
    assert at is not None
    assert (before.weight, at.weight) == (Weight.HIGH, Weight.CRITICAL)
    assert before.facts == at.facts
    assert assess(trip, LIMITS, LEFT + 3 * DAY).next_check_at == LEFT + 28 * DAY


def test_a_declaration_open_for_30_days_weighs_more() -> None:
    trip = a_trip(declaration=ALL_OUT)
    before, at = (found("declaration_not_closed", trip, LEFT + 30 * DAY - each) for each in (TICK, 0 * DAY))
    assert before is not None
    assert at is not None
    assert (before.weight, at.weight) == (Weight.MEDIUM, Weight.HIGH)


# --- Kinds that are seen at once ----------------------------------------------------------------

SECOND_PASS = PASS._replace(id=2, state="open", ended_at=None)
SWAPPED = PASS._replace(state="superseded", ended_at=LEFT - 2 * HOUR, person=STRANGER)
AGAIN = EXIT._replace(
    id="exit-2",
    scanned_at=LEFT + HOUR,
    recorded_at=LEFT + 2 * HOUR,
    passed_at=None,
    offline_verdict="release",
    verdict="refuse",
)
#: On a list of an hour before, heard of two hours after.
OFFLINE = EXIT._replace(recorded_at=LEFT + 2 * HOUR, offline_verdict="release", list_age=HOUR)
OTHER_TRIP = TripSeen(99, "F0000099", LEFT - DAY, None, None, "exited")

AT_ONCE = [
    ("vin_mismatch", Weight.CRITICAL, a_trip(records=(KZ._replace(vin=OTHER_VIN),))),
    ("vin_mismatch", Weight.CRITICAL, a_trip(receipt=RECEIPT._replace(vin=OTHER_VIN))),
    ("driver_mismatch", Weight.HIGH, a_trip(records=(BORDER._replace(person=STRANGER),))),
    ("driver_mismatch", Weight.HIGH, a_trip(records=(KZ._replace(person=None),))),
    ("driver_mismatch", Weight.HIGH, a_trip(passes=(SWAPPED, SECOND_PASS))),
    (
        "declaration_changed",
        Weight.HIGH,
        a_trip(declaration=DECLARATION._replace(status="amended", status_at=LEFT)),
    ),
    (
        "declaration_changed",
        Weight.HIGH,
        a_trip(declaration=DECLARATION._replace(changes=(("deleted", LEFT),))),
    ),
    (
        "declaration_changed",
        Weight.HIGH,
        a_ready_trip(declaration=DECLARATION._replace(status="deleted", status_at=LEFT)),
    ),
    ("quantity_differs", Weight.HIGH, a_trip(declaration=DECLARATION._replace(quantity=12))),
    ("pass_reused", Weight.CRITICAL, a_trip(scans=(EXIT, ENTRY, AGAIN))),
    (
        "vehicle_twice",
        Weight.CRITICAL,
        a_trip(passes=(PASS, SECOND_PASS), scans=(EXIT, ENTRY, AGAIN._replace(pass_id=2))),
    ),
    (
        "pass_reused",
        Weight.CRITICAL,
        a_trip(scans=(EXIT, ENTRY, AGAIN._replace(id="entry-2", crossing="entry"))),
    ),
    (
        "vehicle_twice",
        Weight.CRITICAL,
        a_trip(
            passes=(PASS, SECOND_PASS),
            scans=(EXIT, ENTRY, AGAIN._replace(id="entry-2", crossing="entry", pass_id=2)),
        ),
    ),
    ("vehicle_twice", Weight.CRITICAL, a_trip(same_vehicle=(OTHER_TRIP,))),
    ("vehicle_twice", Weight.CRITICAL, a_trip(same_vehicle=(OTHER_TRIP._replace(exited_at=LEFT + DAY),))),
    ("driver_overlap", Weight.HIGH, a_trip(same_person=(OTHER_TRIP,))),
    (
        "driver_overlap",
        Weight.HIGH,
        a_trip(same_person=(OTHER_TRIP._replace(driver_returned_at=LEFT + HOUR),)),
    ),
    ("driver_overlap", Weight.HIGH, an_exited_trip(same_person=(OTHER_TRIP._replace(exited_at=LEFT + DAY),))),
    ("overstay", Weight.HIGH, a_trip(driver_returned_at=LEFT + 31 * DAY)),
    (
        "exit_outside_window",
        Weight.MEDIUM,
        a_trip(passes=(PASS._replace(closes_at=LEFT - timedelta(minutes=6)),)),
    ),
    (
        "exit_outside_window",
        Weight.MEDIUM,
        a_trip(passes=(PASS._replace(opens_at=LEFT + timedelta(minutes=6)),)),
    ),
    (
        "exit_outside_window",
        Weight.MEDIUM,
        a_trip(passes=(PASS._replace(state="revoked", ended_at=LEFT - HOUR),)),
    ),
    (
        "impossible_order",
        Weight.MEDIUM,
        a_trip(receipt=RECEIPT._replace(confirmed_at=LEFT - timedelta(minutes=6))),
    ),
    ("impossible_order", Weight.MEDIUM, a_trip(records=(KZ._replace(occurred_at=LEFT - HOUR),))),
    ("impossible_order", Weight.MEDIUM, a_trip(driver_returned_at=LEFT + HOUR)),
    ("consignee_differs", Weight.MEDIUM, a_trip(receipt=RECEIPT._replace(receiver="Astana Motors"))),
    ("consignee_differs", Weight.MEDIUM, a_trip(receipt=RECEIPT._replace(receiver="Almaty"))),
    ("damage", Weight.MEDIUM, a_trip(receipt=RECEIPT._replace(condition="damaged"))),
    ("never_used", Weight.LOW, a_ready_trip(state="lapsed")),
    ("returned_undelivered", Weight.MEDIUM, an_exited_trip(state="returned")),
    (
        "returned_undelivered",
        Weight.MEDIUM,
        an_exited_trip(scans=(EXIT, ENTRY._replace(passed_at=None, detained=True))),
    ),
    ("returned_undelivered", Weight.MEDIUM, an_exited_trip(refusal=NOT_TAKEN)),
    (
        "stale_offline_release",
        Weight.HIGH,
        a_trip(passes=(PASS._replace(state="revoked", ended_at=LEFT - HOUR),), scans=(OFFLINE, ENTRY)),
    ),
]


@pytest.mark.parametrize(("kind", "weight", "trip"), AT_ONCE)
def test_it_finds_at_once(kind: str, weight: Weight, trip: Evidence) -> None:
    finding = found(kind, trip, LEFT + 40 * HOUR if kind != "overstay" else LEFT + 32 * DAY)
    assert finding is not None
    assert finding.weight == weight
    assert assess(trip, LIMITS, LEFT + 40 * DAY).outcome == Outcome.DISCREPANT


def test_every_kind_of_case_is_tried_here() -> None:
    assert {each[0] for each in (*LIMITED, *AT_ONCE)} == {*CaseKind.values} - NOT_ASSESSED


INNOCENT = [
    a_trip(records=(BORDER, KZ, BACK)),
    # A receiver may add his own name, or write the consignee's another way.
    a_trip(receipt=RECEIPT._replace(receiver="ALMATY  auto, Nurlan")),
    a_trip(consignee='ТОО "Almaty Auto"', receipt=RECEIPT._replace(receiver="Almaty Auto LLP")),
    # Clocks may differ by five minutes.
    a_trip(passes=(PASS._replace(closes_at=LEFT - timedelta(minutes=5)),)),
    a_trip(receipt=RECEIPT._replace(confirmed_at=LEFT + 2 * HOUR - timedelta(minutes=5))),
    # Changed before the code was issued.
    a_trip(declaration=DECLARATION._replace(changes=(("amended", PASS.issued_at),))),
    # The vehicle came back from its other trip; the driver had ended his.
    a_trip(same_vehicle=(OTHER_TRIP._replace(state="returned"),)),
    a_trip(same_person=(OTHER_TRIP._replace(delivered_at=LEFT - HOUR),)),
    a_trip(same_person=(OTHER_TRIP._replace(driver_returned_at=LEFT + timedelta(minutes=5)),)),
    # Refused first and then let in; refused by the exit, which is no return.
    a_trip(scans=(EXIT, ENTRY, REFUSED_ENTRY)),
    a_trip(scans=(EXIT._replace(id="r", verdict="refuse", passed_at=None), EXIT, ENTRY)),
    # Released offline before the pass was replaced; on a pass that had not ended.
    a_trip(scans=(OFFLINE, ENTRY)),
    # Examined for longer than the window lasted.
    a_trip(
        scans=(
            EXIT._replace(scanned_at=PASS.closes_at, passed_at=PASS.closes_at + HOUR),
            ENTRY._replace(scanned_at=PASS.closes_at + 2 * HOUR, passed_at=PASS.closes_at + 2 * HOUR),
        ),
        receipt=RECEIPT._replace(confirmed_at=PASS.closes_at + 3 * HOUR),
        driver_returned_at=PASS.closes_at + 5 * HOUR,
    ),
    # On the thirtieth Kazakh date he was back.
    a_trip(driver_returned_at=datetime(2026, 12, 21, 18, 59, tzinfo=UTC)),
    a_ready_trip(),
    a_ready_trip(state="planned", passes=()),
    a_ready_trip(state="lapsed", passes=()),
    a_ready_trip(state="cancelled"),
]


def ended(state: str, ended_at: datetime, scan: ScanSeen = OFFLINE) -> Evidence:
    return a_trip(passes=(PASS._replace(state=state, ended_at=ended_at),), scans=(scan, ENTRY))


OUTSIDE, STALE = ["exit_outside_window"], ["stale_offline_release"]
AT_ENTRY = OFFLINE._replace(crossing="entry", id="entry-0", passed_at=None)


@pytest.mark.parametrize(
    ("trip", "found"),
    [
        # The list held the end of the pass: the lane's fault and nothing else.
        (ended("revoked", LEFT - 2 * HOUR), STALE),
        (ended("superseded", LEFT - HOUR), STALE),
        # It ended after the list was made: before the vehicle left, or before we heard of it.
        (ended("revoked", LEFT - HOUR + TICK), OUTSIDE),
        (ended("superseded", LEFT + TICK), OUTSIDE),
        (ended("lapsed", LEFT + 2 * HOUR), OUTSIDE),
        # It ended when all of that was known, as a pass that is used ends.
        (ended("revoked", LEFT + 2 * HOUR + TICK), []),
        (ended("spent", LEFT + HOUR), []),
        # A stale list is one at either crossing; the window is the exit's.
        (ended("revoked", LEFT - HOUR, EXIT._replace(crossing="entry", passed_at=None)), []),
        (a_trip(passes=ended("revoked", LEFT - HOUR).passes, scans=(AT_ENTRY, ENTRY)), STALE),
        (a_trip(passes=ended("revoked", LEFT).passes, scans=(AT_ENTRY, ENTRY)), []),
    ],
)
def test_a_release_on_a_dead_pass_is_blamed_once(trip: Evidence, found: list[str]) -> None:
    assert [kind for kind in kinds(trip, LEFT + 6 * HOUR) if kind in {*OUTSIDE, *STALE}] == found


@pytest.mark.parametrize("trip", INNOCENT)
def test_it_finds_nothing(trip: Evidence) -> None:
    assert kinds(trip, LEFT + 36 * HOUR) == []


def test_a_driver_who_left_again_was_back_though_no_record_says_so() -> None:
    again = OTHER_TRIP._replace(exited_at=LEFT + 3 * DAY)
    trip = a_trip(driver_returned_at=None, same_person=(again,))
    assert "overstay" not in kinds(trip, LEFT + 60 * DAY)
    assert assess(trip, LIMITS, LEFT + 4 * DAY).next_check_at is None


def test_the_ninety_first_day_of_180_is_an_overstay() -> None:
    entered_on = date(2026, 11, 22)
    earlier = tuple(
        Stay(entered_on - timedelta(days=180 - 9 * i), entered_on - timedelta(days=176 - 9 * i))
        for i in range(18)
    )
    trip = a_trip(driver_returned_at=None, stays=(*earlier[1:], Stay(entered_on, None)))
    # 85 days are used, so the sixth of this stay is the 91st; it is looked at every midnight.
    midnight = datetime(2026, 11, 26, 19, tzinfo=UTC)
    assert "overstay" not in kinds(trip, midnight - TICK)
    assert assess(trip, LIMITS, midnight - TICK).next_check_at == midnight
    finding = found("overstay", trip, midnight)
    assert finding is not None
    assert finding.facts["rules"] == ["90/180"]


def test_who_does_not_come_back_is_looked_at_on_the_day_his_days_are_used_up() -> None:
    trip = an_exited_trip(stays=(Stay(LEFT.date(), None),))
    at, found = LEFT, 0
    while (verdict := assess(trip, LIMITS, at)).next_check_at is not None:
        at, found = verdict.next_check_at, found + 1
    overstay = next(each for each in verdict.findings if each.kind == CaseKind.OVERSTAY)
    assert overstay.facts["rules"] == ["30", "90/180"]
    assert timedelta(days=89) < at - LEFT <= timedelta(days=90)
    assert found < 10


def test_a_kazakh_citizen_stays_at_home_as_long_as_he_likes() -> None:
    trip = a_trip(driver_returned_at=None, days_count=False)
    assert kinds(trip, LEFT + 60 * DAY) == []
    assert assess(trip, LIMITS, LEFT + DAY).next_check_at is None
    assert "stay_ending" not in warnings(trip, LIMITS, LEFT + 60 * DAY)


def test_a_misread_vin_says_how_far_off_it_is() -> None:
    finding = found("vin_mismatch", a_trip(records=(KZ._replace(vin="LGXCE4CB8S0123458"),)), LEFT + DAY)
    assert finding is not None
    assert finding.facts["seen"] == [
        {"kind": "kz_entry", "reference": "kz-1", "vin": "LGXCE4CB8S0123458", "slips": 1}
    ]


def test_no_finding_names_a_passport_or_a_person() -> None:
    for _kind, _weight, trip in AT_ONCE:
        for finding in assess(trip, LIMITS, LEFT + 40 * DAY).findings:
            assert "person" not in str(finding.facts)
            assert "passport" not in str(finding.facts)


# --- Outcomes -----------------------------------------------------------------------------------


def test_a_proved_trip_is_matched_and_discharged() -> None:
    verdict = assess(a_trip(), LIMITS, LEFT + 6 * HOUR)
    assert (verdict.outcome, verdict.state_to, verdict.findings) == (Outcome.MATCHED, "discharged", ())


def test_an_entry_by_record_proves_as_much_as_one_by_scan() -> None:
    assert assess(a_trip(scans=(EXIT,), records=(KZ,)), LIMITS, LEFT + 6 * HOUR).state_to == "discharged"


def test_a_discharged_trip_is_watched_until_its_driver_is_back() -> None:
    trip = a_trip(state="discharged", driver_returned_at=None)
    assert assess(trip, LIMITS, LEFT + DAY).outcome == Outcome.MATCHED
    assert assess(trip, LIMITS, LEFT + DAY).next_check_at == datetime(2026, 12, 21, 19, tzinfo=UTC)
    late = assess(trip, LIMITS, LEFT + 31 * DAY)
    assert (late.outcome, late.state_to) == (Outcome.DISCREPANT, None)


def test_a_discharged_trip_is_watched_until_its_declaration_is_closed() -> None:
    trip = a_trip(state="discharged", declaration=ALL_OUT)
    assert assess(trip, LIMITS, LEFT + DAY).next_check_at == LEFT + 15 * DAY
    closed = ALL_OUT._replace(status="closed", closed_at=LEFT + 5 * DAY)
    done = assess(replace(trip, declaration=closed), LIMITS, LEFT + 5 * DAY)
    assert (done.outcome, done.next_check_at) == (Outcome.MATCHED, None)


def test_a_case_about_the_declaration_does_not_keep_the_trip_from_discharge() -> None:
    verdict = assess(a_trip(declaration=ALL_OUT), LIMITS, LEFT + 16 * DAY)
    assert (verdict.outcome, verdict.state_to) == (Outcome.DISCREPANT, "discharged")


@pytest.mark.parametrize(
    "lacking",
    [
        {"scans": (ENTRY,)},
        {"scans": (EXIT,)},
        {"state": "arrived", "receipt": None},
        {"state": "exited", "receipt": None, "scans": (EXIT,)},
        {"state": "ready", "receipt": None, "scans": ()},
    ],
)
def test_an_unproved_trip_waits_and_is_not_discharged(lacking: dict[str, Any]) -> None:
    verdict = assess(a_trip(driver_returned_at=None, **lacking), LIMITS, LEFT + 6 * HOUR)
    assert (verdict.outcome, verdict.state_to) == (Outcome.WAITING, None)
    assert verdict.next_check_at is not None


LATE = [
    a_trip(
        scans=(EXIT, ENTRY._replace(passed_at=LEFT + 6 * HOUR + TICK, scanned_at=LEFT + 6 * HOUR + TICK)),
        receipt=RECEIPT._replace(confirmed_at=LEFT + 7 * HOUR),
    ),
    a_trip(receipt=RECEIPT._replace(confirmed_at=LEFT + 24 * HOUR + TICK)),
    a_trip(driver_returned_at=LEFT + 48 * HOUR + TICK),
    a_trip(declaration=ALL_OUT._replace(status="closed", closed_at=LEFT + 7 * DAY + TICK)),
]


@pytest.mark.parametrize("trip", LATE)
def test_what_came_late_matches_late(trip: Evidence) -> None:
    assert assess(trip, LIMITS, LEFT + 8 * DAY).outcome == Outcome.MATCHED_LATE


@pytest.mark.parametrize("trip", LATE)
def test_a_closed_day_excuses_lateness(trip: Evidence) -> None:
    assert assess(trip, HOLIDAY, LEFT + 8 * DAY).outcome == Outcome.MATCHED


def test_an_open_case_is_discrepant_even_when_its_rule_holds_no_more() -> None:
    missing = found("exit_no_delivery", an_exited_trip(), LEFT + 3 * DAY)
    assert missing is not None
    late = a_trip(receipt=RECEIPT._replace(confirmed_at=LEFT + 3 * DAY), cases=(settled(missing, "open"),))
    verdict = assess(late, LIMITS, LEFT + 4 * DAY)
    assert (verdict.outcome, verdict.state_to) == (Outcome.DISCREPANT, None)


def test_a_settled_case_resolves_and_the_same_evidence_does_not_open_it_again() -> None:
    trip = a_trip(receipt=RECEIPT._replace(condition="damaged"))
    damage = found("damage", trip, LEFT + DAY)
    assert damage is not None
    verdict = assess(replace(trip, cases=(settled(damage),)), LIMITS, LEFT + DAY)
    assert (verdict.outcome, verdict.state_to, verdict.findings) == (Outcome.RESOLVED, "discharged", ())


def test_new_evidence_is_found_beside_a_settled_case() -> None:
    one = KZ._replace(vin=OTHER_VIN)
    first = found("vin_mismatch", a_trip(records=(one,)), LEFT + DAY)
    assert first is not None
    more = a_trip(records=(one, one._replace(reference="kz-2")), cases=(settled(first),))
    assert kinds(more, LEFT + DAY) == ["vin_mismatch"]


def test_a_resolved_case_stands_for_the_receipt_but_does_not_discharge() -> None:
    missing = found("exit_no_delivery", an_exited_trip(), LEFT + 3 * DAY)
    assert missing is not None
    verdict = assess(an_exited_trip(state="delivered", cases=(settled(missing),)), LIMITS, LEFT + 4 * DAY)
    assert (verdict.outcome, verdict.state_to, verdict.findings) == (Outcome.RESOLVED, None, ())


def test_a_settled_case_does_not_stand_for_what_is_still_to_come() -> None:
    changed = DECLARATION._replace(status="amended", status_at=LEFT)
    trip = an_exited_trip(declaration=changed)
    finding = found("declaration_changed", trip, LEFT + HOUR)
    assert finding is not None
    verdict = assess(replace(trip, cases=(settled(finding),)), LIMITS, LEFT + HOUR)
    assert verdict.outcome == Outcome.WAITING


@pytest.mark.parametrize("state", ["lapsed", "cancelled"])
def test_a_trip_that_never_left_is_resolved_with_its_case(state: str) -> None:
    case = CaseSeen("never_used", "resolved", evidence_digest({"closes_at": PASS.closes_at.isoformat()}))
    assert (
        assess(a_ready_trip(state=state, cases=(case,)), LIMITS, LEFT + 9 * DAY).outcome == Outcome.RESOLVED
    )


def test_a_returned_trip_is_resolved_with_its_case() -> None:
    trip = an_exited_trip(state="returned", driver_returned_at=LEFT + 9 * HOUR)
    finding = found("returned_undelivered", trip, LEFT + DAY)
    assert finding is not None
    assert assess(replace(trip, cases=(settled(finding),)), LIMITS, LEFT + DAY).outcome == Outcome.RESOLVED


def test_a_refused_delivery_is_a_case_at_once_with_its_reason() -> None:
    finding = found("returned_undelivered", an_exited_trip(refusal=NOT_TAKEN), NOT_TAKEN.refused_at)
    assert finding is not None
    assert finding.facts == {"refused_at": "2026-11-22T08:00:00+00:00", "reason": "wrong_vehicle"}


def test_a_receipt_after_a_refusal_finds_nothing_more() -> None:
    trip = a_trip(refusal=NOT_TAKEN)
    assert kinds(trip, LEFT + DAY) == kinds(a_trip(), LEFT + DAY)


def test_what_was_not_taken_and_came_back_is_one_story() -> None:
    finding = found("returned_undelivered", an_exited_trip(refusal=NOT_TAKEN), LEFT + DAY)
    assert finding is not None
    back = an_exited_trip(
        refusal=NOT_TAKEN,
        state="returned",
        driver_returned_at=LEFT + 9 * HOUR,
        cases=(settled(finding),),
    )
    assert assess(back, LIMITS, LEFT + 2 * DAY).outcome == Outcome.RESOLVED


def test_a_refused_delivery_does_not_stand_for_a_receipt() -> None:
    assert "exit_no_delivery" in kinds(an_exited_trip(refusal=NOT_TAKEN), LEFT + 3 * DAY)


def test_a_case_written_off_writes_the_trip_off() -> None:
    missing = found("exit_no_delivery", an_exited_trip(), LEFT + 3 * DAY)
    assert missing is not None
    verdict = assess(an_exited_trip(cases=(settled(missing, "written_off"),)), LIMITS, LEFT + 4 * DAY)
    assert (verdict.outcome, verdict.state_to) == (Outcome.WRITTEN_OFF, None)


# --- Always -------------------------------------------------------------------------------------

moments = st.integers(-72, 40 * 24).map(lambda hours: LEFT + hours * HOUR)
scans = st.builds(
    ScanSeen,
    id=st.uuids().map(str),
    pass_id=st.sampled_from([1, 2]),
    crossing=st.sampled_from(["exit", "entry"]),
    verdict=st.sampled_from(["release", "examine", "refuse"]),
    scanned_at=moments,
    recorded_at=moments,
    passed_at=st.none() | moments,
    offline_verdict=st.sampled_from(["", "release", "refuse"]),
    list_age=st.none() | st.integers(0, 90).map(lambda hours: hours * HOUR),
    detained=st.booleans(),
)
records = st.builds(
    RecordSeen,
    reference=st.sampled_from("abcdef"),
    kind=st.sampled_from(["border_exit", "kz_entry", "return"]),
    occurred_at=moments,
    vin=st.sampled_from(["", VIN, OTHER_VIN, "LGXCE4CB8S0123458"]),
    person=st.sampled_from([None, PERSON, STRANGER]),
    has_passport=st.booleans(),
)
passes = st.builds(
    PassSeen,
    id=st.sampled_from([1, 2]),
    vin=st.just(VIN),
    person=st.sampled_from([PERSON, STRANGER]),
    opens_at=moments,
    closes_at=moments,
    issued_at=moments,
    state=st.sampled_from(["open", "spent", "revoked", "superseded", "lapsed"]),
    ended_at=st.none() | moments,
)
other_trips = st.builds(
    TripSeen,
    id=st.integers(1, 5),
    reference=st.sampled_from(["", "F1", "F2"]),
    exited_at=moments,
    delivered_at=st.none() | moments,
    driver_returned_at=st.none() | moments,
    state=st.sampled_from(["exited", "returned", "discharged"]),
)
stays = st.tuples(st.integers(0, 200), st.none() | st.integers(0, 40)).map(
    lambda pair: Stay(
        LEFT.date() - timedelta(days=pair[0]),
        None if pair[1] is None else LEFT.date() - timedelta(days=pair[0] - pair[1]),
    )
)
trips = st.builds(
    Evidence,
    state=st.sampled_from(
        [
            "planned",
            "ready",
            "exited",
            "arrived",
            "delivered",
            "discharged",
            "cancelled",
            "lapsed",
            "returned",
        ]
    ),
    vin=st.just(VIN),
    person=st.just(PERSON),
    consignee=st.just("Almaty Auto"),
    closes_at=moments,
    driver_returned_at=st.none() | moments,
    declaration=st.builds(
        DeclarationSeen,
        id=st.just(3),
        status=st.sampled_from(["released", "closed", "amended", "deleted"]),
        status_at=moments,
        quantity=st.integers(1, 3),
        closed_at=st.none() | moments,
        vins=st.integers(1, 3),
        out=st.integers(0, 3),
        last_out_at=st.none() | moments,
        changes=st.lists(st.tuples(st.sampled_from(["amended", "deleted"]), moments), max_size=3).map(tuple),
    ),
    receipt=st.none()
    | st.builds(
        ReceiptSeen,
        vin=st.sampled_from([VIN, OTHER_VIN]),
        condition=st.sampled_from(["good", "damaged"]),
        receiver=st.sampled_from(["Almaty Auto", "Somebody"]),
        confirmed_at=moments,
    ),
    refusal=st.none()
    | st.builds(RefusalSeen, reason=st.sampled_from(["damaged", "other"]), refused_at=moments),
    passes=st.lists(passes, max_size=2, unique_by=lambda each: each.id).map(tuple),
    scans=st.lists(scans, max_size=5).map(tuple),
    records=st.lists(records, max_size=5).map(tuple),
    same_vehicle=st.lists(other_trips, max_size=3).map(tuple),
    same_person=st.lists(other_trips, max_size=3).map(tuple),
    stays=st.lists(stays, max_size=6).map(tuple),
)


@given(trip=trips, at=moments, seed=st.integers(0, 1000))
def test_the_order_in_which_things_came_changes_nothing(trip: Evidence, at: datetime, seed: int) -> None:
    chance = random.Random(seed)
    names = ("passes", "scans", "records", "same_vehicle", "same_person", "stays")
    shuffled = {name: tuple(chance.sample(getattr(trip, name), len(getattr(trip, name)))) for name in names}
    changes = tuple(chance.sample(trip.declaration.changes, len(trip.declaration.changes)))
    other = replace(trip, declaration=trip.declaration._replace(changes=changes), **shuffled)
    assert assess(trip, HOLIDAY, at) == assess(other, HOLIDAY, at)


@given(trip=trips, at=moments)
def test_nothing_changes_before_the_next_look(trip: Evidence, at: datetime) -> None:
    """What is not due cannot have changed by the mere passing of time: the queue misses nothing."""
    first = assess(trip, HOLIDAY, at)
    if first.next_check_at is None:
        later = at + 400 * DAY
    else:
        assert first.next_check_at > at
        later = first.next_check_at - TICK
    again = assess(trip, HOLIDAY, later)
    assert (again.findings, again.outcome, again.state_to) == (first.findings, first.outcome, first.state_to)


@given(trip=trips, at=moments)
def test_settling_everything_leaves_nothing_to_find(trip: Evidence, at: datetime) -> None:
    cases = tuple(settled(finding) for finding in assess(trip, HOLIDAY, at).findings)
    verdict = assess(replace(trip, cases=cases), HOLIDAY, at)
    assert verdict.findings == ()
    assert verdict.outcome != Outcome.DISCREPANT


# --- Warnings -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("code", "trip", "limit"),
    [
        ("entry_overdue", an_exited_trip(), 24 * HOUR),
        ("receipt_overdue", an_exited_trip(), 36 * HOUR),
        ("formal_enquiry", an_exited_trip(), 7 * DAY),
        ("closing_overdue", a_trip(declaration=ALL_OUT), 7 * DAY),
        ("return_overdue", a_trip(driver_returned_at=None), 48 * HOUR),
        ("stay_ending", a_trip(driver_returned_at=None, scans=(EXIT,)), 25 * DAY),
    ],
)
def test_it_warns_at_the_limit_and_not_before(code: str, trip: Evidence, limit: timedelta) -> None:
    assert code not in warnings(trip, LIMITS, LEFT + limit - TICK)
    assert code in warnings(trip, LIMITS, LEFT + limit)
    assert warnings(a_trip(state="discharged"), LIMITS, LEFT + 400 * DAY) == []
