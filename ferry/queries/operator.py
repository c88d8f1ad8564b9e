"""What the operator looks after: keys, closures ahead, what waits in the queues, and what failed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Min, Q, QuerySet
from django.utils.translation import gettext_lazy as _

from ferry.models import (
    Case,
    CaseState,
    Closure,
    Company,
    CompanyState,
    Delivery,
    DeliveryState,
    Endpoint,
    LineState,
    Notice,
    RosterLine,
    SigningKey,
    Trip,
    Weight,
)

AHEAD = timedelta(days=30)
#: Nothing is counted further: that it is many is enough to know.
MANY = 1000


@dataclass(frozen=True)
class Lag:
    """A queue: how many wait, and since when the one that waits longest has been due."""

    name: Any
    waits: int
    since: datetime | None


def companies_waiting() -> list[Company]:
    """List those to approve or decline, who wait longest first."""
    return list(Company.objects.filter(state=CompanyState.WAITING).order_by("created_at", "pk")[:10])


def key_age(*, at: datetime) -> timedelta | None:
    current = SigningKey.objects.filter(is_current=True).first()
    return at - current.created_at if current else None


def closures_ahead(*, at: datetime) -> list[Closure]:
    rows = Closure.objects.filter(ends_at__gt=at, starts_at__lt=at + AHEAD).order_by("starts_at", "pk")
    return list(rows.select_related("route__exit", "route__entry")[:10])


def lags(*, at: datetime) -> list[Lag]:
    return [
        _lag(_("Trips to reconcile"), Trip.objects.filter(next_check_at__lte=at), "next_check_at"),
        _lag(
            _("Codes of rosters to issue"),
            RosterLine.objects.filter(state=LineState.WAITING),
            "roster__created_at",
        ),
        _lag(
            _("Webhooks to send"),
            Delivery.objects.filter(state=DeliveryState.WAITING, next_try_at__lte=at),
            "next_try_at",
        ),
        _lag(
            _("Letters to send"),
            Notice.objects.filter(mailed_at__isnull=True, mail_due_at__lte=at),
            "mail_due_at",
        ),
    ]


def _lag(name: Any, rows: QuerySet[Any], due: str) -> Lag:
    first = rows.order_by().aggregate(first=Min(due))["first"]
    return Lag(name, _count(rows), first)


def failed_things(*, at: datetime) -> list[tuple[Any, int, str]]:
    """Count what went wrong, with the page that shows it."""
    grave = Case.objects.filter(state=CaseState.OPEN, weight=Weight.CRITICAL)
    given_up = Delivery.objects.filter(state=DeliveryState.FAILED, created_at__gt=at - timedelta(days=7))
    failing = Endpoint.objects.filter(Q(paused_at__isnull=True), failing_since__isnull=False)
    return [
        (_("Critical cases that are open"), _count(grave), "admin:ferry_case_changelist"),
        (_("Webhooks given up this week"), _count(given_up), "admin:ferry_company_changelist"),
        (_("Endpoints that fail"), _count(failing), "admin:ferry_company_changelist"),
    ]


def _count(rows: QuerySet[Any]) -> int:
    return rows.order_by()[:MANY].count()
