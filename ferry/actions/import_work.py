"""Read and import what was uploaded: a worker's part, gone on with by another if the worker dies.

Nothing is written twice, and what is settled keeps its fate: a line is settled, and counted as read, in the
transaction that takes it. A model that `goes_on` is worked for a while at a time, in turn with the others.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Protocol
from uuid import uuid4

from django.db import transaction
from django.db.models import F, Q
from django.utils import translation
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from ferry import vault
from ferry.actions.imports import BATCH, batches, import_fleet, not_a_fleet
from ferry.errors import Invalid, Reason, Refused
from ferry.models import OPEN_IMPORTS, Fate, FileImport, ImportState, Upload
from ferry.models.imports import REFUSED, seal
from ferry.queries.imports import LONGEST_TITLE, Chosen, chosen_headings, tallies_of
from ferry.sheets import nearest_heading, open_tables

if TYPE_CHECKING:
    from ferry.actions.imports import Line
    from ferry.models import UploadLine
    from ferry.sheets import Table

#: A worker that was silent for so long is taken for dead.
HOLD = timedelta(minutes=2)
TRIES = 3
#: How long one import is worked while others wait.
TURN = timedelta(seconds=10)


class Lost(Exception):
    """The import is no longer this worker's."""


@dataclass(frozen=True)
class Judged:
    """What becomes of one line: where it stands, its cells, the reasons against it, and what else is kept."""

    sheet: int
    number: int
    kind: str
    fate: str
    cells: Sequence[str]
    reasons: Sequence[Reason] = ()
    more: Mapping[str, Any] = field(default_factory=dict)


#: Is told of lines, and says whether the turn goes on.
Tell = Callable[[Sequence[Judged]], bool]


class Take(Protocol):
    """Take a file's lines, or in a trial only judge them, and `tell` of each batch; give what sums it up.

    Give None where the turn was over before the end: the next goes on behind the lines that were told.
    """

    def __call__(
        self,
        file_import: Any,
        source: io.BytesIO,
        choose: Chosen,
        *,
        is_trial: bool,
        tell: Tell,
        at: datetime,
    ) -> dict[str, Any] | None: ...


@dataclass(frozen=True)
class Trade:
    """What a kind of import takes, and what it says of a sheet that holds something else."""

    model: type[Upload]
    take: Take
    foreign: Callable[[Table], Reason]


@dataclass
class Hold:
    """A worker's hold on an import; every word of progress renews it."""

    file_import: Upload
    now: Callable[[], datetime]
    turn_ends_at: datetime | None = None

    def __post_init__(self) -> None:
        self.began_at = self.now()

    def keep(self, **fields: Any) -> None:
        held = type(self.file_import).objects.filter(pk=self.file_import.pk, worker=self.file_import.worker)
        if not held.update(**{"held_until": self.now() + HOLD} | fields):
            raise Lost

    def let_go(self, **fields: Any) -> None:
        self.keep(worker=None, held_until=None, **fields)

    def pass_on(self) -> None:
        """Leave the rest for another turn, behind all that have waited longer."""
        self.keep(worker=None, held_until=self.now())

    def count(self, lines: Sequence[Judged]) -> None:
        """Say how far it is read; where the next try goes on from there, earlier ones were not in vain."""
        stands = {"tries": 0} if self.file_import.goes_on else {}
        self.keep(read=F("read") + len(lines), **stands)

    def has_time(self) -> bool:
        """Say whether the turn goes on: from its first lines, at least as long as reading up to them took."""
        now = self.now()
        self.turn_ends_at = self.turn_ends_at or now + max(TURN, now - self.began_at)
        return now < self.turn_ends_at

    def note_fates(self, lines: Sequence[Judged]) -> bool:
        with transaction.atomic():
            self.count(lines)
            rows = [_as_row(self.file_import, line) for line in lines]
            self.file_import.lines.model.objects.bulk_create(rows)
        return self.has_time()

    def settle(self, lines: Sequence[Judged]) -> bool:
        self.count(lines)
        for some in batches(lines, BATCH):
            _settle(self.file_import, some)
        return self.has_time()


