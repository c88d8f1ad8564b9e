"""A driver's own page, by his link alone."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.http import HttpResponse, JsonResponse
from django.shortcuts import render
from django.template import loader
from django.templatetags.static import static
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.safestring import mark_safe
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.gzip import gzip_page
from django.views.decorators.http import require_safe

from ferry import codes
from ferry.models import EventKind, PassState, TripState
from ferry.phone.language import spoken_to
from ferry.phone.outlook import Phase, left_forms, phases, why
from ferry.phone.steps import way
from ferry.phone.tellings import acts_context, queue_context
from ferry.phone.throttles import too_many
from ferry.qr import qr_svg
from ferry.queries.driving import (
    closed_times,
    coming_trips,
    current_trip,
    earlier_trips,
    find_driver,
    told_of,
    trips_taken_away,
)
from ferry.queries.issue import KAZAKHSTAN, china_date, kazakh_date
from ferry.queries.pay import accruals, own_statements, pay_rates, worth
from ferry.queries.stays import stay_ledger
from ferry.rules.pay import is_earned, money, month_of, pay_of
from ferry.rules.stays import ALLOWED

if TYPE_CHECKING:
    from django.http import HttpRequest

    from ferry.models import Driver, Pass, PayStatement, Trip, TripEvent
    from ferry.queries.stays import StayLedger
    from ferry.rules.opening import Closed

#: How often a phone asks: where a gate may release him, and otherwise.
OFTEN_S, SELDOM_S = 4, 30
#: How long a phone may keep a page without a code that could be shown.
KEPT_FOR = timedelta(days=7)
#: This month's pay and those before.
STATEMENTS = 7
NEVER_SHOWN = {"too_late"}


@dataclass(frozen=True)
class Scene:
    """What the page is about, gathered before anything is drawn."""

    driver: Driver
    trip: Trip | None
    pass_: Pass | None
    events: list[TripEvent]
    closed: list[Closed]
    phases: list[Phase]
    coming: list[Trip]
    taken_away: list[Trip]
    acts: dict[str, Any]
    statements: list[PayStatement]

    @property
    def shown_pass(self) -> Pass | None:
        """Give the pass whose code is to be seen: not one whose time is over."""
        return None if self.phases and self.phases[0].now.code in NEVER_SHOWN else self.pass_

    @property
    def is_on_the_way(self) -> bool:
        return self.trip is not None and self.trip.state in {
            TripState.READY,
            TripState.EXITED,
            TripState.ARRIVED,
        }


@require_safe
@never_cache
@gzip_page
def driver_page(request: HttpRequest, token: str) -> HttpResponse:
    """Show a driver his code, what holds now and what to do next; 304 where his phone shows that already."""
    at = timezone.now()
    driver, refusal = driver_of(request, token, at)
    if driver is None:
        return refusal
    with spoken_to(request, driver.language):
        scene = scene_of(driver, token, at=at)
        stamp = _stamp(scene, at)
        until = _keep_until(scene, at)
        answer = (
            HttpResponse(status=304)
            if request.headers.get("If-None-Match", "").removeprefix("W/") == stamp
            else render(request, "phone/driver.html", _context(scene, token, stamp, until, at))
        )
    answer["ETag"] = stamp
    answer["X-Keep-Until"] = str(_milliseconds(until))
    return answer


def driver_of(request: HttpRequest, token: str, at: datetime) -> tuple[Driver | None, HttpResponse]:
    """Find the driver of a link, or answer one who has none; counted by the driver, not by the address."""
    driver = find_driver(token, at=at)
    wait = too_many(request, "public", who=f"driver-{driver.pk}" if driver else "")
    if wait is not None:
        return None, wait
    if driver is None:
        return None, render(request, "phone/no_link.html", status=404)
    return driver, HttpResponse()


def scene_of(driver: Driver, token: str, *, at: datetime) -> Scene:
    trip = current_trip(driver, at=at)
    pass_ = trip.passes.filter(state=PassState.OPEN).first() if trip else None
    events = told_of(trip) if trip else []
    until = max(trip.closes_at, at + timedelta(days=1)) if trip else at
    closed = closed_times(trip.route, since=at, until=until) if trip and pass_ else []
    return Scene(
        driver=driver,
        trip=trip,
        pass_=pass_,
        events=events,
        closed=closed,
        phases=phases(trip, pass_, events, closed, at=at) if trip else [],
        coming=coming_trips(driver, but=trip, at=at),
        taken_away=trips_taken_away(driver, at=at),
        acts=acts_context(trip, token, driver) if trip else {},
        statements=own_statements(driver, most=STATEMENTS),
    )


def _stamp(scene: Scene, at: datetime) -> str:
    """Name what the page says, but for what a phone's own clock changes in it."""
    trip = scene.trip
    said = (
        _build(),
        translation.get_language(),
        kazakh_date(at),
        scene.driver.link_version,
        scene.driver.name_latin,
        trip and (trip.pk, trip.state, trip.opens_at, trip.closes_at, trip.driver_returned_at),
        scene.pass_ and scene.pass_.pk,
        [(event.kind, event.at) for event in scene.events],
        [(phase.now, phase.when) for phase in scene.phases],
        [(other.pk, other.state, other.opens_at) for other in scene.coming],
        [other.pk for other in scene.taken_away],
        [(act.kind, act.status) for act in scene.acts.get("acts", ())],
        [_stated(one) for one in scene.statements],
    )
    return f'"{hashlib.sha256(repr(said).encode()).hexdigest()[:24]}"'


