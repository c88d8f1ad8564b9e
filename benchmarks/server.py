"""A database to measure on, and the real server before it."""

from __future__ import annotations

import os
import subprocess
import sys
from contextlib import contextmanager
from http.client import HTTPConnection
from time import monotonic, sleep
from typing import TYPE_CHECKING

import psycopg

if TYPE_CHECKING:
    from collections.abc import Iterator

PORT = 8765
WORKERS, THREADS = 2, 32
PATIENCE_S = 30


@contextmanager
def fresh_database(server: str, name: str) -> Iterator[None]:
    """Make an empty database with commits as durable as in production; drop it afterwards."""
    with psycopg.connect(server, autocommit=True) as connection:
        for setting in ("fsync", "synchronous_commit", "full_page_writes"):
            row = connection.execute(f"SHOW {setting}").fetchone()
            if row is None or row[0] != "on":
                sys.exit(
                    f"PostgreSQL runs with {setting} off: commits are not durable, so this would flatter."
                )
        connection.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
        connection.execute(f"CREATE DATABASE {name}")
    try:
        subprocess.run([sys.executable, "manage.py", "migrate", "-v0"], check=True)
        subprocess.run([sys.executable, "manage.py", "standard_data"], check=True, stdout=subprocess.DEVNULL)
        yield
    finally:
        from django.db import connections

        connections.close_all()
        with psycopg.connect(server, autocommit=True) as connection:
            connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


@contextmanager
def web() -> Iterator[None]:
    """Run the server as production does."""
    command = [
        *(sys.executable, "-m", "granian", "--interface", "wsgi", "--no-ws", "--log-level", "warning"),
        *("--workers", str(WORKERS), "--blocking-threads", str(THREADS), "--port", str(PORT)),
        "ferry.wsgi:application",
    ]
    process = subprocess.Popen(command, env=os.environ)
    try:
        _wait()
        yield
    finally:
        process.terminate()
        process.wait(10)


def _wait() -> None:
    until = monotonic() + PATIENCE_S
    while monotonic() < until:
        try:
            connection = HTTPConnection("127.0.0.1", PORT, timeout=5)
            connection.request("GET", "/healthz/", headers={"Host": "localhost"})
            if connection.getresponse().status < 500:
                return
        except OSError:
            sleep(0.1)
    sys.exit("The server did not start.")
