"""Make and end keys."""

from __future__ import annotations

import secrets
from datetime import timedelta
from typing import TYPE_CHECKING

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from django.db import IntegrityError, connection, transaction
from django.db.models import Max

from ferry import codes, sql, vault
from ferry.actions.audit import note
from ferry.models import Act, ApiKey, KeyKind, Pass, Scope, SigningKey
from ferry.queries.keys import api_key_digest

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime

    from ferry.models import Checkpoint, Company

#: The entry checkpoint still reads a code after the exit's window is over.
TRUST_AFTER_LAST_PASS = timedelta(days=7)
ROTATE_EVERY = timedelta(days=90)
USE_NOTED_EVERY = timedelta(minutes=1)
#: A device's key that names no right has all.
USUAL_SCOPES: Mapping[KeyKind, Sequence[str]] = {
    KeyKind.COMPANY: Scope.values,
    KeyKind.DEVICE: (),
    KeyKind.AUTHORITY: (),
}


def make_api_key(
    *,
    kind: KeyKind,
    label: str,
    company: Company | None = None,
    checkpoint: Checkpoint | None = None,
    scopes: Iterable[str] | None = None,
    expires_at: datetime | None = None,
    secret: str = "",
    at: datetime,
    by: str = "system",
) -> tuple[ApiKey, str]:
    """Make a caller's key and give its text, which cannot be shown again.

    A company's key may do what its scopes say, and a device's what its rights say: everything unless they are
    handed in; so is its secret part, which is random otherwise.
    """
    token = f"fm_{kind}_{secret or secrets.token_hex(20)}"
    with transaction.atomic():
        key = ApiKey.objects.create(
            kind=kind,
            label=label,
            company=company,
            checkpoint=checkpoint,
            digest=api_key_digest(token),
            scopes=" ".join(USUAL_SCOPES[kind] if scopes is None else scopes),
            expires_at=expires_at,
            created_at=at,
        )
        _note(key, Act.KEY_MADE, at, by)
    return key, token


def revoke_api_key(*, key: ApiKey, at: datetime, by: str = "system") -> bool:
    with transaction.atomic():
        revoked = ApiKey.objects.filter(pk=key.pk, revoked_at__isnull=True).update(revoked_at=at)
        if revoked:
            _note(key, Act.KEY_REVOKED, at, by)
    return bool(revoked)


def _note(key: ApiKey, kind: Act, at: datetime, by: str) -> None:
    if key.company is not None:
        note(company=key.company, kind=kind, about=f"key {key.label}", at=at, by=by)


def note_use(*, key: ApiKey, at: datetime) -> None:
    """Note that a key was used, to the minute, so that a busy gate does not write on every call."""
    if key.last_used_at is None or at - key.last_used_at >= USE_NOTED_EVERY:
        ApiKey.objects.filter(pk=key.pk).update(last_used_at=at)


def current_signing_key(*, at: datetime) -> SigningKey:
    """Give the key that signs now; make the first one."""
    key = SigningKey.objects.filter(is_current=True).first()
    return key or _make_current(at)


def private_key(key: SigningKey) -> Ed25519PrivateKey:
    return Ed25519PrivateKey.from_private_bytes(vault.unlock(bytes(key.private_sealed)))


def rotate_signing_key(*, at: datetime) -> SigningKey:
    """Sign with a new key from now on; the old one stays trusted until its last pass has ended."""
    with transaction.atomic():
        _wait_for_issuing()
        old = SigningKey.objects.select_for_update().filter(is_current=True).first()
        if old is not None:
            last = Pass.objects.filter(signing_key=old).aggregate(last=Max("closes_at"))["last"] or at
            old.is_current = False
            old.trusted_until = max(last, at) + TRUST_AFTER_LAST_PASS
            old.private_sealed = b""
            old.save()
        return _make_current(at)


def rotate_old_signing_key(*, at: datetime) -> SigningKey | None:
    """Rotate if the current key has signed for long enough."""
    key = current_signing_key(at=at)
    return rotate_signing_key(at=at) if at - key.created_at >= ROTATE_EVERY else None


def _wait_for_issuing() -> None:
    """Let passes that are being made be stored first, or the last one of a key could not be known."""
    if sql.on_postgresql():
        with connection.cursor() as cursor:
            cursor.execute("LOCK TABLE ferry_pass IN SHARE MODE")


def _make_current(at: datetime) -> SigningKey:
    """Make the key that signs now, or give the one that somebody made meanwhile."""
    try:
        with transaction.atomic():
            return _make_key(at)
    except IntegrityError:
        return SigningKey.objects.get(is_current=True)


def _make_key(at: datetime) -> SigningKey:
    kid, private = codes.new_key()
    return SigningKey.objects.create(
        kid=kid,
        public=private.public_key().public_bytes_raw(),
        private_sealed=vault.lock(private.private_bytes_raw()),
        created_at=at,
    )
