"""Judge what a file is before anything is parsed: its kind, its size unpacked, and what hides in it."""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING, BinaryIO
from zipfile import ZipFile, ZipInfo

from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from ferry.errors import Invalid, Reason

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise


@dataclass(frozen=True)
class Limits:
    """How much of a file is read before it is refused.

    `ratio` is unpacked to packed size, and counts only above `small_bytes`.
    """

    file_bytes: int = 32 * 1024**2
    unpacked_bytes: int = 256 * 1024**2
    small_bytes: int = 8 * 1024**2
    ratio: int = 100
    parts: int = 2_000
    rows: int = 200_000
    columns: int = 100
    heading_rows: int = 20
    line_chars: int = 256 * 1024


LIMITS = Limits()
CHUNK = 256 * 1024

OLD_OFFICE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
ENCRYPTED = "EncryptedPackage".encode("utf-16-le")
ZIP = b"PK"
MARKUP = re.compile(rb"(?:\xef\xbb\xbf)?\s*<")
FOREIGN = (b"%PDF", b"\x89PNG", b"\xff\xd8\xff", b"GIF8", b"{\\rtf", b"Rar!", b"7z\xbc\xaf", b"\x1f\x8b")

# Office writes its parts in UTF-8 and without a document type; entities need one.
DOCTYPE = re.compile(rb"<!DOCTYPE", re.IGNORECASE)
ROW = re.compile(rb"<(?:\w+:)?row[\s/>]")
FORMULA = re.compile(rb"<(?:\w+:)?f[\s/>]")
LONGEST_TAG_START = 64

CONTROLS = re.compile(r"[\x00-\x08\x0e-\x1f]")


@dataclass(frozen=True)
class Workbook:
    """A workbook fit to be parsed; `has_formulas` may be true without cause, never false."""

    has_formulas: bool
    rows: int


@dataclass(frozen=True)
class Text:
    encoding: str
    rows: int


def count_rows(file: BinaryIO, *, limits: Limits = LIMITS) -> int:
    """Count a file's rows, near enough to say how far it is read; refuses what cannot be read at all."""
    return judge_file(file, limits=limits).rows


def judge_file(file: BinaryIO, *, limits: Limits) -> Workbook | Text:
    """Say what a file is, or refuse it; leaves the file at its start."""
    size = file.seek(0, 2)
    if size == 0:
        raise Invalid(EMPTY)
    if size > limits.file_bytes:
        raise too_large(limits)
    head = _head(file)
    if head.startswith(OLD_OFFICE):
        raise Invalid(PROTECTED if _holds(file, ENCRYPTED) else OLD_WORKBOOK)
    if head.startswith(FOREIGN):
        raise Invalid(NOT_A_SPREADSHEET)
    if MARKUP.match(head):
        raise Invalid(OLD_WORKBOOK)
    judged = judge_workbook(file, size, limits) if head.startswith(ZIP) else judge_text(file, head, limits)
    file.seek(0)
    return judged


def _head(file: BinaryIO) -> bytes:
    file.seek(0)
    head = file.read(512)
    file.seek(0)
    return head


def _holds(file: BinaryIO, mark: bytes) -> bool:
    tail = b""
    while chunk := file.read(CHUNK):
        if mark in tail + chunk:
            return True
        tail = chunk[-len(mark) :]
    return False


# --- Workbooks ---------------------------------------------------------------------------------


def judge_workbook(file: BinaryIO, size: int, limits: Limits) -> Workbook:
    try:
        with ZipFile(file) as archive:
            _judge_contents(archive, size, limits)
            return _judge_parts(archive, limits)
    except Invalid:
        raise
    # A broken archive breaks zipfile and zlib in a dozen ways, without a common family of errors.
    except Exception as error:
        raise Invalid(DAMAGED) from error


def _judge_contents(archive: ZipFile, size: int, limits: Limits) -> None:
    """Refuse by the table of contents alone."""
    parts = archive.infolist()
    names = {part.filename.lower() for part in parts}
    unpacked = sum(part.file_size for part in parts)
    if len(parts) > limits.parts or unpacked > limits.unpacked_bytes:
        raise Invalid(BOMB)
    if unpacked > limits.small_bytes and unpacked > size * limits.ratio:
        raise Invalid(BOMB)
    if any(part.flag_bits & 1 for part in parts):
        raise Invalid(PROTECTED)
    if "xl/workbook.bin" in names or "content.xml" in names:
        raise Invalid(OLD_WORKBOOK)
    if "[content_types].xml" not in names:
        raise Invalid(NOT_A_SPREADSHEET)
    if any(name.endswith("vbaproject.bin") for name in names):
        raise Invalid(MACROS)


