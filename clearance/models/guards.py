"""What the database itself refuses, whoever asks: to change or remove what is chained.

Migrations lay the guards, as `ferry.models.guards` says.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ferry.models import guards
from ferry.models.guards import Guard

if TYPE_CHECKING:
    from django.db.backends.base.base import BaseDatabaseWrapper

GUARDS = (
    Guard("clearance_chainlink", "A chain is only added to.", refused="true"),
    Guard("clearance_chaincheck", "A check of a chain stays as it was.", refused="true"),
    Guard(
        "clearance_chain",
        "A chain is only added to.",
        refused="NEW.number <= OLD.number OR NEW.place <> OLD.place",
    ),
    Guard(
        "clearance_scan",
        "A scan stays as it was; only whether the vehicle was let through may change.",
        may_change=("passed_at",),
    ),
    Guard(
        "clearance_examination",
        "An examination is decided once and stays as it was.",
        refused="NOT (OLD.outcome = '' AND NEW.outcome <> '')",
    ),
)


def guard_names(vendor: str) -> set[str]:
    """Name the triggers that must be there."""
    return guards.guard_names(vendor, GUARDS)


def guards_laid(connection: BaseDatabaseWrapper) -> set[str]:
    """Name the triggers that are there and awake."""
    return guards.guards_laid(connection, GUARDS)


def lay_guards(connection: BaseDatabaseWrapper) -> None:
    """Lay every guard, in place of those that are there."""
    guards.lay_guards(connection, GUARDS)


def lift_guards(connection: BaseDatabaseWrapper) -> None:
    """For migrations alone."""
    guards.lift_guards(connection, GUARDS)
