"""Limit how many letters the portal sends to people who have no account yet."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from ferry.throttles import PageThrottle

if TYPE_CHECKING:
    from django.http import HttpRequest
    from rest_framework.request import Request
    from rest_framework.views import APIView


def may_send_letter(request: HttpRequest, who: str = "") -> bool:
    """Count a letter for the address that asks, or for `who`; False where there were enough."""
    throttle = PageThrottle("letters", who)
    return throttle.allow_request(cast("Request", request), cast("APIView", None))
