"""Conditions over named facts, written as data, so that a reader in another language can apply the same ones.

A condition is a tuple: an operator and what it works on. Facts stand by their names.

    ("is", fact, value, …)          it is one of the values
    ("yes", fact)                   it is true
    ("known", fact)                 there is one
    ("before", a, b)                a < b; no comparison holds with something that is not known
    ("by", a, b)                    a <= b
    ("not", condition)
    ("all", condition, …), ("any", condition, …)

In a comparison `a` and `b` are facts, or a sum of two: ("plus", fact, fact), ("minus", fact, fact).
static/src/offline/rules.js reads the same; tests/clearance/test_twins.py holds the two against each other.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from operator import add, attrgetter, le, lt, sub
from typing import Any

Condition = tuple[Any, ...]
#: What a sentence mentions, by the name it goes under there: how it is told, and the fact.
Telling = Mapping[str, tuple[str, str]]
Test = Callable[[Any], bool]


def compiled(condition: Condition) -> Test:
    """Make of a condition the question it asks of an object that has the facts."""
    operator, *operands = condition
    return OPERATORS[operator](*operands)


def _is(fact: str, *values: Any) -> Test:
    of = attrgetter(fact)
    if len(values) == 1:
        only = values[0]
        return lambda facts: of(facts) == only
    several = frozenset(values)
    return lambda facts: of(facts) in several


def _known(fact: str) -> Test:
    of = attrgetter(fact)
    return lambda facts: of(facts) is not None


def _not(condition: Condition) -> Test:
    test = compiled(condition)
    return lambda facts: not test(facts)


def _all(*conditions: Condition) -> Test:
    """Ask two at a time: that is what is asked most, and every scan waits for it."""
    first, *others = conditions
    one = compiled(first)
    if not others:
        return one
    rest = _all(*others)
    return lambda facts: one(facts) and rest(facts)


def _any(*conditions: Condition) -> Test:
    first, *others = conditions
    one = compiled(first)
    if not others:
        return one
    rest = _any(*others)
    return lambda facts: one(facts) or rest(facts)


def _compared(compare: Callable[[Any, Any], bool]) -> Callable[[Any, Any], Test]:
    def comparison(left: Any, right: Any) -> Test:
        a, b = _operand(left), _operand(right)

        def holds(facts: Any) -> bool:
            one, other = a(facts), b(facts)
            return one is not None and other is not None and compare(one, other)

        return holds

    return comparison


def _operand(operand: str | Condition) -> Callable[[Any], Any]:
    if isinstance(operand, str):
        return attrgetter(operand)
    operator, left, right = operand
    combine, a, b = SUMS[operator], attrgetter(left), attrgetter(right)
    return lambda facts: combine(a(facts), b(facts))


SUMS: Mapping[str, Callable[[Any, Any], Any]] = {"plus": add, "minus": sub}
OPERATORS: Mapping[str, Callable[..., Test]] = {
    "is": _is,
    "yes": attrgetter,
    "known": _known,
    "before": _compared(lt),
    "by": _compared(le),
    "not": _not,
    "all": _all,
    "any": _any,
}


# --- What a sentence mentions --------------------------------------------------------------------


def told(telling: Telling) -> Callable[[Any], dict[str, Any]]:
    """Make what tells an object's facts, ready for JSON; what is not known is left out."""
    parts = [(name, TELLERS[how], attrgetter(fact)) for name, (how, fact) in telling.items()]

    def tell(facts: Any) -> dict[str, Any]:
        values = ((name, teller(of(facts))) for name, teller, of in parts)
        return {name: value for name, value in values if value is not None}

    return tell


def _moment(value: datetime | None) -> str | None:
    return None if value is None else value.isoformat()


def _minutes(value: timedelta | None) -> int | None:
    return None if value is None else int(value.total_seconds() // 60)


TELLERS: Mapping[str, Callable[[Any], Any]] = {
    "moment": _moment,
    "minutes": _minutes,
    "text": lambda value: value,
    "text_if_any": lambda value: value or None,
    "joined": " / ".join,
    "yes": lambda value: True,
}
