"""The audit trail is only added to."""

from __future__ import annotations

import pytest
from django.db import DatabaseError, connection, transaction

from ferry.actions.audit import note, note_sign_in
from ferry.models import Act, AuditEntry, Membership, Role
from tests.builders import AT, BY, a_company, a_member

pytestmark = pytest.mark.django_db


def test_an_entry_is_never_changed():
    note(company=a_company(), kind=Act.JOINED, about="x", at=AT, by=BY)
    with pytest.raises(DatabaseError), transaction.atomic():
        AuditEntry.objects.update(by="nobody")
    assert AuditEntry.objects.get().by == BY


def test_an_entry_is_never_deleted(django_db_setup):
    note(company=a_company(), kind=Act.JOINED, about="x", at=AT, by=BY)
    if "ferry_audit_is_not_deleted" in django_db_setup:
        with connection.cursor() as cursor:
            cursor.execute(django_db_setup["ferry_audit_is_not_deleted"])
    with pytest.raises(DatabaseError), transaction.atomic():
        AuditEntry.objects.all().delete()
    assert AuditEntry.objects.exists()


def test_a_sign_in_is_told_in_each_company_that_may_work():
    member = a_member(a_company(), Role.VIEWER)
    other, waiting = a_company("East Star Trade"), a_company("New Road", is_active=False)
    for company in (other, waiting):
        Membership.objects.create(company=company, user=member.user, role=Role.OWNER)
    note_sign_in(user=member.user, at=AT)
    assert list(AuditEntry.objects.order_by("pk").values_list("company", "by")) == [
        (member.company_id, f"viewer {member.user.email}"),
        (other.pk, f"owner {member.user.email}"),
    ]
