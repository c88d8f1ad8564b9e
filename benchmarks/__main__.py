"""Measure Ferryman on PostgreSQL with durable commits and print ratios, all from one run.

`python -m benchmarks` makes a database of its own beside the one DATABASE_URL names
(postgres://root@127.0.0.1:5432/postgres by default), fills it, and drops it at the end. Calls are counted in
Redis, as in production: REDIS_URL, redis://127.0.0.1:6379/15 by default.
`python -m benchmarks workers` measures four workers that reconcile beside one, in a minute or two.
`python -m benchmarks pretix` measures beside pretix, which it installs for that (see benchmarks/pretix.py).
`python -m benchmarks roster` measures rosters on the embedded default, SQLite in a folder of its own.
`python -m benchmarks phone` measures a driver's first visit on a slow phone with a slow line, in Chromium.
"""

from __future__ import annotations

import os
import subprocess
import sys
from tempfile import TemporaryDirectory
from urllib.parse import urlsplit

from redis import Redis
from redis.exceptions import RedisError

SERVER = os.environ.get("DATABASE_URL", "postgres://root@127.0.0.1:5432/postgres")
REDIS = os.environ.get("REDIS_URL", "redis://127.0.0.1:6379/15")
NAME = "ferryman_bench"


def main() -> None:
    if sys.argv[1:] == ["roster"]:
        on_sqlite()
        return
    if sys.argv[1:] == ["phone"]:
        on_a_phone()
        return
    on_postgresql()
    if not sys.argv[1:]:
        subprocess.run([sys.executable, "-m", "benchmarks", "roster"], check=True)


def on_a_phone() -> None:
    from benchmarks import phone

    phone.measure()


def on_sqlite() -> None:
    with TemporaryDirectory() as folder:
        os.environ["DATABASE_URL"] = os.environ["REDIS_URL"] = ""
        os.environ["DATA_DIR"] = folder
        quiet_settings()
        for command in ("migrate", "standard_data"):
            subprocess.run(
                [sys.executable, "manage.py", command, "-v0"], check=True, stdout=subprocess.DEVNULL
            )
        import django

        django.setup()

        from benchmarks import roster

        roster.measure()


def on_postgresql() -> None:
    parts = urlsplit(SERVER)
    if not parts.scheme.startswith("postgres"):
        sys.exit("Set DATABASE_URL to a PostgreSQL server: these figures mean nothing on SQLite.")
    try:
        Redis.from_url(REDIS).ping()
    except (RedisError, ValueError) as error:
        sys.exit(f"Set REDIS_URL to a Redis server, as production has one: {error}")
    os.environ["REDIS_URL"] = REDIS
    os.environ["DATABASE_URL"] = parts._replace(path=f"/{NAME}").geturl()
    quiet_settings()

    from benchmarks.server import fresh_database

    with fresh_database(SERVER, NAME):
        import django

        django.setup()

        from benchmarks import (
            camera,
            codes,
            history,
            lanes,
            lists,
            offline,
            pretix,
            reconciling,
            scans,
            workers,
        )

        wanted = sys.argv[1:] or [
            "codes",
            "lanes",
            "scans",
            "camera",
            "reconciling",
            "lists",
            "offline",
            "history",
        ]
        for name, measure in {
            "codes": codes.measure,
            "lanes": lanes.measure,
            "scans": scans.measure,
            "camera": camera.measure,
            "pretix": pretix.measure,
            "reconciling": reconciling.measure,
            "history": history.measure,
            "workers": workers.measure,
            "lists": lists.measure,
            "offline": offline.measure,
        }.items():
            if name in wanted:
                measure()


def quiet_settings() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "ferry.settings")
    os.environ["DEBUG"] = "0"
    os.environ.setdefault("SECRET_KEY", "for-measuring-only-" + "0" * 32)
    os.environ.setdefault("DATA_KEYS", "for-measuring-only-" + "1" * 32)
    os.environ.setdefault("SITE_URL", "http://localhost:8765")
    os.environ["OFFICERS_NEED_MFA"] = "0"
    os.environ["THROTTLE_KEY"] = "100000000/min"
    os.environ["LOG_LEVEL"] = "ERROR"


if __name__ == "__main__":
    main()
