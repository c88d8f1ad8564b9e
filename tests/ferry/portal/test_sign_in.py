"""Whoever was signed out in the middle of his work comes back to it."""

from __future__ import annotations

import pytest
from django.urls import reverse

from ferry.models import TripState
from tests.builders import PASSWORD, a_trip

pytestmark = pytest.mark.django_db

HERE = "http://testserver"


@pytest.fixture
def trip(client, company):
    trip = a_trip(company)
    client.logout()
    return trip


def next_page(answer) -> str:
    assert answer.status_code == 302
    return answer["Location"].partition("?next=")[2]


def test_a_page_is_come_back_to_with_its_filters(client, trip):
    assert next_page(client.get(reverse("portal:trips"), {"state": "ready"})) == "/trips/%3Fstate%3Dready"


def test_a_form_is_come_back_to_by_the_page_it_stood_on(client, trip):
    page, issue = (reverse(f"portal:{name}", args=[trip.reference]) for name in ("trip", "trip_issue"))
    assert next_page(client.post(issue, headers={"Referer": f"{HERE}{page}"})) == page
    trip.refresh_from_db()
    assert trip.state == TripState.PLANNED


@pytest.mark.parametrize("came_from", ["", "https://elsewhere.example/trips/"])
def test_a_form_from_elsewhere_leads_to_the_first_page(client, trip, came_from):
    issue = reverse("portal:trip_issue", args=[trip.reference])
    assert next_page(client.post(issue, headers={"Referer": came_from})) == "/"


@pytest.mark.parametrize("name", ["portal:trip", "lane:home"])
def test_a_part_of_a_page_is_never_the_sign_in(client, trip, name):
    args = [trip.reference] if name == "portal:trip" else []
    answer = client.get(reverse(name, args=args), headers={"HX-Request": "true"})
    assert (answer.status_code, answer.content, answer["HX-Refresh"]) == (403, b"", "true")


def test_passwords_cannot_be_guessed_without_end(client, company):
    user = company.memberships.get().user
    client.logout()
    tried = {"login": user.email, "password": "a-wrong-password"}
    for _try in range(5):
        client.post(reverse("account_login"), tried)

    answer = client.post(reverse("account_login"), {**tried, "password": PASSWORD})

    assert "Too many failed login attempts" in answer.content.decode()
    assert "_auth_user_id" not in client.session


@pytest.mark.parametrize("language", ["en", "zh-hans", "ru", "kk"])
def test_every_language_is_offered_by_its_own_name(client, language):
    client.logout()
    page = client.get(reverse("account_login"), headers={"Accept-Language": language}).content.decode()
    for name in ("English", "中文", "Русский", "Қазақша"):
        assert f">{name}</button>" in page
