"""A roster is written once and worked line by line, each line wholly or not at all."""

from __future__ import annotations

import uuid
from datetime import timedelta

import pytest

from ferry import tasks
from ferry.actions import roster as actions
from ferry.actions.roster import plan_roster, work_roster
from ferry.actions.trips import driver_back
from ferry.errors import Conflict, Invalid, NotYours
from ferry.models import Licence, LineState, Pass, Roster, RosterLine, Trip, TripEvent, TripState
from ferry.queries.roster import Pair, Window
from tests.builders import (
    AT,
    BY,
    a_company,
    a_declaration,
    a_driver,
    a_licence,
    a_route,
    a_trip,
    a_vehicle,
    an_issued_trip,
)
from tests.threads import at_once

pytestmark = pytest.mark.django_db

HOUR = timedelta(hours=1)


def a_diesel_car(company):
    """Register a car that needs no export licence."""
    return a_vehicle(company, powertrain="diesel", hs_code="8703323110")


def a_window(**fields) -> Window:
    usual = {"route": a_route(), "opens_at": AT + HOUR, "closes_at": AT + 12 * HOUR}
    return Window(**{**usual, **fields})


def a_pair(company, **fields) -> Pair:
    vehicle = fields.pop("vehicle", None) or a_diesel_car(company)
    declaration = fields.pop("declaration", None) or a_declaration(company, [vehicle.vin])
    return Pair(vehicle, fields.pop("driver", None) or a_driver(company), declaration)


def a_roster(company, pairs, **fields) -> Roster:
    usual = {
        "key": uuid.uuid4(),
        "window": fields.pop("window", None) or a_window(),
        "delivery_place": "Park 3",
        "consignee_name": "Almaty Auto",
        "consignee_phone": "",
        "consignee_language": "ru",
        "language": "en",
    }
    return plan_roster(**{"company": company, "pairs": pairs, "at": AT, "by": BY, **usual, **fields})[0]


def work(roster, limit=100) -> int:
    return work_roster(roster=roster, at=AT, limit=limit)


def codes(line) -> list[str]:
    return [reason["code"] for reason in line.reasons]


def states(roster) -> list[str]:
    return list(roster.lines.order_by("pk").values_list("state", flat=True))


def test_it_plans_and_issues_every_line_and_is_finished():
    company = a_company()
    pairs = [a_pair(company), a_pair(company)]
    roster = a_roster(company, pairs)
    assert Trip.objects.count() == 0
    assert work(roster) == 2
    for line, pair in zip(roster.lines.order_by("pk"), pairs, strict=True):
        assert line.trip is not None
        assert line.state == LineState.DONE
        assert (line.trip.vehicle, line.trip.driver, line.trip.state) == (pair.vehicle, pair.driver, "ready")
        assert line.trip.passes.get().opens_at == roster.opens_at
        assert set(line.trip.events.values_list("kind", "by")) == {("planned", BY), ("issued", BY)}
    roster.refresh_from_db()
    assert roster.finished_at == AT


def test_working_it_twice_does_nothing_more():
    company = a_company()
    roster = a_roster(company, [a_pair(company)])
    work(roster)
    assert work(roster) == 0
    assert (Trip.objects.count(), Pass.objects.count()) == (1, 1)


def test_asking_twice_with_one_key_makes_one_roster():
    company, key = a_company(), uuid.uuid4()
    pairs = [a_pair(company)]
    first = a_roster(company, pairs, key=key)
    work(first)
    again = a_roster(company, pairs, key=key)
    assert again == first
    assert (Roster.objects.count(), RosterLine.objects.count()) == (1, 1)


def test_one_key_of_two_companies_makes_two_rosters():
    key, one, other = uuid.uuid4(), a_company(), a_company("East Star Trade")
    assert a_roster(one, [a_pair(one)], key=key) != a_roster(other, [a_pair(other)], key=key)


def test_it_refuses_what_is_another_companys_and_writes_nothing():
    company, other = a_company(), a_company("East Star Trade")
    theirs, ours = a_pair(other), a_pair(company)
    mixed = [
        Pair(theirs.vehicle, ours.driver, ours.declaration),
        Pair(ours.vehicle, theirs.driver, ours.declaration),
        Pair(ours.vehicle, ours.driver, theirs.declaration),
    ]
    for pair in mixed:
        with pytest.raises(NotYours):
            a_roster(company, [pair])
    assert Roster.objects.count() == 0


