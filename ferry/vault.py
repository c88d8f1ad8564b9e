"""Keep secrets sealed at rest with the keys of DATA_KEYS: the first seals, all open."""

from __future__ import annotations

from base64 import urlsafe_b64encode
from functools import lru_cache

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings

#: Part of every key: changing it makes everything sealed so far unopenable.
PURPOSE = b"ferryman: data at rest, 1"


class CannotUnlock(Exception):
    """None of DATA_KEYS opens it: it was altered, or the key it was sealed with is gone."""


def lock(plain: bytes) -> bytes:
    """Seal a secret for storing."""
    return _fernet(tuple(settings.DATA_KEYS)).encrypt(plain)


def unlock(sealed: bytes) -> bytes:
    """Open a stored secret, or raise CannotUnlock."""
    try:
        return _fernet(tuple(settings.DATA_KEYS)).decrypt(sealed)
    except InvalidToken:
        raise CannotUnlock(
            "None of DATA_KEYS opens this secret. If a key was taken out, put it back at the end."
        ) from None


@lru_cache(maxsize=2)
def _fernet(data_keys: tuple[str, ...]) -> MultiFernet:
    return MultiFernet([Fernet(urlsafe_b64encode(_derive(data_key))) for data_key in data_keys])


def _derive(data_key: str) -> bytes:
    return HKDF(algorithm=SHA256(), length=32, salt=None, info=PURPOSE).derive(data_key.encode())
