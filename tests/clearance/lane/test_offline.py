"""What an officer's page asks for to go on without a link, and what it brings back."""

from __future__ import annotations

import gzip
import json
import uuid
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.conf import settings as django_settings
from django.urls import reverse

from clearance.actions.offline import Decided, upload_scans
from clearance.actions.scans import Offline, ScanInput
from clearance.actions.withdrawals import withdraw_release
from clearance.models import Duty, Posting, Scan
from ferry.actions.passes import revoke_pass
from ferry.models import Case, Outcome, Trip, Weight
from tests.builders import AT, BY, a_checkpoint, a_company, a_member, an_officer
from tests.clearance.casts import MINUTE, a_scan, an_open_pass, as_it_stands, nur_zholy, offline, scanned
from tests.clearance.lane.conftest import sign_in

pytestmark = pytest.mark.django_db

HOUR = 60 * MINUTE
LATER = AT + 2 * HOUR


@pytest.fixture(autouse=True)
def _now(client):
    client.cookies[django_settings.LANGUAGE_COOKIE_NAME] = "en"
    with time_machine.travel(LATER, tick=False):
        yield


def keys(client, **asked: str) -> dict[str, Any]:
    return client.get(reverse("lane:offline-session"), asked).json()


def a_line(code: str, **changes: Any) -> dict[str, Any]:
    usual = {"scan_id": str(uuid.uuid4()), "lane": "3", "scanned_at": AT.isoformat(), "verdict": "release"}
    return {**usual, "list_age_s": 60.0, "code": code, **changes}


def upload(client, *lines: Any, **asked: str) -> list[dict[str, Any]]:
    address = reverse("lane:offline-upload", query=asked)
    answer = client.post(address, {"scans": list(lines)}, content_type="application/json")
    assert answer.status_code == 200, answer.content
    return answer.json()["results"]


# --- Keys ------------------------------------------------------------------------------------------


def test_the_lists_key_is_that_of_one_sign_in_and_the_queues_that_of_the_checkpoint(client, officer):
    first = keys(client)
    assert keys(client)["list_key"] == first["list_key"]
    sign_in(client, an_officer())
    second = keys(client)
    assert second["list_key"] != first["list_key"]
    assert second["queue_keys"] == first["queue_keys"]
    sign_in(client, an_officer(nur_zholy()), "KZ-NURZHOLY")
    assert keys(client)["queue_keys"] != first["queue_keys"]


def test_after_a_change_of_keys_what_was_sealed_before_still_opens(client, officer, settings):
    old = keys(client)["queue_keys"]
    settings.DATA_KEYS = ["n" * 40, *settings.DATA_KEYS]
    assert keys(client)["queue_keys"][1:] == old


def test_keys_and_list_are_for_a_checkpoint_of_his_own(client, officer):
    for name in ("session", "list"):
        assert client.get(reverse(f"lane:offline-{name}"), {"checkpoint": "KZ-NURZHOLY"}).status_code == 404
    Posting.objects.create(user=officer, checkpoint=nur_zholy())
    content = client.get(reverse("lane:offline-list"), {"checkpoint": "KZ-NURZHOLY"}).json()
    assert content["checkpoint"] == "KZ-NURZHOLY"


def test_the_list_comes_packed_whole_or_as_what_changed(client, officer):
    an_open_pass()
    address = reverse("lane:offline-list")
    answer = client.get(address, headers={"Accept-Encoding": "gzip"})
    content = json.loads(gzip.decompress(answer.content))
    assert len(content["passes"]) == 1
    etag = answer.headers["ETag"]
    assert client.get(address, headers={"If-None-Match": etag}).status_code == 304
    since = (LATER + HOUR).isoformat()
    assert client.get(address, {"since": since}).json()["passes"] == []
    assert len(client.get(address, {"since": "yesterday"}).json()["passes"]) == 1


def test_the_kept_page_tells_nothing_of_what_passed(client, officer):
    pass_ = an_open_pass()
    scanned(pass_.code, lane="3", at=LATER)
    page = client.get(reverse("lane:offline-shell")).content.decode()
    assert "offline-data" in page
    assert pass_.vin[-6:] not in page
    assert pass_.vin[-6:] in client.get(reverse("lane:home")).content.decode()


