"""Files of records that are put into folders are taken once, whole, and whatever happens meanwhile."""

from __future__ import annotations

import os
from datetime import timedelta
from io import StringIO
from pathlib import Path

import pytest
import time_machine
from django.core.management import CommandError, call_command
from openpyxl import load_workbook

from clearance.actions import imports
from clearance.actions.sources import open_source
from clearance.management import inbox as module
from clearance.management.commands import watch_inbox
from clearance.management.inbox import Busy, Inbox
from clearance.models import Record, RecordImport, Source
from clearance.queries.sources import sources_of
from ferry.models import ImportState
from ferry.sheets import LIMITS
from tests.builders import AT, BY, a_checkpoint

pytestmark = pytest.mark.django_db

HEADING = "kind,occurred_at,source_reference,passport_number"
GOOD = "return,2026-11-22T10:00:00+08:00,BP-1,E87654321"
BAD = "return,yesterday,BP-2,E87654321"
LATER = AT + timedelta(minutes=3)


class Killed(BaseException):
    """What a watcher that is killed does not live to see."""


@pytest.fixture
def inbox(tmp_path: Path) -> Inbox:
    (tmp_path / "police").mkdir()
    return Inbox(tmp_path, "en")


def put(inbox: Inbox, *lines: str, name: str = "day.csv", heading: str = HEADING) -> Path:
    file = inbox.path / "police" / name
    file.write_text("\n".join([heading, *lines]))
    return file


def taken(inbox: Inbox, at=AT) -> list[str | None]:
    return [inbox.take(file, stamp, lambda: at) for file, stamp in inbox.look().items()]


def lies(inbox: Inbox, folder: str = "") -> list[str]:
    here = inbox.path / "police" / folder
    return sorted(one.name for one in here.iterdir() if one.is_file()) if here.exists() else []


def run(inbox: Inbox, **options) -> str:
    out = StringIO()
    with time_machine.travel(AT, tick=False):
        call_command("watch_inbox", inbox.path, once=True, every=0, stdout=out, **options)
    return out.getvalue()


def test_a_file_is_taken_and_moved_with_its_refused_lines_beside_it(inbox: Inbox) -> None:
    put(inbox, GOOD, BAD)
    assert run(inbox) == "police/day.csv: 0 matched, 1 unmatched, 0 known already, 1 refused\n"
    assert lies(inbox) == []
    refused, moved = sorted(lies(inbox, "done"), reverse=True)[::-1]
    assert {refused, moved} == {"day.csv", f"day-refused-{RecordImport.objects.get().pk}.xlsx"}
    sheet = load_workbook(
        inbox.path / "police" / "done" / sorted({refused, moved} - {"day.csv"})[0]
    ).worksheets[0]
    assert [row[2] for row in sheet.iter_rows(min_row=2, values_only=True)] == ["BP-2"]
    assert Record.objects.get().source == "police"
    assert run(inbox) == ""


def test_a_file_beside_the_folders_is_told_of_once_and_stays(inbox: Inbox, monkeypatch) -> None:
    (inbox.path / "customs").mkdir()
    astray = inbox.path / "day.csv"
    astray.write_text(f"{HEADING}\n{GOOD}")
    (inbox.path / "half.csv.part").write_text("kind,occ")
    out = StringIO()
    looks = iter([False, False, True])
    monkeypatch.setattr(watch_inbox, "sleep", lambda _seconds: None)
    monkeypatch.setattr(watch_inbox, "close_old_connections", lambda: next(looks) and _kill())
    with pytest.raises(Killed):
        call_command("watch_inbox", inbox.path, every=0, stdout=out)
    told = "day.csv: It stays where it is. Move it into the folder of its source: customs, police\n"
    assert out.getvalue() == told
    assert astray.exists()
    assert not RecordImport.objects.exists()


def _kill() -> None:
    raise Killed


def test_without_a_folder_it_says_to_make_one(tmp_path: Path) -> None:
    (tmp_path / "day.csv").write_text(HEADING)
    said = "day.csv: It stays where it is. Make a folder named as its source is, and move it there.\n"
    assert run(Inbox(tmp_path, "en")) == said


