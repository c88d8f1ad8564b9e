"""Take a file of records: every usable line, and the reasons against each of the others."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, tzinfo
from itertools import islice
from pathlib import Path
from typing import Any, BinaryIO

from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from clearance.actions.records import RecordLine, take_records
from clearance.models import RecordKind
from ferry.errors import Invalid, Reason
from ferry.queries.issue import CHINA, KAZAKHSTAN
from ferry.sheets import RefusedLine, RefusedTable, Row, Table, clean_row, read_choice, read_tables
from ferry.sheets.fields import KIND_LABELS

BATCH = 1000


@dataclass
class RecordReport:
    """What became of the lines, by `matched`, `unmatched`, `duplicate` and `error`."""

    counts: Counter[str] = field(default_factory=Counter)
    refused: list[RefusedTable] = field(default_factory=list)
    unread: list[Reason] = field(default_factory=list)


def import_records(
    *, source: BinaryIO | Path, name: str, from_: str, zone: tzinfo | None = None, at: datetime, by: str
) -> RecordReport:
    """Take the usable lines of a file; Invalid when the file itself cannot be used.

    `from_` names who says so. Times without a zone are by the clocks of `zone`, or else of the country that
    keeps the record.
    """
    report = RecordReport()
    with read_tables(source, name=name) as tables:
        for table in tables:
            if table.kind == "records":
                refused = list(_take(table, report.counts, from_, zone, at, by))
                report.refused += [RefusedTable(table.sheet, table.titles, refused)] if refused else []
            elif table.kind is not None:
                report.unread.append(_not_records(table))
            elif table.reason is not None:
                report.unread.append(table.reason)
    return report


def _take(
    table: Table, counts: Counter[str], from_: str, zone: tzinfo | None, at: datetime, by: str
) -> Iterator[RefusedLine]:
    for batch in _batches(table.rows):
        read = [(row, *clean_row("records", row, zone=zone or _zone(row))) for row in batch]
        for row, _values, faults in read:
            if faults:
                counts["error"] += 1
                yield RefusedLine(Row(row.number, {}, row.original), faults)
        usable = [(row, _line(row, values, table)) for row, values, faults in read if not faults]
        results = take_records(lines=[line for _row, line in usable], source=from_, at=at, by=by)
        for (row, _line_taken), result in zip(usable, results, strict=True):
            counts[result.status] += 1
            if result.reasons:
                yield RefusedLine(Row(row.number, {}, row.original), result.reasons)


def _batches(rows: Iterator[Row]) -> Iterator[list[Row]]:
    while batch := list(islice(rows, BATCH)):
        yield batch


def _zone(row: Row) -> tzinfo:
    """Kazakhstan keeps the entries, China all else."""
    try:
        kind = read_choice(row.values.get("kind", ""), field="kind")
    except Invalid:
        return CHINA
    return KAZAKHSTAN if kind == RecordKind.KZ_ENTRY else CHINA


def _line(row: Row, values: dict[str, Any], table: Table) -> RecordLine:
    names: Iterable[str] = ("vin", "passport_number", "declaration", "status")
    return RecordLine(
        kind=values["kind"],
        occurred_at=values["occurred_at"],
        source_reference=values["source_reference"],
        **{name: values.get(name, "") for name in names},
        line=row.number,
        original=dict(zip(table.titles, row.original, strict=False)),
    )


def _not_records(table: Table) -> Reason:
    sentence = _("Sheet “{sheet}” holds {kind}, not records, and was not read.")
    label = KIND_LABELS[table.kind] if table.kind else ""
    return Reason("not_records", format_lazy(sentence, sheet=table.sheet, kind=label))
