"""Limit how often pages that need no account may be asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from django.shortcuts import render

from ferry.throttles import PageThrottle

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse
    from rest_framework.request import Request
    from rest_framework.views import APIView


def too_many(request: HttpRequest, scope: str, *, who: str = "") -> HttpResponse | None:
    """Answer 429 with a page where the rate of the scope is used up."""
    throttle = PageThrottle(scope, who)
    if throttle.allow_request(cast("Request", request), cast("APIView", None)):
        return None
    answer = render(request, "phone/wait.html", status=429)
    answer["Retry-After"] = str(int(throttle.wait()) + 1)
    return answer