def test_a_file_whose_headings_are_unknown_fails_and_says_where_to_put_them_right(inbox: Inbox) -> None:
    put(inbox, "1,2", heading="a,b")
    taken(inbox)
    assert lies(inbox, "failed") == ["day.csv", "day.csv.txt"]
    said = (inbox.path / "police" / "failed" / "day.csv.txt").read_text()
    assert f"/desk/records/files/{RecordImport.objects.get().pk}/" in said


def test_what_is_no_spreadsheet_fails_with_a_reason(inbox: Inbox) -> None:
    (inbox.path / "police" / "photo.csv").write_bytes(b"\x89PNG\r\n\x1a\n" + b"\0" * 99)
    taken(inbox)
    assert lies(inbox, "failed") == ["photo.csv", "photo.csv.txt"]
    assert not RecordImport.objects.exists()


def test_a_huge_file_fails_without_being_read(inbox: Inbox) -> None:
    file = put(inbox, GOOD)
    os.truncate(file, LIMITS.file_bytes * 40)
    taken(inbox)
    assert "larger than 32 MB" in (inbox.path / "police" / "failed" / "day.csv.txt").read_text()


def test_a_file_that_is_still_written_is_left_alone(inbox: Inbox, monkeypatch) -> None:
    file = put(inbox, GOOD)

    def grow(_seconds: float) -> None:
        file.write_text(f"{file.read_text()}\n{BAD}")

    monkeypatch.setattr(watch_inbox, "sleep", grow)
    assert run(inbox) == ""
    assert not RecordImport.objects.exists()
    monkeypatch.setattr(watch_inbox, "sleep", lambda _seconds: None)
    assert "1 unmatched" in run(inbox)


def test_a_file_that_changes_before_it_is_read_waits(inbox: Inbox) -> None:
    file = put(inbox, GOOD)
    [(_file, seen)] = inbox.look().items()
    file.write_text(f"{file.read_text()}\n{BAD}")
    assert inbox.take(file, seen, lambda: AT) is None
    assert not RecordImport.objects.exists()


def test_a_file_that_grows_while_it_is_imported_is_taken_again(inbox: Inbox, monkeypatch) -> None:
    file = put(inbox, GOOD)

    def grows(**said):
        file.write_text(f"{file.read_text()}\n{GOOD.replace('BP-1', 'BP-9')}")
        return imports.import_at_once(**said)

    with monkeypatch.context() as growing:
        growing.setattr(module, "import_at_once", grows)
        assert taken(inbox) == [None]
    assert lies(inbox) == ["day.csv"]
    assert taken(inbox) == ["0 matched, 1 unmatched, 1 known already, 0 refused"]
    assert Record.objects.count() == 2


@pytest.mark.parametrize("name", ["day.csv.part", "day.csv.TMP", ".day.csv", "~$day.xlsx"])
def test_a_name_of_what_is_not_finished_is_left_alone(inbox: Inbox, name: str) -> None:
    put(inbox, GOOD, name=name)
    assert inbox.look() == {}


def test_what_is_no_file_is_left_alone(inbox: Inbox, tmp_path: Path) -> None:
    folder = inbox.path / "police"
    (folder / "folder.csv").mkdir()
    os.mkfifo(folder / "pipe.csv")
    (folder / "link.csv").symlink_to(tmp_path / "elsewhere.csv")
    (inbox.path / "loose.csv").write_text("lies in no source's folder")
    assert inbox.look() == {}


def test_two_files_of_one_name_both_stay(inbox: Inbox) -> None:
    for reference in ("BP-1", "BP-2"):
        put(inbox, GOOD.replace("BP-1", reference))
        taken(inbox)
    assert lies(inbox, "done") == ["day (2).csv", "day.csv"]
    assert Record.objects.count() == 2


def test_the_same_file_put_there_again_is_known_line_by_line(inbox: Inbox) -> None:
    put(inbox, GOOD)
    taken(inbox)
    put(inbox, GOOD)
    assert taken(inbox) == ["0 matched, 0 unmatched, 1 known already, 0 refused"]
    assert Record.objects.count() == 1


