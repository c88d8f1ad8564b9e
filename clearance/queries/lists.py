"""The list with which a scanner decides while it has no link."""

from __future__ import annotations

import hashlib
import json
from collections import defaultdict
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from django.core.cache import cache
from django.db.models import F, OuterRef, Q, Subquery

from clearance.models import Policy, Watched, WatchEntry
from clearance.queries.scans import NO_PASS, USUAL, Asked, Subject, facts_about, lot_key, read_subjects
from clearance.rules.selection import hours_drawn, lot
from clearance.rules.verdict import objections
from ferry.codes import public_jwk
from ferry.models import Closure, Driver, Pass, PassState, Route, TripEvent, TripState
from ferry.queries.keys import trusted_keys

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import datetime
    from uuid import UUID

    from django.db.models import QuerySet

    from ferry.models import Checkpoint

#: How far ahead windows are listed, and how long after their end.
HORIZON = timedelta(hours=48)
#: What was written in the last moment before a list was made may have been committed after it.
OVERLAP = timedelta(minutes=1)
AT_ONCE = 500
#: How long what speaks against passes may be told again to scanners that ask for changes.
SAID_LATELY_S = 30
#: Named one by one, for there is an index on what a state is and none on what it is not.
ENDED = [state for state in PassState.values if state != PassState.OPEN]


def offline_list(checkpoint: Checkpoint, *, since: datetime | None = None, at: datetime) -> dict[str, Any]:
    """List what a scanner at a checkpoint needs: expected passes, ended ones, objections, keys and limits.

    With `since`, `passes` and `ended` hold what changed from that moment on; the rest is always whole,
    `objections` too: a pass without an entry there has none. Objections are what the papers and the selection
    say now; the window, the closures and the use of the code are the scanner's own to judge. A list whose
    keys and limits are older than `list_age_limit_s` still refuses, but what it releases is told as stale.
    """
    of_place = Route.objects.filter(Q(exit=checkpoint) | Q(entry=checkpoint))
    routes = list(of_place.select_related("exit", "entry").order_by("code"))
    since = since and since - OVERLAP
    expected = _expected(checkpoint, at)
    windows = dict(expected.order_by("pk").values_list("pass_id", "opens_at"))
    changed = expected if since is None else _new(expected, since)
    rows = list(changed.order_by("pk").values(*COLUMNS.values()))
    told = [row["pass_id"] for row in rows]
    return {
        "checkpoint": checkpoint.code,
        "as_of": at.isoformat(),
        "since": since.isoformat() if since else None,
        "hours": _hours(checkpoint),
        "routes": _routes(routes),
        "closures": _closures(routes, min([at - HORIZON, *windows.values()]), at),
        "passes": [_line(row) for row in rows],
        "objections": _objections(checkpoint, expected, list(windows), told if since else None, at),
        "ended": _ended(checkpoint, since, at),
        "keys": [public_jwk(kid, key) for kid, key in sorted(trusted_keys(at, fresh=True).items())],
    }


def list_etag(content: Mapping[str, Any]) -> str:
    """Give the entity tag of a list: it changes with anything but the moment of asking.

    A scanner whose list is answered with 304 sets its list's `as_of` to the answer's Date.
    """
    rest = {name: value for name, value in content.items() if name != "as_of"}
    return f'"{hashlib.sha256(json.dumps(rest, sort_keys=True).encode()).hexdigest()}"'


def passes_of_checkpoint(checkpoint: Checkpoint) -> QuerySet[Pass]:
    return Pass.objects.filter(Q(trip__route__exit=checkpoint) | Q(trip__route__entry=checkpoint))


def _expected(checkpoint: Checkpoint, at: datetime) -> QuerySet[Pass]:
    """Find open passes near their window, and those of vehicles on the bridge whenever they left."""
    near = Q(opens_at__lte=at + HORIZON, closes_at__gte=at - HORIZON) | Q(trip__state=TripState.EXITED)
    return passes_of_checkpoint(checkpoint).filter(near, state=PassState.OPEN)


