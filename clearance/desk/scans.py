"""Every scan: searched, filtered, sorted, and exported as it is filtered."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from django.db.models import Count, F
from django.http import Http404
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from clearance.desk.places import usual_place
from clearance.lane.access import officer
from clearance.models import ExaminationOutcome, Verdict
from clearance.queries.scan_search import (
    by_scanner,
    every_scan,
    scanners_at,
    search_scans,
    with_passport_tail,
)
from clearance.queries.scan_search import with_reason as rows_with_reason
from clearance.rules.verdict import RULES
from ferry.codes import show_short_code
from ferry.portal.lists.asked import Asked
from ferry.portal.lists.declare import YES, Choice, Column, Day, Listing, Scene, Total, Typed, fitting
from ferry.portal.lists.exports import file_of
from ferry.portal.lists.views import page_shown, totals_of
from ferry.reasons import in_words
from ferry.rules.letters import plain_capitals, plain_text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from django.db.models import QuerySet
    from django.http import HttpRequest

    from clearance.lane.access import Station
    from clearance.models import Examination, Scan
    from ferry.models import Checkpoint

REASONS = list(dict.fromkeys(rule.code for rule in RULES))
WAITING = "waiting"
TAIL = 4
#: Told beside the scan where it was recorded so much later.
LATE = timedelta(minutes=1)


@dataclass(frozen=True)
class DeskScene(Scene):
    """For which checkpoints a supervisor's list is shown."""

    checkpoints: Sequence[Checkpoint] = ()

    @property
    def whose(self) -> Any:
        return self.checkpoints


@dataclass(frozen=True)
class Tail(Typed):
    """A filter by a passport's last four: a whole number has no place in an address."""

    def told(self, value: str, scene: Scene) -> str | None:
        tail = plain_capitals(value)
        return f"…{tail}" if len(tail) == TAIL else None


def _places(scene: Scene) -> list[tuple[str, str]]:
    return [(each.code, each.name) for each in scene.whose]


def _at(rows: QuerySet[Scan], value: str, scene: Scene) -> QuerySet[Scan]:
    # By id, so that an index that begins with the checkpoint gives the order as well.
    return rows.filter(checkpoint=next(each.pk for each in scene.whose if each.code == value))


def _verdict(rows: QuerySet[Scan], value: str, _scene: Scene) -> QuerySet[Scan]:
    return rows.filter(examination__outcome="") if value == WAITING else rows.filter(verdict=value)


def _offline(rows: QuerySet[Scan], value: str, _scene: Scene) -> QuerySet[Scan]:
    if value == "differs":
        return rows.exclude(offline_verdict="").exclude(offline_verdict=F("verdict"))
    return rows.exclude(offline_verdict="") if value == YES else rows.filter(offline_verdict="")


def _totals(rows: QuerySet[Scan], _scene: Scene) -> list[Total]:
    counts = dict(rows.values_list("verdict").annotate(Count("pk")))
    offline = rows.exclude(offline_verdict="").count()
    by_verdict = [Total(one.label, counts[one], {"verdict": one.value}) for one in Verdict if one in counts]
    return [*by_verdict, Total(_("Judged offline"), offline, {"offline": YES})]


def _dress(rows: Sequence[Scan], _scene: Scene) -> Sequence[dict[str, Any]]:
    return [
        {
            "scan": scan,
            "short_code": show_short_code(scan.pass_used.short_code) if scan.pass_used else "",
            "reasons": in_words(scan.reasons),
            "examination": _latest(scan),
            "is_late": scan.recorded_at - scan.scanned_at > LATE,
        }
        for scan in rows
    ]


def _latest(scan: Scan) -> Examination | None:
    return max(scan.examinations.all(), key=lambda one: one.pk, default=None)


def _who(row: dict[str, Any]) -> str:
    scan = row["scan"]
    if scan.officer:
        return str(scan.officer.name or scan.officer.email)
    return scan.device.label if scan.device else ""


def _outcome(row: dict[str, Any]) -> Any:
    examination = row["examination"]
    if examination is None:
        return ""
    return ExaminationOutcome(examination.outcome).label if examination.outcome else _("Not decided")


