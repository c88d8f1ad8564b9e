"""A supervisor withdraws a release."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib import messages
from django.http import Http404
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from clearance.actions.withdrawals import withdraw_release
from clearance.lane.access import name_of_officer, officer
from clearance.lane.forms import WithdrawalForm
from clearance.lane.views import bar, own_scan
from ferry.errors import Refused

if TYPE_CHECKING:
    import uuid

    from django.http import HttpRequest, HttpResponse

    from clearance.lane.access import Station
    from clearance.models import Scan


@require_http_methods(["GET", "POST"])
@never_cache
@officer(supervises=True)
def withdraw(request: HttpRequest, station: Station, scan_id: uuid.UUID) -> HttpResponse:
    """Ask for the reason, and withdraw the release of a scan at a checkpoint he supervises."""
    scan = own_scan(station, scan_id)
    if scan.checkpoint not in station.supervised or scan.trip is None:
        raise Http404
    form = WithdrawalForm(request.POST or None)
    status = 400 if request.method == "POST" else 200
    if request.method == "POST" and form.is_valid():
        if _withdrawn(form, scan, station):
            told = _("The release is withdrawn. Stop the vehicle: driver and company are told to stay.")
            messages.success(request, told)
            return redirect("lane:verdict", scan_id)
        status = 409
    context = {**bar(request, station), "scan": scan, "form": form}
    return render(request, "lane/withdraw.html", context, status=status)


def _withdrawn(form: WithdrawalForm, scan: Scan, station: Station) -> bool:
    try:
        withdraw_release(
            scan=scan,
            reason=form.cleaned_data["reason"],
            supervisor=station.officer,
            at=timezone.now(),
            by=name_of_officer(scan.checkpoint, scan.lane),
        )
    except Refused as refusal:
        for reason in refusal.reasons:
            form.add_error(reason.attr if reason.attr in form.fields else None, str(reason.detail))
        return False
    return True
