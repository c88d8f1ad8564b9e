"""Selection rules: drafted, foreseen, switched on, ended."""

from __future__ import annotations

from datetime import timedelta

import pytest

from clearance.actions.rules import draft_rule, end_rule, switch_on_rule
from clearance.actions.watch import watch
from clearance.models import SelectionRule
from clearance.queries.lists import offline_list
from clearance.queries.rules import effect_of
from ferry.errors import Conflict, Invalid
from tests.builders import AT, BY, a_checkpoint
from tests.clearance.casts import an_open_pass, as_it_stands, nur_zholy, scanned, told

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)


def a_draft(**fields):
    usual = {"checkpoint": a_checkpoint(), "share": 1.0, "reason": "spare parts"}
    return draft_rule(**{**usual, "at": AT, "by": BY, **fields})


def switched_on(**fields):
    rule = a_draft(**fields)
    switch_on_rule(rule=rule, foreseen=3, at=AT, by=BY)
    return rule


def test_a_draft_selects_nothing():
    a_draft()
    assert scanned(an_open_pass().code).verdict == "release"


def test_a_rule_selects_once_it_is_switched_on():
    rule = switched_on()
    assert (rule.is_active, rule.foreseen, rule.started_at, rule.started_by) == (True, 3, AT, BY)
    assert told(scanned(an_open_pass().code)) == ["selected"]


def test_a_rule_of_no_checkpoint_is_foreseen_over_all_and_selects_at_each():
    assert scanned(an_open_pass().code).verdict == "release"
    rule = a_draft(checkpoint=None)
    effect = effect_of(rule, at=AT + DAY)
    assert (effect.seen, effect.selected, effect.added) == (1, 1, 1)
    switch_on_rule(rule=rule, foreseen=effect.added, at=AT, by=BY)
    assert told(scanned(an_open_pass().code)) == ["selected"]


def test_switching_on_twice_is_a_conflict():
    rule = switched_on()
    with pytest.raises(Conflict):
        switch_on_rule(rule=rule, foreseen=9, at=AT + DAY, by="other")
    rule.refresh_from_db()
    assert (rule.foreseen, rule.started_at) == (3, AT)


def test_a_rule_ends_once_and_stays_in_the_history():
    rule = switched_on()
    end_rule(rule=rule, at=AT, by=BY)
    with pytest.raises(Conflict):
        end_rule(rule=rule, at=AT + DAY, by="other")
    rule.refresh_from_db()
    assert (rule.is_active, rule.ended_at, rule.ended_by) == (False, AT, BY)
    assert scanned(an_open_pass().code).verdict == "release"


def test_an_ended_rule_is_not_switched_on_again():
    rule = a_draft()
    end_rule(rule=rule, at=AT, by=BY)
    with pytest.raises(Conflict):
        switch_on_rule(rule=rule, foreseen=0, at=AT, by=BY)
    rule.refresh_from_db()
    assert not rule.is_active


def test_a_change_ends_the_rule_it_replaces_and_not_before():
    old = switched_on(share=0.5)
    new = a_draft(share=0.1, replaces=old)
    old.refresh_from_db()
    assert old.is_active
    switch_on_rule(rule=new, foreseen=0, at=AT, by=BY)
    old.refresh_from_db()
    assert (old.is_active, old.ended_at) == (False, AT)


def test_a_change_of_what_ended_meanwhile_moves_nothing():
    old = switched_on()
    new = a_draft(replaces=old)
    end_rule(rule=old, at=AT, by=BY)
    with pytest.raises(Conflict):
        switch_on_rule(rule=new, foreseen=0, at=AT, by=BY)
    new.refresh_from_db()
    assert not new.is_active


@pytest.mark.parametrize(
    "nonsense",
    [
        {"share": 0.0},
        {"share": 1.5},
        {"from_hour": 9},
        {"from_hour": 9, "until_hour": 9},
        {"from_hour": 9, "until_hour": 24},
        {"reason": " "},
        {"powertrain": "steam"},
    ],
)
def test_what_cannot_be_meant_is_not_drafted(nonsense):
    with pytest.raises(Invalid):
        a_draft(**nonsense)
    assert not SelectionRule.objects.exists()


