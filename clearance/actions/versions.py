"""Try a version of the assessment, and switch it on."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

import structlog
from django.db import IntegrityError, transaction
from django.db.models import F
from django.utils.translation import gettext_lazy as _

from clearance.actions.chain import chain
from clearance.models import Act, VersionChange, VersionSwitch, VersionTrial
from clearance.queries.versions import (
    Looked,
    assessed_trips,
    look_at,
    may_be_switched_on,
    of_other_versions,
    open_trials,
    version_in_force,
)
from clearance.rules.versions import VERSIONS
from ferry.errors import Conflict, Invalid, Reason
from ferry.models import Trip

SLICE = 500

log = structlog.get_logger(__name__)


def switch_version(
    *, version: int, reason: str, at: datetime, by: str, tell: Callable[[int], None] = lambda _count: None
) -> bool:
    """Have all trips judged by a version from now on; False if it is in force already.

    Every trip that another version judged is due now, in slices of their own transactions: switched on
    again, it takes up where it was stopped. `tell` hears how many are due so far.
    """
    is_new = put_in_force(version=version, reason=reason, at=at, by=by)
    last, count = 0, 0
    while pks := _others(version, last):
        last, count = pks[-1], count + len(pks)
        Trip.objects.filter(pk__in=pks).update(next_check_at=at)
        tell(count)
    VersionSwitch.objects.filter(version=version, due_at__isnull=True).update(due_at=at)
    return is_new


def switch_on(*, version: int, reason: str, at: datetime, by: str) -> bool:
    """Put a version in force, as `put_in_force`, that was tried or was in force before; Conflict else."""
    if version in VERSIONS and not may_be_switched_on(version):
        detail = _("It was not tried beside the version in force. Start the dry run, and look at it first.")
        raise Conflict(Reason("version_untried", detail, "version"))
    return put_in_force(version=version, reason=reason, at=at, by=by)


def put_in_force(*, version: int, reason: str, at: datetime, by: str) -> bool:
    """Have trips judged by a version as they fall due, and leave those there are to `make_trips_due`."""
    if version not in VERSIONS:
        raise Invalid(_unknown())
    if not reason.strip():
        raise Invalid(Reason("reason_missing", _("Say why this version is switched on."), "reason"))
    with transaction.atomic():
        before = version_in_force()
        if before == version:
            return False
        VersionSwitch.objects.create(version=version, switched_at=at, switched_by=by, reason=reason)
        said = {"from": before, "to": version, "reason": reason}
        chain(act=Act.VERSION_SWITCHED, checkpoint=None, about=str(version), content=said, at=at, by=by)
    log.info("version_switched", version=version, by=by)
    return True


def make_trips_due(*, at: datetime) -> int:
    """Make a slice of what another version judged than was switched on last due; 0 when none is left."""
    switch = VersionSwitch.objects.order_by("-pk").first()
    if switch is None or switch.due_at is not None:
        return 0
    pks = _others(switch.version, switch.due_to)
    stands = VersionSwitch.objects.filter(pk=switch.pk, due_to=switch.due_to)
    with transaction.atomic():
        Trip.objects.filter(pk__in=pks).update(next_check_at=at)
        stands.update(**({"due_to": pks[-1]} if pks else {"due_at": at}))
    return len(pks)


def _others(version: int, after: int) -> list[int]:
    trips = of_other_versions(version).filter(pk__gt=after).order_by("pk")
    return list(trips.values_list("pk", flat=True)[:SLICE])


# --- The dry run -------------------------------------------------------------------------------


def start_trial(*, version: int, since: datetime | None, at: datetime, by: str) -> VersionTrial:
    """Have a version tried beside the one in force; where that is being done already, give that dry run.

    The lists of earlier ones are dropped: they are as long as history. What they counted stays.
    """
    if version not in VERSIONS:
        raise Invalid(_unknown())
    beside = version_in_force()
    if version == beside:
        detail = _("This version is in force. Choose another, to see what it would change.")
        raise Conflict(Reason("version_in_force", detail, "version"))
    if beside not in VERSIONS:
        detail = _("This release does not have the version in force, so there is nothing to compare with.")
        raise Conflict(Reason("version_gone", detail, "version"))
    said = {"since": since, "total": assessed_trips(since=since).count(), "created_at": at, "created_by": by}
    try:
        with transaction.atomic():
            VersionChange.objects.filter(trial__finished_at__isnull=False).delete()
            return VersionTrial.objects.create(version=version, beside=beside, **said)
    except IntegrityError:
        return open_trials().get(version=version)


def work_trial(*, trial: VersionTrial, at: datetime) -> int:
    """Judge its next slice of trips, all at the moment it was asked for; give how many, 0 at its end."""
    stands = VersionTrial.objects.filter(pk=trial.pk, last=trial.last, finished_at__isnull=True)
    if not {trial.version, trial.beside} <= set(VERSIONS):
        stands.update(finished_at=at, is_stopped=True)
        return 0
    looked = look_at(trial.version, trial.beside, since=trial.since, after=trial.last, at=trial.created_at)
    if looked is None:
        stands.update(finished_at=at)
        return 0
    with transaction.atomic():
        moved = stands.update(
            last=looked.last,
            seen=F("seen") + looked.seen,
            changed=F("changed") + len(looked.changes),
            summary=_summed(trial, looked),
        )
        if moved:
            VersionChange.objects.bulk_create(_rows(trial, looked))
    return moved and looked.seen


def stop_trial(*, trial: VersionTrial, at: datetime) -> bool:
    """Stop a dry run where it is; False if it is at its end."""
    unfinished = VersionTrial.objects.filter(pk=trial.pk, finished_at__isnull=True)
    return bool(unfinished.update(finished_at=at, is_stopped=True))


def _summed(trial: VersionTrial, looked: Looked) -> dict[str, dict[str, int]]:
    summary = {what: dict(counts) for what, counts in trial.summary.items()}
    for _trip, change in looked.changes:
        for what, name in change.told:
            counts = summary.setdefault(what, {})
            counts[name] = counts.get(name, 0) + 1
    return summary


def _rows(trial: VersionTrial, looked: Looked) -> list[VersionChange]:
    return [
        VersionChange(
            trial=trial,
            trip_id=trip.id,
            outcome_from=change.outcome_from,
            outcome_to=change.outcome_to,
            opens=_apart(change.opens),
            not_found=_apart(change.not_found),
        )
        for trip, change in looked.changes
    ]


def _apart(kinds: tuple[str, ...]) -> str:
    return f" {' '.join(kinds)} " if kinds else ""


def _unknown() -> Reason:
    return Reason("version_unknown", _("There is no such version of the rules."), "version")
