"""What may be done about a case: how its kind can be settled, by whom, and until when."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from django.utils.translation import gettext_lazy as _

from ferry.errors import Reason
from ferry.models import CaseKind, CaseState, Party

if TYPE_CHECKING:
    from collections.abc import Mapping

    from django_stubs_ext import StrOrPromise

    from ferry.models import CaseStep

#: How long a case has when nobody has looked at its route's limits yet.
USUAL_DUE = timedelta(hours=48)

CONSIGNEE, DRIVER, COMPANY = "consignee", "driver", "company"
#: What only who was to receive the vehicle can answer.
ASKED_OF_CONSIGNEE = frozenset(
    {
        CaseKind.EXIT_NO_DELIVERY,
        CaseKind.DELIVERY_NO_EXIT,
        CaseKind.CONSIGNEE_DIFFERS,
        CaseKind.DAMAGE,
        CaseKind.RETURNED_UNDELIVERED,
        CaseKind.IMPOSSIBLE_ORDER,
    }
)
#: What who drove can answer best.
ASKED_OF_DRIVER = frozenset({CaseKind.DRIVER_MISMATCH, CaseKind.DRIVER_OVERLAP, CaseKind.OVERSTAY})
#: Days in which a letter asks to be answered.
ANSWER_DAYS = 7

#: The resolution of exit_no_delivery that says: he has the vehicle after all.
DELIVERED = "delivered"
DAMAGE_SETTLED = "damage_settled"
WRITTEN_OFF = CaseState.WRITTEN_OFF.value
LONGEST_WORD, LONGEST_NOTE = 40, 4000

RESOLUTIONS: Mapping[str, StrOrPromise] = {
    DELIVERED: _("Delivered: the consignee has the vehicle"),
    "explained": _("Explained: nothing was wrong"),
    "record_corrected": _("A record was wrong and has been corrected"),
    "papers_completed": _("The papers were completed afterwards"),
    "agreed_with_customs": _("Settled with customs"),
    DAMAGE_SETTLED: _("Damage settled with the consignee"),
    "vehicle_back": _("The vehicle is back in China"),
    "driver_back": _("The driver is back: his return was not recorded"),
    "misread": _("Misread: it is the declared vehicle"),
    "driver_swapped": _("The driver was changed without a new code; we know who drove"),
    "received_for_him": _("Received on the consignee's behalf"),
    "not_needed": _("The trip was not made: the code was not needed"),
    "other": _("Something else: see the note"),
}
WRITE_OFF = _("Write off: it will not be explained, and nobody shall wait for it")

HAPPENED: Mapping[str, StrOrPromise] = {
    CaseKind.EXIT_NO_DELIVERY: _("The vehicle left China, and nobody has confirmed that it was received."),
    CaseKind.DELIVERY_NO_EXIT: _(
        "The consignee confirmed the vehicle, but no gate recorded that it left China."
    ),
    CaseKind.VIN_MISMATCH: _("A record shows another VIN than the code of this trip."),
    CaseKind.DRIVER_MISMATCH: _("At the border stood another person than the assigned driver."),
    CaseKind.DECLARATION_NOT_CLOSED: _(
        "All vehicles of the declaration are out, but customs have not closed it."
    ),
    CaseKind.DECLARATION_CHANGED: _("The declaration was amended or deleted after the code was issued."),
    CaseKind.QUANTITY_DIFFERS: _("More or fewer vehicles left than were declared."),
    CaseKind.PASS_REUSED: _("One code let a vehicle through more than once at the same crossing."),
    CaseKind.VEHICLE_TWICE: _("The vehicle left China twice and did not come back in between."),
    CaseKind.DRIVER_OVERLAP: _("The driver seems to have been on two trips at the same time."),
    CaseKind.OVERSTAY: _("The driver has been in Kazakhstan longer than he may without a visa."),
    CaseKind.EXIT_OUTSIDE_WINDOW: _("The vehicle left outside the time its code was good for."),
    CaseKind.IMPOSSIBLE_ORDER: _("The times of the records cannot be true together."),
    CaseKind.CONSIGNEE_DIFFERS: _("Somebody else than the named consignee received the vehicle."),
    CaseKind.DAMAGE: _("The vehicle was received damaged."),
    CaseKind.NEVER_USED: _("The code ended and nobody had shown it at a gate."),
    CaseKind.RETURNED_UNDELIVERED: _("The vehicle came back, or was not let in or not taken."),
    CaseKind.STALE_OFFLINE_RELEASE: _(
        "A gate without a connection let a vehicle through on a code that had been ended."
    ),
    CaseKind.RELEASE_UNHEARD: _(
        "The vehicle was released and counts as gone, but the answer never reached the lane, which held it."
    ),
}

_ANY = ("explained", "record_corrected", "agreed_with_customs", "other")
#: How each kind can be settled, the likeliest first.
FITTING: Mapping[str, tuple[str, ...]] = {
    CaseKind.EXIT_NO_DELIVERY: (DELIVERED, "vehicle_back", *_ANY),
    CaseKind.DELIVERY_NO_EXIT: ("record_corrected", "agreed_with_customs", "explained", "other"),
    CaseKind.VIN_MISMATCH: ("misread", *_ANY),
    CaseKind.DRIVER_MISMATCH: ("driver_swapped", *_ANY),
    CaseKind.DECLARATION_NOT_CLOSED: ("papers_completed", *_ANY),
    CaseKind.DECLARATION_CHANGED: ("papers_completed", *_ANY),
    CaseKind.QUANTITY_DIFFERS: ("papers_completed", *_ANY),
    CaseKind.PASS_REUSED: _ANY,
    CaseKind.VEHICLE_TWICE: _ANY,
    CaseKind.DRIVER_OVERLAP: ("driver_back", *_ANY),
    CaseKind.OVERSTAY: ("driver_back", "vehicle_back", *_ANY),
    CaseKind.EXIT_OUTSIDE_WINDOW: _ANY,
    CaseKind.IMPOSSIBLE_ORDER: _ANY,
    CaseKind.CONSIGNEE_DIFFERS: ("received_for_him", *_ANY),
    CaseKind.DAMAGE: (DAMAGE_SETTLED, *_ANY),
    CaseKind.NEVER_USED: ("not_needed", *_ANY),
    CaseKind.RETURNED_UNDELIVERED: ("vehicle_back", *_ANY),
    CaseKind.STALE_OFFLINE_RELEASE: _ANY,
    CaseKind.RELEASE_UNHEARD: _ANY,
}


def addressees(kind: str, *, of_trip: bool, party: str) -> list[str]:
    """Say to whom one side may write a letter of enquiry about a case of this kind."""
    found = [CONSIGNEE] if of_trip and kind in ASKED_OF_CONSIGNEE else []
    found += [DRIVER] if of_trip else []
    return found + ([COMPANY] if party == Party.CUSTOMS else [])


def asked_first(kind: str, *, of_trip: bool) -> str:
    """Say to whom the letter of a formal enquiry goes: to who can know, else to the company."""
    if of_trip and kind in ASKED_OF_CONSIGNEE:
        return CONSIGNEE
    return DRIVER if of_trip and kind in ASKED_OF_DRIVER else COMPANY


def sends(letter: CaseStep) -> str:
    """Say which side hands a letter over: who wrote it; of a prepared one who knows whom it asks."""
    if letter.party != Party.SYSTEM:
        return letter.party
    return Party.CUSTOMS if letter.data["to"] == COMPANY else Party.COMPANY


def resolutions_for(kind: str) -> list[tuple[str, StrOrPromise]]:
    return [(word, RESOLUTIONS[word]) for word in FITTING[kind]]


def resolution_said(word: str) -> StrOrPromise:
    """Say a resolution in words; a company's own word stays as it is."""
    return WRITE_OFF if word == WRITTEN_OFF else RESOLUTIONS.get(word, word)


