"""Draw the paper of what a consignee said of a delivery: that he has the vehicle, or does not take it.

It speaks the language that is spoken where it is drawn, from right to left where that is written so.
"""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Literal

from django.template.loader import get_template
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from ferry import codes
from ferry.models import Receipt, Side
from ferry.paper import both_clocks, in_lines, is_written_from_right, paper, turn_to, write_line
from ferry.rules.outline import SIZES, shape_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from fpdf import FPDF

    from ferry.models import ConditionCheck, DamageMark, DeliveryRefusal, Pass

#: Millimetres, as all lengths here.
WIDTH, HEIGHT, MARGIN = 210, 297, 16
LABEL, GAP = 52, 4
DRAWING, MARK = 54, 2.4


def draw_receipt(*, pass_: Pass, answer: Receipt | DeliveryRefusal, check: ConditionCheck | None) -> bytes:
    """Draw a PDF of one page, or of as many as a long note needs."""
    pdf = paper()
    pdf.set_title(pass_.trip.reference)
    # Drawn again, it is the same to the byte.
    pdf.set_creation_date(answer.confirmed_at if isinstance(answer, Receipt) else answer.refused_at)
    pdf.set_auto_page_break(True, margin=MARGIN)
    pdf.add_page()
    sheet = _Sheet(pdf, is_mirrored=is_written_from_right())
    sheet.head(pass_, answer)
    for label, text in _facts(pass_, answer, check):
        sheet.fact(label, text)
    marks = list(check.marks.all()) if check else []
    if marks:
        sheet.outline(shape_of(pass_.trip.vehicle), marks)
    sheet.y += 3
    sheet.line(_foot(answer), size=9)
    return bytes(pdf.output())


def _facts(
    pass_: Pass, answer: Receipt | DeliveryRefusal, check: ConditionCheck | None
) -> Iterator[tuple[str, str]]:
    trip, vehicle = pass_.trip, pass_.trip.vehicle
    yield _("Vehicle"), " · ".join(filter(None, (f"{vehicle.make} {vehicle.model}", vehicle.colour)))
    yield _("VIN"), pass_.vin
    if vehicle.plate:
        yield _("Plate"), vehicle.plate
    yield _("Company"), trip.company.name
    yield _("Place of delivery"), trip.delivery_place
    if isinstance(answer, Receipt):
        yield _("Received by"), answer.receiver
        yield _("Condition"), str(answer.get_condition_display())
        yield _("Confirmed"), "\n".join(both_clocks(answer.confirmed_at))
        odometer_km = answer.odometer_km
    else:
        yield _("Refused by"), answer.refused_by
        yield _("Why"), str(answer.get_reason_display())
        yield _("Refused"), "\n".join(both_clocks(answer.refused_at))
        odometer_km = None
    if odometer_km is not None:
        yield _("Odometer, km"), str(odometer_km)
    if check is not None:
        yield from _looked(check)
    if answer.note:
        yield _("Note"), answer.note
    yield _("Trip"), trip.reference
    yield _("Short code"), codes.show_short_code(pass_.short_code)


def _looked(check: ConditionCheck) -> Iterator[tuple[str, str]]:
    if check.level_percent is not None:
        yield _("Charge or fuel"), f"{check.level_percent} %"
    if check.keys is not None:
        yield _("Number of keys"), str(check.keys)
    marks = list(check.marks.all())
    if marks:
        yield _("Damage"), "\n".join(f"{mark}" for mark in sorted(marks, key=lambda mark: mark.number))
    photos = len(check.photos.all())
    if photos:
        yield _("Photos kept"), str(photos)


def _foot(answer: Receipt | DeliveryRefusal) -> str:
    if isinstance(answer, Receipt):
        return _("Confirmed by the consignee with his PIN. The company has been told.")
    return _("Refused by the consignee with his PIN. The company has been told.")


