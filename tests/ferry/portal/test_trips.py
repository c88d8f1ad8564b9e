"""A company's trips in the portal."""

from __future__ import annotations

from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest
import time_machine
from django.conf import settings
from django.urls import reverse

from ferry import codes
from ferry.actions.moves import move_trip
from ferry.actions.passes import receipt_pin
from ferry.models import EventKind, PassState, Role, Trip, TripState
from tests.builders import (
    AT,
    BY,
    a_company,
    a_declaration,
    a_driver,
    a_licence,
    a_member,
    a_route,
    a_trip,
    a_vehicle,
    an_issued_trip,
    an_officer,
)

pytestmark = pytest.mark.django_db

CHINA = ZoneInfo("Asia/Shanghai")


@pytest.fixture(autouse=True)
def _now(client):
    client.cookies[settings.LANGUAGE_COOKIE_NAME] = "en"
    with time_machine.travel(AT, tick=False):
        yield


@pytest.fixture
def company(client):
    company = a_company()
    client.force_login(a_member(company).user)
    return company


def beijing(moment) -> str:
    return moment.astimezone(CHINA).strftime("%Y-%m-%dT%H:%M")


def planned(company, **changes) -> dict[str, str]:
    vehicle = a_vehicle(company)
    a_declaration(company, [vehicle.vin])
    return {
        "vehicle": vehicle.vin,
        "driver": str(a_driver(company).pk),
        "declaration": "",
        "route": str(a_route().pk),
        "opens_at": beijing(AT),
        "closes_at": beijing(AT + timedelta(hours=12)),
        "consignee_name": "Almaty Auto",
        "consignee_phone": "",
        "consignee_language": "ru",
        "delivery_place": "Park 3",
        **changes,
    }


def see(client, name, *args) -> str:
    return client.get(reverse(f"portal:{name}", args=args)).content.decode()


def test_it_plans_a_trip_in_beijing_time_and_finds_the_declaration_by_the_vin(client, company):
    answer = client.post(reverse("portal:trip_new"), planned(company))
    trip = Trip.objects.get()
    assert answer["Location"] == reverse("portal:trip", args=[trip.reference])
    assert (trip.opens_at, trip.closes_at) == (AT, AT + timedelta(hours=12))
    assert trip.declaration.declared_vehicles.get().vin == trip.vehicle.vin
    assert trip.state == TripState.PLANNED


def test_it_plans_and_issues_in_one_step(client, company):
    a_licence(company)
    client.post(reverse("portal:trip_new"), {**planned(company), "issue": "1"})
    trip = Trip.objects.get()
    shown = see(client, "trip", trip.reference)
    assert trip.state == TripState.READY
    assert codes.show_short_code(trip.passes.get().short_code) in shown
    assert receipt_pin(trip) in shown
    assert trip.driver.passport_number not in shown


def test_what_stands_in_the_way_of_a_code_is_all_said_and_the_trip_is_kept(client, company):
    client.post(reverse("portal:trip_new"), {**planned(company), "issue": "1"})
    trip = Trip.objects.get()
    assert trip.state == TripState.PLANNED
    assert "needs an export licence" in see(client, "trip", trip.reference)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"vehicle": "LGXCE4CB8S0123456"}, "Register it first"),
        ({"declaration": "1"}, "no declaration with this number"),
        ({"closes_at": "2020-01-01T10:00"}, "ends before it begins"),
        ({"driver": "0"}, "Select a valid choice"),
        ({"opens_at": "soon"}, "valid date"),
    ],
)
def test_bad_input_is_explained_beside_its_field_and_kept(client, company, changes, words):
    answer = client.post(reverse("portal:trip_new"), planned(company, **changes))
    shown = answer.content.decode()
    assert words in shown
    assert "Almaty Auto" in shown
    assert not Trip.objects.exists()


def test_the_list_finds_by_state_and_search(client, company):
    ready, waiting = an_issued_trip(company), a_trip(company)
    url = reverse("portal:trips")
    assert ready.reference in client.get(url, {"state": "ready"}).content.decode()
    assert waiting.reference not in client.get(url, {"state": "ready"}).content.decode()
    for q in (waiting.reference.lower(), waiting.vehicle.vin[-7:], waiting.declaration.number):
        shown = client.get(url, {"q": q}).content.decode()
        assert waiting.reference in shown
        assert ready.reference not in shown
    assert "Nothing fits" in client.get(url, {"q": "nothing"}).content.decode()
    assert client.get(url, {"before": "x", "state": "'"}).status_code == 200


def test_the_list_takes_the_same_few_queries_however_long_it_is(client, company, django_assert_num_queries):
    a_trip(company)
    with django_assert_num_queries(7):
        see(client, "trips")
    for _ in range(5):
        a_trip(company)
    with django_assert_num_queries(7):
        see(client, "trips")


def test_the_list_pages_by_key(client, company, monkeypatch):
    monkeypatch.setattr("ferry.portal.lists.views.ROWS", 2)
    first, second, third = (a_trip(company) for _ in range(3))
    url = reverse("portal:trips")
    newest = client.get(url)
    assert first.reference not in newest.content.decode()
    older = client.get(url + newest.context["after"])
    assert first.reference in older.content.decode()
    assert third.reference not in older.content.decode()
    back = client.get(url + older.context["before"]).content.decode()
    assert third.reference in back
    assert second.reference in back


