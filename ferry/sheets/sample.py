"""Write a sample workbook: what a file to import looks like, in the reader's language."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any, BinaryIO

from django.utils import translation
from openpyxl import Workbook
from openpyxl.utils import get_column_letter

from ferry.sheets.fields import FIELD_LABELS, KIND_LABELS, name_columns

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ferry.sheets.words import Kind

COLUMN_WIDTH = 22


def write_sample(target: BinaryIO, *, today: date) -> None:
    """Write one sheet for each kind of table, with a line as an example."""
    workbook = Workbook(write_only=True)
    for kind, line in _lines(today).items():
        sheet = workbook.create_sheet(str(KIND_LABELS[kind]).capitalize())
        for index in range(1, len(line) + 1):
            sheet.column_dimensions[get_column_letter(index)].width = COLUMN_WIDTH
        sheet.append([_title(kind, field) for field in line])
        sheet.append(list(line.values()))
    workbook.save(target)


def _title(kind: Kind, field: str) -> str:
    """Head a column in the reader's language, or in English where that heading would not be known again."""
    title = str(FIELD_LABELS[field])
    if name_columns(kind, [title]) == {0: field}:
        return title
    with translation.override("en"):
        return str(FIELD_LABELS[field])


def _lines(today: date) -> Mapping[Kind, Mapping[str, Any]]:
    valid = date(today.year + 5, 12, 31).isoformat()
    vin = "LGXCE4CB8S0123456"
    return {
        "vehicles": {
            "vin": vin,
            "make": "BYD",
            "model": "Song Plus EV",
            "powertrain": "BEV",
            "colour": "white",
            "hs_code": "8703801090",
            "registered_on": "",
            "plate": "",
        },
        "drivers": {
            "name": "马军",
            "name_latin": "MA JUN",
            "passport_number": "E00000000",
            "passport_expires_on": valid,
            "nationality": "CN",
            "licence_class": "C1",
            "licence_expires_on": valid,
            "phone": "13800000000",
            "language": "zh",
        },
        "declarations": {
            "number": f"9402{today.year}0000000001",
            "supervision_mode": "0110",
            "status": "released",
            "vin": vin,
        },
    }
