"""A spreadsheet that was uploaded is kept, looked at, and imported by a worker."""

from __future__ import annotations

import io
import uuid
from datetime import timedelta
from itertools import groupby
from pathlib import Path

import pytest
from django.apps import apps
from django.core.files.storage import default_storage
from openpyxl import load_workbook

from ferry.actions import imports
from ferry.actions.file_imports import (
    correct_headings,
    give_up_import,
    keep_upload,
    remove_old_imports,
    start_import,
)
from ferry.actions.import_work import TRIES, claim_import, work_import
from ferry.errors import Conflict, Invalid
from ferry.models import Driver, Fate, FileImport, ImportLine, ImportState, KnownHeadings, Vehicle
from ferry.queries.imports import refused_tables, tallies_of
from ferry.sheets import write_refused
from tests.builders import (
    AT,
    BY,
    a_company,
    a_declaration_number,
    a_file_import,
    a_passport_number,
    a_vehicle,
    a_vin,
    work_imports,
)
from tests.ferry.test_import_fleet import (
    DECLARATIONS,
    DRIVERS,
    VEHICLES,
    a_declaration_line,
    a_driver_line,
    a_vehicle_line,
    a_workbook,
)

pytestmark = pytest.mark.django_db

OUR_OWN = {FileImport, ImportLine, KnownHeadings}
SAMPLE = Path(__file__).parents[3] / "samples" / "fleet.xlsx"
TURNED = ["VIN", "Brand name", "Model", "Powertrain", "HS code"]


class Killed(BaseException):
    """What a worker that is killed does not live to see."""


def upload(company, source, name="fleet.xlsx", language="en", key=None) -> FileImport:
    kept, _is_new = keep_upload(
        company=company,
        key=key or uuid.uuid4(),
        file=source,
        name=name,
        language=language,
        at=AT,
        by=BY,
    )
    return kept


def preview(company, source, name="fleet.xlsx", **how) -> FileImport:
    return work_imports(upload(company, source, name, **how))


def imported(file_import) -> FileImport:
    assert start_import(file_import=file_import, at=AT, by=BY)
    return work_imports(file_import)


def everything() -> dict[str, list]:
    """Copy what every table holds, except those of imports themselves."""
    models = [model for model in apps.get_models(include_auto_created=True) if model not in OUR_OWN]
    return {model.__name__: list(model.objects.order_by("pk").values()) for model in models}


def fates(file_import) -> list:
    lines = file_import.lines.order_by("sheet", "number")
    return [(line.sheet, line.number, line.fate, line.told["reasons"]) for line in lines]


def a_fleet():
    """All three kinds, with every fate a first import knows."""
    number, twice = a_declaration_number(), a_vin()
    return a_workbook(
        车辆=[VEHICLES, *(a_vehicle_line() for _n in range(4)), *[a_vehicle_line(twice)] * 2, ["X"] * 6],
        司机=[DRIVERS, *(a_driver_line() for _n in range(3)), a_driver_line("X")],
        报关单=[DECLARATIONS, *(a_declaration_line(number) for _n in range(3)), a_declaration_line("")],
    )


@pytest.fixture
def company():
    return a_company()


@pytest.fixture(autouse=True)
def _small_batches(monkeypatch):
    monkeypatch.setattr(imports, "BATCH", 2)


def test_a_preview_writes_nothing_and_says_every_lines_fate(company):
    stored = a_vehicle(company)
    before = everything()
    changed, new = a_vehicle_line(stored.vin), a_vehicle_line()
    file_import = preview(company, a_workbook(车辆=[VEHICLES, changed, new, ["X"] * 6]))
    assert everything() == before
    assert file_import.state == ImportState.PREVIEWED
    assert [fate for _sheet, _number, fate, _reasons in fates(file_import)] == ["changed", "added", "refused"]
    assert (file_import.good, file_import.refused, file_import.read, file_import.total) == (2, 1, 3, 3)


def test_every_line_meets_the_fate_it_was_shown(company):
    file_import = preview(company, a_fleet())
    shown = fates(file_import)
    done = imported(file_import)
    assert done.state == ImportState.DONE
    assert fates(done) == shown
    assert {fate for _sheet, _number, fate, _reasons in shown} == {"added", "refused"}
    assert done.lines.filter(is_settled=False).count() == 0
    again = preview(company, a_fleet())
    assert again.count(Fate.UNCHANGED) == 0


