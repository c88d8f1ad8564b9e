"""A dispatcher of Silk Road Cars at her desk, in English, at AT."""

from __future__ import annotations

import pytest
import time_machine
from django.conf import settings
from django.urls import reverse

from ferry.models import Role
from tests.builders import AT, a_company, a_member


@pytest.fixture(autouse=True)
def _now(client):
    client.cookies[settings.LANGUAGE_COOKIE_NAME] = "en"
    with time_machine.travel(AT, tick=False):
        yield


@pytest.fixture
def company(client):
    company = a_company()
    client.force_login(a_member(company).user)
    return company


@pytest.fixture
def as_viewer(client, company):
    """Sit a viewer of the company down instead."""
    client.force_login(a_member(company, Role.VIEWER).user)


@pytest.fixture
def see(client):
    def see(name, /, *args, **query) -> str:
        answer = client.get(reverse(f"portal:{name}", args=args), query)
        assert answer.status_code == 200, answer
        return answer.content.decode()

    return see


@pytest.fixture
def send(client):
    def send(name, /, *args, **said):
        return client.post(reverse(f"portal:{name}", args=args), said)

    return send
