"""The list of refunds: declarations by their deadline, and what blocks each."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.db.models import Count
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from ferry.models import Declaration, DeclarationStatus
from ferry.portal.lists.declare import Choice, Column, Listing, Scene, Total, fitting
from ferry.queries.issue import china_date
from ferry.queries.refund import OpenCases, open_cases_of, refunds_of
from ferry.queries.search import search_declarations
from ferry.rules.refund import Age, age, due_on, years_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from django.db.models import QuerySet
    from django_stubs_ext import StrOrPromise

#: So many vehicles with open cases are named in a line of the list; its page names all.
VINS_NAMED = 3
STATES: list[tuple[str, StrOrPromise]] = [
    ("blocked", pgettext_lazy("refund", "Blocked")),
    ("ready", pgettext_lazy("refund", "Ready")),
    ("packed", pgettext_lazy("refund", "Package made")),
    ("filed", pgettext_lazy("refund", "Filed")),
]
AGES: list[tuple[str, StrOrPromise]] = [
    (Age.PAST, _("deadline past")),
    (Age.SOON, _("within 30 days")),
    (Age.NEXT, _("within 90 days")),
    (Age.LATER, _("later")),
]


def state_of(row: Any) -> str:
    """Say how a declaration of `refunds_of` stands."""
    if row.is_filed:
        return "filed"
    if row.refund_ready_at is None:
        return "blocked"
    return "packed" if row.is_packed else "ready"


def blocks(row: Any, cases: OpenCases) -> list[StrOrPromise]:
    """Name what keeps a declaration from its refund."""
    if state_of(row) != "blocked":
        return []
    found: list[StrOrPromise] = []
    if row.status in {DeclarationStatus.AMENDED, DeclarationStatus.DELETED}:
        found.append(row.get_status_display())
    elif row.status != DeclarationStatus.CLOSED:
        found.append(_("not closed by customs"))
    if row.out < row.quantity:
        found.append(format_lazy(_("{count} not out"), count=row.quantity - row.out))
    if cases.count:
        vins = [*cases.vins[:VINS_NAMED], "…"] if len(cases.vins) > VINS_NAMED else cases.vins
        told = format_lazy(_("open cases: {count}"), count=cases.count)
        found.append(format_lazy("{told} ({vins})", told=told, vins=", ".join(vins)) if vins else told)
    return found


def _in_state(rows: QuerySet[Any], value: str, _scene: Scene) -> QuerySet[Any]:
    if value == "filed":
        return rows.filter(is_filed=True)
    waiting = rows.filter(is_filed=False)
    if value == "blocked":
        return waiting.filter(refund_ready_at__isnull=True)
    return waiting.filter(refund_ready_at__isnull=False, is_packed=value == "packed")


def _aged(rows: QuerySet[Any], value: str, scene: Scene) -> QuerySet[Any]:
    years = years_of(value, today=china_date(scene.at), day=settings.REFUND_DUE)
    return rows.filter(is_filed=False, lodged_in__in=years)


def dressed(row: Any, cases: OpenCases, scene: Scene) -> dict[str, Any]:
    due, state = due_on(row.lodged_in, day=settings.REFUND_DUE), state_of(row)
    return {
        "declaration": row,
        "due": due,
        "age": "" if state == "filed" else age(due, today=china_date(scene.at)),
        "state": state,
        "state_label": dict(STATES)[state],
        "blocks": blocks(row, cases),
    }


def _dress(rows: Sequence[Declaration], scene: Scene) -> Sequence[dict[str, Any]]:
    cases = open_cases_of(rows)
    return [dressed(row, cases[row.pk], scene) for row in rows]


def _totals(rows: QuerySet[Any], scene: Scene) -> list[Total]:
    counts = [
        (value, label, _in_state(rows, value, scene).aggregate(n=Count("pk"))["n"]) for value, label in STATES
    ]
    return [Total(label, count, {"state": value}) for value, label, count in counts if count]


REFUND = Listing(
    name="refund",
    title=_("Refund"),
    search_label=_("Number or VIN"),
    rows=refunds_of,
    search=search_declarations,
    columns=(
        Column(
            "number",
            _("Number"),
            lambda row: row["declaration"].number,
            "portal/cells/refund_number.html",
            "id",
            is_head=True,
        ),
        Column("due", _("Deadline"), lambda row: row["due"], "portal/cells/refund_due.html", "lodged_in"),
        Column("out", _("Vehicles out"), lambda row: row["declaration"].out, "portal/cells/refund_out.html"),
        Column("quantity", _("declared quantity"), lambda row: row["declaration"].quantity, is_shown=False),
        Column(
            "state",
            _("State"),
            lambda row: str(row["state_label"]),
            "portal/cells/refund_state.html",
            is_plain=True,
        ),
        Column(
            "blocks",
            _("What blocks it"),
            lambda row: " · ".join(map(str, row["blocks"])),
            "portal/cells/refund_blocks.html",
        ),
        Column(
            "ready_at",
            _("Refund-ready"),
            lambda row: row["declaration"].refund_ready_at,
            is_shown=False,
            is_moment=True,
        ),
    ),
    filters=(
        Choice("state", _("State"), fitting(STATES), _in_state),
        Choice("due", _("Deadline"), fitting(AGES), _aged),
    ),
    totals=_totals,
    dress=_dress,
    order="lodged_in",
)
