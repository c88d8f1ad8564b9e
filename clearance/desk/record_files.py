"""Import a source's file: upload it, look at what would become of every line, and have it done."""

from __future__ import annotations

import uuid
from functools import partial
from typing import TYPE_CHECKING, Any

from django.http import Http404
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from clearance.actions.sources import correct_writing, keep_records, open_source, start_records
from clearance.desk.places import supervisor, usual_place
from clearance.desk.record_forms import RecordFileForm, WritingForm
from clearance.lane.access import officer
from clearance.queries.records import waiting_of
from clearance.queries.sources import files_of, is_kept_at, sources_of
from clearance.rules.records import mask_passports
from ferry.portal.importing import IMPORTS_SHOWN, Pages, said_of

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse

    from clearance.lane.access import Station
    from clearance.models import RecordImport, Source

PAGES = Pages("desk:record_files", "desk/record_file.html", "clearance.tasks.work_record_imports")


@require_http_methods(["GET", "POST"])
@never_cache
@officer(supervises=True)
def record_files(request: HttpRequest, station: Station) -> HttpResponse:
    """List the files of records, and take one more, to be read by a worker."""
    said: dict[str, Any] = {
        "sources": sources_of(station.supervised).order_by("name"),
        "places": station.supervised,
    }
    if request.method == "POST":
        form = RecordFileForm(request.POST, request.FILES, **said)
        answer = PAGES.upload(request, form, lambda: _keep(request, form, station))
        if answer is not None:
            return answer
    else:
        form = RecordFileForm(initial={"key": uuid.uuid4(), "source": request.GET.get("source")}, **said)
    recent = files_of(station.supervised).defer("report", "headings").order_by("-pk")[:IMPORTS_SHOWN]
    context = {"form": form, "recent": recent, "names": PAGES.names, "with_source": True}
    return render(request, "desk/record_files.html", context, status=400 if form.errors else 200)


@require_safe
@never_cache
@officer(supervises=True)
def record_file(request: HttpRequest, station: Station, pk: int) -> HttpResponse:
    """Show where a file stands; while it is worked, the page asks again by itself."""
    file_import = _own(station, pk)
    sees_whole = is_kept_at(file_import.source, station.supervised)
    more: dict[str, Any] = {
        "gives_refused": sees_whole,
        "before_sheets": "desk/record_writing.html",
        "writing": WritingForm(written=file_import, source=file_import.source),
        "waiting": waiting_of(file_import),
    }
    return PAGES.job(request, file_import, shown=str if sees_whole else mask_passports, **more)


@require_POST
@officer(supervises=True)
def record_file_writing(request: HttpRequest, station: Station, pk: int) -> HttpResponse:
    """Read the file again as it is said to be written."""
    file_import = _own(station, pk)
    form = WritingForm(request.POST, written=file_import, source=file_import.source)
    if not form.is_valid():
        return redirect(PAGES.names["job"], pk)
    return PAGES.done(
        request, file_import, partial(correct_writing, file_import=file_import, **form.cleaned_data)
    )


@require_POST
@officer(supervises=True)
def record_file_headings(request: HttpRequest, station: Station, pk: int) -> HttpResponse:
    """Read the file again with what is said of one sheet's headings."""
    return PAGES.headings(request, _own(station, pk))


@require_POST
@officer(supervises=True)
def record_file_start(request: HttpRequest, station: Station, pk: int) -> HttpResponse:
    """Import the good lines."""
    file_import = _own(station, pk)
    start = partial(start_records, file_import=file_import, at=timezone.now(), by=supervisor(request))
    return PAGES.done(request, file_import, start)


@require_POST
@officer(supervises=True)
def record_file_give_up(request: HttpRequest, station: Station, pk: int) -> HttpResponse:
    """Leave a file that nothing was taken from."""
    return PAGES.give_up(request, _own(station, pk))


@require_safe
@never_cache
@officer(supervises=True)
def record_file_refused(request: HttpRequest, station: Station, pk: int) -> HttpResponse:
    """Give the refused lines, whole, to those at whose checkpoint their source is kept."""
    file_import = _own(station, pk)
    if not is_kept_at(file_import.source, station.supervised):
        raise Http404
    return PAGES.refused(file_import)


def _keep(request: HttpRequest, form: RecordFileForm, station: Station) -> RecordImport:
    source, by = _source(request, form, station), supervisor(request)
    return keep_records(source=source, **said_of(form), at=timezone.now(), by=by)[0]


def _source(request: HttpRequest, form: RecordFileForm, station: Station) -> Source:
    if chosen := form.cleaned_data.get("source"):
        return sources_of(station.supervised).get(pk=chosen)
    code = form.cleaned_data.get("place")
    place = next((one for one in station.supervised if one.code == code), usual_place(request, station))
    name = form.cleaned_data["name"]
    return open_source(checkpoint=place, name=name, at=timezone.now(), by=supervisor(request))


def _own(station: Station, pk: int) -> RecordImport:
    found = files_of(station.supervised).filter(pk=pk).first()
    if found is None:
        raise Http404
    return found
