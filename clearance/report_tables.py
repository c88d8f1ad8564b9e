"""A checkpoint's report in words and numbers: its main figures and its tables."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext as _

from clearance.models import Verdict
from ferry.models import Country, Outcome
from ferry.reasons import sentence
from ferry.report_tables import Column, Main, Table, counted, named, shown
from ferry.templatetags.names import first_sentence

if TYPE_CHECKING:
    from clearance.queries.reports import PlaceReport, Scans
    from ferry.models import Checkpoint

VERDICTS: tuple[str, ...] = (Verdict.RELEASE.value, Verdict.EXAMINE.value, Verdict.REFUSE.value)


def main_figures(report: PlaceReport) -> list[Main]:
    now, before = report.now, report.before
    return [
        counted("scans", _("Scans"), now.count, before.count),
        *(
            Main(
                verdict,
                str(Verdict(verdict).label),
                shown(now.share(verdict), "share"),
                shown(before.share(verdict), "share"),
                about=str(now.verdicts[verdict]),
            )
            for verdict in VERDICTS
        ),
        Main(
            "seconds",
            _("Seconds per car, half within"),
            shown(now.seconds, "seconds"),
            shown(before.seconds, "seconds"),
            about=_("nine of ten within %(time)s") % {"time": shown(now.seconds_p90, "seconds")},
        ),
        Main(
            "matched",
            _("Matched"),
            shown(report.matching.share, "share"),
            shown(report.matching_before.share, "share"),
            about=_("of %(judged)d judged; %(waiting)d still within time")
            % {
                "judged": report.matching.judged,
                "waiting": report.matching.outcomes.get(Outcome.WAITING.value, 0),
            },
        ),
    ]


def place_tables(report: PlaceReport) -> list[Table]:
    lanes = [
        [lane, *_mix(scans), scans.offline, scans.seconds, scans.seconds_p90] for lane, scans in report.lanes
    ]
    companies = [
        [str(company) if company else _("No trip: the code names none"), *_mix(scans)]
        for company, scans in report.companies
    ]
    routes = [
        [str(route) if route else _("No trip: the code names none"), *_mix(scans)]
        for route, scans in report.routes
    ]
    days = [[on, *_mix(scans), scans.offline, scans.seconds, scans.seconds_p90] for on, scans in report.days]
    return [
        _reasons(report),
        _outcomes(report),
        Table("routes", _("By route"), [Column(_("Route"), "text"), *_mix_columns()], routes),
        Table("lanes", _("By lane"), [Column(_("Lane"), "text"), *_mix_columns(), *_pace_columns()], lanes),
        Table("companies", _("By company"), [Column(_("Company"), "text"), *_mix_columns()], companies),
        Table("days", _("Day by day"), [Column(_("Day"), "day"), *_mix_columns(), *_pace_columns()], days),
    ]


def _mix_columns() -> list[Column]:
    return [
        Column(_("Scans")),
        *(Column(str(Verdict(verdict).label)) for verdict in VERDICTS),
        Column(_("Released at once"), "share"),
    ]


def _pace_columns() -> list[Column]:
    return [
        Column(_("Offline")),
        Column(_("Seconds per car, half within"), "seconds"),
        Column(_("Nine of ten within"), "seconds"),
    ]


def _mix(scans: Scans) -> list[Any]:
    counts = [scans.verdicts[verdict] for verdict in VERDICTS]
    return [scans.count, *counts, scans.share(Verdict.RELEASE)]


def _compared(report: PlaceReport, first: str) -> list[Column]:
    return [
        Column(first, "text"),
        Column(named(report.period)),
        Column(named(report.compared)),
        Column(_("Difference"), "change"),
    ]


def _pairs(names: dict[str, str], now: Any, before: Any) -> list[list[Any]]:
    return [
        [label, now.get(name, 0), before.get(name, 0), now.get(name, 0) - before.get(name, 0)]
        for name, label in names.items()
    ]


def _reasons(report: PlaceReport) -> Table:
    """List why scans were not released at once, the most frequent first."""
    now, before = report.now.reasons, report.before.reasons
    codes = sorted({*now, *before}, key=lambda code: (-now.get(code, 0), -before.get(code, 0), code))
    rows = _pairs({code: first_sentence(sentence(code)) for code in codes}, now, before)
    note = _("A scan may have several reasons.")
    return Table("reasons", _("Reasons"), _compared(report, _("Reason")), rows, note)


def _outcomes(report: PlaceReport) -> Table:
    names = {one.value: str(one.label) for one in Outcome}
    rows = _pairs(names, report.matching.outcomes, report.matching_before.outcomes)
    note = _(
        "Of the trips over this checkpoint that left China on these days of Beijing's, as they stand now."
    )
    return Table("outcomes", _("Reconciliation"), _compared(report, _("Outcome")), rows, note)


def days_said(place: Checkpoint) -> str:
    if place.country == Country.KAZAKHSTAN:
        return _("Days are Astana's; a scan counts on the day it was made.")
    return _("Days are Beijing's; a scan counts on the day it was made.")


def about_place(report: PlaceReport) -> list[str]:
    return [str(report.checkpoint), named(report.period), days_said(report.checkpoint)]