class _Sheet:
    """A page that is filled from its top; `y` is where the next thing goes."""

    def __init__(self, pdf: FPDF, *, is_mirrored: bool) -> None:
        self.pdf = pdf
        self.is_mirrored = is_mirrored
        self.start: Literal["L", "R"] = "R" if is_mirrored else "L"
        self.y = float(MARGIN)

    def head(self, pass_: Pass, answer: Receipt | DeliveryRefusal) -> None:
        is_receipt = isinstance(answer, Receipt)
        title = pgettext("paper", "Receipt of a vehicle") if is_receipt else _("Refused delivery")
        self.line(title, size=24, bold=True)
        self.line(f"{pass_.trip.company.name} → {pass_.trip.consignee_name}", size=11)
        self.y += 3

    def fact(self, label: str, text: str) -> None:
        """Write a label with its text beside it, over as many lines as it needs."""
        pdf, width = self.pdf, WIDTH - 2 * MARGIN
        if self.y > HEIGHT - 2 * MARGIN:
            self._turn()
        pdf.line(MARGIN, self.y, WIDTH - MARGIN, self.y)
        top = self.y + 1.6
        turn_to(self.pdf, label)
        write_line(pdf, label, x=self._left(0, LABEL), y=top + 0.8, width=LABEL, size=10, align=self.start)
        turn_to(self.pdf, text)
        pdf.set_font("sans", "B", 12)
        pdf.set_xy(self._left(LABEL + GAP, width - LABEL - GAP), top)
        page = pdf.page
        text = in_lines(pdf, text, width - LABEL - GAP)
        pdf.multi_cell(width - LABEL - GAP, 6, text, align=self.start, new_x="LEFT", new_y="NEXT")
        self.y = pdf.get_y() + 1.6 if pdf.page == page or pdf.get_y() > MARGIN else float(MARGIN)

    def outline(self, shape: str, marks: Iterable[DamageMark]) -> None:
        """Draw the sides on which something is marked, three to a row."""
        by_side = {side: [mark for mark in marks if mark.side == side] for side in Side}
        drawn = [(side, found) for side, found in by_side.items() if found]
        height = DRAWING * 100 / 240 + 9
        for place, (side, found) in enumerate(drawn):
            if place % 3 == 0:
                self.y += height if place else 4
                if self.y + height > HEIGHT - MARGIN:
                    self._turn()
            self._side(shape, side, found, MARGIN + place % 3 * (DRAWING + 8))
        self.y += height + 2

    def line(self, text: str, *, size: float, bold: bool = False) -> None:
        if self.y + size / 2 > HEIGHT - MARGIN:
            self._turn()
        turn_to(self.pdf, text)
        write_line(
            self.pdf,
            text,
            x=MARGIN,
            y=self.y,
            width=WIDTH - 2 * MARGIN,
            size=size,
            bold=bold,
            align=self.start,
        )
        self.y += size * 0.55

    def _side(self, shape: str, side: Side, marks: Iterable[DamageMark], left: float) -> None:
        pdf = self.pdf
        turn_to(self.pdf, str(side.label))
        write_line(pdf, str(side.label), x=left, y=self.y, width=DRAWING, size=9, align=self.start)
        units = SIZES[side]
        scale = DRAWING / 240
        width, height, top = units[0] * scale, units[1] * scale, self.y + 5
        pdf.image(io.BytesIO(_svg(shape, side).encode()), x=left, y=top, w=width, h=height)
        for mark in marks:
            x, y = left + mark.x * width / 1000, top + mark.y * height / 1000
            pdf.set_fill_color(255, 255, 255)
            pdf.ellipse(x - MARK, y - MARK, 2 * MARK, 2 * MARK, style="DF")
            write_line(
                pdf, str(mark.number), x=x - MARK, y=y - 1.7, width=2 * MARK, size=8, bold=True, align="C"
            )

    def _left(self, start: float, width: float) -> float:
        """Find where something begins that is `start` from the side on which one begins to read."""
        return WIDTH - MARGIN - start - width if self.is_mirrored else MARGIN + start

    def _turn(self) -> None:
        self.pdf.add_page()
        self.y = float(MARGIN)


def _svg(shape: str, side: Side) -> str:
    """Give a side's drawing as a picture of its own; the right side is the left one mirrored."""
    width, height = SIZES[side]
    drawn = Side.LEFT if side == Side.RIGHT else side
    lines = get_template(f"outline/{shape}/{drawn}.svg").render()
    if side == Side.RIGHT:
        lines = f'<g transform="translate({width} 0) scale(-1 1)">{lines}</g>'
    box = f'viewBox="0 0 {width} {height}" width="{width}" height="{height}"'
    pen = 'fill="none" stroke="#444" stroke-width="1.5"'
    return f'<svg xmlns="http://www.w3.org/2000/svg" {box} {pen}>{lines}</svg>'
