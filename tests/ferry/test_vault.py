"""Secrets sealed at rest."""

from __future__ import annotations

from base64 import urlsafe_b64decode, urlsafe_b64encode

import pytest
from django.test import override_settings

from ferry.vault import CannotUnlock, lock, unlock

OLD = "an old key of at least thirty-two characters"
NEW = "a new key of at least thirty-two characters"


@pytest.mark.parametrize("plain", [b"", b"\x00" * 32, "密".encode()])
def test_it_opens_what_it_locked(plain: bytes) -> None:
    assert unlock(lock(plain)) == plain


def test_it_never_locks_the_same_way_twice_nor_shows_the_secret() -> None:
    assert lock(b"a secret") != lock(b"a secret")
    assert b"a secret" not in lock(b"a secret")


def test_an_old_key_opens_while_the_first_seals() -> None:
    with override_settings(DATA_KEYS=[OLD]):
        before = lock(b"a secret")
    with override_settings(DATA_KEYS=[NEW, OLD]):
        assert unlock(before) == b"a secret"
        after = lock(b"a secret")
    with override_settings(DATA_KEYS=[NEW]):
        assert unlock(after) == b"a secret"
    with override_settings(DATA_KEYS=[OLD]), pytest.raises(CannotUnlock):
        unlock(after)


def test_it_says_so_when_no_key_opens_and_tells_no_key() -> None:
    with override_settings(DATA_KEYS=[OLD]):
        sealed = lock(b"a secret")
    with override_settings(DATA_KEYS=[NEW]), pytest.raises(CannotUnlock, match="None of DATA_KEYS") as caught:
        unlock(sealed)
    assert NEW not in str(caught.value)


@pytest.mark.parametrize("sealed", [b"", b"not sealed at all", "密".encode()])
def test_it_opens_nothing_it_did_not_lock(sealed: bytes) -> None:
    with pytest.raises(CannotUnlock):
        unlock(sealed)


def test_it_opens_nothing_that_was_altered() -> None:
    sealed = urlsafe_b64decode(lock(b"a secret"))
    for place in range(len(sealed)):
        altered = bytearray(sealed)
        altered[place] ^= 1
        with pytest.raises(CannotUnlock):
            unlock(urlsafe_b64encode(altered))
