"""The table of rules, without a database."""

from __future__ import annotations

import json
import uuid
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from clearance.rules.selection import is_drawn, lot
from clearance.rules.verdict import RULES, Facts, as_data, judge, objections
from ferry.reasons import SENTENCES, for_the_company, in_words, sentence
from ferry.rules.closures import is_open_by_hours

pytestmark = pytest.mark.once

NOON = datetime(2026, 11, 22, 4, tzinfo=UTC)
HOUR = timedelta(hours=1)
FINE = Facts(
    moment=NOON,
    today=NOON.date(),
    opens_at=NOON - HOUR,
    closes_at=NOON + HOUR,
    entry_until=NOON + 25 * HOUR,
    clock_skew=timedelta(minutes=5),
)
AT_ENTRY = replace(FINE, crossing="entry", trip_state="exited")

REFUSED: list[tuple[str, Facts]] = [
    ("unreadable", replace(FINE, fault="unreadable", crossing="")),
    ("unknown_key", replace(FINE, fault="unknown_key", crossing="")),
    ("bad_signature", replace(FINE, fault="bad_signature", crossing="")),
    ("unknown_pass", replace(FINE, fault="unknown_pass", crossing="")),
    ("superseded", replace(FINE, pass_state="superseded")),
    ("revoked", replace(FINE, pass_state="revoked")),
    ("revoked", replace(FINE, trip_state="cancelled")),
    ("not_yet_valid", replace(FINE, moment=NOON - HOUR - timedelta(minutes=6))),
    ("expired", replace(FINE, moment=NOON + HOUR + timedelta(minutes=6))),
    ("expired", replace(FINE, pass_state="lapsed")),
    ("expired", replace(AT_ENTRY, moment=NOON + 26 * HOUR)),
    ("wrong_checkpoint", replace(FINE, crossing="", right_checkpoints=("CN-HORGOS", "KZ-NURZHOLY"))),
    ("out_of_turn", replace(FINE, trip_state="planned")),
    ("out_of_turn", replace(FINE, trip_state="arrived", onward_at=NOON - HOUR)),
    ("out_of_turn", replace(AT_ENTRY, trip_state="ready")),
    ("already_used", replace(FINE, trip_state="exited", passed_at=NOON - HOUR, passed_lane="2")),
    ("already_used", replace(AT_ENTRY, trip_state="arrived", passed_at=NOON - HOUR)),
    ("already_used", replace(FINE, trip_state="delivered", pass_state="spent", onward_at=NOON - HOUR)),
    ("already_used", replace(AT_ENTRY, trip_state="returned", pass_state="spent")),
    ("checkpoint_closed", replace(FINE, closed=True)),
    ("declaration_not_released", replace(FINE, declaration_status="accepted")),
    ("declaration_changed", replace(FINE, declaration_status="amended")),
    ("declaration_changed", replace(FINE, declaration_status="deleted")),
    ("licence_missing", replace(FINE, licence_needed=True)),
    ("licence_missing", replace(FINE, licence_needed=True, licence_expires_on=date(2026, 11, 21))),
    ("passport_expired", replace(FINE, passport_expires_on=date(2026, 11, 21))),
    ("driving_licence_expired", replace(FINE, driving_licence_expires_on=date(2026, 11, 21))),
    ("stay_exhausted", replace(FINE, stay_exhausted=True)),
    ("watch_list", replace(FINE, watched=True, instruction="Call 110")),
    ("watch_list", replace(AT_ENTRY, watched=True)),
    ("selected", replace(FINE, examination="detained")),
]


@pytest.mark.parametrize(("code", "facts"), REFUSED)
def test_it_refuses_and_says_why(code: str, facts: Facts) -> None:
    judgement = judge(facts)
    assert judgement.verdict == "refuse"
    assert judgement.codes == [code]


RELEASED: list[Facts] = [
    FINE,
    AT_ENTRY,
    replace(FINE, moment=NOON - HOUR - timedelta(minutes=5)),
    replace(FINE, moment=NOON + HOUR + timedelta(minutes=5)),
    replace(FINE, declaration_status="closed"),
    replace(FINE, licence_needed=True, licence_expires_on=date(2026, 11, 22)),
    replace(FINE, passport_expires_on=date(2026, 11, 22)),
    # The exit's window does not keep a vehicle on the bridge, nor do China's papers.
    replace(AT_ENTRY, moment=NOON + 20 * HOUR),
    replace(AT_ENTRY, declaration_status="deleted", licence_needed=True, stay_exhausted=True),
    # Told late: an offline exit read before the trip was known to be further on.
    replace(FINE, trip_state="arrived", onward_at=NOON + HOUR),
    replace(FINE, trip_state="delivered", pass_state="spent", onward_at=NOON + HOUR),
    replace(AT_ENTRY, trip_state="delivered", pass_state="spent", onward_at=NOON + HOUR),
    replace(FINE, share_selected=True, examination="released"),
]


@pytest.mark.parametrize("facts", RELEASED)
def test_it_releases_what_nothing_is_against(facts: Facts) -> None:
    assert judge(facts) == judge(FINE)
    assert judge(facts).verdict == "release"


@pytest.mark.parametrize("facts", [replace(FINE, share_selected=True), replace(FINE, examination="open")])
def test_it_sends_the_selected_to_examination(facts: Facts) -> None:
    assert (judge(facts).verdict, judge(facts).codes) == ("examine", ["selected"])


def test_a_dead_code_says_nothing_of_the_trip() -> None:
    facts = replace(FINE, pass_state="revoked", closed=True, stay_exhausted=True, share_selected=True)
    assert judge(facts).codes == ["revoked"]


