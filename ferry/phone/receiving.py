"""The page behind a windscreen's code: anybody may look, the PIN takes the vehicle or refuses it.

What is personal (who receives, what he said) is on the paper alone, which opens by a receipt ticket or the
PIN. An answer that was lost on its way is got again by sending the same again.
"""

from __future__ import annotations

import uuid
from functools import wraps
from typing import TYPE_CHECKING, Any

from django.contrib import messages
from django.http import HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.gzip import gzip_page
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from ferry import codes
from ferry.actions.condition_checks import keep_condition_photo
from ferry.actions.receipts import check_pin, confirm_receipt, refuse_delivery
from ferry.errors import Refused
from ferry.models import Side, TripState
from ferry.phone.forms import PhotoForm, PinForm, ReceiptForm, RefusalForm
from ferry.phone.language import spoken_to
from ferry.phone.throttles import too_many
from ferry.phone.tickets import give_ticket, has_ticket
from ferry.queries.receiving import check_of, consignees_check, find_delivery
from ferry.receipt_paper import draw_receipt
from ferry.rules.outline import shape_of
from ferry.uploaded import MOST_BYTES, too_large

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from datetime import datetime

    from django.core.files.uploadedfile import UploadedFile
    from django.forms import Form
    from django.http import HttpRequest

    from ferry.models import ConditionCheck, Trip
    from ferry.queries.receiving import Delivery

    View = Callable[[HttpRequest, str, Delivery, datetime], HttpResponse]

BY = "consignee"
#: How far a trip has come, for whoever looks: the crossings it has behind it.
LEFT = {TripState.EXITED, TripState.ARRIVED, TripState.DELIVERED, TripState.DISCHARGED}
THERE = LEFT - {TripState.EXITED}


def of_delivery(view: View) -> Callable[[HttpRequest, str], HttpResponse]:
    """Give a view its code's delivery, in the consignee's language; answer where none is to be shown."""

    @wraps(view)
    def answer(request: HttpRequest, code: str) -> HttpResponse:
        at = timezone.now()
        wait = too_many(request, "receipt" if request.method == "POST" else "public")
        if wait is not None:
            return wait
        delivery = find_delivery(code, at=at)
        if delivery is None:
            return _no_code(request)
        with spoken_to(request, delivery.trip.consignee_language):
            if delivery.is_over(at):
                return render(request, "phone/over.html", status=410)
            return view(request, code, delivery, at)

    return answer


@require_http_methods(["GET", "POST"])
@never_cache
@gzip_page
@of_delivery
def code_page(request: HttpRequest, code: str, delivery: Delivery, at: datetime) -> HttpResponse:
    """Show whoever scans a windscreen's code what the consignee needs, and take the consignee's answer."""
    if request.method == "POST":
        return _answer(request, code, delivery, at)
    return render(request, "phone/code.html", _context(code, delivery, *_forms(delivery)))


@require_http_methods(["GET", "POST"])
@never_cache
@gzip_page
@of_delivery
def receipt(request: HttpRequest, code: str, delivery: Delivery, at: datetime) -> HttpResponse:
    """Show the paper of what was answered to whoever has its ticket; give one for the PIN."""
    if delivery.answer is None:
        return redirect("phone:code", code)
    form = PinForm(request.POST or None)
    if request.method == "POST" and form.is_valid() and _pin_is_right(form, delivery.trip, at):
        return _with_ticket(redirect("phone:receipt", code), delivery.trip)
    if has_ticket(request, delivery.trip):
        return render(request, "phone/receipt.html", _paper_context(code, delivery))
    context = {**_vehicle(code, delivery), "form": form}
    return render(request, "phone/open_receipt.html", context, status=400 if form.errors else 200)


@require_safe
@never_cache
@of_delivery
def receipt_pdf(request: HttpRequest, code: str, delivery: Delivery, _at: datetime) -> HttpResponse:
    """Send the paper as PDF to whoever has its ticket; others are asked for the PIN."""
    if delivery.answer is None or not has_ticket(request, delivery.trip):
        return redirect("phone:receipt", code)
    return pdf_answer(delivery)


