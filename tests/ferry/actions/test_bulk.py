"""One thing done to many trips."""

from __future__ import annotations

import uuid

import pytest

from ferry.actions.bulk import plan_bulk_job, work_bulk_job
from ferry.errors import Invalid, NotYours
from ferry.models import BulkJob, BulkLine, LineState, TripEvent, TripState
from tests.builders import AT, BY, a_company, a_licence, a_trip, an_issued_trip

pytestmark = pytest.mark.django_db


def asked(company, trips, act="issue", **fields) -> BulkJob:
    usual = {"key": uuid.uuid4(), "reason": "", "language": "en", "at": AT, "by": BY}
    return plan_bulk_job(company=company, act=act, trips=[one.pk for one in trips], **{**usual, **fields})[0]


def test_it_issues_the_good_ones_and_keeps_every_reason_of_the_others():
    company = a_company()
    a_licence(company)
    good, gone = a_trip(company), an_issued_trip(company)
    gone.state = TripState.EXITED
    gone.save()
    gone.passes.update(state="spent")
    job = asked(company, [good, gone])
    assert work_bulk_job(job=job, at=AT, limit=10) == 2
    good.refresh_from_db()
    job.refresh_from_db()
    assert good.state == TripState.READY
    assert job.finished_at == AT
    refused = job.lines.get(state=LineState.REFUSED)
    assert (refused.trip, refused.reasons[0]["code"]) == (gone, "trip_not_planned")


def test_it_cancels_with_the_reason():
    company = a_company()
    trip = a_trip(company)
    work_bulk_job(job=asked(company, [trip], "cancel", reason="snow"), at=AT, limit=10)
    trip.refresh_from_db()
    assert trip.state == TripState.CANCELLED
    assert TripEvent.objects.get(trip=trip, kind="cancelled").data == {"reason": "snow"}


def test_asked_twice_it_is_one_job_and_worked_twice_nothing_more_happens():
    company, key = a_company(), uuid.uuid4()
    trip = a_trip(company)
    job = asked(company, [trip], key=key)
    assert asked(company, [trip], key=key) == job
    work_bulk_job(job=job, at=AT, limit=1)
    events = TripEvent.objects.count()
    assert work_bulk_job(job=job, at=AT, limit=1) == 0
    assert TripEvent.objects.count() == events
    assert BulkLine.objects.count() == 1


def test_a_strangers_trip_is_not_there_and_nothing_is_written():
    trip = a_trip(a_company("East Star Trade"))
    with pytest.raises(NotYours):
        asked(a_company(), [trip])
    assert not BulkJob.objects.exists()


@pytest.mark.parametrize(
    ("act", "reason", "code"), [("cancel", " ", "reason_missing"), ("sell", "", "unknown_act")]
)
def test_what_cannot_be_done_is_refused_and_nothing_is_written(act, reason, code):
    company = a_company()
    trip = a_trip(company)
    with pytest.raises(Invalid) as refused:
        asked(company, [trip], act, reason=reason)
    assert [one.code for one in refused.value.reasons] == [code]
    assert not BulkJob.objects.exists()
    trip.refresh_from_db()
    assert trip.state == TripState.PLANNED
