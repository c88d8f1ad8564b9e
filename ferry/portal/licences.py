"""A company's export licences and what is left on them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib import messages
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from ferry.actions.licences import register_licence
from ferry.models import Licence
from ferry.portal.access import dispatcher, member
from ferry.portal.documents import documents_shown
from ferry.portal.history import told_changes
from ferry.portal.paper_forms import LicenceForm
from ferry.portal.saving import save
from ferry.queries.fleet import paper_state
from ferry.queries.issue import china_date
from ferry.queries.licences import licence_pace, takings

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse

    from ferry.models import Membership

TAKINGS_SHOWN = 50
#: What its history tells.
TOLD = ("number", "commodity_code", "expires_on", "quantity")


@require_safe
@member()
def licence(request: HttpRequest, membership: Membership, pk: int) -> HttpResponse:
    """Show a licence: its balance, what took from it, and how long it lasts at this pace."""
    shown = get_object_or_404(Licence, company=membership.company, pk=pk)
    at = timezone.now()
    today = china_date(at)
    context = {
        "licence": shown,
        "paper": paper_state(shown.expires_on, today),
        "is_low": shown.left * 10 <= shown.quantity,
        "pace": licence_pace(shown, today=today, at=at),
        "takings": takings(shown)[:TAKINGS_SHOWN],
        "changes": told_changes(shown, TOLD),
        **documents_shown(shown, membership),
    }
    return render(request, "portal/licence.html", context)


@require_http_methods(["GET", "POST"])
@member(writes=True)
def licence_new(request: HttpRequest, membership: Membership) -> HttpResponse:
    form = LicenceForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        saved = save(
            form,
            lambda: register_licence(
                company=membership.company,
                **form.cleaned_data,
                at=timezone.now(),
                by=dispatcher(membership),
            ),
        )
        if saved is not None:
            messages.success(request, _("The licence is registered."))
            return redirect("portal:licences")
    context = {
        "form": form,
        "title": _("Register a licence"),
        "submit": _("Register"),
        "cancel_url": reverse("portal:licences"),
    }
    return render(request, "portal/paper_form.html", context)
