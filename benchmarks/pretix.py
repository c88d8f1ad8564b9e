"""Scans a second beside pretix's check-in call, sixty-four lanes at once on both.

One run, one database server, one load tool, as many workers, and as many threads as are best for each.

`python -m benchmarks pretix` installs pretix from PyPI into a folder of its own (some minutes and 500 MB;
PRETIX_VENV names a virtual environment to keep), makes a database for it and drops it at the end. It is
no part of `make bench`.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import uuid
from contextlib import contextmanager
from http.client import HTTPConnection
from pathlib import Path
from tempfile import TemporaryDirectory
from time import monotonic, sleep
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import psycopg
from django.utils import timezone

from benchmarks import server, world
from benchmarks.lanes import LANES
from benchmarks.scans import load, scan_of
from ferry.actions.keys import make_api_key
from ferry.models import Checkpoint, KeyKind

if TYPE_CHECKING:
    from collections.abc import Iterator

SCANS, CHECK_INS, WARM_UP = 8000, 640, 128
NAME = "ferryman_bench_pretix"
PATIENCE_S = 120
#: With more of them it is slower: 31 a second with 32, where 4 made 51.
ITS_THREADS = 4
CHECK_IN = "/api/v1/organizers/bench/checkinrpc/redeem/"


def measure() -> None:
    with TemporaryDirectory() as folder:
        python = _installed(Path(os.environ.get("PRETIX_VENV") or f"{folder}/venv"))
        # Before and after, for the machine may not be as quiet at the one as at the other.
        ours = [_scans(SCANS // 2)]
        theirs = _check_ins(python, Path(folder))
        ours.append(_scans(SCANS // 2))
    rate = sum(ours) / len(ours)
    ratio = rate / theirs
    print(f"scans of {LANES} lanes                {rate:>9,.0f} a second")
    print(f"pretix's check-ins               {theirs:>9,.0f} a second: we are {ratio:.1f} times as quick")


def _scans(count: int) -> float:
    checkpoint, at = Checkpoint.objects.get(code="CN-HORGOS"), timezone.now()
    _key, token = make_api_key(kind=KeyKind.DEVICE, label="measured", checkpoint=checkpoint, at=at)
    texts = world.ready_trips(WARM_UP + count)
    world.analyze()
    lines = [json.dumps(scan_of(text)) for text in texts]
    with server.web():
        return _rate("/api/v1/scans/", token, lines)


def _rate(path: str, token: str, lines: list[str], port: int = server.PORT) -> float:
    load(path, token, lines[:WARM_UP], {"201"}, connections=LANES, port=port)
    told = load(path, token, lines[WARM_UP:], {"201"}, connections=LANES, port=port)
    return float((len(lines) - WARM_UP) / told["seconds"])


# --- pretix ------------------------------------------------------------------------------------


def _installed(venv: Path) -> Path:
    python = venv / "bin" / "python"
    if not (venv / "bin" / "gunicorn").exists():
        subprocess.run([sys.executable, "-m", "venv", str(venv)], check=True)
        subprocess.run([python, "-m", "pip", "install", "--quiet", "pretix", "gunicorn"], check=True)
    return python


def _check_ins(python: Path, folder: Path) -> float:
    with _database(), _settings(folder) as env:
        subprocess.run([python, "-m", "pretix", "migrate", "-v0"], env=env, check=True, stdout=sys.stderr)
        command = [python, "-m", "pretix", "shell", "-c", f"COUNT = {WARM_UP + CHECK_INS}\n{WORLD}"]
        ran = subprocess.run(command, env=env, check=True, capture_output=True, text=True)
        made = json.loads(ran.stdout.strip().splitlines()[-1])
        bodies = [
            {"secret": secret, "lists": [made["list"]], "nonce": uuid.uuid4().hex}
            for secret in made["secrets"]
        ]
        with _web(python, env):
            return _rate(CHECK_IN, made["token"], list(map(json.dumps, bodies)), server.PORT + 1)


@contextmanager
def _database() -> Iterator[None]:
    with psycopg.connect(os.environ["DATABASE_URL"], autocommit=True) as connection:
        connection.execute(f"DROP DATABASE IF EXISTS {NAME} WITH (FORCE)")
        connection.execute(f"CREATE DATABASE {NAME}")
        try:
            yield
        finally:
            connection.execute(f"DROP DATABASE {NAME} WITH (FORCE)")


@contextmanager
def _settings(folder: Path) -> Iterator[dict[str, str]]:
    """Set pretix up as its own guide does: PostgreSQL, Redis, and Celery for what need not be waited for."""
    parts = urlsplit(os.environ["DATABASE_URL"])
    written = folder / "pretix.cfg"
    written.write_text(
        f"[pretix]\nurl=http://localhost\ndatadir={folder}/data\n"
        f"[database]\nbackend=postgresql\nname={NAME}\nuser={parts.username or ''}\n"
        f"password={parts.password or ''}\nhost={parts.hostname or ''}\nport={parts.port or 5432}\n"
        f"[redis]\nlocation={os.environ['REDIS_URL']}\n"
        f"[celery]\nbackend={os.environ['REDIS_URL']}\nbroker={os.environ['REDIS_URL']}\n"
        "[django]\nsecret=for-measuring-only\ndebug=off\n"
    )
    (folder / "data").mkdir(exist_ok=True)
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("DJANGO", "DATABASE"))}
    yield {**kept, "PRETIX_CONFIG_FILE": str(written), "DJANGO_SETTINGS_MODULE": "pretix.settings"}


@contextmanager
def _web(python: Path, env: dict[str, str]) -> Iterator[None]:
    workers = ["--workers", str(server.WORKERS), "--threads", str(ITS_THREADS)]
    address = ["--bind", f"127.0.0.1:{server.PORT + 1}", "--log-level", "error"]
    command = [python.with_name("gunicorn"), "pretix.wsgi", *workers, *address]
    process = subprocess.Popen(command, env=env)
    try:
        _wait(server.PORT + 1)
        yield
    finally:
        process.terminate()
        process.wait(30)


def _wait(port: int) -> None:
    until = monotonic() + PATIENCE_S
    while monotonic() < until:
        try:
            connection = HTTPConnection("127.0.0.1", port, timeout=30)
            connection.request("GET", "/healthcheck/", headers={"Host": "localhost"})
            connection.getresponse()
        except OSError:
            sleep(0.2)
        else:
            return
    sys.exit("pretix did not start.")


#: Run by pretix: one event whose tickets are all paid, a check-in list, and a key that may check in.
WORLD = """
import json
from datetime import timedelta
from decimal import Decimal
from django.utils.timezone import now
from django_scopes import scopes_disabled
from pretix.base.models import CheckinList, Event, Item, Order, OrderPosition, Organizer, Team
with scopes_disabled():
    organizer = Organizer.objects.create(name="Bench", slug="bench")
    event = Event.objects.create(organizer=organizer, name="Bench", slug="bench", live=True, currency="EUR",
                                 date_from=now(), date_to=now() + timedelta(days=1))
    item = Item.objects.create(event=event, name="Ticket", default_price=Decimal("10.00"), admission=True)
    checked = CheckinList.objects.create(event=event, name="Gate", all_products=True)
    team = Team.objects.create(organizer=organizer, name="Gate", all_events=True, all_event_permissions=True,
                               all_organizer_permissions=True)
    token = team.tokens.create(name="measured").token
    secrets = []
    for number in range(COUNT):
        order = Order.objects.create(event=event, status="p", total=Decimal("10.00"), email="a@example.com",
                                     locale="en", datetime=now(), expires=now() + timedelta(days=9),
                                     sales_channel=organizer.sales_channels.get(identifier="web"))
        position = OrderPosition.objects.create(order=order, item=item, price=Decimal("10.00"), positionid=1)
        secrets.append(position.secret)
print(json.dumps({"token": token, "list": checked.pk, "secrets": secrets}))
"""
