"""Open sources of records, keep their files, and keep how they are written for the next time."""

from __future__ import annotations

from typing import TYPE_CHECKING, BinaryIO

import structlog
from django.db import IntegrityError, transaction
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from clearance.models import Record, RecordImport, Source, SourceHeadings
from clearance.rules.sources import kinds_from
from ferry.actions.file_imports import corrected_titles, keep_file, read_again, refuse_twice, start_import
from ferry.errors import Conflict, Invalid, Reason
from ferry.models import ApiKey, KeyKind
from ferry.queries.imports import fingerprint
from ferry.sheets.fields import field_labels, missing_fields

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime
    from uuid import UUID

    from ferry.models import Checkpoint

LONGEST_NAME = 80

log = structlog.get_logger(__name__)


def open_source(*, checkpoint: Checkpoint, name: str, at: datetime, by: str) -> Source:
    """Open a source kept at a checkpoint, or give the one there is.

    Conflict where the name is another's: what it says is not this checkpoint's to add to.
    """
    name = _whole(name)
    found = Source.objects.filter(name=name).first()
    if found is None and not _is_taken(name):
        try:
            with transaction.atomic():
                return Source.objects.create(name=name, checkpoint=checkpoint, created_at=at, created_by=by)
        except IntegrityError:
            found = Source.objects.get(name=name)
    if found is None or found.checkpoint_id != checkpoint.pk:
        detail = _("Another source has this name already. Give this one a name of its own.")
        raise Conflict(Reason("source_taken", detail, "name"))
    return found


def source_named(*, name: str, at: datetime, by: str) -> Source:
    """Give the source of this name, wherever it is kept; one that is new is kept everywhere."""
    name = _whole(name)
    defaults = {"created_at": at, "created_by": by}
    return Source.objects.get_or_create(name=name, defaults=defaults)[0]


def keep_records(
    *,
    source: Source,
    key: UUID,
    file: BinaryIO,
    name: str,
    language: str,
    writing: Mapping[str, str] | None = None,
    is_straight: bool = False,
    at: datetime,
    by: str,
) -> tuple[RecordImport, bool]:
    """Keep a file of a source, to be read as its last was; with a known `key` give that import, and False.

    `writing` says where this one is written otherwise. A straight file is imported without being looked at.
    Invalid when it is no file that can be read.
    """
    upload = RecordImport(
        source=source,
        key=key,
        name=name,
        language=language,
        is_straight=is_straight,
        created_at=at,
        created_by=by,
        **{**source.writing, **(writing or {})},
    )
    return keep_file(upload=upload, file=file)


def correct_writing(*, file_import: RecordImport, kind: str, zone: str, first: str) -> None:
    """Have a file read again as it is said to be written."""
    _believe(file_import.source, kind)
    read_again(file_import=file_import, kind=kind, zone=zone, first=first)


def keep_writing(*, source: Source, kind: str, zone: str, first: str, by: str) -> None:
    """Keep how a source writes; its files that are read already stay as they were read."""
    _believe(source, kind)
    said = {"kind": kind, "zone": zone, "first": first}
    other = Source.objects.filter(pk=source.pk).exclude(**said)
    before = other.values(*said).first()
    # What is said of a source for the first time changes nothing that somebody relied on.
    if other.update(**said) and before is not None and any(before.values()):
        log.info("source_writing_changed", source=source.name, by=by, before=before, now=said)


def start_records(*, file_import: RecordImport, at: datetime, by: str) -> bool:
    """Have the good lines imported, and keep how the file is written for the source's next one."""
    with transaction.atomic():
        if not start_import(file_import=file_import, at=at, by=by):
            return False
        Source.objects.filter(pk=file_import.source_id).update(**file_import.writing)
        for titles, _said in corrected_titles(file_import):
            known = file_import.source.known_headings.filter(fingerprint=fingerprint(titles))
            known.update(titles=titles, known_by=by)
    return True


def change_headings(*, headings: SourceHeadings, columns: Mapping[int, str], at: datetime, by: str) -> bool:
    """Read these headings otherwise in the source's next file; False where they are read so already.

    Invalid when two columns say the same, or none says what every record has.
    """
    columns = {index: columns[index] for index in sorted(columns) if index < headings.width}
    refuse_twice(columns)
    missing = missing_fields("records", {*columns.values(), *(["kind"] if headings.source.kind else [])})
    if missing:
        raise Invalid(_not_named(missing))
    kept = {str(index): field for index, field in columns.items()}
    if kept == headings.columns:
        return False
    SourceHeadings.objects.filter(pk=headings.pk).update(columns=kept, known_at=at, known_by=by)
    log.info("source_headings_changed", source=headings.source.name, by=by)
    return True


def forget_headings(*, headings: SourceHeadings, by: str) -> bool:
    """Have these headings found anew in the source's next file; False where they are forgotten already."""
    forgotten = SourceHeadings.objects.filter(pk=headings.pk).delete()[0] > 0
    if forgotten:
        log.info("source_headings_forgotten", source=headings.source.name, by=by)
    return forgotten


def _believe(source: Source, kind: str) -> None:
    """Refuse a kind that a source kept in its country is not asked about."""
    if kind and kind not in kinds_from(source.checkpoint.country if source.checkpoint else ""):
        raise Invalid(not_believed())


def _not_named(fields: Sequence[str]) -> Reason:
    sentence = _("No column is chosen for: {fields}. Choose one for each.")
    return Reason("headings_missing", format_lazy(sentence, fields=field_labels(fields)))


def not_believed() -> Reason:
    detail = _("This source is not asked about records of this kind. Have them from whoever keeps them.")
    return Reason("kind_not_kept", detail, "kind")


def _is_taken(name: str) -> bool:
    keys = ApiKey.objects.filter(kind=KeyKind.AUTHORITY, label=name)
    return keys.exists() or Record.objects.filter(source=name).exists()


def _whole(name: str) -> str:
    name = " ".join(name.split())
    if not name or len(name) > LONGEST_NAME or "\0" in name:
        detail = _("Give the source a name of at most 80 characters.")
        raise Invalid(Reason("source_name", detail, "name"))
    return name
