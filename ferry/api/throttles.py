"""Limit how often one key, or one address without a key, may call."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ferry.models import ApiKey
from ferry.throttles import AddressThrottle, Window

if TYPE_CHECKING:
    from rest_framework.request import Request
    from rest_framework.views import APIView


class KeyThrottle(Window):
    scope = "key"

    def get_cache_key(self, request: Request, view: APIView) -> str | None:
        return f"key-{request.auth.pk}" if isinstance(request.auth, ApiKey) else None


class ReceiptThrottle(AddressThrottle):
    scope = "receipt"


class PublicThrottle(AddressThrottle):
    scope = "public"
