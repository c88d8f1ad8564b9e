"""Draw a company's report: what left and arrived, how long it took, what matched."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.utils.translation import gettext as _

from ferry.models import Timed
from ferry.portal.charts import Series, bar_chart, line_chart
from ferry.portal.figures import Figure, drawn_by_us
from ferry.report_tables import shown

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    from ferry.queries.reports import Figures, Report

#: At most so many dates are written below a chart.
DATES = 8


def report_figures(report: Report) -> list[Figure]:
    return [_volumes(report.days), _times(report.days), _shares(report.days)]


def ticks(days: int) -> range:
    """Say which days are named, counted from the last."""
    return range(days - 1, -1, -max(-(-days // DATES), 1))


def _labels(days: Sequence[tuple[date, Figures]]) -> list[str]:
    return [f"{on:%m-%d}" for on, _figures in days]


def _volumes(days: Sequence[tuple[date, Figures]]) -> Figure:
    exits = [figures.counts["exited"] for _on, figures in days]
    deliveries = [figures.counts["delivered"] for _on, figures in days]
    said = _("In %(days)d days: exits %(exits)d · deliveries %(deliveries)d.") % {
        "days": len(days),
        "exits": sum(exits),
        "deliveries": sum(deliveries),
    }
    title, names = _("Exits and deliveries"), (_("Exits"), _("Deliveries"))
    svg = bar_chart(
        _labels(days),
        [Series(names[0], exits), Series(names[1], deliveries)],
        about=f"{title}. {said}",
        ticks=ticks(len(days)),
    )
    rows = [
        [on.isoformat(), str(one), str(other)]
        for (on, _figures), one, other in zip(days, exits, deliveries, strict=True)
    ]
    legend = [("bar-1", names[0]), ("bar-2", names[1])]
    return Figure("volumes", title, said, drawn_by_us(svg), legend, [_("Day"), *names], rows)


def _times(days: Sequence[tuple[date, Figures]]) -> Figure:
    medians = [figures.median(Timed.EXIT_RECEIPT) for _on, figures in days]
    p90s = [figures.p90(Timed.EXIT_RECEIPT) for _on, figures in days]
    slowest = max(((p90, on) for (on, _figures), p90 in zip(days, p90s, strict=True) if p90), default=None)
    said = _("No delivery in these days.")
    if slowest:
        said = _("Slowest on %(day)s: nine of ten within %(time)s.") % {
            "day": slowest[1].isoformat(),
            "time": shown(slowest[0], "minutes"),
        }
    title, names = _("Hours from exit to receipt"), (_("Half within"), _("Nine of ten within"))
    svg = line_chart(
        _labels(days),
        [
            Series(name, [None if one is None else one / 60 for one in values])
            for name, values in zip(names, (medians, p90s), strict=True)
        ],
        about=f"{title}. {said}",
        ticks=ticks(len(days)),
    )
    rows = [
        [on.isoformat(), shown(median, "minutes"), shown(p90, "minutes")]
        for (on, _figures), median, p90 in zip(days, medians, p90s, strict=True)
    ]
    legend = [("curve-1", names[0]), ("curve-2", names[1])]
    return Figure("times", title, said, drawn_by_us(svg), legend, [_("Day of delivery"), *names], rows)


def _shares(days: Sequence[tuple[date, Figures]]) -> Figure:
    shares = [figures.matched_share for _on, figures in days]
    judged = sum(figures.judged for _on, figures in days)
    said = _("%(judged)d of these days' trips are judged so far.") % {"judged": judged}
    title, name = _("Matched, in percent"), _("Matched")
    svg = line_chart(
        _labels(days),
        [Series(name, [None if one is None else one * 100 for one in shares])],
        about=f"{title}. {said}",
        ticks=ticks(len(days)),
    )
    rows = [
        [on.isoformat(), shown(share, "share"), str(figures.judged)]
        for (on, figures), share in zip(days, shares, strict=True)
    ]
    headings = [_("Day of exit"), name, _("Judged")]
    return Figure("matched", title, said, drawn_by_us(svg), [("curve-1", name)], headings, rows)
