"""A report in words and numbers: its main figures and its tables, for pages, workbooks and letters alike."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from django.utils.formats import date_format
from django.utils.translation import get_language, pgettext
from django.utils.translation import gettext as _

from ferry.models import CaseKind, Outcome, Said, Timed
from ferry.rules.reports import period_of, told_share

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ferry.queries.reports import Figures, Report
    from ferry.rules.reports import Period

NOTHING = "—"
SMALL_MONTHS = ("ru", "kk")
CellKind = Literal["text", "count", "change", "minutes", "seconds", "share", "day"]


@dataclass(frozen=True)
class Column:
    label: str
    kind: CellKind = "count"


@dataclass(frozen=True)
class Table:
    """`rows` hold one value for each column: None where there is nothing to say."""

    name: str
    title: str
    columns: Sequence[Column]
    rows: Sequence[Sequence[Any]]
    note: str = ""

    def shown(self) -> Iterator[list[tuple[str, CellKind]]]:
        for row in self.rows:
            yield [
                (shown(value, column.kind), column.kind)
                for value, column in zip(row, self.columns, strict=True)
            ]


@dataclass(frozen=True)
class Main:
    """A main figure: what it says now, and what it said before."""

    name: str
    label: str
    value: str
    before: str
    change: str = ""
    about: str = field(default="", kw_only=True)


def shown(value: Any, kind: CellKind) -> str:
    """Write a value as pages and letters show it."""
    if value is None:
        return NOTHING
    match kind:
        case "minutes":
            return how_long(value)
        case "seconds":
            return _("%(seconds)d s") % {"seconds": value}
        case "share":
            return f"{told_share(value) * 100:g}%"
        case "change":
            return f"{value:+d}" if value else "±0"
        case "day":
            return str(value.isoformat())
    return str(value)


def how_long(minutes: int) -> str:
    if minutes < 60:
        return _("%(minutes)d min") % {"minutes": minutes}
    if minutes < 48 * 60:
        form = _("%(hours)d h %(minutes)d min") if minutes % 60 else _("%(hours)d h")
        return form % {"hours": minutes // 60, "minutes": minutes % 60}
    return _("%(days)d d %(hours)d h") % {"days": minutes // 1440, "hours": minutes % 1440 // 60}


def named(period: Period) -> str:
    """Name a period in the reader's language: a day, a month, or from when to when."""
    if period.first == period.last:
        return period.first.isoformat()
    if period.kind == "month" and period == period_of("month", period.first):
        return date_format(period.first, "YEAR_MONTH_FORMAT")
    return f"{period.first} – {period.last}"


def named_within(period: Period) -> str:
    """Name a period inside a sentence: Russian and Kazakh write a month small there, with no point."""
    name = named(period)
    return name[:1].lower() + name[1:].removesuffix(" г.") if get_language() in SMALL_MONTHS else name


# --- A company's -----------------------------------------------------------------------------------


def main_figures(report: Report) -> list[Main]:
    now, before = report.now, report.before
    return [
        counted("exited", _("Left China"), now.counts["exited"], before.counts["exited"]),
        counted("delivered", _("Delivered"), now.counts["delivered"], before.counts["delivered"]),
        Main(
            "time",
            _("Exit to receipt, half within"),
            shown(now.median(Timed.EXIT_RECEIPT), "minutes"),
            shown(before.median(Timed.EXIT_RECEIPT), "minutes"),
            about=_("nine of ten within %(time)s") % {"time": shown(now.p90(Timed.EXIT_RECEIPT), "minutes")},
        ),
        Main(
            "released",
            _("Released at once"),
            shown(now.released_share, "share"),
            shown(before.released_share, "share"),
            about=_("examined: %(examine)d · refused: %(refuse)d")
            % {name: now.verdicts.get(name, 0) for name in ("examine", "refuse")},
        ),
        Main(
            "matched",
            _("Matched"),
            shown(now.matched_share, "share"),
            shown(before.matched_share, "share"),
            about=_("of %(judged)d judged; %(waiting)d still within time")
            % {"judged": now.judged, "waiting": now.outcomes.get(Outcome.WAITING.value, 0)},
        ),
        counted("cases", _("Cases opened"), now.opened, before.opened),
    ]


def counted(name: str, label: str, now: int, before: int) -> Main:
    return Main(name, label, str(now), str(before), shown(now - before, "change"))


def company_tables(report: Report) -> list[Table]:
    return [
        volumes_table(report),
        verdicts_table(report),
        outcomes_table(report),
        times_table(report),
        cases_table(report),
        routes_table(report),
        days_table(report),
    ]


