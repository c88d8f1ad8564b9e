"""Importing a spreadsheet in the portal."""

from __future__ import annotations

import io
import uuid

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from django.utils import translation
from kombu.exceptions import OperationalError
from openpyxl import load_workbook

from ferry import tasks
from ferry.models import FileImport, ImportState, Vehicle
from ferry.portal import import_pages
from ferry.queries.issue import china_date
from ferry.sheets import read_tables
from ferry.sheets.sample import write_sample
from tests.builders import AT, a_company, a_file_import, a_member, a_passport_number, a_vin

pytestmark = pytest.mark.django_db

HEAD = "VIN,Make,Model,Powertrain,HS code,Colour\n"
BAD_VIN = "LGXCE4CB00000000I"


class Queue:
    """Take the messages to the workers, or have no broker to take them."""

    def __init__(self) -> None:
        self.sent: list[str] = []
        self.is_down = False

    def send_task(self, name, **_options) -> None:
        if self.is_down:
            raise OperationalError("no broker")
        self.sent.append(name)


@pytest.fixture(autouse=True)
def queue(monkeypatch) -> Queue:
    queue = Queue()
    monkeypatch.setattr("ferry.portal.importing.app", queue)
    return queue


def a_file(*vins, name="fleet.csv", head=HEAD) -> SimpleUploadedFile:
    lines = "".join(f"{vin},BYD,Song Plus,BEV,8703801090,white\n" for vin in vins)
    return SimpleUploadedFile(name, (head + lines).encode())


@pytest.fixture
def upload(send):
    """Give a function that uploads a file, has it read, and gives the import."""

    def upload(file) -> FileImport:
        answer = send("import", file=file, key=uuid.uuid4())
        assert answer.status_code == 302, answer.context["form"].errors
        tasks.work_imports()
        return FileImport.objects.latest("pk")

    return upload


def test_a_file_is_looked_at_before_its_good_lines_are_imported(see, send, client, company, upload, queue):
    good = a_vin()
    job = upload(a_file(good, BAD_VIN))
    shown = see("import_job", job.pk)
    assert "Nothing is written yet" in shown
    assert "Import the 1 good line" in shown
    assert BAD_VIN in shown
    assert good in see("import_job", job.pk, fate="added")
    assert not Vehicle.objects.exists()

    assert send("import_start", job.pk).status_code == 302
    assert queue.sent == ["ferry.tasks.work_imports"] * 2
    tasks.work_imports()
    assert [vehicle.vin for vehicle in Vehicle.objects.filter(company=company)] == [good]
    assert "Done. 1 line was imported." in see("import_job", job.pk)
    refused = client.get(reverse("portal:import_refused", args=[job.pk]))
    sheet = load_workbook(io.BytesIO(refused.content)).worksheets[0]
    assert [row[0].value for row in sheet.iter_rows(min_row=2)] == [BAD_VIN]


def test_pressing_twice_makes_one_import(send, company):
    key, vin = uuid.uuid4(), a_vin()
    first, second = (send("import", file=a_file(vin), key=key) for _press in range(2))
    assert first["Location"] == second["Location"]
    assert FileImport.objects.count() == 1


def test_starting_twice_imports_once(see, send, company, upload):
    job = upload(a_file(a_vin()))
    for _press in range(2):
        assert send("import_start", job.pk).status_code == 302
        tasks.work_imports()
    assert Vehicle.objects.count() == 1
    assert "Done. 1 line" in see("import_job", job.pk)


def test_the_same_file_again_changes_nothing(see, send, company, upload):
    file = a_file(a_vin())
    send("import_start", upload(file).pk)
    tasks.work_imports()
    file.seek(0)
    job = upload(file)
    assert job.tallies == {"vehicles": {"unchanged": 1}}


def test_a_heading_is_put_right(see, send, company, upload):
    job = upload(a_file(a_vin(), head="VIN,Who built it,Model,Powertrain,HS code,Colour\n"))
    shown = see("import_job", job.pk)
    assert "no column is chosen yet for: make." in shown
    assert "No line can be imported as it stands." in shown
    said = {"sheet": "fleet", "kind": "vehicles", "row": "1"}
    fields = ["vin", "make", "model", "powertrain", "hs_code", ""]
    columns = {f"column-{index}": field for index, field in enumerate(fields)}
    send("import_headings", job.pk, **said, **columns)
    tasks.work_imports()
    shown = see("import_job", job.pk)
    assert "Import the 1 good line" in shown
    assert "1 column not read" in shown


@pytest.mark.parametrize(
    "said",
    [
        {},
        {"sheet": "fleet", "kind": "vehicles", "row": "x"},
        {"sheet": "fleet", "kind": "vehicles", "row": "9" * 30},
        {"sheet": "fleet", "kind": "vehicles", "row": "1", "column-0": "vin", "column-1": "vin"},
        {"sheet": "fleet", "kind": "x", "row": "1", "column-x": "vin", "column-²": "vin"},
    ],
)
def test_a_correction_nobody_means_is_told_and_moves_nothing(see, send, company, upload, said):
    job = upload(a_file(a_vin()))
    assert send("import_headings", job.pk, **said).status_code == 302
    job.refresh_from_db()
    assert (job.state, job.headings) == (ImportState.PREVIEWED, {})
    assert 'data-level="error"' in see("import_job", job.pk)


def test_nothing_good_is_nothing_to_start(see, send, company, upload):
    job = upload(a_file(BAD_VIN))
    send("import_start", job.pk)
    shown = see("import_job", job.pk)
    assert "No line can be imported. Correct the headings" in shown
    job.refresh_from_db()
    assert job.state == ImportState.PREVIEWED


