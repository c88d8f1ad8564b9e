"""What several vehicles of one batch change together, each row once."""

from __future__ import annotations

from datetime import timedelta

import pytest

from clearance.actions.scans import record_scans
from ferry.actions.passes import swap_driver
from ferry.actions.trips import driver_back
from ferry.models import DeclaredVehicle, Stay
from ferry.queries.issue import kazakh_date
from tests.builders import AT, BY, a_company, a_driver, an_issued_trip
from tests.clearance.casts import LANE, a_scan, nur_zholy, offline
from tests.clearance.story import latest_pass, leave

pytestmark = pytest.mark.django_db

HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def test_a_driver_who_enters_twice_on_one_day_has_one_stay() -> None:
    company = a_company()
    driver = a_driver(company)
    first = leave(an_issued_trip(company, driver=driver), AT)
    driver_back(trip=first, occurred_at=AT + 3 * HOUR, at=AT + 3 * HOUR, by=BY)
    second = leave(an_issued_trip(company, driver=driver), AT + 4 * HOUR)
    scans = [
        a_scan(latest_pass(trip).code, nur_zholy(), scanned_at=moment, offline=offline())
        for trip, moment in ((first, AT + HOUR), (second, AT + 5 * HOUR))
    ]
    results = record_scans(scans=scans, at=AT + 6 * HOUR, by=LANE)
    assert [result.status for result in results] == [201, 201]
    stay = driver.person.stays.get()
    assert (stay.trip_id, stay.left_on) == (first.pk, None)


def test_a_trip_that_enters_on_two_codes_over_midnight_has_one_stay() -> None:
    trip = an_issued_trip()
    old, first_driver = latest_pass(trip), trip.person
    swap_driver(trip=trip, driver=a_driver(trip.company), at=AT, by=BY)
    scans = [
        a_scan(pass_.code, nur_zholy(), scanned_at=AT + after, offline=offline())
        for pass_, after in ((old, 14 * HOUR), (latest_pass(trip), 16 * HOUR))
    ]
    results = record_scans(scans=scans, at=AT + DAY, by=LANE)
    assert [result.status for result in results] == [201, 201]
    assert Stay.objects.get().person == first_driver


def test_a_vehicle_let_out_on_two_codes_left_at_the_earlier_moment() -> None:
    trip = an_issued_trip()
    old = latest_pass(trip)
    swap_driver(trip=trip, driver=a_driver(trip.company), at=AT, by=BY)
    scans = [
        a_scan(pass_.code, scanned_at=AT + after, offline=offline())
        for pass_, after in ((latest_pass(trip), 2 * HOUR), (old, HOUR))
    ]
    for scan in scans:
        record_scans(scans=[scan], at=AT + 3 * HOUR, by=LANE)
    trip.refresh_from_db()
    assert DeclaredVehicle.objects.get(vin=trip.vehicle.vin).exited_at == trip.exited_at == AT + HOUR


def test_a_driver_who_was_back_before_his_entry_was_uploaded_has_left() -> None:
    trip = leave(an_issued_trip(), AT)
    driver_back(trip=trip, occurred_at=AT + 9 * HOUR, at=AT + 9 * HOUR, by=BY)
    scan = a_scan(latest_pass(trip).code, nur_zholy(), scanned_at=AT + 2 * HOUR, offline=offline())
    record_scans(scans=[scan], at=AT + 10 * HOUR, by=LANE)
    assert Stay.objects.get().left_on == kazakh_date(AT + 9 * HOUR)
