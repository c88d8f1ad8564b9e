"""Make the demonstration by its command, and count what there is."""

from __future__ import annotations

from io import StringIO

from django.core.management import call_command

from clearance.models import Posting, Record, Scan, SelectionRule
from ferry.models import (
    ApiKey,
    Case,
    Company,
    Declaration,
    Driver,
    Licence,
    SigningKey,
    Stay,
    Trip,
    TripEvent,
    User,
    Vehicle,
)

EVERYTHING = (
    ApiKey,
    Case,
    Company,
    Declaration,
    Driver,
    Licence,
    Posting,
    Record,
    Scan,
    SelectionRule,
    SigningKey,
    Stay,
    Trip,
    TripEvent,
    User,
    Vehicle,
)


def counts() -> dict[str, int]:
    return {model.__name__: model._default_manager.count() for model in EVERYTHING}


def demo(*options: str) -> str:
    out = StringIO()
    call_command("demo", *options, stdout=out)
    return out.getvalue()
