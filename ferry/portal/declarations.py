"""A company's export declarations, and which vehicles keep one from closing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib import messages
from django.db.models import F
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from ferry.actions.declarations import register_declaration, update_declaration
from ferry.actions.keeping import fields_of
from ferry.models import Declaration, Vehicle
from ferry.portal.access import dispatcher, member
from ferry.portal.completeness import blocking, parts, refund_steps
from ferry.portal.documents import documents_shown
from ferry.portal.history import told_changes
from ferry.portal.paper_forms import MODES, ChangeDeclarationForm, DeclarationForm
from ferry.portal.saving import save, tell_warnings
from ferry.queries.declarations import counted_declarations
from ferry.queries.goods import goods_on
from ferry.queries.issue import china_date
from ferry.queries.trips import trips_of
from ferry.rules.numbers import judge_supervision_mode

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse

    from ferry.models import DeclaredVehicle, Membership, Trip

VINS_SHOWN = 500
#: What its history tells.
TOLD = ("status", "status_at", "supervision_mode", "quantity", "closed_at", "refund_ready_at")


@require_safe
@member()
def declaration(request: HttpRequest, membership: Membership, number: str) -> HttpResponse:
    """Show a declaration, first the vehicles that keep it from closing."""
    shown = get_object_or_404(counted_declarations(membership.company), number=number)
    lines = shown.declared_vehicles.order_by(F("exited_at").asc(nulls_first=True), "vin")[:VINS_SHOWN]
    known = shown.declared_vehicles.count()
    rows = _rows(shown, list(lines), membership)
    out: int = shown.out  # type: ignore[attr-defined]
    held, unknown = blocking(rows, shown), max(shown.quantity - known, 0)
    context = {
        "declaration": shown,
        "mode": dict(MODES).get(shown.supervision_mode, ""),
        "blocking": held,
        "parts": parts(shown, held, out=out, unknown=unknown),
        "refund_steps": refund_steps(shown, out=out),
        "goods": goods_on(shown, on=china_date(timezone.now())),
        "gone": [row for row in rows if row[0].exited_at is not None],
        "blocking_count": known - out,
        "unknown_count": unknown,
        "left_off": max(known - VINS_SHOWN, 0),
        "cases": shown.cases.order_by("-pk"),
        "changes": told_changes(shown, TOLD),
        **documents_shown(shown, membership),
    }
    return render(request, "portal/declaration.html", context)


@require_http_methods(["GET", "POST"])
@member(writes=True)
def declaration_new(request: HttpRequest, membership: Membership) -> HttpResponse:
    form = DeclarationForm(request.POST or None, initial={"vins": request.GET.get("vins", "")})
    if request.method == "POST" and form.is_valid():
        saved = save(
            form,
            lambda: register_declaration(
                company=membership.company,
                **form.cleaned_data,
                at=timezone.now(),
                by=dispatcher(membership),
            ),
        )
        if saved is not None:
            return _saved(request, saved, _("The declaration is registered."))
    context = {
        "form": form,
        "title": _("Register a declaration"),
        "submit": _("Register"),
        "cancel_url": reverse("portal:declarations"),
    }
    return render(request, "portal/paper_form.html", context)


@require_http_methods(["GET", "POST"])
@member(writes=True)
def declaration_edit(request: HttpRequest, membership: Membership, number: str) -> HttpResponse:
    shown = get_object_or_404(Declaration, company=membership.company, number=number)
    now = fields_of(shown, ("supervision_mode", "status"))
    form = ChangeDeclarationForm(request.POST or None, initial=now)
    if request.method == "POST" and form.is_valid():
        saved = save(
            form,
            lambda: update_declaration(
                declaration=shown,
                **form.cleaned_data,
                lines=len(form.cleaned_data["vins"]),
                at=timezone.now(),
                by=dispatcher(membership),
            ),
        )
        if saved is not None:
            shown.refresh_from_db()
            return _saved(request, shown, _("The declaration is changed."))
    context = {
        "form": form,
        "title": _("Change the declaration"),
        "about": shown.number,
        "cancel_url": reverse("portal:declaration", args=[number]),
    }
    return render(request, "portal/paper_form.html", context)


def _rows(
    shown: Declaration, lines: list[DeclaredVehicle], membership: Membership
) -> list[tuple[DeclaredVehicle, Vehicle | None, Trip | None]]:
    """Put beside each VIN the vehicle, if it is registered, and its newest trip on this declaration."""
    found = Vehicle.objects.filter(company=membership.company, vin__in=[line.vin for line in lines])
    vehicles = {vehicle.vin: vehicle for vehicle in found}
    trips = trips_of(membership.company).filter(declaration=shown).order_by("pk")
    newest = {trip.vehicle.vin: trip for trip in trips}
    return [(line, vehicles.get(line.vin), newest.get(line.vin)) for line in lines]


def _saved(request: HttpRequest, saved: Declaration, sentence: str) -> HttpResponse:
    messages.success(request, sentence)
    tell_warnings(request, judge_supervision_mode(saved.supervision_mode))
    return redirect("portal:declaration", saved.number)
