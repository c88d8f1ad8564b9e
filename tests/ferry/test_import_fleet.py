"""A company's spreadsheet is taken line by line."""

from __future__ import annotations

import csv
import io
from datetime import date

import pytest
from django.core.management import CommandError, call_command
from openpyxl import Workbook, load_workbook

from ferry.actions import imports
from ferry.actions.drivers import change_driver
from ferry.actions.imports import Tally, import_fleet
from ferry.models import Company, Declaration, Driver, Person, Vehicle
from tests.builders import (
    AT,
    BY,
    a_company,
    a_declaration,
    a_declaration_number,
    a_driver,
    a_passport_number,
    a_vehicle,
    a_vin,
)

pytestmark = pytest.mark.django_db

VEHICLES = ["车架号", "品牌", "车型", "动力类型", "颜色", "商品编码"]
DRIVERS = ["姓名", "护照号", "护照有效期", "国籍", "准驾车型", "驾驶证有效期", "手机", "语言"]
DECLARATIONS = ["报关单号", "监管方式", "状态", "车架号"]


def a_vehicle_line(vin=None, **cells):
    usual = [vin or a_vin(), "比亚迪", "宋PLUS", "纯电动", "白色", "8703801090"]
    return _with(usual, VEHICLES, cells)


def a_driver_line(passport=None, **cells):
    usual = [
        "马军",
        passport or a_passport_number(),
        "2034-01-01",
        "中国",
        "C1",
        "长期",
        "13999990001",
        "中文",
    ]
    return _with(usual, DRIVERS, cells)


def a_declaration_line(number, vin=None, **cells):
    return _with([number, "0110", "放行", vin or a_vin()], DECLARATIONS, cells)


def _with(usual, titles, cells):
    return [cells.get(title, value) for title, value in zip(titles, usual, strict=True)]


def a_workbook(**sheets):
    """Write sheets in the order named: each a list of lines, the headings first."""
    workbook = Workbook()
    workbook.remove(workbook.active)
    for title, lines in sheets.items():
        sheet = workbook.create_sheet(title)
        for line in lines:
            sheet.append(line)
    file = io.BytesIO()
    workbook.save(file)
    file.seek(0)
    return file


def take(company: Company, **sheets):
    return import_fleet(company=company, source=a_workbook(**sheets), name="fleet.xlsx", at=AT, by=BY)


def codes(report):
    return [[reason.code for reason in line.reasons] for table in report.refused for line in table.lines]


@pytest.fixture
def company():
    return a_company()


def test_it_takes_all_three_kinds_whatever_the_order_of_the_sheets(company):
    line, number = a_vehicle_line(), a_declaration_number()
    report = take(
        company,
        报关单=[DECLARATIONS, a_declaration_line(number, line[0]), a_declaration_line(number)],
        司机=[DRIVERS, a_driver_line()],
        车辆=[VEHICLES, line],
    )
    assert report.tallies == {
        "vehicles": Tally(added=1),
        "drivers": Tally(added=1),
        "declarations": Tally(added=2),
    }
    vehicle = Vehicle.objects.get(company=company)
    assert (vehicle.vin, vehicle.powertrain, vehicle.hs_code) == (line[0], "bev", "8703801090")
    assert vehicle.history.get().history_change_reason == BY
    assert vehicle.history.get().history_date == AT
    driver = Driver.objects.get(company=company)
    assert (driver.nationality, driver.language, driver.passport_expires_on) == (
        "CN",
        "zh-hans",
        date(2034, 1, 1),
    )
    declaration = Declaration.objects.get(company=company)
    assert (declaration.status, declaration.quantity, declaration.status_claimed) == ("released", 2, True)


