"""Say of a case what happened, what to do next, and what has been done about it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from ferry.models import CaseKind, CaseLevel, CaseState, StepKind, Weight
from ferry.rules.cases import resolution_said
from ferry.rules.pay import money

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from datetime import datetime

    from django_stubs_ext import StrOrPromise

    from ferry.models import Case, CaseStep

TO_DO: Mapping[str, StrOrPromise] = {
    CaseKind.EXIT_NO_DELIVERY: gettext_lazy(
        "Call the consignee. If he has the vehicle, let him confirm it by his PIN; else find out where it is."
    ),
    CaseKind.DELIVERY_NO_EXIT: gettext_lazy(
        "Ask the checkpoint whether scans wait to be uploaded; add what shows the exit."
    ),
    CaseKind.VIN_MISMATCH: gettext_lazy(
        "Compare the VIN on the vehicle, the papers and the record; add a photo of the plate with the VIN."
    ),
    CaseKind.DRIVER_MISMATCH: gettext_lazy("Find out who drove, and why the driver was not changed here."),
    CaseKind.DECLARATION_NOT_CLOSED: gettext_lazy("Ask the broker to have the declaration closed."),
    CaseKind.DECLARATION_CHANGED: gettext_lazy(
        "Compare the vehicle with the changed declaration; correct the papers with the broker."
    ),
    CaseKind.QUANTITY_DIFFERS: gettext_lazy("Compare the list of VINs with the vehicles that left."),
    CaseKind.PASS_REUSED: gettext_lazy("Find out which passing was this vehicle's; look at the scans."),
    CaseKind.VEHICLE_TWICE: gettext_lazy("Find out which of the two was this vehicle; look at the scans."),
    CaseKind.DRIVER_OVERLAP: gettext_lazy("Ask the driver when he came back, and add what shows it."),
    CaseKind.OVERSTAY: gettext_lazy("Call the driver: he must leave, or show what allows him to stay."),
    CaseKind.EXIT_OUTSIDE_WINDOW: gettext_lazy("Ask the checkpoint why it was let out, and note the answer."),
    CaseKind.IMPOSSIBLE_ORDER: gettext_lazy("Find the record with the wrong time and have it corrected."),
    CaseKind.CONSIGNEE_DIFFERS: gettext_lazy("Ask the consignee whether he knows the receiver."),
    CaseKind.DAMAGE: gettext_lazy(
        "Compare the photos of pick-up and receipt, and agree with the consignee who bears what."
    ),
    CaseKind.NEVER_USED: gettext_lazy("Plan the trip anew, or say that it is not needed any more."),
    CaseKind.RETURNED_UNDELIVERED: gettext_lazy(
        "Speak with the consignee and the driver; say where the vehicle is and what becomes of it."
    ),
    CaseKind.STALE_OFFLINE_RELEASE: gettext_lazy(
        "Settle with customs what becomes of the vehicle that was let through."
    ),
    CaseKind.RELEASE_UNHEARD: gettext_lazy(
        "Ask the lane where the vehicle is. If it stands there, a supervisor withdraws the release on the "
        "scan's page; if it went on after all, say so in the note."
    ),
}


@dataclass(frozen=True)
class StepTold:
    """One step with what belongs to it in words."""

    step: CaseStep
    lines: list[StrOrPromise]


def to_do(case: Case, *, at: datetime) -> StrOrPromise:
    """Say what to do next; nothing is left to do about a settled case."""
    if case.state == CaseState.WRITTEN_OFF:
        return _("A supervisor gave the proof up. Nobody waits for it any more.")
    if not case.is_open:
        return _("It is settled. It is opened again if something else is seen, or somebody has a reason.")
    return TO_DO[case.kind]


def urging(case: Case, *, at: datetime) -> StrOrPromise:
    """Say how it stands with time; nothing while there is enough of it."""
    if not case.is_open:
        return ""
    if case.level == CaseLevel.ESCALATED:
        return _("It is escalated: nobody settled it within its limit. Settle it before anything else.")
    if case.level == CaseLevel.ENQUIRY:
        return _("It is a formal enquiry: answer in writing, with evidence.")
    return _("It is overdue. It becomes a formal enquiry if nobody settles it.") if case.due_at < at else ""


def steps_told(steps: Iterable[CaseStep]) -> list[StepTold]:
    return [StepTold(step, [line for line in _lines(step) if line]) for step in steps]


def _lines(step: CaseStep) -> Iterator[StrOrPromise]:
    data = step.data
    match step.kind:
        case StepKind.HEAVIER:
            weights = {name: Weight(data[name]).label for name in ("from", "to") if name in data}
            yield _("From %(from)s to %(to)s") % weights
        case StepKind.OPENED if "earlier" in data:
            yield _("One of the same kind was settled before; this rests on something else.")
        case StepKind.ASSIGNED:
            yield data["name"] or data["to"] or _("to nobody")
        case StepKind.RESOLVED | StepKind.WRITTEN_OFF:
            yield resolution_said(data.get("resolution", ""))
            if data.get("accepted_fen"):
                yield _("The company bears %(amount)s") % {"amount": money(data["accepted_fen"])}
        case StepKind.LETTER | StepKind.HANDED_OVER:
            yield _("No. %(number)s to %(name)s") % {"number": data["number"], "name": data["name"]}
            if step.mailed_at:
                yield _("sent by e-mail to %(email)s") % {"email": data["email"]}
            elif data["email"]:
                yield _("on its way to %(email)s") % {"email": data["email"]}


def accepted(case: Case) -> str:
    return "" if case.accepted_fen is None else money(case.accepted_fen, case.accepted_currency)


def queue_label(name: str) -> Any:
    return {
        "mine": _("Mine"),
        "nobody": _("Nobody's"),
        "overdue": _("Overdue"),
        "enquiry": _("Formal enquiries"),
        "escalated": _("Escalated"),
        "letter": _("Letters to hand over"),
    }[name]
