"""Show a company the evidence of its own trip: as a page, or as a part of the trip's page."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from clearance.evidence.told import Teller
from clearance.queries.explained import explained
from ferry.portal.access import member
from ferry.portal.trips import own_trip

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse

    from ferry.models import Membership


@require_safe
@member()
def evidence(request: HttpRequest, membership: Membership, reference: str) -> HttpResponse:
    trip = own_trip(membership, reference)
    told = Teller(trip, explained(trip, at=timezone.now(), own_only=True), is_desk=False)
    is_part = bool(request.headers.get("HX-Request"))
    return render(request, "evidence/_trip.html" if is_part else "evidence/trip.html", told.context())
