"""Every step of a case is kept; how it may be settled, and when it is opened again."""

from __future__ import annotations

from datetime import timedelta
from importlib import import_module
from types import SimpleNamespace

import pytest
from django.apps import apps
from django.db import IntegrityError, connection, transaction

from ferry.actions.cases import (
    NewCase,
    open_case,
    open_cases,
    reopen_case,
    resolve_case,
    settle_case,
    write_off_case,
)
from ferry.errors import Conflict, Invalid
from ferry.models import Case, CaseKind, CaseState, CaseStep, EventKind, Party, StepKind, Weight, urgency_of
from ferry.models.guards import lift_guards
from ferry.rules.cases import FITTING, RESOLUTIONS
from tests.builders import AT, BY, a_company, a_declaration, a_trip

pytestmark = pytest.mark.django_db

HOUR = timedelta(hours=1)
SUPERVISOR = "supervisor chen@customs.example"


def a_case(trip=None, kind=CaseKind.DAMAGE, facts=None, weight=Weight.MEDIUM) -> Case:
    trip = trip or a_trip()
    case = open_case(trip=trip, kind=kind, weight=weight, facts=facts or {"x": 1}, at=AT, by="reconciliation")
    assert case is not None
    return case


def kinds(case: Case) -> list[str]:
    return list(case.steps.order_by("pk").values_list("kind", flat=True))


def resolve(case: Case, resolution: str = "explained", by: str = BY, **more) -> Case:
    return resolve_case(case=case, resolution=resolution, note="by phone", at=AT + HOUR, by=by, **more)


def reopen(case: Case, party: str = Party.COMPANY, reason: str = "A photo came.") -> Case:
    return reopen_case(case=case, party=party, reason=reason, at=AT + 2 * HOUR, by=BY)


def test_a_new_one_has_its_route_urgency_and_first_step():
    trip = a_trip()
    case = a_case(trip)
    assert (case.route_id, case.urgency) == (trip.route_id, urgency_of(case.weight, AT))
    assert case.due_at == AT + 48 * HOUR
    (step,) = case.steps.all()
    assert (step.kind, step.party, step.data) == (StepKind.OPENED, Party.SYSTEM, {"weight": 2})


def test_a_declarations_one_has_the_route_of_its_first_trip():
    trip = a_trip()
    kind = CaseKind.QUANTITY_DIFFERS
    about = {"declaration": trip.declaration, "facts": {"out": 2}, "weight": Weight.HIGH}
    assert open_case(kind=kind, **about, at=AT, by=BY).route_id == trip.route_id
    lonely = {**about, "declaration": a_declaration(a_company())}
    assert open_case(kind=kind, **lonely, at=AT, by=BY).route_id is None


def test_heavier_sorts_before_older():
    assert urgency_of(Weight.HIGH, AT) > urgency_of(Weight.MEDIUM, AT - timedelta(days=3000))
    assert urgency_of(Weight.HIGH, AT - HOUR) > urgency_of(Weight.HIGH, AT)


def test_what_grows_and_what_more_was_seen_is_a_step_once():
    case = a_case()
    new = NewCase(case.company_id, case.kind, Weight.HIGH, {"x": 2}, trip_id=case.trip_id)
    for _ in range(2):
        assert open_cases(cases=[new], at=AT + HOUR, by="reconciliation") == []
    case.refresh_from_db()
    assert (case.facts, case.evidence, case.weight) == ({"x": 2}, new.evidence, Weight.HIGH)
    assert case.urgency == urgency_of(Weight.HIGH, AT)
    assert kinds(case) == [StepKind.OPENED, StepKind.HEAVIER, StepKind.FACTS_CHANGED]
    assert case.steps.latest("pk").data == {"before": {"x": 1}}


def test_a_records_own_facts_stay():
    case = a_case(facts={"record": "0123", "kind": "kz_entry"})
    new = NewCase(case.company_id, case.kind, case.weight, {"trips": []}, trip_id=case.trip_id)
    open_cases(cases=[new], at=AT, by="reconciliation")
    case.refresh_from_db()
    assert case.facts == {"record": "0123", "kind": "kz_entry"}


def test_settling_is_a_step_of_whose_word_it_is():
    own, theirs = resolve(a_case()), resolve(a_case(), by=SUPERVISOR)
    assert kinds(own) == [StepKind.OPENED, StepKind.RESOLVED]
    assert own.steps.latest("pk").party == Party.COMPANY
    assert theirs.steps.latest("pk").party == Party.CUSTOMS
    assert own.level_at is None


def test_a_company_writes_nothing_off_and_settles_nothing_with_what_does_not_fit():
    case = a_case()
    for word, more in (("written_off", {}), ("delivered", {}), ("explained", {"accepted_fen": 100})):
        with pytest.raises(Invalid):
            resolve(case, word, **more)
    case.refresh_from_db()
    assert case.is_open
    assert kinds(case) == [StepKind.OPENED]


