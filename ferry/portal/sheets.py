"""Codes to print and to send: windscreen sheets as PDF, and pictures."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from ferry.models import PassState
from ferry.portal.access import member
from ferry.portal.trips import code_of, open_pass, own_trip
from ferry.qr import qr_png
from ferry.queries.passes import passes_in_full
from ferry.queries.roster import rosters_of
from ferry.windscreen import draw_sheets

if TYPE_CHECKING:
    from collections.abc import Sequence

    from django.db.models import QuerySet
    from django.http import HttpRequest

    from ferry.models import Membership, Pass
    from ferry.windscreen import PerPage

#: In one file: what is drawn while somebody waits.
SHEETS_AT_ONCE = 100


@require_safe
@member()
def sheet(request: HttpRequest, membership: Membership, reference: str) -> HttpResponse:
    """Give the sheet for the windscreen."""
    pass_ = open_pass(own_trip(membership, reference))
    if pass_ is None:
        messages.warning(request, _("This trip has no open code to print. Issue it first."))
        return redirect("portal:trip", reference)
    return sheets_answer([pass_], request, name=reference)


@require_safe
@member()
def roster_sheets(request: HttpRequest, membership: Membership, pk: int) -> HttpResponse:
    """Give a roster's sheets whose codes are open, so many from the one that `from` counts to."""
    roster = rosters_of(membership.company).filter(pk=pk).first()
    if roster is None:
        raise Http404
    rows = printable().filter(trip__roster_line__roster=roster).order_by("pk")
    first = max(asked_number(request, "from"), 1)
    passes = list(rows[first - 1 : first - 1 + SHEETS_AT_ONCE])
    if not passes:
        messages.warning(
            request,
            _("No code of this roster is open now. Codes already used or replaced are not printed again."),
        )
        return redirect("portal:roster_job", pk)
    return sheets_answer(passes, request, name=f"{roster.opens_at:%Y-%m-%d}-{first}")


@require_safe
@member()
def picture(request: HttpRequest, membership: Membership, reference: str, form: str) -> HttpResponse:
    """Give the code as a picture to send in a chat."""
    pass_ = open_pass(own_trip(membership, reference))
    if pass_ is None:
        raise Http404
    if form == "svg":
        answer = HttpResponse(code_of(pass_)["qr"], content_type="image/svg+xml")
    else:
        answer = HttpResponse(qr_png(pass_.code, level="M"), content_type="image/png")
    answer["Content-Disposition"] = f'attachment; filename="{reference}.{form}"'
    return answer


def parts(sheets: int) -> list[tuple[int, int]]:
    """Say from which to which sheet each file goes."""
    firsts = range(1, sheets + 1, SHEETS_AT_ONCE)
    return [(first, min(first + SHEETS_AT_ONCE - 1, sheets)) for first in firsts]


def printable() -> QuerySet[Pass]:
    return passes_in_full().filter(state=PassState.OPEN)


def sheets_answer(passes: Sequence[Pass], request: HttpRequest, *, name: str) -> HttpResponse:
    """Draw sheets as the address asks, `per=2` on a page or one, and let the browser show and print them."""
    per_page: PerPage = 2 if request.GET.get("per") == "2" else 1
    pdf = draw_sheets(islice(passes, SHEETS_AT_ONCE), per_page=per_page)
    disposition = f'inline; filename="{name}.pdf"'
    return HttpResponse(pdf, content_type="application/pdf", headers={"Content-Disposition": disposition})


def asked_number(request: HttpRequest, name: str) -> int:
    """Read a number of the address; 0 where there is none."""
    text = request.GET.get(name, "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else 0
