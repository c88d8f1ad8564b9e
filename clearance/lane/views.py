"""An officer scans, sees the verdict, and decides what was examined."""

from __future__ import annotations

import uuid
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from allauth.mfa.utils import is_mfa_enabled
from csp.constants import SELF, WASM_UNSAFE_EVAL
from csp.decorators import csp_update
from django.http import Http404
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from clearance.actions.examinations import decide_examination, keep_photo
from clearance.actions.scans import record_scan
from clearance.lane.access import name_of_officer, officer, stand_at
from clearance.lane.forms import WAITING, OutcomeForm, ScanFilter, ScanForm, StationForm
from clearance.lane.offline_page import offline_page
from clearance.lane.shown import scan_shown
from clearance.queries.lane import (
    lanes_used,
    midnight,
    recent_scans,
    scans_about,
    scans_at,
    scans_in_full,
    verdicts_of_today,
    waiting_for_outcome,
    with_decisions,
)
from clearance.queries.photos import face_of, photos_of, vehicle_photos_of
from clearance.queries.scans import open_examination
from clearance.rules.told import seconds_since_use
from ferry.errors import Reason, Refused
from ferry.portal.documents import hand_out
from ferry.portal.pages import newest_first
from ferry.reasons import in_words
from ferry.rules.letters import plain_capitals
from ferry.uploaded import MOST_BYTES, too_large

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from django import forms
    from django.db.models import QuerySet
    from django.http import HttpRequest, HttpResponse

    from clearance.lane.access import Station
    from clearance.models import Examination, Scan
    from ferry.models import Document

#: Lanes used this lately are offered.
LATELY = timedelta(days=30)
#: An older verdict says what held then; the vehicle before the officer needs one of now.
FRESH = timedelta(minutes=3)
NOTHING_WRITTEN: Mapping[str, str] = {}
#: The camera's decoder is compiled on these pages alone; older browsers hold its worker to the page's policy.
reads_codes = csp_update({"script-src": [SELF, WASM_UNSAFE_EVAL]})


@reads_codes
@require_safe
@never_cache
@officer()
def home(request: HttpRequest, station: Station) -> HttpResponse:
    """Wait for a code."""
    if not station.lane:
        return redirect("lane:place")
    return _answer(request, station, {})


@require_http_methods(["GET", "POST"])
@never_cache
@officer()
def place(request: HttpRequest, station: Station) -> HttpResponse:
    """Choose where to work."""
    checkpoints = [each.checkpoint for each in station.postings]
    chosen = {"checkpoint": station.checkpoint.code, "lane": station.lane}
    form = StationForm(request.POST or None, checkpoints=checkpoints, initial=chosen)
    if request.method == "POST" and form.is_valid():
        stand_at(request, **form.cleaned_data)
        return redirect("lane:home")
    lanes = lanes_used(checkpoints, since=timezone.now() - LATELY)
    status = 400 if form.errors else 200
    return render(
        request, "lane/place.html", {**bar(request, station), "form": form, "lanes": lanes}, status=status
    )


@reads_codes
@require_POST
@never_cache
@officer()
def scan(request: HttpRequest, station: Station) -> HttpResponse:
    """Record a scan and show its verdict: to the page's own script as a fragment, else as a page."""
    form = ScanForm(request.POST, checkpoints=[each.checkpoint for each in station.postings])
    if not form.is_valid():
        if "checkpoint" in form.errors:
            raise Http404
        return _unusable(request, station, told_wrong(form))
    try:
        kept, _is_new = record_scan(
            scan=form.scan(),
            officer=station.officer,
            at=timezone.now(),
            by=name_of_officer(form.cleaned_data["checkpoint"], form.cleaned_data["lane"]),
        )
    except Refused as refusal:
        return _unusable(request, station, refusal.reasons)
    if is_partial(request):
        return show(request, station, kept.scan_id)
    return redirect("lane:verdict", kept.scan_id)


@reads_codes
@require_safe
@never_cache
@officer()
def verdict(request: HttpRequest, station: Station, scan_id: uuid.UUID) -> HttpResponse:
    """Show the verdict on one scan, ready for the next."""
    return show(request, station, scan_id)


@reads_codes
@require_POST
@never_cache
@officer()
def outcome(request: HttpRequest, station: Station, scan_id: uuid.UUID) -> HttpResponse:
    """End the examination that a scan waits for."""
    shown = own_scan(station, scan_id)
    form = OutcomeForm(request.POST)
    draft = request.POST.dict()
    if not form.is_valid():
        return show(request, station, scan_id, wrong=told_wrong(form), draft=draft, status=400)
    if wrong := take_photos(request, shown, station):
        return show(request, station, scan_id, wrong=wrong, draft=draft, status=409)
    try:
        decide_examination(
            scan=shown,
            outcome=form.cleaned_data["outcome"],
            note=form.cleaned_data["note"],
            checklist=form.checklist,
            officer=station.officer,
            at=timezone.now(),
            by=name_of_officer(shown.checkpoint, shown.lane),
        )
    except Refused as refusal:
        return show(request, station, scan_id, wrong=refusal.reasons, draft=draft, status=409)
    if is_partial(request):
        return show(request, station, scan_id)
    return redirect("lane:verdict", scan_id)


@require_safe
@officer()
def picture(request: HttpRequest, station: Station, scan_id: uuid.UUID, pk: int) -> HttpResponse:
    """Send a photo of the driver or the vehicle of a scan that is being worked on."""
    found = _picture(station, scan_id, pk)
    return hand_out(found.file, content_type=found.content_type, name=found.name)


