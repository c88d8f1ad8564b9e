"""What the database itself refuses, whoever asks: to change or remove rows that are only ever added.

A migration lays the guards. One that adds a column to a guarded table lays them again (`lay_guards`): SQLite
keeps the guarded columns by name, and makes some tables anew, which drops their triggers.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from django.db.backends.base.base import BaseDatabaseWrapper

DONE = {"changed": "UPDATE", "deleted": "DELETE", "emptied": "TRUNCATE"}


@dataclass(frozen=True)
class Guard:
    """What is `said` to whoever deletes a row of a table or empties it, or changes a row.

    A change is refused where `refused` holds, SQL about OLD and NEW; without it, where anything changes but
    the columns that `may_change` names.
    """

    table: str
    said: str
    refused: str = ""
    may_change: tuple[str, ...] = ()

    def name(self, done: str) -> str:
        return f"{self.table}_is_not_{done}"


GUARDS = (
    Guard(
        "ferry_tripevent",
        "What happened to a trip is only added to; only that it was announced may change.",
        may_change=("announced_at",),
    ),
    Guard(
        "ferry_casestep",
        "A step of a case stays as it was; only its announcement and its letter may be seen off.",
        may_change=("announced_at", "mail_due_at", "mail_tries", "mailed_at"),
    ),
)


def guard_names(vendor: str, guards: Sequence[Guard] = GUARDS) -> set[str]:
    """Name the triggers that must be there."""
    return {guard.name(done) for guard in guards for done in _done(vendor)}


def guards_laid(connection: BaseDatabaseWrapper, guards: Sequence[Guard] = GUARDS) -> set[str]:
    """Name the triggers that are there and awake."""
    with connection.cursor() as cursor:
        cursor.execute(LAID_ON_POSTGRESQL if connection.vendor == "postgresql" else LAID_ON_SQLITE)
        return {name for (name,) in cursor.fetchall()} & guard_names(connection.vendor, guards)


LAID_ON_POSTGRESQL = "SELECT tgname FROM pg_trigger WHERE NOT tgisinternal AND tgenabled IN ('O', 'A')"
LAID_ON_SQLITE = "SELECT name FROM sqlite_master WHERE type = 'trigger'"


def lay_guards(connection: BaseDatabaseWrapper, guards: Sequence[Guard] = GUARDS) -> None:
    """Lay every guard, in place of those that are there."""
    lift_guards(connection, guards)
    laid = _on_postgresql(guards) if connection.vendor == "postgresql" else _on_sqlite(connection, guards)
    with connection.cursor() as cursor:
        for statement in laid:
            cursor.execute(statement)


def lift_guards(connection: BaseDatabaseWrapper, guards: Sequence[Guard] = GUARDS) -> None:
    """For migrations alone."""
    with connection.cursor() as cursor:
        for guard in guards:
            for done in _done(connection.vendor):
                on_table = f" ON {guard.table}" if connection.vendor == "postgresql" else ""
                cursor.execute(f"DROP TRIGGER IF EXISTS {guard.name(done)}{on_table}")


def _done(vendor: str) -> list[str]:
    return [done for done in DONE if done != "emptied" or vendor == "postgresql"]


def _on_postgresql(guards: Sequence[Guard]) -> Iterator[str]:
    yield POSTGRESQL
    for guard in guards:
        call = f"EXECUTE FUNCTION ferry_refuses('{guard.said}')"
        free = "".join(f" - '{column}'" for column in guard.may_change)
        refused = guard.refused or f"to_jsonb(OLD){free} IS DISTINCT FROM to_jsonb(NEW){free}"
        changed, deleted, emptied = (guard.name(done) for done in DONE)
        yield f"CREATE TRIGGER {changed} BEFORE UPDATE ON {guard.table} FOR EACH ROW WHEN ({refused}) {call}"
        yield f"CREATE TRIGGER {deleted} BEFORE DELETE ON {guard.table} FOR EACH ROW {call}"
        yield f"CREATE TRIGGER {emptied} BEFORE TRUNCATE ON {guard.table} FOR EACH STATEMENT {call}"


POSTGRESQL = """
CREATE OR REPLACE FUNCTION ferry_refuses() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN RAISE EXCEPTION '%', TG_ARGV[0] USING ERRCODE = 'restrict_violation'; END $$
"""


def _on_sqlite(connection: BaseDatabaseWrapper, guards: Sequence[Guard]) -> Iterator[str]:
    for guard in guards:
        abort = f"BEGIN SELECT RAISE(ABORT, '{guard.said}'); END"
        refused = guard.refused or " OR ".join(
            f"OLD.{column} IS NOT NEW.{column}" for column in _columns(connection, guard)
        )
        changed, deleted = (guard.name(done) for done in _done("sqlite"))
        yield f"CREATE TRIGGER {changed} BEFORE UPDATE ON {guard.table} WHEN {refused} {abort}"
        yield f"CREATE TRIGGER {deleted} BEFORE DELETE ON {guard.table} {abort}"


def _columns(connection: BaseDatabaseWrapper, guard: Guard) -> list[str]:
    with connection.cursor() as cursor:
        described = connection.introspection.get_table_description(cursor, guard.table)
    return [f'"{column.name}"' for column in described if column.name not in guard.may_change]
