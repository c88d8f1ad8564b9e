"""A company's vehicles, and handing them over to another company."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib import messages
from django.http import Http404
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from ferry.actions.keeping import fields_of
from ferry.actions.vehicles import (
    FIELDS,
    answer_handover,
    change_vehicle,
    judge_vehicle,
    offer_vehicle,
    register_vehicle,
    withdraw_handover,
)
from ferry.errors import NotYours, Refused
from ferry.models import Company, DeclaredVehicle, Vehicle
from ferry.portal.access import dispatcher, member
from ferry.portal.documents import documents_shown
from ferry.portal.history import told_changes
from ferry.portal.pages import newest_first
from ferry.portal.paper_forms import OfferForm, VehicleForm
from ferry.portal.saving import save, tell_reasons, tell_warnings
from ferry.portal.way import NEVER
from ferry.portal.yard import readiness_of
from ferry.queries.goods import goods_of
from ferry.queries.handovers import handovers_of
from ferry.queries.issue import china_date
from ferry.queries.trips import trips_of
from ferry.queries.vehicles import cases_of_vehicle, events_of_vehicle
from ferry.rules.issue import NEWLY_REGISTERED, is_newly_registered
from ferry.rules.letters import plain_capitals
from ferry.rules.vin import normalise_vin

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse

    from ferry.models import Handover, Membership

TRIPS_SHOWN, EVENTS_SHOWN = 20, 30


@require_safe
@member()
def vehicle(request: HttpRequest, membership: Membership, vin: str) -> HttpResponse:
    shown, today = _own(membership, vin), china_date(timezone.now())
    lines = DeclaredVehicle.objects.filter(declaration__company=membership.company, vin=shown.vin)
    declared = list(lines.select_related("declaration").order_by("-declaration_id"))
    offers = list(handovers_of(membership.company).filter(vehicle=shown).order_by("-pk")[:TRIPS_SHOWN])
    trips = list(trips_of(membership.company).filter(vehicle=shown).order_by("-pk")[:TRIPS_SHOWN])
    context = {
        "vehicle": shown,
        "declared": declared,
        "trips": trips,
        "may_plan": bool(declared) and all(trip.state in NEVER for trip in trips),
        "goods": goods_of(shown, on=today),
        "is_new": is_newly_registered(shown.registered_on, on=today),
        "old_enough_on": shown.registered_on and shown.registered_on + NEWLY_REGISTERED,
        "events": events_of_vehicle(shown, membership.company)[:EVENTS_SHOWN],
        "cases": cases_of_vehicle(shown, membership.company)[:TRIPS_SHOWN],
        "offer": next((offer for offer in offers if offer.answered_at is None), None),
        "handovers": [offer for offer in offers if offer.answered_at is not None],
        "changes": told_changes(shown, FIELDS),
        **readiness_of(membership.company, shown),
        **documents_shown(shown, membership),
    }
    return render(request, "portal/vehicle.html", context)


@require_http_methods(["GET", "POST"])
@member(writes=True)
def vehicle_new(request: HttpRequest, membership: Membership) -> HttpResponse:
    form = VehicleForm(request.POST or None, initial={"vin": request.GET.get("vin", "")})
    if request.method == "POST" and form.is_valid():
        saved = save(
            form,
            lambda: register_vehicle(
                company=membership.company,
                **form.cleaned_data,
                at=timezone.now(),
                by=dispatcher(membership),
            ),
        )
        if saved is not None:
            return _saved(request, saved, _("The vehicle is registered."))
    context = {
        "form": form,
        "title": _("Register a vehicle"),
        "submit": _("Register"),
        "cancel_url": reverse("portal:vehicles"),
    }
    return render(request, "portal/paper_form.html", context)


@require_http_methods(["GET", "POST"])
@member(writes=True)
def vehicle_edit(request: HttpRequest, membership: Membership, vin: str) -> HttpResponse:
    shown = _own(membership, vin)
    form = VehicleForm(request.POST or None, initial=fields_of(shown, FIELDS))
    if request.method == "POST" and form.is_valid():
        saved = save(
            form,
            lambda: change_vehicle(
                vehicle=shown, **form.cleaned_data, at=timezone.now(), by=dispatcher(membership)
            ),
        )
        if saved is not None:
            return _saved(request, saved, _("The vehicle is changed."))
    context = {
        "form": form,
        "title": _("Change the vehicle"),
        "about": shown,
        "cancel_url": reverse("portal:vehicle", args=[shown.vin]),
    }
    return render(request, "portal/paper_form.html", context)


@require_http_methods(["GET", "POST"])
@member()
def handovers(request: HttpRequest, membership: Membership) -> HttpResponse:
    """List offers made and received, and make one."""
    if request.method == "POST" and not membership.may_write:
        return render(request, "403.html", status=403)
    form = OfferForm(request.POST or None, initial={"vin": request.GET.get("vin", "")})
    if request.method == "POST" and form.is_valid() and _offered(form, membership):
        messages.success(request, _("The vehicle is offered. It is yours until the other company accepts."))
        return redirect("portal:handovers")
    page = newest_first(handovers_of(membership.company), request)
    context = {
        "page": page,
        "open": [row for row in page if row.answered_at is None],
        "answered": [row for row in page if row.answered_at is not None],
        "form": form,
        "may_write": membership.may_write,
    }
    return render(request, "portal/handovers.html", context)


@require_POST
@member(writes=True)
def handover_answer(request: HttpRequest, membership: Membership, pk: int) -> HttpResponse:
    """Accept or decline an offer, or withdraw one's own."""
    handover = get_object_or_404(handovers_of(membership.company), pk=pk)
    answer = request.POST.get("answer", "")
    try:
        _answer(handover, membership, answer)
    except NotYours as stranger:
        raise Http404 from stranger
    except Refused as refused:
        tell_reasons(request, refused)
    return redirect("portal:handovers")


def _answer(handover: Handover, membership: Membership, answer: str) -> None:
    at, by = timezone.now(), dispatcher(membership)
    if answer == "withdraw":
        withdraw_handover(handover=handover, company=membership.company, at=at, by=by)
    elif answer in {"accept", "decline"}:
        accept = answer == "accept"
        answer_handover(handover=handover, company=membership.company, accept=accept, at=at, by=by)
    else:
        raise Http404


def _offered(form: OfferForm, membership: Membership) -> bool:
    offered = Vehicle.objects.filter(
        company=membership.company, vin=normalise_vin(form.cleaned_data["vin"])
    ).first()
    if offered is None:
        form.add_error("vin", _("No vehicle of yours has this VIN. Compare it with your list."))
    to = Company.objects.filter(uscc=plain_capitals(form.cleaned_data["to_company"]), is_active=True).first()
    if to is None:
        form.add_error("to_company", _("No company here has this code. Ask that company for its code."))
    if offered is None or to is None:
        return False
    by = dispatcher(membership)
    done = save(form, lambda: offer_vehicle(vehicle=offered, to_company=to, at=timezone.now(), by=by))
    return done is not None


def _own(membership: Membership, vin: str) -> Vehicle:
    vehicles = Vehicle.objects.select_related("consignment")
    return get_object_or_404(vehicles, company=membership.company, vin=vin)


def _saved(request: HttpRequest, saved: Vehicle, sentence: str) -> HttpResponse:
    messages.success(request, sentence)
    tell_warnings(request, judge_vehicle(saved, today=china_date(timezone.now())))
    return redirect("portal:vehicle", saved.vin)