@pytest.mark.parametrize("title", ["姓名拼音", "姓名（拼音）", "拼音", "Name (Latin)", "ФИО латиницей"])
def test_it_takes_the_latin_name_and_a_line_without_one_leaves_it(company, title):
    line = a_driver_line()
    faulty = [*a_driver_line(), "马军"]
    report = take(company, 司机=[[*DRIVERS, title], [*line, "Ma, Jun"], faulty])
    assert report.tallies["drivers"] == Tally(added=1, refused=1)
    [refused] = report.refused[0].lines
    assert [(reason.code, reason.attr) for reason in refused.reasons] == [("latin_name_form", "name_latin")]
    assert take(company, 司机=[DRIVERS, line]).tallies["drivers"] == Tally(unchanged=1)
    driver = Driver.objects.get(company=company)
    assert (driver.name, driver.name_latin) == (line[0], "MA JUN")


def test_the_same_file_again_changes_nothing(company):
    number = a_declaration_number()
    sheets = {
        "车辆": [VEHICLES, a_vehicle_line(), a_vehicle_line(车型="海豹")],
        "司机": [DRIVERS, a_driver_line(), a_driver_line()],
        "报关单": [DECLARATIONS, a_declaration_line(number), a_declaration_line(number)],
    }
    take(company, **sheets)
    report = take(company, **sheets)
    assert report.tallies == {kind: Tally(unchanged=2) for kind in ("vehicles", "drivers", "declarations")}
    assert Vehicle.history.count() == Driver.history.count() == Person.objects.count() == 2
    assert Declaration.history.count() == 1


def test_a_changed_line_changes_what_is_stored_and_keeps_the_history(company):
    vin, passport, number = a_vin(), a_passport_number(), a_declaration_number()
    first = {
        "车辆": [VEHICLES, a_vehicle_line(vin)],
        "司机": [DRIVERS, a_driver_line(passport)],
        "报关单": [DECLARATIONS, a_declaration_line(number, vin, 状态="已申报")],
    }
    take(company, **first)
    second = {
        "车辆": [VEHICLES, a_vehicle_line(vin, 颜色="黑色", 品牌="")],
        "司机": [DRIVERS, a_driver_line(passport, 手机="")],
        "报关单": [DECLARATIONS, a_declaration_line(number, vin)],
    }
    report = take(company, **second)
    assert report.tallies["vehicles"] == Tally(refused=1)
    second["车辆"][1] = a_vehicle_line(vin, 颜色="黑色")
    report = take(company, **second)
    assert report.tallies["vehicles"] == Tally(changed=1)
    assert report.tallies["drivers"] == Tally(unchanged=1)
    assert Vehicle.objects.get().colour == "黑色"
    assert Vehicle.history.count() == Declaration.history.count() == 2
    assert Declaration.objects.get().status == "released"


def test_an_old_file_does_not_undo_what_customs_said(company):
    declaration = a_declaration(company)
    vin = declaration.declared_vehicles.get().vin
    Declaration.objects.filter(pk=declaration.pk).update(status="amended", status_claimed=False)
    report = take(company, 报关单=[DECLARATIONS, a_declaration_line(declaration.number, vin)])
    assert report.tallies["declarations"] == Tally(unchanged=1)
    assert Declaration.objects.get().status == "amended"


def test_every_reason_against_a_line_is_given_and_the_other_lines_are_taken(company):
    vin = a_vin()
    wrong = vin[:8] + ("0" if vin[8] != "0" else "1") + vin[9:]
    report = take(company, 车辆=[VEHICLES, a_vehicle_line(wrong, 商品编码="870323"), a_vehicle_line()])
    assert codes(report) == [["vin_check_digit", "hs_powertrain"]]
    assert report.tallies["vehicles"] == Tally(added=1, refused=1)
    assert not Vehicle.objects.filter(vin=wrong).exists()


def test_what_hangs_on_an_unreadable_cell_is_not_held_against_the_line(company):
    report = take(company, 车辆=[VEHICLES, a_vehicle_line(动力类型="木炭")])
    assert codes(report) == [["unknown_word"]]


