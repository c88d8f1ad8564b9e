"""The first page: where the vehicles are, what needs somebody, and how the day compares."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from ferry.models import TripState
from ferry.portal.access import member
from ferry.portal.figures import figures
from ferry.portal.needs import needs
from ferry.queries.pace import pace
from ferry.queries.today import Stage, corridor, is_beginning

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from django.http import HttpRequest, HttpResponse

    from ferry.models import Company, Membership


@dataclass(frozen=True)
class ShownStage:
    """A stage of the corridor in words: its name, what it holds, what being late means there, the list."""

    stage: Stage
    icon: str
    name: str
    holds: str
    lateness: str
    url: str
    link: str


@require_safe
@member()
def today(request: HttpRequest, membership: Membership) -> HttpResponse:
    """Show the page, or the one part that asks for itself again."""
    at = timezone.now()
    part = request.GET.get("part", "")
    if part in PARTS:
        return render(request, f"portal/today_{part}.html", _told(part, membership.company, at))
    context: dict[str, Any] = {"may_write": membership.may_write}
    for one in PARTS:
        context |= _told(one, membership.company, at)
    context["is_beginning"] = context["is_empty"] and is_beginning(membership.company)
    return render(request, "portal/today.html", context)


def _told(part: str, company: Company, at: datetime) -> dict[str, Any]:
    return {"at": at, **PARTS[part](company, at)}


def _corridor(company: Company, at: datetime) -> dict[str, Any]:
    stages = [_in_words(stage) for stage in corridor(company, at=at)]
    return {"stages": stages, "is_empty": not any(shown.stage.count for shown in stages)}


def _in_words(stage: Stage) -> ShownStage:
    icon, state, name, holds, lateness, link = {
        "yard": (
            TripState.PLANNED,
            TripState.PLANNED,
            _("Yard"),
            _("planned, or before their time"),
            _("Their time has come and they have no code. Issue it, or move the trip."),
            _("All planned trips"),
        ),
        "exit": (
            TripState.READY,
            TripState.READY,
            _("Exit"),
            _("with a code, may leave now"),
            _("Their window ends soon or has ended. Send the drivers off, or move the trips."),
            _("All ready trips"),
        ),
        "bridge": (
            TripState.EXITED,
            TripState.EXITED,
            _("Bridge"),
            _("left China"),
            _("Expected at the entry by now. Call the drivers."),
            _("All that left China"),
        ),
        "entry": (
            TripState.ARRIVED,
            TripState.ARRIVED,
            _("Entry"),
            _("in Kazakhstan, not confirmed"),
            _("The consignee should have confirmed by now. Ask for the receipt."),
            _("All in Kazakhstan"),
        ),
        "delivered": (
            TripState.DELIVERED,
            TripState.DELIVERED,
            _("Delivered today"),
            _("confirmed since midnight in Beijing"),
            "",
            _("All delivered trips"),
        ),
    }[stage.name]
    url = f"{reverse('portal:trips')}?state={state}"
    return ShownStage(stage, icon, name, holds, lateness, url, link)


def _needs(company: Company, at: datetime) -> dict[str, Any]:
    return {"needs": needs(company, at=at)}


def _pace(company: Company, at: datetime) -> dict[str, Any]:
    return {"figures": figures(pace(company, at=at))}


#: The parts of the page that ask for themselves again, by what the address calls them.
PARTS: dict[str, Callable[[Company, datetime], dict[str, Any]]] = {
    "corridor": _corridor,
    "needs": _needs,
    "pace": _pace,
}
