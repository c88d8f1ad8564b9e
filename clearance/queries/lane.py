"""What an officer's pages show."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from django.db.models import Count

from clearance.models import Posting, Scan, Verdict
from ferry.models import Trip

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable
    from datetime import date

    from django.contrib.auth.base_user import AbstractBaseUser
    from django.contrib.auth.models import AnonymousUser
    from django.db.models import QuerySet

    from ferry.models import Checkpoint

RECENT = 10
SHIFT = timedelta(hours=12)


def postings_of(user: AbstractBaseUser | AnonymousUser) -> list[Posting]:
    return list(
        Posting.objects.filter(user=user.pk).select_related("checkpoint", "user").order_by("checkpoint__code")
    )


def scans_at(checkpoints: Collection[Checkpoint]) -> QuerySet[Scan]:
    """List scans with what a row of them shows."""
    rows = Scan.objects.filter(checkpoint__in=checkpoints)
    return rows.select_related("checkpoint", "pass_used", "trip__vehicle")


def with_decisions(scans: QuerySet[Scan]) -> QuerySet[Scan]:
    """Load with scans what officers decided of them."""
    return scans.prefetch_related("examinations", "withdrawals")


def scans_in_full(checkpoints: Collection[Checkpoint]) -> QuerySet[Scan]:
    """Load scans with all that an officer compares."""
    return scans_at(checkpoints).select_related(
        "pass_used__driver", "trip__company", "trip__declaration", "trip__route__exit", "trip__route__entry"
    )


def recent_scans(checkpoint: Checkpoint, lane: str, *, at: datetime) -> list[Scan]:
    """List a lane's last scans of this shift: a lane that is rarely used must not cost a search of years."""
    rows = scans_at([checkpoint]).filter(lane=lane, recorded_at__gte=at - SHIFT)
    return list(rows.order_by("-recorded_at", "-pk")[:RECENT])


def verdicts_of_today(checkpoint: Checkpoint, *, at: datetime) -> dict[str, int]:
    """Count the scans since midnight at the checkpoint, by verdict."""
    zone = ZoneInfo(checkpoint.time_zone)
    rows = Scan.objects.filter(
        checkpoint=checkpoint, recorded_at__gte=midnight(at.astimezone(zone).date(), zone)
    )
    counts = dict(rows.values("verdict").annotate(scans=Count("pk")).values_list("verdict", "scans"))
    return {verdict: counts.get(verdict, 0) for verdict in Verdict.values}


def scans_about(scans: QuerySet[Scan], named: str) -> QuerySet[Scan]:
    """Keep the scans of a VIN or of a trip's reference."""
    trips = Trip.objects.filter(vehicle__vin=named).union(Trip.objects.filter(reference=named))
    return scans.filter(trip__in=list(trips.values_list("pk", flat=True)))


def waiting_for_outcome(scans: QuerySet[Scan]) -> QuerySet[Scan]:
    """Keep the scans whose examination nobody has decided."""
    return scans.filter(examination__outcome="")


def midnight(day: date, zone: ZoneInfo) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=zone)


def lanes_used(checkpoints: Iterable[Checkpoint], *, since: datetime) -> list[str]:
    """Name the lanes that were scanned at lately."""
    rows = Scan.objects.filter(checkpoint__in=list(checkpoints), recorded_at__gte=since)
    return sorted(set(rows.values_list("lane", flat=True).distinct()))
