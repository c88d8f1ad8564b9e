"""Take a company's spreadsheet."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.core.management.base import CommandError, CommandParser
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from ferry.actions.imports import ImportReport, import_fleet
from ferry.management.importing import FileCommand
from ferry.models import Company
from ferry.rules.letters import plain_capitals
from ferry.sheets.fields import KIND_LABELS

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


class Command(FileCommand):
    help = "Take a company's vehicles, drivers and declarations from an XLSX or CSV file."

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("--company", required=True, metavar="USCC", help="The company they belong to.")
        parser.add_argument(
            "--dry-run", action="store_true", help="Say what would become of every line, and write nothing."
        )

    def handle(self, *args: Any, **options: Any) -> None:
        super().handle(*args, **options)
        if options["dry_run"]:
            with translation.override(options["language"]):
                self.stdout.write(_("Nothing was written: this was a dry run."))

    def take(self, file: Path, options: Mapping[str, Any]) -> ImportReport:
        company = _company(options["company"])
        return import_fleet(
            company=company,
            source=file,
            name=file.name,
            is_trial=options["dry_run"],
            at=timezone.now(),
            by="import_fleet",
        )

    def tell(self, report: ImportReport) -> None:
        for kind, tally in report.tallies.items():
            counts = _("{added} added, {changed} changed, {unchanged} unchanged, {refused} refused")
            self.stdout.write(f"{KIND_LABELS[kind]}: {counts.format(**vars(tally))}")  # type: ignore[index]
        for declaration in report.incomplete:
            sentence = _(
                "Declaration {number}: {taken} of {lines} lines taken. "
                "It counts {lines} vehicles, and is incomplete until the others are corrected."
            )
            self.stdout.write(sentence.format(**vars(declaration)))
        if report.unplaced:
            sentence = _(
                "Lines whose declaration number is faulty: {count}. "
                "The declarations they belong to lack these vehicles until the lines are corrected."
            )
            self.stdout.write(sentence.format(count=report.unplaced))
        for reason in report.unread:
            self.stdout.write(str(reason.detail))


def _company(uscc: str) -> Company:
    company = Company.objects.filter(uscc=plain_capitals(uscc)).first()
    if company is None:
        raise CommandError(_("No company has this Unified Social Credit Code: {uscc}").format(uscc=uscc))
    return company