def test_no_rule_replaces_one_of_another_checkpoint():
    old = switched_on(checkpoint=nur_zholy())
    with pytest.raises(Invalid):
        a_draft(replaces=old)
    assert SelectionRule.objects.count() == 1


@pytest.mark.parametrize(
    ("hours", "verdict"), [((11, 13), "examine"), ((22, 13), "examine"), ((13, 11), "release")]
)
def test_hours_are_those_of_the_checkpoint(hours, verdict):
    """AT is noon in China and nine in Kazakhstan."""
    switched_on(from_hour=hours[0], until_hour=hours[1])
    assert scanned(an_open_pass().code).verdict == verdict


def test_the_offline_list_names_the_hours():
    pass_ = an_open_pass()
    switched_on(from_hour=22, until_hour=6)
    [told_] = offline_list(a_checkpoint(), at=AT)["objections"][str(pass_.pass_id)]
    assert (told_["code"], told_["hours"]) == ("selected", [(22, 6)])


def test_the_offline_list_names_no_hours_of_what_is_selected_anyway():
    pass_ = an_open_pass()
    switched_on(from_hour=22, until_hour=6)
    switched_on()
    [told_] = offline_list(a_checkpoint(), at=AT)["objections"][str(pass_.pass_id)]
    assert "hours" not in told_


# --- What it would have done ---------------------------------------------------------------------


def test_the_effect_is_what_the_draw_would_have_been():
    passes = [an_open_pass() for _number in range(8)]
    for pass_ in passes:
        scanned(pass_.code, at=AT)
        scanned(pass_.code, at=AT)
    scanned("rubbish")
    rule = a_draft(share=0.5)
    effect = effect_of(rule, at=AT + DAY)
    assert (effect.seen, effect.fit, effect.examined) == (8, 8, 0)
    assert effect.added == effect.selected
    switch_on_rule(rule=rule, foreseen=0, at=AT, by=BY)
    drawn = offline_list(a_checkpoint(), at=AT)["objections"].keys()
    assert len(drawn & {str(pass_.pass_id) for pass_ in passes}) == effect.selected


def test_the_effect_keeps_to_company_powertrain_and_week():
    mine, other = an_open_pass(), an_open_pass()
    for pass_ in (mine, other):
        scanned(pass_.code)
    assert effect_of(a_draft(company=mine.trip.company), at=AT + DAY).added == 1
    assert effect_of(a_draft(powertrain="bev"), at=AT + DAY).added == 2
    assert effect_of(a_draft(powertrain="diesel"), at=AT + DAY).added == 0
    assert effect_of(a_draft(), at=AT + 8 * DAY).seen == 0


def test_what_was_refused_is_not_in_the_effect():
    pass_ = an_open_pass()
    watch(kind="vin", value=pass_.vin, instruction="Hold", at=AT, by=BY)
    scanned(pass_.code)
    assert effect_of(a_draft(), at=AT + DAY).seen == 0


# --- The watch list ------------------------------------------------------------------------------


def test_a_watched_company_passes_nowhere():
    pass_, other = an_open_pass(), an_open_pass()
    before = as_it_stands(pass_)
    watch(kind="company", value=pass_.trip.company.uscc, instruction="Call Li", at=AT, by=BY)
    scan = scanned(pass_.code)
    assert (scan.verdict, told(scan)) == ("refuse", ["watch_list"])
    assert scanned(pass_.code, nur_zholy()).verdict == "refuse"
    assert as_it_stands(pass_) == before
    assert scanned(other.code).verdict == "release"


def test_a_company_nobody_knows_is_not_watched():
    with pytest.raises(Invalid):
        watch(kind="company", value="91350100M000100Y43", instruction="x", at=AT, by=BY)
