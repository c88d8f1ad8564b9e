"""The languages that phone pages offer, and names as they are written on them."""

from __future__ import annotations

import re

from django import template
from django.conf import settings
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import get_language

register = template.Library()

#: Letters of a script, the language to read them in, and the pages whose voices read them anyway.
SCRIPTS = (
    (re.compile("[\u3400-\u9fff]"), "zh-Hans", {"zh-hans"}),
    (re.compile("[\u0400-\u04ff]"), "ru", {"ru", "kk"}),
    (re.compile("[\u0600-\u06ff]"), "ug", {"ug"}),
)


@register.simple_tag
def phone_languages() -> list[tuple[str, str]]:
    return settings.PHONE_LANGUAGES


@register.filter
def as_written(name: object) -> SafeString:
    """Set a name apart from its sentence, marked with its language where its script is not the page's."""
    text = str(name)
    for letters, language, readers in SCRIPTS:
        if letters.search(text) and get_language() not in readers:
            return format_html('<bdi lang="{}">{}</bdi>', language, text)
    return format_html("<bdi>{}</bdi>", text)
