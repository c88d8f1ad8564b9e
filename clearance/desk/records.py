"""Every record: searched, filtered, exported; and one with where it came from and what it is about."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from django.db.models import Count
from django.http import Http404
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from clearance.desk.scans import DeskScene, Tail
from clearance.lane.access import officer
from clearance.models import RecordKind
from clearance.queries.record_search import (
    every_record,
    record_seen,
    route_ids,
    search_records,
    source_names,
    waiting_counts,
    waiting_since,
    with_passport_tail,
)
from clearance.queries.records import why_waiting
from clearance.queries.sources import files_of, is_kept_at
from clearance.rules.records import mask_passports
from ferry.portal.lists.asked import Asked
from ferry.portal.lists.declare import Choice, Column, Day, Listing, Scene, Total, Typed, equal, fitting
from ferry.portal.lists.exports import file_of
from ferry.portal.lists.views import page_shown, totals_of
from ferry.rules.findings import FINE
from ferry.rules.letters import plain_capitals
from ferry.rules.vin import judge_vin

if TYPE_CHECKING:
    from collections.abc import Sequence

    from django.db.models import QuerySet
    from django.http import HttpRequest

    from clearance.lane.access import Station
    from clearance.models import Record

UNMATCHED = "unmatched"
#: For how many days a record has waited before it is counted apart.
AGES = (1, 7, 28)
#: What keeps a record from its trip, and what may be done about it.
WHY = {
    "ambiguous": _("Two trips fit, and nobody can say which it is. Each of them has a case: settle those."),
    "soon": _("Its trip is known now. It will be matched when that trip is looked at next."),
    "out_of_time": _(
        "Trips of this vehicle or person are known, but the time of the record fits none of them. "
        "Compare the time and the clocks by which the file was read."
    ),
    "vin_unknown": _(
        "No trip over the border in these months has this VIN. "
        "Compare it with the source; if it was misread, have the source send the line again."
    ),
    "person_unknown": _(
        "No driver here has this passport. He may have crossed for reasons of his own, "
        "or his company has not entered his new passport yet."
    ),
    "no_trip": _(
        "The driver is known, but has no trip in these months. It waits in case one is entered later."
    ),
    "declaration_unknown": _(
        "No company has entered a declaration of this number here. It waits until one does."
    ),
}


@dataclass(frozen=True)
class File(Typed):
    """A filter by the file that records came in, by its id."""

    def told(self, value: str, scene: Scene) -> str | None:
        pk = _whole(value)
        found = files_of(scene.whose).filter(pk=pk).first() if pk is not None else None
        return found.name if found else None


def _whole(value: str) -> int | None:
    return int(value) if value.isascii() and value.isdigit() and len(value) < 19 else None


def _match(rows: QuerySet[Record], value: str, _scene: Scene) -> QuerySet[Record]:
    return rows.filter(matched_at__isnull=value == UNMATCHED)


def _age(rows: QuerySet[Record], value: str, scene: Scene) -> QuerySet[Record]:
    return waiting_since(rows, scene.at - timedelta(days=int(value)))


def _totals(rows: QuerySet[Record], scene: Scene) -> list[Total]:
    kinds = dict(rows.values_list("kind").annotate(Count("pk")))
    by_kind = [Total(one.label, kinds[one], {"kind": one.value}) for one in RecordKind if one in kinds]
    waiting = rows.filter(matched_at__isnull=True).count()
    labels = dict(WAITED)
    ages = waiting_counts(rows, AGES, scene.at)
    return [
        *by_kind,
        Total(_("Unmatched"), waiting, {"match": UNMATCHED}),
        *(Total(labels[str(age)], count, {"age": str(age)}) for age, count in ages.items()),
    ]


def _dress(rows: Sequence[Record], scene: Scene) -> Sequence[dict[str, Any]]:
    own = route_ids(scene.whose)
    return [
        {
            "record": record,
            "trip": record.trip if record.trip and record.trip.route_id in own else None,
            "days": (scene.at - record.received_at).days,
        }
        for record in rows
    ]


def _about(row: dict[str, Any]) -> Any:
    record = row["record"]
    if record.matched_at is None:
        return ""
    return row["trip"].reference if row["trip"] else record.declaration_number


WAITED = (
    ("1", _("Unmatched for over a day")),
    ("7", _("Unmatched for over 7 days")),
    ("28", _("Unmatched for over 28 days")),
)


def _of(name: str) -> Any:
    return lambda row: getattr(row["record"], name)


def _told_about(row: dict[str, Any]) -> str:
    """Name what a record says it is about: a vehicle, a person by his passport's tail, a declaration."""
    record = row["record"]
    return record.vin or record.declaration_number or _tail(record)


