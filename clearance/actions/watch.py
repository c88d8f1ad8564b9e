"""Keep the watch list. Entries end, and are never erased."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import IntegrityError, transaction
from django.utils.translation import gettext_lazy as _

from clearance.actions.chain import chain
from clearance.models import Act, Watched, WatchEntry
from clearance.queries.desk import is_registered
from ferry.errors import Conflict, Invalid, Reason
from ferry.rules.letters import plain_capitals
from ferry.rules.numbers import normalise_passport
from ferry.rules.vin import normalise_vin

if TYPE_CHECKING:
    from datetime import datetime


def watch(*, kind: str, value: str, instruction: str, reason: str = "", at: datetime, by: str) -> WatchEntry:
    """Stop a VIN, a passport or a company at every checkpoint; officers alone see the instruction."""
    if kind not in Watched.values:
        detail = _("Choose what to watch for: a VIN, a passport number or a company.")
        raise Invalid(Reason("kind_unknown", detail, "kind"))
    normalised = NORMALISE[kind](value)
    if not 0 < len(normalised) <= LONGEST_VALUE:
        detail = _("Enter the whole VIN or passport number, at most 20 characters.")
        raise Invalid(Reason("value_unusable", detail, "value"))
    if not 0 < len(instruction.strip()) <= LONGEST_INSTRUCTION:
        detail = _("Tell the officer what to do, in at most 200 characters.")
        raise Invalid(Reason("instruction_unusable", detail, "instruction"))
    if len(reason.strip()) > LONGEST_INSTRUCTION:
        detail = _("Say why in at most 200 characters.")
        raise Invalid(Reason("reason_unusable", detail, "reason"))
    if kind == Watched.COMPANY and not is_registered(normalised):
        detail = _("No company here has this code. Check its 18 characters.")
        raise Invalid(Reason("company_unknown", detail, "value"))
    try:
        with transaction.atomic():
            entry = WatchEntry.objects.create(
                kind=kind,
                value=normalised,
                instruction=instruction.strip(),
                reason=reason.strip(),
                added_at=at,
                added_by=by,
            )
            _chain(Act.WATCHED, entry, at, by)
            return entry
    except IntegrityError as error:
        detail = _("This is on the watch list already. End that entry first to change it.")
        raise Conflict(Reason("already_watched", detail, "value")) from error


NORMALISE = {
    Watched.VIN.value: normalise_vin,
    Watched.PASSPORT.value: normalise_passport,
    Watched.COMPANY.value: plain_capitals,
}
LONGEST_VALUE = 20
LONGEST_INSTRUCTION = 200


def unwatch(*, entry: WatchEntry, at: datetime, by: str = "") -> None:
    """End an entry; once."""
    with transaction.atomic():
        if not WatchEntry.objects.filter(pk=entry.pk, ended_at__isnull=True).update(ended_at=at, ended_by=by):
            detail = _("This entry has ended already.")
            raise Conflict(Reason("not_watched", detail))
        _chain(Act.WATCH_ENDED, entry, at, by)
    entry.ended_at, entry.ended_by = at, by


def _chain(act: Act, entry: WatchEntry, at: datetime, by: str) -> None:
    # The chain is read by more people than the list: of a passport it holds the end alone.
    value = f"…{entry.value[-4:]}" if entry.kind == Watched.PASSPORT else entry.value
    content = {"kind": entry.kind, "value": value, "instruction": entry.instruction, "reason": entry.reason}
    chain(act=act, checkpoint=None, about=f"watch {entry.pk}", content=content, at=at, by=by)
