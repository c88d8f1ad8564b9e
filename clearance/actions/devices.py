"""Make devices known, enrol them by a code that is good once, and end them."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from clearance.actions.chain import chain
from clearance.models import Act, Device, DeviceKind
from clearance.models.device import LONGEST_LANE
from clearance.queries.devices import enrolment_digest
from ferry import codes
from ferry.actions.keys import make_api_key, revoke_api_key
from ferry.errors import Conflict, Invalid, NotYours, Reason
from ferry.models import ApiKey, KeyKind, Right
from ferry.rules.letters import plain_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime

    from ferry.models import Checkpoint

CODE_GOOD_FOR = timedelta(minutes=15)
LIST_NOTED_EVERY = timedelta(minutes=1)
LONGEST_NAME = 80

#: A camera reads what is printed: whoever steals its key cannot try short codes with it.
USUAL_RIGHTS: Mapping[DeviceKind, tuple[Right, ...]] = {
    DeviceKind.CAMERA: (Right.SCAN, Right.LIST),
    DeviceKind.HANDHELD: (Right.SCAN, Right.SHORT_CODE, Right.LIST),
    DeviceKind.TABLET: (Right.SCAN, Right.SHORT_CODE, Right.LIST),
}


def add_device(
    *,
    checkpoint: Checkpoint,
    kind: DeviceKind,
    lane: str,
    name: str = "",
    rights: Iterable[str] | None = None,
    at: datetime,
    by: str,
) -> tuple[Device, str]:
    """Make a device known and give the code by which it enrols, which cannot be shown again.

    Without a name it is called by its kind and lane. Every device may scan.
    """
    lane, name = _lane(lane), plain_text(name)
    code = codes.new_short_code()
    with transaction.atomic():
        device = Device.objects.create(
            name=name[:LONGEST_NAME] or f"{kind.label} {lane}",
            kind=kind,
            checkpoint=checkpoint,
            lane=lane,
            rights=_rights(USUAL_RIGHTS[kind] if rights is None else rights),
            added_at=at,
            added_by=by,
            code_digest=enrolment_digest(code),
            code_expires_at=at + CODE_GOOD_FOR,
        )
    return device, code


def renew_code(*, device: Device, at: datetime) -> str:
    """Give a device that is not enrolled yet a new code; the old one is dead."""
    code = codes.new_short_code()
    with transaction.atomic():
        waiting = Device.objects.filter(pk=device.pk, key=None, revoked_at=None)
        if not waiting.update(code_digest=enrolment_digest(code), code_expires_at=at + CODE_GOOD_FOR):
            detail = _("This device is enrolled or revoked already. Add it as a new one.")
            raise Conflict(Reason("not_waiting", detail))
    return code


def enrol_device(*, code: str, name: str = "", software: str = "", at: datetime) -> tuple[Device, str]:
    """Give the device that shows a supervisor's code a key, once.

    A code that was used is told as such: if it was somebody else, the supervisor must know.
    """
    with transaction.atomic():
        device = _awaited(code, at)
        key, token = make_api_key(
            kind=KeyKind.DEVICE,
            label=device.name,
            checkpoint=device.checkpoint,
            scopes=device.rights.split(),
            at=at,
            by=device.added_by,
        )
        said = {"own_name": plain_text(name)[:LONGEST_NAME], "software": plain_text(software)[:LONGEST_NAME]}
        # Two that show one code at once both come this far; the first to write takes it.
        free = Device.objects.filter(pk=device.pk, key=None, revoked_at=None, code_expires_at__gt=at)
        if not free.update(key=key, enrolled_at=at, **said):
            raise Conflict(USED)
        device.refresh_from_db()
        _chain(Act.DEVICE_ENROLLED, device, {"rights": device.rights}, at, device.added_by)
    return device, token


def _awaited(code: str, at: datetime) -> Device:
    stored = codes.read_short_code(code)
    if stored is None:
        raise Invalid(MISTYPED)
    device = (
        Device.objects.select_related("checkpoint", "key")
        .filter(code_digest=enrolment_digest(stored))
        .first()
    )
    if device is None:
        raise NotYours(UNKNOWN)
    if device.key is not None:
        raise Conflict(USED)
    if device.revoked_at is not None or at >= device.code_expires_at:
        raise Conflict(OVER)
    return device


MISTYPED = Reason(
    "code_mistyped", _("This is no enrolment code: a letter is wrong. Compare it and type it again."), "code"
)
UNKNOWN = Reason(
    "code_unknown", _("No device waits for this code. Ask the supervisor for a new one."), "code"
)
USED = Reason(
    "code_used",
    _(
        "This code was used already. If it was not by this device, tell the supervisor at once; "
        "he revokes the other and makes a new code."
    ),
    "code",
)
OVER = Reason(
    "code_expired",
    _("This code has expired. Ask the supervisor for a new one; it is good for 15 minutes."),
    "code",
)


def change_device(*, device: Device, name: str, lane: str) -> Device:
    """Call a device otherwise, or move it to another lane, which it hears when it next asks."""
    lane, name = _lane(lane), plain_text(name)[:LONGEST_NAME]
    if not name:
        raise Invalid(Reason("name_missing", _("Give the device a name."), "name"))
    with transaction.atomic():
        if not Device.objects.filter(pk=device.pk, revoked_at=None).update(name=name, lane=lane):
            raise Conflict(Reason("device_revoked", _("This device is revoked. Add it as a new one.")))
        ApiKey.objects.filter(enrolled=device).update(label=name)
    device.name, device.lane = name, lane
    return device


def revoke_device(*, device: Device, reason: str, at: datetime, by: str) -> bool:
    """End a device: its next call is refused, and so is its code. False if it was revoked before."""
    with transaction.atomic():
        device = (
            Device.objects.select_for_update(of=("self",))
            .select_related("key__company", "checkpoint")
            .get(pk=device.pk)
        )
        if device.revoked_at is not None:
            return False
        Device.objects.filter(pk=device.pk).update(
            revoked_at=at, revoked_by=by, revoke_reason=plain_text(reason)[:200]
        )
        if device.key is not None:
            revoke_api_key(key=device.key, at=at, by=by)
        _chain(Act.DEVICE_REVOKED, device, {"reason": reason}, at, by)
    return True


def _chain(act: Act, device: Device, said: Mapping[str, str], at: datetime, by: str) -> None:
    content = {"kind": device.kind, "name": device.name, "lane": device.lane, **said}
    about = f"device {device.pk}"
    chain(act=act, checkpoint=device.checkpoint, about=about, content=content, at=at, by=by)


def note_list(*, key: ApiKey, clock_offset_s: float | None, at: datetime) -> None:
    """Note which list a device holds from now on, to the minute; a bare key has no device."""
    before = Device.objects.filter(key=key).exclude(list_as_of__gt=at - LIST_NOTED_EVERY)
    before.update(list_as_of=at, clock_offset_s=clock_offset_s)


def _lane(lane: str) -> str:
    lane = plain_text(lane)
    if not (lane.isprintable() and 0 < len(lane) <= LONGEST_LANE):
        detail = _("Name the lane in 1 to 20 printable characters.")
        raise Invalid(Reason("lane_unusable", detail, "lane"))
    return lane


def _rights(rights: Iterable[str]) -> str:
    """Write rights in their order; what can scan nothing is no device."""
    wanted = {*rights, Right.SCAN}
    return " ".join(right for right in Right.values if right in wanted)
