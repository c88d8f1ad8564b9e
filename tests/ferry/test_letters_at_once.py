"""Several workers at the same letters on PostgreSQL: each is sent once, and tells all of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.core import mail
from django.db import transaction

from clearance.actions.levels import level_all_due
from clearance.models import Duty
from clearance.tasks import send_reports as send_checkpoint_reports
from ferry import tasks
from ferry.actions.cases import open_case
from ferry.actions.enquiries import claim_enquiries, write_enquiry
from ferry.actions.notices import claim_letters
from ferry.actions.pay import accrue_missing
from ferry.actions.report_letters import claim_report_letters, queue_letters, subscribe
from ferry.models import (
    Case,
    CaseKind,
    CaseStep,
    EntryKind,
    Membership,
    Notice,
    NoticeKind,
    Party,
    PayEntry,
    ReportLetter,
    StepKind,
    Trip,
    TripState,
    Weight,
)
from tests.builders import AT, BY, a_checkpoint, a_company, a_member, a_trip, an_issued_trip, an_officer
from tests.threads import at_once

pytestmark = [pytest.mark.postgres, pytest.mark.django_db(transaction=True)]

#: Eight in the morning in Beijing on the first of December.
FIRST = datetime(2026, 12, 1, 0, tzinfo=UTC)
WORKERS = 4
DAY = timedelta(days=1)


def work(*calls: Callable[[], object], at: datetime) -> None:
    """Have several workers do the same at the same time, until each has found nothing more to do."""

    def all_calls() -> None:
        for _turn in range(3):
            for call in calls:
                call()

    with time_machine.travel(at, tick=False):
        at_once(*[all_calls] * WORKERS)


def sent() -> Counter[tuple[str, str]]:
    return Counter((letter.to[0], letter.subject) for letter in mail.outbox)


@pytest.mark.usefixtures("standard_data")
class TestReports:
    def readers(self) -> list[str]:
        company, place = a_company(), a_checkpoint()
        members = [a_member(company) for _number in range(30)]
        for member in members:
            subscribe(user=member.user, membership=member, rhythm="month", language="en", at=AT)
        supervisors = [an_officer(place, Duty.SUPERVISOR) for _number in range(5)]
        for user in supervisors:
            subscribe(user=user, checkpoint=place, rhythm="month", language="en", at=AT)
        return [*(member.user.email for member in members), *(user.email for user in supervisors)]

    def test_each_letter_is_queued_and_sent_once(self) -> None:
        readers = self.readers()
        work(tasks.send_reports, send_checkpoint_reports, at=FIRST)
        assert sorted(letter.to[0] for letter in mail.outbox) == sorted(readers)
        assert ReportLetter.objects.filter(sent_at=FIRST, due_at=None, tries=1).count() == len(readers)

    def test_what_a_worker_took_who_was_killed_is_sent_later_and_once(self) -> None:
        readers = self.readers()
        queue_letters(at=FIRST)
        taken = claim_report_letters(of_checkpoints=False, at=FIRST)
        work(tasks.send_reports, send_checkpoint_reports, at=FIRST)
        assert len(mail.outbox) == len(readers) - len(taken)
        work(tasks.send_reports, send_checkpoint_reports, at=FIRST + timedelta(hours=1))
        assert sorted(letter.to[0] for letter in mail.outbox) == sorted(readers)


class TestNotices:
    KINDS = (NoticeKind.REFUSED, NoticeKind.CASE_OPENED, NoticeKind.PAPERS, NoticeKind.ROSTER)

    def members(self) -> list[Membership]:
        """Have members whose digests of several lines are due at once."""
        company = a_company()
        members = [a_member(company) for _number in range(40)]
        Notice.objects.bulk_create(
            Notice(membership=member, kind=kind, count=2, began_at=AT, at=AT, mail_due_at=AT)
            for kind in self.KINDS
            for member in members
        )
        return members

    def test_each_digest_is_one_letter_of_all_its_lines(self) -> None:
        members = self.members()
        work(tasks.send_letters, at=AT)
        assert sorted(letter.to[0] for letter in mail.outbox) == sorted(one.user.email for one in members)
        assert Notice.objects.filter(mailed_at=AT, mail_due_at=None, mail_tries=1).count() == 4 * 40

    def test_a_member_whom_a_worker_holds_is_left_whole_to_it(self) -> None:
        held, *others = self.members()
        with transaction.atomic():
            Membership.objects.select_for_update(no_key=True).get(pk=held.pk)
            [taken] = at_once(lambda: claim_letters(at=AT))
        assert {letter[0].membership_id for letter in taken} == {one.pk for one in others}
        [letter] = claim_letters(at=AT)
        assert [line.membership_id for line in letter] == [held.pk] * len(self.KINDS)

    def test_what_a_worker_took_who_was_killed_is_sent_later_and_once(self) -> None:
        members = self.members()
        taken = claim_letters(at=AT)
        work(tasks.send_letters, at=AT)
        assert len(mail.outbox) == len(members) - len(taken)
        work(tasks.send_letters, at=AT + timedelta(hours=1))
        assert sorted(letter.to[0] for letter in mail.outbox) == sorted(one.user.email for one in members)


class TestCases:
    def cases(self, count: int) -> list[Case]:
        facts = {"left_at": (AT - 2 * DAY).isoformat()}
        said = {"kind": CaseKind.EXIT_NO_DELIVERY, "weight": Weight.HIGH, "facts": facts, "at": AT}
        company = a_company()
        found = [open_case(trip=a_trip(company), by="reconciliation", **said) for _number in range(count)]
        return [case for case in found if case is not None]

    def test_each_enquiry_goes_by_mail_once(self) -> None:
        for case in self.cases(12):
            write_enquiry(
                case=case,
                to="consignee",
                email=f"office{case.pk}@almaty-auto.example",
                sender="Silk Road Cars",
                party=Party.COMPANY,
                at=AT,
                by=BY,
            )
        work(tasks.send_enquiries, at=AT)
        assert set(sent().values()) == {1}
        assert len(mail.outbox) == 12
        assert CaseStep.objects.filter(mailed_at=AT, mail_due_at=None, mail_tries=1).count() == 12
        assert claim_enquiries(at=AT + DAY) == []

    def test_each_case_moves_up_once(self) -> None:
        cases = self.cases(30)
        at_once(*[lambda: level_all_due(at=AT + 100 * DAY)] * WORKERS)
        steps = Counter(CaseStep.objects.values_list("case", "kind"))
        assert steps == dict.fromkeys(
            (
                (case.pk, kind)
                for case in cases
                for kind in (StepKind.OPENED, StepKind.ENQUIRED, StepKind.ESCALATED)
            ),
            1,
        )


def test_each_delivered_trip_is_accrued_once() -> None:
    company = a_company()
    trips = [an_issued_trip(company) for _number in range(12)]
    Trip.objects.update(state=TripState.DELIVERED, exited_at=AT, arrived_at=AT, delivered_at=AT)
    found = at_once(*[lambda: accrue_missing(at=AT, by=BY)] * WORKERS)
    assert sum(found) == len(trips)
    accrued = PayEntry.objects.filter(kind=EntryKind.ACCRUAL).values_list("trip", flat=True)
    assert sorted(accrued) == sorted(trip.pk for trip in trips)
