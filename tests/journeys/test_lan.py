"""`make run LAN=1`: HTTPS for the phones of the local network, checked as a phone that trusts it would."""

from __future__ import annotations

import signal
import ssl
import sys
from http.cookiejar import CookieJar
from pathlib import Path
from urllib.error import URLError
from urllib.parse import urlencode
from urllib.request import HTTPCookieProcessor, HTTPSHandler, build_opener, urlopen

import pytest

from tests.journeys.processes import free_port, lay, production, start, trial

pytestmark = pytest.mark.once

OFFICER = {"login": "officer@horgos.example", "password": "camel-bridge-2026"}


@pytest.fixture(scope="module")
def environment(migrated: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    environment = trial(tmp_path_factory.mktemp("lan"), PORT=str(free_port()))
    lay(migrated, environment)
    return environment


def run(environment: dict[str, str], address: str, until: str):
    return start(environment, sys.executable, "manage.py", "run", "--lan", address, until=until)


def test_a_phone_that_trusts_the_authority_signs_in_by_https(environment):
    site = f"https://127.0.0.1:{environment['PORT']}"
    process = run(environment, "127.0.0.1", until=f"Ferryman is at {site}")
    try:
        lan = Path(environment["DATA_DIR"]) / "lan"
        trusting = ssl.create_default_context(cafile=str(lan / "authority.crt"))
        with urlopen(f"https://localhost:{environment['PORT']}/healthz/", context=trusting) as answer:
            assert answer.status == 200
        with pytest.raises(URLError, match="CERTIFICATE_VERIFY_FAILED"):
            build_opener().open(f"{site}/healthz/")

        kept = CookieJar()
        phone = build_opener(HTTPSHandler(context=trusting), HTTPCookieProcessor(kept))
        phone.open(f"{site}/accounts/login/").read()
        token = next(cookie.value for cookie in kept if cookie.name == "csrftoken")
        said = urlencode({**OFFICER, "csrfmiddlewaretoken": token}).encode()
        phone.addheaders = [("Referer", site), ("Origin", site)]
        with phone.open(f"{site}/accounts/login/", said) as answer:
            assert answer.url.endswith("/lane/place/")
        assert all(cookie.secure for cookie in kept)
    finally:
        process.send_signal(signal.SIGTERM)
        said_last, _ = process.communicate()
    assert process.returncode == 0, said_last


@pytest.mark.parametrize("address", ["8.8.8.8", "the-office"])
def test_it_serves_no_address_that_is_not_private(environment, address):
    with pytest.raises(AssertionError, match="private address"):
        run(environment, address, until="Ferryman is at")


def test_it_is_no_way_to_deploy(environment):
    deployed = production(Path(environment["DATA_DIR"]), PORT=environment["PORT"])
    with pytest.raises(AssertionError, match="behind a proxy"):
        run(deployed, "1", until="Ferryman is at")
