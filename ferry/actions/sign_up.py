"""Let a person apply for his company, with the account he makes for it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from allauth.account.models import EmailAddress
from django.db import IntegrityError, transaction

from ferry.actions.companies import apply_for_company
from ferry.models import User
from ferry.rules.letters import plain_text

if TYPE_CHECKING:
    from datetime import datetime

    from ferry.models import Company


class AddressTaken(Exception):
    """The address has an account; nothing has been written."""


def sign_up(
    *,
    email: str,
    person: str,
    password: str,
    name: str,
    uscc: str,
    phone: str,
    language: str,
    at: datetime,
) -> tuple[Company, EmailAddress]:
    """Make an account with an unconfirmed address, and the company that waits for approval.

    What is wrong with the company is said first, and the password is hashed either way, so that neither
    the answer nor its time tells a stranger who has an account.
    """
    email = plain_text(email).lower()
    user = User(email=email, name=plain_text(person), date_joined=at)
    user.set_password(password)
    with transaction.atomic():
        known = User.objects.filter(email=email).first()
        if known is None:
            _save(user)
        company = apply_for_company(
            name=name, uscc=uscc, phone=phone, language=language, applicant=known or user, at=at
        )
        if known is not None:
            raise AddressTaken
        return company, EmailAddress.objects.create(user=user, email=email, primary=True)


def _save(user: User) -> None:
    try:
        with transaction.atomic():
            user.save()
    except IntegrityError as error:
        raise AddressTaken from error
