"""A company's trips: see them, plan one, issue and print its code, follow it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.contrib import messages
from django.http import Http404
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.safestring import mark_safe
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from ferry import codes
from ferry.actions.passes import issue_pass, receipt_pin, redate_pass, revoke_pass, swap_driver
from ferry.actions.trips import cancel_trip, driver_back, plan_trip, return_trip
from ferry.errors import Refused
from ferry.models import ON_THE_WAY, Case, CaseState, EventKind, PassState, RefusalReason, TripState
from ferry.portal.access import dispatcher, member
from ferry.portal.condition import condition_context
from ferry.portal.documents import documents_shown
from ferry.portal.facts import WORDS
from ferry.portal.forms import DriverForm, ReasonForm, RedateForm, TripForm
from ferry.portal.saving import save, tell_reasons
from ferry.portal.way import held_at, place_names, scans_told, way_of
from ferry.qr import qr_svg
from ferry.queries.passes import passes_in_full
from ferry.queries.trips import trips_of
from ferry.reasons import both_clocks, in_words

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from django.forms import Form
    from django.http import HttpRequest, HttpResponse
    from django.utils.safestring import SafeString

    from ferry.models import Membership, Pass, Trip, TripEvent


@require_http_methods(["GET", "POST"])
@member(writes=True)
def trip_new(request: HttpRequest, membership: Membership) -> HttpResponse:
    """Plan a trip and, with the other button, issue its code in the same step."""
    at = timezone.now()
    asked = {name: request.GET.get(name, "") for name in ("vehicle", "declaration")}
    form = TripForm(request.POST or None, company=membership.company, at=at, initial=asked)
    if request.method == "POST" and form.is_valid():
        trip = save(
            form,
            lambda: plan_trip(
                company=membership.company,
                **form.cleaned_data,
                at=timezone.now(),
                by=dispatcher(membership),
            ),
        )
        if trip is not None:
            if "issue" in request.POST:
                _try(request, lambda: issue_pass(trip=trip, at=timezone.now(), by=dispatcher(membership)))
            return redirect("portal:trip", trip.reference)
    return render(request, "portal/trip_new.html", {"form": form})


@require_safe
@member()
def trip(request: HttpRequest, membership: Membership, reference: str) -> HttpResponse:
    """Show everything about one trip; the part that changes is asked for again by itself."""
    shown = own_trip(membership, reference)
    context = _trip_context(shown, membership)
    if request.headers.get("HX-Request"):
        return render(request, "portal/_trip.html", context)
    context |= {**condition_context(shown), **documents_shown(shown, membership)}
    return render(request, "portal/trip.html", context)


@require_POST
@member(writes=True)
def trip_issue(request: HttpRequest, membership: Membership, reference: str) -> HttpResponse:
    shown = own_trip(membership, reference)
    if _try(request, lambda: issue_pass(trip=shown, at=timezone.now(), by=dispatcher(membership))):
        messages.success(request, _("The code is issued. Print it, or send the driver his link."))
    return redirect("portal:trip", reference)


@require_http_methods(["GET", "POST"])
@member(writes=True)
def trip_swap(request: HttpRequest, membership: Membership, reference: str) -> HttpResponse:
    shown = own_trip(membership, reference)
    form = DriverForm(request.POST or None, company=membership.company)
    text = _("The old code dies at once. The new driver needs the new one; the consignee's PIN stays.")
    return _act(
        request,
        shown,
        form,
        (_("Change the driver"), text, _("Change the driver and issue a new code")),
        lambda: swap_driver(trip=shown, **form.cleaned_data, at=timezone.now(), by=dispatcher(membership)),
    )


@require_http_methods(["GET", "POST"])
@member(writes=True)
def trip_redate(request: HttpRequest, membership: Membership, reference: str) -> HttpResponse:
    shown = own_trip(membership, reference)
    now = {"opens_at": shown.opens_at, "closes_at": shown.closes_at}
    form = RedateForm(request.POST or None, initial=now)
    text = _("The old code dies at once. The driver's page shows the new one; print a new sheet.")
    return _act(
        request,
        shown,
        form,
        (_("Move to another time"), text, _("Move and issue a new code")),
        lambda: redate_pass(trip=shown, **form.cleaned_data, at=timezone.now(), by=dispatcher(membership)),
    )


@require_http_methods(["GET", "POST"])
@member(writes=True)
def trip_revoke(request: HttpRequest, membership: Membership, reference: str) -> HttpResponse:
    shown = own_trip(membership, reference)
    form = ReasonForm(request.POST or None)
    text = _("The code dies at once. The trip stays planned and can have another code.")
    return _act(
        request,
        shown,
        form,
        (_("Revoke the code"), text, _("Revoke the code")),
        lambda: revoke_pass(trip=shown, **form.cleaned_data, at=timezone.now(), by=dispatcher(membership)),
    )


@require_http_methods(["GET", "POST"])
@member(writes=True)
def trip_cancel(request: HttpRequest, membership: Membership, reference: str) -> HttpResponse:
    shown = own_trip(membership, reference)
    form = ReasonForm(request.POST or None)
    text = _("The trip ends and its code dies at once. The licence quantity returns.")
    return _act(
        request,
        shown,
        form,
        (_("Cancel the trip"), text, _("Cancel the trip")),
        lambda: cancel_trip(trip=shown, **form.cleaned_data, at=timezone.now(), by=dispatcher(membership)),
    )


@require_POST
@member(writes=True)
def trip_returned(request: HttpRequest, membership: Membership, reference: str) -> HttpResponse:
    shown = own_trip(membership, reference)
    _try(request, lambda: return_trip(trip=shown, at=timezone.now(), by=dispatcher(membership)))
    return redirect("portal:trip", reference)


@require_POST
@member(writes=True)
def trip_driver_back(request: HttpRequest, membership: Membership, reference: str) -> HttpResponse:
    shown, at = own_trip(membership, reference), timezone.now()
    _try(request, lambda: driver_back(trip=shown, occurred_at=at, at=at, by=dispatcher(membership)))
    return redirect("portal:trip", reference)


def own_trip(membership: Membership, reference: str) -> Trip:
    found = trips_of(membership.company).filter(reference=reference).first()
    if found is None:
        raise Http404
    return found


def open_pass(trip: Trip) -> Pass | None:
    return passes_in_full().filter(trip=trip, state=PassState.OPEN).first()


def _act(
    request: HttpRequest,
    trip: Trip,
    form: Form,
    words: tuple[str, str, str],
    action: Callable[[], object],
) -> HttpResponse:
    """Ask for what an action needs on a page of its own, do it, and come back to the trip."""
    if request.method == "POST" and form.is_valid() and save(form, action) is not None:
        return redirect("portal:trip", trip.reference)
    title, text, submit = words
    context = {
        "form": form,
        "trip": trip,
        "title": title,
        "text": text,
        "submit": submit,
        "cancel_url": reverse("portal:trip", args=[trip.reference]),
    }
    return render(request, "portal/trip_act.html", context)


def _try(request: HttpRequest, action: Callable[[], object]) -> bool:
    """Do it, or say every reason why not."""
    try:
        action()
    except Refused as refused:
        tell_reasons(request, refused)
        return False
    return True


def _trip_context(trip: Trip, membership: Membership) -> dict[str, Any]:
    pass_ = open_pass(trip)
    events = list(trip.events.order_by("at", "pk"))
    places = place_names(trip, events)
    return {
        "trip": trip,
        "pass": pass_,
        **(code_of(pass_) if pass_ else {}),
        "pin": receipt_pin(trip) if trip.state in ON_THE_WAY else "",
        "driver_link": f"{settings.SITE_URL}{reverse('phone:driver', args=[trip.driver.link_token])}",
        "held": held_at(trip, events, places),
        "way": way_of(trip, events, at=timezone.now()),
        "scans": scans_told(events, places),
        "events": [(event, _told(event, places)) for event in reversed(events)],
        "cases": Case.objects.filter(trip=trip).order_by("-pk"),
        "declaration_cases": Case.objects.filter(declaration=trip.declaration, state=CaseState.OPEN),
        "receipt": getattr(trip, "receipt", None),
        "refusal": getattr(trip, "delivery_refusal", None),
        "may_write": membership.may_write,
        "can_cancel": trip.state in {TripState.PLANNED, TripState.READY},
        "is_abroad": trip.state in {TripState.EXITED, TripState.ARRIVED},
        "can_be_back": trip.exited_at is not None and trip.driver_returned_at is None,
    }


def _place_told(data: Mapping[str, Any], places: Mapping[str, str]) -> str:
    place = places.get(data["checkpoint"], data["checkpoint"])
    lane = data.get("lane")
    return f"{place} · {_('lane %(lane)s') % {'lane': lane}}" if lane else place


def code_of(pass_: Pass) -> dict[str, str | SafeString]:
    """Draw a pass's code for a screen, with its short code."""
    label = _("Clearance code")
    return {
        # Drawn by ferry.qr from a code that we sealed ourselves.
        "qr": mark_safe(qr_svg(pass_.code, level="M", label=label)),  # noqa: S308
        "short_code": codes.show_short_code(pass_.short_code),
    }


