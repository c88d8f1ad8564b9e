"""What every call of a device shares: it stands at one checkpoint, and its key says what it may do."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from clearance.api.lines import read_scan
from ferry.api.keys import DeviceKey, insist_on_right
from ferry.api.parsers import LineJSON
from ferry.api.views import View
from ferry.codes import read_short_code
from ferry.models import Right

if TYPE_CHECKING:
    from clearance.actions.scans import ScanInput
    from ferry.models import ApiKey, Checkpoint


class DeviceView(View):
    """A call of a device, which stands at one checkpoint; its key needs the `right` that the call names."""

    right: ClassVar[str] = ""
    permission_classes = (DeviceKey,)
    parser_classes = (LineJSON,)
    filterset_class = None
    pagination_class = None

    @property
    def checkpoint(self) -> Checkpoint:
        return checkpoint_of(self.key)

    @property
    def by(self) -> str:
        return device_name(self.key)


def checkpoint_of(key: ApiKey) -> Checkpoint:
    """Give the checkpoint that a device's key is for."""
    checkpoint = key.checkpoint
    assert checkpoint is not None  # noqa: S101  (the database keeps a checkpoint with a device's key)
    return checkpoint


def device_name(key: ApiKey) -> str:
    """Name a device as what it did says by whom."""
    return f"device {checkpoint_of(key).code}/{key.label}"


def read_scan_of(key: ApiKey, line: Any) -> ScanInput:
    """Read one scan that the device with this key may send."""
    scan = read_scan(line, checkpoint_of(key))
    if not key.has_right(Right.SHORT_CODE) and read_short_code(scan.code):
        insist_on_right(key, Right.SHORT_CODE, "code")
    return scan
