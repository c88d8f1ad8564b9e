"""The sample fleet: good lines that every rule accepts, and one line for each planted fault."""

from __future__ import annotations

from collections import Counter
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.core.management import call_command

from ferry.rules.findings import FINE, Finding
from ferry.rules.numbers import judge_declaration_number, judge_passport, judge_supervision_mode
from ferry.rules.powertrain import judge_hs, judge_licence_class
from ferry.rules.vin import judge_vin, normalise_vin
from ferry.sheets import clean_row, read_tables

TODAY = date(2026, 11, 1)
COMMITTED = settings.BASE_DIR / "samples"

Lines = list[tuple[dict[str, Any], list[str]]]


@pytest.fixture
def sample(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Path:
    path = tmp_path / "fleet.xlsx"
    call_command("make_sample", str(path), today=TODAY)
    return path


def read(path: Path) -> dict[str | None, Lines]:
    """Read every line with the codes of all reasons against it, by the forms of values and by the rules."""
    with read_tables(path, name=path.name) as tables:
        return {table.kind: [_judged(table.kind, row) for row in table.rows] for table in tables}


def _judged(kind: Any, row: Any) -> tuple[dict[str, Any], list[str]]:
    values, faults = clean_row(kind, row)
    finding = FINE if faults else JUDGES[kind](values)
    return values, [reason.code for reason in (*faults, *finding.refuses, *finding.warns)]


def _judge_vehicle(values: dict[str, Any]) -> Finding:
    vin, powertrain = normalise_vin(values["vin"]), values["powertrain"]
    return judge_vin(vin, powertrain=powertrain) + judge_hs(values["hs_code"], powertrain=powertrain)


def _judge_driver(values: dict[str, Any]) -> Finding:
    passport, expires_on = values["passport_number"], values["passport_expires_on"]
    return judge_passport(passport, nationality=values["nationality"], expires_on=expires_on, today=TODAY)


def _judge_declared(values: dict[str, Any]) -> Finding:
    number = judge_declaration_number(values["number"], today=TODAY)
    return number + judge_supervision_mode(values["supervision_mode"])


JUDGES = {"vehicles": _judge_vehicle, "drivers": _judge_driver, "declarations": _judge_declared}


def good(lines: Lines) -> list[dict[str, Any]]:
    return [values for values, codes in lines if not codes]


def faults(lines: Lines) -> list[str]:
    return [code for _values, codes in lines for code in codes]


def test_it_plants_each_fault_once(sample: Path) -> None:
    fleet = read(sample)
    assert sorted(faults(fleet["vehicles"])) == [
        "date_ambiguous",
        "hs_powertrain",
        "vin_characters",
        "vin_check_digit",
    ]
    assert sorted(faults(fleet["drivers"])) == ["date_ambiguous", "passport_expired"]
    assert sorted(faults(fleet["declarations"])) == ["declaration_number_form", "number_lost_digits"]
    vins = Counter(normalise_vin(values["vin"]) for values in good(fleet["vehicles"]))
    assert sorted(vins.values())[-2:] == [1, 2]


def test_it_makes_a_fleet_of_several_makes_and_powertrains(sample: Path) -> None:
    vehicles = good(read(sample)["vehicles"])
    assert len({normalise_vin(values["vin"]) for values in vehicles}) == 62
    assert len({values["make"] for values in vehicles}) >= 10
    powertrains = {values["powertrain"] for values in vehicles}
    assert powertrains == {"bev", "phev", "hev", "petrol", "diesel", "plant"}


def test_it_makes_drivers_for_every_vehicle_and_language(sample: Path) -> None:
    drivers = good(read(sample)["drivers"])
    assert len({values["passport_number"] for values in drivers}) == 40
    assert sum(bool(values["name_latin"]) for values in drivers) == 40
    assert {values["language"] for values in drivers} == {"zh-hans", "kk", "ru", "ug"}
    assert {values["nationality"] for values in drivers} == {"CN", "KZ"}
    for vehicle_class in ("car", "truck", "bus", "plant"):
        classes = [
            judge_licence_class(each["licence_class"], vehicle_class=vehicle_class) for each in drivers
        ]
        assert FINE in classes


def test_it_declares_every_good_vehicle_and_one_that_is_not_ours(sample: Path) -> None:
    fleet = read(sample)
    ours = {normalise_vin(values["vin"]) for values in good(fleet["vehicles"])}
    declared = [values["vin"] for values in good(fleet["declarations"])]
    assert len(declared) == len(set(declared)) == 63
    assert len(set(declared) - ours) == 1
    assert ours <= set(declared)
    assert len({values["number"] for values in good(fleet["declarations"])}) == 8


def test_it_writes_the_same_vehicles_as_text_in_gb18030(sample: Path) -> None:
    content = sample.with_suffix(".csv").read_bytes()
    assert content.decode("gb18030").startswith("序号,品牌")
    with pytest.raises(UnicodeDecodeError):
        content.decode("utf-8")
    assert read(sample.with_suffix(".csv"))["vehicles"] == read(sample)["vehicles"]


def test_it_makes_the_same_bytes_twice(sample: Path, tmp_path: Path) -> None:
    again = tmp_path / "again.xlsx"
    call_command("make_sample", str(again), today=TODAY)
    assert again.read_bytes() == sample.read_bytes()
    assert again.with_suffix(".csv").read_bytes() == sample.with_suffix(".csv").read_bytes()


def test_it_is_the_sample_that_is_shipped(sample: Path) -> None:
    assert read(COMMITTED / "fleet.xlsx") == read(sample)
    assert (COMMITTED / "fleet.csv").read_bytes() == sample.with_suffix(".csv").read_bytes()


def test_its_dates_follow_the_day_it_is_made_for(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "later.xlsx"
    call_command("make_sample", str(path), today=date(2028, 2, 29))
    numbers = {values["number"] for values in good(read_declarations(path))}
    assert {number[4:8] for number in numbers} == {"2028"}
    assert "later.csv" in capsys.readouterr().out


def read_declarations(path: Path) -> Lines:
    with read_tables(path, name=path.name) as tables:
        [rows] = [table.rows for table in tables if table.kind == "declarations"]
        cleaned = [clean_row("declarations", row) for row in rows]
    return [(values, [reason.code for reason in faults]) for values, faults in cleaned]
