"""Which of his checkpoints a supervisor's page is about."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from django.http import HttpRequest

    from clearance.lane.access import Station
    from ferry.models import Checkpoint, Route


def asked_place(request: HttpRequest, station: Station) -> Checkpoint | None:
    """Find the checkpoint that the address names, if the supervisor has it."""
    code = request.GET.get("place", "")
    return next((each for each in station.supervised if each.code == code), None)


def usual_place(request: HttpRequest, station: Station) -> Checkpoint:
    """Give the checkpoint asked for, else where he stands, else his first."""
    own = station.supervised
    return asked_place(request, station) or (station.checkpoint if station.checkpoint in own else own[0])


def place_on(route: Route | None, station: Station) -> Checkpoint:
    """Say for which of his checkpoints a supervisor acts: the one on the route."""
    gates = (route.exit_id, route.entry_id) if route else ()
    own = station.supervised
    return next((one for one in own if one.pk in gates), own[0])


def supervisor(request: HttpRequest) -> str:
    """Name who acts, for what is kept of it."""
    return f"supervisor {request.user}"
