"""Take a file of records."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from django.core.management.base import CommandError, CommandParser
from django.utils import timezone
from django.utils.translation import gettext as _

from clearance.actions.imports import RecordReport, import_records
from ferry.management.importing import FileCommand

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


class Command(FileCommand):
    help = "Take records of the border police, the Kazakh side or customs from an XLSX or CSV file."

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("--source", required=True, metavar="NAME", help="Who says what the file says.")
        parser.add_argument(
            "--zone",
            metavar="AREA/CITY",
            help="The zone of times that name none; usually Kazakhstan's for entries, China's for all else.",
        )

    def take(self, file: Path, options: Mapping[str, Any]) -> RecordReport:
        return import_records(
            source=file,
            name=file.name,
            from_=options["source"],
            zone=_zone(options["zone"]),
            at=timezone.now(),
            by="import_records",
        )

    def tell(self, report: RecordReport) -> None:
        counts = _("{matched} matched, {unmatched} unmatched, {duplicate} known already, {error} refused")
        names = ("matched", "unmatched", "duplicate", "error")
        self.stdout.write(counts.format(**{name: report.counts[name] for name in names}))
        for reason in report.unread:
            self.stdout.write(str(reason.detail))


def _zone(name: str | None) -> ZoneInfo | None:
    if not name:
        return None
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise CommandError(_("There is no such time zone: {zone}").format(zone=name)) from error
