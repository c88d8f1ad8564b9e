"""Read the tables of a workbook or a text file, row after row, in memory that does not grow with the rows."""

from __future__ import annotations

import csv
import io
import warnings
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from itertools import islice
from pathlib import Path
from typing import Any, BinaryIO

from django.utils.translation import gettext_lazy as _
from openpyxl import load_workbook
from openpyxl.utils.datetime import WINDOWS_EPOCH, from_excel

from ferry.errors import Invalid, Reason
from ferry.rules.letters import plain_text
from ferry.sheets.fields import Choose, Heading, Rows, find_heading
from ferry.sheets.files import (
    BROKEN_TEXT,
    DAMAGED,
    EMPTY,
    LIMITS,
    Limits,
    Text,
    Workbook,
    judge_file,
    too_many_columns,
)
from ferry.sheets.values import EXACT_DIGITS, fault, lost_digits
from ferry.sheets.words import Kind

# openpyxl warns of charts and rules that it leaves out; nothing of them is read here.
warnings.filterwarnings("ignore", module="openpyxl")

DELIMITERS = ",;\t"
YARD_DAYS = {"in_yard_on", "inspected_on", "charged_on"}
DAY_FIELDS = {"registered_on", "passport_expires_on", "licence_expires_on", "occurred_at", *YARD_DAYS}
#: A formula in one of these is refused even if the workbook remembers its result.
KEY_FIELDS = {"vin", "passport_number", "number", "declaration", "source_reference"}
#: Days Excel counts up to 31 December 2173; larger numbers are dates typed without marks.
LAST_SERIAL = 99_999
EXCEL_ERRORS = {"#N/A", "#VALUE!", "#REF!", "#NAME?", "#DIV/0!", "#NULL!", "#NUM!", "#SPILL!", "#CALC!"}
LAST_EXCEL_ROW = 1_048_576


@dataclass(frozen=True)
class Row:
    """One line: its number in the sheet, cleaned text by field, the cells as read, and what is unreadable."""

    number: int
    values: dict[str, str]
    original: list[str]
    faults: list[Reason] = field(default_factory=list)


@dataclass(frozen=True)
class Table:
    """A sheet and its lines, to be read once; without a kind it is not read, and `reason` says why.

    `top` is how the sheet begins, and `number` the row of the headings.
    """

    kind: Kind | None
    sheet: str
    titles: list[str] = field(default_factory=list)
    headings: dict[int, str] = field(default_factory=dict)
    rows: Iterator[Row] = field(default_factory=lambda: iter(()))
    reason: Reason | None = None
    number: int = 0
    top: Rows = ()


@dataclass(frozen=True)
class Formula:
    text: str
    result: object


Cells = Sequence[object]
Numbered = Iterator[tuple[int, Cells]]


@contextmanager
def read_tables(
    source: BinaryIO | Path, *, name: str, limits: Limits = LIMITS, choose: Choose = find_heading
) -> Iterator[list[Table]]:
    """Open a file's tables for as long as the block runs; rows are read as they are asked for.

    Refuses on entry with `Invalid` whatever can be known before the rows; a workbook damaged further down
    refuses while its rows are read. A BinaryIO must be seekable, and stays open.
    """
    with open_tables(source, name=name, limits=limits, choose=choose) as tables:
        if all(table.kind is None for table in tables):
            raise Invalid(*(table.reason for table in tables if table.reason))
        yield tables


@contextmanager
def open_tables(
    source: BinaryIO | Path, *, name: str, limits: Limits = LIMITS, choose: Choose = find_heading
) -> Iterator[list[Table]]:
    """Open a file's tables as `read_tables` does, even if none has headings that are known."""
    with ExitStack() as stack:
        file = stack.enter_context(source.open("rb")) if isinstance(source, Path) else source
        judged = judge_file(file, limits=limits)
        if isinstance(judged, Workbook):
            tables = _open_workbook(file, judged, limits, choose, stack)
        else:
            tables = [_open_text(file, judged, Path(name).stem, limits, choose)]
        if not tables:
            raise Invalid(EMPTY)
        yield tables


