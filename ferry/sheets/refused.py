"""Write refused lines back as a workbook: the cells as read, the line's number, and the reasons."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from django.utils.translation import gettext as _
from openpyxl import Workbook
from openpyxl.cell import Cell, WriteOnlyCell
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE
from openpyxl.worksheet._write_only import WriteOnlyWorksheet

from ferry.errors import Reason
from ferry.sheets.tables import Row

NOT_IN_A_TITLE = re.compile(r"[\\/*?:\[\]']")
# Excel allows 31; openpyxl numbers a title that stands twice.
LONGEST_TITLE = 28
LONGEST_CELL = 32_767
TEXT_FORMAT = "@"


@dataclass(frozen=True)
class RefusedLine:
    row: Row
    reasons: Sequence[Reason]


@dataclass(frozen=True)
class RefusedTable:
    """The refused lines of one sheet, under the titles of that sheet."""

    sheet: str
    titles: Sequence[str]
    lines: Iterable[RefusedLine]


def write_refused(target: BinaryIO | Path, tables: Iterable[RefusedTable]) -> None:
    """Write one sheet for each table, in the active language; once corrected, it can be read again."""
    workbook = Workbook(write_only=True)
    for table in tables:
        sheet = workbook.create_sheet(sheet_title(table.sheet))
        append_text(sheet, [*table.titles, _("Line"), _("Reason")])
        for line in table.lines:
            append_text(
                sheet,
                [*_padded(line.row.original, len(table.titles)), str(line.row.number), _told(line.reasons)],
            )
    if not workbook.worksheets:
        workbook.create_sheet(_("Nothing was refused"))
    workbook.save(target)


def sheet_title(name: str) -> str:
    return NOT_IN_A_TITLE.sub(" ", name).strip()[:LONGEST_TITLE] or _("Table")


def _padded(cells: Sequence[str], width: int) -> list[str]:
    return [*cells, *[""] * (width - len(cells))][:width]


def _told(reasons: Sequence[Reason]) -> str:
    return " ".join(str(reason.detail) for reason in reasons)


def append_text(sheet: WriteOnlyWorksheet, texts: Sequence[str]) -> None:
    sheet.append([text_cell(sheet, text) for text in texts])


def text_cell(sheet: WriteOnlyWorksheet, text: str) -> Cell:
    """Make a cell that stays text when it is opened or edited, whatever it begins with.

    The words come from somebody else's file: =, +, - and @ must not start a formula in a reader's program.
    """
    cell = WriteOnlyCell(sheet, ILLEGAL_CHARACTERS_RE.sub(" ", text)[:LONGEST_CELL])
    cell.data_type = "s"
    cell.number_format = TEXT_FORMAT
    cell.quotePrefix = True
    return cell