def _new(passes: QuerySet[Pass], since: datetime) -> QuerySet[Pass]:
    """Keep passes to whose trip something happened, or whose window came in sight, from `since` on."""
    events = TripEvent.objects.filter(trip=OuterRef("trip")).order_by("-pk").values("recorded_at")
    lately = passes.annotate(happened_at=Subquery(events[:1]))
    return lately.filter(Q(happened_at__gte=since) | Q(opens_at__gt=since + HORIZON))


#: What a line is made of; whole objects of twenty thousand passes cost seconds.
COLUMNS = {
    "pass_id": "pass_id",
    "short_code": "short_code",
    "trip": "trip__reference",
    "route": "trip__route__code",
    "state": "trip__state",
    "vin": "vin",
    "plate": "trip__vehicle__plate",
    "make": "trip__vehicle__make",
    "model": "trip__vehicle__model",
    "colour": "trip__vehicle__colour",
    "driver": "driver__name",
    "driver_latin": "driver__name_latin",
    "passport_tail": "driver__passport_number",
    "opens_at": "opens_at",
    "closes_at": "closes_at",
    "exited_at": "trip__exited_at",
    "arrived_at": "trip__arrived_at",
    "delivered_at": "trip__delivered_at",
}
MOMENTS = ("opens_at", "closes_at", "exited_at", "arrived_at", "delivered_at")


def _line(row: Mapping[str, Any]) -> dict[str, Any]:
    line = {name: row[column] for name, column in COLUMNS.items()}
    moments = {name: line[name] and line[name].isoformat() for name in MOMENTS}
    return {**line, "pass_id": str(line["pass_id"]), "passport_tail": line["passport_tail"][-4:], **moments}


def _objections(
    checkpoint: Checkpoint,
    expected: QuerySet[Pass],
    all_expected: Sequence[UUID],
    told: Sequence[UUID] | None,
    at: datetime,
) -> dict[str, Any]:
    """Give what speaks against each expected pass.

    Where only what changed is asked for, that is said of the passes told, and of those that the watch list
    is about since; of the others what was said to any scanner of this checkpoint a moment ago: every lane
    asks every minute.
    """
    name = f"objections-said-{checkpoint.pk}"
    kept: tuple[datetime, dict[str, Any]] | None = None if told is None else cache.get(name)
    if told is None or kept is None:
        said = _said_of(all_expected, checkpoint, at)
        cache.set(name, (at, said), SAID_LATELY_S)
        return said
    said_at, said = kept
    anew = list({*told, *_watched(expected, since=said_at - OVERLAP)})
    changed = {str(pass_id) for pass_id in anew}
    others = {pass_id: one for pass_id, one in said.items() if pass_id not in changed}
    return {**others, **_said_of(anew, checkpoint, at)}


def _watched(passes: QuerySet[Pass], *, since: datetime) -> list[UUID]:
    """Find passes that entries of the watch list are about which began or ended from `since` on."""
    changed = WatchEntry.objects.filter(Q(added_at__gte=since) | Q(ended_at__gte=since))
    about: dict[str, list[str]] = defaultdict(list)
    for kind, value in changed.values_list("kind", "value"):
        about[kind].append(value)
    if not about:
        return []
    whose = Driver.objects.filter(
        Q(passport_number__in=about[Watched.PASSPORT])
        | Q(person__passports__number__in=about[Watched.PASSPORT])
    )
    found = passes.filter(
        Q(vin__in=about[Watched.VIN])
        | Q(driver__in=whose)
        | Q(trip__company__uscc__in=about[Watched.COMPANY])
    )
    return list(found.values_list("pass_id", flat=True))


def _said_of(passes: Sequence[UUID], checkpoint: Checkpoint, at: datetime) -> dict[str, Any]:
    told = {}
    for subject in subjects_of(passes, checkpoint, at):
        if found := objections_to(subject, checkpoint, at):
            told[str(subject.pass_id)] = found
    return told