def test_it_issues_swaps_moves_revokes_and_cancels(client, company):
    trip = a_trip(company)
    a_licence(company)

    def post(name, **said):
        answer = client.post(reverse(f"portal:{name}", args=[trip.reference]), said)
        assert answer.status_code == 302, answer.content.decode()
        trip.refresh_from_db()

    post("trip_issue")
    assert trip.state == TripState.READY
    other = a_driver(company, name="Guljan")
    post("trip_swap", driver=other.pk)
    assert trip.driver == other
    window = {"opens_at": AT + timedelta(days=2), "closes_at": AT + timedelta(days=2, hours=9)}
    post("trip_redate", reason="closed", **{name: beijing(moment) for name, moment in window.items()})
    assert (trip.opens_at, trip.closes_at) == tuple(window.values())
    post("trip_revoke", reason="wrong car")
    assert trip.state == TripState.PLANNED
    post("trip_cancel", reason="buyer withdrew")
    assert trip.state == TripState.CANCELLED
    assert not trip.passes.filter(state=PassState.OPEN).exists()


def test_a_vehicle_that_left_can_come_back_and_so_can_its_driver(client, company):
    delivered, returned = an_issued_trip(company), an_issued_trip(company)
    for trip in (delivered, returned):
        move_trip(trip=trip, to=TripState.EXITED, kind=EventKind.EXITED, at=AT, by=BY)
    client.post(reverse("portal:trip_driver_back", args=[delivered.reference]))
    client.post(reverse("portal:trip_returned", args=[returned.reference]))
    delivered.refresh_from_db()
    returned.refresh_from_db()
    assert (delivered.state, delivered.driver_returned_at) == (TripState.EXITED, AT)
    assert returned.state == TripState.RETURNED


def test_an_action_that_came_too_late_says_so_and_changes_nothing(client, company):
    trip = an_issued_trip(company)
    move_trip(trip=trip, to=TripState.EXITED, kind=EventKind.EXITED, at=AT, by=BY)
    answer = client.post(reverse("portal:trip_cancel", args=[trip.reference]), {"reason": "late"})
    assert "cannot be cancelled" in answer.content.decode()
    trip.refresh_from_db()
    assert trip.state == TripState.EXITED


PAGES = ["trip", "sheet", "trip_swap", "trip_redate", "trip_revoke", "trip_cancel"]
ACTS = [
    "trip_issue",
    "trip_swap",
    "trip_redate",
    "trip_revoke",
    "trip_cancel",
    "trip_returned",
    "trip_driver_back",
]


def test_a_stranger_sees_and_moves_nothing(client, company):
    theirs = an_issued_trip(a_company("East Star Trade"))
    for name in PAGES:
        assert client.get(reverse(f"portal:{name}", args=[theirs.reference])).status_code == 404
    for name in ACTS:
        answer = client.post(reverse(f"portal:{name}", args=[theirs.reference]), {"reason": "x"})
        assert answer.status_code == 404
    assert theirs.reference not in see(client, "trips")
    theirs.refresh_from_db()
    assert theirs.state == TripState.READY


def test_a_strangers_vehicle_driver_and_declaration_cannot_be_planned(client, company):
    stranger = a_company("East Star Trade")
    vehicle = a_vehicle(stranger)
    said = [
        {"vehicle": vehicle.vin},
        {"driver": str(a_driver(stranger).pk)},
        {"declaration": a_declaration(stranger, [vehicle.vin]).number},
    ]
    for changes in said:
        assert client.post(reverse("portal:trip_new"), planned(company, **changes)).status_code == 200
    assert not Trip.objects.exists()


def test_a_viewer_reads_and_moves_nothing(client):
    company = a_company()
    client.force_login(a_member(company, Role.VIEWER).user)
    trip = an_issued_trip(company)
    assert client.get(reverse("portal:trip", args=[trip.reference])).status_code == 200
    assert client.get(reverse("portal:trip_new")).status_code == 403
    for name in ACTS:
        assert client.post(reverse(f"portal:{name}", args=[trip.reference])).status_code == 403
    trip.refresh_from_db()
    assert trip.state == TripState.READY


def test_an_officer_and_nobody_at_all_see_no_trips(client):
    trip = an_issued_trip()
    urls = [reverse("portal:trips"), reverse("portal:trip", args=[trip.reference])]
    for url in urls:
        assert client.get(url)["Location"].startswith(reverse("account_login"))
    client.force_login(an_officer())
    for url in urls:
        assert client.get(url).status_code == 403


def test_everybody_is_sent_to_his_own_first_page(client):
    home = reverse("portal:home")
    assert client.get(home)["Location"] == reverse("account_login")
    client.force_login(a_member(a_company()).user)
    assert client.get(home)["Location"] == reverse("portal:today")


def test_the_drivers_who_are_away_stand_last_with_the_day_they_return(client, company):
    away = an_issued_trip(company, driver=a_driver(company, name="An Away")).driver
    free = a_driver(company, name="Zu Free")
    shown = see(client, "trip_new")
    assert shown.index("Zu Free") < shown.index("An Away")
    assert f"Zu Free · …{free.passport_tail}</option>" in shown
    assert f"An Away · …{away.passport_tail} · on a trip until" in shown


def test_who_drives_for_another_company_is_only_unavailable(client, company):
    ours = a_driver(company)
    theirs = a_driver(a_company("East Star Trade"), passport_number=ours.passport_number)
    other = an_issued_trip(theirs.company, driver=theirs)
    shown = see(client, "trip_new")
    assert "unavailable until" in shown
    assert other.reference not in shown


def test_nothing_is_said_of_reconciliation_before_the_code_is_issued(client, company):
    assert "Reconciliation" not in see(client, "trip", a_trip(company).reference)
    assert "Reconciliation" in see(client, "trip", an_issued_trip(company).reference)
