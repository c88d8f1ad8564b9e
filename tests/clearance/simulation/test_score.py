"""What was found beside what is true."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from clearance.simulation.faults import Truth
from clearance.simulation.score import Line, World, read_truth, score, told, write_truth

pytestmark = pytest.mark.once

TRUTHS = [
    Truth("trip", "V1", "lost_receipt", ("exit_no_delivery",), ("R5",)),
    Truth("trip", "V2", "damaged", ("damage",)),
    Truth("trip", "V3", "", ()),
    Truth("declaration", "D1", "never_closed", ("declaration_not_closed",)),
]
ALL = {(truth.about, truth.key, kind) for truth in TRUTHS for kind in truth.kinds}
WORLD = World(7, datetime(2026, 3, 1, tzinfo=UTC), datetime(2026, 5, 1, tzinfo=UTC))


def line(kind: str, found: set[tuple[str, str, str]]) -> Line:
    return next(each for each in score(TRUTHS, found).lines if each.kind == kind)


def test_all_that_is_true_and_nothing_else_is_perfect():
    assert score(TRUTHS, ALL).is_perfect
    assert len(score(TRUTHS, ALL).lines) == 18


def test_what_is_missed_lowers_the_recall_and_is_listed():
    result = score(TRUTHS, ALL - {("trip", "V2", "damage")})
    assert line("damage", ALL - {("trip", "V2", "damage")}).recall == 0
    assert [(miss.key, miss.kind, miss.is_extra) for miss in result.misses] == [("V2", "damage", False)]


def test_what_is_found_without_being_true_lowers_the_precision_and_is_listed():
    found = ALL | {("trip", "V3", "damage")}
    assert (line("damage", found).recall, line("damage", found).precision) == (1, 0.5)
    assert [(miss.key, miss.is_extra) for miss in score(TRUTHS, found).misses] == [("V3", True)]


def test_other_trips_are_no_business_of_it():
    assert score(TRUTHS, ALL | {("trip", "V9", "damage"), ("declaration", "V1", "damage")}).is_perfect


def test_a_second_case_of_a_kind_counts_once():
    assert score(TRUTHS, [*ALL, *ALL]).is_perfect


def test_it_tells_a_row_for_each_kind_and_each_miss():
    text = "\n".join(told(score(TRUTHS, ALL - {("trip", "V1", "exit_no_delivery")})))
    assert "exit_no_delivery                1      0   0.000      1.000" in text
    assert "true, but not found: exit_no_delivery of trip V1 (lost_receipt)" in text


def test_what_waits_for_a_limit_is_neither_missed_nor_wrong_and_its_absence_is_told():
    truths = [Truth("trip", "V1", "deleted", ("declaration_changed",), later=("never_used",))]
    known = {("trip", "V1", "declaration_changed")}
    assert score(truths, known).is_perfect
    assert score(truths, known | {("trip", "V1", "never_used")}).is_perfect
    text = "\n".join(told(score(truths, known)))
    assert "never_used                      0      0  absent: 1 wait for a limit that has not run out" in text
    assert "damage                          0      0  absent\n" in text


def test_a_truth_file_is_read_as_it_was_written():
    truths = [*TRUTHS, Truth("trip", "V4", "never_used", (), later=("never_used",))]
    assert read_truth(write_truth(WORLD, truths)) == (WORLD, truths)


@pytest.mark.parametrize("text", ["", "{", '{"about": "trip"}', "[]"])
def test_what_is_no_truth_file_is_refused(text: str):
    with pytest.raises(ValueError, match="line"):
        read_truth(text.splitlines())
