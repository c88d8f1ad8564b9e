"""Which version of the assessment judges, and what another would say of the trips there are."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import NamedTuple

from django.db.models import Q, QuerySet

from clearance.models import VersionSwitch
from clearance.queries.evidence import APART, DueTrip, due_rows, evidence_for, limits_for
from clearance.rules.versions import FIRST, VERSIONS, Change, Judge, change
from ferry.models import Trip

#: So many trips are held in memory at once.
SLICE = 500


class Looked(NamedTuple):
    """What was found in a slice of trips; `last` is the id of its last."""

    seen: int
    last: int
    changes: list[tuple[DueTrip, Change]]


def version_in_force() -> int:
    """Give the version that was switched on last."""
    switched = VersionSwitch.objects.order_by("-pk").values_list("version", flat=True).first()
    return FIRST if switched is None else switched


def judge_in_force() -> tuple[int, Judge]:
    """Give the version in force with its function; KeyError where this release does not have it."""
    version = version_in_force()
    return version, VERSIONS[version]


def assessed_trips(*, since: datetime | None = None) -> QuerySet[Trip]:
    """List the trips that were ever assessed, or those of them that could leave since a moment."""
    rows = Trip.objects.filter(assessed_at__isnull=False)
    return rows.filter(opens_at__gte=since) if since else rows


def of_other_versions(version: int) -> QuerySet[Trip]:
    """List the trips that were last assessed by another version."""
    return assessed_trips().filter(Q(assessed_version__isnull=True) | ~Q(assessed_version=version))


def look_ahead(version: int, *, since: datetime | None, at: datetime) -> Iterator[Looked]:
    """Judge all trips by a version beside the one in force, a slice at a time; nothing is written."""
    _version, now = judge_in_force()
    last = 0
    trips = assessed_trips(since=since).order_by("pk")
    while pks := list(trips.filter(pk__gt=last).values_list("pk", flat=True)[:SLICE]):
        last = pks[-1]
        yield Looked(len(pks), last, _changes(pks, now, VERSIONS[version], at))


def _changes(pks: list[int], now: Judge, then: Judge, at: datetime) -> list[tuple[DueTrip, Change]]:
    rows = due_rows(pks)
    limits = limits_for({row.route_id for row in rows}, since=min(row.opens_at for row in rows) - APART)
    evidence = evidence_for(rows)
    changes = ((row, change(evidence[row.id], limits[row.route_id], at, now=now, then=then)) for row in rows)
    return [(row, found) for row, found in changes if found is not None]
