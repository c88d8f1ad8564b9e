"""A supervisor's pages: the lanes live, rules, closures, every scan, the printed list."""

from __future__ import annotations

import io
from datetime import timedelta

import pytest
from django.urls import reverse
from openpyxl import load_workbook

from clearance.actions.fallback import make_fallback_list
from clearance.actions.rules import draft_rule
from clearance.actions.watch import unwatch, watch
from clearance.models import Duty, FallbackList, Scan, SelectionRule, WatchEntry
from ferry import codes
from ferry.actions.places import close_routes
from ferry.models import Closure, PassState
from tests.builders import (
    AT,
    BY,
    a_checkpoint,
    a_company,
    a_device,
    a_member,
    a_route,
    an_issued_trip,
    an_officer,
)
from tests.clearance.casts import an_open_pass, nur_zholy, offline, scanned

pytestmark = pytest.mark.django_db
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


@pytest.fixture
def stranger(client):
    """Sign in as the supervisor of another checkpoint."""
    stranger = an_officer(a_checkpoint("CN-DULATA"), duty=Duty.SUPERVISOR)
    client.force_login(stranger)
    return stranger


def page(client, name, *args, **query) -> str:
    answer = client.get(reverse(name, args=args), query)
    assert answer.status_code == 200
    return answer.content.decode()


# --- The first page ------------------------------------------------------------------------------


def test_a_supervisor_begins_at_the_live_picture(client, supervisor):
    assert client.get("/", follow=True).redirect_chain[-1][0] == reverse("desk:live")


def test_an_officer_begins_at_the_lane(client):
    client.force_login(an_officer())
    assert client.get("/", follow=True).redirect_chain[-1][0] == reverse("lane:place")


def test_somebody_without_a_posting_is_told_so(client):
    client.force_login(a_member(a_company()).user)
    assert client.get(reverse("desk:duty")).status_code == 403


def test_the_picture_is_of_his_checkpoints_alone(client, supervisor):
    scanned("rubbish", lane="gate seven")
    scanned("rubbish", nur_zholy(), lane="gate nine")
    text = page(client, "desk:live")
    assert "gate seven" in text
    assert "gate nine" not in text
    assert "gate nine" not in page(client, "desk:live", place="KZ-NURZHOLY")


def test_a_part_asks_for_itself_alone(client, supervisor):
    scanned("rubbish", lane="gate seven")
    text = page(client, "desk:live", part="lanes")
    assert "gate seven" in text
    assert "<html" not in text
    assert "<svg" in page(client, "desk:live", part="charts")


def test_the_picture_costs_a_fixed_number_of_queries(client, supervisor, django_assert_max_num_queries):
    SelectionRule.objects.create(reason="all")
    for lane in range(6):
        scanned(an_open_pass().code, lane=str(lane))
    with django_assert_max_num_queries(11):
        page(client, "desk:live")


# --- The watch list ------------------------------------------------------------------------------


def test_it_watches_a_company_by_its_code(client, supervisor):
    company = a_company("East Star Trade")
    data = {"kind": "company", "value": company.uscc.lower(), "instruction": "Call Li", "reason": "case 7"}
    assert client.post(reverse("desk:watch"), data).status_code == 302
    text = page(client, "desk:watch")
    assert all(words in text for words in ("East Star Trade", company.uscc, "case 7"))


def test_it_finds_what_is_watched_and_what_was(client, supervisor):
    for number in (1, 2):
        value = f"LGXCE4CB0S000000{number}"
        watch(kind="vin", value=value, instruction=f"Call {number}", at=AT, by=BY)
    unwatch(entry=WatchEntry.objects.get(value__endswith="1"), at=AT, by="supervisor Li")
    assert "Call 2" in page(client, "desk:watch", q="0000002")
    assert "Call 2" not in page(client, "desk:watch", q="0000003")
    ended = page(client, "desk:watch", ended="1")
    assert "Call 1" in ended
    assert "Supervisor Li" in ended
    assert "Call 2" not in ended


# --- Rules ---------------------------------------------------------------------------------------


def a_draft(checkpoint=None, **fields):
    place = checkpoint or a_checkpoint()
    usual = {"checkpoint": place, "share": 0.5, "reason": "spare parts", "at": AT, "by": BY}
    return draft_rule(**{**usual, **fields})


def test_it_drafts_a_rule_and_shows_the_effect_before_it_holds(client, supervisor):
    scanned(an_open_pass().code)
    company = a_company("East Star Trade")
    said = {"share": "12.5", "company": "east star trade", "powertrain": "bev", "reason": "new"}
    answer = client.post(reverse("desk:rules"), {**said, "from_hour": "22", "until_hour": "6"}, follow=True)
    rule = SelectionRule.objects.get()
    assert (rule.share, rule.company, rule.powertrain) == (0.125, company, "bev")
    assert (rule.from_hour, rule.until_hour, rule.is_active) == (22, 6, False)
    text = answer.content.decode()
    assert "Had it been in force last week" in text
    seen = answer.context["seen"]

    client.post(reverse("desk:rule_on", args=[rule.pk]), {"seen": seen})
    rule.refresh_from_db()
    assert (rule.is_active, rule.started_by) == (True, "supervisor Chen Hao")


