"""An officer in lane 3 at Horgos."""

from __future__ import annotations

import pytest
import time_machine
from django.conf import settings as django_settings

from clearance.lane.access import CHOSEN_CHECKPOINT, CHOSEN_LANE
from tests.builders import AT, an_officer


@pytest.fixture(autouse=True)
def _now(client):
    client.cookies[django_settings.LANGUAGE_COOKIE_NAME] = "en"
    with time_machine.travel(AT, tick=False):
        yield


@pytest.fixture
def officer(client):
    return sign_in(client, an_officer())


def sign_in(client, user, checkpoint="CN-HORGOS", lane="3"):
    client.force_login(user)
    session = client.session
    session[CHOSEN_CHECKPOINT], session[CHOSEN_LANE] = checkpoint, lane
    session.save()
    return user
