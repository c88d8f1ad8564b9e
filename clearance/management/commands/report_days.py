"""Count the days of reports anew."""

from __future__ import annotations

from argparse import ArgumentParser
from datetime import date
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from clearance.actions.reports import count_scan_days
from ferry.actions.reports import count_days
from ferry.models import Checkpoint, Company
from ferry.queries.issue import china_date
from ferry.queries.reports import first_day


class Command(BaseCommand):
    help = "Count days of reports anew from trips, cases and scans; what stands right stays."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--from", dest="first", type=date.fromisoformat, metavar="YYYY-MM-DD")
        parser.add_argument("--to", dest="last", type=date.fromisoformat, metavar="YYYY-MM-DD")

    def handle(self, *args: Any, first: date | None, last: date | None, **options: Any) -> None:
        last = last or china_date(timezone.now())
        first = first or first_day() or last
        if first > last:
            raise CommandError("--from is after --to. Change places.")
        changed = sum(
            count_days(company=company, first=first, last=last) for company in Company.objects.order_by("pk")
        )
        changed += sum(
            count_scan_days(checkpoint=place, first=first, last=last)
            for place in Checkpoint.objects.order_by("pk")
        )
        self.stdout.write(f"Counted {first} to {last}: {changed} rows changed.")
