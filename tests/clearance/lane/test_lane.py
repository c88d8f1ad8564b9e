"""An officer's pages."""

from __future__ import annotations

import re
import uuid
from datetime import timedelta

import pytest
import time_machine
from allauth.mfa.models import Authenticator
from django.conf import settings as django_settings
from django.contrib.messages import get_messages
from django.urls import reverse

from clearance.actions.watch import watch
from clearance.lane.access import CHOSEN_LANE
from clearance.models import Duty, Examination, Policy, Posting, Scan, Watched
from clearance.rules.checklist import ITEMS
from ferry import codes
from ferry.actions.documents import remove_document
from ferry.actions.passes import revoke_pass, swap_driver
from ferry.models import Driver, TripState
from tests.builders import (
    AT,
    BY,
    a_checkpoint,
    a_company,
    a_document,
    a_driver,
    a_member,
    a_vehicle,
    an_issued_trip,
    an_officer,
)
from tests.clearance.lane.conftest import sign_in

pytestmark = pytest.mark.django_db

PAGES = ["lane:home", "lane:place", "lane:scans"]


@pytest.fixture
def trip():
    return an_issued_trip()


def sent(code, **changes) -> dict[str, str]:
    return {"code": code, "checkpoint": "CN-HORGOS", "lane": "3", "scan_id": str(uuid.uuid4()), **changes}


def post_scan(client, code, *, partly=True, **changes):
    headers = {"HX-Request": "true"} if partly else {}
    return client.post(reverse("lane:scan"), sent(code, **changes), headers=headers)


def decide(client, scan, **data):
    """Send an outcome with every item of the checklist as it should be, unless told otherwise."""
    data = {f"item_{item}": "right" for item in ITEMS} | data
    return client.post(reverse("lane:outcome", args=[scan.scan_id]), data, headers={"HX-Request": "true"})


def says(answer) -> str:
    return answer.content.decode().split('data-verdict="')[1].split('"')[0]


def examine_everything() -> None:
    Policy.objects.update(examined_share=1.0)


# --- Who may come in ---------------------------------------------------------------------------


@pytest.mark.parametrize("name", PAGES)
def test_it_asks_a_stranger_to_sign_in(client, name):
    answer = client.get(reverse(name))

    assert answer.status_code == 302
    assert answer["Location"].startswith(reverse("account_login"))


@pytest.mark.parametrize("name", PAGES)
def test_it_turns_a_companys_member_away(client, name):
    client.force_login(a_member(a_company()).user)

    assert client.get(reverse(name)).status_code == 403


def test_it_takes_no_scan_from_a_stranger_or_a_companys_member(client, trip):
    assert post_scan(client, trip.passes.get().code).status_code == 403
    client.force_login(a_member(a_company()).user)
    assert post_scan(client, trip.passes.get().code).status_code == 403

    assert not Scan.objects.exists()
    trip.refresh_from_db()
    assert trip.state == TripState.READY


def test_it_takes_no_scan_at_a_checkpoint_the_officer_is_not_posted_to(client, officer, trip):
    answer = post_scan(client, trip.passes.get().code, checkpoint="CN-DULATA")

    assert answer.status_code == 404
    assert not Scan.objects.exists()
    trip.refresh_from_db()
    assert trip.state == TripState.READY


def test_it_hides_the_scans_of_another_checkpoint(client, officer, trip):
    post_scan(client, trip.passes.get().code)
    scan = Scan.objects.get()
    sign_in(client, an_officer(a_checkpoint("CN-DULATA")), "CN-DULATA")

    assert client.get(reverse("lane:verdict", args=[scan.scan_id])).status_code == 404
    assert trip.reference not in client.get(reverse("lane:scans")).content.decode()
    assert trip.vehicle.vin[-6:] not in client.get(reverse("lane:home")).content.decode()


def test_it_lets_no_stranger_decide_an_examination(client, officer, trip):
    examine_everything()
    post_scan(client, trip.passes.get().code)
    scan = Scan.objects.get()
    for stranger in (an_officer(a_checkpoint("CN-DULATA")), a_member(a_company()).user):
        client.force_login(stranger)
        assert decide(client, scan, outcome="released").status_code in {403, 404}

    assert Examination.objects.get().outcome == ""
    trip.refresh_from_db()
    assert trip.state == TripState.READY


