"""What is kept of a file that somebody sent, and what is refused."""

from __future__ import annotations

import io
import struct
import zipfile
from decimal import Decimal
from typing import Any

import pytest
from PIL import Image
from pypdf import PdfWriter
from pypdf.generic import (
    ArrayObject,
    DecodedStreamObject,
    DictionaryObject,
    NameObject,
    NumberObject,
    TextStringObject,
)

from ferry.errors import Invalid
from ferry.uploaded import LONGEST_NAME, MOST_BYTES, clean, place_in, plain_name
from tests.builders import a_picture, a_picture_of_a_place


def a_pdf(*, password: str = "", **changes: Any) -> bytes:
    writer = PdfWriter()
    writer.add_blank_page(200, 200)
    for change in changes.values():
        change(writer)
    if password:
        writer.encrypt(password)
    file = io.BytesIO()
    writer.write(file)
    return file.getvalue()


def refused(content: bytes) -> str:
    with pytest.raises(Invalid) as caught:
        clean(content)
    (reason,) = caught.value.reasons
    assert str(reason.detail).endswith(".")
    return reason.code


@pytest.mark.parametrize("form", ["JPEG", "PNG", "WEBP", "HEIF"])
def test_every_kind_of_picture_becomes_jpeg(form):
    kept = clean(a_picture(form, size=(640, 320)))
    assert kept.content_type == "image/jpeg"
    with Image.open(io.BytesIO(kept.content)) as picture, Image.open(io.BytesIO(kept.thumbnail)) as small:
        assert (picture.format, picture.size) == ("JPEG", (640, 320))
        assert (small.format, small.size) == ("JPEG", (240, 120))


def test_a_picture_loses_where_and_when_it_was_taken_but_stands_upright():
    exif = Image.Exif()
    exif[0x0112] = 6
    exif[0x8825] = {1: "N", 2: (44.0, 12.0, 0.0)}
    content = a_picture(size=(40, 30), exif=exif, comment=b"<script>alert(1)</script>")
    assert b"<script>" in content
    kept = clean(content)
    with Image.open(io.BytesIO(kept.content)) as picture:
        assert picture.size == (30, 40)
        assert not picture.getexif()
    assert b"<script>" not in kept.content


def test_what_is_see_through_stands_on_white():
    file = io.BytesIO()
    Image.new("RGBA", (20, 20), (0, 0, 0, 0)).save(file, "PNG")
    with Image.open(io.BytesIO(clean(file.getvalue()).content)) as picture:
        assert picture.getpixel((10, 10)) == (255, 255, 255)


@pytest.mark.parametrize("mode", ["1", "L", "P", "LA", "I;16", "CMYK"])
def test_pictures_of_unusual_colours_are_kept(mode):
    file = io.BytesIO()
    Image.new(mode, (20, 20)).save(file, "JPEG" if mode == "CMYK" else "PNG")
    assert clean(file.getvalue()).content_type == "image/jpeg"


def test_a_second_file_behind_a_picture_is_not_kept():
    for form in ("JPEG", "PNG"):
        kept = clean(a_picture(form) + b"<html><script>alert(1)</script></html>")
        assert b"script" not in kept.content


def test_a_pdf_is_kept_as_it_is():
    content = a_pdf()
    assert clean(content).content == content
    assert clean(content).content_type == "application/pdf"


def test_a_huge_picture_becomes_one_of_readable_size():
    with Image.open(io.BytesIO(clean(a_picture("PNG", size=(4000, 1000))).content)) as picture:
        assert picture.size == (3000, 750)


@pytest.mark.parametrize(
    "content",
    [
        b"GIF89a/*\x01\x00*/=1;alert(1)",
        b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>',
        b"<!doctype html><script>alert(1)</script>",
        b"MZ\x90\x00",
        b"  %PDF-1.7",
    ],
    ids=["gif-and-script", "svg", "html", "program", "pdf-behind-spaces"],
)
def test_other_kinds_are_refused_whatever_their_name(content):
    assert refused(content) == "file_type"


def test_a_renamed_zip_is_refused():
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as packed:
        packed.writestr("passport.jpg", a_picture())
    assert refused(file.getvalue()) == "file_type"


@pytest.mark.parametrize(
    "head", [b"\xff\xd8\xff\xe0", b"\x89PNG\r\n\x1a\n", b"RIFF\x00\x00\x00\x00WEBP", b"\0\0\0\x18ftypheic"]
)
def test_what_only_begins_like_a_picture_is_refused(head):
    assert refused(head + b"<html><script>alert(1)</script></html>" * 10) == "picture_broken"


def test_a_cut_picture_is_refused():
    assert refused(a_picture(size=(400, 400))[:-200]) == "picture_broken"


@pytest.mark.parametrize("size", [(9000, 9000), (14000, 14000)])
def test_a_small_file_with_too_many_pixels_is_refused_unread(size):
    file = io.BytesIO()
    Image.new("1", size).save(file, "PNG")
    assert len(file.getvalue()) < MOST_BYTES
    assert refused(file.getvalue()) == "picture_too_large"


def test_what_is_empty_or_too_large_is_refused():
    assert refused(b"") == "file_empty"
    assert refused(b"\xff\xd8\xff" + bytes(MOST_BYTES)) == "file_too_large"


