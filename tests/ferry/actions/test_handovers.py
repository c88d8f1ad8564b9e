"""A vehicle changes hands by an act of both companies."""

from __future__ import annotations

import pytest

from ferry.actions.vehicles import answer_handover, change_vehicle, offer_vehicle, withdraw_handover
from ferry.errors import Conflict, Invalid, NotYours
from ferry.models import Handover, Vehicle
from tests.builders import AT, BY, a_company, a_vehicle, an_issued_trip

pytestmark = pytest.mark.django_db


@pytest.fixture
def giver():
    return a_company()


@pytest.fixture
def taker():
    return a_company("East Star Trade")


@pytest.fixture
def offer(giver, taker):
    return offer_vehicle(vehicle=a_vehicle(giver), to_company=taker, at=AT, by=BY)


def test_an_accepted_offer_moves_the_vehicle_and_leaves_history(offer, giver, taker):
    answered = answer_handover(handover=offer, company=taker, accept=True, at=AT, by="owner aigul")
    assert (answered.accepted, answered.answered_at, answered.answered_by) == (True, AT, "owner aigul")
    vehicle = answered.vehicle
    vehicle.refresh_from_db()
    assert vehicle.company == taker
    assert [story.company_id for story in vehicle.history.all()] == [taker.pk, giver.pk]


def test_who_handed_a_vehicle_over_neither_changes_it_nor_offers_it_again(offer, giver, taker):
    """His page is still open as it was before."""
    stale = Vehicle.objects.get(pk=offer.vehicle_id)
    answer_handover(handover=offer, company=taker, accept=True, at=AT, by=BY)
    with pytest.raises(NotYours):
        change_vehicle(vehicle=stale, colour="red", at=AT, by=BY)
    with pytest.raises(NotYours):
        offer_vehicle(vehicle=stale, to_company=a_company("Altai Motors"), at=AT, by=BY)
    assert Vehicle.objects.get(pk=stale.pk).colour == "white"
    assert Handover.objects.count() == 1


def test_a_declined_offer_moves_nothing_and_another_may_follow(offer, giver, taker):
    answer_handover(handover=offer, company=taker, accept=False, at=AT, by=BY)
    offer.vehicle.refresh_from_db()
    assert offer.vehicle.company == giver
    assert offer_vehicle(vehicle=offer.vehicle, to_company=taker, at=AT, by=BY).pk != offer.pk


def test_an_offer_is_answered_once(offer, giver, taker):
    answer_handover(handover=offer, company=taker, accept=False, at=AT, by=BY)
    with pytest.raises(Conflict):
        answer_handover(handover=offer, company=taker, accept=True, at=AT, by=BY)
    offer.vehicle.refresh_from_db()
    assert offer.vehicle.company == giver


def test_only_the_company_it_was_made_to_may_answer(offer, giver):
    for stranger in (giver, a_company("Third Trade")):
        with pytest.raises(NotYours):
            answer_handover(handover=offer, company=stranger, accept=True, at=AT, by=BY)
    assert Handover.objects.get().answered_at is None


def test_only_the_company_that_made_it_may_withdraw_it(offer, giver, taker):
    with pytest.raises(NotYours):
        withdraw_handover(handover=offer, company=taker, at=AT, by=BY)
    assert withdraw_handover(handover=offer, company=giver, at=AT, by=BY).accepted is False
    with pytest.raises(Conflict):
        answer_handover(handover=offer, company=taker, accept=True, at=AT, by=BY)


def test_a_vehicle_is_offered_to_one_company_at_a_time(offer):
    with pytest.raises(Conflict) as refusal:
        offer_vehicle(vehicle=offer.vehicle, to_company=a_company("Third Trade"), at=AT, by=BY)
    assert refusal.value.reasons[0].code == "already_offered"
    assert Handover.objects.count() == 1


def test_a_company_does_not_offer_to_itself(giver):
    with pytest.raises(Invalid):
        offer_vehicle(vehicle=a_vehicle(giver), to_company=giver, at=AT, by=BY)
    assert not Handover.objects.exists()


def test_a_vehicle_with_an_open_code_is_not_handed_over(giver, taker):
    vehicle = a_vehicle(giver)
    offer = offer_vehicle(vehicle=vehicle, to_company=taker, at=AT, by=BY)
    an_issued_trip(giver, vehicle=vehicle)
    with pytest.raises(Conflict) as refusal:
        answer_handover(handover=offer, company=taker, accept=True, at=AT, by=BY)
    assert refusal.value.reasons[0].code == "vehicle_on_the_way"
    offer.refresh_from_db()
    vehicle.refresh_from_db()
    assert (offer.answered_at, vehicle.company) == (None, giver)
    withdraw_handover(handover=offer, company=giver, at=AT, by=BY)
    with pytest.raises(Conflict):
        offer_vehicle(vehicle=vehicle, to_company=taker, at=AT, by=BY)
