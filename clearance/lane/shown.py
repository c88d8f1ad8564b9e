"""Put together what an officer sees of an examination, and what a supervisor may do about a release."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from clearance.models import Answer, Compared, ExaminationOutcome, Verdict
from clearance.queries.examinations import (
    checklist_of,
    comparisons_of,
    examination_in_full,
    examinations_of,
    passed_of,
    rules_for,
    withdrawals_of,
)
from clearance.queries.scans import open_examination
from clearance.rules.checklist import ANSWERED_BY, ITEMS, answers_with
from clearance.rules.compare import Difference, difference
from clearance.rules.withdrawal import objections_to_withdrawal
from ferry.errors import Reason

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from datetime import datetime

    from django_stubs_ext import StrOrPromise

    from clearance.lane.access import Station
    from clearance.models import Comparison, Examination, Scan, Withdrawal

AFTER_EXAMINATION = {
    ExaminationOutcome.RELEASED.value: Verdict.RELEASE.value,
    ExaminationOutcome.DETAINED.value: Verdict.REFUSE.value,
}


@dataclass(frozen=True)
class Row:
    """One item of a checklist: what to see, what was answered, and whether that stands in the way."""

    item: str
    sentence: StrOrPromise
    answer: str
    word: str = ""
    is_wrong: bool = False


@dataclass(frozen=True)
class Seen:
    """A comparison; the latest of its kind answers an `item` of the checklist."""

    comparison: Comparison
    difference: Difference
    item: str = ""

    @property
    def answer(self) -> str:
        return Answer.RIGHT.value if self.comparison.is_same else Answer.WRONG.value


@dataclass(frozen=True)
class Past:
    """Something decided about the vehicle at this crossing: an examination's outcome, or a withdrawal."""

    at: datetime
    examination: Examination | None = None
    withdrawal: Withdrawal | None = None
    rows: tuple[Row, ...] = ()
    seen: tuple[Seen, ...] = ()


def scan_shown(
    scan: Scan, station: Station, *, wrong: Iterable[Reason], draft: Mapping[str, str], at: datetime
) -> dict[str, Any]:
    """Say what holds by now of a scan: its verdict, or what an examination or a withdrawal made of it."""
    past = _past(scan)
    withdrawn = {each.withdrawal.scan_id for each in past if each.withdrawal}
    is_examined = scan.verdict == Verdict.EXAMINE or scan.pk in withdrawn
    examination = open_examination(scan) if is_examined else None
    waits = examination is not None and not examination.outcome
    decided = AFTER_EXAMINATION.get(examination.outcome) if examination else None
    return {
        "says": decided or (Verdict.EXAMINE.value if waits else scan.verdict),
        "examination": examination,
        "is_withdrawn": waits and bool(withdrawn),
        "past": past,
        "exam": examination_shown(examination, wrong=wrong, draft=draft) if examination and waits else None,
        "may_withdraw": _may_withdraw(scan, station, at),
    }


def examination_shown(
    examination: Examination, *, wrong: Iterable[Reason] = (), draft: Mapping[str, str]
) -> dict[str, Any]:
    """Give what templates/lane/_outcome.html draws of an examination that is not decided."""
    examination = examination_in_full(examination)
    scan = examination.scan
    checklist = checklist_of(examination)
    seen = list(_seen(comparisons_of(examination)))
    compared = {each.comparison.what: each.comparison.is_same for each in reversed(seen)}
    answers = answers_with({item: draft.get(f"item_{item}", "") for item in ITEMS}, compared)
    amiss = {reason.attr for reason in wrong}
    return {
        "scan": scan,
        "demanded": _rows(checklist.demanded, answers, amiss),
        "offered": _rows(checklist.offered, answers, amiss),
        "is_more_answered": any(answers.get(item) for item in checklist.offered),
        "answers": Answer.choices,
        "seen": seen,
        "photos": list(examination.photos.order_by("pk")),
        "plate": scan.trip.vehicle.plate if scan.trip else "",
        "chosen_by": [rule.reason for rule in rules_for(scan)] if _was_chosen(scan) else [],
        "draft": draft,
    }


def _seen(comparisons: Iterable[Comparison]) -> Iterator[Seen]:
    """Give comparisons, the newest first, as they are shown."""
    told: set[str] = set()
    for each in comparisons:
        item = "" if each.what in told else ANSWERED_BY[Compared(each.what)]
        told.add(each.what)
        yield Seen(each, difference(each.read, each.expected), item)


def _was_chosen(scan: Scan) -> bool:
    return any(reason["code"] == "selected" for reason in scan.reasons)


def _rows(items: Iterable[str], answers: Mapping[str, str], amiss: Iterable[str | None] = ()) -> list[Row]:
    words = dict(Answer.choices)
    found = ((item, answers.get(item, "")) for item in items)
    return [
        Row(item, ITEMS[item], answer, str(words.get(answer, "")), item in amiss) for item, answer in found
    ]


def _past(scan: Scan) -> list[Past]:
    """Tell what was decided, the newest first."""
    past = [
        Past(
            each.decided_at,
            examination=each,
            rows=tuple(_rows([item for item in ITEMS if item in each.checklist], each.checklist)),
            seen=tuple(_seen(sorted(each.comparisons.all(), key=lambda one: -one.pk))),
        )
        for each in examinations_of(scan)
        if each.decided_at is not None
    ]
    past += [Past(each.withdrawn_at, withdrawal=each) for each in withdrawals_of(scan)]
    return sorted(past, key=lambda each: each.at, reverse=True)


def _may_withdraw(scan: Scan, station: Station, at: datetime) -> bool:
    if scan.trip is None or scan.checkpoint not in station.supervised:
        return False
    passed = passed_of(scan, scan.trip)
    return passed is not None and not objections_to_withdrawal(passed, at=at)
