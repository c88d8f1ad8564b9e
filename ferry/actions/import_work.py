"""Read and import what was uploaded: a worker's part, begun again from the start if the worker dies.

Begun again it writes nothing twice, and what is settled keeps its fate: a line is settled in the transaction
that takes it.
"""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from django.db import transaction
from django.db.models import F, Q
from django.utils import translation
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from ferry import vault
from ferry.actions.imports import BATCH, KINDS, batches, import_fleet, not_a_fleet
from ferry.errors import Invalid, Reason, Refused
from ferry.models import OPEN_IMPORTS, Fate, FileImport, ImportLine, ImportState
from ferry.models.imports import seal
from ferry.queries.imports import LONGEST_TITLE, Chosen, chosen_headings, tallies_of
from ferry.sheets import nearest_heading, open_tables

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ferry.actions.imports import ImportReport, Line
    from ferry.sheets import Table

#: A worker that was silent for so long is taken for dead.
HOLD = timedelta(minutes=2)
TRIES = 3


class Lost(Exception):
    """The import is no longer this worker's."""


@dataclass(frozen=True)
class Hold:
    """A worker's hold on an import; every word of progress renews it."""

    file_import: FileImport
    now: Callable[[], datetime]

    def keep(self, **fields: Any) -> None:
        held = FileImport.objects.filter(pk=self.file_import.pk, worker=self.file_import.worker)
        if not held.update(**{"held_until": self.now() + HOLD} | fields):
            raise Lost

    def let_go(self, **fields: Any) -> None:
        self.keep(worker=None, held_until=None, **fields)

    def note_fates(self, lines: Sequence[Line]) -> None:
        with transaction.atomic():
            self.keep(read=F("read") + len(lines))
            ImportLine.objects.bulk_create([_as_row(self.file_import, line) for line in lines])

    def settle(self, lines: Sequence[Line]) -> None:
        self.keep(read=F("read") + len(lines))
        for some in batches(lines, BATCH):
            _settle(self.file_import, some)


def claim_import(*, at: datetime) -> FileImport | None:
    """Hold the next import for one worker; None when nothing waits."""
    free = Q(held_until__isnull=True) | Q(held_until__lt=at)
    waiting = FileImport.objects.filter(free, state__in=OPEN_IMPORTS)
    for pk in waiting.order_by("tries", "pk").values_list("pk", flat=True):
        worker = uuid4()
        claim = {"worker": worker, "held_until": at + HOLD, "tries": F("tries") + 1, "read": 0}
        if waiting.filter(pk=pk).update(**claim):
            return FileImport.objects.select_related("company").get(pk=pk)
    return None


def work_import(*, file_import: FileImport, now: Callable[[], datetime]) -> None:
    """Read or import what was claimed, to its end. What cannot be read fails with its reasons.

    Any other error lets go of it, to be tried again; after some tries it fails.
    """
    hold = Hold(file_import, now)
    try:
        with translation.override(file_import.language):
            _work(hold)
    except Lost:
        pass
    except Exception:
        FileImport.objects.filter(pk=file_import.pk, worker=file_import.worker).update(
            worker=None, held_until=None
        )
        raise


def _work(hold: Hold) -> None:
    file_import = hold.file_import
    try:
        if file_import.tries > TRIES:
            raise Invalid(_stopped())
        if file_import.state == ImportState.READING:
            _read(hold)
        else:
            _import(hold)
    except Refused as refused:
        report = file_import.told | {"reasons": [str(reason.detail) for reason in refused.reasons]}
        hold.let_go(state=ImportState.FAILED, report=seal(report), finished_at=hold.now())


def _read(hold: Hold) -> None:
    file_import = hold.file_import
    file_import.lines.all().delete()
    source, choose = _source(file_import), chosen_headings(file_import)
    with open_tables(source, name=file_import.name, choose=choose) as tables:
        sheets = [_told(table, choose) for table in tables]
    report: dict[str, Any] = {"sheets": sheets}
    if any(sheet["is_read"] for sheet in sheets):
        report |= _summed(_run(hold, source, choose, is_trial=True))
    _finish(hold, ImportState.PREVIEWED, report)