@pytest.mark.parametrize("seen", ["", "rubbish", "another's"])
def test_no_rule_is_switched_on_unseen(client, supervisor, seen):
    rule, other = a_draft(), a_draft()
    if seen == "another's":
        seen = client.get(reverse("desk:rule", args=[other.pk])).context["seen"]
    client.post(reverse("desk:rule_on", args=[rule.pk]), {"seen": seen})
    rule.refresh_from_db()
    assert not rule.is_active


@pytest.mark.parametrize("wrong", [{"share": "0"}, {"share": "x"}, {"company": "Nobody"}, {"from_hour": "9"}])
def test_what_cannot_be_meant_is_drafted_by_nobody(client, supervisor, wrong):
    answer = client.post(reverse("desk:rules"), {"share": "10", "reason": "x", **wrong})
    assert answer.status_code == 400
    assert not SelectionRule.objects.exists()


def test_it_changes_a_rule_by_one_that_takes_its_place(client, supervisor):
    old = a_draft()
    SelectionRule.objects.filter(pk=old.pk).update(is_active=True, started_at=AT)
    assert 'value="50.0"' in page(client, "desk:rules", change=old.pk)
    said = {"share": "5", "reason": "fewer"}
    answer = client.post(f"{reverse('desk:rules')}?change={old.pk}", said, follow=True)
    new = SelectionRule.objects.get(replaces=old)
    client.post(reverse("desk:rule_on", args=[new.pk]), {"seen": answer.context["seen"]})
    old.refresh_from_db()
    assert (old.is_active, old.ended_at) == (False, AT)
    assert "spare parts" in page(client, "desk:rules")


def test_a_stranger_neither_sees_nor_moves_a_rule(client, stranger):
    rule = a_draft()
    assert "spare parts" not in page(client, "desk:rules")
    assert client.get(reverse("desk:rule", args=[rule.pk])).status_code == 404
    for act in ("rule_on", "rule_end"):
        assert client.post(reverse(f"desk:{act}", args=[rule.pk])).status_code == 404
    rule.refresh_from_db()
    assert rule.is_draft


def test_the_operators_rules_are_shown_and_left_alone(client, supervisor):
    rule = SelectionRule.objects.create(reason="everywhere")
    assert "everywhere" in page(client, "desk:rules")
    assert client.post(reverse("desk:rule_end", args=[rule.pk])).status_code == 404
    rule.refresh_from_db()
    assert rule.is_active


# --- Closures ------------------------------------------------------------------------------------

SAID = {"starts_at": "2026-11-23T08:00", "ends_at": "2026-11-25T08:00", "reason": "sandstorm"}


def test_it_announces_what_it_has_shown(client, supervisor):
    trip = an_issued_trip(opens_at=AT + DAY, closes_at=AT + DAY + 8 * HOUR)
    route = a_route()
    answer = client.post(reverse("desk:closures"), {**SAID, "route": route.code})
    assert not Closure.objects.filter(reason="sandstorm").exists()
    text = answer.content.decode()
    assert trip.company.name in text
    assert "2026-11-25 08:00" in text

    client.post(reverse("desk:closure_announce"), {"draft": answer.context["draft"].signed})
    closure = Closure.objects.get(reason="sandstorm")
    assert (closure.route, closure.ends_at.isoformat()) == (route, "2026-11-25T00:00:00+00:00")
    for _twice in range(2):
        client.post(reverse("desk:closure_announce"), {"draft": answer.context["draft"].signed})
    assert Closure.objects.filter(reason="sandstorm").count() == 1


def test_nothing_unseen_is_announced(client, supervisor):
    for draft in ("", "rubbish"):
        client.post(reverse("desk:closure_announce"), {"draft": draft})
    assert not Closure.objects.filter(reason="sandstorm").exists()


def test_a_stranger_announces_nothing_that_was_shown_to_another(client, supervisor):
    answer = client.post(reverse("desk:closures"), {**SAID, "route": a_route().code})
    client.force_login(an_officer(a_checkpoint("CN-DULATA"), duty=Duty.SUPERVISOR))
    client.post(reverse("desk:closure_announce"), {"draft": answer.context["draft"].signed})
    assert not Closure.objects.filter(reason="sandstorm").exists()


