"""Invite somebody, take it back, and come in by the link."""

from __future__ import annotations

from typing import TYPE_CHECKING

from allauth.account.utils import perform_login
from django.contrib import messages
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from ferry.actions.invitations import (
    accept_invitation,
    accept_with_new_account,
    invite,
    revoke_invitation,
)
from ferry.errors import Refused
from ferry.mail import send_letter
from ferry.models import Role, User
from ferry.portal.access import CHOSEN_COMPANY, dispatcher, member
from ferry.portal.company_forms import NewAccountForm
from ferry.portal.saving import save, tell_reasons
from ferry.portal.throttles import may_send_letter
from ferry.queries.companies import find_invitation, open_invitations

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse

    from ferry.models import Invitation, Membership


def send_invitation(request: HttpRequest, membership: Membership, email: str, role: str) -> bool:
    """Invite an address and write to it; what stands in the way is raised or told."""
    if not may_send_letter(request, f"company-{membership.company_id}"):
        messages.error(request, _("Your company has sent many invitations. Wait an hour, then go on."))
        return False
    invitation, token = invite(
        company=membership.company,
        email=email,
        role=Role(role),
        at=timezone.now(),
        by=dispatcher(membership),
    )
    language = get_language() or ""
    to = [invitation.email]
    if send_letter("invitation", to, language=language, invitation=invitation, token=token):
        messages.success(request, _("%(email)s has been sent an invitation.") % {"email": invitation.email})
    else:
        messages.error(request, _("The invitation could not be sent. Send it again from the list."))
    return True


@require_POST
@member(owns=True)
def invitation_resend(request: HttpRequest, membership: Membership, pk: int) -> HttpResponse:
    """Send a new link; the old one is dead."""
    invitation = get_object_or_404(open_invitations(membership.company), pk=pk)
    try:
        send_invitation(request, membership, invitation.email, invitation.role)
    except Refused as refused:
        tell_reasons(request, refused)
    return redirect("portal:members")


@require_POST
@member(owns=True)
def invitation_revoke(request: HttpRequest, membership: Membership, pk: int) -> HttpResponse:
    invitation = get_object_or_404(membership.company.invitations, pk=pk)
    if revoke_invitation(invitation=invitation, at=timezone.now(), by=dispatcher(membership)):
        messages.success(request, _("The invitation is revoked: its link opens nothing any more."))
    return redirect("portal:members")


@require_http_methods(["GET", "POST"])
@never_cache
def invitation(request: HttpRequest, token: str) -> HttpResponse:
    """Show who invites to what, and let the invited one in: with his account, or with a new one."""
    found = find_invitation(token, at=timezone.now())
    if found is None:
        return render(request, "portal/invitation_over.html", status=404)
    if isinstance(request.user, User):
        return _accept_signed_in(request, found, request.user)
    form = NewAccountForm(request.POST or None)
    form.email = found.email
    if request.method == "POST" and form.is_valid():
        membership = save(form, lambda: _accept_new(found, form))
        if membership is not None:
            return perform_login(request, membership.user, redirect_url="/")  # type: ignore[no-any-return]
    return render(request, "portal/invitation.html", {"invitation": found, "form": form})


def _accept_signed_in(request: HttpRequest, found: Invitation, user: User) -> HttpResponse:
    context = {"invitation": found, "is_his": user.email == found.email}
    if request.method == "POST":
        try:
            accept_invitation(invitation=found, user=user, at=timezone.now())
        except Refused as refused:
            tell_reasons(request, refused)
        else:
            request.session[CHOSEN_COMPANY] = found.company_id
            return redirect("portal:today")
    return render(request, "portal/invitation.html", context)


def _accept_new(found: Invitation, form: NewAccountForm) -> Membership:
    name, password = form.cleaned_data["person"], form.cleaned_data["password"]
    return accept_with_new_account(invitation=found, name=name, password=password, at=timezone.now())
