"""Read an examination: why, what to look at, what was found; and whether a release may be withdrawn."""

from __future__ import annotations

from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from django.db.models import Q

from clearance.models import (
    Comparison,
    Crossing,
    Duty,
    Examination,
    Photo,
    Policy,
    Posting,
    Record,
    RecordKind,
    Scan,
    SelectionRule,
    Withdrawal,
)
from clearance.rules.checklist import BY_RULE, WITHDRAWN, Checklist, checklist_for
from clearance.rules.selection import is_within
from clearance.rules.withdrawal import Passed
from ferry.models import Powertrain

if TYPE_CHECKING:
    from django.db.models import QuerySet

    from ferry.models import Trip, User

WITH_BATTERY = (Powertrain.BEV, Powertrain.PHEV)
#: What says that a vehicle went on from a crossing; at the entry it had left China anyway.
WENT_ON = {
    Crossing.EXIT.value: (RecordKind.BORDER_EXIT, RecordKind.KZ_ENTRY, RecordKind.RETURN),
    Crossing.ENTRY.value: (RecordKind.KZ_ENTRY, RecordKind.RETURN),
}


def examination_in_full(examination: Examination) -> Examination:
    """Load an examination with what its checklist depends on."""
    rows = Examination.objects.select_related("scan__checkpoint", "scan__pass_used", "scan__trip__vehicle")
    return rows.get(pk=examination.pk)


def checklist_of(examination: Examination) -> Checklist:
    """Give the checklist for the reasons of an examination that is loaded in full."""
    scan = examination.scan
    assert scan.trip is not None  # noqa: S101  (only a known pass is examined)
    vehicle = scan.trip.vehicle
    return checklist_for(
        causes_of(examination),
        has_plate=bool(vehicle.plate),
        has_battery=vehicle.powertrain in WITH_BATTERY,
    )


def causes_of(examination: Examination) -> list[str]:
    scan = examination.scan
    if scan.withdrawals.filter(withdrawn_at=examination.opened_at).exists():
        return [WITHDRAWN]
    codes = [reason["code"] for reason in scan.reasons]
    return [*codes, BY_RULE] if "selected" in codes and rules_for(scan) else codes


def rules_for(scan: Scan) -> list[SelectionRule]:
    """List the selection rules that a scan's vehicle matches at the hour of the scan."""
    assert scan.trip is not None  # noqa: S101
    vehicle = scan.trip.vehicle
    rules = SelectionRule.objects.filter(
        Q(checkpoint=None) | Q(checkpoint=scan.checkpoint_id),
        Q(company=None) | Q(company=scan.trip.company_id),
        Q(powertrain="") | Q(powertrain=vehicle.powertrain),
        is_active=True,
    )
    hour = scan.scanned_at.astimezone(ZoneInfo(scan.checkpoint.time_zone)).hour
    return [rule for rule in rules.order_by("pk") if is_within(hour, rule.from_hour, rule.until_hour)]


def comparisons_of(examination: Examination) -> list[Comparison]:
    """List comparisons, the newest first."""
    return list(Comparison.objects.filter(examination=examination).order_by("-pk"))


def latest_compared(examination: Examination) -> dict[str, bool]:
    """Say of the latest comparison of each kind whether it fits."""
    rows = Comparison.objects.filter(examination=examination).order_by("pk")
    return dict(rows.values_list("what", "is_same"))


def photos_at(checkpoint_ids: set[int]) -> QuerySet[Photo]:
    return Photo.objects.filter(examination__scan__checkpoint__in=checkpoint_ids)


def examinations_of(scan: Scan) -> list[Examination]:
    """List all examinations of a scan's pass at its crossing, the newest first."""
    if scan.pass_used_id is None:
        return []
    rows = Examination.objects.filter(scan__pass_used=scan.pass_used_id, scan__crossing=scan.crossing)
    full = rows.select_related("officer", "scan").prefetch_related("comparisons", "photos")
    return list(full.order_by("-pk"))


def withdrawals_of(scan: Scan) -> list[Withdrawal]:
    """List what was withdrawn of a scan's pass at its crossing, the newest first."""
    if scan.pass_used_id is None:
        return []
    rows = Withdrawal.objects.filter(scan__pass_used=scan.pass_used_id, scan__crossing=scan.crossing)
    return list(rows.select_related("supervisor").order_by("-pk"))


# --- Withdrawing -------------------------------------------------------------------------------


def supervises(user: User, checkpoint_id: int) -> bool:
    return Posting.objects.filter(user=user.pk, checkpoint=checkpoint_id, duty=Duty.SUPERVISOR).exists()


def passed_of(scan: Scan, trip: Trip) -> Passed | None:
    """Put together what is known of a passing; None where the scan let nothing through."""
    if scan.passed_at is None:
        return None
    scans = Scan.objects.filter(trip=trip.pk).exclude(pk=scan.pk)
    elsewhere = Q(scanned_at__gt=scan.passed_at) & ~Q(checkpoint=scan.checkpoint_id)
    again = Q(crossing=scan.crossing, passed_at__isnull=False)
    policy = Policy.objects.filter(route=trip.route_id).first() or USUAL
    return Passed(
        crossing=scan.crossing,
        passed_at=scan.passed_at,
        trip_state=trip.state,
        seen_elsewhere=scans.filter(elsewhere | again).exists(),
        on_record=Record.objects.filter(trip=trip.pk, kind__in=WENT_ON[scan.crossing]).exists(),
        driver_is_back=trip.driver_returned_at is not None,
        within=policy.withdraw_within,
    )


USUAL = Policy()
