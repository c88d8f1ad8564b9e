"""What an officer looks at before an examined vehicle goes on: a short list for the reason."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from clearance.models import Answer, Compared, ExaminationOutcome
from ferry.errors import Reason

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

#: Each item with what the officer shall see, in the order in which one walks round a car.
ITEMS: Mapping[str, StrOrPromise] = {
    "vin_windscreen": _("VIN at the foot of the windscreen is the pass's"),
    "vin_pillar": _("VIN on the label of the door pillar is the pass's"),
    "plate": _("Plate is the one on the pass"),
    "driver": _("Driver's face, passport and pass are one person's"),
    "persons": _("Nobody but the driver is in the vehicle"),
    "load": _("Boot, cabin and seals: nothing that is not declared"),
    "keys": _("All keys are with the vehicle"),
    "charge": _("Battery is charged enough for the bridge"),
}
#: What must be as it should be: otherwise this is not the vehicle, or not the driver, of the pass.
BARRING = frozenset({"vin_windscreen", "vin_pillar", "driver"})

#: Beside the codes of a scan's reasons: a selection rule chose it, or its release was withdrawn.
BY_RULE, WITHDRAWN = "by_rule", "withdrawn"

#: What each reason demands an answer to. A reason that is not here demands what is asked where the code could
#: not be checked with the server.
DEMANDED: Mapping[str, tuple[str, ...]] = {
    "selected": ("vin_windscreen", "plate", "driver"),
    BY_RULE: ("vin_windscreen", "plate", "driver", "persons", "load"),
    WITHDRAWN: ("vin_windscreen", "vin_pillar", "plate", "driver", "persons", "load"),
    "plate_differs": ("vin_windscreen", "vin_pillar", "plate"),
    "vin_differs": ("vin_windscreen", "vin_pillar", "plate"),
}
UNSURE = ("vin_windscreen", "vin_pillar", "plate", "driver")

#: What a comparison answers by itself.
ANSWERED_BY = {Compared.VIN: "vin_windscreen", Compared.PLATE: "plate"}


@dataclass(frozen=True, slots=True)
class Checklist:
    """What must be answered before a release, and what else may be."""

    demanded: tuple[str, ...]
    offered: tuple[str, ...]


def checklist_for(causes: Iterable[str], *, has_plate: bool, has_battery: bool) -> Checklist:
    """Put together what the causes of an examination demand, leaving out what the vehicle does not have."""
    wanted = {item for cause in causes for item in DEMANDED.get(cause, UNSURE)}
    lacking = {item for item, has in (("plate", has_plate), ("charge", has_battery)) if not has}
    there = [item for item in ITEMS if item not in lacking]
    return Checklist(
        tuple(item for item in there if item in wanted), tuple(item for item in there if item not in wanted)
    )


def answers_with(given: Mapping[str, str], compared: Mapping[str, bool]) -> dict[str, str]:
    """Add to an officer's answers what his comparisons answer; what he said himself stands."""
    told = {
        ANSWERED_BY[Compared(what)]: (Answer.RIGHT if same else Answer.WRONG).value
        for what, same in compared.items()
    }
    return told | {item: answer for item, answer in given.items() if answer}


def objections_to(
    outcome: str, *, checklist: Checklist, answers: Mapping[str, str], compared: Mapping[str, bool], note: str
) -> list[Reason]:
    """Give every reason against an outcome; `compared` says of each kind's latest comparison if it fits."""
    unknown = answers.keys() - ITEMS.keys() or {*answers.values()} - {*Answer.values}
    if unknown:
        return [
            Reason("checklist_unknown", _("Answer each item with one of the three answers."), "checklist")
        ]
    if outcome == ExaminationOutcome.DETAINED:
        return [] if note else [NOTE_OF_DETENTION]
    return _against_release(checklist, answers, compared, note)


def _against_release(
    checklist: Checklist, answers: Mapping[str, str], compared: Mapping[str, bool], note: str
) -> list[Reason]:
    wrong = [item for item in ITEMS if answers.get(item) == Answer.WRONG]
    reasons = [
        _about("item_unanswered", _("Not looked at yet: {item}. Answer it before the release."), item)
        for item in checklist.demanded
        if answers.get(item, Answer.UNCHECKED) == Answer.UNCHECKED
    ]
    reasons += [
        _about(
            "item_bars_release", _("Not as it should be: {item}. Look again, or detain the vehicle."), item
        )
        for item in wrong
        if item in BARRING
    ]
    if compared.get(Compared.VIN) is False and not BARRING & {*wrong}:
        reasons.append(VIN_DIFFERS)
    if not note and (_goes_all_the_same(wrong, compared)):
        reasons.append(NOTE_OF_RELEASE)
    return reasons


def _goes_all_the_same(wrong: Collection[str], compared: Mapping[str, bool]) -> bool:
    """Say whether something that bars no release is not as it should be."""
    return any(item not in BARRING for item in wrong) or compared.get(Compared.PLATE) is False


def _about(code: str, sentence: StrOrPromise, item: str) -> Reason:
    return Reason(code, format_lazy(sentence, item=ITEMS[item]), item)


NOTE_OF_DETENTION = Reason(
    "note_missing",
    _("Write what was found: whoever asks later why it is held must know."),
    "note",
)
NOTE_OF_RELEASE = Reason(
    "note_missing",
    _("Something is not as it should be. Write in the note why the vehicle goes all the same, or detain it."),
    "note",
)
VIN_DIFFERS = Reason(
    "vin_differs",
    _("The VIN read on the vehicle differs from the pass. Read it again, or detain the vehicle."),
    "vin",
)
