"""A company's declarations in the portal."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.urls import reverse

from ferry.actions.crossings import Crossings, Leaving
from ferry.actions.declarations import set_declaration_status
from ferry.models import CaseKind, Declaration, Weight
from tests.builders import (
    AT,
    BY,
    a_company,
    a_declaration,
    a_declaration_number,
    a_licence,
    a_pass,
    a_route,
    a_trip,
    a_vehicle,
    a_vin,
)

pytestmark = pytest.mark.django_db


def described(*vins, **changes) -> dict[str, str]:
    return {
        "number": a_declaration_number(),
        "supervision_mode": "0110",
        "status": "released",
        "vins": "\n".join(vins),
        "quantity": "",
        **changes,
    }


def test_it_registers_a_declaration_with_vins_in_any_layout(company, send):
    one, two, three = a_vin(), a_vin(), a_vin()
    answer = send("declaration_new", **described(f" {one.lower()}, {two}；\n\n{three}\n"))
    declaration = Declaration.objects.get()
    assert answer["Location"] == reverse("portal:declaration", args=[declaration.number])
    assert set(declaration.declared_vehicles.values_list("vin", flat=True)) == {one, two, three}
    assert (declaration.quantity, declaration.status_claimed) == (3, True)


def test_a_form_reached_from_a_vehicle_names_it(client, company):
    answer = client.get(reverse("portal:declaration_new"), {"vins": "LGXCE4CB8S0123456"})
    assert answer.context["form"]["vins"].value() == "LGXCE4CB8S0123456"


def test_every_fault_stands_at_its_field_and_the_input_is_kept(company, send):
    said = described("NONSENSE", number="123", supervision_mode="1", quantity="7")
    answer = send("declaration_new", **said)
    assert {"number", "supervision_mode", "vins"} <= set(answer.context["form"].errors)
    assert "NONSENSE" in answer.content.decode()
    assert not Declaration.objects.exists()


def test_an_unusual_mode_is_saved_with_a_word(client, company, send):
    answer = send("declaration_new", **described(a_vin(), supervision_mode="9900"))
    assert 'data-level="warning"' in client.get(answer["Location"]).content.decode()


def test_it_takes_further_vins_and_a_further_status(company, send):
    first, second = a_vin(), a_vin()
    declaration = a_declaration(company, [first], status="accepted")
    said = {"supervision_mode": "1039", "status": "released", "vins": f"{first} {second}"}
    assert send("declaration_edit", declaration.number, **said).status_code == 302
    declaration.refresh_from_db()
    assert (declaration.status, declaration.supervision_mode) == ("released", "1039")
    assert declaration.declared_vehicles.count() == 2
    refused = send("declaration_edit", declaration.number, **{**said, "vins": "NONSENSE"})
    assert "vins" in refused.context["form"].errors
    assert declaration.declared_vehicles.count() == 2


def test_the_page_names_what_blocks_it(company, see):
    out, waits = a_vehicle(company), a_vehicle(company)
    declaration = a_declaration(company, [out.vin, waits.vin], quantity=3)
    trip = a_trip(company, vehicle=waits, declaration=declaration)
    Crossings(leaving=[Leaving(declaration.pk, out.vin, AT)]).write(at=AT)
    shown = see("declaration", declaration.number)
    assert "1 of 3 out" in shown
    assert "1 vehicle blocks it" in shown
    assert "whose VIN is not entered" in shown
    assert reverse("portal:trip", args=[trip.reference]) in shown
    assert shown.index(waits.vin[-6:]) < shown.index(out.vin[-6:])


def test_the_page_tells_whose_word_the_status_is(company, see):
    declaration = a_declaration(company)
    assert "Your word" in see("declaration", declaration.number)
    set_declaration_status(
        declaration=declaration, status="closed", occurred_at=AT, at=AT + timedelta(hours=1), by=BY
    )
    assert "Your word" not in see("declaration", declaration.number)


def test_the_page_lists_its_cases(company, see):
    from ferry.actions.cases import open_case

    declaration = a_declaration(company)
    open_case(
        declaration=declaration,
        kind=CaseKind.QUANTITY_DIFFERS,
        weight=Weight.HIGH,
        facts={"declared": 2, "out": 1},
        at=AT,
        by=BY,
    )
    assert "More or fewer vehicles out" in see("declaration", declaration.number)


def test_the_list_filters_searches_and_marks_what_is_ready_for_the_refund(company, see):
    ready, waiting = a_declaration(company, status="closed"), a_declaration(company, status="accepted")
    Declaration.objects.filter(pk=ready.pk).update(refund_ready_at=AT)
    assert "Refund-ready</span>" in see("declarations")
    for query in ({"refund": "yes"}, {"status": "closed"}, {"q": ready.number[-6:]}):
        shown = see("declarations", **query)
        assert ready.number in shown
        assert waiting.number not in shown
    vin = waiting.declared_vehicles.get().vin
    assert waiting.number in see("declarations", q=vin[-6:])
    assert "Nothing fits" in see("declarations", q="nothing")


def test_the_list_takes_the_same_few_queries_however_long_it_is(company, see, django_assert_num_queries):
    for _ in range(3):
        a_declaration(company, [a_vin(), a_vin()])
        with django_assert_num_queries(6):
            see("declarations")


def test_the_page_takes_the_same_few_queries_however_many_vins(company, see, django_assert_num_queries):
    for count in (1, 5):
        vehicles = [a_vehicle(company) for _ in range(count)]
        declaration = a_declaration(company, [vehicle.vin for vehicle in vehicles])
        for vehicle in vehicles:
            a_trip(company, vehicle=vehicle, declaration=declaration)
        with django_assert_num_queries(14):
            see("declaration", declaration.number)


def test_a_viewer_sees_but_has_no_buttons(company, as_viewer, see, send):
    declaration = a_declaration(company)
    shown = see("declarations") + see("declaration", declaration.number)
    assert reverse("portal:declaration_new") not in shown
    assert reverse("portal:declaration_edit", args=[declaration.number]) not in shown
    assert send("declaration_new", **described(a_vin())).status_code == 403
    assert Declaration.objects.count() == 1


def test_a_strangers_number_is_refused_without_naming_him(company, send):
    theirs = a_declaration(a_company("East Star Trade"))
    answer = send("declaration_new", **described(a_vin(), number=theirs.number))
    assert "number" in answer.context["form"].errors
    assert "East Star" not in answer.content.decode()


def test_without_declarations_it_shows_the_way(company, see):
    assert reverse("portal:declaration_new") in see("declarations")


def test_the_meter_tells_where_each_vehicle_is_and_what_to_do_next(company, see):
    out, planned, ready, waiting = (a_vehicle(company) for _ in range(4))
    unknown = a_vin()
    vins = [out.vin, planned.vin, ready.vin, waiting.vin, unknown]
    declaration = a_declaration(company, vins, quantity=6)
    declaration.declared_vehicles.filter(vin=out.vin).update(exited_at=AT)
    trip = a_trip(company, vehicle=planned, declaration=declaration)
    a_pass(a_trip(company, vehicle=ready, declaration=declaration))
    shown = see("declaration", declaration.number)
    assert "1 of 6 out" in shown
    for words in (
        "trip planned",
        "code issued",
        "no trip yet",
        "not registered",
        "VIN not entered",
        "out of China",
    ):
        assert f"1 · {words}" in shown
    said = f"?vehicle={waiting.vin}&amp;declaration={declaration.number}"
    assert reverse("portal:trip_new") + said in shown
    assert f"{reverse('portal:vehicle_new')}?vin={unknown}" in shown
    assert reverse("portal:trip", args=[trip.reference]) in shown


def test_a_form_reached_from_the_meter_is_filled_in(company, see):
    waiting = a_vehicle(company)
    shown = see("trip_new", vehicle=waiting.vin, declaration="940720260000000001")
    assert f'value="{waiting.vin}"' in shown
    assert 'value="940720260000000001"' in shown
    assert 'value="LGXCE4CB0S0000001"' in see("vehicle_new", vin="LGXCE4CB0S0000001")


def test_the_refund_is_told_by_its_conditions_until_it_is_ready(company, see):
    declaration = a_declaration(company, status="closed")
    shown = see("declaration", declaration.number)
    assert "Customs have closed the declaration." in shown
    assert (shown.count('data-met="yes"'), shown.count('data-met="no"')) == (1, 1)
    Declaration.objects.filter(pk=declaration.pk).update(refund_ready_at=AT)
    ready = see("declaration", declaration.number)
    assert "Refund-ready" in ready
    assert reverse("portal:refund_declaration", args=[declaration.number]) in ready
    assert "data-met" not in ready


def test_the_goods_are_told_with_the_licence_they_would_take(company, see):
    car, petrol = a_vehicle(company), a_vehicle(company, powertrain="diesel", hs_code="8703323110")
    a_route()
    declaration = a_declaration(company, [car.vin, petrol.vin])
    shown = see("declaration", declaration.number)
    assert "needs an export licence, none is usable" in shown
    assert "no export licence needed" in shown
    licence = a_licence(company, quantity=7)
    shown = see("declaration", declaration.number)
    assert reverse("portal:licence", args=[licence.pk]) in shown
    assert "7 left" in shown


def test_a_viewer_sees_what_blocks_but_no_way_to_write(company, as_viewer, see):
    declaration = a_declaration(company)
    shown = see("declaration", declaration.number)
    assert "not registered" in shown
    assert reverse("portal:vehicle_new") not in shown
