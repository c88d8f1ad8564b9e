"""The list of declarations."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db.models import Count, Sum
from django.utils.translation import gettext_lazy as _

from ferry.models import Declaration, DeclarationStatus, DeclaredVehicle
from ferry.portal.lists.declare import YES, YES_OR_NO, Choice, Column, Listing, Scene, Total, equal, fitting
from ferry.portal.paper_forms import MODES
from ferry.queries.declarations import complete, counted_declarations
from ferry.queries.search import search_declarations

if TYPE_CHECKING:
    from django.db.models import QuerySet


def _complete(declarations: QuerySet[Declaration], value: str, _scene: Scene) -> QuerySet[Declaration]:
    return declarations.filter(complete() if value == YES else ~complete())


def _refund(declarations: QuerySet[Declaration], value: str, _scene: Scene) -> QuerySet[Declaration]:
    return declarations.filter(refund_ready_at__isnull=value != YES)


def _totals(declarations: QuerySet[Declaration], _scene: Scene) -> list[Total]:
    keys = declarations.values("pk")
    declared = Declaration.objects.filter(pk__in=keys).aggregate(Sum("quantity"))["quantity__sum"] or 0
    out = DeclaredVehicle.objects.filter(declaration__in=keys, exited_at__isnull=False).count()
    counts = dict(declarations.values_list("status").annotate(Count("pk", distinct=True)))
    by_status = [
        Total(one.label, counts[one], {"status": one.value}) for one in DeclarationStatus if one in counts
    ]
    return [*by_status, Total(_("Vehicles declared"), declared), Total(_("Vehicles out"), out)]


DECLARATIONS = Listing(
    name="declarations",
    title=_("Declarations"),
    search_label=_("Number or VIN"),
    rows=counted_declarations,
    search=search_declarations,
    columns=(
        Column(
            "number",
            _("Number"),
            lambda row: row.number,
            "portal/cells/declaration_number.html",
            "id",
            is_head=True,
        ),
        Column(
            "status",
            _("Status"),
            lambda row: row.get_status_display(),
            "portal/cells/declaration_status.html",
            is_plain=True,
        ),
        Column("out", _("Vehicles out"), lambda row: row.out, "portal/cells/declaration_out.html"),
        Column("quantity", _("declared quantity"), lambda row: row.quantity, is_shown=False),
        Column(
            "refund",
            _("Refund"),
            lambda row: row.refund_ready_at,
            "portal/cells/declaration_refund.html",
            is_moment=True,
        ),
        Column("mode", _("Mode"), lambda row: row.supervision_mode),
        Column(
            "status_at",
            _("Status as of"),
            lambda row: row.status_at,
            "portal/cells/declaration_status_at.html",
            "status_at",
            is_moment=True,
        ),
    ),
    filters=(
        Choice("status", _("Status"), fitting(DeclarationStatus.choices), equal("status")),
        Choice("complete", _("All listed vehicles out"), YES_OR_NO, _complete),
        Choice("refund", _("Refund-ready"), YES_OR_NO, _refund),
        Choice("mode", _("Supervision mode"), fitting(MODES), equal("supervision_mode")),
    ),
    totals=_totals,
)
