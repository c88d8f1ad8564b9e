"""The list a scanner takes along for when it has no link."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from clearance.actions.watch import unwatch, watch
from clearance.models import SelectionRule
from clearance.queries.lists import list_etag, offline_list
from ferry.actions.passes import revoke_pass, swap_driver
from ferry.codes import open_code
from ferry.models import Closure, Declaration, Passport, Route
from ferry.queries.keys import trusted_keys
from tests.builders import AT, BY, a_checkpoint, a_company, a_driver, a_licence, a_route, an_issued_trip
from tests.clearance.casts import MINUTE, an_open_pass, nur_zholy, scanned, told

pytestmark = pytest.mark.django_db

HOUR = 60 * MINUTE


def ids(content: dict[str, list[dict[str, str]]], name: str = "passes") -> list[str]:
    return [line["pass_id"] for line in content[name]]


def test_it_lists_what_an_officer_compares() -> None:
    pass_ = an_open_pass()
    content = offline_list(a_checkpoint(), at=AT)
    (line,) = content["passes"]
    assert line == {
        "pass_id": str(pass_.pass_id),
        "short_code": pass_.short_code,
        "trip": pass_.trip.reference,
        "route": "HORGOS-NURZHOLY",
        "state": "ready",
        "vin": pass_.vin,
        "plate": "",
        "make": "BYD",
        "model": "Song Plus",
        "colour": "white",
        "driver": "Ma Jun",
        "driver_latin": "",
        "passport_tail": pass_.driver.passport_number[-4:],
        "opens_at": pass_.opens_at.isoformat(),
        "closes_at": pass_.closes_at.isoformat(),
        "exited_at": None,
        "arrived_at": None,
        "delivered_at": None,
    }
    assert pass_.driver.passport_number not in json.dumps(content)
    assert content["as_of"] == AT.isoformat()
    assert content["objections"] == {}
    (route,) = content["routes"]
    assert (route["clock_skew_s"], route["list_age_limit_s"]) == (300.0, 14400.0)


def test_it_gives_the_name_that_the_passport_spells() -> None:
    company = a_company()
    an_issued_trip(company, driver=a_driver(company, name="马军", name_latin="MA JUN"))

    (line,) = offline_list(a_checkpoint(), at=AT)["passes"]

    assert (line["driver"], line["driver_latin"]) == ("马军", "MA JUN")


def test_its_keys_open_the_codes_it_lists() -> None:
    pass_ = an_open_pass()
    (key,) = offline_list(a_checkpoint(), at=AT)["keys"]
    assert (key["kty"], key["crv"]) == ("OKP", "Ed25519")
    body = pass_.code.rsplit("/", 1)[1]
    assert open_code(body, keys=trusted_keys(AT)).pass_id == pass_.pass_id


def test_both_ends_of_a_route_list_it_and_no_other_checkpoint_does() -> None:
    pass_ = an_open_pass()
    assert ids(offline_list(nur_zholy(), at=AT)) == [str(pass_.pass_id)]
    assert ids(offline_list(a_checkpoint("CN-BAKETU"), at=AT)) == []


def test_it_looks_two_days_ahead_and_keeps_who_is_on_the_bridge() -> None:
    soon = an_open_pass(opens_at=AT + 47 * HOUR, closes_at=AT + 60 * HOUR)
    an_open_pass(opens_at=AT + 49 * HOUR, closes_at=AT + 60 * HOUR)
    gone = an_open_pass()
    scanned(gone.code)
    assert ids(offline_list(a_checkpoint(), at=AT)) == [str(soon.pass_id), str(gone.pass_id)]
    long_after = offline_list(nur_zholy(), at=AT + 200 * HOUR)
    assert ids(long_after) == [str(gone.pass_id)]
    assert long_after["passes"][0]["exited_at"] == AT.isoformat()


def test_it_tells_ended_passes_whose_codes_still_verify() -> None:
    revoked, replaced = an_open_pass(), an_open_pass()
    revoke_pass(trip=revoked.trip, reason="stolen", at=AT, by=BY)
    swap_driver(trip=replaced.trip, driver=a_driver(replaced.trip.company), at=AT, by=BY)
    content = offline_list(a_checkpoint(), at=AT)
    assert {line["pass_id"]: line["state"] for line in content["ended"]} == {
        str(revoked.pass_id): "revoked",
        str(replaced.pass_id): "superseded",
    }
    assert ids(content) == [str(replaced.trip.passes.get(state="open").pass_id)]
    assert offline_list(a_checkpoint(), at=AT + 100 * HOUR)["ended"] == []


def test_it_tells_objections_ahead() -> None:
    pass_ = an_open_pass()
    Declaration.objects.filter(pk=pass_.trip.declaration_id).update(status="amended")
    watch(kind="vin", value=pass_.vin, instruction="Hold", at=AT, by=BY)
    told = offline_list(a_checkpoint(), at=AT)["objections"][str(pass_.pass_id)]
    assert [(one["code"], one["verdict"]) for one in told] == [
        ("declaration_changed", "refuse"),
        ("watch_list", "refuse"),
    ]
    at_entry = offline_list(nur_zholy(), at=AT)["objections"][str(pass_.pass_id)]
    assert [one["code"] for one in at_entry] == ["watch_list"]


@pytest.mark.parametrize("kind", ["vin", "passport", "company"])
def test_the_watch_list_is_told_at_once_whatever_was_said_of_a_pass_a_moment_ago(kind: str) -> None:
    pass_, _other = an_open_pass(), an_open_pass(company=a_company("East Star Trade"))
    later, at = AT + HOUR, AT + HOUR + timedelta(seconds=2)
    place = a_checkpoint()
    assert offline_list(place, since=later, at=later)["objections"] == {}
    earlier = Passport.objects.create(number="E99998888", nationality="CN", person=pass_.driver.person)
    value = {"vin": pass_.vin, "passport": earlier.number, "company": pass_.trip.company.uscc}[kind]

    entry = watch(kind=kind, value=value, instruction="Hold", at=later + timedelta(seconds=1), by=BY)

    content = offline_list(place, since=later, at=at)
    assert content["passes"] == []
    assert {pass_id: [one["code"] for one in said] for pass_id, said in content["objections"].items()} == {
        str(pass_.pass_id): ["watch_list"]
    }

    unwatch(entry=entry, at=at)

    assert offline_list(place, since=later, at=at + timedelta(seconds=1))["objections"] == {}


def test_a_scan_is_refused_at_once_though_a_list_said_nothing_against_its_pass() -> None:
    pass_, other = an_open_pass(), an_open_pass()
    assert offline_list(a_checkpoint(), since=AT, at=AT)["objections"] == {}

    entry = watch(kind="vin", value=pass_.vin, instruction="Hold", at=AT, by=BY)

    assert told(scanned(pass_.code)) == ["watch_list"]
    assert scanned(other.code).verdict == "release"
    unwatch(entry=entry, at=AT)
    assert scanned(pass_.code).verdict == "release"


def test_it_tells_what_the_draw_will_say() -> None:
    pass_ = an_open_pass()
    SelectionRule.objects.create(reason="all")
    told = offline_list(a_checkpoint(), at=AT)["objections"][str(pass_.pass_id)]
    assert told == [{"code": "selected", "verdict": "examine", "params": {}}]


def test_it_tells_closures_and_hours() -> None:
    Closure.objects.create(starts_at=AT + HOUR, ends_at=AT + 20 * HOUR, reason="Holiday")
    Closure.objects.create(
        route=Route.objects.exclude(pk=a_route().pk).first(),
        starts_at=AT + HOUR,
        ends_at=AT + 20 * HOUR,
        reason="Elsewhere",
    )
    content = offline_list(a_checkpoint(), at=AT)
    assert [closure["route"] for closure in content["closures"]] == [None]
    assert content["hours"] == {"time_zone": "Asia/Shanghai", "opens": None, "closes": None}


def test_since_a_moment_it_tells_only_what_changed() -> None:
    first, second = an_open_pass(), an_open_pass()
    later = AT + HOUR
    assert len(offline_list(a_checkpoint(), since=AT, at=AT)["passes"]) == 2
    scanned(first.code, at=later)
    revoke_pass(trip=second.trip, reason="stolen", at=later, by=BY)
    content = offline_list(a_checkpoint(), since=later, at=later + MINUTE)
    assert ids(content) == [str(first.pass_id)]
    assert ids(content, "ended") == [str(second.pass_id)]
    nothing = offline_list(a_checkpoint(), since=later + 5 * MINUTE, at=later + 5 * MINUTE)
    assert (ids(nothing), ids(nothing, "ended")) == ([], [])


def test_since_a_moment_it_tells_what_came_in_sight() -> None:
    pass_ = an_open_pass(opens_at=AT + 49 * HOUR, closes_at=AT + 60 * HOUR)
    assert ids(offline_list(a_checkpoint(), at=AT + HOUR / 2)) == []
    content = offline_list(a_checkpoint(), since=AT + HOUR / 2, at=AT + 2 * HOUR)
    assert ids(content) == [str(pass_.pass_id)]


def test_its_tag_changes_with_the_content_and_not_with_the_clock() -> None:
    pass_ = an_open_pass()
    tag = list_etag(offline_list(a_checkpoint(), at=AT))
    assert tag.startswith('"')
    assert list_etag(offline_list(a_checkpoint(), at=AT + timedelta(seconds=5))) == tag
    scanned(pass_.code)
    assert list_etag(offline_list(a_checkpoint(), at=AT + timedelta(seconds=5))) != tag


def test_its_cost_does_not_grow_with_the_passes() -> None:
    company = a_company()
    a_licence(company)
    place = a_checkpoint()
    counts = []
    for _turn in range(2):
        for _number in range(3):
            an_issued_trip(company)
        with CaptureQueriesContext(connection) as queries:
            offline_list(place, at=AT)
        counts.append(len(queries))
    assert counts[0] == counts[1] <= 8
