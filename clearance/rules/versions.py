"""The versions of the assessment. A new one stands beside those before it until it is switched on."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING, NamedTuple

from django.utils.translation import gettext_lazy as _

from clearance.rules.assess import OPEN, VERSION, Assessment, Evidence, Limits, View, assess

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

Judge = Callable[[Evidence, Limits, datetime], Assessment]
See = Callable[[Evidence, Limits, datetime], View]

VERSIONS: dict[int, Judge] = {VERSION: assess}
#: What each says otherwise than the one before it, for the operator who decides.
SAYS: dict[int, StrOrPromise] = {VERSION: _("The first: all that the reconciliation's documentation says.")}
#: How a version sees the evidence and counts the limits, if not as the first: it is explained by that.
VIEWS: dict[int, See] = {}
#: In force until another is switched on.
FIRST = min(VERSIONS)


OPENS, NOT_FOUND, OUTCOME = "opens", "not_found", "outcome"


class Change(NamedTuple):
    """What another version says otherwise: cases that would open, and kinds that it finds no more."""

    outcome_from: str
    outcome_to: str
    opens: tuple[str, ...]
    not_found: tuple[str, ...]

    @property
    def told(self) -> list[tuple[str, str]]:
        """Name what differs, to be counted: each as what it is, and of what."""
        told = [(OPENS, kind) for kind in self.opens] + [(NOT_FOUND, kind) for kind in self.not_found]
        if self.outcome_from != self.outcome_to:
            told.append((OUTCOME, f"{self.outcome_from}>{self.outcome_to}"))
        return told


def change(evidence: Evidence, limits: Limits, at: datetime, *, now: Judge, then: Judge) -> Change | None:
    """Judge a trip by two versions at one moment; None where they say the same.

    What is settled counts as settled by both. A case that is open and not found any more stays open: a person
    settles it.
    """
    before, after = now(evidence, limits, at), then(evidence, limits, at)
    was, will = _kinds(before), _kinds(after)
    there = {case.kind for case in evidence.cases if case.state == OPEN}
    opens, not_found = sorted(will - was - there), sorted(was - will)
    if not opens and not not_found and before.outcome == after.outcome:
        return None
    return Change(before.outcome, after.outcome, tuple(opens), tuple(not_found))


def _kinds(verdict: Assessment) -> set[str]:
    return {finding.kind for finding in verdict.findings}
