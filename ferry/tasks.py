"""What beat does on schedule. A message says only that it is time; the tables say what is due."""

from __future__ import annotations

import traceback
from concurrent.futures import ThreadPoolExecutor
from smtplib import SMTPException
from time import monotonic
from typing import TYPE_CHECKING, Any

import structlog
from celery import shared_task
from django.core.mail import get_connection
from django.utils import timezone

from ferry import courier
from ferry.actions import announce as announcing
from ferry.actions import lookout, refund
from ferry.actions.bulk import work_bulk_job
from ferry.actions.enquiries import claim_enquiries, claim_unprepared, enquiry_sent, prepare_enquiry
from ferry.actions.file_imports import remove_old_imports
from ferry.actions.hooks import CALLED_AT_ONCE, claim_calls, keep_answers
from ferry.actions.import_work import FLEET, claim_import, work_import
from ferry.actions.keys import rotate_old_signing_key
from ferry.actions.notices import claim_letters, letter_sent
from ferry.actions.refund import claim_package, make_package
from ferry.actions.report_letters import claim_report_letters, queue_letters, report_letter_done
from ferry.actions.reports import count_marked_days
from ferry.actions.roster import work_roster
from ferry.mail import mail_enquiry
from ferry.models import Membership
from ferry.notice_letters import write_letter
from ferry.queries.bulk import open_bulk_jobs
from ferry.queries.roster import open_rosters
from ferry.report_letters import company_letter

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from django.core.mail import EmailMultiAlternatives
    from django.core.mail.backends.base import BaseEmailBackend

    from ferry.actions.hooks import Call
    from ferry.actions.import_work import Trade
    from ferry.courier import Answer
    from ferry.models import Notice, Upload

log = structlog.get_logger(__name__)

#: Long enough to get on, short enough for the worker's other tasks to have their turn.
WORK_S = 5
LINES_AT_ONCE = 20
#: One receipt takes a good half second to draw.
PACKAGE_S = 20


@shared_task
def rotate_keys() -> None:
    key = rotate_old_signing_key(at=timezone.now())
    if key is not None:
        log.info("rotated", kid=str(key))


@shared_task
def work_rosters() -> None:
    work_in_turn(open_rosters, lambda one: work_roster(roster=one, at=timezone.now(), limit=LINES_AT_ONCE))


@shared_task
def work_bulk_jobs() -> None:
    work_in_turn(open_bulk_jobs, lambda one: work_bulk_job(job=one, at=timezone.now(), limit=LINES_AT_ONCE))


@shared_task
def make_refund_packages() -> None:
    """Go on with the packages of proofs that wait, until time is up; the next reminder takes the rest."""
    until = monotonic() + PACKAGE_S
    while monotonic() < until and (package := claim_package(at=timezone.now())) is not None:
        try:
            make_package(package=package, now=timezone.now, is_time_up=lambda: monotonic() > until)
        except Exception:
            log.exception("package stopped", package=package.pk)


def work_in_turn(waiting: Callable[[], Iterable[Any]], work: Callable[[Any], int]) -> None:
    """Work each job that is open a little, in turn, until time is up; beat soon reminds us of the rest."""
    until = monotonic() + WORK_S
    worked = 1
    while worked and monotonic() < until:
        worked = sum(_work(one, work) for one in waiting() if monotonic() < until)


def _work(job: Any, work: Callable[[Any], int]) -> int:
    """Work one job; what breaks it must not stop the others, and its lines stay waiting."""
    try:
        return work(job)
    except Exception:
        log.exception("job stopped", kind=job._meta.model_name, job=job.pk)
        return 0


@shared_task
def announce() -> None:
    """Announce what happened since, until nothing waits or time is up."""
    until = monotonic() + WORK_S
    while monotonic() < until and announcing.announce(at=timezone.now()):
        pass


@shared_task
def call_endpoints() -> None:
    """Bring waiting events to several endpoints at once, until nothing is due or time is up."""
    until = monotonic() + WORK_S
    while monotonic() < until and _call_some():
        pass


def _call_some() -> bool:
    claimed = claim_calls(at=timezone.now())
    if not claimed:
        return False
    # Threads only carry; the database is this thread's alone.
    with ThreadPoolExecutor(CALLED_AT_ONCE) as threads:
        for answers in threads.map(_bring, claimed):
            _keep(answers)
    return True


def _bring(calls: Sequence[Call]) -> list[tuple[Call, Answer | None]]:
    """Make the calls of one endpoint one after another, and none after one that failed."""
    answers: list[tuple[Call, Answer | None]] = []
    has_failed = False
    for call in calls:
        answer = None if has_failed else courier.bring(call.url, call.body, call.headers)
        has_failed = answer is None or not answer.is_taken
        answers.append((call, answer))
    return answers


