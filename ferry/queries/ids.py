"""Look rows up by many ids at once, as one array: a list takes longer to read than they do to find."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from django.core.exceptions import EmptyResultSet
from django.db.models import F, Lookup

if TYPE_CHECKING:
    from collections.abc import Iterable

    from django.db.backends.base.base import BaseDatabaseWrapper
    from django.db.models.sql.compiler import SQLCompiler


class OneOf(Lookup):
    """Compare with an array: unlike a subselect, indexes answer it beside an OR too."""

    lookup_name = "one_of"
    prepare_rhs = False

    def as_sql(self, compiler: SQLCompiler, connection: BaseDatabaseWrapper) -> tuple[str, tuple[Any, ...]]:
        if not self.rhs:
            raise EmptyResultSet
        column, params = self.process_lhs(compiler, connection)
        if connection.vendor == "postgresql":
            return f"{column} = ANY(%s::bigint[])", (*params, list(self.rhs))
        among = f"{column} IN (SELECT value FROM json_each(%s))"  # noqa: S608  (the column is the ORM's)
        return among, (*params, json.dumps(self.rhs))


def one_of(column: str, ids: Iterable[int]) -> OneOf:
    return OneOf(F(column), tuple(ids))