@require_POST
@never_cache
def photos(request: HttpRequest, code: str) -> HttpResponse:
    """Keep photos beside what the holder of a ticket answered; sent twice, a photo is kept once."""
    at = timezone.now()
    delivery = find_delivery(code, at=at)
    is_his = delivery is not None and has_ticket(request, delivery.trip) and not delivery.is_over(at)
    # By the trip for who has a ticket: a photo after the other comes from one address.
    wait = too_many(request, "public", who=f"receipt-{delivery.trip.pk}" if delivery and is_his else "")
    if wait is not None:
        return wait
    if delivery is None or not is_his:
        return _no_code(request)
    with spoken_to(request, delivery.trip.consignee_language):
        form = PhotoForm(request.POST)
        check = consignees_check(delivery.trip, form.cleaned_data["check_id"]) if form.is_valid() else None
        if check is None:
            return _no_code(request)
        sent = [(file, form.cleaned_data["mark_number"]) for file in request.FILES.getlist("photos")]
        told = list(_keep_photos(check, sent, form.cleaned_data, at))
    if _wants_json(request):
        return JsonResponse({"errors": told}, status=400 if told or not sent else 200)
    _tell(request, told)
    return redirect("phone:receipt", code)


def pdf_answer(delivery: Delivery) -> HttpResponse:
    """Draw the paper in the language that is spoken now."""
    answer = delivery.answer
    if answer is None:
        raise ValueError("Nobody has answered yet.")
    pdf = draw_receipt(pass_=delivery.pass_, answer=answer, check=check_of(answer))
    name = f"{delivery.trip.reference}-receipt.pdf"
    headers = {"Content-Disposition": f'inline; filename="{name}"', "X-Content-Type-Options": "nosniff"}
    return HttpResponse(pdf, content_type="application/pdf", headers=headers)


# --- The answer ----------------------------------------------------------------------------------


def _answer(request: HttpRequest, code: str, delivery: Delivery, at: datetime) -> HttpResponse:
    """Take the answer, or the same answer again; on what is wrong with it, show the page with it."""
    takes, refuses = _forms(delivery, request)
    form = refuses if refuses.is_bound else takes
    if form.is_valid() and _is_taken(form, delivery, at):
        return _taken(request, code, delivery, form, at)
    if _wants_json(request):
        return JsonResponse({"errors": list(_errors(form))}, status=400)
    return render(request, "phone/code.html", _context(code, delivery, takes, refuses), status=400)


def _forms(delivery: Delivery, request: HttpRequest | None = None) -> tuple[ReceiptForm, RefusalForm]:
    """Make both forms; what was sent is bound to the one it answers."""
    said = (request.POST, request.FILES) if request else ()
    is_refusal = request is not None and request.POST.get("answer") == "refuse"
    return (
        ReceiptForm(*(() if is_refusal else said), trip=delivery.trip, auto_id="take_%s"),
        RefusalForm(*(said if is_refusal else ()), trip=delivery.trip, auto_id="refuse_%s"),
    )


def _is_taken(form: ReceiptForm | RefusalForm, delivery: Delivery, at: datetime) -> bool:
    try:
        if isinstance(form, RefusalForm):
            refuse_delivery(pass_=delivery.pass_, **form.said(), at=at, by=BY)
        else:
            confirm_receipt(pass_=delivery.pass_, **form.said(), at=at, by=BY)
    except Refused as refused:
        # The PIN was right: this is the same again, whose answer was lost.
        if [reason.code for reason in refused.reasons] == [form.already]:
            return True
        _add_reasons(form, refused)
        return False
    return True


def _taken(
    request: HttpRequest, code: str, delivery: Delivery, form: ReceiptForm | RefusalForm, at: datetime
) -> HttpResponse:
    """Answer with a ticket; photos that came along are kept, and a script sends its own afterwards."""
    check_id = form.check.check_id
    check = consignees_check(delivery.trip, check_id) or consignees_check(delivery.trip, None)
    told = list(_keep_photos(check, form.photos(), form.cleaned_data, at)) if check else []
    if form.differs_from(delivery.answer):
        told.append({"field": "", "label": _("Answered before"), "text": str(STANDS)})
    if _wants_json(request):
        done: dict[str, Any] = {"next": reverse("phone:receipt", args=[code]), "errors": told}
        if check:
            done |= {"photos": reverse("phone:receipt_photos", args=[code]), "check_id": str(check.check_id)}
        return _with_ticket(JsonResponse(done), delivery.trip)
    _tell(request, told)
    return _with_ticket(redirect("phone:receipt", code), delivery.trip)


STANDS = gettext_lazy("What was said then stands. Tell the company what is different now.")