def test_it_refuses_what_cannot_be_with_every_reason():
    company = a_company()
    pair = a_pair(company)
    with pytest.raises(Invalid) as refused:
        a_roster(company, [pair, pair], window=a_window(opens_at=AT - 9 * HOUR, closes_at=AT - HOUR))
    assert [reason.code for reason in refused.value.reasons] == [
        "window_past",
        "vehicle_twice",
        "driver_twice",
    ]
    with pytest.raises(Invalid) as refused:
        a_roster(company, [])
    assert [reason.code for reason in refused.value.reasons] == ["no_lines"]
    assert Roster.objects.count() == 0


def test_a_refused_line_keeps_every_reason_in_the_dispatchers_language_and_the_others_are_done():
    company = a_company()
    vehicle = a_vehicle(company)
    declaration = a_declaration(company, [vehicle.vin], status="accepted")
    stuck = a_pair(company, vehicle=vehicle, declaration=declaration)
    roster = a_roster(company, [stuck, a_pair(company)], language="zh-hans")
    work(roster)
    refused, done = roster.lines.order_by("pk")
    assert codes(refused) == ["declaration_not_released", "licence_missing"]
    assert "报关单" in refused.reasons[0]["detail"]
    assert refused.trip is None
    assert done.state == LineState.DONE
    assert Trip.objects.count() == 1
    roster.refresh_from_db()
    assert roster.finished_at == AT


def test_a_vehicle_that_got_a_trip_meanwhile_is_not_planned_again():
    company = a_company()
    pair = a_pair(company)
    roster = a_roster(company, [pair])
    a_trip(company, vehicle=pair.vehicle, declaration=pair.declaration)
    work(roster)
    assert codes(roster.lines.get()) == ["vehicle_taken"]
    assert Trip.objects.filter(vehicle=pair.vehicle).count() == 1


def test_a_driver_who_has_not_rested_is_refused_whoever_he_drove_for():
    company, other = a_company(), a_company("East Star Trade")
    driver = a_driver(company)
    same_person = {"passport_number": driver.passport_number, "name": driver.name}
    trip = an_issued_trip(other, driver=a_driver(other, **same_person))
    Trip.objects.filter(pk=trip.pk).update(state=TripState.DELIVERED, exited_at=AT)
    driver_back(trip=trip, occurred_at=AT - HOUR, at=AT, by=BY)
    roster = a_roster(company, [a_pair(company, driver=driver)])
    work(roster)
    assert codes(roster.lines.get()) == ["driver_not_rested"]
    assert not Trip.objects.filter(company=company).exists()


def test_licences_run_out_line_by_line():
    company = a_company()
    a_licence(company, quantity=1)
    pairs = [a_pair(company, vehicle=a_vehicle(company)) for _number in range(2)]
    roster = a_roster(company, pairs)
    work(roster)
    assert states(roster) == ["done", "refused"]
    assert codes(roster.lines.get(state="refused")) == ["licence_missing"]
    assert Licence.objects.get().used == 1


def test_two_rosters_with_one_vehicle_and_one_driver_issue_one_code():
    company = a_company()
    pair, other = a_pair(company), a_pair(company)
    first = a_roster(company, [pair])
    second = a_roster(company, [Pair(pair.vehicle, other.driver, pair.declaration)])
    third = a_roster(company, [Pair(other.vehicle, pair.driver, other.declaration)])
    for roster in (first, second, third):
        work(roster)
    assert "vehicle_taken" in codes(second.lines.get())
    assert codes(third.lines.get()) == ["driver_unavailable"]
    assert (Trip.objects.count(), Pass.objects.count()) == (1, 1)


def test_it_works_no_more_than_it_is_told_and_goes_on_where_it_stopped():
    company = a_company()
    roster = a_roster(company, [a_pair(company) for _number in range(3)])
    assert work(roster, limit=2) == 2
    assert states(roster) == ["done", "done", "waiting"]
    roster.refresh_from_db()
    assert roster.finished_at is None
    assert work(roster, limit=2) == 1
    roster.refresh_from_db()
    assert roster.finished_at == AT


class Killed(BaseException):
    """As a worker dies: nothing catches it."""


