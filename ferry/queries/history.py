"""Find what became of a company's vehicle, driver, declaration or licence: who changed what, and when."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from ferry.models import Company, Declaration, Driver, Licence, Vehicle

#: The changes a page shows.
CHANGES_SHOWN = 20


@dataclass(frozen=True)
class Difference:
    name: str
    before: Any
    after: Any


@dataclass(frozen=True)
class Change:
    """One keeping of a row; `is_first` where the company began to keep it, `is_new` where the system did."""

    at: datetime
    by: str
    is_first: bool
    is_new: bool
    differences: list[Difference]


def changes_of(row: Company | Vehicle | Driver | Declaration | Licence, names: Sequence[str]) -> list[Change]:
    """List the changes of the fields `names`, newest first, in one query.

    What the row was while another company kept it is that company's own.
    """
    company = getattr(row, "company_id", None)
    kept = row.history.filter(company_id=company) if company else row.history
    kept = kept.select_related("history_user")
    states = list(kept.order_by("-history_date", "-history_id")[: CHANGES_SHOWN + 1])
    changes = [_change(after, before, names) for after, before in pairwise(states)]
    if states and len(states) <= CHANGES_SHOWN:
        changes.append(_change(states[-1], None, names))
    return [change for change in changes if change.is_first or change.differences]


def _change(after: Any, before: Any, names: Sequence[str]) -> Change:
    return Change(
        at=after.history_date,
        by=after.history_change_reason or str(after.history_user or ""),
        is_first=before is None,
        is_new=after.history_type == "+",
        differences=[] if before is None else _differences(before, after, names),
    )


def _differences(before: Any, after: Any, names: Sequence[str]) -> list[Difference]:
    pairs = [Difference(name, getattr(before, name), getattr(after, name)) for name in names]
    return [pair for pair in pairs if pair.before != pair.after]
