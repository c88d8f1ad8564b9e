"""Keep what a route or a checkpoint decides for itself, and who stands there."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import IntegrityError, transaction
from django.utils.translation import gettext_lazy as _

from clearance.actions.chain import chain
from clearance.models import Act, Duty, Policy, Posting
from clearance.models.chain import columns_of
from clearance.rules.policies import limits_out_of_order
from ferry.actions.keeping import refuse_unless_valid
from ferry.errors import Conflict, Invalid, Reason
from ferry.models import Case, CaseState
from ferry.rules.findings import FINE

if TYPE_CHECKING:
    from datetime import datetime

    from ferry.models import Checkpoint, User


def keep_policy(*, policy: Policy, at: datetime, by: str) -> None:
    """Set a route's limits; each must follow the one that comes before it."""
    reasons = limits_out_of_order(policy)
    if reasons:
        raise Invalid(*reasons)
    refuse_unless_valid(policy, FINE)
    with transaction.atomic():
        policy.save()
        Case.objects.filter(state=CaseState.OPEN, route=policy.route_id).update(level_at=at)
        content = columns_of(policy)
        chain(act=Act.POLICY_KEPT, checkpoint=None, about=policy.route.code, content=content, at=at, by=by)


def post(*, user: User, checkpoint: Checkpoint, duty: Duty, at: datetime, by: str) -> Posting:
    """Let somebody work at a checkpoint; Conflict when he is posted there already."""
    try:
        with transaction.atomic():
            posting = Posting.objects.create(user=user, checkpoint=checkpoint, duty=duty)
            _chain(Act.POSTED, posting, at, by)
            return posting
    except IntegrityError as error:
        detail = _("This user is posted at the checkpoint already. Change the duty instead.")
        raise Conflict(Reason("already_posted", detail, "user")) from error


def change_duty(*, posting: Posting, duty: Duty, at: datetime, by: str) -> bool:
    """Give a posting another duty; False if it has it."""
    with transaction.atomic():
        changed = bool(Posting.objects.filter(pk=posting.pk).exclude(duty=duty).update(duty=duty))
        if changed:
            posting.duty = duty
            _chain(Act.DUTY_CHANGED, posting, at, by)
    return changed


def end_posting(*, posting: Posting, at: datetime, by: str) -> bool:
    """Take somebody off a checkpoint; what he did there keeps his name. False if it ended already."""
    with transaction.atomic():
        ended = bool(Posting.objects.filter(pk=posting.pk).delete()[0])
        if ended:
            _chain(Act.POSTING_ENDED, posting, at, by)
    return ended


def _chain(act: Act, posting: Posting, at: datetime, by: str) -> None:
    content = {"user": posting.user_id, "duty": posting.duty}
    about = f"user {posting.user_id}"
    chain(act=act, checkpoint=posting.checkpoint, about=about, content=content, at=at, by=by)
