"""Records on the desk: their files, their list, and one of them."""

from __future__ import annotations

import csv
import io
import uuid

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from openpyxl import load_workbook

from clearance.actions.records import RecordLine, take_records
from clearance.actions.sources import open_source, source_named, start_records
from clearance.models import Duty, Record, RecordImport, Source
from clearance.tasks import work_record_imports
from ferry.models import ImportState
from tests.builders import AT, BY, a_checkpoint, a_record_file, an_issued_trip, an_officer
from tests.clearance.story import leave

pytestmark = pytest.mark.django_db

PASSPORT = "E87654321"
RETURN = f"return,2026-11-22T10:00:00+08:00,BP-1,{PASSPORT}"


class Queue:
    """Take the messages to the workers."""

    def __init__(self) -> None:
        self.sent: list[str] = []

    def send_task(self, name, **_options) -> None:
        self.sent.append(name)


@pytest.fixture(autouse=True)
def queue(monkeypatch) -> Queue:
    queue = Queue()
    monkeypatch.setattr("ferry.portal.importing.app", queue)
    return queue


@pytest.fixture
def elsewhere(client):
    """Be a supervisor of another checkpoint."""

    def sign_in(code="CN-ALASHANKOU"):
        client.force_login(an_officer(a_checkpoint(code), duty=Duty.SUPERVISOR))

    return sign_in


def a_file(*lines: str, heading: str = "kind,occurred_at,source_reference,passport_number"):
    return SimpleUploadedFile("returns.csv", "\n".join([heading, *lines]).encode())


def page(client, name: str, /, *args, **query):
    return client.get(reverse(f"desk:{name}", args=args), query)


def send(client, name: str, /, *args, **said):
    return client.post(reverse(f"desk:{name}", args=args), said)


def text(answer) -> str:
    return answer.content.decode()


def test_a_file_goes_from_the_page_to_the_records(client, supervisor, queue) -> None:
    assert "No file has been uploaded yet." in text(page(client, "record_files"))
    said = {
        "name": "Horgos border police",
        "file": a_file(RETURN, "return,yesterday,BP-2,E1"),
        "key": uuid.uuid4(),
    }
    answer = send(client, "record_files", **said)
    file_import = RecordImport.objects.get()
    assert answer.url == reverse("desk:record_files_job", args=[file_import.pk])
    assert queue.sent == ["clearance.tasks.work_record_imports"]
    assert "Reading the file" in text(page(client, "record_files_job", file_import.pk))
    work_record_imports()
    shown = text(page(client, "record_files_job", file_import.pk, fate="unmatched"))
    assert "Import the 1 good line" in shown
    assert "Waits for its trip" in shown
    assert not Record.objects.exists()
    send(client, "record_files_start", file_import.pk)
    work_record_imports()
    record = Record.objects.get()
    assert record.received_by == f"supervisor {supervisor}"
    shown = text(page(client, "record_files_job", file_import.pk))
    assert "1 still waits for its trip" in shown
    refused = page(client, "record_files_refused", file_import.pk)
    [_head, line] = load_workbook(io.BytesIO(refused.content)).worksheets[0].iter_rows(values_only=True)
    assert line[:3] == ("return", "yesterday", "BP-2")


def test_the_form_pressed_twice_makes_one_import(client, supervisor) -> None:
    key = uuid.uuid4()
    for _time in range(2):
        send(client, "record_files", name="Police", file=a_file(RETURN), key=key)
    assert RecordImport.objects.count() == Source.objects.count() == 1


def test_what_is_no_file_and_what_has_no_source_is_said_on_the_form(client, supervisor) -> None:
    open_source(checkpoint=a_checkpoint(), name="Horgos border police", at=AT, by=BY)
    answer = send(client, "record_files", name="", file=SimpleUploadedFile("x.csv", b""), key=uuid.uuid4())
    assert answer.status_code == 400
    assert "give the new one a name" in text(answer)
    answer = send(
        client, "record_files", name="Police", file=SimpleUploadedFile("x.csv", b""), key=uuid.uuid4()
    )
    assert "The file is empty" in text(answer)
    assert not RecordImport.objects.exists()


def test_how_a_file_is_written_and_headed_is_put_right_on_its_page(client, supervisor) -> None:
    heading, line = "Nr,Когда,Документ", f"7,03/11/2026 12:30,{PASSPORT}"
    send(client, "record_files", name="Police", file=a_file(line, heading=heading), key=uuid.uuid4())
    work_record_imports()
    file_import = RecordImport.objects.get()
    assert "No line can be imported as it stands" in text(page(client, "record_files_job", file_import.pk))
    send(client, "record_files_writing", file_import.pk, kind="return", zone="Asia/Urumqi", first="day")
    work_record_imports()
    columns = {"column-0": "source_reference", "column-1": "occurred_at", "column-2": "passport_number"}
    send(client, "record_files_headings", file_import.pk, sheet="returns", kind="records", row=1, **columns)
    work_record_imports()
    file_import.refresh_from_db()
    assert (file_import.state, file_import.good) == (ImportState.PREVIEWED, 1)
    send(client, "record_files_writing", file_import.pk, kind="nonsense")
    file_import.refresh_from_db()
    assert file_import.state == ImportState.PREVIEWED


