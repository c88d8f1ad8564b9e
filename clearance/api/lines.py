"""Read what scanners and authorities send, line by line.

Read by hand: a batch of 500 scans is measured against the database's own speed, and one unusable line must
be answered alone.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.utils.translation import gettext_lazy as _

from clearance.actions.records import RecordLine
from clearance.actions.scans import Offline, ScanInput
from ferry.api.fields import EARLIEST, LATEST
from ferry.api.parsers import is_storable
from ferry.errors import Invalid, NotAllowed, Reason

if TYPE_CHECKING:
    from collections.abc import Mapping

    from django_stubs_ext import StrOrPromise

    from ferry.models import Checkpoint

LONGEST_CODE = 2000
LONGEST_TEXT = 200
LONGEST_AGE_S = 10 * 366 * 24 * 3600
RECORD_TEXTS = ("vin", "passport_number", "declaration", "status", "source_reference")

REQUIRED = _("This field is required.")
NOT_TEXT = _("Send this as text.")
TOO_LONG = _("This is too long. Shorten it.")
NOT_WHOLE = _("This holds a character that is not text. Leave it out.")
NOT_A_UUID = _("Send a UUID which the scanner has made for this scan alone.")
NOT_A_MOMENT = _("Write the moment with its offset from UTC, for example 2026-11-22T08:00:00Z.")
NOT_OFFLINE = _("Send the verdict given offline and the age of the list in seconds.")
NOT_AN_OBJECT = _("Send an object with the fields of one line.")
NOT_ITS_CHECKPOINT = _("This key scans at another checkpoint. Use the key of the device that stands here.")


class Line:
    """One line as it came, with all that is wrong with it."""

    def __init__(self, raw: Any) -> None:
        if not isinstance(raw, dict):
            raise Invalid(Reason("invalid", NOT_AN_OBJECT))
        self.raw: Mapping[str, Any] = raw
        self.reasons: list[Reason] = []

    def refuse(self, attr: str, code: str, detail: StrOrPromise) -> None:
        self.reasons.append(Reason(code, detail, attr))

    def text(self, attr: str, *, longest: int) -> str:
        value = self.raw.get(attr)
        if value is None or value == "":
            self.refuse(attr, "required", REQUIRED)
        elif not isinstance(value, str):
            self.refuse(attr, "invalid", NOT_TEXT)
        elif len(value) > longest:
            self.refuse(attr, "max_length", TOO_LONG)
        elif not is_storable(value):
            self.refuse(attr, "unusable_character", NOT_WHOLE)
        else:
            return value
        return ""

    def text_if_any(self, attr: str) -> str:
        value = self.raw.get(attr)
        return "" if value is None or value == "" else self.text(attr, longest=LONGEST_TEXT)

    def code(self, attr: str) -> str:
        """Take whatever a camera made of a picture: it is judged and never stored."""
        value = self.raw.get(attr)
        if not isinstance(value, str) or not value or len(value) > LONGEST_CODE:
            return self.text(attr, longest=LONGEST_CODE)
        return value

    def uuid(self, attr: str) -> UUID | None:
        text = self.text(attr, longest=36)
        try:
            return UUID(text) if text else None
        except ValueError:
            self.refuse(attr, "invalid", NOT_A_UUID)
            return None

    def moment(self, attr: str) -> datetime | None:
        moment = read_moment(self.raw.get(attr))
        if moment is None:
            self.refuse(attr, "invalid", NOT_A_MOMENT)
        return moment


def read_moment(value: Any) -> datetime | None:
    """Read a moment with its offset from UTC; None if it is none."""
    try:
        moment = datetime.fromisoformat(value)
    except (TypeError, ValueError):
        return None
    if moment.tzinfo is None or not EARLIEST <= moment.year < LATEST:
        return None
    return moment.astimezone(UTC)


def named(raw: Any, attr: str) -> str | None:
    """Give what a line calls itself, to be answered with."""
    value = raw.get(attr) if isinstance(raw, dict) else None
    return value if isinstance(value, str) and is_storable(value) else None


def read_scan(raw: Any, checkpoint: Checkpoint) -> ScanInput:
    """Read one scan of a device that stands at a checkpoint; NotAllowed if it names another."""
    line = Line(raw)
    scan_id = line.uuid("scan_id")
    code = line.code("code")
    lane = line.text("lane", longest=LONGEST_TEXT)
    asked = line.text("checkpoint", longest=LONGEST_TEXT)
    scanned_at = line.moment("scanned_at") if line.raw.get("scanned_at") is not None else None
    offline = _offline(line) if line.raw.get("offline") is not None else None
    if asked and asked != checkpoint.code:
        raise NotAllowed(Reason("not_your_checkpoint", NOT_ITS_CHECKPOINT, "checkpoint"))
    if scan_id is None or line.reasons:
        raise Invalid(*line.reasons)
    return ScanInput(
        scan_id=scan_id, code=code, checkpoint=checkpoint, lane=lane, scanned_at=scanned_at, offline=offline
    )


def _offline(line: Line) -> Offline | None:
    raw = line.raw["offline"]
    if isinstance(raw, dict) and isinstance(raw.get("verdict"), str) and _is_age(raw.get("list_age_s")):
        return Offline(raw["verdict"], timedelta(seconds=raw["list_age_s"]))
    line.refuse("offline", "invalid", NOT_OFFLINE)
    return None


def _is_age(value: Any) -> bool:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return is_number and 0 <= value <= LONGEST_AGE_S


def read_record(raw: Any) -> RecordLine:
    """Read one record of an authority; whether it can be kept is judged where it is taken."""
    line = Line(raw)
    kind = line.text("kind", longest=20)
    occurred_at = line.moment("occurred_at")
    texts: dict[str, Any] = {attr: line.text_if_any(attr) for attr in RECORD_TEXTS}
    if occurred_at is None or line.reasons:
        raise Invalid(*line.reasons)
    original = {attr: line.raw[attr] for attr in ("kind", "occurred_at", *RECORD_TEXTS) if attr in line.raw}
    return RecordLine(kind=kind, occurred_at=occurred_at, original=original, **texts)
