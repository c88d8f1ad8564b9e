"""A device enrols, asks what it is, and may do what it was enrolled for."""

from __future__ import annotations

from datetime import timedelta
from uuid import uuid4

import pytest
import time_machine

from clearance.actions.devices import add_device, change_device, revoke_device
from clearance.models import Device, DeviceKind, Scan
from tests.builders import AT, BY, a_checkpoint, a_device, an_enrolled_device, an_issued_trip
from tests.ferry.api.callers import errors_of, nobody, with_token

ENROL, OWN, LIST = "/api/v1/devices/enrol/", "/api/v1/devices/self/", "/api/v1/checkpoints/CN-HORGOS/list/"


@pytest.fixture
def code() -> str:
    usual = {"kind": DeviceKind.CAMERA, "lane": "3", "name": "North gate", "at": AT, "by": BY}
    return add_device(checkpoint=a_checkpoint(), **usual)[1]


def enrol(code, **fields):
    return nobody().post(ENROL, {"code": code, **fields}, format="json")


def a_scan(code, **fields):
    return {"scan_id": str(uuid4()), "code": code, "checkpoint": "CN-HORGOS", "lane": "3", **fields}


def test_it_enrols_and_is_told_what_it_is(code):
    answer = enrol(code, name="SN 1", software="gate 1.0")

    told = answer.json()
    token = told.pop("token")
    assert answer.status_code == 201
    assert told == {
        "name": "North gate",
        "checkpoint": "CN-HORGOS",
        "lane": "3",
        "rights": ["scan", "list"],
    }
    assert with_token(token).get(OWN).json() == told


def test_a_code_that_enrols_nothing_is_told_why(code):
    enrol(code)

    assert errors_of(enrol(code)) == [("code_used", "code")]
    assert errors_of(enrol("7K3P-9QX2-Z")) == [("code_mistyped", "code")]
    assert errors_of(enrol(["x"])) == [("invalid", "code")]
    assert Device.objects.get().key is not None


def test_wrong_codes_are_limited():
    answers = [enrol(f"wrong {number}").status_code for number in range(21)]

    assert answers == [400] * 20 + [429]


def test_it_hears_that_it_was_moved():
    device, token = an_enrolled_device()
    change_device(device=device, name="North gate", lane="7")

    assert with_token(token).get(OWN).json()["lane"] == "7"


def test_a_key_made_by_hand_is_told_its_checkpoint():
    answer = with_token(a_device()[1]).get(OWN).json()

    assert (answer["checkpoint"], answer["lane"]) == ("CN-HORGOS", "")
    assert answer["rights"] == ["scan", "short_code", "list"]


def test_a_camera_scans_codes_and_no_short_codes():
    pass_ = an_issued_trip().passes.get()
    camera = with_token(an_enrolled_device()[1])

    refused = camera.post("/api/v1/scans/", a_scan(pass_.short_code), format="json")
    both = [a_scan(pass_.short_code), a_scan(pass_.code)]
    batch = camera.post("/api/v1/scans/batch/", {"scans": both}, format="json").json()["results"]

    assert (refused.status_code, errors_of(refused)) == (403, [("right_missing", "code")])
    assert [result["status"] for result in batch] == [403, 201]
    assert Scan.objects.count() == 1


def test_a_handheld_scans_short_codes():
    pass_ = an_issued_trip().passes.get()
    handheld = with_token(an_enrolled_device(kind=DeviceKind.HANDHELD)[1])
    with time_machine.travel(AT, tick=False):
        answer = handheld.post("/api/v1/scans/", a_scan(pass_.short_code), format="json")

    assert answer.json()["verdict"] == "release"


def test_without_the_right_there_is_no_list():
    device, token = an_enrolled_device(rights=["scan"])
    answer = with_token(token).get(LIST)

    assert (answer.status_code, errors_of(answer)) == (403, [("right_missing", None)])
    device.refresh_from_db()
    assert device.list_as_of is None


def test_the_supervisor_sees_which_list_it_took_and_how_its_clock_is():
    device, token = an_enrolled_device()
    ahead = (AT + timedelta(hours=1)).isoformat()
    with time_machine.travel(AT, tick=False):
        assert with_token(token).get(LIST, headers={"Device-Clock": ahead}).status_code == 200

    device.refresh_from_db()
    assert (device.list_as_of, device.clock_offset_s) == (AT, 3600.0)


@pytest.mark.parametrize("clock", ["", "soon", "2026-11-22T04:00:00", "9" * 500])
def test_a_clock_that_says_nothing_is_no_reason_to_refuse_a_list(clock):
    device, token = an_enrolled_device()
    with time_machine.travel(AT, tick=False):
        assert with_token(token).get(LIST, headers={"Device-Clock": clock}).status_code == 200

    device.refresh_from_db()
    assert (device.list_as_of, device.clock_offset_s) == (AT, None)


def test_a_revoked_device_is_refused_at_its_next_call():
    device, token = an_enrolled_device()
    gate, pass_ = with_token(token), an_issued_trip().passes.get()
    assert gate.get(OWN).status_code == 200

    revoke_device(device=device, reason="stolen", at=AT, by=BY)

    answers = [gate.get(OWN), gate.get(LIST), gate.post("/api/v1/scans/", a_scan(pass_.code), format="json")]
    assert [answer.status_code for answer in answers] == [401] * 3
    assert not Scan.objects.exists()
