"""Accrue the pay of delivered trips that have not: those of before there was a ledger."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand
from django.utils import timezone

from ferry.actions.pay import accrue_missing


class Command(BaseCommand):
    help = "Accrue drivers' pay for trips delivered before there was a ledger. It may be run again."

    def handle(self, *args: Any, **options: Any) -> None:
        total = 0
        while found := accrue_missing(at=timezone.now(), by="manage.py accrue_pay"):
            total += found
        self.stdout.write(f"{total} trips accrued.")
