"""Bring a message to an address that somebody else chose, and to no machine of our own.

The host is resolved once, every address it has must be public, and the connection goes to the very address
that was checked, with the host's own name in TLS: a name that resolves differently later gains nothing. No
redirect is followed, no proxy is used, and an answer is read up to a kilobyte within a bounded time.
"""

from __future__ import annotations

import ssl
from dataclasses import dataclass
from functools import lru_cache
from http.client import HTTPException
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from socket import SHUT_RDWR, SOCK_STREAM, gaierror, getaddrinfo
from threading import Timer
from time import monotonic
from typing import TYPE_CHECKING

from django.conf import settings
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import HTTPError
from urllib3.util import parse_url

if TYPE_CHECKING:
    from collections.abc import Mapping
    from socket import socket

#: How long the other side may be silent, and how long all of it may take, however it drips.
SILENCE_S = 5.0
DEADLINE_S = 10.0
KEPT_OF_ANSWER = 1024

#: Addresses of IPv4 written in IPv6 are judged as what they lead to.
NAT64 = IPv6Network("64:ff9b::/96")
#: The only IPv6 addresses that are given out to be reached from everywhere, and those of them that tunnel.
GLOBAL_UNICAST = IPv6Network("2000::/3")
TUNNELS = (IPv6Network("2002::/16"), IPv6Network("2001::/23"), IPv6Network("3fff::/20"))
#: Relays, protocols' own addresses and a cloud's own machine, which Python or the registries call global.
OTHERS_OWN = (IPv4Network("192.88.99.0/24"), IPv4Network("192.0.0.0/24"), IPv4Network("168.63.129.16/32"))


@dataclass(frozen=True)
class Answer:
    """What came back: a status, or a `fault` (a stable word) where there is none."""

    duration_ms: int
    status: int | None = None
    text: str = ""
    fault: str = ""

    @property
    def is_taken(self) -> bool:
        return self.status is not None and 200 <= self.status < 300


class NotPublic(Exception):
    """A host has an address that is not public, or none."""


def bring(url: str, body: bytes, headers: Mapping[str, str]) -> Answer:
    """POST a body; whatever goes wrong is in the answer."""
    start = monotonic()
    try:
        status, text, fault = *_post(url, body, headers), ""
    except (NotPublic, gaierror, UnicodeError) as error:
        status, text, fault = None, "", "address" if isinstance(error, NotPublic) else "name"
    except (HTTPError, HTTPException, OSError, ValueError) as error:
        status, text, fault = None, "", _fault(error, monotonic() - start)
    return Answer(round((monotonic() - start) * 1000), status, text, fault)


def _post(url: str, body: bytes, headers: Mapping[str, str]) -> tuple[int, str]:
    parts = parse_url(url)
    host = (parts.host or "").strip("[]")
    port = parts.port or (443 if parts.scheme == "https" else 80)
    connection = _connection(parts.scheme == "https", checked_address(host, port), host, port)
    # The end of a peer that drips, in the handshake too: each read alone would be in time.
    timer = Timer(DEADLINE_S, connection.cut)
    timer.daemon = True
    timer.start()
    try:
        named = {"Host": parts.netloc or host, **headers}
        connection.request("POST", parts.request_uri, body=body, headers=named, preload_content=False)
        response = connection.getresponse()
        text = response.read(KEPT_OF_ANSWER, decode_content=False)
    finally:
        timer.cancel()
        connection.hang_up()
    return response.status, text.decode("utf-8", "replace").replace("\x00", "�")


class Line(HTTPConnection):
    """A connection that can be cut from another thread at any time, also before it is set up."""

    own: socket | None = None

    def _new_conn(self) -> socket:
        new = super()._new_conn()
        self.own = new.dup()
        return new

    def cut(self) -> None:
        try:
            if self.own is not None:
                self.own.shutdown(SHUT_RDWR)
        except OSError:
            pass  # It ended by itself meanwhile.

    def hang_up(self) -> None:
        self.close()
        if self.own is not None:
            self.own.close()


class SafeLine(Line, HTTPSConnection):
    """The same with TLS."""


def _connection(is_https: bool, address: str, host: str, port: int) -> Line:
    if not is_https:
        return Line(address, port, timeout=SILENCE_S)
    return SafeLine(address, port, timeout=SILENCE_S, ssl_context=_trust(), server_hostname=host)


@lru_cache(maxsize=1)
def _trust() -> ssl.SSLContext:
    return ssl.create_default_context()


def checked_address(host: str, port: int) -> str:
    """Resolve a host once and give an address of it, or raise NotPublic if any is not."""
    found = list(dict.fromkeys(str(info[4][0]) for info in getaddrinfo(host, port, type=SOCK_STREAM)))
    if not found:
        raise NotPublic
    if host not in settings.WEBHOOK_ALLOW_PRIVATE_HOSTS and not all(map(is_public, found)):
        raise NotPublic
    return found[0]


def is_public(address: str) -> bool:
    """Say whether everybody reaches an address, and nobody through it a machine of ours."""
    try:
        ip = ip_address(address)
    except ValueError:
        return False
    return _is_public_6(ip) if isinstance(ip, IPv6Address) else _is_public_4(ip)


def _is_public_6(ip: IPv6Address) -> bool:
    if ip.ipv4_mapped is not None:
        return _is_public_4(ip.ipv4_mapped)
    if ip in NAT64:
        return _is_public_4(IPv4Address(int(ip) & 0xFFFFFFFF))
    if ip.scope_id is not None or ip not in GLOBAL_UNICAST or any(ip in tunnel for tunnel in TUNNELS):
        return False
    return ip.is_global


def _is_public_4(ip: IPv4Address) -> bool:
    return ip.is_global and not (ip.is_multicast or any(ip in own for own in OTHERS_OWN))


def _fault(error: Exception, seconds: float) -> str:
    if seconds >= DEADLINE_S or "timed out" in str(error).lower():
        return "timeout"
    return "tls" if isinstance(error, ssl.SSLError) or "ssl" in str(error).lower() else "connection"
