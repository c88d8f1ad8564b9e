"""The yard's pages: what is to be done, recorded in the list, on the vehicle's page and by scanning."""

from __future__ import annotations

import pytest
from django.urls import reverse

from ferry.actions.readiness import mark_vehicle
from ferry.models import Door, Mark, ReadinessPolicy, Role, Vehicle, VehicleMark
from tests.builders import AT, BY, a_company, a_declaration, a_member, a_petrol_car, a_vehicle, an_issued_trip

pytestmark = pytest.mark.django_db

HTMX = {"HX-Request": "true"}


def mark(vehicle, *marks, **fields) -> None:
    for one in marks:
        mark_vehicle(vehicle=vehicle, done={one: AT}, door=Door.PAGE, at=AT, by=BY, **fields)


def scan(client, **said):
    return client.post(reverse("portal:yard_scan"), said, headers=HTMX)


def test_the_list_shows_what_each_still_lacks(company, see):
    ReadinessPolicy.objects.create(company=company)
    car = a_vehicle(company)
    mark(car, Mark.INSPECTED)
    shown = see("yard")
    assert car.vin[-6:] in shown
    assert "The car is not charged" in shown
    assert "Too few keys are recorded" in shown
    assert "not in the yard yet" not in shown


def test_a_vehicle_on_a_trip_is_not_listed(company, see):
    going = an_issued_trip(company).vehicle
    assert going.vin[-6:] not in see("yard")


def test_the_tabs_pick_what_is_to_be_done(company, see):
    away, arrived, inspected, low, ready = (a_vehicle(company) for _ in range(5))
    mark(arrived, Mark.YARD)
    mark(inspected, Mark.INSPECTED)
    ReadinessPolicy.objects.create(company=company)
    for car, charge in ((low, 10), (ready, 80)):
        mark(car, Mark.INSPECTED)
        mark(car, Mark.CHARGED, charge_percent=charge, keys=2)
    expected = {
        "await": [away],
        "inspect": [arrived],
        "charge": [arrived, inspected, low],
        "ready": [ready],
        "": [away, arrived, inspected, low, ready],
    }
    for todo, cars in expected.items():
        shown = see("yard", todo=todo)
        found = [car for car in (away, arrived, inspected, low, ready) if car.vin[-6:] in shown]
        assert found == cars, todo


def test_until_it_is_switched_on_it_says_that_codes_do_not_wait(client, company, see):
    a_vehicle(company)
    assert "codes do not wait for it yet" in see("yard")
    client.force_login(a_member(company, Role.OWNER).user)
    said = {"asks_yard": "on", "least_charge": "40", "least_keys": "2"}
    client.post(reverse("portal:yard_policy"), said)
    policy = ReadinessPolicy.objects.get()
    assert (policy.asks_yard, policy.asks_charge, policy.least_charge) == (True, False, 40)
    assert "codes do not wait" not in see("yard")
    refused = client.post(reverse("portal:yard_policy"), {**said, "least_charge": "101"})
    assert "least_charge" in refused.context["form"].errors


def test_one_tap_records_a_step_and_answers_with_the_row(client, company):
    car = a_vehicle(company)
    address = reverse("portal:yard_mark", args=[car.vin])
    answer = client.post(address, {"mark": "yard", "door": "yard"}, headers=HTMX)
    shown = answer.content.decode()
    assert shown.lstrip().startswith("<tr")
    assert 'value="yard">In the yard' not in shown
    row = VehicleMark.objects.get()
    assert (row.mark, row.door, row.at) == ("yard", "yard", AT)
    assert row.by.startswith("dispatcher ")


def test_a_charge_that_cannot_be_is_said_in_the_row_and_nothing_moves(client, company):
    car = a_vehicle(company)
    address = reverse("portal:yard_mark", args=[car.vin])
    for charge in ("", "101", "full"):
        said = {"mark": "charged", "door": "yard", "charge_percent": charge}
        assert 'role="alert"' in client.post(address, said, headers=HTMX).content.decode()
    assert not VehicleMark.objects.exists()


def test_the_vehicles_page_records_and_takes_back_with_a_reason(client, company, send, see):
    car = a_vehicle(company)
    answer = send("yard_mark", car.vin, mark="charged", door="page", charge_percent="77", keys="2")
    assert answer["Location"] == reverse("portal:vehicle", args=[car.vin])
    assert "77 %" in see("vehicle", car.vin)
    send("yard_unmark", car.vin, mark="charged", door="page", reason="")
    assert Vehicle.objects.get().charge_percent == 77
    send("yard_unmark", car.vin, mark="charged", door="page", reason="other car")
    assert Vehicle.objects.get().charge_percent is None
    assert "other car" in see("vehicle", car.vin)


@pytest.mark.parametrize("form", ["{vin}", "I{vin}", "https://maker.example/v/{vin}?x=1", " {vin} "])
def test_a_label_is_read_however_it_is_written(client, company, form):
    car = a_vehicle(company)
    shown = scan(client, q=form.format(vin=car.vin)).content.decode()
    assert car.vin[11:] in shown
    assert "data-sound=" in shown
    assert not VehicleMark.objects.exists()


def test_a_scan_may_record_at_once_and_says_when_it_did_before(client, company):
    car = a_petrol_car(company)
    assert "recorded" in scan(client, q=car.vin, mark="inspected").content.decode()
    assert "was recorded before" in scan(client, q=car.vin, mark="inspected").content.decode()
    assert VehicleMark.objects.filter(door="scan").count() == 2


def test_the_end_of_a_vin_is_enough_and_a_choice_is_offered_where_several_end_so(client, company):
    one = a_vehicle(company)
    assert one.vin[11:] in scan(client, q=one.vin[-6:].lower()).content.decode()
    other = Vehicle.objects.create(
        company=company,
        vin=f"LHGCE4CB{one.vin[8:]}",
        make="BYD",
        model="Han",
        powertrain="bev",
        hs_code="8703801090",
    )
    shown = scan(client, q=one.vin[-6:]).content.decode()
    assert "Which one is it?" in shown
    assert one.vin in shown
    assert other.vin in shown


def test_what_is_not_ours_is_not_found_and_too_little_is_asked_again(client, company):
    theirs = a_vehicle(a_company("East Star Trade"))
    for q in (theirs.vin, theirs.vin[-6:]):
        shown = scan(client, q=q, mark="yard").content.decode()
        assert "No vehicle of yours has this VIN" in shown
    assert "at least the last six" in scan(client, q="12").content.decode()
    assert "at least the last six" in scan(client, q="").content.decode()
    assert not VehicleMark.objects.exists()


def test_without_htmx_the_page_comes_whole(client, company):
    car = a_vehicle(company)
    answer = client.post(reverse("portal:yard_scan"), {"q": car.vin, "mark": "yard"})
    assert "<html" in answer.content.decode()
    assert Vehicle.objects.get().in_yard_at == AT


def test_only_the_scanning_page_may_compile(client, company, see):
    assert "wasm-unsafe-eval" in client.get(reverse("portal:yard_scan"))["Content-Security-Policy"]
    assert "wasm-unsafe-eval" not in client.get(reverse("portal:yard"))["Content-Security-Policy"]


def test_the_list_takes_the_same_few_queries_however_long_it_is(company, see, django_assert_num_queries):
    for _ in range(3):
        a_declaration(company, [a_vehicle(company).vin])
        with django_assert_num_queries(6):
            see("yard")


def test_a_viewer_sees_but_has_no_buttons(company, as_viewer, see):
    a_vehicle(company)
    assert "yard/mark" not in see("yard")