@cache
def _build() -> str:
    """Name the front end that is served, so that a phone takes a new one."""
    manifest = Path(str(settings.DJANGO_VITE["default"]["manifest_path"]))
    return hashlib.sha256(manifest.read_bytes()).hexdigest()[:12] if manifest.exists() else ""


def _keep_until(scene: Scene, at: datetime) -> datetime:
    """Say how long a phone may keep the page: a code to its end, and once he has left to his return."""
    if scene.trip is None or scene.shown_pass is None:
        return at.replace(hour=0, minute=0, second=0, microsecond=0) + KEPT_FOR
    if scene.trip.state == TripState.READY:
        return scene.shown_pass.closes_at
    home = datetime.combine(scene.trip.planned_return_on + timedelta(days=1), time(), KAZAKHSTAN)
    return max(home, at + timedelta(days=1))


def _milliseconds(moment: datetime) -> int:
    return int(moment.timestamp() * 1000)


def _context(scene: Scene, token: str, stamp: str, until: datetime, at: datetime) -> dict[str, Any]:
    ledger = stay_ledger(scene.driver, at=at)
    earlier = earlier_trips(scene.driver, but=[*([scene.trip] if scene.trip else []), *scene.coming])
    paid = _paid([*([scene.trip] if scene.trip else []), *earlier], scene.driver, at)
    return {
        "driver": scene.driver,
        "company": scene.driver.company,
        "token": token,
        "stamp": stamp,
        "keep_until_ms": _milliseconds(until),
        "poll_s": OFTEN_S if scene.is_on_the_way else SELDOM_S,
        "left": left_forms(),
        "asked_at": at,
        "asked_ms": _milliseconds(at),
        "taken_away": scene.taken_away,
        "coming": scene.coming,
        "earlier": [(trip, paid[trip.pk]) for trip in earlier],
        "pay": paid[scene.trip.pk] if scene.trip else None,
        "this_month": [_stated(one) for one in scene.statements if one.month == month_of(china_date(at))],
        "months": [_stated(one) for one in scene.statements if one.month != month_of(china_date(at))],
        "stays": _stays(ledger),
        **queue_context(token, scene.driver),
        **scene.acts,
        **_trip_context(scene),
    }


def _trip_context(scene: Scene) -> dict[str, Any]:
    trip, pass_ = scene.trip, scene.shown_pass
    if trip is None:
        return {"trip": None}
    return {
        "trip": trip,
        "pass": pass_,
        "short_code": codes.show_short_code(pass_.short_code) if pass_ else "",
        # The SVG is drawn by ferry.qr from a code that we sealed ourselves.
        "qr": mark_safe(qr_svg(pass_.code, level="M", label=_("Clearance code"))) if pass_ else "",  # noqa: S308
        "vin_head": trip.vehicle.vin[:-6],
        "vin_tail": trip.vehicle.vin[-6:],
        "phase": scene.phases[0],
        "now": scene.phases[0].now,
        "later": scene.phases[1:],
        "closures": [(each, why(each)) for each in scene.closed if _is_told(each, trip)],
        "moved": _moved(scene),
        "steps": way(trip, scene.events),
    }


def _is_told(closed: Closed, trip: Trip) -> bool:
    return not closed.is_nightly and trip.state == TripState.READY and closed.starts_at < trip.closes_at