def _keep(answers: Sequence[tuple[Call, Answer | None]]) -> None:
    if answers and keep_answers(answers=answers, at=timezone.now()):
        log.info("endpoint paused", endpoint=answers[0][0].endpoint_id)


@shared_task
def send_letters() -> None:
    """Send every member the letter that is due; what a mail server does not take is tried again later."""
    letters = claim_letters(at=timezone.now())
    if not letters:
        return
    members = Membership.objects.select_related("user", "company").in_bulk(
        [notices[0].membership_id for notices in letters]
    )
    mail = get_connection()
    for notices in letters:
        if notices[0].membership_id in members:
            _send(members[notices[0].membership_id], notices, mail)


@shared_task
def prepare_enquiries() -> None:
    """Prepare the letters of formal enquiries; one that cannot be drawn is tried again later."""
    for step in claim_unprepared(at=timezone.now()):
        try:
            prepare_enquiry(step=step, at=timezone.now(), by="reconciliation")
        except Exception:
            log.exception("enquiry not prepared", step=step.pk)


@shared_task
def send_enquiries() -> None:
    """Send letters of enquiry; what a mail server does not take is tried again later."""
    for step in claim_enquiries(at=timezone.now()):
        if mail_enquiry(step):
            enquiry_sent(step=step, at=timezone.now())


def _send(membership: Membership, notices: Sequence[Notice], mail: BaseEmailBackend) -> None:
    unread = [one for one in notices if one.read_at is None]
    try:
        if unread and membership.user.is_active and membership.company.is_active:
            letter = write_letter(membership, unread)
            letter.connection = mail
            letter.send()
    except (SMTPException, OSError) as error:
        log.warning("letter not sent", member=membership.pk, error=type(error).__name__)
    else:
        letter_sent(notices=notices, at=timezone.now())


@shared_task
def look_ahead() -> None:
    """Tell of what ends soon, and take the day's look at every company."""
    at = timezone.now()
    lookout.tell_ahead(at=at)
    while lookout.look_at_companies(at=at):
        pass


@shared_task
def sweep() -> None:
    swept = lookout.sweep(at=timezone.now())
    if swept:
        log.info("swept", rows=swept)


@shared_task
def work_imports() -> None:
    """Read and import whatever waits."""
    work_trade(FLEET)


def work_trade(trade: Trade) -> None:
    """Read and import whatever waits of one kind of import, each in turn, until time is up."""
    until = monotonic() + WORK_S
    while (
        monotonic() < until
        and (file_import := claim_import(model=trade.model, at=timezone.now())) is not None
    ):
        _work_import(file_import, trade)


def _work_import(file_import: Upload, trade: Trade) -> None:
    """Work one import; what breaks it must not stop the others.

    The log tells where it broke, without the error's own words: they may quote somebody's passport.
    """
    try:
        work_import(file_import=file_import, now=timezone.now, trade=trade)
    except Exception as error:
        where = "".join(traceback.format_tb(error.__traceback__))
        log.error("import stopped", file_import=file_import.pk, error=type(error).__name__, where=where)


@shared_task
def remove_imports() -> None:
    """Remove uploaded spreadsheets kept long enough."""
    removed = remove_old_imports(at=timezone.now())
    if removed:
        log.info("removed imports", count=removed)


@shared_task
def remove_lost_files() -> None:
    """Remove files of packages whose worker died before their rows were written."""
    removed = refund.remove_lost_files(at=timezone.now())
    if removed:
        log.info("removed lost files", count=removed)


@shared_task
def count_days() -> None:
    """Count the days that changed, until none is left or time is up."""
    until = monotonic() + WORK_S
    while monotonic() < until and count_marked_days():
        pass


@shared_task
def send_reports() -> None:
    """Have the letters of periods that are over written, and send companies' that are due."""
    queue_letters(at=timezone.now())
    send_report_letters(of_checkpoints=False, write=company_letter)


def send_report_letters(*, of_checkpoints: bool, write: Callable[..., EmailMultiAlternatives | None]) -> None:
    """Send what is due and still its reader's to have; what no mail server takes is tried again later."""
    letters = claim_report_letters(of_checkpoints=of_checkpoints, at=timezone.now())
    connection = get_connection() if letters else None
    for letter in letters:
        mail = write(letter, at=timezone.now())
        try:
            if mail is not None:
                mail.connection = connection
                mail.send()
        except (SMTPException, OSError) as error:
            log.warning("report not sent", letter=letter.pk, error=type(error).__name__)
        else:
            report_letter_done(letter=letter, is_sent=mail is not None, at=timezone.now())
