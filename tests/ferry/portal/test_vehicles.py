"""A company's vehicles in the portal, and handing them over."""

from __future__ import annotations

from datetime import timedelta
from itertools import pairwise

import pytest
from django.urls import reverse

from ferry.actions.cases import open_case
from ferry.actions.trips import cancel_trip
from ferry.actions.vehicles import answer_handover, offer_vehicle
from ferry.models import CaseKind, Handover, Vehicle, Weight
from tests.builders import (
    AT,
    BY,
    a_company,
    a_declaration,
    a_document,
    a_licence,
    a_petrol_car,
    a_route,
    a_trip,
    a_vehicle,
    a_vin,
    an_issued_trip,
)

pytestmark = pytest.mark.django_db


def described(**changes) -> dict[str, str]:
    return {
        "vin": a_vin(),
        "make": "BYD",
        "model": "Song Plus",
        "powertrain": "bev",
        "hs_code": "8703801090",
        "colour": "white",
        "plate": "",
        "registered_on": "2026-06-01",
        **changes,
    }


def test_it_registers_a_vehicle_and_opens_it(client, company, send):
    said = described(after_sales_confirmed="on")
    answer = send("vehicle_new", **said)
    vehicle = Vehicle.objects.get()
    assert answer["Location"] == reverse("portal:vehicle", args=[vehicle.vin])
    assert (vehicle.company, vehicle.vin) == (company, said["vin"])
    assert vehicle.after_sales_confirmed
    assert "is registered" in client.get(answer["Location"]).content.decode()


def test_every_fault_stands_at_its_field_and_the_input_is_kept(company, send):
    answer = send("vehicle_new", **described(vin="LGXCE4CB00000000I", hs_code="8703234110", make="Own Make"))
    errors = answer.context["form"].errors
    assert set(errors) == {"vin", "hs_code"}
    assert 'value="Own Make"' in answer.content.decode()
    assert not Vehicle.objects.exists()


def test_what_is_saved_but_deserves_a_look_is_said(client, company, send):
    answer = send("vehicle_new", **described(vin="JTDBR32E720054321"))
    shown = client.get(answer["Location"]).content.decode()
    assert "Position 9 of the VIN" in shown
    assert Vehicle.objects.exists()


def test_it_changes_a_vehicle_and_refuses_another_vin_once_a_trip_is_planned(company, send):
    vehicle = a_trip(company).vehicle
    same = {"registered_on": "", "vin": vehicle.vin}
    assert send("vehicle_edit", vehicle.vin, **described(**same, colour="black")).status_code == 302
    refused = send("vehicle_edit", vehicle.vin, **described(colour="green"))
    assert "vin" in refused.context["form"].errors
    vehicle.refresh_from_db()
    assert vehicle.colour == "black"


def test_the_form_opens_with_what_is_stored(company, see):
    vehicle = a_vehicle(company, plate="新A·T0001")
    shown = see("vehicle_edit", vehicle.vin)
    assert vehicle.vin in shown
    assert "新A·T0001" in shown


def test_the_list_tells_what_each_is_doing(company, see):
    waiting, going = a_vehicle(company), an_issued_trip(company).vehicle
    shown = see("vehicles")
    assert waiting.vin[-6:] in shown
    assert "Ready" in shown
    assert "Waiting" in shown
    assert going.vin[-6:] not in see("vehicles", doing="waiting")
    assert waiting.vin[-6:] not in see("vehicles", doing="travelling")
    assert "Nothing fits" in see("vehicles", doing="there")


def test_the_list_names_the_newest_declaration(company, see):
    vehicle = a_vehicle(company)
    old, new = a_declaration(company, [vehicle.vin]), a_declaration(company, [vehicle.vin])
    shown = see("vehicles")
    assert new.number in shown
    assert old.number not in shown


@pytest.mark.parametrize("q", ["TIGGO", "tiggo 8", "新a", "chery"])
def test_the_list_finds_by_search(company, see, q):
    found, other = a_petrol_car(company, plate="新A·T0001"), a_vehicle(company)
    shown = see("vehicles", q=q)
    assert found.vin[-6:] in shown
    assert other.vin[-6:] not in shown
    assert found.vin[-6:] in see("vehicles", q=found.vin[-6:].lower())


def test_without_vehicles_it_shows_the_way(company, see):
    assert reverse("portal:import") in see("vehicles")


def test_the_list_takes_the_same_few_queries_however_long_it_is(company, see, django_assert_num_queries):
    for _ in range(3):
        an_issued_trip(company)
        with django_assert_num_queries(9):
            see("vehicles")


def test_a_viewer_sees_but_has_no_buttons(company, as_viewer, see, send):
    vehicle = a_vehicle(company)
    shown = see("vehicles") + see("vehicle", vehicle.vin) + see("handovers")
    for name in ("vehicle_new", "import"):
        assert reverse(f"portal:{name}") not in shown
    assert reverse("portal:vehicle_edit", args=[vehicle.vin]) not in shown
    assert send("handovers", vin=vehicle.vin, to_company=a_company().uscc).status_code == 403
    assert not Handover.objects.exists()


def test_it_offers_a_vehicle_which_stays_until_the_other_company_accepts(client, company, send, see):
    vehicle, other = a_vehicle(company), a_company("East Star Trade")
    send("handovers", vin=vehicle.vin.lower(), to_company=f" {other.uscc} ")
    offer = Handover.objects.get()
    assert (offer.vehicle, offer.to_company, offer.accepted) == (vehicle, other, None)
    assert "East Star Trade" in see("vehicle", vehicle.vin)
    refused = send("handover_answer", offer.pk, answer="accept")
    assert refused.status_code == 404
    vehicle.refresh_from_db()
    assert vehicle.company == company


