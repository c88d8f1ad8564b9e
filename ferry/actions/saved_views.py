"""Keep a member's views of the lists."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from ferry.errors import Conflict, Invalid, Reason
from ferry.models import SavedView
from ferry.rules.letters import plain_text

if TYPE_CHECKING:
    from ferry.models import Company, User

VIEWS_AT_MOST = 20
LONGEST_NAME = 40


def save_view(*, company: Company, user: User, list: str, name: str, query: str) -> SavedView:
    """Keep a view under a name; the same name again replaces it."""
    name = plain_text(name)
    if not 0 < len(name) <= LONGEST_NAME:
        detail = format_lazy(_("Give the view a name of up to {length} letters."), length=LONGEST_NAME)
        raise Invalid(Reason("name_missing", detail, "name"))
    own = SavedView.objects.filter(company=company, user=user, list=list)
    if own.exclude(name=name).count() >= VIEWS_AT_MOST:
        detail = format_lazy(_("You have {count} views of this list. Remove one first."), count=VIEWS_AT_MOST)
        raise Conflict(Reason("too_many_views", detail, "name"))
    view, _made = SavedView.objects.update_or_create(
        company=company, user=user, list=list, name=name, defaults={"query": query}
    )
    return view


def remove_view(*, view: SavedView) -> None:
    SavedView.objects.filter(pk=view.pk).delete()
