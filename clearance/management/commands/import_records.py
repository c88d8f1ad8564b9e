"""Take a file of records."""

from __future__ import annotations

from dataclasses import dataclass
from time import sleep
from typing import TYPE_CHECKING, Any
from uuid import uuid4
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from django.core.management.base import CommandError, CommandParser
from django.utils import timezone
from django.utils.translation import gettext as _

from clearance.actions.imports import import_at_once
from clearance.actions.sources import keep_records, source_named
from clearance.management.record_files import counts_told, why_unread
from clearance.models import First, RecordImport, RecordKind
from ferry.errors import Invalid, Reason
from ferry.management.importing import FileCommand
from ferry.models import ImportState
from ferry.queries.imports import refused_tables

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from ferry.sheets import RefusedTable

BY = "import_records"
#: While a worker has hold of the file.
LOOK_AGAIN_S = 0.5


@dataclass(frozen=True)
class RecordReport:
    file_import: RecordImport

    @property
    def refused(self) -> Iterable[RefusedTable]:
        return refused_tables(self.file_import) if self.file_import.refused else ()


class Command(FileCommand):
    help = "Take records of the border police, the Kazakh side or customs from an XLSX or CSV file."

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("--source", required=True, metavar="NAME", help="Who says what the file says.")
        parser.add_argument(
            "--kind",
            choices=RecordKind.values,
            help="What all lines are about; usually as the source's last file, or as each line says.",
        )
        parser.add_argument(
            "--zone",
            metavar="AREA/CITY",
            help="The zone of times that name none; usually Kazakhstan's for entries, China's for all else.",
        )
        parser.add_argument("--first", choices=First.values, help="What stands first in dates like 03/07.")

    def take(self, file: Path, options: Mapping[str, Any]) -> RecordReport:
        _check_zone(options["zone"])
        said = {name: options[name] for name in ("kind", "zone", "first") if options[name]}
        source = source_named(name=options["source"], at=timezone.now(), by=BY)
        with file.open("rb") as content:
            kept, _is_new = keep_records(
                source=source,
                key=uuid4(),
                file=content,
                name=file.name,
                language=options["language"],
                writing=said,
                is_straight=True,
                at=timezone.now(),
                by=BY,
            )
        return RecordReport(_worked(kept))

    def tell(self, report: RecordReport) -> None:
        self.stdout.write(counts_told(report.file_import))
        for sheet in report.file_import.told["sheets"]:
            if not sheet["is_read"]:
                self.stdout.write(sheet["reason"])


def _worked(kept: RecordImport) -> RecordImport:
    """Have it imported, by whoever has hold of it; Invalid with the reasons if nothing of it can be read."""
    while (kept := import_at_once(file_import=kept, now=timezone.now)).is_open:
        sleep(LOOK_AGAIN_S)
    if kept.state != ImportState.DONE:
        raise Invalid(*(Reason("unread", detail) for detail in why_unread(kept)))
    return kept


def _check_zone(name: str | None) -> None:
    try:
        if name:
            ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise CommandError(_("There is no such time zone: {zone}").format(zone=name)) from error