def test_it_sends_an_officer_without_a_second_factor_to_set_one_up(client, officer, trip, settings):
    settings.OFFICERS_NEED_MFA = True
    for answer in (client.get(reverse("lane:home")), post_scan(client, trip.passes.get().code)):
        assert answer.status_code == 302
        assert answer["Location"] == reverse("mfa_index")
        assert [str(message) for message in get_messages(answer.wsgi_request)]

    assert not Scan.objects.exists()


def test_it_lets_an_officer_with_a_second_factor_in(client, officer, settings):
    settings.OFFICERS_NEED_MFA = True
    Authenticator.objects.create(user=officer, type=Authenticator.Type.TOTP, data={})

    assert client.get(reverse("lane:home")).status_code == 200


def test_it_urges_an_officer_to_set_up_a_second_factor_where_it_is_not_demanded(client, officer):
    assert reverse("mfa_index") + '">Set up' in client.get(reverse("lane:home")).content.decode()

    Authenticator.objects.create(user=officer, type=Authenticator.Type.TOTP, data={})

    assert reverse("mfa_index") + '">Set up' not in client.get(reverse("lane:home")).content.decode()


# --- Where he stands ---------------------------------------------------------------------------


def test_it_asks_first_where_the_officer_stands(client):
    client.force_login(an_officer())

    assert client.get(reverse("lane:home"))["Location"] == reverse("lane:place")


def test_it_keeps_checkpoint_and_lane(client):
    officer = an_officer()
    Posting.objects.create(user=officer, checkpoint=a_checkpoint("CN-DULATA"), duty=Duty.OFFICER)
    client.force_login(officer)

    answer = client.post(reverse("lane:place"), {"checkpoint": "CN-DULATA", "lane": " A 2 "}, follow=True)

    page = answer.content.decode()
    assert 'name="checkpoint" value="CN-DULATA"' in page
    assert 'name="lane" value="A 2"' in page


@pytest.mark.parametrize(
    "data", [{"checkpoint": "KZ-DOSTYK", "lane": "1"}, {"checkpoint": "CN-HORGOS", "lane": "\u200b"}]
)
def test_it_refuses_a_place_that_is_not_his_or_none(client, data):
    client.force_login(an_officer())

    assert client.post(reverse("lane:place"), data).status_code == 400
    assert CHOSEN_LANE not in client.session


def test_it_forgets_the_place_when_the_posting_is_gone(client, officer):
    Posting.objects.all().delete()
    Posting.objects.create(user=officer, checkpoint=a_checkpoint("CN-DULATA"), duty=Duty.OFFICER)

    assert client.get(reverse("lane:home"))["Location"] == reverse("lane:place")


# --- The scan ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "latin", "told"),
    [("马建军", "MA JIANJUN", ["MA JIANJUN"]), ("马建军", "", []), ("Memet Rozi", "MEMET ROZI", [])],
)
def test_it_says_both_names_where_there_are_two(client, officer, trip, name, latin, told):
    Driver.objects.update(name=name, name_latin=latin)

    page = post_scan(client, trip.passes.get().code).content.decode()

    assert f'<dd class="big">{name}</dd>' in page
    assert re.findall(r'<dd class="big latin">(.*?)</dd>', page) == told


def test_it_releases_and_says_what_to_compare(client, officer, trip):
    answer = post_scan(client, trip.passes.get().code)

    page = answer.content.decode()
    assert answer.status_code == 200
    assert says(answer) == "release"
    assert f"<b>{trip.vehicle.vin[-6:]}</b>" in page
    for fact in ("Song Plus", "white", "Ma Jun", trip.declaration.number, trip.reference, "Silk Road Cars"):
        assert fact in page
    assert trip.driver.passport_tail in page
    assert trip.driver.passport_number not in page
    trip.refresh_from_db()
    assert trip.state == TripState.EXITED
    scan = Scan.objects.get()
    assert (scan.officer, scan.lane, scan.verdict) == (officer, "3", "release")


def test_it_takes_the_short_code_too(client, officer, trip):
    short_code = codes.show_short_code(trip.passes.get().short_code)

    assert says(post_scan(client, short_code.lower())) == "release"


def test_it_answers_the_same_scan_twice_alike_and_keeps_it_once(client, officer, trip):
    code, scan_id = trip.passes.get().code, str(uuid.uuid4())
    answers = [post_scan(client, code, scan_id=scan_id) for _ in range(2)]

    assert [says(answer) for answer in answers] == ["release", "release"]
    assert Scan.objects.count() == 1


