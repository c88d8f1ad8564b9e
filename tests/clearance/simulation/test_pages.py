"""Whoever looks at a server's pages without a browser: he signs in and sends forms."""

from __future__ import annotations

import pytest

from clearance.gate.server import NoAnswer, Refused
from clearance.models import Duty, WatchEntry
from clearance.simulation.pages import Browser
from tests.builders import PASSWORD, an_officer

pytestmark = pytest.mark.django_db(transaction=True)

WATCHED = {"kind": "vin", "value": "LGXCE4CB8S0123456", "instruction": "Hold it", "reason": ""}


@pytest.fixture
def supervisor(live_server) -> Browser:
    browser = Browser(live_server.url)
    browser.sign_in(an_officer(duty=Duty.SUPERVISOR).email, PASSWORD)
    return browser


def test_he_signs_in_and_sends_a_form_and_gets_the_page_after_it(supervisor: Browser):
    assert "LGXCE4CB8S0123456" in supervisor.send("/desk/watch/", WATCHED).replace("<b>", "").replace(
        "</b>", ""
    )
    assert WatchEntry.objects.get().value == "LGXCE4CB8S0123456"


def test_a_form_that_is_refused_says_so_and_keeps_nothing(supervisor: Browser):
    with pytest.raises(Refused, match="400 page_400"):
        supervisor.send("/desk/watch/", {**WATCHED, "kind": "colour"})
    assert not WatchEntry.objects.exists()


def test_a_stranger_is_let_in_nowhere(live_server):
    browser = Browser(live_server.url)
    with pytest.raises(Refused, match="sign_in"):
        browser.sign_in(an_officer().email, "wrong")
    browser.send("/desk/watch/", WATCHED)
    assert not WatchEntry.objects.exists()


def test_a_server_that_is_not_there_is_no_answer():
    with pytest.raises(NoAnswer):
        Browser("http://localhost:9").send("/desk/watch/", WATCHED)
