"""Export trips' events as GS1 EPCIS 2.0."""

from __future__ import annotations

import json
from argparse import ArgumentParser
from datetime import date
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from ferry.models import Company
from ferry.queries.epcis import stories, trips_opening
from ferry.rules.epcis import document_head, epcis_events

if TYPE_CHECKING:
    from collections.abc import Iterator


class Command(BaseCommand):
    help = "Write the events of trips whose window opens in these days as one EPCIS 2.0 document in JSON-LD."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--from", dest="first", type=date.fromisoformat, metavar="YYYY-MM-DD", required=True
        )
        parser.add_argument("--to", dest="last", type=date.fromisoformat, metavar="YYYY-MM-DD", required=True)
        parser.add_argument("--company", metavar="USCC", help="only this company's")
        parser.add_argument("--lines", action="store_true", help="an event a line, instead of a document")

    def handle(
        self, *args: Any, first: date, last: date, company: str | None, lines: bool, **options: Any
    ) -> None:
        if first > last:
            raise CommandError("--from is after --to. Change places.")
        trips = trips_opening(first, last)
        if company is not None:
            if not Company.objects.filter(uscc=company).exists():
                raise CommandError("No company has this code. Compare it with the list of companies.")
            trips = trips.filter(company__uscc=company)
        events = (
            json.dumps(event, ensure_ascii=False)
            for story in stories(trips)
            for event in epcis_events(story, site=settings.SITE_URL)
        )
        for line in events if lines else self._document(events):
            self.stdout.write(line)

    def _document(self, events: Iterator[str]) -> Iterator[str]:
        """Write a document around events that come one by one."""
        head = json.dumps(document_head(timezone.now()))
        yield f'{head[:-1]}, "epcisBody": {{"eventList": ['
        separator = ""
        for event in events:
            yield f"{separator}{event}"
            separator = ","
        yield "]}}"
