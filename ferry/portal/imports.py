"""Import a company's spreadsheet: upload it, look at what would become of every line, and have it done."""

from __future__ import annotations

import io
import uuid
from functools import partial
from typing import TYPE_CHECKING

from django.http import Http404
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from ferry.actions.file_imports import keep_upload, start_import
from ferry.portal.access import dispatcher, member
from ferry.portal.importing import IMPORTS_SHOWN, Pages, said_of, workbook
from ferry.portal.paper_forms import ImportForm
from ferry.queries.imports import imports_of
from ferry.queries.issue import china_date
from ferry.sheets.sample import write_sample

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse

    from ferry.models import FileImport, Membership

PAGES = Pages("portal:import", "portal/import_job.html", "ferry.tasks.work_imports")


@require_http_methods(["GET", "POST"])
@member(writes=True)
def import_file(request: HttpRequest, membership: Membership) -> HttpResponse:
    """Take a file, to be read by a worker."""
    if request.method == "POST":
        form = ImportForm(request.POST, request.FILES)
        answer = PAGES.upload(request, form, lambda: _keep(form, membership))
        if answer is not None:
            return answer
    else:
        form = ImportForm(initial={"key": uuid.uuid4()})
    recent = imports_of(membership.company).defer("report", "headings").order_by("-pk")[:IMPORTS_SHOWN]
    context = {"form": form, "recent": recent, "names": PAGES.names}
    return render(request, "portal/import.html", context)


@require_safe
@member(writes=True)
def import_sample(request: HttpRequest, membership: Membership) -> HttpResponse:
    """Give a workbook that shows what is read."""
    file = io.BytesIO()
    write_sample(file, today=china_date(timezone.now()))
    return workbook(file, "sample.xlsx")


@require_safe
@member(writes=True)
@never_cache
def import_job(request: HttpRequest, membership: Membership, pk: int) -> HttpResponse:
    """Show where an import stands; while it is worked, the page asks again by itself."""
    return PAGES.job(request, _own(membership, pk))


@require_POST
@member(writes=True)
def import_headings(request: HttpRequest, membership: Membership, pk: int) -> HttpResponse:
    """Read the file again with what the dispatcher says of one sheet's headings."""
    return PAGES.headings(request, _own(membership, pk))


@require_POST
@member(writes=True)
def import_start(request: HttpRequest, membership: Membership, pk: int) -> HttpResponse:
    """Import the good lines."""
    file_import = _own(membership, pk)
    start = partial(start_import, file_import=file_import, at=timezone.now(), by=dispatcher(membership))
    return PAGES.done(request, file_import, start)


@require_POST
@member(writes=True)
def import_give_up(request: HttpRequest, membership: Membership, pk: int) -> HttpResponse:
    """Leave a file that nothing was taken from."""
    return PAGES.give_up(request, _own(membership, pk))


@require_safe
@member(writes=True)
@never_cache
def import_refused(request: HttpRequest, membership: Membership, pk: int) -> HttpResponse:
    """Give the refused lines as a workbook that can be corrected and uploaded again."""
    return PAGES.refused(_own(membership, pk))


def _keep(form: ImportForm, membership: Membership) -> FileImport:
    said, by = said_of(form), dispatcher(membership)
    return keep_upload(company=membership.company, **said, at=timezone.now(), by=by)[0]


def _own(membership: Membership, pk: int) -> FileImport:
    found = imports_of(membership.company).filter(pk=pk).first()
    if found is None:
        raise Http404
    return found
