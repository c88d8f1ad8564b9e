"""Find cases, and say of them what their company may know."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ferry.models import Trip

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ferry.models import Case


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
