"""The demonstration is made whole, found again, and good enough to try everything in."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.core.management import CommandError
from django.test import Client
from django.utils import timezone

from clearance.demo.make import make_demonstration
from ferry.models import (
    Closure,
    Company,
    Trip,
    TripEvent,
    TripState,
)
from tests.builders import AT, a_company, an_issued_trip
from tests.clearance.demonstration import counts, demo

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _a_trial(settings: Any) -> None:
    settings.DEBUG = True


@pytest.mark.parametrize("hour", [0, 7, 16, 23])
def test_it_lies_in_the_last_three_weeks_at_any_hour_of_the_day(hour: int) -> None:
    at = datetime(2026, 11, 22, hour, 59, 59, 999, tzinfo=UTC)
    make_demonstration(at=at)
    exits = list(Trip.objects.filter(exited_at__isnull=False).values_list("exited_at", flat=True))
    assert timedelta(days=20) < at - min(exits) < timedelta(days=22)
    assert not TripEvent.objects.filter(recorded_at__gt=at).exists()
    assert not Trip.objects.filter(next_check_at__lte=at).exists()
    assert set(Trip.objects.values_list("state", flat=True)) == set(TripState.values)


def test_it_is_made_once_and_prints_the_same_every_time() -> None:
    first = demo("--json")
    there, companies = counts(), list(Company.objects.values())
    assert demo("--json") == first
    assert counts() == there
    assert list(Company.objects.values()) == companies


def test_it_leaves_other_companies_alone() -> None:
    trip = an_issued_trip(a_company())
    before = Trip.objects.filter(pk=trip.pk).values().get()
    make_demonstration(at=AT + timedelta(days=10))
    assert Trip.objects.filter(pk=trip.pk).values().get() == before


def test_it_refuses_where_debug_is_off_and_makes_nothing(settings: Any) -> None:
    settings.DEBUG = False
    with pytest.raises(CommandError, match="--force"):
        demo()
    assert not Company.objects.exists()


def test_forced_where_debug_is_off_its_passwords_are_not_the_known_ones(
    settings: Any, client: Client
) -> None:
    settings.DEBUG = False
    opens = json.loads(demo("--json", "--force"))
    assert opens["officer"]["password"] != opens["supervisor"]["password"]
    assert not client.login(email=opens["officer"]["email"], password="camel-bridge-2026")
    assert client.login(email=opens["officer"]["email"], password=opens["officer"]["password"])


def test_it_says_why_it_cannot_be_made_and_makes_nothing() -> None:
    now = timezone.now()
    Closure.objects.create(
        starts_at=now - timedelta(days=40), ends_at=now + timedelta(days=2), reason="Everything is closed"
    )
    with pytest.raises(CommandError, match="closed"):
        demo()
    assert not Company.objects.exists()
