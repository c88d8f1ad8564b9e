"""A case opens once for its evidence and is settled once."""

from __future__ import annotations

import pytest

from ferry.actions.cases import open_case, settle_case
from ferry.errors import Conflict
from ferry.models import Case, CaseKind, CaseState, EventKind, Weight
from tests.builders import AT, BY, a_company, a_declaration, a_trip

pytestmark = pytest.mark.django_db


def damage(trip, facts=None, weight=Weight.MEDIUM):
    facts = facts or {"note": "scratch"}
    return open_case(trip=trip, kind=CaseKind.DAMAGE, weight=weight, facts=facts, at=AT, by=BY)


def settle(case, to=CaseState.RESOLVED):
    return settle_case(case=case, to=to, resolution="explained", note="old scratch", at=AT, by=BY)


def test_one_case_of_a_kind_is_open_at_a_time():
    trip = a_trip()
    case = damage(trip)
    assert case.company == trip.company
    assert damage(trip, {"note": "another"}) is None
    assert trip.events.filter(kind=EventKind.CASE_OPENED).count() == 1


def test_an_open_case_grows_heavier_and_never_lighter():
    trip = a_trip()
    case = damage(trip)
    damage(trip, weight=Weight.CRITICAL)
    damage(trip, weight=Weight.LOW)
    case.refresh_from_db()
    assert case.weight == Weight.CRITICAL


def test_settled_evidence_does_not_open_it_again_but_new_evidence_does():
    trip = a_trip()
    settle(damage(trip))
    assert damage(trip) is None
    assert damage(trip, {"note": "dent"}) is not None


def test_it_is_settled_once_and_has_its_trip_looked_at():
    trip = a_trip()
    case = damage(trip)
    settle(case)
    with pytest.raises(Conflict):
        settle(case, CaseState.WRITTEN_OFF)
    case.refresh_from_db()
    trip.refresh_from_db()
    assert (case.state, case.resolution, trip.next_check_at) == (CaseState.RESOLVED, "explained", AT)
    assert trip.events.filter(kind=EventKind.CASE_SETTLED).count() == 1


def test_a_case_about_a_declaration_belongs_to_its_company():
    declaration = a_declaration(a_company())
    kind = CaseKind.QUANTITY_DIFFERS
    case = open_case(declaration=declaration, kind=kind, weight=Weight.HIGH, facts={"out": 2}, at=AT, by=BY)
    assert case.company == declaration.company
    assert Case.objects.get() == case
