"""Page through lists of any length: by key, never by counting."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from django.db.models import QuerySet
    from django.http import HttpRequest

ROWS = 50


@dataclass(frozen=True)
class Rows:
    """The rows of one page, newest first; `older` is where the next page begins, None on the last."""

    rows: list[Any]
    older: int | None
    is_newest: bool

    def __iter__(self) -> Any:
        return iter(self.rows)

    def __bool__(self) -> bool:
        return bool(self.rows)


def newest_first(rows: QuerySet[Any], request: HttpRequest) -> Rows:
    before = request.GET.get("before", "")
    is_newest = not (before.isascii() and before.isdigit() and len(before) < 19)
    page = list((rows if is_newest else rows.filter(pk__lt=int(before))).order_by("-pk")[: ROWS + 1])
    return Rows(page[:ROWS], page[ROWS - 1].pk if len(page) > ROWS else None, is_newest)
