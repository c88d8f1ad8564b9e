"""Take a file of records: every usable line, and the reasons against each of the others.

The page, the command and the inbox all come here, by way of ferry.actions.import_work.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, tzinfo
from itertools import groupby, islice
from operator import itemgetter
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from django.db import transaction
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from clearance.actions.records import RecordLine, RecordResult, judge_records, take_records
from clearance.actions.sources import not_believed
from clearance.models import RecordFate, RecordImport, RecordImportLine, RecordKind
from clearance.rules.sources import ENTRY_INTO, kinds_from
from ferry.actions.import_work import Judged, Trade, claim_import, work_import
from ferry.actions.imports import batches
from ferry.errors import Invalid, Reason
from ferry.models import Country
from ferry.queries.issue import CHINA, KAZAKHSTAN
from ferry.sheets import clean_row, read_choice, read_tables
from ferry.sheets.fields import KIND_LABELS
from ferry.sheets.text import fold

if TYPE_CHECKING:
    import io

    from ferry.actions.import_work import Tell
    from ferry.queries.imports import Chosen
    from ferry.sheets import Row, Table

BATCH = 1000
#: Words for an entry that do not say into which country, by the country that says so of its own border.
ENTRY = {
    Country.CHINA.value: {"入境", "人员入境", "entry"},
    Country.KAZAKHSTAN.value: {"въезд", "entry"},
}
TEXTS = ("vin", "passport_number", "declaration", "status")

Read = tuple["Row", dict[str, Any], Sequence[Reason]]


def import_at_once(*, file_import: RecordImport, now: Callable[[], datetime]) -> RecordImport:
    """Read and import a kept file here and now; where a worker has hold of it, give it as it stands."""
    while (claimed := claim_import(model=RecordImport, at=now(), pk=file_import.pk)) is not None:
        work_import(file_import=claimed, now=now, trade=RECORDS)
    stands: RecordImport = RecordImport.objects.select_related("source").get(pk=file_import.pk)
    return stands


def _take(
    file_import: RecordImport,
    source: io.BytesIO,
    choose: Chosen,
    *,
    is_trial: bool,
    tell: Tell,
    at: datetime,
) -> dict[str, Any] | None:
    """Take the lines behind those that were read."""
    with read_tables(source, name=file_import.name, choose=choose) as tables:
        lines = islice(_lines(file_import, tables, at), file_import.read, None)
        for sheet, own in groupby(lines, itemgetter(0)):
            for batch in batches((row for _sheet, row in own), BATCH):
                if not _take_batch(sheet, batch, tell, is_trial=is_trial):
                    return None
    return {}


def _take_batch(sheet: Sheet, batch: Sequence[Row], tell: Tell, *, is_trial: bool) -> bool:
    if is_trial:
        return tell(sheet.judge(batch))
    with transaction.atomic():
        return tell(sheet.take(batch))


def _lines(file_import: RecordImport, tables: Sequence[Table], at: datetime) -> Iterator[tuple[Sheet, Row]]:
    for place, table in enumerate(tables):
        if table.kind == "records":
            sheet = Sheet(file_import, place, _told_apart(table.titles), at)
            for row in table.rows:
                yield sheet, row


@dataclass(frozen=True, eq=False)
class Sheet:
    """One sheet of a file on its way, a batch at a time."""

    file_import: RecordImport
    place: int
    titles: Sequence[str]
    at: datetime

    @property
    def name(self) -> str:
        return self.file_import.source.name

    def judge(self, batch: Sequence[Row]) -> list[Judged]:
        """Say what would become of lines; one that an earlier line of the file says already is known."""
        lines = self._lines(batch, lambda lines: judge_records(lines=lines, source=self.name, at=self.at))
        digests = {line.more["digest"] for line in lines} - {""}
        told = RecordImportLine.objects.filter(file_import=self.file_import, digest__in=digests)
        seen = set(told.values_list("digest", flat=True))
        return [self._again(line) if line.more["digest"] in seen else line for line in lines]

    def take(self, batch: Sequence[Row]) -> list[Judged]:
        by = self.file_import.started_by or self.file_import.created_by
        return self._lines(
            batch,
            lambda lines: take_records(
                lines=lines, source=self.name, file_import=self.file_import, at=self.at, by=by
            ),
        )

    def _again(self, line: Judged) -> Judged:
        fate = RecordFate.DUPLICATE.value
        return Judged(line.sheet, line.number, line.kind, fate, line.cells, more=line.more)

    def _lines(
        self, batch: Sequence[Row], answer: Callable[[list[RecordLine]], list[RecordResult]]
    ) -> list[Judged]:
        read = [self._read(row) for row in batch]
        results = iter(answer([self._line(row, values) for row, values, faults in read if not faults]))
        return [
            self._refused(row, faults) if faults else self._judged(row, next(results))
            for row, _values, faults in read
        ]

    def _read(self, row: Row) -> Read:
        row = self._told(row)
        said, given = self.file_import, self.file_import.given
        values, faults = clean_row("records", row, zone=self._zone(row), first=said.first, given=given)
        kind = values.get("kind")
        is_kept = kind in kinds_from(self._country)
        if kind and not (is_kept and kind == given.get("kind", kind)):
            faults = [*faults, not_believed()]
        return row, values, faults

    @property
    def _country(self) -> str:
        checkpoint = self.file_import.source.checkpoint
        return checkpoint.country if checkpoint else ""

    def _told(self, row: Row) -> Row:
        """Tell of a bare entry whether it is one into Kazakhstan or the return to China.

        A word of the other side's is none: the file may be that of another source.
        """
        word, given = fold(row.values.get("kind", "")), self.file_import.kind
        said_in = {country for country, words in ENTRY.items() if word in words}
        if said_in and given in ENTRY_INTO.values():
            kind: str | None = given
        else:
            kind = ENTRY_INTO[self._country] if self._country in said_in else None
        return replace(row, values={**row.values, "kind": kind}) if kind else row

    def _zone(self, row: Row) -> tzinfo:
        """Unless it is said, Kazakhstan keeps the entries, China all else."""
        if self.file_import.zone:
            return ZoneInfo(self.file_import.zone)
        try:
            kind = self.file_import.kind or read_choice(row.values.get("kind", ""), field="kind")
        except Invalid:
            return CHINA
        return KAZAKHSTAN if kind == RecordKind.KZ_ENTRY else CHINA

    def _line(self, row: Row, values: Mapping[str, Any]) -> RecordLine:
        return RecordLine(
            kind=values["kind"],
            occurred_at=values["occurred_at"],
            source_reference=values["source_reference"],
            **{name: values.get(name, "") for name in TEXTS},
            line=row.number,
            original=dict(zip(self.titles, row.original, strict=False)),
        )

    def _judged(self, row: Row, result: RecordResult) -> Judged:
        if result.record is None:
            return self._refused(row, result.reasons)
        more = {"digest": result.record.digest}
        return Judged(self.place, row.number, "records", result.status, row.original, more=more)

    def _refused(self, row: Row, reasons: Sequence[Reason]) -> Judged:
        fate = RecordFate.REFUSED.value
        return Judged(self.place, row.number, "records", fate, row.original, reasons, {"digest": ""})


def _told_apart(titles: Sequence[str]) -> list[str]:
    """Give every column a heading of its own, so that no cell takes the place of another."""
    told: list[str] = []
    for place, title in enumerate(titles, 1):
        told.append(title if title and title not in told else f"{title} ({place})".strip())
    return told


def _not_records(table: Table) -> Reason:
    sentence = _("Sheet “{sheet}” holds {kind}, not records, and was not read.")
    label = KIND_LABELS[table.kind] if table.kind else ""
    return Reason("not_records", format_lazy(sentence, sheet=table.sheet, kind=label))


#: What a source's import takes.
RECORDS = Trade(RecordImport, _take, _not_records)