@require_safe
@officer()
def picture_small(request: HttpRequest, station: Station, scan_id: uuid.UUID, pk: int) -> HttpResponse:
    found = _picture(station, scan_id, pk)
    return hand_out(found.thumbnail or found.file, content_type=found.content_type, name=found.name)


@require_safe
@never_cache
@officer()
def scans(request: HttpRequest, station: Station) -> HttpResponse:
    """List the checkpoint's scans, newest first."""
    form = ScanFilter(request.GET)
    form.is_valid()
    rows = _filtered(with_decisions(scans_at([station.checkpoint])), form.cleaned_data, station)
    context = {"filter": form, "page": newest_first(rows, request), **_log(station)}
    return render(request, "lane/scans.html", {**bar(request, station), **context})


def _filtered(rows: QuerySet[Scan], wanted: dict[str, Any], station: Station) -> QuerySet[Scan]:
    if wanted.get("verdict") == WAITING:
        rows = waiting_for_outcome(rows)
    elif wanted.get("verdict"):
        rows = rows.filter(verdict=wanted["verdict"])
    if wanted.get("lane"):
        rows = rows.filter(lane=wanted["lane"])
    if wanted.get("day"):
        begins = midnight(wanted["day"], ZoneInfo(station.checkpoint.time_zone))
        rows = rows.filter(recorded_at__gte=begins, recorded_at__lt=begins + timedelta(days=1))
    if wanted.get("vehicle"):
        rows = scans_about(rows, plain_capitals(wanted["vehicle"]))
    return rows


def show(
    request: HttpRequest,
    station: Station,
    scan_id: uuid.UUID,
    *,
    wrong: Iterable[Reason] = (),
    draft: Mapping[str, str] = NOTHING_WRITTEN,
    status: int = 200,
) -> HttpResponse:
    """Show a scan with what is known of its examination by now."""
    shown = own_scan(station, scan_id)
    known = scan_shown(shown, station, wrong=wrong, draft=draft, at=timezone.now())
    context = {
        "scan": shown,
        **known,
        "reasons": in_words(shown.reasons) if known["says"] == shown.verdict else [],
        "wrong": wrong,
        "is_old": not _is_fresh(shown),
        "seconds": seconds_since_use(shown.reasons, at=shown.scanned_at),
    }
    if _shows_photos(shown, known["examination"]):
        context |= {"face": face_of(shown), "photos": vehicle_photos_of(shown)}
    return _answer(request, station, context, status)


def _is_fresh(shown: Scan) -> bool:
    return timezone.now() - shown.recorded_at <= FRESH


def _shows_photos(shown: Scan, examination: Examination | None) -> bool:
    """Say whether its vehicle still stands before the officer; later he has no business with the photos."""
    return _is_fresh(shown) or (examination is not None and not examination.outcome)


def _picture(station: Station, scan_id: uuid.UUID, pk: int) -> Document:
    shown = own_scan(station, scan_id)
    if not _shows_photos(shown, open_examination(shown)):
        raise Http404
    return get_object_or_404(photos_of(shown), pk=pk)


def take_photos(request: HttpRequest, scan: Scan, station: Station) -> list[Reason]:
    """Keep the photos that came, and say what is wrong with the others."""
    wrong: list[Reason] = []
    for file in request.FILES.getlist("photos"):
        try:
            if (file.size or 0) > MOST_BYTES:
                raise too_large()
            keep_photo(scan=scan, content=file.read(), officer=station.officer, at=timezone.now())
        except Refused as refusal:
            wrong += refusal.reasons
    return wrong


def _unusable(request: HttpRequest, station: Station, reasons: Iterable[Reason]) -> HttpResponse:
    """Say why nothing was recorded; whatever is wrong, this opens no barrier."""
    return _answer(request, station, {"says": "fault", "wrong": reasons}, status=400)


def _answer(
    request: HttpRequest, station: Station, context: dict[str, Any], status: int = 200
) -> HttpResponse:
    """Answer with the lane's page, or with what changes on it if its script asked."""
    template = "lane/_answer.html" if is_partial(request) else "lane/home.html"
    whole = {**bar(request, station), **_log(station), "scan_id": uuid.uuid4(), **context}
    if not is_partial(request):
        whole |= offline_page(station)
    return render(request, template, whole, status=status)


def is_partial(request: HttpRequest) -> bool:
    return "HX-Request" in request.headers


def own_scan(station: Station, scan_id: uuid.UUID) -> Scan:
    own = scans_in_full([each.checkpoint for each in station.postings]).filter(scan_id=scan_id).first()
    if own is None:
        raise Http404
    return own


def bar(request: HttpRequest, station: Station) -> dict[str, Any]:
    """Give what stands at the top of every officer's page."""
    return {
        "checkpoint": station.checkpoint,
        "lane": station.lane,
        "supervises": bool(station.supervised),
        "lacks_mfa": not is_partial(request) and not is_mfa_enabled(request.user),
    }


def _log(station: Station) -> dict[str, Any]:
    checkpoint, now = station.checkpoint, timezone.now()
    return {
        "recent": recent_scans(checkpoint, station.lane, at=now),
        "counts": verdicts_of_today(checkpoint, at=now),
        "waiting": waiting_for_outcome(scans_at([checkpoint])).count(),
    }


def told_wrong(form: forms.Form) -> list[Reason]:
    """Put a form's complaints in the shape that refusals have."""
    return [Reason("unusable", str(error), name) for name, errors in form.errors.items() for error in errors]
