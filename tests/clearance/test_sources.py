"""A source's file is kept, looked at, and imported by a worker; how it is written is kept for the next."""

from __future__ import annotations

import io
import uuid
from datetime import UTC, datetime, timedelta
from itertools import count

import pytest
from django.apps import apps
from openpyxl import Workbook

from clearance.actions import imports
from clearance.actions.imports import RECORDS, import_at_once
from clearance.actions.reconcile import reconcile_all_due
from clearance.actions.records import take_records
from clearance.actions.sources import (
    correct_writing,
    keep_records,
    open_source,
    source_named,
    start_records,
)
from clearance.models import MatchedBy, Record, RecordImport, RecordImportLine, SourceHeadings
from clearance.models import Source as SourceOfRecords
from clearance.tasks import remove_record_imports, work_record_imports
from ferry.actions.file_imports import correct_headings, give_up_import, remove_old_imports
from ferry.actions.import_work import TURN, claim_import, work_import
from ferry.errors import Conflict, Invalid
from ferry.models import Checkpoint, ImportState, TripState
from ferry.queries.imports import refused_tables
from tests.builders import AT, BY, a_checkpoint, a_company, a_driver, an_authority_key, an_issued_trip
from tests.clearance.story import leave

pytestmark = pytest.mark.django_db

HOUR = timedelta(hours=1)
NOW = AT + 12 * HOUR
HEADING = "kind,occurred_at,source_reference,vin,passport_number,declaration,status"
OUR_OWN = {RecordImport, RecordImportLine, SourceHeadings, SourceOfRecords}


class Killed(BaseException):
    """What a worker that is killed does not live to see."""


@pytest.fixture(autouse=True)
def _small_batches(monkeypatch):
    monkeypatch.setattr(imports, "BATCH", 2)


@pytest.fixture
def source() -> SourceOfRecords:
    return open_source(checkpoint=a_checkpoint(), name="Horgos border police", at=AT, by=BY)


def upload(source, *lines: str, heading: str = HEADING, **how) -> RecordImport:
    file = io.BytesIO("\n".join([heading, *lines]).encode())
    usual = {"key": uuid.uuid4(), "name": "feed.csv", "language": "en", "at": NOW, "by": BY}
    return keep_records(source=source, file=file, **{**usual, **how})[0]


def worked(file_import: RecordImport) -> RecordImport:
    return import_at_once(file_import=file_import, now=lambda: NOW)


def imported(file_import: RecordImport) -> RecordImport:
    assert start_records(file_import=file_import, at=NOW, by=BY)
    return worked(file_import)


def fates(file_import) -> list[tuple[int, str]]:
    return list(file_import.lines.order_by("sheet", "number").values_list("number", "fate"))


def everything() -> dict[str, list]:
    models = [model for model in apps.get_models(include_auto_created=True) if model not in OUR_OWN]
    return {model.__name__: list(model.objects.order_by("pk").values()) for model in models}


def an_exit(trip, reference: str, hour: str = "12:30") -> str:
    return f"border_exit,2026-11-22T{hour}:00+08:00,{reference},,{trip.driver.passport_number},,"


def test_a_preview_says_every_lines_fate_and_writes_nothing(source) -> None:
    trip = leave(an_issued_trip(), AT)
    take_records(lines=[], source=source.name, at=AT, by=BY)
    before = everything()
    file_import = worked(
        upload(
            source,
            an_exit(trip, "1"),
            "kz_entry,2026-11-22T10:00:00+05:00,2,LATPAB071W1005301,,,",
            "return,yesterday,3,,E12345678,,",
            an_exit(trip, "1"),
        )
    )
    assert everything() == before
    assert file_import.state == ImportState.PREVIEWED
    assert fates(file_import) == [(2, "matched"), (3, "unmatched"), (4, "refused"), (5, "duplicate")]
    assert not file_import.lines.filter(is_settled=True).exists()