def _compared(report: Report, first: str) -> list[Column]:
    return [
        Column(first, "text"),
        Column(named(report.period)),
        Column(named(report.compared)),
        Column(_("Difference"), "change"),
    ]


def _pairs(names: dict[str, str], now: dict[str, int], before: dict[str, int]) -> list[list[Any]]:
    return [
        [label, now.get(name, 0), before.get(name, 0), now.get(name, 0) - before.get(name, 0)]
        for name, label in names.items()
    ]


def volumes_table(report: Report) -> Table:
    names = {
        "planned": _("Planned for these days"),
        "issued": _("… of them with a code"),
        "cancelled": _("… of them cancelled"),
        "lapsed": _("… of them lapsed unused"),
        "exited": _("Left China"),
        "arrived": _("Entered Kazakhstan"),
        "delivered": _("Delivered"),
        "discharged": _("Discharged"),
        "returned": _("Came back undelivered, of those that left"),
    }
    rows = _pairs(names, dict(report.now.counts), dict(report.before.counts))
    return Table("volumes", _("Trips"), _compared(report, _("What happened")), rows)


def verdicts_table(report: Report) -> Table:
    names = {one.value: str(one.label) for one in Said}
    rows = _pairs(names, dict(report.now.verdicts), dict(report.before.verdicts))
    note = _("Of every scan of a trip's code at either checkpoint, on the day of the scan.")
    return Table("verdicts", _("At the checkpoints"), _compared(report, _("Verdict")), rows, note)


def times_table(report: Report) -> Table:
    columns = [
        Column(_("Stage"), "text"),
        Column(_("Trips")),
        Column(_("Half within"), "minutes"),
        Column(_("Nine of ten within"), "minutes"),
        Column(_("Half within, before"), "minutes"),
        Column(_("Nine of ten within, before"), "minutes"),
    ]
    now, before = report.now, report.before
    rows = [
        [
            str(stage.label),
            now.timed(stage),
            now.median(stage),
            now.p90(stage),
            before.median(stage),
            before.p90(stage),
        ]
        for stage in Timed
    ]
    note = _(
        "Counted by the whole minute, on the day when the stage ended. Each time is one that really was."
    )
    return Table("times", _("How long it took"), columns, rows, note)


def outcomes_table(report: Report) -> Table:
    names = {one.value: str(one.label) for one in Outcome}
    rows = _pairs(names, dict(report.now.outcomes), dict(report.before.outcomes))
    note = _("Of the trips that left in these days, as they stand now.")
    return Table("outcomes", _("Reconciliation"), _compared(report, _("Outcome")), rows, note)


def cases_table(report: Report) -> Table:
    """List the kinds of which there were cases, the most first."""
    now, before = report.now.cases, report.before.cases
    kinds = sorted({*now, *before}, key=lambda kind: (-now.get(kind, 0), -before.get(kind, 0), kind))
    names = {kind: str(CaseKind(kind).label) for kind in kinds if kind in CaseKind.values}
    rows = _pairs(names, dict(now), dict(before))
    return Table("cases", _("Cases opened"), _compared(report, pgettext("case", "Kind")), rows)


def _lasting() -> list[Column]:
    return [
        Column(_("Planned")),
        Column(_("Left China")),
        Column(_("Entered Kazakhstan")),
        Column(_("Delivered")),
        Column(_("Discharged")),
        Column(_("Exit to receipt, half within"), "minutes"),
        Column(_("Nine of ten within"), "minutes"),
        Column(_("Released at once"), "share"),
        Column(_("Matched"), "share"),
        Column(_("Cases opened")),
    ]


def _line(figures: Figures) -> list[Any]:
    return [
        *(figures.counts[name] for name in ("planned", "exited", "arrived", "delivered", "discharged")),
        figures.median(Timed.EXIT_RECEIPT),
        figures.p90(Timed.EXIT_RECEIPT),
        figures.released_share,
        figures.matched_share,
        figures.opened,
    ]


def routes_table(report: Report) -> Table:
    rows = [[str(route) if route else _("No route"), *_line(figures)] for route, figures in report.routes]
    return Table("routes", _("By route"), [Column(_("Route"), "text"), *_lasting()], rows)


def days_table(report: Report) -> Table:
    rows = [[on, *_line(figures)] for on, figures in report.days]
    return Table("days", _("Day by day"), [Column(_("Day"), "day"), *_lasting()], rows)


def about_report(whose: str, period: Period, of: str) -> list[str]:
    return [f"{whose} · {of}", _("%(period)s (days of Beijing)") % {"period": named(period)}]
