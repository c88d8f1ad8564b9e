"""Keys are made, rotated, trusted for as long as their passes, and revoked."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.core.management import call_command

from ferry import codes
from ferry.actions.keys import (
    ROTATE_EVERY,
    TRUST_AFTER_LAST_PASS,
    current_signing_key,
    note_use,
    private_key,
    revoke_api_key,
    rotate_old_signing_key,
    rotate_signing_key,
)
from ferry.models import ApiKey, SigningKey
from ferry.queries.keys import find_api_key, open_known, open_trusted, trusted_keys
from tests.builders import AT, a_company, a_company_key, a_pass

pytestmark = pytest.mark.django_db


def test_the_first_key_is_made_once_and_kept_sealed():
    key = current_signing_key(at=AT)
    assert current_signing_key(at=AT) == key
    private = private_key(key)
    assert private.private_bytes_raw() not in bytes(key.private_sealed)
    assert private.public_key().public_bytes_raw() == bytes(key.public)


def test_an_old_key_is_trusted_until_its_passes_end_and_signs_no_more():
    pass_ = a_pass()
    new = rotate_signing_key(at=AT)
    old = SigningKey.objects.get(is_current=False)
    assert bytes(old.private_sealed) == b""
    assert open_trusted(pass_.code, at=AT).pass_id == pass_.pass_id
    end = pass_.closes_at + TRUST_AFTER_LAST_PASS
    assert bytes(old.kid) in trusted_keys(end - timedelta(seconds=1), fresh=True)
    assert set(trusted_keys(end, fresh=True)) == {bytes(new.kid)}
    with pytest.raises(codes.UnknownKey):
        open_trusted(pass_.code, at=end)
    assert open_known(pass_.code, at=end).pass_id == pass_.pass_id


def test_a_key_made_by_another_process_is_found_at_once():
    trusted_keys(AT, fresh=True)
    pass_ = a_pass()
    assert open_trusted(pass_.code, at=AT)


def test_only_an_old_key_is_rotated_by_the_schedule():
    key = current_signing_key(at=AT)
    assert rotate_old_signing_key(at=AT + ROTATE_EVERY - timedelta(seconds=1)) is None
    assert current_signing_key(at=AT) == key
    assert rotate_old_signing_key(at=AT + ROTATE_EVERY) is not None
    assert SigningKey.objects.filter(is_current=True).count() == 1


def test_the_command_rotates(capsys):
    key = current_signing_key(at=AT)
    call_command("rotate_keys")
    assert current_signing_key(at=AT) != key
    assert str(current_signing_key(at=AT)) in capsys.readouterr().out


def test_an_api_key_is_kept_as_a_digest_and_refused_once_revoked():
    key, token = a_company_key(a_company())
    assert token not in str(ApiKey.objects.filter(pk=key.pk).values())
    assert find_api_key(token) == key
    assert revoke_api_key(key=key, at=AT)
    assert not revoke_api_key(key=key, at=AT)
    assert find_api_key(token) is None
    assert find_api_key("") is None


def test_use_is_noted_to_the_minute():
    key, _ = a_company_key(a_company())
    note_use(key=key, at=AT)
    key.refresh_from_db()
    note_use(key=key, at=AT + timedelta(seconds=59))
    key.refresh_from_db()
    assert key.last_used_at == AT
    note_use(key=key, at=AT + timedelta(seconds=60))
    key.refresh_from_db()
    assert key.last_used_at == AT + timedelta(seconds=60)
