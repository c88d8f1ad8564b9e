"""Every call of these tests is made at AT."""

from tests.ferry.api.conftest import _at_noon, company

__all__ = ["_at_noon", "company"]
