"""What the pages of every import have in common, whoever owns it."""

from __future__ import annotations

import io
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import get_language
from kombu.exceptions import OperationalError

from ferry.actions.file_imports import correct_headings, give_up_import
from ferry.celery import app
from ferry.errors import Refused
from ferry.models import ImportState
from ferry.models.imports import REFUSED
from ferry.portal.import_pages import fate_labels, fate_tabs, shown_lines, shown_sheets, shown_tallies
from ferry.portal.saving import save, tell_reasons
from ferry.queries.imports import refused_tables
from ferry.sheets import write_refused
from ferry.sheets.words import HEADINGS

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from django.forms import Form
    from django.http import HttpRequest

    from ferry.models import Upload

IMPORTS_SHOWN = 20
#: htmx stops polling at this status.
STOP_POLLING = 286
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


@dataclass(frozen=True)
class Pages:
    """The pages of one kind of import: how their addresses begin, and which task works what they leave."""

    prefix: str
    template: str
    task: str

    @property
    def names(self) -> Mapping[str, str]:
        parts = ("job", "headings", "start", "give_up", "refused")
        return {"upload": self.prefix, **{part: f"{self.prefix}_{part}" for part in parts}}

    def job(
        self,
        request: HttpRequest,
        file_import: Upload,
        *,
        shown: Callable[[str], str] = str,
        **more: Any,
    ) -> HttpResponse:
        """Show where an import stands; while it is worked, the page asks again by itself.

        `shown` says how a cell is shown to the reader.
        """
        is_polled = bool(request.headers.get("HX-Request"))
        context: dict[str, Any] = {
            "job": file_import,
            "told": file_import.told,
            "is_polled": is_polled,
            "names": self.names,
            "gives_refused": True,
            **more,
        }
        if file_import.state in (ImportState.PREVIEWED, ImportState.DONE):
            fates, fate = fate_tabs(file_import, request.GET.get("fate", ""))
            context |= {
                "sheets": shown_sheets(file_import, shown=shown),
                "tallies": shown_tallies(file_import),
                "fate_labels": fate_labels(file_import),
                "fates": fates,
                "fate": fate,
                "lines": shown_lines(file_import, fate, request.GET.get("after", ""), shown=shown),
            }
        if not is_polled:
            return render(request, self.template, context)
        status = 200 if file_import.is_open else STOP_POLLING
        return render(request, "portal/_import_job.html", context, status=status)

    def upload(self, request: HttpRequest, form: Form, keep: Callable[[], Upload]) -> HttpResponse | None:
        """Keep what the form brings and go to its page; None where the form says what is wrong."""
        kept = save(form, keep) if form.is_valid() else None
        if kept is None:
            return None
        self.nudge()
        return redirect(self.names["job"], kept.pk)

    def headings(self, request: HttpRequest, file_import: Upload) -> HttpResponse:
        """Read the file again with what is said of one sheet's headings."""
        kind, row = request.POST.get("kind", ""), request.POST.get("row", "")
        correct = partial(
            correct_headings,
            file_import=file_import,
            sheet=request.POST.get("sheet", ""),
            kind=kind,
            row=int(row) if row.isascii() and row.isdigit() and len(row) < 9 else 0,
            columns=chosen_columns(request, kind),
        )
        return self.done(request, file_import, correct)

    def done(self, request: HttpRequest, file_import: Upload, act: Callable[[], object]) -> HttpResponse:
        """Do something to an import, have a worker look, and go back to its page."""
        try:
            act()
        except Refused as refused:
            tell_reasons(request, refused)
        else:
            self.nudge()
        return redirect(self.names["job"], file_import.pk)

    def give_up(self, request: HttpRequest, file_import: Upload) -> HttpResponse:
        """Leave a file that nothing was taken from."""
        try:
            give_up_import(file_import=file_import, at=timezone.now())
        except Refused as refused:
            tell_reasons(request, refused)
            return redirect(self.names["job"], file_import.pk)
        return redirect(self.prefix)

    def refused(self, file_import: Upload) -> HttpResponse:
        """Give the refused lines as a workbook that can be corrected and uploaded again."""
        if not file_import.lines.filter(fate=REFUSED).exists():
            raise Http404
        file = io.BytesIO()
        write_refused(file, refused_tables(file_import))
        return workbook(file, f"refused-{file_import.created_at:%Y%m%d-%H%M}.xlsx")

    def nudge(self) -> None:
        """Have a worker look now. The table is the queue: without an answer here beat will remind it."""
        with suppress(OperationalError):
            app.send_task(self.task, retry=False, expires=30)


def said_of(form: Form) -> dict[str, Any]:
    """Give what keeping a file takes of its form, and in which language its lines are told."""
    upload = form.cleaned_data["file"]
    return {
        "key": form.cleaned_data["key"],
        "file": upload.file,
        "name": upload.name or "upload",
        "language": get_language() or settings.LANGUAGE_CODE,
    }


def workbook(file: io.BytesIO, name: str) -> HttpResponse:
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return HttpResponse(file.getvalue(), content_type=XLSX, headers=headers)


def chosen_columns(request: HttpRequest, kind: str) -> dict[int, str]:
    """Read which column was chosen for which field; what is no field of the kind is not read."""
    fields = HEADINGS.get(kind, {})  # type: ignore[call-overload]
    return {
        int(name.removeprefix("column-")): str(value)
        for name, value in request.POST.items()
        if name.startswith("column-")
        and name.removeprefix("column-").isdecimal()
        and len(name) < 12
        and value in fields
    }
