"""Draw a letter of enquiry about a case, in the language of whom it asks."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.utils import translation
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from ferry.paper import both_clocks, in_lines, paper, write_line
from ferry.rules.cases import ANSWER_DAYS, COMPANY, CONSIGNEE, happened

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from django_stubs_ext import StrOrPromise
    from fpdf import FPDF

    from ferry.models import Case

#: Millimetres, as all lengths here.
WIDTH, MARGIN, LABEL = 210, 20, 50
#: A phone number stays on one line.
WITHIN_A_NUMBER = re.compile(r"(?<=\d) (?=\d)")


@dataclass(frozen=True)
class Letter:
    """Who asks whom, under which number and when; `language` is the reader's."""

    number: str
    sender: StrOrPromise
    to: str
    name: str
    language: str
    written_at: datetime


def draw_enquiry(case: Case, letter: Letter) -> bytes:
    """Draw a PDF of one page; `case` comes with its trip, vehicle and declaration."""
    with translation.override(letter.language):
        pdf = paper()
        pdf.set_title(letter.number)
        pdf.set_auto_page_break(True, margin=MARGIN)
        pdf.add_page()
        _head(pdf, letter)
        _write(pdf, _asked(case, letter))
        for label, text in _facts(case):
            _fact(pdf, label, text)
        pdf.ln(4)
        _write(pdf, _answer(letter))
        _sign(pdf)
        return bytes(pdf.output())


def _head(pdf: FPDF, letter: Letter) -> None:
    write_line(pdf, str(letter.sender), x=MARGIN, y=18, width=WIDTH - 2 * MARGIN, size=11)
    title = pgettext("paper", "Letter of enquiry")
    write_line(pdf, title, x=MARGIN, y=30, width=WIDTH - 2 * MARGIN, size=22, bold=True)
    pdf.set_xy(MARGIN, 44)
    _fact(pdf, _("Number"), letter.number)
    _fact(pdf, _("Date"), "\n".join(both_clocks(letter.written_at)))
    _fact(pdf, pgettext("letter", "To"), letter.name)
    pdf.ln(4)


def _asked(case: Case, letter: Letter) -> str:
    if letter.to == CONSIGNEE:
        return _(
            "You are named as the consignee of the vehicle below. %(happened)s Please tell us in writing "
            "whether you have the vehicle, since when, from whom and in what condition; add what shows it."
        ) % {"happened": happened(case.kind)}
    if letter.to == COMPANY:
        return _(
            "About the matter below our records do not agree. %(happened)s Please explain it in writing and "
            "add what proves it."
        ) % {"happened": happened(case.kind)}
    return _(
        "You drove the vehicle below. %(happened)s Please tell us in writing what you know of it: when and "
        "where you took the vehicle over, and when and to whom you gave it."
    ) % {"happened": happened(case.kind)}


def _answer(letter: Letter) -> str:
    return _(
        "Please answer within %(days)d days to %(sender)s and name the number of this letter. A matter that "
        "stays without an answer is escalated."
    ) % {"days": ANSWER_DAYS, "sender": WITHIN_A_NUMBER.sub("\u00a0", str(letter.sender))}


def _facts(case: Case) -> Iterator[tuple[str, str]]:
    yield _("Matter"), f"{case.get_kind_display()} · {case.pk}"
    trip = case.trip
    declaration = trip.declaration if trip else case.declaration
    if trip is not None:
        vehicle = trip.vehicle
        yield _("Vehicle"), " · ".join(filter(None, (f"{vehicle.make} {vehicle.model}", vehicle.colour)))
        yield _("VIN"), vehicle.vin
        yield _("Trip"), trip.reference
        yield _("Route"), str(trip.route)
        if trip.exited_at:
            yield _("Left China"), "\n".join(both_clocks(trip.exited_at))
        yield _("Consignee"), trip.consignee_name
        yield _("Place of delivery"), trip.delivery_place
    if declaration is not None:
        yield _("Declaration"), declaration.number


def _fact(pdf: FPDF, label: str, text: str) -> None:
    top = pdf.get_y()
    write_line(pdf, label, x=MARGIN, y=top + 0.6, width=LABEL - 4, size=10)
    pdf.set_font("sans", "B", 11)
    pdf.set_xy(MARGIN + LABEL, top)
    text = in_lines(pdf, text, WIDTH - 2 * MARGIN - LABEL)
    pdf.multi_cell(WIDTH - 2 * MARGIN - LABEL, 6, text, align="L", new_x="LMARGIN", new_y="NEXT")
    pdf.ln(1)


def _sign(pdf: FPDF) -> None:
    """Leave room for a hand and a stamp above a line."""
    if pdf.will_page_break(24):
        pdf.add_page()
    pdf.ln(16)
    top = pdf.get_y()
    write_line(pdf, _("Signature and seal"), x=MARGIN, y=top, width=LABEL - 4, size=10)
    pdf.line(MARGIN + LABEL, top + 5, WIDTH - MARGIN, top + 5)


def _write(pdf: FPDF, text: str) -> None:
    pdf.set_font("sans", "", 11)
    pdf.set_x(MARGIN)
    text = in_lines(pdf, text, WIDTH - 2 * MARGIN)
    pdf.multi_cell(WIDTH - 2 * MARGIN, 6.4, text, align="L", new_x="LMARGIN", new_y="NEXT")
    pdf.ln(4)
