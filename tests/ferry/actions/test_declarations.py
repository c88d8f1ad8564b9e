"""Declarations are registered, and customs' word on them is kept."""

from __future__ import annotations

from datetime import timedelta

import pytest

from ferry.actions.declarations import (
    register_declaration,
    set_declaration_status,
    update_declaration,
)
from ferry.errors import Conflict, Invalid
from ferry.models import Declaration, DeclaredVehicle
from tests.builders import AT, BY, a_company, a_declaration, a_declaration_number, a_trip, a_vin

pytestmark = pytest.mark.django_db

HOUR = timedelta(hours=1)
CUSTOMS = "customs feed"


def codes(refusal):
    return {(reason.attr, reason.code) for reason in refusal.value.reasons}


def say(declaration, status, occurred_at, at=None):
    changed = set_declaration_status(
        declaration=declaration, status=status, occurred_at=occurred_at, at=at or occurred_at, by=CUSTOMS
    )
    declaration.refresh_from_db()
    return changed


def test_it_keeps_the_vins_in_one_way_of_writing_and_the_companys_word():
    vin = a_vin()
    declaration = a_declaration(a_company(), [f" {vin.lower()} ", a_vin()])
    assert declaration.declared_vehicles.filter(vin=vin).exists()
    assert (declaration.quantity, declaration.status, declaration.status_claimed) == (2, "released", True)
    assert declaration.history.get().history_change_reason == BY


def test_it_gives_every_reason_at_once_and_registers_nothing():
    twice = a_vin()
    with pytest.raises(Invalid) as refusal:
        a_declaration(
            a_company(),
            [twice, twice, "LGX123"],
            number="940720241000000001",
            supervision_mode="01",
            status="lost",
            quantity=1,
        )
    assert codes(refusal) == {
        ("number", "declaration_year"),
        ("number", "declaration_is_import"),
        ("supervision_mode", "supervision_mode_form"),
        ("status", "invalid_choice"),
        ("vins", "vins_form"),
        ("vins", "vins_twice"),
        ("quantity", "quantity_too_small"),
    }
    said = " ".join(str(reason.detail) for reason in refusal.value.reasons)
    assert twice in said
    assert "LGX123" in said
    assert not Declaration.objects.exists()


def test_a_declaration_without_vins_is_refused():
    with pytest.raises(Invalid) as refusal:
        register_declaration(
            company=a_company(),
            number=a_declaration_number(),
            supervision_mode="0110",
            status="released",
            vins=[],
            at=AT,
            by=BY,
        )
    assert codes(refusal) == {("vins", "vins_missing")}


def test_the_same_declaration_again_is_already_registered_and_a_strangers_is_taken():
    company = a_company()
    declaration = a_declaration(company)
    for registrant, code in (
        (company, "already_registered"),
        (a_company("East Star Trade"), "declaration_taken"),
    ):
        with pytest.raises(Conflict) as refusal:
            a_declaration(registrant, number=declaration.number)
        assert codes(refusal) == {("number", code)}
        assert company.name not in str(refusal.value.reasons[0].detail)
    assert DeclaredVehicle.objects.count() == 1


def test_customs_word_moves_the_declaration_and_has_its_trips_looked_at():
    trip = a_trip()
    declaration = trip.declaration
    assert say(declaration, "closed", AT + HOUR, at=AT + 2 * HOUR)
    assert (declaration.status, declaration.status_at, declaration.closed_at) == (
        "closed",
        AT + HOUR,
        AT + HOUR,
    )
    assert not declaration.status_claimed
    trip.refresh_from_db()
    assert trip.next_check_at == AT + 2 * HOUR
    assert declaration.history.first().history_change_reason == CUSTOMS


def test_the_same_word_twice_changes_nothing():
    declaration = a_declaration(a_company())
    assert say(declaration, "closed", AT + HOUR)
    assert not say(declaration, "closed", AT + HOUR)
    assert not say(declaration, "closed", AT + 2 * HOUR)
    assert (declaration.closed_at, declaration.history.count()) == (AT + HOUR, 2)


def test_an_older_word_never_overrides_a_newer_one():
    declaration = a_declaration(a_company())
    say(declaration, "amended", AT + 2 * HOUR)
    assert not say(declaration, "released", AT + HOUR, at=AT + 3 * HOUR)
    assert declaration.status == "amended"


def test_a_repeated_word_outlives_an_older_one_that_comes_late():
    declaration = a_declaration(a_company())
    say(declaration, "released", AT + HOUR)
    say(declaration, "released", AT + 5 * HOUR)
    assert not say(declaration, "amended", AT + 3 * HOUR, at=AT + 6 * HOUR)
    assert declaration.status == "released"


def test_an_amended_declaration_may_be_released_again_and_is_then_not_closed():
    declaration = a_declaration(a_company())
    say(declaration, "closed", AT + HOUR)
    Declaration.objects.update(refund_ready_at=AT + HOUR)
    assert say(declaration, "amended", AT + 2 * HOUR)
    assert (declaration.closed_at, declaration.refund_ready_at) == (None, None)
    assert say(declaration, "released", AT + 3 * HOUR)
    assert declaration.lets_out


@pytest.mark.parametrize(
    ("claimed", "said", "stands"),
    [
        ("released", "accepted", "released"),
        ("released", "amended", "amended"),
        ("released", "closed", "closed"),
        ("accepted", "released", "released"),
        ("closed", "released", "closed"),
    ],
)
def test_customs_earlier_word_outranks_a_companys_claim_unless_it_was_merely_true_before(
    claimed, said, stands
):
    declaration = a_declaration(a_company(), status=claimed)
    say(declaration, said, AT - HOUR, at=AT + HOUR)
    assert declaration.status == stands


def test_of_two_words_of_one_moment_the_further_one_stands():
    declaration = a_declaration(a_company())
    say(declaration, "closed", AT + HOUR)
    assert not say(declaration, "released", AT + HOUR)
    assert say(declaration, "amended", AT + HOUR)


def test_an_update_only_adds_and_only_goes_further():
    vin, other = a_vin(), a_vin()
    declaration = a_declaration(a_company(), [vin], quantity=3)

    def update(status, vins):
        return update_declaration(
            declaration=declaration,
            supervision_mode="0110",
            status=status,
            vins=vins,
            lines=len(vins),
            at=AT + HOUR,
            by=BY,
        )

    assert update("accepted", [other]) == ({other}, False)
    assert update("closed", [other]) == (set(), True)
    declaration.refresh_from_db()
    assert (declaration.quantity, declaration.status, declaration.status_claimed) == (3, "closed", True)
    assert declaration.closed_at == AT + HOUR
    assert declaration.declared_vehicles.count() == 2


def test_what_is_no_vin_or_stands_twice_is_not_added():
    declaration, twice = a_declaration(a_company()), a_vin()
    said = {"supervision_mode": "0110", "status": "released", "vins": [twice, twice, "LGX123"], "lines": 3}
    with pytest.raises(Invalid) as refusal:
        update_declaration(declaration=declaration, **said, at=AT, by=BY)
    assert codes(refusal) == {("vins", "vins_form"), ("vins", "vins_twice")}
    declaration.refresh_from_db()
    assert (declaration.quantity, declaration.declared_vehicles.count()) == (1, 1)
