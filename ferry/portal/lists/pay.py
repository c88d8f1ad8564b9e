"""The list of drivers' statements, month by month."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

from django.db.models import Count, Q, Sum
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from ferry.models import Currency, EntryKind, PayEntry, PayStatement, StatementState
from ferry.portal.lists.declare import Choice, Column, Listing, Scene, Total, equal, fitting
from ferry.queries.issue import china_date
from ferry.queries.pay import search_statements, statements_of
from ferry.rules.pay import may_approve, money, month_before, month_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from django.db.models import QuerySet

MONTHS_OFFERED = 36


def _months(scene: Scene) -> Sequence[tuple[str, str]]:
    month, months = month_of(china_date(scene.at)), []
    for _number in range(MONTHS_OFFERED):
        months.append((month, month))
        month = month_before(month)
    return months


def _dress(statements: Sequence[PayStatement], scene: Scene) -> Sequence[dict[str, Any]]:
    today = china_date(scene.at)
    return [
        {
            "statement": one,
            "money": money(one.sum_fen, one.currency),  # type: ignore[attr-defined]
            "waits": one.state == StatementState.DRAFT and may_approve(one.month, today=today),
        }
        for one in statements
    ]


def _totals(statements: QuerySet[PayStatement], _scene: Scene) -> list[Total]:
    keys = statements.values("pk")
    rows = PayEntry.objects.filter(statement__in=keys).order_by().values_list("statement__currency")
    trips = Count("pk", filter=Q(kind=EntryKind.ACCRUAL))
    sums = list(rows.annotate(fen=Sum("amount_fen"), trips=trips).order_by("statement__currency"))
    counts = dict(statements.values_list("state").annotate(Count("pk", distinct=True)))
    by_state = [
        Total(one.label, counts[one], {"state": one.value}) for one in StatementState if one in counts
    ]
    paid = [
        Total(format_lazy(_("Total {currency}"), currency=currency), money(fen, currency))
        for currency, fen, _trips in sums
    ]
    return [*by_state, Total(_("Trips"), sum(trips for _currency, _fen, trips in sums)), *paid]


PAY = Listing(
    name="pay",
    title=_("Drivers' pay"),
    search_label=_("Driver or payment reference"),
    rows=statements_of,
    search=search_statements,
    columns=(
        Column(
            "driver",
            _("Driver"),
            lambda row: row["statement"].driver.name,
            "portal/cells/pay_driver.html",
            is_head=True,
        ),
        Column("month", _("Month"), lambda row: row["statement"].month, sort="month"),
        Column("trips", _("Trips"), lambda row: row["statement"].trips),
        Column(
            "total",
            _("Total"),
            lambda row: Decimal(row["statement"].sum_fen) / 100,
            "portal/cells/pay_total.html",
        ),
        Column("currency", _("currency"), lambda row: row["statement"].currency, is_shown=False),
        Column(
            "state",
            _("State"),
            lambda row: row["statement"].get_state_display(),
            "portal/cells/pay_state.html",
            is_plain=True,
        ),
        Column("paid_on", _("Paid on"), lambda row: row["statement"].paid_on, "portal/cells/pay_paid.html"),
        Column(
            "reference", _("payment reference"), lambda row: row["statement"].paid_reference, is_shown=False
        ),
    ),
    filters=(
        Choice("month", _("Month"), _months, equal("month")),
        Choice("state", _("State"), fitting(StatementState.choices), equal("state")),
        Choice("currency", _("Currency"), fitting(Currency.choices), equal("currency")),
    ),
    totals=_totals,
    dress=_dress,
    order="-month",
    is_picked=True,
)
