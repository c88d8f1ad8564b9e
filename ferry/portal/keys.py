"""Which keys act for a company, and what each may do."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from typing import TYPE_CHECKING, Any

from django.contrib import messages
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from ferry.actions.keys import make_api_key, revoke_api_key
from ferry.models import ApiKey, KeyKind
from ferry.portal.access import dispatcher, member
from ferry.portal.company_forms import KeyForm
from ferry.portal.forms import CHINA

if TYPE_CHECKING:
    from datetime import date

    from django.http import HttpRequest, HttpResponse

    from ferry.models import Membership


@require_safe
@member(owns=True)
def keys(request: HttpRequest, membership: Membership) -> HttpResponse:
    return _show(request, membership, KeyForm())


@require_POST
@member(owns=True)
@never_cache
def key_new(request: HttpRequest, membership: Membership) -> HttpResponse:
    """Make a key and show it this once."""
    form = KeyForm(request.POST)
    at = timezone.now()
    if form.is_valid() and _ended(form, at):
        form.add_error("expires_on", _("This day is over. Choose a later one."))
    if not form.is_valid():
        return _show(request, membership, form)
    key, token = make_api_key(
        kind=KeyKind.COMPANY,
        label=form.cleaned_data["label"],
        company=membership.company,
        scopes=form.cleaned_data["scopes"],
        expires_at=_end(form.cleaned_data["expires_on"]),
        at=at,
        by=dispatcher(membership),
    )
    return render(request, "portal/key.html", {"key": key, "token": token})


@require_POST
@member(owns=True)
def key_revoke(request: HttpRequest, membership: Membership, pk: int) -> HttpResponse:
    key = get_object_or_404(ApiKey.objects.select_related("company"), company=membership.company, pk=pk)
    if revoke_api_key(key=key, at=timezone.now(), by=dispatcher(membership)):
        messages.success(request, _("The key is revoked: nothing can be done with it any more."))
    return redirect("portal:keys")


def _show(request: HttpRequest, membership: Membership, form: KeyForm) -> HttpResponse:
    context: dict[str, Any] = {
        "keys": ApiKey.objects.filter(company=membership.company).order_by("revoked_at", "-pk"),
        "form": form,
        "now": timezone.now(),
    }
    return render(request, "portal/keys.html", context)


def _ended(form: KeyForm, at: datetime) -> bool:
    end = _end(form.cleaned_data["expires_on"])
    return end is not None and end <= at


def _end(day: date | None) -> datetime | None:
    """Give the moment at which a day is over in China."""
    return datetime.combine(day + timedelta(days=1), time(), CHINA) if day else None
