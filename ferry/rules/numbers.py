"""Numbers that papers carry: companies, export declarations and passports.

Every function takes the number as `plain_capitals` writes it. No sentence repeats a passport number.
"""

from __future__ import annotations

import re
from datetime import date
from typing import TYPE_CHECKING

from babel.core import get_global
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _
from stdnum.cn import uscc as stdnum_uscc
from stdnum.exceptions import InvalidChecksum, InvalidLength, ValidationError

from ferry.rules.findings import FINE, Finding, refuse, warn
from ferry.rules.letters import plain_capitals, plain_text

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

SUPERVISION_MODES = {
    "0110": _("general trade"),
    "1039": _("market purchase"),
    "4019": _("small border trade"),
}

# By nationality; the passports of other countries are not judged by their form.
PASSPORT_FORMS = {
    "CN": re.compile(r"E[0-9]{8}|E[A-HJ-NP-Z][0-9]{7}|G[0-9]{8}|(?:SE|DE|PE)[0-9]{7}"),
    "KZ": re.compile(r"N[0-9]{8}"),
}
PASSPORT_CHARACTERS = re.compile(r"[A-Z0-9]{5,15}")

#: Words of Latin letters, set apart by one space, hyphen or apostrophe (ICAO 9303).
LATIN_NAME = re.compile(r"[A-Z]+(?:[ '-][A-Z]+)*")
#: How people write what stands between the words: the comma of the printed page, the signs of its lines.
BETWEEN_WORDS = re.compile(r"[\s<,/]+")
APOSTROPHES = dict.fromkeys(map(ord, "\u2019\u2018\u02bc\u02b9`\u00b4"), "'")
DASHES = re.compile(r"\s*[\u2010-\u2015\u2212-]\s*")

MRZ_LENGTH = 44
MRZ_WEIGHTS = (7, 3, 1)
MRZ_VALUES = {"<": 0} | {char: value for value, char in enumerate("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ")}
# What each check digit covers, where it stands, and what to say when it does not fit.
MRZ_CHECKS = {
    "mrz_number": (
        (slice(0, 9),),
        9,
        _("The passport number in the machine-readable line is misread. Read it again."),
    ),
    "mrz_birth": (
        (slice(13, 19),),
        19,
        _("The birth date in the machine-readable line is misread. Read it again."),
    ),
    "mrz_expiry": (
        (slice(21, 27),),
        27,
        _("The expiry date in the machine-readable line is misread. Read it again."),
    ),
    "mrz_personal": (
        (slice(28, 42),),
        42,
        _("The personal number in the machine-readable line is misread. Read it again."),
    ),
    "mrz_composite": (
        (slice(0, 10), slice(13, 20), slice(21, 43)),
        43,
        _("The last digit of the machine-readable line does not fit the whole. Read it again."),
    ),
}


USCC_CHARACTERS = _(
    "A Unified Social Credit Code begins with 8 digits and never holds I, O, S, V or Z. "
    "Compare it with the business licence."
)
#: Characters a code never holds, and what was probably read for them.
USCC_LOOK_ALIKES = str.maketrans("IOSVZ", "105U2")


def judge_uscc(uscc: str) -> Finding:
    """Judge a Unified Social Credit Code (GB 32100-2015)."""
    try:
        stdnum_uscc.validate(uscc)
    except InvalidLength:
        return refuse(
            "uscc_length",
            _("A Unified Social Credit Code has exactly 18 characters. Enter all of them."),
            "uscc",
        )
    except InvalidChecksum:
        return refuse(
            "uscc_check",
            _(
                "The last character of the Unified Social Credit Code does not fit the others. "
                "Compare it with the business licence."
            ),
            "uscc",
        )
    except ValidationError:
        return refuse("uscc_characters", format_lazy("{}{}", USCC_CHARACTERS, _suggested_uscc(uscc)), "uscc")
    return FINE


def _suggested_uscc(uscc: str) -> StrOrPromise:
    """Ask whether a code is meant that looks like this one and is valid."""
    likely = uscc.translate(USCC_LOOK_ALIKES)
    if not stdnum_uscc.is_valid(likely):
        return ""
    return format_lazy(" {}", format_lazy(_("Is it {uscc}?"), uscc=likely))


def judge_declaration_number(number: str, *, today: date) -> Finding:
    """Judge an export declaration number: customs office 4, year 4, flag 1, sequence 9.

    The office is never refused: a declaration may be lodged inland.
    """
    if not re.fullmatch(r"[0-9]{18}", number):
        return refuse(
            "declaration_number_form",
            _("An export declaration number has exactly 18 digits. Copy it from the declaration."),
            "number",
        )
    return _judge_declaration_year(int(number[4:8]), today) + _judge_declaration_flag(number[8])


def _judge_declaration_year(year: int, today: date) -> Finding:
    if year in (today.year, today.year - 1):
        return FINE
    return refuse(
        "declaration_year",
        _(
            "Digits 5 to 8 of the declaration number must be this year or last year. "
            "Compare the number with the declaration, or enter a newer one."
        ),
        "number",
    )


def _judge_declaration_flag(flag: str) -> Finding:
    if flag == "0":
        return FINE
    if flag == "1":
        detail = _(
            "This is an import declaration's number (digit 9 is 1). Enter the export declaration's number."
        )
        return refuse("declaration_is_import", detail, "number")
    detail = _("Digit 9 of an export declaration number is 0. Compare the number with the declaration.")
    return refuse("declaration_flag", detail, "number")


