"""Say in a plain sentence how long a crossing is open, and how that goes on while nobody can be asked."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import TYPE_CHECKING

from django.utils.translation import gettext as _

from ferry.models import Country
from ferry.phone.steps import Now, what_now
from ferry.queries.issue import CHINA, china_date
from ferry.rules.opening import closed_now, next_closed

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ferry.models import Pass, Trip, TripEvent
    from ferry.rules.opening import Closed

#: A phone without a line changes its words by itself this often at most.
MOST_PHASES = 8
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


@dataclass(frozen=True)
class When:
    """A sentence in which {left} stands for the time that is left until a moment."""

    words: str
    until: datetime | None = None

    def at(self, at: datetime) -> str:
        return self.words.replace("{left}", left(self.until - at) if self.until else "")


@dataclass(frozen=True)
class Phase:
    """What holds from a moment on."""

    since: datetime
    now: Now
    when: When | None

    @property
    def sentence(self) -> str:
        return self.when.at(self.since) if self.when else ""


def phases(
    trip: Trip,
    pass_: Pass | None,
    events: Sequence[TripEvent],
    closed: Sequence[Closed],
    *,
    at: datetime,
) -> list[Phase]:
    """Give what holds now, first, and what will hold if nothing happens but that time passes."""
    found: list[Phase] = []
    for moment in [at, *(_turns(pass_, closed, at) if pass_ else ())]:
        now = what_now(trip, pass_, events, closed, at=moment)
        when = how_long(pass_, closed, at=moment) if pass_ and _hangs_on_time(now) else None
        if not found or (found[-1].now, found[-1].when) != (now, when):
            found.append(Phase(moment, now, when))
    return found[:MOST_PHASES]


def _hangs_on_time(now: Now) -> bool:
    return now.code in {"not_yet", "may_go", "closed", "gate_closed"}


def _turns(pass_: Pass, closed: Sequence[Closed], at: datetime) -> list[datetime]:
    """List the moments ahead at which another sentence may hold: midnight too makes tomorrow today."""
    turns = {pass_.opens_at, pass_.closes_at, *_midnights(at, pass_.closes_at)}
    turns |= {moment for each in closed for moment in (each.starts_at, each.ends_at)}
    return sorted(moment for moment in turns if at < moment <= pass_.closes_at)


def _midnights(since: datetime, until: datetime) -> Iterator[datetime]:
    day = china_date(since) + DAY
    while (midnight := datetime.combine(day, time(), CHINA)) < until and midnight < since + MOST_PHASES * DAY:
        yield midnight
        day += DAY


def how_long(pass_: Pass, closed: Sequence[Closed], *, at: datetime) -> When | None:
    if at >= pass_.closes_at:
        return None
    shut = closed_now(max(at, pass_.opens_at), closed)
    if shut is not None and at >= shut.starts_at:
        return _closed_until(shut, at)
    if shut is not None:
        return When(_closed_on(shut, at))
    if at < pass_.opens_at:
        return _with_next(When(_("Opens in {left}."), pass_.opens_at), pass_, closed, at)
    ahead = next_closed(at, closed, until=pass_.closes_at)
    ends_at = ahead.starts_at if ahead else pass_.closes_at
    said = _("Open until %(moment)s Beijing time, {left} left.") % {"moment": moment_of(ends_at, at)}
    return _with_next(When(said, ends_at), pass_, closed, at)


def _closed_until(shut: Closed, at: datetime) -> When:
    place = {"moment": moment_of(shut.ends_at, at), "why": why(shut)}
    if not place["why"]:
        return When(_("Closed until %(moment)s Beijing time, {left} more.") % place, shut.ends_at)
    return When(_("Closed until %(moment)s Beijing time, {left} more: %(why)s.") % place, shut.ends_at)


def _with_next(when: When, pass_: Pass, closed: Sequence[Closed], at: datetime) -> When:
    """Add the next closure in the pass's time, if there is one; nights are known to everybody."""
    closures = [each for each in closed if not each.is_nightly]
    ahead = next_closed(at, closures, until=pass_.closes_at)
    return When(f"{when.words} {_closed_on(ahead, at)}", when.until) if ahead else when


def _closed_on(shut: Closed, at: datetime) -> str:
    day, today = china_date(shut.starts_at), china_date(at)
    place = {"day": day.isoformat(), "why": why(shut)}
    if not place["why"]:
        return _("Closed from %(moment)s.") % {"moment": moment_of(shut.starts_at, at)}
    if day <= today:
        return _("Closed today: %(why)s.") % place
    if day == today + DAY:
        return _("Closed tomorrow: %(why)s.") % place
    return _("Closed on %(day)s: %(why)s.") % place


def why(shut: Closed) -> str:
    """Give the reason as a driver reads it: a holiday in his own language, else as it was written."""
    match shut.holiday_in:
        case Country.CHINA:
            return _("holiday in China")
        case Country.KAZAKHSTAN:
            return _("holiday in Kazakhstan")
        case _other:
            return shut.reason.rstrip(".")


def moment_of(moment: datetime, at: datetime) -> str:
    """Write the hour in Beijing, with the day unless it is today's."""
    day = china_date(moment)
    hour = moment.astimezone(CHINA).strftime("%H:%M")
    return hour if day == china_date(at) else f"{day.isoformat()} {hour}"


def left_forms() -> dict[str, str]:
    """Give how a time that is left is written; the phone fills them in alike (static/src/phone/time.js)."""
    return {
        "days": _("{d} d {h} h"),
        "hours": _("{h} h {m} min"),
        "minutes": _("{m} min"),
    }


def left(span: timedelta) -> str:
    """Write a time that is left, the last begun minute whole."""
    minutes = max(-(-span // MINUTE), 1)
    forms = left_forms()
    form = "days" if minutes >= 48 * 60 else "hours" if minutes >= 60 else "minutes"
    days, hours = (minutes // 1440, minutes % 1440 // 60) if form == "days" else (0, minutes // 60)
    return forms[form].format(d=days, h=hours, m=minutes % 60 if form == "hours" else minutes)
