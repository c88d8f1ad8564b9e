"""What may go wrong on a trip, what of it is on record, and which cases follow by docs/reconciliation.md."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from ferry.models import CaseKind as K

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
#: In the course of a trip: scanned by a lane with a link, by one without, or not at all.
ONLINE, OFFLINE, NEVER = "online", "offline", "never"


@dataclass(frozen=True)
class Course:
    """How a trip goes and what is told of it. As it stands here all goes well and everybody says so.

    `exit_after` is since the planned exit; all other times are since the exit itself.
    """

    exit_scan: str = ONLINE
    exit_after: timedelta = timedelta(0)
    uploaded_after: timedelta = 3 * HOUR
    is_redated: bool = False
    is_on_old_sheet: bool = False
    is_copied: bool = False
    has_old_sheet_copied: bool = False
    border_exit: bool = True
    border_line_has_vin: bool = True
    border_sees_another: bool = False
    entry_scan: bool = True
    register: bool = True
    register_mistypes: bool = False
    register_has_passport: bool = True
    receipt_after: timedelta | None = 7 * HOUR
    is_damaged: bool = False
    has_other_receiver: bool = False
    is_not_taken: bool = False
    is_detained: bool = False
    return_after: timedelta | None = 14 * HOUR
    returns_with_vehicle: bool = False
    lines_are_late: timedelta = timedelta(0)
    lines_are_doubled: bool = False
    is_driven: bool = True

    # Of the declaration:
    is_closed: bool = True
    is_amended: bool = False
    is_deleted: bool = False
    has_another_vehicle: bool = False

    @property
    def has_entry_scan(self) -> bool:
        """Say whether it is scanned in Kazakhstan: only where its exit is known there."""
        return self.entry_scan and self.exit_scan == ONLINE

    @property
    def closes(self) -> bool:
        return self.is_closed and self.is_driven

    @property
    def may_be_shared(self) -> bool:
        """Say whether other trips may be on its declaration: what befalls that would befall them."""
        befallen = self.is_amended or self.is_deleted or self.has_another_vehicle
        return self.closes and self.exit_scan != NEVER and not befallen


class Fault:
    """What differs from the course, which evidence nobody will ever see, and which kinds must be found.

    After `keeps_driver` he drives no more: nothing says that he is back, or not until long after.
    """

    def __init__(
        self,
        *kinds: K,
        of_declaration: tuple[K, ...] = (),
        withheld: tuple[str, ...] = (),
        keeps_driver: bool = False,
        **changes: Any,
    ) -> None:
        self.kinds, self.of_declaration, self.withheld = kinds, of_declaration, withheld
        self.keeps_driver, self.changes = keeps_driver, changes


#: Two trips of it are one story, told by clearance.simulation.script.
SWAPPED, SAME_NUMBER = "swapped", "same_number"

FAULTS: Mapping[str, Fault] = {
    "lost_receipt": Fault(K.EXIT_NO_DELIVERY, receipt_after=None, withheld=("R5",)),
    "lost_exit_scan": Fault(
        K.DELIVERY_NO_EXIT, of_declaration=(K.QUANTITY_DIFFERS,), exit_scan=NEVER, withheld=("R1", "R2")
    ),
    "mistyped": Fault(K.VIN_MISMATCH, register_mistypes=True),
    "mistyped_alone": Fault(
        K.VIN_MISMATCH, register_mistypes=True, register_has_passport=False, withheld=("passport",)
    ),
    "other_driver": Fault(K.DRIVER_MISMATCH, border_sees_another=True),
    SWAPPED: Fault(K.DRIVER_MISMATCH),
    "never_closed": Fault(of_declaration=(K.DECLARATION_NOT_CLOSED,), is_closed=False, withheld=("R6",)),
    "amended": Fault(K.DECLARATION_CHANGED, is_amended=True),
    "deleted": Fault(K.DECLARATION_CHANGED, K.NEVER_USED, is_deleted=True, is_driven=False),
    "left_behind": Fault(of_declaration=(K.QUANTITY_DIFFERS,), has_another_vehicle=True),
    "copied": Fault(K.PASS_REUSED, is_copied=True),
    "old_sheet_copied": Fault(
        K.VEHICLE_TWICE, K.EXIT_OUTSIDE_WINDOW, is_redated=True, has_old_sheet_copied=True, entry_scan=False
    ),
    "on_old_sheet": Fault(K.STALE_OFFLINE_RELEASE, is_redated=True, is_on_old_sheet=True, exit_scan=OFFLINE),
    "left_late": Fault(K.EXIT_OUTSIDE_WINDOW, exit_scan=OFFLINE, exit_after=9 * HOUR),
    "lost_entry": Fault(K.IMPOSSIBLE_ORDER, entry_scan=False, register=False, withheld=("R4",)),
    "other_receiver": Fault(K.CONSIGNEE_DIFFERS, has_other_receiver=True),
    "damaged": Fault(K.DAMAGE, is_damaged=True),
    "never_used": Fault(K.NEVER_USED, is_driven=False),
    "not_taken": Fault(
        K.RETURNED_UNDELIVERED,
        receipt_after=None,
        is_not_taken=True,
        return_after=20 * HOUR,
        returns_with_vehicle=True,
    ),
    "turned_back": Fault(
        K.RETURNED_UNDELIVERED,
        receipt_after=None,
        entry_scan=False,
        register=False,
        return_after=9 * HOUR,
        returns_with_vehicle=True,
    ),
    "detained": Fault(
        K.RETURNED_UNDELIVERED,
        receipt_after=None,
        register=False,
        is_detained=True,
        return_after=20 * HOUR,
        returns_with_vehicle=True,
    ),
    "lost_return": Fault(K.OVERSTAY, return_after=None, withheld=("R7",), keeps_driver=True),
    "stayed_on": Fault(K.OVERSTAY, return_after=33 * DAY, keeps_driver=True),
    SAME_NUMBER: Fault(
        K.DRIVER_OVERLAP,
        border_line_has_vin=False,
        lines_are_late=5 * HOUR,
        entry_scan=False,
        keeps_driver=True,
    ),
}

#: What looks odd and is none: nothing may be found of it.
HARMLESS: Mapping[str, Mapping[str, Any]] = {
    "received_late": {"receipt_after": 40 * HOUR},
    "offline": {"exit_scan": OFFLINE},
    "uploaded_late": {"exit_scan": OFFLINE, "uploaded_after": 11 * HOUR},
    "doubled": {"lines_are_doubled": True},
    "told_late": {"lines_are_late": 20 * HOUR},
    "no_border_line": {"border_exit": False},
    "no_entry_scan": {"entry_scan": False},
    "no_register": {"register": False},
    "redated": {"is_redated": True},
}
#: Before a closed day: received when 48 hours have run on the wall, but not of those the crossing was open.
RECEIVED_OVER_IT: Mapping[str, Any] = {"receipt_after": 60 * HOUR}


@dataclass(frozen=True)
class Truth:
    """What is true of a trip or a declaration, by its own key: the kinds that must be found, no others.

    Kinds that are found `later` are true as well, but wait for a limit that has not run out.
    """

    about: str
    key: str
    fault: str
    kinds: tuple[str, ...]
    withheld: tuple[str, ...] = field(default=())
    later: tuple[str, ...] = field(default=())
