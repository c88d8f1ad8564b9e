"""Make of a file that somebody sent one that is safe to keep and to show, or say why not.

What it is says its content, never its name. A picture is decoded and drawn anew as JPEG: what else was in the
file (a place and a time, a script, a second file) is not in the new one. A PDF is kept as it is, signatures
and stamps with it, if it holds nothing that acts by itself.
"""

from __future__ import annotations

import io
import struct
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pillow_heif
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _
from PIL import Image, ImageOps
from pypdf import PdfReader
from pypdf.errors import PyPdfError
from pypdf.generic import ArrayObject, DictionaryObject, IndirectObject

from ferry.errors import Invalid, Reason
from ferry.rules.letters import plain_text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from django_stubs_ext import StrOrPromise

pillow_heif.register_heif_opener()

MOST_BYTES = 20 * 1024**2
#: More than the cameras of phones deliver; a small file can claim many more.
MOST_PIXELS = 64_000_000
#: The longest side kept: small print on a page is still read.
LONGEST_SIDE = 3000
THUMBNAIL = (240, 240)
LONGEST_NAME = 120
#: More than any scan or print has; a file made to keep us busy can have millions.
MOST_OBJECTS = 100_000

JPEG, PDF = "image/jpeg", "application/pdf"
ENDINGS = {JPEG: ".jpg", PDF: ".pdf"}
HEIC_BRANDS = {b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1"}
#: What makes a PDF act by itself, or carry another file.
ACTS = {"/JavaScript", "/JS", "/Launch", "/EmbeddedFile", "/EmbeddedFiles", "/EF", "/RichMedia", "/XFA"}


#: The part of EXIF that says where, and in it latitude and longitude, each after the letter of its half.
GPS, GPS_LATITUDE, GPS_LONGITUDE = 0x8825, 2, 4
#: Anybody may write anything there.
UNREADABLE_PLACE = (
    OSError,
    ValueError,
    TypeError,
    KeyError,
    IndexError,
    AttributeError,
    ArithmeticError,
    SyntaxError,
    RuntimeError,
    EOFError,
    MemoryError,
    struct.error,
    Image.DecompressionBombError,
    Image.DecompressionBombWarning,
)


@dataclass(frozen=True)
class Cleaned:
    """What to keep; a PDF has no thumbnail."""

    content: bytes
    content_type: str
    thumbnail: bytes = b""


def clean(content: bytes) -> Cleaned:
    """Check and clean a file's content, or raise Invalid with a sentence that says what to do."""
    if not content:
        raise _refusal("file_empty", _("The file is empty. Choose it again."))
    if len(content) > MOST_BYTES:
        raise too_large()
    form = _form(content)
    if form == "PDF":
        _check_pdf(content)
        return Cleaned(content, PDF)
    if form is None:
        raise _refusal("file_type", NOT_OURS)
    return _redrawn(content, form)


def place_in(content: bytes) -> tuple[Decimal, Decimal] | None:
    """Read where a picture was taken, as latitude and longitude; None where it does not say so plausibly."""
    form = _form(content)
    if form in {None, "PDF"}:
        return None
    try:
        with Image.open(io.BytesIO(content), formats=[str(form)]) as opened:
            said = opened.getexif().get_ifd(GPS)
        latitude = _degrees(said[GPS_LATITUDE], said[GPS_LATITUDE - 1], "S")
        longitude = _degrees(said[GPS_LONGITUDE], said[GPS_LONGITUDE - 1], "W")
        # What is no number at all cannot be compared either.
        is_on_earth = abs(latitude) <= 90 and abs(longitude) <= 180
    except UNREADABLE_PLACE:
        return None
    return (latitude, longitude) if is_on_earth else None


def _degrees(parts: Any, half: Any, negative: str) -> Decimal:
    degrees, minutes, seconds = (float(part) for part in parts)
    value = degrees + minutes / 60 + seconds / 3600
    return round(Decimal(-value if str(half).strip("\x00 ").upper() == negative else value), 6)


def too_large() -> Invalid:
    detail = format_lazy(
        _("A file may have up to {megabytes} MB. Take the photo smaller, or save the PDF in lower quality."),
        megabytes=MOST_BYTES // 1024**2,
    )
    return _refusal("file_too_large", detail)


def plain_name(name: str, content_type: str) -> str:
    """Make a name to show and to download by: no folders, nothing unseen, the ending of what it is."""
    last = plain_text(name.replace("\\", "/").rpartition("/")[2]).lstrip(".")
    last = "".join(char for char in last if char not in '<>:"|?*/\\')
    stem, dot, ending = last.rpartition(".")
    stem = stem if dot and len(ending) <= 5 else last
    kept = ENDINGS[content_type]
    return (stem.strip()[: LONGEST_NAME - len(kept)] or "document") + kept


def _form(content: bytes) -> str | None:
    if content.startswith(b"\xff\xd8\xff"):
        return "JPEG"
    if content.startswith(b"\x89PNG\r\n\x1a\n"):
        return "PNG"
    if content[:4] == b"RIFF" and content[8:12] == b"WEBP":
        return "WEBP"
    if content[4:8] == b"ftyp" and content[8:12] in HEIC_BRANDS:
        return "HEIF"
    return "PDF" if content.startswith(b"%PDF-") else None


def _redrawn(content: bytes, form: str) -> Cleaned:
    try:
        with Image.open(io.BytesIO(content), formats=[form]) as opened:
            if opened.width * opened.height > MOST_PIXELS:
                raise _refusal("picture_too_large", TOO_MANY_PIXELS)
            # JPEG can be decoded at a part of its size, which spares most of the memory.
            opened.draft("RGB", (LONGEST_SIDE, LONGEST_SIDE))
            picture = _flat(opened)
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise _refusal("picture_too_large", TOO_MANY_PIXELS) from None
    except (OSError, ValueError, SyntaxError, RuntimeError, EOFError, MemoryError):
        raise _refusal("picture_broken", BROKEN_PICTURE) from None
    picture.thumbnail((LONGEST_SIDE, LONGEST_SIDE))
    small = picture.copy()
    small.thumbnail(THUMBNAIL)
    return Cleaned(_jpeg(picture, 85), JPEG, _jpeg(small, 70))


def _flat(opened: Image.Image) -> Image.Image:
    """Draw the first picture upright on white, on a canvas that carries nothing over."""
    upright = ImageOps.exif_transpose(opened)
    shown = upright.convert("RGBA")
    canvas = Image.new("RGB", shown.size, "white")
    canvas.paste(shown, mask=shown.getchannel("A"))
    return canvas


def _jpeg(picture: Image.Image, quality: int) -> bytes:
    file = io.BytesIO()
    picture.save(file, "JPEG", quality=quality, optimize=True)
    return file.getvalue()


def _check_pdf(content: bytes) -> None:
    try:
        acts = _pdf_acts(content)
    except (PyPdfError, OSError, ValueError, TypeError, KeyError, AttributeError, IndexError):
        raise _refusal("pdf_broken", BROKEN_PDF) from None
    except (RecursionError, MemoryError, NotImplementedError, AssertionError):
        raise _refusal("pdf_broken", BROKEN_PDF) from None
    if acts:
        raise _refusal("pdf_acts", ACTING_PDF)


def _pdf_acts(content: bytes) -> bool:
    # What follows the end is another file's: a ZIP, a page of HTML.
    if content.rstrip(b"\r\n\t \x00")[-5:] != b"%%EOF":
        raise _refusal("pdf_broken", BROKEN_PDF)
    reader = PdfReader(io.BytesIO(content), strict=False)
    if reader.is_encrypted:
        raise _refusal("pdf_locked", LOCKED_PDF)
    if not len(reader.pages):
        raise _refusal("pdf_broken", BROKEN_PDF)
    return any(_acts(each) for each in _objects(reader))


def _acts(each: Any) -> bool:
    if not isinstance(each, DictionaryObject):
        return False
    said = (each.raw_get(key) for key in ("/S", "/Type", "/Subtype") if key in each)
    return not ACTS.isdisjoint(each.keys()) or any(str(word) in ACTS for word in said)


def _objects(reader: PdfReader) -> Iterator[Any]:
    """Walk everything that can be reached from the trailer, each once."""
    waiting: list[Any] = [reader.trailer]
    seen: set[tuple[int, int]] = set()
    for _number in range(MOST_OBJECTS * 20):
        if not waiting:
            return
        each = waiting.pop()
        if isinstance(each, IndirectObject):
            if (each.idnum, each.generation) in seen:
                continue
            seen.add((each.idnum, each.generation))
            if len(seen) > MOST_OBJECTS:
                break
            each = each.get_object()
        yield each
        if isinstance(each, DictionaryObject):
            waiting += [each.raw_get(key) for key in each]
        elif isinstance(each, ArrayObject):
            waiting += list.__iter__(each)
    raise _refusal("pdf_broken", BROKEN_PDF)


def _refusal(code: str, detail: StrOrPromise) -> Invalid:
    return Invalid(Reason(code, detail, "files"))


NOT_OURS = _(
    "Only photos (JPEG, PNG, WebP, HEIC) and PDF can be kept. Take a photo of it, or save it as PDF."
)
TOO_MANY_PIXELS = _("The picture has too many pixels. Take the photo with a lower resolution.")
BROKEN_PICTURE = _("The picture cannot be read. Take the photo again, or save it as JPEG.")
BROKEN_PDF = _("The PDF cannot be read. Print it to a new PDF and choose that.")
LOCKED_PDF = _("The PDF is locked with a password. Save it without one and choose that.")
ACTING_PDF = _("The PDF holds a program or another file. Print it to a new PDF and choose that.")
