"""Find the members of a company."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ferry.models import Membership, Role

if TYPE_CHECKING:
    from django.db.models import QuerySet

    from ferry.models import Company

WRITERS = (Role.OWNER, Role.DISPATCHER)


def writers_of(company: Company | int) -> QuerySet[Membership]:
    """List who may write, by name."""
    rows = Membership.objects.filter(company=company, role__in=WRITERS, user__is_active=True)
    return rows.select_related("user").order_by("user__name", "user__email")
