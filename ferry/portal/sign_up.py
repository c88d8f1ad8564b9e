"""Register a company, and see how the application stands."""

from __future__ import annotations

from typing import TYPE_CHECKING

import structlog
from allauth.account.models import EmailAddress
from django.contrib import messages
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from ferry.actions.companies import apply_for_company
from ferry.actions.sign_up import AddressTaken, sign_up
from ferry.mail import send_letter
from ferry.models import User
from ferry.portal.access import memberships
from ferry.portal.company_forms import ApplicationForm, SignUpForm
from ferry.portal.saving import save
from ferry.portal.sign_in import signed_in
from ferry.portal.throttles import may_send_letter
from ferry.queries.companies import applications_of, is_address_confirmed

if TYPE_CHECKING:
    from django.forms import Form
    from django.http import HttpRequest, HttpResponse

log = structlog.get_logger(__name__)


@require_http_methods(["GET", "POST"])
def register(request: HttpRequest) -> HttpResponse:
    """Take an application: from a stranger with his account to be, from anybody signed in without."""
    user = request.user if isinstance(request.user, User) else None
    form = (ApplicationForm if user else SignUpForm)(request.POST or None)
    status = 200
    if request.method == "POST" and form.is_valid():
        if not may_send_letter(request):
            form.add_error(None, _("That was tried too often from here. Wait an hour, then send it again."))
            status = 429
        elif save(form, lambda: _apply(request, form, user)):
            return redirect("portal:application" if user else "portal:sign_up_sent")
    return render(request, "portal/sign_up.html", {"form": form}, status=status)


@require_safe
def sent(request: HttpRequest) -> HttpResponse:
    """Say what comes next: the same whether the address was known or not."""
    return render(request, "portal/sign_up_sent.html")


@require_http_methods(["GET", "POST"])
@signed_in
def application(request: HttpRequest) -> HttpResponse:
    """Show how one's application stands; send the letter that confirms the address once more."""
    if memberships(request):
        return redirect("portal:today")
    user = request.user
    assert isinstance(user, User)  # noqa: S101  (he is signed in)
    if request.method == "POST":
        _send_again(request, user)
        return redirect("portal:application")
    own = applications_of(user)
    context = {"application": own[0] if own else None, "is_confirmed": is_address_confirmed(user)}
    return render(request, "portal/application.html", context)


def _apply(request: HttpRequest, form: Form, user: User | None) -> bool:
    about = {**form.cleaned_data, "language": get_language() or "", "at": timezone.now()}
    if user is not None:
        apply_for_company(applicant=user, **about)
        return True
    try:
        _company, address = sign_up(**about)
    except AddressTaken:
        send_letter("address_taken", [about["email"]], language=about["language"], name=about["name"])
    else:
        _confirm(request, address)
    return True


def _send_again(request: HttpRequest, user: User) -> None:
    address, _made = EmailAddress.objects.get_or_create(
        user=user, email=user.email, defaults={"primary": True}
    )
    if address.verified:
        return
    if may_send_letter(request, f"user-{user.pk}") and _confirm(request, address):
        messages.success(request, _("The letter is on its way to %(email)s.") % {"email": user.email})
    else:
        messages.error(request, _("The letter could not be sent. Try again in an hour."))


def _confirm(request: HttpRequest, address: EmailAddress) -> bool:
    try:
        address.send_confirmation(request, signup=True)
    except OSError as error:
        log.warning("letter_not_sent", letter="email_confirmation", error=type(error).__name__)
        return False
    return True
