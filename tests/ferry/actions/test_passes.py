"""Codes are issued, replaced and ended."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.db.models import F

from ferry import codes
from ferry.actions.keys import rotate_signing_key
from ferry.actions.passes import issue_pass, receipt_pin, redate_pass, revoke_pass, swap_driver
from ferry.actions.stays import enter, leave
from ferry.actions.trips import cancel_trip
from ferry.errors import Conflict, NotYours
from ferry.models import (
    Checkpoint,
    Closure,
    Company,
    Declaration,
    Driver,
    EventKind,
    Membership,
    Pass,
    PassState,
    Route,
    Trip,
    TripState,
    Vehicle,
)
from ferry.queries.keys import open_trusted
from ferry.queries.passes import find_pass
from tests.builders import (
    AT,
    BY,
    a_company,
    a_declaration,
    a_driver,
    a_licence,
    a_member,
    a_pass,
    a_passport_number,
    a_petrol_car,
    a_route,
    a_trip,
    a_vehicle,
    an_issued_trip,
)

pytestmark = pytest.mark.django_db

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


def refused(call) -> set[str]:
    with pytest.raises(Conflict) as refusal:
        call()
    return {reason.code for reason in refusal.value.reasons}


def issue(trip: Trip):
    return issue_pass(trip=trip, at=AT, by=BY)


def test_it_issues_a_code_that_says_what_was_bound_together():
    trip = a_trip()
    a_licence(trip.company)
    pass_, made = issue(trip)
    claims = open_trusted(pass_.code, at=AT)
    trip.refresh_from_db()
    assert made
    assert trip.state == TripState.READY
    assert (claims.pass_id, claims.trip, claims.vin) == (pass_.pass_id, trip.reference, trip.vehicle.vin)
    assert claims.passport_tail == trip.driver.passport_number[-4:]
    assert (claims.exit, claims.entry) == ("CN-HORGOS", "KZ-NURZHOLY")
    assert (claims.not_before, claims.expires) == (trip.opens_at, trip.closes_at)
    assert trip.driver.passport_number not in pass_.code


def test_asking_twice_gives_the_same_code_and_pin_and_takes_one_licence_quantity():
    trip = a_trip()
    licence = a_licence(trip.company, quantity=5)
    first, made = issue(trip)
    again, made_again = issue(trip)
    trip.refresh_from_db()
    licence.refresh_from_db()
    assert (made, made_again) == (True, False)
    assert again == first
    assert licence.used == 1
    assert len(receipt_pin(trip)) == 6
    assert trip.events.filter(kind=EventKind.ISSUED).count() == 1


def test_a_code_is_found_by_its_text_its_short_code_and_in_no_other_way():
    pass_ = a_pass()
    assert find_pass(pass_.code, at=AT) == pass_
    assert find_pass(pass_.code.lower(), at=AT) == pass_
    assert find_pass(codes.show_short_code(pass_.short_code).lower(), at=AT) == pass_
    assert find_pass(pass_.code[:-4] + "AAAA", at=AT) is None
    assert find_pass("", at=AT) is None


def test_it_gives_all_reasons_at_once_and_moves_nothing():
    company = a_company()
    vehicle = a_vehicle(company, registered_on=AT.date() - timedelta(days=20))
    declaration = a_declaration(company, status="accepted")
    driver = a_driver(company, passport_expires_on=AT.date() + timedelta(days=1))
    trip = a_trip(company, vehicle=vehicle, declaration=declaration, driver=driver)
    assert refused(lambda: issue(trip)) == {
        "after_sales_confirmation_missing",
        "declaration_not_released",
        "vin_not_declared",
        "licence_missing",
        "passport_expired",
    }
    trip.refresh_from_db()
    assert trip.state == TripState.PLANNED
    assert not Pass.objects.exists()


@pytest.mark.parametrize("status", ["amended", "deleted"])
def test_a_changed_declaration_refuses(status):
    company = a_company()
    a_licence(company)
    vehicle = a_vehicle(company)
    trip = a_trip(company, vehicle=vehicle, declaration=a_declaration(company, [vehicle.vin], status=status))
    assert refused(lambda: issue(trip)) == {"declaration_changed"}


def test_a_licence_without_quantity_or_past_its_end_refuses():
    trip = a_trip()
    a_licence(trip.company, quantity=1, expires_on=AT.date())
    other = a_trip(trip.company)
    used_up = a_licence(trip.company, quantity=1)
    issue(other)
    used_up.refresh_from_db()
    assert used_up.left == 0
    assert refused(lambda: issue(trip)) == {"licence_missing"}


def test_goods_that_need_no_licence_take_none():
    company = a_company()
    licence = a_licence(company)
    loader = a_vehicle(company, powertrain="plant", hs_code="84295100", make="LiuGong", model="856H")
    driver = a_driver(company, licence_class="M")
    issue(a_trip(company, vehicle=loader, driver=driver))
    licence.refresh_from_db()
    assert licence.used == 0


def test_the_licence_that_expires_first_is_used_first():
    trip = a_trip()
    later = a_licence(trip.company, expires_on=date(2028, 1, 1))
    sooner = a_licence(trip.company, expires_on=date(2027, 1, 1))
    pass_, _ = issue(trip)
    later.refresh_from_db()
    sooner.refresh_from_db()
    assert (pass_.licence, sooner.used, later.used) == (sooner, 1, 0)


def test_one_vin_has_one_open_pass():
    company = a_company()
    trip = an_issued_trip(company)
    second = a_trip(company, vehicle=trip.vehicle, declaration=trip.declaration)
    assert refused(lambda: issue(second)) == {"vehicle_has_open_pass"}


def test_a_delivered_vehicle_gets_no_second_code_on_its_declaration():
    company = a_company()
    trip = an_issued_trip(company)
    Trip.objects.filter(pk=trip.pk).update(state=TripState.DELIVERED)
    Pass.objects.update(state=PassState.SPENT)
    second = a_trip(company, vehicle=trip.vehicle, declaration=trip.declaration)
    assert refused(lambda: issue(second)) == {"vehicle_was_delivered"}
    second.refresh_from_db()
    assert second.state == TripState.PLANNED
    anew = a_trip(company, vehicle=trip.vehicle, declaration=a_declaration(company, [trip.vehicle.vin]))
    assert issue(anew)[1]


def test_a_vehicle_that_came_back_may_go_again_on_its_declaration():
    trip = an_issued_trip()
    Trip.objects.filter(pk=trip.pk).update(state=TripState.RETURNED)
    Pass.objects.update(state=PassState.SPENT)
    assert issue(a_trip(trip.company, vehicle=trip.vehicle, declaration=trip.declaration))[1]


def test_it_suggests_the_declared_vin_that_is_one_slip_away():
    company = a_company()
    a_licence(company)
    vehicle = a_vehicle(company, vin="LGXCE4CB8S0123456")
    declaration = a_declaration(company, ["LGXCE4CB8S0123465", "LW433B12XS1000002"])
    with pytest.raises(Conflict) as refusal:
        issue(a_trip(company, vehicle=vehicle, declaration=declaration))
    (reason,) = refusal.value.reasons
    assert reason.code == "vin_not_declared"
    assert "LGXCE4CB8S0123465" in str(reason.detail)
    assert "LW433B12XS1000002" not in str(reason.detail)


def test_a_signing_key_that_cannot_be_opened_refuses_and_moves_nothing(settings):
    a_pass()
    trip = a_trip()
    licence = a_licence(trip.company)
    settings.DATA_KEYS = ["another key, of thirty-two characters"]
    assert refused(lambda: issue(trip)) == {"cannot_sign"}
    trip.refresh_from_db()
    licence.refresh_from_db()
    assert (trip.state, licence.used) == (TripState.PLANNED, 0)
    rotate_signing_key(at=AT)
    assert issue(trip)[1]


def test_a_code_fits_its_square_for_the_longest_names_that_may_be_given():
    kid, private = codes.new_key()
    claims = open_trusted(a_pass().code, at=AT)
    text = codes.seal(
        replace(claims, exit="X" * 16, entry="Y" * 16), kid=kid, private=private, site_url="h" * 46
    )
    assert len(text) <= codes.LONGEST_SEALED
    with pytest.raises(ValidationError):
        Checkpoint(code="X" * 17).clean_fields(
            exclude=["country", "name_en", "name_zh", "name_ru", "name_kk"]
        )


@pytest.mark.parametrize(
    ("model", "field", "value"),
    [
        (Company, "uscc", "1"),
        (Declaration, "number", "940720261000000001"),
        (Declaration, "status", "lost"),
        (Driver, "passport_number", ""),
        (Membership, "role", "king"),
        (Pass, "closes_at", AT - 99 * DAY),
        (Pass, "state", "lost"),
        (Trip, "outcome", "lost"),
        (Vehicle, "hs_code", "87"),
        (Vehicle, "powertrain", "steam"),
        (Vehicle, "vin", "LGXCE4CB8SO123456"),
    ],
)
def test_the_database_itself_keeps_the_form_of_what_is_stored(model, field, value):
    trip = an_issued_trip()
    a_member(trip.company)
    with pytest.raises(IntegrityError), transaction.atomic():
        model.objects.update(**{field: value})


def test_the_database_itself_keeps_the_two_ends_of_a_route_apart():
    with pytest.raises(IntegrityError), transaction.atomic():
        Route.objects.filter(pk=a_route().pk).update(entry=F("exit"))


def test_the_database_itself_keeps_one_open_pass_per_vin():
    trip = an_issued_trip()
    twin = a_trip(trip.company, vehicle=trip.vehicle, declaration=trip.declaration)
    pass_ = trip.passes.get()
    pass_.pk, pass_.trip, pass_.short_code = None, twin, "000000000"
    pass_.pass_id = "00000000-0000-4000-8000-000000000000"
    with pytest.raises(IntegrityError), transaction.atomic():
        pass_.save(force_insert=True)


def test_one_person_has_one_open_trip_across_companies_and_learns_nothing_of_the_other():
    number = a_passport_number()
    here, there = a_company(), a_company("East Star Trade")
    first = an_issued_trip(there, driver=a_driver(there, passport_number=number))
    a_licence(here)
    second = a_trip(here, driver=a_driver(here, passport_number=number))
    with pytest.raises(Conflict) as refusal:
        issue(second)
    (reason,) = refusal.value.reasons
    assert reason.code == "driver_unavailable"
    assert first.planned_return_on.isoformat() in str(reason.detail)
    assert "East Star" not in str(reason.detail)


def test_the_database_itself_keeps_one_open_trip_per_person():
    trip = an_issued_trip()
    second = a_trip(trip.company, driver=trip.driver)
    with pytest.raises(IntegrityError), transaction.atomic():
        Trip.objects.filter(pk=second.pk).update(state=TripState.READY)


def test_a_driver_who_is_back_in_china_may_go_again_before_the_consignee_confirms():
    trip = an_issued_trip()
    Trip.objects.filter(pk=trip.pk).update(state=TripState.EXITED, driver_returned_at=AT)
    assert issue(a_trip(trip.company, driver=trip.driver))[1]


def test_stay_days_are_counted_across_companies():
    number = a_passport_number()
    here, there = a_company(), a_company("East Star Trade")
    person = a_driver(there, passport_number=number).person
    for first in range(0, 90, 30):
        enter(person=person, on=AT.date() - timedelta(days=100 - first))
        leave(person=person, on=AT.date() - timedelta(days=71 - first))
    a_licence(here)
    trip = a_trip(here, driver=a_driver(here, passport_number=number))
    assert refused(lambda: issue(trip)) == {"stay_exhausted"}


def test_a_kazakh_citizen_has_no_stay_to_exhaust():
    company = a_company()
    a_licence(company)
    driver = a_driver(company, nationality="KZ", passport_number="N12345678", licence_class="B")
    enter(person=driver.person, on=AT.date() - timedelta(days=170))
    assert issue(a_trip(company, driver=driver))[1]


def test_a_window_wholly_inside_a_closure_refuses():
    trip = a_trip()
    a_licence(trip.company)
    Closure.objects.create(starts_at=AT - 2 * HOUR, ends_at=AT + DAY, reason="Independence Day")
    assert refused(lambda: issue(trip)) == {"checkpoint_closed"}


def test_a_window_that_is_over_refuses():
    trip = a_trip()
    a_licence(trip.company)
    with pytest.raises(Conflict) as refusal:
        issue_pass(trip=trip, at=trip.closes_at, by=BY)
    assert [reason.code for reason in refusal.value.reasons] == ["window_past"]


def test_swapping_the_driver_kills_the_old_code_and_keeps_licence_and_pin():
    trip = an_issued_trip()
    old = trip.passes.get()
    pin = receipt_pin(trip)
    new = swap_driver(trip=trip, driver=a_driver(trip.company, name="Guljan"), at=AT, by=BY)
    old.refresh_from_db()
    trip.refresh_from_db()
    assert (old.state, new.state) == (PassState.SUPERSEDED, PassState.OPEN)
    assert (trip.driver, trip.person) == (new.driver, new.driver.person)
    assert new.licence == old.licence
    assert receipt_pin(trip) == pin
    old.licence.refresh_from_db()
    assert old.licence.used == 1
    assert trip.events.filter(kind=EventKind.DRIVER_SWAPPED).count() == 1


def test_a_swap_that_is_refused_leaves_the_old_code_alive():
    trip = an_issued_trip()
    unfit = a_driver(trip.company, passport_expires_on=AT.date() + DAY)
    assert refused(lambda: swap_driver(trip=trip, driver=unfit, at=AT, by=BY)) == {"passport_expired"}
    trip.refresh_from_db()
    assert trip.passes.get().state == PassState.OPEN
    assert trip.driver != unfit


def test_a_swap_to_someone_on_the_way_is_refused():
    trip = an_issued_trip()
    busy = an_issued_trip(trip.company)
    assert refused(lambda: swap_driver(trip=trip, driver=busy.driver, at=AT, by=BY)) == {"driver_unavailable"}


def test_a_swap_to_the_same_driver_or_twice_is_refused():
    trip = an_issued_trip()
    assert refused(lambda: swap_driver(trip=trip, driver=trip.driver, at=AT, by=BY)) == {"same_driver"}
    other = a_driver(trip.company)
    swap_driver(trip=trip, driver=other, at=AT, by=BY)
    assert refused(lambda: swap_driver(trip=trip, driver=other, at=AT, by=BY)) == {"same_driver"}
    assert trip.passes.filter(state=PassState.OPEN).count() == 1


def test_a_strangers_driver_cannot_be_swapped_in():
    trip = an_issued_trip()
    stranger = a_driver(a_company("East Star Trade"))
    with pytest.raises(NotYours):
        swap_driver(trip=trip, driver=stranger, at=AT, by=BY)
    assert trip.passes.get().state == PassState.OPEN


def test_a_vehicle_that_has_left_keeps_its_driver():
    trip = an_issued_trip()
    Trip.objects.filter(pk=trip.pk).update(state=TripState.EXITED)
    other = a_driver(trip.company)
    assert refused(lambda: swap_driver(trip=trip, driver=other, at=AT, by=BY)) == {"trip_not_ready"}


def test_moving_to_another_time_makes_a_new_code_for_that_time():
    trip = an_issued_trip()
    new = redate_pass(
        trip=trip,
        opens_at=trip.opens_at + 2 * DAY,
        closes_at=trip.closes_at + 2 * DAY,
        reason="closed",
        at=AT,
        by=BY,
    )
    moved = Trip.objects.get(pk=trip.pk)
    assert moved.planned_return_on == trip.planned_return_on + 2 * DAY
    assert open_trusted(new.code, at=AT).not_before == trip.opens_at + 2 * DAY
    assert trip.passes.filter(state=PassState.SUPERSEDED).count() == 1


def test_a_move_into_the_past_is_refused_and_keeps_the_code():
    trip = an_issued_trip()
    past = {"opens_at": AT - 3 * DAY, "closes_at": AT - 2 * DAY}
    codes_ = refused(lambda: redate_pass(trip=trip, **past, reason="typo", at=AT, by=BY))
    assert codes_ == {"window_past"}
    assert trip.passes.get().state == PassState.OPEN


def test_a_move_to_a_time_that_ends_before_it_begins_is_refused_as_that():
    trip = an_issued_trip()
    backwards = {"opens_at": AT + 3 * HOUR, "closes_at": AT + 2 * HOUR}
    codes_ = refused(lambda: redate_pass(trip=trip, **backwards, reason="typo", at=AT, by=BY))
    assert codes_ == {"window_order"}
    assert trip.passes.get().state == PassState.OPEN


def test_revoking_returns_the_licence_quantity_and_the_trip_can_have_another_code():
    trip = an_issued_trip()
    old = trip.passes.get()
    revoke_pass(trip=trip, reason="wrong car", at=AT, by=BY)
    trip.refresh_from_db()
    old.refresh_from_db()
    old.licence.refresh_from_db()
    assert (trip.state, old.state, old.licence.used) == (TripState.PLANNED, PassState.REVOKED, 0)
    assert refused(lambda: revoke_pass(trip=trip, reason="again", at=AT, by=BY)) == {"trip_not_ready"}
    assert issue(trip)[0].short_code != old.short_code


def test_cancelling_returns_the_licence_quantity_and_happens_once():
    trip = an_issued_trip()
    licence = trip.passes.get().licence
    cancel_trip(trip=trip, reason="buyer withdrew", at=AT, by=BY)
    licence.refresh_from_db()
    assert (licence.used, trip.passes.get().state) == (0, PassState.REVOKED)
    codes_ = refused(lambda: cancel_trip(trip=trip, reason="again", at=AT, by=BY))
    assert codes_ == {"trip_not_cancellable"}
    licence.refresh_from_db()
    assert licence.used == 0


def test_petrol_and_plug_in_cars_need_a_licence_too():
    company = a_company()
    trip = a_trip(company, vehicle=a_petrol_car(company))
    assert refused(lambda: issue(trip)) == {"licence_missing"}
