"""Any trip at the desk, and a company's own, with who said what of it."""

from __future__ import annotations

from datetime import timedelta

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from clearance.actions.reconcile import assess_trips
from clearance.actions.records import RecordLine
from clearance.models import Duty
from ferry.codes import show_short_code
from tests.builders import (
    AT,
    a_checkpoint,
    a_company,
    a_driver,
    a_member,
    a_vin,
    an_issued_trip,
    an_officer,
)
from tests.clearance.story import arrive, confirm, latest_pass, leave, take

pytestmark = pytest.mark.django_db

HOUR = timedelta(hours=1)
SOURCE = "Nur Zholy register"


@pytest.fixture
def trip():
    return leave(an_issued_trip(), AT)


@pytest.fixture
def dispatcher(client, trip):
    dispatcher = a_member(trip.company).user
    client.force_login(dispatcher)
    return dispatcher


def at_the_desk(client, trip) -> str:
    return client.get(reverse("desk:trip", args=[trip.reference])).content.decode()


def at_the_company(client, trip, **headers) -> str:
    return client.get(reverse("evidence:trip", args=[trip.reference]), headers=headers).content.decode()


def an_entry(trip, reference="NZ-7", **fields) -> RecordLine:
    usual = {"vin": trip.vehicle.vin, "passport_number": trip.driver.passport_number, "line": 12}
    return RecordLine("kz_entry", AT + 2 * HOUR, reference, **{**usual, **fields})


# --- Who may see it ----------------------------------------------------------------------------


def test_it_is_for_supervisors_of_its_checkpoints_and_its_own_company(client, trip):
    stranger = a_member(a_company("East Star Trade")).user
    elsewhere = an_officer(a_checkpoint("CN-DULATA"), duty=Duty.SUPERVISOR)
    for user, desk, company in ((an_officer(), 403, 403), (stranger, 403, 404), (elsewhere, 404, 403)):
        client.force_login(user)
        assert client.get(reverse("desk:trip", args=[trip.reference])).status_code == desk
        assert client.get(reverse("evidence:trip", args=[trip.reference])).status_code == company


def test_a_supervisor_of_another_checkpoint_does_not_find_it(client, trip):
    client.force_login(an_officer(a_checkpoint("CN-DULATA"), duty=Duty.SUPERVISOR))
    answer = client.post(reverse("desk:trips"), {"key": trip.reference})
    assert (answer.status_code, trip.reference not in answer.content.decode().split("<form")[0]) == (
        400,
        True,
    )


# --- Finding -----------------------------------------------------------------------------------


@pytest.mark.parametrize("key", ["reference", "vin", "short_code"])
def test_it_is_found_by_its_reference_its_vin_and_its_short_code(client, supervisor, trip, key):
    keys = {
        "reference": trip.reference.lower(),
        "vin": trip.vehicle.vin,
        "short_code": show_short_code(latest_pass(trip).short_code),
    }
    answer = client.post(reverse("desk:trips"), {"key": keys[key]})
    assert answer["Location"] == reverse("desk:trip", args=[trip.reference])


def test_the_page_asks_before_anything_is_typed(client, supervisor):
    assert client.get(reverse("desk:trips")).status_code == 200


# --- What it shows -----------------------------------------------------------------------------


def test_it_says_which_source_said_it_in_which_line(client, supervisor, trip):
    take(an_entry(trip), at=AT + 3 * HOUR, source=SOURCE)
    page = at_the_desk(client, trip)
    assert SOURCE in page
    assert "NZ-7" in page
    assert "line 12" in page


def test_it_names_a_limit_with_the_case_that_it_opens(client, supervisor, trip):
    page = at_the_desk(client, trip)
    assert "Within time. Not on record yet: the entry into Kazakhstan, the consignee&#x27;s receipt." in page
    assert "Receipt: case" in page
    assert "Left, but not confirmed by the consignee" in page


def test_it_tells_a_trip_that_has_not_begun(client, supervisor):
    page = at_the_desk(client, an_issued_trip())
    assert "The code counts as unused" in page


def test_it_says_what_was_late_and_why_it_is_discharged(client, dispatcher, trip):
    arrive(trip, AT + 2 * HOUR)
    confirm(trip, AT + 30 * HOUR)
    assess_trips(trip_ids=[trip.pk], at=AT + 31 * HOUR)
    with time_machine.travel(AT + 32 * HOUR, tick=False):
        client.force_login(dispatcher)
        assert "Matched late" in at_the_company(client, trip)


def test_a_corrected_record_shows_what_it_changed_and_what_came_of_it(client, supervisor, trip):
    other = a_vin()
    take(an_entry(trip), at=AT + 3 * HOUR, source=SOURCE)
    take(an_entry(trip, vin=other), at=AT + 4 * HOUR, source=SOURCE)
    page = at_the_desk(client, trip)
    assert "Records that were told again" in page
    assert f'<del class="fm-vin">{trip.vehicle.vin}</del>' in page
    assert f'<ins class="fm-vin">{other}</ins>' in page
    assert "Found because of it: Another VIN" in page


def test_the_same_line_of_another_source_is_no_correction(client, supervisor, trip):
    take(an_entry(trip), at=AT + 3 * HOUR, source=SOURCE)
    take(an_entry(trip, vin=a_vin()), at=AT + 4 * HOUR, source="Another register")
    assert "Records that were told again" not in at_the_desk(client, trip)


# --- What a company does not see ---------------------------------------------------------------


def test_a_company_sees_no_officers_name_and_no_whole_passport(client, dispatcher, trip):
    stranger = a_driver(a_company("East Star Trade"), name="Ablet Sadir")
    take(an_entry(trip, passport_number=stranger.passport_number), at=AT + 3 * HOUR, source=SOURCE)
    page = at_the_company(client, trip)
    assert "somebody else" in page
    assert stranger.passport_number[-4:] in page
    for secret in (stranger.passport_number, trip.driver.passport_number, stranger.name, "Chen Hao"):
        assert secret not in page


def test_a_company_is_not_told_what_a_line_said_of_anothers_trip(client, dispatcher, trip):
    other = leave(an_issued_trip(a_company("East Star Trade")), AT)
    take(an_entry(other), at=AT + 3 * HOUR, source=SOURCE)
    take(an_entry(trip), at=AT + 4 * HOUR, source=SOURCE)
    assert other.vehicle.vin not in at_the_company(client, trip)
    client.force_login(an_officer(duty=Duty.SUPERVISOR))
    assert other.vehicle.vin in at_the_desk(client, trip)


def test_it_is_a_part_of_the_trips_page_and_a_page_of_its_own(client, dispatcher, trip):
    part, page = at_the_company(client, trip, **{"HX-Request": "true"}), at_the_company(client, trip)
    assert "<html" not in part
    assert "<html" in page
    address = reverse("evidence:trip", args=[trip.reference])
    assert f'hx-get="{address}"' in client.get(reverse("portal:trip", args=[trip.reference])).content.decode()


def test_it_asks_the_database_no_more_for_more_evidence(client, supervisor, trip):
    take(an_entry(trip), at=AT + 3 * HOUR, source=SOURCE)
    with CaptureQueriesContext(connection) as first:
        at_the_desk(client, trip)
    take(*(an_entry(trip, f"NZ-{number}") for number in range(5)), at=AT + 3 * HOUR, source=SOURCE)
    with CaptureQueriesContext(connection) as second:
        at_the_desk(client, trip)
    assert len(second) <= len(first)