def refusal_words(reason: str) -> str:
    return str(RefusalReason(reason).label) if reason in RefusalReason.values else reason


def _told(event: TripEvent, places: Mapping[str, str]) -> list[str]:
    """Say an event's particulars in the reader's language."""
    data = event.data
    told = [_place_told(data, places)] if "checkpoint" in data else []
    told += [str(reason.detail) for reason in in_words(data.get("reasons", []))]
    told += [str(data[key]) for key in ("reason", "note", "receiver", "short_code") if data.get(key)]
    if event.kind == EventKind.EXAMINED:
        released = data.get("outcome") == "released"
        told.append(_("Released after examination") if released else _("Detained after examination"))
    if event.kind == EventKind.DELIVERY_REFUSED:
        told.insert(0, refusal_words(data.get("refusal", "")))
    if event.kind in {EventKind.PICKED_UP, EventKind.HANDED_OVER}:
        told += _looked(data)
    if event.kind == EventKind.DRIVER_SWAPPED:
        told.append(f"{data['from']} → {data['to']}")
    if event.kind == EventKind.RECORD_MATCHED:
        told.append(f"{WORDS.get(data['kind'], data['kind'])} · {data['source']} {data['reference']}")
    return told


def _looked(data: Mapping[str, Any]) -> list[str]:
    """Say what a driver's look found, and what his phone's clock said where it could not be believed."""
    told = []
    if data.get("new_marks"):
        told.append(_("New damage marked: %(count)s") % {"count": data["new_marks"]})
    elif data.get("marks"):
        told.append(_("Damage marked: %(count)s") % {"count": data["marks"]})
    if "phone_at" in data:
        told.append(_("The phone's clock was wrong; it said %(at)s.") % {"at": both_clocks(data["phone_at"])})
    return told
