"""Reports: what a day, a week or a month came to, beside the one before; as a page and as a workbook."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from ferry.models import Route
from ferry.portal.access import member
from ferry.portal.report_figures import report_figures
from ferry.portal.report_letters import CompanySubscribeForm, letters_context
from ferry.queries.issue import china_date
from ferry.queries.report_letters import subscriptions_of
from ferry.queries.reports import company_report, is_counting
from ferry.report_sheets import XLSX, workbook_of
from ferry.report_tables import about_report, company_tables, main_figures, named, named_within
from ferry.rules.reports import KINDS, YEARS, Kind, Period, period_of

if TYPE_CHECKING:
    from django.http import HttpRequest

    from ferry.models import Company, Membership
    from ferry.queries.reports import Report


@require_safe
@member()
def reports(request: HttpRequest, membership: Membership) -> HttpResponse:
    today = china_date(timezone.now())
    report, route = _asked(request, membership.company, today)
    context = {
        **period_context(report.period, today),
        "report": report,
        "is_counting": is_counting(membership.company, report),
        "compared": named_within(report.compared),
        "route": route,
        "routes": Route.objects.select_related("exit", "entry").order_by("code"),
        "main": main_figures(report),
        "figures": report_figures(report),
        "tables": company_tables(report),
        **letters_context(CompanySubscribeForm, subscriptions_of(membership)),
    }
    return render(request, "portal/reports.html", context)


@require_safe
@member()
def reports_export(request: HttpRequest, membership: Membership) -> HttpResponse:
    """Give the tables of the page as a workbook, one sheet each."""
    report, route = _asked(request, membership.company, china_date(timezone.now()))
    about = about_report(
        str(membership.company), report.period, _("All routes") if route is None else str(route)
    )
    return workbook_answer(workbook_of(company_tables(report), about=about), report.period)


def _asked(request: HttpRequest, company: Company, today: date) -> tuple[Report, Route | None]:
    period = asked_period(request, today)
    code = request.GET.get("route", "")
    route = Route.objects.select_related("exit", "entry").filter(code=code).first() if code else None
    return company_report(company, period, routes=[route] if route else [], today=today), route


def workbook_answer(content: bytes, period: Period) -> HttpResponse:
    name = f"report-{period.kind}-{period.first:%Y-%m-%d}.xlsx"
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return HttpResponse(content, content_type=XLSX, headers=headers)


def asked_period(request: HttpRequest, today: date) -> Period:
    """Read which period the address means; where it means none, the month of yesterday.

    So the first of a month shows the month that is over.
    """
    kind: Kind = next((one for one in KINDS if one == request.GET.get("kind")), "month")
    try:
        on = date.fromisoformat(request.GET.get("on", ""))
    except ValueError:
        on = today - timedelta(days=1)
    return period_of(kind, on if on.year in YEARS else today)


def period_context(period: Period, today: date) -> dict[str, Any]:
    """Say what a page needs to walk from period to period."""
    kinds = {"day": _("Day"), "week": _("Week"), "month": _("Month")}
    return {
        "period": period,
        "named": named(period),
        "kinds": [(kind, kinds[kind]) for kind in KINDS],
        "is_running": period.first <= today <= period.last,
        # Another kind of period opens on the latest day of this one: its first may be long past.
        "latest": period.until(today).last,
        "later": period.later if period.later.first <= today else None,
        "today": today,
    }
