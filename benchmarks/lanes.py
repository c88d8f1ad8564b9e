"""Sixty-four lanes at once: every vehicle released exactly once, and the chains whole at the end.

The lanes stand at every checkpoint where vehicles leave China. Each code is shown in two lanes, one right
after the other, as a copied code would be: the second one must be refused.
"""

from __future__ import annotations

import json
import sys
import uuid
from typing import Any

from django.db.models import Count
from django.utils import timezone

from benchmarks import server, world
from benchmarks.scans import PGBENCH, load, pgbench
from clearance.actions.chain import check_chains
from clearance.models import Scan, Verdict
from ferry.actions.keys import make_api_key
from ferry.models import KeyKind, Route, Trip

LANES, EACH, WARM_UP = 64, 800, 40


def measure() -> None:
    routes = list(Route.objects.select_related("exit").order_by("code"))
    lines = [line for route in routes for line in _lines(route, WARM_UP)]
    of_route = [_lines(route, EACH) for route in routes]
    # All checkpoints at once, and the two scans of one code beside each other.
    shown = [line for pairs in zip(*map(_pairs, of_route), strict=True) for pair in pairs for line in pair]
    first = Trip.objects.count()
    world.ready_trips(PGBENCH)
    world.analyze()
    with server.web():
        load("/api/v1/scans/", "-", lines, {"201"}, connections=LANES)
        told = load("/api/v1/scans/", "-", shown, {"201"}, connections=LANES)
    _insist_on_once((WARM_UP + EACH) * len(routes))
    # Afterwards, for pgbench's rows have no links.
    limit = pgbench(first=first)
    ms, rate = sorted(told["ms"]), len(shown) / told["seconds"]
    print(f"{LANES} lanes, {len(routes)} checkpoints {rate:>9,.0f} a second = {rate / limit:.1%} of pgbench")
    print(f"  p50 {ms[len(ms) // 2]:.0f} ms, p99 {ms[len(ms) * 99 // 100]:.0f} ms, at most {ms[-1]:.0f} ms")


def _lines(route: Route, count: int) -> list[str]:
    """Make vehicles and what two lanes send about each, with the key of the checkpoint."""
    at = timezone.now()
    _key, token = make_api_key(kind=KeyKind.DEVICE, label="measured", checkpoint=route.exit, at=at)
    texts = world.ready_trips(count, route.code)
    bodies = [_scan(text, route.exit.code, lane) for text in texts for lane in ("1", "2")]
    return [f"{token} {json.dumps(body)}" for body in bodies]


def _scan(text: str, checkpoint: str, lane: str) -> dict[str, Any]:
    return {"scan_id": str(uuid.uuid4()), "code": text, "checkpoint": checkpoint, "lane": lane}


def _pairs(lines: list[str]) -> list[tuple[str, str]]:
    return list(zip(lines[::2], lines[1::2], strict=True))


def _insist_on_once(vehicles: int) -> None:
    """End where a vehicle was released twice or not at all, a scan is not kept, or a chain is not whole."""
    passed = Scan.objects.filter(passed_at__isnull=False)
    kept = dict(Scan.objects.values_list("verdict").annotate(Count("pk")))
    if kept != {Verdict.RELEASE: vehicles, Verdict.REFUSE: vehicles}:
        sys.exit(f"Of {vehicles} vehicles, each shown twice, this became: {kept}")
    if passed.values("trip").distinct().count() != vehicles or passed.count() != vehicles:
        sys.exit("A vehicle was let through twice.")
    faults = sum(check.faults for check in check_chains(at=timezone.now()))
    if faults:
        sys.exit(f"The chains are not whole: {faults} faults.")
    print(f"{vehicles:,} vehicles, each shown in two lanes at once: each released once; the chains are whole")