def claim_import(*, model: type[Upload] = FileImport, at: datetime, pk: int | None = None) -> Any:
    """Hold the next import for one worker, or the one that is named; None when nothing waits.

    Next is whose turn is longest ago: `held_until` of one that nobody holds says when it had its last.
    """
    free = Q(held_until__isnull=True) | Q(held_until__lte=at)
    waiting = model.objects.filter(free, state__in=OPEN_IMPORTS)
    if pk is not None:
        waiting = waiting.filter(pk=pk)
    turns = waiting.order_by("tries", F("held_until").asc(nulls_first=True), "pk")
    for pk in turns.values_list("pk", flat=True):
        worker = uuid4()
        claim = {"worker": worker, "held_until": at + HOLD, "tries": F("tries") + 1}
        if not model.goes_on:
            claim["read"] = 0
        if waiting.filter(pk=pk).update(**claim):
            return model.objects.select_related(model.owner_field).get(pk=pk)
    return None


def work_import(*, file_import: Upload, now: Callable[[], datetime], trade: Trade | None = None) -> None:
    """Read or import what was claimed, for one turn. What cannot be read fails with its reasons.

    Any other error lets go of it, to be tried again; after some tries it fails.
    """
    try:
        with translation.override(file_import.language):
            _work(Hold(file_import, now), trade or FLEET)
    except Lost:
        pass
    except Exception:
        type(file_import).objects.filter(pk=file_import.pk, worker=file_import.worker).update(
            worker=None, held_until=None
        )
        raise


def _work(hold: Hold, trade: Trade) -> None:
    file_import = hold.file_import
    try:
        if file_import.tries > TRIES:
            raise Invalid(_stopped())
        if file_import.state == ImportState.READING:
            _read(hold, trade)
        else:
            _import(hold, trade)
    except Refused as refused:
        report = file_import.told | {"reasons": [str(reason.detail) for reason in refused.reasons]}
        hold.let_go(state=ImportState.FAILED, report=seal(report), finished_at=hold.now())


def _read(hold: Hold, trade: Trade) -> None:
    file_import = hold.file_import
    if not file_import.read:
        file_import.lines.all().delete()
    source, choose = _source(file_import), chosen_headings(file_import)
    with open_tables(source, name=file_import.name, choose=choose) as tables:
        sheets = [_told(table, choose, trade) for table in tables]
    report: dict[str, Any] = {"sheets": sheets}
    if any(sheet["is_read"] for sheet in sheets):
        if not file_import.is_looked_at:
            hold.let_go(state=ImportState.IMPORTING, report=seal(report), tries=0)
            return
        summed = _run(hold, source, choose, trade, is_trial=True)
        if summed is None:
            hold.pass_on()
            return
        report |= summed
    _finish(hold, ImportState.PREVIEWED, report)


def _import(hold: Hold, trade: Trade) -> None:
    file_import = hold.file_import
    summed = _run(hold, _source(file_import), chosen_headings(file_import), trade, is_trial=False)
    if summed is None:
        hold.pass_on()
        return
    _finish(hold, ImportState.DONE, file_import.told | summed, finished_at=hold.now())


def _run(
    hold: Hold, source: io.BytesIO, choose: Chosen, trade: Trade, *, is_trial: bool
) -> dict[str, Any] | None:
    tell = hold.note_fates if is_trial else hold.settle
    return trade.take(hold.file_import, source, choose, is_trial=is_trial, tell=tell, at=hold.now())


def _take_fleet(
    file_import: FileImport,
    source: io.BytesIO,
    choose: Chosen,
    *,
    is_trial: bool,
    tell: Tell,
    at: datetime,
) -> dict[str, Any]:
    report = import_fleet(
        company=file_import.company,
        source=source,
        name=file_import.name,
        choose=choose,
        is_trial=is_trial,
        tell=lambda lines: tell([_judged(line) for line in lines]),
        at=at,
        by=file_import.started_by or file_import.created_by,
    )
    incomplete = [[one.number, one.taken, one.lines] for one in report.incomplete]
    return {"incomplete": incomplete, "unplaced": report.unplaced}


