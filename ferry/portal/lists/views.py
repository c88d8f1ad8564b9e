"""Show a list: its page, its totals, and the views a member keeps of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl
from uuid import uuid4

from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from ferry.actions.saved_views import remove_view, save_view
from ferry.errors import Refused
from ferry.models import SavedView
from ferry.portal.access import member
from ferry.portal.lists.asked import Asked
from ferry.portal.lists.declare import Scene
from ferry.portal.lists.known import LISTINGS
from ferry.portal.saving import tell_reasons
from ferry.queries.lists import COUNTED, count_up_to, page_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.db.models import QuerySet
    from django.http import HttpRequest, HttpResponse

    from ferry.models import Membership
    from ferry.portal.lists.declare import Listing, Total

#: Its template, whether it names the row, its label on a narrow screen and, without a template, its value.
#: By themselves, because a template that looks them up in a column three hundred times is slow.
Cell = tuple[str, bool, str, Any]
ROWS = 50
#: The most trips one bulk job takes.
PICKED_AT_MOST = 5000
TOTALLED = 100_000


def page(listing: Listing) -> Callable[..., HttpResponse]:
    """Make the view of a list."""

    @require_safe
    @member()
    def view(request: HttpRequest, membership: Membership) -> HttpResponse:
        asked = asked_of(listing, membership, request.GET.dict())
        if request.GET.get("part") == "totals":
            return render(request, "portal/lists/totals.html", totals_of(asked))
        return render(request, listing.template, list_shown(request, membership, asked))

    return view


def asked_of(listing: Listing, membership: Membership, said: dict[str, str]) -> Asked:
    scene = Scene(membership.company, timezone.now(), membership.may_write, membership.user)
    return Asked.read(listing, scene, said)


@require_POST
@member()
def view_save(request: HttpRequest, membership: Membership) -> HttpResponse:
    """Keep a view of a list under a name; every member has his own."""
    listing = LISTINGS.get(request.POST.get("list", ""), LISTINGS["trips"])
    said = dict(parse_qsl(request.POST.get("query", "")))
    asked = asked_of(listing, membership, said)
    name = request.POST.get("name", "")
    try:
        save_view(
            company=membership.company,
            user=membership.user,
            list=listing.name,
            name=name,
            query=asked.query,
        )
    except Refused as refused:
        tell_reasons(request, refused)
    return redirect(f"{reverse(f'portal:{listing.name}')}{asked.url}")


@require_POST
@member()
def view_remove(request: HttpRequest, membership: Membership, pk: int) -> HttpResponse:
    view = get_object_or_404(_own_views(membership), pk=pk)
    remove_view(view=view)
    return redirect(f"portal:{view.list}")


def _own_views(membership: Membership) -> QuerySet[SavedView]:
    return SavedView.objects.filter(company=membership.company, user=membership.user_id)


def list_shown(request: HttpRequest, membership: Membership, asked: Asked) -> dict[str, Any]:
    views = _own_views(membership).filter(list=asked.listing.name).order_by("name")
    return {
        **page_shown(request, asked, url=reverse(f"portal:{asked.listing.name}")),
        "views": [(view, view.query == asked.query) for view in views],
        "is_usual": not asked.query,
        "keeps_views": True,
        "key": uuid4(),
        "may_write": membership.may_write,
        "at_once": PICKED_AT_MOST,
    }


def page_shown(request: HttpRequest, asked: Asked, *, url: str) -> dict[str, Any]:
    """Give what templates/portal/lists/list.html draws of any list at `url`: one page of it."""
    position = {name: request.GET.get(name, "") for name in ("after", "before")}
    page = page_of(asked.found, asked.order, **position, size=ROWS)
    return {
        "listing": asked.listing,
        "asked": asked,
        "url": url,
        "rows": _dressed(asked, page.rows),
        "heads": asked.heads,
        "totals_url": asked.at(part="totals"),
        "before": asked.at(before=page.before) if page.before else "",
        "after": asked.at(after=page.after) if page.after else "",
        "count": asked.count,
        "most": COUNTED,
    }


def totals_of(asked: Asked) -> dict[str, Any]:
    """Total what fits, or say that it is more than can be totalled while somebody waits."""
    count = count_up_to(asked.rows, TOTALLED)
    is_cut = count > TOTALLED
    return {
        "count": count,
        "limit": TOTALLED,
        "is_cut": is_cut,
        "totals": [] if is_cut else [(one, _narrowed(asked, one)) for one in _figures(asked)],
    }


def _figures(asked: Asked) -> list[Total]:
    return asked.listing.totals(asked.rows.order_by(), asked.scene)


def _narrowed(asked: Asked, total: Total) -> str:
    return asked.with_values(**total.filters).url if total.filters else ""


def _dressed(asked: Asked, rows: list[Any]) -> list[tuple[int, Any, list[Cell]]]:
    """Give each row's id, what its cells show, and those."""
    columns = [(one, "" if one.is_plain else str(one.label)) for one in asked.columns]
    return [
        (
            row.pk,
            shown,
            [
                (one.cell, one.is_head, label, None if one.cell else one.value(shown))
                for one, label in columns
            ],
        )
        for row, shown in zip(rows, asked.listing.dress(rows, asked.scene), strict=True)
    ]
