"""Write a table as a workbook, row after row, whose words stay words."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import BinaryIO

from openpyxl import Workbook

from ferry.sheets.refused import append_text, sheet_title


def write_table(target: BinaryIO, title: str, titles: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    workbook = Workbook(write_only=True)
    sheet = workbook.create_sheet(sheet_title(title))
    sheet.freeze_panes = "A2"
    append_text(sheet, titles)
    for row in rows:
        append_text(sheet, row)
    workbook.save(target)
