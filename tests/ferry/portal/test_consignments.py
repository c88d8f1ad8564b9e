"""A company's consignments: opened, filled, looked at as a whole, issued from and exported."""

from __future__ import annotations

import io
from datetime import timedelta

import pytest
from django.urls import reverse
from openpyxl import load_workbook

from ferry.actions.consignments import join_consignment, open_consignment
from ferry.models import Consignment, ReadinessPolicy, Trip, TripState, Vehicle
from tests.builders import (
    AT,
    BY,
    a_company,
    a_declaration,
    a_driver,
    a_licence,
    a_petrol_car,
    a_route,
    a_vehicle,
    an_issued_trip,
)

pytestmark = pytest.mark.django_db


def a_consignment(company, *cars, name="Xiaomo 6818") -> Consignment:
    consignment = open_consignment(company=company, name=name, kind="ship", at=AT, by=BY)
    join_consignment(consignment=consignment, vins=[car.vin for car in cars])
    return consignment


def test_it_opens_one_and_leads_to_filling_it(company, send):
    answer = send("consignment_new", name="Xiaomo 6818", kind="ship", expected_on="2026-12-01", note="")
    consignment = Consignment.objects.get()
    assert answer["Location"] == reverse("portal:consignment_join", args=[consignment.pk])
    assert (consignment.company, str(consignment.expected_on)) == (company, "2026-12-01")
    refused = send("consignment_new", name="Xiaomo 6818", kind="ship")
    assert "name" in refused.context["form"].errors


def test_vehicles_join_pasted_ticked_and_by_declaration(client, company, send):
    pasted, ticked, declared = (a_vehicle(company) for _ in range(3))
    declaration = a_declaration(company, [declared.vin])
    theirs = a_vehicle(a_company("East Star Trade"))
    consignment = a_consignment(company)
    said = {"vins": f"{pasted.vin}\n{theirs.vin}", "vin": [ticked.vin], "declaration": declaration.number}
    answer = send("consignment_join", consignment.pk, **said)
    assert set(consignment.vehicles.all()) == {pasted, ticked, declared}
    shown = client.get(answer["Location"]).content.decode()
    assert "3 vehicles are in it" in shown
    assert theirs.vin in shown


def test_what_nobody_named_or_is_not_ours_is_said_on_the_form(company, send):
    consignment = a_consignment(company)
    assert send("consignment_join", consignment.pk).context["form"].non_field_errors()
    theirs = a_declaration(a_company("East Star Trade"))
    answer = send("consignment_join", consignment.pk, declaration=theirs.number)
    assert "declaration" in answer.context["form"].errors


def test_the_whole_counts_every_step_and_what_holds_the_rest(company, see):
    ReadinessPolicy.objects.create(
        company=company, asks_yard=False, asks_inspection=False, asks_charge=False, least_keys=0
    )
    gone, issued = an_issued_trip(company), an_issued_trip(company)
    Trip.objects.filter(pk=gone.pk).update(state=TripState.EXITED, exited_at=AT - timedelta(days=1))
    ready, unlisted, accepted = (a_petrol_car(company) for _ in range(3))
    a_declaration(company, [ready.vin])
    a_declaration(company, [accepted.vin], status="accepted")
    consignment = a_consignment(company, gone.vehicle, issued.vehicle, ready, unlisted, accepted)
    shown = see("consignment", consignment.pk)
    assert "5 vehicles" in shown
    assert "Issue for 1 that is ready" in shown
    assert f"{reverse('portal:roster')}?consignment={consignment.pk}" in shown
    assert "lack=vin_not_declared" in shown
    assert "lack=declaration_not_released" in shown
    assert "Out on 2026-11-30 at today" in shown
    assert gone.declaration.number in shown


def test_each_number_leads_to_its_vehicles(company, see):
    ready, unlisted = a_petrol_car(company), a_petrol_car(company)
    a_declaration(company, [ready.vin])
    consignment = a_consignment(company, ready, unlisted)
    for query, found, other in (
        ({"step": "papers"}, ready, unlisted),
        ({"lack": "vin_not_declared"}, unlisted, ready),
        ({"q": ready.vin[-6:]}, ready, unlisted),
    ):
        shown = see("consignment_cars", consignment.pk, **query)
        assert found.vin[-6:] in shown
        assert other.vin[-6:] not in shown
    assert "No vehicle fits" in see("consignment_cars", consignment.pk, step="nonsense")


