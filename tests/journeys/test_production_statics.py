"""A real server as in production: hashed files, headers, and https."""

from __future__ import annotations

import re
from collections.abc import Iterator
from http.client import HTTPConnection, HTTPResponse
from pathlib import Path

import pytest

from tests.journeys.processes import free_port, lay, production, serve

pytestmark = pytest.mark.once

THROUGH_PROXY = {"Host": "ferryman.example", "X-Forwarded-Proto": "https", "X-Forwarded-For": "203.0.113.7"}
PLAIN = {"Host": "ferryman.example"}


@pytest.fixture(scope="module")
def port(migrated: Path, collected: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    environment = production(tmp_path_factory.mktemp("production"))
    lay(migrated, environment)
    port = free_port()
    server = serve(environment, port)
    yield port
    server.terminate()
    server.wait()


def get(port: int, path: str, headers: dict[str, str]) -> tuple[HTTPResponse, str]:
    connection = HTTPConnection("127.0.0.1", port, timeout=30)
    connection.request("GET", path, headers=headers)
    answer = connection.getresponse()
    body = answer.read().decode(errors="replace")
    connection.close()
    return answer, body


def test_it_is_healthy_even_when_asked_in_plain_http(port):
    answer, body = get(port, "/healthz/", PLAIN)
    assert (answer.status, body) == (200, '{"database": "ok"}')


def test_plain_http_is_sent_on_to_https(port):
    answer, _ = get(port, "/accounts/login/", PLAIN)
    assert answer.status == 301
    assert answer.headers["Location"] == "https://ferryman.example/accounts/login/"


def test_another_host_is_refused(port):
    answer, _ = get(port, "/accounts/login/", THROUGH_PROXY | {"Host": "other.example"})
    assert answer.status == 400


def test_a_page_carries_every_security_header_and_no_inline_code(port):
    answer, body = get(port, "/accounts/login/", THROUGH_PROXY)
    assert answer.status == 200
    assert answer.headers["Strict-Transport-Security"] == "max-age=31536000"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["X-Frame-Options"] == "DENY"
    assert answer.headers["Referrer-Policy"] == "same-origin"
    assert answer.headers["Cross-Origin-Opener-Policy"] == "same-origin"
    policy = answer.headers["Content-Security-Policy"]
    assert "default-src 'self'" in policy
    assert "unsafe-inline" not in policy
    assert "unsafe-eval" not in policy.replace("wasm-unsafe-eval", "")
    cookies = answer.headers.get_all("Set-Cookie")
    assert cookies
    assert all("Secure" in cookie and "HttpOnly" in cookie for cookie in cookies)
    assert not re.search(r"<script(?![^>]*(?:\bsrc=|application/json))|<style|\sstyle=|\son\w+=", body)


def test_every_file_of_a_page_is_hashed_and_may_be_kept_for_ever(port):
    _, body = get(port, "/accounts/login/", THROUGH_PROXY)
    files = re.findall(r'(?:src|href)="(/static/[^"]+)"', body)
    assert any(file.endswith(".css") for file in files)
    assert any(file.endswith(".js") for file in files)
    for file in files:
        answer, _ = get(port, file, THROUGH_PROXY)
        assert answer.status == 200, file
        assert "immutable" in answer.headers["Cache-Control"], file


def test_a_built_file_has_one_name_so_that_scripts_that_share_it_fetch_it_once(port):
    _, page = get(port, "/d/nothing/", THROUGH_PROXY)
    named = set(re.findall(r'(?:src|href)="(/static/dist/[^"]+[.]js)"', page))
    assert named
    for script in named:
        _, body = get(port, script, THROUGH_PROXY)
        imported = re.findall(r'from"[.]/([^"]+)"', body)
        assert {f"/static/dist/assets/{name}" for name in imported} <= named, script


def test_an_unknown_page_explains_nothing_of_the_inside(port):
    answer, body = get(port, "/no-such-page/", THROUGH_PROXY)
    assert answer.status == 404
    assert "urlpatterns" not in body
    assert "Traceback" not in body
