"""Inviting somebody into a company, and his coming."""

from __future__ import annotations

from datetime import timedelta

import pytest

from ferry.actions.invitations import (
    GOOD_FOR,
    accept_invitation,
    accept_with_new_account,
    invite,
    revoke_invitation,
)
from ferry.errors import Conflict, Invalid, NotAllowed
from ferry.models import AuditEntry, Invitation, Membership, Role, User
from ferry.queries.companies import find_invitation
from tests.builders import AT, PASSWORD, a_company, a_member, a_user

pytestmark = pytest.mark.django_db
BY = "owner li@silkroad.example"
EMAIL = "lee@eaststar.example"


def invited(company=None, **fields):
    usual = {"company": company or a_company(), "email": EMAIL, "role": Role.VIEWER, "at": AT, "by": BY}
    return invite(**{**usual, **fields})


def test_it_keeps_a_digest_and_the_address_in_one_way_of_writing():
    invitation, token = invited(email=" Lee@EastStar.example ")
    assert invitation.email == EMAIL
    assert token not in str(Invitation.objects.values().get())
    assert find_invitation(token, at=AT) == invitation
    assert find_invitation(token, at=AT + GOOD_FOR) is None
    assert find_invitation("", at=AT) is None


def test_the_second_time_it_sends_a_new_link_and_the_old_one_is_dead():
    company = a_company()
    _first, old = invited(company)
    again, new = invited(company, role=Role.OWNER, at=AT + timedelta(days=1))
    assert find_invitation(old, at=AT) is None
    assert find_invitation(new, at=AT) == again == Invitation.objects.get()
    assert again.role == Role.OWNER


def test_a_known_address_and_a_new_one_are_invited_alike():
    a_user(EMAIL)
    known, _token = invited()
    new, _token = invited(email="new@silk.example")
    for each in (known, new):
        assert (each.sent_at, each.expires_at, each.accepted_by) == (AT, AT + GOOD_FOR, None)
    assert User.objects.count() == 1


def test_who_works_here_already_is_not_invited():
    company = a_company()
    member = a_member(company)
    with pytest.raises(Conflict) as refused:
        invited(company, email=member.user.email)
    assert refused.value.reasons[0].code == "already_member"
    assert not Invitation.objects.exists()


def test_what_is_no_address_is_refused():
    with pytest.raises(Invalid) as refused:
        invited(email="nobody")
    assert refused.value.reasons[0].attr == "email"
    assert not Invitation.objects.exists()


def test_the_invited_one_comes_in_once():
    invitation, token = invited()
    user = a_user(EMAIL)
    member = accept_invitation(invitation=invitation, user=user, at=AT)
    assert (member.company, member.user, member.role) == (invitation.company, user, Role.VIEWER)
    assert find_invitation(token, at=AT) is None
    with pytest.raises(Conflict) as refused:
        accept_invitation(invitation=invitation, user=user, at=AT)
    assert refused.value.reasons[0].code == "invitation_over"
    assert Membership.objects.count() == 1


def test_a_stranger_with_the_link_stays_outside():
    invitation, token = invited()
    with pytest.raises(NotAllowed):
        accept_invitation(invitation=invitation, user=a_user(), at=AT)
    assert not Membership.objects.exists()
    assert find_invitation(token, at=AT) == invitation


@pytest.mark.parametrize("over", ["expired", "revoked"])
def test_an_invitation_that_is_over_lets_nobody_in(over):
    invitation, token = invited()
    at = AT + GOOD_FOR if over == "expired" else AT
    if over == "revoked":
        assert revoke_invitation(invitation=invitation, at=AT, by=BY)
        assert not revoke_invitation(invitation=invitation, at=AT, by=BY)
    with pytest.raises(Conflict):
        accept_with_new_account(invitation=invitation, name="Lee", password=PASSWORD, at=at)
    assert find_invitation(token, at=at) is None
    assert not Membership.objects.exists()
    assert not User.objects.exists()


def test_an_account_is_made_with_the_invited_address_once():
    invitation, _token = invited()
    member = accept_with_new_account(invitation=invitation, name=" Lee ", password=PASSWORD, at=AT)
    assert (member.user.email, member.user.name) == (EMAIL, "Lee")
    assert member.user.check_password(PASSWORD)
    with pytest.raises(Conflict) as refused:
        accept_with_new_account(invitation=invitation, name="Lee", password="other-word-2026", at=AT)
    assert refused.value.reasons[0].code == "account_exists"
    member.user.refresh_from_db()
    assert member.user.check_password(PASSWORD)


def test_every_act_is_told():
    invitation, _token = invited()
    revoke_invitation(invitation=invitation, at=AT, by=BY)
    again, _token = invited(invitation.company)
    accept_invitation(invitation=again, user=a_user(EMAIL), at=AT)
    told = AuditEntry.objects.filter(company=invitation.company).order_by("pk")
    assert list(told.values_list("kind", "about", "by")) == [
        ("invited", f"viewer {EMAIL}", BY),
        ("invitation_revoked", EMAIL, BY),
        ("invited", f"viewer {EMAIL}", BY),
        ("joined", "", f"viewer {EMAIL}"),
    ]
