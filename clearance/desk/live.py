"""The supervisor's first page: every lane as it is now."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.safestring import mark_safe
from django.utils.translation import gettext as _
from django.utils.translation import ngettext, pgettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from clearance.desk.places import asked_place
from clearance.lane.access import officer
from clearance.queries.live import hours_of_shift, live_picture, minutes_of_hour
from clearance.rules.live import BAR, BARS
from ferry.portal.charts import Series, bar_chart
from ferry.portal.figures import Figure
from ferry.queries.issue import CHINA

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from django.http import HttpRequest, HttpResponse
    from django.utils.safestring import SafeString

    from clearance.lane.access import Station
    from clearance.queries.live import Hour, Lane
    from ferry.models import Checkpoint

PARTS = ("lanes", "charts")
SPARK_WIDTH, SPARK_HEIGHT = 96, 28


@dataclass(frozen=True)
class ShownLane:
    lane: Lane
    spark: SafeString
    seconds: str


@require_safe
@never_cache
@officer()
def duty(request: HttpRequest, station: Station) -> HttpResponse:
    """Send a supervisor to the live picture and an officer to his lane."""
    return redirect("desk:live" if station.supervised and not station.lane else "lane:home")


@require_safe
@never_cache
@officer(supervises=True)
def live(request: HttpRequest, station: Station) -> HttpResponse:
    """Show the page, or the one part that asks for itself again."""
    at = timezone.now()
    place = asked_place(request, station)
    checkpoints = [place] if place else station.supervised
    context = {"at": at, "place": place, "places": station.supervised}
    part = request.GET.get("part", "")
    if part in PARTS:
        return render(request, f"desk/live_{part}.html", {**context, **_told(part, checkpoints, at)})
    for each in PARTS:
        context |= _told(each, checkpoints, at)
    return render(request, "desk/live.html", context)


def _told(part: str, checkpoints: Sequence[Checkpoint], at: datetime) -> dict[str, Any]:
    if part == "charts":
        minutes = _by_minutes(minutes_of_hour(checkpoints, at=at), at)
        return {"figures": [minutes, _by_hour(hours_of_shift(checkpoints, at=at))]}
    picture = live_picture(checkpoints, at=at)
    return {
        "picture": picture,
        "lanes": [ShownLane(lane, _spark(lane), _seconds(lane)) for lane in picture.lanes],
    }


def _seconds(lane: Lane) -> str:
    return "" if lane.seconds is None else f"{lane.seconds:.{lane.seconds < 10:d}f}"


def _spark(lane: Lane) -> SafeString:
    """Draw a lane's last hour as twelve bars: numbers in, text out."""
    top, width = max(*lane.bars, 1), SPARK_WIDTH / BARS
    drawn = "".join(
        f'<rect class="fm-live-bar" x="{width * place + 0.5:.1f}" width="{width - 1:.1f}" '
        f'y="{SPARK_HEIGHT - SPARK_HEIGHT * cars / top:.1f}" height="{SPARK_HEIGHT * cars / top:.1f}" '
        'fill="currentColor"/>'
        for place, cars in enumerate(lane.bars)
    )
    said = ngettext("%(cars)d car in the last hour", "%(cars)d cars in the last hour", lane.cars)
    bars = ", ".join(map(str, lane.bars))
    about = f"{said % {'cars': lane.cars}}: {bars}"
    return mark_safe(  # noqa: S308  (numbers and a sentence of ours)
        f'<svg class="fm-live-spark" viewBox="0 0 {SPARK_WIDTH} {SPARK_HEIGHT}" role="img" '
        f'aria-label="{about}" width="{SPARK_WIDTH}" height="{SPARK_HEIGHT}">'
        f'<path class="fm-live-floor" d="M0 {SPARK_HEIGHT - 0.5}H{SPARK_WIDTH}" stroke="currentColor" '
        f'stroke-opacity="0.4"/>{drawn}</svg>'
    )


def _by_minutes(minutes: Sequence[tuple[int, int]], at: datetime) -> Figure:
    begins = [at - BAR * (BARS - place) for place in range(BARS)]
    labels = [f"{moment.astimezone(CHINA):%H:%M}" for moment in begins]
    released, stopped = ([pair[side] for pair in minutes] for side in (0, 1))
    return _figure(
        "minutes", _("The last hour by five minutes"), pgettext("time", "From"), labels, released, stopped, 3
    )


def _by_hour(hours: Sequence[Hour]) -> Figure:
    labels = [f"{hour.began_at.astimezone(CHINA):%H}:00" for hour in hours]
    released, stopped = [hour.released for hour in hours], [hour.stopped for hour in hours]
    return _figure("hours", _("The last twelve hours"), _("Hour"), labels, released, stopped, 3)


def _figure(
    name: str,
    title: str,
    heading: str,
    labels: Sequence[str],
    released: Sequence[int],
    stopped: Sequence[int],
    every: int,
) -> Figure:
    said = _("Released %(released)d · examined or refused %(stopped)d.") % {
        "released": sum(released),
        "stopped": sum(stopped),
    }
    names = _("Released at once"), _("Examined or refused")
    svg = bar_chart(
        labels,
        [Series(names[0], released), Series(names[1], stopped)],
        about=f"{title}. {said}",
        ticks=range(0, len(labels), every),
    )
    rows = [
        [label, str(one), str(other)] for label, one, other in zip(labels, released, stopped, strict=True)
    ]
    marks = [("bar-1", names[0]), ("bar-2", names[1])]
    # Drawn by ferry.portal.charts, which escapes every word in it.
    return Figure(name, title, said, mark_safe(svg), marks, [heading, *names], rows)  # noqa: S308
