"""A trip's events in the words of GS1 EPCIS 2.0."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.conf import settings
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework.renderers import JSONRenderer
from rest_framework.response import Response

from ferry.api.trips import TripView
from ferry.models import Trip
from ferry.queries.epcis import stories
from ferry.rules.epcis import CONTEXT, MEDIA_TYPE, epcis_document

if TYPE_CHECKING:
    from rest_framework.request import Request


DEPARTED = {
    "@context": [CONTEXT],
    "type": "EPCISDocument",
    "schemaVersion": "2.0",
    "creationDate": "2026-11-22T12:05:00+08:00",
    "epcisBody": {
        "eventList": [
            {
                "type": "ObjectEvent",
                "eventID": "urn:uuid:0b8f2f4e-5c0e-5d0b-9a7e-7b1f9a2d6c11",
                "eventTime": "2026-11-22T12:00:00+08:00",
                "eventTimeZoneOffset": "+08:00",
                "recordTime": "2026-11-22T12:00:01+08:00",
                "bizTransactionList": [
                    {
                        "type": "https://ferryman.example/epcis/type/trip",
                        "bizTransaction": "https://ferryman.example/epcis/trip/F7K2M9QXD",
                    }
                ],
                "epcList": ["https://ferryman.example/epcis/vin/LGXCE4CB8S0123456"],
                "action": "OBSERVE",
                "bizStep": "departing",
                "disposition": "in_transit",
                "readPoint": {"id": "https://ferryman.example/epcis/checkpoint/CN-HORGOS/lane/3"},
            }
        ]
    },
}


class LinkedData(JSONRenderer):
    media_type = MEDIA_TYPE
    format = "jsonld"


class TripEpcis(TripView):
    # For whoever asks for plain JSON, as most libraries do by themselves, it is that.
    renderer_classes: Any = (LinkedData, JSONRenderer)

    @extend_schema(
        operation_id="trips_epcis",
        tags=["trips"],
        summary="Read a trip's events as a GS1 EPCIS 2.0 document",
        description="JSON-LD with the words of CBV 2.0; an event keeps its `eventID`. No person is in it.",
        responses={(200, MEDIA_TYPE): OpenApiTypes.OBJECT, (200, "application/json"): OpenApiTypes.OBJECT},
        examples=[
            OpenApiExample("departed", DEPARTED, response_only=True, media_type=media_type)
            for media_type in (MEDIA_TYPE, "application/json")
        ],
    )
    def get(self, request: Request, reference: str) -> Response:
        trip = self.trip(reference)
        told = stories(Trip.objects.filter(pk=trip.pk))
        return Response(epcis_document(told, site=settings.SITE_URL, at=self.at))
