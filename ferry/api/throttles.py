"""Limit how often one key, or one address without a key, may call."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ferry.models import ApiKey
from ferry.throttles import AddressThrottle, Window

if TYPE_CHECKING:
    from rest_framework.request import Request
    from rest_framework.views import APIView


def caller_of(key: ApiKey) -> str:
    """Name the caller that a key's calls are counted of."""
    return f"key-{key.pk}"


class KeyThrottle(Window):
    scope = "key"

    def get_cache_key(self, request: Request, view: APIView) -> str | None:
        return caller_of(request.auth) if isinstance(request.auth, ApiKey) else None


class ReceiptThrottle(AddressThrottle):
    scope = "receipt"


class PublicThrottle(AddressThrottle):
    scope = "public"