@pytest.mark.parametrize("step", ["keep_records", "import_at_once", "write_refused", "_finish"])
@pytest.mark.parametrize("after", [False, True])
def test_a_watcher_that_is_killed_doubles_nothing(inbox: Inbox, monkeypatch, step: str, after: bool) -> None:
    put(inbox, GOOD, BAD)
    done = getattr(module, step)

    def dies(*args, **said):
        if after:
            done(*args, **said)
        raise Killed

    with monkeypatch.context() as dying:
        dying.setattr(module, step, dies)
        with pytest.raises(Killed):
            taken(inbox)
    taken(inbox)
    assert lies(inbox) == []
    kept = RecordImport.objects.get()
    assert (kept.state, kept.good, kept.refused) == (ImportState.DONE, 1, 1)
    assert lies(inbox, "done") == [f"day-refused-{kept.pk}.xlsx", "day.csv"]
    assert Record.objects.count() == 1


def test_a_watcher_killed_amid_the_lines_goes_on_when_its_hold_is_over(inbox: Inbox, monkeypatch) -> None:
    put(inbox, *(GOOD.replace("BP-1", f"BP-{number}") for number in range(5)))
    monkeypatch.setattr(imports, "BATCH", 2)
    take, batches = imports.take_records, []

    def dies(**said):
        batches.append(said)
        if len(batches) == 2:
            raise Killed
        return take(**said)

    with monkeypatch.context() as dying:
        dying.setattr(imports, "take_records", dies)
        with pytest.raises(Killed):
            taken(inbox)
    assert taken(inbox) == [None]
    assert lies(inbox) == ["day.csv"]
    assert taken(inbox, LATER) == ["0 matched, 5 unmatched, 0 known already, 0 refused"]
    assert Record.objects.count() == 5


def test_a_failed_file_that_is_put_back_is_tried_anew(inbox: Inbox) -> None:
    put(inbox, GOOD, heading="a,b,c,d")
    taken(inbox)
    (inbox.path / "police" / "failed" / "day.csv").rename(inbox.path / "police" / "day.csv")
    taken(inbox)
    assert RecordImport.objects.count() == 2
    assert lies(inbox) == []


def test_two_watchers_do_not_work_at_once(inbox: Inbox) -> None:
    put(inbox, GOOD)
    with inbox.held():
        with pytest.raises(Busy), inbox.held():
            pass
        with pytest.raises(CommandError, match="Another watcher"):
            run(inbox)
        assert lies(inbox) == ["day.csv"]
    assert "1 unmatched" in run(inbox)


def test_a_folder_may_be_called_otherwise_than_its_source(inbox: Inbox) -> None:
    source = open_source(checkpoint=a_checkpoint(), name="Horgos border police", at=AT, by=BY)
    put(inbox, GOOD)
    run(inbox, source=["police=Horgos border police"])
    assert RecordImport.objects.get().source == source
    assert Source.objects.get() in sources_of([a_checkpoint()])


def test_one_file_that_cannot_be_moved_keeps_no_other_waiting(inbox: Inbox, monkeypatch) -> None:
    put(inbox, GOOD, name="a.csv")
    put(inbox, GOOD.replace("BP-1", "BP-2"), name="b.csv")
    take = Inbox.take

    def stuck(self, file, stamp, now):
        if file.name == "a.csv":
            raise PermissionError(13, "Permission denied")
        return take(self, file, stamp, now)

    monkeypatch.setattr(Inbox, "take", stuck)
    said = run(inbox)
    assert "police/a.csv: It stays where it is: Permission denied" in said
    assert "police/b.csv: 0 matched, 1 unmatched" in said


def test_an_error_stops_one_file_and_tells_nothing_of_it(inbox: Inbox, monkeypatch) -> None:
    put(inbox, GOOD)

    def breaks(self, file, stamp, now):
        raise RuntimeError(GOOD)

    monkeypatch.setattr(Inbox, "take", breaks)
    assert "E87654321" not in run(inbox)
    assert lies(inbox) == ["day.csv"]


@pytest.mark.parametrize("options", [{"source": ["police"]}, {"source": ["=x"]}])
def test_a_source_that_is_not_told_is_refused(inbox: Inbox, options) -> None:
    with pytest.raises(CommandError, match="FOLDER=NAME"):
        run(inbox, **options)


def test_a_folder_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="cannot be watched"):
        run(Inbox(tmp_path / "nowhere", "en"))
