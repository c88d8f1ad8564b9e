"""Devices at the demonstration's gates: one that is well, and one whose list has grown old."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from clearance.actions.devices import add_device, enrol_device, note_list
from clearance.demo.cast import ENTRY, EXIT, SUPERVISOR
from clearance.models import DeviceKind
from ferry.actions.keys import note_use
from ferry.models import Checkpoint

if TYPE_CHECKING:
    from datetime import datetime

DEVICES = (
    (EXIT, DeviceKind.CAMERA, "2", "霍尔果斯 2 号通道相机", "SN 4410-0917", timedelta(0)),
    (ENTRY, DeviceKind.HANDHELD, "1", "Нұр Жолы қол сканері", "SN 7731-0042", timedelta(hours=7)),
)


def enrol_devices(*, since: datetime, now: datetime) -> None:
    by = f"supervisor {SUPERVISOR[1]}"
    for code, kind, lane, name, own_name, silent_for in DEVICES:
        checkpoint = Checkpoint.objects.get(code=code)
        _device, said = add_device(checkpoint=checkpoint, kind=kind, lane=lane, name=name, at=since, by=by)
        device, _token = enrol_device(code=said, name=own_name, software="Ferryman gate 1", at=since)
        if device.key is not None:
            note_use(key=device.key, at=now - silent_for)
            note_list(key=device.key, clock_offset_s=1.0, at=now - silent_for)
