"""An examination in the lane: compared, photographed, decided, and a release withdrawn."""

from __future__ import annotations

import io
from datetime import timedelta

import pytest
import time_machine
from django.conf import settings as django_settings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from PIL import Image

from clearance.models import Comparison, Duty, Examination, Photo, Policy, Scan, SelectionRule, Withdrawal
from clearance.rules.checklist import ITEMS
from ferry.models import Trip, TripState, Vehicle
from tests.builders import AT, a_checkpoint, a_company, a_member, a_picture, an_officer
from tests.clearance.casts import an_open_pass, nur_zholy, scanned
from tests.clearance.lane.conftest import sign_in

pytestmark = pytest.mark.django_db

PARTLY = {"HX-Request": "true"}


@pytest.fixture(autouse=True)
def _now(client, settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path
    client.cookies[django_settings.LANGUAGE_COOKIE_NAME] = "en"
    with time_machine.travel(AT, tick=False):
        yield


@pytest.fixture
def supervisor(client):
    return sign_in(client, an_officer(duty=Duty.SUPERVISOR))


@pytest.fixture
def scan():
    pass_ = an_open_pass()
    Vehicle.objects.update(plate="新F·D1234临")
    Policy.objects.update(examined_share=1.0)
    return scanned(pass_.code)


def to(name, scan) -> str:
    return reverse(f"lane:{name}", args=[scan.scan_id])


def page(answer) -> str:
    return answer.content.decode()


def a_photo(**said):
    return SimpleUploadedFile("IMG_1.jpg", a_picture(**said), "image/jpeg")


def answers(**but):
    return {f"item_{item}": "right" for item in ITEMS} | {f"item_{item}": said for item, said in but.items()}


def sides(answer) -> list[str]:
    """Give what is marked as different, on both sides."""
    return [part.split("</mark>")[0] for part in page(answer).split("<mark>")[1:]]


# --- Comparing ---------------------------------------------------------------------------------


def test_it_says_that_the_vin_is_the_same(client, officer, scan):
    answer = client.post(
        to("compare", scan), {"what": "vin", "vin": f" {scan.pass_used.vin.lower()} "}, headers=PARTLY
    )
    assert "The VIN is the one on the pass." in page(answer)
    kept = Comparison.objects.get()
    assert (kept.read, kept.is_same, kept.by_camera, kept.officer) == (
        scan.pass_used.vin,
        True,
        False,
        officer,
    )


def test_it_marks_where_the_vin_differs_and_corrects_nothing(client, officer, scan):
    vin = scan.pass_used.vin
    other = vin[:5] + ("X" if vin[5] != "X" else "Y") + vin[6:]
    answer = client.post(to("compare", scan), {"what": "vin", "vin": other}, headers=PARTLY)
    assert "differs in 1 place" in page(answer)
    assert sides(answer) == [other[5], vin[5]]
    assert Comparison.objects.get().read == other


def test_a_label_read_by_the_camera_may_say_more_than_the_vin(client, officer, scan):
    said = {"what": "vin", "vin": f"BYD;{scan.pass_used.vin};2026", "by_camera": "on"}
    client.post(to("compare", scan), said, headers=PARTLY)
    kept = Comparison.objects.get()
    assert (kept.is_same, kept.by_camera) == (True, True)


def test_it_compares_a_plate_however_its_dots_are_written(client, officer, scan):
    answer = client.post(to("compare", scan), {"what": "plate", "plate": "新F-D1234 临"}, headers=PARTLY)
    assert "The plate is the one on the pass." in page(answer)


def test_enter_in_the_plates_field_compares_the_plate(client, officer, scan):
    client.post(to("compare", scan), {"what": "vin", "vin": "", "plate": "新FD1235临"})
    assert Comparison.objects.get().what == "plate"


@pytest.mark.parametrize(
    "said", [{}, {"what": "vin"}, {"what": "colour", "vin": "x"}, {"what": "vin", "vin": " - "}]
)
def test_it_compares_nothing_with_nothing(client, officer, scan, said):
    answer = client.post(to("compare", scan), said, headers=PARTLY)
    assert answer.status_code in {400, 409}
    assert "note" in page(answer)
    assert not Comparison.objects.exists()


def test_without_a_script_the_rest_of_the_form_is_kept(client, officer, scan):
    said = {"what": "vin", "vin": scan.pass_used.vin, "note": "Seats wet", "item_load": "wrong"}
    shown = page(client.post(to("compare", scan), said))
    assert "Seats wet" in shown
    assert 'name="item_load" value="wrong" checked' in shown
    assert 'name="item_vin_windscreen" value="right" checked' in shown


# --- Photos ------------------------------------------------------------------------------------


def test_it_keeps_photos_before_the_outcome_and_shows_them_here_alone(client, officer, scan):
    answer = client.post(to("photos", scan), {"photos": [a_photo(), a_photo()]}, headers=PARTLY)
    assert page(answer).count("<img") == 2
    photo = Photo.objects.earliest("pk")
    for name in ("exam_photo", "exam_photo_small"):
        sent = client.get(reverse(f"lane:{name}", args=[photo.pk]))
        assert Image.open(io.BytesIO(sent.content)).format == "JPEG"
        assert (sent["X-Content-Type-Options"], sent["Cache-Control"]) == ("nosniff", "private, no-store")
        assert "sandbox" in sent["Content-Security-Policy"]
    for stranger in (an_officer(nur_zholy()), an_officer(a_checkpoint("CN-DULATA"), Duty.SUPERVISOR)):
        client.force_login(stranger)
        assert client.get(reverse("lane:exam_photo", args=[photo.pk])).status_code == 404
    client.force_login(a_member(scan.trip.company).user)
    assert client.get(reverse("lane:exam_photo", args=[photo.pk])).status_code == 403


def test_the_same_photo_twice_is_one(client, officer, scan):
    content = a_picture()
    for _turn in range(2):
        client.post(to("photos", scan), {"photos": SimpleUploadedFile("a.jpg", content)}, headers=PARTLY)
    assert Photo.objects.count() == 1


def test_ten_photos_are_enough(client, officer, scan, tmp_path):
    answer = client.post(to("photos", scan), {"photos": [a_photo() for _each in range(11)]}, headers=PARTLY)
    assert answer.status_code == 409
    assert "Up to 10 photos" in page(answer)
    assert Photo.objects.count() == 10
    assert len([each for each in tmp_path.rglob("*") if each.is_file()]) == 20


@pytest.mark.parametrize("content", [b"", b"MZ\x90", b"<svg onload=alert(1)>", b"%PDF-1.4 nothing"])
def test_it_keeps_photos_only(client, officer, scan, content, tmp_path):
    file = SimpleUploadedFile("photo.jpg", content, "image/jpeg")
    client.post(to("photos", scan), {"photos": file}, headers=PARTLY)
    assert not Photo.objects.exists()
    assert not [each for each in tmp_path.rglob("*") if each.is_file()]


def test_photos_may_come_with_the_outcome(client, officer, scan):
    client.post(to("outcome", scan), {"outcome": "released", "photos": a_photo(), **answers()})
    assert Examination.objects.get().outcome == "released"
    assert Photo.objects.count() == 1


def test_nothing_is_added_to_a_decided_examination(client, officer, scan):
    client.post(to("outcome", scan), {"outcome": "detained", "note": "Another engine"})
    client.post(to("photos", scan), {"photos": a_photo()}, headers=PARTLY)
    client.post(to("compare", scan), {"what": "vin", "vin": scan.pass_used.vin}, headers=PARTLY)
    assert not Photo.objects.exists()
    assert not Comparison.objects.exists()


# --- Deciding ----------------------------------------------------------------------------------


def test_a_release_demands_what_the_reason_asks_for(client, officer, scan):
    answer = client.post(to("outcome", scan), {"outcome": "released", "note": "fine"}, headers=PARTLY)
    shown = page(answer)
    assert answer.status_code == 409
    assert shown.count("Not looked at yet") == 3
    assert "fine" in shown
    assert Examination.objects.get().outcome == ""
    assert Trip.objects.get().state == TripState.READY


def test_a_selection_rule_asks_for_more_and_says_why(client, officer, scan):
    SelectionRule.objects.create(reason="Spare parts, notice 12")
    assert "Spare parts, notice 12" in page(client.get(to("verdict", scan)))
    answer = client.post(to("outcome", scan), {"outcome": "released"}, headers=PARTLY)
    assert page(answer).count("Not looked at yet") == 5


@pytest.mark.parametrize("item", ["vin_windscreen", "vin_pillar", "driver"])
def test_another_vehicle_or_driver_does_not_go(client, officer, scan, item):
    said = {"outcome": "released", "note": "all the same", **answers(**{item: "wrong"})}
    answer = client.post(to("outcome", scan), said, headers=PARTLY)
    assert "Look again, or detain the vehicle." in page(answer)
    assert Examination.objects.get().outcome == ""


def test_a_vin_that_was_read_differently_does_not_go_until_it_is_read_again(client, officer, scan):
    vin = scan.pass_used.vin
    client.post(to("compare", scan), {"what": "vin", "vin": vin[:-1] + "X"}, headers=PARTLY)
    answer = client.post(to("outcome", scan), {"outcome": "released", **answers()}, headers=PARTLY)
    assert "Read it again, or detain the vehicle." in page(answer)
    client.post(to("compare", scan), {"what": "vin", "vin": vin}, headers=PARTLY)
    client.post(to("outcome", scan), {"outcome": "released", **answers()}, headers=PARTLY)
    assert Examination.objects.get().outcome == "released"
    assert Comparison.objects.count() == 2


def test_what_bars_nothing_goes_with_a_note(client, officer, scan):
    said = {"outcome": "released", **answers(load="wrong")}
    assert "why the vehicle goes all the same" in page(client.post(to("outcome", scan), said, headers=PARTLY))
    client.post(to("outcome", scan), {**said, "note": "A spare wheel, declared by hand"}, headers=PARTLY)
    kept = Examination.objects.get()
    assert (kept.outcome, kept.checklist["load"]) == ("released", "wrong")


def test_what_was_found_is_told_afterwards(client, officer, scan):
    client.post(to("compare", scan), {"what": "vin", "vin": scan.pass_used.vin[:-1] + "X"}, headers=PARTLY)
    client.post(to("photos", scan), {"photos": a_photo()}, headers=PARTLY)
    client.post(to("outcome", scan), {"outcome": "detained", "note": "Filed number", **answers(load="wrong")})
    shown = page(client.get(to("verdict", scan)))
    for words in ("Filed number", "Not as it should be", "<mark>X</mark>", "Chen Hao"):
        assert words in shown
    assert shown.count('<img src="/lane/examination-photos/') == 1


# --- Withdrawing -------------------------------------------------------------------------------


@pytest.fixture
def released():
    return scanned(an_open_pass().code)


def test_a_supervisor_withdraws_a_release_and_sees_what_follows(client, supervisor, released):
    assert "Withdraw this release" in page(client.get(to("verdict", released)))
    assert "Reason" in page(client.get(to("withdraw", released)))
    answer = client.post(to("withdraw", released), {"reason": "Wrong car"}, follow=True)
    shown = page(answer)
    assert 'data-verdict="examine"' in shown
    assert "The release was withdrawn." in shown
    assert "Wrong car" in shown
    assert "Release withdrawn" in page(client.get(reverse("lane:scans")))
    client.post(to("outcome", released), {"outcome": "released", **answers()})
    assert Trip.objects.get().state == TripState.EXITED


def test_a_scan_that_is_refused_after_a_withdrawal_stays_refused(client, supervisor, released):
    client.post(to("withdraw", released), {"reason": "Wrong car"})
    late = scanned(released.pass_used.code, at=AT + timedelta(days=2))
    assert 'data-verdict="refuse" role="alert"' in page(client.get(to("verdict", late)))


def test_it_demands_a_reason_and_says_what_stands_in_the_way(client, supervisor, released):
    assert client.post(to("withdraw", released), {"reason": " "}).status_code == 400
    assert client.post(to("withdraw", released), {"reason": "x" * 201}).status_code == 400
    scanned(released.pass_used.code, nur_zholy())
    answer = client.post(to("withdraw", released), {"reason": "Wrong car"})
    assert answer.status_code == 409
    assert "has left" in page(answer)
    assert "Withdraw this release" not in page(client.get(to("verdict", released)))
    assert not Withdrawal.objects.exists()


def test_no_officer_and_no_stranger_withdraws(client, released):
    strangers = [an_officer(), an_officer(nur_zholy(), Duty.SUPERVISOR), a_member(a_company()).user]
    for stranger in strangers:
        client.force_login(stranger)
        assert client.post(to("withdraw", released), {"reason": "x"}).status_code in {403, 404}
    sign_in(client, strangers[0])
    assert "Withdraw this release" not in page(client.get(to("verdict", released)))
    assert not Withdrawal.objects.exists()
    assert Scan.objects.get(pk=released.pk).passed_at == AT


def test_a_photo_too_large_for_us_is_told_and_nothing_is_decided(client, officer, scan, monkeypatch):
    monkeypatch.setattr("clearance.lane.views.MOST_BYTES", 10)
    for name in ("lane:outcome", "lane:photos"):
        answer = client.post(
            reverse(name, args=[scan.scan_id]),
            {"outcome": "detained", "note": "seal broken", "photos": a_photo()},
            headers={"HX-Request": "true"},
        )
        assert answer.status_code == 409
        assert "A file may have up to" in answer.content.decode()
    assert not Photo.objects.exists()
    assert Examination.objects.get().outcome == ""
