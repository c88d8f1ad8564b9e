from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand
from django.utils import timezone

from clearance.actions.standard import lay_standard_data


class Command(BaseCommand):
    help = "Add the checkpoints, routes, policies and tables every installation begins with; change nothing."

    def handle(self, *args: Any, **options: Any) -> None:
        laid = lay_standard_data(at=timezone.now(), by="standard_data")
        self.stdout.write(f"{laid} rows of standard data added." if laid else "The standard data is there.")
