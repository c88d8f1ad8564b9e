"""Reports of a checkpoint: for its supervisor, and for the operator of any."""

from __future__ import annotations

from functools import wraps
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from allauth.mfa.utils import is_mfa_enabled
from django.conf import settings
from django.contrib import messages
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from clearance.desk.report_figures import place_figures
from clearance.models import Duty
from clearance.queries.lane import postings_of
from clearance.queries.report_letters import overseen_by
from clearance.queries.reports import is_counting, place_report
from clearance.report_tables import about_place, days_said, main_figures, place_tables
from ferry.actions.report_letters import subscribe, unsubscribe
from ferry.models import Checkpoint, Subscription
from ferry.portal.report_letters import SubscribeForm, letters_context, tell_subscribed
from ferry.portal.reports import asked_period, period_context, workbook_answer
from ferry.portal.sign_in import signed_in
from ferry.queries.report_letters import subscriptions_at
from ferry.report_sheets import workbook_of
from ferry.report_tables import named_within

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
        places = overseen_by(request.user)
        if not places:
            return render(request, "403.html", status=403)
        if settings.OFFICERS_NEED_MFA and not is_mfa_enabled(request.user):
            messages.warning(request, _("Set up two-factor sign-in first: officers work with it only."))
            return redirect("mfa_index")
        return view(request, places, *args, **kwargs)

    return allowed


@require_safe
@overseer
def reports(request: HttpRequest, places: list[Checkpoint]) -> HttpResponse:
    report, today = _asked(request, places)
    context = {
        **period_context(report.period, today),
        "report": report,
        "is_counting": is_counting(report.checkpoint),
        "compared": named_within(report.compared),
        "place": report.checkpoint,
        "places": places,
        "main": main_figures(report),
        "figures": place_figures(report),
        "tables": place_tables(report),
        "which_days": days_said(report.checkpoint),
        **letters_context(SubscribeForm, subscriptions_at(request.user, report.checkpoint)),
        "is_supervisor": any(one.duty == Duty.SUPERVISOR for one in postings_of(request.user)),
    }
    return render(request, "desk/reports.html", context)


@require_safe
@overseer
def reports_export(request: HttpRequest, places: list[Checkpoint]) -> HttpResponse:
    report, _today = _asked(request, places)
    return workbook_answer(workbook_of(place_tables(report), about=about_place(report)), report.period)


def _place(code: str, places: list[Checkpoint]) -> Checkpoint:
    """Find the checkpoint that is named among those one oversees, else give the first."""
    return next((one for one in places if one.code == code), places[0])


def _asked(request: HttpRequest, places: list[Checkpoint]) -> tuple[PlaceReport, date]:
    place = _place(request.GET.get("place", ""), places)
    today = timezone.now().astimezone(ZoneInfo(place.time_zone)).date()
    return place_report(place, asked_period(request, today), today=today), today


@require_POST
@overseer
def reports_subscribe(request: HttpRequest, places: list[Checkpoint]) -> HttpResponse:
    place = _place(request.POST.get("place", ""), places)
    form = SubscribeForm(request.POST)
    if form.is_valid():
        subscribe(user=request.user, checkpoint=place, **form.cleaned_data, at=timezone.now())  # type: ignore[arg-type]
    tell_subscribed(request, form, request.user.email)  # type: ignore[union-attr]
    return redirect(f"{reverse('desk:reports')}?place={place.code}")


@require_POST
@overseer
def reports_unsubscribe(request: HttpRequest, places: list[Checkpoint], pk: int) -> HttpResponse:
    own = Subscription.objects.filter(user=request.user.pk, checkpoint__in=places)
    subscription = get_object_or_404(own.select_related("checkpoint"), pk=pk)
    unsubscribe(subscription=subscription)
    messages.success(request, _("Stopped. No more of these reports are sent."))
    place = subscription.checkpoint
    return redirect(f"{reverse('desk:reports')}?place={place.code if place else ''}")
