"""Find companies, who applied for them, and who is invited to them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from allauth.account.models import EmailAddress
from django.db.models import F

from ferry.models import Company, CompanyState, Invitation, Membership, Role, User
from ferry.queries.keys import api_key_digest

if TYPE_CHECKING:
    from datetime import datetime

    from django.db.models import QuerySet


def is_address_confirmed(user: User) -> bool:
    return bool(EmailAddress.objects.filter(user=user, email=user.email, verified=True).exists())


def is_confirmed(company: Company) -> bool:
    """Say whether an owner has confirmed the address he applied with."""
    confirmed = EmailAddress.objects.filter(
        verified=True, email=F("user__email"), user__memberships__company=company
    )
    return bool(confirmed.filter(user__memberships__role=Role.OWNER).exists())


def is_in_the_way(company: Company) -> bool:
    """Say whether nobody else may apply for the company."""
    if company.state == CompanyState.WAITING:
        return is_confirmed(company)
    return company.state == CompanyState.ACTIVE


def applications_of(user: User) -> list[Company]:
    """List the companies the user asked for that may not work yet, the newest first."""
    own = Company.objects.filter(memberships__user=user).exclude(state=CompanyState.ACTIVE)
    return list(own.order_by("-pk"))


def owners_of(company: Company) -> list[str]:
    owners = Membership.objects.filter(company=company, role=Role.OWNER)
    return list(owners.order_by("pk").values_list("user__email", flat=True))


def open_invitations(company: Company) -> QuerySet[Invitation]:
    """Find those that wait for an answer, expired ones too: they can be sent again."""
    return company.invitations.filter(accepted_at__isnull=True, revoked_at__isnull=True)


def find_invitation(token: str, *, at: datetime) -> Invitation | None:
    """Find the invitation a link is for, if it is good still."""
    rows = Invitation.objects.select_related("company").filter(
        digest=api_key_digest(token),
        accepted_at__isnull=True,
        revoked_at__isnull=True,
        expires_at__gt=at,
        company__is_active=True,
    )
    return rows.first()
