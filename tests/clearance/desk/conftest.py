"""A supervisor at his desk."""

from __future__ import annotations

import pytest
import time_machine
from django.conf import settings as django_settings

from clearance.models import Duty
from tests.builders import AT, an_officer


@pytest.fixture(autouse=True)
def _now(client):
    client.cookies[django_settings.LANGUAGE_COOKIE_NAME] = "en"
    with time_machine.travel(AT, tick=False):
        yield


@pytest.fixture
def supervisor(client):
    supervisor = an_officer(duty=Duty.SUPERVISOR)
    client.force_login(supervisor)
    return supervisor
