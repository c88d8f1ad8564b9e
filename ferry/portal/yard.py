"""The yard: what is to be done with each vehicle before its code, recorded in a list or by scanning."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from csp.constants import SELF, WASM_UNSAFE_EVAL
from csp.decorators import csp_update
from django.contrib import messages
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from ferry.actions.keeping import fields_of
from ferry.actions.readiness import ask_readiness, mark_vehicle, unmark_vehicle
from ferry.errors import Refused
from ferry.models import Door, Mark, ReadinessPolicy, Vehicle
from ferry.portal.access import dispatcher, member
from ferry.portal.pages import newest_first
from ferry.portal.saving import save, tell_reasons
from ferry.portal.yard_forms import MarkForm, PolicyForm, ScanForm, UnmarkForm
from ferry.queries.readiness import (
    CHOICES_SHOWN,
    VIN_END,
    by_vin_end,
    marks_of,
    policy_of,
    to_be_done,
    ways_of,
)
from ferry.queries.search import search_vehicles
from ferry.rules.letters import plain_capitals
from ferry.rules.vin import LENGTH, find_vins

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse

    from ferry.models import Company, Membership

POLICY = ("asks_yard", "asks_inspection", "asks_charge", "least_charge", "least_keys")
#: Steps a scan may record by itself: nothing has to be read off the car for them.
AT_ONCE = (Mark.YARD, Mark.INSPECTED)


@require_safe
@member()
def yard(request: HttpRequest, membership: Membership) -> HttpResponse:
    """List the vehicles that have no trip yet, with what each lacks."""
    company = membership.company
    todo, q = request.GET.get("todo", ""), request.GET.get("q", "")
    policy = policy_of(company)
    page = newest_first(search_vehicles(to_be_done(company, todo, policy), q), request)
    context = {
        "page": page,
        "ways": ways_of(company, page.rows, policy),
        "tabs": _tabs(todo),
        "q": q,
        "is_filtered": bool(todo or q),
        "asks": policy.pk is not None,
        "may_write": membership.may_write,
    }
    return render(request, "portal/yard.html", context)


@require_POST
@member(writes=True)
def yard_mark(request: HttpRequest, membership: Membership, vin: str) -> HttpResponse:
    """Record a step: answered by the row anew where htmx asks, or by the page it came from."""
    vehicle = _own(membership, vin)
    form = MarkForm(request.POST)
    if form.is_valid():
        said = dict(form.cleaned_data)
        save(form, lambda: _mark(membership, vehicle, **said))
    faults = [str(error) for errors in form.errors.values() for error in errors]
    if request.headers.get("HX-Request"):
        vehicle.refresh_from_db()
        return _row(request, membership, vehicle, faults)
    for fault in faults:
        messages.error(request, fault)
    if form.data.get("door") == Door.PAGE:
        return redirect("portal:vehicle", vehicle.vin)
    return redirect("portal:yard")


@require_POST
@member(writes=True)
def yard_unmark(request: HttpRequest, membership: Membership, vin: str) -> HttpResponse:
    """Take a step back, with a reason."""
    vehicle = _own(membership, vin)
    form = UnmarkForm(request.POST)
    if form.is_valid():
        said = form.cleaned_data | {"mark": Mark(form.cleaned_data["mark"])}
        try:
            vehicle = unmark_vehicle(vehicle=vehicle, **said, at=timezone.now(), by=dispatcher(membership))
        except Refused as refused:
            tell_reasons(request, refused)
    else:
        messages.error(request, _("Say why it is taken back."))
    if request.headers.get("HX-Request"):
        return _car(request, membership, vehicle, undone=form.is_valid())
    return redirect("portal:vehicle", vehicle.vin)


@csp_update({"script-src": [SELF, WASM_UNSAFE_EVAL]})
@require_http_methods(["GET", "POST"])
@member(writes=True)
def yard_scan(request: HttpRequest, membership: Membership) -> HttpResponse:
    """Find a vehicle by its label or the end of its VIN, and record what was done with it."""
    if request.method == "GET":
        return render(request, "portal/yard_scan.html", {"steps": _steps_at_once("")})
    form = ScanForm(request.POST)
    if not form.is_valid():
        return _answer(request, "portal/_yard_nothing.html", {"q": "", "is_short": True})
    said = form.cleaned_data
    found = _found(membership.company, said["q"])
    if len(found) != 1:
        context = {
            "q": said["q"][:LENGTH],
            "choices": found[:CHOICES_SHOWN],
            "is_cut": len(found) > CHOICES_SHOWN,
            "is_short": len(plain_capitals(said["q"])) < VIN_END,
            "mark": said["mark"],
        }
        return _answer(request, "portal/_yard_nothing.html", context)
    return _scanned(request, membership, found[0], said)


@require_http_methods(["GET", "POST"])
@member(owns=True)
def yard_policy(request: HttpRequest, membership: Membership) -> HttpResponse:
    """Say what a vehicle needs before its code."""
    company = membership.company
    policy = policy_of(company)
    asked = policy if policy.pk else ReadinessPolicy()
    form = PolicyForm(request.POST or None, initial=fields_of(asked, POLICY))
    if request.method == "POST" and form.is_valid():
        by = dispatcher(membership)
        done = save(
            form, lambda: ask_readiness(company=company, **form.cleaned_data, at=timezone.now(), by=by)
        )
        if done is not None:
            messages.success(
                request, _("Saved. Every code from now on waits for this; codes that are out stay.")
            )
            return redirect("portal:yard")
    context = {
        "form": form,
        "title": _("What a vehicle needs before its code"),
        "about": _("Papers released is always needed. Until this is saved once, nothing else is asked for."),
        "cancel_url": reverse("portal:yard"),
    }
    return render(request, "portal/paper_form.html", context)


def readiness_of(company: Company, vehicle: Vehicle) -> dict[str, Any]:
    """Give what a vehicle's page shows of its readiness."""
    policy = policy_of(company)
    [way] = ways_of(company, [vehicle], policy)
    return {"way": way, "marks": marks_of(company, vehicle), "asks": policy.pk is not None}


