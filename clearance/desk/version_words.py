"""What a dry run of a version found, in words."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from django.utils.translation import gettext as _

from clearance.rules.versions import NOT_FOUND, OPENS, OUTCOME
from ferry.models import CaseKind, Outcome

if TYPE_CHECKING:
    from clearance.models import VersionChange, VersionTrial


class Counted(NamedTuple):
    """One thing that would change, how often, and how the list of its trips is asked for."""

    label: str
    trips: int
    only: str
    is_shown: bool


class ShownChange(NamedTuple):
    outcome_from: str
    outcome_to: str
    opens: list[str]
    not_found: list[str]


def shown_summary(trial: VersionTrial, *, only: tuple[str, str]) -> list[tuple[str, list[Counted]]]:
    """Give what would change, in groups, the commonest first."""
    titles = {OUTCOME: _("Outcomes"), OPENS: _("Cases that would open"), NOT_FOUND: _("Not found any more")}
    return [
        (
            title,
            [
                Counted(_named(what, name), count, f"{what}:{name}", only == (what, name))
                for name, count in sorted(trial.summary[what].items(), key=lambda item: (-item[1], item[0]))
            ],
        )
        for what, title in titles.items()
        if what in trial.summary
    ]


def shown_change(change: VersionChange) -> ShownChange:
    return ShownChange(
        _outcome(change.outcome_from),
        _outcome(change.outcome_to),
        [_kind(kind) for kind in change.opens.split()],
        [_kind(kind) for kind in change.not_found.split()],
    )


def _named(what: str, name: str) -> str:
    if what != OUTCOME:
        return _kind(name)
    before, _sign, after = name.partition(">")
    return f"{_outcome(before)} → {_outcome(after)}"


def _kind(kind: str) -> str:
    """A version may find what this release has no word for."""
    return str(dict(CaseKind.choices).get(kind, kind))


def _outcome(outcome: str) -> str:
    return str(dict(Outcome.choices).get(outcome, outcome))
