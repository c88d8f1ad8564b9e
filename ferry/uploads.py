"""Refuse a body too large to be meant before it is written to disk."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.core.exceptions import RequestDataTooBig
from django.core.files.uploadhandler import FileUploadHandler
from django.http import HttpResponse
from django.template.loader import render_to_string
from django.views.defaults import bad_request

if TYPE_CHECKING:
    from django.core.files.uploadedfile import UploadedFile
    from django.http import HttpRequest

#: Twice what a spreadsheet may have, so that one that is somewhat too large is told so on its page.
MOST_BYTES = 64 * 1024**2


class Limit(FileUploadHandler):
    """Stand before the handlers that keep files: the form's token is looked for even in a stranger's body."""

    def handle_raw_input(
        self, input_data: Any, META: Any, content_length: int, boundary: str, encoding: str | None = None
    ) -> None:
        if content_length > MOST_BYTES:
            raise RequestDataTooBig

    def receive_data_chunk(self, raw_data: bytes, start: int) -> bytes:
        return raw_data

    def file_complete(self, file_size: int) -> UploadedFile[Any] | None:
        return None


def refuse_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Answer what cannot be taken, and say of what is too large that it is."""
    if isinstance(exception, RequestDataTooBig):
        return HttpResponse(render_to_string("413.html"), status=413)
    return bad_request(request, exception)
