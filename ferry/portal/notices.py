"""What a member is told: the bell, the list, and how he wants to be told."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib import messages
from django.http import Http404
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from ferry.actions.notices import keep_choices, keep_language, read_all, read_notice, stop_letters
from ferry.models import Membership, Notice, NoticeKind
from ferry.notice_letters import read_stop_link
from ferry.portal.access import CHOSEN_COMPANY, member
from ferry.portal.notice_forms import ChoicesForm
from ferry.portal.pages import newest_first
from ferry.queries.notices import chosen, shown_notices, unread_notices
from ferry.telling import ICONS, left_out, next_step, page_of, sentence, subjects

if TYPE_CHECKING:
    from typing import Any

    from django.http import HttpRequest, HttpResponse

#: The bell counts no further.
MANY = 100


@require_safe
@member()
def notices(request: HttpRequest, membership: Membership) -> HttpResponse:
    """List what a member was told, newest first: all of it, or what he has not read."""
    unread = request.GET.get("show") == "unread"
    page = newest_first((unread_notices if unread else shown_notices)(membership), request)
    context = {
        "page": page,
        "lines": [_line(notice) for notice in page],
        "newest": page.rows[0].pk if page else 0,
        "unread": unread,
        "has_unread": unread_notices(membership).exists(),
    }
    return render(request, "portal/notices/list.html", context)


def _line(notice: Notice) -> dict[str, Any]:
    return {
        "notice": notice,
        "text": sentence(notice.kind, notice.count),
        "next": next_step(notice.kind),
        "icon": ICONS[notice.kind],
        "subjects": subjects(notice),
        "more": left_out([notice]),
    }


@require_safe
@member()
@never_cache
def bell(request: HttpRequest, membership: Membership) -> HttpResponse:
    """Say how many lines are unread, for the header of every page."""
    count = unread_notices(membership).order_by()[:MANY].count()
    return render(request, "portal/notices/bell.html", {"count": count, "many": MANY})


@require_POST
@member()
def notices_read(request: HttpRequest, membership: Membership) -> HttpResponse:
    """Mark read all that the reader's page showed, and what came before."""
    up_to = request.POST.get("up_to", "")
    if up_to.isascii() and up_to.isdigit() and len(up_to) < 19:
        read_all(membership=membership, up_to=int(up_to), at=timezone.now())
        messages.success(request, _("Everything is marked as read."))
    return redirect("portal:notices")


@require_safe
@member()
def notice_open(request: HttpRequest, _membership: Membership, pk: int, number: int) -> HttpResponse:
    """Go to what a line is about, in the company it is about, and take the line for read."""
    own = Notice.objects.filter(membership__user=request.user.pk, membership__company__is_active=True)
    notice = get_object_or_404(own.select_related("membership"), pk=pk)
    if number >= len(notice.subjects):
        raise Http404
    read_notice(notice=notice, at=timezone.now())
    request.session[CHOSEN_COMPANY] = notice.membership.company_id
    return redirect(page_of(notice.subjects[number]))


@require_http_methods(["GET", "HEAD", "POST"])
@member()
def notice_choices(request: HttpRequest, membership: Membership) -> HttpResponse:
    """Choose for each kind whether it is shown, and when it is sent."""
    form = ChoicesForm(request.POST or None, membership=membership, choices=chosen([membership]))
    if request.method == "POST" and form.is_valid():
        keep_choices(membership=membership, choices=form.chosen())
        if not membership.user.language:
            keep_language(user=membership.user, language=get_language() or "")
        messages.success(request, _("Saved. This holds from now on."))
        return redirect("portal:notice_choices")
    context = {"form": form, "email": membership.user.email}
    return render(request, "portal/notices/choices.html", context)


@csrf_exempt  # A mail program sends this itself; the signed link is what allows it.
@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def notice_stop(request: HttpRequest, token: str) -> HttpResponse:
    """Stop letters of the kinds a link names. Fetching it only asks: mail scanners fetch every link."""
    said = read_stop_link(token)
    membership = said and Membership.objects.filter(pk=said[0]).select_related("user").first()
    if not said or not membership:
        raise Http404
    if request.method == "POST":
        stop_letters(membership=membership, kinds=said[1])
    names = [kind.label for kind in NoticeKind if kind.value in said[1]]
    context = {"names": names, "email": membership.user.email, "stopped": request.method == "POST"}
    return render(request, "portal/notices/stop.html", context)
