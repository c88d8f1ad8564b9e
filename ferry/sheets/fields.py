"""Which fields a table has, which columns hold them, and which values their words stand for."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Protocol

from babel import Locale
from babel.core import get_global
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from ferry.errors import Reason
from ferry.sheets.text import fold, opened
from ferry.sheets.words import CHOICES, COUNTRIES, HEADINGS, Kind, names_in

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

KIND_LABELS: Mapping[Kind, StrOrPromise] = {
    "vehicles": _("vehicles"),
    "drivers": _("drivers"),
    "declarations": _("declarations"),
    "records": _("records"),
    "readiness": _("readiness"),
}

FIELD_LABELS: Mapping[str, StrOrPromise] = {
    "vin": _("VIN"),
    "make": _("make"),
    "model": _("model"),
    "powertrain": _("powertrain"),
    "colour": _("colour"),
    "hs_code": _("HS code"),
    "registered_on": _("first registered"),
    "plate": _("plate"),
    "name": _("name"),
    "name_latin": _("Latin name"),
    "passport_number": _("passport number"),
    "passport_expires_on": _("passport expires"),
    "mrz": _("machine-readable line"),
    "nationality": _("nationality"),
    "licence_class": _("driving licence class"),
    "licence_expires_on": _("driving licence expires"),
    "phone": _("phone"),
    "language": _("language"),
    "number": _("declaration number"),
    "supervision_mode": _("supervision mode"),
    "status": _("status"),
    "kind": _("kind of record"),
    "occurred_at": _("time"),
    "declaration": _("declaration number"),
    "source_reference": _("source reference"),
    "consignment": _("consignment"),
    "in_yard_on": _("in the yard since"),
    "inspected_on": _("inspected on"),
    "charged_on": _("charged on"),
    "charge_percent": _("state of charge"),
    "keys": _("keys"),
}

REQUIRED: Mapping[Kind, Sequence[str]] = {
    "vehicles": ("vin", "make", "model", "powertrain", "hs_code"),
    "drivers": ("name", "passport_number", "passport_expires_on", "licence_class", "licence_expires_on"),
    "declarations": ("number", "supervision_mode", "status", "vin"),
    "records": ("kind", "occurred_at", "source_reference"),
    "readiness": ("vin",),
}
#: A table names at least so many fields: a VIN alone says nothing of a vehicle.
LEAST_COLUMNS = 2


HEADING_NAMES: Mapping[Kind, Mapping[str, str]] = {
    kind: {name: field for field, text in fields.items() for name in (*names_in(text), fold(field))}
    for kind, fields in HEADINGS.items()
}


@cache
def choices_for(field: str) -> Mapping[str, str]:
    """Map every folded word for a value of the field to the value."""
    if field == "nationality":
        return _countries()
    return {name: value for value, text in CHOICES[field].items() for name in (*names_in(text), fold(value))}


def _countries() -> Mapping[str, str]:
    """Name countries by ISO 3166 codes of two and three letters, and in the languages spoken here."""
    codes: dict[str, str] = {}
    names: dict[str, str] = {}
    for spoken in ("kk", "ru", "zh", "en"):
        for code, name in Locale(spoken).territories.items():
            if len(code) == 2:
                codes[fold(code)] = code
                names[fold(name)] = code
    aliases: Mapping[str, Sequence[str]] = get_global("territory_aliases")
    three = {
        alias.lower(): new[0]
        for alias, new in aliases.items()
        if len(alias) == 3 and alias.isalpha() and len(new) == 1
    }
    extra = {name: code for code, text in COUNTRIES.items() for name in names_in(text)}
    return names | three | codes | extra


#: How a sheet begins: the numbers of its first rows, and their cells.
Rows = Sequence[tuple[int, list[str]]]


@dataclass(frozen=True)
class Heading:
    """A row of headings: what kind of table stands under it, and which column holds which field."""

    kind: Kind
    number: int
    titles: list[str]
    columns: dict[int, str]


class Choose(Protocol):
    """Choose a sheet's headings, or say why there are none."""

    def __call__(self, rows: Rows, *, sheet: str) -> Heading | Reason: ...


