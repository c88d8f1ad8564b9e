from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand
from django.utils import timezone

from clearance.actions.levels import level_all_due
from clearance.actions.reconcile import reconcile_all_due
from clearance.actions.redate import lapse_passes, redate_closures


class Command(BaseCommand):
    help = (
        "Do now what is done on schedule: move passes out of closures, lapse old ones, assess what is due,"
        " move up cases."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        now = timezone.now()
        redated = redate_closures(at=now)
        lapsed = lapse_passes(at=now)
        tally = reconcile_all_due(at=now)
        moved = level_all_due(at=now)
        self.stdout.write(
            f"checked {tally.checked} · matched {tally.matched} · discharged {tally.discharged}"
            f" · cases opened {tally.cases_opened} · records matched {tally.records_matched}"
            f" · lapsed {lapsed} · re-dated {redated} · cases moved up {moved}"
        )
