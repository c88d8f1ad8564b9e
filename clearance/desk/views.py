"""A supervisor keeps the watch list and revokes codes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib import messages
from django.http import Http404
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from clearance.actions.supervise import revoke_code
from clearance.actions.watch import unwatch
from clearance.actions.watch import watch as put_on_watch
from clearance.desk.forms import (
    CodeForm,
    RevokeForm,
    WatchFilter,
    WatchForm,
)
from clearance.desk.places import place_on, supervisor
from clearance.lane.access import officer
from clearance.models import WatchEntry
from clearance.queries.desk import names_of_companies, passes_at, watch_entries
from ferry.codes import show_short_code
from ferry.errors import Refused
from ferry.models import PassState
from ferry.portal.pages import newest_first
from ferry.portal.saving import save, tell_reasons
from ferry.queries.passes import find_pass

if TYPE_CHECKING:
    from collections.abc import Callable
    from uuid import UUID

    from django.http import HttpRequest, HttpResponse

    from clearance.lane.access import Station


@require_http_methods(["GET", "POST"])
@never_cache
@officer(supervises=True)
def watch(request: HttpRequest, station: Station) -> HttpResponse:
    """Show what is watched or was, and watch one more."""
    form = WatchForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        at, by = timezone.now(), supervisor(request)
        if save(form, lambda: put_on_watch(**form.cleaned_data, at=at, by=by)):
            messages.success(request, _("It is watched at every checkpoint from now on."))
            return redirect("desk:watch")
    wanted = WatchFilter(request.GET)
    wanted.is_valid()
    is_ended = bool(wanted.cleaned_data.get("ended"))
    page = newest_first(watch_entries(ended=is_ended, text=wanted.cleaned_data.get("q", "")), request)
    companies = names_of_companies(page.rows)
    context = {
        "form": form,
        "filter": wanted,
        "is_ended": is_ended,
        "page": page,
        "entries": [(entry, companies.get(entry.value, "")) for entry in page],
    }
    return render(request, "desk/watch.html", context, status=400 if form.errors else 200)


@require_POST
@officer(supervises=True)
def watch_end(request: HttpRequest, station: Station, pk: int) -> HttpResponse:
    """Take an entry off the watch list."""
    entry = WatchEntry.objects.filter(pk=pk).first()
    if entry is None:
        raise Http404
    _tried(
        request,
        lambda: unwatch(entry=entry, at=timezone.now(), by=supervisor(request)),
        _("It is watched no more."),
    )
    return redirect("desk:watch")


@require_http_methods(["GET", "POST"])
@never_cache
@officer(supervises=True)
def codes(request: HttpRequest, station: Station) -> HttpResponse:
    """Find a code, to revoke it."""
    form = CodeForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        found = find_pass(form.cleaned_data["code"], at=timezone.now())
        own = passes_at(station.supervised)
        if found is not None and own.filter(pk=found.pk).exists():
            return redirect("desk:code", found.pass_id)
        form.add_error("code", _("No such code was issued for your checkpoints. Check what was typed."))
    return render(request, "desk/codes.html", {"form": form}, status=400 if form.errors else 200)


@require_http_methods(["GET", "POST"])
@never_cache
@officer(supervises=True)
def code(request: HttpRequest, station: Station, pass_id: UUID) -> HttpResponse:
    """Show whose code it is, and revoke it."""
    shown = passes_at(station.supervised).filter(pass_id=pass_id).first()
    if shown is None:
        raise Http404
    form = RevokeForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        reason = form.cleaned_data["reason"]
        # Revoking goes by the trip, which has a newer code where this one is dead.
        if shown.state == PassState.OPEN:
            _tried(
                request,
                lambda: revoke_code(
                    trip=shown.trip,
                    checkpoint=place_on(shown.trip.route if shown.trip else None, station),
                    reason=reason,
                    at=timezone.now(),
                    by=supervisor(request),
                ),
                _("The code is dead from now on."),
            )
        return redirect("desk:code", pass_id)
    context = {
        "pass": shown,
        "trip": shown.trip,
        "short_code": show_short_code(shown.short_code),
        "form": form,
    }
    return render(request, "desk/code.html", context, status=400 if form.errors else 200)


def _tried(request: HttpRequest, act: Callable[[], object], success: str) -> bool:
    """Do it and tell the next page how it went."""
    try:
        act()
    except Refused as refusal:
        tell_reasons(request, refusal)
        return False
    messages.success(request, success)
    return True
