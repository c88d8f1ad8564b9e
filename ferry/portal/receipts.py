"""The paper that a consignee has, for the company too."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.http import Http404, HttpResponse
from django.views.decorators.http import require_safe

from ferry.portal.access import member
from ferry.portal.trips import own_trip
from ferry.queries.receiving import check_of, delivery_of
from ferry.receipt_paper import draw_receipt

if TYPE_CHECKING:
    from django.http import HttpRequest

    from ferry.models import Membership


@require_safe
@member()
def receipt_pdf(request: HttpRequest, membership: Membership, reference: str) -> HttpResponse:
    """Send the receipt, or the refused delivery where there is no receipt."""
    delivery = delivery_of(own_trip(membership, reference))
    answer = delivery.answer if delivery else None
    if delivery is None or answer is None:
        raise Http404
    pdf = draw_receipt(pass_=delivery.pass_, answer=answer, check=check_of(answer))
    headers = {
        "Content-Disposition": f'inline; filename="{reference}-receipt.pdf"',
        "Cache-Control": "private, no-store",
    }
    return HttpResponse(pdf, content_type="application/pdf", headers=headers)
