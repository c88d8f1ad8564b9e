"""Draw the fallback list: A4 across, black on white, to be written on standing up."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple
from zoneinfo import ZoneInfo

from django.conf import settings

from ferry.codes import show_short_code
from ferry.paper import paper, write_line

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from fpdf import FPDF

    from clearance.models import FallbackLine, FallbackList

#: Millimetres, as all lengths here.
WIDTH, HEIGHT, MARGIN = 297, 210, 8
TOP, ROW, ROWS = 26, 11, 15
CHINA, KAZAKHSTAN = ZoneInfo(settings.CHINA_TIME_ZONE), ZoneInfo(settings.KAZAKH_TIME_ZONE)


class Column(NamedTuple):
    """A column: where it begins, how wide it is, and its heading in the border's languages."""

    left: float
    width: float
    heading: str


COLUMNS = {
    "number": Column(8, 11, "№"),
    "code": Column(19, 33, "短码 · Код"),
    "vin": Column(52, 53, "车架号 · VIN"),
    "vehicle": Column(105, 38, "车辆 · Авто · Көлік"),
    "driver": Column(143, 41, "驾驶员 · Водитель · Жүргізуші"),
    "window": Column(184, 38, "有效期 · Окно · Мерзімі"),
    "told": Column(222, 15, "提示 · !"),
    "time": Column(237, 17, "时间 · Время"),
    "verdict": Column(254, 23, "判定 · Решение"),
    "initials": Column(277, 12, "签字"),
}
#: Uyghur is written in Arabic letters, which are drawn joined.
ARABIC = re.compile("[\u0600-\u06ff\ufb50-\ufdff\ufe70-\ufefc]")
#: A word for whoever reads Chinese and one for whoever reads Russian; the mark stands for both.
TOLD = {"examine": "◆ 查验 Досмотр", "refuse": "■ 不放 Отказ"}
BOXES = "放 Пр      查 До       拒 От"


def draw_fallback_list(listed: FallbackList, lines: Sequence[FallbackLine]) -> bytes:
    """Draw a PDF of lines that come with what `lines_in_full` loads."""
    pdf = paper("landscape")
    # Thousands of short texts: joining letters is left to the few names that need it.
    pdf.set_text_shaping(False)
    pages = max((len(lines) + ROWS - 1) // ROWS, 1)
    for page in range(pages):
        pdf.add_page()
        _head(pdf, listed, page + 1, pages, len(lines))
        for place, line in enumerate(lines[page * ROWS : (page + 1) * ROWS]):
            _row(pdf, line, TOP + ROW * place)
    return bytes(pdf.output())


def _head(pdf: FPDF, listed: FallbackList, page: int, pages: int, count: int) -> None:
    place = listed.checkpoint
    title = f"应急名单 · Резервный список · {place.name_zh} {place.name_ru} · {place.code}"
    write_line(pdf, title, x=MARGIN, y=7, width=200, size=14, bold=True)
    of = f"{page} / {pages} · {count} 辆"
    write_line(pdf, of, x=WIDTH - MARGIN - 75, y=7, width=75, size=14, bold=True, align="R")
    as_of, until = (_both(moment) for moment in (listed.as_of, listed.until))
    write_line(pdf, f"生成 · Составлен {as_of}    至 · до {until}", x=MARGIN, y=14, width=230, size=9)
    write_line(
        pdf, f"{str(listed.list_id)[:8].upper()}", x=WIDTH - MARGIN - 40, y=14, width=40, size=9, align="R"
    )
    for column in COLUMNS.values():
        write_line(pdf, column.heading, x=column.left + 1, y=TOP - 5, width=column.width - 2, size=8)
    pdf.set_line_width(0.5)
    pdf.line(MARGIN, TOP, WIDTH - MARGIN, TOP)
    pdf.set_line_width(0.2)


def _row(pdf: FPDF, line: FallbackLine, top: float) -> None:
    pass_, vehicle = line.pass_listed, line.pass_listed.trip.vehicle
    _big(pdf, "number", str(line.number), top, size=12)
    _big(pdf, "code", show_short_code(pass_.short_code), top, size=14)
    vin = COLUMNS["vin"]
    write_line(pdf, pass_.vin[:-6], x=vin.left + 1, y=top + 4, width=25, size=10)
    write_line(pdf, pass_.vin[-6:], x=vin.left + 27, y=top + 1.5, width=25, size=19, bold=True)
    _two(pdf, "vehicle", vehicle.plate or "—", f"{vehicle.make} {vehicle.model}", top)
    is_joined = ARABIC.search(pass_.driver.name) is not None
    if is_joined:
        pdf.set_text_shaping(True)
    passport = " ".join(filter(None, (pass_.driver.latin_beside, f"…{pass_.driver.passport_tail}")))
    _two(pdf, "driver", pass_.driver.name, passport, top)
    if is_joined:
        pdf.set_text_shaping(False)
    _two(pdf, "window", *_window(pass_.opens_at, pass_.closes_at), top)
    if line.told:
        mark, chinese, russian = TOLD[line.told].split(" ")
        _two(pdf, "told", f"{mark} {chinese}", russian, top)
    _boxes(pdf, top)
    bottom = top + ROW
    pdf.line(MARGIN, bottom, WIDTH - MARGIN, bottom)
    for name in ("time", "verdict", "initials"):
        pdf.line(COLUMNS[name].left, top, COLUMNS[name].left, bottom)


def _big(pdf: FPDF, name: str, text: str, top: float, *, size: float) -> None:
    column = COLUMNS[name]
    write_line(pdf, text, x=column.left + 1, y=top + 2.5, width=column.width - 2, size=size, bold=True)


def _two(pdf: FPDF, name: str, upper: str, lower: str, top: float) -> None:
    column = COLUMNS[name]
    write_line(pdf, upper, x=column.left + 1, y=top + 1.2, width=column.width - 2, size=10)
    write_line(pdf, lower, x=column.left + 1, y=top + 6, width=column.width - 2, size=9)


def _boxes(pdf: FPDF, top: float) -> None:
    left = COLUMNS["verdict"].left
    for place in range(3):
        pdf.rect(left + 1 + place * 7.3, top + 1.5, 6, 6)
    write_line(pdf, BOXES, x=left + 1.4, y=top + 7.6, width=22, size=6)


def _window(opens_at: datetime, closes_at: datetime) -> tuple[str, str]:
    beijing, astana = (
        "–".join(f"{moment.astimezone(zone):%m-%d %H:%M}" for moment in (opens_at, closes_at))
        for zone in (CHINA, KAZAKHSTAN)
    )
    return f"{beijing} 北京", f"{astana} Астана"


def _both(moment: datetime) -> str:
    beijing, astana = moment.astimezone(CHINA), moment.astimezone(KAZAKHSTAN)
    return f"{beijing:%Y-%m-%d %H:%M} 北京 UTC+8 / {astana:%m-%d %H:%M} Астана UTC+5"