def _judged(line: Line) -> Judged:
    return Judged(
        line.sheet.place,
        line.row.number,
        line.sheet.table.kind or "",
        line.fate or Fate.UNCHANGED,
        line.row.original,
        line.reasons,
    )


#: What a company's import takes.
FLEET = Trade(FileImport, _take_fleet, lambda table: not_a_fleet(table.sheet))


def _finish(hold: Hold, state: ImportState, report: dict[str, Any], **fields: Any) -> None:
    tallies = tallies_of(hold.file_import)
    total = sum(count for tally in tallies.values() for count in tally.values())
    hold.let_go(state=state, report=seal(report), tallies=tallies, total=total, read=total, tries=0, **fields)


def _source(file_import: Upload) -> io.BytesIO:
    try:
        with file_import.file.open("rb") as file:
            return io.BytesIO(vault.unlock(file.read()))
    except (OSError, ValueError, vault.CannotUnlock) as error:
        detail = _("The uploaded file is not there any more. Upload it again.")
        raise Invalid(Reason("file_gone", detail)) from error


def _told(table: Table, choose: Chosen, trade: Trade) -> dict[str, Any]:
    """Tell what a sheet is taken for, or else is most like, to be corrected."""
    kinds = trade.model.kinds
    is_read = table.kind in kinds
    kind: str = table.kind or ""
    row, columns = table.number, table.headings
    corrected, nearest = choose.corrected.get(table.sheet), nearest_heading(table.top, kinds=kinds)
    if table.kind is None and corrected:
        kind, row = corrected["kind"], corrected["row"]
        columns = {int(index): field for index, field in corrected["columns"].items()}
    elif table.kind is None and nearest:
        kind, row, columns = nearest.kind, nearest.number, nearest.columns
    elif table.kind is None and len(kinds) == 1:
        kind = kinds[0]
    reason = None if is_read else table.reason or trade.foreign(table)
    return {
        "name": table.sheet,
        "is_read": is_read,
        "kind": kind if kind in kinds else "",
        "row": row or next((number for number, cells in table.top if cells), 1),
        "columns": {str(index): field for index, field in columns.items()},
        "top": [[number, [cell[:LONGEST_TITLE] for cell in cells]] for number, cells in table.top],
        "reason": str(reason.detail) if reason else "",
    }


def _as_row(file_import: Upload, line: Judged) -> UploadLine:
    row = file_import.lines.model(
        file_import=file_import, sheet=line.sheet, number=line.number, kind=line.kind
    )
    return _with_fate(row, line)


def _with_fate(row: UploadLine, line: Judged) -> UploadLine:
    row.fate = line.fate
    reasons = [[reason.code, str(reason.detail)] for reason in line.reasons]
    row.sealed = seal({"cells": list(line.cells), "reasons": reasons})
    for name, value in line.more.items():
        setattr(row, name, value)
    return row


def _settle(file_import: Upload, lines: Sequence[Judged]) -> None:
    """Settle the lines that are not settled yet; most meet the fate they were shown with.

    A line that nobody was shown is kept as it is settled.
    """
    by_place = {(line.sheet, line.number): line for line in lines}
    places = {"sheet__in": {sheet for sheet, _number in by_place}, "number__in": [n for _s, n in by_place]}
    model = file_import.lines.model
    same, other = [], []
    for row in model.objects.filter(file_import=file_import, **places):
        line = by_place.pop((row.sheet, row.number), None)
        if line is None or row.is_settled:
            continue
        if row.fate == line.fate != REFUSED:
            same.append(row.pk)
        else:
            row.is_settled = True
            other.append(_with_fate(row, line))
    model.objects.filter(pk__in=same).update(is_settled=True)
    columns = ["fate", "sealed", "is_settled", *(lines[0].more if lines else ())]
    model.objects.bulk_update(other, columns)
    new = [_as_row(file_import, line) for line in by_place.values()]
    for row in new:
        row.is_settled = True
    model.objects.bulk_create(new)


def _stopped() -> Reason:
    sentence = _(
        "Stopped before the end after {tries} tries. Upload the file again: what was taken is left alone."
    )
    return Reason("import_stopped", format_lazy(sentence, tries=TRIES))