def test_it_refuses_the_second_scan_of_a_code_with_time_and_lane_of_the_first(client, officer, trip):
    post_scan(client, trip.passes.get().code, lane="1")
    answer = post_scan(client, trip.passes.get().code)

    assert says(answer) == "refuse"
    assert "2026-11-22 12:00 (UTC+8) / 09:00 (UTC+5) in lane 1" in answer.content.decode()
    assert Scan.objects.filter(passed_at__isnull=False).count() == 1


def test_it_says_how_many_seconds_ago_the_code_was_used_while_that_is_lately(client, officer, trip):
    code = trip.passes.get().code
    post_scan(client, code)
    for minutes, said in ((0.2, True), (11, False)):
        with time_machine.travel(AT + timedelta(minutes=minutes), tick=False):
            page = post_scan(client, code).content.decode()
        assert ("12 seconds ago." in page) == said
        assert ("ago." in page) == said


def test_it_tells_officers_the_instruction_of_the_watch_list(client, officer, trip):
    watch(kind=Watched.VIN, value=trip.vehicle.vin, instruction="Call Li at 110.", at=AT, by=BY)
    answer = post_scan(client, trip.passes.get().code)

    assert says(answer) == "refuse"
    assert "Call Li at 110." in answer.content.decode()
    trip.refresh_from_db()
    assert trip.state == TripState.READY


def test_it_compares_with_the_driver_the_code_was_issued_for(client, officer, trip):
    old = trip.passes.get()
    swap_driver(trip=trip, driver=a_driver(trip.company, name="Li Na"), at=AT, by=BY)
    answer = post_scan(client, old.code)

    assert says(answer) == "refuse"
    assert "Ma Jun" in answer.content.decode()
    assert "Li Na" not in answer.content.decode()


def test_it_keeps_a_text_that_is_no_code_as_refused(client, officer):
    answer = post_scan(client, "https://example.com/menu")

    assert says(answer) == "refuse"
    assert "not a clearance code" in answer.content.decode()
    assert Scan.objects.get().pass_used is None


@pytest.mark.parametrize(
    "changes", [{"code": ""}, {"scan_id": "7"}, {"code": "A" * 3000}, {"lane": "x" * 21}]
)
def test_it_records_nothing_and_says_so_when_a_scan_is_unusable(client, officer, trip, changes):
    answer = post_scan(client, **{"code": trip.passes.get().code, **changes})

    assert answer.status_code == 400
    assert says(answer) == "fault"
    assert "Nothing was recorded" in answer.content.decode()
    assert not Scan.objects.exists()


def test_it_says_when_a_scan_id_was_used_for_another_code(client, officer, trip):
    scan_id = str(uuid.uuid4())
    post_scan(client, "one", scan_id=scan_id)
    answer = post_scan(client, trip.passes.get().code, scan_id=scan_id)

    assert says(answer) == "fault"
    assert "scan_id_reused" in answer.content.decode()
    trip.refresh_from_db()
    assert trip.state == TripState.READY


def test_it_shows_a_whole_page_where_no_script_asked(client, officer, trip):
    data = sent(trip.passes.get().code)
    answer = client.post(reverse("lane:scan"), data, follow=True)

    assert answer.redirect_chain == [(reverse("lane:verdict", args=[data["scan_id"]]), 302)]
    page = answer.content.decode()
    assert says(answer) == "release"
    assert 'id="scan-form"' in page
    assert data["scan_id"] not in page.split('id="scan-form"')[1].split("</form>")[0]


def test_it_marks_an_earlier_verdict_as_one(client, officer, trip):
    data = sent(trip.passes.get().code)
    client.post(reverse("lane:scan"), data)
    address = reverse("lane:verdict", args=[data["scan_id"]])
    assert "An earlier scan" not in client.get(address).content.decode()

    with time_machine.travel(AT + timedelta(minutes=4), tick=False):
        assert "An earlier scan" in client.get(address).content.decode()


def test_it_speaks_the_officers_language(client, officer, trip):
    client.cookies[django_settings.LANGUAGE_COOKIE_NAME] = "kk"
    page = client.get(reverse("lane:home")).content.decode()

    assert '<html lang="kk"' in page
    assert "Қорғас" in page