def test_an_import_is_given_up(see, send, company, upload):
    job = upload(a_file(a_vin()))
    assert send("import_give_up", job.pk)["Location"] == reverse("portal:import")
    assert "Given up" in see("import")
    assert "This import was given up" in see("import_job", job.pk)
    send("import_start", job.pk)
    assert "This import has gone on meanwhile" in see("import_job", job.pk)
    assert not Vehicle.objects.exists()


def test_while_it_is_worked_the_page_asks_again_and_then_stops(client, company, send):
    answer = send("import", file=a_file(a_vin()), key=uuid.uuid4())
    page = client.get(answer["Location"]).content.decode()
    assert "every 2s" in page
    assert "Reading the file" in page
    polled = client.get(answer["Location"], headers={"HX-Request": "true"})
    assert (polled.status_code, b"<html" in polled.content) == (200, False)
    tasks.work_imports()
    polled = client.get(answer["Location"], headers={"HX-Request": "true"})
    assert (polled.status_code, b"Import the 1 good line" in polled.content) == (286, True)


def test_lines_are_paged_in_their_order(see, company, upload, monkeypatch, client, django_assert_num_queries):
    monkeypatch.setattr(import_pages, "LINES", 2)
    vins = [a_vin() for _n in range(5)]
    job = upload(a_file(*vins))
    seen, after = [], ""
    while after is not None:
        page = client.get(reverse("portal:import_job", args=[job.pk]), {"fate": "added", "after": after})
        lines = page.context["lines"]
        seen += [line.cells[0] for line in lines.lines]
        after = lines.after
    assert seen == vins
    with django_assert_num_queries(5):
        see("import_job", job.pk, fate="added")


def test_the_list_takes_the_same_queries_however_long(see, company, django_assert_num_queries):
    for _n in range(3):
        a_file_import(company, a_vin())
    with django_assert_num_queries(4):
        shown = see("import")
    assert shown.count("fleet.csv") == 3


def test_a_passport_number_stands_in_no_address_and_only_among_the_cells(see, company, upload):
    number = a_passport_number()
    head = "Name,Passport,Passport expires,Licence class,Licence expires\n"
    line = f"Ma Jun,{number},2034-01-01,C1,2034-01-01\n"
    job = upload(SimpleUploadedFile("drivers.csv", (head + line).encode()))
    shown = see("import_job", job.pk, fate="added")
    assert number in shown
    assert not [part for part in shown.split('href="')[1:] if number in part.split('"')[0]]


@pytest.mark.parametrize(
    "file",
    [
        SimpleUploadedFile("fleet.xlsx", b""),
        SimpleUploadedFile("fleet.xlsx", b"PK\x03\x04 broken"),
        SimpleUploadedFile("photo.csv", b"\xff\xd8\xff\xe0"),
    ],
)
def test_a_file_that_cannot_be_used_is_told_at_the_field(company, send, file):
    file.seek(0)
    answer = send("import", file=file, key=uuid.uuid4())
    assert answer.status_code == 200
    assert answer.context["form"].errors["file"]
    assert not FileImport.objects.exists()


def test_without_a_file_it_asks_for_one(company, send):
    assert "file" in send("import", key=uuid.uuid4()).context["form"].errors


def test_without_a_broker_it_is_written_down_all_the_same(company, upload, queue):
    queue.is_down = True
    assert upload(a_file(a_vin())).state == ImportState.PREVIEWED


def test_refused_lines_that_are_not_there_are_not_given(client, company):
    job = a_file_import(company, a_vin())
    assert client.get(reverse("portal:import_refused", args=[job.pk])).status_code == 404


def test_what_is_another_companys_is_not_there(client, company):
    job = a_file_import(company, a_vin(), BAD_VIN)
    client.force_login(a_member(a_company("East Star Trade")).user)
    for name in ("import_job", "import_refused"):
        assert client.get(reverse(f"portal:{name}", args=[job.pk])).status_code == 404
    for name in ("import_start", "import_give_up", "import_headings"):
        assert client.post(reverse(f"portal:{name}", args=[job.pk])).status_code == 404
    job.refresh_from_db()
    assert job.state == ImportState.PREVIEWED
    assert "fleet.csv" not in client.get(reverse("portal:import")).content.decode()


def test_a_viewer_imports_nothing(client, company, as_viewer, send):
    job = a_file_import(company, a_vin())
    assert client.get(reverse("portal:import")).status_code == 403
    assert send("import", file=a_file(a_vin()), key=uuid.uuid4()).status_code == 403
    assert send("import_start", job.pk).status_code == 403
    assert FileImport.objects.get().state == ImportState.PREVIEWED


@pytest.mark.parametrize("language", ["en", "zh-hans", "ru", "kk"])
def test_the_samples_headings_are_known_in_every_language(language):
    file = io.BytesIO()
    with translation.override(language):
        write_sample(file, today=china_date(AT))
    with read_tables(file, name="sample.xlsx") as tables:
        assert [table.kind for table in tables] == ["vehicles", "drivers", "declarations"]
        assert all(len(table.headings) == len(table.titles) for table in tables)


def test_every_line_of_the_sample_is_good(client, company, upload):
    sample = client.get(reverse("portal:import_sample")).content
    job = upload(SimpleUploadedFile("sample.xlsx", sample))
    assert (job.good, job.refused) == (3, 0)
