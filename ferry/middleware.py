"""What is looked at before any page is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from django.core.exceptions import BadRequest
from django.http import HttpResponseNotAllowed
from django.middleware.locale import LocaleMiddleware
from django.template.loader import render_to_string
from django.urls import Resolver404, resolve
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


def word_refused_methods(
    get_response: Callable[[HttpRequest], HttpResponse],
) -> Callable[[HttpRequest], HttpResponse]:
    """Show a page to who opens a form's address by itself, instead of nothing at all."""

    def wording(request: HttpRequest) -> HttpResponse:
        answer = get_response(request)
        if isinstance(answer, HttpResponseNotAllowed):
            answer.content = answer.content or render_to_string("405.html").encode()
        return answer

    return wording


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


#: Calls of programs: nobody signs in, chooses or is shown anything there.
CALLS = "/api/v1/"
#: What a browser may do with such an answer, should it ever show one.
NOTHING = "default-src 'none'; frame-ancestors 'none'"


def spare_calls_the_pages(
    get_response: Callable[[HttpRequest], HttpResponse],
) -> Callable[[HttpRequest], HttpResponse]:
    """Lead a program's call straight to its view, past what only pages need: a lane waits for it."""

    def leading(request: HttpRequest) -> HttpResponse:
        if not request.path_info.startswith(CALLS):
            return get_response(request)
        try:
            match = request.resolver_match = resolve(request.path_info)
        except Resolver404:
            return get_response(request)
        answer: Any = match.func(request, *match.args, **match.kwargs)
        if not getattr(answer, "is_rendered", True):
            answer.render()
        answer.headers.setdefault("Content-Security-Policy", NOTHING)
        answer.headers.setdefault("Content-Length", str(len(answer.content)))
        return cast("HttpResponse", answer)

    return leading
