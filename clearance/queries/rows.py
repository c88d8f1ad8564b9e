"""Read many rows quickly: what is asked of the ORM, read without the cost of its rows.

On PostgreSQL a list of keys is one array, so that the statement is the same for any number of them and is
planned once, and moments are read by the driver itself. Elsewhere the ORM reads its own.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Any

from django.db.models import QuerySet
from django.db.models.expressions import RawSQL
from psycopg.types.datetime import TimestamptzLoader

from ferry import sql


def among(keys: Collection[Any], type_: str = "bigint") -> Collection[Any] | RawSQL:
    """Give keys for an `__in`."""
    if not sql.on_postgresql():
        return keys
    return RawSQL(f"SELECT unnest(%s::{type_}[])", [list(keys)])  # noqa: S611  (the type is ours)


def rows_of(queryset: QuerySet[Any, tuple[Any, ...]]) -> Iterable[tuple[Any, ...]]:
    """Read the rows of a `values_list`. Moments are in the connection's zone, which is UTC."""
    if not sql.on_postgresql():
        return queryset
    text, params = queryset.query.sql_with_params()
    with sql.cursor() as cursor:
        cursor.adapters.register_loader("timestamptz", TimestamptzLoader)
        cursor.execute(text, params)
        rows: list[tuple[Any, ...]] = cursor.fetchall()
    return rows
