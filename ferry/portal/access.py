"""Who may see and do what in the portal."""

from __future__ import annotations

from contextlib import suppress
from functools import wraps
from typing import TYPE_CHECKING, Any, cast

from allauth.mfa.utils import is_mfa_enabled
from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _

from ferry.models import Membership, Role
from ferry.portal.sign_in import signed_in

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.http import HttpRequest

    from ferry.models import Company, User

CHOSEN_COMPANY = "company"


def memberships(request: HttpRequest) -> list[Membership]:
    """List the signed-in user's memberships of active companies."""
    rows = Membership.objects.filter(user__pk=request.user.pk or 0, company__is_active=True)
    own = list(rows.select_related("company").order_by("company__name", "pk"))
    for one in own:
        one.user = cast("User", request.user)
    return own


def member(
    *, writes: bool = False, owns: bool = False
) -> Callable[[Callable[..., HttpResponse]], Callable[..., HttpResponse]]:
    """Call the view with the membership of the company being worked for; 403 for anybody else.

    A page that `writes` is for owners and dispatchers, one that `owns` for owners. Who lacks a second factor
    is sent to set one up where the company demands it. Who opens what another of his companies keeps is
    offered to turn to it.
    """

    def decorate(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
        @wraps(view)
        @signed_in
        def allowed(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            own = memberships(request)
            chosen = request.session.get(CHOSEN_COMPANY)
            current = next((one for one in own if one.company_id == chosen), own[0] if own else None)
            if current is None or not _may(current, writes, owns):
                return render(request, "403.html", status=403)
            request.company = current.company  # type: ignore[attr-defined]
            request.companies = [one.company for one in own]  # type: ignore[attr-defined]
            request.is_owner = current.role == Role.OWNER  # type: ignore[attr-defined]
            if _lacks_second_factor(request, current):
                return _to_second_factor(request, current)
            try:
                return view(request, current, *args, **kwargs)
            except Http404:
                others = [one for one in own if one is not current and _may(one, writes, owns)]
                found = _company_of(request, others, lambda other: view(request, other, *args, **kwargs))
                if found is None:
                    raise
                return render(request, "portal/other_company.html", {"other": found}, status=404)

        return allowed

    return decorate


def _may(membership: Membership, writes: bool, owns: bool) -> bool:
    if owns:
        return membership.role == Role.OWNER
    return membership.may_write or not writes


def _company_of(
    request: HttpRequest, others: list[Membership], show: Callable[[Membership], HttpResponse]
) -> Company | None:
    """Find whose page this is, by asking the view itself: only it knows what it shows.

    A form is never asked for another company: it might do what it says.
    """
    if request.method not in {"GET", "HEAD"} or request.headers.get("HX-Request"):
        return None
    for other in others:
        if not _lacks_second_factor(request, other):
            with suppress(Http404):
                show(other)
                return other.company
    return None


def _lacks_second_factor(request: HttpRequest, membership: Membership) -> bool:
    return membership.company.needs_second_factor and not is_mfa_enabled(request.user)


def _to_second_factor(request: HttpRequest, membership: Membership) -> HttpResponse:
    if request.headers.get("HX-Request"):
        return HttpResponse(status=403, headers={"HX-Refresh": "true"})
    sentence = _("%(company)s demands a second factor of its members. Set one up first.")
    messages.warning(request, sentence % {"company": membership.company})
    return redirect("mfa_index")


def dispatcher(membership: Membership) -> str:
    """Name who acts, for the trip's events."""
    return f"{membership.role} {membership.user.email}"


def company(request: HttpRequest) -> dict[str, Any]:
    """Tell templates which company's pages these are, and which others the user may turn to."""
    return {
        "company": getattr(request, "company", None),
        "companies": getattr(request, "companies", []),
        "is_owner": getattr(request, "is_owner", False),
    }
