"""A supervisor's devices."""

from __future__ import annotations

import re

import pytest
import time_machine
from django.urls import reverse

from clearance.actions.devices import CODE_GOOD_FOR, enrol_device, note_list, revoke_device
from clearance.models import Device, Duty
from ferry.models import ApiKey
from ferry.queries.keys import find_api_key
from tests.builders import (
    AT,
    a_checkpoint,
    a_company,
    a_member,
    an_enrolled_device,
    an_issued_trip,
    an_officer,
)
from tests.clearance.casts import MINUTE, scanned

pytestmark = pytest.mark.django_db


def page(client, name, *args) -> str:
    return client.get(reverse(name, args=args)).content.decode()


def send(client, name, /, *args, **data):
    return client.post(reverse(name, args=args), data)


def add(client, **changes):
    said = {"kind": "camera", "checkpoint": a_checkpoint().pk, "lane": "3", "holds_list": "on"}
    return send(client, "desk:device_new", **{**said, **changes})


def code_on(answer) -> str:
    return re.search(r'fm-enrol-code">([^<]+)<', answer.content.decode())[1]


def nobody_else():
    """List those who have no business with the devices of Horgos."""
    return [
        (an_officer(), 403),
        (a_member(a_company("East Star Trade")).user, 403),
        (an_officer(a_checkpoint("CN-DULATA"), duty=Duty.SUPERVISOR), 404),
    ]


def test_nobody_else_sees_moves_or_revokes_one(client):
    device, token = an_enrolled_device()
    before = list(Device.objects.values())
    for user, status in nobody_else():
        client.force_login(user)
        assert client.get(reverse("desk:device", args=[device.pk])).status_code == status
        assert send(client, "desk:device", device.pk, name="x", lane="9").status_code == status
        assert send(client, "desk:device_code", device.pk).status_code == status
        assert send(client, "desk:device_revoke", device.pk, reason="x").status_code == status
        assert client.get(reverse("desk:devices")).status_code == (200 if status == 404 else 403)
        assert device.name not in page(client, "desk:devices")
    assert list(Device.objects.values()) == before
    assert find_api_key(token) is not None


def test_a_supervisor_adds_none_at_another_checkpoint(client, supervisor):
    answer = add(client, checkpoint=a_checkpoint("CN-DULATA").pk)

    assert answer.status_code == 400
    assert not Device.objects.exists()


def test_the_code_is_shown_once_and_enrols(client, supervisor):
    answer = add(client, name="North gate")
    code = code_on(answer)

    device = Device.objects.get()
    assert answer["Cache-Control"].startswith("max-age=0, no-cache")
    assert (device.name, device.rights, device.added_by) == (
        "North gate",
        "scan list",
        f"supervisor {supervisor}",
    )
    assert "waits for its code" in page(client, "desk:devices")
    assert code not in page(client, "desk:device", device.pk)
    assert enrol_device(code=code, at=AT)[0] == device
    assert "waits for its code" not in page(client, "desk:devices")


def test_a_device_need_not_hold_the_list(client, supervisor):
    add(client, kind="handheld", holds_list="")

    assert Device.objects.get().rights == "scan short_code"
    assert "may hold none" in page(client, "desk:devices")


@pytest.mark.parametrize("changes", [{"lane": ""}, {"lane": "x" * 21}, {"kind": "drone"}, {"name": "x" * 81}])
def test_what_cannot_be_meant_is_said_on_the_form(client, supervisor, changes):
    assert add(client, **changes).status_code == 400
    assert not Device.objects.exists()


def test_an_expired_code_is_replaced(client, supervisor):
    old = code_on(add(client))
    device = Device.objects.get()
    with time_machine.travel(AT + CODE_GOOD_FOR, tick=False):
        assert "code has expired" in page(client, "desk:devices")
        new = code_on(send(client, "desk:device_code", device.pk))

    assert new != old
    assert enrol_device(code=new, at=AT + CODE_GOOD_FOR)[0] == device


def test_one_that_is_enrolled_gets_no_new_code(client, supervisor):
    device, _token = an_enrolled_device()

    answer = send(client, "desk:device_code", device.pk)

    assert answer["Location"] == reverse("desk:device", args=[device.pk])
    assert "enrolled or revoked already" in page(client, "desk:device", device.pk)


def test_the_list_says_who_is_silent_and_whose_list_is_old(client, supervisor):
    device, _token = an_enrolled_device()
    ApiKey.objects.update(last_used_at=AT)
    assert "connected" in page(client, "desk:devices")
    assert "never" in page(client, "desk:devices")

    note_list(key=device.key, clock_offset_s=3600.0, at=AT)
    text = page(client, "desk:devices")
    assert "clock is wrong" in text
    assert "too old" not in text
    with time_machine.travel(AT + 300 * MINUTE, tick=False):
        text = page(client, "desk:devices")
    assert "silent" in text
    assert "too old" in text


def test_it_is_renamed_and_moved(client, supervisor):
    device, _token = an_enrolled_device()

    assert send(client, "desk:device", device.pk, name=" ", lane="5").status_code == 400
    send(client, "desk:device", device.pk, name="South gate", lane="5")

    device.refresh_from_db()
    assert (device.name, device.lane) == ("South gate", "5")


def test_a_device_shows_its_last_scans(client, supervisor):
    device, _token = an_enrolled_device()
    ApiKey.objects.update(last_used_at=AT)
    pass_ = an_issued_trip().passes.get()
    scanned(pass_.code, device=device.key)

    assert pass_.vin[-6:] in page(client, "desk:device", device.pk)


def test_revoking_wants_a_reason_and_ends_the_key(client, supervisor):
    device, token = an_enrolled_device()

    assert send(client, "desk:device_revoke", device.pk, reason=" ").status_code == 400
    assert find_api_key(token) is not None
    send(client, "desk:device_revoke", device.pk, reason="It was stolen.")

    assert find_api_key(token) is None
    text = page(client, "desk:device", device.pk)
    assert "It was stolen." in text
    assert "Revoke the device" not in text


def test_revoking_twice_keeps_the_first_reason(client, supervisor):
    device, _token = an_enrolled_device()
    revoke_device(device=device, reason="stolen", at=AT, by="supervisor a")
    send(client, "desk:device_revoke", device.pk, reason="again")

    device.refresh_from_db()
    assert device.revoke_reason == "stolen"


def test_the_list_costs_the_same_however_many_there_are(client, supervisor, django_assert_num_queries):
    an_enrolled_device()
    client.get(reverse("desk:devices"))
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    with CaptureQueriesContext(connection) as one:
        client.get(reverse("desk:devices"))
    for _number in range(4):
        an_enrolled_device()
    with django_assert_num_queries(len(one)):
        client.get(reverse("desk:devices"))
