"""A cache for tests that must need none."""

from __future__ import annotations

from typing import Any

from django.core.cache.backends.base import BaseCache


class NoCache(BaseCache):
    """Refuse everything, as Django's own base does."""

    def __init__(self, location: str, params: dict[str, Any]) -> None:
        super().__init__(params)
