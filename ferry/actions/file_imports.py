"""Keep an uploaded spreadsheet, and what its sender decides; ferry.actions.import_work does the rest.

The same for whoever owns imports: a company, or a source of records at the border.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any, BinaryIO, TypeVar

from django.core.files.base import ContentFile
from django.db import IntegrityError, transaction
from django.utils.translation import gettext_lazy as _

from ferry import vault
from ferry.errors import Conflict, Invalid, Reason
from ferry.models import FileImport, ImportState, Upload
from ferry.queries.imports import fingerprint
from ferry.sheets import count_rows, name_columns

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import datetime
    from uuid import UUID

    from ferry.models import Company

Kept = TypeVar("Kept", bound=Upload)

#: What a worker begins anew with.
FREE = {"worker": None, "held_until": None, "tries": 0, "read": 0}


def keep_upload(
    *, company: Company, key: UUID, file: BinaryIO, name: str, language: str, at: datetime, by: str
) -> tuple[FileImport, bool]:
    """Keep a spreadsheet to be read; with a known `key` give that import, and False.

    Invalid when it is none, or not one that can be read.
    """
    upload = FileImport(company=company, key=key, name=name, language=language, created_at=at, created_by=by)
    return keep_file(upload=upload, file=file)


def keep_file(*, upload: Kept, file: BinaryIO) -> tuple[Kept, bool]:
    """Keep a spreadsheet of any owner; `upload` says whose it is, and all that the file itself does not."""
    same = {upload.owner_field: upload.owner, "key": upload.key}
    rows = type(upload).objects.filter(**same)
    known = rows.first()
    if known is not None:
        return known, False
    upload.total = count_rows(file)
    file.seek(0)
    content = file.read()
    upload.name, upload.size = upload.name[-200:], len(content)
    upload.sha256 = hashlib.sha256(content).hexdigest()
    upload.file.save("upload", ContentFile(vault.lock(content)), save=False)
    try:
        with transaction.atomic():
            upload.save()
    except IntegrityError:
        upload.file.delete(save=False)
        return rows.get(), False
    return upload, True


def correct_headings(
    *, file_import: Upload, sheet: str, kind: str, row: int, columns: Mapping[int, str]
) -> None:
    """Have a file read again with one sheet's headings corrected; without a kind the sheet is left out.

    Columns count only for the kind and row they were shown for; for others they are found anew.
    """
    shown = next((one for one in file_import.told.get("sheets", ()) if one["name"] == sheet), None)
    titles = dict(shown["top"]).get(row) if shown else None
    if shown is None or titles is None or (kind and kind not in file_import.kinds):
        raise Invalid(_changed_meanwhile())
    if kind and (kind, row) != (shown["kind"], shown["row"]):
        columns = name_columns(kind, titles)  # type: ignore[arg-type]
    refuse_twice(columns)
    said = {"kind": kind, "row": row, "columns": {str(index): field for index, field in columns.items()}}
    headings = {**file_import.headings, sheet: said}
    read_again(file_import=file_import, headings=headings)


def read_again(*, file_import: Upload, **corrected: Any) -> None:
    """Have a file that waits to be looked at read again, with what was corrected."""
    _turn(file_import, ImportState.READING, **corrected)


def start_import(*, file_import: Upload, at: datetime, by: str) -> bool:
    """Have the good lines imported, and remember corrected headings; False if that was asked for already."""
    if file_import.state in (ImportState.IMPORTING, ImportState.DONE):
        return False
    if file_import.state == ImportState.PREVIEWED and not file_import.good:
        detail = _("No line can be imported. Correct the headings or the file, and try again.")
        raise Conflict(Reason("no_good_lines", detail))
    with transaction.atomic():
        _turn(file_import, ImportState.IMPORTING, started_by=by)
        _remember_headings(file_import, at)
    return True


def give_up_import(*, file_import: Upload, at: datetime) -> None:
    """Give up an import of which nothing has been written, and keep nothing of its file."""
    _turn(file_import, ImportState.GIVEN_UP, ImportState.READING, ImportState.PREVIEWED, finished_at=at)
    _remove(file_import, at)


def remove_old_imports(*, model: type[Upload] = FileImport, at: datetime) -> int:
    """Remove the files and lines kept long enough; how many lines met which fate stays known."""
    kept = model.objects.filter(removed_at__isnull=True, created_at__lt=at - model.kept_for)
    old: list[Upload] = list(kept.order_by("pk"))
    for file_import in old:
        unfinished = model.objects.filter(pk=file_import.pk, finished_at__isnull=True)
        unfinished.update(state=ImportState.GIVEN_UP, finished_at=at, **FREE)
        _remove(file_import, at)
    return len(old)


def _turn(
    file_import: Upload,
    state: ImportState,
    *old: ImportState,
    **fields: Any,
) -> None:
    states = old or (ImportState.PREVIEWED,)
    rows = type(file_import).objects
    stands = rows.filter(pk=file_import.pk, state__in=states, removed_at__isnull=True)
    if not stands.update(state=state, **FREE, **fields):
        raise Conflict(_changed_meanwhile())


def _remove(file_import: Upload, at: datetime) -> None:
    file_import.file.delete(save=False)
    file_import.lines.all().delete()
    type(file_import).objects.filter(pk=file_import.pk).update(file="", report=b"", removed_at=at)


def corrected_titles(file_import: Upload) -> Iterator[tuple[list[str], Mapping[str, Any]]]:
    """Give each row of headings that was put right in a sheet that is read, with what was said of it."""
    tops = {sheet["name"]: dict(sheet["top"]) for sheet in file_import.told["sheets"] if sheet["is_read"]}
    for name, said in file_import.headings.items():
        if said["kind"] and name in tops:
            yield tops[name][said["row"]], said


def _remember_headings(file_import: Upload, at: datetime) -> None:
    for titles, said in corrected_titles(file_import):
        file_import.owner.known_headings.update_or_create(
            fingerprint=fingerprint(titles),
            defaults={"kind": said["kind"], "columns": said["columns"], "known_at": at},
        )


def refuse_twice(columns: Mapping[int, str]) -> None:
    if len(set(columns.values())) < len(columns):
        detail = _("Two columns are chosen for the same field. Choose one, and “not read” for the other.")
        raise Invalid(Reason("column_twice", detail))


def _changed_meanwhile() -> Reason:
    detail = _("This import has gone on meanwhile, perhaps in another window. Look at where it stands now.")
    return Reason("import_went_on", detail)
