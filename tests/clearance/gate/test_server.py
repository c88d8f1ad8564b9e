"""Which answers a gate believes."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Thread
from typing import Any

import pytest

from clearance.gate.server import KeyRefused, NoAnswer, Refused, Server

ERRORS = {"type": "client_error", "errors": [{"code": "x", "detail": "x", "attr": None}]}
SCAN = {"scan_id": "1", "code": "X"}


class Wire(ThreadingHTTPServer):
    """What answers at the other end: the same to everybody, once it is let."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.status, self.body, self.headers = 200, b"{}", {}
        self.asked: list[Any] = []
        self.may_answer = Event()
        self.may_answer.set()

    def says(self, status: int, body: Any, **headers: str) -> None:
        self.status, self.headers = status, {name.replace("_", "-"): text for name, text in headers.items()}
        self.body = body.encode() if isinstance(body, str) else json.dumps(body).encode()


class Handler(BaseHTTPRequestHandler):
    server: Wire

    def do_POST(self) -> None:
        size = int(self.headers.get("Content-Length", 0))
        self.server.asked.append((self.path, dict(self.headers), self.rfile.read(size)))
        self.server.may_answer.wait()
        self.send_response(self.server.status)
        for name, text in self.server.headers.items():
            self.send_header(name, text)
        self.send_header("Content-Length", str(len(self.server.body)))
        self.end_headers()
        self.wfile.write(self.server.body)

    do_GET = do_POST

    def log_message(self, *_said: Any) -> None:
        pass


@pytest.fixture
def wire() -> Iterator[Wire]:
    wire = Wire()
    thread = Thread(target=wire.serve_forever, daemon=True)
    thread.start()
    yield wire
    wire.may_answer.set()
    wire.shutdown()
    wire.server_close()
    thread.join()


@pytest.fixture
def server(wire: Wire) -> Iterator[Server]:
    server = Server(f"http://127.0.0.1:{wire.server_address[1]}/", "secret")
    yield server
    server.close()


def ask(server: Server) -> Any:
    return server.ask(SCAN, within_s=30)


def test_it_shows_its_key_in_the_header_alone(wire: Wire, server: Server) -> None:
    ask(server)

    ((path, headers, body),) = wire.asked
    assert headers["Authorization"] == "Token secret"
    assert "secret" not in path + body.decode()


def test_it_takes_an_answer_with_the_servers_clock(wire: Wire, server: Server) -> None:
    wire.says(201, {"verdict": "release"}, ETag='"a"')
    answer = ask(server)

    assert (answer.status, answer.body, answer.etag) == (201, {"verdict": "release"}, '"a"')
    assert answer.said_at.tzinfo is not None


def test_a_refused_key_is_one_only_in_the_servers_own_form(wire: Wire, server: Server) -> None:
    wire.says(401, ERRORS)
    with pytest.raises(KeyRefused):
        ask(server)
    wire.says(401, "<h1>Sign in to the hotel's network</h1>")
    with pytest.raises(NoAnswer):
        ask(server)


@pytest.mark.parametrize("status", [400, 403, 404, 409, 413, 415, 422])
def test_another_4xx_is_final(wire: Wire, server: Server, status: int) -> None:
    wire.says(status, ERRORS)
    with pytest.raises(Refused) as refused:
        ask(server)
    assert (refused.value.status, refused.value.errors) == (status, ERRORS["errors"])


def test_a_proxy_may_say_that_a_batch_is_too_large(wire: Wire, server: Server) -> None:
    wire.says(413, "<h1>413 Request Entity Too Large</h1>")
    with pytest.raises(Refused):
        server.upload([SCAN])


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (200, "<h1>Welcome to the hotel</h1>"),
        (200, "[]"),
        (200, ""),
        (302, {}),
        (403, "<h1>Blocked by the firewall</h1>"),
        (404, {"detail": "x"}),
        (408, ERRORS),
        (429, ERRORS),
        (500, ERRORS),
        (502, "<h1>Bad gateway</h1>"),
    ],
)
def test_whatever_else_comes_is_no_answer(wire: Wire, server: Server, status: int, body: Any) -> None:
    wire.says(status, body, Location="http://127.0.0.1:1/")
    with pytest.raises(NoAnswer):
        ask(server)


@pytest.mark.parametrize(("said", "after_s"), [("120", 120), ("soon", 0), ("-5", 0), ("", 0)])
def test_it_hears_when_to_come_back(wire: Wire, server: Server, said: str, after_s: float) -> None:
    wire.says(429, ERRORS, Retry_After=said)
    with pytest.raises(NoAnswer) as why:
        ask(server)
    assert why.value.after_s == after_s


def test_what_comes_too_late_is_no_answer(wire: Wire, server: Server) -> None:
    wire.may_answer.clear()
    with pytest.raises(NoAnswer):
        server.ask(SCAN, within_s=0.05)


def test_a_dead_line_is_no_answer() -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        dead = Server(f"http://127.0.0.1:{unused.getsockname()[1]}")
        with pytest.raises(NoAnswer):
            ask(dead)
        dead.close()


def test_a_name_that_means_nothing_is_no_answer() -> None:
    nowhere = Server("http://nowhere.invalid")
    with pytest.raises(NoAnswer):
        nowhere.ask(SCAN, within_s=30)
    nowhere.close()
