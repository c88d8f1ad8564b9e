"""Endpoints and what was sent to them, on an owner's pages."""

from __future__ import annotations

import re

import pytest

from ferry import tasks
from ferry.actions.hooks import add_endpoint, send_test
from ferry.models import Delivery, DeliveryState, Endpoint, Role
from tests.builders import AT, a_member
from tests.receiver import a_receiver, is_signed

pytestmark = pytest.mark.django_db

URL = "https://silkroad.example/hooks"


@pytest.fixture
def owner(client, company):
    owner = a_member(company, Role.OWNER)
    client.force_login(owner.user)
    return owner


@pytest.fixture
def endpoint(company, owner):
    return add_endpoint(company=company, url=URL, types=["trip.moved"], at=AT)[0]


def test_an_endpoint_is_added_and_its_secret_shown_this_once(owner, send, see, settings):
    settings.WEBHOOK_ALLOW_PRIVATE_HOSTS = ["127.0.0.1"]
    with a_receiver() as receiver:
        shown = send("webhooks", url=receiver.url, description="Our ERP", types=["trip.moved"])
        secret = re.search(r"whsec_[A-Za-z0-9+/=]+", shown.content.decode())
        assert secret is not None
        assert "no-store" in shown["Cache-Control"]
        endpoint = Endpoint.objects.get()
        assert secret.group(0) not in see("webhook", endpoint.pk) + see("webhooks")
        send("webhook_test", endpoint.pk)
        tasks.call_endpoints()
        (_path, headers, body) = receiver.got[0]
        assert is_signed(headers, body, secret.group(0))
    log = see("webhook", endpoint.pk)
    assert "thank you" in log
    assert "Delivered" in log


def test_a_bad_address_is_refused_at_its_field_and_nothing_is_kept(owner, send):
    again = send("webhooks", url="http://10.0.0.1/", types=["trip.moved"])
    assert "url" in again.context["form"].errors
    assert "types" in send("webhooks", url=URL).context["form"].errors
    assert Endpoint.objects.count() == 0


def test_an_endpoint_is_changed_paused_resumed_and_removed(owner, endpoint, send, see):
    send("webhook_edit", endpoint.pk, url=URL + "/2", description="ERP", types=["case.opened"])
    endpoint.refresh_from_db()
    assert (endpoint.url, endpoint.types) == (URL + "/2", ["case.opened"])
    send("webhook_pause", endpoint.pk)
    assert "paused" in see("webhook", endpoint.pk)
    send("webhook_resume", endpoint.pk)
    endpoint.refresh_from_db()
    assert endpoint.paused_at is None
    send("webhook_remove", endpoint.pk)
    assert "Add an endpoint" in see("webhooks")
    assert Endpoint.objects.count() == 0


def test_a_new_secret_is_shown_this_once(owner, endpoint, send):
    before = bytes(endpoint.secret_sealed)
    assert "whsec_" in send("webhook_roll", endpoint.pk).content.decode()
    endpoint.refresh_from_db()
    assert bytes(endpoint.old_secret_sealed) == before


def test_the_log_is_filtered_and_sent_again_from(owner, endpoint, send, see):
    given_up = send_test(endpoint=endpoint, at=AT)
    Delivery.objects.update(state=DeliveryState.FAILED, next_try_at=None, fault="timeout", attempts=10)
    send_test(endpoint=endpoint, at=AT)
    both, failed = see("webhook", endpoint.pk), see("webhook", endpoint.pk, state="failed", part="log")
    assert both.count("webhooks/deliveries/") > failed.count("webhooks/deliveries/") == 2
    assert "too slow" in failed
    assert "<html" not in failed
    assert "It works." in see("webhook_delivery", given_up.pk)
    send("webhook_resend", given_up.pk)
    given_up.refresh_from_db()
    assert (given_up.state, given_up.attempts) == (DeliveryState.WAITING, 0)


def test_a_long_log_takes_as_many_queries_as_a_short_one(owner, endpoint, see, django_assert_num_queries):
    for _time in range(60):
        send_test(endpoint=endpoint, at=AT)
    with django_assert_num_queries(5):
        shown = see("webhook", endpoint.pk)
    assert "Older" in shown


def test_an_answer_that_is_markup_is_shown_as_text(owner, endpoint, see):
    sent = send_test(endpoint=endpoint, at=AT)
    Delivery.objects.update(answer="<script>alert(1)</script>", state=DeliveryState.DONE, status=200)
    assert "<script>alert" not in see("webhook", endpoint.pk) + see("webhook_delivery", sent.pk)