def _judge_parts(archive: ZipFile, limits: Limits) -> Workbook:
    """Unpack every part once, keeping nothing, and refuse by what is really in it."""
    unpacked = all_rows = 0
    has_formulas = False
    for part in archive.infolist():
        is_markup = part.filename.lower().endswith((".xml", ".rels"))
        rows = 0
        for markup in _unpack(archive, part):
            unpacked += len(markup)
            if unpacked > limits.unpacked_bytes:
                raise Invalid(BOMB)
            if not is_markup:
                continue
            if b"\0" in markup or DOCTYPE.search(markup):
                raise Invalid(DAMAGED)
            rows += len(ROW.findall(markup))
            has_formulas = has_formulas or FORMULA.search(markup) is not None
            if rows > limits.rows + limits.heading_rows:
                raise too_many_rows(limits)
        all_rows += rows
    types = archive.read("[Content_Types].xml")
    if b"macroEnabled" in types:
        raise Invalid(MACROS)
    if b"spreadsheetml" not in types:
        raise Invalid(NOT_A_SPREADSHEET)
    return Workbook(has_formulas, all_rows)


def _unpack(archive: ZipFile, part: ZipInfo) -> Iterator[bytes]:
    """Yield a part in pieces that never cut the start of a tag in two."""
    with archive.open(part) as stream:
        yield from _whole_tags(stream)


def _whole_tags(stream: IO[bytes]) -> Iterator[bytes]:
    tail = b""
    while chunk := stream.read(CHUNK):
        text = tail + chunk
        cut = text.rfind(b"<", max(0, len(text) - LONGEST_TAG_START))
        cut = len(text) if cut < 0 else cut
        tail = text[cut:]
        yield text[:cut]
    yield tail


# --- Text --------------------------------------------------------------------------------------


def judge_text(file: BinaryIO, head: bytes, limits: Limits) -> Text:
    """Find the encoding by its mark, else take UTF-8 or GB18030 if the whole file is sound in it."""
    for encoding in _candidates(head):
        try:
            return Text(encoding, _judge_lines(file, encoding, limits))
        except UnicodeError:
            continue
    raise Invalid(ENCODING)


def _candidates(head: bytes) -> tuple[str, ...]:
    if head.startswith(codecs.BOM_UTF8):
        return ("utf-8-sig",)
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return ("utf-16",)
    return ("utf-8", "gb18030")


def _judge_lines(file: BinaryIO, encoding: str, limits: Limits) -> int:
    lines = 0
    open_line = 0
    blank = True
    for text in _decode(file, encoding):
        if CONTROLS.search(text):
            raise Invalid(NOT_A_SPREADSHEET)
        blank = blank and not text.strip()
        ended = max(text.count("\n"), text.count("\r"))
        lines += ended
        open_line = len(text) - max(text.rfind("\n"), text.rfind("\r")) if ended else open_line + len(text)
        if open_line > limits.line_chars:
            raise Invalid(BROKEN_TEXT)
        if lines > limits.rows + limits.heading_rows:
            raise too_many_rows(limits)
    if blank:
        raise Invalid(EMPTY)
    return lines


def _decode(file: BinaryIO, encoding: str) -> Iterator[str]:
    decoder = codecs.getincrementaldecoder(encoding)()
    file.seek(0)
    while chunk := file.read(CHUNK):
        yield decoder.decode(chunk)
    yield decoder.decode(b"", final=True)


# --- Reasons -----------------------------------------------------------------------------------


def _reason(code: str, detail: StrOrPromise) -> Reason:
    return Reason(code, detail, "file")


def too_large(limits: Limits) -> Invalid:
    detail = format_lazy(
        _("The file is larger than {size} MB. Split it into several files."),
        size=limits.file_bytes // 1024**2,
    )
    return Invalid(_reason("file_too_large", detail))


def too_many_rows(limits: Limits) -> Invalid:
    detail = format_lazy(
        _("A sheet has more than {rows} rows. Delete empty rows below the table, or split the file."),
        rows=limits.rows,
    )
    return Invalid(_reason("too_many_rows", detail))


def too_many_columns(limits: Limits) -> Invalid:
    detail = format_lazy(
        _("A sheet has more than {columns} columns. Delete the columns that are not needed."),
        columns=limits.columns,
    )
    return Invalid(_reason("too_many_columns", detail))


EMPTY = _reason("file_empty", _("The file is empty. Choose the file that holds the table."))
NOT_A_SPREADSHEET = _reason(
    "not_a_spreadsheet", _("This is not a spreadsheet. Send an .xlsx workbook or a .csv file.")
)
OLD_WORKBOOK = _reason(
    "old_workbook", _("This form of workbook cannot be read. Open it, save it as .xlsx, and send that.")
)
PROTECTED = _reason(
    "workbook_protected",
    _("The workbook is locked with a password. Save it without a password and send that."),
)
MACROS = _reason(
    "workbook_macros", _("The workbook holds macros. Save it as .xlsx, without macros, and send that.")
)
BOMB = _reason(
    "workbook_too_large",
    _("The workbook unpacks to far too much. Copy the table into a new workbook and send that."),
)
DAMAGED = _reason(
    "workbook_damaged",
    _("The workbook is damaged. Open it in your spreadsheet program, save it anew as .xlsx, and send that."),
)
ENCODING = _reason(
    "encoding_unknown",
    _("The text is in an encoding that is not known. Save the file as “CSV UTF-8” or as .xlsx."),
)
BROKEN_TEXT = _reason(
    "text_broken",
    _(
        "A line of the text file never ends; a quotation mark may be missing. "
        "Save the file anew, or as .xlsx."
    ),
)
