"""Add to a company's audit trail."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ferry.models import Act, AuditEntry, Company

if TYPE_CHECKING:
    from datetime import datetime

    from ferry.models import User

LENGTH = 300


def note(*, company: Company, kind: Act, about: str = "", at: datetime, by: str) -> None:
    """Say what was done, for those acts that leave no other history."""
    AuditEntry.objects.create(company=company, kind=kind, about=about[:LENGTH], at=at, by=by)


def note_sign_in(*, user: User, at: datetime) -> None:
    """Say in each company he works for that he signed in."""
    own = user.memberships.filter(company__is_active=True)
    AuditEntry.objects.bulk_create(
        AuditEntry(company_id=one.company_id, kind=Act.SIGNED_IN, at=at, by=f"{one.role} {user.email}")
        for one in own
    )
