"""What happened in the yard is taken from a spreadsheet, and so is who came together."""

from __future__ import annotations

import csv
import io
from datetime import UTC, datetime

import pytest
from django.core.management import call_command

from ferry.actions.consignments import change_consignment, join_consignment, open_consignment
from ferry.actions.imports import Tally, import_fleet
from ferry.models import Consignment, Vehicle, VehicleMark
from tests.builders import AT, BY, a_company, a_petrol_car, a_vehicle, a_vin

pytestmark = pytest.mark.django_db

TITLES = ["车架号", "入场日期", "验车日期", "电量", "钥匙数量", "批次"]


def take(company, *lines, titles=TITLES):
    text = io.StringIO()
    csv.writer(text).writerows([titles, *lines])
    return import_fleet(
        company=company, source=io.BytesIO(text.getvalue().encode()), name="yard.csv", at=AT, by=BY
    )


def codes(report) -> list[list[str]]:
    return [[reason.code for reason in line.reasons] for table in report.refused for line in table.lines]


def test_it_takes_every_column_and_again_says_nothing_new():
    company = a_company()
    car = a_vehicle(company)
    line = [car.vin.lower(), "2026-11-20", "2026-11-21", "85%", "2", "Xiaomo 6818"]
    report = take(company, line)
    assert report.tallies == {"readiness": Tally(changed=1)}
    car.refresh_from_db()
    assert car.in_yard_at == datetime(2026, 11, 19, 16, tzinfo=UTC)
    assert car.inspected_at == datetime(2026, 11, 20, 16, tzinfo=UTC)
    assert (car.charged_at, car.charge_percent, car.keys) == (AT, 85, 2)
    assert (car.consignment.name, car.consignment.company) == ("Xiaomo 6818", company)
    assert set(VehicleMark.objects.values_list("door", flat=True)) == {"import"}
    assert take(company, line).tallies == {"readiness": Tally(unchanged=1)}
    assert VehicleMark.objects.count() == 4


@pytest.mark.parametrize(("cell", "percent"), [("85", 85), ("0.85", 85), ("100 %", 100), ("7", 7)])
def test_a_percentage_is_read_however_it_is_kept(cell, percent):
    company = a_company()
    car = a_vehicle(company)
    take(company, [car.vin, cell], titles=["VIN", "SOC"])
    assert Vehicle.objects.get().charge_percent == percent


def test_each_bad_line_is_refused_with_its_reasons_and_the_good_ones_are_taken():
    company = a_company()
    good, bad, late = (a_vehicle(company) for _ in range(3))
    theirs = a_vehicle(a_company("East Star Trade"))
    report = take(
        company,
        [good.vin, "2026-11-20", "", "", "", ""],
        [good.vin, "2026-11-20", "", "", "", ""],
        [bad.vin, "someday", "", "1", "many", ""],
        [late.vin, "2026-12-20", "", "150", "", ""],
        [theirs.vin, "2026-11-20", "", "", "", ""],
        [a_vin(), "2026-11-20", "", "", "", ""],
    )
    assert report.tallies == {"readiness": Tally(changed=1, refused=5)}
    assert codes(report) == [
        ["repeated_line"],
        ["date_unreadable", "percent_ambiguous", "not_a_number"],
        ["charge_range", "day_in_future"],
        ["vehicle_unknown"],
        ["vehicle_unknown"],
    ]
    assert [row.vehicle for row in VehicleMark.objects.all()] == [good]


def test_a_closed_or_another_consignment_refuses_the_line_and_nothing_of_it_is_kept():
    company = a_company()
    closed = open_consignment(company=company, name="Old", kind="ship", at=AT, by=BY)
    said = {"name": "Old", "kind": "ship", "expected_on": None, "note": "", "is_closed": True}
    change_consignment(consignment=closed, **said, at=AT, by=BY)
    other = open_consignment(company=company, name="Train 7", kind="train", at=AT, by=BY)
    one, two = a_vehicle(company), a_vehicle(company)
    join_consignment(consignment=other, vins=[two.vin])
    report = take(
        company,
        [one.vin, "2026-11-20", "", "", "", "Old"],
        [two.vin, "2026-11-20", "", "", "", "Train 8"],
    )
    assert codes(report) == [["consignment_closed"], ["in_another_consignment"]]
    assert not VehicleMark.objects.exists()
    assert not Consignment.objects.filter(name="Train 8").exists()


def test_a_list_of_vehicles_may_name_their_consignment():
    company = a_company()
    known = a_petrol_car(company)
    vin = a_vin()
    titles = ["VIN", "Make", "Model", "Powertrain", "HS code", "Consignment"]
    lines = [
        [vin, "BYD", "Song Plus", "EV", "8703801090", "Batch 9"],
        [known.vin, known.make, known.model, "petrol", known.hs_code, "Batch 9"],
    ]
    report = take(company, *lines, titles=titles)
    assert report.tallies == {"vehicles": Tally(added=1, unchanged=1)}
    assert Consignment.objects.get().vehicles.count() == 2
    assert take(company, *lines, titles=titles).tallies == {"vehicles": Tally(unchanged=2)}
    assert Consignment.objects.get().vehicles.count() == 2


def test_the_command_takes_it_and_says_so(tmp_path, capsys):
    company = a_company()
    car = a_vehicle(company)
    file = tmp_path / "yard.csv"
    file.write_text(f"VIN,Arrived,Keys\n{car.vin},2026-01-02,2\n")
    call_command("import_fleet", str(file), company=company.uscc, language="en")
    assert "readiness: 0 added, 1 changed" in capsys.readouterr().out
    assert Vehicle.objects.get().keys == 2
