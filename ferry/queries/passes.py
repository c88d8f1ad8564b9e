"""Find a pass by what stands on the windscreen."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ferry import codes
from ferry.models import Pass
from ferry.queries.keys import open_known

if TYPE_CHECKING:
    from datetime import datetime

    from django.db.models import QuerySet


def passes_in_full() -> QuerySet[Pass]:
    """Load passes with all that a page says of them."""
    return Pass.objects.select_related(
        "trip__vehicle",
        "trip__company",
        "trip__declaration",
        "trip__route__exit",
        "trip__route__entry",
        "driver",
    )


def find_pass(text: str, *, at: datetime) -> Pass | None:
    """Find the pass of a code, a public address or a short code; None if we never issued it."""
    short_code = codes.read_short_code(text)
    if short_code is not None:
        return passes_in_full().filter(short_code=short_code).first()
    try:
        claims = open_known(codes.normalise(text), at=at)
    except codes.CodeFault:
        return None
    return passes_in_full().filter(pass_id=claims.pass_id).first()
