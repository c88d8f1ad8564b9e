"""What an officer's page needs to go on without a link, and what it brings back."""

from __future__ import annotations

import hashlib
import json
from base64 import b64encode
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings
from django.core import signing
from django.http import Http404, HttpResponse, JsonResponse
from django.middleware.csrf import get_token
from django.shortcuts import redirect, render
from django.templatetags.static import static
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext
from django.views.decorators.cache import never_cache
from django.views.decorators.gzip import gzip_page
from django.views.decorators.http import require_POST, require_safe

from clearance.actions.offline import Decided, upload_scans
from clearance.actions.scans import Offline, ScanInput
from clearance.lane.access import officer
from clearance.lane.forms import LONGEST_TYPED
from clearance.lane.offline_page import offline_page
from clearance.lane.views import bar
from clearance.queries.lists import list_etag, offline_list
from ferry.errors import Reason
from ferry.reasons import in_words

if TYPE_CHECKING:
    from collections.abc import Iterable

    from django.http import HttpRequest

    from clearance.actions.scans import ScanResult
    from clearance.lane.access import Station
    from ferry.models import Checkpoint

MOST_SCANS = 500
BADGE = "ferryman: who scanned offline"
LIST_KEY = b"ferryman: the list of one sign-in, 1"
QUEUE_KEY = b"ferryman: scans that wait at a checkpoint, 1: "


# --- The page without a link -----------------------------------------------------------------------


@require_safe
@never_cache
@officer()
def shell(request: HttpRequest, station: Station) -> HttpResponse:
    """Give the page that a browser keeps: without the log, which is nobody's but the moment's."""
    if not station.lane:
        return redirect("lane:place")
    empty = {"recent": [], "counts": {}, "waiting": 0, "scan_id": ""}
    return render(request, "lane/home.html", {**bar(request, station), **empty, **offline_page(station)})


@require_safe
def worker(request: HttpRequest) -> HttpResponse:
    """Give the service worker of the officer's pages; its address is its scope."""
    answer = render(request, "lane/worker.js", content_type="text/javascript; charset=utf-8")
    answer["Cache-Control"] = "no-cache"
    return answer


@require_safe
def web_manifest(request: HttpRequest) -> HttpResponse:
    """Say how the officer's pages are installed on a device."""
    icon = {"type": "image/png", "purpose": "any"}
    content = {
        "id": reverse("lane:home"),
        "name": _("Ferryman: checkpoint"),
        "short_name": pgettext("application", "Checkpoint"),
        "start_url": reverse("lane:home"),
        "scope": reverse("lane:home"),
        "display": "standalone",
        "background_color": "#0a3350",
        "theme_color": "#0a3350",
        "icons": [
            {**icon, "src": static("img/icon-192.png"), "sizes": "192x192"},
            {**icon, "src": static("img/lane-512.png"), "sizes": "512x512"},
            {**icon, "src": static("img/lane-maskable-512.png"), "sizes": "512x512", "purpose": "maskable"},
        ],
    }
    return JsonResponse(content, content_type="application/manifest+json")


# --- Keys, list, queue -----------------------------------------------------------------------------


@require_safe
@never_cache
@officer()
def session(request: HttpRequest, station: Station) -> HttpResponse:
    """Give the keys under which a device keeps its list and its waiting scans.

    The list's key ends with the sign-in. The queue's is the checkpoint's: whoever signs in there next can
    send what waits. After a change of DATA_KEYS the old keys still open.
    """
    checkpoint = _checkpoint(request, station)
    return JsonResponse(
        {
            "now": timezone.now().isoformat(),
            "until": request.session.get_expiry_date().isoformat(),
            "list_key": _key(settings.SECRET_KEY, LIST_KEY, salt=str(request.session.session_key).encode()),
            "queue_keys": [_named_key(secret, checkpoint) for secret in settings.DATA_KEYS],
            "badge": signing.dumps(station.officer.pk, salt=BADGE),
            "csrf": get_token(request),
        }
    )


@require_safe
@never_cache
@gzip_page
@officer()
def device_list(request: HttpRequest, station: Station) -> HttpResponse:
    """Give the checkpoint's list, whole or what changed since an earlier one."""
    content = offline_list(_checkpoint(request, station), since=_since(request), at=timezone.now())
    etag = list_etag(content)
    if request.headers.get("If-None-Match", "").removeprefix("W/") == etag:
        return HttpResponse(status=304)
    return JsonResponse(content, headers={"ETag": etag})