def _pin_is_right(form: PinForm, trip: Trip, at: datetime) -> bool:
    try:
        check_pin(trip=trip, pin=form.cleaned_data["pin"], at=at)
    except Refused as refused:
        _add_reasons(form, refused)
        return False
    return True


def _add_reasons(form: Form, refused: Refused) -> None:
    for reason in refused.reasons:
        form.add_error(reason.attr if reason.attr in form.fields else None, str(reason.detail))


def _errors(form: Form) -> Iterator[dict[str, str]]:
    for name, errors in form.errors.items():
        label = str(form.fields[name].label) if name in form.fields else ""
        for error in errors:
            yield {"field": name if label else "", "label": label, "text": str(error)}


# --- Photos --------------------------------------------------------------------------------------


def _keep_photos(
    check: ConditionCheck,
    sent: Iterable[tuple[UploadedFile[Any], int | None]],
    said: dict[str, Any],
    at: datetime,
) -> Iterator[dict[str, str]]:
    """Keep each photo; say of each that cannot be kept why not."""
    for file, mark_number in sent:
        try:
            if (file.size or 0) > MOST_BYTES:
                raise too_large()
            keep_condition_photo(
                check=check,
                photo_id=said.get("photo_id") or uuid.uuid4(),
                content=file.read(),
                mark_number=mark_number,
                with_place=said["keeps_place"],
                taken_at=at,
                at=at,
            )
        except Refused as refused:
            for reason in refused.reasons:
                yield {"field": "photos", "label": file.name or "", "text": str(reason.detail)}


def _tell(request: HttpRequest, told: Iterable[dict[str, str]]) -> None:
    for one in told:
        messages.error(request, f"{one['label']}: {one['text']}")


# --- What is shown -------------------------------------------------------------------------------


def _context(code: str, delivery: Delivery, takes: ReceiptForm, refuses: RefusalForm) -> dict[str, Any]:
    wrong = next((form for form in (takes, refuses) if form.is_bound and form.errors), None)
    return {
        **_vehicle(code, delivery),
        "takes": takes,
        "refuses": refuses,
        "wrong": wrong,
        "most_bytes": MOST_BYTES,
        "steps": _steps(delivery.trip),
    }


def _vehicle(code: str, delivery: Delivery) -> dict[str, Any]:
    """Give what anybody may see: the vehicle, the company, and how the delivery stands."""
    pass_ = delivery.pass_
    return {
        "code": code,
        "vehicle": delivery.trip.vehicle,
        "route": delivery.trip.route,
        "company": delivery.trip.company,
        "short_code": codes.show_short_code(pass_.short_code),
        "vin_head": pass_.vin[:-6],
        "vin_tail": pass_.vin[-6:],
        "standing": delivery.standing,
        "answered_at": delivery.receipt.confirmed_at if delivery.receipt else None,
    }


def _steps(trip: Trip) -> list[tuple[str, str, str]]:
    """Draw how far the vehicle has come: icon, words, and done, now or next; none is now before it left."""
    reached = 2 if trip.state in THERE else 1 if trip.state in LEFT else 0
    words = (("gate", _("Left China")), ("bridge", _("In Kazakhstan")), ("handover", _("With you")))
    return [
        (icon, word, "done" if number < reached else "now" if number == reached else "next")
        for number, (icon, word) in enumerate(words, start=1)
    ]


def _paper_context(code: str, delivery: Delivery) -> dict[str, Any]:
    answer = delivery.answer
    check = check_of(answer) if answer else None
    marks = check.marks.all() if check else []
    return {
        **_vehicle(code, delivery),
        "trip": delivery.trip,
        "receipt": delivery.receipt,
        "refusal": delivery.refusal,
        "check": check,
        "photos": len(check.photos.all()) if check else 0,
        "marks": sorted(marks, key=lambda mark: mark.number),
        "sides": [(side, side.label) for side in Side if side in {mark.side for mark in marks}],
        "note": answer.note if answer else "",
        "photo_form": PhotoForm(),
        "shape": shape_of(delivery.trip.vehicle),
        "most_bytes": MOST_BYTES,
    }


def _no_code(request: HttpRequest) -> HttpResponse:
    return render(request, "phone/no_code.html", status=404)


def _with_ticket(answer: HttpResponse, trip: Trip) -> HttpResponse:
    give_ticket(answer, trip)
    return answer


def _wants_json(request: HttpRequest) -> bool:
    return request.headers.get("Accept", "") == "application/json"
