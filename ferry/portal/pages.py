"""Page through lists of any length: by key, never by counting."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from django.db.models import QuerySet
    from django.http import HttpRequest

ROWS = 50
#: Of the lines of a job.
LINES = 200


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


@dataclass(frozen=True)
class Part:
    """Lines of one table of a page, in the order of their ids; empty where no part is before or after."""

    rows: list[Any]
    before: str
    after: str

    def __iter__(self) -> Any:
        return iter(self.rows)

    def __bool__(self) -> bool:
        return bool(self.rows)


def in_turn(rows: QuerySet[Any], request: HttpRequest, name: str) -> Part:
    """Give a part of a table; `name` keeps the place in it apart from that in the page's other tables."""
    ahead, back = (_key(request.GET.get(f"{name}-{way}", "")) for way in ("after", "before"))
    if back is not None:
        found = list(rows.filter(pk__lt=back).order_by("-pk")[: LINES + 1])
        part, has_before, has_after = found[:LINES][::-1], len(found) > LINES, True
    else:
        found = list(rows.filter(pk__gt=ahead or 0).order_by("pk")[: LINES + 1])
        part, has_before, has_after = found[:LINES], ahead is not None, len(found) > LINES
    return Part(
        part,
        before=_at(request, name, before=part[0].pk) if part and has_before else "",
        after=_at(request, name, after=part[-1].pk) if part and has_after else "",
    )


def _key(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else None


def _at(request: HttpRequest, name: str, **place: int) -> str:
    said = request.GET.copy()
    for way in ("after", "before"):
        said.pop(f"{name}-{way}", None)
    for way, key in place.items():
        said[f"{name}-{way}"] = str(key)
    return f"?{said.urlencode()}#{name}"
