"""Say whose reports somebody may have."""

from __future__ import annotations

from typing import TYPE_CHECKING

from clearance.models import Duty
from clearance.queries.lane import postings_of
from ferry.models import Checkpoint

if TYPE_CHECKING:
    from django.contrib.auth.base_user import AbstractBaseUser
    from django.contrib.auth.models import AnonymousUser


def overseen_by(user: AbstractBaseUser | AnonymousUser) -> list[Checkpoint]:
    """List the checkpoints whose reports a user may have: a supervisor his, the operator all."""
    own = [one.checkpoint for one in postings_of(user) if one.duty == Duty.SUPERVISOR]
    if own or not getattr(user, "is_staff", False):
        return own
    return list(Checkpoint.objects.order_by("code"))
