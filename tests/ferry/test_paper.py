"""Paper that many documents of one process are drawn on."""

from __future__ import annotations

import re
from datetime import UTC, datetime

import pypdfium2
import pytest
from django.conf import settings
from fpdf import FPDF

from ferry.paper import CLOSES, FILES, OPENS, in_lines, paper, turn_to, write_line
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


LETTER = (
    "您是下述车辆的驾驶员。车辆已出境，尚无人确认收货。请书面告知您所知的情况：何时何地接车，何时交给“何人”，"
    "车况如何（含照片）。请在7天内答复天山驿汽车 Tianshan Relay Auto · +86 999 900 0202，并注明本函编号。"
)


@pytest.mark.parametrize("width", [30, 47, 60, 83, 110, 170])
def test_han_is_broken_between_letters_and_no_mark_begins_a_line(width):
    pdf = paper()
    pdf.add_page()
    pdf.set_font("sans", "", 11)
    lines = in_lines(pdf, LETTER, width).split("\n")
    assert "".join(lines).replace(" ", "") == LETTER.replace(" ", "")
    for line in lines:
        assert line[0] not in CLOSES
        assert line[-1] not in OPENS
        assert pdf.get_string_width(line) <= width + 0.5
    han = [line for line in lines[:-1] if not re.search("[A-Za-z0-9]", line)]
    assert all(pdf.get_string_width(line) > width - 4 * pdf.get_string_width("车") for line in han)


@pytest.mark.parametrize("text", ["Көлік құралы сізде ме?", "LGXCE4CB8S0123456", "ماشىنا", ""])
def test_what_holds_no_han_is_left_as_it_is(text):
    assert in_lines(paper(), text, 20) == text


def test_what_may_not_be_broken_is_not():
    pdf = paper()
    pdf.add_page()
    pdf.set_font("sans", "", 11)
    number = "+86\u00a0999\u00a0900\u00a00202"
    for width in range(60, 90):
        assert number in in_lines(
            pdf, f"请在7天内答复天山驿汽车 Tianshan · {number}，并注明本函编号。", width
        )


def test_a_line_that_was_broken_stays_broken():
    pdf = paper()
    pdf.add_page()
    pdf.set_font("sans", "", 11)
    assert in_lines(pdf, "2026-11-28 00:11 Астана\n2026-11-28 03:11 北京", 150).count("\n") == 1