def _import(hold: Hold) -> None:
    file_import = hold.file_import
    report = _run(hold, _source(file_import), chosen_headings(file_import), is_trial=False)
    _finish(hold, ImportState.DONE, file_import.told | _summed(report), finished_at=hold.now())


def _run(hold: Hold, source: io.BytesIO, choose: Chosen, *, is_trial: bool) -> ImportReport:
    file_import = hold.file_import
    return import_fleet(
        company=file_import.company,
        source=source,
        name=file_import.name,
        choose=choose,
        is_trial=is_trial,
        tell=hold.note_fates if is_trial else hold.settle,
        at=hold.now(),
        by=file_import.started_by or file_import.created_by,
    )


def _finish(hold: Hold, state: ImportState, report: dict[str, Any], **fields: Any) -> None:
    tallies = tallies_of(hold.file_import)
    total = sum(count for tally in tallies.values() for count in tally.values())
    hold.let_go(state=state, report=seal(report), tallies=tallies, total=total, read=total, tries=0, **fields)


def _source(file_import: FileImport) -> io.BytesIO:
    try:
        with file_import.file.open("rb") as file:
            return io.BytesIO(vault.unlock(file.read()))
    except (OSError, ValueError, vault.CannotUnlock) as error:
        detail = _("The uploaded file is not there any more. Upload it again.")
        raise Invalid(Reason("file_gone", detail)) from error


def _told(table: Table, choose: Chosen) -> dict[str, Any]:
    """Tell what a sheet is taken for, or else is most like, to be corrected."""
    is_read = table.kind in KINDS
    kind, row, columns = table.kind or "", table.number, table.headings
    corrected, nearest = choose.corrected.get(table.sheet), nearest_heading(table.top)
    if table.kind is None and corrected:
        kind, row = corrected["kind"], corrected["row"]
        columns = {int(index): field for index, field in corrected["columns"].items()}
    elif table.kind is None and nearest:
        kind, row, columns = nearest.kind, nearest.number, nearest.columns
    reason = None if is_read else table.reason or not_a_fleet(table.sheet)
    return {
        "name": table.sheet,
        "is_read": is_read,
        "kind": kind if kind in KINDS else "",
        "row": row or next((number for number, cells in table.top if cells), 1),
        "columns": {str(index): field for index, field in columns.items()},
        "top": [[number, [cell[:LONGEST_TITLE] for cell in cells]] for number, cells in table.top],
        "reason": str(reason.detail) if reason else "",
    }


def _summed(report: ImportReport) -> dict[str, Any]:
    incomplete = [[one.number, one.taken, one.lines] for one in report.incomplete]
    return {"incomplete": incomplete, "unplaced": report.unplaced}


def _as_row(file_import: FileImport, line: Line) -> ImportLine:
    row = ImportLine(
        file_import=file_import,
        sheet=line.sheet.place,
        number=line.row.number,
        kind=line.sheet.table.kind or "",
    )
    return _with_fate(row, line)


def _with_fate(row: ImportLine, line: Line) -> ImportLine:
    row.fate = line.fate or Fate.UNCHANGED
    row.sealed = seal(
        {
            "cells": line.row.original,
            "reasons": [[reason.code, str(reason.detail)] for reason in line.reasons],
        }
    )
    return row


def _settle(file_import: FileImport, lines: Sequence[Line]) -> None:
    """Settle the lines that are not settled yet; most meet the fate they were shown with."""
    by_place = {(line.sheet.place, line.row.number): line for line in lines}
    places = {"sheet__in": {sheet for sheet, _number in by_place}, "number__in": [n for _s, n in by_place]}
    same, other = [], []
    for row in ImportLine.objects.filter(file_import=file_import, is_settled=False, **places):
        line = by_place.get((row.sheet, row.number))
        if line is None:
            continue
        if row.fate == line.fate != Fate.REFUSED:
            same.append(row.pk)
        else:
            row.is_settled = True
            other.append(_with_fate(row, line))
    ImportLine.objects.filter(pk__in=same).update(is_settled=True)
    ImportLine.objects.bulk_update(other, ["fate", "sealed", "is_settled"])


def _stopped() -> Reason:
    sentence = _(
        "Stopped before the end after {tries} tries. Upload the file again: what was taken is left alone."
    )
    return Reason("import_stopped", format_lazy(sentence, tries=TRIES))
