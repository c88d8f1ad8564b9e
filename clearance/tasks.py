"""What beat does on schedule. A message says only that it is time; the tables say what is due."""

from __future__ import annotations

from time import monotonic

import structlog
from celery import shared_task
from django.utils import timezone

from clearance.actions import levels, redate, versions
from clearance.actions import reconcile as actions
from clearance.actions.bulk import work_desk_job
from clearance.actions.chain import check_chains
from clearance.actions.imports import RECORDS
from clearance.actions.reports import count_new_scans
from clearance.actions.versions import work_trial
from clearance.models import RecordImport
from clearance.queries.chain import operators, places
from clearance.queries.versions import open_trials
from clearance.report_letters import place_letter
from ferry.actions.file_imports import remove_old_imports
from ferry.mail import send_letter
from ferry.models import Checkpoint
from ferry.queries.bulk import open_desk_jobs
from ferry.tasks import LINES_AT_ONCE, send_report_letters, work_in_turn, work_trade

log = structlog.get_logger(__name__)

#: Long enough to get on, short enough for the worker's other tasks to have their turn.
WORK_S = 5


@shared_task
def reconcile() -> None:
    tally = actions.reconcile_all_due(at=timezone.now())
    if tally.checked:
        log.info("reconciled", **vars(tally))


@shared_task
def level_cases() -> None:
    moved = levels.level_all_due(at=timezone.now())
    if moved:
        log.info("levelled", cases=moved)


@shared_task
def work_desk_jobs() -> None:
    work_in_turn(open_desk_jobs, lambda one: work_desk_job(job=one, at=timezone.now(), limit=LINES_AT_ONCE))


@shared_task
def lapse_passes() -> None:
    lapsed = redate.lapse_passes(at=timezone.now())
    if lapsed:
        log.info("lapsed", trips=lapsed)


@shared_task
def redate_closures() -> None:
    redated = redate.redate_closures(at=timezone.now())
    if redated:
        log.info("redated", passes=redated)


@shared_task
def try_versions() -> None:
    """Try whatever versions wait for it, a slice at a time."""
    work_in_turn(open_trials, lambda one: work_trial(trial=one, at=timezone.now()))


@shared_task
def make_trips_due() -> None:
    """Make due what another version judged than was switched on, until none is left or time is up."""
    until = monotonic() + WORK_S
    while monotonic() < until and versions.make_trips_due(at=timezone.now()):
        pass


@shared_task
def verify_chains() -> None:
    """Check every chain, and write its heads where the database cannot change them: the log and a letter."""
    checks = check_chains(at=timezone.now())
    names = places()
    told = [
        {"name": names[check.place], "number": check.number, "hash": check.hash, "told": check.told}
        for check in checks
        if check.number or check.faults
    ]
    faults = sum(check.faults for check in checks)
    for one in told:
        (log.error if one["told"] else log.info)("chain_checked", **one)
    if told:
        for operator in operators():
            send_letter(
                "chain", [operator.email], language=operator.language or "en", heads=told, faults=faults
            )


@shared_task
def count_scans() -> None:
    """Count what every checkpoint recorded since the last time; of a backlog a day in turn."""
    at = timezone.now()
    behind = list(Checkpoint.objects.order_by("pk"))
    until = monotonic() + WORK_S
    while behind and monotonic() < until:
        behind = [place for place in behind if count_new_scans(checkpoint=place, at=at)]


@shared_task
def work_record_imports() -> None:
    """Read and import whatever waits."""
    work_trade(RECORDS)


@shared_task
def remove_record_imports() -> None:
    """Remove uploaded files of records kept long enough; the records and their lines stay."""
    removed = remove_old_imports(model=RecordImport, at=timezone.now())
    if removed:
        log.info("removed record imports", count=removed)


@shared_task
def send_reports() -> None:
    """Send checkpoints' letters that are due."""
    send_report_letters(of_checkpoints=True, write=place_letter)
