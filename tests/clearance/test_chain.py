"""The chains: what is added, what the database refuses, and what a check finds."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from importlib import import_module
from typing import Any

import pytest
import time_machine
from django.apps import apps
from django.core.mail import EmailMessage
from django.core.management import CommandError, call_command
from django.db import DatabaseError, connection, models, transaction
from django.db.models import QuerySet
from django.test import Client
from django.urls import reverse

from clearance.actions.chain import chain, check_chains
from clearance.actions.examinations import decide_examination
from clearance.actions.policies import change_duty, end_posting, keep_policy, post
from clearance.actions.rules import draft_rule, switch_on_rule
from clearance.actions.scans import record_scans
from clearance.actions.supervise import revoke_code, settle
from clearance.actions.watch import unwatch, watch
from clearance.models import (
    Act,
    Chain,
    ChainCheck,
    ChainLink,
    Duty,
    Examination,
    Policy,
    Scan,
)
from clearance.models.guards import GUARDS, lay_guards, lift_guards
from clearance.tasks import verify_chains
from ferry.actions.cases import open_case
from ferry.errors import Conflict
from ferry.models import Case, CaseKind, Weight
from tests.builders import AT, BY, a_checkpoint, a_device, a_route, an_officer, an_operator
from tests.clearance.casts import ALL_RIGHT, LANE, MINUTE, a_scan, an_open_pass, nur_zholy, offline, scanned

pytestmark = pytest.mark.django_db

CHEN = "officer CN-HORGOS/1"
DAY = timedelta(days=1)


def kinds(place: int | None = None) -> list[str]:
    place = a_checkpoint().pk if place is None else place
    return list(ChainLink.objects.filter(place=place).order_by("number").values_list("kind", flat=True))


def faults(at: datetime = AT, **said: Any) -> list[str]:
    told: list[str] = []
    check_chains(tell=lambda fault: told.append(str(fault)), at=at, **said)
    return told


def wrongs(**said: Any) -> set[str]:
    return {fault.split(" ")[0] for fault in faults(**said)}


@contextmanager
def guards_lifted() -> Iterator[None]:
    """Be somebody who may do anything to the database, and puts the guards back afterwards."""
    connection.check_constraints()  # PostgreSQL alters no table that a constraint still waits to see.
    lift_guards(connection)
    yield
    connection.check_constraints()
    lay_guards(connection)


@pytest.fixture(autouse=True)
def _guarded() -> None:
    """Have the guards that tests lift to empty their tables."""
    lay_guards(connection)


def a_small_world() -> None:
    """Scan alone and in a batch, at both sides; examine; act."""
    pass_, other, third = an_open_pass(), an_open_pass(), an_open_pass()
    scanned(pass_.code)
    scanned(pass_.code, nur_zholy())
    place = a_checkpoint()
    batch = [a_scan(one.code, place, scanned_at=AT, offline=offline()) for one in (other, third)]
    record_scans(scans=batch, at=AT, by=LANE)
    Policy.objects.update(examined_share=1.0)
    officer = an_officer()
    for outcome in ("released", "detained", ""):
        scan = scanned(an_open_pass().code)
        if outcome:
            decide_examination(
                scan=scan,
                outcome=outcome,
                note="seal",
                checklist=ALL_RIGHT,
                officer=officer,
                at=AT + MINUTE,
                by=CHEN,
            )
    scanned("nonsense")
    chain(act=Act.WATCHED, checkpoint=None, about="watch 1", content={"value": "…5678"}, at=AT, by=BY)


# --- What is added -------------------------------------------------------------------------------


def test_scans_and_examinations_follow_one_another_each_with_the_hash_of_the_one_before() -> None:
    a_small_world()
    assert kinds()[:3] == ["scanned"] * 3
    assert kinds()[3:9] == ["scanned", "examination_opened", "examined"] * 2
    assert kinds()[9:] == ["scanned", "examination_opened", "scanned"]
    assert kinds(nur_zholy().pk) == ["scanned"]
    assert kinds(0) == ["watched"]
    links = list(ChainLink.objects.filter(place=a_checkpoint().pk).order_by("number"))
    assert [link.number for link in links] == list(range(1, 13))
    assert [link.previous for link in links[1:]] == [link.hash for link in links[:-1]]
    head = Chain.objects.get(place=a_checkpoint().pk)
    assert (head.number, head.hash, head.previous) == (12, links[-1].hash, links[-1].previous)
    assert faults() == []


def test_the_same_scan_again_adds_nothing() -> None:
    scan = a_scan(an_open_pass().code)
    for _turn in range(2):
        record_scans(scans=[scan, scan], at=AT, by=LANE)
    assert kinds() == ["scanned"]


def test_what_was_not_kept_is_not_chained() -> None:
    with transaction.atomic():
        scanned(an_open_pass().code)
        transaction.set_rollback(True)
    assert kinds() == []
    assert faults() == []


# --- What the database refuses -------------------------------------------------------------------


def unexamined() -> QuerySet[Scan]:
    return Scan.objects.exclude(pk__in=Examination.objects.values("scan"))


CHANGES: list[Callable[[], object]] = [
    lambda: ChainLink.objects.update(by="nobody"),
    lambda: ChainLink.objects.all().delete(),
    lambda: Chain.objects.update(number=1),
    lambda: Chain.objects.all()._raw_delete("default"),
    lambda: ChainCheck.objects.update(faults=0),
    lambda: ChainCheck.objects.all().delete(),
    lambda: Scan.objects.update(verdict="release"),
    lambda: unexamined().delete(),
    lambda: unexamined()._raw_delete("default"),
    lambda: Examination.objects.exclude(outcome="").update(outcome="released"),
    lambda: Examination.objects.exclude(outcome="").update(outcome=""),
    lambda: Examination.objects.filter(outcome="").update(opened_at=AT - DAY),
    lambda: Examination.objects.all().delete(),
]


@pytest.mark.parametrize("change", CHANGES)
def test_the_database_refuses_it_and_nothing_moves(change: Callable[[], object]) -> None:
    a_small_world()
    check_chains(at=AT)
    before = everything()
    with pytest.raises(DatabaseError, match=r"only added to|stays as it was"), transaction.atomic():
        change()
    assert everything() == before


@pytest.mark.postgres
@pytest.mark.parametrize("table", [guard.table for guard in GUARDS])
def test_the_database_refuses_to_empty_a_table(table: str) -> None:
    a_small_world()
    with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(f"TRUNCATE {table} CASCADE")
    assert Scan.objects.exists()


def test_every_column_of_a_scan_but_one_is_guarded() -> None:
    scan = scanned(an_open_pass().code)
    a_device()
    an_officer()
    for column, value in other_values(scan).items():
        if column == "passed_at":
            continue
        with pytest.raises(DatabaseError, match="stays as it was"), transaction.atomic():
            update(scan, column, value)
    Scan.objects.update(passed_at=AT + MINUTE)


# --- What a check finds --------------------------------------------------------------------------

TABLES: list[type[models.Model]] = [ChainLink, Chain, Scan, Examination]


def everything() -> dict[str, list[Any]]:
    return {model.__name__: list(model._default_manager.order_by("pk").values()) for model in TABLES}


def one_of_each(model: type[models.Model]) -> list[models.Model]:
    """Give a row of each kind, or verdict, or outcome."""
    kind = {ChainLink: "kind", Chain: "place", Scan: "verdict", Examination: "outcome"}[model]
    return list({getattr(row, kind): row for row in model._default_manager.order_by("pk")}.values())


def update(row: models.Model, column: str, value: Any) -> None:
    """Write into the database, past the application."""
    key = {"place": "place", "number": "number"} if isinstance(row, ChainLink) else {row._meta.pk.attname: ""}
    where = " AND ".join(f"{name} = %s" for name in key)
    with connection.cursor() as cursor:
        table = row._meta.db_table
        keys = [getattr(row, name) for name in key]
        cursor.execute(f"UPDATE {table} SET {column} = %s WHERE {where}", [value, *keys])  # noqa: S608
        assert cursor.rowcount == 1


def other_values(row: models.Model) -> dict[str, Any]:
    """Give another possible value for each column that says something."""
    values = {}
    for field in row._meta.concrete_fields:
        if field.attname != "id":
            values[field.attname] = field.get_db_prep_save(
                _other(field, getattr(row, field.attname)), connection
            )
    return values


def _other(field: models.Field[Any, Any], value: Any) -> Any:
    match field:
        case models.DateTimeField():
            return (value or AT) + timedelta(microseconds=1)
        case models.DurationField():
            return (value or timedelta()) + timedelta(microseconds=1)
        case models.JSONField():
            return {"x": 1}
        case models.UUIDField():
            return value.int ^ 1 and type(value)(int=value.int ^ 1)
        case models.ForeignKey():
            others = field.related_model._default_manager.exclude(pk=value)  # type: ignore[union-attr]
            return others.values_list("pk", flat=True).first()
        case models.IntegerField():
            return value + 1000
    flipped = {"release": "refuse", "exit": "entry", "released": "detained"}
    return flipped.get(value, f"{value[:-1]}{'a' if value[-1:] != 'a' else 'b'}")


def test_any_one_value_altered_is_found() -> None:
    a_small_world()
    a_device()
    assert faults() == []
    missed = []
    with guards_lifted():
        for model in TABLES:
            for row in one_of_each(model):
                for column, value in other_values(row).items():
                    if not _is_found(lambda row=row, at=column, to=value: update(row, at, to)):  # type: ignore[misc]
                        missed.append((model.__name__, row.pk, column))
    assert missed == []


def test_any_one_row_taken_out_is_found() -> None:
    a_small_world()
    missed = []
    with guards_lifted():
        for model in TABLES:
            for row in one_of_each(model):
                own = model._default_manager.filter(pk=row.pk)

                def take_out(own: Any = own, row: models.Model = row) -> None:
                    if isinstance(row, Scan):
                        Examination.objects.filter(scan=row)._raw_delete("default")
                    own._raw_delete("default")

                if not _is_found(take_out):
                    missed.append((model.__name__, row.pk))
    assert missed == []


def test_any_one_row_put_in_is_found() -> None:
    a_small_world()
    rows = [row for model in (ChainLink, Scan, Examination) for row in one_of_each(model)]
    with guards_lifted():
        missed = [row for row in rows if not _is_found(lambda row=row: _put_in(row))]  # type: ignore[misc]
    assert missed == []


def _put_in(row: models.Model) -> None:
    """Put a copy of a row in, or what would come after the last one."""
    if isinstance(row, ChainLink):
        row.number = Chain.objects.get(place=row.place).number + 1
        row.save(force_insert=True)
    elif isinstance(row, Scan):
        row.pk, row.scan_id, row.passed_at = None, other_values(row)["scan_id"], None
        row.scan_id = type(Scan.objects.first().scan_id)(int=99)  # type: ignore[union-attr]
        row.save(force_insert=True)
    elif isinstance(row, Examination):
        free = unexamined().earliest("pk")
        row.pk, row.scan = None, free
        row.save(force_insert=True)


class _Undo(Exception):
    pass


def _is_found(change: Callable[[], object]) -> bool:
    """Make a change, look for it, and take it back."""
    found = False
    try:
        with transaction.atomic():
            change()
            found = bool(wrongs() - {"guard_missing"})
            raise _Undo
    except _Undo:
        return found
    except DatabaseError:
        return True  # A constraint forbids even that.


def test_a_link_taken_out_and_the_rest_closed_up_is_found() -> None:
    for _number in range(3):
        scanned(an_open_pass().code)
    _first, second, third = ChainLink.objects.order_by("number")
    with guards_lifted():
        ChainLink.objects.filter(pk=second.pk).delete()
        Scan.objects.filter(scan_id=second.about).delete()
        update(third, "number", 2)
        Chain.objects.update(number=2)
    assert wrongs() == {"link_inserted", "link_altered"}


def test_a_cut_tail_with_a_head_to_fit_is_found_by_the_check_before() -> None:
    for _number in range(3):
        scanned(an_open_pass().code)
    assert faults() == []
    last = ChainLink.objects.latest("number")
    with guards_lifted():
        ChainLink.objects.filter(pk=last.pk).delete()
        Scan.objects.filter(scan_id=last.about).delete()
        before = ChainLink.objects.latest("number")
        Chain.objects.update(number=2, hash=before.hash, previous=before.previous)
    assert wrongs(at=AT + DAY) == {"tail_cut"}
    scanned(an_open_pass().code)
    assert wrongs(at=AT + DAY) == {"rewritten"}


def test_a_chain_written_anew_is_found_by_a_head_noted_elsewhere() -> None:
    scanned(an_open_pass().code)
    place = a_checkpoint()
    head = Chain.objects.get(place=place.pk)
    noted = {place.pk: {1: head.hash}}
    assert faults(noted=noted) == []
    with guards_lifted():
        for model in (ChainLink, ChainCheck, Chain, Scan):
            model._default_manager.all()._raw_delete("default")  # type: ignore[attr-defined]
    scanned(an_open_pass().code)
    assert wrongs() == set()
    with guards_lifted():
        ChainCheck.objects.all()._raw_delete("default")
    assert wrongs(noted=noted) == {"rewritten"}


def test_a_guard_that_is_gone_is_told() -> None:
    name = "clearance_scan_is_not_changed"
    with connection.cursor() as cursor:
        cursor.execute(f"DROP TRIGGER {name}{' ON clearance_scan' * (connection.vendor == 'postgresql')}")
    assert faults() == [f"guard_missing · {name}"]


def test_a_long_chain_is_read_page_by_page(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("clearance.queries.chain.PAGE", 3)
    a_small_world()
    assert faults() == []
    with guards_lifted():
        ChainLink.objects.filter(place=a_checkpoint().pk, number=4).update(by="nobody")
    assert wrongs() == {"link_altered"}


# --- The command ---------------------------------------------------------------------------------


def verify(*args: str) -> tuple[list[str], int]:
    out, code = io.StringIO(), 0
    try:
        call_command("verify_chain", *args, stdout=out)
    except SystemExit as ended:
        code = int(str(ended.code))
    return out.getvalue().splitlines(), code


def test_the_command_prints_each_head_and_what_is_wrong() -> None:
    scan = scanned(an_open_pass().code)
    head = Chain.objects.get()
    assert verify() == ([f"CN-HORGOS:1:{head.hash} · whole"], 0)
    with guards_lifted():
        Scan.objects.update(lane="9")
    lines, code = verify("--checkpoint", "CN-HORGOS")
    assert code == 1
    assert lines == [
        f"row_altered · CN-HORGOS no. 1 · scanned {scan.scan_id.hex}",
        f"CN-HORGOS:1:{head.hash} · faults: 1",
    ]
    assert verify("--checkpoint", "KZ-NURZHOLY") == ([], 0)


def test_the_command_takes_a_head_that_was_printed_before() -> None:
    scanned(an_open_pass().code)
    (line,), _code = verify()
    assert verify("--noted", line.split(" ")[0])[1] == 0
    assert verify("--noted", f"CN-HORGOS:1:{'f' * 64}")[1] == 1
    with pytest.raises(CommandError, match="no head"):
        verify("--noted", "nonsense")
    with pytest.raises(CommandError, match="no checkpoint"):
        verify("--checkpoint", "XX")


def test_the_checks_are_kept() -> None:
    scanned(an_open_pass().code)
    check_chains(at=AT)
    check = ChainCheck.objects.get(place=a_checkpoint().pk)
    assert (check.number, check.hash, check.faults, check.told) == (1, Chain.objects.get().hash, 0, [])


def test_what_a_link_holds_is_json_that_anybody_can_hash() -> None:
    scanned(an_open_pass().code)
    link = ChainLink.objects.get()
    assert json.loads(json.dumps(link.content)) == {"passed_at": "2026-11-22T04:00:00.000000+00:00"}


# --- Acts ----------------------------------------------------------------------------------------


def said() -> list[tuple[int, str, str, Any]]:
    links = ChainLink.objects.exclude(kind=Act.SCANNED).order_by("place", "number")
    return list(links.values_list("place", "kind", "about", "content"))


def test_what_is_watched_is_chained_without_a_passport_number() -> None:
    entry = watch(kind="passport", value="E12345678", instruction="Hold", at=AT, by=BY)
    unwatch(entry=entry, at=AT, by=BY)
    with pytest.raises(Conflict):
        unwatch(entry=entry, at=AT, by=BY)
    content = {"kind": "passport", "value": "…5678", "instruction": "Hold", "reason": ""}
    about = f"watch {entry.pk}"
    assert said() == [(0, "watched", about, content), (0, "watch_ended", about, content)]
    assert faults() == []


def test_a_watch_that_is_refused_adds_nothing() -> None:
    watch(kind="vin", value="LATPAB071W1005301", instruction="Hold", at=AT, by=BY)
    with pytest.raises(Conflict):
        watch(kind="vin", value="LATPAB071W1005301", instruction="Hold", at=AT, by=BY)
    assert kinds(0) == ["watched"]


def test_a_code_that_a_supervisor_revokes_is_chained_once() -> None:
    trip, place = an_open_pass().trip, a_checkpoint()
    revoke_code(trip=trip, checkpoint=place, reason="stolen", at=AT, by=BY)
    with pytest.raises(Conflict):
        revoke_code(trip=trip, checkpoint=place, reason="stolen", at=AT, by=BY)
    assert said() == [(place.pk, "pass_revoked", trip.reference, {"reason": "stolen"})]
    assert faults() == []


@pytest.mark.parametrize(("resolution", "state"), [("explained", "resolved"), ("written_off", "written_off")])
def test_a_case_that_a_supervisor_settles_is_chained_once(resolution: str, state: str) -> None:
    trip, place = an_open_pass().trip, a_checkpoint()
    about = {"trip": trip, "kind": CaseKind.DAMAGE, "weight": Weight.LOW, "facts": {"x": 1}}
    case = open_case(**about, at=AT, by=BY)
    assert case is not None
    settle(case=case, checkpoint=place, resolution=resolution, note="seen", at=AT, by=BY)
    with pytest.raises(Conflict):
        settle(case=case, checkpoint=place, resolution=resolution, note="seen", at=AT, by=BY)
    assert Case.objects.get().state == state
    ((_place, kind, named, content),) = said()
    assert (kind, named) == ("case_settled", f"case {case.pk}")
    assert content == {"case": case.pk, "kind": "damage", "resolution": resolution, "note": "seen"}
    assert faults() == []


def test_policies_rules_and_postings_are_chained() -> None:
    place, user = a_checkpoint(), an_officer(nur_zholy())
    keep_policy(policy=Policy.objects.get(route=a_route()), at=AT, by=BY)
    rule = draft_rule(checkpoint=place, share=0.1, reason="buses", at=AT, by=BY)
    switch_on_rule(rule=rule, foreseen=1, at=AT, by=BY)
    posting = post(user=user, checkpoint=place, duty=Duty.OFFICER, at=AT, by=BY)
    with pytest.raises(Conflict):
        post(user=user, checkpoint=place, duty=Duty.OFFICER, at=AT, by=BY)
    assert [change_duty(posting=posting, duty=Duty.SUPERVISOR, at=AT, by=BY) for _turn in range(2)] == [
        True,
        False,
    ]
    assert end_posting(posting=posting, at=AT, by=BY)
    assert kinds(0) == ["policy_kept"]
    assert kinds(place.pk) == ["rule_kept", "posted", "duty_changed", "posting_ended"]
    assert faults() == []


# --- What people see -----------------------------------------------------------------------------


def desk(client: Client) -> str:
    with time_machine.travel(AT, tick=False):
        client.force_login(an_officer(duty=Duty.SUPERVISOR))
        return client.get(reverse("desk:chain"), headers={"accept-language": "en"}).content.decode()


def test_the_desk_shows_the_supervisors_own_chains_and_that_they_are_whole(client: Client) -> None:
    scanned(an_open_pass().code)
    head = Chain.objects.get()
    assert "Not checked yet" in desk(client)
    check_chains(at=AT)
    shown = desk(client)
    assert head.hash in shown
    assert "Whole up to no. 1" in shown
    assert "Dostyk" not in shown
    assert "not whole" not in shown


def test_the_desk_and_the_operator_are_alarmed(client: Client) -> None:
    scanned(an_open_pass().code)
    with guards_lifted():
        Scan.objects.update(lane="9")
    check_chains(at=AT)
    shown = desk(client)
    assert "The chain is not whole" in shown
    assert "row_altered" in shown
    with time_machine.travel(AT, tick=False):
        client.force_login(an_operator())
        assert (
            "The chain is not whole"
            in client.get("/admin/", headers={"accept-language": "en"}).content.decode()
        )


def test_the_desk_says_when_nothing_checks_any_more(client: Client) -> None:
    scanned(an_open_pass().code)
    check_chains(at=AT - 2 * DAY)
    assert "no longer checked every day" in desk(client)


def test_the_task_writes_the_heads_to_the_operator(mailoutbox: list[EmailMessage]) -> None:
    operator = an_operator()
    verify_chains()
    assert mailoutbox == []
    scanned(an_open_pass().code)
    verify_chains()
    with guards_lifted():
        Scan.objects.update(lane="9")
    verify_chains()
    whole, broken = mailoutbox
    assert (whole.to, whole.subject) == ([operator.email], "The chains are whole")
    assert f"CN-HORGOS:1:{Chain.objects.get().hash}" in whole.body
    assert broken.subject == "ALARM: the chain is not whole, 1 fault"
    assert "row_altered" in broken.body


# --- What was there before -----------------------------------------------------------------------


def test_the_migration_chains_what_is_there() -> None:
    a_small_world()
    before = everything()
    with guards_lifted():
        ChainLink.objects.all()._raw_delete("default")
        Chain.objects.all()._raw_delete("default")
    migration = import_module("clearance.migrations.0006_chain")
    migration.chain_what_is_there(apps, None)
    assert faults() == []
    assert [everything()[name] for name in ("Scan", "Examination")] == [before["Scan"], before["Examination"]]
    assert ChainLink.objects.filter(kind=Act.EXAMINED).count() == 2
