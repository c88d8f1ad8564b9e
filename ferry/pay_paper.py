"""Draw a driver's statement of pay on paper, in the language that is spoken where it is drawn."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal
from zoneinfo import ZoneInfo

from django.conf import settings
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from ferry.models import StatementState
from ferry.paper import is_written_from_right, paper, turn_to, write_line
from ferry.rules.pay import money

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fpdf import FPDF

    from ferry.models import PayEntry, PayStatement

Side = Literal["L", "R"]
#: Millimetres, as all lengths here.
WIDTH, HEIGHT, MARGIN, ROW = 210, 297, 16, 6.4
#: Where the columns of a line begin, and how wide they are: day, what, about, amount.
AMOUNT = (148, 30)
COLUMNS = ((0, 24), (26, 44), (72, 74), AMOUNT)


def draw_statement(statement: PayStatement, entries: Sequence[PayEntry]) -> bytes:
    """Draw a PDF of as many pages as its entries need; entries come as `entries_of` gives them."""
    pdf = paper()
    pdf.set_title(f"{statement.driver.name} {statement.month}")
    sheet = _Sheet(pdf)
    sheet.line(pgettext("paper", "Statement of pay"), size=22, bold=True)
    sheet.line(f"{statement.driver.name} · {statement.month}", size=14, bold=True)
    sheet.line(statement.company.name, size=11)
    sheet.line(_state(statement), size=11)
    sheet.space()
    sheet.row([_("Day"), _("What"), _("Trip"), _("Amount")], bold=True)
    for one in entries:
        sheet.row(_columns(one, statement.currency))
    total = money(sum(one.amount_fen for one in entries), statement.currency)
    sheet.row(["", _("Total"), "", total], bold=True)
    sheet.space()
    sheet.line(_("Days are Beijing's. A trip counts from the consignee's receipt."), size=9)
    return bytes(pdf.output())


def _columns(entry: PayEntry, currency: str) -> list[str]:
    day = entry.earned_at.astimezone(ZoneInfo(settings.CHINA_TIME_ZONE))
    about = [f"{entry.trip.reference} …{entry.trip.vehicle.vin[-6:]}"] if entry.trip else []
    about += [entry.reason] if entry.reason else []
    return [f"{day:%Y-%m-%d}", entry.get_kind_display(), " · ".join(about), money(entry.amount_fen, currency)]


def _state(statement: PayStatement) -> str:
    if statement.state == StatementState.DRAFT:
        return _("Draft: the month's pay so far.")
    if statement.paid_on is None:
        return str(statement.get_state_display())
    said = [str(statement.get_state_display()), statement.paid_on.isoformat(), statement.paid_reference]
    return " · ".join(filter(None, said))


class _Sheet:
    """Pages that are filled from the top, from the side on which one begins to read."""

    def __init__(self, pdf: FPDF) -> None:
        self.pdf = pdf
        self.is_mirrored = is_written_from_right()
        self.start: Side = "R" if self.is_mirrored else "L"
        self.end: Side = "L" if self.is_mirrored else "R"
        self._turn()

    def line(self, text: str, *, size: float, bold: bool = False) -> None:
        self._make_room(size / 2)
        self._write(text, 0, WIDTH - 2 * MARGIN, size=size, bold=bold, align=self.start)
        self.y += size * 0.55

    def space(self) -> None:
        self.y += 4

    def row(self, texts: Sequence[str], *, bold: bool = False) -> None:
        self._make_room(ROW)
        for (start, width), text in zip(COLUMNS, texts, strict=True):
            if text:
                align = self.end if (start, width) == AMOUNT else self.start
                self._write(text, start, width, size=10, bold=bold, align=align)
        self.y += ROW
        self.pdf.line(MARGIN, self.y - 1, WIDTH - MARGIN, self.y - 1)

    def _write(self, text: str, start: float, width: float, *, size: float, bold: bool, align: Side) -> None:
        turn_to(self.pdf, text)
        left = WIDTH - MARGIN - start - width if self.is_mirrored else MARGIN + start
        write_line(self.pdf, text, x=left, y=self.y, width=width, size=size, bold=bold, align=align)

    def _make_room(self, height: float) -> None:
        if self.y + height > HEIGHT - MARGIN:
            self._turn()

    def _turn(self) -> None:
        self.pdf.add_page()
        self.y = float(MARGIN)
