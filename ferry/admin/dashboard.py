"""What waits for the operator, on his first page."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.urls import reverse
from django.utils import timezone

from ferry.queries.operator import closures_ahead, companies_waiting, failed_things, key_age, lags

if TYPE_CHECKING:
    from django.http import HttpRequest


def what_waits(request: HttpRequest, context: dict[str, Any]) -> dict[str, Any]:
    at = timezone.now()
    return {
        **context,
        "at": at,
        "companies": companies_waiting(),
        "key_age": key_age(at=at),
        "closures": closures_ahead(at=at),
        "lags": lags(at=at),
        "failed": [(name, count, reverse(link)) for name, count, link in failed_things(at=at)],
    }
