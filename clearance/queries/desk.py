"""What a supervisor's desk shows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db.models import Q

from clearance.models import Duty, Posting, Watched, WatchEntry
from ferry.models import Company, Pass, Route, User
from ferry.queries.case_lists import cases_on_routes
from ferry.queries.passes import passes_in_full
from ferry.rules.letters import plain_capitals

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from django.db.models import QuerySet

    from ferry.models import Case, Checkpoint


def routes_of(checkpoints: Collection[Checkpoint]) -> QuerySet[Route]:
    """List the routes that begin or end at any of these checkpoints."""
    return Route.objects.filter(Q(exit__in=checkpoints) | Q(entry__in=checkpoints)).distinct()


def cases_at(checkpoints: Collection[Checkpoint]) -> QuerySet[Case]:
    """List the cases about trips over these checkpoints, and about declarations whose first trip is."""
    return cases_on_routes(routes_of(checkpoints))


def supervisors_at(places: Collection[Any]) -> QuerySet[User]:
    """List the supervisors of these checkpoints, by name."""
    posted = Posting.objects.filter(checkpoint__in=places, duty=Duty.SUPERVISOR).values("user")
    return User.objects.filter(pk__in=posted, is_active=True).order_by("name", "email")


def passes_at(checkpoints: Collection[Checkpoint]) -> QuerySet[Pass]:
    return passes_in_full().filter(trip__route__in=routes_of(checkpoints))


def watch_entries(*, ended: bool, text: str) -> QuerySet[WatchEntry]:
    """List what is or was watched, by the beginning of its number or anything said of it."""
    rows = WatchEntry.objects.filter(ended_at__isnull=not ended)
    if not text:
        return rows
    said = Q(instruction__icontains=text) | Q(reason__icontains=text)
    number = plain_capitals(text)
    return rows.filter(said | Q(value__contains=number) if number else said)


def is_registered(uscc: str) -> bool:
    return Company.objects.filter(uscc=uscc).exists()


def names_of_companies(entries: Iterable[WatchEntry]) -> dict[str, str]:
    """Name the companies on the watch list, by their codes."""
    codes = [entry.value for entry in entries if entry.kind == Watched.COMPANY]
    return dict(Company.objects.filter(uscc__in=codes).values_list("uscc", "name")) if codes else {}
