"""A company's rosters: see who can drive what, choose, look at what will happen, and have it done."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.http import Http404
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import get_language, ngettext
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe
from kombu.exceptions import OperationalError

from ferry.actions.roster import plan_roster
from ferry.celery import app
from ferry.errors import Reason, Refused
from ferry.models import Driver, LineState, Vehicle
from ferry.portal.access import dispatcher, member
from ferry.portal.pages import in_turn
from ferry.portal.roster_forms import DayForm, KeyForm, TermsForm, offered_day, offered_terms
from ferry.portal.saving import tell_reasons
from ferry.portal.sheets import parts
from ferry.queries.issue import planned_return
from ferry.queries.roster import (
    VEHICLES_AT_ONCE,
    Counted,
    Pair,
    counted,
    declarations_of,
    judge_pairs,
    propose,
    rosters_of,
)
from ferry.rules.declarations import VIN_UNLISTED

if TYPE_CHECKING:
    from collections.abc import Iterable

    from django.http import HttpRequest, HttpResponse

    from ferry.models import Company, Declaration, Membership
    from ferry.queries.roster import DriverLine, Proposal, VehicleLine

ROSTERS_SHOWN = 8
#: htmx stops polling at this status.
STOP_POLLING = 286


@dataclass(frozen=True)
class Chosen:
    """A vehicle that was ticked, and its driver if one was chosen."""

    vehicle: Vehicle
    driver: Driver | None
    declaration: Declaration | None
    reasons: list[Reason] = field(default_factory=list)

    @property
    def pair(self) -> Pair | None:
        if self.driver is None or self.declaration is None:
            return None
        return Pair(self.vehicle, self.driver, self.declaration)


#: A driver to choose: his number, and what is said of him.
Choice = tuple[int, str]
#: Whether a vehicle is ticked, and the number of who is to drive it.
Choose = Callable[["VehicleLine"], tuple[bool, int | None]]


@dataclass(frozen=True)
class Offer:
    """A vehicle that can go, as it stands on the page: ticked or not, with which driver."""

    vehicle: Vehicle
    kind: str
    declaration: Declaration
    is_taken: bool
    driver_id: int | None
    own: list[Choice]
    free: list[Choice]
    on_other_lines: list[Choice]


@require_safe
@member()
def roster(request: HttpRequest, membership: Membership) -> HttpResponse:
    """Propose who drives what on a day."""
    at, company = timezone.now(), membership.company
    asked = request.GET if "day" in request.GET else offered_day(company, at) | request.GET.dict()
    day = DayForm(asked, company=company, at=at)
    terms = TermsForm(initial=offered_terms(company, at))
    return _page(request, membership, day, terms, _as_proposed)


@require_POST
@member(writes=True)
def roster_preview(request: HttpRequest, membership: Membership) -> HttpResponse:
    """Show what will be planned and what stands in the way; or go back and change what was chosen."""
    at, company = timezone.now(), membership.company
    day, terms = DayForm(request.POST, company=company, at=at), TermsForm(request.POST)
    chosen = _chosen(request, company)
    if "change" in request.POST or not (day.is_valid() and terms.is_valid()):
        return _page(request, membership, day, terms, _as_sent(request, chosen))
    judged = _judged(company, day, chosen)
    good = [one for one in judged if not one.reasons]
    context = {
        "day": day,
        "terms": terms,
        "key": KeyForm(initial={"key": uuid.uuid4()}),
        "good": good,
        "stuck": [one for one in judged if one.reasons],
        "return_on": planned_return(day.window.route, day.window.closes_at),
    }
    return render(request, "portal/roster_preview.html", context)


@require_POST
@member(writes=True)
def roster_plan(request: HttpRequest, membership: Membership) -> HttpResponse:
    """Plan the trips and issue the codes, as one job."""
    at, company = timezone.now(), membership.company
    day, terms, key = (
        DayForm(request.POST, company=company, at=at),
        TermsForm(request.POST),
        KeyForm(request.POST),
    )
    chosen = _chosen(request, company)
    if not (day.is_valid() and terms.is_valid() and key.is_valid()):
        return _page(request, membership, day, terms, _as_sent(request, chosen))
    try:
        planned, _is_new = plan_roster(
            company=company,
            **key.cleaned_data,
            window=day.window,
            pairs=[one.pair for one in chosen if one.pair],
            **terms.cleaned_data,
            language=get_language() or settings.LANGUAGE_CODE,
            at=at,
            by=dispatcher(membership),
        )
    except Refused as refused:
        tell_reasons(request, refused)
        return redirect("portal:roster")
    _nudge()
    return redirect("portal:roster_job", planned.pk)


@require_safe
@member()
def roster_job(request: HttpRequest, membership: Membership, pk: int) -> HttpResponse:
    """Show how far a roster is; the part that changes is asked for again by itself."""
    shown = _own(membership, pk)
    lines = shown.roster.lines.select_related("vehicle", "driver", "trip")
    is_polled = bool(request.headers.get("HX-Request"))
    context = {
        "shown": shown,
        "is_polled": is_polled,
        "roster": shown.roster,
        "refused": in_turn(lines.filter(state=LineState.REFUSED), request, "refused"),
        "done": in_turn(lines.filter(state=LineState.DONE), request, "done"),
        "files": parts(shown.done),
        "may_write": membership.may_write,
    }
    if not is_polled:
        return render(request, "portal/roster_job.html", context)
    status = STOP_POLLING if shown.roster.finished_at else 200
    return render(request, "portal/_roster_job.html", context, status=status)


def _page(
    request: HttpRequest,
    membership: Membership,
    day: DayForm,
    terms: TermsForm,
    choose: Choose,
) -> HttpResponse:
    company, at = membership.company, timezone.now()
    context: dict[str, Any] = {
        "day": day,
        "terms": terms,
        "rosters": counted(list(rosters_of(company)[:ROSTERS_SHOWN])),
        "may_write": membership.may_write,
        "at_once": VEHICLES_AT_ONCE,
    }
    if day.is_valid():
        proposal = propose(company, day.window, **day.which, at=at)
        context |= {
            "proposal": proposal,
            "offers": _offers(proposal, choose),
            "everybody": [(kind, [_choice(one) for one in able]) for kind, able in proposal.able.items()]
            if proposal.is_short
            else [],
            "vehicles_out": _by_reasons(proposal.vehicles_out),
            "drivers_out": _by_reasons((one.driver, one.reasons) for one in proposal.drivers_out),
            "return_on": planned_return(day.window.route, day.window.closes_at),
            "rest_hours": settings.ROSTER_REST_HOURS,
        }
    return render(request, "portal/roster.html", context)


def _offers(proposal: Proposal, choose: Choose) -> list[Offer]:
    able = {kind: {one.driver.pk: _choice(one) for one in drivers} for kind, drivers in proposal.able.items()}
    return [_offer(line, able[line.kind], *choose(line)) for line in proposal.lines]


def _offer(line: VehicleLine, able: Mapping[int, Choice], is_taken: bool, wanted: int | None) -> Offer:
    free, others = ([able[one.driver.pk] for one in group] for group in (line.free, line.on_other_lines))
    own = [able[line.driver.driver.pk]] if line.driver else []
    chosen = None if wanted is None else able.get(wanted)
    if chosen is not None and chosen not in [*own, *free, *others]:
        own.append(chosen)
    return Offer(
        vehicle=line.vehicle,
        kind=line.kind,
        declaration=line.declaration,
        is_taken=is_taken,
        driver_id=chosen and chosen[0],
        own=own,
        free=free,
        on_other_lines=others,
    )


def _choice(line: DriverLine) -> Choice:
    return line.driver.pk, _label(line)


def _label(line: DriverLine) -> str:
    """Tell two of the same name apart, and whose turn it is."""
    driver, trips = line.driver, line.facts.trips
    said = ngettext("%(count)d trip this month", "%(count)d trips this month", trips) % {"count": trips}
    return f"{driver.name} …{driver.passport_tail} · {driver.licence_class} · {said}"


def _as_proposed(line: VehicleLine) -> tuple[bool, int | None]:
    return line.driver is not None, line.driver.driver.pk if line.driver else None


def _as_sent(request: HttpRequest, chosen: Iterable[Chosen]) -> Choose:
    """Keep what was ticked and chosen, as far as it can still be chosen."""
    taken = {one.vehicle.pk for one in chosen}

    def choose(line: VehicleLine) -> tuple[bool, int | None]:
        wanted = _numbers([request.POST.get(f"driver-{line.vehicle.pk}", "")])
        return line.vehicle.pk in taken, next(iter(wanted), None)

    return choose


def _chosen(request: HttpRequest, company: Company) -> list[Chosen]:
    """Read which vehicles are ticked and who is to drive each; what is not the company's is not there."""
    ticked = _numbers([*request.POST.getlist("take"), *request.POST.getlist("stuck")])
    wanted = {pk: _numbers([request.POST.get(f"driver-{pk}", "")]) for pk in ticked}
    numbers = {number for one in wanted.values() for number in one}
    drivers = Driver.objects.filter(company=company, pk__in=numbers).in_bulk()
    vehicles = list(Vehicle.objects.filter(company=company, pk__in=ticked).order_by("pk"))
    declarations = declarations_of(company, vehicles)
    return [
        Chosen(
            vehicle,
            next((drivers[number] for number in wanted[vehicle.pk] if number in drivers), None),
            declarations.get(vehicle.vin),
        )
        for vehicle in vehicles
    ]


