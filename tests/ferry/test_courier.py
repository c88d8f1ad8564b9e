"""The courier goes to public addresses only, to the very one it checked, and is back in time."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Event, Thread

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from ferry import courier
from tests.receiver import a_receiver


@pytest.fixture
def at_home(settings):
    settings.WEBHOOK_ALLOW_PRIVATE_HOSTS = ["127.0.0.1", "hooks.silkroad.example"]


@pytest.fixture
def names(monkeypatch):
    """Answer for names of our own, and count how often each is asked for."""
    known: dict[str, list[str]] = {}
    asked: list[str] = []

    def resolve(host: str, port: int, **_kind: object) -> list[object]:
        asked.append(host)
        return [(0, 0, 0, "", (address, port)) for address in known.get(host, [host])]

    monkeypatch.setattr(courier, "getaddrinfo", resolve)
    return known, asked


@pytest.mark.parametrize(
    "address",
    [
        *("127.0.0.1", "127.255.255.254", "0.0.0.0", "10.0.0.1", "172.16.0.1", "172.31.255.254"),
        *("192.168.0.1", "100.64.0.1", "100.100.100.200", "169.254.1.1", "169.254.169.254"),
        *("192.0.0.192", "192.0.2.1", "192.88.99.1", "198.18.0.1", "198.51.100.1", "203.0.113.1"),
        *("224.0.0.1", "239.255.255.255", "240.0.0.1", "255.255.255.255", "168.63.129.16"),
        *("::", "::1", "::7f00:1", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "::ffff:169.254.169.254"),
        *("64:ff9b::7f00:1", "64:ff9b::a00:1", "64:ff9b::a9fe:a9fe", "64:ff9b:1::a00:1"),
        *("fe80::1", "fe80::1%eth0", "fec0::1", "fc00::1", "fd00:ec2::254", "ff02::1", "ff0e::1"),
        *("2001:db8::1", "2002:7f00:1::", "2002:a00:1::1", "2001:0:4136:e378::1", "3fff::1", "100::1"),
        *("not an address", ""),
    ],
)
def test_an_address_of_ours_or_of_nobody_is_not_public(address):
    assert not courier.is_public(address)


@pytest.mark.parametrize(
    "address", ["1.1.1.1", "172.32.0.1", "8.8.8.8", "2606:4700::1111", "::ffff:8.8.8.8", "64:ff9b::808:808"]
)
def test_an_address_of_everybody_is_public(address):
    assert courier.is_public(address)


@pytest.mark.parametrize("found", [["127.0.0.1"], ["1.1.1.1", "10.0.0.1"], ["1.1.1.1", "::1"], ["fe80::1"]])
def test_a_host_with_any_private_address_is_not_called(names, found):
    names[0]["rebind.example"] = found
    with a_receiver() as receiver:
        answer = courier.bring(receiver.url.replace("127.0.0.1", "rebind.example"), b"{}", {})
        assert (answer.status, answer.fault) == (None, "address")
        assert receiver.got == []


@pytest.mark.parametrize("host", ["127.0.0.1", "0x7f.1", "2130706433", "127.1", "localhost", "[::1]"])
def test_no_spelling_of_this_machine_is_called(host):
    with a_receiver() as receiver:
        answer = courier.bring(receiver.url.replace("127.0.0.1", host), b"{}", {})
        assert answer.status is None
        assert answer.fault in {"address", "name"}
        assert receiver.got == []


def test_a_name_is_resolved_once_and_the_checked_address_is_called(names, at_home):
    names[0]["hooks.silkroad.example"] = ["127.0.0.1"]
    with a_receiver() as receiver:
        url = receiver.url.replace("127.0.0.1", "hooks.silkroad.example")
        assert courier.bring(url, b"{}", {}).status == 200
        (path, headers, _body) = receiver.got[0]
        assert path == "/hooks?from=ferryman"
        assert headers["Host"].startswith("hooks.silkroad.example:")
    assert names[1].count("hooks.silkroad.example") == 1


def test_a_redirect_is_an_answer_and_is_not_followed(at_home):
    with a_receiver() as receiver, a_receiver() as inside:
        receiver.status, receiver.headers = 302, {"Location": inside.url}
        answer = courier.bring(receiver.url, b"{}", {})
        assert (answer.status, answer.is_taken) == (302, False)
        assert inside.got == []


def test_no_proxy_of_the_environment_is_used(at_home, monkeypatch):
    with a_receiver() as receiver, a_receiver() as proxy:
        for name in ("http_proxy", "HTTP_PROXY", "all_proxy"):
            monkeypatch.setenv(name, proxy.url)
        assert courier.bring(receiver.url, b"{}", {}).status == 200
        assert proxy.got == []


def test_of_a_long_answer_a_kilobyte_is_kept(at_home):
    with a_receiver() as receiver:
        receiver.text = "x\x00" * 100_000
        answer = courier.bring(receiver.url, b"{}", {})
        assert answer.status == 200
        assert len(answer.text) == 1024
        assert "\x00" not in answer.text


@contextmanager
def a_dripper() -> Iterator[int]:
    """Listen, and answer one byte after another for ever, never silent for long."""
    over = Event()
    server = socket.create_server(("127.0.0.1", 0))

    def drip() -> None:
        line, _address = server.accept()
        with line:
            while not over.wait(0.05):
                try:
                    line.sendall(b"H")
                except OSError:
                    return

    thread = Thread(target=drip)
    thread.start()
    try:
        yield server.getsockname()[1]
    finally:
        over.set()
        thread.join()
        server.close()


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_an_answer_that_drips_is_cut_off(at_home, monkeypatch, scheme):
    monkeypatch.setattr(courier, "DEADLINE_S", 0.3)
    with a_dripper() as port:
        answer = courier.bring(f"{scheme}://127.0.0.1:{port}/", b"{}", {})
    assert answer.status is None
    assert answer.fault
    assert answer.duration_ms < 5000


def test_silence_ends(at_home, monkeypatch):
    monkeypatch.setattr(courier, "SILENCE_S", 0.1)
    with socket.create_server(("127.0.0.1", 0)) as server:
        answer = courier.bring(f"http://127.0.0.1:{server.getsockname()[1]}/", b"{}", {})
    assert (answer.status, answer.fault) == (None, "timeout")


def test_nobody_there_is_said(at_home):
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    assert courier.bring(f"http://127.0.0.1:{port}/", b"{}", {}).fault == "connection"
    assert courier.bring("https://nowhere.invalid/", b"{}", {}).fault == "name"


@contextmanager
def a_tls_server(folder: Path, name: str) -> Iterator[tuple[int, Path, list[str]]]:
    """Answer one call over TLS with a certificate for that name; give the names that were asked for."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .sign(key, hashes.SHA256())
    )
    path, own_key = folder / "cert.pem", folder / "key.pem"
    path.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    own_key.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    )
    asked: list[str] = []
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(path, own_key)
    context.sni_callback = lambda _line, wanted, _context: asked.append(wanted)
    server = socket.create_server(("127.0.0.1", 0))

    def answer() -> None:
        line, _address = server.accept()
        try:
            with context.wrap_socket(line, server_side=True) as safe:
                said = b""
                while not said.endswith(b"{}"):
                    said += safe.recv(65536)
                safe.sendall(b"HTTP/1.1 204 No Content\r\nContent-Length: 0\r\n\r\n")
        except OSError:
            pass  # The other side did not trust us.

    thread = Thread(target=answer)
    thread.start()
    try:
        yield server.getsockname()[1], path, asked
    finally:
        thread.join()
        server.close()


@pytest.mark.parametrize(
    ("certified", "status", "fault"),
    [("hooks.silkroad.example", 204, ""), ("other.example", None, "tls")],
)
def test_tls_is_spoken_with_the_hosts_own_name(
    names, at_home, monkeypatch, tmp_path, certified, status, fault
):
    names[0]["hooks.silkroad.example"] = ["127.0.0.1"]
    with a_tls_server(tmp_path, certified) as (port, certificate, asked):
        monkeypatch.setattr(courier, "_trust", lambda: ssl.create_default_context(cafile=str(certificate)))
        answer = courier.bring(f"https://hooks.silkroad.example:{port}/", b"{}", {})
    assert (answer.status, answer.fault) == (status, fault)
    assert asked == ["hooks.silkroad.example"]
