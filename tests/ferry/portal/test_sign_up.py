"""A company is registered in the portal, and waits."""

from __future__ import annotations

import re

import pytest
from django.core import mail
from django.urls import reverse

from ferry.actions.companies import decline_company
from ferry.models import Company, CompanyState, Membership, Role, User
from tests.builders import AT, PASSWORD, a_company, a_uscc, a_user, an_operator

pytestmark = pytest.mark.django_db
EMAIL = "guljan@newroad.example"


def said(**fields):
    company = {"name": "New Road Cars", "uscc": a_uscc(), "phone": "+86 991 000"}
    return {**company, "person": "Guljan", "email": EMAIL, "password": PASSWORD, **fields}


def sign_in(client) -> None:
    client.post(reverse("account_login"), {"login": EMAIL, "password": PASSWORD})


def confirm(client) -> None:
    link = re.search(r"/accounts/confirm-email/\S+", mail.outbox[-1].body)
    assert link is not None
    assert client.get(link.group(0)).status_code == 200
    client.post(link.group(0))


def test_the_sign_in_page_leads_here(client):
    assert reverse("portal:sign_up") in client.get(reverse("account_login")).content.decode()


def test_it_goes_from_the_application_to_the_first_page(client, send, see):
    assert send("sign_up", **said()).url == reverse("portal:sign_up_sent")
    assert "Open the link" in see("sign_up_sent")
    assert not client.session.get("_auth_user_id")
    assert mail.outbox[-1].to == [EMAIL]
    sign_in(client)
    assert client.get("/").url == reverse("portal:application")
    assert "Confirm your address" in see("application")
    confirm(client)
    sign_in(client)
    assert "is confirmed" in see("application")
    company = Company.objects.get()
    assert client.get(reverse("portal:vehicles")).status_code == 403
    assert send("vehicle_new").status_code == 403
    decide(client, company, "approve")
    assert (mail.outbox[-1].to, mail.outbox[-1].subject) == ([EMAIL], "New Road Cars may begin")
    sign_in(client)
    assert client.get("/").url == reverse("portal:today")
    assert client.get(reverse("portal:application")).url == reverse("portal:today")


def decide(client, company, action, **fields):
    """Have the operator decide, and sign him out again."""
    client.force_login(an_operator())
    form = {"action": action, "_selected_action": [company.pk], **fields}
    answer = client.post(reverse("admin:ferry_company_changelist"), form, follow=True)
    client.logout()
    return [str(message) for message in answer.context["messages"]]


def test_the_operator_declines_with_a_reason_and_the_applicant_applies_again(client, send, see):
    application = said()
    send("sign_up", **application)
    company = Company.objects.get()
    assert "Say why" in decide(client, company, "decline")[0]
    decide(client, company, "decline", reason="The name differs from the licence.")
    letter = mail.outbox[-1]
    assert letter.to == [EMAIL]
    assert "The name differs from the licence." in letter.body
    sign_in(client)
    assert "The name differs from the licence." in see("application")
    send("sign_up", name="New Road Car Trade", uscc=application["uscc"], phone="1")
    again = Company.objects.get()
    assert (again.name, again.state) == ("New Road Car Trade", CompanyState.WAITING)
    assert Membership.objects.get().role == Role.OWNER


def test_the_operator_does_not_approve_what_is_unconfirmed(client, send):
    send("sign_up", **said())
    assert "has not confirmed" in decide(client, Company.objects.get(), "approve")[0]
    assert not Company.objects.get().is_active


def test_a_known_address_is_answered_as_a_new_one_and_told_by_letter(client, send):
    user = a_user(EMAIL)
    answer = send("sign_up", **said(password="another-word-2026"))
    assert answer.url == reverse("portal:sign_up_sent")
    assert "account already" in mail.outbox[-1].subject
    user.refresh_from_db()
    assert user.check_password(PASSWORD)
    assert not Company.objects.exists()


def test_a_company_that_is_here_names_no_owner(client, send):
    company = a_company()
    owner = a_user("li@silkroad.example")
    company.memberships.create(user=owner, role=Role.OWNER)
    refused = send("sign_up", **said(uscc=company.uscc)).content.decode()
    assert "Ask its owner for an invitation" in refused
    assert owner.email not in refused
    assert owner.name not in refused
    assert not User.objects.filter(email=EMAIL).exists()


def test_a_code_with_letters_it_never_holds_is_answered_by_a_suggestion_not_silently(client, send):
    refused = send("sign_up", **said(uscc="9144O3OO7O8461136T"))
    assert "Is it 91440300708461136T?" in str(refused.context["form"].errors["uscc"])
    assert not Company.objects.exists()


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", ""),
        ("uscc", "914403007084611360"),
        ("email", "nobody"),
        ("password", "short"),
        ("person", ""),
    ],
)
def test_what_cannot_be_used_is_said_at_its_field_and_registers_nothing(send, field, value):
    answer = send("sign_up", **said(**{field: value}))
    assert field in answer.context["form"].errors
    assert not Company.objects.exists()
    assert not User.objects.exists()


def test_too_many_tries_wait_and_lose_nothing_of_what_was_said(client, send):
    for _number in range(20):
        send("sign_up", **said(uscc="914403007084611360"))
    answer = send("sign_up", **said())
    assert answer.status_code == 429
    assert "New Road Cars" in answer.content.decode()
    assert not Company.objects.exists()


def test_the_letter_is_sent_again(client, send):
    send("sign_up", **said())
    sign_in(client)
    send("application")
    assert [letter.to for letter in mail.outbox] == [[EMAIL], [EMAIL]]
    confirm(client)
    sign_in(client)
    send("application")
    assert len(mail.outbox) == 2


def test_who_belongs_nowhere_is_shown_a_way(client, see):
    client.force_login(a_user())
    assert reverse("portal:sign_up") in see("application")


def test_a_stranger_sees_no_application(client):
    assert client.get(reverse("portal:application")).status_code == 302
    assert client.post(reverse("portal:application")).status_code == 302


def test_another_applicant_does_not_see_this_one(client, send, see):
    send("sign_up", **said())
    decline_company(company=Company.objects.get(), reason="A secret.", at=AT, by="operator")
    client.force_login(a_user())
    assert "A secret." not in see("application")
