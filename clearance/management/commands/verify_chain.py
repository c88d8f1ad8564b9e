from __future__ import annotations

import sys
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from clearance.actions.chain import check_chains
from clearance.queries.chain import places
from ferry.models import Checkpoint


class Command(BaseCommand):
    help = (
        "Look for anything altered, missing or inserted among scans, examinations and supervisors' acts."
        " Prints a line for each fault and for each head, and ends with 1 where there is a fault."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--checkpoint", metavar="CODE", help="check the chain of this checkpoint alone")
        parser.add_argument(
            "--noted",
            metavar="CODE:NUMBER:HASH",
            action="append",
            default=[],
            help="a head that was noted before, in a log or a letter: that link must be there and unchanged",
        )

    def handle(self, *args: Any, checkpoint: str | None, noted: list[str], **options: Any) -> None:
        only = _checkpoint(checkpoint) if checkpoint else None
        names = places()
        checks = check_chains(
            only=only,
            noted=_noted(noted, names),
            tell=lambda fault: self.stdout.write(str(fault)),
            at=timezone.now(),
        )
        for check in checks:
            if check.number or check.faults:
                said = f"faults: {check.faults}" if check.faults else "whole"
                self.stdout.write(f"{names[check.place]}:{check.number}:{check.hash} · {said}")
        if any(check.faults for check in checks):
            sys.exit(1)


def _checkpoint(code: str) -> Checkpoint:
    found = Checkpoint.objects.filter(code=code).first()
    if found is None:
        raise CommandError(f"There is no checkpoint {code}. Its code is like CN-HORGOS.")
    return found


def _noted(texts: list[str], names: dict[int, str]) -> dict[int, dict[int, str]]:
    by_name = {name: place for place, name in names.items()}
    noted: dict[int, dict[int, str]] = {}
    for text in texts:
        name, _, rest = text.partition(":")
        number, _, hash_ = rest.partition(":")
        if name not in by_name or not number.isdecimal() or len(hash_) != 64:
            raise CommandError(f"{text!r} is no head. Give it as it was printed: CODE:NUMBER:HASH.")
        noted.setdefault(by_name[name], {})[int(number)] = hash_
    return noted
