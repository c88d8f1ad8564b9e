"""Find the language of a phone page's reader; these pages speak one more than all others."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.conf import settings
from django.utils import translation

if TYPE_CHECKING:
    from django.http import HttpRequest


def phone_language(request: HttpRequest) -> str:
    """Give the language of a reader we do not know: as he chose, as his phone says, or as Django found."""
    chosen = chosen_language(request)
    if chosen is not None:
        return chosen
    first = request.headers.get("Accept-Language", "").lower()[:2]
    is_spoken_here_alone = first in dict(settings.PHONE_LANGUAGES) and first not in dict(settings.LANGUAGES)
    return first if is_spoken_here_alone else translation.get_language() or settings.LANGUAGE_CODE


def chosen_language(request: HttpRequest) -> str | None:
    """Give the language that the reader chose in the menu, if any."""
    chosen = request.COOKIES.get(settings.LANGUAGE_COOKIE_NAME)
    return chosen if chosen in dict(settings.PHONE_LANGUAGES) else None


def spoken_to(request: HttpRequest, reads: str) -> translation.override:
    """Speak the language somebody reads unless he chose another on the page."""
    return translation.override(chosen_language(request) or reads)
