"""Say what a case rests on in words and times, whatever rule opened it."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from ferry.models import DeclarationStatus, RefusalReason
from ferry.reasons import sentence

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from django_stubs_ext import StrOrPromise

    #: One piece of a line: a moment, or words.
    Piece = dict[str, Any]
    Line = list[Piece]

LABELS: Mapping[str, StrOrPromise] = {
    "left_at": gettext_lazy("Left China"),
    "last_out_at": gettext_lazy("Last vehicle left"),
    "confirmed_at": gettext_lazy("Confirmed by the receiver"),
    "closes_at": gettext_lazy("Exit until"),
    "stopped_at": gettext_lazy("Stopped in Kazakhstan"),
    "scanned_at": gettext_lazy("Scanned"),
    "list_as_of": gettext_lazy("The scanner's list was of"),
    "pass_ended_at": gettext_lazy("The code ended"),
    "entered_on": gettext_lazy("Entered Kazakhstan on"),
    "rules": gettext_lazy("Limit passed"),
    "vin": gettext_lazy("VIN on the code"),
    "seen": gettext_lazy("Seen instead"),
    "changes": gettext_lazy("Changed"),
    "declared": gettext_lazy("Declared quantity"),
    "out": gettext_lazy("Out"),
    "scans": gettext_lazy("Scans"),
    "trips": gettext_lazy("Other trips"),
    "order": gettext_lazy("Wrong order"),
    "missing": gettext_lazy("Missing"),
    "consignee": gettext_lazy("Consignee"),
    "receiver": gettext_lazy("Received by"),
    "returned": gettext_lazy("Vehicle came back"),
    "refused_at": gettext_lazy("Not taken by the consignee"),
    "reason": gettext_lazy("Why it was not taken"),
    "reference": gettext_lazy("Record"),
    "kind": gettext_lazy("Kind of record"),
    "checkpoint": gettext_lazy("Checkpoint"),
    "lane": gettext_lazy("Lane"),
    "crossing": gettext_lazy("Crossing"),
    "scan": gettext_lazy("Scan"),
    "reasons": gettext_lazy("Why the code was no good"),
    "released_at": gettext_lazy("Released by the server"),
    "lane_said": gettext_lazy("Said at the lane without a line"),
}
WORDS: Mapping[str, StrOrPromise] = {
    "exit": gettext_lazy("exit"),
    "entry": gettext_lazy("entry"),
    "receipt": gettext_lazy("receipt"),
    "return": gettext_lazy("driver's return"),
    "scan": gettext_lazy("scan"),
    "border_exit": gettext_lazy("border police record of the exit"),
    "kz_entry": gettext_lazy("Kazakh record of the entry"),
    "declaration_status": gettext_lazy("customs' word on the declaration"),
    "30": gettext_lazy("30 days from the entry"),
    "examine": gettext_lazy("Examine"),
    "refuse": gettext_lazy("Refuse"),
    "90/180": gettext_lazy("90 days in 180"),
    **{status.value: status.label for status in DeclarationStatus},
    **{reason.value: reason.label for reason in RefusalReason},
}
#: Digests, of use to nobody who reads.
LEFT_OUT = {"record"}


def told_facts(facts: Mapping[str, Any]) -> list[tuple[StrOrPromise, list[Line]]]:
    """List what was seen as (label, lines)."""
    return [
        (LABELS.get(name, name), list(_lines(name, value)))
        for name, value in facts.items()
        if name not in LEFT_OUT and value not in (None, "", [])
    ]


def _lines(name: str, value: Any) -> Iterator[Line]:
    if name == "reasons":
        yield from ([_words(sentence(code))] for code in value)
    elif name == "trips":
        yield from (list(_pieces(name, [trip or _("a trip of another company"), at])) for trip, at in value)
    elif isinstance(value, list):
        yield from (list(_pieces(name, each)) for each in value)
    else:
        yield list(_pieces(name, value))


def _pieces(name: str, value: Any) -> Iterator[Piece]:
    if isinstance(value, dict):
        for key, each in value.items():
            yield from _slips(each) if key == "slips" else _pieces(key, each)
    elif isinstance(value, list):
        for each in value:
            yield from _pieces(name, each)
    elif value not in (None, ""):
        yield _piece(name, value)


def _slips(value: Any) -> Iterator[Piece]:
    if value:
        yield _words(_("one or two characters off: perhaps misread"))


def _piece(name: str, value: Any) -> Piece:
    if isinstance(value, bool):
        return _words(_("yes") if value else _("no"))
    text = str(value)
    moment = _moment(text)
    if moment is not None:
        return {"moment": moment}
    if _is_uuid(text):
        return {"text": f"{text[:8]}…", "is_code": True}
    return {"text": WORDS.get(text, text), "is_code": name in {"vin", "reference", "checkpoint"}}


def _words(text: StrOrPromise) -> Piece:
    return {"text": text, "is_code": False}


def _moment(text: str) -> datetime | None:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return moment if moment.tzinfo else None


def _is_uuid(text: str) -> bool:
    try:
        return str(UUID(text)) == text
    except ValueError:
        return False
