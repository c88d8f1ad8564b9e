"""Sources of records on the desk: what they delivered, how they write, which headings were put right."""

from __future__ import annotations

import io
import uuid

import pytest
from django.urls import reverse
from structlog.testing import capture_logs

from clearance.actions.imports import import_at_once
from clearance.actions.sources import keep_records, keep_writing, open_source, source_named, start_records
from clearance.models import Duty, RecordImport, Source, SourceHeadings
from clearance.queries import sources
from clearance.queries.sources import Delivered
from ferry.actions.file_imports import correct_headings
from tests.builders import AT, BY, a_checkpoint, a_record_file, an_authority_key, an_officer

pytestmark = pytest.mark.django_db

RETURN = "return,2026-11-22T10:00:00+08:00,{},E87654321"
TURNED = "what,when,number,holder"
COLUMNS = {0: "kind", 1: "occurred_at", 2: "source_reference", 3: "passport_number"}


def page(client, name: str, /, *args, **query):
    return client.get(reverse(f"desk:{name}", args=args), query)


def send(client, name: str, /, *args, **said):
    return client.post(reverse(f"desk:{name}", args=args), said)


def text(answer) -> str:
    return answer.content.decode()


def worked(source: Source, *lines: str) -> RecordImport:
    file = io.BytesIO("\n".join([TURNED, *lines]).encode())
    said = {"key": uuid.uuid4(), "name": "turned.csv", "language": "en", "at": AT, "by": BY}
    kept, _is_new = keep_records(source=source, file=file, **said)
    return import_at_once(file_import=kept, now=lambda: AT)


@pytest.fixture
def source() -> Source:
    return open_source(checkpoint=a_checkpoint(), name="Horgos border police", at=AT, by=BY)


def test_only_a_change_of_how_it_writes_is_logged(source) -> None:
    said = {"kind": "", "zone": "Asia/Shanghai", "first": ""}
    with capture_logs() as logged:
        keep_writing(source=source, **said, by=BY)
        keep_writing(source=source, **said, by=BY)
    assert logged == []
    with capture_logs() as logged:
        keep_writing(source=source, **{**said, "zone": "Asia/Almaty"}, by=BY)
    [line] = logged
    assert (line["event"], line["before"]) == ("source_writing_changed", said)
    source.refresh_from_db()
    assert source.zone == "Asia/Almaty"


@pytest.fixture
def headings(source) -> SourceHeadings:
    """Have headings put right once, on a file's page, and kept."""
    read = worked(source, RETURN.format("BP-1"))
    sheet = read.told["sheets"][0]["name"]
    correct_headings(file_import=read, sheet=sheet, kind="records", row=1, columns=COLUMNS)
    read = import_at_once(file_import=read, now=lambda: AT)
    start_records(file_import=read, at=AT, by=BY)
    import_at_once(file_import=read, now=lambda: AT)
    return SourceHeadings.objects.get()


def chosen(columns: dict[int, str]) -> dict[str, str]:
    return {f"column-{index}": field for index, field in columns.items()}


def test_each_source_says_when_it_last_delivered_and_how_much(client, supervisor) -> None:
    a_record_file(RETURN.format("BP-1"), RETURN.format("BP-2"), is_straight=True)
    an_authority_key()
    (row, *_others) = page(client, "sources").context["sources"]
    assert (row[0].name, row[1].lines, row[1].unmatched) == ("Horgos border police", (2, False), (2, False))
    assert row[1].last_at == AT
    assert page(client, "sources").context["by_key"] == [("customs feed", Delivered())]


def test_many_records_are_counted_no_further_than_a_thousand(client, supervisor, monkeypatch) -> None:
    monkeypatch.setattr(sources, "COUNTED", 2)
    a_record_file(*(RETURN.format(f"BP-{number}") for number in range(3)), is_straight=True)
    shown = page(client, "sources")
    [(_source, delivered)] = shown.context["sources"]
    assert (delivered.lines, delivered.unmatched) == ((2, True), (2, True))
    assert ">2+</a>" in shown.content.decode()


def test_the_list_asks_as_much_for_many_as_for_one(
    client, supervisor, django_assert_max_num_queries, source
) -> None:
    for number in range(4):
        kept = open_source(checkpoint=a_checkpoint(), name=f"Source {number}", at=AT, by=BY)
        a_record_file(RETURN.format(f"X-{number}"), source=kept, is_straight=True)
    with django_assert_max_num_queries(20):
        assert len(page(client, "sources").context["sources"]) == 5


