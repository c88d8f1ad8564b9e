"""Say what became of a vehicle, a driver, a declaration or a licence."""

from __future__ import annotations

from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext as _

from ferry.queries.history import changes_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ferry.models import Company, Declaration, Driver, Licence, Vehicle

#: Shown by its end alone, as everywhere.
PASSPORT = "passport_number"


def told_changes(
    row: Company | Vehicle | Driver | Declaration | Licence, names: Sequence[str]
) -> list[dict[str, Any]]:
    return [
        {
            "at": change.at,
            "by": change.by,
            "words": _words(change.is_first, change.is_new),
            "differences": [
                {
                    "label": row._meta.get_field(each.name).verbose_name,  # type: ignore[union-attr]
                    "before": _told(row, each.name, each.before),
                    "after": _told(row, each.name, each.after),
                }
                for each in change.differences
            ],
        }
        for change in changes_of(row, names)
    ]


def _words(is_first: bool, is_new: bool) -> str:
    if not is_first:
        return _("Changed")
    return _("Registered") if is_new else _("Taken over from another company")


def _told(row: Company | Vehicle | Driver | Declaration | Licence, name: str, value: Any) -> dict[str, Any]:
    """Give a moment, which is drawn by both clocks, or a text."""
    if isinstance(value, datetime):
        return {"moment": value}
    if isinstance(value, bool):
        return {"text": _("yes") if value else _("no")}
    if isinstance(value, date):
        return {"text": value.isoformat()}
    if name == PASSPORT:
        return {"text": f"…{value[-4:]}"}
    choices = dict(getattr(row._meta.get_field(name), "flatchoices", ()))
    return {"text": choices.get(value, value)}
