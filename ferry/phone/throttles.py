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
    wait_s = is_too_many(request, scope, who=who)
    if not wait_s:
        return None
    answer = render(request, "phone/wait.html", status=429)
    answer["Retry-After"] = str(wait_s)
    return answer


def is_too_many(request: HttpRequest, scope: str, *, who: str = "") -> int:
    """Say for how many seconds the rate of the scope is used up; 0 where it is not."""
    throttle = PageThrottle(scope, who)
    if throttle.allow_request(cast("Request", request), cast("APIView", None)):
        return 0
    return int(throttle.wait()) + 1
