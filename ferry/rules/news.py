"""What an event of a trip, or a change of a case, is to those who want to be told.

Each thing told has an id made of what it is about, so that telling it again tells the same.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid5

from ferry.models import (
    CaseLevel,
    CaseState,
    Condition,
    EventKind,
    HookType,
    NoticeKind,
    Party,
    Role,
    StepKind,
    Weight,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import datetime

    from ferry.models import Case, CaseStep, TripEvent

NAMESPACE = UUID("5f0c1c7e-6f0d-4a6e-9a51-3f6a4b0f7d21")

#: What moves no trip: cases tell of themselves, and records are reconciliation's.
NOT_A_MOVE = {
    EventKind.REFUSED,
    EventKind.EXAMINE,
    EventKind.CASE_OPENED,
    EventKind.CASE_SETTLED,
    EventKind.RECORD_MATCHED,
    EventKind.SENT,
    EventKind.DELIVERY_REFUSED,
}
PASSING = {EventKind.EXITED, EventKind.ARRIVED}


@dataclass(frozen=True)
class HookNews:
    """An event for a company's own systems; `data` is told as it stands and holds no passport number."""

    company_id: int
    type: HookType
    event_id: UUID
    created_at: datetime
    data: Mapping[str, Any]


@dataclass(frozen=True)
class MemberNews:
    """A thing members are told: its kind, and whom or what it is `about` (a page, its key and a label).

    `word` is a code that each reader is told in his language. Only `roles` are told, or only the `user` of
    that e-mail address where one is named.
    """

    company_id: int
    kind: NoticeKind
    about: str
    key: str
    label: str
    word: str = ""
    roles: frozenset[str] = field(default=frozenset(Role.values))
    user: str = ""


def hook_news_of_event(event: TripEvent) -> Iterator[HookNews]:
    for type_, told in _told_of_event(event):
        yield HookNews(
            company_id=event.trip.company_id,
            type=type_,
            event_id=uuid5(NAMESPACE, f"event {event.pk} {type_}"),
            created_at=event.recorded_at,
            data={
                "trip": event.trip.reference,
                "vin": event.trip.vehicle.vin,
                "state": event.trip.state,
                "occurred_at": in_utc(event.at),
                **told,
            },
        )


def _told_of_event(event: TripEvent) -> Iterator[tuple[HookType, dict[str, Any]]]:
    kind, data = event.kind, event.data
    if kind not in NOT_A_MOVE:
        told = {"event": str(kind)}
        if kind == EventKind.EXAMINED:
            told["outcome"] = data.get("outcome", "")
        yield HookType.TRIP_MOVED, told
    if verdict := verdict_of(event):
        yield HookType.TRIP_VERDICT, _verdict(verdict, data)
    if kind == EventKind.DELIVERED and "condition" in data:
        yield HookType.TRIP_RECEIPT, {"condition": data["condition"]}
    if kind == EventKind.DELIVERY_REFUSED:
        yield HookType.TRIP_NOT_TAKEN, {"reason": data.get("refusal", "")}


def verdict_of(event: TripEvent) -> str:
    """Say what a scan came to at the lane; nothing where the event is no scan's."""
    if event.kind == EventKind.REFUSED:
        return "refuse"
    if event.kind == EventKind.EXAMINE:
        return "examine"
    return "release" if event.kind in PASSING and "scan" in event.data else ""


def _verdict(verdict: str, data: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "verdict": verdict,
        "reasons": [reason["code"] for reason in data.get("reasons", [])],
        "offline": "offline" in data,
        **{name: data.get(name, "") for name in ("scan", "checkpoint", "lane", "crossing")},
    }


def hook_news_of_case(case: Case) -> Iterator[HookNews]:
    if not case.announced_state:
        yield _of_case(case, HookType.CASE_OPENED, case.opened_at, {})
    if case.state != CaseState.OPEN and case.settled_at is not None:
        closed = {"state": case.state, "resolution": case.resolution, "closed_at": in_utc(case.settled_at)}
        yield _of_case(case, HookType.CASE_CLOSED, case.settled_at, closed)