@pytest.mark.parametrize(("answer", "moves"), [("accept", True), ("decline", False)])
def test_an_offer_is_accepted_or_declined(company, send, see, answer, moves):
    other = a_company("East Star Trade")
    vehicle = a_vehicle(other)
    offer = offer_vehicle(vehicle=vehicle, to_company=company, at=AT, by=BY)
    assert vehicle.vin[-6:] in see("handovers")
    send("handover_answer", offer.pk, answer=answer)
    vehicle.refresh_from_db()
    assert (vehicle.company == company) is moves
    send("handover_answer", offer.pk, answer=answer)
    assert "answered or withdrawn already" in see("handovers")


def test_an_offer_is_withdrawn(company, send):
    offer = offer_vehicle(vehicle=a_vehicle(company), to_company=a_company(), at=AT, by=BY)
    send("handover_answer", offer.pk, answer="withdraw")
    offer.refresh_from_db()
    assert (offer.answered_at, offer.accepted) == (AT, False)
    assert send("handover_answer", offer.pk, answer="nonsense").status_code == 404


def test_an_offer_of_what_is_not_ours_or_to_nobody_says_both(company, send):
    stranger = a_vehicle(a_company("East Star Trade"))
    answer = send("handovers", vin=stranger.vin, to_company="91654004MA0000000X")
    assert set(answer.context["form"].errors) == {"vin", "to_company"}
    assert not Handover.objects.exists()


def test_a_vehicle_on_its_way_is_not_offered(company, send):
    trip = an_issued_trip(company)
    answer = send("handovers", vin=trip.vehicle.vin, to_company=a_company().uscc)
    assert "vin" in answer.context["form"].errors
    assert not Handover.objects.exists()


def test_the_newest_stand_first(company, see):
    vins = [a_vehicle(company).vin[-6:] for _ in range(3)]
    shown = see("vehicles")
    assert all(shown.index(newer) < shown.index(older) for older, newer in pairwise(vins))


def test_the_page_tells_trips_events_cases_and_handovers_in_one_view(company, see):
    partner = a_company("Partner Cars")
    vehicle = a_vehicle(partner)
    offer = offer_vehicle(vehicle=vehicle, to_company=company, at=AT, by=BY)
    answer_handover(handover=offer, company=company, accept=True, at=AT, by=BY)
    vehicle.refresh_from_db()
    trip = an_issued_trip(company, vehicle=vehicle)
    open_case(
        trip=trip, kind=CaseKind.DAMAGE, weight=Weight.MEDIUM, facts={"confirmed_at": "x"}, at=AT, by=BY
    )
    shown = see("vehicle", vehicle.vin)
    for words in ("Code issued", "Trip planned", trip.reference, "Partner Cars → Silk Road Cars", "Damage"):
        assert words in shown


def test_what_happened_while_another_company_had_it_is_not_told(company, see):
    partner = a_company("Partner Cars")
    vehicle = a_vehicle(partner)
    theirs = a_trip(partner, vehicle=vehicle)
    cancel_trip(trip=theirs, reason="x", at=AT, by=BY)
    a_document(vehicle)
    offer = offer_vehicle(vehicle=vehicle, to_company=company, at=AT, by=BY)
    answer_handover(handover=offer, company=company, accept=True, at=AT, by=BY)
    shown = see("vehicle", vehicle.vin)
    assert theirs.reference not in shown
    assert "IMG_0001.jpg" not in shown


def test_the_page_leads_to_what_comes_next(company, see):
    vehicle = a_vehicle(company)
    asks, plans = (reverse(f"portal:{page}") for page in ("declaration_new", "trip_new"))
    shown = see("vehicle", vehicle.vin)
    assert f'{asks}?vins={vehicle.vin}"' in shown
    assert f"{plans}?vehicle=" not in shown
    a_declaration(company, [vehicle.vin])
    shown = see("vehicle", vehicle.vin)
    assert asks not in shown
    assert f'{plans}?vehicle={vehicle.vin}"' in shown
    trip = a_trip(company, vehicle=vehicle)
    assert f"{plans}?vehicle=" not in see("vehicle", vehicle.vin)
    cancel_trip(trip=trip, reason="x", at=AT, by=BY)
    assert f"{plans}?vehicle=" in see("vehicle", vehicle.vin)


def test_the_page_tells_whether_the_makers_confirmation_is_needed(company, see):
    new = a_vehicle(company, registered_on=AT.date() - timedelta(days=100))
    old = a_vehicle(company, registered_on=AT.date() - timedelta(days=180))
    sure = a_vehicle(company, registered_on=AT.date() - timedelta(days=100), after_sales_confirmed=True)
    assert "or before 2027-02-10" in see("vehicle", new.vin)
    assert "not needed" in see("vehicle", old.vin)
    assert "confirmed by the maker" in see("vehicle", sure.vin)


def test_the_page_names_the_licence_that_would_be_taken(company, see):
    a_route()
    vehicle = a_vehicle(company)
    assert "none is usable" in see("vehicle", vehicle.vin)
    licence = a_licence(company)
    assert reverse("portal:licence", args=[licence.pk]) in see("vehicle", vehicle.vin)


def test_the_page_takes_the_same_few_queries_however_much_happened(company, see, django_assert_num_queries):
    vehicle = a_vehicle(company)
    for _ in range(3):
        trip = an_issued_trip(company, vehicle=vehicle)
        with django_assert_num_queries(16):
            see("vehicle", vehicle.vin)
        cancel_trip(trip=trip, reason="x", at=AT, by=BY)