def test_an_import_does_what_its_preview_said(source) -> None:
    trip = leave(an_issued_trip(), AT)
    lines = (an_exit(trip, "1"), "return,yesterday,3,,E12345678,,", an_exit(trip, "1"), an_exit(trip, "2"))
    file_import = worked(upload(source, *lines))
    foretold = fates(file_import)
    done = imported(file_import)
    assert done.state == ImportState.DONE
    assert fates(done) == foretold
    first = Record.objects.get(source_reference="1")
    assert (first.file_import, first.source_line, first.received_by) == (done, 2, BY)
    assert (first.trip, first.matched_by) == (trip, MatchedBy.PERSON)
    assert Record.objects.count() == 2


def test_a_file_uploaded_twice_by_one_key_is_one_import(source) -> None:
    key = uuid.uuid4()
    assert upload(source, "x", key=key) == upload(source, "x", key=key)
    assert RecordImport.objects.count() == 1


def test_the_same_file_again_is_known_line_by_line(source) -> None:
    trip = leave(an_issued_trip(), AT)
    imported(worked(upload(source, an_exit(trip, "1"))))
    again = imported(worked(upload(source, an_exit(trip, "1"))))
    assert again.count("duplicate") == 1
    assert Record.objects.get().file_import != again


def test_starting_twice_starts_once(source) -> None:
    file_import = worked(upload(source, "kz_entry,2026-11-22T10:00:00+05:00,2,LATPAB071W1005301,,,"))
    assert start_records(file_import=file_import, at=NOW, by=BY)
    file_import.refresh_from_db()
    assert not start_records(file_import=file_import, at=NOW, by=BY)


def test_how_a_file_is_written_is_kept_and_proposed_again(source) -> None:
    trip = leave(an_issued_trip(), AT)
    heading = "Nr,Когда,Документ"
    line = f"7,03/11/2026 12:30,{trip.driver.passport_number}"
    file_import = worked(upload(source, line, heading=heading))
    assert not file_import.told["sheets"][0]["is_read"]
    correct_writing(file_import=file_import, kind="border_exit", zone="Asia/Urumqi", first="day")
    file_import = worked(file_import)
    columns = {0: "source_reference", 1: "occurred_at", 2: "passport_number"}
    correct_headings(file_import=file_import, sheet="feed", kind="records", row=1, columns=columns)
    file_import = worked(file_import)
    assert file_import.good == 1
    imported(file_import)
    assert Record.objects.get().occurred_at == datetime(2026, 11, 3, 6, 30, tzinfo=UTC)

    source.refresh_from_db()
    again = worked(upload(source, "8,04/11/2026 12:30,E12345678", heading=heading, is_straight=True))
    assert again.state == ImportState.DONE
    assert Record.objects.get(source_reference="8").occurred_at == datetime(2026, 11, 4, 6, 30, tzinfo=UTC)


def test_what_one_source_keeps_is_not_anothers(source) -> None:
    heading, line = "Nr,Когда,Документ", "7,2026-11-22 12:30,E12345678"
    file_import = worked(upload(source, line, heading=heading))
    columns = {0: "source_reference", 1: "occurred_at", 2: "passport_number"}
    correct_writing(file_import=file_import, kind="return", zone="", first="")
    correct_headings(file_import=worked(file_import), sheet="feed", kind="records", row=1, columns=columns)
    imported(worked(file_import))
    other = open_source(checkpoint=a_checkpoint(), name="Dulata border police", at=AT, by=BY)
    assert not worked(upload(other, line, heading=heading)).told["sheets"][0]["is_read"]


def test_a_given_up_preview_remembers_nothing(source) -> None:
    file_import = worked(upload(source, "return,2026-11-22 12:30,1,,E12345678,,"))
    correct_writing(file_import=file_import, kind="return", zone="UTC", first="day")
    file_import = worked(file_import)
    give_up_import(file_import=file_import, at=NOW)
    source.refresh_from_db()
    assert source.writing == {"kind": "", "zone": "", "first": ""}


def test_a_line_of_another_kind_than_its_source_is_refused(source) -> None:
    file_import = worked(upload(source, "declaration_status,2026-11-22 12:30,1,,,940720260000000017,closed"))
    assert file_import.good == 1
    correct_writing(file_import=file_import, kind="return", zone="", first="")
    file_import = worked(file_import)
    assert [code for code, _text in file_import.lines.get().told["reasons"]] == ["kind_not_kept"]


