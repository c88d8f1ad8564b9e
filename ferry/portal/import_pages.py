"""What an import's page shows: its sheets with their columns, its lines by fate."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.utils.translation import pgettext

from ferry.actions.imports import KINDS
from ferry.models import Fate, ImportState
from ferry.queries.imports import titles_of
from ferry.sheets.fields import FIELD_LABELS, KIND_LABELS, REQUIRED
from ferry.sheets.words import HEADINGS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ferry.models import FileImport, ImportLine

LINES = 50
#: Lines under the headings that show what a column holds.
EXAMPLES = 2
TONES = {Fate.ADDED: "good", Fate.CHANGED: "info", Fate.UNCHANGED: "quiet", Fate.REFUSED: "bad"}

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


def shown_sheets(file_import: FileImport) -> list[ShownSheet]:
    return [_sheet(told) for told in file_import.told.get("sheets", [])]


def fate_labels(file_import: FileImport) -> list[str]:
    return [fate_label(file_import, fate) for fate in Fate]


def shown_tallies(file_import: FileImport) -> list[tuple[str, list[tuple[str, int]]]]:
    """Count the lines of each kind, in the order of the fates."""
    return [
        (
            str(KIND_LABELS[kind]),  # type: ignore[index]
            [(fate_label(file_import, fate), file_import.tallies[kind].get(fate, 0)) for fate in Fate],
        )
        for kind in KINDS
        if kind in file_import.tallies
    ]


def fate_label(file_import: FileImport, fate: str) -> str:
    """Say what became of a line, or in a preview what will."""
    if file_import.state != ImportState.PREVIEWED:
        return str(Fate(fate).label)
    return {
        Fate.ADDED: pgettext("import", "To add"),
        Fate.CHANGED: pgettext("import", "To change"),
        Fate.UNCHANGED: pgettext("import", "Stays as it is"),
        Fate.REFUSED: pgettext("import", "Refused"),
    }[Fate(fate)]


def fate_tabs(file_import: FileImport, wanted: str) -> tuple[list[tuple[str, str, int, bool]], str]:
    """Give the tabs, and which is open: the refused lines first, for they want somebody."""
    counts = {fate: file_import.count(fate) for fate in Fate}
    usual = Fate.REFUSED if counts[Fate.REFUSED] else next((one for one in Fate if counts[one]), Fate.ADDED)
    current = wanted if wanted in Fate.values else usual.value
    tabs = [
        (fate.value, fate_label(file_import, fate), counts[fate], fate.value == current)
        for fate in (Fate.REFUSED, Fate.ADDED, Fate.CHANGED, Fate.UNCHANGED)
    ]
    return tabs, current


def shown_lines(file_import: FileImport, fate: str, after: str) -> Lines:
    is_first = not (after.isascii() and after.isdigit() and len(after) < 19)
    rows = file_import.lines.filter(fate=fate, pk__gt=0 if is_first else int(after)).order_by("pk")
    page = list(rows[: LINES + 1])
    names = [sheet["name"] for sheet in file_import.told.get("sheets", [])]
    label, tone = fate_label(file_import, fate), TONES[Fate(fate)]
    lines = [_line(row, names[row.sheet], label, tone) for row in page[:LINES]]
    return Lines(lines, page[LINES - 1].pk if len(page) > LINES else None, is_first)


def _line(row: ImportLine, sheet: str, label: str, tone: str) -> ShownLine:
    told = row.told
    reasons = [detail for _code, detail in told["reasons"]]
    cells = [cell for cell in told["cells"] if cell]
    return ShownLine(row.number, sheet, row.fate, label, tone, reasons, cells)


def _sheet(told: Mapping[str, Any]) -> ShownSheet:
    kind, fields = told["kind"], set(told["columns"].values())
    return ShownSheet(
        name=told["name"],
        is_read=told["is_read"],
        reason=told["reason"],
        kind=str(KIND_LABELS[kind]) if kind else "",
        kinds=[(one, str(KIND_LABELS[one]), one == kind) for one in KINDS],  # type: ignore[index]
        rows=[(number, _short(cells), number == told["row"]) for number, cells in told["top"] if any(cells)],
        columns=_columns(told) if kind else [],
        missing=[str(FIELD_LABELS[one]) for one in REQUIRED[kind] if one not in fields] if kind else [],
    )


def _columns(told: Mapping[str, Any]) -> list[Column]:
    titles = titles_of(told)
    below = [cells for number, cells in told["top"] if number > told["row"]][:EXAMPLES]
    fields = [(one, str(FIELD_LABELS[one])) for one in HEADINGS[told["kind"]]]
    columns = []
    for index, title in enumerate(titles):
        field = told["columns"].get(str(index), "")
        examples = [cells[index] for cells in below if index < len(cells) and cells[index]]
        options = [(one, label, one == field) for one, label in fields]
        columns.append(Column(index, title, field, examples, options))
    return columns


def _short(cells: list[str]) -> str:
    """Show how a row begins, in so many letters that it can be told from the others."""
    text = " · ".join(cell for cell in cells if cell)
    return text if len(text) <= 60 else f"{text[:59]}…"
