"""A receipt ticket: given for the right PIN, it lets one browser add photos and open the paper for a day."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from django.conf import settings
from django.core import signing

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse

    from ferry.models import Trip

GOOD_FOR = timedelta(hours=24)
SIGNER = signing.TimestampSigner(salt="ferry.phone.receipt-ticket")


def give_ticket(answer: HttpResponse, trip: Trip) -> None:
    """Put a ticket for this trip into an answer; one of another trip stays beside it."""
    answer.set_cookie(
        _name(trip),
        SIGNER.sign(str(trip.pk)),
        max_age=GOOD_FOR,
        secure=settings.SESSION_COOKIE_SECURE,
        httponly=True,
        samesite="Lax",
    )


def has_ticket(request: HttpRequest, trip: Trip) -> bool:
    try:
        said = SIGNER.unsign(request.COOKIES.get(_name(trip), ""), max_age=GOOD_FOR)
    except signing.BadSignature:
        return False
    return said == str(trip.pk)


def _name(trip: Trip) -> str:
    return f"receipt-{trip.reference}"
