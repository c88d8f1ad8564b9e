"""What a reason demands, what bars a release, and how a reading is compared."""

from __future__ import annotations

import pytest

from clearance.rules.checklist import (
    BY_RULE,
    DEMANDED,
    ITEMS,
    UNSURE,
    WITHDRAWN,
    answers_with,
    checklist_for,
    objections_to,
)
from clearance.rules.compare import as_read, difference, plain_plate
from ferry.reasons import SENTENCES

pytestmark = pytest.mark.once

VIN = "LATPAB071W1005301"
ALL = dict.fromkeys(ITEMS, "right")


def objections(
    outcome: str = "released", causes: tuple[str, ...] = ("selected",), **said: object
) -> list[str]:
    usual = {"answers": {}, "compared": {}, "note": ""}
    checklist = checklist_for(causes, has_plate=True, has_battery=True)
    found = objections_to(outcome, checklist=checklist, **{**usual, **said})  # type: ignore[arg-type]
    return [reason.code for reason in found]


def test_it_demands_only_what_there_is() -> None:
    assert {item for items in DEMANDED.values() for item in items} <= ITEMS.keys()
    assert {*UNSURE} <= ITEMS.keys()


@pytest.mark.parametrize(
    ("causes", "demanded"),
    [
        (["selected"], ("vin_windscreen", "plate", "driver")),
        (["selected", BY_RULE], ("vin_windscreen", "plate", "driver", "persons", "load")),
        (["stale_list"], ("vin_windscreen", "vin_pillar", "plate", "driver")),
        ([WITHDRAWN], ("vin_windscreen", "vin_pillar", "plate", "driver", "persons", "load")),
        (["plate_differs"], ("vin_windscreen", "vin_pillar", "plate")),
        (["from_a_newer_version"], UNSURE),
        ([], ()),
    ],
)
def test_each_reason_has_its_own_short_list(causes: list[str], demanded: tuple[str, ...]) -> None:
    checklist = checklist_for(causes, has_plate=True, has_battery=True)
    assert checklist.demanded == demanded
    assert {*checklist.demanded, *checklist.offered} == ITEMS.keys()


def test_what_a_vehicle_does_not_have_is_not_asked_for() -> None:
    checklist = checklist_for(["selected"], has_plate=False, has_battery=False)
    assert checklist.demanded == ("vin_windscreen", "driver")
    assert not {"plate", "charge"} & {*checklist.demanded, *checklist.offered}


def test_every_reason_of_a_scan_has_a_list() -> None:
    for code in SENTENCES:
        assert checklist_for([code], has_plate=True, has_battery=True).demanded


def test_all_right_is_released_without_a_word() -> None:
    assert objections(answers=ALL) == []


@pytest.mark.parametrize("answers", [{}, dict.fromkeys(ITEMS, "unchecked")])
def test_what_is_demanded_must_be_looked_at(answers: dict[str, str]) -> None:
    assert objections(answers=answers, note="no time") == ["item_unanswered"] * 3


@pytest.mark.parametrize("item", ["vin_windscreen", "vin_pillar", "driver"])
def test_another_vehicle_or_driver_bars_a_release_with_a_note_too(item: str) -> None:
    assert objections(answers={**ALL, item: "wrong"}, note="known") == ["item_bars_release"]


@pytest.mark.parametrize("item", ["plate", "persons", "load", "keys", "charge"])
def test_the_rest_needs_a_note(item: str) -> None:
    wrong = {**ALL, item: "wrong"}
    assert objections(answers=wrong) == ["note_missing"]
    assert objections(answers=wrong, note="known") == []


def test_a_vin_read_differently_bars_a_release_whatever_was_ticked() -> None:
    assert objections(answers=ALL, compared={"vin": False}, note="x") == ["vin_differs"]
    assert objections(answers=ALL, compared={"plate": False}) == ["note_missing"]


@pytest.mark.parametrize("answers", [{"horn": "right"}, {"keys": "maybe"}])
def test_it_takes_no_other_answers(answers: dict[str, str]) -> None:
    assert objections(answers=answers) == ["checklist_unknown"]
    assert objections("detained", answers=answers, note="x") == ["checklist_unknown"]


def test_detaining_needs_a_note_and_no_list() -> None:
    assert objections("detained") == ["note_missing"]
    assert objections("detained", note="Another engine") == []


def test_a_comparison_answers_where_the_officer_did_not() -> None:
    compared = {"vin": True, "plate": False}
    assert answers_with({}, compared) == {"vin_windscreen": "right", "plate": "wrong"}
    assert answers_with({"plate": "right", "vin_windscreen": ""}, compared) == {
        "vin_windscreen": "right",
        "plate": "right",
    }


# --- Comparing ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "read"),
    [
        (VIN, VIN),
        (f" {VIN.lower()[:8]} {VIN[8:]}", VIN),
        (f"I{VIN}", VIN),
        (f"https://maker.example/{VIN}?x=1", VIN),
        ("LATPAB071W1005307", "LATPAB071W1005307"),
        ("1005301", "1005301"),
        ("О" * 3, "OOO"),
        ("", ""),
    ],
)
def test_it_reads_a_vin_and_corrects_nothing(text: str, read: str) -> None:
    assert as_read("vin", text, VIN) == read


def test_it_keeps_no_more_than_a_row_holds() -> None:
    assert len(as_read("vin", "Q" * 500, VIN)) == len(as_read("plate", "Q" * 500, "X")) == 60


def test_a_plate_is_the_same_however_its_dots_are_written() -> None:
    assert plain_plate("新F·D1234 临") == plain_plate("新f-d1234临") == "新FD1234临"


def marked(parts: object) -> str:
    return "".join(f"[{part.text}]" if part.differs else part.text for part in parts)  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("read", "expected", "shown", "slips"),
    [
        ("ABC", "ABC", ("ABC", "ABC"), None),
        ("ABX", "ABC", ("AB[X]", "AB[C]"), 1),
        ("ACB", "ABC", ("A[C][B]", "A[B][C]"), 1),
        ("AC", "ABC", ("AC", "A[B]C"), 1),
        ("XYZW", "ABC", ("[XYZW]", "[ABC]"), None),
    ],
)
def test_it_marks_where_two_differ(
    read: str, expected: str, shown: tuple[str, str], slips: int | None
) -> None:
    found = difference(read, expected)
    assert (marked(found.read), marked(found.expected), found.slips) == (*shown, slips)
