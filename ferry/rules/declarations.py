"""Which word on a declaration's status stands, and whether the VINs on it can be kept."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import datetime

from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from ferry.models import DeclarationStatus
from ferry.rules.findings import FINE, Finding, refuse
from ferry.rules.vin import judge_vin

S = DeclarationStatus

#: How far a declaration has come; an amendment or a deletion undoes what was before it.
ORDER = {S.ACCEPTED: 0, S.RELEASED: 1, S.CLOSED: 2, S.AMENDED: 3, S.DELETED: 4}
NAMED_AT_ONCE = 10

DECLARATION_NOT_RELEASED = _(
    "Customs have not released the declaration yet. Issue the code after the release."
)
DECLARATION_CHANGED = _(
    "The declaration was amended or deleted. Ask the broker, then plan with the valid one."
)
VIN_UNLISTED = _("None of your declarations lists this VIN. Register the declaration first.")


def is_further(status: str, than: str) -> bool:
    return ORDER[DeclarationStatus(status)] > ORDER[DeclarationStatus(than)]


def stands(
    status: str, occurred_at: datetime, *, against: str, since: datetime, against_a_claim: bool
) -> bool:
    """Say whether customs' word replaces what is stored.

    The later word stands. A company's claim was made whenever the company registered, so against it also an
    earlier word stands, unless that was merely true before: accepted, where the company says released.
    """
    if occurred_at == since or (against_a_claim and occurred_at < since):
        return is_further(status, against)
    return occurred_at > since


def judge_declared_vins(vins: Sequence[str]) -> Finding:
    """Judge normalised VINs by their form alone: a declaration may hold what no maker should issue."""
    if not vins:
        detail = _("A declaration covers at least one vehicle. Enter the VINs on it.")
        return refuse("vins_missing", detail, "vins")
    return _judge_forms(vins) + _judge_twice(vins)


def _judge_forms(vins: Sequence[str]) -> Finding:
    wrong = [vin for vin in vins if judge_vin(vin, powertrain="plant").refuses]
    if not wrong:
        return FINE
    detail = format_lazy(
        _("These are not VINs of 17 digits and Latin letters without I, O and Q: {vins}. Correct them."),
        vins=_some(wrong),
    )
    return refuse("vins_form", detail, "vins")


def _judge_twice(vins: Sequence[str]) -> Finding:
    twice = [vin for vin, times in Counter(vins).items() if times > 1]
    if not twice:
        return FINE
    detail = format_lazy(
        _("These VINs are on the declaration more than once: {vins}. Enter each once."), vins=_some(twice)
    )
    return refuse("vins_twice", detail, "vins")


def _some(vins: Sequence[str]) -> str:
    return ", ".join(vin[:20] for vin in vins[:NAMED_AT_ONCE]) + (" …" if len(vins) > NAMED_AT_ONCE else "")
