"""Films of codes for Chromium's fake camera, drawn when they are needed."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

from ferry.qr import qr_image

HD, VGA = (1280, 720), (640, 480)
FRAMES_A_SECOND = 5
#: A windscreen behind the glass, not a clean white page.
BACKGROUND = 150
#: The darkest and the lightest that film knows.
BLACK, WHITE = 16, 235


def code(text: str, side: int) -> Image.Image:
    """Draw a code as a picture of so many pixels a side, its quiet zone within."""
    drawn = qr_image(text, level="M", scale=8).convert("L")
    return drawn.resize((side, side), Image.Resampling.BILINEAR)


def scene(*codes: Image.Image, size: tuple[int, int] = HD) -> Image.Image:
    """Put codes side by side into a camera's picture."""
    picture = Image.new("L", size, BACKGROUND)
    for place, each in enumerate(codes):
        middle = size[0] * (2 * place + 1) // (2 * len(codes))
        mask = each if each.mode == "LA" else None
        picture.paste(
            each.convert("L"), (middle - each.width // 2, (size[1] - each.height) // 2), _mask(mask)
        )
    return picture


def _mask(picture: Image.Image | None) -> Image.Image | None:
    return picture.getchannel("A") if picture else None


def tilted(drawn: Image.Image, degrees: float = 24) -> Image.Image:
    """Turn a code and lean it back, as a sheet behind a raked windscreen lies."""
    side = drawn.width
    leant = _opaque(drawn).transform(
        drawn.size,
        Image.Transform.PERSPECTIVE,
        _perspective(
            [(side * 0.1, side * 0.12), (side * 0.92, 0), (side, side), (0, side * 0.94)],
            [(0, 0), (side, 0), (side, side), (0, side)],
        ),
        Image.Resampling.BICUBIC,
    )
    return leant.rotate(degrees, Image.Resampling.BICUBIC, expand=True)


def torn(drawn: Image.Image) -> Image.Image:
    """Tear a corner off, and with it one of the three marks that a code is found by."""
    side = drawn.width
    left = _opaque(drawn)
    ImageDraw.Draw(left).polygon([(0, 0), (side * 0.7, 0), (0, side * 0.7)], fill=(BACKGROUND, 0))
    return left


def blurred(drawn: Image.Image) -> Image.Image:
    return drawn.filter(ImageFilter.GaussianBlur(drawn.width / 50))


def _opaque(drawn: Image.Image) -> Image.Image:
    return Image.merge("LA", (drawn, Image.new("L", drawn.size, 255)))


def _perspective(onto: Sequence[tuple[float, float]], of: Sequence[tuple[float, float]]) -> list[float]:
    """Solve the eight numbers by which Pillow draws the corners `of` at `onto`."""
    rows = []
    for (x, y), (u, v) in zip(onto, of, strict=True):
        rows += [[x, y, 1, 0, 0, 0, -u * x, -u * y], [0, 0, 0, x, y, 1, -v * x, -v * y]]
    right = np.array(of, dtype=float).reshape(8)
    return list(np.linalg.solve(np.array(rows, dtype=float), right))


def film(path: Path, *parts: tuple[Image.Image, float], rate: int = FRAMES_A_SECOND) -> Path:
    """Write a film of pictures, each with the seconds it stands for; the camera plays it over and over."""
    width, height = parts[0][0].size
    grey = b"\x80" * (width * height // 2)
    with path.open("wb") as file:
        file.write(f"YUV4MPEG2 W{width} H{height} F{rate}:1 Ip A1:1 C420jpeg\n".encode())
        for picture, seconds in parts:
            pixels = picture.point(lambda level: BLACK + level * (WHITE - BLACK) // 255).tobytes()
            file.write((b"FRAME\n" + pixels + grey) * round(seconds * rate))
    return path
