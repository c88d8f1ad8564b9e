"""Read a PDF as people and scanners do."""

from __future__ import annotations

from dataclasses import dataclass

import pypdfium2
import zxingcpp


@dataclass(frozen=True)
class Page:
    """What a page says, and the codes that a camera reads off it; `square_mm` is the side of the largest."""

    text: str
    codes: list[str]
    square_mm: float


def pages(pdf: bytes, dpi: int = 150) -> list[Page]:
    with pypdfium2.PdfDocument(pdf) as document:
        return [_page(page, dpi) for page in document]


def _page(page: pypdfium2.PdfPage, dpi: int) -> Page:
    picture = page.render(scale=dpi / 72).to_pil().convert("L")
    found = zxingcpp.read_barcodes(picture, formats=zxingcpp.BarcodeFormat.QRCode)
    sides = [one.position.top_right.x - one.position.top_left.x for one in found]
    text = page.get_textpage().get_text_range()
    return Page(text, [one.text for one in found], max(sides, default=0) / dpi * 25.4)