def find_heading(
    rows: Rows, *, sheet: str, kinds: Iterable[str] = HEADINGS, given: Collection[str] = ()
) -> Heading | Reason:
    """Find the first row that names everything a kind of table needs, or say which headings are missing.

    What is `given` needs no column.
    """
    kinds = tuple(kinds)
    for number, titles in rows:
        whole = [
            one
            for one in _headings(number, titles, kinds)
            if _is_whole(one, given) and _named(one) >= LEAST_COLUMNS
        ]
        if whole:
            return max(whole, key=_named)
    nearest = nearest_heading(rows, kinds=kinds)
    return judge_heading(nearest, sheet=sheet, given=given) if nearest else _unknown(sheet, kinds)


def nearest_heading(rows: Rows, *, kinds: Iterable[str] = HEADINGS) -> Heading | None:
    """Find the row and the kind of table of which most is known."""
    kinds = tuple(kinds)
    found = [one for number, titles in rows for one in _headings(number, titles, kinds)]
    nearest = max(found, key=_named, default=None)
    return nearest if nearest and _named(nearest) >= 2 else None


def judge_heading(heading: Heading, *, sheet: str, given: Collection[str] = ()) -> Heading | Reason:
    """Give back headings that name everything their kind of table needs; else say which are missing."""
    if _is_whole(heading, given):
        return heading
    return _missing(sheet, heading.kind, {*heading.columns.values(), *given})


def _headings(number: int, titles: list[str], kinds: Sequence[str]) -> list[Heading]:
    return [Heading(kind, number, titles, name_columns(kind, titles)) for kind in HEADINGS if kind in kinds]


def _is_whole(heading: Heading, given: Collection[str]) -> bool:
    return not missing_fields(heading.kind, {*heading.columns.values(), *given})


def missing_fields(kind: Kind, found: Collection[str]) -> list[str]:
    """Name what a kind of table needs and is not found."""
    return [field for field in REQUIRED[kind] if field not in found]


def _named(heading: Heading) -> int:
    return len(heading.columns)


def name_columns(kind: Kind, titles: Sequence[str]) -> dict[int, str]:
    """Name the columns of a row of headings; of two columns for one field the first counts."""
    columns: dict[int, str] = {}
    for index, title in enumerate(titles):
        field = _field_named(title, HEADING_NAMES[kind])
        if field and field not in columns.values():
            columns[index] = field
    return columns


# A heading may say the same thing twice: "车架号/VIN", "品牌 Make".
HAN = "\u4e00-\u9fff"
HEADING_PARTS = re.compile(
    rf"[/|\\、,;:，；：\n]|(?<=[{HAN}])\s*(?=[^\W\d_{HAN}])|(?<=[^\W\d_{HAN}])\s+(?=[{HAN}])"
)


def _field_named(title: str, names: Mapping[str, str]) -> str | None:
    whole = _known(title, names)
    if whole:
        return whole
    parts = {field for part in HEADING_PARTS.split(title) if (field := _known(part, names))}
    return parts.pop() if len(parts) == 1 else None


def _known(title: str, names: Mapping[str, str]) -> str | None:
    return names.get(fold(opened(title))) or names.get(fold(title))


def field_labels(fields: Iterable[str]) -> StrOrPromise:
    labels = [FIELD_LABELS[field] for field in fields]
    return format_lazy(", ".join(["{}"] * len(labels)), *labels)


def _missing(sheet: str, kind: Kind, found: set[str]) -> Reason:
    return Reason(
        "headings_missing",
        format_lazy(
            _("Sheet “{sheet}” looks like {kind}, but has no column for: {fields}. Add these headings."),
            sheet=sheet,
            kind=KIND_LABELS[kind],
            fields=field_labels(missing_fields(kind, found)),
        ),
    )


#: What a row of headings must name, said of each kind of table that somebody may have meant.
NEEDED: Mapping[Kind, StrOrPromise] = {
    "vehicles": _("Vehicles need: {fields}."),
    "drivers": _("Drivers need: {fields}."),
    "declarations": _("Declarations need: {fields}."),
    "records": _("Records need: {fields}."),
}


def _unknown(sheet: str, kinds: Collection[str]) -> Reason:
    sentences = [
        format_lazy(_("Sheet “{sheet}” has no row of headings that is known."), sheet=sheet),
        *(
            format_lazy(sentence, fields=field_labels(REQUIRED[kind]))
            for kind, sentence in NEEDED.items()
            if kind in kinds
        ),
    ]
    return Reason("headings_unknown", format_lazy(" ".join(["{}"] * len(sentences)), *sentences))
