"""Keep checkpoints, routes, closures and licensed commodities, which the operator decides."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from ferry.actions.keeping import keep, refuse_unless_valid
from ferry.errors import Conflict, Reason
from ferry.models import Case, CaseState, Checkpoint, Closure, LicensedCommodity, Route
from ferry.rules.findings import FINE

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime


def keep_place(*, place: Checkpoint | Route, at: datetime, by: str) -> None:
    refuse_unless_valid(place, FINE)
    keep(place, at=at, by=by)


def keep_closure(*, closure: Closure, at: datetime, by: str) -> None:
    """Announce or change a closure that is not over; passes that lie in it are re-dated as they fall due.

    A closure that is over stopped clocks, which reconciliation must count the same way for ever.
    """
    before = Closure.objects.filter(pk=closure.pk).first()
    if closure.ends_at <= at or (before and before.ends_at <= at):
        detail = _("A closure that is over stays as it was; clocks were stopped by it.")
        raise Conflict(Reason("closure_over", detail, "ends_at"))
    if closure.ends_at <= closure.starts_at:
        detail = _("A closure ends after it starts. Compare the two times.")
        raise Conflict(Reason("closure_ends_first", detail, "ends_at"))
    refuse_unless_valid(closure, FINE)
    keep(closure, at=at, by=by)
    _place_cases_anew(closure, at)


def drop_closure(*, closure: Closure, at: datetime, by: str) -> bool:
    """Take back a closure that has not begun; False if it is gone already."""
    if closure.starts_at <= at:
        detail = _("This closure has begun. End it instead: change the time when it ends.")
        raise Conflict(Reason("closure_begun", detail))
    closure._history_date, closure._change_reason = at, by  # type: ignore[attr-defined]
    _place_cases_anew(closure, at)
    return bool(Closure.objects.filter(pk=closure.pk).exists() and closure.delete()[0])


def close_routes(
    *,
    routes: Sequence[Route],
    starts_at: datetime,
    ends_at: datetime,
    reason: str,
    holiday_in: str = "",
    at: datetime,
    by: str,
) -> list[Closure]:
    """Announce one closure on each of these routes, all or none; Conflict where it stands already."""
    if Closure.objects.filter(route__in=routes, starts_at=starts_at, ends_at=ends_at).exists():
        detail = _("This closure is announced already. Look at the list.")
        raise Conflict(Reason("closure_exists", detail, "starts_at"))
    closures = [
        Closure(
            route=route, starts_at=starts_at, ends_at=ends_at, reason=reason.strip(), holiday_in=holiday_in
        )
        for route in routes
    ]
    with transaction.atomic():
        for closure in closures:
            keep_closure(closure=closure, at=at, by=by)
    return closures


def end_closure(*, closure: Closure, at: datetime, by: str) -> None:
    """Open again now, or take back what has not begun; once. Passes that were moved stay moved."""
    with transaction.atomic():
        now = Closure.objects.select_for_update().filter(pk=closure.pk).first()
        if now is None or now.ends_at <= at:
            detail = _("This closure is over already.")
            raise Conflict(Reason("closure_over", detail))
        if now.starts_at >= at:
            now._history_date, now._change_reason = at, by  # type: ignore[attr-defined]
            now.delete()
        else:
            now.ends_at = at
            keep(now, at=at, by=by)
        _place_cases_anew(now, at)


def _place_cases_anew(closure: Closure, at: datetime) -> None:
    """Have open cases looked at whose clocks this closure stops."""
    cases = Case.objects.filter(state=CaseState.OPEN)
    if closure.route_id is not None:
        cases = cases.filter(route=closure.route_id)
    cases.update(level_at=at)


def keep_commodity(*, commodity: LicensedCommodity) -> None:
    refuse_unless_valid(commodity, FINE)
    commodity.save()


def drop_commodity(*, commodity: LicensedCommodity) -> bool:
    return bool(LicensedCommodity.objects.filter(pk=commodity.pk).delete()[0])
