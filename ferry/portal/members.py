"""Who works in a company, and whose pages are open."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib import messages
from django.http import Http404
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from ferry.actions.members import change_role, remove_member
from ferry.errors import Refused
from ferry.models import Membership, Role
from ferry.portal.access import CHOSEN_COMPANY, dispatcher, member
from ferry.portal.company_forms import InviteForm, RoleForm
from ferry.portal.invitations import send_invitation
from ferry.portal.saving import save, tell_reasons
from ferry.queries.companies import open_invitations

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse


@require_http_methods(["GET", "POST"])
@member(owns=True)
def members(request: HttpRequest, membership: Membership) -> HttpResponse:
    """List members and open invitations, and invite somebody."""
    form = InviteForm(request.POST or None)
    if (
        request.method == "POST"
        and form.is_valid()
        and save(form, lambda: send_invitation(request, membership, **form.cleaned_data))
    ):
        return redirect("portal:members")
    rows = Membership.objects.filter(company=membership.company).select_related("user")
    context = {
        "members": rows.order_by("user__email"),
        "invitations": open_invitations(membership.company).order_by("-sent_at", "-pk"),
        "roles": Role.choices,
        "me": membership,
        "form": form,
        "now": timezone.now(),
    }
    return render(request, "portal/members.html", context)


@require_POST
@member(owns=True)
def member_role(request: HttpRequest, membership: Membership, pk: int) -> HttpResponse:
    changed = _own(membership, pk)
    form = RoleForm(request.POST)
    if form.is_valid():
        role = Role(form.cleaned_data["role"])
        try:
            change_role(membership=changed, role=role, at=timezone.now(), by=dispatcher(membership))
        except Refused as refused:
            tell_reasons(request, refused)
        else:
            messages.success(request, _("%(who)s has another role now.") % {"who": changed.user})
    return redirect("portal:members")


@require_POST
@member(owns=True)
def member_remove(request: HttpRequest, membership: Membership, pk: int) -> HttpResponse:
    removed = _own(membership, pk)
    try:
        remove_member(membership=removed, at=timezone.now(), by=dispatcher(membership))
    except Refused as refused:
        tell_reasons(request, refused)
    else:
        messages.success(request, _("%(who)s does not work here any more.") % {"who": removed.user})
    return redirect("portal:members")


@require_POST
@member()
def switch_company(request: HttpRequest, membership: Membership) -> HttpResponse:
    """Turn to another of one's companies, and go on where one was asked to."""
    chosen = request.POST.get("company", "")
    companies = request.companies  # type: ignore[attr-defined]
    if chosen not in {str(company.pk) for company in companies}:
        raise Http404
    request.session[CHOSEN_COMPANY] = int(chosen)
    address = request.POST.get("next", "")
    is_ours = url_has_allowed_host_and_scheme(address, allowed_hosts=None)
    return redirect(address if is_ours else "portal:trips")


def _own(membership: Membership, pk: int) -> Membership:
    rows = Membership.objects.filter(company=membership.company).select_related("user", "company")
    return get_object_or_404(rows, pk=pk)
