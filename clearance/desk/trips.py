"""Any trip over a supervisor's checkpoints, with all the evidence of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.http import Http404
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from clearance.desk.forms import TripForm
from clearance.evidence.told import Teller
from clearance.lane.access import officer
from clearance.queries.explained import explained, find_trips, trips_at

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse

    from clearance.lane.access import Station


@require_http_methods(["GET", "POST"])
@never_cache
@officer(supervises=True)
def trips(request: HttpRequest, station: Station) -> HttpResponse:
    """Find a trip by its reference, its VIN or a short code; of several, the latest stand first."""
    form, found = TripForm(request.POST or None), []
    if request.method == "POST" and form.is_valid():
        found = find_trips(station.supervised, form.cleaned_data["key"])
        if len(found) == 1:
            return redirect("desk:trip", found[0].reference)
        if not found:
            form.add_error("key", _("No such trip goes over your checkpoints. Check what was typed."))
    context = {"form": form, "found": found}
    return render(request, "desk/trips.html", context, status=400 if form.errors else 200)


@require_safe
@never_cache
@officer(supervises=True)
def trip(request: HttpRequest, station: Station, reference: str) -> HttpResponse:
    """Show who said what of a trip, what agrees, which limits run, and why it stands as it does."""
    shown = trips_at(station.supervised).filter(reference=reference).first()
    if shown is None:
        raise Http404
    told = Teller(shown, explained(shown, at=timezone.now(), own_only=False), is_desk=True)
    return render(request, "desk/trip.html", told.context())