# --- Workbooks ---------------------------------------------------------------------------------


def _open_workbook(
    file: BinaryIO, judged: Workbook, limits: Limits, choose: Choose, stack: ExitStack
) -> list[Table]:
    results = _load(file, True, stack)
    formulas = _load(file, False, stack) if judged.has_formulas else None
    sheets = [
        WorkbookSheet(sheet, formulas[sheet.title] if formulas else None, limits)
        for sheet in results.worksheets
    ]
    return [table for sheet in sheets if (table := sheet.table(results.epoch, choose))]


def _load(file: BinaryIO, data_only: bool, stack: ExitStack) -> Any:
    file.seek(0)
    with _sound():
        workbook = load_workbook(file, read_only=True, data_only=data_only, keep_links=False)
    stack.callback(workbook.close)
    return workbook


@contextmanager
def _sound() -> Iterator[None]:
    """Refuse what openpyxl stumbles over; its errors on damaged workbooks have no common family."""
    try:
        yield
    except Invalid:
        raise
    except Exception as error:
        raise Invalid(DAMAGED) from error


class WorkbookSheet:
    """One sheet, which can be read from its top any number of times."""

    def __init__(self, results: Any, formulas: Any | None, limits: Limits) -> None:
        self.results = results
        self.formulas = formulas
        self.limits = limits

    def table(self, epoch: datetime, choose: Choose) -> Table | None:
        """Find the sheet's table; a sheet without anything in it has none."""
        title = self.results.title
        if self.results.sheet_state != "visible":
            return Table(None, title, reason=_hidden())
        top = list(islice(self.rows(), self.limits.heading_rows))
        if not any(cell is not None for _number, cells in top for cell in cells):
            return None
        return _table(title, top, self.rows(), self.limits, epoch, choose)

    def rows(self) -> Numbered:
        with _sound():
            if self.formulas is None:
                yield from enumerate(self._cells(self.results, values_only=True), 1)
                return
            both = zip(
                self._cells(self.results, values_only=True),
                self._cells(self.formulas, values_only=False),
                strict=True,
            )
            for number, (results, cells) in enumerate(both, 1):
                yield number, [_either(*pair) for pair in zip(results, cells, strict=True)]

    def _cells(self, sheet: Any, *, values_only: bool) -> Iterator[Sequence[Any]]:
        # Sheets may state a size that is not theirs.
        sheet.reset_dimensions()
        rows: Iterator[Sequence[Any]] = sheet.iter_rows(
            min_row=1,
            max_row=LAST_EXCEL_ROW,
            min_col=1,
            max_col=self.limits.columns + 1,
            values_only=values_only,
        )
        return rows


def _either(result: object, cell: Any) -> object:
    if cell.data_type != "f":
        return result
    text = cell.value if isinstance(cell.value, str) else f"={getattr(cell.value, 'text', None) or ''}"
    return Formula(text, result)


def _hidden() -> Reason:
    return Reason("sheet_hidden", _("The sheet is hidden and was not read. Show it if it should be."))


# --- Text --------------------------------------------------------------------------------------


def _open_text(file: BinaryIO, judged: Text, sheet: str, limits: Limits, choose: Choose) -> Table:
    """Choose the delimiter under which most headings are known."""
    tables = []
    for delimiter in DELIMITERS:
        top = list(islice(_text_rows(file, judged.encoding, delimiter), limits.heading_rows))
        rows = _text_rows(file, judged.encoding, delimiter)
        tables.append(_table(sheet, top, rows, limits, WINDOWS_EPOCH, choose))
    return max(tables, key=_fit)


def _fit(table: Table) -> tuple[int, bool, int]:
    nearly = table.reason is not None and table.reason.code == "headings_missing"
    return len(table.headings), nearly, max((len(cells) for _number, cells in table.top), default=0)


def _text_rows(file: BinaryIO, encoding: str, delimiter: str) -> Numbered:
    file.seek(0)
    text = io.TextIOWrapper(file, encoding, newline="")
    try:
        for number, cells in enumerate(csv.reader(text, delimiter=delimiter), 1):
            yield number, [_text_cell(cell) for cell in cells]
    except csv.Error as error:
        raise Invalid(BROKEN_TEXT) from error
    finally:
        text.detach()


