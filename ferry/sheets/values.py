"""Read what a cell says into the form the rest of the system keeps; refuse what could be read two ways."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, time, timedelta, timezone, tzinfo
from typing import TYPE_CHECKING, Any

from babel import Locale
from django.utils.functional import lazy
from django.utils.text import format_lazy
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from ferry.errors import Invalid, Reason
from ferry.rules.letters import plain_capitals, plain_text
from ferry.sheets.fields import FIELD_LABELS, REQUIRED, choices_for
from ferry.sheets.text import fold
from ferry.sheets.words import CHOICES, Kind

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

    from ferry.sheets.tables import Row

#: Excel keeps 15 digits of a number and makes the rest zeros.
EXACT_DIGITS = 15
SCIENTIFIC = re.compile(r"[0-9](?:[.,][0-9]+)?E\+?[0-9]+")
#: A Chinese driving licence may be valid "for long"; this day stands for it.
OPEN_ENDED = date(2099, 12, 31)
#: In which letters a language is written whose words differ from the codes.
SCRIPTS = {"zh": "[一-鿿]", "ug": "[一-鿿]", "ru": "[а-я]", "kk": "[а-я]"}
OPEN_ENDED_WORDS = {"长期", "长期有效", "longterm", "indefinite", "бессрочно"}


def fault(code: str, sentence: StrOrPromise, field: str) -> Reason:
    detail = format_lazy("{field}: {sentence}", field=FIELD_LABELS[field], sentence=sentence)
    return Reason(code, detail, field)


def required(field: str) -> Reason:
    return fault("required", _("nothing is entered. Fill it in on every line, without merged cells."), field)


def lost_digits(field: str) -> Reason:
    sentence = _(
        "the spreadsheet kept this as a number and lost digits. Format the column as text and enter it again."
    )
    return fault("number_lost_digits", sentence, field)


def clean_kept(text: str, *, field: str) -> str:
    """Clean a number or mark that must have kept all its digits."""
    cleaned = plain_text(text)
    if SCIENTIFIC.fullmatch(cleaned.upper()) and not cleaned.isalnum():
        raise Invalid(lost_digits(field))
    return cleaned


def clean_digits(text: str, *, field: str) -> str:
    """Read a number of digits that may be grouped by dots or spaces, or may have become a decimal number."""
    kept = clean_kept(text, field=field).removesuffix(".0")
    digits = re.sub(r"[.,'’`]", "", plain_capitals(kept))
    if digits and not re.fullmatch(r"[0-9]+", digits):
        raise Invalid(
            fault("digits_only", _("only digits belong here. Copy it from the paper again."), field)
        )
    return digits


def read_mode(text: str, *, field: str = "supervision_mode") -> str:
    """Read a supervision mode by its number, which may have lost its first zero, or by its name."""
    cleaned = plain_text(text)
    numbers: list[str] = re.findall(r"[0-9]+", cleaned)
    if len(numbers) == 1 and len(numbers[0]) in {3, 4}:
        return numbers[0].zfill(4)
    return read_choice(cleaned, field=field)


def read_choice(text: str, *, field: str) -> str:
    """Read one of a field's values from any of the words for it."""
    choices = choices_for(field)
    value = choices.get(fold(text)) or choices.get(fold(re.sub(r"[()\[\]]", "", plain_text(text))))
    if value:
        return value
    raise Invalid(
        fault(
            "unknown_word",
            format_lazy(_("this word is not known. Use one of: {values}."), values=_wanted(field)),
            field,
        )
    )


def _wanted_now(field: str) -> str:
    """Name the words that are read, in the reader's script where they have any in it, else by their codes."""
    if field not in CHOICES:
        return "CN, KZ, RU, KG, UZ"
    script = SCRIPTS.get((get_language() or "").partition("-")[0])
    return ", ".join(_word(code, words, script) for code, words in CHOICES[field].items())


def _word(code: str, words: str, script: str | None) -> str:
    own = (word.strip() for word in re.split(r"[|\n]", words))
    return next((word for word in own if script and re.search(script, word)), code)


_wanted = lazy(_wanted_now, str)


# --- Dates -------------------------------------------------------------------------------------

