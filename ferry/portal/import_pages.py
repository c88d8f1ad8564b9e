"""What an import's page shows: its sheets with their columns, its lines by fate."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.utils.translation import pgettext_lazy

from ferry.models import ImportState
from ferry.models.imports import REFUSED
from ferry.queries.imports import titles_of
from ferry.sheets.fields import FIELD_LABELS, KIND_LABELS, missing_fields
from ferry.sheets.words import HEADINGS

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from ferry.models import Upload, UploadLine

LINES = 50
#: Lines under the headings that show what a column holds.
EXAMPLES = 2
TONES = {
    "added": "good",
    "changed": "info",
    "unchanged": "quiet",
    "matched": "good",
    "unmatched": "warn",
    "duplicate": "quiet",
    "refused": "bad",
}
#: What is said of a line before it is settled, where that is not what is said after.
FORETOLD = {
    "added": pgettext_lazy("import", "To add"),
    "changed": pgettext_lazy("import", "To change"),
    "unchanged": pgettext_lazy("import", "Stays as it is"),
}

Option = tuple[str, str, bool]


@dataclass(frozen=True)
class Column:
    index: int
    title: str
    field: str
    examples: list[str]
    options: list[Option]


@dataclass(frozen=True)
class ShownSheet:
    """A sheet, what it is taken for, and what else it could be; `missing` fields are required."""

    name: str
    is_read: bool
    reason: str
    kind: str
    kinds: list[Option]
    rows: list[tuple[int, str, bool]]
    columns: list[Column]
    missing: list[str]

    @property
    def unknown(self) -> int:
        return sum(not column.field for column in self.columns)


@dataclass(frozen=True)
class ShownLine:
    number: int
    sheet: str
    fate: str
    label: str
    tone: str
    reasons: list[str]
    cells: list[str]


@dataclass(frozen=True)
class Lines:
    lines: list[ShownLine]
    after: int | None
    is_first: bool


def shown_sheets(file_import: Upload, *, shown: Callable[[str], str] = str) -> list[ShownSheet]:
    return [_sheet(told, file_import, shown) for told in file_import.told.get("sheets", [])]


def fate_labels(file_import: Upload) -> list[str]:
    return [fate_label(file_import, fate) for fate in file_import.fates]


def fate_tallies(file_import: Upload) -> list[tuple[str, str, int]]:
    """Count the lines of each fate, in the order of the fates."""
    return [
        (fate, fate_label(file_import, fate), file_import.count(fate)) for fate in file_import.fates.values
    ]


def shown_tallies(file_import: Upload) -> list[tuple[str, list[tuple[str, int]]]]:
    """Count the lines of each kind, in the order of the fates."""
    return [
        (
            str(KIND_LABELS[kind]),  # type: ignore[index]
            [
                (fate_label(file_import, fate), file_import.tallies[kind].get(fate, 0))
                for fate in file_import.fates
            ],
        )
        for kind in file_import.kinds
        if kind in file_import.tallies
    ]


def fate_label(file_import: Upload, fate: str) -> str:
    """Say what became of a line, or in a preview what will."""
    usual = file_import.fates(fate).label
    return str(FORETOLD.get(fate, usual) if file_import.state == ImportState.PREVIEWED else usual)


def fate_tabs(file_import: Upload, wanted: str) -> tuple[list[tuple[str, str, int, bool]], str]:
    """Give the tabs, and which is open: the refused lines first, for they want somebody."""
    known = file_import.fates.values
    fates = [REFUSED, *(fate for fate in known if fate != REFUSED)]
    counts = {fate: file_import.count(fate) for fate in fates}
    current = wanted if wanted in known else next((one for one in fates if counts[one]), known[0])
    tabs = [(fate, fate_label(file_import, fate), counts[fate], fate == current) for fate in fates]
    return tabs, current


def shown_lines(file_import: Upload, fate: str, after: str, *, shown: Callable[[str], str] = str) -> Lines:
    """Give the lines of a fate after a position; `shown` says how a cell is shown to the reader."""
    is_first = not (after.isascii() and after.isdigit() and len(after) < 19)
    rows = file_import.lines.filter(fate=fate, pk__gt=0 if is_first else int(after)).order_by("pk")
    page = list(rows[: LINES + 1])
    names = [sheet["name"] for sheet in file_import.told.get("sheets", [])]
    label, tone = fate_label(file_import, fate), TONES[fate]
    lines = [_line(row, names[row.sheet], label, tone, shown) for row in page[:LINES]]
    return Lines(lines, page[LINES - 1].pk if len(page) > LINES else None, is_first)


def _line(row: UploadLine, sheet: str, label: str, tone: str, shown: Callable[[str], str]) -> ShownLine:
    told = row.told
    reasons = [detail for _code, detail in told["reasons"]]
    cells = [shown(cell) for cell in told["cells"] if cell]
    return ShownLine(row.number, sheet, row.fate, label, tone, reasons, cells)


def _sheet(told: Mapping[str, Any], file_import: Upload, shown: Callable[[str], str]) -> ShownSheet:
    kind, fields = told["kind"], set(told["columns"].values())
    return ShownSheet(
        name=told["name"],
        is_read=told["is_read"],
        reason=told["reason"],
        kind=str(KIND_LABELS[kind]) if kind else "",
        kinds=[(one, str(KIND_LABELS[one]), one == kind) for one in file_import.kinds],  # type: ignore[index]
        rows=[
            (number, shown(short(cells)), number == told["row"])
            for number, cells in told["top"]
            if any(cells)
        ],
        columns=_columns(told, shown) if kind else [],
        missing=[str(FIELD_LABELS[one]) for one in missing_fields(kind, fields | {*file_import.given})]
        if kind
        else [],
    )


def shown_columns(
    kind: Any,
    titles: Sequence[str],
    columns: Mapping[str, str],
    below: Sequence[Sequence[str]] = (),
    *,
    shown: Callable[[str], str] = str,
) -> list[Column]:
    """Show each column with what it is read as and could be, and what rows `below` hold in it."""
    fields = [(one, str(FIELD_LABELS[one])) for one in HEADINGS[kind]]
    found = []
    for index, title in enumerate(titles):
        field = columns.get(str(index), "")
        examples = [shown(cells[index]) for cells in below if index < len(cells) and cells[index]]
        options = [(one, label, one == field) for one, label in fields]
        found.append(Column(index, title, field, examples, options))
    return found


def _columns(told: Mapping[str, Any], shown: Callable[[str], str]) -> list[Column]:
    below = [cells for number, cells in told["top"] if number > told["row"]][:EXAMPLES]
    return shown_columns(told["kind"], titles_of(told), told["columns"], below, shown=shown)


def short(cells: list[str]) -> str:
    """Show how a row begins, in so many letters that it can be told from the others."""
    text = " · ".join(cell for cell in cells if cell)
    return text if len(text) <= 60 else f"{text[:59]}…"
