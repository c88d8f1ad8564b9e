"""Find which reports are subscribed to, and which letters are due."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db.models import Exists, OuterRef

from ferry.models import ReportLetter, Subscription
from ferry.queries.reports import day_span

if TYPE_CHECKING:
    from datetime import datetime

    from django.contrib.auth.base_user import AbstractBaseUser
    from django.contrib.auth.models import AnonymousUser
    from django.db.models import QuerySet

    from ferry.models import Checkpoint, Membership
    from ferry.rules.reports import Period


def subscriptions_of(membership: Membership) -> QuerySet[Subscription]:
    rows = Subscription.objects.filter(membership=membership).order_by("pk")
    return rows.prefetch_related("routes__exit", "routes__entry")


def subscriptions_at(
    user: AbstractBaseUser | AnonymousUser, checkpoint: Checkpoint
) -> QuerySet[Subscription]:
    return Subscription.objects.filter(user=user.pk, checkpoint=checkpoint).order_by("pk")


def without_letter(period: Period) -> QuerySet[Subscription]:
    """Find subscriptions that were made before the period ended and have no letter for it."""
    letters = ReportLetter.objects.filter(subscription=OuterRef("pk"), first=period.first)
    ended_at = day_span(period.last)[1]
    return Subscription.objects.filter(~Exists(letters), rhythm=period.kind, created_at__lt=ended_at)


def letters_due(*, of_checkpoints: bool, at: datetime) -> QuerySet[ReportLetter]:
    rows = ReportLetter.objects.filter(due_at__lte=at).order_by("due_at", "pk")
    return rows.filter(subscription__checkpoint__isnull=not of_checkpoints)