def test_a_line_that_stands_twice_is_refused_the_second_time(company):
    vin, passport = a_vin(), a_passport_number()
    report = take(
        company,
        车辆=[VEHICLES, a_vehicle_line(vin), a_vehicle_line(vin)],
        司机=[DRIVERS, a_driver_line(passport), a_driver_line(passport)],
    )
    assert codes(report) == [["repeated_line"], ["repeated_line"]]
    assert "2" in str(report.refused[0].lines[0].reasons[0].detail)
    assert Vehicle.objects.count() == Driver.objects.count() == 1


def test_a_refused_line_keeps_its_declaration_from_looking_complete(company):
    number, vin = a_declaration_number(), a_vin()
    lines = [
        a_declaration_line(number, vin),
        a_declaration_line(number, "LGX123"),
        a_declaration_line(number),
    ]
    report = take(company, 报关单=[DECLARATIONS, *lines])
    assert codes(report) == [["vins_form"]]
    [incomplete] = report.incomplete
    assert (incomplete.number, incomplete.taken, incomplete.lines) == (number, 2, 3)
    declaration = Declaration.objects.get()
    assert (declaration.quantity, declaration.declared_vehicles.count()) == (3, 2)

    report = take(company, 报关单=[DECLARATIONS, a_declaration_line(number)])
    declaration.refresh_from_db()
    assert report.tallies["declarations"] == Tally(added=1)
    assert (declaration.quantity, declaration.declared_vehicles.count()) == (3, 3)


def test_a_vin_twice_on_one_declaration_counts_once(company):
    number, vin = a_declaration_number(), a_vin()
    line = a_declaration_line(number, vin)
    report = take(company, 报关单=[DECLARATIONS, line, line])
    assert (report.tallies["declarations"], report.incomplete) == (Tally(added=1, refused=1), [])
    assert Declaration.objects.get().quantity == 1


def test_lines_of_one_declaration_must_agree(company):
    number = a_declaration_number()
    report = take(
        company,
        报关单=[DECLARATIONS, a_declaration_line(number), a_declaration_line(number, 状态="已申报")],
    )
    assert codes(report) == [["declaration_lines_differ"]]
    assert Declaration.objects.get().quantity == 2


def test_a_bad_number_refuses_every_line_of_the_declaration(company):
    number = a_declaration_number()
    import_number = number[:8] + "1" + number[9:]
    lines = [a_declaration_line(import_number), a_declaration_line(import_number)]
    report = take(company, 报关单=[DECLARATIONS, *lines])
    assert codes(report) == [["declaration_is_import"]] * 2
    assert report.unplaced == 2
    assert not Declaration.objects.exists()


def test_a_strangers_vehicle_and_declaration_are_refused_without_naming_the_stranger(company):
    stranger = a_company("East Star Trade")
    vehicle, declaration = a_vehicle(stranger), a_declaration(stranger)
    report = take(
        company,
        车辆=[VEHICLES, a_vehicle_line(vehicle.vin)],
        报关单=[DECLARATIONS, a_declaration_line(declaration.number)],
    )
    assert codes(report) == [["vehicle_taken"], ["declaration_taken"]]
    told = " ".join(str(line.reasons[0].detail) for table in report.refused for line in table.lines)
    assert "East" not in told
    assert stranger.uscc not in told
    vehicle.refresh_from_db()
    assert vehicle.company == stranger
    assert declaration.declared_vehicles.count() == 1


def test_another_companys_driver_is_the_same_person(company):
    driver = a_driver(a_company("East Star Trade"))
    report = take(company, 司机=[DRIVERS, a_driver_line(driver.passport_number)])
    assert report.tallies["drivers"] == Tally(added=1)
    assert Person.objects.count() == 1