def happened(kind: str) -> StrOrPromise:
    """Say in one sentence what a case of this kind is about."""
    return HAPPENED[kind]


def against(kind: str, word: str, accepted_fen: int | None = None) -> list[Reason]:
    """Say why a case of this kind cannot be settled like this by anybody but a supervisor.

    A word of the company's own system is taken as it is; one of ours must fit.
    """
    found = []
    if word == WRITTEN_OFF:
        found.append(Reason("write_off_by_supervisor", ONLY_SUPERVISORS, "resolution"))
    elif word in RESOLUTIONS and word not in FITTING[kind]:
        found.append(Reason("resolution_unfit", DOES_NOT_FIT, "resolution"))
    if accepted_fen is not None and (kind, word) != (CaseKind.DAMAGE, DAMAGE_SETTLED):
        found.append(Reason("amount_unfit", NO_AMOUNT, "accepted_fen"))
    return found


def may_reopen(*, state: str, settled_by: str, party: str) -> bool:
    """Say whether a side may open a settled case again: a company what it settled itself, customs any."""
    if state == CaseState.OPEN:
        return False
    return party == Party.CUSTOMS or settled_by == Party.COMPANY


ONLY_SUPERVISORS = _("Only a supervisor writes a case off. Settle it otherwise, or write him a comment.")
DOES_NOT_FIT = _("This resolution does not fit this kind of case. Choose another.")
NO_AMOUNT = _("An amount belongs to a damage that is settled with the consignee. Leave it empty.")
