"""The QR picture."""

from __future__ import annotations

import re
import uuid
from datetime import UTC, datetime
from io import BytesIO
from xml.etree import ElementTree

import pytest
from PIL import Image

from ferry import codes
from ferry.qr import Level, qr_png, qr_svg

pytestmark = pytest.mark.once

SVG = "{http://www.w3.org/2000/svg}"
QUIET = 4
#: The two bits by which a symbol names its level of error correction (ISO/IEC 18004, 7.9).
LEVEL_BITS = {"M": 0b00, "Q": 0b11}


def a_code(site_url: str = "https://ferryman.example") -> str:
    kid, private = codes.new_key()
    claims = codes.PassClaims(
        issuer="ferryman.example",
        pass_id=uuid.uuid4(),
        trip="T26-00012345",
        vin="LATPAB071W1005301",
        passport_tail="4567",
        exit="CN-JIMUNAI",
        entry="KZ-MAIKAPCHAGAY",
        not_before=datetime(2026, 3, 1, tzinfo=UTC),
        expires=datetime(2026, 3, 2, tzinfo=UTC),
    )
    return codes.seal(claims, kid=kid, private=private, site_url=site_url)


def svg_of(text: str, level: Level = "M", label: str = "Pass") -> ElementTree.Element:
    return ElementTree.fromstring(qr_svg(text, level=level, label=label))  # noqa: S314


def modules_of(svg: ElementTree.Element) -> list[list[bool]]:
    """Paint the path: rows of dark and light, with the quiet zone."""
    size = int(svg.attrib["viewBox"].split()[-1])
    rows = [[False] * size for _ in range(size)]
    path = svg.findall(f"{SVG}path")[0].attrib["d"]
    runs = re.findall(r"M(\d+) (\d+)h(\d+)v1h-(\d+)z", path)
    assert "".join(f"M{x} {y}h{width}v1h-{back}z" for x, y, width, back in runs) == path
    for x, y, width, back in runs:
        assert width == back
        for place in range(int(x), int(x) + int(width)):
            rows[int(y)][place] = True
    return rows


def version_of(rows: list[list[bool]]) -> int:
    return (len(rows) - 2 * QUIET - 17) // 4


def level_of(rows: list[list[bool]]) -> int:
    first, second = (rows[QUIET + 8][QUIET + place] for place in (0, 1))
    return (first << 1 | second) ^ 0b10


@pytest.mark.parametrize(("level", "version"), [("M", 11), ("Q", 13)])
def test_a_code_fits_the_version_that_phones_and_cameras_read(level: Level, version: int) -> None:
    rows = modules_of(svg_of(a_code(), level))
    assert version_of(rows) <= version
    assert level_of(rows) == LEVEL_BITS[level]


def test_the_longest_code_that_may_be_sealed_is_version_11() -> None:
    assert version_of(modules_of(svg_of("A" * codes.LONGEST_SEALED))) == 11
    assert version_of(modules_of(svg_of("A" * (codes.LONGEST_SEALED + 1)))) == 12


def test_upper_case_text_takes_the_small_alphanumeric_mode() -> None:
    code = a_code()
    assert version_of(modules_of(svg_of(code))) < version_of(modules_of(svg_of(code.lower())))


def test_it_keeps_a_quiet_zone_and_three_finders() -> None:
    rows = modules_of(svg_of(a_code()))
    inner = slice(QUIET, -QUIET)
    assert not any(any(row) for row in [*rows[:QUIET], *rows[-QUIET:]])
    assert not any(any(row[:QUIET]) or any(row[-QUIET:]) for row in rows)
    top, bottom = rows[inner][0][inner], rows[inner][-1][inner]
    assert all(top[:7])
    assert all(top[-7:])
    assert all(bottom[:7])


def test_the_svg_is_one_path_on_white_and_needs_no_style() -> None:
    svg = svg_of(a_code())
    assert svg.attrib["role"] == "img"
    assert svg.attrib["shape-rendering"] == "crispEdges"
    ground, path = list(svg)
    assert (ground.tag, ground.attrib["fill"]) == (f"{SVG}rect", "#fff")
    assert f"0 0 {ground.attrib['width']} {ground.attrib['height']}" == svg.attrib["viewBox"]
    assert (path.tag, path.attrib["fill"]) == (f"{SVG}path", "#000")
    assert "style" not in qr_svg(a_code(), level="M", label="Pass")


def test_a_label_is_told_to_screen_readers_and_cannot_break_out() -> None:
    label = """Код «7K3P» "><script>alert('1')</script>&"""
    drawn = qr_svg("A", level="M", label=label)
    assert "<script" not in drawn
    assert svg_of("A", label=label).attrib["aria-label"] == label


def test_the_text_itself_is_not_in_the_svg() -> None:
    assert "<b>" not in qr_svg("<b>", level="M", label="Pass")


@pytest.mark.parametrize("level", ["M", "Q"])
@pytest.mark.parametrize("scale", [1, 8])
def test_the_png_shows_the_same_symbol(level: Level, scale: int) -> None:
    code = a_code()
    rows = modules_of(svg_of(code, level))
    picture = Image.open(BytesIO(qr_png(code, level=level, scale=scale))).convert("1")
    assert picture.size == (len(rows) * scale, len(rows) * scale)
    middle = scale // 2
    assert rows == [
        [not picture.getpixel((x * scale + middle, y * scale + middle)) for x in range(len(rows))]
        for y in range(len(rows))
    ]
