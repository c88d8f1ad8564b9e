"""Find a company's trips."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ferry.models import EventKind, Trip, TripEvent

if TYPE_CHECKING:
    from django.db.models import QuerySet

    from ferry.models import Company


def trips_of(company: Company) -> QuerySet[Trip]:
    """List a company's trips with what every list of them shows."""
    return Trip.objects.filter(company=company).select_related(
        "vehicle", "driver", "declaration", "route__exit", "route__entry"
    )


def last_address(trip: Trip, reader: str) -> str:
    """Find where a trip's driver or consignee was last sent an e-mail, on this trip or an earlier one."""
    same = {"trip__driver": trip.driver_id} if reader == "driver" else {"trip": trip}
    sent = TripEvent.objects.filter(kind=EventKind.SENT, data__reader=reader, **same).order_by("-pk").first()
    return str(sent.data["to"]) if sent else ""