def test_a_sources_page_shows_its_files_with_their_fates(client, supervisor) -> None:
    file_import = a_record_file(RETURN.format("BP-1"), "return,yesterday,BP-2,E1", is_straight=True)
    ((shown, tallies),) = page(client, "source", file_import.source_id).context["files"]
    assert shown == file_import
    assert {fate: count for fate, _label, count in tallies} == {
        "matched": 0,
        "unmatched": 1,
        "duplicate": 0,
        "refused": 1,
    }


def test_how_a_source_writes_is_kept_for_its_next_file(client, supervisor, source) -> None:
    said = {"kind": "return", "zone": "Asia/Almaty", "first": "day"}
    send(client, "source_writing", source.pk, **said)
    source.refresh_from_db()
    assert source.writing == said
    assert a_record_file(source=source).writing == said


def test_a_kind_that_is_not_its_to_keep_is_not_taken(client) -> None:
    place = a_checkpoint("KZ-NURZHOLY")
    client.force_login(an_officer(place, duty=Duty.SUPERVISOR))
    kept = open_source(checkpoint=place, name="Nur Zholy", at=AT, by=BY)
    send(client, "source_writing", kept.pk, kind="return", zone="", first="")
    kept.refresh_from_db()
    assert kept.kind == ""


def test_kept_headings_are_shown_by_their_words_and_read_otherwise_from_then_on(
    client, supervisor, source, headings
) -> None:
    (shown,) = page(client, "source", source.pk).context["headings"]
    assert [column.title for column in shown.columns] == TURNED.split(",")
    assert [column.field for column in shown.columns] == list(COLUMNS.values())
    said = {**COLUMNS, 3: "vin"}
    send(client, "source_headings", source.pk, headings.pk, **chosen(said))
    headings.refresh_from_db()
    assert headings.columns == {str(index): field for index, field in said.items()}
    assert headings.known_by == f"supervisor {supervisor}"
    assert worked(source, RETURN.format("BP-9")).told["sheets"][0]["columns"] == headings.columns


@pytest.mark.parametrize(
    ("columns", "told"),
    [
        ({**COLUMNS, 3: "kind"}, "Two columns are chosen for the same field."),
        ({0: "kind", 1: "occurred_at"}, "No column is chosen for: source reference."),
        ({**COLUMNS, 2: "", 40: "source_reference"}, "No column is chosen for: source reference."),
    ],
    ids=["twice", "missing", "out of the table"],
)
def test_headings_that_cannot_be_read_are_refused(
    client, supervisor, source, headings, columns, told
) -> None:
    before = headings.columns
    send(client, "source_headings", source.pk, headings.pk, **chosen(columns))
    assert told in text(page(client, "source", source.pk))
    headings.refresh_from_db()
    assert headings.columns == before


def test_forgotten_headings_are_found_anew(client, supervisor, source, headings) -> None:
    send(client, "source_headings_forget", source.pk, headings.pk)
    assert not source.known_headings.exists()
    assert not worked(source, RETURN.format("BP-9")).told["sheets"][0]["is_read"]
    assert send(client, "source_headings_forget", source.pk, headings.pk).status_code == 404


def test_headings_from_before_their_words_were_kept_are_shown_by_letters(client, supervisor, source) -> None:
    columns = {str(index): field for index, field in COLUMNS.items()}
    source.known_headings.create(fingerprint="x", kind="records", columns=columns, known_at=AT)
    (shown,) = page(client, "source", source.pk).context["headings"]
    assert [column.title for column in shown.columns] == ["A", "B", "C", "D"]


def test_another_checkpoints_source_is_not_there(client, source, headings) -> None:
    client.force_login(an_officer(a_checkpoint("CN-ALASHANKOU"), duty=Duty.SUPERVISOR))
    assert page(client, "sources").context["sources"] == []
    assert page(client, "source", source.pk).status_code == 404
    assert send(client, "source_writing", source.pk, kind="return").status_code == 404
    assert send(client, "source_headings", source.pk, headings.pk, **chosen(COLUMNS)).status_code == 404
    assert send(client, "source_headings_forget", source.pk, headings.pk).status_code == 404
    source.refresh_from_db()
    assert source.kind == ""
    assert source.known_headings.count() == 1


def test_headings_are_not_reached_through_another_source(client, supervisor, headings) -> None:
    other = source_named(name="Customs", at=AT, by=BY)
    assert send(client, "source_headings_forget", other.pk, headings.pk).status_code == 404
    assert SourceHeadings.objects.exists()


def test_an_officer_has_none_of_it(client, source) -> None:
    client.force_login(an_officer())
    assert page(client, "sources").status_code == 403
    assert page(client, "source", source.pk).status_code == 403
