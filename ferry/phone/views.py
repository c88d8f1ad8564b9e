"""The page of a code, for consignees, who have no account."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from ferry import codes
from ferry.actions.receipts import confirm_receipt
from ferry.errors import Refused
from ferry.models import PassState, Receipt, TripState
from ferry.phone.forms import ReceiptForm
from ferry.phone.language import spoken_to
from ferry.phone.throttles import too_many
from ferry.queries.passes import find_pass

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse

    from ferry.models import Pass


@require_http_methods(["GET", "POST"])
@never_cache
def code_page(request: HttpRequest, code: str) -> HttpResponse:
    """Show whoever scans a windscreen code what the consignee needs, and nothing personal."""
    wait = too_many(request, "receipt" if request.method == "POST" else "public")
    if wait is not None:
        return wait
    at = timezone.now()
    pass_ = find_pass(code, at=at)
    if pass_ is None:
        return render(request, "phone/no_code.html", status=404)
    with spoken_to(request, pass_.trip.consignee_language):
        form = ReceiptForm(request.POST or None)
        if request.method == "POST" and form.is_valid() and _confirmed(form, pass_, at):
            return redirect(request.path)
        status = 400 if request.method == "POST" else 200
        return render(request, "phone/code.html", _code_context(pass_, form), status=status)


def _confirmed(form: ReceiptForm, pass_: Pass, at: datetime) -> bool:
    try:
        said = form.receipt(pass_.trip.consignee_name)
        confirm_receipt(pass_=pass_, **said, at=at, by="consignee")
    except Refused as refusal:
        for reason in refusal.reasons:
            form.add_error(reason.attr if reason.attr in form.fields else None, str(reason.detail))
        return False
    return True


def _code_context(pass_: Pass, form: ReceiptForm) -> dict[str, object]:
    trip = pass_.trip
    return {
        "pass": pass_,
        "trip": trip,
        "short_code": codes.show_short_code(pass_.short_code),
        "vin_head": pass_.vin[:-6],
        "vin_tail": pass_.vin[-6:],
        "receipt": Receipt.objects.filter(trip=trip).first(),
        "is_dead": pass_.state not in {PassState.OPEN, PassState.SPENT},
        "is_over": trip.state in {TripState.CANCELLED, TripState.LAPSED, TripState.RETURNED},
        "form": form,
    }
