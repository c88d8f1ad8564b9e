"""Where a company's own systems are told, and what was sent there. For owners."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from django.contrib import messages
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from ferry.actions.hooks import (
    add_endpoint,
    change_endpoint,
    pause_endpoint,
    remove_endpoint,
    resend,
    resume_endpoint,
    roll_secret,
    send_test,
)
from ferry.models import Delivery, DeliveryState, Endpoint, HookType
from ferry.portal.access import member
from ferry.portal.notice_forms import EndpointForm
from ferry.portal.pages import newest_first
from ferry.portal.saving import save
from ferry.queries.hooks import own_deliveries

EVERY_TYPE = [type_.value for type_ in HookType if type_ != HookType.TEST]

if TYPE_CHECKING:
    from typing import Any

    from django.http import HttpRequest, HttpResponse

    from ferry.models import Membership


@require_http_methods(["GET", "HEAD", "POST"])
@member(owns=True)
@never_cache
def webhooks(request: HttpRequest, membership: Membership) -> HttpResponse:
    """List endpoints, and add one: its secret is shown this once."""
    form = EndpointForm(request.POST or None, initial={"types": EVERY_TYPE})
    if request.method == "POST" and form.is_valid():
        added = save(
            form,
            lambda: add_endpoint(company=membership.company, **form.cleaned_data, at=timezone.now()),
        )
        if added is not None:
            return _show_secret(request, *added)
    endpoints = Endpoint.objects.filter(company=membership.company).order_by("-pk")
    return render(request, "portal/webhooks/list.html", {"endpoints": endpoints, "form": form})


@require_safe
@member(owns=True)
def webhook(request: HttpRequest, membership: Membership, pk: int) -> HttpResponse:
    """Show an endpoint with its log; or the log alone, which asks for itself again."""
    endpoint = _own(membership, pk)
    state = request.GET.get("state", "")
    context: dict[str, Any] = {
        "endpoint": endpoint,
        "page": newest_first(own_deliveries(endpoint, state=state), request),
        "state": state,
        "tabs": [(value, label, value == state) for value, label in [("", _("All")), *DeliveryState.choices]],
    }
    if request.GET.get("part") == "log":
        return render(request, "portal/webhooks/log.html", context)
    context["types"] = [HookType(type_).label for type_ in endpoint.types]
    return render(request, "portal/webhooks/endpoint.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@member(owns=True)
def webhook_edit(request: HttpRequest, membership: Membership, pk: int) -> HttpResponse:
    endpoint = _own(membership, pk)
    stored = {"url": endpoint.url, "description": endpoint.description, "types": endpoint.types}
    form = EndpointForm(request.POST or None, initial=stored)
    if request.method == "POST" and form.is_valid():

        def change() -> bool:
            change_endpoint(endpoint=endpoint, **form.cleaned_data)
            return True

        if save(form, change):
            messages.success(request, _("Saved."))
            return redirect("portal:webhook", pk)
    return render(request, "portal/webhooks/edit.html", {"endpoint": endpoint, "form": form})


@require_POST
@member(owns=True)
def webhook_test(request: HttpRequest, membership: Membership, pk: int) -> HttpResponse:
    send_test(endpoint=_own(membership, pk), at=timezone.now())
    messages.success(request, _("A test is on its way. What comes back is in the log below in a moment."))
    return redirect("portal:webhook", pk)


@require_POST
@member(owns=True)
@never_cache
def webhook_roll(request: HttpRequest, membership: Membership, pk: int) -> HttpResponse:
    """Give the endpoint a new secret and show it this once."""
    endpoint = _own(membership, pk)
    return _show_secret(request, endpoint, roll_secret(endpoint=endpoint, at=timezone.now()), rolled=True)


@require_POST
@member(owns=True)
def webhook_pause(request: HttpRequest, membership: Membership, pk: int) -> HttpResponse:
    if pause_endpoint(endpoint=_own(membership, pk), at=timezone.now()):
        messages.success(request, _("Paused: nothing is sent there until you resume it."))
    return redirect("portal:webhook", pk)


@require_POST
@member(owns=True)
def webhook_resume(request: HttpRequest, membership: Membership, pk: int) -> HttpResponse:
    if resume_endpoint(endpoint=_own(membership, pk)):
        messages.success(request, _("Resumed: what happens from now on is sent there again."))
    return redirect("portal:webhook", pk)


@require_POST
@member(owns=True)
def webhook_remove(request: HttpRequest, membership: Membership, pk: int) -> HttpResponse:
    if remove_endpoint(endpoint=_own(membership, pk)):
        messages.success(request, _("The endpoint is removed, and its log with it."))
    return redirect("portal:webhooks")


@require_safe
@member(owns=True)
def delivery(request: HttpRequest, membership: Membership, pk: int) -> HttpResponse:
    """Show what was sent, and what came back."""
    shown = _own_delivery(membership, pk)
    body = json.dumps(json.loads(shown.body), ensure_ascii=False, indent=2)
    context = {"delivery": shown, "endpoint": shown.endpoint, "body": body}
    return render(request, "portal/webhooks/delivery.html", context)


@require_POST
@member(owns=True)
def delivery_resend(request: HttpRequest, membership: Membership, pk: int) -> HttpResponse:
    sent = _own_delivery(membership, pk)
    if resend(delivery=sent, at=timezone.now()):
        messages.success(request, _("It is on its way again, with the same event id."))
    else:
        messages.info(request, _("It waits to be sent already."))
    return redirect("portal:webhook", sent.endpoint_id)


def _show_secret(
    request: HttpRequest, endpoint: Endpoint, secret: str, *, rolled: bool = False
) -> HttpResponse:
    context = {"endpoint": endpoint, "secret": secret, "rolled": rolled}
    return render(request, "portal/webhooks/secret.html", context)


def _own(membership: Membership, pk: int) -> Endpoint:
    return get_object_or_404(Endpoint, company=membership.company, pk=pk)


def _own_delivery(membership: Membership, pk: int) -> Delivery:
    own = Delivery.objects.filter(endpoint__company=membership.company)
    return get_object_or_404(own.select_related("endpoint"), pk=pk)
