"""Invite somebody to work in a company, and let him in by the link he was sent."""

from __future__ import annotations

import secrets
from datetime import timedelta
from typing import TYPE_CHECKING

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import transaction
from django.utils.translation import gettext_lazy as _

from ferry.actions.audit import note
from ferry.actions.companies import add_member
from ferry.errors import Conflict, Invalid, NotAllowed, Reason
from ferry.models import Act, Company, Invitation, Membership, Role, User
from ferry.queries.companies import open_invitations
from ferry.queries.keys import api_key_digest
from ferry.rules.letters import plain_text

if TYPE_CHECKING:
    from datetime import datetime

GOOD_FOR = timedelta(days=7)


def invite(*, company: Company, email: str, role: Role, at: datetime, by: str) -> tuple[Invitation, str]:
    """Invite an address and give the secret of its link, which cannot be shown again.

    Inviting it once more sends a new link, and the old one is dead. Whether the address has an account
    is neither asked nor told.
    """
    email = _address(email)
    token = secrets.token_urlsafe(32)
    with transaction.atomic():
        company = Company.objects.select_for_update().get(pk=company.pk)
        if Membership.objects.filter(company=company, user__email=email).exists():
            detail = _("Somebody with this address works here already. Change the role instead.")
            raise Conflict(Reason("already_member", detail, "email"))
        invitation = open_invitations(company).filter(email=email).first()
        invitation = invitation or Invitation(company=company, email=email)
        invitation.role, invitation.digest, invitation.invited_by = role, api_key_digest(token), by
        invitation.sent_at, invitation.expires_at = at, at + GOOD_FOR
        invitation.save()
        note(company=company, kind=Act.INVITED, about=f"{role} {email}", at=at, by=by)
    return invitation, token


def revoke_invitation(*, invitation: Invitation, at: datetime, by: str) -> bool:
    """Make its link useless; False if it was answered or revoked before."""
    company = invitation.company
    with transaction.atomic():
        revoked = open_invitations(company).filter(pk=invitation.pk).update(revoked_at=at)
        if revoked:
            note(company=company, kind=Act.INVITATION_REVOKED, about=str(invitation.email), at=at, by=by)
    return bool(revoked)


def accept_invitation(*, invitation: Invitation, user: User, at: datetime) -> Membership:
    """Make the invited user a member; NotAllowed for an account of another address."""
    if user.email != invitation.email:
        detail = _("This invitation is for another e-mail address. Sign in with that account.")
        raise NotAllowed(Reason("other_account", detail))
    with transaction.atomic():
        usable = open_invitations(invitation.company).filter(pk=invitation.pk, expires_at__gt=at)
        if not usable.update(accepted_at=at, accepted_by=user):
            detail = _("This invitation is over. Ask the company's owner for another.")
            raise Conflict(Reason("invitation_over", detail))
        role = Role(invitation.role)
        membership = add_member(company=invitation.company, user=user, role=role)
        note(company=invitation.company, kind=Act.JOINED, at=at, by=f"{role} {user.email}")
    return membership


def accept_with_new_account(*, invitation: Invitation, name: str, password: str, at: datetime) -> Membership:
    """Make the account of the invited address, and its user a member."""
    with transaction.atomic():
        Company.objects.select_for_update().get(pk=invitation.company_id)
        if User.objects.filter(email=invitation.email).exists():
            detail = _("This address has an account already. Sign in with it, and accept there.")
            raise Conflict(Reason("account_exists", detail))
        user = User.objects.create_user(invitation.email, password, name=plain_text(name))
        return accept_invitation(invitation=invitation, user=user, at=at)


def _address(email: str) -> str:
    email = plain_text(email).lower()
    try:
        validate_email(email)
    except ValidationError as error:
        detail = _("This is no e-mail address. Compare it, letter by letter.")
        raise Invalid(Reason("email_form", detail, "email")) from error
    return email
