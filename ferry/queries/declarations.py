"""Find declarations with how many of their vehicles are out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db.models import Count, Exists, IntegerField, OuterRef, Prefetch, Subquery
from django.db.models.functions import Coalesce

from ferry.models import Declaration, DeclaredVehicle

if TYPE_CHECKING:
    from django.db.models import QuerySet
    from django.db.models.expressions import Combinable

    from ferry.models import Company


def counted_declarations(company: Company) -> QuerySet[Declaration]:
    """Find a company's declarations, each with `out`: how many of its VINs have an exit record."""
    gone = (
        DeclaredVehicle.objects.filter(declaration=OuterRef("pk"), exited_at__isnull=False)
        .order_by()
        .values("declaration")
        .annotate(count=Count("pk"))
        .values("count")
    )
    out = Coalesce(Subquery(gone, output_field=IntegerField()), 0)
    return Declaration.objects.filter(company=company).annotate(out=out)


def complete() -> Combinable:
    """Say of declarations whether every vehicle listed on them is out, which an index of the others knows."""
    return ~Exists(DeclaredVehicle.objects.filter(declaration=OuterRef("pk"), exited_at__isnull=True))


def declarations_in_full(company: Company) -> QuerySet[Declaration]:
    """Find a company's declarations with their VINs, in the order in which they were declared."""
    vins = Prefetch("declared_vehicles", DeclaredVehicle.objects.order_by("pk"))
    return counted_declarations(company).prefetch_related(vins)