def test_a_vehicle_registered_elsewhere_meanwhile_refuses_its_line_alone(company, monkeypatch):
    stranger = a_company("East Star Trade")
    lines = [a_vehicle_line(), a_vehicle_line(), a_vehicle_line()]
    judge = imports.judge_vehicle

    def judge_while_the_stranger_registers(vehicle, *, today):
        if not Vehicle.objects.exists():
            a_vehicle(stranger, vin=lines[1][0])
        return judge(vehicle, today=today)

    monkeypatch.setattr(imports, "judge_vehicle", judge_while_the_stranger_registers)
    report = take(company, 车辆=[VEHICLES, *lines])
    assert codes(report) == [["vehicle_taken"]]
    assert report.tallies["vehicles"] == Tally(added=2, refused=1)
    assert Vehicle.objects.filter(company=stranger).count() == 1


def test_an_older_passport_does_not_replace_a_newer_one(company):
    driver = a_driver(company, passport_expires_on=date(2030, 1, 1))
    old = driver.passport_number
    new = change_driver(
        driver=driver,
        passport_number=a_passport_number(),
        passport_expires_on=date(2036, 1, 1),
        at=AT,
        by=BY,
    )
    report = take(company, 司机=[DRIVERS, a_driver_line(old, 护照有效期="2030-01-01")])
    assert codes(report) == [["older_passport"]]
    driver.refresh_from_db()
    assert driver.passport_number == new.passport_number


def run(file, company, **options):
    out = io.StringIO()
    call_command("import_fleet", str(file), company=company.uscc, stdout=out, **options)
    return out.getvalue()


def test_the_command_writes_the_refused_lines_and_takes_them_corrected(company, tmp_path):
    bad = a_vehicle_line("LGX123")
    file = tmp_path / "fleet.xlsx"
    file.write_bytes(a_workbook(车辆=[VEHICLES, bad, a_vehicle_line()]).getvalue())
    refused = tmp_path / "fleet-refused.xlsx"
    told = run(file, company)
    assert "1 added, 0 changed, 0 unchanged, 1 refused" in told
    assert str(refused) in told

    workbook = load_workbook(refused)
    rows = list(workbook["车辆"].iter_rows(values_only=True))
    workbook.close()
    assert rows[0][: len(VEHICLES)] == tuple(VEHICLES)
    assert rows[1][0] == "LGX123"
    assert rows[1][len(VEHICLES)] == "2"
    assert "17 characters" in rows[1][-1]

    corrected = [a_vin(), *rows[1][1:]]
    file.write_bytes(a_workbook(车辆=[list(rows[0]), corrected]).getvalue())
    assert "1 added, 0 changed, 0 unchanged, 0 refused" in run(file, company)
    assert not refused.exists()
    assert Vehicle.objects.count() == 2


def test_the_command_reads_a_companys_csv_in_gb18030(company, tmp_path):
    text = io.StringIO()
    csv.writer(text).writerows([VEHICLES, a_vehicle_line(品牌="　ＢＹＤ ")])
    file = tmp_path / "车辆.csv"
    file.write_bytes(text.getvalue().encode("gb18030"))
    assert "1 added" in run(file, company)
    assert Vehicle.objects.get().make == "BYD"


def test_the_command_says_what_a_declaration_lacks(company, tmp_path):
    number = a_declaration_number()
    file = tmp_path / "d.xlsx"
    lines = [a_declaration_line(number), a_declaration_line(number, "X")]
    file.write_bytes(a_workbook(d=[DECLARATIONS, *lines]).getvalue())
    out = tmp_path / "elsewhere.xlsx"
    told = run(file, company, refused=out)
    assert f"Declaration {number}: 1 of 2 lines taken." in told
    assert out.exists()


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("empty.csv", b""),
        ("blank.csv", b"\n\n\n"),
        ("headings.csv", b"colour,size\nred,3\n"),
        ("picture.xlsx", b"\x89PNG\r\n\x1a\n" + b"\0" * 100),
        ("zip.xlsx", b"PK\x03\x04 not a zip"),
        ("old.xls", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600),
    ],
)
def test_a_file_that_cannot_be_used_is_refused_with_a_sentence(company, tmp_path, name, content):
    file = tmp_path / name
    file.write_bytes(content)
    with pytest.raises(CommandError) as refusal:
        run(file, company)
    assert str(refusal.value).endswith((".", ")"))
    assert not Vehicle.objects.exists()