def with_script(writer: PdfWriter) -> None:
    names = DictionaryObject({NameObject("/Names"): ArrayObject()})
    writer.root_object[NameObject("/Names")] = DictionaryObject({NameObject("/JavaScript"): names})


def with_file(writer: PdfWriter) -> None:
    writer.add_attachment("a.exe", b"MZ")


def with_launch(writer: PdfWriter) -> None:
    action = DictionaryObject(
        {NameObject("/S"): NameObject("/Launch"), NameObject("/F"): TextStringObject("cmd.exe")}
    )
    writer.root_object[NameObject("/OpenAction")] = action


def with_script_on_a_link(writer: PdfWriter) -> None:
    action = DictionaryObject(
        {NameObject("/S"): NameObject("/JavaScript"), NameObject("/JS"): TextStringObject("app.alert(1)")}
    )
    link = DictionaryObject(
        {
            NameObject("/Type"): NameObject("/Annot"),
            NameObject("/Subtype"): NameObject("/Link"),
            NameObject("/Rect"): ArrayObject([NumberObject(0)] * 4),
            NameObject("/A"): writer._add_object(action),
        }
    )
    writer.pages[0][NameObject("/Annots")] = ArrayObject([writer._add_object(link)])


def with_form_program(writer: PdfWriter) -> None:
    stream = DecodedStreamObject()
    stream.set_data(b"<xdp/>")
    form = DictionaryObject({NameObject("/XFA"): writer._add_object(stream)})
    writer.root_object[NameObject("/AcroForm")] = form


@pytest.mark.parametrize(
    "change", [with_script, with_file, with_launch, with_script_on_a_link, with_form_program]
)
def test_a_pdf_that_acts_or_carries_files_is_refused(change):
    assert refused(a_pdf(change=change)) == "pdf_acts"


def test_a_locked_pdf_is_refused():
    assert refused(a_pdf(password="camel")) == "pdf_locked"


@pytest.mark.parametrize(
    "content",
    [
        b"%PDF-1.7",
        b"%PDF-1.7\n%%EOF",
        b"%PDF-1.4\nnonsense\nxref\n0 99999999\n%%EOF",
        b"%PDF-" + b"[" * 100_000 + b"%%EOF",
    ],
    ids=["head", "head-and-end", "nonsense", "deep"],
)
def test_what_only_begins_like_a_pdf_is_refused(content):
    assert refused(content) == "pdf_broken"


def test_a_second_file_behind_a_pdf_is_refused():
    file = io.BytesIO(a_pdf())
    file.seek(0, io.SEEK_END)
    with zipfile.ZipFile(file, "a") as packed:
        packed.writestr("a.html", "<script>alert(1)</script>")
    assert refused(file.getvalue()) == "pdf_broken"


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        ("../../etc/passwd", "passwd.jpg"),
        ("C:\\Users\\zhang\\护照.PNG", "护照.jpg"),
        ("photo\u202egpj.exe", "photogpj.jpg"),
        ("a\x00b.jpg", "ab.jpg"),
        (".htaccess", "htaccess.jpg"),
        ("", "document.jpg"),
        ("..", "document.jpg"),
        ('a"b\r\nX: y.jpg', "ab X y.jpg"),
    ],
)
def test_a_name_has_no_folders_and_nothing_unseen(said, kept):
    assert plain_name(said, "image/jpeg") == kept


def test_a_long_name_keeps_its_ending():
    name = plain_name("长" * 500 + ".pdf", "application/pdf")
    assert len(name) == LONGEST_NAME
    assert name.endswith("长.pdf")


def test_where_a_picture_was_taken_is_read():
    assert place_in(a_picture_of_a_place()) == (Decimal("44.21"), Decimal("80.4"))


@pytest.mark.parametrize(
    "gps",
    [
        {},
        {2: (44.0, 12.0, 36.0)},
        {1: "N", 2: (44.0, 12.0), 3: "E", 4: (80.0, 24.0, 0.0)},
        {1: "N", 2: (99.0, 0.0, 0.0), 3: "E", 4: (80.0, 24.0, 0.0)},
    ],
)
def test_a_place_that_cannot_be_is_none(gps):
    exif = Image.Exif()
    exif[0x8825] = gps
    assert place_in(a_picture(exif=exif)) is None


def test_a_place_that_is_no_number_is_none():
    exif = Image.Exif()
    exif[0x8825] = {1: "N", 2: (44.0, 0.0, 0.0), 3: "E", 4: (80.0, 0.0, 0.0)}
    said = exif.tobytes()
    nothing = said.replace(struct.pack("<LL", 44, 1), struct.pack("<LL", 0, 0))
    assert nothing != said
    assert place_in(a_picture(exif=nothing)) is None


def test_the_south_and_the_west_are_negative():
    exif = Image.Exif()
    exif[0x8825] = {1: "S", 2: (44.0, 0.0, 0.0), 3: "W", 4: (80.5, 0.0, 0.0)}
    assert place_in(a_picture(exif=exif)) == (Decimal(-44), Decimal("-80.5"))


@pytest.mark.parametrize("content", [b"", b"%PDF-1.7", b"\xff\xd8\xff junk"])
def test_what_is_no_picture_has_no_place(content):
    assert place_in(content) is None
