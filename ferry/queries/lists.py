"""Page through lists of any length in any of their orders: by key, never by counting."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.core.exceptions import ValidationError
from django.db.models import F, Func, TextField, Value
from django.db.models.functions import Coalesce
from django.db.models.lookups import GreaterThan, LessThan

from ferry.queries.ids import one_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from django.db.models import QuerySet

#: Rows that fit are found up to here: so few are sorted faster than met one after another in an index.
COUNTED = 1000
CHUNK = 2000
SEPARATOR = "~"
LONGEST_KEY = 18


@dataclass(frozen=True)
class Order:
    """Rows by a column that is never empty, and by id where it is equal."""

    field: str
    descending: bool

    def reversed(self) -> Order:
        return Order(self.field, not self.descending)


@dataclass(frozen=True)
class Page:
    """The rows of a page; `before` and `after` are the positions of the pages beside it, empty at an end."""

    rows: list[Any]
    before: str
    after: str


class Pair(Func):
    """Take two columns as one, for a comparison that an index on both answers."""

    output_field = TextField()
    template = "(%(expressions)s)"


@dataclass(frozen=True)
class Found:
    """What fits, before it is ordered: `few` holds the ids where they are few enough to be sorted at once.

    `rows` are what fits, `full` all of the company's with what their list shows.
    """

    rows: QuerySet[Any]
    full: QuerySet[Any]
    few: list[int] | None = None

    @property
    def narrowed(self) -> QuerySet[Any]:
        return self.rows if self.few is None else self.full.filter(one_of("pk", self.few))


def few_of(rows: QuerySet[Any]) -> list[int] | None:
    """Find ids; None where there are too many to be sorted at once."""
    found = list(rows.order_by().values_list("pk", flat=True)[: COUNTED + 1])
    return found if len(found) <= COUNTED else None


def count_up_to(rows: QuerySet[Any], most: int) -> int:
    return rows.order_by()[: most + 1].count()


def page_of(found: Found, order: Order, *, after: str = "", before: str = "", size: int) -> Page:
    """Give the page after or before a position, else the first."""
    back = _position(found, order, before) if before else None
    ahead = _position(found, order, after) if after and not back else None
    rows = _ordered(found, order.reversed() if back else order, back or ahead, size + 1)
    has_more, rows = len(rows) > size, rows[:size]
    if back:
        rows.reverse()
    first, last = (_token(rows[end], order) if rows else "" for end in (0, -1))
    return Page(
        rows,
        before=first if ahead or (back and has_more) else "",
        after=last if back or has_more else "",
    )


def all_of(found: Found, order: Order) -> Iterator[list[Any]]:
    """Give all rows in order, so many at once that memory stays the same however many there are."""
    position = None
    while chunk := _ordered(found, order, position, CHUNK):
        yield chunk
        position = (getattr(chunk[-1], order.field), chunk[-1].pk)


def _ordered(found: Found, order: Order, position: tuple[Any, int] | None, size: int) -> list[Any]:
    """Find the ids in order, then their rows: joined first, PostgreSQL would join all before it sorts."""
    keys = _keys(found, order, position, size)
    shown = {row.pk: row for row in found.full.filter(one_of("pk", keys))}
    return [shown[key] for key in keys if key in shown]


def _keys(found: Found, order: Order, position: tuple[Any, int] | None, size: int) -> list[int]:
    if found.few is not None and order.field == "id":
        return _known_keys(found.few, order, position)[:size]
    rows = found.narrowed
    if position is not None:
        rows = rows.filter(_beyond(found, order, position))
    # By this no index is walked, so that the few are looked up and sorted.
    few = found.few is not None
    by = [Coalesce(order.field, order.field) if few else F(order.field), F("pk")]
    rows = rows.order_by(*(key.desc() if order.descending else key.asc() for key in by))
    return list(rows.values_list("pk", flat=True)[:size])


def _known_keys(few: list[int], order: Order, position: tuple[Any, int] | None) -> list[int]:
    keys = sorted(few, reverse=order.descending)
    if position is None:
        return keys
    last = position[1]
    return [key for key in keys if (key < last if order.descending else key > last)]


def _beyond(found: Found, order: Order, position: tuple[Any, int]) -> Any:
    field = _field(found, order)
    value, pk = position
    is_beyond = LessThan if order.descending else GreaterThan
    here = Pair(F(order.field), F("pk"))
    return is_beyond(here, Pair(Value(value, output_field=field), Value(pk)))


def _field(found: Found, order: Order) -> Any:
    """Find the column's field; of a column that the database works out, what comes of it."""
    field = found.full.model._meta.get_field(order.field)
    return getattr(field, "output_field", field)


def _token(row: Any, order: Order) -> str:
    value = getattr(row, order.field)
    return f"{value.isoformat() if hasattr(value, 'isoformat') else value}{SEPARATOR}{row.pk}"


def _position(found: Found, order: Order, token: str) -> tuple[Any, int] | None:
    """Read a position; None where it is none of this order, so that the first page is shown."""
    text, _separator, pk = token.rpartition(SEPARATOR)
    if not (pk.isascii() and pk.isdigit() and len(pk) <= LONGEST_KEY):
        return None
    field = _field(found, order)
    try:
        value = field.to_python(text)
    except ValidationError:
        return None
    return (
        None
        if value is None or (isinstance(value, int) and abs(value) > 10**LONGEST_KEY)
        else (value, int(pk))
    )
