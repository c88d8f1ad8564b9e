"""What commands that take files of records say of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.utils.translation import gettext as _

if TYPE_CHECKING:
    from clearance.models import RecordImport

FATES = ("matched", "unmatched", "duplicate", "refused")


def counts_told(kept: RecordImport) -> str:
    sentence = _("{matched} matched, {unmatched} unmatched, {duplicate} known already, {refused} refused")
    return sentence.format(**{fate: kept.count(fate) for fate in FATES})


def why_unread(kept: RecordImport) -> list[str]:
    """Say why nothing of a file was imported."""
    told = kept.told
    return [*told.get("reasons", ()), *(sheet["reason"] for sheet in told.get("sheets", ()))]
