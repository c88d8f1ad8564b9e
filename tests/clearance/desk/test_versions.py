"""The operator's page for versions of the rules."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.contrib.auth.models import Permission
from django.urls import reverse

from clearance.actions.reconcile import reconcile_all_due
from clearance.models import Duty, VersionSwitch, VersionTrial
from clearance.queries.versions import version_in_force
from clearance.rules.versions import VERSIONS
from clearance.tasks import make_trips_due
from ferry.models import Trip
from tests.builders import AT, a_user, an_officer, an_operator
from tests.clearance.test_versions import damaged, stricter, unreceived, worked  # noqa: F401

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def second(monkeypatch):
    monkeypatch.setitem(VERSIONS, 2, stricter)
    monkeypatch.setattr("clearance.desk.versions._nudge", lambda _task: None)


@pytest.fixture
def operator(client):
    operator = an_operator()
    client.force_login(operator)
    return operator


def page(client, name: str, /, *args, **query):
    return client.get(reverse(f"desk:{name}", args=args), query)


def send(client, name: str, /, *args, **said):
    return client.post(reverse(f"desk:{name}", args=args), said)


@pytest.fixture
def tried(client, operator, unreceived, damaged) -> VersionTrial:  # noqa: F811
    """Have version 2 tried from the page, to its end, when it would not wait for the receipt any more."""
    send(client, "version_try", version=2, since="")
    VersionTrial.objects.update(created_at=AT + timedelta(hours=30))
    return worked(VersionTrial.objects.get())


def test_a_dry_run_is_asked_for_followed_and_read(client, operator, unreceived) -> None:  # noqa: F811
    answer = send(client, "version_try", version=2, since="2026-11-01")
    trial = VersionTrial.objects.get()
    assert answer.url == reverse("desk:version_trial", args=[trial.pk])
    assert trial.created_by == f"operator {operator}"
    assert "0 of about 1 trips" in page(client, "version_trial", trial.pk).content.decode()
    polled = client.get(reverse("desk:version_trial", args=[trial.pk]), headers={"HX-Request": "true"})
    assert polled.status_code == 200
    worked(trial)
    polled = client.get(reverse("desk:version_trial", args=[trial.pk]), headers={"HX-Request": "true"})
    assert polled.status_code == 286


def test_what_would_change_is_counted_listed_and_exported(client, tried, unreceived, damaged) -> None:  # noqa: F811
    answer = page(client, "version_trial", tried.pk)
    counted = {row.only: row.trips for _title, rows in answer.context["summary"] for row in rows}
    assert counted["opens:exit_no_delivery"] == 1
    assert counted["not_found:damage"] == 1
    assert {change.trip for change, _shown in answer.context["changes"]} == {unreceived, damaged}
    only = page(client, "version_trial", tried.pk, only="not_found:damage").context["changes"]
    assert [change.trip for change, _shown in only] == [damaged]
    lines = b"".join(page(client, "version_changes", tried.pk).streaming_content).decode("utf-8-sig")
    assert f"{unreceived.reference},{unreceived.vehicle.vin},waiting,discrepant,exit_no_delivery," in lines


def test_nothing_is_switched_without_the_word_that_it_is_meant(client, operator, unreceived) -> None:  # noqa: F811
    said = {"version": 2, "reason": "the consignees are quick"}
    untried = send(client, "version_switch", **said, is_sure="on")
    assert (untried.status_code, version_in_force()) == (400, 1)
    assert "not tried beside the version in force" in untried.content.decode()
    send(client, "version_try", version=2)
    worked(VersionTrial.objects.get())
    assert "0 of 1 trips would change" in page(client, "versions").content.decode()
    assert send(client, "version_switch", **said).status_code == 400
    assert send(client, "version_switch", version=2, is_sure="on").status_code == 400
    assert version_in_force() == 1
    send(client, "version_switch", **said, is_sure="on")
    assert version_in_force() == 2
    shown = page(client, "versions").content.decode()
    assert "the consignees are quick" in shown
    assert str(VersionSwitch.objects.get().switched_by) == f"operator {operator}"
    Trip.objects.update(next_check_at=None)
    make_trips_due()
    assert Trip.objects.get().next_check_at == AT


def test_one_press_leads_back_to_what_was_in_force(client, tried, unreceived, damaged) -> None:  # noqa: F811
    for version in (2, 1):
        send(client, "version_switch", version=version, reason="x", is_sure="on")
        make_trips_due()
        reconcile_all_due(at=AT + timedelta(hours=30))
        assert set(Trip.objects.values_list("assessed_version", flat=True)) == {version}
    assert version_in_force() == 1


def test_a_dry_run_is_stopped(client, operator, unreceived) -> None:  # noqa: F811
    send(client, "version_try", version=2)
    send(client, "version_stop", VersionTrial.objects.get().pk)
    assert VersionTrial.objects.get().is_stopped


def test_the_list_asks_as_much_for_many_as_for_one(client, tried, django_assert_max_num_queries) -> None:
    with django_assert_max_num_queries(15):
        page(client, "version_trial", tried.pk)


def test_neither_a_supervisor_nor_who_may_only_look_switches_anything(client) -> None:
    client.force_login(an_officer(duty=Duty.SUPERVISOR))
    assert page(client, "versions").status_code == 403
    looker = a_user(is_staff=True)
    looker.user_permissions.set(Permission.objects.filter(codename="view_versionswitch"))
    client.force_login(looker)
    assert page(client, "versions").status_code == 200
    assert send(client, "version_try", version=2).status_code == 403
    assert send(client, "version_switch", version=2, reason="x", is_sure="on").status_code == 403
    assert (version_in_force(), VersionTrial.objects.count()) == (1, 0)