def test_a_missing_file_and_an_unknown_company_are_refused_with_a_sentence(company, tmp_path):
    with pytest.raises(CommandError, match=r"nothing\.xlsx"):
        run(tmp_path / "nothing.xlsx", company)
    with pytest.raises(CommandError, match="12345"):
        call_command("import_fleet", str(tmp_path / "nothing.xlsx"), company="12345")


def test_the_refused_lines_never_overwrite_the_file_itself(company, tmp_path):
    file = tmp_path / "fleet.xlsx"
    file.write_bytes(a_workbook(v=[VEHICLES, a_vehicle_line("X")]).getvalue())
    before = file.read_bytes()
    with pytest.raises(CommandError):
        run(file, company, refused=file)
    assert file.read_bytes() == before


def test_records_of_the_border_are_not_a_fleet(company, tmp_path):
    file = tmp_path / "records.csv"
    file.write_text("kind,occurred_at,source_reference\nkz_entry,2026-11-22 10:00,A1\n")
    with pytest.raises(CommandError, match="records of the border"):
        run(file, company)


def test_the_questions_asked_do_not_grow_with_the_lines(company, django_assert_max_num_queries):
    lines = [a_vehicle_line() for _ in range(imports.BATCH)]
    with django_assert_max_num_queries(imports.BATCH // 10):
        take(company, 车辆=[VEHICLES, *lines])
    with django_assert_max_num_queries(6):
        take(company, 车辆=[VEHICLES, *lines])


def test_fifty_thousand_lines_are_taken_in_batches(company):
    vins = [a_vin() for _ in range(1_000)]
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(VEHICLES)
    for vin in vins * 50:
        writer.writerow(a_vehicle_line(vin))
    file = io.BytesIO(text.getvalue().encode())
    report = import_fleet(company=company, source=file, name="fleet.csv", at=AT, by=BY)
    assert report.tallies["vehicles"] == Tally(added=1_000, refused=49_000)
    assert report.refused[0].lines[-1].row.number == 50_001


def test_a_passports_machine_readable_line_checks_its_row_and_is_not_kept():
    line = "E123456782CHN8001014M3401011<<<<<<<<<<<<<<<8"
    titles = [*DRIVERS, "护照机读码"]
    good, slip = [*a_driver_line("E12345678"), line], [*a_driver_line("E12345687"), line]
    company = a_company()
    for tally in (Tally(added=1, refused=1), Tally(unchanged=1, refused=1)):
        report = take(company, 司机=[titles, good, slip])
        assert report.tallies["drivers"] == tally
        assert codes(report) == [["mrz_other_number"]]


def test_a_dry_run_counts_and_writes_nothing(company, tmp_path, capsys):
    file = tmp_path / "fleet.xlsx"
    file.write_bytes(a_workbook(车辆=[VEHICLES, a_vehicle_line(), ["X"] * 6]).getvalue())
    call_command("import_fleet", file, company=company.uscc, dry_run=True)
    said = capsys.readouterr().out
    assert "vehicles: 1 added, 0 changed, 0 unchanged, 1 refused" in said
    assert "Nothing was written" in said
    assert not Vehicle.objects.exists()
    assert (tmp_path / "fleet-refused.xlsx").exists()


def test_a_dry_run_knows_repeats_across_batches(company, monkeypatch):
    monkeypatch.setattr(imports, "BATCH", 1)
    line = a_vehicle_line()
    report = import_fleet(
        company=company,
        source=a_workbook(车辆=[VEHICLES, line, line]),
        name="fleet.xlsx",
        is_trial=True,
        at=AT,
        by=BY,
    )
    assert codes(report) == [["repeated_line"]]
    assert not Vehicle.objects.exists()
