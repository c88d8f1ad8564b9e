"""Write a statement of pay as a workbook."""

from __future__ import annotations

from decimal import Decimal
from io import BytesIO
from typing import IO, TYPE_CHECKING, Any

from django.utils.translation import gettext as _
from openpyxl import Workbook

from ferry.portal.lists.exports import typed_cell
from ferry.sheets.refused import sheet_title

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from ferry.models import PayEntry, PayStatement


#: Of the columns, in characters.
WIDTHS = (18, 24, 14, 22, 26, 40, 12, 10)


def statement_workbook(statement: PayStatement, entries: Iterable[PayEntry]) -> IO[bytes]:
    """Write a line for each entry of a month, and their sum."""
    workbook = Workbook(write_only=True)
    sheet = workbook.create_sheet(sheet_title(f"{statement.driver.name} {statement.month}"))
    sheet.freeze_panes = "A2"
    for column, width in zip("ABCDEFGH", WIDTHS, strict=True):
        sheet.column_dimensions[column].width = width
    for row in _rows(statement, entries):
        sheet.append([typed_cell(sheet, value) for value in row])
    file = BytesIO()
    workbook.save(file)
    file.seek(0)
    return file


def _rows(statement: PayStatement, entries: Iterable[PayEntry]) -> Iterator[list[Any]]:
    yield [
        f"{_('Day')} ({_('Beijing time')})",
        _("What"),
        _("Trip"),
        _("VIN"),
        _("Route"),
        _("Reason"),
        _("Amount"),
        _("Currency"),
    ]
    total = 0
    for one in entries:
        trip = one.trip
        about = [trip.reference, trip.vehicle.vin, str(trip.route)] if trip else ["", "", ""]
        amount = Decimal(one.amount_fen) / 100
        yield [one.earned_at, one.get_kind_display(), *about, one.reason, amount, statement.currency]
        total += one.amount_fen
    yield [None, _("Total"), None, None, None, None, Decimal(total) / 100, statement.currency]
