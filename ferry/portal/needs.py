"""Say what needs somebody: a line each, with whom or what it is about and what to do next."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.core.cache import cache
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from ferry.models import Weight
from ferry.queries.issue import kazakh_date
from ferry.queries.today import (
    NAMED,
    closures_ahead,
    driving,
    ending_driving_licences,
    ending_licences,
    ending_passports,
    incomplete_declarations,
    lapsing_trips,
    long_stays,
    open_cases,
)
from ferry.rules.corridor import PAPER_ENDS, WINDOW_ENDS
from ferry.rules.stays import ALLOWED, WARN_AT

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import date, datetime

    from ferry.models import Company, Driver
    from ferry.queries.today import ClosureAhead, Some, StayUsed

#: Seconds for which a count of stay days is good enough to warn by; each code that is issued counts anew.
STAYS_COUNTED_FOR = 300


@dataclass(frozen=True)
class Name:
    """Whom or what a line is about; `until` is a moment or a day that matters."""

    label: str
    url: str
    about: str = ""
    until: datetime | None = None
    until_on: date | None = None


@dataclass(frozen=True)
class Need:
    """A line: `tone` as of a mark, `more` how many it does not name, `next` what to do at `url`."""

    tone: str
    icon: str
    text: str
    names: list[Name]
    more: int
    next: str
    url: str


def needs(company: Company, *, at: datetime) -> list[Need]:
    """List what needs somebody, what cannot wait first."""
    return [
        *_cases(company),
        *_lapsing(company, at),
        *_closures(closures_ahead(company, at=at)),
        *_stays(company, at),
        *_papers(company, at),
        *_declarations(company),
    ]


def _cases(company: Company) -> Iterator[Need]:
    cases = open_cases(company)
    count = sum(cases.by_weight.values())
    if not count:
        return
    heaviest = max(cases.by_weight)
    weights = " · ".join(f"{weight.label} {number}" for weight, number in cases.by_weight.items())
    text = ngettext("%(count)d case is open: %(weights)s", "%(count)d cases are open: %(weights)s", count)
    names = [
        Name(
            case.get_kind_display(),
            reverse("portal:case", args=[case.pk]),
            str(case.trip or case.declaration),
        )
        for case in cases.first
    ]
    yield Need(
        {Weight.CRITICAL: "critical", Weight.HIGH: "bad"}.get(heaviest, "warn"),
        "cases",
        text % {"count": count, "weights": weights},
        names,
        count - len(names),
        _("Settle the heaviest first"),
        reverse("portal:cases"),
    )


def _lapsing(company: Company, at: datetime) -> Iterator[Need]:
    trips = lapsing_trips(company, at=at)
    if not trips.count:
        return
    text = ngettext(
        "%(count)d code ends within %(hours)d hours and its vehicle has not left",
        "%(count)d codes end within %(hours)d hours and their vehicles have not left",
        trips.count,
    )
    hours = WINDOW_ENDS.total_seconds() // 3600
    names = [
        Name(
            f"{trip.vehicle.make} …{trip.vehicle.vin[11:]}",
            reverse("portal:trip", args=[trip.reference]),
            trip.driver.name,
            until=trip.closes_at,
        )
        for trip in trips.first
    ]
    yield Need(
        "bad",
        "lapsed",
        text % {"count": trips.count, "hours": hours},
        names,
        trips.count - len(names),
        _("Send the drivers off, or move the trips"),
        f"{reverse('portal:trips')}?state=ready",
    )


def _closures(closures: list[ClosureAhead]) -> Iterator[Need]:
    for ahead in closures:
        closure = ahead.closure
        touched = []
        if ahead.planned:
            planned = ngettext("%(count)d planned trip", "%(count)d planned trips", ahead.planned)
            touched.append(planned % {"count": ahead.planned})
        if ahead.ready:
            ready = ngettext("%(count)d code issued", "%(count)d codes issued", ahead.ready)
            touched.append(ready % {"count": ahead.ready})
        text = _("%(route)s is closed (%(reason)s) and that touches %(trips)s")
        route = str(closure.route) if closure.route else _("Every route")
        state = "ready" if ahead.ready else "planned"
        url = f"{reverse('portal:trips')}?state={state}"
        yield Need(
            "warn",
            "refuse",
            text % {"route": route, "reason": closure.reason, "trips": " · ".join(touched)},
            [Name(_("Closed from"), "", until=closure.starts_at), Name(_("to"), "", until=closure.ends_at)],
            0,
            _("Move the trips that lose their time"),
            f"{url}&route={closure.route.code}" if closure.route else url,
        )


def _stays(company: Company, at: datetime) -> Iterator[Need]:
    """Give a line to each mark that somebody has reached, none left at all first."""
    counted = _counted_stays(company, at)
    named = driving(company, [one.driver_id for one in counted])
    stays = [one for one in counted if one.driver_id in named]
    ceiling = max((one.used for one in stays), default=0) + 1
    for mark in (ALLOWED, *reversed(WARN_AT)):
        here = [one for one in stays if mark <= one.used < ceiling]
        ceiling = mark
        if not here:
            continue
        names = [
            Name(
                named[one.driver_id],
                reverse("portal:driver", args=[one.driver_id]),
                f"{one.used} / {ALLOWED}",
            )
            for one in here[:NAMED]
        ]
        if mark == ALLOWED:
            text = ngettext(
                "%(count)d driver has no stay day left", "%(count)d drivers have no stay day left", len(here)
            )
            step = _("Give their trips to others")
        else:
            text = ngettext(
                "%(count)d driver has used %(mark)d or more of %(allowed)d stay days",
                "%(count)d drivers have used %(mark)d or more of %(allowed)d stay days",
                len(here),
            )
            step = _("Plan others, or trips that end the same day")
        tone = "bad" if mark in {ALLOWED, WARN_AT[-1]} else "warn"
        said = text % {"count": len(here), "mark": mark, "allowed": ALLOWED}
        yield Need(tone, "drivers", said, names, len(here) - len(names), step, reverse("portal:drivers"))


def _counted_stays(company: Company, at: datetime) -> list[StayUsed]:
    """Count stay days, or give the last count: thousands of stays are summed up, and days pass slowly."""
    key = f"long-stays:{company.pk}:{kazakh_date(at)}"
    counted: list[StayUsed] | None = cache.get(key)
    if counted is None:
        counted = long_stays(company, at=at)
        cache.set(key, counted, STAYS_COUNTED_FOR)
    return counted


def _papers(company: Company, at: datetime) -> Iterator[Need]:
    days = PAPER_ENDS.days
    passports = ending_passports(company, at=at)
    if passports.count:
        text = ngettext(
            "%(count)d driver's passport ends within %(days)d days or has ended",
            "%(count)d drivers' passports end within %(days)d days or have ended",
            passports.count,
        )
        yield _of_drivers(passports, "passport_expires_on", text % {"count": passports.count, "days": days})
    driving = ending_driving_licences(company, at=at)
    if driving.count:
        text = ngettext(
            "%(count)d driver's driving licence ends within %(days)d days or has ended",
            "%(count)d drivers' driving licences end within %(days)d days or have ended",
            driving.count,
        )
        yield _of_drivers(driving, "licence_expires_on", text % {"count": driving.count, "days": days})
    licences = ending_licences(company, at=at)
    if licences.count:
        text = ngettext(
            "%(count)d export licence ends within %(days)d days with quantity left",
            "%(count)d export licences end within %(days)d days with quantity left",
            licences.count,
        )
        url = f"{reverse('portal:licences')}?show=usable"
        names = [
            Name(one.number, url, _("%(count)d left") % {"count": one.left}, until_on=one.expires_on)
            for one in licences.first
        ]
        said = text % {"count": licences.count, "days": days}
        step = _("Use them up first, or apply for new ones")
        yield Need("warn", "licences", said, names, licences.count - len(names), step, url)


def _of_drivers(drivers: Some[Driver], paper: str, text: str) -> Need:
    names = [
        Name(one.name, reverse("portal:driver", args=[one.pk]), until_on=getattr(one, paper))
        for one in drivers.first
    ]
    step, url = _("Ask for the renewed one and enter it"), reverse("portal:drivers")
    return Need("warn", "drivers", text, names, drivers.count - len(names), step, url)


def _declarations(company: Company) -> Iterator[Need]:
    declarations = incomplete_declarations(company)
    if not declarations.count:
        return
    text = ngettext(
        "%(count)d declaration is closed, but not all its vehicles have an exit record",
        "%(count)d declarations are closed, but not all their vehicles have an exit record",
        declarations.count,
    )
    names = [
        Name(
            one.number,
            reverse("portal:declaration", args=[one.number]),
            _("%(out)d of %(quantity)d out") % {"out": one.out, "quantity": one.quantity},  # type: ignore[attr-defined]
        )
        for one in declarations.first
    ]
    yield Need(
        "warn",
        "declarations",
        text % {"count": declarations.count},
        names,
        declarations.count - len(names),
        _("See which vehicles keep the refund waiting"),
        f"{reverse('portal:declarations')}?status=closed",
    )
