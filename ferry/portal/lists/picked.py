"""Do something to the rows that were picked in a list, or to all that fit its filters."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlencode

from django.contrib import messages
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from ferry.actions.bulk import plan_bulk_job
from ferry.errors import Refused
from ferry.models import CASE_ACTS, BulkAct, LineState, Trip
from ferry.portal.access import dispatcher, member
from ferry.portal.case_bulk import job_shown
from ferry.portal.forms import ReasonForm
from ferry.portal.lists.known import LISTINGS
from ferry.portal.lists.picking import begin_job, picked_ids
from ferry.portal.lists.views import asked_of
from ferry.portal.pages import in_turn
from ferry.portal.roster import STOP_POLLING
from ferry.portal.roster_forms import KeyForm
from ferry.portal.saving import tell_reasons
from ferry.portal.sheets import SHEETS_AT_ONCE, printable, sheets_answer
from ferry.queries.bulk import bulk_jobs_of, progress_of
from ferry.queries.vehicles import vins_of
from ferry.rules.search import PASTED_AT_MOST

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse

    from ferry.models import Membership


@require_POST
@member(writes=True)
def trips_selected(request: HttpRequest, membership: Membership) -> HttpResponse:
    """Issue or cancel what is picked: a page at once, more as a job that says how far it is."""
    act, picked = request.POST.get("act", ""), picked_rows(request, membership, "trips")
    if act == "assign":
        return _assign(request, membership, picked)
    reason = ReasonForm(request.POST if "reason" in request.POST else None)
    if act == BulkAct.CANCEL and picked and not reason.is_valid():
        return _ask_reason(request, reason, picked)
    key = KeyForm(request.POST)
    try:
        job, made = plan_bulk_job(
            company=membership.company,
            key=key.cleaned_data["key"] if key.is_valid() else None,  # type: ignore[arg-type]
            act=act,
            trips=picked,
            reason=reason.cleaned_data["reason"] if reason.is_bound and reason.is_valid() else "",
            language=get_language() or "en",
            at=timezone.now(),
            by=dispatcher(membership),
        )
    except Refused as refused:
        tell_reasons(request, refused)
        return back(request, "trips")
    if made:
        begin_job(job, len(picked))
    return redirect("portal:bulk_job", job.pk)


@require_POST
@member()
def trip_sheets(request: HttpRequest, membership: Membership) -> HttpResponse:
    """Give the windscreen sheets of the trips that were picked, as far as they have open codes."""
    picked = picked_rows(request, membership, "trips")
    rows = printable().filter(trip__company=membership.company, trip__in=picked)
    found = list(rows.order_by("trip_id")[:SHEETS_AT_ONCE])
    if not found:
        messages.warning(request, _("None of these trips has an open code to print. Issue them first."))
        return back(request, "trips")
    return sheets_answer(found, request, name=f"sheets-{timezone.now():%Y%m%d-%H%M}")


@require_POST
@member(writes=True)
def vehicles_selected(request: HttpRequest, membership: Membership) -> HttpResponse:
    """Take the picked vehicles to the roster."""
    vins = vins_of(membership.company, picked_rows(request, membership, "vehicles"))
    if not vins:
        messages.warning(request, _("No vehicle is selected. Select at least one."))
        return back(request, "vehicles")
    return redirect(f"{reverse('portal:roster')}?{urlencode({'q': ' '.join(vins[:PASTED_AT_MOST])})}")


@require_safe
@member()
def bulk_job(request: HttpRequest, membership: Membership, pk: int) -> HttpResponse:
    """Show how far a job is, and why lines were refused; the part that changes asks for itself again."""
    job = get_object_or_404(bulk_jobs_of(membership.company), pk=pk)
    if job.act in CASE_ACTS:
        return job_shown(request, job, rooms="portal", frame="portal/base.html")
    lines = job.lines.select_related("trip__vehicle", "trip__driver")
    context = {
        "job": job,
        "progress": progress_of(job),
        "refused": in_turn(lines.filter(state=LineState.REFUSED), request, "refused"),
        "done": in_turn(lines.filter(state=LineState.DONE), request, "done"),
        "is_polled": bool(request.headers.get("HX-Request")),
    }
    if not context["is_polled"]:
        return render(request, "portal/bulk_job.html", context)
    return render(request, "portal/_bulk_job.html", context, status=STOP_POLLING if job.finished_at else 200)


def picked_rows(request: HttpRequest, membership: Membership, name: str) -> list[int]:
    return picked_ids(request, lambda said: asked_of(LISTINGS[name], membership, said))


def _assign(request: HttpRequest, membership: Membership, picked: list[int]) -> HttpResponse:
    trips = list(Trip.objects.filter(company=membership.company, pk__in=picked[:2]))
    if len(trips) != 1:
        messages.warning(request, _("Select one trip to change its driver."))
        return back(request, "trips")
    return redirect("portal:trip_swap", trips[0].reference)


def _ask_reason(request: HttpRequest, form: ReasonForm, picked: list[int]) -> HttpResponse:
    context: dict[str, Any] = {
        "form": form,
        "picked": picked,
        "key": request.POST.get("key", ""),
        "query": request.POST.get("query", ""),
        "cancel_url": _back_url(request, "trips"),
    }
    return render(request, "portal/bulk_cancel.html", context)


def back(request: HttpRequest, name: str) -> HttpResponse:
    return redirect(_back_url(request, name))


def _back_url(request: HttpRequest, name: str) -> str:
    query = urlencode(parse_qsl(request.POST.get("query", "")))
    return f"{reverse(f'portal:{name}')}?{query}"