def _judged(company: Company, day: DayForm, chosen: list[Chosen]) -> list[Chosen]:
    pairs = {one.vehicle.pk: one.pair for one in chosen if one.pair}
    reasons = dict(zip(pairs, judge_pairs(company, day.window, list(pairs.values()), at=day.at), strict=True))
    return [
        Chosen(one.vehicle, one.driver, one.declaration, reasons.get(one.vehicle.pk) or _incomplete(one))
        for one in chosen
    ]


def _incomplete(chosen: Chosen) -> list[Reason]:
    reasons = []
    if chosen.driver is None:
        reasons.append(Reason("driver_missing", _("No driver is chosen. Choose one, or leave it out.")))
    if chosen.declaration is None:
        reasons.append(Reason("vin_not_declared", VIN_UNLISTED))
    return reasons


def _by_reasons(rows: Iterable[tuple[Any, list[Reason]]]) -> list[tuple[tuple[str, ...], list[Any]]]:
    """Put those together against whom the same is to be said."""
    groups: dict[tuple[str, ...], list[Any]] = {}
    for row, reasons in rows:
        said = tuple(dict.fromkeys(str(reason.detail) for reason in reasons))
        groups.setdefault(said, []).append(row)
    return sorted(groups.items(), key=lambda group: -len(group[1]))


def _numbers(texts: Iterable[str]) -> list[int]:
    return [int(text) for text in texts if text.isascii() and text.isdigit() and len(text) < 19]


def _own(membership: Membership, pk: int) -> Counted:
    found = counted(list(rosters_of(membership.company).filter(pk=pk)))
    if not found:
        raise Http404
    return found[0]


def _nudge() -> None:
    """Have a worker look now. The table is the queue: without an answer here beat will remind it."""
    with suppress(OperationalError):
        app.send_task("ferry.tasks.work_rosters", retry=False, expires=30)