@pytest.mark.django_db(transaction=True)
def test_a_worker_killed_in_the_middle_of_a_line_leaves_whole_lines_and_the_rest_is_done_later(monkeypatch):
    company = a_company()
    roster = a_roster(company, [a_pair(company) for _number in range(3)])
    issue, calls = actions.issue_pass, []

    def issue_then_die(**said):
        calls.append(said)
        issued = issue(**said)
        if len(calls) == 2:
            raise Killed
        return issued

    monkeypatch.setattr(actions, "issue_pass", issue_then_die)
    with pytest.raises(Killed):
        work(roster)
    assert states(roster) == ["done", "waiting", "waiting"]
    assert (Trip.objects.count(), Pass.objects.count()) == (1, 1)
    assert work(roster) == 2
    assert states(roster) == ["done"] * 3
    assert (Trip.objects.count(), Pass.objects.count()) == (3, 3)
    assert TripEvent.objects.filter(kind="issued").count() == 3


def test_the_task_works_every_open_roster_to_its_end():
    rosters = []
    for name in ("Silk Road Cars", "East Star Trade"):
        company = a_company(name)
        window = a_window(opens_at=FAR_AHEAD, closes_at=FAR_AHEAD + 12 * HOUR)
        rosters.append(a_roster(company, [a_pair(company)], window=window))
    tasks.work_rosters()
    assert [states(roster) for roster in rosters] == [["done"], ["done"]]
    assert not Roster.objects.filter(finished_at=None).exists()


#: The task reads the real clock; a licence and a passport of the cast last longer than this.
FAR_AHEAD = AT.replace(year=2033)


def test_a_roster_that_breaks_does_not_stop_the_others(monkeypatch):
    one, other = a_company(), a_company("East Star Trade")
    window = a_window(opens_at=FAR_AHEAD, closes_at=FAR_AHEAD + 12 * HOUR)
    broken = a_roster(one, [a_pair(one)], window=window)
    sound = a_roster(other, [a_pair(other)], window=window)
    issue = actions.issue_pass

    def break_one(*, trip, **said):
        if trip.company == one:
            raise RuntimeError("the vault cannot be opened")
        return issue(trip=trip, **said)

    monkeypatch.setattr(actions, "issue_pass", break_one)
    tasks.work_rosters()
    assert (states(broken), states(sound)) == (["waiting"], ["done"])
    assert not Trip.objects.filter(company=one).exists()


def test_a_line_costs_the_same_however_long_the_roster(django_assert_max_num_queries):
    company = a_company()
    roster = a_roster(company, [a_pair(company) for _number in range(10)])
    work(roster, limit=1)
    with django_assert_max_num_queries(LINE_QUERIES):
        work(roster, limit=1)


LINE_QUERIES = 39


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_many_workers_share_a_roster_and_no_line_is_done_twice():
    company = a_company()
    roster = a_roster(company, [a_pair(company) for _number in range(24)])
    worked = at_once(*[lambda: work(roster)] * 6)
    assert sum(worked) == 24
    assert states(roster) == ["done"] * 24
    assert (Trip.objects.count(), Pass.objects.count()) == (24, 24)
    roster.refresh_from_db()
    assert roster.finished_at == AT


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_two_rosters_with_the_same_vehicles_and_drivers_at_once_double_nothing():
    company = a_company()
    pairs = [a_pair(company) for _number in range(8)]
    crossed = [
        Pair(one.vehicle, other.driver, one.declaration)
        for one, other in zip(pairs, reversed(pairs), strict=True)
    ]
    rosters = [a_roster(company, pairs), a_roster(company, list(reversed(crossed)))]
    at_once(*[lambda roster=roster: work(roster) for roster in rosters])
    lines = RosterLine.objects.all()
    assert not lines.filter(state=LineState.WAITING).exists()
    done = lines.filter(state=LineState.DONE)
    assert Trip.objects.count() == Pass.objects.count() == done.count() > 0
    assert len({trip.vehicle_id for trip in Trip.objects.all()}) == Trip.objects.count()
    assert len({trip.person_id for trip in Trip.objects.all()}) == Trip.objects.count()
    told = {"vehicle_taken", "vehicle_has_open_pass", "driver_unavailable"}
    for line in lines.filter(state=LineState.REFUSED):
        assert set(codes(line)) & told


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_one_key_sent_many_times_at_once_makes_one_roster():
    company, key = a_company(), uuid.uuid4()
    pairs, window = [a_pair(company)], a_window()
    made = at_once(*[lambda: a_roster(company, pairs, key=key, window=window)] * 6)
    assert len({roster.pk for roster in made}) == 1
    assert RosterLine.objects.count() == 1


def test_a_settled_line_is_not_settled_again():
    company = a_company()
    roster = a_roster(company, [a_pair(company)])
    line = roster.lines.get()
    work(roster)
    with pytest.raises(Conflict):
        actions._settle(line, AT, LineState.REFUSED, reasons=[])
    assert states(roster) == ["done"]
