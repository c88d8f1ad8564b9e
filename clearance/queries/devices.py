"""Find devices and say how they are."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from django.db.models import Q
from django.utils.crypto import salted_hmac

from clearance.models import Device, Policy, Scan
from clearance.queries.lane import SHIFT, scans_at
from clearance.queries.scans import USUAL

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable
    from datetime import datetime

    from django.db.models import QuerySet

    from clearance.models import DeviceState
    from ferry.models import ApiKey, Checkpoint

LAST_SCANS = 20


def enrolment_digest(code: str) -> str:
    """Hash a code for keeping; it is too short for a hash that needs no secret."""
    return salted_hmac("clearance.devices", code, algorithm="sha256").hexdigest()


def devices_at(checkpoints: Collection[Checkpoint]) -> QuerySet[Device]:
    return Device.objects.filter(checkpoint__in=checkpoints).select_related("checkpoint", "key")


def device_of(key: ApiKey) -> Device | None:
    """Find the enrolled device whose key this is."""
    return Device.objects.select_related("checkpoint").filter(key=key).first()


def last_scans_of(device: Device) -> list[Scan]:
    """List the scans of a device's last shift: one silent for long must not cost a search of years."""
    if device.seen_at is None:
        return []
    rows = scans_at([device.checkpoint]).filter(device=device.key_id, recorded_at__gte=device.seen_at - SHIFT)
    return list(rows.order_by("-recorded_at", "-pk")[:LAST_SCANS])


@dataclass(frozen=True)
class DeviceRow:
    """A device as the list shows it; `list_age` is None where it never took a list."""

    device: Device
    state: DeviceState
    is_silent: bool
    list_age: timedelta | None
    is_list_old: bool
    is_clock_wrong: bool


def device_rows(devices: Iterable[Device], *, at: datetime) -> list[DeviceRow]:
    devices = list(devices)
    limits = _limits({device.checkpoint_id for device in devices})
    return [
        _row(device, *limits.get(device.checkpoint_id, (USUAL.list_age_limit, USUAL.clock_skew)), at)
        for device in devices
    ]


def _row(device: Device, list_age_limit: timedelta, clock_skew: timedelta, at: datetime) -> DeviceRow:
    age = max(at - device.list_as_of, timedelta()) if device.list_as_of else None
    return DeviceRow(
        device=device,
        state=device.state(at),
        is_silent=device.is_silent(at),
        list_age=age,
        is_list_old=age is not None and age > list_age_limit,
        is_clock_wrong=abs(device.clock_offset_s or 0) > clock_skew.total_seconds(),
    )


def _limits(checkpoints: Collection[int]) -> dict[int, tuple[timedelta, timedelta]]:
    """Give the strictest limits of the routes at each checkpoint: of a list's age, and of a clock's error."""
    here = Q(route__exit__in=checkpoints) | Q(route__entry__in=checkpoints)
    found: dict[int, tuple[timedelta, timedelta]] = {}
    for policy in Policy.objects.filter(here).select_related("route"):
        own = (policy.list_age_limit, policy.clock_skew)
        for checkpoint in (policy.route.exit_id, policy.route.entry_id):
            known = found.get(checkpoint, own)
            found[checkpoint] = (min(known[0], own[0]), min(known[1], own[1]))
    return found
