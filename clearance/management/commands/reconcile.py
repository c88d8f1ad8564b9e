from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand
from django.utils import timezone

from clearance.actions.levels import level_all_due
from clearance.actions.reconcile import reconcile_all_due
from clearance.actions.redate import lapse_passes, redate_closures
from clearance.queries.due import due_trips_count


class Command(BaseCommand):
    help = (
        "Do now what is done on schedule: move passes out of closures, lapse old ones, assess what is due,"
        " move up cases."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        now = timezone.now()
        redated = redate_closures(at=now)
        lapsed = lapse_passes(at=now)
        due = due_trips_count(at=now)
        tally = reconcile_all_due(at=now, tell=lambda so_far: self.tell(so_far.checked, due))
        moved = level_all_due(at=now)
        self.stdout.write(
            f"checked {tally.checked} · matched {tally.matched} · discharged {tally.discharged}"
            f" · cases opened {tally.cases_opened} · records matched {tally.records_matched}"
            f" · lapsed {lapsed} · re-dated {redated} · cases moved up {moved}"
        )

    def tell(self, checked: int, due: int) -> None:
        """Show somebody who watches how far it is."""
        if self.stderr.isatty():
            self.stderr.write(f"\r{checked:,} of {due:,} assessed", ending="" if checked < due else "\n")
            self.stderr.flush()
