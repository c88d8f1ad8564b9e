"""Export what is filtered, in the order shown, however much it is: row by row, in constant memory."""

from __future__ import annotations

import csv
from datetime import date, datetime
from decimal import Decimal
from itertools import islice
from tempfile import TemporaryFile
from typing import IO, TYPE_CHECKING, Any

from django.http import FileResponse, StreamingHttpResponse
from django.utils import timezone, translation
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe
from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell

from ferry.portal.access import member
from ferry.portal.lists.known import LISTINGS
from ferry.portal.lists.views import asked_of
from ferry.queries.issue import CHINA
from ferry.queries.lists import all_of
from ferry.sheets.refused import text_cell

if TYPE_CHECKING:
    from collections.abc import Iterator

    from django.http import HttpRequest
    from openpyxl.worksheet._write_only import WriteOnlyWorksheet

    from ferry.models import Membership
    from ferry.portal.lists.asked import Asked

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
#: Excel's own limit, less the heading.
SHEET_ROWS = 1_048_575
MOMENT_FORMAT, DAY_FORMAT = "yyyy-mm-dd hh:mm", "yyyy-mm-dd"
MONEY_FORMAT = "0.00"
#: A cell that begins like this would be a formula to a spreadsheet program.
FORMULA = ("=", "+", "-", "@", "\t", "\r")
BOM = "\ufeff"


@require_safe
@member()
def export(request: HttpRequest, membership: Membership, name: str, form: str) -> Any:
    """Give a list as a file; moments are Beijing's, as its heading says."""
    return file_of(asked_of(LISTINGS[name], membership, request.GET.dict()), form)


def file_of(asked: Asked, form: str) -> FileResponse | StreamingHttpResponse:
    """Write what is asked for as `xlsx` or `csv`."""
    file = f"{asked.listing.name}-{timezone.now().astimezone(CHINA):%Y%m%d-%H%M}.{form}"
    if form == "xlsx":
        return FileResponse(_workbook(asked), as_attachment=True, filename=file, content_type=XLSX)
    # Streamed after the view is left and with it the reader's language.
    lines = _in_language(translation.get_language() or "en", _csv_lines(asked))
    headers = {"Content-Disposition": f'attachment; filename="{file}"'}
    return StreamingHttpResponse(lines, content_type="text/csv; charset=utf-8", headers=headers)


def _headings(asked: Asked) -> list[str]:
    return [str(column.label) for column in asked.exported]


def _values(asked: Asked) -> Iterator[list[Any]]:
    columns = asked.exported
    for rows in all_of(asked.found, asked.order):
        for shown in asked.listing.dress(rows, asked.scene):
            yield [column.value(shown) for column in columns]


def _csv_lines(asked: Asked) -> Iterator[str]:
    writer = csv.writer(_Echo())
    yield BOM + writer.writerow([_beijing(label, asked, at) for at, label in enumerate(_headings(asked))])
    for values in _values(asked):
        yield writer.writerow([_csv_cell(value) for value in values])


def _csv_cell(value: Any) -> str:
    match value:
        case None:
            return ""
        case datetime():
            return f"{value.astimezone(CHINA):%Y-%m-%d %H:%M}"
        case str() if value.startswith(FORMULA):
            return f"'{value}"
    return str(value)


def _workbook(asked: Asked) -> IO[bytes]:
    """Write a workbook to a file that is gone when it is closed; rows beyond a sheet's go on in the next."""
    workbook, values = Workbook(write_only=True), _values(asked)
    headings = [_beijing(label, asked, at) for at, label in enumerate(_headings(asked))]
    while True:
        sheet = workbook.create_sheet(str(asked.listing.title))
        sheet.freeze_panes = "A2"
        sheet.append([text_cell(sheet, heading) for heading in headings])
        written = 0
        for row in islice(values, SHEET_ROWS):
            sheet.append([typed_cell(sheet, value) for value in row])
            written += 1
        if written < SHEET_ROWS:
            break
    file = TemporaryFile()  # noqa: SIM115  (the answer closes it)
    workbook.save(file)
    file.seek(0)
    return file


def typed_cell(sheet: WriteOnlyWorksheet, value: Any) -> Any:
    """Type a cell: a moment, a day, an amount, a number, or text that never becomes a formula."""
    match value:
        case datetime():
            return _formatted(sheet, value.astimezone(CHINA).replace(tzinfo=None), MOMENT_FORMAT)
        case date():
            return _formatted(sheet, value, DAY_FORMAT)
        case Decimal():
            return _formatted(sheet, value, MONEY_FORMAT)
        case None | int():
            return value
    return text_cell(sheet, str(value))


def _formatted(sheet: WriteOnlyWorksheet, value: Any, number_format: str) -> Any:
    cell = WriteOnlyCell(sheet, value)
    cell.number_format = number_format
    return cell


def _beijing(label: str, asked: Asked, at: int) -> str:
    column = asked.exported[at]
    return f"{label} ({_('Beijing time')})" if column.is_moment else label


def _in_language(language: str, lines: Iterator[str]) -> Iterator[str]:
    while True:
        with translation.override(language):
            line = next(lines, None)
        if line is None:
            return
        yield line


class _Echo:
    """Give each line back to whoever writes it."""

    def write(self, line: str) -> str:
        return line
