"""Pages for drivers and consignees, who have no account."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from django.shortcuts import render
from django.utils import timezone, translation
from django.utils.safestring import mark_safe
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from ferry import codes
from ferry.models import EventKind, PassState
from ferry.models.driver import written_language
from ferry.phone.language import chosen_language
from ferry.phone.steps import way, what_now
from ferry.phone.tellings import acts_context, queue_context
from ferry.phone.throttles import too_many
from ferry.qr import qr_svg
from ferry.queries.driving import current_trip, earlier_trips, find_driver, trips_taken_away
from ferry.queries.issue import closures_from

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse

    from ferry.models import Pass, Trip


@require_safe
@never_cache
def driver_page(request: HttpRequest, token: str) -> HttpResponse:
    """Show a driver his code, what holds now and what to do next."""
    at = timezone.now()
    driver = find_driver(token, at=at)
    # By the driver: a yard full of phones that ask again and again has one address.
    wait = too_many(request, "public", who=f"driver-{driver.pk}" if driver else "")
    if wait is not None:
        return wait
    if driver is None:
        return render(request, "phone/no_link.html", status=404)
    with _language(request, driver.language):
        trip = current_trip(driver, at=at)
        context = {
            "driver": driver,
            "token": token,
            "earlier": earlier_trips(driver, but=trip),
            "taken_away": trips_taken_away(driver, at=at),
            **_trip_context(trip, at),
            **queue_context(token, driver),
            **(acts_context(trip, token, driver) if trip else {}),
        }
        template = "phone/_trip.html" if request.headers.get("HX-Request") else "phone/driver.html"
        return render(request, template, context)


def _trip_context(trip: Trip | None, at: datetime) -> dict[str, object]:
    if trip is None:
        return {"trip": None}
    pass_ = trip.passes.filter(state=PassState.OPEN).first()
    scans = trip.events.filter(kind__in=TOLD_AT_A_GATE).order_by("-at", "-pk")
    closures = closures_from(at)
    label = _("Clearance code")
    return {
        "trip": trip,
        "pass": pass_,
        "short_code": codes.show_short_code(pass_.short_code) if pass_ else "",
        # The SVG is drawn by ferry.qr from a code that we sealed ourselves.
        "qr": mark_safe(qr_svg(pass_.code, level="M", label=label)) if pass_ else "",  # noqa: S308
        "vin_head": trip.vehicle.vin[:-6],
        "vin_tail": trip.vehicle.vin[-6:],
        "now": what_now(
            trip,
            pass_,
            scans.first(),
            [*closures.get(trip.route_id, ()), *closures.get(None, ())],
            at=at,
        ),
        "moved": _moved(trip, pass_),
        "steps": way(trip),
        "asked_at": at,
    }


#: What a checkpoint said that is not a step of the trip.
TOLD_AT_A_GATE = (EventKind.REFUSED, EventKind.EXAMINE, EventKind.EXAMINED, EventKind.WITHDRAWN)


def _moved(trip: Trip, pass_: Pass | None) -> datetime | None:
    """Give the time he was told at first, if the open code is one that was moved to another."""
    if pass_ is None:
        return None
    moved = trip.events.filter(kind=EventKind.REDATED, recorded_at=pass_.issued_at).last()
    return datetime.fromisoformat(moved.data["from"]) if moved else None


def _language(request: HttpRequest, reads: str) -> translation.override:
    """Speak the reader's language unless he chose another on the page."""
    return translation.override(chosen_language(request) or written_language(reads))
