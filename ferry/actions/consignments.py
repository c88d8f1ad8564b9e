"""Gather vehicles that came together, and let them go again."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeVar

from django.db import IntegrityError, transaction
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from ferry.actions.keeping import differs, fields_of, keep, refuse_unless_valid
from ferry.errors import Conflict, Invalid, NotYours, Reason
from ferry.models import Consignment, Vehicle
from ferry.rules.findings import FINE, Finding, refuse
from ferry.rules.letters import plain_text
from ferry.rules.vin import normalise_vin

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import date, datetime

    from ferry.models import Company

MOST_VEHICLES = 10_000
VINS_AT_ONCE = 500
FIELDS = ("name", "kind", "expected_on", "note", "closed_at")


T = TypeVar("T")


@dataclass
class Joined:
    """What became of the VINs that were to join: each stands in one of the lists."""

    joined: list[str] = field(default_factory=list)
    already: list[str] = field(default_factory=list)
    elsewhere: list[str] = field(default_factory=list)
    unknown: list[str] = field(default_factory=list)


def open_consignment(
    *,
    company: Company,
    name: str,
    kind: str,
    expected_on: date | None = None,
    note: str = "",
    at: datetime,
    by: str,
) -> Consignment:
    """Open a consignment; Conflict when the company has one of that name."""
    consignment = Consignment(
        company=company, name=name, kind=kind, expected_on=expected_on, note=note, created_at=at
    )
    return _keep(consignment, at, by)


def change_consignment(
    *,
    consignment: Consignment,
    name: str,
    kind: str,
    expected_on: date | None,
    note: str,
    is_closed: bool,
    at: datetime,
    by: str,
) -> Consignment:
    """Change it, close it or open it again; its vehicles stay in it."""
    with transaction.atomic():
        consignment = _hold(consignment)
        before = fields_of(consignment, FIELDS)
        closed_at = (consignment.closed_at or at) if is_closed else None
        values = {"name": name, "kind": kind, "expected_on": expected_on, "note": note}
        for attr, value in {**values, "closed_at": closed_at}.items():
            setattr(consignment, attr, value)
        return _keep(consignment, at, by) if differs(consignment, before) else consignment


def join_consignment(*, consignment: Consignment, vins: Sequence[str]) -> Joined:
    """Let the company's vehicles with these VINs join.

    What is in another consignment stays there, and what is not the company's is named as unknown.
    """
    wanted = list(dict.fromkeys(filter(None, map(normalise_vin, vins))))
    with transaction.atomic():
        consignment = _hold(consignment)
        _refuse_closed(consignment)
        found = _found(consignment, wanted)
        joined = Joined(unknown=[vin for vin in wanted if vin not in found])
        for vin, (_pk, where) in found.items():
            _list_for(joined, where, consignment).append(vin)
        _refuse_too_many(consignment, len(joined.joined))
        for keys in _chunks([found[vin][0] for vin in joined.joined]):
            Vehicle.objects.filter(pk__in=keys, company=consignment.company_id).update(
                consignment=consignment
            )
    return joined


def leave_consignment(*, consignment: Consignment, vins: Sequence[str]) -> int:
    """Take vehicles out of it, and give how many it was."""
    wanted = [normalise_vin(vin) for vin in vins]
    own = Vehicle.objects.filter(consignment=consignment, company=consignment.company_id)
    return sum(own.filter(vin__in=part).update(consignment=None) for part in _chunks(wanted))


def _keep(consignment: Consignment, at: datetime, by: str) -> Consignment:
    consignment.name, consignment.note = plain_text(consignment.name), consignment.note.strip()
    refuse_unless_valid(consignment, _judge(consignment))
    try:
        with transaction.atomic():
            keep(consignment, at=at, by=by)
    except IntegrityError as error:
        detail = _("You have a consignment of this name already. Choose another name, or open that one.")
        raise Conflict(Reason("already_registered", detail, "name")) from error
    return consignment


def _judge(consignment: Consignment) -> Finding:
    if consignment.name:
        return FINE
    return refuse("name_missing", _("Give it a name or reference by which you know it."), "name")


def _hold(consignment: Consignment) -> Consignment:
    held = Consignment.objects.select_for_update().filter(pk=consignment.pk, company=consignment.company_id)
    found = held.first()
    if found is None:
        raise NotYours(Reason("not_found", _("There is no such consignment.")))
    return found


def against_joining(consignment: Consignment) -> list[Reason]:
    if consignment.closed_at is None:
        return []
    detail = _("This consignment is closed. Open it again first, or choose another.")
    return [Reason("consignment_closed", detail, "consignment")]


def in_another_consignment() -> Reason:
    detail = _("The vehicle is in another consignment. Take it out of that one first.")
    return Reason("in_another_consignment", detail, "consignment")


def _refuse_closed(consignment: Consignment) -> None:
    reasons = against_joining(consignment)
    if reasons:
        raise Conflict(*reasons)


def _refuse_too_many(consignment: Consignment, more: int) -> None:
    if more and Vehicle.objects.filter(consignment=consignment).count() + more > MOST_VEHICLES:
        detail = format_lazy(
            _("A consignment holds {most} vehicles at most. Open another for the rest."), most=MOST_VEHICLES
        )
        raise Invalid(Reason("consignment_full", detail, "vins"))


def _found(consignment: Consignment, vins: Sequence[str]) -> dict[str, tuple[int, int | None]]:
    """Find the company's vehicles among VINs, in their order: id, and the consignment they are in."""
    known: dict[str, tuple[int, int | None]] = {}
    for part in _chunks(vins):
        rows = Vehicle.objects.filter(vin__in=part, company=consignment.company_id)
        known |= {vin: (pk, where) for vin, pk, where in rows.values_list("vin", "pk", "consignment_id")}
    return {vin: known[vin] for vin in vins if vin in known}


def _list_for(joined: Joined, where: int | None, consignment: Consignment) -> list[str]:
    if where is None:
        return joined.joined
    return joined.already if where == consignment.pk else joined.elsewhere


def _chunks(things: Sequence[T]) -> Iterable[Sequence[T]]:
    return (things[start : start + VINS_AT_ONCE] for start in range(0, len(things), VINS_AT_ONCE))
