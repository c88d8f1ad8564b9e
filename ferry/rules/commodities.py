"""Which commodities need an export licence, and which licence covers which."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import date


def covers(code: str, hs_code: str) -> bool:
    """Say whether two commodity codes, either of which may be cut short, can mean the same goods."""
    return code.startswith(hs_code) or hs_code.startswith(code)


def needs_licence(hs_code: str, *, on: date, licensed: Iterable[tuple[str, date]]) -> bool:
    """Look the goods up in the table of licensed commodities (prefix, in force since)."""
    return any(in_force_on <= on and covers(prefix, hs_code) for prefix, in_force_on in licensed)
