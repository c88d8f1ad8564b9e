"""A scanner with nothing but its list says what the server would have said, or is more careful."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from clearance.actions.watch import watch
from clearance.models import SelectionRule
from clearance.queries.lists import offline_list
from clearance.rules.offline import OfflineJudgement, OfflineList, Passing
from ferry.actions.passes import revoke_pass, swap_driver
from ferry.actions.trips import cancel_trip
from ferry.models import Checkpoint, Closure, Declaration, Pass, Trip
from tests.builders import AT, BY, a_checkpoint, a_driver
from tests.clearance.casts import MINUTE, an_open_pass, nur_zholy, scanned, told

pytestmark = pytest.mark.django_db

HOUR = 60 * MINUTE


def kept(checkpoint: Checkpoint | None = None, **asked: Any) -> OfflineList:
    content = offline_list(checkpoint or a_checkpoint(), **{"at": AT, **asked})
    return OfflineList.read(json.loads(json.dumps(content)))


def judged(
    text: str, checkpoint: Checkpoint | None = None, *, at: Any = AT, **earlier: Passing
) -> OfflineJudgement:
    return kept(checkpoint).judge(text, at=at, earlier=earlier)


def verdict(judgement: OfflineJudgement) -> tuple[str, list[str]]:
    return judgement.verdict, judgement.codes


def test_it_releases_a_signed_code_that_is_listed() -> None:
    pass_ = an_open_pass()
    judgement = judged(pass_.code)
    assert verdict(judgement) == ("release", [])
    assert judgement.claims is not None
    assert judgement.claims.vin == pass_.vin
    assert judgement.line is not None
    assert judgement.line["driver"] == "Ma Jun"
    assert judgement.trip == pass_.trip.reference


def _altered(pass_: Pass) -> str:
    return pass_.code[:-5] + ("A" if pass_.code[-5] != "A" else "B") + pass_.code[-4:]


@pytest.mark.parametrize(
    ("text", "code"),
    [
        (lambda pass_: "nonsense", "unreadable"),
        (lambda pass_: pass_.code[:-4], "unreadable"),
        (_altered, "bad_signature"),
        (lambda pass_: "7K3P9QX2M"[:8] + "X", "unreadable"),
    ],
)
def test_a_code_that_is_not_ours_is_never_anything_but_red(text: Callable[[Pass], str], code: str) -> None:
    pass_ = an_open_pass()
    assert verdict(judged(text(pass_))) == ("refuse", [code])
    assert scanned(text(pass_)).verdict == "refuse"


def test_a_key_that_is_not_on_the_list_opens_nothing() -> None:
    pass_ = an_open_pass()
    content = {**offline_list(a_checkpoint(), at=AT), "keys": []}
    judgement = OfflineList.read(content).judge(pass_.code, at=AT, earlier={})
    assert verdict(judgement) == ("refuse", ["unknown_key"])


def test_a_short_code_finds_the_pass_and_opens_nothing() -> None:
    pass_ = an_open_pass()
    judgement = judged(pass_.short_code)
    assert verdict(judgement) == ("examine", ["not_signed"])
    assert judgement.line is not None
    assert judgement.claims is None
    revoke_pass(trip=pass_.trip, reason="stolen", at=AT, by=BY)
    assert verdict(judged(pass_.short_code)) == ("refuse", ["unknown_pass"])


def test_a_code_issued_after_the_list_is_looked_at() -> None:
    before = kept()
    pass_ = an_open_pass()
    key_known = OfflineList.read({**offline_list(a_checkpoint(), at=AT), "passes": []})
    assert verdict(before.judge(pass_.code, at=AT, earlier={}))[0] == "refuse"
    assert verdict(key_known.judge(pass_.code, at=AT, earlier={})) == ("examine", ["not_listed"])
    late = pass_.closes_at + HOUR
    assert verdict(key_known.judge(pass_.code, at=late, earlier={})) == (
        "refuse",
        ["expired", "stale_list"],
    )


def test_a_list_that_is_too_old_opens_nothing() -> None:
    pass_ = an_open_pass()
    assert verdict(judged(pass_.code, at=AT + 4 * HOUR)) == ("release", [])
    judgement = judged(pass_.code, at=AT + 5 * HOUR)
    assert verdict(judgement) == ("examine", ["stale_list"])
    assert judgement.reasons[0].params == {"minutes": 300}
    assert judgement.list_age == 5 * HOUR
    later = kept().as_of(AT + 2 * HOUR).judge(pass_.code, at=AT + 5 * HOUR, earlier={})
    assert verdict(later) == ("release", [])


def test_a_clock_before_the_list_is_wrong() -> None:
    pass_ = an_open_pass()
    assert verdict(judged(pass_.code, at=AT - 5 * MINUTE)) == ("release", [])
    assert verdict(judged(pass_.code, at=AT - HOUR)) == ("examine", ["clock_wrong"])


def test_what_it_released_it_releases_once() -> None:
    pass_ = an_open_pass()
    passing = Passing(AT, "2")
    judgement = judged(pass_.code, **{pass_.trip.reference: passing})
    assert verdict(judgement) == ("refuse", ["already_used"])
    assert judgement.reasons[0].params == {"at": AT.isoformat(), "lane": "2"}


def test_a_later_list_takes_what_changed_and_keeps_the_rest() -> None:
    first, second, third = an_open_pass(), an_open_pass(), an_open_pass()
    before = kept()
    later = AT + HOUR
    scanned(first.code, at=later)
    swap_driver(trip=second.trip, driver=a_driver(second.trip.company), at=later, by=BY)
    new = second.trip.passes.get(state="open")
    merged = before.merge(offline_list(a_checkpoint(), since=before.as_of_moment, at=later))
    assert merged.as_of_moment == later

    def says(pass_: Pass) -> tuple[str, list[str]]:
        return verdict(merged.judge(pass_.code, at=later, earlier={}))

    assert says(first) == ("refuse", ["already_used"])
    assert says(second) == ("refuse", ["superseded"])
    assert says(new) == ("release", [])
    assert says(third) == ("release", [])
    assert merged.merge(offline_list(a_checkpoint("CN-BAKETU"), at=later)).passes == {}


def test_closures_and_hours_count_for_it() -> None:
    pass_ = an_open_pass()
    closure = Closure.objects.create(starts_at=AT - HOUR, ends_at=AT + HOUR, reason="Holiday")
    judgement = judged(pass_.code)
    assert verdict(judgement) == ("refuse", ["checkpoint_closed"])
    assert judgement.reasons[0].params == {"until": (AT + HOUR).isoformat()}
    closure.delete()
    # AT is noon at Horgos.
    Checkpoint.objects.filter(code="CN-HORGOS").update(opens="20:00", closes="04:00")
    assert verdict(judged(pass_.code)) == ("refuse", ["checkpoint_closed"])
    Checkpoint.objects.filter(code="CN-HORGOS").update(opens="20:00", closes="12:30")
    assert verdict(judged(pass_.code)) == ("release", [])


# --- The list and the server agree -----------------------------------------------------------------


def _revoked(pass_: Pass) -> None:
    revoke_pass(trip=pass_.trip, reason="stolen", at=AT - HOUR, by=BY)


def _cancelled(pass_: Pass) -> None:
    cancel_trip(trip=pass_.trip, reason="sold", at=AT - HOUR, by=BY)


def _swapped(pass_: Pass) -> None:
    swap_driver(trip=pass_.trip, driver=a_driver(pass_.trip.company), at=AT - HOUR, by=BY)


def _exited(pass_: Pass) -> None:
    scanned(pass_.code)


def _arrived(pass_: Pass) -> None:
    scanned(pass_.code)
    scanned(pass_.code, nur_zholy())


def _arrived_alone(pass_: Pass) -> None:
    Trip.objects.filter(pk=pass_.trip_id).update(state="arrived", arrived_at=AT - HOUR)


def _delivered_alone(pass_: Pass) -> None:
    Trip.objects.filter(pk=pass_.trip_id).update(state="delivered", delivered_at=AT - HOUR)


def _amended(pass_: Pass) -> None:
    Declaration.objects.filter(pk=pass_.trip.declaration_id).update(status="amended")


def _held(pass_: Pass) -> None:
    Declaration.objects.filter(pk=pass_.trip.declaration_id).update(status="accepted")


def _passport_over(pass_: Pass) -> None:
    pass_.driver.passport_expires_on = AT.date() - timedelta(days=1)
    pass_.driver.save(update_fields=["passport_expires_on"])


def _watched(pass_: Pass) -> None:
    watch(kind="vin", value=pass_.vin, instruction="Hold", at=AT, by=BY)


def _watched_and_held(pass_: Pass) -> None:
    _watched(pass_)
    _held(pass_)


def _selected(_pass: Pass) -> None:
    SelectionRule.objects.create(reason="all")


def _closed(_pass: Pass) -> None:
    Closure.objects.create(starts_at=AT - HOUR, ends_at=AT + HOUR, reason="Holiday")


def _later(pass_: Pass) -> None:
    Pass.objects.filter(pk=pass_.pk).update(opens_at=AT + HOUR)


def _over(pass_: Pass) -> None:
    Pass.objects.filter(pk=pass_.pk).update(opens_at=AT - 9 * HOUR, closes_at=AT - HOUR)


def _nothing(_pass: Pass) -> None:
    pass


WORLDS = [
    *(_nothing, _revoked, _cancelled, _swapped, _exited, _arrived, _arrived_alone, _delivered_alone),
    *(_amended, _held, _passport_over, _watched, _watched_and_held, _selected, _closed, _later, _over),
]


@pytest.mark.parametrize("place", ["CN-HORGOS", "KZ-NURZHOLY", "CN-BAKETU"])
@pytest.mark.parametrize("happened", WORLDS)
def test_a_fresh_list_says_what_the_server_says(happened: Callable[[Pass], None], place: str) -> None:
    pass_ = an_open_pass()
    happened(pass_)
    checkpoint = a_checkpoint(place)
    by_list = judged(pass_.code, checkpoint)
    by_server = scanned(pass_.code, checkpoint)
    assert by_list.verdict == by_server.verdict
    told_alike = [code for code in by_list.codes if code != "not_listed"]
    # At a stranger's checkpoint the list knows nothing of the papers.
    assert (
        told_alike == told(by_server)
        if place != "CN-BAKETU"
        else set(told_alike) <= {"wrong_checkpoint", *told(by_server)}
    )


@pytest.mark.parametrize(
    ("hours", "said"),
    [
        ((12, 14), ("examine", ["selected"])),
        ((22, 13), ("examine", ["selected"])),
        ((13, 12), ("release", [])),
    ],
)
def test_a_rule_of_some_hours_selects_in_those_of_the_scan(hours, said) -> None:
    """At the checkpoint it is noon."""
    pass_ = an_open_pass()
    SelectionRule.objects.create(reason="noon", from_hour=hours[0], until_hour=hours[1])
    assert verdict(judged(pass_.code)) == said
    if said[0] == "release":
        assert verdict(judged(pass_.code, at=AT + HOUR)) == ("examine", ["selected"])
