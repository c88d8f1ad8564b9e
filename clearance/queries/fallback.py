"""Printed lists: whom they name, and what was written on them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db.models import Count, Q

from clearance.models import FallbackLine, FallbackList, Verdict
from clearance.queries.lists import objections_to, passes_of_checkpoint, subjects_of
from clearance.rules.verdict import SEVERITY
from ferry.codes import read_short_code
from ferry.models import PassState, TripState

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence
    from datetime import datetime

    from django.db.models import QuerySet

    from ferry.models import Checkpoint, Pass

#: People look a vehicle up by these, so the list goes by them.
VIN_TAIL = 6


def expected_passes(checkpoint: Checkpoint, *, at: datetime, until: datetime) -> list[Pass]:
    """Find the open passes that may come to a checkpoint in a time, by the tail of the VIN.

    To an exit come those whose window is open in it; to an entry also what is on the bridge.
    """
    may_come = Q(trip__state=TripState.READY, opens_at__lt=until, closes_at__gt=at)
    on_the_bridge = Q(trip__state=TripState.EXITED, trip__route__entry=checkpoint)
    passes = passes_of_checkpoint(checkpoint).filter(may_come | on_the_bridge, state=PassState.OPEN)
    found = passes.select_related("trip__vehicle", "driver")
    return sorted(found, key=lambda pass_: (pass_.vin[-VIN_TAIL:], pass_.vin))


def foretold(passes: Sequence[Pass], checkpoint: Checkpoint, *, at: datetime) -> dict[int, str]:
    """Say of each pass, by id, what papers and selection say now: examine, refuse or nothing.

    What is selected in some hours only is told for the whole list: paper cannot look at the clock.
    """
    told = {}
    for subject in subjects_of([one.pass_id for one in passes], checkpoint, at):
        verdicts = [Verdict(each["verdict"]) for each in objections_to(subject, checkpoint, at)]
        if verdicts and subject.pass_pk is not None:
            told[subject.pass_pk] = max(verdicts, key=SEVERITY.__getitem__).value
    return told


def lists_at(checkpoints: Collection[Checkpoint]) -> QuerySet[FallbackList]:
    rows = FallbackList.objects.filter(checkpoint__in=checkpoints).select_related("checkpoint")
    return rows.annotate(
        printed=Count("lines", filter=Q(lines__is_added=False)),
        entered=Count("lines", filter=Q(lines__scan__isnull=False)),
    )


def lines_in_full(listed: FallbackList) -> QuerySet[FallbackLine]:
    rows = FallbackLine.objects.filter(list=listed)
    return rows.select_related(
        "pass_listed__trip__vehicle", "pass_listed__trip__company", "pass_listed__driver", "scan__checkpoint"
    )


def entered_lines(listed: FallbackList) -> QuerySet[FallbackLine]:
    return lines_in_full(listed).filter(scan__isnull=False)


def find_lines(listed: FallbackList, keys: Iterable[str]) -> dict[str, FallbackLine]:
    """Find by running number or short code what stands on a list, or may have come without standing there.

    A pass that is not on it is given as a line that is not stored yet, without a number.
    """
    numbers = {key: int(key) for key in keys if key.isascii() and key.isdigit() and len(key) < 6}
    codes = {key: code for key in keys if key not in numbers and (code := read_short_code(key))}
    lines = lines_in_full(listed)
    stored = list(
        lines.filter(Q(number__in=numbers.values()) | Q(pass_listed__short_code__in=codes.values()))
    )
    by_number = {line.number: line for line in stored}
    by_code = {line.pass_listed.short_code: line for line in stored}
    missing = set(codes.values()) - set(by_code)
    if missing:
        passes = passes_of_checkpoint(listed.checkpoint).filter(short_code__in=missing)
        for pass_ in passes.select_related("trip__vehicle", "trip__company", "driver"):
            by_code[pass_.short_code] = FallbackLine(list=listed, number=0, pass_listed=pass_, is_added=True)
    found = {key: by_number.get(number) for key, number in numbers.items()}
    found |= {key: by_code.get(code) for key, code in codes.items()}
    return {key: line for key, line in found.items() if line is not None}