def test_a_given_up_file_leaves_nothing(client, supervisor) -> None:
    file_import = a_record_file(RETURN)
    send(client, "record_files_give_up", file_import.pk)
    assert not Record.objects.exists()
    assert not file_import.lines.exists()


@pytest.mark.parametrize("code", ["CN-ALASHANKOU", "KZ-NURZHOLY"])
def test_a_file_of_another_checkpoint_is_not_there(client, elsewhere, code) -> None:
    elsewhere(code)
    file_import = a_record_file(RETURN, "return,yesterday,BP-2,E1")
    assert page(client, "record_files_job", file_import.pk).status_code == 404
    assert page(client, "record_files_refused", file_import.pk).status_code == 404
    for name in ("writing", "headings", "start", "give_up"):
        assert send(client, f"record_files_{name}", file_import.pk).status_code == 404
    file_import.refresh_from_db()
    assert file_import.state == ImportState.PREVIEWED
    assert "Horgos border police" not in text(page(client, "record_files"))


def test_another_checkpoints_source_cannot_be_chosen_or_named(client, elsewhere) -> None:
    source = open_source(checkpoint=a_checkpoint(), name="Horgos border police", at=AT, by=BY)
    elsewhere()
    for said in ({"source": source.pk}, {"name": source.name}):
        answer = send(client, "record_files", **said, file=a_file(RETURN), key=uuid.uuid4())
        assert answer.status_code == 400
    assert not RecordImport.objects.exists()


def test_what_everybody_keeps_is_shown_without_whole_passports(client, supervisor) -> None:
    everywhere = source_named(name="Customs", at=AT, by=BY)
    file_import = a_record_file(RETURN, f"return,yesterday,BP-2,{PASSPORT}", source=everywhere)
    shown = text(page(client, "record_files_job", file_import.pk))
    assert "…4321" in shown
    assert PASSPORT not in shown
    assert page(client, "record_files_refused", file_import.pk).status_code == 404


def test_the_list_is_searched_and_filtered(client, supervisor) -> None:
    trip = leave(an_issued_trip(), AT)
    lines = [
        RecordLine(
            "border_exit", AT, "BP-77", passport_number=trip.driver.passport_number, vin=trip.vehicle.vin
        ),
        RecordLine("return", AT, "BP-78", passport_number=PASSPORT),
        RecordLine("declaration_status", AT, "CD-1", declaration="940720260000000017", status="closed"),
    ]
    take_records(lines=lines, source="Feed", at=AT, by=BY)

    def found(**query) -> set[str]:
        return {
            row["record"].source_reference
            for _pk, row, _cells in page(client, "records", **query).context["rows"]
        }

    assert found() == {"BP-77", "BP-78", "CD-1"}
    assert found(q=trip.vehicle.vin[-6:]) == found(q=trip.reference) == found(match="matched") == {"BP-77"}
    assert found(q="BP-7") == {"BP-77", "BP-78"}
    assert found(q="000000017") == found(kind="declaration_status") == {"CD-1"}
    assert found(q="4321") == found(passport="4321") == {"BP-78"}
    assert found(match="unmatched") == found(source="Feed", match="unmatched") == {"BP-78", "CD-1"}
    assert found(q=PASSPORT) == set()
    assert found(age="1") == set()
    assert found(file="1") == {"BP-77", "BP-78", "CD-1"}


def test_the_unmatched_are_counted_with_their_age(client, supervisor) -> None:
    lines = [RecordLine("return", AT, "BP-78", passport_number=PASSPORT)]
    take_records(lines=lines, source="Feed", at=AT, by=BY)
    Record.objects.update(received_at=AT.replace(day=12))
    totals = page(client, "records", match="unmatched", part="totals").context["totals"]
    counts = {str(one.label): one.value for one, _url in totals}
    assert counts["Unmatched for over 7 days"] == 1
    assert counts["Unmatched for over 28 days"] == 0
    assert "for 10 days" in text(page(client, "records"))


def test_lists_and_exports_show_the_last_four_alone(client, supervisor) -> None:
    file_import = a_record_file(RETURN, is_straight=True)
    assert PASSPORT not in text(page(client, "records", file=file_import.pk))
    exported = b"".join(page(client, "records_export", "csv").streaming_content).decode()
    assert "4321" in exported
    assert PASSPORT not in exported


def test_a_column_of_vins_and_declaration_numbers_is_named_for_both(client, supervisor) -> None:
    a_record_file(RETURN, is_straight=True)
    heads = [str(head.column.label) for head in page(client, "records").context["heads"]]
    assert "About" in heads
    assert "VIN" not in heads
    lines = b"".join(page(client, "records_export", "csv").streaming_content).decode().splitlines()
    [told] = csv.DictReader(lines)
    assert (told["About"], told["VIN"]) == ("…4321", "")


