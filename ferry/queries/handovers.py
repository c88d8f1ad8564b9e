"""Find offers of vehicles."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db.models import Q

from ferry.models import Handover

if TYPE_CHECKING:
    from django.db.models import QuerySet

    from ferry.models import Company


def handovers_of(company: Company) -> QuerySet[Handover]:
    """Find the offers a company has made and those made to it."""
    rows = Handover.objects.select_related("vehicle", "from_company", "to_company")
    return rows.filter(Q(from_company=company) | Q(to_company=company))
