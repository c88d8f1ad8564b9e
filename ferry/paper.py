"""Give paper to draw on: A4 documents that write every script of the border.

Fonts are parsed once in a process. What a document drew HarfBuzz cuts out for it: fpdf2 spoils the font that
it takes its glyphs from, and reads all of 30,000 for a name of three.
"""

from __future__ import annotations

import copy
import io
import re
from functools import cache
from typing import TYPE_CHECKING, Any, Literal
from zoneinfo import ZoneInfo

import uharfbuzz
from django.conf import settings
from django.utils.translation import get_language, get_language_info
from fontTools.ttLib import TTFont
from fpdf import FPDF
from fpdf.fonts import HarfBuzzFont, SubsetMap

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from fpdf.fonts import TTFFont

FILES = {
    ("sans", ""): "NotoSans_400Regular.ttf",
    ("sans", "B"): "NotoSans_700Bold.ttf",
    ("han", ""): "NotoSansSC_400Regular.ttf",
    ("arabic", ""): "NotoSansArabic_400Regular.ttf",
}
#: Tables for laying text out; on paper it is laid out already.
LAYOUT = [int.from_bytes(tag) for tag in (b"GSUB", b"GPOS", b"GDEF")]
ARABIC = re.compile("[\u0600-\u06ff\ufb50-\ufdff\ufe70-\ufefc]")

HAN = "\u2e80-\u2fff\u3040-\u9fff\uf900-\ufaff"
HAN_LETTER = re.compile(f"[{HAN}]")
#: What may not end a line, and what may not begin one, stays with its letter or word.
OPENS, CLOSES = "（《「『【“‘", "，。、；：！？）》」』】”’…—·"
ATOM = re.compile(f"\n| +|[{OPENS}]*(?:[{HAN}][{CLOSES}]*|[^ \n{HAN}{OPENS}]+)|.")


class Paper(FPDF):
    """A document that shares its fonts with all others of the process."""

    def __init__(self, orientation: Literal["portrait", "landscape"]) -> None:
        super().__init__(format="A4", orientation=orientation)
        self.own = {key: _own(font) for key, font in _parsed().items()}
        self.fonts.update(self.own)

    def output(self, *args: Any, **said: Any) -> Any:
        for font in self.own.values():
            font.ttfont = _cut(font)
        return super().output(*args, **said)


def paper(orientation: Literal["portrait", "landscape"] = "portrait") -> FPDF:
    """Give an empty document; its `output` is asked once."""
    pdf = Paper(orientation)
    pdf.set_auto_page_break(False)
    pdf.set_title("Ferryman")
    pdf.set_fallback_fonts(["han", "arabic"], exact_match=False)
    pdf.set_text_shaping(True)
    return pdf


@cache
def _parsed() -> dict[str, Any]:
    pdf = FPDF()
    for (family, style), file in FILES.items():
        pdf.add_font(family, style, settings.FONTS_DIR / file)
    return pdf.fonts


def _own(parsed: TTFFont) -> TTFFont:
    """Share what was parsed, and keep apart what a document draws."""
    font = copy.copy(parsed)
    # HarfBuzz notes the size of the text in its font; the face is what takes long to make and may be shared.
    font._hbfont = HarfBuzzFont(parsed.hbfont.face)
    font.subset = SubsetMap(font)
    font.missing_glyphs = []
    return font


def _cut(font: TTFFont) -> TTFont:
    """Cut the glyphs that were drawn out of a font; they keep their names, by which fpdf2 finds them."""
    wanted = uharfbuzz.SubsetInput()
    wanted.glyph_set.update(font.ttfont.getGlyphID(name) for name in font.subset.get_all_glyph_names())
    wanted.drop_table_tag_set.update(LAYOUT)
    wanted.flags = uharfbuzz.SubsetFlags.NOTDEF_OUTLINE
    plan = uharfbuzz.SubsetPlan(font.hbfont.face, wanted)
    small = TTFont(io.BytesIO(plan.execute().blob.data), recalcTimestamp=False)
    kept = sorted(plan.new_to_old_glyph_mapping.items())
    small.setGlyphOrder([font.ttfont.getGlyphName(old) for _new, old in kept])
    return small


def write_line(
    pdf: FPDF,
    text: str,
    *,
    x: float,
    y: float,
    width: float,
    size: float,
    bold: bool = False,
    align: Literal["L", "C", "R"] = "L",
) -> None:
    """Write one line as large as fits, `size` points at most."""
    style: Literal["B", ""] = "B" if bold else ""
    # Twice, for after letters of a fallback font fpdf2 believes that its own is still chosen.
    pdf.set_font("sans", style, size + 1)
    pdf.set_font("sans", style, size)
    pdf.c_margin = 0
    wide = pdf.get_string_width(text)
    if wide > width:
        pdf.set_font_size(size * width / wide)
    pdf.set_xy(x, y)
    pdf.cell(width, pdf.font_size * 1.3, text, align=align)


def in_lines(pdf: FPDF, text: str, width: float) -> str:
    """Break a text that holds Han for a width in the chosen font, as such text is broken.

    fpdf2 breaks it at its few spaces alone, and where there is none before any letter or mark.
    """
    if not HAN_LETTER.search(text) or all(pdf.get_string_width(line) <= width for line in text.split("\n")):
        return text
    lines, used = [""], 0.0
    for atom in ATOM.findall(text):
        wide = pdf.get_string_width(atom)
        if atom == "\n" or used + wide > width:
            lines.append("")
            used = 0.0
            if atom.isspace():
                continue
        lines[-1] += atom
        used += wide
    return "\n".join(line.rstrip(" ") for line in lines)


def turn_to(pdf: FPDF, text: str) -> None:
    """Lay the next text out from the side its letters are read from; numbers and times keep theirs."""
    pdf.set_text_shaping(True, direction="rtl" if ARABIC.search(text) else "ltr")


def is_written_from_right() -> bool:
    return bool(get_language_info(get_language() or settings.LANGUAGE_CODE)["bidi"])


def both_clocks(moment: datetime) -> Iterator[str]:
    for zone, name in ((settings.KAZAKH_TIME_ZONE, "Астана UTC+5"), (settings.CHINA_TIME_ZONE, "北京 UTC+8")):
        yield f"{moment.astimezone(ZoneInfo(zone)):%Y-%m-%d %H:%M} {name}"
