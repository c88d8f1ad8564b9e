"""A million trips with five million scans and records, assessed from nothing beside SQL that counts them.

Then all again, which changes nothing; ten thousand due among a million beside as many among twenty thousand;
and four workers beside one. HISTORY says how many trips, where there is no time for a million.
"""

from __future__ import annotations

import os
import resource
import sys
from time import perf_counter
from typing import Any

from django.db import connection
from django.utils import timezone

from benchmarks import workers, world
from clearance.actions.reconcile import Tally, reconcile_all_due
from ferry.heap import freeze
from ferry.models import Trip

TRIPS = int(os.environ.get("HISTORY", "1000000"))
DUE = min(10_000, TRIPS // 4)
#: So many are assessed a second time.
AGAIN = min(40_000, TRIPS // 2)


def measure() -> None:
    freeze()
    few = _due_among_few()
    world.lay_ready(TRIPS - Trip.objects.count())
    world.deliver("delivered", due=True, at=timezone.now())
    Trip.objects.update(next_check_at=timezone.now(), outcome="waiting", assessed_at=None)
    world.analyze()
    counted = {
        (rows, helpers): _counted(statement, helpers)
        for rows, statement in (("all rows that are read", COUNT_ALL), ("trips' own rows", COUNT_OWN))
        for helpers in (0, 2)
    }
    rate = _assessed()
    for (rows, helpers), quickest in counted.items():
        print(f"one SQL statement that counts {rows}, {helpers} helpers {quickest:>12,.0f} trips a second")
        print(f"  assessing is {rate / quickest:.1%} of it")
    _all_again()
    _due_among_many(few)
    workers.compare()


def _assessed() -> float:
    start, before = perf_counter(), _peak_mb()
    total = reconcile_all_due(at=timezone.now(), tell=_tell)
    rate = total.checked / (perf_counter() - start)
    _insist(total.checked == TRIPS, f"{TRIPS} trips were due, and {total.checked} were assessed")
    print(f"{TRIPS:,} trips assessed from nothing {rate:>12,.0f} trips a second, one worker")
    print(f"  peak memory {before:.0f} -> {_peak_mb():.0f} MB")
    return rate


def _tell(so_far: Tally) -> None:
    if sys.stderr.isatty():
        print(f"\r{so_far.checked:>12,} of {TRIPS:,}", end="", file=sys.stderr)


#: The rows of a trip alone: itself, its passes, scans, records and receipt, and its declaration.
COUNT_OWN = """
SELECT count(*), sum(scans), sum(records), count(receipt.id), count(declaration.closed_at)
FROM ferry_trip trip
JOIN ferry_declaration declaration ON declaration.id = trip.declaration_id
JOIN ferry_vehicle vehicle ON vehicle.id = trip.vehicle_id
JOIN (SELECT trip_id, count(*) AS passes FROM ferry_pass GROUP BY trip_id) pass ON pass.trip_id = trip.id
LEFT JOIN (SELECT trip_id, count(*) AS scans, min(passed_at) FROM clearance_scan GROUP BY trip_id) scan
    ON scan.trip_id = trip.id
LEFT JOIN (SELECT trip_id, count(*) AS records, min(occurred_at) FROM clearance_record GROUP BY trip_id)
    AS record ON record.trip_id = trip.id
LEFT JOIN ferry_receipt receipt ON receipt.trip_id = trip.id
"""
#: Every row that an assessment reads.
COUNT_ALL = """
SELECT count(*), sum(scans), sum(records), count(receipt.id), count(declaration.closed_at),
    sum(passes), count(refusal.id), sum(out), sum(changes), sum(of_trip.cases), sum(of_declaration.cases),
    sum(by_vehicle.others), sum(by_person.others), sum(stays), count(driver.nationality)
FROM ferry_trip trip
JOIN ferry_declaration declaration ON declaration.id = trip.declaration_id
JOIN ferry_vehicle vehicle ON vehicle.id = trip.vehicle_id
JOIN ferry_driver driver ON driver.id = trip.driver_id
LEFT JOIN ferry_receipt receipt ON receipt.trip_id = trip.id
LEFT JOIN ferry_deliveryrefusal refusal ON refusal.trip_id = trip.id
JOIN (SELECT trip_id, count(shown.person_id) AS passes FROM ferry_pass
    JOIN ferry_driver shown ON shown.id = driver_id GROUP BY trip_id) pass ON pass.trip_id = trip.id
LEFT JOIN (SELECT trip_id, count(*) AS scans, count(examination.id), count(withdrawal.id)
    FROM clearance_scan scan
    LEFT JOIN clearance_examination examination
        ON examination.scan_id = scan.id AND examination.outcome = 'detained'
    LEFT JOIN clearance_withdrawal withdrawal ON withdrawal.scan_id = scan.id
    GROUP BY trip_id) scan ON scan.trip_id = trip.id
LEFT JOIN (SELECT trip_id, count(*) AS records FROM clearance_record WHERE kind <> 'declaration_status'
    GROUP BY trip_id) record ON record.trip_id = trip.id
LEFT JOIN (SELECT declaration_id, count(*) AS changes FROM clearance_record WHERE kind = 'declaration_status'
    GROUP BY declaration_id) said ON said.declaration_id = declaration.id
LEFT JOIN (SELECT declaration_id, count(exited_at) AS out, max(exited_at) FROM ferry_declaredvehicle
    GROUP BY declaration_id) declared ON declared.declaration_id = declaration.id
LEFT JOIN (SELECT trip_id, count(*) AS cases FROM ferry_case GROUP BY trip_id) of_trip
    ON of_trip.trip_id = trip.id
LEFT JOIN (SELECT declaration_id, count(*) AS cases FROM ferry_case GROUP BY declaration_id) of_declaration
    ON of_declaration.declaration_id = declaration.id
LEFT JOIN (SELECT one.id, count(*) AS others FROM ferry_trip one
    JOIN ferry_trip other ON other.vehicle_id = one.vehicle_id AND other.id <> one.id
    GROUP BY one.id) by_vehicle ON by_vehicle.id = trip.id
LEFT JOIN (SELECT one.id, count(*) AS others FROM ferry_trip one
    JOIN ferry_trip other ON other.person_id = one.person_id AND other.id <> one.id
    GROUP BY one.id) by_person ON by_person.id = trip.id
LEFT JOIN (SELECT person_id, count(*) AS stays FROM ferry_stay GROUP BY person_id) stay
    ON stay.person_id = trip.person_id
"""


def _counted(statement: str, helpers: int) -> float:
    """Say how many trips a second a statement counts at its best, with so many processes beside its own."""
    return max(TRIPS / _once(statement, helpers) for _time in range(2))


def _once(statement: str, parallel: int) -> float:
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('max_parallel_workers_per_gather', %s, false)", [str(parallel)])
        start = perf_counter()
        cursor.execute(statement)
        row = cursor.fetchone()
        took = perf_counter() - start
        cursor.execute("RESET max_parallel_workers_per_gather")
    _insist(row[:5] == (TRIPS, 2 * TRIPS, 3 * TRIPS, TRIPS, TRIPS), f"the statement counted {row}")
    return took


def _all_again() -> None:
    """End where assessing everything again changes a row."""
    before = _fingerprint()
    some = list(Trip.objects.order_by("pk").values_list("pk", flat=True)[:AGAIN])
    Trip.objects.filter(pk__in=some).update(next_check_at=timezone.now())
    reconcile_all_due(at=timezone.now())
    _insist(_fingerprint() == before, "assessing again changed a trip, an event or a case")
    print(f"{AGAIN:,} of them assessed again: no row differs")


def _fingerprint() -> Any:
    """Digest every row that an assessment writes, but for when it was looked at."""
    with connection.cursor() as cursor:
        cursor.execute(
            """SELECT
                (SELECT md5(string_agg(concat_ws('|', id, state, outcome, discharged_at), ',' ORDER BY id))
                    FROM ferry_trip),
                (SELECT md5(string_agg(concat_ws('|', id, trip_id, kind, at), ',' ORDER BY id))
                    FROM ferry_tripevent),
                (SELECT md5(string_agg(concat_ws('|', id, kind, state, weight), ',' ORDER BY id))
                    FROM ferry_case)"""
        )
        return cursor.fetchone()


def _due_among_few() -> float:
    world.lay_ready(2 * DUE)
    world.deliver("discharged", due=False, at=timezone.now())
    return _rate_of_due("SELECT id FROM ferry_trip ORDER BY id DESC LIMIT %s", DUE)


def _due_among_many(few: float) -> None:
    """Compare the newest, as those that are due are in life; and as many from all of the history."""
    newest = _rate_of_due("SELECT id FROM ferry_trip ORDER BY id DESC LIMIT %s", DUE)
    anywhere = _rate_of_due("SELECT id FROM ferry_trip WHERE id %% %s = 0", TRIPS // DUE)
    print(f"{DUE:,} due among {2 * DUE:,} trips {few:>12,.0f} trips a second")
    print(f"the newest {DUE:,} due among {TRIPS:,} {newest:>12,.0f} trips a second")
    print(f"  the long history costs {few / newest:.2f} times the short one")
    print(f"{DUE:,} due anywhere among {TRIPS:,} {anywhere:>12,.0f} trips a second")
    print(f"  each alone on its pages: {few / anywhere:.2f} times")


def _rate_of_due(which: str, number: int) -> float:
    """Make some trips due, and assess them when the database has tidied up after that."""
    with connection.cursor() as cursor:
        cursor.execute("UPDATE ferry_trip SET next_check_at = NULL WHERE next_check_at IS NOT NULL")
        cursor.execute(
            f"UPDATE ferry_trip SET next_check_at = now() - interval '1 minute' WHERE id IN ({which})",
            [number],
        )
        due = cursor.rowcount
    world.analyze()
    start = perf_counter()
    tally = reconcile_all_due(at=timezone.now())
    _insist(tally.checked == due, f"{due} trips were due, and {tally.checked} were assessed")
    return due / (perf_counter() - start)


def _insist(holds: bool, otherwise: str) -> None:
    if not holds:
        sys.exit(f"This cannot be measured: {otherwise}.")


def _peak_mb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
