"""By when a refund is filed."""

from __future__ import annotations

from datetime import date

import pytest

from ferry.rules.refund import age, due_on, years_of


def test_it_is_due_in_april_of_the_year_after():
    assert due_on(2026, day="04-15") == date(2027, 4, 15)


@pytest.mark.parametrize(
    ("today", "word"),
    [
        (date(2026, 11, 22), "later"),
        (date(2027, 1, 15), "next"),
        (date(2027, 3, 16), "soon"),
        (date(2027, 4, 15), "soon"),
        (date(2027, 4, 16), "past"),
    ],
)
def test_it_ages_towards_its_deadline(today, word):
    assert age(due_on(2026, day="04-15"), today=today) == word
    assert 2026 in years_of(word, today=today, day="04-15")
