"""Draw a text as a QR code, black on white whatever the page's colours are."""

from __future__ import annotations

from html import escape
from io import BytesIO
from itertools import groupby
from typing import TYPE_CHECKING, Literal

from qrcode.constants import ERROR_CORRECT_M, ERROR_CORRECT_Q
from qrcode.image.pil import PilImage
from qrcode.main import QRCode

if TYPE_CHECKING:
    from PIL.Image import Image

#: M for screens; Q for paper, which gets wet, folded and dusty.
Level = Literal["M", "Q"]

QUIET_ZONE = 4
_CORRECTION = {"M": ERROR_CORRECT_M, "Q": ERROR_CORRECT_Q}


def qr_svg(text: str, *, level: Level, label: str) -> str:
    """Draw an SVG element without size or style of its own: the page's style sheet sizes it.

    `label` says to a screen reader what the picture is.
    """
    rows = symbol(text, level=level).get_matrix()
    size = len(rows)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {size} {size}" shape-rendering="crispEdges"'
        f' role="img" aria-label="{escape(label)}">'
        f'<rect width="{size}" height="{size}" fill="#fff"/>'
        f'<path fill="#000" d="{_path(rows)}"/></svg>'
    )


def qr_png(text: str, *, level: Level, scale: int = 8) -> bytes:
    """Draw a PNG; `scale` is the pixels to a module."""
    png = BytesIO()
    qr_image(text, level=level, scale=scale).save(png, "PNG")
    return png.getvalue()


def qr_image(text: str, *, level: Level, scale: int = 1) -> Image:
    """Draw a picture in memory; `scale` is the pixels to a module."""
    return symbol(text, level=level, scale=scale).make_image().get_image()


def symbol(text: str, *, level: Level, scale: int = 1) -> QRCode[PilImage]:
    """Lay out the smallest symbol that holds the text in one segment; `scale` is for pictures in pixels."""
    code = QRCode(
        error_correction=_CORRECTION[level], box_size=scale, border=QUIET_ZONE, image_factory=PilImage
    )
    code.add_data(text, optimize=0)
    code.make()
    return code


def _path(rows: list[list[bool]]) -> str:
    return "".join(f"M{x} {y}h{width}v1h-{width}z" for y, row in enumerate(rows) for x, width in _runs(row))


def _runs(row: list[bool]) -> list[tuple[int, int]]:
    runs = []
    x = 0
    for dark, modules in groupby(row):
        width = len(list(modules))
        if dark:
            runs.append((x, width))
        x += width
    return runs
