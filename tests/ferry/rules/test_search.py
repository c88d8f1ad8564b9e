"""What people type or paste to search by."""

from __future__ import annotations

import pytest

from ferry.rules.search import PASTED_AT_MOST, read_search


@pytest.mark.parametrize(
    "text", ["lgxce4cb8s0123456", " LGXCE4CB 8S0-123456 ", "ＬＧＸＣＥ４ＣＢ８Ｓ０１２３４５６"]
)
def test_a_vin_is_one_number_however_it_is_written(text):
    assert read_search(text).number == "LGXCE4CB8S0123456"
    assert not read_search(text).pasted


@pytest.mark.parametrize("between", ["\n", "\r\n", "\t", ", ", "；", " "])
def test_a_pasted_column_is_many_numbers_each_once(between):
    vins = [f"LGXCE4CB8S{number:07}" for number in (1, 2, 3, 1)]
    assert read_search(between.join(vins)).pasted == tuple(vins[:3])


def test_too_many_are_cut_and_it_is_said_how_many():
    search = read_search("\n".join(f"F{number:08}" for number in range(PASTED_AT_MOST + 7)))
    assert len(search.pasted) == PASTED_AT_MOST
    assert search.left_off == 7


@pytest.mark.parametrize("text", ["Ma Jun", "马 军", "Tiggo 8", "新A·T0001", "Guljan Bek Aman Toktar Sultan"])
def test_names_and_plates_with_gaps_are_no_list(text):
    assert not read_search(text).pasted
    assert read_search(text).words


@pytest.mark.parametrize("text", ["", "  ", "--", " - "])
def test_nothing_is_nothing(text):
    assert not read_search(text)
