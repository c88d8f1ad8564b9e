"""A real worker takes real messages from the configured broker and does what they say is due."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from threading import Event
from typing import Any

import pytest
import time_machine
from celery import Celery
from celery.contrib.testing.worker import start_worker
from celery.signals import task_postrun
from django.conf import settings
from django.db import connections

from ferry.actions.trips import driver_back
from ferry.models import Case, CaseKind, Closure, Outcome, Trip, TripState
from tests.builders import AT, BY, an_issued_trip
from tests.clearance.story import arrive, confirm, leave

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
#: Long past what any machine needs; a test that fails waits so long, no other does.
DEADLINE_S = 60


@pytest.fixture
def app(tmp_path: Path) -> Iterator[Celery]:
    """Give the application with a queue of its own, on Redis where that is configured."""
    app = Celery("ferry-under-test", set_as_current=False)
    app.config_from_object("django.conf:settings", namespace="CELERY")
    app.conf.task_default_queue = f"test-{uuid.uuid4().hex}"
    if not settings.REDIS_URL:
        for folder in ("messages", "control", "processed"):
            (tmp_path / folder).mkdir()
        app.conf.broker_transport_options = {
            "data_folder_in": str(tmp_path / "messages"),
            "data_folder_out": str(tmp_path / "messages"),
            "control_folder": str(tmp_path / "control"),
            "processed_folder": str(tmp_path / "processed"),
        }
    app.autodiscover_tasks(force=True)
    app.finalize()
    yield app
    app.close()


class Done:
    """Know when the worker has run a task, by its own signal, so that nobody reads while it writes."""

    def __init__(self) -> None:
        self.events: dict[str, Event] = {}

    def __call__(self, *, task_id: str, **_rest: Any) -> None:
        connections.close_all()
        self.events.setdefault(task_id, Event()).set()

    def wait(self, task_id: str) -> None:
        assert self.events.setdefault(task_id, Event()).wait(DEADLINE_S), "The worker did not run it."


@pytest.fixture
def done() -> Iterator[Done]:
    done = Done()
    task_postrun.connect(done, weak=False)
    yield done
    task_postrun.disconnect(done)


def run(app: Celery, done: Done, *names: str) -> None:
    with start_worker(app, pool="solo", perform_ping_check=False, shutdown_timeout=DEADLINE_S):
        for name in names:
            done.wait(app.send_task(name).id)


def test_beat_calls_only_tasks_that_there_are(app: Celery) -> None:
    assert {entry["task"] for entry in settings.CELERY_BEAT_SCHEDULE.values()} <= app.tasks.keys()


@pytest.mark.django_db(transaction=True)
def test_a_worker_discharges_what_is_proved_and_opens_a_case_for_what_is_not(app: Celery, done: Done) -> None:
    proved, unproved = leave(an_issued_trip(), AT), leave(an_issued_trip(), AT)
    arrive(proved, AT + HOUR)
    confirm(proved, AT + 2 * HOUR)
    for trip in (proved, unproved):
        driver_back(trip=trip, occurred_at=AT + 9 * HOUR, at=AT + 9 * HOUR, by=BY)
    with time_machine.travel(AT + 3 * DAY):
        run(app, done, "clearance.tasks.reconcile", "clearance.tasks.reconcile")
    proved.refresh_from_db()
    assert (proved.state, proved.outcome) == (TripState.DISCHARGED, Outcome.MATCHED)
    assert Case.objects.get().kind == CaseKind.EXIT_NO_DELIVERY
    assert Case.objects.get().trip == unproved


@pytest.mark.django_db(transaction=True)
def test_a_worker_lapses_redates_and_keeps_the_keys(app: Celery, done: Done) -> None:
    late = an_issued_trip()
    closed = an_issued_trip(opens_at=AT + 5 * DAY, closes_at=AT + 5 * DAY + 8 * HOUR)
    Closure.objects.create(starts_at=AT + 4 * DAY, ends_at=AT + 7 * DAY, reason="holiday")
    with time_machine.travel(AT + 3 * DAY):
        names = ("clearance.tasks.redate_closures", "clearance.tasks.lapse_passes", "ferry.tasks.rotate_keys")
        run(app, done, *names)
    assert Trip.objects.get(pk=late.pk).state == TripState.LAPSED
    assert Trip.objects.get(pk=closed.pk).opens_at == AT + 7 * DAY