def test_it_tells_all_that_stands_in_the_way_at_the_crossing_and_in_the_papers() -> None:
    facts = replace(
        FINE, closed=True, declaration_status="accepted", stay_exhausted=True, share_selected=True
    )
    assert judge(facts).codes == ["checkpoint_closed", "declaration_not_released", "stay_exhausted"]


def test_the_officer_hears_of_the_watch_list_whatever_else_is_wrong() -> None:
    assert judge(replace(FINE, pass_state="revoked", watched=True)).codes == ["revoked", "watch_list"]


def test_a_stale_list_is_told_and_stops_nothing() -> None:
    limits = {"list_age": 5 * HOUR, "list_age_limit": 4 * HOUR}
    assert judge(replace(FINE, **limits)).verdict == "release"
    assert judge(replace(FINE, **limits)).codes == ["stale_list"]
    assert judge(replace(FINE, pass_state="revoked", **limits)).codes == ["revoked", "stale_list"]
    assert judge(replace(FINE, list_age=4 * HOUR, list_age_limit=4 * HOUR)).codes == []


def test_it_says_when_and_in_which_lane_the_code_was_used() -> None:
    told = judge(replace(FINE, trip_state="exited", passed_at=NOON, passed_lane="7")).reasons[0]
    assert told.params == {"at": "2026-11-22T04:00:00+00:00", "lane": "7"}
    assert "lane 7" in str(sentence(told.code, told.params))
    assert "2026-11-22 12:00 (UTC+8) / 09:00 (UTC+5)" in str(sentence(told.code, told.params))


def test_every_reason_has_a_sentence() -> None:
    assert {rule.code for rule in RULES} == set(SENTENCES)
    for rule in RULES:
        kept = [{"code": rule.code, "params": rule.params(FINE)}]
        assert len(str(in_words(kept)[0].detail)) > 20
    assert str(sentence("from_a_newer_version")) == "from_a_newer_version"


def test_a_list_tells_papers_and_selection_ahead() -> None:
    facts = replace(FINE, closed=True, pass_state="revoked", stay_exhausted=True, share_selected=True)
    assert [(told.code, verdict) for told, verdict in objections(facts)] == [
        ("stay_exhausted", "refuse"),
        ("selected", "examine"),
    ]


def test_the_company_cannot_tell_the_watch_list_from_a_detention() -> None:
    watched = for_the_company([{"code": "watch_list", "params": {"instruction": "Call 110"}}])
    detained = for_the_company([{"code": "selected", "params": {"detained": True}}])
    assert watched == detained


# --- The draw ----------------------------------------------------------------------------------

PASS = uuid.UUID("6f0b8a52-9a9e-4c9d-8d22-3f5a6f7a1c11")


def test_the_draw_stays_the_same_and_differs_between_crossings_and_servers() -> None:
    drawn = lot(pass_id=PASS, crossing="exit", key=b"key")
    assert drawn == lot(pass_id=PASS, crossing="exit", key=b"key")
    assert drawn != lot(pass_id=PASS, crossing="entry", key=b"key")
    assert drawn != lot(pass_id=PASS, crossing="exit", key=b"other")


def test_the_draw_takes_its_share() -> None:
    passes = [uuid.UUID(int=number) for number in range(4000)]
    taken = [is_drawn(pass_id=one, crossing="exit", share=0.25, key=b"key") for one in passes]
    assert 900 < sum(taken) < 1100
    assert all(is_drawn(pass_id=one, crossing="exit", share=1.0, key=b"key") for one in passes)
    assert not any(is_drawn(pass_id=one, crossing="exit", share=0.0, key=b"key") for one in passes)


# --- Hours -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("opens", "closes", "local", "is_open"),
    [
        ("08:00", "20:00", "07:59", False),
        ("08:00", "20:00", "08:00", True),
        ("08:00", "20:00", "20:00", False),
        ("20:00", "04:00", "23:00", True),
        ("20:00", "04:00", "03:59", True),
        ("20:00", "04:00", "12:00", False),
        (None, None, "03:00", True),
    ],
)
def test_hours_may_run_over_midnight(
    opens: str | None, closes: str | None, local: str, is_open: bool
) -> None:
    hours = [datetime.strptime(text, "%H:%M").time() if text else None for text in (opens, closes, local)]  # noqa: DTZ007  (a time of day has no zone)
    assert hours[2] is not None
    assert is_open_by_hours(hours[0], hours[1], hours[2]) is is_open


# --- Without a link ------------------------------------------------------------------------------

OFFLINE = replace(FINE, offline=True)
AMBER: list[tuple[str, Facts]] = [
    ("stale_list", replace(OFFLINE, list_age=5 * HOUR, list_age_limit=4 * HOUR)),
    ("not_listed", replace(OFFLINE, listed=False)),
    ("not_signed", replace(OFFLINE, signature="none")),
    ("not_checked", replace(OFFLINE, signature="unchecked")),
    ("clock_wrong", replace(OFFLINE, clock_wrong=True)),
]


@pytest.mark.parametrize(("code", "facts"), AMBER)
def test_a_scanner_that_cannot_be_sure_asks_an_officer_to_look(code: str, facts: Facts) -> None:
    assert judge(OFFLINE).verdict == "release"
    assert (judge(facts).verdict, judge(facts).codes) == ("examine", [code])
    assert judge(replace(facts, pass_state="revoked")).verdict == "refuse"


def test_the_table_can_be_written_down_for_other_languages() -> None:
    data = json.loads(json.dumps(as_data()))
    assert [rule["code"] for rule in data["rules"]] == [rule.code for rule in RULES]
    assert data["rules"][0]["when"] == ["is", "fault", "unreadable"]
    assert data["severity"] == {"release": 0, "examine": 1, "refuse": 2}
