"""Say who acted in the reader's language, and what was said at length in short."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from django import template
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from ferry.models import Role

if TYPE_CHECKING:
    from collections.abc import Mapping

    from django_stubs_ext import StrOrPromise

register = template.Library()

#: The first word of a `by`, which every door writes in English.
WHO: Mapping[str, StrOrPromise] = {
    **{role.value: role.label for role in Role},
    "key": _("API key"),
    "operator": _("Operator"),
    "driver": pgettext_lazy("who acted", "Driver"),
    "device": _("Device"),
    "officer": _("Officer"),
    "supervisor": _("Supervisor"),
    "authority": _("Authority"),
    "consignee": _("Consignee"),
    "reconciliation": _("Reconciliation"),
    "system": _("System"),
    "import_fleet": _("Import on the server"),
    "import_records": _("Import on the server"),
    "watch_inbox": _("Import on the server"),
}


@register.filter
def who(by: str) -> str:
    """Put the first word of a `by` into the reader's language; a word we do not know stays."""
    word, _space, rest = by.partition(" ")
    return " ".join(filter(None, [capfirst(str(WHO.get(word.lower(), word))), rest]))


@register.filter
def what(about: str) -> str:
    """Put a role or kind before a name into the reader's language; names stay as they are."""
    word, space, rest = about.partition(" ")
    return f"{WHO[word]} {rest}" if space and word in WHO else about


@register.filter
def first_sentence(detail: StrOrPromise) -> str:
    """Shorten a reason to what is wrong, where the way forward is at hand beside it."""
    return re.split(r"(?<=[.!?])\s|(?<=[。！？])", str(detail), maxsplit=1)[0]
