"""The log tells what happened, and nothing that opens a door."""

from __future__ import annotations

import logging

import pytest
import time_machine
from structlog.stdlib import ProcessorFormatter

from tests.builders import AT, an_issued_trip

pytestmark = pytest.mark.django_db


def written(records: list[logging.LogRecord]) -> str:
    """Write records as the console does."""
    (formatter,) = {
        handler.formatter
        for handler in logging.getLogger().handlers
        if isinstance(handler.formatter, ProcessorFormatter)
    }
    return "\n".join(formatter.format(record) for record in records)


def test_a_link_that_is_refused_is_not_written_down(client, caplog):
    trip = an_issued_trip()
    link = f"/d/{trip.driver.link_token}/"
    # In one minute by any clock, or the count begins anew.
    with time_machine.travel(AT, tick=False):
        for _number in range(61):
            answer = client.get(link)
    log = written(caplog.records)
    assert answer.status_code == 429
    assert "Too Many Requests: /d/…/" in log
    assert trip.driver.link_token not in log


def test_a_code_with_a_wrong_pin_is_not_written_down(client, caplog):
    code = an_issued_trip().passes.get().code.rsplit("/", 1)[1]
    client.post(f"/P/{code}", {"pin": "1"})
    log = written(caplog.records)
    assert "Bad Request: /P/…" in log
    assert code not in log


@pytest.mark.parametrize(
    "address",
    [
        "/import/refused/secret/",
        "/accounts/password/reset/key/3-secret/",
        "/accounts/confirm-email/secret:1/",
        "/invitation/secret/",
    ],
)
def test_other_secret_addresses_are_cut_too(address, caplog):
    logging.getLogger("django.request").warning("Not Found: %s", address)
    assert "secret" not in written(caplog.records)
    assert address.rsplit("/", 2)[0] in written(caplog.records)
