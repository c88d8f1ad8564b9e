"""Which version of the assessment judges, and what another would say of the trips there are."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import NamedTuple

from django.db.models import F, Q, QuerySet

from clearance.models import VersionChange, VersionSwitch, VersionTrial
from clearance.queries.evidence import APART, DueTrip, due_rows, evidence_for, limits_for
from clearance.rules.versions import FIRST, NOT_FOUND, OPENS, OUTCOME, VERSIONS, Change, Judge, change
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


def may_be_switched_on(version: int) -> bool:
    """Say whether a version was in force before, or was tried to the end beside the one that is.

    Where this release does not have the one in force there is nothing to try it beside.
    """
    beside = version_in_force()
    if beside not in VERSIONS or version == FIRST or VersionSwitch.objects.filter(version=version).exists():
        return True
    return finished_trials(version, beside=beside).exists()


def finished_trials(version: int, *, beside: int) -> QuerySet[VersionTrial]:
    """List the dry runs that went through to the end, the latest first."""
    trials = VersionTrial.objects.filter(version=version, beside=beside, is_stopped=False)
    return trials.filter(finished_at__isnull=False).order_by("-pk")


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


def version_of(trip: Trip) -> int:
    """Give the version that judged a trip, as far as this release has it; else the one in force."""
    judged = trip.assessed_version
    return judged if judged in VERSIONS else judge_in_force()[0]


def look_ahead(version: int, *, since: datetime | None, at: datetime) -> Iterator[Looked]:
    """Judge all trips by a version beside the one in force, a slice at a time; nothing is written."""
    beside, _now = judge_in_force()
    last = 0
    while looked := look_at(version, beside, since=since, after=last, at=at):
        last = looked.last
        yield looked


def look_at(version: int, beside: int, *, since: datetime | None, after: int, at: datetime) -> Looked | None:
    """Judge the slice of trips after an id by two versions; None where none is left."""
    trips = assessed_trips(since=since).order_by("pk")
    pks = list(trips.filter(pk__gt=after).values_list("pk", flat=True)[:SLICE])
    if not pks:
        return None
    return Looked(len(pks), pks[-1], _changes(pks, VERSIONS[beside], VERSIONS[version], at))


def open_trials() -> QuerySet[VersionTrial]:
    """List the dry runs that are not at their end."""
    return VersionTrial.objects.filter(finished_at__isnull=True).order_by("pk")


def changes_of(trial: VersionTrial, *, what: str = "", name: str = "") -> QuerySet[VersionChange]:
    """List the trips that would change, or those of which one thing is told, as `Change.told` says."""
    rows = VersionChange.objects.filter(trial=trial)
    if what == OUTCOME:
        before, _sign, after = name.partition(">")
        rows = rows.filter(outcome_from=before, outcome_to=after).exclude(outcome_from=F("outcome_to"))
    elif what in (OPENS, NOT_FOUND):
        rows = rows.filter(**{f"{what}__contains": f" {name} "})
    return rows.select_related("trip__vehicle")


def _changes(pks: list[int], now: Judge, then: Judge, at: datetime) -> list[tuple[DueTrip, Change]]:
    rows = due_rows(pks)
    limits = limits_for({row.route_id for row in rows}, since=min(row.opens_at for row in rows) - APART)
    evidence = evidence_for(rows)
    changes = ((row, change(evidence[row.id], limits[row.route_id], at, now=now, then=then)) for row in rows)
    return [(row, found) for row, found in changes if found is not None]
