"""Draw a checkpoint's report: its verdicts, and how fast its lanes were."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.utils.translation import gettext as _

from clearance.models import Verdict
from ferry.portal.charts import Series, bar_chart, line_chart
from ferry.portal.figures import Figure, drawn_by_us
from ferry.portal.report_figures import ticks
from ferry.report_tables import shown

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    from clearance.queries.reports import PlaceReport, Scans


def place_figures(report: PlaceReport) -> list[Figure]:
    return [_verdicts(report.days), _seconds(report.days)]


def _labels(days: Sequence[tuple[date, Scans]]) -> list[str]:
    return [f"{on:%m-%d}" for on, _scans in days]


def _verdicts(days: Sequence[tuple[date, Scans]]) -> Figure:
    released = [scans.verdicts[Verdict.RELEASE] for _on, scans in days]
    stopped = [scans.count - one for (_on, scans), one in zip(days, released, strict=True)]
    title, names = _("Verdicts"), (_("Released at once"), _("Examined or refused"))
    said = _("Released %(released)d · examined or refused %(stopped)d.") % {
        "released": sum(released),
        "stopped": sum(stopped),
    }
    svg = bar_chart(
        _labels(days),
        [Series(names[0], released), Series(names[1], stopped)],
        about=f"{title}. {said}",
        ticks=ticks(len(days)),
    )
    rows = [
        [on.isoformat(), str(one), str(other)]
        for (on, _scans), one, other in zip(days, released, stopped, strict=True)
    ]
    legend = [("bar-1", names[0]), ("bar-2", names[1])]
    return Figure("verdicts", title, said, drawn_by_us(svg), legend, [_("Day"), *names], rows)


def _seconds(days: Sequence[tuple[date, Scans]]) -> Figure:
    medians = [scans.seconds for _on, scans in days]
    p90s = [scans.seconds_p90 for _on, scans in days]
    title, names = _("Seconds per car"), (_("Half within"), _("Nine of ten within"))
    said = _("From one car of a lane to its next, where a car followed a car.")
    svg = line_chart(
        _labels(days),
        [Series(names[0], medians), Series(names[1], p90s)],
        about=f"{title}. {said}",
        ticks=ticks(len(days)),
    )
    rows = [
        [on.isoformat(), shown(median, "seconds"), shown(p90, "seconds")]
        for (on, _scans), median, p90 in zip(days, medians, p90s, strict=True)
    ]
    legend = [("curve-1", names[0]), ("curve-2", names[1])]
    return Figure("seconds", title, said, drawn_by_us(svg), legend, [_("Day"), *names], rows)
