"""What an outline's fields become, and how an outline is drawn."""

from __future__ import annotations

import pytest
from django.template.loader import render_to_string
from django.utils import translation
from django.utils.datastructures import MultiValueDict

from ferry.models import Side
from ferry.phone.condition_forms import MOST_MARKS, ConditionForm, MarksForm
from ferry.rules.condition import Looked, Mark
from ferry.rules.outline import ZONES, zones_of
from ferry.templatetags.outlines import outline
from tests.builders import a_picture


@pytest.fixture(autouse=True)
def _in_english():
    with translation.override("en"):
        yield


def a_form(said: dict[str, object] | None = None, shape: str = "car", **named: object) -> ConditionForm:
    return ConditionForm(said, shape=shape, **named)


def test_tapped_and_named_places_become_marks_with_their_numbers():
    form = a_form(
        {
            "mark-1-where": "left:412,630",
            "mark-1-kind": "dent",
            "mark-2-where": "",
            "mark-2-kind": "scratch",
            "mark-7-where": "top:roof",
            "odometer_km": "31",
            "level_percent": "80",
            "keys": "2",
            "note": " clean ",
        }
    )
    assert form.is_valid()
    marks = (Mark(1, "left", 412, 630, "dent"), Mark(7, "top", 560, 500, "scratch"))
    assert form.looked() == Looked(marks, 31, 80, 2, "clean")


def test_a_form_with_nothing_in_it_is_a_vehicle_without_damage():
    form = a_form({})
    assert form.is_valid()
    assert form.looked() == Looked()


@pytest.mark.parametrize(
    "said",
    [
        {"mark-1-where": "left:1001,5"},
        {"mark-1-where": "below:5,5"},
        {"mark-1-where": "left:wing"},
        {"mark-1-where": "left:5,5", "mark-1-kind": "burnt"},
        {"mark-1-where": "x" * 5000},
        {"mark-1-where": "left:٥,5"},
        {f"mark-{MOST_MARKS + 1}-where": "left:5,5"},
        {"odometer_km": "-1"},
        {"odometer_km": "9" * 40},
        {"level_percent": "101"},
        {"keys": "21"},
        {"note": "x" * 2001},
        {"note": "a\x00b"},
    ],
)
def test_what_cannot_be_is_told_and_what_was_filled_in_is_drawn_again(said):
    form = a_form(said)
    assert not form.is_valid()
    assert all(str(error).endswith((".", ")")) for errors in form.errors.values() for error in errors)
    assert render_to_string("phone/_outline.html", {"form": form})


def test_a_mark_on_another_shape_is_not_on_this_one():
    assert a_form({"mark-1-where": "left:bucket"}, shape="plant").is_valid()
    assert not a_form({"mark-1-where": "left:bucket"}, shape="car").is_valid()


def test_rows_are_offered_beside_what_was_filled_in():
    assert [row.number for row in a_form().rows] == [1, 2, 3, 4]
    said = {f"mark-{number}-where": "left:5,5" for number in (2, 3, 4, 5, 6)}
    assert [row.number for row in a_form(said).rows] == [1, 2, 3, 4, 5, 6]
    every = {f"mark-{number}-where": "left:5,5" for number in range(1, MOST_MARKS + 1)}
    assert len(a_form(every).rows) == MOST_MARKS


def test_photos_come_with_the_mark_they_show():
    files = MultiValueDict({"photos": [a_picture(), a_picture()], "mark-3-photo": [a_picture()]})
    form = MarksForm({}, files, shape="car")
    assert [number for _file, number in form.photos()] == [None, None, 3]
    assert MarksForm({}, shape="car").photos() == []


@pytest.mark.parametrize("shape", sorted(ZONES))
def test_an_outline_offers_every_part_of_every_side_and_carries_no_style(shape):
    drawn = render_to_string("phone/_outline.html", {"form": a_form(shape=shape)})
    for side in Side:
        for zone in zones_of(shape, side):
            assert f'data-zone="{side}:{zone.code}"' in drawn
            assert f'<option value="{side}:{zone.code}"' in drawn
    assert "style=" not in drawn
    assert "mark-0-where" in drawn


def test_a_drawing_shows_the_marks_of_its_side_and_new_ones_by_another_shape():
    old, new, elsewhere = (
        Mark(1, "left", 500, 500, "dent"),
        Mark(2, "left", 250, 500, "dent"),
        Mark(3, "top", 1, 1, "dent"),
    )
    drawn = outline("car", "left", [old, new, elsewhere], [new])
    assert drawn.count("fm-outline-mark") == 2
    assert 'transform="translate(120 50)"><circle' in drawn
    assert 'data-new="" transform="translate(60 50)"><rect' in drawn
    assert "style" not in drawn
    assert "scale(-1 1)" in outline("unknown", "right")
