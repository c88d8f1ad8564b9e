"""The company's own pages: profile, keys, second factor and audit trail."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import pytest
from allauth.mfa.models import Authenticator
from django.urls import reverse

from ferry.actions.audit import note
from ferry.models import Act, ApiKey, Company, Role
from ferry.portal.forms import offered
from ferry.queries.keys import find_api_key
from tests.builders import AT, PASSWORD, a_company, a_member, a_trip, a_user

pytestmark = pytest.mark.django_db


PAID = {"language": "ru", "pay_car_fen": "500", "pay_plant_fen": "1000"}


@pytest.fixture
def owner(client, company):
    owner = a_member(company, Role.OWNER)
    client.force_login(owner.user)
    return owner


def with_second_factor(user) -> None:
    Authenticator.objects.create(user=user, type=Authenticator.Type.TOTP, data={})


def test_a_profile_is_kept_with_its_history_and_offered_to_a_trip(company, owner, send, see):
    a_trip(company)
    said = {"phone": "+86 999", "consignee_name": "Astana Motors", "delivery_place": "Park 9", **PAID}
    send("company", name="Silk Road Cars", **said)
    shown = see("company")
    assert all(words in shown for words in ("+86 999", "Astana Motors", "Park 9"))
    assert f"Owner {owner.user.email}" in shown
    company.refresh_from_db()
    offer = offered(company, AT)
    assert (offer["consignee_name"], offer["delivery_place"]) == ("Astana Motors", "Park 9")
    assert company.language == "ru"
    assert offer["consignee_phone"] == "+7 701 000 0001"


def test_what_drivers_are_paid_is_written_in_yuan(company, owner, send, see):
    assert 'value="500"' in see("company")
    send("company", name="Silk Road Cars", pay_car_fen="612.5", pay_plant_fen="1000", language="ru")
    company.refresh_from_db()
    assert (company.pay_car_fen, company.pay_plant_fen) == (61_250, 100_000)
    assert 'value="612.50"' in see("company")


@pytest.mark.parametrize("amount", ["", "-1", "0.001", "1e9", "NaN", "x"])
def test_an_amount_that_cannot_be_paid_is_refused(company, owner, send, amount):
    answer = send("company", name="Silk Road Cars", pay_car_fen=amount, pay_plant_fen="1000")
    assert "pay_car_fen" in answer.context["form"].errors
    company.refresh_from_db()
    assert company.pay_car_fen == 50_000


def test_a_profile_without_a_name_is_refused(company, owner, send):
    assert "name" in send("company", name="", phone="1").context["form"].errors
    company.refresh_from_db()
    assert (company.name, company.phone) == ("Silk Road Cars", "")


def test_letters_speak_a_language_that_there_is(company, owner, send):
    assert (
        "language"
        in send("company", name="Silk Road Cars", **PAID | {"language": "ug"}).context["form"].errors
    )
    company.refresh_from_db()
    assert company.language == "en"


def test_a_key_is_shown_once_and_can_be_revoked(company, owner, send, see):
    answer = send("key_new", label="own system", scopes=["read", "trips:write"], expires_on="2026-12-31")
    token = re.search(r"fm_company_[0-9a-f]{40}", answer.content.decode())
    assert token is not None
    assert "no-store" in answer["Cache-Control"]
    key = find_api_key(token.group(0))
    assert key is not None
    assert (key.company, key.scopes) == (company, "read trips:write")
    assert key.expires_at == datetime(2026, 12, 31, 16, tzinfo=UTC)
    shown = see("keys")
    assert all(words in shown for words in ("own system", "Plan trips and issue codes"))
    assert token.group(0) not in shown
    send("key_revoke", key.pk)
    assert find_api_key(token.group(0)) is None
    assert "revoked" in see("keys")


@pytest.mark.parametrize(
    ("field", "value"),
    [("label", ""), ("scopes", []), ("scopes", ["everything"]), ("expires_on", "2026-11-21")],
)
def test_a_key_that_cannot_be_meant_is_not_made(company, owner, send, field, value):
    said = {"label": "x", "scopes": ["read"], "expires_on": "", field: value}
    assert field in send("key_new", **said).context["form"].errors
    assert not ApiKey.objects.exists()


def test_an_owner_without_a_second_factor_does_not_demand_one(company, owner, send, see):
    send("security", demanded="yes")
    assert "Set up your own second factor first" in see("security")
    company.refresh_from_db()
    assert not company.needs_second_factor


def test_who_lacks_the_second_factor_a_company_demands_is_sent_to_set_it_up(client, company, owner, send):
    with_second_factor(owner.user)
    send("security", demanded="yes")
    assert client.get(reverse("portal:today")).status_code == 200
    member = a_member(company)
    client.force_login(member.user)
    assert client.get(reverse("portal:trips")).url == reverse("mfa_index")
    assert client.post(reverse("portal:vehicle_new")).url == reverse("mfa_index")
    part = client.get(reverse("portal:today"), headers={"HX-Request": "true"})
    assert (part.status_code, part["HX-Refresh"]) == (403, "true")
    with_second_factor(member.user)
    assert client.get(reverse("portal:trips")).status_code == 200
    client.force_login(owner.user)
    send("security", demanded="no")
    assert not Company.objects.get(pk=company.pk).needs_second_factor


def test_the_trail_is_narrowed_by_member_act_and_day(client, company, owner, see):
    dispatcher = f"dispatcher {owner.user.email}"
    for days, by, kind in ((0, dispatcher, Act.IMPORTED), (1, "operator", Act.APPROVED)):
        at = AT - timedelta(days=days)
        note(company=company, kind=kind, about=f"{kind} here", at=at, by=by)
    note(company=a_company("East Star Trade"), kind=Act.IMPORTED, about="theirs", at=AT, by=dispatcher)
    everything = see("audit")
    assert "imported here" in everything
    assert "approved here" in everything
    assert "theirs" not in everything
    for query in ({"by": owner.user.email}, {"kind": "imported"}, {"day": "2026-11-22"}):
        shown = see("audit", **query)
        assert "imported here" in shown, query
        assert "approved here" not in shown, query
    assert "Nothing of the kind" in see("audit", kind="removed")


@pytest.mark.parametrize("query", [{"by": "x"}, {"kind": "x"}, {"day": "soon"}, {"before": "x"}])
def test_a_question_that_cannot_be_meant_is_left_out(company, owner, see, query):
    note(company=company, kind=Act.IMPORTED, about="fleet.xlsx", at=AT, by="operator")
    assert "fleet.xlsx" in see("audit", **query)


def test_the_trail_is_paged_by_key(client, company, owner, see, django_assert_max_num_queries):
    for number in range(60):
        note(company=company, kind=Act.IMPORTED, about=f"file-{number}.", at=AT, by="operator")
    with django_assert_max_num_queries(7):
        newest = see("audit")
    assert "file-59." in newest
    assert "file-9." not in newest
    older = re.search(r"\?before=(\d+)", newest)
    assert older is not None
    assert "file-9." in see("audit", before=older.group(1))


def test_a_sign_in_is_told_and_a_failed_one_is_not(client, company, see):
    user = a_user("li@silkroad.example")
    owner = company.memberships.create(user=user, role=Role.OWNER)
    client.logout()
    client.post(reverse("account_login"), {"login": user.email, "password": "wrong"})
    assert not company.audit_entries.exists()
    client.post(reverse("account_login"), {"login": user.email, "password": PASSWORD})
    assert company.audit_entries.get().by == f"owner {owner.user.email}"
    assert "Signed in" in see("audit")


def test_other_sessions_are_ended(client, company, owner):
    from django.test import Client

    elsewhere = Client()
    for each in (client, elsewhere):
        each.logout()
        each.post(reverse("account_login"), {"login": owner.user.email, "password": PASSWORD})
    assert elsewhere.get(reverse("portal:today")).status_code == 200
    assert "Sign out everywhere else" in client.get(reverse("usersessions_list")).content.decode()
    client.post(reverse("usersessions_list"))
    assert elsewhere.get(reverse("portal:today")).status_code == 302
    assert client.get(reverse("portal:today")).status_code == 200
