"""Show a supervisor how the chains of his checkpoints stand."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from clearance.lane.access import officer
from clearance.queries.chain import standings

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse

    from clearance.lane.access import Station


@require_safe
@never_cache
@officer(supervises=True)
def chain(request: HttpRequest, station: Station) -> HttpResponse:
    return render(request, "desk/chain.html", {"standings": standings(station.supervised)})