def test_licences_are_weighed_against_what_still_needs_one(company, see):
    a_route()
    cars = [a_vehicle(company) for _ in range(3)]
    a_licence(company, quantity=2)
    consignment = a_consignment(company, *cars)
    shown = see("consignment", consignment.pk)
    assert company.licences.get().number in shown
    assert 'data-tone="bad">2<' in shown


def test_without_exits_there_is_no_pace_and_without_vehicles_a_way_forward(company, see):
    consignment = a_consignment(company, a_vehicle(company))
    assert "No pace yet" in see("consignment", consignment.pk)
    empty = a_consignment(company, name="Train 7")
    assert reverse("portal:consignment_join", args=[empty.pk]) in see("consignment", empty.pk)


def test_ticked_vehicles_leave_it(company, send):
    stays, leaves = a_vehicle(company), a_vehicle(company)
    consignment = a_consignment(company, stays, leaves)
    send("consignment_leave", consignment.pk, vin=[leaves.vin])
    assert list(consignment.vehicles.all()) == [stays]


def test_a_closed_one_is_in_the_other_tab_and_offers_no_joining(company, see, send):
    consignment = a_consignment(company, a_vehicle(company))
    send("consignment_edit", consignment.pk, name="Xiaomo 6818", kind="ship", is_closed="on")
    assert "Xiaomo 6818" not in see("consignments")
    assert "Xiaomo 6818" in see("consignments", state="closed")
    assert reverse("portal:consignment_join", args=[consignment.pk]) not in see("consignment", consignment.pk)


def test_the_export_holds_every_vehicle_and_no_formula(client, company):
    trip = an_issued_trip(company)
    car = a_vehicle(company, make="=1+1")
    consignment = a_consignment(company, trip.vehicle, car)
    answer = client.get(reverse("portal:consignment_export", args=[consignment.pk]))
    sheet = load_workbook(io.BytesIO(answer.content)).active
    rows = [[cell.value for cell in row] for row in sheet.iter_rows()]
    assert [row[0] for row in rows] == ["VIN", trip.vehicle.vin, car.vin]
    assert (rows[1][5], rows[2][5]) == ("Code issued", "Expected")
    assert rows[1][14] == trip.reference
    assert rows[2][1] == "=1+1"
    assert sheet.cell(3, 2).data_type == "s"


def test_the_roster_takes_the_ready_of_the_consignment_alone(company, see):
    a_route()
    a_licence(company)
    ready, unready, other = (a_petrol_car(company) for _ in range(3))
    a_declaration(company, [ready.vin, unready.vin, other.vin])
    for _ in range(3):
        a_driver(company)
    ReadinessPolicy.objects.create(company=company, asks_charge=False, asks_inspection=False, least_keys=0)
    Vehicle.objects.filter(pk__in=[ready.pk, other.pk]).update(in_yard_at=AT)
    consignment = a_consignment(company, ready, unready)
    shown = see("roster", consignment=consignment.pk)
    assert f'name="driver-{ready.pk}"' in shown
    assert f'name="driver-{unready.pk}"' not in shown
    assert f'name="driver-{other.pk}"' not in shown
    assert "The vehicle is not in the yard yet" in shown


def test_another_companys_consignment_is_not_the_rosters(company, see):
    a_route()
    theirs = a_consignment(a_company("East Star Trade"), name="Theirs")
    shown = see("roster", consignment=theirs.pk)
    assert "Theirs" not in shown


@pytest.mark.parametrize(("name", "queries"), [("consignment", 11), ("consignment_cars", 9)])
def test_a_page_takes_the_same_few_queries_however_large_it_is(
    company, see, django_assert_num_queries, name, queries
):
    consignment = a_consignment(company)
    for _ in range(3):
        trip = an_issued_trip(company)
        join_consignment(consignment=consignment, vins=[trip.vehicle.vin, a_vehicle(company).vin])
        with django_assert_num_queries(queries):
            see(name, consignment.pk)


def test_the_list_takes_the_same_few_queries_and_shows_progress(company, see, django_assert_num_queries):
    for number in range(3):
        trip = an_issued_trip(company)
        a_consignment(company, trip.vehicle, a_vehicle(company), name=f"Train {number}")
        with django_assert_num_queries(6):
            shown = see("consignments")
    assert "1 of 2" in shown
