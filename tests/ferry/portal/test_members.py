"""Members and invitations in the portal, and turning from one company to another."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
import time_machine
from django.core import mail
from django.urls import reverse

from ferry.models import Company, Invitation, Membership, Role, User
from tests.builders import AT, PASSWORD, a_company, a_member, a_user, a_vehicle

pytestmark = pytest.mark.django_db
EMAIL = "lee@eaststar.example"


@pytest.fixture
def owner(client, company):
    owner = a_member(company, Role.OWNER)
    client.force_login(owner.user)
    return owner


@pytest.fixture
def link(client, owner, send):
    """Invite somebody, sign out, and give the link he was sent."""
    send("members", email=EMAIL, role="viewer")
    client.logout()
    return link_in(mail.outbox[-1])


def link_in(letter) -> str:
    found = re.search(r"/invitation/\S+", letter.body)
    assert found is not None
    return found.group(0)


def test_a_known_address_and_a_new_one_see_the_same_come_of_it(company, owner, send, see):
    a_user(EMAIL)
    for email in (EMAIL, "new@silkroad.example"):
        send("members", email=email, role="viewer")
        assert f"{email} has been sent an invitation" in see("members")
    first, second = mail.outbox
    assert (first.to, second.to) == ([EMAIL], ["new@silkroad.example"])
    assert first.subject == second.subject == "Work with Silk Road Cars in Ferryman"
    assert first.body.replace(link_in(first), "") == second.body.replace(link_in(second), "")
    assert not Membership.objects.filter(company=company, user__email=EMAIL).exists()


def test_a_bad_address_is_refused_and_nobody_is_invited(owner, send):
    assert "email" in send("members", email="nobody", role="viewer").context["form"].errors
    assert not Invitation.objects.exists()
    assert mail.outbox == []


def test_who_works_here_is_not_invited(owner, send):
    assert "email" in send("members", email=owner.user.email, role="viewer").context["form"].errors
    assert mail.outbox == []


def test_after_many_letters_there_is_a_rest(owner, send, see, settings):
    for number in range(20):
        send("members", email=f"new{number}@silkroad.example", role="viewer")
    assert send("members", email="one.more@silkroad.example", role="viewer").status_code == 200
    assert len(mail.outbox) == Invitation.objects.count() == 20


def test_the_invited_one_makes_an_account_and_is_in(client, company, link):
    shown = client.get(link).content.decode()
    assert all(words in shown for words in ("Silk Road Cars", "Viewer", EMAIL))
    answer = client.post(link, {"person": "Lee", "password": PASSWORD})
    assert answer.url == "/"
    member = Membership.objects.get(user__email=EMAIL)
    assert (member.company, member.role, member.user.name) == (company, Role.VIEWER, "Lee")
    assert client.get(reverse("portal:today")).status_code == 200
    assert client.get(link).status_code == 404


@pytest.mark.parametrize("password", ["short", EMAIL])
def test_an_easy_password_is_refused(client, link, password):
    answer = client.post(link, {"person": "Lee", "password": password})
    assert "password" in answer.context["form"].errors
    assert not User.objects.filter(email=EMAIL).exists()


def test_a_known_one_is_told_to_sign_in_and_then_accepts(client, company, link):
    user = a_user(EMAIL)
    refused = client.post(link, {"person": "Lee", "password": PASSWORD})
    assert "has an account already" in refused.content.decode()
    client.force_login(user)
    assert client.get(link).status_code == 200
    assert not Membership.objects.filter(user=user).exists()
    client.post(link)
    assert Membership.objects.get(user=user).company == company


def test_another_account_is_told_so_and_stays_outside(client, link):
    other = a_user()
    client.force_login(other)
    assert "for another address" in client.get(link).content.decode()
    assert "for another" in client.post(link).content.decode()
    assert not Membership.objects.filter(user=other).exists()


def test_a_link_that_is_over_says_what_to_do(client, company, owner, send, see):
    send("members", email=EMAIL, role="viewer")
    invitation = Invitation.objects.get()
    first = link_in(mail.outbox[-1])
    send("invitation_resend", invitation.pk)
    assert client.get(first).status_code == 404
    second = link_in(mail.outbox[-1])
    assert client.get(second).status_code == 200
    send("invitation_revoke", invitation.pk)
    answer = client.get(second)
    assert answer.status_code == 404
    assert "Ask the company" in answer.content.decode()
    assert EMAIL not in see("members")
    assert send("invitation_resend", invitation.pk).status_code == 404


def test_an_expired_invitation_stands_in_the_list_and_can_be_sent_again(client, link, owner, send, see):
    with time_machine.travel(AT + timedelta(days=8), tick=False):
        assert client.get(link).status_code == 404
        client.force_login(owner.user)
        assert "expired" in see("members")
        send("invitation_resend", Invitation.objects.get().pk)
        assert client.get(link_in(mail.outbox[-1])).status_code == 200


def test_a_role_is_changed_and_a_member_removed(company, owner, send):
    other = a_member(company)
    send("member_role", other.pk, role="viewer")
    other.refresh_from_db()
    assert other.role == Role.VIEWER
    send("member_remove", other.pk)
    assert not Membership.objects.filter(pk=other.pk).exists()
    assert User.objects.filter(pk=other.user_id).exists()


def test_the_last_owner_stays(company, owner, send, see):
    send("member_role", owner.pk, role="viewer")
    assert "needs an owner" in see("members")
    send("member_remove", owner.pk)
    owner.refresh_from_db()
    assert owner.role == Role.OWNER


def test_the_list_asks_the_same_however_many_there_are(
    client, company, owner, send, django_assert_max_num_queries
):
    for number in range(5):
        a_member(company)
        send("members", email=f"new{number}@silkroad.example", role="viewer")
    with django_assert_max_num_queries(7):
        client.get(reverse("portal:members"))


@pytest.mark.parametrize("role", [Role.DISPATCHER, Role.VIEWER])
def test_only_an_owner_finds_the_way_to_the_company(client, company, role):
    client.force_login(a_member(company, role).user)
    assert reverse("portal:company") not in client.get(reverse("portal:vehicles")).content.decode()


def test_somebody_of_two_companies_turns_from_one_to_the_other(client, company, owner, send, see):
    other = a_company("East Star Trade")
    Membership.objects.create(company=other, user=owner.user, role=Role.VIEWER)
    vehicle = a_vehicle(other)
    send("switch_company", company=company.pk)
    assert vehicle.vin[-6:] not in see("vehicles")
    assert client.get(reverse("portal:vehicle", args=[vehicle.vin])).status_code == 404
    send("switch_company", company=other.pk)
    assert vehicle.vin[-6:] in see("vehicles")
    assert client.get(reverse("portal:members")).status_code == 403


@pytest.fixture
def both(company, owner, send):
    """Make the owner a dispatcher of another company too, and sit him down at the first."""
    other = a_company("East Star Trade")
    Membership.objects.create(company=other, user=owner.user, role=Role.DISPATCHER)
    send("switch_company", company=company.pk)
    return other


def test_an_address_of_ones_other_company_offers_to_turn_to_it_and_goes_there(client, both, send):
    address = reverse("portal:vehicle", args=[a_vehicle(both).vin]) + "?documents=2"
    shown = client.get(address)
    page = shown.content.decode()
    assert shown.status_code == 404
    assert "You work for Silk Road Cars now. This page belongs to East Star Trade." in page
    form = re.search(r'<form class="card"[^>]*action="([^"]+)".*?</form>', page, re.DOTALL)
    assert form
    said = dict(re.findall(r'name="(next|company)" value="([^"]*)"', form[0]))
    assert said == {"next": address, "company": str(both.pk)}
    assert client.post(form[1], said)["Location"] == address
    assert client.get(address).status_code == 200


@pytest.mark.parametrize("name", ["vehicle", "vehicle_edit"])
def test_a_strangers_address_is_as_one_that_is_not_there(client, both, name):
    theirs = a_vehicle(a_company("West Wind Auto"), vin="LGXCE4CB8S0123456").vin
    pages = [client.get(reverse(f"portal:{name}", args=[vin])) for vin in (theirs, "LGXCE4CB0S9999999")]
    assert [one.status_code for one in pages] == [404, 404]
    assert "portal/other_company.html" not in {one.name for page in pages for one in page.templates}
    assert pages[0].content.replace(theirs.encode(), b"") == pages[1].content.replace(
        b"LGXCE4CB0S9999999", b""
    )


def test_a_form_is_never_tried_on_ones_other_company(client, both):
    vehicle = a_vehicle(both)
    answer = client.post(reverse("portal:yard_mark", args=[vehicle.vin]), {"mark": "yard", "door": "yard"})
    assert answer.status_code == 404
    assert "East Star Trade." not in answer.content.decode()
    assert not vehicle.marks.exists()


def test_a_page_for_writers_is_offered_to_none_who_only_reads_there(client, both):
    Membership.objects.filter(company=both).update(role=Role.VIEWER)
    answer = client.get(reverse("portal:vehicle_edit", args=[a_vehicle(both).vin]))
    assert answer.status_code == 404
    assert "East Star Trade." not in answer.content.decode()


def test_a_company_that_demands_a_second_factor_offers_nothing_without_it(client, both):
    Company.objects.filter(pk=both.pk).update(needs_second_factor=True)
    answer = client.get(reverse("portal:vehicle", args=[a_vehicle(both).vin]))
    assert answer.status_code == 404
    assert "East Star Trade." not in answer.content.decode()


@pytest.mark.parametrize(
    "address", ["https://elsewhere.example/", "//elsewhere.example/", "", "javascript:1"]
)
def test_who_turns_to_a_company_is_sent_to_no_other_site(both, send, address):
    assert send("switch_company", company=both.pk, next=address)["Location"] == reverse("portal:trips")


@pytest.mark.parametrize("chosen", ["", "x", "0", "999999"])
def test_nobody_turns_to_a_company_that_is_not_his(company, owner, send, chosen):
    a_company("East Star Trade")
    assert send("switch_company", company=chosen).status_code == 404