def _minutes(row: dict[str, Any]) -> int | None:
    age: timedelta | None = row["scan"].list_age
    return None if age is None else int(age.total_seconds() // 60)


def _of_pass(name: str) -> Any:
    return lambda row: getattr(row["scan"].pass_used, name) if row["scan"].pass_used else ""


SCANS = Listing(
    name="scans",
    title=_("Scans"),
    search_label=_("Part of a VIN, trip or short code"),
    rows=every_scan,
    search=search_scans,
    columns=(
        Column(
            "scanned_at",
            _("Scanned"),
            lambda row: row["scan"].scanned_at,
            "desk/cells/scan_scanned.html",
            "scanned_at",
            is_head=True,
            is_moment=True,
        ),
        Column(
            "verdict",
            _("Verdict"),
            lambda row: row["scan"].get_verdict_display(),
            "desk/cells/scan_verdict.html",
            is_plain=True,
        ),
        Column("vin", _("Vehicle"), _of_pass("vin"), "desk/cells/scan_vehicle.html"),
        Column("lane", _("Lane"), lambda row: row["scan"].lane, "desk/cells/scan_lane.html"),
        Column(
            "reference",
            _("Trip"),
            lambda row: row["scan"].trip.reference if row["scan"].trip else "",
            is_shown=False,
        ),
        Column("short_code", _("Short code"), lambda row: row["short_code"], "desk/cells/scan_code.html"),
        Column(
            "company",
            _("Company"),
            lambda row: row["scan"].trip.company.name if row["scan"].trip else "",
            "desk/cells/scan_company.html",
        ),
        Column(
            "driver",
            _("Driver"),
            lambda row: row["scan"].pass_used.driver.name if row["scan"].pass_used else "",
            is_shown=False,
        ),
        Column(
            "driver_latin",
            _("Latin name"),
            lambda row: row["scan"].pass_used.driver.name_latin if row["scan"].pass_used else "",
            is_shown=False,
        ),
        Column(
            "passport_tail",
            _("passport, last four"),
            lambda row: row["scan"].pass_used.driver.passport_tail if row["scan"].pass_used else "",
            is_shown=False,
        ),
        Column(
            "reasons",
            _("Reasons"),
            lambda row: ", ".join(reason["code"] for reason in row["scan"].reasons),
            is_shown=False,
        ),
        Column("outcome", _("Examination"), _outcome, is_shown=False),
        Column(
            "offline",
            _("Verdict offline"),
            lambda row: row["scan"].get_offline_verdict_display(),
            is_shown=False,
        ),
        Column("list_age", _("Age of the list, minutes"), _minutes, is_shown=False),
        Column("who", _("Scanned by"), _who, "desk/cells/scan_who.html"),
        Column(
            "recorded_at",
            _("Recorded"),
            lambda row: row["scan"].recorded_at,
            is_shown=False,
            is_moment=True,
        ),
        Column(
            "revoke",
            _("Code"),
            lambda _row: None,
            "desk/cells/scan_revoke.html",
            is_for_writers=True,
            is_plain=True,
        ),
    ),
    filters=(
        Choice("place", _("Checkpoint"), _places, _at, is_kept=True),
        Choice(
            "verdict",
            _("Verdict"),
            fitting([*Verdict.choices, (WAITING, _("Examination not decided"))]),
            _verdict,
        ),
        Choice(
            "reason",
            _("Reason"),
            fitting([(code, code) for code in REASONS]),
            lambda rows, value, _scene: rows_with_reason(rows, value),
        ),
        Typed("lane", _("Lane"), lambda rows, value, _scene: rows.filter(lane=plain_text(value))),
        Choice(
            "by",
            _("Scanned by"),
            lambda scene: scanners_at(scene.whose),
            lambda rows, value, _scene: by_scanner(rows, value),
        ),
        Tail(
            "passport",
            _("passport, last four"),
            lambda rows, value, _scene: with_passport_tail(rows, plain_capitals(value)),
        ),
        Day("from", pgettext_lazy("time", "From"), "scanned_at"),
        Day("until", _("Until"), "scanned_at", until=True),
        Choice(
            "offline",
            _("Judged offline"),
            fitting([(YES, _("Yes")), ("differs", _("Yes, and differently")), ("no", _("No"))]),
            _offline,
        ),
    ),
    totals=_totals,
    dress=_dress,
    order="-scanned_at",
)


@require_safe
@never_cache
@officer(supervises=True)
def scans(request: HttpRequest, station: Station) -> Any:
    """Show the list of scans, or its totals."""
    asked = _asked(request, station)
    if request.GET.get("part") == "totals":
        return render(request, "portal/lists/totals.html", totals_of(asked))
    context = page_shown(request, asked, url=reverse("desk:scans"))
    return render(request, "desk/scans.html", context)


@require_safe
@never_cache
@officer(supervises=True)
def scans_export(request: HttpRequest, station: Station, form: str) -> Any:
    """Give what is filtered as a file."""
    if form not in {"xlsx", "csv"}:
        raise Http404
    return file_of(_asked(request, station), form)


def _asked(request: HttpRequest, station: Station) -> Asked:
    """Read what is wanted; of one checkpoint always, so that an index gives the order."""
    scene = DeskScene(None, timezone.now(), may_write=True, checkpoints=tuple(station.supervised))  # type: ignore[arg-type]
    said = request.GET.dict()
    if said.get("place") not in {each.code for each in station.supervised}:
        said["place"] = usual_place(request, station).code
    return Asked.read(SCANS, scene, said)