def test_what_cannot_be_meant_is_not_even_shown(client, supervisor):
    backwards = {**SAID, "ends_at": "2026-11-22T08:00", "route": a_route().code}
    assert client.post(reverse("desk:closures"), backwards).status_code == 400
    elsewhere = {**SAID, "route": "DULATA-KALZHAT"}
    assert client.post(reverse("desk:closures"), elsewhere).status_code == 400


def test_it_opens_again_early(client, supervisor):
    said = {"starts_at": AT - HOUR, "ends_at": AT + DAY, "reason": "sandstorm", "at": AT, "by": BY}
    [closure] = close_routes(routes=[a_route()], **said)
    assert "Open again now" in page(client, "desk:closure_end", closure.pk)
    client.post(reverse("desk:closure_end", args=[closure.pk]))
    closure.refresh_from_db()
    assert closure.ends_at == AT


def test_a_stranger_opens_nothing(client, stranger):
    said = {"starts_at": AT - HOUR, "ends_at": AT + DAY, "reason": "sandstorm", "at": AT, "by": BY}
    [closure] = close_routes(routes=[a_route()], **said)
    assert client.post(reverse("desk:closure_end", args=[closure.pk])).status_code == 404
    closure.refresh_from_db()
    assert closure.ends_at == AT + DAY


# --- Every scan ----------------------------------------------------------------------------------


@pytest.fixture
def log(supervisor):
    """Have four scans: a release, one of a revoked kind, one judged offline, and one at the other side."""
    device, _token = a_device()
    first, second, third = an_open_pass(), an_open_pass(), an_open_pass()
    scans = {
        "released": scanned(first.code, lane="1", device=device),
        "unread": scanned("rubbish", lane="2", officer=supervisor),
        "offline": scanned(second.code, lane="3", at=AT, scanned_at=AT - 3 * DAY, offline=offline("examine")),
        "elsewhere": scanned(third.code, nur_zholy(), lane="1"),
    }
    return {
        name: Scan.objects.select_related("pass_used__driver", "trip").get(pk=one.pk)
        for name, one in scans.items()
    }


def shown(client, log, **query) -> set[str]:
    text = page(client, "desk:scans", **query)
    return {name for name, scan in log.items() if reverse("lane:verdict", args=[scan.scan_id]) in text}


def test_it_lists_the_scans_of_his_checkpoint(client, log):
    assert shown(client, log) == {"released", "unread", "offline"}
    assert shown(client, log, place="KZ-NURZHOLY") == {"released", "unread", "offline"}


def test_it_searches_and_filters(client, log, supervisor):
    first = log["released"]
    device, officer = first.device_id, supervisor.pk
    for query, names in (
        ({"q": first.pass_used.vin[-7:]}, {"released"}),
        ({"q": first.trip.reference}, {"released"}),
        ({"q": codes.show_short_code(first.pass_used.short_code)}, {"released"}),
        ({"q": "ZZZZ9999"}, set()),
        ({"passport": first.pass_used.driver.passport_tail}, {"released"}),
        ({"lane": "2"}, {"unread"}),
        ({"verdict": "refuse"}, {"unread"} if log["offline"].verdict != "refuse" else {"unread", "offline"}),
        ({"reason": "unreadable"}, {"unread"}),
        ({"by": f"device-{device}"}, {"released"}),
        ({"by": f"officer-{officer}"}, {"unread"}),
        ({"by": "officer-9999999"}, {"released", "unread", "offline"}),
        ({"from": "2026-11-22"}, {"released", "unread"}),
        ({"until": "2026-11-21"}, {"offline"}),
        ({"offline": "yes"}, {"offline"}),
        ({"offline": "no"}, {"released", "unread"}),
    ):
        assert shown(client, log, **query) == names, query


def test_a_whole_passport_number_filters_nothing_and_stands_in_no_link(client, log):
    number = log["released"].pass_used.driver.passport_number
    answer = client.get(reverse("desk:scans"), {"passport": number})
    assert number not in answer.context["asked"].query
    assert shown(client, log, passport=number) == {"released", "unread", "offline"}


def test_it_goes_by_time_either_way(client, log):
    text = page(client, "desk:scans", sort="scanned_at")
    places = [text.index(str(log[name].scan_id)) for name in ("offline", "released")]
    assert places == sorted(places)


def test_it_exports_what_is_filtered(client, log):
    answer = client.get(reverse("desk:scans_export", args=["csv"]), {"lane": "1"})
    lines = b"".join(answer.streaming_content).decode().splitlines()
    assert len(lines) == 2
    assert log["released"].pass_used.vin in lines[1]
    assert log["released"].pass_used.driver.passport_number not in lines[1]
    answer = client.get(reverse("desk:scans_export", args=["xlsx"]))
    book = load_workbook(io.BytesIO(b"".join(answer.streaming_content)))
    assert book.active.max_row == 4


def test_it_exports_nothing_in_another_form(client, supervisor):
    assert client.get(reverse("desk:scans_export", args=["pdf"])).status_code == 404


