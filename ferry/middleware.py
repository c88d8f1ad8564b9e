"""What is looked at before any page is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.core.exceptions import BadRequest
from django.middleware.locale import LocaleMiddleware
from django.utils import translation

from ferry.logs import SECRET
from ferry.models.driver import READ_INSTEAD
from ferry.phone.language import phone_language

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.http import HttpRequest, HttpResponse


def refuse_nul(get_response: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    """Answer 400 to an address with a NUL in it, which PostgreSQL cannot even look for.

    Bodies are read by forms, which refuse it themselves, and so does the HTTP interface, in its own words.
    """

    def refusing(request: HttpRequest) -> HttpResponse:
        has_nul = "\x00" in request.path or "%00" in request.META.get("QUERY_STRING", "")
        if has_nul and not request.path.startswith("/api/"):
            raise BadRequest
        return get_response(request)

    return refusing


def keep_addresses_secret(
    get_response: Callable[[HttpRequest], HttpResponse],
) -> Callable[[HttpRequest], HttpResponse]:
    """Tell nobody the address of a page that is a secret, not even the log of our own files.

    The origin alone is told: without it Django takes no form over HTTPS.
    """

    def answering(request: HttpRequest) -> HttpResponse:
        answer = get_response(request)
        if SECRET.search(request.path):
            answer.setdefault("Referrer-Policy", "strict-origin")
        return answer

    return answering


class ReadersLanguage(LocaleMiddleware):
    """Speak the reader's language: Uyghur on phone pages alone, and elsewhere what its readers also read."""

    def process_request(self, request: HttpRequest) -> None:
        super().process_request(request)
        language = phone_language(request)
        _speak(request, READ_INSTEAD.get(language, language))

    def process_view(self, request: HttpRequest, *_view: object) -> None:
        if request.resolver_match and request.resolver_match.app_name == "phone":
            _speak(request, phone_language(request))


def _speak(request: HttpRequest, language: str) -> None:
    translation.activate(language)
    request.LANGUAGE_CODE = language
