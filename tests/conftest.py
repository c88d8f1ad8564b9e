"""What every test stands on: its own cache, quick passwords, and the standard data where it is asked for."""

from __future__ import annotations

import shutil
import uuid
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from django.contrib.auth.models import Permission
from django.contrib.contenttypes.models import ContentType
from django.db import connection, connections, transaction
from django.test import TransactionTestCase
from django.utils import translation

from clearance.actions.standard import lay_standard_data
from tests.builders import AT, BY

if TYPE_CHECKING:
    from collections.abc import Iterator

pytest_plugins = ["tests.plugins"]


@pytest.fixture(autouse=True)
def _own_cache(request: pytest.FixtureRequest, settings: Any, tmp_path: Path) -> None:
    """Give each test a cache of its own, so that no throttle or cached key leaks into the next one.

    One marked `once` gets a cache that refuses everything: what it says must hold with any cache.
    """
    if request.node.get_closest_marker("once"):
        settings.CACHES = {"default": {"BACKEND": "tests.no_cache.NoCache"}}
        return
    cache = dict(settings.CACHES["default"])
    if cache["BACKEND"].endswith("FileBasedCache"):
        cache["LOCATION"] = tmp_path / "cache"
    settings.CACHES = {"default": {**cache, "KEY_PREFIX": uuid.uuid4().hex}}


@pytest.fixture(autouse=True)
def _own_language() -> Iterator[None]:
    """Let no test speak the language that the last page of the one before was written in."""
    yield
    translation.deactivate()


@pytest.fixture(autouse=True)
def _own_files(settings: Any, tmp_path: Path) -> None:
    settings.MEDIA_ROOT = tmp_path / "media"


@pytest.fixture(autouse=True)
def _plain_parts(settings: Any) -> None:
    """Hash passwords quickly and serve static files under their own names."""
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    settings.STORAGES = {
        **settings.STORAGES,
        "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
    }


@pytest.fixture(scope="session")
def django_db_keepdb(
    request: pytest.FixtureRequest, django_db_modify_db_settings: None, django_db_keepdb: bool
) -> Iterator[bool]:
    """Begin on SQLite with a copy of what was migrated once, which is then kept as it is."""
    if connection.vendor != "sqlite":
        yield django_db_keepdb
        return
    database = Path(connection.settings_dict["TEST"]["NAME"])
    shutil.copy(request.getfixturevalue("migrated"), database)
    yield True
    connections.close_all()
    for each in database.parent.glob(f"{database.name}*"):
        each.unlink()


#: What forbids to empty a table: on SQLite by deleting its rows, on PostgreSQL by TRUNCATE.
FORBIDS = {
    "sqlite": """SELECT name, sql, tbl_name FROM sqlite_master
        WHERE type = 'trigger' AND name LIKE '%_is_not_deleted'""",
    "postgresql": """SELECT tgname, pg_get_triggerdef(oid), tgrelid::regclass FROM pg_trigger
        WHERE tgname LIKE '%_is_not_emptied'""",
}


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None, django_db_blocker: Any) -> dict[str, str]:
    """Let tests empty tables, as they do after each that commits; give what forbade it, by name."""
    with django_db_blocker.unblock(), connection.cursor() as cursor:
        cursor.execute(FORBIDS[connection.vendor])
        forbidding = cursor.fetchall()
        for name, _sql, table in forbidding:
            cursor.execute(f"DROP TRIGGER {name}{f' ON {table}' * (connection.vendor == 'postgresql')}")
    return {name: sql for name, sql, _table in forbidding}


@pytest.fixture(scope="session", autouse=True)
def _quickly_emptied() -> Iterator[None]:
    """After each test that commits, empty what it filled: Django makes a hundred tables anew."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(TransactionTestCase, "_fixture_teardown", empty)
        yield


def empty(test: TransactionTestCase) -> None:
    for name in test._databases_names(include_mirrors=False):
        with transaction.atomic(using=name), connections[name].cursor() as cursor:
            tables = filled(cursor)
            # Triggers keep what may not be deleted; references are looked at when all are gone.
            if connections[name].vendor == "postgresql":
                each(cursor, "ALTER TABLE {} DISABLE TRIGGER USER", tables)
            each(cursor, "DELETE FROM {}", tables)
            if connections[name].vendor == "postgresql":
                cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
                each(cursor, "ALTER TABLE {} ENABLE TRIGGER USER", tables)


def filled(cursor: Any) -> list[str]:
    """Name the tables that hold rows, but for those that migrating fills."""
    tables = set(cursor.db.introspection.django_table_names(include_views=False)) - MIGRATED
    one = "SELECT '{0}' WHERE EXISTS (SELECT 1 FROM {0})"
    cursor.execute(" UNION ALL ".join(one.format(table) for table in sorted(tables)))
    return [table for (table,) in cursor.fetchall()]


def each(cursor: Any, statement: str, tables: list[str]) -> None:
    for table in tables:
        cursor.execute(statement.format(table))


#: Django writes them for every model, and a flush would write them once more.
MIGRATED = {ContentType._meta.db_table, Permission._meta.db_table}


@pytest.fixture
def standard_data(db: None) -> None:
    lay_standard_data(at=AT, by=BY)
