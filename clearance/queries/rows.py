"""Read many rows quickly: what is asked of the ORM, read without the cost of its rows.

On PostgreSQL a list of keys is one array, so that the statement is the same for any number of them and is
planned once, and moments are read by the driver itself; UUIDs come as text. Elsewhere the ORM reads its own.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Hashable, Iterable, Sequence
from functools import lru_cache
from typing import Any

from django.db.models import QuerySet
from django.db.models.expressions import RawSQL
from psycopg.types.datetime import TimestamptzLoader
from psycopg.types.string import TextLoader

from ferry import sql

Rows = QuerySet[Any, tuple[Any, ...]]


def among(keys: Collection[Any], type_: str = "bigint") -> Collection[Any] | RawSQL:
    """Give keys for an `__in`."""
    if not sql.on_postgresql():
        return keys
    return _array(list(keys), type_)


def rows_of(queryset: Rows) -> Iterable[tuple[Any, ...]]:
    """Read the rows of a `values_list`. Moments are in the connection's zone, which is UTC."""
    if not sql.on_postgresql():
        return queryset
    return _run(*queryset.query.sql_with_params())


def read(build: Callable[..., Rows], keys: Collection[Any], *settled: Hashable) -> Iterable[tuple[Any, ...]]:
    """Read what `build` asks about keys; on PostgreSQL its text is composed once for all keys.

    `settled` are further arguments of `build`, which seldom differ.
    """
    if not sql.on_postgresql():
        return build(keys, *settled)
    text, params = _composed(build, *settled)
    given = list(keys)
    return _run(text, [given if each is KEYS else each for each in params])


#: Stands for the keys where a statement is composed.
KEYS: list[Any] = []


@lru_cache(maxsize=100)
def _composed(build: Callable[..., Rows], *settled: Hashable) -> tuple[str, Sequence[Any]]:
    return build(_array(KEYS, "bigint"), *settled).query.sql_with_params()


def _array(keys: list[Any], type_: str) -> RawSQL:
    return RawSQL(f"SELECT unnest(%b::{type_}[])", [keys])  # noqa: S611  (the type is ours)


def _run(text: str, params: Sequence[Any]) -> list[tuple[Any, ...]]:
    with sql.cursor() as cursor:
        cursor.adapters.register_loader("timestamptz", TimestamptzLoader)
        cursor.adapters.register_loader("uuid", TextLoader)
        cursor.execute(text, params)
        rows: list[tuple[Any, ...]] = cursor.fetchall()
    return rows