def test_the_kazakh_side_is_believed_about_entries_alone() -> None:
    kazakh = open_source(checkpoint=a_checkpoint("KZ-NURZHOLY"), name="Nur Zholy", at=AT, by=BY)
    file_import = worked(
        upload(
            kazakh,
            "kz_entry,2026-11-22 10:00,1,LATPAB071W1005301,,,",
            "declaration_status,2026-11-22 12:30,2,,,940720260000000017,closed",
        )
    )
    assert fates(file_import) == [(2, "unmatched"), (3, "refused")]
    with pytest.raises(Invalid):
        correct_writing(file_import=file_import, kind="declaration_status", zone="", first="")


def test_a_source_opened_twice_is_one(source) -> None:
    assert open_source(checkpoint=a_checkpoint(), name=" Horgos  border police ", at=AT, by=BY) == source


@pytest.mark.parametrize("taken_by", ["another checkpoint", "everywhere", "a key", "a record"])
def test_a_name_that_is_anothers_is_refused(taken_by, source) -> None:
    name = source.name
    if taken_by == "everywhere":
        name = source_named(name="Customs", at=AT, by=BY).name
    if taken_by == "a key":
        name = an_authority_key()[0].label
    if taken_by == "a record":
        SourceOfRecords.objects.all().delete()
        lines = [imports.RecordLine("return", AT, "1", passport_number="E12345678")]
        take_records(lines=lines, source=name, at=AT, by=BY)
    elsewhere = a_checkpoint("CN-ALASHANKOU") if taken_by == "another checkpoint" else a_checkpoint()
    with pytest.raises(Conflict):
        open_source(checkpoint=elsewhere, name=name, at=AT, by=BY)
    assert not SourceOfRecords.objects.filter(name=name, checkpoint=elsewhere).exists()


def test_a_worker_that_is_killed_doubles_nothing(source, monkeypatch) -> None:
    trip = leave(an_issued_trip(), AT)
    lines = [an_exit(trip, str(number)) for number in range(5)]
    file_import = worked(upload(source, *lines))
    start_records(file_import=file_import, at=NOW, by=BY)
    taken = []

    def dies(**said):
        taken.append(said)
        if len(taken) == 2:
            raise Killed
        return take_records(**said)

    with monkeypatch.context() as dying:
        dying.setattr(imports, "take_records", dies)
        with pytest.raises(Killed):
            work_import(file_import=claim_import(model=RecordImport, at=NOW), now=lambda: NOW, trade=RECORDS)
    assert Record.objects.count() == 2
    done = import_at_once(file_import=file_import, now=lambda: NOW + HOUR)
    assert done.state == ImportState.DONE
    assert {fate for _number, fate in fates(done)} == {"matched"}
    assert Record.objects.count() == 5


def test_a_straight_file_that_is_killed_doubles_nothing(source, monkeypatch) -> None:
    lines = [f"return,2026-11-22 12:3{number},{number},,E12345678,," for number in range(5)]
    file_import = upload(source, *lines, is_straight=True)
    taken = []

    def dies(**said):
        taken.append(said)
        if len(taken) == 2:
            raise Killed
        return take_records(**said)

    with monkeypatch.context() as dying:
        dying.setattr(imports, "take_records", dies)
        with pytest.raises(Killed):
            worked(file_import)
    done = import_at_once(file_import=file_import, now=lambda: NOW + HOUR)
    assert fates(done) == [(number, "unmatched") for number in range(2, 7)]
    assert Record.objects.count() == 5