def test_the_sample_meets_the_fates_it_was_shown(company, monkeypatch):
    monkeypatch.setattr(imports, "BATCH", 50)
    with SAMPLE.open("rb") as file:
        file_import = preview(company, file)
    shown, tallies = fates(file_import), file_import.tallies
    done = imported(file_import)
    assert (fates(done), done.tallies) == (shown, tallies)
    assert done.count(Fate.ADDED) == Vehicle.objects.count() + Driver.objects.count() + done.tallies[
        "declarations"
    ].get("added", 0)
    with SAMPLE.open("rb") as file:
        assert preview(company, file).count(Fate.ADDED) == 0


def test_uploading_twice_with_one_key_makes_one(company):
    key, content = uuid.uuid4(), a_fleet().getvalue()
    first = upload(company, io.BytesIO(content), key=key)
    assert upload(company, io.BytesIO(content), key=key) == first
    assert FileImport.objects.count() == 1
    assert len(default_storage.listdir("imports")[1]) == 1


def test_what_is_stored_is_sealed_and_named_by_us(company):
    passport = a_passport_number()
    file_import = preview(company, a_workbook(司机=[DRIVERS, a_driver_line(passport)]), "../马军 list.xlsx")
    with default_storage.open(file_import.file.name) as file:
        stored = file.read()
    kept = [stored, bytes(file_import.report), *(bytes(line.sealed) for line in file_import.lines.all())]
    assert all(passport.encode() not in one and not one.startswith(b"PK") for one in kept)
    assert file_import.file.name.startswith("imports/")
    assert file_import.lines.get().told["cells"][1] == passport


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "file_empty"),
        (b"PK\x03\x04 broken", "workbook_damaged"),
        (b"\xff\xd8\xff\xe0", "not_a_spreadsheet"),
    ],
)
def test_what_is_no_spreadsheet_is_refused_and_not_kept(company, content, code):
    with pytest.raises(Invalid) as refused:
        upload(company, io.BytesIO(content))
    assert [reason.code for reason in refused.value.reasons] == [code]
    assert not FileImport.objects.exists()


def test_a_heading_that_is_not_known_is_corrected_and_remembered(company):
    line = a_vehicle_line()
    cells = [line[0], "BYD", line[2], "BEV", line[5]]
    file_import = preview(company, a_workbook(Cars=[["Our cars"], TURNED, cells]))
    (sheet,) = file_import.told["sheets"]
    assert (sheet["is_read"], sheet["kind"], sheet["row"]) == (False, "vehicles", 2)
    assert "make" in sheet["reason"]
    with pytest.raises(Conflict):
        start_import(file_import=file_import, at=AT, by=BY)
    columns = {0: "vin", 1: "make", 2: "model", 3: "powertrain", 4: "hs_code"}
    correct_headings(file_import=file_import, sheet="Cars", kind="vehicles", row=2, columns=columns)
    file_import = work_imports(file_import)
    assert (file_import.good, file_import.refused) == (1, 0)
    imported(file_import)
    assert Vehicle.objects.get().make == "BYD"
    later = preview(company, a_workbook(June=[TURNED, [a_vin(), *cells[1:]]]))
    assert later.good == 1
    strangers = preview(a_company("East Star Trade"), a_workbook(June=[TURNED, [a_vin(), *cells[1:]]]))
    assert not strangers.told["sheets"][0]["is_read"]


def test_headings_in_another_row_are_found_anew(company):
    line = a_vehicle_line()
    file_import = preview(company, a_workbook(车辆=[["a", "b"], VEHICLES, line]))
    correct_headings(file_import=file_import, sheet="车辆", kind="vehicles", row=1, columns={0: "vin"})
    file_import = work_imports(file_import)
    assert file_import.told["sheets"][0]["columns"] == {}
    correct_headings(file_import=file_import, sheet="车辆", kind="vehicles", row=2, columns={})
    assert work_imports(file_import).good == 1


