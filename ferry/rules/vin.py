"""Vehicle identification numbers (ISO 3779, GB 16735)."""

from __future__ import annotations

import re
from collections.abc import Iterable

from django.utils.translation import gettext_lazy as _

from ferry.rules.findings import FINE, Finding, refuse, warn
from ferry.rules.letters import plain_capitals

LENGTH = 17
VALUES = dict(
    zip("0123456789ABCDEFGHJKLMNPRSTUVWXYZ", map(int, "012345678912345678123457923456789"), strict=True)
)
WEIGHTS = (8, 7, 6, 5, 4, 3, 2, 10, 0, 9, 8, 7, 6, 5, 4, 3, 2)
CHECK_AT = 8
FOUND_AT_MOST = 20
CHINESE_BUILT = ("L",)


def normalise_vin(text: str) -> str:
    return plain_capitals(text)


def find_vins(text: str) -> list[str]:
    """Find what may be a VIN in what a label says: alone, after a maker's letter, or in an address."""
    capitals = plain_capitals(text)
    if len(capitals) == LENGTH:
        return [capitals]
    runs = re.findall(f"[{''.join(VALUES)}]+", capitals)
    found = [run[at : at + LENGTH] for run in runs for at in range(len(run) - LENGTH + 1)]
    return [vin for vin in found if vin[CHECK_AT] == vin_check_digit(vin)] or found[:FOUND_AT_MOST]


def vin_check_digit(vin: str) -> str:
    """Work out position 9 of a VIN of 17 allowed characters; what stands there now does not matter."""
    rest = sum(VALUES[char] * weight for char, weight in zip(vin, WEIGHTS, strict=True)) % 11
    return "X" if rest == 10 else str(rest)


def judge_vin(vin: str, *, powertrain: str) -> Finding:
    """Judge a normalised VIN, or the 17-character PIN of plant, which has no check digit.

    A wrong check digit refuses a Chinese-built road vehicle; it only warns for others, who need not use it.
    """
    form = _judge_form(vin)
    if form.refuses or powertrain == "plant" or vin[CHECK_AT] == vin_check_digit(vin):
        return form
    judge = refuse if vin.startswith(CHINESE_BUILT) else warn
    return judge(
        "vin_check_digit",
        _(
            "Position 9 of the VIN does not fit its other characters. "
            "Compare the whole VIN with the plate on the car."
        ),
        "vin",
    )


def _judge_form(vin: str) -> Finding:
    finding = FINE
    if len(vin) != LENGTH:
        finding += refuse(
            "vin_length",
            _("A VIN has exactly 17 characters. Compare it with the plate on the car and enter all of them."),
            "vin",
        )
    if not VALUES.keys() >= set(vin):
        finding += refuse(
            "vin_characters",
            _(
                "A VIN holds only digits and the Latin letters A to Z without I, O and Q. "
                "Compare it with the plate on the car; 1 and 0 are often taken for I and O."
            ),
            "vin",
        )
    return finding


def suggest_vins(vin: str, known: Iterable[str]) -> list[str]:
    """List the known VINs one slip away (a character, two neighbours swapped), for a person to choose from.

    The known VINs were judged when they were declared; their check digits are not asked again, because plant
    and some foreign makers have none.
    """
    return sorted({other for other in known if near(vin, other) == 1})


def near(one: str, other: str) -> int | None:
    """Count the slips between two different VINs: 1 or 2, or None when they are the same or further apart.

    A slip is a character changed, left out or added, or two neighbours swapped.
    """
    if one == other:
        return None
    return next((slips for slips in (1, 2) if _within(one, other, slips)), None)


def _within(one: str, other: str, slips: int) -> bool:
    same = next(
        (i for i, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other))
    )
    one, other = one[same:], other[same:]
    if abs(len(one) - len(other)) > slips:
        return False
    if not one or not other or slips == 0:
        return not one or not other
    swapped = one[:2] == other[1::-1] and _within(one[2:], other[2:], slips - 1)
    return swapped or any(
        _within(*rest, slips - 1) for rest in ((one[1:], other[1:]), (one[1:], other), (one, other[1:]))
    )