def _of_case(case: Case, type_: HookType, at: datetime, more: Mapping[str, Any]) -> HookNews:
    return HookNews(
        company_id=case.company_id,
        type=type_,
        event_id=uuid5(NAMESPACE, f"case {case.pk} {type_}{_again(case)}"),
        created_at=at,
        data={
            "case": case.pk,
            "kind": case.kind,
            "weight": Weight(case.weight).name.lower(),
            "trip": case.trip.reference if case.trip else None,
            "declaration": case.declaration.number if case.declaration else None,
            "opened_at": in_utc(case.opened_at),
            **more,
        },
    )


def hook_news_of_step(step: CaseStep) -> Iterator[HookNews]:
    """Tell of what both sides may know; words people wrote are read on the case."""
    if step.is_internal:
        return
    case = step.case
    yield HookNews(
        company_id=case.company_id,
        type=HookType.CASE_STEP,
        event_id=uuid5(NAMESPACE, f"step {step.pk}"),
        created_at=step.at,
        data={
            "case": case.pk,
            "kind": case.kind,
            "step": str(step.kind),
            "side": str(step.party),
            "level": CaseLevel(case.level).name.lower(),
            "trip": case.trip.reference if case.trip else None,
            "declaration": case.declaration.number if case.declaration else None,
            "occurred_at": in_utc(step.at),
        },
    )


def member_news_of_step(step: CaseStep) -> Iterator[MemberNews]:
    """Tell him to whom a case was given, and all of what customs or time did to it."""
    case, user = step.case, ""
    label = case.trip.reference if case.trip else str(case.declaration)
    kind = {
        StepKind.ENQUIRED.value: NoticeKind.CASE_LEVEL,
        StepKind.ESCALATED.value: NoticeKind.CASE_LEVEL,
        StepKind.REOPENED.value: NoticeKind.CASE_LEVEL,
    }.get(step.kind)
    if step.kind in SAID_BY_CUSTOMS and step.party == Party.CUSTOMS:
        kind = NoticeKind.CASE_SAID
    if step.kind == StepKind.ASSIGNED and step.party == Party.COMPANY:
        kind, user = (NoticeKind.CASE_ASSIGNED, step.data["to"]) if step.data["to"] else (None, "")
    if kind is not None and not step.is_internal:
        yield MemberNews(case.company_id, kind, "case", str(case.pk), label, case.kind, user=user)


SAID_BY_CUSTOMS = {StepKind.COMMENTED, StepKind.ATTACHED, StepKind.LETTER, StepKind.HANDED_OVER}


def _again(case: Case) -> str:
    """Tell what is said of a reopened case from what was said of it before."""
    return f" {in_utc(case.reopened_at)}" if case.reopened_at else ""


def member_news_of_event(event: TripEvent) -> Iterator[MemberNews]:
    damaged = event.data.get("condition") == Condition.DAMAGED
    kind = {
        EventKind.REFUSED.value: NoticeKind.REFUSED,
        EventKind.WITHDRAWN.value: NoticeKind.HELD,
        EventKind.EXAMINED.value: NoticeKind.HELD if event.data.get("outcome") == "detained" else None,
        EventKind.LAPSED.value: NoticeKind.LAPSED,
        EventKind.HANDED_OVER.value: NoticeKind.DAMAGE if event.data.get("new_marks") else None,
        EventKind.DELIVERY_REFUSED.value: NoticeKind.NOT_TAKEN,
        EventKind.DELIVERED.value: NoticeKind.DAMAGE if damaged else NoticeKind.DELIVERED,
    }.get(event.kind)
    if kind is not None:
        trip = event.trip
        word = f"{event.kind} damaged" if kind == NoticeKind.DAMAGE else ""
        yield MemberNews(trip.company_id, kind, "trip", trip.reference, _vehicle(trip.vehicle), word)


def member_news_of_case(case: Case) -> Iterator[MemberNews]:
    """Tell of an open case: that it is there, or that it weighs more than it did."""
    is_new = not case.announced_weight
    if case.state != CaseState.OPEN or case.weight <= case.announced_weight:
        return
    usual = is_new and case.weight < Weight.CRITICAL
    kind = NoticeKind.CASE_OPENED if usual else NoticeKind.CASE_ESCALATED
    label = case.trip.reference if case.trip else str(case.declaration)
    yield MemberNews(case.company_id, kind, "case", str(case.pk), label, case.kind)


def _vehicle(vehicle: Any) -> str:
    return f"{vehicle.make} …{vehicle.vin[11:]}"


def in_utc(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")
