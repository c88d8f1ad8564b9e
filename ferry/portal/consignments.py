"""A company's consignments: how each stands as a whole, who is in it, and what holds the rest."""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext, pgettext
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from ferry.actions.consignments import (
    change_consignment,
    join_consignment,
    leave_consignment,
    open_consignment,
)
from ferry.actions.keeping import fields_of
from ferry.portal.access import dispatcher, member
from ferry.portal.pages import newest_first
from ferry.portal.saving import save
from ferry.portal.yard_forms import ChangeConsignmentForm, ConsignmentForm, JoinForm
from ferry.queries.consignment_cars import cars_of, every_car
from ferry.queries.consignments import (
    OUT,
    consignments_of,
    groups_in_step,
    held_groups,
    progress_of,
    vehicles_in,
    whole,
)
from ferry.queries.issue import CHINA, china_date
from ferry.queries.readiness import groups_of, of_consignment, policy_of, within
from ferry.queries.search import search_vehicles
from ferry.queries.vehicles import waiting_vehicles
from ferry.rules.readiness import Step
from ferry.sheets import write_table

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from django.db.models import QuerySet
    from django.http import HttpRequest

    from ferry.actions.consignments import Joined
    from ferry.models import Consignment, Membership, Vehicle
    from ferry.queries.consignment_cars import Car
    from ferry.queries.consignments import Whole

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
NAMED_AT_ONCE = 10
PICKED_FROM = 50
BAR = 1000
FIELDS = ("name", "kind", "expected_on", "note")


@dataclass(frozen=True)
class ShownStep:
    """A step of the bar; `part` says whether it is before the code, at it, or out of China."""

    step: Step
    count: int
    part: str
    x: float
    width: float


@require_safe
@member()
def consignments(request: HttpRequest, membership: Membership) -> HttpResponse:
    """List consignments, newest first, with how far each is."""
    shows_closed = request.GET.get("state") == "closed"
    rows = consignments_of(membership.company).filter(closed_at__isnull=not shows_closed)
    page = newest_first(rows, request)
    context = {
        "page": page,
        "rows": progress_of(page.rows, membership.company),
        "tabs": [
            ("", pgettext("consignment", "Open"), not shows_closed),
            ("closed", pgettext("consignment", "Closed"), shows_closed),
        ],
        "shows_closed": shows_closed,
        "may_write": membership.may_write,
    }
    return render(request, "portal/consignments.html", context)


@require_safe
@member()
def consignment(request: HttpRequest, membership: Membership, pk: int) -> HttpResponse:
    shown = whole(_own(membership, pk), membership.company, at=timezone.now())
    context = {
        "whole": shown,
        "consignment": shown.consignment,
        "steps": _bar(shown),
        "may_write": membership.may_write,
    }
    return render(request, "portal/consignment.html", context)


@require_http_methods(["GET", "POST"])
@member(writes=True)
def consignment_new(request: HttpRequest, membership: Membership) -> HttpResponse:
    form = ConsignmentForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        saved = save(
            form,
            lambda: open_consignment(
                company=membership.company,
                **form.cleaned_data,
                at=timezone.now(),
                by=dispatcher(membership),
            ),
        )
        if saved is not None:
            messages.success(request, _("The consignment is open. Let its vehicles join."))
            return redirect("portal:consignment_join", saved.pk)
    context = {
        "form": form,
        "title": _("Open a consignment"),
        "submit": _("Open the consignment"),
        "cancel_url": reverse("portal:consignments"),
    }
    return render(request, "portal/paper_form.html", context)


@require_http_methods(["GET", "POST"])
@member(writes=True)
def consignment_edit(request: HttpRequest, membership: Membership, pk: int) -> HttpResponse:
    shown = _own(membership, pk)
    initial = {**fields_of(shown, FIELDS), "is_closed": shown.closed_at is not None}
    form = ChangeConsignmentForm(request.POST or None, initial=initial)
    if request.method == "POST" and form.is_valid():
        by = dispatcher(membership)
        saved = save(
            form,
            lambda: change_consignment(consignment=shown, **form.cleaned_data, at=timezone.now(), by=by),
        )
        if saved is not None:
            messages.success(request, _("The consignment is changed."))
            return redirect("portal:consignment", pk)
    context = {
        "form": form,
        "title": _("Change the consignment"),
        "about": shown,
        "cancel_url": reverse("portal:consignment", args=[pk]),
    }
    return render(request, "portal/paper_form.html", context)


@require_safe
@member()
def consignment_cars(request: HttpRequest, membership: Membership, pk: int) -> HttpResponse:
    """List the vehicles of a consignment: all, those in a `step`, or those that `lack` something."""
    shown, company = _own(membership, pk), membership.company
    step, lack, q = (request.GET.get(name, "") for name in ("step", "lack", "q"))
    vehicles = _asked(shown, step, lack)
    page = newest_first(search_vehicles(vehicles, q), request)
    context = {
        "consignment": shown,
        "page": page,
        "cars": cars_of(company, page.rows),
        "step": Step(step).label if step in Step else "",
        "q": q,
        "is_filtered": bool(step or lack or q),
        "may_write": membership.may_write,
    }
    return render(request, "portal/consignment_cars.html", context)


