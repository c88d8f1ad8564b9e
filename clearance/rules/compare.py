"""Compare what was read on a vehicle with what the pass says. A difference is shown, never corrected."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from difflib import SequenceMatcher

from clearance.models import Compared
from ferry.rules.letters import plain_capitals
from ferry.rules.vin import LENGTH, find_vins, near

LONGEST = 60


@dataclass(frozen=True, slots=True)
class Part:
    """A run of characters that is the same on both sides, or is not."""

    text: str
    differs: bool


@dataclass(frozen=True, slots=True)
class Difference:
    """Both sides in runs; `slips` is 1 or 2 where it may be a misreading."""

    read: tuple[Part, ...]
    expected: tuple[Part, ...]
    slips: int | None


def as_read(what: str, text: str, expected: str) -> str:
    """Write what was typed or read by camera as it is compared; a label may say more than the VIN."""
    if what == Compared.PLATE:
        return plain_plate(text)[:LONGEST]
    found = find_vins(text)
    if expected in found:
        return expected
    whole = plain_capitals(text)
    return found[0] if found and len(whole) > LENGTH else whole[:LONGEST]


def plain_plate(text: str) -> str:
    """Write a plate without its dots, dashes and spaces, which are written in many ways."""
    return "".join(char for char in plain_capitals(text) if char.isalnum())


def difference(read: str, expected: str) -> Difference:
    runs = list(_in_place(read, expected) if len(read) == len(expected) else _aligned(read, expected))
    return Difference(
        tuple(Part(one, differs) for one, _other, differs in runs if one),
        tuple(Part(other, differs) for _one, other, differs in runs if other),
        near(read, expected),
    )


def _in_place(read: str, expected: str) -> Iterator[tuple[str, str, bool]]:
    for one, other in zip(read, expected, strict=True):
        yield one, other, one != other


def _aligned(read: str, expected: str) -> Iterator[tuple[str, str, bool]]:
    for tag, start, end, other_start, other_end in SequenceMatcher(
        None, read, expected, autojunk=False
    ).get_opcodes():
        yield read[start:end], expected[other_start:other_end], tag != "equal"
