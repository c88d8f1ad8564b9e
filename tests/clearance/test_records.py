"""Records are kept once, matched by key and the order of time, and take effect."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import permutations
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from hypothesis import given
from hypothesis import strategies as st

from clearance.actions.reconcile import reconcile_all_due, reconcile_due
from clearance.actions.records import RecordLine
from clearance.actions.scans import Offline
from clearance.models import Record
from clearance.rules.matching import Candidate, Sought, match
from ferry.actions.trips import driver_back
from ferry.models import (
    Case,
    CaseKind,
    Declaration,
    Outcome,
    Passport,
    Person,
    Stay,
    Trip,
    TripEvent,
    TripState,
)
from ferry.queries.issue import kazakh_date
from ferry.rules.vin import near, vin_check_digit
from tests.builders import (
    AT,
    BY,
    a_company,
    a_declaration,
    a_driver,
    a_passport_number,
    a_petrol_car,
    a_vehicle,
    a_vin,
    an_issued_trip,
)
from tests.clearance.story import FEED, arrive, confirm, leave, statuses, take

HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def a_line(kind: str, **fields: Any) -> RecordLine:
    usual = {"occurred_at": AT + HOUR, "source_reference": f"{kind}-1"}
    return RecordLine(**{"kind": kind, **usual, **fields})


def passport(trip: Trip) -> str:
    return trip.driver.passport_number


def slip(vin: str) -> str:
    return vin[:-1] + ("1" if vin[-1] != "1" else "2")


# --- Matching, without a database --------------------------------------------------------------

SKEW, GRACE = timedelta(minutes=5), DAY


def a_candidate(
    pk: int, *, vin: str = "V1", person: int = 1, left: datetime | None = AT, **more: Any
) -> Candidate:
    usual: dict[str, Any] = {
        "opens_at": AT - HOUR,
        "closes_at": AT + 23 * HOUR,
        "arrived_at": None,
        "delivered_at": None,
        "driver_returned_at": None,
        "skew": SKEW,
        "grace": GRACE,
    }
    return Candidate(id=pk, vin=vin, person=person, exited_at=left, **{**usual, **more})


def sought(kind: str, after: timedelta = HOUR, *, vin: str = "", person: int | None = 1) -> Sought:
    return Sought(kind, AT + after, vin, frozenset({person} - {None}))  # type: ignore[arg-type]


def day_before(pk: int, **more: Any) -> Candidate:
    moved = {"opens_at": AT - 25 * HOUR, "closes_at": AT - HOUR}
    return a_candidate(pk, left=AT - DAY, **{**moved, **more})


@pytest.mark.parametrize(
    ("record", "trips", "wanted"),
    [
        # The person's trip that left on the same visit, whatever else his windows hold.
        (sought("border_exit"), [a_candidate(1), day_before(2)], 1),
        # The exit is not uploaded yet: the window that holds the moment.
        (sought("border_exit"), [a_candidate(1, left=None), day_before(2)], 1),
        (sought("border_exit", -2 * HOUR), [a_candidate(1, left=None)], None),
        (sought("border_exit", 47 * HOUR), [a_candidate(1, left=None)], 1),
        (sought("border_exit", 47 * HOUR + SKEW), [a_candidate(1, left=None)], None),
        # The last exit before the entry, or the return.
        (sought("kz_entry"), [a_candidate(1), day_before(2)], 1),
        (sought("kz_entry", -HOUR), [a_candidate(1), day_before(2)], 2),
        (sought("return", 9 * HOUR), [a_candidate(1), day_before(2)], 1),
        (sought("return", 9 * HOUR), [a_candidate(1, left=None)], None),
        (sought("return", 91 * DAY), [a_candidate(1)], None),
        # What was delivered did leave, though its exit was never scanned.
        (sought("return", 9 * HOUR), [a_candidate(1, left=None, delivered_at=AT), day_before(2)], 1),
        # Yesterday's trip was through; today's exit is not uploaded yet.
        (sought("kz_entry"), [a_candidate(1, left=None), day_before(2, arrived_at=AT - 22 * HOUR)], 1),
        (sought("kz_entry"), [a_candidate(1, left=None), day_before(2, driver_returned_at=AT - HOUR)], 1),
        # The VIN decides, even against the person; a near one does not.
        (sought("kz_entry", vin="V2"), [a_candidate(1), a_candidate(2, vin="V2", person=9)], 2),
        (sought("border_exit", vin="V1"), [a_candidate(1), a_candidate(2, vin="V2")], 1),
        (sought("kz_entry", vin="V9"), [a_candidate(1)], 1),
        (sought("kz_entry", vin="V1", person=None), [a_candidate(1)], 1),
        (sought("kz_entry", vin="V9", person=None), [a_candidate(1)], None),
    ],
)
def test_it_matches_by_key_and_time(record: Sought, trips: list[Candidate], wanted: int | None) -> None:
    found = match(record, trips)
    assert (found.trip and found.trip.id) == wanted
    assert found == match(record, reversed(trips))


@pytest.mark.parametrize("kind", ["border_exit", "kz_entry", "return"])
def test_two_that_fit_are_none(kind: str) -> None:
    found = match(sought(kind), [a_candidate(1), a_candidate(2, vin="V2", left=AT + timedelta(minutes=2))])
    assert found.trip is None
    assert found.ambiguous == (1, 2)


@given(
    kind=st.sampled_from(["border_exit", "kz_entry", "return"]),
    after=st.integers(-100, 100),
    lefts=st.lists(st.none() | st.integers(-60, 60), max_size=4),
)
def test_it_never_matches_a_trip_of_neither_the_vin_nor_the_person(
    kind: str, after: int, lefts: list[int | None]
) -> None:
    trips = [
        a_candidate(pk, person=2, left=None if left is None else AT + left * HOUR)
        for pk, left in enumerate(lefts)
    ]
    found = match(sought(kind, after * HOUR, vin="V9"), trips)
    assert (found.trip, found.ambiguous) == (None, ())


# --- Keeping -----------------------------------------------------------------------------------


@pytest.mark.django_db
class TestKeeping:
    def test_it_keeps_a_record_as_it_came_with_where_it_came_from(self) -> None:
        trip = leave(an_issued_trip(), AT)
        line = a_line(
            "border_exit", passport_number=f" {passport(trip).lower()}", line=7, original={"护照": "x"}
        )
        result = take(line, at=AT + 2 * HOUR, source="Horgos border police")[0]
        assert result.record is not None
        kept = Record.objects.get()
        assert (kept.source, kept.source_reference, kept.source_line) == (
            "Horgos border police",
            "border_exit-1",
            7,
        )
        assert kept.original == {"护照": "x"}
        assert (kept.trip, kept.person, kept.matched_at) == (trip, trip.person, AT + 2 * HOUR)

    def test_the_same_line_again_is_a_duplicate_and_changes_nothing(self) -> None:
        trip = leave(an_issued_trip(), AT)
        line = a_line("return", passport_number=passport(trip), occurred_at=AT + 10 * HOUR)
        first = take(line, line, at=AT + 11 * HOUR)
        assert statuses(first) == ["matched", "duplicate"]
        events = TripEvent.objects.count()
        Trip.objects.update(next_check_at=None)
        again = take(line, at=AT + 12 * HOUR)
        assert statuses(again) == ["duplicate"]
        assert again[0].record == first[0].record
        assert (Record.objects.count(), TripEvent.objects.count()) == (1, events)
        assert Trip.objects.get().next_check_at is None

    def test_the_same_reference_with_other_content_is_kept_beside_the_first(self) -> None:
        trip = leave(an_issued_trip(), AT)
        lines = [
            a_line("kz_entry", passport_number=passport(trip), vin=vin)
            for vin in ("", slip(trip.vehicle.vin))
        ]
        assert statuses(take(*lines, at=AT + DAY)) == ["matched", "matched"]
        assert Record.objects.filter(source_reference="kz_entry-1").count() == 2
        reconcile_all_due(at=AT + DAY)
        assert Case.objects.get().kind == CaseKind.VIN_MISMATCH

    def test_the_same_line_of_another_source_is_another_record(self) -> None:
        line = a_line("kz_entry", vin=a_vin())
        assert statuses(take(line, at=AT + DAY)) == ["unmatched"]
        assert statuses(take(line, at=AT + DAY, source="another")) == ["unmatched"]

    @pytest.mark.parametrize(
        ("fields", "code"),
        [
            ({"kind": "gossip"}, "unknown_kind"),
            ({"occurred_at": AT + DAY}, "in_the_future"),
            ({"occurred_at": datetime(1999, 1, 1, tzinfo=UTC)}, "too_long_ago"),
            ({"occurred_at": datetime(2026, 11, 22)}, "zone_missing"),  # noqa: DTZ001
            ({"source_reference": " "}, "reference_missing"),
            ({"source_reference": "x" * 101}, "too_long"),
            ({"vin": "L" * 18}, "too_long"),
            ({"source_reference": "a\0b"}, "unusable_character"),
            ({"passport_number": ""}, "keys_missing"),
            ({"kind": "return", "passport_number": "", "vin": "X"}, "keys_missing"),
            ({"kind": "kz_entry", "passport_number": ""}, "keys_missing"),
            ({"kind": "declaration_status", "status": "closed"}, "keys_missing"),
            ({"kind": "declaration_status", "declaration": "9" * 18, "status": "lost"}, "unknown_status"),
        ],
    )
    def test_an_unusable_line_is_refused_alone(self, fields: dict[str, Any], code: str) -> None:
        good = a_line("kz_entry", vin=a_vin())
        bad = a_line(**{"kind": "border_exit", "passport_number": "E12345678", **fields})
        results = take(bad, good, at=AT + HOUR)
        assert statuses(results) == ["error", "unmatched"]
        assert code in [reason.code for reason in results[0].reasons]
        assert results[0].record is None
        assert Record.objects.count() == 1

    def test_a_batch_costs_the_same_number_of_queries_whatever_its_size(self) -> None:
        company = a_company()
        trips = [leave(an_issued_trip(company), AT) for _ in range(6)]

        def cost(some: list[Trip], name: str) -> int:
            lines = [
                a_line("border_exit", passport_number=passport(trip), source_reference=name) for trip in some
            ]
            with CaptureQueriesContext(connection) as queries:
                assert set(statuses(take(*lines, at=AT + 2 * HOUR))) == {"matched"}
            return len(queries)

        assert cost(trips[:2], "two") == cost(trips, "six") <= 20


# --- Taking effect -----------------------------------------------------------------------------


@pytest.mark.django_db
class TestTakingEffect:
    def test_a_border_exit_has_the_trip_looked_at_and_tells_its_story(self) -> None:
        trip = leave(an_issued_trip(), AT)
        Trip.objects.update(next_check_at=None)
        take(a_line("border_exit", passport_number=passport(trip)), at=AT + 2 * HOUR)
        trip.refresh_from_db()
        assert trip.next_check_at == AT + 2 * HOUR
        event = trip.events.latest("pk")
        assert (event.kind, event.at, event.recorded_at) == ("record_matched", AT + HOUR, AT + 2 * HOUR)
        assert passport(trip) not in str(event.data)

    def test_a_kazakh_entry_arrives_an_exited_trip_and_begins_the_stay(self) -> None:
        trip = leave(an_issued_trip(), AT)
        # Three in the morning of the 23rd there.
        moment = datetime(2026, 11, 22, 22, tzinfo=UTC)
        take(a_line("kz_entry", vin=trip.vehicle.vin, occurred_at=moment), at=AT + DAY)
        trip.refresh_from_db()
        assert (trip.state, trip.arrived_at) == (TripState.ARRIVED, moment)
        stay = Stay.objects.get()
        assert (stay.person, str(stay.entered_on), stay.trip) == (trip.person, "2026-11-23", trip)

    def test_a_kazakh_entry_does_not_move_a_trip_that_was_not_seen_to_leave(self) -> None:
        trip = an_issued_trip()
        assert statuses(take(a_line("kz_entry", vin=trip.vehicle.vin), at=AT + 2 * HOUR)) == ["matched"]
        trip.refresh_from_db()
        assert (trip.state, trip.arrived_at) == (TripState.READY, None)

    def test_a_kazakh_entry_told_before_the_exit_takes_effect_after_it(self) -> None:
        trip = an_issued_trip()
        take(a_line("kz_entry", vin=trip.vehicle.vin), at=AT + 2 * HOUR)
        leave(trip, AT, offline=Offline("release", HOUR))
        for _twice in range(2):
            reconcile_all_due(at=AT + 3 * HOUR)
            trip.refresh_from_db()
            assert (trip.state, trip.arrived_at) == (TripState.ARRIVED, AT + HOUR)
        assert trip.events.filter(kind="arrived").count() == 1

    def test_a_delivered_trip_learns_when_it_entered(self) -> None:
        trip = leave(an_issued_trip(), AT)
        confirm(trip, AT + 3 * HOUR)
        take(a_line("kz_entry", vin=trip.vehicle.vin), at=AT + 4 * HOUR)
        trip.refresh_from_db()
        assert (trip.state, trip.arrived_at) == (TripState.DELIVERED, AT + HOUR)

    def test_the_stay_of_another_person_at_the_border_is_his(self) -> None:
        company = a_company()
        trip, other = leave(an_issued_trip(company), AT), a_driver(company)
        line = a_line("kz_entry", vin=trip.vehicle.vin, passport_number=other.passport_number)
        assert statuses(take(line, at=AT + 2 * HOUR)) == ["matched"]
        assert Stay.objects.get().person == other.person
        reconcile_all_due(at=AT + 2 * HOUR)
        assert Case.objects.get().kind == CaseKind.DRIVER_MISMATCH

    def test_an_entry_of_a_trip_that_another_drove_in_is_his(self) -> None:
        trip = leave(an_issued_trip(), AT)
        old = a_driver(trip.company).person
        Stay.objects.create(person=old, trip=trip, entered_on=AT.date())
        line = a_line("kz_entry", vin=trip.vehicle.vin)
        assert statuses(take(line, at=AT + 2 * HOUR)) == ["matched"]
        assert Stay.objects.get().person == old
        shown = replace(line, passport_number=passport(trip))
        assert statuses(take(shown, at=AT + 2 * HOUR)) == ["matched"]
        own = trip.person.stays.get()
        assert (own.entered_on, own.trip) == (AT.date(), None)

    def test_a_return_ends_the_stay_and_frees_the_driver(self) -> None:
        trip = arrive(leave(an_issued_trip(), AT), AT + HOUR)
        take(a_line("return", passport_number=passport(trip), occurred_at=AT + 9 * HOUR), at=AT + 10 * HOUR)
        trip.refresh_from_db()
        assert trip.driver_returned_at == AT + 9 * HOUR
        assert str(Stay.objects.get().left_on) == "2026-11-22"

    def test_a_return_with_the_vin_of_an_undelivered_vehicle_brings_it_back(self) -> None:
        trip = leave(an_issued_trip(), AT)
        line = a_line(
            "return", passport_number=passport(trip), vin=trip.vehicle.vin, occurred_at=AT + 9 * HOUR
        )
        take(line, at=AT + 10 * HOUR)
        reconcile_all_due(at=AT + 10 * HOUR)
        trip.refresh_from_db()
        assert (trip.state, trip.outcome) == (TripState.RETURNED, Outcome.DISCREPANT)
        assert Case.objects.get().kind == CaseKind.RETURNED_UNDELIVERED

    def test_a_return_by_a_renewed_passport_is_the_same_persons(self) -> None:
        trip = leave(an_issued_trip(), AT)
        renewed = Passport.objects.create(person=trip.person, number=a_passport_number(), nationality="CN")
        line = a_line("return", passport_number=renewed.number, occurred_at=AT + 9 * HOUR)
        assert statuses(take(line, at=AT + 10 * HOUR)) == ["matched"]

    def test_a_return_told_before_the_entry_still_ends_the_stay(self) -> None:
        trip = leave(an_issued_trip(), AT)
        take(a_line("return", occurred_at=AT + 9 * HOUR, passport_number=passport(trip)), at=AT + 10 * HOUR)
        take(a_line("kz_entry", vin=trip.vehicle.vin), at=AT + 11 * HOUR)
        assert Stay.objects.get().left_on == kazakh_date(AT + 9 * HOUR)

    def test_the_borders_word_on_a_return_stands_over_the_companys(self) -> None:
        trip = leave(an_issued_trip(), AT)
        arrive(trip, AT + 2 * HOUR)
        driver_back(trip=trip, occurred_at=AT + 9 * HOUR, at=AT + 9 * HOUR, by=BY)
        back = AT + 33 * DAY
        line = a_line("return", occurred_at=back, passport_number=passport(trip))
        take(line, at=back + HOUR)
        trip.refresh_from_db()
        assert trip.driver_returned_at == back
        assert Stay.objects.get().left_on == kazakh_date(back)
        reconcile_all_due(at=back + HOUR)
        assert Case.objects.filter(trip=trip, kind=CaseKind.OVERSTAY).exists()

    def test_a_return_from_a_trip_without_an_exit_scan_is_no_overstay(self) -> None:
        trip = an_issued_trip()
        take(a_line("kz_entry", vin=trip.vehicle.vin, passport_number=passport(trip)), at=AT + 2 * HOUR)
        confirm(trip, AT + 5 * HOUR)
        line = a_line("return", occurred_at=AT + 9 * HOUR, passport_number=passport(trip))
        assert statuses(take(line, at=AT + 10 * HOUR)) == ["matched"]
        assert Stay.objects.get().left_on == kazakh_date(AT + 9 * HOUR)
        reconcile_all_due(at=AT + 40 * DAY)
        assert [case.kind for case in Case.objects.filter(trip=trip)] == [CaseKind.DELIVERY_NO_EXIT]

    def test_of_two_returns_the_earlier_counts_whichever_came_first(self) -> None:
        trip = leave(an_issued_trip(), AT)
        arrive(trip, AT + 2 * HOUR)
        for number, hours in enumerate((60, 9, 34)):
            moment = AT + hours * HOUR
            line = a_line(
                "return", occurred_at=moment, passport_number=passport(trip), source_reference=f"R{number}"
            )
            take(line, at=AT + 70 * HOUR)
        trip.refresh_from_db()
        assert trip.driver_returned_at == AT + 9 * HOUR
        assert Stay.objects.get().left_on == kazakh_date(AT + 9 * HOUR)

    @pytest.mark.parametrize("order", list(permutations(range(4))))
    def test_a_closing_counts_from_its_first_word_however_they_came(self, order: tuple[int, ...]) -> None:
        trip = leave(an_issued_trip(), AT)
        number = trip.declaration.number
        said = [("closed", 2), ("released", 3), ("closed", 5), ("closed", 8)]
        lines = [
            a_line(
                "declaration_status",
                occurred_at=AT + hours * HOUR,
                declaration=number,
                status=status,
                source_reference=f"D{hours}",
            )
            for status, hours in said
        ]
        for place in order:
            take(lines[place], at=AT + 9 * HOUR)
            reconcile_all_due(at=AT + 9 * HOUR)
        declaration = Declaration.objects.get(pk=trip.declaration_id)
        assert (declaration.status, declaration.status_at) == ("closed", AT + 8 * HOUR)
        assert declaration.closed_at == declaration.refund_ready_at == AT + 5 * HOUR

    def test_customs_word_on_a_declaration_is_taken_in_the_order_of_time(self) -> None:
        company = a_company()
        declaration = a_declaration(company)
        lines = [
            a_line(
                "declaration_status",
                declaration=declaration.number,
                status=status,
                occurred_at=AT + hours * HOUR,
            )
            for status, hours in (("closed", 5), ("amended", 3), ("released", 4))
        ]
        assert statuses(take(*lines, at=AT + DAY)) == ["matched"] * 3
        declaration.refresh_from_db()
        assert (declaration.status, declaration.closed_at) == ("closed", AT + 5 * HOUR)
        assert Record.objects.filter(declaration=declaration).count() == 3

    def test_a_record_of_another_companys_trip_touches_only_that(self) -> None:
        mine, theirs = leave(an_issued_trip(), AT), leave(an_issued_trip(a_company("East Star Trade")), AT)
        Trip.objects.update(next_check_at=None)
        take(a_line("return", passport_number=passport(theirs), occurred_at=AT + 9 * HOUR), at=AT + 10 * HOUR)
        mine.refresh_from_db()
        assert (mine.driver_returned_at, mine.next_check_at) == (None, None)


# --- Unmatched and ambiguous -------------------------------------------------------------------


@pytest.mark.django_db
class TestUnmatched:
    def test_it_waits_and_is_matched_when_its_trip_is_found(self) -> None:
        company = a_company()
        vehicle = a_petrol_car(company)
        declaration = a_declaration(company, [vehicle.vin])
        line = a_line("kz_entry", vin=vehicle.vin, occurred_at=AT + 2 * HOUR)
        assert statuses(take(line, at=AT + 3 * HOUR)) == ["unmatched"]
        # The gate was offline: the trip is issued, and its exit is uploaded, later than the record came.
        trip = leave(an_issued_trip(company, vehicle=vehicle, declaration=declaration), AT + HOUR)
        tally = reconcile_all_due(at=AT + 4 * HOUR)
        assert tally.records_matched == 1
        trip.refresh_from_db()
        assert (trip.state, trip.arrived_at) == (TripState.ARRIVED, AT + 2 * HOUR)
        assert reconcile_all_due(at=AT + 4 * HOUR).records_matched == 0
        assert trip.events.filter(kind="record_matched").count() == 1

    def test_any_number_of_records_that_match_nothing_hold_up_none_that_does(self) -> None:
        trip = an_issued_trip()
        private = [
            a_line(
                "border_exit",
                occurred_at=AT - timedelta(days=days, minutes=minute),
                passport_number=passport(trip),
                source_reference=f"P{days}-{minute}",
            )
            for days in (3, 400)
            for minute in range(600)
        ]
        take(*private, at=AT)
        take(a_line("return", occurred_at=AT + 9 * HOUR, passport_number=passport(trip)), at=AT + 10 * HOUR)
        leave(trip, AT, offline=Offline("release", HOUR))
        assert reconcile_all_due(at=AT + 11 * HOUR).records_matched == 1
        trip.refresh_from_db()
        assert trip.driver_returned_at == AT + 9 * HOUR

    def test_a_misread_vin_alone_opens_a_case_once_and_never_matches(self) -> None:
        company = a_company()
        trip = leave(an_issued_trip(company), AT)
        leave(an_issued_trip(company, vehicle=a_vehicle(company, vin="1M8GDM9AXKP042788")), AT)
        line = a_line("kz_entry", vin=slip(trip.vehicle.vin))
        for expected in ("unmatched", "duplicate"):
            assert statuses(take(line, at=AT + 2 * HOUR)) == [expected]
            reconcile_all_due(at=AT + 3 * HOUR)
        trip.refresh_from_db()
        assert (trip.state, trip.outcome) == (TripState.EXITED, Outcome.DISCREPANT)
        case = Case.objects.get()
        assert (case.trip, case.kind, case.facts["seen"][0]["slips"]) == (trip, CaseKind.VIN_MISMATCH, 1)

    def test_the_whole_vin_of_another_vehicle_opens_nothing_however_near(self) -> None:
        trip = leave(an_issued_trip(), AT)
        head, tail = trip.vehicle.vin[:8], slip(trip.vehicle.vin)[9:]
        sister = head + vin_check_digit(f"{head}0{tail}") + tail
        assert near(sister, trip.vehicle.vin)
        assert statuses(take(a_line("kz_entry", vin=sister), at=AT + 2 * HOUR)) == ["unmatched"]
        reconcile_all_due(at=AT + 3 * HOUR)
        assert not Case.objects.exists()

    def test_a_misread_vin_long_before_or_after_a_trip_opens_nothing(self) -> None:
        trip = leave(an_issued_trip(), AT)
        for days in (-3, 200):
            line = a_line("kz_entry", vin=slip(trip.vehicle.vin), occurred_at=AT + timedelta(days=days))
            take(line, at=AT + timedelta(days=201))
        assert not Case.objects.exists()

    def test_a_near_vin_with_the_person_matches_and_opens_a_case(self) -> None:
        trip = leave(an_issued_trip(), AT)
        line = a_line("kz_entry", vin=slip(trip.vehicle.vin), passport_number=passport(trip))
        assert statuses(take(line, at=AT + 2 * HOUR)) == ["matched"]
        reconcile_all_due(at=AT + 3 * HOUR)
        case = Case.objects.get()
        assert case.kind == CaseKind.VIN_MISMATCH
        assert case.facts["seen"][0]["slips"] == 1

    def test_an_ambiguous_record_opens_a_case_on_each_and_matches_none(self) -> None:
        company, other = a_company(), a_company("East Star Trade")
        first = an_issued_trip(company)
        leave(first, AT)
        confirm(first, AT + timedelta(minutes=1))
        same = a_driver(other, passport_number=passport(first))
        second = leave(an_issued_trip(other, driver=same), AT + timedelta(minutes=2))
        line = a_line("border_exit", passport_number=passport(first), occurred_at=AT + HOUR)
        for _twice in range(2):
            take(line, at=AT + 2 * HOUR)
        assert Record.objects.get().matched_at is None
        cases = Case.objects.filter(kind=CaseKind.DRIVER_OVERLAP)
        assert {case.trip for case in cases} == {first, second}
        assert cases.count() == 2

    def test_an_ambiguous_record_does_not_keep_its_trips_due_for_ever(self) -> None:
        company, other = a_company(), a_company("East Star Trade")
        first = leave(an_issued_trip(company), AT)
        confirm(first, AT + timedelta(minutes=1))
        same = a_driver(other, passport_number=passport(first))
        leave(an_issued_trip(other, driver=same), AT + timedelta(minutes=2))
        take(a_line("border_exit", passport_number=passport(first)), at=AT + 2 * HOUR)
        reconcile_all_due(at=AT + 3 * HOUR)
        Trip.objects.filter(pk=first.pk).update(next_check_at=AT + 4 * HOUR)
        assert reconcile_due(at=AT + 4 * HOUR).checked == 1
        assert reconcile_due(at=AT + 4 * HOUR).checked == 0

    def test_of_two_countries_with_the_same_number_none_is_guessed(self) -> None:
        trip = leave(an_issued_trip(), AT)
        number = "E99999999"
        for nationality in ("KZ", "MN"):
            Passport.objects.create(number=number, nationality=nationality, person=Person.objects.create())
        line = a_line("kz_entry", vin=trip.vehicle.vin, passport_number=number)
        assert statuses(take(line, at=AT + 2 * HOUR)) == ["matched"]
        assert Record.objects.get().person is None
        assert not Stay.objects.exists()
        reconcile_all_due(at=AT + 3 * HOUR)
        assert Case.objects.get().kind == CaseKind.DRIVER_MISMATCH


@pytest.mark.django_db
def test_a_long_file_takes_as_many_statements_as_a_short_one():
    trips = [arrive(leave(an_issued_trip(), AT + HOUR), AT + 2 * HOUR) for _number in range(5)]

    def of(kind: str, trip: Trip, at: datetime) -> RecordLine:
        said = {"passport_number": passport(trip), "source_reference": f"{kind}-{trip.pk}"}
        if kind == "declaration_status":
            said |= {"passport_number": "", "declaration": trip.declaration.number, "status": "closed"}
        return a_line(kind, occurred_at=at, **said)

    def statements(kind: str, some: list[Trip]) -> int:
        lines = [of(kind, trip, AT + 9 * HOUR) for trip in some]
        with CaptureQueriesContext(connection) as asked:
            results = take(*lines, at=AT + 10 * HOUR)
        assert statuses(results) == ["matched"] * len(some)
        return len(asked)

    for kind in ("kz_entry", "return", "declaration_status"):
        assert statements(kind, trips[:1]) == statements(kind, trips[1:])
    for trip in trips:
        trip.refresh_from_db()
        trip.declaration.refresh_from_db()
        assert trip.driver_returned_at == AT + 9 * HOUR
        assert trip.declaration.closed_at == AT + 9 * HOUR
        assert trip.declaration.history.first().history_change_reason == FEED
        assert trip.events.filter(kind="driver_returned").count() == 1
        assert [stay.left_on for stay in Stay.objects.filter(trip=trip)] == [kazakh_date(AT + 9 * HOUR)]
