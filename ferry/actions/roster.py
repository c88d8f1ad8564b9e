"""Plan the trips of a roster and issue their codes as one job, line by line."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import Exists, OuterRef
from django.utils import translation
from django.utils.translation import gettext_lazy as _

from ferry.actions.passes import issue_pass
from ferry.actions.trips import plan_trip
from ferry.errors import Conflict, Invalid, NotYours, Reason, Refused
from ferry.models import LineState, Roster, RosterLine, Vehicle
from ferry.queries.roster import last_returns, taken_vehicles
from ferry.rules.issue import judge_window
from ferry.rules.roster import (
    DriverFacts,
    VehicleFacts,
    driver_twice,
    reasons_against_driver,
    reasons_against_vehicle,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime
    from uuid import UUID

    from ferry.models import Company, Trip
    from ferry.queries.roster import Pair, Window


def plan_roster(
    *,
    company: Company,
    key: UUID,
    window: Window,
    pairs: Sequence[Pair],
    delivery_place: str,
    consignee_name: str,
    consignee_phone: str,
    consignee_language: str,
    language: str,
    at: datetime,
    by: str,
) -> tuple[Roster, bool]:
    """Write a roster down, to be worked line by line; with a known `key` give that roster, and False.

    Papers are judged when a line is worked, for they may still change until then.
    """
    known = Roster.objects.filter(company=company, key=key).first()
    if known is not None:
        return known, False
    _refuse_what_is_not_theirs(company, pairs)
    _refuse_what_cannot_be(window, pairs, at)
    try:
        with transaction.atomic():
            roster = Roster.objects.create(
                company=company,
                key=key,
                route=window.route,
                opens_at=window.opens_at,
                closes_at=window.closes_at,
                delivery_place=delivery_place,
                consignee_name=consignee_name,
                consignee_phone=consignee_phone,
                consignee_language=consignee_language,
                language=language,
                created_at=at,
                created_by=by,
            )
            RosterLine.objects.bulk_create(
                RosterLine(
                    roster=roster, vehicle=pair.vehicle, driver=pair.driver, declaration=pair.declaration
                )
                for pair in pairs
            )
    except IntegrityError:
        return Roster.objects.get(company=company, key=key), False
    return roster, True


def work_roster(*, roster: Roster, at: datetime, limit: int) -> int:
    """Work up to so many waiting lines and give how many it was; the last one finishes the roster.

    Each line is a transaction of its own and happens wholly or not at all, so a killed worker leaves whole
    lines behind, and any number of workers share a roster. Events name who asked for the roster.
    """
    worked = 0
    while worked < limit and _work_line(roster, at):
        worked += 1
    _finish(roster, at)
    return worked


def _work_line(roster: Roster, at: datetime) -> bool:
    with transaction.atomic():
        line = _claim(roster)
        if line is None:
            return False
        try:
            with transaction.atomic():
                trip = _plan_and_issue(roster, line, at)
        except Refused as refused:
            _settle(line, at, LineState.REFUSED, reasons=_in_words(refused.reasons, roster.language))
        else:
            _settle(line, at, LineState.DONE, trip=trip)
    return True


def _claim(roster: Roster) -> RosterLine | None:
    lines = RosterLine.objects.filter(roster=roster, state=LineState.WAITING).order_by("pk")
    lines = lines.select_related("driver", "declaration")
    return lines.select_for_update(skip_locked=True, of=("self",)).first()


def _plan_and_issue(roster: Roster, line: RosterLine, at: datetime) -> Trip:
    """Plan and issue, or refuse with what the roster's rules and those for a code have against it.

    The vehicle is held, so that nobody plans another trip for it meanwhile.
    """
    vehicle = Vehicle.objects.select_for_update().get(pk=line.vehicle_id)
    reasons = _against(roster, line)
    try:
        trip = plan_trip(
            company=roster.company,
            vehicle=vehicle,
            driver=line.driver,
            declaration=line.declaration,
            route=roster.route,
            delivery_place=roster.delivery_place,
            consignee_name=roster.consignee_name,
            consignee_phone=roster.consignee_phone,
            consignee_language=roster.consignee_language,
            opens_at=roster.opens_at,
            closes_at=roster.closes_at,
            at=at,
            by=roster.created_by,
        )
        issue_pass(trip=trip, at=at, by=roster.created_by)
    except Refused as refused:
        raise Conflict(*reasons, *refused.reasons) from refused
    if reasons:
        raise Conflict(*reasons)
    return trip


def _against(roster: Roster, line: RosterLine) -> list[Reason]:
    taken = taken_vehicles(roster.company, [line.vehicle_id])
    back = last_returns([line.driver.person_id], before=roster.opens_at)
    rest = timedelta(hours=settings.ROSTER_REST_HOURS)
    driver = DriverFacts(back_at=back.get(line.driver.person_id))
    return [
        *reasons_against_vehicle(VehicleFacts(is_taken=bool(taken))),
        *reasons_against_driver(driver, opens_at=roster.opens_at, rest=rest),
    ]


def _settle(line: RosterLine, at: datetime, state: LineState, **fields: Any) -> None:
    """Settle a line that still waits. Call in the transaction that does what the line asks for."""
    waiting = RosterLine.objects.filter(pk=line.pk, state=LineState.WAITING)
    if not waiting.update(state=state, settled_at=at, **fields):
        detail = _("This line of the roster is settled already.")
        raise Conflict(Reason("line_settled", detail))


def _finish(roster: Roster, at: datetime) -> None:
    waiting = RosterLine.objects.filter(roster=OuterRef("pk"), state=LineState.WAITING)
    open_ = Roster.objects.filter(~Exists(waiting), pk=roster.pk, finished_at__isnull=True)
    open_.update(finished_at=at)


def _in_words(reasons: Iterable[Reason], language: str) -> list[dict[str, str]]:
    with translation.override(language):
        return [{"code": reason.code, "detail": str(reason.detail)} for reason in reasons]


def _refuse_what_is_not_theirs(company: Company, pairs: Sequence[Pair]) -> None:
    owners = {
        owner
        for pair in pairs
        for owner in (pair.vehicle.company_id, pair.driver.company_id, pair.declaration.company_id)
    }
    if owners - {company.pk}:
        raise NotYours(
            Reason("not_found", _("There is no such entry in your lists. Register it first."), "lines")
        )


def _refuse_what_cannot_be(window: Window, pairs: Sequence[Pair], at: datetime) -> None:
    reasons = list(judge_window(window.opens_at, window.closes_at, at=at).refuses)
    if not pairs:
        detail = _("No vehicle has a driver. Choose a driver for at least one.")
        reasons.append(Reason("no_lines", detail, "lines"))
    if _any_twice(pair.vehicle.pk for pair in pairs):
        detail = _("A vehicle is chosen twice. Take it out once.")
        reasons.append(Reason("vehicle_twice", detail, "lines"))
    if _any_twice(pair.driver.person_id for pair in pairs):
        reasons.append(driver_twice())
    if reasons:
        raise Invalid(*reasons)


def _any_twice(keys: Iterable[int]) -> bool:
    return any(times > 1 for times in Counter(keys).values())
