"""Sources of records: what each delivered, how it writes, and the headings that were put right for it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from django.contrib import messages
from django.http import Http404
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe
from openpyxl.utils import get_column_letter

from clearance.actions.sources import change_headings, forget_headings, keep_writing
from clearance.desk.places import supervisor
from clearance.desk.record_forms import WritingForm
from clearance.lane.access import officer
from clearance.models import SourceHeadings
from clearance.queries.record_search import source_names
from clearance.queries.sources import delivered_by, files_of, is_kept_at, names_of, sources_of
from clearance.rules.records import mask_passports
from ferry.errors import Refused
from ferry.portal.import_pages import fate_tallies, short, shown_columns
from ferry.portal.importing import chosen_columns
from ferry.portal.pages import newest_first
from ferry.portal.saving import tell_reasons

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.http import HttpRequest, HttpResponse

    from clearance.lane.access import Station
    from clearance.models import Source
    from ferry.portal.import_pages import Column


@dataclass(frozen=True)
class ShownHeadings:
    """A row of headings that was put right, by its titles or else by the letters of its columns."""

    kept: SourceHeadings
    columns: list[Column]
    is_titled: bool

    @property
    def name(self) -> str:
        return short([column.title for column in self.columns])


@require_safe
@never_cache
@officer(supervises=True)
def sources(request: HttpRequest, station: Station) -> HttpResponse:
    """List the sources with what each delivered, and beside them who has a key and no files."""
    page = newest_first(sources_of(station.supervised).select_related("checkpoint"), request)
    by_key = sorted({*source_names(station.supervised)} - {*names_of(station.supervised)})
    delivered = delivered_by([*(one.name for one in page), *by_key])
    context = {
        "page": page,
        "sources": [(one, delivered[one.name]) for one in page],
        "by_key": [(name, delivered[name]) for name in by_key],
    }
    return render(request, "desk/sources.html", context)


@require_safe
@never_cache
@officer(supervises=True)
def source(request: HttpRequest, station: Station, pk: int) -> HttpResponse:
    """Show what a source delivered, how it writes, its headings and its files."""
    shown = _own(station, pk)
    page = newest_first(
        files_of(station.supervised).filter(source=shown).defer("report", "headings"), request
    )
    sees_whole = is_kept_at(shown, station.supervised)
    context = {
        "source": shown,
        "delivered": delivered_by([shown.name])[shown.name],
        "writing": WritingForm(written=shown, source=shown),
        "headings": [
            _shown(one, str if sees_whole else mask_passports)
            for one in shown.known_headings.order_by("-known_at")
        ],
        "page": page,
        "files": [(one, fate_tallies(one)) for one in page],
    }
    return render(request, "desk/source.html", context)


@require_POST
@officer(supervises=True)
def source_writing(request: HttpRequest, station: Station, pk: int) -> HttpResponse:
    """Keep how the source writes."""
    shown = _own(station, pk)
    form = WritingForm(request.POST, written=shown, source=shown)
    if form.is_valid():
        keep = partial(keep_writing, source=shown, **form.cleaned_data, by=supervisor(request))
        _tried(request, keep, _("Kept for the source's next file."))
    return redirect("desk:source", pk)


@require_POST
@officer(supervises=True)
def source_headings(request: HttpRequest, station: Station, pk: int, headings: int) -> HttpResponse:
    """Have the source's next file under these headings read otherwise."""
    kept = _headings(station, pk, headings)
    said, by = chosen_columns(request, "records"), supervisor(request)
    change = partial(change_headings, headings=kept, columns=said, at=timezone.now(), by=by)
    _tried(request, change, _("Kept for the source's next file."))
    return redirect("desk:source", pk)


@require_POST
@officer(supervises=True)
def source_headings_forget(request: HttpRequest, station: Station, pk: int, headings: int) -> HttpResponse:
    """Have these headings found anew in the source's next file."""
    forget = partial(forget_headings, headings=_headings(station, pk, headings), by=supervisor(request))
    _tried(request, forget, _("Forgotten. In the next file the columns are found by their headings."))
    return redirect("desk:source", pk)


def _tried(request: HttpRequest, act: Callable[[], object], success: str) -> None:
    try:
        act()
    except Refused as refused:
        tell_reasons(request, refused)
    else:
        messages.success(request, success)


def _own(station: Station, pk: int) -> Source:
    found = sources_of(station.supervised).select_related("checkpoint").filter(pk=pk).first()
    if found is None:
        raise Http404
    return found


def _headings(station: Station, pk: int, headings: int) -> SourceHeadings:
    own = SourceHeadings.objects.filter(source=_own(station, pk)).select_related("source__checkpoint")
    found = own.filter(pk=headings).first()
    if found is None:
        raise Http404
    return found


def _shown(kept: SourceHeadings, shown: Any) -> ShownHeadings:
    titles = [shown(title) for title in kept.titles]
    letters = [get_column_letter(place) for place in range(1, kept.width + 1)]
    return ShownHeadings(kept, shown_columns(kept.kind, titles or letters, kept.columns), bool(titles))
