"""An officer compares, and takes photos, before he decides."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from clearance.actions.examinations import compare
from clearance.lane.access import officer
from clearance.lane.forms import CompareForm
from clearance.lane.shown import examination_shown
from clearance.lane.views import is_partial, own_scan, reads_codes, show, take_photos, told_wrong
from clearance.queries.examinations import photos_at
from clearance.queries.scans import open_examination
from ferry.errors import Refused
from ferry.portal.documents import hand_out

if TYPE_CHECKING:
    import uuid
    from collections.abc import Iterable

    from django.http import HttpRequest

    from clearance.lane.access import Station
    from clearance.models import Photo, Scan
    from ferry.errors import Reason


@reads_codes
@require_POST
@officer()
def comparison(request: HttpRequest, station: Station, scan_id: uuid.UUID) -> HttpResponse:
    """Compare what was read on the vehicle with the pass; what the form held besides is kept on the page."""
    scan = own_scan(station, scan_id)
    form = CompareForm(request.POST)
    if not form.is_valid():
        return _answer(request, station, scan, told_wrong(form), status=400)
    try:
        kept = compare(scan=scan, **form.read(), officer=station.officer, at=timezone.now())
    except Refused as refusal:
        return _answer(request, station, scan, refusal.reasons, status=409)
    return _answer(request, station, scan, compared=kept.what)


@reads_codes
@require_POST
@officer()
def photos(request: HttpRequest, station: Station, scan_id: uuid.UUID) -> HttpResponse:
    """Keep photos before the outcome is decided: on a slow line each comes by itself."""
    scan = own_scan(station, scan_id)
    wrong = take_photos(request, scan, station)
    return _answer(request, station, scan, wrong, status=409 if wrong else 200)


@require_safe
@officer()
def photo(request: HttpRequest, station: Station, pk: int) -> HttpResponse:
    """Send a photo to an officer of the checkpoint where it was taken."""
    shown = _photo(station, pk)
    return hand_out(shown.file, content_type=shown.content_type)


@require_safe
@officer()
def photo_small(request: HttpRequest, station: Station, pk: int) -> HttpResponse:
    shown = _photo(station, pk)
    return hand_out(shown.thumbnail, content_type=shown.content_type)


def _answer(
    request: HttpRequest,
    station: Station,
    scan: Scan,
    wrong: Iterable[Reason] = (),
    *,
    compared: str = "",
    status: int = 200,
) -> HttpResponse:
    """Draw what was compared and photographed again, or the whole page where there is no script."""
    draft = {name: str(value) for name, value in request.POST.items() if name != compared}
    if not is_partial(request):
        return show(request, station, scan.scan_id, wrong=wrong, draft=draft, status=status)
    examination = open_examination(scan)
    if examination is None or examination.outcome:
        return redirect("lane:verdict", scan.scan_id)
    context = {"exam": examination_shown(examination, wrong=wrong, draft=draft), "wrong": wrong}
    return render(request, "lane/_examination_found.html", context, status=status)


def _photo(station: Station, pk: int) -> Photo:
    return get_object_or_404(photos_at({each.checkpoint.pk for each in station.postings}), pk=pk)
