"""Scans a second over HTTP, single and in batches, beside pgbench doing the same row work."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import uuid
from datetime import timedelta
from pathlib import Path
from shutil import which
from typing import Any

from django.utils import timezone

from benchmarks import server, world
from ferry.actions.keys import make_api_key
from ferry.models import Checkpoint, KeyKind, Trip

SINGLE, BATCHES, BATCH, PGBENCH = 4000, 20, 500, 8000
WARM_UP = 400
CONNECTIONS, BATCH_CONNECTIONS = 8, 4
ROW_WORK = Path(__file__).with_name("scan.sql")


def measure() -> None:
    checkpoint = Checkpoint.objects.get(code="CN-HORGOS")
    _key, token = make_api_key(
        kind=KeyKind.DEVICE, label="measured", checkpoint=checkpoint, at=timezone.now()
    )
    texts = world.ready_trips(WARM_UP + SINGLE + BATCH * (BATCHES + 2))
    first = Trip.objects.count()
    world.ready_trips(2 * PGBENCH)
    world.analyze()
    single, batches = texts[: WARM_UP + SINGLE], texts[WARM_UP + SINGLE :]
    # Before and after, for the machine may not be as quiet at the one as at the other.
    limits = [pgbench(first=first)]
    with server.web():
        _load("/api/v1/scans/", token, [scan_of(text) for text in single[:WARM_UP]], "201")
        scans = _load("/api/v1/scans/", token, [scan_of(text) for text in single[WARM_UP:]], "201")
        bodies = [
            {"scans": [_offline(text) for text in batches[start : start + BATCH]]}
            for start in range(0, len(batches), BATCH)
        ]
        _load("/api/v1/scans/batch/", token, bodies[:2], "200", connections=BATCH_CONNECTIONS)
        batch = _load("/api/v1/scans/batch/", token, bodies[2:], "200", connections=BATCH_CONNECTIONS)
    limits.append(pgbench(first=first + PGBENCH))
    limit = sum(limits) / len(limits)
    ms = sorted(scans["ms"])
    rate, batch_rate = SINGLE / scans["seconds"], BATCHES * BATCH / batch["seconds"]
    print(f"pgbench, the same row work       {limit:>9,.0f} a second")
    print(f"scans over HTTP                  {rate:>9,.0f} a second = {rate / limit:.1%} of pgbench")
    print(f"  p50 {ms[len(ms) // 2]:.1f} ms, p99 {ms[len(ms) * 99 // 100]:.1f} ms, {CONNECTIONS} connections")
    print(f"scans in batches of {BATCH}          {batch_rate:>9,.0f} a second = {batch_rate / limit:.1%}")


def scan_of(text: str) -> dict[str, Any]:
    return {"scan_id": str(uuid.uuid4()), "code": text, "checkpoint": "CN-HORGOS", "lane": "1"}


def _offline(text: str) -> dict[str, Any]:
    scanned_at = timezone.now() - timedelta(minutes=10)
    offline = {"verdict": "release", "list_age_s": 600}
    return {**scan_of(text), "scanned_at": scanned_at.isoformat(), "offline": offline}


def _load(
    path: str, token: str, bodies: list[dict[str, Any]], status: str, *, connections: int = CONNECTIONS
) -> dict[str, Any]:
    return load(path, token, list(map(json.dumps, bodies)), {status}, connections=connections)


def load(
    path: str,
    token: str,
    lines: list[str],
    statuses: set[str],
    *,
    connections: int,
    port: int = server.PORT,
) -> dict[str, Any]:
    """Send it all and give how long it took; end where an answer has another status."""
    command = [sys.executable, "-m", "benchmarks.load", str(port), path, token, str(connections)]
    ran = subprocess.run(command, input="\n".join(lines), capture_output=True, text=True, check=True)
    answer: dict[str, Any] = json.loads(ran.stdout)
    if set(answer["statuses"]) - statuses:
        sys.exit(f"{path} answered {answer['statuses']}")
    return answer


def pgbench(*, first: int) -> float:
    """Let pgbench do for each of its trips what a released exit does to rows; give transactions a second."""
    binary = which("pgbench") or next(iter(sorted(Path("/usr/lib/postgresql").glob("*/bin/pgbench"))), None)
    if binary is None:
        sys.exit("pgbench is not installed; it comes with PostgreSQL's server package.")
    each = PGBENCH // CONNECTIONS
    command = [
        *(
            str(binary),
            "-n",
            "-M",
            "prepared",
            "-f",
            str(ROW_WORK),
            "-D",
            f"first={first}",
            "-D",
            f"each={each}",
        ),
        *("-D", "done=0", "-c", str(CONNECTIONS), "-j", "2", "-t", str(each), os.environ["DATABASE_URL"]),
    ]
    ran = subprocess.run(command, capture_output=True, text=True)
    found = re.search(r"tps = ([\d.]+)", ran.stdout)
    if ran.returncode or found is None:
        sys.exit(ran.stdout + ran.stderr)
    return float(found[1])