@require_http_methods(["GET", "POST"])
@member(writes=True)
def consignment_join(request: HttpRequest, membership: Membership, pk: int) -> HttpResponse:
    """Let vehicles join: pasted, ticked, or all of a declaration."""
    shown, company = _own(membership, pk), membership.company
    ticked = request.POST.getlist("vin")
    form = JoinForm(request.POST if request.method == "POST" else None, company=company, ticked=ticked)
    if request.method == "POST" and form.is_valid():
        wanted = form.wanted(form.cleaned_data)
        joined = save(form, lambda: join_consignment(consignment=shown, vins=wanted))
        if joined is not None:
            _tell(request, joined)
            return redirect("portal:consignment", pk)
    q = request.GET.get("q", "")
    free = search_vehicles(waiting_vehicles(company).filter(consignment__isnull=True), q)
    context = {
        "consignment": shown,
        "form": form,
        "free": list(free[:PICKED_FROM]),
        "ticked": ticked,
        "q": q,
        "shown": PICKED_FROM,
    }
    return render(request, "portal/consignment_join.html", context)


@require_POST
@member(writes=True)
def consignment_leave(request: HttpRequest, membership: Membership, pk: int) -> HttpResponse:
    """Take ticked vehicles out of it."""
    count = leave_consignment(consignment=_own(membership, pk), vins=request.POST.getlist("vin"))
    if count:
        said = ngettext("%(count)d vehicle is taken out.", "%(count)d vehicles are taken out.", count)
        messages.success(request, said % {"count": count})
    else:
        messages.warning(request, _("No vehicle was ticked. Tick those that shall leave it."))
    return redirect("portal:consignment_cars", pk)


@require_safe
@member()
def consignment_export(request: HttpRequest, membership: Membership, pk: int) -> HttpResponse:
    """Give all vehicles with every step as a workbook; times are Beijing's."""
    shown = _own(membership, pk)
    file = io.BytesIO()
    write_table(file, shown.name, _titles(), map(_cells, every_car(shown, membership.company)))
    name = f"consignment-{pk}-{china_date(timezone.now()):%Y%m%d}.xlsx"
    disposition = f'attachment; filename="{name}"'
    return HttpResponse(file.getvalue(), content_type=XLSX, headers={"Content-Disposition": disposition})


def _own(membership: Membership, pk: int) -> Consignment:
    return get_object_or_404(consignments_of(membership.company).select_related("company"), pk=pk)


def _asked(shown: Consignment, step: str, lack: str) -> QuerySet[Vehicle]:
    if not (step or lack):
        return vehicles_in(shown)
    cars, policy = of_consignment(shown), policy_of(shown.company)
    groups = groups_of(cars, policy)
    return within(cars, groups_in_step(groups, step) if step else held_groups(groups, lack), policy)


def _bar(shown: Whole) -> list[ShownStep]:
    steps, x = [], 0.0
    for step, count in shown.steps.items():
        width = BAR * count / max(shown.total, 1)
        part = (
            "out" if step in OUT else "ready" if step in {Step.PAPERS, Step.PLANNED, Step.READY} else "before"
        )
        steps.append(ShownStep(step, count, part, x, width))
        x += width
    return steps


def _tell(request: HttpRequest, joined: Joined) -> None:
    count = len(joined.joined) + len(joined.already)
    said = ngettext("%(count)d vehicle is in it.", "%(count)d vehicles are in it.", count)
    messages.success(request, said % {"count": count})
    if joined.unknown:
        sentence = _("Not vehicles of yours, register them first: %(vins)s")
        messages.warning(request, sentence % {"vins": _named(joined.unknown)})
    if joined.elsewhere:
        sentence = _("In another consignment, take them out of it first: %(vins)s")
        messages.warning(request, sentence % {"vins": _named(joined.elsewhere)})


def _named(vins: Sequence[str]) -> str:
    more = len(vins) - NAMED_AT_ONCE
    return ", ".join(vins[:NAMED_AT_ONCE]) + (_(" and %(count)d more") % {"count": more} if more > 0 else "")


def _titles() -> list[str]:
    return [
        _("VIN"),
        _("Make"),
        _("Model"),
        _("Powertrain"),
        _("HS code"),
        _("Step"),
        _("Still to do"),
        _("In the yard"),
        _("Inspected"),
        _("Charged or fuelled"),
        _("Charge, %"),
        _("Keys"),
        _("Declaration"),
        _("Status"),
        _("Trip"),
        _("Driver"),
        _("Planned"),
        _("Left China"),
        _("Entered Kazakhstan"),
        _("Delivered"),
        _("Discharged"),
    ]


def _cells(car: Car) -> list[str]:
    vehicle, trip, declaration = car.way.vehicle, car.trip, car.declaration
    moments = ("created_at", "exited_at", "arrived_at", "delivered_at", "discharged_at")
    return [
        vehicle.vin,
        vehicle.make,
        vehicle.model,
        str(vehicle.get_powertrain_display()),
        vehicle.hs_code,
        str(car.way.step.label),
        " ".join(str(reason.detail) for reason in car.way.reasons),
        *(_moment(each) for each in (vehicle.in_yard_at, vehicle.inspected_at, vehicle.charged_at)),
        _number(vehicle.charge_percent),
        _number(vehicle.keys),
        declaration.number if declaration else "",
        str(declaration.get_status_display()) if declaration else "",
        trip.reference if trip else "",
        trip.driver.name if trip else "",
        *(_moment(getattr(trip, name)) if trip else "" for name in moments),
    ]


def _moment(at: datetime | None) -> str:
    return f"{at.astimezone(CHINA):%Y-%m-%d %H:%M}" if at else ""


def _number(number: int | None) -> str:
    return "" if number is None else str(number)
