"""What a company says of itself, how it guards its pages, and what was done in it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from allauth.mfa.models import Authenticator
from django.contrib import messages
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from ferry.actions.companies import PROFILE, change_profile, demand_second_factor
from ferry.errors import Refused
from ferry.models import Membership
from ferry.portal.access import dispatcher, member
from ferry.portal.company_forms import AuditFilter, ProfileForm
from ferry.portal.history import told_changes
from ferry.portal.pages import newest_first
from ferry.portal.saving import save, tell_reasons
from ferry.queries.audit import audit_entries

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse


@require_http_methods(["GET", "POST"])
@member(owns=True)
def profile(request: HttpRequest, membership: Membership) -> HttpResponse:
    company = membership.company
    form = ProfileForm(request.POST or None, initial={name: getattr(company, name) for name in PROFILE})
    if request.method == "POST" and form.is_valid():
        changed = save(
            form,
            lambda: change_profile(
                company=company, at=timezone.now(), by=dispatcher(membership), **form.cleaned_data
            ),
        )
        if changed is not None:
            messages.success(request, _("Saved."))
            return redirect("portal:company")
    return render(request, "portal/profile.html", {"form": form, "changes": told_changes(company, PROFILE)})


@require_http_methods(["GET", "POST"])
@member(owns=True)
def security(request: HttpRequest, membership: Membership) -> HttpResponse:
    """Show who has a second factor, and demand one of everybody, or no longer."""
    if request.method == "POST":
        _demand(request, membership)
        return redirect("portal:security")
    rows = Membership.objects.filter(company=membership.company).select_related("user")
    secured = Authenticator.objects.filter(user__memberships__company=membership.company)
    secured_ids = set(secured.values_list("user", flat=True))
    context = {"members": rows.order_by("user__email"), "secured": secured_ids}
    return render(request, "portal/security.html", context)


def _demand(request: HttpRequest, membership: Membership) -> None:
    demanded = request.POST.get("demanded") == "yes"
    try:
        demand_second_factor(
            company=membership.company, demanded=demanded, owner=membership.user, at=timezone.now()
        )
    except Refused as refused:
        tell_reasons(request, refused)


@require_safe
@member(owns=True)
def audit(request: HttpRequest, membership: Membership) -> HttpResponse:
    """List what was done, newest first, by whom, of which kind and on which day."""
    form = AuditFilter(request.GET, company=membership.company)
    form.is_valid()
    asked = {name: value for name, value in form.cleaned_data.items() if value}
    page = newest_first(audit_entries(membership.company, **asked), request)
    return render(request, "portal/audit.html", {"form": form, "page": page, "is_filtered": bool(asked)})