@pytest.mark.parametrize(
    ("place", "word", "kind", "fate"),
    [
        ("CN-HORGOS", "入境", "", "return"),
        ("CN-HORGOS", "Entry", "", "return"),
        ("CN-HORGOS", "Въезд", "", None),
        ("CN-HORGOS", "Въезд", "kz_entry", "kz_entry"),
        ("CN-HORGOS", "入境", "border_exit", None),
        ("KZ-NURZHOLY", "Въезд", "", "kz_entry"),
        ("KZ-NURZHOLY", "Entry", "", "kz_entry"),
        ("KZ-NURZHOLY", "入境", "", None),
        (None, "Entry", "", None),
    ],
)
def test_an_entry_is_one_into_the_country_of_its_source_unless_more_is_said(place, word, kind, fate) -> None:
    said = {"name": "register", "at": AT, "by": BY}
    source = open_source(checkpoint=a_checkpoint(place), **said) if place else source_named(**said)
    line = f"{word},2026-11-22 12:30,1,,E12345678,,"
    file_import = worked(upload(source, line, writing={"kind": kind}))
    imported(file_import) if fate else None
    assert list(Record.objects.values_list("kind", flat=True)) == ([fate] if fate else [])
    assert file_import.refused == (0 if fate else 1)


def test_a_word_that_is_not_known_is_refused_with_those_that_are_in_the_readers_language(source) -> None:
    line = "gone,2026-11-22 12:30,1,,E12345678,,"
    told = [
        worked(upload(source, line, language=language)).lines.get().told["reasons"][0][1]
        for language in ("en", "zh-hans", "ru")
    ]
    wanted = ["border_exit, kz_entry", "出境, 入境哈萨克斯坦", "Выезд, Въезд в Казахстан"]
    assert all(words in reason for words, reason in zip(wanted, told, strict=True))


def a_turn(at: datetime = NOW) -> RecordImport:
    """Have a worker take the next turn of an import, three batches long, and give that import."""
    claimed = claim_import(model=RecordImport, at=at)
    clock = count()
    work_import(file_import=claimed, now=lambda: at + next(clock) * TURN / 4, trade=RECORDS)
    return RecordImport.objects.get(pk=claimed.pk)


def returns(count: int) -> list[str]:
    return [f"return,2026-11-22 12:{number:02},{number},,E12345678,," for number in range(count)]


def test_a_long_file_has_its_turns_among_the_others(source) -> None:
    long = upload(source, *returns(13))
    turn = a_turn()
    assert (turn.pk, turn.read, turn.state, turn.tries) == (long.pk, 6, ImportState.READING, 0)
    short = upload(source, *returns(1))
    turn = a_turn(NOW + timedelta(minutes=1))
    assert (turn.pk, turn.state) == (short.pk, ImportState.PREVIEWED)
    start_records(file_import=turn, at=NOW, by=BY)
    turns = [a_turn(NOW + timedelta(minutes=minute)) for minute in range(2, 5)]
    assert [(turn.pk, turn.state) for turn in turns] == [
        (short.pk, ImportState.DONE),
        (long.pk, ImportState.READING),
        (long.pk, ImportState.PREVIEWED),
    ]
    assert turns[-1].tallies == {"records": {"unmatched": 13}}


@pytest.mark.parametrize("is_straight", [False, True])
@pytest.mark.parametrize("life", [1, 2, 3])
def test_workers_that_are_killed_again_and_again_take_each_line_once(
    source, monkeypatch, is_straight: bool, life: int
) -> None:
    """Each worker lives for so many batches, and dies in the middle of the next."""
    lines = [*returns(7), "return,yesterday,7,,E12345678,,"]
    file_import = upload(source, *lines, is_straight=is_straight)
    taken: list[int] = []

    def dying(does):
        def once(self, batch):
            told = does(self, batch)
            if len(taken) == life:
                raise Killed
            taken.append(len(batch))
            return told

        return once

    monkeypatch.setattr(imports.Sheet, "judge", dying(imports.Sheet.judge))
    monkeypatch.setattr(imports.Sheet, "take", dying(imports.Sheet.take))
    hours = iter(NOW + number * HOUR for number in range(30))
    while not file_import.finished_at:
        if file_import.state == ImportState.PREVIEWED:
            start_records(file_import=file_import, at=NOW, by=BY)
        try:
            a_turn(next(hours))
        except Killed:
            taken.clear()
        file_import.refresh_from_db()
    assert file_import.state == ImportState.DONE
    assert fates(file_import) == [*((number, "unmatched") for number in range(2, 9)), (9, "refused")]
    assert sorted(Record.objects.values_list("source_line", flat=True)) == list(range(2, 9))


