"""Indexes for parts of words, which PostgreSQL needs for long lists and the embedded default does without."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db import ProgrammingError

if TYPE_CHECKING:
    from django.apps.registry import Apps
    from django.db.backends.base.schema import BaseDatabaseSchemaEditor

MISSING = """
The lists are searched with PostgreSQL's extension pg_trgm, which the role of DATABASE_URL may not create.
pg_trgm is a trusted extension: whoever may create objects in the database may create it, so either
    GRANT CREATE ON DATABASE <database> TO <role>;
or have an administrator run, in that database,
    CREATE EXTENSION pg_trgm;
and migrate again. Where the server lacks it, install PostgreSQL's contrib package.
"""

#: Written as ferry.queries.search asks: an expression that differs is not answered by an index.
WORDS = "UPPER(REPLACE(REPLACE(REPLACE({columns}, ' ', ''), '-', ''), '·', ''))"
INDEXES = {
    "vehicle_words": ("ferry_vehicle", WORDS.format(columns="vin || plate || make || model")),
    "vehicle_vin_parts": ("ferry_vehicle", "vin"),
    "driver_words": ("ferry_driver", WORDS.format(columns="name || phone")),
    "declaration_parts": ("ferry_declaration", "number"),
    "declared_vin_parts": ("ferry_declaredvehicle", "vin"),
}
#: A driver is looked for by either of his names, once he has two.
LATIN_NAMES = ("driver_words", "ferry_driver", WORDS.format(columns="name || name_latin || phone"))
#: Columns by themselves answer for a sign or two at the beginning or end of any of them.
ENDS = {
    "vehicle_ends": ("ferry_vehicle", ("plate", "make", "model")),
    "driver_ends": ("ferry_driver", ("name_latin",)),
}


def make(_apps: Apps, editor: BaseDatabaseSchemaEditor) -> None:
    if editor.connection.vendor != "postgresql":
        return
    try:
        editor.execute("CREATE EXTENSION IF NOT EXISTS pg_trgm")
    except ProgrammingError as error:
        raise ProgrammingError(f"{error}\n{MISSING}") from error
    for name, (table, expression) in INDEXES.items():
        _index(editor, name, table, expression)


def drop(_apps: Any, editor: BaseDatabaseSchemaEditor) -> None:
    """Take the indexes away; the extension may serve others."""
    if editor.connection.vendor == "postgresql":
        for name in INDEXES:
            editor.execute(f"DROP INDEX {name}")


def make_with_latin_names(_apps: Any, editor: BaseDatabaseSchemaEditor) -> None:
    _instead(editor, *LATIN_NAMES)


def make_without_latin_names(_apps: Any, editor: BaseDatabaseSchemaEditor) -> None:
    name = LATIN_NAMES[0]
    _instead(editor, name, *INDEXES[name])


def _instead(editor: BaseDatabaseSchemaEditor, name: str, table: str, expression: str) -> None:
    if editor.connection.vendor == "postgresql":
        editor.execute(f"DROP INDEX {name}")
        _index(editor, name, table, expression)


def _index(editor: BaseDatabaseSchemaEditor, name: str, table: str, expression: str) -> None:
    editor.execute(f"CREATE INDEX {name} ON {table} USING gin (({expression}) gin_trgm_ops)")


def make_ends(_apps: Apps, editor: BaseDatabaseSchemaEditor) -> None:
    if editor.connection.vendor == "postgresql":
        for name, (table, columns) in ENDS.items():
            parts = ", ".join(f"{column} gin_trgm_ops" for column in columns)
            editor.execute(f"CREATE INDEX {name} ON {table} USING gin ({parts})")


def drop_ends(_apps: Any, editor: BaseDatabaseSchemaEditor) -> None:
    if editor.connection.vendor == "postgresql":
        for name in ENDS:
            editor.execute(f"DROP INDEX {name}")