def test_a_sheet_can_be_left_out(company):
    file_import = preview(company, a_fleet())
    correct_headings(file_import=file_import, sheet="司机", kind="", row=1, columns={})
    file_import = work_imports(file_import)
    assert set(file_import.tallies) == {"vehicles", "declarations"}


@pytest.mark.parametrize(
    ("said", "code"),
    [
        ({"sheet": "other"}, "import_went_on"),
        ({"kind": "records"}, "import_went_on"),
        ({"row": 99}, "import_went_on"),
        ({"columns": {0: "vin", 1: "vin"}}, "column_twice"),
    ],
)
def test_a_correction_that_cannot_be_is_refused_and_moves_nothing(company, said, code):
    file_import = preview(company, a_workbook(车辆=[VEHICLES, a_vehicle_line()]))
    usual = {"sheet": "车辆", "kind": "vehicles", "row": 1, "columns": {0: "vin"}}
    with pytest.raises(Invalid) as refused:
        correct_headings(file_import=file_import, **usual | said)
    assert [reason.code for reason in refused.value.reasons] == [code]
    file_import.refresh_from_db()
    assert (file_import.state, file_import.headings) == (ImportState.PREVIEWED, {})


def test_starting_twice_starts_once(company):
    file_import = preview(company, a_fleet())
    assert start_import(file_import=file_import, at=AT, by=BY)
    file_import.refresh_from_db()
    assert not start_import(file_import=file_import, at=AT, by=BY)
    with pytest.raises(Conflict):
        correct_headings(file_import=file_import, sheet="车辆", kind="", row=1, columns={})
    assert imports_done(file_import)


def imports_done(file_import) -> bool:
    return work_imports(file_import).state == ImportState.DONE


@pytest.mark.parametrize("words", range(2, 8))
def test_a_killed_worker_leaves_whole_batches_and_another_goes_on(company, words):
    """Kill it after so many words of progress, in the reading and then in the importing."""
    file_import = upload(company, a_fleet())
    kill_after(words)
    file_import = work_imports(file_import, AT + timedelta(hours=1))
    shown = fates(file_import)
    start_import(file_import=file_import, at=AT, by=BY)
    kill_after(words)
    assert claim_import(at=AT) is None
    done = work_imports(file_import, AT + timedelta(hours=1))
    assert fates(done) == shown
    assert done.state == ImportState.DONE
    assert done.tallies == tallies_of(done)
    assert Vehicle.objects.count() == 5


def kill_after(words: int) -> None:
    left = iter([AT] * words)

    def now():
        moment = next(left, None)
        if moment is None:
            raise Killed
        return moment

    with pytest.raises(Killed):
        work_import(file_import=claim_import(at=AT), now=now)


def test_progress_is_told_between_batches(company):
    file_import = upload(company, a_workbook(车辆=[VEHICLES, *(a_vehicle_line() for _n in range(5))]))
    read = []

    def now():
        read.append(FileImport.objects.get(pk=file_import.pk).read)
        return AT

    work_import(file_import=claim_import(at=AT), now=now)
    assert [number for number, _again in groupby(read)] == [0, 2, 4, 5]


def test_a_worker_that_lost_its_hold_writes_nothing_more(company):
    file_import = preview(company, a_fleet())
    start_import(file_import=file_import, at=AT, by=BY)
    slow = claim_import(at=AT)
    quick = claim_import(at=AT + timedelta(hours=1))
    work_import(file_import=slow, now=lambda: AT)
    assert not Vehicle.objects.exists()
    work_import(file_import=quick, now=lambda: AT)
    assert Vehicle.objects.count() == 5


def test_a_broken_import_fails_after_some_tries_and_stops_no_other(company):
    broken, good = upload(company, a_fleet()), upload(company, a_fleet())

    def now():
        raise RuntimeError("no clock")

    for _try in range(TRIES):
        claimed = claim_import(at=AT)
        while claimed != broken:
            work_import(file_import=claimed, now=lambda: AT)
            claimed = claim_import(at=AT)
        with pytest.raises(RuntimeError):
            work_import(file_import=claimed, now=now)
    assert work_imports(broken).state == ImportState.FAILED
    good.refresh_from_db()
    assert good.state == ImportState.PREVIEWED
    broken.refresh_from_db()
    assert "Upload the file again" in broken.told["reasons"][0]


