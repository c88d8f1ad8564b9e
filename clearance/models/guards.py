"""What the database itself refuses, whoever asks: to change or remove what is chained.

A migration lays the guards. One that adds a column to a guarded table lays them again (`lay_guards`): SQLite
keeps the guarded columns by name, and makes some tables anew, which drops their triggers.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from django.db.backends.base.base import BaseDatabaseWrapper

#: For each table what is said to whoever tries, and when an update is refused; None: where anything but
#: what MAY_CHANGE names is.
REFUSED = {
    "clearance_chainlink": ("A chain is only added to.", "true"),
    "clearance_chaincheck": ("A check of a chain stays as it was.", "true"),
    "clearance_chain": (
        "A chain is only added to.",
        "NEW.number <= OLD.number OR NEW.place <> OLD.place",
    ),
    "clearance_scan": ("A scan stays as it was; only whether the vehicle was let through may change.", None),
    "clearance_examination": (
        "An examination is decided once and stays as it was.",
        "NOT (OLD.outcome = '' AND NEW.outcome <> '')",
    ),
}
MAY_CHANGE = {"clearance_scan": "passed_at"}
DONE = {"changed": "UPDATE", "deleted": "DELETE", "emptied": "TRUNCATE"}


def guard_name(table: str, done: str) -> str:
    return f"{table}_is_not_{done}"


def guards(vendor: str) -> set[str]:
    """Name the triggers that must be there."""
    return {guard_name(table, done) for table in REFUSED for done in _done(vendor)}


def guards_laid(connection: BaseDatabaseWrapper) -> set[str]:
    """Name the triggers that are there and awake."""
    with connection.cursor() as cursor:
        cursor.execute(LAID_ON_POSTGRESQL if connection.vendor == "postgresql" else LAID_ON_SQLITE)
        return {name for (name,) in cursor.fetchall()} & guards(connection.vendor)


LAID_ON_POSTGRESQL = "SELECT tgname FROM pg_trigger WHERE NOT tgisinternal AND tgenabled IN ('O', 'A')"
LAID_ON_SQLITE = "SELECT name FROM sqlite_master WHERE type = 'trigger'"


def lay_guards(connection: BaseDatabaseWrapper) -> None:
    """Lay every guard, in place of those that are there."""
    lift_guards(connection)
    with connection.cursor() as cursor:
        for statement in _on_postgresql() if connection.vendor == "postgresql" else _on_sqlite(connection):
            cursor.execute(statement)


def lift_guards(connection: BaseDatabaseWrapper) -> None:
    """For migrations alone."""
    with connection.cursor() as cursor:
        for table in REFUSED:
            for done in _done(connection.vendor):
                on_table = f" ON {table}" if connection.vendor == "postgresql" else ""
                cursor.execute(f"DROP TRIGGER IF EXISTS {guard_name(table, done)}{on_table}")


def _done(vendor: str) -> list[str]:
    return [done for done in DONE if done != "emptied" or vendor == "postgresql"]


def _on_postgresql() -> Iterator[str]:
    yield POSTGRESQL
    for table, (said, refused) in REFUSED.items():
        call = f"EXECUTE FUNCTION clearance_refuses('{said}')"
        if refused is None:
            free = MAY_CHANGE[table]
            refused = f"to_jsonb(OLD) - '{free}' IS DISTINCT FROM to_jsonb(NEW) - '{free}'"
        changed, deleted, emptied = (guard_name(table, done) for done in DONE)
        yield f"CREATE TRIGGER {changed} BEFORE UPDATE ON {table} FOR EACH ROW WHEN ({refused}) {call}"
        yield f"CREATE TRIGGER {deleted} BEFORE DELETE ON {table} FOR EACH ROW {call}"
        yield f"CREATE TRIGGER {emptied} BEFORE TRUNCATE ON {table} FOR EACH STATEMENT {call}"


POSTGRESQL = """
CREATE OR REPLACE FUNCTION clearance_refuses() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN RAISE EXCEPTION '%', TG_ARGV[0] USING ERRCODE = 'restrict_violation'; END $$
"""


def _on_sqlite(connection: BaseDatabaseWrapper) -> Iterator[str]:
    for table, (said, refused) in REFUSED.items():
        abort = f"BEGIN SELECT RAISE(ABORT, '{said}'); END"
        refused = refused or " OR ".join(
            f"OLD.{column} IS NOT NEW.{column}" for column in _columns(connection, table)
        )
        changed, deleted = (guard_name(table, done) for done in _done("sqlite"))
        yield f"CREATE TRIGGER {changed} BEFORE UPDATE ON {table} WHEN {refused} {abort}"
        yield f"CREATE TRIGGER {deleted} BEFORE DELETE ON {table} {abort}"


def _columns(connection: BaseDatabaseWrapper, table: str) -> list[str]:
    with connection.cursor() as cursor:
        described = connection.introspection.get_table_description(cursor, table)
    return [column.name for column in described if column.name != MAY_CHANGE[table]]
