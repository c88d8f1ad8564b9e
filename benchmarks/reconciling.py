"""Trips reconciled a second with a short and a long history behind the same number due."""

from __future__ import annotations

from time import perf_counter

from django.utils import timezone

from benchmarks import world
from clearance.actions.reconcile import reconcile_all_due
from ferry.models import Trip

DUE = 5000
SHORT, LONG = 10_000, 200_000


def measure() -> None:
    rates = []
    have = 0
    # What another benchmark left due would be counted here.
    Trip.objects.update(next_check_at=None)
    for history in (SHORT, LONG):
        world.ready_trips(history - have)
        world.deliver("discharged", due=False, at=timezone.now())
        have = history + DUE
        world.ready_trips(DUE)
        world.deliver("delivered", due=True, at=timezone.now())
        world.analyze()
        start = perf_counter()
        tally = reconcile_all_due(at=timezone.now())
        rates.append(DUE / (perf_counter() - start))
        if (tally.checked, tally.discharged) != (DUE, DUE):
            raise SystemExit(f"{DUE} trips were due and should have been discharged: {tally}")
        print(f"reconciled with {history:>9,} behind  {rates[-1]:>9,.0f} trips a second")
    print(f"  the long history costs {rates[0] / rates[1]:.2f} times the short one")
