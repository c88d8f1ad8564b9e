"""Find keys: those callers show, and those that codes are signed with."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import TYPE_CHECKING, Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from ferry import codes, sql
from ferry.models import ApiKey, Checkpoint, Company, SigningKey

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from django.db.models import QuerySet

#: How long a process may go on without asking for signing keys again.
FRESH_FOR = timedelta(seconds=10)


@dataclass
class KnownKeys:
    """Signing keys as this process last read them."""

    read_at: datetime
    keys: list[tuple[bytes, Ed25519PublicKey, datetime | None]]


_known: KnownKeys | None = None


def api_key_digest(token: str) -> str:
    """Hash a caller's key for keeping; it is 160 random bits, so a plain hash is enough."""
    return hashlib.sha256(token.encode()).hexdigest()


def find_api_key(token: str) -> ApiKey | None:
    """Find a key that is not revoked, with its company and checkpoint."""
    digest = api_key_digest(token)
    if not sql.on_postgresql():
        return _keys_with(digest).first()
    with sql.cursor() as cursor:
        cursor.execute(_key_text(), [digest])
        row = cursor.fetchone()
    return _key(row) if row else None


def _keys_with(digest: str) -> QuerySet[ApiKey]:
    keys = ApiKey.objects.select_related("company", "checkpoint")
    return keys.filter(digest=digest, revoked_at__isnull=True)


@cache
def _key_text() -> str:
    """Compose the query once: every call asks it."""
    text, _params = _keys_with("").query.sql_with_params()
    return text


def _key(row: Sequence[Any]) -> ApiKey:
    values = iter(row)
    names = [
        [field.attname for field in model._meta.concrete_fields] for model in (ApiKey, Company, Checkpoint)
    ]
    own, companys, checkpoints = [[next(values) for _name in of_model] for of_model in names]
    key = ApiKey.from_db("default", names[0], own)
    if key.company_id:
        key.company = Company.from_db("default", names[1], companys)
    if key.checkpoint_id:
        key.checkpoint = Checkpoint.from_db("default", names[2], checkpoints)
    return key


def trusted_keys(at: datetime, *, fresh: bool = False) -> Mapping[bytes, Ed25519PublicKey]:
    """Give the public keys that a code may be signed with now, by key id."""
    return {kid: key for kid, key, until in _signing_keys(at, fresh) if until is None or at < until}


def open_trusted(text: str, *, at: datetime) -> codes.PassClaims:
    """Open a code signed with a trusted key; a key made a moment ago by another process is found too."""
    try:
        return codes.open_code(text, keys=trusted_keys(at))
    except codes.UnknownKey:
        return codes.open_code(text, keys=trusted_keys(at, fresh=True))


def open_known(text: str, *, at: datetime) -> codes.PassClaims:
    """Open a code signed with any key we ever used: enough to find its pass, not to let it through."""
    return codes.open_code(text, keys={kid: key for kid, key, _ in _signing_keys(at, True)})


def _signing_keys(at: datetime, fresh: bool) -> list[tuple[bytes, Ed25519PublicKey, datetime | None]]:
    global _known
    if fresh or _known is None or abs(at - _known.read_at) > FRESH_FOR:
        rows = SigningKey.objects.values_list("kid", "public", "trusted_until")
        _known = KnownKeys(
            at,
            [
                (bytes(kid), Ed25519PublicKey.from_public_bytes(bytes(public)), until)
                for kid, public, until in rows
            ],
        )
    return _known.keys