def test_every_kind_has_its_resolutions_and_every_resolution_its_kind():
    assert set(FITTING) == set(CaseKind)
    assert {word for words in FITTING.values() for word in words} == set(RESOLUTIONS)


def test_a_word_of_the_companys_own_system_is_taken():
    assert resolve(a_case(), "ERP-7").resolution == "ERP-7"


def test_a_damage_is_settled_with_the_amount_that_is_borne():
    case = resolve(a_case(), "damage_settled", accepted_fen=125_050)
    assert (case.accepted_fen, case.accepted_currency) == (125_050, "CNY")
    assert case.steps.latest("pk").data == {"resolution": "damage_settled", "accepted_fen": 125_050}
    with transaction.atomic(), pytest.raises(IntegrityError), transaction.atomic():
        Case.objects.filter(pk=a_case().pk).update(accepted_fen=1)


def test_a_supervisors_write_off_is_a_step_of_its_own():
    case = write_off_case(case=a_case(), note="lost", at=AT, by=SUPERVISOR)
    assert (case.state, case.resolution) == (CaseState.WRITTEN_OFF, "written_off")
    assert kinds(case)[-1] == StepKind.WRITTEN_OFF


# --- Opened again ------------------------------------------------------------------------------


def test_it_is_opened_again_with_all_that_was_done():
    case = reopen(resolve(a_case(), "damage_settled", accepted_fen=100))
    assert (case.state, case.resolution, case.accepted_fen, case.settled_at) == (
        CaseState.OPEN,
        "",
        None,
        None,
    )
    assert (case.due_at, case.level_at) == (AT + 50 * HOUR, AT + 2 * HOUR)
    step = case.steps.latest("pk")
    assert (step.kind, step.text) == (StepKind.REOPENED, "A photo came.")
    case.trip.refresh_from_db()
    assert case.trip.next_check_at == AT + 2 * HOUR
    assert case.trip.events.filter(kind=EventKind.CASE_OPENED).count() == 2


def test_it_is_not_opened_twice_nor_without_a_reason():
    case = resolve(a_case())
    with pytest.raises(Invalid):
        reopen(case, reason=" ")
    reopen(case)
    with pytest.raises(Conflict):
        reopen(case)
    assert kinds(case).count(StepKind.REOPENED) == 1


def test_a_company_does_not_open_again_what_customs_settled():
    case = resolve(a_case(), by=SUPERVISOR)
    with pytest.raises(Conflict, match="settled_by_customs"):
        reopen(case)
    assert reopen(case, Party.CUSTOMS).is_open


def test_it_is_not_opened_again_beside_a_newer_one_which_knows_it():
    case = resolve(a_case())
    newer = open_case(
        trip=case.trip, kind=case.kind, weight=Weight.LOW, facts={"x": 9}, at=AT + 2 * HOUR, by=BY
    )
    assert newer.earlier == case
    with pytest.raises(Conflict, match="newer_case_open"):
        reopen(case)


def test_a_resolved_cause_does_not_open_its_case_again():
    case = resolve(a_case())
    assert open_case(trip=case.trip, kind=case.kind, weight=4, facts={"x": 1}, at=AT, by=BY) is None
    case.refresh_from_db()
    assert case.state == CaseState.RESOLVED


# --- Cases from before -------------------------------------------------------------------------


def test_cases_from_before_get_their_steps_once():
    waits = a_case()
    done = settle_case(
        case=a_case(), to=CaseState.WRITTEN_OFF, resolution='a "b', note="n", at=AT, by=SUPERVISOR
    )
    connection.check_constraints()  # PostgreSQL alters no table that a constraint still waits to see.
    lift_guards(connection)
    CaseStep.objects.all().delete()
    Case.objects.update(urgency=0, route=None, level_at=None, due_at=AT - 1000 * HOUR)
    fill = import_module("ferry.migrations.0016_case_steps").fill
    for _ in range(2):
        fill(apps, SimpleNamespace(connection=connection))
    for case in (waits, done):
        fresh = Case.objects.get(pk=case.pk)
        assert (fresh.route_id, fresh.urgency, fresh.due_at) == (case.route_id, case.urgency, case.due_at)
        assert fresh.level_at == (AT if case.is_open else None)
    assert kinds(waits) == [StepKind.OPENED]
    assert waits.steps.get().data == {"weight": 2}
    last = done.steps.latest("pk")
    assert (last.kind, last.party, last.text, last.data) == (
        StepKind.WRITTEN_OFF,
        Party.CUSTOMS,
        "n",
        {"resolution": 'a "b'},
    )
    assert not CaseStep.objects.filter(announced_at=None).exists()
