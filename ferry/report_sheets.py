"""Write a report as a workbook: one sheet for each table, with numbers that a spreadsheet can reckon with."""

from __future__ import annotations

from io import BytesIO
from typing import TYPE_CHECKING, Any

from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell

from ferry.rules.reports import told_share
from ferry.sheets.refused import append_text, sheet_title, text_cell

if TYPE_CHECKING:
    from collections.abc import Sequence

    from openpyxl.worksheet._write_only import WriteOnlyWorksheet

    from ferry.report_tables import CellKind, Table

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
#: Excel counts in days; more than 24 hours stay hours.
FORMATS: dict[CellKind, str] = {
    "minutes": "[h]:mm",
    "share": "0.0%",
    "day": "yyyy-mm-dd",
    "change": "+0;-0;0",
}
FIRST_WIDTH, WIDTH = 36, 18


def workbook_of(tables: Sequence[Table], *, about: Sequence[str]) -> bytes:
    """Write the tables; `about` are lines above each, saying whose report it is and of when."""
    workbook = Workbook(write_only=True)
    for table in tables:
        sheet = workbook.create_sheet(sheet_title(table.title))
        sheet.column_dimensions["A"].width = FIRST_WIDTH
        for place in range(1, len(table.columns)):
            sheet.column_dimensions["ABCDEFGHIJKLMNOPQRSTUVWXYZ"[place]].width = WIDTH
        for line in (*about, *([table.note] if table.note else [])):
            append_text(sheet, [line])
        sheet.append([])
        append_text(sheet, [column.label for column in table.columns])
        for row in table.rows:
            sheet.append(
                [_cell(sheet, value, column.kind) for value, column in zip(row, table.columns, strict=True)]
            )
    file = BytesIO()
    workbook.save(file)
    return file.getvalue()


def _cell(sheet: WriteOnlyWorksheet, value: Any, kind: CellKind) -> Any:
    if value is None:
        return None
    if kind == "text":
        return text_cell(sheet, str(value))
    cell = WriteOnlyCell(sheet, _counted(value, kind))
    cell.number_format = FORMATS.get(kind, "General")
    return cell


def _counted(value: Any, kind: CellKind) -> Any:
    match kind:
        case "minutes":
            return value / 1440
        case "share":
            return told_share(value)
    return value