def test_only_pages_with_the_camera_may_compile(client, officer):
    assert "wasm-unsafe-eval" in client.get(reverse("lane:home"))["Content-Security-Policy"]
    assert "wasm-unsafe-eval" not in client.get(reverse("lane:scans"))["Content-Security-Policy"]


def test_no_page_is_kept_by_the_browser(client, officer, trip):
    for name in PAGES:
        assert "no-store" in client.get(reverse(name))["Cache-Control"]


def test_a_scan_costs_a_fixed_number_of_queries(client, officer, trip, django_assert_max_num_queries):
    post_scan(client, "warm")
    with django_assert_max_num_queries(25):
        post_scan(client, trip.passes.get().code)


# --- The photos --------------------------------------------------------------------------------


def pictures(answer) -> list[str]:
    return re.findall(r'<img src="(/lane/scans/[^"]+)"', answer.content.decode())


def with_photos(trip) -> tuple:
    return a_document(trip.driver), a_document(trip.vehicle)


def test_it_shows_the_photos_of_driver_and_vehicle_and_a_silhouette_where_there_is_none(
    client, officer, trip
):
    assert pictures(post_scan(client, trip.passes.get().code)) == []
    face, car = with_photos(trip)
    answer = client.get(reverse("lane:verdict", args=[Scan.objects.get().scan_id]))

    assert pictures(answer) == [
        reverse("lane:picture_small", args=[Scan.objects.get().scan_id, pk]) for pk in (car.pk, face.pk)
    ]
    for address in pictures(answer):
        sent_photo = client.get(address)
        assert sent_photo["Content-Type"] == "image/jpeg"
        assert sent_photo["X-Content-Type-Options"] == "nosniff"
        assert sent_photo["Cache-Control"] == "private, no-store"
        assert client.get(address.replace("small/", "")).content != sent_photo.content


def test_it_sends_no_other_paper_and_nothing_removed(client, officer, trip):
    with_photos(trip)
    post_scan(client, trip.passes.get().code)
    scan = Scan.objects.get()
    removed = a_document(trip.vehicle)
    remove_document(document=removed, company=trip.company, at=AT, by=BY)
    others = [
        a_document(trip.driver, kind="passport"),
        a_document(trip),
        a_document(a_vehicle(trip.company)),
        removed,
    ]
    for paper in others:
        for name in ("lane:picture", "lane:picture_small"):
            assert client.get(reverse(name, args=[scan.scan_id, paper.pk])).status_code == 404


def test_photos_are_for_the_officer_of_the_checkpoint_while_the_vehicle_stands_there(client, officer, trip):
    with_photos(trip)
    shown = pictures(post_scan(client, trip.passes.get().code))
    assert len(shown) == 2

    with time_machine.travel(AT + timedelta(minutes=4), tick=False):
        assert {client.get(address).status_code for address in shown} == {404}
        later = client.get(reverse("lane:verdict", args=[Scan.objects.get().scan_id]))
        assert pictures(later) == []
    sign_in(client, an_officer(a_checkpoint("CN-DULATA")), "CN-DULATA")
    assert {client.get(address).status_code for address in shown} == {404}


def test_photos_stay_while_the_examination_lasts(client, officer, trip):
    with_photos(trip)
    examine_everything()
    shown = pictures(post_scan(client, trip.passes.get().code))
    with time_machine.travel(AT + timedelta(minutes=40), tick=False):
        assert {client.get(address).status_code for address in shown} == {200}
        decide(client, Scan.objects.get(), outcome="released")
        assert {client.get(address).status_code for address in shown} == {404}


# --- The examination ---------------------------------------------------------------------------


def test_it_opens_the_outcome_of_an_examination_right_there(client, officer, trip):
    examine_everything()
    answer = post_scan(client, trip.passes.get().code)

    assert says(answer) == "examine"
    assert reverse("lane:outcome", args=[Scan.objects.get().scan_id]) in answer.content.decode()
    assert "1 vehicle waits" in answer.content.decode()


def test_it_releases_after_the_examination(client, officer, trip):
    examine_everything()
    post_scan(client, trip.passes.get().code)
    answer = decide(client, Scan.objects.get(), outcome="released")

    assert says(answer) == "release"
    assert "Released" in answer.content.decode()
    assert Examination.objects.get().officer == officer
    trip.refresh_from_db()
    assert trip.state == TripState.EXITED


