"""Icons. Written in Python and drawn once each: a list shows a hundred of them."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from django import template
from django.core.files.storage import storages
from django.utils.html import format_html

if TYPE_CHECKING:
    from django.core.files.storage import Storage
    from django.utils.safestring import SafeString

register = template.Library()

DRAWN_IN = "img/icons.svg"


@register.simple_tag
def icon(name: str) -> SafeString:
    """Draw one of static/img/icons.svg, for the eye alone: what it means is said beside it."""
    return _drawn(storages["staticfiles"], name)


@lru_cache
def _drawn(statics: Storage, name: str) -> SafeString:
    """Keep the text with the storage that knows the file's address: tests have one storage after another."""
    return format_html(
        '<svg class="fm-icon" width="20" height="20" fill="none" stroke="currentColor" aria-hidden="true" '
        'focusable="false"><use href="{}#{}"></use></svg> ',  # The gap before the words beside it.
        statics.url(DRAWN_IN),
        name,
    )