def test_a_turn_goes_from_one_sheet_into_the_next(source, monkeypatch) -> None:
    monkeypatch.setattr(imports, "BATCH", 1)
    workbook = Workbook()
    for lines in (returns(2), returns(4)[2:]):
        sheet = workbook.create_sheet()
        for line in (HEADING, *lines):
            sheet.append(line.split(","))
    workbook.remove(workbook.worksheets[0])
    file = io.BytesIO()
    workbook.save(file)
    said = {"source": source, "key": uuid.uuid4(), "name": "two.xlsx", "language": "en", "at": NOW, "by": BY}
    file_import = keep_records(file=file, **said)[0]
    shown = [a_turn(NOW + hour * HOUR) for hour in range(2)]
    assert [turn.read for turn in shown] == [3, 4]
    start_records(file_import=shown[-1], at=NOW, by=BY)
    turns = [a_turn(NOW + hour * HOUR) for hour in range(2)]
    assert [(turn.read, turn.state) for turn in turns] == [(3, ImportState.IMPORTING), (4, ImportState.DONE)]
    places = file_import.lines.order_by("sheet", "number").values_list("sheet", "number", "fate")
    assert list(places) == [(sheet, number, "unmatched") for sheet in (0, 1) for number in (2, 3)]


def test_what_matched_nothing_is_matched_by_itself_when_its_trip_appears(source) -> None:
    driver = a_driver(a_company())
    line = f"border_exit,2026-11-22T12:30:00+08:00,1,,{driver.passport_number},,"
    done = imported(worked(upload(source, line)))
    assert done.count("unmatched") == 1
    trip = leave(an_issued_trip(driver.company, driver=driver), AT)
    reconcile_all_due(at=NOW)
    record = Record.objects.get()
    assert (record.trip, record.matched_at, record.matched_by) == (trip, NOW, MatchedBy.PERSON)


def test_columns_with_the_same_heading_are_both_kept(source) -> None:
    heading = "kind,occurred_at,source_reference,passport_number,remark,remark,"
    imported(worked(upload(source, "return,2026-11-22 12:30,1,E12345678,a,b,c", heading=heading)))
    original = Record.objects.get().original
    assert (original["remark"], original["remark (6)"]) == ("a", "b")


def test_old_files_and_lines_are_removed_and_their_records_stay(source) -> None:
    done = imported(worked(upload(source, "return,2026-11-22 12:30,1,,E12345678,,")))
    assert not remove_old_imports(model=RecordImport, at=NOW + timedelta(days=30))
    assert remove_old_imports(model=RecordImport, at=NOW + timedelta(days=31)) == 1
    done.refresh_from_db()
    assert not done.lines.exists()
    assert not done.file
    assert Record.objects.get().original["kind"] == "return"


def test_the_workers_find_what_waits(source) -> None:
    file_import = upload(source, "return,2026-11-22 12:30,1,,E12345678,,")
    work_record_imports()
    file_import.refresh_from_db()
    assert file_import.state == ImportState.PREVIEWED
    remove_record_imports()
    assert RecordImport.objects.get() == file_import


def test_refused_lines_come_back_under_their_own_headings(source) -> None:
    done = worked(upload(source, "return,yesterday,1,,E12345678,,"))
    tables = [(table.sheet, table.titles, list(table.lines)) for table in refused_tables(done)]
    [(sheet, titles, [line])] = tables
    assert (sheet, titles[0], line.row.number) == ("feed", "kind", 2)


def test_an_entry_from_a_file_moves_its_trip(source) -> None:
    trip = leave(an_issued_trip(), AT)
    imported(worked(upload(source, f"kz_entry,2026-11-22 11:00,1,{trip.vehicle.vin},,,")))
    trip.refresh_from_db()
    assert trip.state == TripState.ARRIVED
    assert Checkpoint.objects.filter(sources=source).exists()
