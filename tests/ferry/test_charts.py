"""Charts are drawn from numbers alone, for a page that forbids styles and scripts of its own."""

from __future__ import annotations

import re
from itertools import pairwise
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ferry.portal import charts
from ferry.portal.charts import BOTTOM, HEIGHT, LINES, TOP, WIDTH, Series, bar_chart, line_chart, scale

pytestmark = pytest.mark.once

LABELS = ["Mon", "Tue", "Wed"]
NUMBERS = st.floats(0, 1e7, allow_nan=False)
VALUES = st.lists(st.one_of(st.none(), NUMBERS), min_size=3, max_size=3)


def parsed(svg):
    return ElementTree.fromstring(svg)  # noqa: S314  (drawn by us)


def bars(svg, number=1):
    return [rect for rect in parsed(svg).iter("rect") if rect.get("class") == f"fm-bar-{number}"]


@given(NUMBERS)
def test_a_scale_is_few_round_even_numbers_that_reach_the_top(top):
    lines = scale(top)
    steps = {after - before for before, after in pairwise(lines)}
    assert lines[0] == 0
    assert lines[-1] >= top
    assert 2 <= len(lines) <= LINES
    assert len(steps) == 1
    assert re.fullmatch(r"[125]0*", str(steps.pop()))


@pytest.mark.parametrize(("top", "lines"), [(0, [0, 1]), (3, [0, 1, 2, 3]), (7.5, [0, 2, 4, 6, 8])])
def test_a_scale_keeps_close_to_the_top(top, lines):
    assert scale(top) == lines


def test_bars_are_as_high_as_their_values():
    svg = bar_chart(LABELS, [Series("Exits", [1, 2, 4])], about="x", ticks=[0])
    heights = [float(bar.get("height")) for bar in bars(svg)]
    assert heights == [40, 80, 160]
    assert all(float(bar.get("y")) + float(bar.get("height")) == BOTTOM for bar in bars(svg))


def test_two_series_stand_side_by_side_and_differ_without_colour():
    svg = bar_chart(
        LABELS, [Series("Exits", [1, 1, 1]), Series("Deliveries", [1, 1, 1])], about="x", ticks=[]
    )
    for first, second in zip(bars(svg, 1), bars(svg, 2), strict=True):
        assert float(first.get("x")) + float(first.get("width")) <= float(second.get("x"))
        assert (first.get("fill"), second.get("fill")) == ("currentColor", "none")


def test_what_is_usual_is_marked_at_its_height():
    usual = Series("Usual", [2, None, 0])
    svg = bar_chart(LABELS, [Series("Exits", [4, 4, 4])], about="x", ticks=[], usual=usual)
    marks = [path for path in parsed(svg).iter("path") if path.get("class") == "fm-usual"]
    assert [mark.get("d").split("h")[0].split()[1] for mark in marks] == ["90.0"]


def test_a_line_breaks_where_there_is_no_value():
    svg = line_chart([*LABELS, "Thu"], [Series("Median", [1, 2, None, 4])], about="x", ticks=[])
    (curve,) = [path for path in parsed(svg).iter("path") if path.get("class") == "fm-curve-1"]
    assert re.sub(r"[^ML]", "", curve.get("d")) == "MLM"
    assert len(list(parsed(svg).iter("circle"))) == 3


def test_nothing_to_draw_is_an_empty_frame():
    for svg in (bar_chart([], [], about="x", ticks=[]), line_chart([], [], about="x", ticks=[])):
        assert [text.text for text in parsed(svg).iter("text")] == ["0", "1"]


def test_only_the_chosen_labels_are_written():
    svg = bar_chart(LABELS, [Series("Exits", [1, 1, 1])], about="x", ticks=[0, 2])
    assert [text.text for text in parsed(svg).iter("text")][-2:] == ["Mon", "Wed"]


def test_it_says_what_it_shows_to_who_cannot_see_it():
    svg = parsed(line_chart(LABELS, [Series("Median", [1, 2, 3])], about="Three “hours” & more", ticks=[]))
    assert svg.get("role") == "img"
    assert svg.get("aria-label") == "Three “hours” & more"


@given(VALUES, VALUES, st.text(st.characters(exclude_categories=["Cc", "Cs", "Cn"])))
def test_whatever_comes_in_it_is_well_formed_and_needs_no_style_or_script(first, second, text):
    series = [Series(text, first), Series("b", second)]
    labels = [text, *LABELS[1:]]
    for svg in (
        bar_chart(labels, series, about=text, ticks=[0], usual=Series("u", first)),
        line_chart(labels, series, about=text, ticks=[0]),
    ):
        for element in parsed(svg).iter():
            assert element.tag in {"svg", "g", "path", "rect", "circle", "text", "title"}
            assert not [name for name in element.attrib if name == "style" or name.startswith("on")]


@given(VALUES)
def test_nothing_is_drawn_outside(values):
    svg = parsed(bar_chart(LABELS, [Series("a", values)], about="x", ticks=[0, 1, 2]))
    for bar in svg.iter("rect"):
        assert 0 <= float(bar.get("x")) <= float(bar.get("x")) + float(bar.get("width")) <= WIDTH
        assert TOP - 0.1 <= float(bar.get("y")) <= HEIGHT


def test_the_last_label_is_seen_whole():
    labels = [f"11-{day:02}" for day in range(1, 28)]
    svg = bar_chart(labels, [Series("Exits", [1] * 27)], about="Exits", ticks=[26])
    x = float(svg.rpartition('<text x="')[2].partition('"')[0])
    assert x + 3 * len("11-27") <= WIDTH


def test_labels_that_have_no_room_beside_each_other_are_written_over_lines():
    labels = ["срок прошёл", "в ближайшие 30 дней", "в ближайшие 90 дней", "позже"]
    svg = bar_chart(labels, [Series("a", [1, 2, 3, 4])], about="", ticks=range(4))
    lines = re.findall(r'<tspan x="([\d.]+)" y="(\d+)">([^<]+)', svg)
    assert [text for _x, _y, text in lines] == ["в ближайшие", "30 дней", "в ближайшие", "90 дней"]
    assert 'viewBox="0 0 360 202"' in svg
    room = (charts.RIGHT - charts.LEFT) / 4
    assert all(len(text) * charts.LETTER <= room for _x, _y, text in lines)


def test_short_labels_stay_on_one_line():
    svg = bar_chart(["11-22", "11-23"], [Series("a", [1, 2])], about="", ticks=range(2))
    assert "<tspan" not in svg
    assert 'viewBox="0 0 360 190"' in svg
