"""When an event is sent again, how it is signed, and which addresses may be told.

Signatures follow Standard Webhooks: https://github.com/standard-webhooks/standard-webhooks
"""

from __future__ import annotations

import hmac
from base64 import b64decode, b64encode
from datetime import timedelta
from hashlib import sha256
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from django.utils.encoding import punycode

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime
    from uuid import UUID

SECRET_PREFIX = "whsec_"  # noqa: S105  (the norm's prefix, no secret)
#: After each failed attempt, the last of which ends some three days after the first.
WAITS = (
    *(timedelta(seconds=5), timedelta(minutes=5), timedelta(minutes=30)),
    *(timedelta(hours=hours) for hours in (2, 5, 10, 14, 20, 24)),
)
#: Spread over this part of a wait, so that what failed together does not come back together.
JITTER = 0.2
#: An endpoint that failed rests as a whole, and is then tried with one event.
SHORTEST_REST, LONGEST_REST = timedelta(seconds=2), timedelta(minutes=5)
#: Failing for so long, an endpoint is paused.
PAUSED_AFTER = timedelta(days=3)
OLD_SECRET_FOR = timedelta(hours=24)


def next_try(event_id: UUID, *, attempts: int, at: datetime) -> datetime | None:
    """Say when to try again after so many attempts; None to give up."""
    if attempts > len(WAITS):
        return None
    chance = sha256(event_id.bytes + bytes([attempts])).digest()[0] / 255
    return at + WAITS[attempts - 1] * (1 + JITTER * chance)


def rest(failures: int) -> timedelta:
    """Say how long an endpoint rests after so many failures in a row."""
    return min(LONGEST_REST, SHORTEST_REST * (1 << min(failures - 1, 16)))


def signature(secrets: Sequence[str], *, event_id: UUID, at: datetime, body: bytes) -> str:
    """Sign a body with each secret, as the header `webhook-signature` has it."""
    signed = f"{event_id}.{int(at.timestamp())}.".encode() + body
    return " ".join(f"v1,{_mac(secret, signed)}" for secret in secrets)


def _mac(secret: str, signed: bytes) -> str:
    key = b64decode(secret.removeprefix(SECRET_PREFIX))
    return b64encode(hmac.digest(key, signed, "sha256")).decode()


def plain_url(url: str) -> str:
    """Write an address as it is called, its host in ASCII and without a fragment; nothing if it is none."""
    try:
        parts = urlsplit(url.strip())
    except ValueError:
        return ""
    if parts.hostname and not parts.hostname.isascii():
        parts = parts._replace(netloc=parts.netloc.replace(parts.hostname, punycode(parts.hostname)))
    return parts._replace(scheme=parts.scheme.lower(), fragment="").geturl()


def is_usable_url(url: str, *, plain_http_hosts: Sequence[str]) -> bool:
    """Say whether an address is https and names a host and no user; http only for hosts that are named."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return False
    host = parts.hostname or ""
    if not host or parts.username is not None or parts.password is not None or port == 0:
        return False
    if not (url.isascii() and url.isprintable()) or any(char in url for char in " \\<>\"'"):
        return False
    return parts.scheme == "https" or (parts.scheme == "http" and host in plain_http_hosts)
