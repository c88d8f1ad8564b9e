"""Four workers that reconcile beside one, on the same trips, and what their connections wait for meanwhile.

A worker and its connection take turns, so one worker keeps one core busy, and two cores can be twice as quick
at the most. Every worker has begun, is connected and has run its statements once before the clock starts.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections import Counter
from threading import Event, Thread
from time import perf_counter
from typing import Any

from django.db import connection, connections
from django.utils import timezone

from benchmarks import world
from ferry.models import Trip

WORKERS, TRIPS, ROUNDS = 4, 40_000, 3
#: Of these each worker takes some before the clock starts.
FIRST = 500
SAMPLE_S = 0.02


def measure() -> None:
    world.lay_ready(TRIPS + WORKERS * FIRST)
    world.deliver("delivered", due=True, at=timezone.now())
    compare()


def compare() -> None:
    """Let one and four take the same trips in turn; the best round of each counts."""
    rates: dict[int, float] = {1: 0, WORKERS: 0}
    waits: dict[int, Counter[str]] = {}
    for _round in range(ROUNDS):
        for count in rates:
            rate, seen = _rate_of(count)
            if rate > rates[count]:
                rates[count], waits[count] = rate, seen
    for count, rate in rates.items():
        print(f"{count} worker{'s' * (count > 1)}, each a process {rate:>12,.0f} trips a second")
        print(f"  their connections: {_shares(waits[count])}")
    quicker = rates[WORKERS] / rates[1]
    print(f"  {WORKERS} workers are {quicker:.2f} times as quick, on {os.cpu_count()} cores")


def _rate_of(count: int) -> tuple[float, Counter[str]]:
    """Have so many workers assess the last trips, and insist that each was assessed once."""
    some = list(Trip.objects.order_by("-pk").values_list("pk", flat=True)[: TRIPS + count * FIRST])
    Trip.objects.update(next_check_at=None)
    Trip.objects.filter(pk__in=some).update(next_check_at=timezone.now())
    # What the last round left behind is not this one's.
    world.analyze()
    workers = [
        subprocess.Popen(
            [sys.executable, "-c", WORKER], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        for _worker in range(count)
    ]
    checked = sum(int(_line_of(worker)) for worker in workers)
    with Watch() as watch:
        start = perf_counter()
        for worker in workers:
            _tell(worker)
        checked += sum(int(_line_of(worker)) for worker in workers)
        took = perf_counter() - start
    for worker in workers:
        worker.communicate()
    if checked != len(some):
        sys.exit(f"This cannot be measured: {len(some)} trips were due, and {checked} were assessed.")
    return (len(some) - count * FIRST) / took, watch.seen


def _line_of(worker: subprocess.Popen[str]) -> str:
    assert worker.stdout
    return worker.stdout.readline()


def _tell(worker: subprocess.Popen[str]) -> None:
    assert worker.stdin
    worker.stdin.write("go\n")
    worker.stdin.flush()


#: A worker assesses its first trips, says so, waits for the word, and says when nothing is due any more.
WORKER = f"""
import django
django.setup()
from django.utils import timezone
from clearance.actions.reconcile import reconcile_all_due, reconcile_due
from ferry.heap import freeze
freeze()
print(reconcile_due(at=timezone.now(), limit={FIRST}).checked, flush=True)
input()
print(reconcile_all_due(at=timezone.now()).checked, flush=True)
"""


class Watch:
    """See now and then what the workers' connections wait for, from a connection of its own."""

    SEEN = """
    SELECT coalesce(wait_event_type || ' ' || wait_event, 'at work') FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid() AND state <> 'idle'
    """

    def __enter__(self) -> Watch:
        self.seen: Counter[str] = Counter()
        self.is_over = Event()
        self.thread = Thread(target=self._look)
        self.thread.start()
        return self

    def __exit__(self, *_error: Any) -> None:
        self.is_over.set()
        self.thread.join()

    def _look(self) -> None:
        try:
            while not self.is_over.wait(SAMPLE_S):
                with connection.cursor() as cursor:
                    cursor.execute(self.SEEN)
                    self.seen.update(row[0] for row in cursor.fetchall())
        finally:
            connections.close_all()


def _shares(seen: Counter[str]) -> str:
    """Say what share of the time was what; at `Client ClientRead` it is the worker that works."""
    total = max(seen.total(), 1)
    return " · ".join(f"{name} {count / total:.0%}" for name, count in seen.most_common(5))
