"""Find cases, and say of them what their company may know."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from django.db.models import Q

from ferry.models import CaseStep, DeclaredVehicle, Party, StepKind, Trip
from ferry.queries.companies import owners_of
from ferry.queries.trips import last_address
from ferry.rules.cases import COMPANY, CONSIGNEE, sends

if TYPE_CHECKING:
    from collections.abc import Iterable

    from django.db.models import QuerySet

    from ferry.models import Case


#: As many vehicles as a case's page names.
NAMED = 20


class Inside(NamedTuple):
    """Declared VINs without an exit record, each with its last trip if any, and how many more there are."""

    shown: list[tuple[str, str]]
    left_off: int


def own_facts(cases: Iterable[Case]) -> dict[int, dict[str, Any]]:
    """Give what cases rest on, by case id, without the references of other companies' trips.

    A vehicle or a driver seen on two trips at once may have been on another company's; whose and which is
    that company's own affair.
    """
    cases = list(cases)
    named = {reference for case in cases for reference, _moment in case.facts.get("trips", ())}
    trips = Trip.objects.filter(reference__in=named).values_list("reference", "company_id") if named else ()
    owners = dict(trips)
    return {case.pk: _own(case, owners) for case in cases}


def _own(case: Case, owners: dict[str, int]) -> dict[str, Any]:
    if "trips" not in case.facts:
        return dict(case.facts)
    trips = [
        [reference if owners.get(reference) == case.company_id else None, moment]
        for reference, moment in case.facts["trips"]
    ]
    return {**case.facts, "trips": trips}


def routes_about(subjects: Iterable[tuple[int | None, int | None, str]]) -> dict[Any, int]:
    """Give the route of each trip, and of a declaration that of its first, by what a case is about."""
    subjects = list(subjects)
    trips = {trip for trip, _declaration, _kind in subjects if trip is not None}
    declarations = {declaration for _trip, declaration, _kind in subjects if declaration is not None}
    found: dict[Any, int] = {}
    if trips:
        for pk, route in Trip.objects.filter(pk__in=trips).values_list("pk", "route_id"):
            found[pk, None] = route
    if declarations:
        rows = Trip.objects.filter(declaration__in=declarations).order_by("-pk")
        for declaration, route in rows.values_list("declaration_id", "route_id"):
            found[None, declaration] = route
    return found


def still_inside(case: Case) -> Inside:
    """List what a declaration waits for; trips as far as those who see the case see them."""
    inside = DeclaredVehicle.objects.filter(declaration=case.declaration_id, exited_at=None)
    vins = list(inside.order_by("vin").values_list("vin", flat=True)[:NAMED])
    trips = Trip.objects.filter(declaration=case.declaration_id, route=case.route_id, vehicle__vin__in=vins)
    last = dict(trips.order_by("pk").values_list("vehicle__vin", "reference"))
    return Inside([(vin, last.get(vin, "")) for vin in vins], inside.count() - len(vins))


def steps_seen(case: Case, party: str) -> QuerySet[CaseStep]:
    """List what one side may see of what was done, the oldest first."""
    return visible_steps(party).filter(case=case)


def visible_steps(party: str) -> QuerySet[CaseStep]:
    rows = CaseStep.objects.order_by("pk").select_related("document")
    return rows.exclude(~Q(party=party), is_internal=True)


def lying_letter(case: Case) -> CaseStep | None:
    """Find the letter of an open case that lies to be handed over: the last that its side did not mail."""
    if not case.is_open or not case.letter_with:
        return None
    letters = CaseStep.objects.filter(case=case, kind=StepKind.LETTER, data__email="")
    rows = letters.select_related("document").order_by("-pk")
    return next((one for one in rows if sends(one) == case.letter_with), None)


def address_of(case: Case, letter: CaseStep) -> str:
    """Find where to send a letter: to who sees to the case, else an owner; others where their code went."""
    if letter.data["to"] == COMPANY:
        return case.assigned_to.email if case.assigned_to else next(iter(owners_of(case.company)), "")
    return last_address(case.trip, letter.data["to"]) if case.trip else ""


def phone_of(case: Case, letter: CaseStep) -> str:
    """Find the number of whom a letter asks."""
    if letter.data["to"] == COMPANY or case.trip is None:
        return case.company.phone
    return case.trip.consignee_phone if letter.data["to"] == CONSIGNEE else case.trip.driver.phone


def settling_party(case: Case) -> str:
    """Say which side settled a case last; customs where nothing says so."""
    kinds = (StepKind.RESOLVED, StepKind.WRITTEN_OFF)
    last = CaseStep.objects.filter(case=case, kind__in=kinds).order_by("-pk").first()
    return last.party if last else Party.CUSTOMS.value