@require_POST
@never_cache
@officer()
def upload(request: HttpRequest, station: Station) -> HttpResponse:
    """Record what was decided without a link, in its order; each scan has its own answer."""
    checkpoint = _checkpoint(request, station)
    try:
        read = [_read(line, checkpoint, station) for line in _lines(request.body)]
    except ValueError:
        return JsonResponse({"errors": [_told(UNUSABLE)]}, status=400)
    decided = [one for one in read if isinstance(one, Decided)]
    results = iter(
        upload_scans(decided=decided, checkpoint=checkpoint, officer=station.officer, at=timezone.now())
    )
    answers = [_answer(next(results)) if isinstance(one, Decided) else _refused(400, [one]) for one in read]
    return JsonResponse({"results": answers})


def _checkpoint(request: HttpRequest, station: Station) -> Checkpoint:
    """Find the checkpoint a page stands at: two windows may stand at two of the officer's own."""
    asked = request.GET.get("checkpoint", station.checkpoint.code)
    own = [each.checkpoint for each in station.postings if each.checkpoint.code == asked]
    if not own:
        raise Http404
    return own[0]


def _key(secret: str, purpose: bytes, salt: bytes | None = None) -> str:
    derived = HKDF(algorithm=SHA256(), length=32, salt=salt, info=purpose).derive(secret.encode())
    return b64encode(derived).decode()


def _named_key(secret: str, checkpoint: Checkpoint) -> dict[str, str]:
    key = _key(secret, QUEUE_KEY + checkpoint.code.encode())
    return {"id": hashlib.sha256(key.encode()).hexdigest()[:16], "key": key}


def _since(request: HttpRequest) -> datetime | None:
    """Read `since`; what is no moment asks for the whole list."""
    try:
        moment = datetime.fromisoformat(request.GET.get("since", "").replace(" ", "+"))
        return moment.astimezone(UTC) if moment.tzinfo else None
    except (ValueError, OverflowError):
        return None


# --- Reading what waited -----------------------------------------------------------------------------

UNUSABLE = Reason(
    "unusable", gettext_lazy("This scan cannot be read. Keep the device and call the supervisor.")
)


def _lines(body: bytes) -> list[Any]:
    content = json.loads(body)
    lines = content.get("scans") if isinstance(content, dict) else None
    if not isinstance(lines, list) or len(lines) > MOST_SCANS:
        raise ValueError
    return lines


def _read(line: Any, checkpoint: Checkpoint, station: Station) -> Decided | Reason:
    """Read one line as our own script wrote it; anything else is unusable."""
    try:
        scan = ScanInput(
            scan_id=UUID(line["scan_id"]),
            code=_text(line["code"], LONGEST_TYPED),
            checkpoint=checkpoint,
            lane=_text(line["lane"], LONGEST_TYPED),
            scanned_at=datetime.fromisoformat(line["scanned_at"]).astimezone(UTC),
            offline=Offline(
                _text(line["verdict"], LONGEST_TYPED), timedelta(seconds=float(line["list_age_s"]))
            ),
        )
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError):
        return UNUSABLE
    return Decided(scan, _who(line.get("badge"), station))


def _text(value: Any, longest: int) -> str:
    if not isinstance(value, str) or len(value) > longest:
        raise ValueError
    return value


def _who(badge: Any, station: Station) -> int:
    """Say which officer made a scan, by the word we gave his page; without it, who brings it."""
    try:
        return int(signing.loads(badge, salt=BADGE))
    except (signing.BadSignature, TypeError, AttributeError):
        return station.officer.pk


def _answer(result: ScanResult) -> dict[str, Any]:
    if result.scan is None:
        return _refused(result.status, result.refused.reasons if result.refused else [UNUSABLE])
    return {
        "status": result.status,
        "verdict": result.scan.verdict,
        "reasons": [_told(reason) for reason in in_words(result.scan.reasons)],
    }


def _refused(status: int, reasons: Iterable[Reason]) -> dict[str, Any]:
    return {"status": status, "errors": [_told(reason) for reason in reasons]}


def _told(reason: Reason) -> dict[str, str]:
    return {"code": reason.code, "detail": str(reason.detail)}
