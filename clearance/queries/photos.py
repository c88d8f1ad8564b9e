"""The photos an officer compares: of the driver and of the vehicle before him."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db.models import Q

from ferry.models import Document, DocumentKind

if TYPE_CHECKING:
    from django.db.models import QuerySet

    from clearance.models import Scan

#: How many of the vehicle are shown, the newest first.
OF_VEHICLE = 6


def photos_of(scan: Scan) -> QuerySet[Document]:
    """Find what its company keeps of the driver and the vehicle: pictures filed as photos, no other paper."""
    if scan.pass_used is None or scan.trip is None:
        return Document.objects.none()
    return Document.objects.filter(
        Q(driver=scan.pass_used.driver_id) | Q(vehicle=scan.trip.vehicle_id),
        company=scan.trip.company_id,
        kind=DocumentKind.PHOTO,
        content_type__startswith="image/",
        removed_at=None,
    ).order_by("-pk")


def face_of(scan: Scan) -> Document | None:
    """Find the driver's newest photo."""
    return photos_of(scan).filter(driver__isnull=False).first()


def vehicle_photos_of(scan: Scan) -> list[Document]:
    return list(photos_of(scan).filter(driver=None)[:OF_VEHICLE])
