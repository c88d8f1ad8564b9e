"""A company is applied for, and the operator decides."""

from __future__ import annotations

import pytest
from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from django.db import IntegrityError, transaction

from ferry.actions.companies import (
    apply_for_company,
    approve_company,
    change_profile,
    decline_company,
    demand_second_factor,
)
from ferry.actions.sign_up import AddressTaken, sign_up
from ferry.errors import Conflict, Invalid
from ferry.models import Act, AuditEntry, Company, CompanyState, Membership, Role, User
from tests.builders import AT, BY, PASSWORD, a_company, a_member, a_trip, a_uscc, a_user

pytestmark = pytest.mark.django_db
EMAIL = "guljan@newroad.example"


def signed_up(**fields):
    usual = {"name": "New Road Cars", "uscc": a_uscc(), "phone": "+86 991 000", "language": "zh-hans"}
    whose = {"email": EMAIL, "person": "Guljan", "password": PASSWORD, "at": AT}
    return sign_up(**{**usual, **whose, **fields})


def confirmed(**fields) -> Company:
    company, address = signed_up(**fields)
    EmailAddress.objects.filter(pk=address.pk).update(verified=True)
    return company


def code_of(refused) -> str:
    return str(refused.value.reasons[0].code)


def test_an_application_waits_and_its_applicant_is_the_owner():
    company, address = signed_up(email=" Guljan@NewRoad.example ")
    assert (company.state, company.is_active, company.language) == (CompanyState.WAITING, False, "zh-hans")
    member = Membership.objects.get()
    assert (member.company, member.role, member.user.email) == (company, Role.OWNER, EMAIL)
    assert (address.email, address.verified, address.user) == (EMAIL, False, member.user)
    assert company.history.get().history_change_reason == f"owner {EMAIL}"


def test_a_known_address_registers_nothing():
    a_user(EMAIL)
    with pytest.raises(AddressTaken):
        signed_up()
    assert not Company.objects.exists()
    assert not Membership.objects.exists()
    assert User.objects.count() == 1


def test_what_is_wrong_with_the_company_is_said_to_a_known_address_too():
    a_user(EMAIL)
    for uscc in ("914403007084611360", a_company().uscc):
        with pytest.raises((Invalid, Conflict)):
            signed_up(uscc=uscc)


@pytest.mark.parametrize("state", ["active", "waiting"])
def test_a_company_that_is_here_is_not_applied_for_again_nor_is_its_owner_told(state):
    company = confirmed()
    if state == "active":
        approve_company(company=company, at=AT, by="operator")
    with pytest.raises(Conflict) as refused:
        signed_up(email="other@newroad.example", uscc=company.uscc)
    assert code_of(refused) == "already_registered"
    assert EMAIL not in str(refused.value.reasons[0].detail)
    assert User.objects.count() == Company.objects.count() == 1


@pytest.mark.parametrize("dead", ["unconfirmed", "declined"])
def test_a_dead_application_makes_room(dead):
    company = signed_up()[0] if dead == "unconfirmed" else confirmed()
    if dead == "declined":
        decline_company(company=company, reason="No such company.", at=AT, by="operator")
    again, _address = signed_up(email="other@newroad.example", uscc=company.uscc)
    assert Company.objects.get() == again
    assert list(again.memberships.values_list("user__email", flat=True)) == ["other@newroad.example"]


def test_somebody_with_an_account_applies_with_it():
    user = a_user()
    company = apply_for_company(
        name="New Road", uscc=a_uscc(), phone="1", language="ru", applicant=user, at=AT
    )
    assert company.memberships.get().user == user


def test_it_is_approved_once():
    company = confirmed()
    assert approve_company(company=company, at=AT, by="operator")
    assert not approve_company(company=company, at=AT, by="operator")
    company.refresh_from_db()
    assert (company.state, company.is_active) == (CompanyState.ACTIVE, True)
    assert AuditEntry.objects.get().kind == Act.APPROVED
    assert company.history.count() == 2


def test_an_unconfirmed_application_is_not_approved():
    company, _address = signed_up()
    with pytest.raises(Conflict) as refused:
        approve_company(company=company, at=AT, by="operator")
    assert code_of(refused) == "email_unconfirmed"
    company.refresh_from_db()
    assert (company.state, company.is_active) == (CompanyState.WAITING, False)


def test_it_is_declined_once_with_a_reason():
    company = confirmed()
    with pytest.raises(Invalid):
        decline_company(company=company, reason=" ", at=AT, by="operator")
    assert decline_company(company=company, reason=" No  such company. ", at=AT, by="operator")
    assert not decline_company(company=company, reason="Again", at=AT, by="operator")
    company.refresh_from_db()
    assert (company.state, company.declined_because) == (CompanyState.DECLINED, "No such company.")
    assert not company.is_active


def test_an_approved_company_is_not_declined():
    company = a_company()
    with pytest.raises(Conflict) as refused:
        decline_company(company=company, reason="x", at=AT, by="operator")
    assert code_of(refused) == "already_approved"
    company.refresh_from_db()
    assert company.is_active


def test_the_database_lets_only_an_approved_company_work():
    company, _address = signed_up()
    with pytest.raises(IntegrityError), transaction.atomic():
        Company.objects.filter(pk=company.pk).update(is_active=True)


def test_a_profile_is_changed_once_and_told():
    company = a_company()
    said = {"phone": " 123 ", "delivery_place": "Park 3"}
    assert change_profile(company=company, at=AT, by=BY, **said)
    assert not change_profile(company=company, at=AT, by=BY, **said)
    company.refresh_from_db()
    assert (company.phone, company.delivery_place) == ("123", "Park 3")
    assert (company.history.count(), AuditEntry.objects.get().kind) == (2, Act.PROFILE_CHANGED)


def test_what_drivers_are_paid_holds_for_trips_planned_from_now_on():
    company = a_company()
    before = a_trip(company)
    assert change_profile(company=company, at=AT, by=BY, pay_car_fen=60_050)
    company.refresh_from_db()
    after = a_trip(company)
    before.refresh_from_db()
    assert (before.pay_fen, after.pay_fen, company.pay_plant_fen) == (50_000, 60_050, 100_000)


def test_a_profile_that_cannot_be_kept_changes_nothing():
    company = a_company()
    with pytest.raises(Invalid):
        change_profile(company=company, at=AT, by=BY, name="", phone="1" * 41)
    company.refresh_from_db()
    assert company.name == "Silk Road Cars"
    assert not AuditEntry.objects.exists()


def test_a_second_factor_is_demanded_once_by_an_owner_who_has_one():
    company = a_company()
    owner = a_member(company, Role.OWNER).user
    with pytest.raises(Conflict) as refused:
        demand_second_factor(company=company, demanded=True, owner=owner, at=AT)
    assert code_of(refused) == "no_second_factor"
    company.refresh_from_db()
    assert not company.needs_second_factor
    Authenticator.objects.create(user=owner, type=Authenticator.Type.TOTP, data={})
    assert demand_second_factor(company=company, demanded=True, owner=owner, at=AT)
    assert not demand_second_factor(company=company, demanded=True, owner=owner, at=AT)
    assert demand_second_factor(company=company, demanded=False, owner=owner, at=AT)
    assert list(AuditEntry.objects.order_by("pk").values_list("kind", flat=True)) == [
        Act.SECOND_FACTOR_ON,
        Act.SECOND_FACTOR_OFF,
    ]
