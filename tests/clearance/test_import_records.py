"""`manage.py import_records` takes a feed's file as it is, and says what became of each line."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
import time_machine
from django.core.management import CommandError, call_command
from openpyxl import Workbook, load_workbook

from clearance.models import Record
from ferry.models import Trip, TripState
from tests.builders import AT, an_issued_trip
from tests.clearance.story import leave

HOUR = timedelta(hours=1)
HEADING = ["kind", "occurred_at", "source_reference", "vin", "passport_number", "declaration", "status"]
pytestmark = pytest.mark.django_db


@pytest.fixture
def trip() -> Trip:
    return leave(an_issued_trip(), AT)


def a_csv(path: Path, *rows: list[str], encoding: str = "utf-8") -> Path:
    file = path / "feed.csv"
    file.write_text("\n".join(",".join(row) for row in [HEADING, *rows]), encoding=encoding)
    return file


def run(file: Path, **options: Any) -> str:
    out = StringIO()
    with time_machine.travel(AT + 12 * HOUR, tick=False):
        call_command("import_records", file, source="Horgos border police", stdout=out, **options)
    return out.getvalue()


def refused(file: Path) -> list[str]:
    sheet = load_workbook(file.with_name("feed-refused.xlsx")).worksheets[0]
    return [str(row[-1]) for row in sheet.iter_rows(min_row=2, values_only=True)]


def test_it_counts_what_became_of_the_lines(trip: Trip, tmp_path: Path) -> None:
    passport = trip.driver.passport_number
    file = a_csv(
        tmp_path,
        ["border_exit", "2026-11-22T12:30:00+08:00", "1", "", passport, "", ""],
        ["border_exit", "2026-11-22T12:30:00+08:00", "1", "", passport, "", ""],
        ["kz_entry", "2026-11-22T10:00:00+05:00", "2", "LATPAB071W1005301", "", "", ""],
        ["return", "yesterday", "3", "", passport, "", ""],
        ["return", "2026-11-22T20:00:00+08:00", "4", "", "", "", ""],
    )
    said = run(file)
    assert "1 matched, 1 unmatched, 1 known already, 2 refused" in said
    assert Record.objects.count() == 2
    assert Record.objects.get(source_reference="2").source_line == 4
    reasons = refused(file)
    assert len(reasons) == 2
    assert "passport number" in reasons[1]
    assert passport not in said + str(reasons)


def test_running_it_again_changes_nothing(trip: Trip, tmp_path: Path) -> None:
    file = a_csv(tmp_path, ["return", "2026-11-22 20:00", "1", "", trip.driver.passport_number, "", ""])
    run(file)
    events = trip.events.count()
    assert "0 matched, 0 unmatched, 1 known already, 0 refused" in run(file)
    assert trip.events.count() == events
    assert not file.with_name("feed-refused.xlsx").exists()


@pytest.mark.parametrize(
    ("kind", "zone", "moment"),
    [
        ("border_exit", None, datetime(2026, 11, 22, 4, 30, tzinfo=UTC)),
        ("kz_entry", None, datetime(2026, 11, 22, 7, 30, tzinfo=UTC)),
        ("kz_entry", "Asia/Shanghai", datetime(2026, 11, 22, 4, 30, tzinfo=UTC)),
    ],
)
def test_a_time_without_a_zone_is_by_the_clocks_of_who_keeps_it(
    kind: str, zone: str | None, moment: datetime, trip: Trip, tmp_path: Path
) -> None:
    run(a_csv(tmp_path, [kind, "2026-11-22 12:30", "1", "", trip.driver.passport_number, "", ""]), zone=zone)
    assert Record.objects.get().occurred_at == moment


def test_it_reads_a_workbook_in_chinese(trip: Trip, tmp_path: Path) -> None:
    book = Workbook()
    sheet = book.worksheets[0]
    sheet.append(["类型", "时间", "流水号", "护照号码", "车架号"])
    sheet.append(["出境", datetime(2026, 11, 22, 12, 30), "BP-1", trip.driver.passport_number, ""])  # noqa: DTZ001
    file = tmp_path / "feed.xlsx"
    book.save(file)
    assert "1 matched" in run(file)
    record = Record.objects.get()
    assert record.occurred_at == datetime(2026, 11, 22, 4, 30, tzinfo=UTC)
    assert record.original["流水号"] == "BP-1"


@pytest.mark.parametrize(
    ("headings", "kind"),
    [
        (["出境时间", "编号", "护照号"], "border_exit"),
        (["Время въезда", "Номер записи", "Паспорт"], "kz_entry"),
    ],
)
def test_it_reads_the_headings_that_a_border_writes(
    headings: list[str], kind: str, trip: Trip, tmp_path: Path
) -> None:
    file = tmp_path / "feed.csv"
    rows = [[*headings, "类型"], ["2026-11-22 12:30", "1", trip.driver.passport_number, kind]]
    file.write_text("\n".join(",".join(row) for row in rows))
    assert "1 matched" in run(file)


def test_what_it_takes_takes_effect(trip: Trip, tmp_path: Path) -> None:
    run(a_csv(tmp_path, ["kz_entry", "2026-11-22 11:00", "1", trip.vehicle.vin.lower(), "", "", ""]))
    trip.refresh_from_db()
    assert trip.state == TripState.ARRIVED


@pytest.mark.parametrize(
    ("content", "word"),
    [(b"", "empty"), (b"a,b\n1,2\n", "headings"), (b"\x89PNG\r\n\x1a\n" + b"\0" * 99, "file")],
)
def test_a_file_that_cannot_be_used_is_refused_with_a_sentence(
    content: bytes, word: str, tmp_path: Path
) -> None:
    file = tmp_path / "feed.csv"
    file.write_bytes(content)
    with pytest.raises(CommandError, match=word):
        run(file)
    assert not Record.objects.exists()


def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="cannot be used"):
        run(tmp_path / "nothing.csv")


def test_a_fleet_is_not_a_feed(tmp_path: Path) -> None:
    file = tmp_path / "fleet.csv"
    file.write_text("vin,make,model,powertrain,hs_code\nLATPAB071W1005301,BYD,Song,bev,8703801090\n")
    with pytest.raises(CommandError, match="not records"):
        run(file)


def test_an_unknown_zone_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="no such time zone"):
        run(a_csv(tmp_path), zone="Horgos/Nowhere")
