"""Paper that many documents of one process are drawn on."""

from __future__ import annotations

from datetime import UTC, datetime

import pypdfium2
import pytest
from django.conf import settings
from fpdf import FPDF

from ferry.paper import FILES, paper, turn_to, write_line
from tests.pdf import pages

pytestmark = pytest.mark.once

NAMES = ("王小明 霍尔果斯", "Қанатұлы Серік", "Иванов Ёж", "مەمەتجان ئابلىكىم", "LGXCE4CB8S0123456")


def drawn(pdf: FPDF, *names: str) -> FPDF:
    pdf.set_creation_date(datetime(2026, 5, 1, tzinfo=UTC))
    pdf.add_page()
    for row, name in enumerate(names):
        turn_to(pdf, name)
        write_line(pdf, name, x=20, y=20 + 12 * row, width=170, size=14, bold=row % 2 == 1)
    return pdf


def a_paper_of_its_own() -> FPDF:
    """A document that parsed its fonts itself, as fpdf2 does."""
    pdf = FPDF(format="A4")
    for (family, style), file in FILES.items():
        pdf.add_font(family, style, settings.FONTS_DIR / file)
    pdf.set_fallback_fonts(["han", "arabic"], exact_match=False)
    pdf.set_text_shaping(True)
    return pdf


def picture(pdf: bytes) -> bytes:
    with pypdfium2.PdfDocument(pdf) as document:
        return document[0].render(scale=2).to_pil().tobytes()


def test_it_looks_and_reads_like_one_that_parsed_its_fonts_itself():
    shared, alone = (bytes(drawn(one, *NAMES).output()) for one in (paper(), a_paper_of_its_own()))
    assert picture(shared) == picture(alone)
    assert pages(shared)[0].text == pages(alone)[0].text
    assert all(name in pages(shared)[0].text for name in NAMES if not name.startswith("م"))


def test_two_that_are_drawn_at_once_hold_what_each_drew():
    first, second = drawn(paper(), *NAMES[:2]), drawn(paper(), *NAMES[2:])
    assert bytes(first.output()) == bytes(drawn(paper(), *NAMES[:2]).output())
    assert bytes(second.output()) == bytes(drawn(paper(), *NAMES[2:]).output())


def test_a_second_one_parses_nothing(monkeypatch):
    paper()
    monkeypatch.setattr("fpdf.fonts.TTFFont.__init__", None)
    assert bytes(drawn(paper(), *NAMES).output()).startswith(b"%PDF")


def test_it_carries_no_more_than_the_letters_that_were_drawn():
    assert len(drawn(paper(), *NAMES).output()) < 40_000