def test_the_worker_and_the_manifest_are_for_everybody(client):
    worker = client.get(reverse("lane:offline-worker"))
    assert worker.headers["Content-Type"].startswith("text/javascript")
    manifest = client.get(reverse("lane:manifest")).json()
    assert manifest["start_url"] == manifest["scope"] == "/lane/"


# --- Upload ----------------------------------------------------------------------------------------


def test_what_was_decided_is_recorded_in_its_order_under_who_decided_it(client, officer):
    first, second = an_open_pass(), an_open_pass()
    badge = keys(client)["badge"]
    colleague = sign_in(client, an_officer())
    results = upload(
        client,
        a_line(first.code, badge=badge),
        a_line(second.code, badge="forged"),
        a_line(first.code, badge=badge, lane="4"),
    )
    assert [(one["status"], one["verdict"]) for one in results] == [
        (201, "release"),
        (201, "release"),
        (201, "refuse"),
    ]
    assert [scan.officer for scan in Scan.objects.order_by("pk")] == [officer, colleague, officer]
    assert results[2]["reasons"][0]["code"] == "already_used"
    assert Trip.objects.get(pk=first.trip_id).exited_at == AT
    assert list(Case.objects.values_list("kind", flat=True)) == ["pass_reused"]


def test_the_same_again_changes_nothing(client, officer):
    pass_ = an_open_pass()
    line = a_line(pass_.code)
    upload(client, line)
    before = as_it_stands(pass_)
    (again,) = upload(client, line)
    assert (again["status"], again["verdict"]) == (200, "release")
    assert as_it_stands(pass_) == before
    assert Scan.objects.count() == 1


def test_a_pass_revoked_meanwhile_is_a_case(client, officer):
    pass_ = an_open_pass()
    revoke_pass(trip=pass_.trip, reason="stolen", at=AT + HOUR, by=BY)
    (result,) = upload(client, a_line(pass_.code))
    assert (result["status"], result["verdict"]) == (201, "refuse")
    assert list(Case.objects.values_list("kind", flat=True)) == ["exit_outside_window"]


def test_an_officer_who_left_the_checkpoint_leaves_his_scans_to_who_brings_them(client, officer):
    pass_ = an_open_pass()
    badge = keys(client)["badge"]
    Posting.objects.filter(user=officer).delete()
    colleague = sign_in(client, an_officer())
    (result,) = upload(client, a_line(pass_.code, badge=badge))
    assert result["status"] == 201
    assert Scan.objects.get().officer == colleague


@pytest.mark.parametrize(
    "line",
    [
        None,
        {},
        "scan",
        a_line("x", scan_id="1"),
        a_line("x", scanned_at=5),
        a_line("x", scanned_at="noon"),
        a_line("x", list_age_s="old"),
        a_line("x", list_age_s=1e300),
        a_line("x" * 3000),
        a_line("x", verdict="perhaps"),
        a_line("x", lane=""),
    ],
)
def test_an_unusable_scan_stops_no_other(client, officer, line):
    pass_ = an_open_pass()
    results = upload(client, line, a_line(pass_.code))
    assert [one["status"] for one in results] == [400, 201]
    assert results[0]["errors"][0]["detail"]
    assert Scan.objects.count() == 1


@pytest.mark.parametrize("body", ["", "[]", "{", '{"scans": 5}', json.dumps({"scans": [1] * 501}), "\xff"])
def test_an_unusable_upload_is_refused_whole(client, officer, body):
    answer = client.post(reverse("lane:offline-upload"), body, content_type="application/json")
    assert answer.status_code == 400
    assert not Scan.objects.exists()


def test_a_stranger_uploads_nothing(client, officer):
    pass_ = an_open_pass()
    before = as_it_stands(pass_)
    address = reverse("lane:offline-upload", query={"checkpoint": "KZ-NURZHOLY"})
    body = {"scans": [a_line(pass_.code)]}
    assert client.post(address, body, content_type="application/json").status_code == 404
    client.force_login(a_member(a_company()).user)
    answer = client.post(reverse("lane:offline-upload"), body, content_type="application/json")
    assert answer.status_code == 403
    assert as_it_stands(pass_) == before
    assert not Scan.objects.exists()


