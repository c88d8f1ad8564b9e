"""Find what was done in a company."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from django.conf import settings

from ferry.models import AuditEntry, Role

if TYPE_CHECKING:
    from datetime import date

    from django.db.models import QuerySet

    from ferry.models import Company

CHINA = ZoneInfo(settings.CHINA_TIME_ZONE)


def audit_entries(
    company: Company, *, by: str = "", kind: str = "", day: date | None = None
) -> QuerySet[AuditEntry]:
    """Find a company's entries: of a member in whichever role, of one kind, of one day in China."""
    rows = AuditEntry.objects.filter(company=company)
    if by:
        rows = rows.filter(by__in=[f"{role} {by}" for role in Role.values])
    if kind:
        rows = rows.filter(kind=kind)
    if day:
        begin = datetime.combine(day, time(), CHINA)
        rows = rows.filter(at__gte=begin, at__lt=begin + timedelta(days=1))
    return rows