YEAR_FIRST = re.compile(
    r"(?P<year>[0-9]{4})\s*[-/.年]\s*(?P<month>[0-9]{1,2})\s*[-/.月]\s*(?P<day>[0-9]{1,2})(?![0-9])\s*[日号]?"
)
COMPACT = re.compile(
    r"(?P<year>[0-9]{4})(?P<month>[0-9]{2})(?P<day>[0-9]{2})(?=$|[^0-9]|[0-9]{4}$|[0-9]{6}$)"
)
#: With dots the day comes first, in every country that writes dots.
DOTTED = re.compile(r"(?P<day>[0-9]{1,2})\.(?P<month>[0-9]{1,2})\.(?P<year>[0-9]{4})(?![0-9])(?:\s*г\.?)?")
MONTHS: Mapping[int, str] = Locale("en").months["format"]["wide"]
#: English months are names, so the order is plain: 2 Jan 2030, 02-Jan-2030, January 2, 2030.
DAY_MONTH = re.compile(r"(?P<day>[0-9]{1,2})[- ](?P<month>[A-Za-z]{3,9})\.?,?[- ](?P<year>[0-9]{4})(?![0-9])")
MONTH_DAY = re.compile(r"(?P<month>[A-Za-z]{3,9})\.? (?P<day>[0-9]{1,2}),? (?P<year>[0-9]{4})(?![0-9])")
EITHER_FIRST = re.compile(r"(?P<one>[0-9]{1,2})[-/](?P<other>[0-9]{1,2})[-/](?P<year>[0-9]{4})(?![0-9])")
TIME = re.compile(
    r"[T,]?\s*(?P<hour>[0-9]{1,2})\s*[:时点]\s*(?P<minute>[0-9]{1,2})"
    r"(?:\s*[:分]\s*(?P<second>[0-9]{1,2})(?:[.,][0-9]+)?)?\s*[分秒]?"
    r"\s*(?P<zone>Z|[+-][0-9]{2}:?[0-9]{2})?"
)


def read_date(value: str | date, *, field: str) -> date:
    """Read a day; the time beside it, if any, is left out."""
    if isinstance(value, datetime):
        return value.date()
    if isinstance(value, date):
        return value
    day, rest = _split_day(plain_text(value), field)
    if rest and not TIME.fullmatch(rest):
        raise Invalid(_date_unreadable(field))
    return day


def read_datetime(
    value: str | datetime, *, zone: tzinfo, first: str = "", field: str = "occurred_at"
) -> datetime:
    """Read a moment into UTC; one that names no zone is by the clocks of `zone`.

    `first` says what stands first in a date that could be read two ways: `day`, `month`, or not known.
    """
    text = value.isoformat() if isinstance(value, datetime) else plain_text(value)
    day, rest = _split_day(text, field, first)
    found = TIME.fullmatch(rest)
    if not found:
        sentence = _("a time of day is needed too. Write it as 2026-03-07 14:30.")
        raise Invalid(fault("time_unreadable", sentence, field))
    try:
        clock = time(int(found["hour"]), int(found["minute"]), int(found["second"] or 0))
        moment = datetime.combine(day, clock, _offset(found["zone"]) or zone)
        return moment.astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise Invalid(_date_unreadable(field)) from error


def read_open_date(value: str | date, *, field: str) -> date:
    """Read a day, or words that say there is no last day."""
    if isinstance(value, str) and fold(value) in OPEN_ENDED_WORDS:
        return OPEN_ENDED
    return read_date(value, field=field)


def _split_day(text: str, field: str, first: str = "") -> tuple[date, str]:
    for form in (YEAR_FIRST, COMPACT, DOTTED, DAY_MONTH, MONTH_DAY, EITHER_FIRST):
        found = form.match(text)
        if found:
            rest = text[found.end() :].strip()
            return _day(found, field, first), ":".join(re.findall("..", rest)) if rest.isdigit() else rest
    raise Invalid(_date_unreadable(field))


def _day(found: re.Match[str], field: str, first: str) -> date:
    parts = found.groupdict()
    if "one" in parts:
        parts |= _order(int(parts["one"]), int(parts["other"]), field, first)
    try:
        return date(int(parts["year"]), _month(parts["month"]), int(parts["day"]))
    except (ValueError, StopIteration) as error:
        raise Invalid(_date_unreadable(field)) from error


def _month(text: str) -> int:
    """Read a month's number, or its English name or the beginning of it; StopIteration if it is neither."""
    if text.isdigit():
        return int(text)
    return next(number for number, name in MONTHS.items() if name.lower().startswith(text.lower()))


