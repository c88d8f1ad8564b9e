"""A company and its people are registered."""

from __future__ import annotations

import pytest

from ferry.actions.companies import add_member, register_company
from ferry.errors import Conflict, Invalid
from ferry.models import Company, Membership, Role
from tests.builders import AT, BY, a_company, a_user

pytestmark = pytest.mark.django_db


def test_it_keeps_the_code_in_one_way_of_writing_and_says_who_registered_it():
    company = register_company(name="  Silk  Road\u200b Cars", uscc="91440300 708461136t", at=AT, by=BY)
    assert (company.name, company.uscc) == ("Silk Road Cars", "91440300708461136T")
    story = company.history.get()
    assert (story.history_date, story.history_change_reason) == (AT, BY)


def test_it_gives_every_reason_at_once_and_registers_nothing():
    with pytest.raises(Invalid) as refusal:
        register_company(name=" ", uscc="914403007084611360", phone="1" * 41, at=AT, by=BY)
    assert {reason.attr: reason.code for reason in refusal.value.reasons} == {
        "uscc": "uscc_check",
        "name": "blank",
        "phone": "max_length",
    }
    assert not Company.objects.exists()


def test_a_company_is_registered_once():
    company = a_company()
    with pytest.raises(Conflict) as refusal:
        a_company(uscc=company.uscc)
    assert refusal.value.reasons[0].code == "already_registered"
    assert Company.objects.count() == Company.history.count() == 1


def test_a_user_has_one_role_in_a_company_and_may_have_another_elsewhere():
    user, company = a_user(), a_company()
    add_member(company=company, user=user, role=Role.VIEWER)
    with pytest.raises(Conflict):
        add_member(company=company, user=user, role=Role.OWNER)
    add_member(company=a_company("East Star Trade"), user=user, role=Role.OWNER)
    assert list(Membership.objects.order_by("pk").values_list("role", flat=True)) == ["viewer", "owner"]