def test_it_detains_with_a_note(client, officer, trip):
    examine_everything()
    post_scan(client, trip.passes.get().code)
    answer = decide(client, Scan.objects.get(), outcome="detained", note="Another engine.")

    assert says(answer) == "refuse"
    assert "Detained" in answer.content.decode()
    assert "Another engine." in answer.content.decode()
    trip.refresh_from_db()
    assert trip.state == TripState.READY


@pytest.mark.parametrize("data", [{"outcome": "detained", "note": " "}, {"outcome": "sold", "note": "x"}, {}])
def test_it_decides_nothing_on_an_outcome_that_says_too_little(client, officer, trip, data):
    examine_everything()
    post_scan(client, trip.passes.get().code)
    answer = decide(client, Scan.objects.get(), **data)

    assert answer.status_code == 400
    assert says(answer) == "examine"
    assert Examination.objects.get().outcome == ""


def test_a_second_outcome_changes_nothing_and_shows_the_first(client, officer, trip):
    examine_everything()
    post_scan(client, trip.passes.get().code)
    decide(client, Scan.objects.get(), outcome="detained", note="Another engine.")
    answer = decide(client, Scan.objects.get(), outcome="released")

    assert answer.status_code == 409
    assert says(answer) == "refuse"
    assert "decided already" in answer.content.decode()
    trip.refresh_from_db()
    assert trip.state == TripState.READY


def test_it_does_not_release_what_was_revoked_meanwhile(client, officer, trip):
    examine_everything()
    post_scan(client, trip.passes.get().code)
    revoke_pass(trip=trip, reason="sold", at=AT, by=BY)
    answer = decide(client, Scan.objects.get(), outcome="released", note="Clean.")

    assert answer.status_code == 409
    assert says(answer) == "examine"
    assert "revoked" in answer.content.decode()
    assert "Clean." in answer.content.decode()
    assert Examination.objects.get().outcome == ""


# --- The log -----------------------------------------------------------------------------------


def counted(page) -> list[str]:
    return re.findall(r"</svg>\s*(\d+)</b>", page)


def test_it_lists_the_last_scans_of_this_lane_and_counts_those_of_the_checkpoint(client, officer, trip):
    post_scan(client, "elsewhere", lane="1")
    page = post_scan(client, trip.passes.get().code).content.decode()

    recent = page.split('class="recent"')[1]
    assert f"…{trip.vehicle.vin[-6:]}" in recent
    assert "Unknown code" not in recent
    assert counted(page) == ["1", "0", "1"]


def test_it_counts_from_midnight_at_the_checkpoint(client, officer):
    post_scan(client, "yesterday")
    with time_machine.travel(AT + timedelta(hours=12, minutes=1), tick=False):
        sign_in(client, officer)
        page = client.get(reverse("lane:home")).content.decode()

    assert counted(page) == ["0", "0", "0"]


def listed(client, **query) -> int:
    return client.get(reverse("lane:scans"), query).content.decode().count("<tr>") - 1


def test_it_finds_scans_by_verdict_lane_day_and_vehicle(client, officer, trip):
    post_scan(client, "nothing", lane="1")
    post_scan(client, trip.passes.get().code)

    assert listed(client) == 2
    assert listed(client, verdict="refuse") == 1
    assert listed(client, lane="3") == 1
    assert listed(client, day="2026-11-22") == 2
    assert listed(client, day="2026-11-21") == -1
    assert listed(client, vehicle=trip.vehicle.vin.lower()) == 1
    assert listed(client, vehicle=trip.reference) == 1
    assert listed(client, verdict="waiting") == -1
    assert listed(client, verdict="nonsense", day="today", before="x") == 2


def test_it_finds_what_waits_for_its_outcome(client, officer, trip):
    examine_everything()
    post_scan(client, trip.passes.get().code)

    assert listed(client, verdict="waiting") == 1
    decide(client, Scan.objects.get(), outcome="released")
    assert listed(client, verdict="waiting") == -1


def test_the_list_is_paged_by_key_at_a_fixed_cost(client, officer, trip, django_assert_max_num_queries):
    for number in range(52):
        post_scan(client, f"nothing {number}")
    oldest = Scan.objects.order_by("pk").first()
    with django_assert_max_num_queries(12):
        answer = client.get(reverse("lane:scans"))

    assert str(oldest.scan_id) not in answer.content.decode()
    older = client.get(reverse("lane:scans"), {"before": answer.context["page"].older})
    assert str(oldest.scan_id) in older.content.decode()
