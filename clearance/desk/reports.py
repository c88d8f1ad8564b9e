"""Reports of a checkpoint: for its supervisor, and for the operator of any."""

from __future__ import annotations

from functools import wraps
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from allauth.mfa.utils import is_mfa_enabled
from django.conf import settings
from django.contrib import messages
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from clearance.desk.report_tables import main_figures, place_figures, place_tables
from clearance.models import Duty
from clearance.queries.lane import postings_of
from clearance.queries.reports import place_report
from ferry.models import Checkpoint, Country
from ferry.portal.reports import asked_period, period_context, workbook_answer
from ferry.portal.sign_in import signed_in
from ferry.report_sheets import workbook_of
from ferry.report_tables import named

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import date

    from django.http import HttpRequest, HttpResponse

    from clearance.queries.reports import PlaceReport


def overseer(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """Call the view with the checkpoints whose reports one may see: a supervisor his, the operator all.

    403 for anybody else; who lacks a second factor is sent to set one up where that is demanded.
    """

    @wraps(view)
    @signed_in
    def allowed(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        places = overseen(request)
        if not places:
            return render(request, "403.html", status=403)
        if settings.OFFICERS_NEED_MFA and not is_mfa_enabled(request.user):
            messages.warning(request, _("Set up two-factor sign-in first: officers work with it only."))
            return redirect("mfa_index")
        return view(request, places, *args, **kwargs)

    return allowed


def overseen(request: HttpRequest) -> list[Checkpoint]:
    own = [one.checkpoint for one in postings_of(request.user) if one.duty == Duty.SUPERVISOR]
    if own or not request.user.is_staff:
        return own
    return list(Checkpoint.objects.order_by("code"))


@require_safe
@overseer
def reports(request: HttpRequest, places: list[Checkpoint]) -> HttpResponse:
    report, today = _asked(request, places)
    context = {
        **period_context(report.period, today),
        "report": report,
        "compared": named(report.compared),
        "place": report.checkpoint,
        "places": places,
        "main": main_figures(report),
        "figures": place_figures(report),
        "tables": place_tables(report),
        "which_days": days_said(report.checkpoint),
        "is_supervisor": any(one.duty == Duty.SUPERVISOR for one in postings_of(request.user)),
    }
    return render(request, "desk/reports.html", context)


@require_safe
@overseer
def reports_export(request: HttpRequest, places: list[Checkpoint]) -> HttpResponse:
    report, _today = _asked(request, places)
    about = [str(report.checkpoint), named(report.period), days_said(report.checkpoint)]
    return workbook_answer(workbook_of(place_tables(report), about=about), report.period)


def _asked(request: HttpRequest, places: list[Checkpoint]) -> tuple[PlaceReport, date]:
    code = request.GET.get("place", "")
    place = next((one for one in places if one.code == code), places[0])
    today = timezone.now().astimezone(ZoneInfo(place.time_zone)).date()
    return place_report(place, asked_period(request, today), today=today), today


def days_said(place: Checkpoint) -> str:
    if place.country == Country.KAZAKHSTAN:
        return _("Days are Astana's; a scan counts on the day it was made.")
    return _("Days are Beijing's; a scan counts on the day it was made.")
