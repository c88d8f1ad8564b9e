"""Sign codes with a new key from now on."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand
from django.utils import timezone

from ferry.actions.keys import rotate_signing_key


class Command(BaseCommand):
    help = "Make a new signing key; the old one stays trusted until its last pass has ended."

    def handle(self, *args: Any, **options: Any) -> None:
        key = rotate_signing_key(at=timezone.now())
        self.stdout.write(f"Codes are signed with key {key} from now on.")
