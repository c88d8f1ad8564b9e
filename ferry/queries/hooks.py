"""Find what waits to be announced and sent, and what a company's endpoints are told."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db.models import Exists, OuterRef, Q

from ferry.models import Case, CaseStep, Delivery, DeliveryState, Endpoint, TripEvent
from ferry.models.case import UNANNOUNCED

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from django.db.models import QuerySet


def unannounced_events() -> QuerySet[TripEvent]:
    return TripEvent.objects.filter(announced_at__isnull=True).order_by("pk")


def unannounced_cases() -> QuerySet[Case]:
    return Case.objects.filter(UNANNOUNCED).order_by("pk")


def unannounced_steps() -> QuerySet[CaseStep]:
    return CaseStep.objects.filter(announced_at__isnull=True).order_by("pk")


def listening_endpoints(company_ids: Iterable[int]) -> list[Endpoint]:
    """List endpoints of these companies that are not paused."""
    rows = Endpoint.objects.filter(company__in=set(company_ids), company__is_active=True)
    return list(rows.filter(paused_at__isnull=True).order_by("pk"))


def due_deliveries(*, at: datetime) -> QuerySet[Delivery]:
    return Delivery.objects.filter(state=DeliveryState.WAITING, next_try_at__lte=at)


def endpoints_to_call(*, at: datetime) -> QuerySet[Endpoint]:
    """Find endpoints that are awake and have something due."""
    due = due_deliveries(at=at).filter(endpoint=OuterRef("pk"))
    awake = Q(rests_until__isnull=True) | Q(rests_until__lte=at)
    return Endpoint.objects.filter(
        awake, Exists(due), paused_at__isnull=True, company__is_active=True
    ).order_by("pk")


def own_deliveries(endpoint: Endpoint, *, state: str = "") -> QuerySet[Delivery]:
    rows = Delivery.objects.filter(endpoint=endpoint).defer("body")
    return rows.filter(state=state) if state in DeliveryState.values else rows