def test_a_record_shows_its_line_and_where_it_came_from(client, supervisor) -> None:
    file_import = a_record_file(RETURN, is_straight=True)
    shown = text(page(client, "record", Record.objects.get().pk))
    for said in ("2026-11-22T10:00:00+08:00", PASSPORT, "returns.csv", "line 2", "Horgos border police"):
        assert said in shown
    assert "No driver here has this passport" in shown
    assert reverse("desk:record_files_job", args=[file_import.pk]) in shown


def test_a_matched_record_says_to_what_and_by_what(client, supervisor) -> None:
    trip = leave(an_issued_trip(), AT)
    line = RecordLine("border_exit", AT, "BP-77", passport_number=trip.driver.passport_number)
    [result] = take_records(lines=[line], source="Feed", at=AT, by=BY)
    shown = text(page(client, "record", result.record.pk))
    assert trip.reference in shown
    assert "passport and the order of time" in shown
    assert trip.driver.passport_number not in shown


@pytest.mark.parametrize(
    ("fields", "why"),
    [
        ({"kind": "kz_entry", "vin": "LATPAB071W1005301"}, "has this VIN"),
        ({"kind": "return", "passport_number": "own"}, "fits none of them"),
        (
            {"kind": "declaration_status", "declaration": "940720260000000017", "status": "closed"},
            "No company",
        ),
    ],
)
def test_an_unmatched_record_says_why_it_waits(client, supervisor, fields, why) -> None:
    trip = an_issued_trip()
    if fields.get("passport_number"):
        fields = fields | {"passport_number": trip.driver.passport_number}
    [result] = take_records(
        lines=[RecordLine(occurred_at=AT, source_reference="1", **fields)], source="Feed", at=AT, by=BY
    )
    assert why in text(page(client, "record", result.record.pk))


def test_another_checkpoints_record_is_not_there(client, elsewhere) -> None:
    a_record_file(RETURN, is_straight=True)
    elsewhere()
    assert page(client, "record", Record.objects.get().pk).status_code == 404
    assert not page(client, "records").context["rows"]
    assert not page(client, "records", q="4321").context["rows"]


def test_a_record_about_ones_own_trip_opens_with_the_passport_masked(client, elsewhere) -> None:
    trip = leave(an_issued_trip(), AT)
    a_record_file(
        f"border_exit,2026-11-22T12:00:00+08:00,BP-1,{trip.driver.passport_number}", is_straight=True
    )
    elsewhere("KZ-NURZHOLY")
    shown = text(page(client, "record", Record.objects.get().pk))
    assert trip.reference in shown
    assert trip.driver.passport_number not in shown
    assert f"…{trip.driver.passport_number[-4:]}" in shown


def test_the_kazakh_side_does_not_list_what_is_kept_everywhere(client, elsewhere) -> None:
    take_records(
        lines=[RecordLine("return", AT, "BP-78", passport_number=PASSPORT)], source="Feed", at=AT, by=BY
    )
    elsewhere("KZ-NURZHOLY")
    assert not page(client, "records").context["rows"]


def test_an_officer_has_none_of_it(client) -> None:
    client.force_login(an_officer())
    for name in ("records", "record_files"):
        assert page(client, name).status_code == 403


@pytest.mark.parametrize("lines", [1, 40])
def test_the_list_asks_as_much_for_many_as_for_one(
    client, supervisor, lines, django_assert_max_num_queries
) -> None:
    file_import = a_record_file(*(RETURN.replace("BP-1", f"BP-{number}") for number in range(lines)))
    start_records(file_import=file_import, at=AT, by=BY)
    work_record_imports()
    with django_assert_max_num_queries(14):
        page(client, "records")


def test_a_trips_evidence_leads_to_the_record(client, supervisor) -> None:
    trip = leave(an_issued_trip(), AT)
    line = RecordLine("border_exit", AT, "<BP-77>", passport_number=trip.driver.passport_number)
    [result] = take_records(lines=[line], source="Feed", at=AT, by=BY)
    shown = text(page(client, "trip", trip.reference))
    assert f'<a href="{reverse("desk:record", args=[result.record.pk])}">&lt;BP-77&gt;</a>' in shown


def test_the_kazakh_side_opens_a_status_of_the_declaration_of_its_trip_alone(client, elsewhere) -> None:
    trip = an_issued_trip()
    numbers = (trip.declaration.number, "940720260000000017")
    lines = [
        RecordLine("declaration_status", AT, number, declaration=number, status="closed")
        for number in numbers
    ]
    own, other = take_records(lines=lines, source="Customs", at=AT, by=BY)
    elsewhere("KZ-NURZHOLY")
    assert page(client, "record", own.record.pk).status_code == 200
    assert page(client, "record", other.record.pk).status_code == 404
