"""`manage.py assess`: see what another version of the rules would change, and switch it on."""

from __future__ import annotations

import csv
from collections import Counter
from contextlib import nullcontext
from datetime import datetime, time
from pathlib import Path
from typing import IO, Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from clearance.actions.versions import switch_version
from clearance.queries.versions import assessed_trips, look_ahead, version_in_force
from clearance.rules.versions import NOT_FOUND, OPENS, OUTCOME, VERSIONS
from ferry.queries.issue import CHINA

HEAD = ("trip", "vin", "outcome now", "outcome then", "cases that would open", "not found any more")
WORDS = {OPENS: "would open", NOT_FOUND: "not found any more", OUTCOME: "outcome"}


class Command(BaseCommand):
    help = (
        "List what another version of the assessment would change (--dry-run), or have it judge every trip "
        "from now on (--switch). Without either, say which version is in force."
    )

    def create_parser(self, prog_name: str, subcommand: str, **kwargs: Any) -> CommandParser:
        """Let --version name a version of the rules; Django's own is told by manage.py version."""
        return super().create_parser(prog_name, subcommand, conflict_handler="resolve", **kwargs)

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--version", type=int, dest="rules", help="Which version of the rules.")
        parser.add_argument("--dry-run", action="store_true", help="Judge by both, and write nothing.")
        parser.add_argument("--switch", action="store_true", help="Switch it on, and make its trips due.")
        parser.add_argument("--reason", default="", help="With --switch: why; it is kept.")
        parser.add_argument(
            "--since", type=day, help="Only trips that could leave since a day, as 2026-03-01."
        )
        parser.add_argument(
            "--csv", type=Path, help="With --dry-run: write every trip that changes to this file."
        )

    def handle(self, *args: Any, **options: Any) -> None:
        known = ", ".join(str(version) for version in sorted(VERSIONS))
        if not (options["dry_run"] or options["switch"]):
            self.stdout.write(f"Version {version_in_force()} is in force. This release has: {known}.")
            return
        if options["rules"] not in VERSIONS:
            raise CommandError(f"Name a version of the rules with --version. This release has: {known}.")
        if options["dry_run"] and options["switch"]:
            raise CommandError("Choose one: --dry-run writes nothing, --switch does.")
        if options["dry_run"]:
            self._look_ahead(options["rules"], options["since"], options["csv"])
        else:
            self._switch(options["rules"], options["reason"])

    def _look_ahead(self, version: int, since: datetime | None, path: Path | None) -> None:
        total, seen, changed = assessed_trips(since=since).count(), 0, 0
        summary: Counter[str] = Counter()
        with path.open("w", encoding="utf-8-sig", newline="") if path else nullcontext() as file:
            write = _writer(file)
            for looked in look_ahead(version, since=since, at=timezone.now()):
                seen += looked.seen
                for trip, change in looked.changes:
                    changed += 1
                    opens, gone = " ".join(change.opens), " ".join(change.not_found)
                    write((trip.reference, trip.vin, change.outcome_from, change.outcome_to, opens, gone))
                    summary.update(
                        f"{WORDS[what]}: {name.replace('>', ' -> ')}" for what, name in change.told
                    )
                self.stderr.write(f"  {seen} of {total} trips · {changed} would change")
        self.stdout.write(
            f"Version {version} beside {version_in_force()}: {changed} of {seen} trips would change."
        )
        for what, number in sorted(summary.items()):
            self.stdout.write(f"{number:8}  {what}")
        if path:
            self.stdout.write(f"They are in {path}.")

    def _switch(self, version: int, reason: str) -> None:
        if not reason.strip():
            raise CommandError("Say why with --reason; it is kept with the switch.")
        by = "operator manage.py assess"
        tell = lambda count: self.stderr.write(f"  {count} trips are due")  # noqa: E731
        is_new = switch_version(version=version, reason=reason, at=timezone.now(), by=by, tell=tell)
        word = "is in force from now on" if is_new else "was in force already"
        self.stdout.write(
            f"Version {version} {word}; reconciliation looks at every trip that another judged."
        )


def _writer(file: IO[str] | None) -> Any:
    if file is None:
        return lambda _row: None
    writer = csv.writer(file)
    writer.writerow(HEAD)
    return writer.writerow


def day(text: str) -> datetime:
    return datetime.combine(datetime.strptime(text, "%Y-%m-%d").date(), time(), CHINA)  # noqa: DTZ007
