"""Keep what opens a door out of the log."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from structlog.typing import EventDict, WrappedLogger

#: Addresses that are secrets: a driver's link, a code, refused lines, and links out of letters.
SECRET = re.compile(
    r"(/(?:d|p|invitation|import/refused|notices/stop|accounts/password/reset/key|accounts/confirm-email)/)"
    r"[^/\s]+",
    re.IGNORECASE,
)


def hide_secret_addresses(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Cut the secret out of addresses: Django logs the path of every answer from 400 on."""
    event["event"] = SECRET.sub(r"\1…", str(event["event"]))
    return event
