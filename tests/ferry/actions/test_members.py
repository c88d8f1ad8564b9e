"""What members may do is changed, and they are let go."""

from __future__ import annotations

import pytest

from ferry.actions.members import change_role, remove_member
from ferry.errors import Conflict
from ferry.models import Act, AuditEntry, Membership, Role
from tests.builders import AT, a_company, a_member

pytestmark = pytest.mark.django_db
BY = "owner li@silkroad.example"


def test_the_last_owner_keeps_his_role_and_place():
    company = a_company()
    owner = a_member(company, Role.OWNER)
    a_member(a_company("East Star Trade"), Role.OWNER)
    for act in (
        lambda: change_role(membership=owner, role=Role.VIEWER, at=AT, by=BY),
        lambda: remove_member(membership=owner, at=AT, by=BY),
    ):
        with pytest.raises(Conflict) as refused:
            act()
        assert [(each.code, each.attr) for each in refused.value.reasons] == [("last_owner", "role")]
    owner.refresh_from_db()
    assert owner.role == Role.OWNER
    assert not AuditEntry.objects.exists()


def test_with_a_second_owner_the_first_may_go_and_each_act_is_told_once():
    company = a_company()
    first, second = a_member(company, Role.OWNER), a_member(company)
    assert change_role(membership=second, role=Role.OWNER, at=AT, by=BY)
    assert not change_role(membership=second, role=Role.OWNER, at=AT, by=BY)
    assert remove_member(membership=first, at=AT, by=BY)
    assert not remove_member(membership=first, at=AT, by=BY)
    assert list(Membership.objects.filter(company=company)) == [second]
    assert list(AuditEntry.objects.order_by("pk").values_list("kind", "about", "by")) == [
        (Act.ROLE_CHANGED, f"owner {second.user.email}", BY),
        (Act.REMOVED, f"owner {first.user.email}", BY),
    ]