def _order(one: int, other: int, field: str, first: str) -> dict[str, str]:
    if first:
        day, month = (one, other) if first == "day" else (other, one)
        return {"day": str(day), "month": str(month)}
    if one <= 12 and other <= 12 and one != other:
        sentence = _(
            "this date can be read with the day first or the month first. "
            "Write it as year-month-day: 2026-03-07."
        )
        raise Invalid(fault("date_ambiguous", sentence, field))
    day, month = (one, other) if one > 12 else (other, one)
    return {"day": str(day), "month": str(month)}


def _offset(text: str | None) -> tzinfo | None:
    if not text:
        return None
    if text == "Z":
        return UTC
    sign = -1 if text[0] == "-" else 1
    return timezone(sign * timedelta(hours=int(text[1:3]), minutes=int(text[-2:])))


def _date_unreadable(field: str) -> Reason:
    sentence = _("this is not a date that can be read. Write it as year-month-day: 2026-03-07.")
    return fault("date_unreadable", sentence, field)


# --- A whole row -------------------------------------------------------------------------------


def _text(text: str, *, field: str) -> str:
    return plain_text(text)


def read_number(text: str, *, field: str) -> int:
    """Read a small whole number."""
    digits = plain_text(text).removesuffix(".0")
    if not re.fullmatch(r"[0-9]{1,3}", digits):
        raise Invalid(fault("not_a_number", _("this is not a whole number. Write digits only."), field))
    return int(digits)


def read_percent(text: str, *, field: str) -> int:
    """Read a percentage, which a spreadsheet may keep as a fraction; 1 could be either, and is refused."""
    cleaned = plain_text(text).replace(",", ".")
    if re.fullmatch(r"0?\.[0-9]+", cleaned):
        return round(float(cleaned) * 100)
    if cleaned == "1":
        sentence = _("1 can mean 1 % or 100 %. Write the number with its sign: 100 %.")
        raise Invalid(fault("percent_ambiguous", sentence, field))
    return read_number(cleaned.removesuffix("%").strip(), field=field)


READERS: Mapping[str, Callable[..., object]] = {
    "make": _text,
    "model": _text,
    "colour": _text,
    "name": _text,
    "name_latin": _text,
    "licence_class": _text,
    "hs_code": clean_digits,
    "number": clean_digits,
    "declaration": clean_digits,
    "supervision_mode": read_mode,
    "powertrain": read_choice,
    "status": read_choice,
    "language": read_choice,
    "nationality": read_choice,
    "kind": read_choice,
    "registered_on": read_date,
    "passport_expires_on": read_date,
    "licence_expires_on": read_open_date,
    "consignment": _text,
    "in_yard_on": read_date,
    "inspected_on": read_date,
    "charged_on": read_date,
    "charge_percent": read_percent,
    "keys": read_number,
}
BLANK: Mapping[str, object] = dict.fromkeys(
    ("registered_on", "in_yard_on", "inspected_on", "charged_on", "charge_percent", "keys")
)


def clean_row(
    kind: Kind, row: Row, *, zone: tzinfo = UTC, first: str = "", given: Mapping[str, str] | None = None
) -> tuple[dict[str, Any], list[Reason]]:
    """Read every field of a row, and give every reason against it at once.

    Days are dates, `occurred_at` is a moment in UTC, all else is text; an empty field that is not required
    is "" (a day: None). A field with a reason against it is absent. `zone` is that of the clocks by which the
    moments were written, `first` what stands first in dates; what is `given` holds where a cell is empty.
    """
    values: dict[str, Any] = {}
    faults = list(row.faults)
    said = {field: text for field, text in row.values.items() if text or field not in (given or {})}
    for field, text in ({**given, **said} if given else said).items():
        if any(reason.attr == field for reason in faults):
            continue
        if not text:
            values[field] = BLANK.get(field, "")
            continue
        try:
            values[field] = _read(field, text, zone, first)
        except Invalid as refused:
            faults.extend(refused.reasons)
    faulty = {reason.attr for reason in faults}
    faults += [required(field) for field in REQUIRED[kind] if not values.get(field) and field not in faulty]
    return values, faults


def _read(field: str, text: str, zone: tzinfo, first: str) -> object:
    if field == "occurred_at":
        return read_datetime(text, zone=zone, first=first)
    read = READERS.get(field, clean_kept)
    return read(text, field=field)