RECORDS = Listing(
    name="records",
    title=_("Records"),
    search_label=_("Part of a VIN, reference or declaration, trip, passport's last four"),
    rows=every_record,
    search=search_records,
    columns=(
        Column(
            "occurred_at",
            _("Happened"),
            _of("occurred_at"),
            "desk/cells/record_occurred.html",
            "occurred_at",
            is_head=True,
            is_moment=True,
        ),
        Column("kind", _("Kind"), lambda row: row["record"].get_kind_display(), is_plain=True),
        Column("about", _("About"), _told_about, "desk/cells/record_about.html"),
        Column("vin", _("VIN"), _of("vin"), is_shown=False),
        Column("passport_tail", _("passport, last four"), _of("passport_tail"), is_shown=False),
        Column("declaration", _("declaration number"), _of("declaration_number"), is_shown=False),
        Column("status", _("status"), lambda row: row["record"].get_status_display(), is_shown=False),
        Column("match", _("Matched to"), _about, "desk/cells/record_match.html"),
        Column("matched_at", _("Matched"), _of("matched_at"), is_shown=False, is_moment=True),
        Column(
            "matched_by", _("Matched by"), lambda row: row["record"].get_matched_by_display(), is_shown=False
        ),
        Column("reference", _("Reference"), _of("source_reference"), "desk/cells/record_reference.html"),
        Column("source", _("Source"), _of("source"), is_shown=False),
        Column(
            "received_at",
            _("Received"),
            _of("received_at"),
            "desk/cells/record_received.html",
            "id",
            is_moment=True,
        ),
    ),
    filters=(
        Choice(
            "match",
            _("Matched"),
            fitting([(UNMATCHED, _("Unmatched")), ("matched", _("Matched"))]),
            _match,
        ),
        Choice("kind", _("Kind"), fitting(RecordKind.choices), equal("kind")),
        Choice(
            "source",
            _("Source"),
            lambda scene: [(name, name) for name in source_names(scene.whose)],
            equal("source"),
        ),
        Choice("age", _("Unmatched for"), fitting(WAITED), _age),
        Tail(
            "passport",
            _("passport, last four"),
            lambda rows, value, _scene: with_passport_tail(rows, plain_capitals(value)),
        ),
        Day("from", pgettext_lazy("time", "From"), "occurred_at"),
        Day("until", _("Until"), "occurred_at", until=True),
        File("file", _("File"), lambda rows, value, _scene: rows.filter(file_import=_whole(value))),
    ),
    totals=_totals,
    dress=_dress,
)


@require_safe
@never_cache
@officer(supervises=True)
def records(request: HttpRequest, station: Station) -> Any:
    """Show the list of records, or its totals."""
    asked = _asked(request, station)
    if request.GET.get("part") == "totals":
        return render(request, "portal/lists/totals.html", totals_of(asked))
    return render(request, "desk/records.html", page_shown(request, asked, url=reverse("desk:records")))


@require_safe
@never_cache
@officer(supervises=True)
def records_export(request: HttpRequest, station: Station, form: str) -> Any:
    """Give what is filtered as a file."""
    if form not in {"xlsx", "csv"}:
        raise Http404
    return file_of(_asked(request, station), form)


@require_safe
@never_cache
@officer(supervises=True)
def record(request: HttpRequest, station: Station, pk: int) -> Any:
    """Show where a record came from, its line as it came, and what it is about or why it waits."""
    found = record_seen(station.supervised, pk)
    if found is None:
        raise Http404
    sees_whole = _sees_whole(found, station)
    context = {
        "record": found,
        "passport": found.passport_number if sees_whole else _tail(found),
        "original": _original(found, sees_whole=sees_whole),
        "is_masked": not sees_whole,
        "file": files_of(station.supervised).filter(records=found).first(),
        "trip": found.trip if found.trip and found.trip.route_id in route_ids(station.supervised) else None,
        "why": "" if found.matched_at else WHY[why_waiting(found)],
        "is_misread": bool(found.vin) and judge_vin(found.vin, powertrain="") != FINE,
        "days": (timezone.now() - found.received_at).days,
    }
    return render(request, "desk/record.html", context)


def _sees_whole(found: Record, station: Station) -> bool:
    """Show a passport's number whole to those at whose checkpoint the source is kept."""
    source = found.file_import.source if found.file_import else None
    return source is not None and is_kept_at(source, station.supervised)


def _tail(found: Record) -> str:
    return f"…{found.passport_tail}" if found.passport_number else ""


def _original(found: Record, *, sees_whole: bool) -> list[tuple[str, str]]:
    cells = [(title, str(cell)) for title, cell in found.original.items()]
    if sees_whole:
        return cells
    return [(title, mask_passports(cell, found.passport_number)) for title, cell in cells]


def _asked(request: HttpRequest, station: Station) -> Asked:
    scene = DeskScene(None, timezone.now(), may_write=True, checkpoints=tuple(station.supervised))  # type: ignore[arg-type]
    return Asked.read(RECORDS, scene, request.GET.dict())
