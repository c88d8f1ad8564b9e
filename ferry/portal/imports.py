"""Import a company's spreadsheet: upload it, look at what would become of every line, and have it done."""

from __future__ import annotations

import io
import uuid
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import get_language
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe
from kombu.exceptions import OperationalError

from ferry.actions.file_imports import correct_headings, give_up_import, keep_upload, start_import
from ferry.actions.imports import KINDS
from ferry.celery import app
from ferry.errors import Refused
from ferry.models import Fate, FileImport, ImportState
from ferry.portal.access import dispatcher, member
from ferry.portal.import_pages import fate_labels, fate_tabs, shown_lines, shown_sheets, shown_tallies
from ferry.portal.paper_forms import ImportForm
from ferry.portal.saving import save, tell_reasons
from ferry.queries.imports import imports_of, refused_tables
from ferry.queries.issue import china_date
from ferry.sheets import write_refused
from ferry.sheets.sample import write_sample
from ferry.sheets.words import HEADINGS

if TYPE_CHECKING:
    from django.core.files.uploadedfile import UploadedFile
    from django.http import HttpRequest

    from ferry.models import Membership

IMPORTS_SHOWN = 20
#: htmx stops polling at this status.
STOP_POLLING = 286
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


@require_http_methods(["GET", "POST"])
@member(writes=True)
def import_file(request: HttpRequest, membership: Membership) -> HttpResponse:
    """Take a file, to be read by a worker."""
    if request.method == "POST":
        form = ImportForm(request.POST, request.FILES)
        kept = save(form, lambda: _keep(request, form, membership)) if form.is_valid() else None
        if kept is not None:
            _nudge()
            return redirect("portal:import_job", kept.pk)
    else:
        form = ImportForm(initial={"key": uuid.uuid4()})
    recent = imports_of(membership.company).defer("report", "headings").order_by("-pk")[:IMPORTS_SHOWN]
    return render(request, "portal/import.html", {"form": form, "recent": recent})


@require_safe
@member(writes=True)
def import_sample(request: HttpRequest, membership: Membership) -> HttpResponse:
    """Give a workbook that shows what is read."""
    file = io.BytesIO()
    write_sample(file, today=china_date(timezone.now()))
    return _workbook(file, "sample.xlsx")


@require_safe
@member(writes=True)
@never_cache
def import_job(request: HttpRequest, membership: Membership, pk: int) -> HttpResponse:
    """Show where an import stands; while it is worked, the page asks again by itself."""
    file_import = _own(membership, pk)
    is_polled = bool(request.headers.get("HX-Request"))
    context: dict[str, Any] = {"job": file_import, "told": file_import.told, "is_polled": is_polled}
    if file_import.state in (ImportState.PREVIEWED, ImportState.DONE):
        fates, fate = fate_tabs(file_import, request.GET.get("fate", ""))
        context |= {
            "sheets": shown_sheets(file_import),
            "tallies": shown_tallies(file_import),
            "fate_labels": fate_labels(file_import),
            "fates": fates,
            "fate": fate,
            "lines": shown_lines(file_import, fate, request.GET.get("after", "")),
        }
    if not is_polled:
        return render(request, "portal/import_job.html", context)
    status = 200 if file_import.is_open else STOP_POLLING
    return render(request, "portal/_import_job.html", context, status=status)


@require_POST
@member(writes=True)
def import_headings(request: HttpRequest, membership: Membership, pk: int) -> HttpResponse:
    """Read the file again with what the dispatcher says of one sheet's headings."""
    file_import = _own(membership, pk)
    kind, row = request.POST.get("kind", ""), request.POST.get("row", "")
    try:
        correct_headings(
            file_import=file_import,
            sheet=request.POST.get("sheet", ""),
            kind=kind,
            row=int(row) if row.isascii() and row.isdigit() and len(row) < 9 else 0,
            columns=_columns(request, kind),
        )
    except Refused as refused:
        tell_reasons(request, refused)
    else:
        _nudge()
    return redirect("portal:import_job", pk)


@require_POST
@member(writes=True)
def import_start(request: HttpRequest, membership: Membership, pk: int) -> HttpResponse:
    """Import the good lines."""
    file_import = _own(membership, pk)
    try:
        start_import(file_import=file_import, at=timezone.now(), by=dispatcher(membership))
    except Refused as refused:
        tell_reasons(request, refused)
    else:
        _nudge()
    return redirect("portal:import_job", pk)


@require_POST
@member(writes=True)
def import_give_up(request: HttpRequest, membership: Membership, pk: int) -> HttpResponse:
    """Leave a file that nothing was taken from."""
    try:
        give_up_import(file_import=_own(membership, pk), at=timezone.now())
    except Refused as refused:
        tell_reasons(request, refused)
        return redirect("portal:import_job", pk)
    return redirect("portal:import")


@require_safe
@member(writes=True)
@never_cache
def import_refused(request: HttpRequest, membership: Membership, pk: int) -> HttpResponse:
    """Give the refused lines as a workbook that can be corrected and uploaded again."""
    file_import = _own(membership, pk)
    if not file_import.lines.filter(fate=Fate.REFUSED).exists():
        raise Http404
    file = io.BytesIO()
    write_refused(file, refused_tables(file_import))
    return _workbook(file, f"refused-{file_import.created_at:%Y%m%d-%H%M}.xlsx")


def _keep(request: HttpRequest, form: ImportForm, membership: Membership) -> FileImport:
    upload: UploadedFile[Any] = form.cleaned_data["file"]
    file: Any = upload.file
    kept, _is_new = keep_upload(
        company=membership.company,
        key=form.cleaned_data["key"],
        source=file,
        name=upload.name or "upload",
        language=get_language() or settings.LANGUAGE_CODE,
        at=timezone.now(),
        by=dispatcher(membership),
    )
    return kept


def _columns(request: HttpRequest, kind: str) -> dict[int, str]:
    """Read which column was chosen for which field; what is no field is not read."""
    fields = HEADINGS.get(kind, {}) if kind in KINDS else {}  # type: ignore[call-overload]
    return {
        int(name.removeprefix("column-")): str(value)
        for name, value in request.POST.items()
        if name.startswith("column-")
        and name.removeprefix("column-").isdecimal()
        and len(name) < 12
        and value in fields
    }


def _workbook(file: io.BytesIO, name: str) -> HttpResponse:
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return HttpResponse(file.getvalue(), content_type=XLSX, headers=headers)


def _own(membership: Membership, pk: int) -> FileImport:
    found = imports_of(membership.company).filter(pk=pk).first()
    if found is None:
        raise Http404
    return found


def _nudge() -> None:
    """Have a worker look now. The table is the queue: without an answer here beat will remind it."""
    with suppress(OperationalError):
        app.send_task("ferry.tasks.work_imports", retry=False, expires=30)