def test_a_file_that_was_removed_meanwhile_is_said_to_be(company):
    file_import = preview(company, a_fleet())
    default_storage.delete(file_import.file.name)
    start_import(file_import=file_import, at=AT, by=BY)
    failed = work_imports(file_import)
    assert failed.state == ImportState.FAILED
    assert failed.told["reasons"] == ["The uploaded file is not there any more. Upload it again."]
    assert not Vehicle.objects.exists()


def test_giving_up_keeps_nothing_and_is_done_once(company):
    file_import = preview(company, a_fleet())
    give_up_import(file_import=file_import, at=AT)
    file_import.refresh_from_db()
    assert (file_import.state, file_import.file.name, file_import.told) == (ImportState.GIVEN_UP, "", {})
    assert not ImportLine.objects.exists()
    assert default_storage.listdir("imports")[1] == []
    with pytest.raises(Conflict):
        give_up_import(file_import=file_import, at=AT)
    with pytest.raises(Conflict):
        start_import(file_import=file_import, at=AT, by=BY)


def test_old_files_are_removed_and_their_counts_stay(company):
    done = imported(preview(company, a_fleet()))
    waiting = preview(company, a_fleet())
    assert remove_old_imports(at=AT + timedelta(days=7)) == 0
    assert remove_old_imports(at=AT + timedelta(days=7, seconds=1)) == 2
    assert remove_old_imports(at=AT + timedelta(days=8)) == 0
    done.refresh_from_db()
    waiting.refresh_from_db()
    assert (done.state, waiting.state) == (ImportState.DONE, ImportState.GIVEN_UP)
    assert (done.good, done.refused, done.lines.count()) == (11, 4, 0)
    assert default_storage.listdir("imports")[1] == []


def test_refused_lines_can_be_read_again_once_corrected(company):
    vin = a_vin()
    bad = [*a_vehicle_line()[:5], "1"]
    file_import = preview(company, a_workbook(车辆=[VEHICLES, a_vehicle_line(vin), bad]))
    file = io.BytesIO()
    write_refused(file, refused_tables(file_import))
    book = load_workbook(file)
    sheet = book["车辆"]
    assert [cell.value for cell in sheet[1]][:6] == VEHICLES
    assert [cell.value for cell in sheet[2]][:7] == [*bad, "3"]
    sheet["F2"] = "8703801090"
    corrected = io.BytesIO()
    book.save(corrected)
    corrected.seek(0)
    assert preview(company, corrected).good == 1


def test_another_companys_vehicle_is_refused_in_the_preview_too(company):
    theirs = a_vehicle(a_company("East Star Trade"))
    file_import = a_file_import(company, theirs.vin)
    assert (file_import.good, file_import.refused) == (0, 1)


def test_reasons_are_in_the_language_of_who_uploaded(company):
    file_import = preview(company, a_workbook(车辆=[VEHICLES, ["X"] * 6]), language="ru")
    reasons = file_import.lines.get().told["reasons"]
    assert any("а" in detail for _code, detail in reasons)


def test_five_thousand_lines_are_read_and_imported(company, monkeypatch):
    monkeypatch.setattr(imports, "BATCH", 500)
    rows = "".join(f"{a_vin()},BYD,Song Plus,BEV,8703801090\n" for _n in range(5000))
    source = io.BytesIO(f"VIN,Make,Model,Powertrain,HS code\n{rows}".encode())
    done = imported(preview(company, source, "fleet.csv"))
    assert (done.good, Vehicle.objects.count()) == (5000, 5000)


def test_readiness_of_a_vehicle_in_the_same_file_meets_the_fate_it_was_shown(company):
    lines = [a_vehicle_line() for _n in range(5)]
    marks = [[line[0], "2026-11-20"] for line in lines]
    file_import = preview(company, a_workbook(车辆=[VEHICLES, *lines], 准备=[["VIN", "In yard on"], *marks]))
    shown = fates(file_import)
    assert [fate for sheet, _number, fate, _reasons in shown if sheet == 1] == ["changed"] * 5
    assert not Vehicle.objects.exists()
    assert fates(imported(file_import)) == shown
