"""Take files of records that others put into folders: one folder for each source.

Whenever it is killed, the next one goes on from there: a file is known by where it lies and what the disk
says of it, so that it is kept once; its lines are known by what they say; and it is moved last.
"""

from __future__ import annotations

import fcntl
import io
import os
import stat
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from itertools import count
from pathlib import Path
from typing import BinaryIO, NamedTuple
from uuid import UUID, uuid5

from django.conf import settings
from django.urls import reverse
from django.utils.translation import gettext as _

from clearance.actions.imports import import_at_once
from clearance.actions.sources import keep_records, source_named
from clearance.management.record_files import counts_told, why_unread
from clearance.models import RecordImport, Source
from ferry.errors import Refused
from ferry.models import OPEN_IMPORTS, ImportState
from ferry.queries.imports import refused_tables
from ferry.sheets import LIMITS, write_refused

BY = "watch_inbox"
DONE, FAILED = "done", "failed"
LOCK = ".watching"
NAMES = UUID("5b0c1d1e-7d0d-4f37-9d10-6c2d1f0b7a44")
#: How programs call a file that they are still writing.
UNFINISHED = (".part", ".tmp", ".filepart", ".partial", ".crdownload", ".download")
HIDDEN = (".", "~$")


class Busy(Exception):
    """Another watcher is at work in the folder."""


class Stamp(NamedTuple):
    """What the disk says of a file: the same twice, nobody is writing it any more."""

    node: int
    size: int
    changed_ns: int


@dataclass(frozen=True)
class Inbox:
    """A folder of folders; `sources` names the source of a folder where it is not the folder's own name."""

    path: Path
    language: str
    sources: Mapping[str, str] = field(default_factory=dict)

    @contextmanager
    def held(self) -> Iterator[None]:
        """Hold the folder alone; the system lets go of it when whoever holds it dies."""
        with (self.path / LOCK).open("w") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError as error:
                raise Busy from error
            yield

    def look(self) -> dict[Path, Stamp]:
        """List the files that lie there, each as it stands, the oldest first."""
        found = {file: stamp for folder in self._folders() for file, stamp in _files(folder)}
        return dict(sorted(found.items(), key=lambda pair: (pair[1].changed_ns, pair[0])))

    def astray(self) -> set[Path]:
        """List the files that lie beside the folders, where nobody can say whose they are."""
        return {file for file, _stamp in _files(self.path)}

    def way_for_astray(self) -> str:
        folders = ", ".join(sorted(folder.name for folder in self._folders()))
        if not folders:
            return _("It stays where it is. Make a folder named as its source is, and move it there.")
        return _("It stays where it is. Move it into the folder of its source: {folders}").format(
            folders=folders
        )

    def take(self, file: Path, stamp: Stamp, now: Callable[[], datetime]) -> str | None:
        """Take one file, move it, and say what became of it; None where it is not its turn yet."""
        try:
            kept = self._kept(file, stamp, now())
        except Refused as refused:
            return _fail(file, [str(reason.detail) for reason in refused.reasons])
        if kept is None:
            return None
        kept = import_at_once(file_import=kept, now=now)
        if kept.state in OPEN_IMPORTS or _stamp(file.lstat()) != stamp:
            return None
        if kept.state != ImportState.DONE:
            return _fail(file, [*why_unread(kept), _way_forward(kept)])
        return _finish(file, kept)

    def _folders(self) -> Iterator[Path]:
        with os.scandir(self.path) as entries:
            for entry in entries:
                if entry.is_dir(follow_symlinks=False) and not entry.name.startswith(HIDDEN):
                    yield Path(entry.path)

    def _kept(self, file: Path, stamp: Stamp, at: datetime) -> RecordImport | None:
        """Keep a file that still is as it was seen; one that was being taken before is found again."""
        with file.open("rb") as opened:
            content = _whole(opened)
            if _stamp(os.fstat(opened.fileno())) != stamp:
                return None
        folder = file.parent.name
        source = source_named(name=self.sources.get(folder, folder), at=at, by=BY)
        kept, _is_new = keep_records(
            source=source,
            key=_key(source, file, stamp),
            file=content,
            name=file.name,
            language=self.language,
            is_straight=True,
            at=at,
            by=BY,
        )
        return kept


def _files(folder: Path) -> Iterator[tuple[Path, Stamp]]:
    """Give the files of a folder; links, pipes, folders and what is still being written are left alone."""
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.name.startswith(HIDDEN) or entry.name.lower().endswith(UNFINISHED):
                continue
            try:
                told = entry.stat(follow_symlinks=False)
            except FileNotFoundError:
                continue
            if stat.S_ISREG(told.st_mode):
                yield Path(entry.path), _stamp(told)


def _stamp(told: os.stat_result) -> Stamp:
    return Stamp(told.st_ino, told.st_size, told.st_mtime_ns)


def _whole(opened: BinaryIO) -> BinaryIO:
    """Read a file before it is judged, and of one that is too large no more than shows that it is."""
    return io.BytesIO(opened.read(LIMITS.file_bytes + 1))


def _key(source: Source, file: Path, stamp: Stamp) -> UUID:
    """Know a file again; one that failed and is put back is tried anew."""
    for attempt in count():
        key = uuid5(NAMES, "\n".join(map(str, (file, *stamp, attempt))))
        known = RecordImport.objects.filter(source=source, key=key).first()
        if known is None or known.state in (*OPEN_IMPORTS, ImportState.DONE):
            return key
    raise AssertionError


def _finish(file: Path, kept: RecordImport) -> str:
    """Lay the refused lines beside where the file goes, and then move it there."""
    target = _free(file.parent / DONE, file.name)
    if kept.refused:
        beside = target.with_name(f"{target.stem}-refused-{kept.pk}.xlsx")
        _write(beside, lambda file: write_refused(file, refused_tables(kept)))
    file.rename(target)
    return counts_told(kept)


def _fail(file: Path, reasons: list[str]) -> str:
    target = _free(file.parent / FAILED, file.name)
    said = "\n".join(reasons)
    _write(target.with_name(f"{target.name}.txt"), lambda file: file.write_text(f"{said}\n", "utf-8"))
    file.rename(target)
    return said


def _way_forward(kept: RecordImport) -> str:
    sentence = _("Put its headings right on the desk, once: {address} They are kept for the next file.")
    page = reverse("desk:record_files_job", args=[kept.pk])
    return sentence.format(address=f"{settings.SITE_URL}{page}")


def _free(folder: Path, name: str) -> Path:
    """Find a name that no earlier file has there."""
    folder.mkdir(exist_ok=True)
    path = Path(name)
    for number in count(2):
        target = folder / name
        if not target.exists():
            return target
        name = f"{path.stem} ({number}){path.suffix}"
    raise AssertionError


def _write(target: Path, write: Callable[[Path], object]) -> None:
    """Write a file as a whole or not at all."""
    draft = target.with_name(f".{target.name}")
    write(draft)
    draft.replace(target)
