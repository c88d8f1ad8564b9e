"""Hand-written SQL for what every scan runs: composing and planning it anew costs more than its rows.

PostgreSQL plans such a statement once per connection. (A pooler between that shares connections by the
transaction must keep prepared statements apart, as PgBouncer does since 1.21.)
"""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any, NamedTuple, cast
from uuid import UUID

import psycopg
from django.db import connection
from django.utils.duration import duration_microseconds

if TYPE_CHECKING:
    from collections.abc import Sequence

    from django.db.backends.utils import CursorWrapper


def on_postgresql() -> bool:
    return connection.vendor == "postgresql"


def cursor() -> CursorWrapper:
    """Open a cursor whose statements stay planned; Django counts and wraps it as any other."""
    if not on_postgresql():
        return connection.cursor()
    connection.ensure_connection()
    # Django turns preparing off for the connection; its own cursors bind on the client and never prepare.
    connection.connection.prepare_threshold = 0
    raw = cast("CursorWrapper", psycopg.Cursor(connection.connection))
    return connection.make_debug_cursor(raw) if connection.queries_logged else connection.make_cursor(raw)


def as_table(types: Sequence[str], rows: Sequence[Sequence[Any]]) -> tuple[str, list[Any]]:
    """Write rows as a subquery, with its parameters; `types` are the columns' on PostgreSQL.

    There the text is the same for any number of rows but one: for a single row PostgreSQL finds its general
    plan good enough to keep, for arrays it would not. Arrays are sent as binary: as text they cost four times
    as much.
    """
    values = [value for row in rows for value in row]
    if not on_postgresql():
        one = f"({', '.join(['%s'] * len(types))})"
        return f"VALUES {', '.join([one] * len(rows))}", [stored(value) for value in values]
    if len(rows) == 1:
        return f"SELECT {', '.join(f'%s::{type_}' for type_ in types)}", values
    columns = ", ".join(f"%b::{type_}[]" for type_ in types)
    return f"SELECT * FROM unnest({columns})", [list(column) for column in zip(*rows, strict=True)]  # noqa: S608  (the types are ours)


class Statement(NamedTuple):
    """A statement that writes, with its parameters; one with a name can be read from by the next."""

    text: str
    params: list[Any]
    name: str = ""


def statement(text: str, types: Sequence[str], rows: Sequence[Sequence[Any]], *params: Any) -> Statement:
    """Write a statement about rows, which its text calls `{rows}`; `params` are those that follow them."""
    table, values = as_table(types, rows)
    return Statement(text.format(rows=table), [*values, *map(stored, params)])


def write(statements: Sequence[Statement], last: Sequence[Statement] = ()) -> list[tuple[Any, ...]]:
    """Run statements of which none sees what another writes; give the rows that the first returns.

    PostgreSQL takes them as one: one journey and one plan. What comes `last`, on PostgreSQL only, begins
    when the others have ended, by the condition that stands for its `{after}`.
    """
    if not statements and not last:
        return []
    with cursor() as run:
        if not on_postgresql() or len(statements) + len(last) == 1:
            return _run_each(run, [*statements, *last])
        run.execute(*_as_one(statements, last))
        return run.fetchall() if statements and "RETURNING" in statements[0].text else []


def _run_each(run: CursorWrapper, statements: Sequence[Statement]) -> list[tuple[Any, ...]]:
    first, *others = statements
    run.execute(first.text, first.params)
    rows: list[tuple[Any, ...]] = run.fetchall() if run.description else []
    for other in others:
        run.execute(other.text, other.params)
    return rows


def _as_one(statements: Sequence[Statement], last: Sequence[Statement]) -> tuple[str, list[Any]]:
    texts = {f"w{number}": one.text for number, one in enumerate(statements)}
    if last:
        # Whoever reads the count of what a statement returns waits for its end.
        ended = [f"(SELECT count(*) FROM {name}) >= 0" for name in texts]  # noqa: S608  (the names are ours)
        texts = {name: text if "RETURNING" in text else f"{text} RETURNING 1" for name, text in texts.items()}
        texts |= {one.name: one.text.replace("{after}", " AND ".join(ended) or "true") for one in last}
    parts = ", ".join(f"{name} AS ({text})" for name, text in texts.items())
    returned = "SELECT * FROM w0" if statements and "RETURNING" in statements[0].text else "SELECT"
    return f"WITH {parts} {returned}", [value for one in (*statements, *last) for value in one.params]


def stored(value: Any) -> Any:
    """Give a value as the database keeps it; PostgreSQL has types of its own."""
    if on_postgresql():
        return value
    match value:
        case datetime():
            return connection.ops.adapt_datetimefield_value(value)
        case date():
            return value.isoformat()
        case timedelta():
            return duration_microseconds(value)
        case UUID():
            return value.hex
    return value
