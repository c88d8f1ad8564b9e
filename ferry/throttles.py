"""Limit how often one caller may ask, whichever door he comes by."""

from __future__ import annotations

import time
from ipaddress import ip_address, ip_network
from typing import TYPE_CHECKING

import structlog
from django.core.cache import cache
from redis.exceptions import RedisError
from rest_framework.throttling import SimpleRateThrottle

if TYPE_CHECKING:
    from rest_framework.request import Request
    from rest_framework.views import APIView

log = structlog.get_logger(__name__)


class Window(SimpleRateThrottle):
    """Count calls in fixed windows of time: one number per caller, however many calls.

    With the cache out of reach everybody may call: a gate must not stand still because of a counter.
    """

    num_requests: int | None
    duration: int | None
    left_s = 0.0

    def allow_request(self, request: Request, view: APIView) -> bool:
        caller = self.get_cache_key(request, view)
        return caller is None or self.allows(caller)

    def allows(self, caller: str, calls: int = 1) -> bool:
        """Count some calls of one caller, and say whether they are still within his limit."""
        if self.num_requests is None or self.duration is None:
            return True
        window, passed_s = divmod(time.time(), self.duration)
        self.left_s = self.duration - passed_s
        return self._count(f"{caller}-{int(window)}", calls, self.duration) <= self.num_requests

    def _count(self, name: str, calls: int, duration: int) -> int:
        try:
            return self._incr(name, calls, duration)
        except (OSError, RedisError) as error:
            log.warning("throttle_without_cache", error=type(error).__name__)
            return 0

    def _incr(self, name: str, calls: int, duration: int) -> int:
        try:
            return cache.incr(name, calls)
        except ValueError:
            cache.add(name, calls, timeout=2 * duration)
            return calls

    def wait(self) -> float:
        return self.left_s


class AddressThrottle(Window):
    def get_cache_key(self, request: Request, view: APIView) -> str:
        return f"{self.scope}-{network_of(self.get_ident(request) or '')}"


class PageThrottle(AddressThrottle):
    """Count against the same limit of the scope as the HTTP interface does: by address, or as `who`."""

    def __init__(self, scope: str, who: str = "") -> None:
        self.scope, self.who = scope, who
        super().__init__()

    def get_cache_key(self, request: Request, view: APIView) -> str:
        return f"{self.scope}-{self.who}" if self.who else super().get_cache_key(request, view)


def network_of(address: str) -> str:
    """Take an IPv6 caller by its /64, for all of that is its own."""
    try:
        ip = ip_address(address.strip())
    except ValueError:
        return "unknown"
    return str(ip) if ip.version == 4 else str(ip_network((ip, 64), strict=False).network_address)
