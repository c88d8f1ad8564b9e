"""Whether a line of evidence can be kept: a known kind, a moment that was, and keys to find its trip by."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from clearance.models import Record, RecordKind
from ferry.errors import Reason
from ferry.models import DeclarationStatus

#: A source's clock may run a little ahead of ours.
AHEAD = timedelta(minutes=5)
EARLIEST = datetime(2000, 1, 1, tzinfo=UTC)
#: What may be the number of a passport: one or two letters and seven digits or eight, one perhaps a letter.
PASSPORT_FORM = r"(?<![0-9A-Za-z])[A-Z]{1,2}[ -]?[0-9A-Z]?[0-9]{7,8}(?![0-9A-Za-z])"
#: Of a passport number, to who may not see it whole.
SHOWN = 4


def judge_line(record: Record, *, at: datetime) -> tuple[Reason, ...]:
    """List all that keeps a line from being kept."""
    if record.kind not in RecordKind.values:
        detail = format_lazy(
            _("The kind of record is not known. Use one of: {kinds}."), kinds=", ".join(RecordKind.values)
        )
        return (Reason("unknown_kind", detail, "kind"),)
    return (*_judge_moment(record.occurred_at, at), *_judge_keys(record), *_judge_form(record))


def mask_passports(text: str, number: str = "") -> str:
    """Leave of every passport number in a text its last four; `number` is one whatever it looks like."""
    spelt = r"[ -]?".join(map(re.escape, number))
    own = [rf"(?<![0-9A-Za-z]){spelt}(?![0-9A-Za-z])"] if number else []
    for form in (*own, PASSPORT_FORM):
        text = re.sub(form, lambda found: f"…{found.group()[-SHOWN:]}", text, flags=re.IGNORECASE)
    return text


def _judge_moment(occurred_at: datetime, at: datetime) -> list[Reason]:
    if occurred_at.tzinfo is None:
        detail = _(
            "The time has no time zone. Give it with its offset, for example 2026-03-01T09:30:00+08:00."
        )
        return [Reason("zone_missing", detail, "occurred_at")]
    if occurred_at > at + AHEAD:
        detail = _("This time is yet to come. Correct the time or its time zone.")
        return [Reason("in_the_future", detail, "occurred_at")]
    if occurred_at < EARLIEST:
        return [Reason("too_long_ago", _("This time is too long ago. Correct it."), "occurred_at")]
    return []


def _judge_keys(record: Record) -> list[Reason]:
    reasons = []
    if not record.source_reference:
        detail = _("The source's own reference is missing. Enter the number the source gave this record.")
        reasons.append(Reason("reference_missing", detail, "source_reference"))
    if record.kind == RecordKind.DECLARATION_STATUS:
        return reasons + _judge_declaration(record)
    if record.kind == RecordKind.KZ_ENTRY and not (record.vin or record.passport_number):
        detail = _("An entry needs a VIN or a passport number. Enter at least one.")
        reasons.append(Reason("keys_missing", detail, "vin"))
    if record.kind in {RecordKind.BORDER_EXIT, RecordKind.RETURN} and not record.passport_number:
        detail = _("The passport number is missing. Enter the number of the passport shown at the border.")
        reasons.append(Reason("keys_missing", detail, "passport_number"))
    return reasons


def _judge_declaration(record: Record) -> list[Reason]:
    reasons = []
    if not record.declaration_number:
        detail = _("The declaration number is missing. Enter its 18 digits.")
        reasons.append(Reason("keys_missing", detail, "declaration"))
    if record.status not in DeclarationStatus.values:
        detail = format_lazy(
            _("The status is not known. Use one of: {statuses}."),
            statuses=", ".join(DeclarationStatus.values),
        )
        reasons.append(Reason("unknown_status", detail, "status"))
    return reasons


def _judge_form(record: Record) -> list[Reason]:
    texts = (
        ("source_reference", record.source_reference, 100),
        ("vin", record.vin, 17),
        ("passport_number", record.passport_number, 20),
        ("declaration", record.declaration_number, 18),
        ("source", record.source, 80),
    )
    reasons = []
    for attr, text, longest in texts:
        if len(text) > longest:
            detail = format_lazy(_("This is longer than {longest} characters. Correct it."), longest=longest)
            reasons.append(Reason("too_long", detail, attr))
        if "\0" in text:
            detail = _("This holds a character that is not text. Enter it again.")
            reasons.append(Reason("unusable_character", detail, attr))
    return reasons