# --- The answer that was lost ------------------------------------------------------------------------


def _asked_online(code: str, verdict: str = "release") -> tuple[ScanInput, list[Any]]:
    """Ask online without hearing the answer, judge offline, and upload that."""
    user = an_officer()
    scan = a_scan(code, lane="3")
    scanned(code, scan_id=scan.scan_id, lane="3", officer=user)
    judged = a_scan(code, lane="3", scan_id=scan.scan_id, scanned_at=AT + MINUTE, offline=offline(verdict))

    def bring() -> list[Any]:
        return upload_scans(
            decided=[Decided(judged, user.pk)], checkpoint=a_checkpoint(), officer=user, at=LATER
        )

    return judged, [bring(), bring()]


def test_a_scan_whose_answer_was_lost_counts_once(client):
    pass_ = an_open_pass()
    _scan, (first, again) = _asked_online(pass_.code)
    assert [(one[0].status, one[0].scan.verdict) for one in (first, again)] == [(200, "release")] * 2
    assert Scan.objects.count() == 1
    assert not Case.objects.exists()


def test_what_was_done_otherwise_than_the_lost_answer_said_is_kept_beside_it_once(client):
    pass_ = an_open_pass()
    revoke_pass(trip=pass_.trip, reason="stolen", at=AT - MINUTE, by=BY)
    _scan, (first, again) = _asked_online(pass_.code)
    assert [one[0].status for one in (first, again)] == [201, 200]
    assert Scan.objects.count() == 2
    assert Case.objects.count() == 1


@pytest.mark.parametrize("held", ["examine", "refuse"])
def test_a_release_that_the_lane_never_heard_and_held_is_a_case_once(client, held):
    pass_ = an_open_pass()
    _scan, (first, again) = _asked_online(pass_.code, held)
    assert [one[0].status for one in (first, again)] == [201, 200]
    case = Case.objects.get()
    assert (case.kind, case.trip_id, case.weight) == ("release_unheard", pass_.trip_id, Weight.HIGH)
    assert case.facts["lane_said"] == held
    assert (case.facts["checkpoint"], case.facts["lane"]) == ("CN-HORGOS", "3")
    assert [scan for scan, _at in case.facts["scans"]] == [
        str(scan.scan_id) for scan in Scan.objects.order_by("pk")
    ]
    assert Trip.objects.get(pk=pass_.trip_id).outcome == Outcome.DISCREPANT

    client.force_login(an_officer(duty=Duty.SUPERVISOR))
    page = client.get(reverse("desk:case", args=[case.pk])).content.decode()
    for words in ("never reached the lane", "withdraws the release", "Said at the lane without a line"):
        assert words in page


def test_a_release_that_was_withdrawn_before_the_lane_told_is_no_case_and_is_examined(client):
    pass_ = an_open_pass()
    user = an_officer()
    scan = a_scan(pass_.code, lane="3")
    released = scanned(pass_.code, scan_id=scan.scan_id, lane="3", officer=user)
    withdraw_release(
        scan=released,
        reason="It stands here",
        supervisor=an_officer(duty=Duty.SUPERVISOR),
        at=AT + MINUTE,
        by="supervisor x",
    )
    judged = replace(scan, scanned_at=AT + MINUTE, offline=offline("examine"))
    (result,) = upload_scans(
        decided=[Decided(judged, user.pk)], checkpoint=a_checkpoint(), officer=user, at=LATER
    )
    assert (result.status, result.scan.verdict) == (201, "examine")
    assert not Case.objects.exists()


def test_an_id_of_another_scan_is_told(client):
    pass_, other = an_open_pass(), an_open_pass()
    judged, _results = _asked_online(pass_.code)
    user = an_officer()
    taken = a_scan(
        other.code, lane="3", scan_id=judged.scan_id, scanned_at=AT, offline=Offline("release", timedelta())
    )
    (result,) = upload_scans(
        decided=[Decided(taken, user.pk)], checkpoint=a_checkpoint(), officer=user, at=LATER
    )
    assert result.status == 409
    assert Trip.objects.get(pk=other.trip_id).state == "ready"
