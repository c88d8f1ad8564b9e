"""Draw the sheets that stand behind the windscreen: A4, black on white, read from outside through glass."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Literal
from zoneinfo import ZoneInfo

from django.conf import settings

from ferry import codes
from ferry.paper import paper, write_line
from ferry.qr import qr_image

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import datetime

    from fpdf import FPDF

    from ferry.models import Pass

PerPage = Literal[1, 2]

#: Millimetres, as all lengths here; the code's square without its quiet zone is never under 60.
WIDTH, HEIGHT, MARGIN = 210, 297, 12
LARGE_CODE, SMALL_CODE = 122, 88
#: What the sheet is read by: everybody at the border reads one of the three.
LABELS = {
    "vehicle": "车辆 · Автомобиль · Көлік",
    "plate": "车牌 · Номер · Нөмір",
    "way": "口岸 · Маршрут · Бағыт",
    "window": "有效期 · Действует · Мерзімі",
    "trip": "编号 · Рейс · Рейс",
}


@dataclass(frozen=True)
class Sheet:
    """What stands on one sheet; `facts` are lines under one of LABELS."""

    title: str
    company: str
    code: str
    short_code: str
    vin: str
    facts: list[tuple[str, list[str]]]


def draw_sheets(passes: Iterable[Pass], *, per_page: PerPage) -> bytes:
    """Draw a PDF with a sheet for each pass; they come with what `passes_in_full` loads."""
    pdf = paper()
    for number, pass_ in enumerate(passes):
        draw = _large if per_page == 1 else partial(_half, top=HEIGHT / 2 * (number % 2))
        if number % per_page == 0:
            pdf.add_page()
        draw(pdf, sheet_of(pass_))
    return bytes(pdf.output())


def sheet_of(pass_: Pass) -> Sheet:
    trip, vehicle = pass_.trip, pass_.trip.vehicle
    facts = {
        "vehicle": [" · ".join(filter(None, (f"{vehicle.make} {vehicle.model}", vehicle.colour)))],
        "plate": [vehicle.plate] if vehicle.plate else [],
        "way": [f"{trip.route.exit.name_zh} → {trip.route.entry.name_ru}"],
        "window": list(_window(pass_.opens_at, pass_.closes_at)),
        "trip": [trip.reference],
    }
    return Sheet(
        title=trip.reference,
        company=" · ".join(filter(None, (trip.company.name, trip.company.phone))),
        code=pass_.code,
        short_code=codes.show_short_code(pass_.short_code),
        vin=pass_.vin,
        facts=[(LABELS[name], lines) for name, lines in facts.items() if lines],
    )


def _window(opens_at: datetime, closes_at: datetime) -> Iterator[str]:
    clocks = ((settings.CHINA_TIME_ZONE, "北京 UTC+8"), (settings.KAZAKH_TIME_ZONE, "Астана UTC+5"))
    for zone, name in clocks:
        opens, closes = (moment.astimezone(ZoneInfo(zone)) for moment in (opens_at, closes_at))
        yield f"{opens:%Y-%m-%d %H:%M} – {closes:%Y-%m-%d %H:%M} {name}"


def _large(pdf: FPDF, sheet: Sheet) -> None:
    """Draw a whole page."""
    width = WIDTH - 2 * MARGIN
    write_line(pdf, sheet.company, x=MARGIN, y=12, width=width, size=15, align="C")
    pdf.image(qr_image(sheet.code, level="Q"), x=(WIDTH - LARGE_CODE) / 2, y=22, w=LARGE_CODE)
    write_line(pdf, sheet.short_code, x=MARGIN, y=147, width=width, size=40, bold=True, align="C")
    write_line(pdf, sheet.vin[:-6], x=MARGIN, y=168, width=width, size=16, align="C")
    write_line(pdf, sheet.vin[-6:], x=MARGIN, y=175, width=width, size=40, bold=True, align="C")
    y = 198.0
    for label, lines in sheet.facts:
        pdf.line(MARGIN, y, WIDTH - MARGIN, y)
        write_line(pdf, label, x=MARGIN, y=y + 3, width=54, size=10)
        for line in lines:
            write_line(pdf, line, x=MARGIN + 58, y=y + 2, width=width - 58, size=15, bold=True)
            y += 8
        y += 4


def _half(pdf: FPDF, sheet: Sheet, *, top: float) -> None:
    """Draw half a page, with a line to cut along above the lower one."""
    if top:
        pdf.set_dash_pattern(dash=2, gap=2)
        pdf.line(0, top, WIDTH, top)
        pdf.set_dash_pattern()
    write_line(pdf, sheet.company, x=MARGIN, y=top + 10, width=WIDTH - 2 * MARGIN, size=13)
    pdf.image(qr_image(sheet.code, level="Q"), x=MARGIN - 4, y=top + 18, w=SMALL_CODE)
    write_line(
        pdf, sheet.short_code, x=MARGIN, y=top + 108, width=SMALL_CODE - 8, size=28, bold=True, align="C"
    )
    write_line(pdf, sheet.vin[:-6], x=MARGIN, y=top + 122, width=SMALL_CODE - 8, size=12, align="C")
    write_line(
        pdf, sheet.vin[-6:], x=MARGIN, y=top + 127, width=SMALL_CODE - 8, size=28, bold=True, align="C"
    )
    left, y = MARGIN + SMALL_CODE, top + 20
    for label, lines in sheet.facts:
        pdf.line(left, y, WIDTH - MARGIN, y)
        write_line(pdf, label, x=left, y=y + 1.5, width=WIDTH - MARGIN - left, size=9)
        for line in lines:
            write_line(pdf, line, x=left, y=y + 6.5, width=WIDTH - MARGIN - left, size=14, bold=True)
            y += 7
        y += 11
