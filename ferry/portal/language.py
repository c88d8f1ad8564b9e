"""Choose a language: for the pages by a cookie, for letters with the account."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.conf import settings
from django.views.decorators.http import require_POST
from django.views.i18n import set_language

from ferry.actions.notices import keep_language
from ferry.models import User

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponseBase


@require_POST
def choose_language(request: HttpRequest) -> HttpResponseBase:
    language = request.POST.get("language", "")
    if isinstance(request.user, User) and language in dict(settings.LANGUAGES):
        keep_language(user=request.user, language=language)
    return set_language(request)
