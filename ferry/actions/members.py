"""Change what members may do, and let them go."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from ferry.actions.audit import note
from ferry.errors import Conflict, Reason
from ferry.models import Act, Case, CaseState, Membership, Role

if TYPE_CHECKING:
    from datetime import datetime


def change_role(*, membership: Membership, role: Role, at: datetime, by: str) -> bool:
    """Give a member another role, False if he has it; Conflict when no owner would be left."""
    with transaction.atomic():
        membership = _lock(membership)
        if membership.role == role:
            return False
        _refuse_last_owner(membership)
        membership.role = role
        membership.save(update_fields=["role"])
        about = f"{role} {membership.user.email}"
        note(company=membership.company, kind=Act.ROLE_CHANGED, about=about, at=at, by=by)
    return True


def remove_member(*, membership: Membership, at: datetime, by: str) -> bool:
    """Take somebody out of a company; his account stays. False if he is out already."""
    with transaction.atomic():
        if not Membership.objects.filter(pk=membership.pk).exists():
            return False
        membership = _lock(membership)
        _refuse_last_owner(membership)
        about = f"{membership.role} {membership.user.email}"
        note(company=membership.company, kind=Act.REMOVED, about=about, at=at, by=by)
        own = Case.objects.filter(company=membership.company_id, assigned_to=membership.user_id)
        own.filter(state=CaseState.OPEN).update(assigned_to=None)
        membership.delete()
    return True


def _lock(membership: Membership) -> Membership:
    """Lock a company's memberships, so that two owners cannot remove each other at once."""
    rows = Membership.objects.select_for_update(of=("self",)).select_related("user", "company")
    members = {row.pk: row for row in rows.filter(company_id=membership.company_id).order_by("pk")}
    return members.get(membership.pk, membership)


def _refuse_last_owner(membership: Membership) -> None:
    owners = Membership.objects.filter(company_id=membership.company_id, role=Role.OWNER)
    if membership.role == Role.OWNER and not owners.exclude(pk=membership.pk).exists():
        detail = _("A company needs an owner. Make somebody else an owner first.")
        raise Conflict(Reason("last_owner", detail, "role"))
