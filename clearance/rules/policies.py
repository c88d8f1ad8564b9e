"""Judge a route's limits."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

from django.utils.translation import gettext_lazy as _

from ferry.errors import Reason

#: Each limit comes after the one before it.
ORDERED = (
    ("entry_expected", "entry_alert"),
    ("receipt_expected", "receipt_warn", "receipt_case", "receipt_enquiry", "receipt_escalate"),
    ("closing_warn", "closing_case", "closing_escalate"),
    ("stay_warn", "stay_breach"),
)


def limits_out_of_order(policy: Any) -> list[Reason]:
    """Give a reason for each limit that is shorter than the one before it."""
    detail = _("This limit is shorter than the one before it. Make it longer, or that one shorter.")
    return [
        Reason("limit_out_of_order", detail, later)
        for row in ORDERED
        for earlier, later in pairwise(row)
        if getattr(policy, later) < getattr(policy, earlier)
    ]
