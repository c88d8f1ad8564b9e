"""Give a trip's events as EPCIS, to take along."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.conf import settings
from django.http import JsonResponse
from django.utils import timezone
from django.views.decorators.http import require_safe

from ferry.models import Trip
from ferry.portal.access import member
from ferry.portal.trips import own_trip
from ferry.queries.epcis import stories
from ferry.rules.epcis import MEDIA_TYPE, epcis_document

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse

    from ferry.models import Membership


@require_safe
@member()
def trip_epcis(request: HttpRequest, membership: Membership, reference: str) -> HttpResponse:
    trip = own_trip(membership, reference)
    told = stories(Trip.objects.filter(pk=trip.pk))
    document = epcis_document(told, site=settings.SITE_URL, at=timezone.now())
    headers = {"Content-Disposition": f'attachment; filename="{trip.reference}.jsonld"'}
    params = {"ensure_ascii": False, "indent": 1}
    return JsonResponse(document, content_type=MEDIA_TYPE, headers=headers, json_dumps_params=params)