def objections_to(subject: Subject, checkpoint: Checkpoint, at: datetime) -> list[dict[str, Any]]:
    """Tell ahead what papers and selection will say of a pass.

    A selection that holds in some hours only names them, as the checkpoint counts hours: whoever judges by
    the list knows when he scans. One who does not read them examines at any hour.
    """
    moment = min(max(at, subject.opens_at), subject.closes_at)
    facts = facts_about(subject, checkpoint=checkpoint, moment=moment)
    hours = [] if subject.examination else _hours_drawn(subject)
    if hours:
        facts = replace(facts, share_selected=True)
    return [
        {"code": reason.code, "verdict": verdict, "params": dict(reason.params)}
        | ({"hours": hours} if hours and reason.code == "selected" else {})
        for reason, verdict in objections(facts)
    ]


def _hours_drawn(subject: Subject) -> list[tuple[int, int]]:
    if not any(share.from_hour is not None for share in subject.shares):
        return []
    number = lot(pass_id=subject.pass_id, crossing=subject.crossing, key=lot_key())
    return hours_drawn(subject.shares, lot=number, least=subject.examined_share)


def subjects_of(passes: Sequence[UUID], checkpoint: Checkpoint, at: datetime) -> Iterator[Subject]:
    """Read all that bears on many passes, so many at once that statements stay short."""
    for start in range(0, len(passes), AT_ONCE):
        part = passes[start : start + AT_ONCE]
        yield from read_subjects([Asked(NO_PASS, pass_id, checkpoint.pk) for pass_id in part], at=at)


def _ended(checkpoint: Checkpoint, since: datetime | None, at: datetime) -> list[dict[str, Any]]:
    """List passes that ended before their time was over: their codes still verify without a link."""
    ended = passes_of_checkpoint(checkpoint).filter(state__in=ENDED, closes_at__gte=at - HORIZON)
    if since is not None:
        ended = ended.filter(ended_at__gte=since)
    rows = ended.order_by("pk").values("pass_id", "state", "ended_at")
    return [
        {**row, "pass_id": str(row["pass_id"]), "ended_at": row["ended_at"] and row["ended_at"].isoformat()}
        for row in rows
    ]


def _hours(checkpoint: Checkpoint) -> dict[str, str | None]:
    opens, closes = checkpoint.opens, checkpoint.closes
    return {
        "time_zone": checkpoint.time_zone,
        "opens": opens.isoformat() if opens else None,
        "closes": closes.isoformat() if closes else None,
    }


def _routes(routes: Sequence[Route]) -> list[dict[str, Any]]:
    policies = {policy.route_id: policy for policy in Policy.objects.filter(route__in=routes)}
    return [_limits(route, policies.get(route.pk, USUAL)) for route in routes]


def _limits(route: Route, policy: Policy) -> dict[str, Any]:
    return {
        "route": route.code,
        "exit": route.exit.code,
        "entry": route.entry.code,
        "clock_skew_s": policy.clock_skew.total_seconds(),
        "entry_alert_s": policy.entry_alert.total_seconds(),
        "list_age_limit_s": policy.list_age_limit.total_seconds(),
    }


def _closures(routes: Sequence[Route], since: datetime, at: datetime) -> list[dict[str, str | None]]:
    """List closures; one that is over may still have moved the limit of who is on the bridge since."""
    closures = Closure.objects.filter(
        Q(route__in=routes) | Q(route=None), ends_at__gt=since, starts_at__lt=at + HORIZON
    )
    return [
        {"route": code, "starts_at": starts_at.isoformat(), "ends_at": ends_at.isoformat()}
        for code, starts_at, ends_at in closures.annotate(code=F("route__code"))
        .order_by("starts_at", "pk")
        .values_list("code", "starts_at", "ends_at")
    ]