def _text_cell(text: str) -> object:
    """Undo what programs put around a text to keep Excel from reading it as a number: ="0110" and '0110."""
    text = text.strip()
    if text.startswith('="') and text.endswith('"') and len(text) > 2:
        return text[2:-1]
    if text.startswith("="):
        return Formula(text, None)
    return text.removeprefix("'") or None


# --- Rows --------------------------------------------------------------------------------------


def _table(
    sheet: str,
    top: list[tuple[int, Cells]],
    rows: Numbered,
    limits: Limits,
    epoch: datetime,
    choose: Choose,
) -> Table:
    if any(len(cells) > limits.columns and cells[limits.columns] is not None for _number, cells in top):
        raise too_many_columns(limits)
    shown = [(number, _bare([_shown(cell) for cell in cells])) for number, cells in top]
    heading = choose(shown, sheet=sheet)
    if isinstance(heading, Reason):
        return Table(None, sheet, reason=heading, top=shown)
    below = _rows_below(heading, rows, len(heading.titles), epoch)
    return Table(
        heading.kind,
        sheet,
        heading.titles,
        heading.columns,
        below,
        number=heading.number,
        top=shown,
    )


def _bare(texts: list[str]) -> list[str]:
    """Leave off the empty cells at the end."""
    return texts[: max((index for index, text in enumerate(texts, 1) if text), default=0)]


def _rows_below(heading: Heading, rows: Numbered, width: int, epoch: datetime) -> Iterator[Row]:
    """Read the lines under the headings; blank lines and repeated headings are not lines."""
    for number, cells in rows:
        if number <= heading.number:
            continue
        original = [_shown(cell) for cell in cells[:width]]
        if any(original) and original != heading.titles:
            yield _row(number, cells, heading.columns, original, epoch)


def _row(number: int, cells: Cells, columns: Mapping[int, str], original: list[str], epoch: datetime) -> Row:
    values: dict[str, str] = {}
    faults: list[Reason] = []
    for index, name in columns.items():
        value = cells[index] if index < len(cells) else None
        if isinstance(value, Formula):
            faults += _formula_faults(value, name)
            value = value.result
        faults += _value_faults(value, name)
        values[name] = plain_text(_written(value, name, epoch))
    return Row(number, values, original, faults)


def _formula_faults(formula: Formula, name: str) -> Iterable[Reason]:
    if formula.result is None or name in KEY_FIELDS:
        sentence = _("a formula stands here. Copy the column, paste it as values, and send the file again.")
        yield fault("formula_cell", sentence, name)


def _value_faults(value: object, name: str) -> Iterable[Reason]:
    if isinstance(value, str) and value in EXCEL_ERRORS:
        yield fault("error_cell", _("the cell shows an error. Correct it in the spreadsheet."), name)
    elif isinstance(value, int | float) and abs(value) >= 10**EXACT_DIGITS:
        yield lost_digits(name)
    elif isinstance(value, date | time | timedelta) and name not in DAY_FIELDS:
        sentence = _("the spreadsheet turned this into a date. Format the column as text and enter it again.")
        yield fault("became_date", sentence, name)


def _written(value: object, name: str, epoch: datetime) -> str:
    """Write a cell as text; a bare number in a column of days is Excel's count of days."""
    if name in DAY_FIELDS and isinstance(value, int | float) and 1 <= value <= LAST_SERIAL:
        value = from_excel(value, epoch)
    if isinstance(value, datetime):
        return value.isoformat(sep=" ")
    return _shown(value)


def _shown(value: object) -> str:
    """Write a cell much as the spreadsheet shows it."""
    match value:
        case None:
            return ""
        case Formula():
            return _shown(value.result) or value.text
        case float() if value.is_integer() and abs(value) < 10**EXACT_DIGITS:
            return str(int(value))
        case datetime():
            return value.isoformat(sep=" ").removesuffix(" 00:00:00")
        case date() | time():
            return value.isoformat()
        case _:
            return str(value)
