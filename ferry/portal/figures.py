"""Put the day beside the days before it: charts, each with what it says in words and with its numbers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.utils.safestring import mark_safe
from django.utils.translation import gettext as _

from ferry.portal.charts import Series, bar_chart, line_chart

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import timedelta

    from django.utils.safestring import SafeString

    from ferry.queries.pace import Pace


@dataclass(frozen=True)
class Figure:
    """A chart; `said` is its sentence, `legend` (mark, name), `rows` begin with what heads them."""

    name: str
    title: str
    said: str
    svg: SafeString
    legend: Sequence[tuple[str, str]]
    headings: Sequence[str]
    rows: Sequence[Sequence[str]]


def figures(pace: Pace) -> list[Figure]:
    """Draw today by the hour, the last days, and how long deliveries took; nothing where nothing happened."""
    if not any(day.exits or day.deliveries for day in pace.days):
        return []
    return [_hours(pace), _days(pace), _times(pace)]


def age_figure(counts: Sequence[tuple[str, int]]) -> Figure:
    """Draw how many declarations are how near their deadline; nearest first."""
    title, said = (
        _("Deadlines of refunds not filed yet"),
        " · ".join(f"{name}: {count}" for name, count in counts),
    )
    name, labels = _("Declarations"), [label for label, _count in counts]
    svg = bar_chart(
        labels,
        [Series(name, [count for _label, count in counts])],
        about=f"{title}. {said}",
        ticks=range(len(counts)),
    )
    rows = [[label, str(count)] for label, count in counts]
    return Figure("ages", title, said, drawn_by_us(svg), [("bar-1", name)], [_("Deadline"), name], rows)


def _hours(pace: Pace) -> Figure:
    hours, today = pace.hours, pace.days[-1]
    labels = [f"{one.hour:02}:00" for one in hours]
    usual = sum(one.usual_exits for one in hours)
    said = _("So far: exits %(exits)d · deliveries %(deliveries)d. Exits in a whole day, usually: %(usual)s.")
    said %= {"exits": today.exits, "deliveries": today.deliveries, "usual": f"{usual:.{usual < 10:d}f}"}
    exits, deliveries, usually = _("Exits"), _("Deliveries"), _("Usual exits")
    svg = bar_chart(
        [f"{one.hour:02}" for one in hours],
        [
            Series(exits, [one.exits for one in hours]),
            Series(deliveries, [one.deliveries for one in hours]),
        ],
        usual=Series(usually, [one.usual_exits for one in hours]),
        about=f"{_('Today by the hour')}. {said}",
        ticks=range(0, 24, 3),
    )
    return Figure(
        "hours",
        _("Today by the hour"),
        said,
        drawn_by_us(svg),
        [("bar-1", exits), ("bar-2", deliveries), ("usual", usually)],
        [_("Hour"), exits, deliveries, usually],
        [
            [label, str(one.exits), str(one.deliveries), f"{one.usual_exits:.1f}"]
            for label, one in zip(labels, hours, strict=True)
        ],
    )


def _days(pace: Pace) -> Figure:
    days = pace.days
    said = _("In %(days)d days: exits %(exits)d · deliveries %(deliveries)d.") % {
        "exits": sum(day.exits for day in days),
        "deliveries": sum(day.deliveries for day in days),
        "days": len(days),
    }
    exits, deliveries = _("Exits"), _("Deliveries")
    svg = bar_chart(
        _dates(pace),
        [Series(exits, [day.exits for day in days]), Series(deliveries, [day.deliveries for day in days])],
        about=f"{_('Day by day')}. {said}",
        ticks=_every_second(pace),
    )
    return Figure(
        "days",
        _("Day by day"),
        said,
        drawn_by_us(svg),
        [("bar-1", exits), ("bar-2", deliveries)],
        [_("Day"), exits, deliveries],
        [[day.on.isoformat(), str(day.exits), str(day.deliveries)] for day in days],
    )


def _times(pace: Pace) -> Figure:
    days = pace.days
    last = next((day for day in reversed(days) if day.median is not None), None)
    said = _("No delivery in these days.")
    if last is not None:
        said = _("Deliveries of %(day)s: half within %(median)s, nine of ten within %(p90)s.") % {
            "day": last.on.isoformat(),
            "median": _long(last.median),
            "p90": _long(last.p90),
        }
    median, p90 = _("Half within"), _("Nine of ten within")
    svg = line_chart(
        _dates(pace),
        [
            Series(median, [_in_hours(day.median) for day in days]),
            Series(p90, [_in_hours(day.p90) for day in days]),
        ],
        about=f"{_('Hours from exit to receipt')}. {said}",
        ticks=_every_second(pace),
    )
    return Figure(
        "times",
        _("Hours from exit to receipt"),
        said,
        drawn_by_us(svg),
        [("curve-1", median), ("curve-2", p90)],
        [_("Day of delivery"), median, p90],
        [[day.on.isoformat(), _long(day.median), _long(day.p90)] for day in days],
    )


def _dates(pace: Pace) -> list[str]:
    return [f"{day.on:%m-%d}" for day in pace.days]


def _every_second(pace: Pace) -> range:
    """Pick the days whose dates are written: every second one, counted from today."""
    return range(len(pace.days) - 1, -1, -2)


def _in_hours(took: timedelta | None) -> float | None:
    return None if took is None else took.total_seconds() / 3600


def _long(took: timedelta | None) -> str:
    if took is None:
        return "—"
    minutes = round(took.total_seconds() / 60)
    return _("%(hours)d h %(minutes)d min") % {"hours": minutes // 60, "minutes": minutes % 60}


def drawn_by_us(svg: str) -> SafeString:
    # Drawn by ferry.portal.charts, which escapes every word in it.
    return mark_safe(svg)  # noqa: S308