def test_it_leads_to_the_code_to_revoke(client, supervisor):
    pass_ = an_open_pass()
    SelectionRule.objects.create(reason="all")
    scanned(pass_.code)
    assert reverse("desk:code", args=[pass_.pass_id]) in page(client, "desk:scans")
    client.post(reverse("desk:code", args=[pass_.pass_id]), {"reason": "stolen"})
    pass_.refresh_from_db()
    assert pass_.state == PassState.REVOKED
    assert reverse("desk:code", args=[pass_.pass_id]) not in page(client, "desk:scans")


def test_the_list_of_scans_costs_a_fixed_number_of_queries(client, log, django_assert_max_num_queries):
    for _number in range(4):
        scanned(an_open_pass().code)
    with django_assert_max_num_queries(10):
        page(client, "desk:scans")


# --- The printed list ----------------------------------------------------------------------------


@pytest.fixture
def listed(supervisor):
    an_open_pass()
    return make_fallback_list(checkpoint=a_checkpoint(), hours=12, at=AT - 2 * HOUR, by=BY)


def typed(*rows, **more):
    names = ("key", "time", "verdict", "initials")
    return {
        **{name: [row[place] for row in rows] for place, name in enumerate(names)},
        "lane": "paper",
        **more,
    }


def test_it_makes_and_prints_a_list(client, supervisor):
    an_open_pass()
    answer = client.post(reverse("desk:fallback"), {"hours": "12"})
    made = FallbackList.objects.get()
    assert answer["Location"] == reverse("desk:fallback_results", args=[made.pk])
    paper = client.get(reverse("desk:fallback_paper", args=[made.pk]))
    assert paper["Content-Type"] == "application/pdf"
    assert paper.content.startswith(b"%PDF")
    assert client.post(reverse("desk:fallback"), {"hours": "0"}).status_code == 400


def test_it_shows_what_each_line_is_and_then_records_it(client, supervisor, listed):
    line = listed.lines.get()
    row = ("1", "1130", "release", "ch")
    address = reverse("desk:fallback_results", args=[listed.pk])
    looked = client.post(address, typed(row, act="look"))
    assert line.pass_listed.vin[-6:] in looked.content.decode()
    assert not Scan.objects.exists()

    data = typed(row, act="record", seen=looked.context["seen"])
    assert client.post(address, data).status_code == 302
    scan = Scan.objects.get()
    assert (scan.officer, scan.lane, scan.offline_verdict) == (supervisor, "paper", "release")
    assert scan.scanned_at == AT - HOUR / 2
    assert scan.list_age == 1.5 * HOUR
    client.post(address, data)
    assert Scan.objects.count() == 1
    assert "1 line is recorded" in client.get(address).content.decode()


def test_lines_that_were_not_shown_are_not_recorded(client, supervisor, listed):
    address = reverse("desk:fallback_results", args=[listed.pk])
    looked = client.post(address, typed(("1", "1130", "refuse", "ch"), act="look"))
    data = typed(("1", "1130", "release", "ch"), act="record", seen=looked.context["seen"])
    assert client.post(address, data).status_code == 200
    assert not Scan.objects.exists()


@pytest.mark.parametrize(
    ("row", "told"),
    [
        (("77", "1130", "release", ""), "No such number"),
        (("1", "2561", "release", ""), "Write the time"),
        (("1", "1230", "release", ""), "still to come"),
        (("1", "1130", "", ""), "Choose the verdict"),
    ],
)
def test_it_says_of_each_line_what_is_wrong(client, supervisor, listed, row, told):
    answer = client.post(reverse("desk:fallback_results", args=[listed.pk]), typed(row, act="look"))
    assert answer.status_code == 400
    assert told in answer.content.decode()
    assert answer.context["seen"] == ""
    assert not Scan.objects.exists()


def test_it_says_when_a_vehicle_stands_in_two_lines(client, supervisor, listed):
    code = listed.lines.get().pass_listed.short_code
    rows = (("1", "1130", "release", ""), (code, "1131", "release", ""))
    answer = client.post(reverse("desk:fallback_results", args=[listed.pk]), typed(*rows, act="look"))
    assert "The same vehicle as in line 1" in answer.content.decode()


def test_a_stranger_neither_reads_nor_enters(client, listed):
    client.force_login(an_officer(a_checkpoint("CN-DULATA"), duty=Duty.SUPERVISOR))
    for name in ("fallback_results", "fallback_paper"):
        assert client.get(reverse(f"desk:{name}", args=[listed.pk])).status_code == 404
    row = ("1", "1130", "release", "ch")
    answer = client.post(reverse("desk:fallback_results", args=[listed.pk]), typed(row, act="record"))
    assert answer.status_code == 404
    assert not Scan.objects.exists()
