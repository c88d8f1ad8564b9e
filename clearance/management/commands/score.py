"""`manage.py score`: what reconciliation found of a simulated world beside what is true of it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from clearance.actions.reconcile import reconcile_all_due
from clearance.simulation.score import read_truth, score, told
from ferry.models import Case


class Command(BaseCommand):
    help = (
        "Reconcile a simulated world to its end and compare its cases with the truth, kind by kind. "
        "Ends with 1 where anything was missed or found without being true."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("truth", type=Path, help="The file that manage.py simulate wrote.")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            with options["truth"].open(encoding="utf-8") as lines:
                world, truths = read_truth(lines)
        except (OSError, ValueError) as error:
            raise CommandError(f"{options['truth']} cannot be read. {error}") from error
        reconcile_all_due(at=world.ends_at)
        result = score(truths, found())
        for line in told(result):
            self.stdout.write(line)
        if not result.is_perfect:
            raise CommandError(f"{len(result.misses)} missed. Recall or precision is below 1.000.")


def found() -> list[tuple[str, str, str]]:
    """Give every case there is or was, by what it is about."""
    of_trips = Case.objects.filter(trip__isnull=False).values_list("trip__vehicle__vin", "kind")
    of_declarations = Case.objects.filter(declaration__isnull=False).values_list(
        "declaration__number", "kind"
    )
    return [
        *(("trip", vin, kind) for vin, kind in of_trips.iterator()),
        *(("declaration", number, kind) for number, kind in of_declarations.iterator()),
    ]
