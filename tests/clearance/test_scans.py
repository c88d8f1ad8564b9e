"""A scan: verified, judged, kept, and what it moves."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import date, time, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from clearance.actions.scans import record_scan
from clearance.actions.watch import unwatch, watch
from clearance.models import Examination, Policy, Scan, SelectionRule
from ferry.actions.keys import rotate_signing_key
from ferry.actions.passes import revoke_pass, swap_driver
from ferry.actions.trips import cancel_trip, lapse_trip
from ferry.errors import Conflict, Invalid, NotYours
from ferry.models import (
    Checkpoint,
    Closure,
    Declaration,
    DeclaredVehicle,
    Driver,
    LicensedCommodity,
    Pass,
    Passport,
    Stay,
    Trip,
)
from tests.builders import (
    AT,
    BY,
    a_checkpoint,
    a_device,
    a_driver,
    a_passport_number,
    a_petrol_car,
    an_officer,
)
from tests.clearance.casts import (
    LANE,
    MINUTE,
    a_scan,
    an_open_pass,
    as_it_stands,
    nur_zholy,
    scanned,
    story,
    told,
)

pytestmark = pytest.mark.django_db

HOUR = 60 * MINUTE


# --- What is released moves ----------------------------------------------------------------------


def test_a_release_at_the_exit_moves_the_trip_out_of_china() -> None:
    pass_ = an_open_pass()
    device, _token = a_device()
    scan = scanned(pass_.code, device=device, scanned_at=AT - MINUTE, lane="4")
    trip = Trip.objects.get(pk=pass_.trip_id)
    assert (scan.verdict, scan.reasons, scan.crossing) == ("release", [], "exit")
    assert (scan.pass_used_id, scan.trip_id, scan.device, scan.lane) == (pass_.pk, trip.pk, device, "4")
    assert (scan.passed_at, scan.scanned_at, scan.recorded_at) == (AT - MINUTE, AT - MINUTE, AT)
    assert (trip.state, trip.exited_at, trip.next_check_at) == ("exited", AT - MINUTE, AT)
    assert DeclaredVehicle.objects.get(vin=pass_.vin).exited_at == AT - MINUTE
    event = trip.events.get(kind="exited")
    assert (event.at, event.recorded_at, event.by) == (AT - MINUTE, AT, LANE)
    assert event.data["checkpoint"] == "CN-HORGOS"
    assert event.data["lane"] == "4"


def test_a_release_at_the_entry_moves_the_trip_into_kazakhstan_and_opens_the_stay() -> None:
    pass_ = an_open_pass()
    scanned(pass_.code)
    late = AT + 15 * HOUR
    scan = scanned(pass_.code, nur_zholy(), at=late)
    trip = Trip.objects.get(pk=pass_.trip_id)
    assert (scan.verdict, scan.crossing, scan.passed_at) == ("release", "entry", late)
    assert (trip.state, trip.arrived_at) == ("arrived", late)
    stay = trip.person.stays.get()
    # 03:00 in China on the 23rd is midnight in Kazakhstan, where the day counts.
    assert (stay.entered_on, stay.left_on, stay.trip) == (date(2026, 11, 23), None, trip)
    assert story(trip)[-2:] == ["exited", "arrived"]


def test_who_went_home_and_comes_back_in_the_same_day_has_one_open_stay() -> None:
    pass_ = an_open_pass()
    Stay.objects.create(person=pass_.trip.person, entered_on=date(2026, 11, 22), left_on=date(2026, 11, 22))
    scanned(pass_.code)
    scanned(pass_.code, nur_zholy())
    assert pass_.trip.person.stays.get().left_on is None


def test_the_short_code_is_as_good_as_the_code() -> None:
    pass_ = an_open_pass()
    typed = f" {pass_.short_code[:4].lower()}-{pass_.short_code[4:]} "
    assert scanned(typed).verdict == "release"


def test_a_code_signed_before_the_keys_were_rotated_is_good() -> None:
    pass_ = an_open_pass()
    rotate_signing_key(at=AT)
    assert scanned(pass_.code).verdict == "release"


# --- What is refused is kept and moves nothing ---------------------------------------------------

Break = Callable[[Pass], str | None]


def _flip(pass_: Pass) -> str:
    last = "A" if pass_.code[-9] != "A" else "B"
    return pass_.code[:-9] + last + pass_.code[-8:]


def _forget_keys(pass_: Pass) -> None:
    type(pass_.signing_key).objects.update(trusted_until=AT - HOUR)


def _elsewhere(pass_: Pass) -> str:
    """Have the pass stored with another VIN than its code was signed with."""
    Pass.objects.filter(pk=pass_.pk).update(vin="LATPAB071W1005301")
    return pass_.code


def _swap(pass_: Pass) -> None:
    swap_driver(trip=pass_.trip, driver=a_driver(pass_.trip.company), at=AT, by=BY)


def _status(status: str) -> Break:
    def change(pass_: Pass) -> None:
        Declaration.objects.filter(pk=pass_.trip.declaration_id).update(status=status)

    return change


def _window(opens: timedelta, closes: timedelta) -> Break:
    def change(pass_: Pass) -> None:
        Pass.objects.filter(pk=pass_.pk).update(opens_at=AT + opens, closes_at=AT + closes)

    return change


def _days_used(pass_: Pass) -> None:
    Stay.objects.create(person=pass_.trip.person, entered_on=date(2026, 8, 20), left_on=date(2026, 11, 18))


def _watch_vin(pass_: Pass) -> None:
    watch(kind="vin", value=pass_.vin.lower(), instruction="Hold and call 110", at=AT, by=BY)


def _watch_earlier_passport(pass_: Pass) -> None:
    number = a_passport_number()
    Passport.objects.create(number=number, nationality="CN", person=pass_.trip.person)
    watch(kind="passport", value=number, instruction="Hold", at=AT, by=BY)


def _driver(**fields: object) -> Break:
    def change(pass_: Pass) -> None:
        Driver.objects.filter(pk=pass_.driver_id).update(**fields)

    return change


REFUSALS: list[tuple[str, Break]] = [
    ("unreadable", lambda _pass: "HTTP://EXAMPLE.COM/"),
    ("unreadable", lambda _pass: ""),
    ("unreadable", lambda pass_: pass_.code[:-3]),
    ("bad_signature", _flip),
    ("unknown_key", _forget_keys),
    ("bad_signature", _elsewhere),
    ("unknown_pass", lambda _pass: "00000000" + "0"),
    ("superseded", _swap),
    ("revoked", lambda pass_: revoke_pass(trip=pass_.trip, reason="stolen", at=AT, by=BY) and None),
    ("revoked", lambda pass_: cancel_trip(trip=pass_.trip, reason="sold", at=AT, by=BY) and None),
    ("not_yet_valid", _window(6 * MINUTE, HOUR)),
    ("expired", _window(-HOUR, -6 * MINUTE)),
    ("expired", lambda pass_: lapse_trip(trip=pass_.trip, at=AT, by=BY) and None),
    ("out_of_turn", lambda pass_: Trip.objects.filter(pk=pass_.trip_id).update(state="planned") and None),
    (
        "checkpoint_closed",
        lambda pass_: (
            Closure.objects.create(
                route=pass_.trip.route, starts_at=AT - HOUR, ends_at=AT + HOUR, reason="Holiday"
            )
            and None
        ),
    ),
    (
        "checkpoint_closed",
        lambda _pass: Closure.objects.create(starts_at=AT, ends_at=AT + HOUR, reason="Storm") and None,
    ),
    (
        "checkpoint_closed",
        lambda _pass: (
            Checkpoint.objects.filter(code="CN-HORGOS").update(opens=time(13), closes=time(20)) and None
        ),
    ),
    ("declaration_not_released", _status("accepted")),
    ("declaration_changed", _status("amended")),
    ("declaration_changed", _status("deleted")),
    ("licence_missing", lambda pass_: Pass.objects.filter(pk=pass_.pk).update(licence=None) and None),
    ("passport_expired", _driver(passport_expires_on=date(2026, 11, 21))),
    ("driving_licence_expired", _driver(licence_expires_on=date(2026, 11, 21))),
    ("stay_exhausted", _days_used),
    ("watch_list", _watch_vin),
    ("watch_list", _watch_earlier_passport),
]


@pytest.mark.parametrize(("code", "spoil"), REFUSALS)
def test_it_keeps_a_refusal_and_moves_nothing(code: str, spoil: Break) -> None:
    pass_ = an_open_pass()
    text = spoil(pass_)
    before = as_it_stands(pass_)
    shown = pass_.code if text is None else text
    scan = scanned(shown, a_checkpoint())
    assert (scan.verdict, told(scan)) == ("refuse", [code])
    assert scan.passed_at is None
    assert as_it_stands(pass_) == before
    assert Scan.objects.count() == 1


def test_a_refusal_of_a_known_pass_is_told_to_its_company() -> None:
    pass_ = an_open_pass()
    _status("amended")(pass_)
    scanned(pass_.code)
    event = pass_.trip.events.get(kind="refused")
    assert event.data["reasons"] == [{"code": "declaration_changed", "params": {}}]


def test_the_company_is_not_told_of_the_watch_list() -> None:
    pass_ = an_open_pass()
    _watch_vin(pass_)
    scan = scanned(pass_.code)
    assert scan.reasons == [{"code": "watch_list", "params": {"instruction": "Hold and call 110"}}]
    told_to_company = str(list(pass_.trip.events.values_list("data", flat=True)))
    assert "watch" not in told_to_company
    assert "110" not in told_to_company


def test_an_ended_watch_stops_nothing() -> None:
    pass_ = an_open_pass()
    unwatch(entry=watch(kind="vin", value=pass_.vin, instruction="Hold", at=AT - HOUR, by=BY), at=AT)
    assert scanned(pass_.code).verdict == "release"


def test_a_forged_code_is_linked_to_nobody() -> None:
    pass_ = an_open_pass()
    scan = scanned(_elsewhere(pass_))
    assert (scan.pass_used, scan.trip) == (None, None)
    assert "refused" not in story(pass_.trip)


def test_another_crossing_refuses_and_names_the_right_one() -> None:
    pass_ = an_open_pass()
    before = as_it_stands(pass_)
    scan = scanned(pass_.code, a_checkpoint("CN-BAKETU"))
    assert (scan.verdict, told(scan), scan.crossing) == ("refuse", ["wrong_checkpoint"], "")
    assert scan.reasons[0]["params"] == {"checkpoints": "CN-HORGOS / KZ-NURZHOLY"}
    assert as_it_stands(pass_) == before


def test_the_entry_waits_for_the_exit() -> None:
    pass_ = an_open_pass()
    before = as_it_stands(pass_)
    assert told(scanned(pass_.code, nur_zholy())) == ["out_of_turn"]
    assert as_it_stands(pass_) == before


@pytest.mark.parametrize("crossings", [1, 2])
def test_a_code_lets_through_once_at_each_crossing(crossings: int) -> None:
    pass_ = an_open_pass()
    places = [a_checkpoint(), nur_zholy()][:crossings]
    for place in places:
        assert scanned(pass_.code, place, lane="3").verdict == "release"
    before = as_it_stands(pass_)
    again = scanned(pass_.code, places[-1], lane="5", at=AT + MINUTE)
    assert (again.verdict, told(again)) == ("refuse", ["already_used"])
    assert again.reasons[0]["params"] == {"at": AT.isoformat(), "lane": "3"}
    assert as_it_stands(pass_) == before


def test_the_papers_of_china_do_not_stop_a_vehicle_on_the_bridge_but_the_watch_list_does() -> None:
    pass_ = an_open_pass()
    scanned(pass_.code)
    _status("deleted")(pass_)
    assert scanned(pass_.code, nur_zholy()).verdict == "release"
    other = an_open_pass()
    scanned(other.code)
    _watch_vin(other)
    assert told(scanned(other.code, nur_zholy())) == ["watch_list"]


def test_a_closure_stops_the_clock_of_the_entry() -> None:
    pass_ = an_open_pass()
    scanned(pass_.code)
    closes = pass_.closes_at
    Closure.objects.create(starts_at=closes, ends_at=closes + 48 * HOUR, reason="Holiday")
    assert scanned(pass_.code, nur_zholy(), at=closes + 71 * HOUR).verdict == "release"


def test_a_car_of_a_free_commodity_needs_no_licence() -> None:
    pass_ = an_open_pass()
    Pass.objects.filter(pk=pass_.pk).update(licence=None)
    LicensedCommodity.objects.all().delete()
    assert scanned(pass_.code).verdict == "release"


def test_a_kazakh_citizen_uses_no_visa_free_days() -> None:
    pass_ = an_open_pass()
    _days_used(pass_)
    Driver.objects.filter(pk=pass_.driver_id).update(nationality="KZ")
    assert scanned(pass_.code).verdict == "release"


# --- When ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("said", "judged"),
    [
        (None, AT),
        (AT - 4 * MINUTE, AT - 4 * MINUTE),
        (AT - 6 * MINUTE, AT),
        (AT + MINUTE, AT),
        (AT + 400 * 24 * HOUR, AT),
    ],
)
def test_a_question_asked_now_is_judged_now(said: object, judged: object) -> None:
    pass_ = an_open_pass()
    assert scanned(pass_.code, scanned_at=said).scanned_at == judged


def test_a_clock_that_goes_wrong_does_not_reopen_a_window() -> None:
    pass_ = an_open_pass()
    scan = scanned(pass_.code, at=AT + 25 * HOUR, scanned_at=AT)
    assert told(scan) == ["expired"]
    assert pass_.trip.events.get(kind="refused").data["said_at"] == AT.isoformat()


# --- Twice, strangers, nonsense ------------------------------------------------------------------


def test_the_same_scan_again_answers_the_same() -> None:
    pass_ = an_open_pass()
    scan = a_scan(pass_.code)
    first, is_new = record_scan(scan=scan, at=AT, by=LANE)
    before = as_it_stands(pass_)
    second, is_new_again = record_scan(scan=scan, at=AT + HOUR, by=LANE)
    assert (is_new, is_new_again) == (True, False)
    assert (second.pk, second.verdict, second.recorded_at) == (first.pk, "release", AT)
    assert second.trip == first.trip == pass_.trip
    assert as_it_stands(pass_) == before
    assert story(pass_.trip).count("exited") == 1


@pytest.mark.parametrize("changed", ["code", "lane", "scanned_at", "checkpoint"])
def test_a_scan_id_used_for_something_else_is_a_conflict(changed: str) -> None:
    pass_, other = an_open_pass(), an_open_pass()
    values = {"code": other.code, "lane": "9", "scanned_at": AT, "checkpoint": nur_zholy()}
    scan_id = uuid.uuid4()
    record_scan(scan=a_scan(pass_.code, scan_id=scan_id), at=AT, by=LANE)
    before = as_it_stands(pass_), as_it_stands(other)
    with pytest.raises(Conflict) as refusal:
        record_scan(
            scan=a_scan(**{"code": pass_.code, "scan_id": scan_id, changed: values[changed]}), at=AT, by=LANE
        )
    assert [reason.code for reason in refusal.value.reasons] == ["scan_id_reused"]
    assert (as_it_stands(pass_), as_it_stands(other)) == before
    assert Scan.objects.count() == 1


def test_a_stranger_scans_nowhere() -> None:
    pass_ = an_open_pass()
    before = as_it_stands(pass_)
    device, _token = a_device(nur_zholy())
    officer = an_officer(nur_zholy())
    for who in ({"device": device}, {"officer": officer}):
        with pytest.raises(NotYours):
            record_scan(scan=a_scan(pass_.code), at=AT, by=LANE, **who)
    assert as_it_stands(pass_) == before
    assert not Scan.objects.exists()


def test_an_officer_scans_where_he_is_posted() -> None:
    officer = an_officer()
    assert scanned(an_open_pass().code, officer=officer).officer == officer


@pytest.mark.parametrize(
    "nonsense", [{"lane": ""}, {"lane": "x" * 21}, {"lane": "1\x00"}, {"scanned_at": AT - 400 * 24 * HOUR}]
)
def test_what_cannot_be_kept_is_not_used(nonsense: dict[str, object]) -> None:
    pass_ = an_open_pass()
    before = as_it_stands(pass_)
    with pytest.raises(Invalid):
        record_scan(scan=a_scan(pass_.code, **nonsense), at=AT, by=LANE)
    assert as_it_stands(pass_) == before
    assert not Scan.objects.exists()


# --- Selection -----------------------------------------------------------------------------------


def test_a_rule_selects_and_scanning_again_changes_nothing() -> None:
    pass_ = an_open_pass()
    before = as_it_stands(pass_)
    SelectionRule.objects.create(company=pass_.trip.company, powertrain="bev", reason="new exporter")
    scans = [scanned(pass_.code) for _turn in range(2)]
    assert [(scan.verdict, told(scan)) for scan in scans] == [("examine", ["selected"])] * 2
    assert Examination.objects.get().scan == scans[0]
    assert as_it_stands(pass_) == before
    assert story(pass_.trip).count("examine") == 2


@pytest.mark.parametrize(
    "rule", [{"powertrain": "diesel"}, {"is_active": False}, {"share": 0.0}, {"elsewhere": True}]
)
def test_a_rule_selects_only_what_it_names(rule: dict[str, object]) -> None:
    pass_ = an_open_pass()
    if rule.pop("elsewhere", False):
        rule["checkpoint"] = nur_zholy()
    SelectionRule.objects.create(**rule, reason="rule")
    assert scanned(pass_.code).verdict == "release"


def test_everything_is_examined_where_the_share_is_whole() -> None:
    pass_ = an_open_pass()
    Policy.objects.update_or_create(route=pass_.trip.route, defaults={"examined_share": 1.0})
    assert scanned(pass_.code).verdict == "examine"


def test_a_route_without_a_policy_has_the_usual_limits() -> None:
    pass_ = an_open_pass()
    Policy.objects.all().delete()
    assert scanned(pass_.code).verdict == "release"


# --- Cost ----------------------------------------------------------------------------------------


def test_a_scan_takes_five_statements_and_ten_one_by_one() -> None:
    car = an_open_pass()
    device, _token = a_device()
    place, bridge = a_checkpoint(), nur_zholy()
    scanned(an_open_pass().code, place)
    scanned("nonsense", bridge)
    most = 5 if connection.vendor == "postgresql" else 10
    for checkpoint in (place, bridge):
        scan = a_scan(car.code, checkpoint)
        key = device if checkpoint == place else None
        with CaptureQueriesContext(connection) as queries:
            record_scan(scan=scan, device=key, at=AT, by=LANE)
        assert len(queries) == most, [str(query["sql"])[:60] for query in queries]


def test_a_petrol_car_goes_its_own_way() -> None:
    company = an_open_pass().trip.company
    pass_ = an_open_pass(company=company, vehicle=a_petrol_car(company))
    assert scanned(pass_.code).verdict == "release"
