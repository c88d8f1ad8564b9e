"""Indexes that PostgreSQL has beside those of the models, and the embedded default does without."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from django.apps.registry import Apps
    from django.db.backends.base.schema import BaseDatabaseSchemaEditor

#: Only scans with reasons are in it, so that one which releases costs nothing; clearance.queries.scan_search
#: asks in the same words.
SCAN_TOLD = (
    "CREATE INDEX scan_told ON clearance_scan USING gin (reasons jsonb_path_ops) WHERE reasons <> '[]'::jsonb"
)


def index_reasons(_apps: Apps, editor: BaseDatabaseSchemaEditor) -> None:
    if editor.connection.vendor == "postgresql":
        editor.execute(SCAN_TOLD)


def drop_reasons(_apps: Apps, editor: BaseDatabaseSchemaEditor) -> None:
    if editor.connection.vendor == "postgresql":
        editor.execute("DROP INDEX scan_told")


#: PostgreSQL alone finds parts of numbers by index; ferry's migrations have made the extension.
PARTS = ("vin", "source_reference", "declaration_number")


def index_parts(_apps: Apps, editor: BaseDatabaseSchemaEditor) -> None:
    if editor.connection.vendor == "postgresql":
        for column in PARTS:
            editor.execute(
                f"CREATE INDEX record_{column}_parts ON clearance_record USING gin ({column} gin_trgm_ops)"
            )


def drop_parts(_apps: Apps, editor: BaseDatabaseSchemaEditor) -> None:
    if editor.connection.vendor == "postgresql":
        for column in PARTS:
            editor.execute(f"DROP INDEX record_{column}_parts")