def _moved(scene: Scene) -> datetime | None:
    """Give the time he was told at first, if the open code is one that was moved to another."""
    moved = [event for event in scene.events if event.kind == EventKind.REDATED]
    if not moved or scene.pass_ is None or moved[-1].recorded_at != scene.pass_.issued_at:
        return None
    return datetime.fromisoformat(moved[-1].data["from"])


def _paid(trips: list[Trip], driver: Driver, at: datetime) -> dict[int, dict[str, str]]:
    """Say for each trip what it pays and how that stands: what has accrued, else what it would pay now."""
    accrued, rates, told = accruals(trips), pay_rates(driver.company_id), {}
    for trip in trips:
        entry = accrued.get(trip.pk)
        trip.company = driver.company
        if entry is not None:
            is_back = hasattr(entry, "reversed_by")
            told[trip.pk] = _told(entry.amount_fen, entry.statement.currency, "none" if is_back else "earned")
        else:
            moment = trip.delivered_at if is_earned(trip.state) and trip.delivered_at else at
            fen, currency, _rate = worth(trip, rates, at=moment)
            pay = pay_of(trip.state, fen=fen)
            told[trip.pk] = _told(pay.fen, currency, pay.standing.value)
    return told


def _told(fen: int, currency: str, standing: str) -> dict[str, str]:
    return {"amount": money(fen, currency), "standing": standing}


def _stated(statement: PayStatement) -> tuple[str, int, str, str]:
    """Give a statement's month, how many trips, its amount, and how it stands."""
    fen: int = statement.sum_fen  # type: ignore[attr-defined]
    trips: int = statement.trips  # type: ignore[attr-defined]
    return statement.month, trips, money(fen, statement.currency), str(statement.get_state_display())


def _stays(ledger: StayLedger) -> dict[str, Any] | None:
    """Say how many days are used and left, and when a trip is possible; None where none are counted."""
    if ledger.used is None:
        return None
    possible = [trip.on for trip in ledger.next_trips if trip.on is not None]
    used = min(ledger.used, ALLOWED)
    return {
        "used": ledger.used,
        "left": ALLOWED - used,
        "allowed": ALLOWED,
        "possible_on": min(possible, default=None),
        "is_possible_today": ledger.today in possible,
        "leave_by": ledger.entry_ends_on,
    }


# --- What a phone keeps of it --------------------------------------------------------------------


@require_safe
@never_cache
@gzip_page
def pass_over(request: HttpRequest, token: str) -> HttpResponse:
    """Give the page that a phone shows once the pass it kept is over and nobody can be asked."""
    driver, refusal = driver_of(request, token, timezone.now())
    if driver is None:
        return refusal
    with spoken_to(request, driver.language):
        return render(request, "phone/pass_over.html", {"company": driver.company})


@require_safe
@never_cache
def web_manifest(request: HttpRequest, token: str) -> HttpResponse:
    """Say how a driver's page is installed on his phone; a new link is the same application."""
    driver, refusal = driver_of(request, token, timezone.now())
    if driver is None:
        return refusal
    icon = {"type": "image/png", "purpose": "any"}
    with spoken_to(request, driver.language):
        content = {
            "id": f"/d/?driver={driver.pk}",
            "name": _("Ferryman: my trip"),
            "short_name": _("My trip"),
            "lang": translation.get_language(),
            "dir": "rtl" if translation.get_language_bidi() else "ltr",
            "start_url": reverse("phone:driver", args=[token]),
            "scope": "/d/",
            "display": "standalone",
            "background_color": "#0a3350",
            "theme_color": "#0a3350",
            "icons": [
                {**icon, "src": static("img/icon-192.png"), "sizes": "192x192"},
                {**icon, "src": static("img/lane-512.png"), "sizes": "512x512"},
                {
                    **icon,
                    "src": static("img/lane-maskable-512.png"),
                    "sizes": "512x512",
                    "purpose": "maskable",
                },
            ],
        }
    return JsonResponse(content, content_type="application/manifest+json")


@require_safe
def worker(_request: HttpRequest) -> HttpResponse:
    """Give the service worker of drivers' pages; its address is its scope."""
    script = loader.render_to_string("phone/worker.js", {"static_url": settings.STATIC_URL})
    answer = HttpResponse(script, content_type="text/javascript; charset=utf-8")
    answer["Cache-Control"] = "no-cache"
    return answer


@require_safe
@never_cache
def forgotten(request: HttpRequest) -> HttpResponse:
    """Give the page of a phone that has forgotten its driver; there is nothing on it."""
    return render(request, "phone/forgotten.html")