def judge_supervision_mode(mode: str) -> Finding:
    if not re.fullmatch(r"[0-9]{4}", mode):
        detail = _("A supervision mode has exactly 4 digits, for example 0110. Copy it from the declaration.")
        return refuse("supervision_mode_form", detail, "supervision_mode")
    if mode not in SUPERVISION_MODES:
        detail = _(
            "This supervision mode is not usual for exported vehicles. Compare it with the declaration."
        )
        return warn("supervision_mode_unusual", detail, "supervision_mode")
    return FINE


def normalise_passport(text: str) -> str:
    return plain_capitals(text)


def judge_passport(
    number: str,
    *,
    nationality: str,
    expires_on: date,
    planned_return_on: date | None = None,
    today: date | None = None,
) -> Finding:
    """Judge a passport; it is good on its last day, and must outlast the planned return."""
    finding = _judge_passport_number(number, nationality)
    if today is not None and expires_on < today:
        finding += refuse(
            "passport_expired",
            _("The driver's passport has expired. Enter the renewed passport, or choose another driver."),
            "passport_expires_on",
        )
    elif planned_return_on is not None and expires_on <= planned_return_on:
        finding += refuse(
            "passport_expired",
            _(
                "The driver's passport must be valid past the planned return. "
                "Enter the renewed passport, or choose another driver."
            ),
            "passport_expires_on",
        )
    return finding


def _judge_passport_number(number: str, nationality: str) -> Finding:
    if not PASSPORT_CHARACTERS.fullmatch(number):
        detail = _("A passport number has 5 to 15 Latin letters and digits. Copy it from the passport.")
        return refuse("passport_number_form", detail, "passport_number")
    form = PASSPORT_FORMS.get(nationality)
    if form is None or form.fullmatch(number):
        return FINE
    detail = _("The passport number has an unusual form for its country. Compare it with the passport.")
    return warn("passport_number_unusual", detail, "passport_number")


def normalise_latin_name(text: str) -> str:
    """Write a name as the passport's machine-readable lines spell it: `MA, Jianjun` and `MA<<JIANJUN` alike.

    Cyrillic letters stay: МАРАТ made of look-alikes would be another name.
    """
    seen = plain_text(text.translate(APOSTROPHES)).upper()
    return BETWEEN_WORDS.sub(" ", DASHES.sub("-", seen)).strip()


def judge_latin_name(name: str) -> Finding:
    """Judge a Latin name; there may be none."""
    if not name or LATIN_NAME.fullmatch(name):
        return FINE
    detail = _(
        "A Latin name has the letters A to Z, spaces, hyphens and apostrophes, nothing else. "
        "Copy it from the lowest lines of the passport's page; Cyrillic letters that look alike do not count."
    )
    return refuse("latin_name_form", detail, "name_latin")


def normalise_mrz(text: str) -> str:
    """Give the lower of a passport's two machine-readable lines, whether one was read or both."""
    line = plain_capitals(text)
    return line[MRZ_LENGTH:] if len(line) == 2 * MRZ_LENGTH else line


def judge_passport_line(line2: str, *, number: str, nationality: str, expires_on: date) -> Finding:
    """Judge a lower machine-readable line, if there is one, and what was entered beside it."""
    finding = judge_mrz(line2) if line2 else FINE
    if not line2 or finding.refuses:
        return finding
    if line2[:9].rstrip("<") != number:
        detail = _("The machine-readable line holds another passport number. Compare both with the passport.")
        finding += refuse("mrz_other_number", detail, "passport_number")
    if line2[21:27] != f"{expires_on:%y%m%d}":
        detail = _("The machine-readable line holds another expiry date. Compare both with the passport.")
        finding += refuse("mrz_other_expiry", detail, "passport_expires_on")
    if nationality not in get_global("territory_aliases").get(line2[10:13], [nationality]):
        detail = _("The machine-readable line holds another nationality. Compare both with the passport.")
        finding += refuse("mrz_other_nationality", detail, "nationality")
    return finding


def mrz_check_digit(text: str) -> str:
    """Work out the check digit of a part of a machine-readable line (ICAO 9303: 7 3 1, modulo 10)."""
    return str(sum(MRZ_VALUES[char] * MRZ_WEIGHTS[at % 3] for at, char in enumerate(text)) % 10)


def judge_mrz(line2: str) -> Finding:
    """Judge the check digits of the second machine-readable line of a passport (ICAO 9303, TD3)."""
    if len(line2) != MRZ_LENGTH or not MRZ_VALUES.keys() >= set(line2):
        detail = _(
            "The lower machine-readable line has 44 characters: Latin letters, digits and <. Read it again."
        )
        return refuse("mrz_form", detail, "mrz")
    finding = FINE
    for code, (parts, check_at, detail) in MRZ_CHECKS.items():
        text = "".join(line2[part] for part in parts)
        # An unused personal number may carry < in place of its check digit.
        unused = code == "mrz_personal" and not line2[28:43].strip("<")
        if line2[check_at] != mrz_check_digit(text) and not unused:
            finding += refuse(code, detail, "mrz")
    return finding
