"""Devices are made known by a supervisor, enrol by a code that is good once, and end at once."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from clearance.actions.devices import (
    CODE_GOOD_FOR,
    add_device,
    change_device,
    enrol_device,
    note_list,
    renew_code,
    revoke_device,
)
from clearance.models import Device, DeviceKind, DeviceState
from clearance.queries.devices import device_rows, devices_at, last_scans_of
from ferry import codes
from ferry.actions.keys import revoke_api_key
from ferry.errors import Conflict, Invalid, NotYours
from ferry.models import ApiKey, Right
from ferry.queries.keys import find_api_key
from tests.builders import AT, a_checkpoint, an_enrolled_device, an_issued_trip
from tests.clearance.casts import MINUTE, scanned
from tests.threads import at_once

pytestmark = pytest.mark.django_db

BY = "supervisor gulina@horgos.example"


def a_waiting_device(kind: DeviceKind = DeviceKind.CAMERA, **fields) -> tuple[Device, str]:
    usual = {"checkpoint": a_checkpoint(), "kind": kind, "lane": "3", "at": AT, "by": BY}
    return add_device(**{**usual, **fields})


def refusal(call) -> str:
    with pytest.raises((Conflict, Invalid, NotYours)) as refused:
        call()
    return refused.value.reasons[0].code


# --- Made known --------------------------------------------------------------------------------


def test_its_code_can_be_read_aloud_and_is_kept_as_a_digest():
    device, code = a_waiting_device()

    assert codes.read_short_code(code) == code
    assert code not in str(Device.objects.values().get())
    assert (device.name, device.state(AT)) == ("Gate camera 3", DeviceState.WAITING)
    assert device.state(AT + CODE_GOOD_FOR) == DeviceState.OVERDUE


def test_a_camera_may_try_no_short_codes():
    camera, handheld = a_waiting_device()[0], a_waiting_device(DeviceKind.HANDHELD)[0]

    assert (camera.rights, handheld.rights) == ("scan list", "scan short_code list")


def test_rights_are_chosen_and_scanning_is_always_among_them():
    assert a_waiting_device(rights=[])[0].rights == "scan"
    assert a_waiting_device(rights=["list"])[0].rights == "scan list"


@pytest.mark.parametrize("lane", ["", " ", "x" * 21])
def test_a_lane_that_no_scan_could_name_is_refused(lane):
    assert refusal(lambda: a_waiting_device(lane=lane)) == "lane_unusable"
    assert not Device.objects.exists()


def test_a_new_code_ends_the_one_before():
    device, old = a_waiting_device()
    new = renew_code(device=device, at=AT + CODE_GOOD_FOR)

    assert refusal(lambda: enrol_device(code=old, at=AT + CODE_GOOD_FOR)) == "code_unknown"
    assert enrol_device(code=new, at=AT + CODE_GOOD_FOR)[0] == device


def test_there_is_no_new_code_for_one_that_is_enrolled_or_revoked():
    enrolled, revoked = an_enrolled_device()[0], a_waiting_device()[0]
    revoke_device(device=revoked, reason="lost", at=AT, by=BY)
    before = list(Device.objects.values())

    assert refusal(lambda: renew_code(device=enrolled, at=AT)) == "not_waiting"
    assert refusal(lambda: renew_code(device=revoked, at=AT)) == "not_waiting"
    assert list(Device.objects.values()) == before


# --- Enrolled ----------------------------------------------------------------------------------


def test_it_gets_a_key_for_its_checkpoint_and_its_rights():
    waiting, code = a_waiting_device(name="North gate")

    said = f" {codes.show_short_code(code).lower()} "
    device, token = enrol_device(code=said, name="SN 1", software="gate 1.0", at=AT)

    key = find_api_key(token)
    assert device == waiting
    assert key is not None
    assert (key.checkpoint, key.scopes, key.label) == (a_checkpoint(), "scan list", "North gate")
    assert (device.key, device.enrolled_at, device.own_name) == (key, AT, "SN 1")
    assert device.state(AT) == DeviceState.ENROLLED


def test_a_code_enrols_once():
    _device, code = a_waiting_device()
    enrol_device(code=code, at=AT)
    before = list(Device.objects.values())

    assert refusal(lambda: enrol_device(code=code, at=AT)) == "code_used"
    assert list(Device.objects.values()) == before
    assert ApiKey.objects.count() == 1


@pytest.mark.parametrize(
    ("said", "at", "code"),
    [
        (lambda code: code, AT + CODE_GOOD_FOR, "code_expired"),
        (lambda code: code[:-1] + ("0" if code[-1] != "0" else "1"), AT, "code_mistyped"),
        (lambda code: "HTTPS://X.EXAMPLE/P/2KCE", AT, "code_mistyped"),
        (lambda code: "", AT, "code_mistyped"),
        (lambda code: codes.new_short_code(), AT, "code_unknown"),
    ],
)
def test_any_other_code_enrols_nothing(said, at, code):
    device, right = a_waiting_device()

    assert refusal(lambda: enrol_device(code=said(right), at=at)) == code
    device.refresh_from_db()
    assert (device.key, ApiKey.objects.count()) == (None, 0)


def test_the_code_of_a_revoked_device_enrols_nothing():
    device, code = a_waiting_device()
    revoke_device(device=device, reason="lost", at=AT, by=BY)

    assert refusal(lambda: enrol_device(code=code, at=AT)) == "code_expired"
    assert not ApiKey.objects.exists()


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_one_code_gives_one_key_however_many_show_it_at_once():
    _device, code = a_waiting_device()

    def enrol() -> str:
        try:
            return enrol_device(code=code, at=AT)[1]
        except Conflict as refused:
            return refused.reasons[0].code

    answers = at_once(*[enrol] * 8)

    assert sorted(answers)[:7] == ["code_used"] * 7
    assert [find_api_key(token) for token in answers if token != "code_used"] == [ApiKey.objects.get()]


# --- Seen --------------------------------------------------------------------------------------


def test_it_is_noted_which_list_it_holds_to_the_minute():
    device, _token = an_enrolled_device()
    for seconds, told in [(0, AT), (59, AT), (60, AT + MINUTE)]:
        at = AT + timedelta(seconds=seconds)
        note_list(key=device.key, clock_offset_s=2.0, at=at)
        device.refresh_from_db()
        assert device.list_as_of == told
    assert device.clock_offset_s == 2.0


def test_a_list_is_old_when_it_is_older_than_any_route_there_allows():
    device, _token = an_enrolled_device()
    note_list(key=device.key, clock_offset_s=301.0, at=AT)
    an_enrolled_device()

    rows = device_rows(devices_at([a_checkpoint()]).order_by("pk"), at=AT + timedelta(hours=4, seconds=1))

    assert [(row.is_list_old, row.list_age is None, row.is_clock_wrong) for row in rows] == [
        (True, False, True),
        (False, True, False),
    ]


def test_many_devices_cost_as_many_queries_as_one():
    def queries() -> int:
        with CaptureQueriesContext(
            connection,
        ) as asked:
            rows = device_rows(devices_at([a_checkpoint()]), at=AT)
            assert all(row.device.checkpoint and row.state for row in rows)
        return len(asked)

    an_enrolled_device()
    one = queries()
    for _number in range(5):
        an_enrolled_device()
    assert queries() == one


def test_its_last_scans_are_its_own():
    (device, _token), (other, _other_token) = an_enrolled_device(), an_enrolled_device()
    ApiKey.objects.update(last_used_at=AT)
    device, other = devices_at([a_checkpoint()]).order_by("pk")
    own = scanned(an_issued_trip().passes.get().code, device=device.key)

    assert (last_scans_of(device), last_scans_of(other)) == ([own], [])


# --- Changed and ended -------------------------------------------------------------------------


def test_a_device_is_called_otherwise_and_moved_with_what_its_scans_say():
    device, _token = an_enrolled_device()
    change_device(device=device, name="South gate", lane="5")

    device.refresh_from_db()
    assert (device.name, device.lane, device.key.label) == ("South gate", "5", "South gate")


def test_changing_it_twice_is_the_same_and_without_a_name_is_refused():
    device, _token = an_enrolled_device()
    for _time in range(2):
        change_device(device=device, name="South gate", lane="5")
    before = list(Device.objects.values())

    assert refusal(lambda: change_device(device=device, name=" ", lane="6")) == "name_missing"
    assert list(Device.objects.values()) == before


def test_a_revoked_device_is_refused_from_then_on_and_revoked_once():
    device, token = an_enrolled_device()

    assert revoke_device(device=device, reason="stolen", at=AT + MINUTE, by=BY)
    assert not revoke_device(device=device, reason="again", at=AT + 2 * MINUTE, by="somebody else")

    device.refresh_from_db()
    assert find_api_key(token) is None
    assert (device.revoked_at, device.revoked_by, device.revoke_reason) == (AT + MINUTE, BY, "stolen")
    assert device.state(AT + MINUTE) == DeviceState.REVOKED
    assert refusal(lambda: change_device(device=device, name="x", lane="1")) == "device_revoked"


def test_a_device_whose_key_the_operator_revoked_is_shown_as_revoked():
    device, _token = an_enrolled_device()
    revoke_api_key(key=device.key, at=AT + MINUTE)

    assert devices_at([a_checkpoint()]).get().state(AT + MINUTE) == DeviceState.REVOKED


def test_a_device_made_by_hand_has_every_right(db):
    from tests.builders import a_device

    key, _token = a_device()
    assert all(key.has_right(right) for right in Right.values)
