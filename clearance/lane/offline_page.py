"""What the lane's page judges and speaks by while it has no link."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.templatetags.static import static
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from clearance.models import Verdict
from clearance.rules.offline import table
from ferry.reasons import FULLER, SENTENCES, TIMES

if TYPE_CHECKING:
    from clearance.lane.access import Station


def offline_page(station: Station) -> dict[str, Any]:
    """Give the lane's page what its script judges and speaks by, in the reader's language."""
    content = {"table": table(), "sentences": _sentences(), "words": _words(), **_addresses(station)}
    return {"offline": content, "verdicts": Verdict.values}


def _sentences() -> dict[str, Any]:
    return {
        "plain": {code: str(text) for code, text in SENTENCES.items()},
        "fuller": {code: [sorted(mentioned), str(text)] for code, (mentioned, text) in FULLER.items()},
        "times": sorted(TIMES),
    }


def _words() -> dict[str, str]:
    return {
        "online": pgettext("connection", "Online"),
        "offline": pgettext("connection", "Offline"),
        "insecure": _("Offline work needs a secure address (https). Ask the operator for it."),
        "dismiss": _("Seen"),
        "no_list": _("No list yet: without a connection nothing can be judged."),
        "locked": _("Your sign-in has ended, and the list is locked with it. Sign in when the line is back."),
        "list_age": _("List {minutes} min old"),
        "list_hours": _("List {hours} h {minutes} min old"),
        "queue": _("Waiting to be sent: {count}"),
        "sign_in": _("Sign in again to send what waits."),
        "clock": _("This device's clock is wrong by {minutes} min. It is corrected here; set it."),
        "full": _(
            "The device's storage is full. Do not close this page: {count} scans are kept in it alone."
        ),
        "unchecked": _("This browser cannot check signatures: offline it lets no vehicle through."),
        "differs": _("The server decided otherwise. The supervisor sees the case."),
        "refused_upload": _("A scan could not be recorded. Call the supervisor."),
        "judged_offline": _("Judged on this device, without the server."),
        "later": _(
            "Examine the vehicle now. Record the outcome in the scan log when the connection is back."
        ),
        # The message that the page's own templates have.
        "lane": _("Lane %(lane)s") % {"lane": "{lane}"},
    }


def _addresses(station: Station) -> dict[str, Any]:
    names = ("session", "list", "upload", "worker", "shell")
    return {
        "checkpoint": {"code": station.checkpoint.code, "name": station.checkpoint.name},
        "zones": [settings.CHINA_TIME_ZONE, settings.KAZAKH_TIME_ZONE],
        "addresses": {name: reverse(f"lane:offline-{name}") for name in names},
        "assets": _assets(),
    }


@cache
def _assets() -> list[str]:
    """List the files of the lane's page, those it asks for late too."""
    manifest = json.loads(Path(str(settings.DJANGO_VITE["default"]["manifest_path"])).read_text())
    files: set[str] = set()
    waiting, seen = ["lane.js"], {"lane.js"}
    while waiting:
        part = manifest[waiting.pop()]
        files |= {part["file"], *part.get("css", []), *part.get("assets", [])}
        further = {*part.get("imports", []), *part.get("dynamicImports", [])} - seen
        seen |= further
        waiting += further
    pictures = [static(f"img/{name}") for name in ("logo.svg", "favicon.svg", "icon-192.png")]
    return [*sorted(static(f"dist/{name}") for name in files), *pictures]
