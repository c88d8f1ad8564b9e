"""Switch a version of the assessment on."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

import structlog
from django.db import transaction
from django.utils.translation import gettext_lazy as _

from clearance.models import VersionSwitch
from clearance.queries.versions import of_other_versions, version_in_force
from clearance.rules.versions import VERSIONS
from ferry.errors import Invalid, Reason
from ferry.models import Trip

SLICE = 500

log = structlog.get_logger(__name__)


def switch_version(
    *, version: int, at: datetime, by: str, tell: Callable[[int], None] = lambda _count: None
) -> bool:
    """Have all trips judged by a version from now on; False if it is in force already.

    Every trip that another version judged is due now, in slices of their own transactions: switched on
    again, it takes up where it was stopped. `tell` hears how many are due so far.
    """
    if version not in VERSIONS:
        raise Invalid(Reason("version_unknown", _("There is no such version of the rules."), "version"))
    with transaction.atomic():
        is_new = version_in_force() != version
        if is_new:
            VersionSwitch.objects.create(version=version, switched_at=at, switched_by=by)
            log.info("version_switched", version=version, by=by)
    _make_due(version, at, tell)
    return is_new


def _make_due(version: int, at: datetime, tell: Callable[[int], None]) -> None:
    last, count = 0, 0
    trips = of_other_versions(version).order_by("pk")
    while pks := list(trips.filter(pk__gt=last).values_list("pk", flat=True)[:SLICE]):
        last, count = pks[-1], count + len(pks)
        Trip.objects.filter(pk__in=pks).update(next_check_at=at)
        tell(count)