def _scanned(
    request: HttpRequest, membership: Membership, vehicle: Vehicle, said: dict[str, Any]
) -> HttpResponse:
    if not said["mark"]:
        return _car(request, membership, vehicle)
    mark, counts = said["mark"], {name: said[name] for name in ("charge_percent", "keys")}
    try:
        vehicle, is_new = _mark(membership, vehicle, mark=mark, **counts, door=Door.SCAN)
    except Refused as refused:
        faults = [str(reason.detail) for reason in refused.reasons]
        return _car(request, membership, vehicle, faults=faults)
    return _car(request, membership, vehicle, done=Mark(mark), is_new=is_new)


def _mark(
    membership: Membership,
    vehicle: Vehicle,
    *,
    mark: str,
    charge_percent: int | None,
    keys: int | None,
    door: str,
) -> tuple[Vehicle, bool]:
    at = timezone.now()
    return mark_vehicle(
        vehicle=vehicle,
        done={Mark(mark): at},
        charge_percent=charge_percent if mark == Mark.CHARGED else None,
        keys=keys,
        door=door,
        at=at,
        by=dispatcher(membership),
    )


def _found(company: Company, text: str) -> list[Vehicle]:
    """Find vehicles by a whole VIN anywhere in what was read, or by the end of one as it was typed."""
    vins = find_vins(text)
    if vins:
        return list(Vehicle.objects.filter(company=company, vin__in=vins)[:2])
    end = plain_capitals(text)
    return by_vin_end(company, end) if VIN_END <= len(end) < LENGTH else []


def _row(request: HttpRequest, membership: Membership, vehicle: Vehicle, faults: list[str]) -> HttpResponse:
    [way] = ways_of(membership.company, [vehicle], policy_of(membership.company))
    return render(request, "portal/_yard_row.html", {"way": way, "may_write": True, "faults": faults})


def _car(request: HttpRequest, membership: Membership, vehicle: Vehicle, **told: Any) -> HttpResponse:
    [way] = ways_of(membership.company, [vehicle], policy_of(membership.company))
    return _answer(request, "portal/_yard_car.html", {"way": way, "vehicle": vehicle, **told})


def _answer(request: HttpRequest, part: str, context: dict[str, Any]) -> HttpResponse:
    if request.headers.get("HX-Request"):
        return render(request, part, context)
    steps = _steps_at_once(request.POST.get("mark", ""))
    return render(request, "portal/yard_scan.html", {**context, "part": part, "steps": steps})


def _steps_at_once(current: str) -> list[tuple[str, str, bool]]:
    steps = [("", _("Ask me")), *((mark.value, str(mark.label)) for mark in AT_ONCE)]
    chosen = current if current in AT_ONCE else ""
    return [(value, label, value == chosen) for value, label in steps]


def _own(membership: Membership, vin: str) -> Vehicle:
    return get_object_or_404(Vehicle, company=membership.company, vin=vin)


def _tabs(current: str) -> list[tuple[str, str, bool]]:
    tabs = [
        ("", _("All without a trip")),
        ("await", _("Expected")),
        ("inspect", _("To inspect")),
        ("charge", _("To charge or fuel")),
        ("ready", _("Yard done")),
    ]
    return [(value, label, value == current) for value, label in tabs]
