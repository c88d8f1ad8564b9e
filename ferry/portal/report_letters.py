"""Have reports sent: subscribe on the page, stop there or by a letter's own link."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django import forms
from django.conf import settings
from django.contrib import messages
from django.http import Http404
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone, translation
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_POST

from ferry.actions.report_letters import subscribe, unsubscribe
from ferry.models import Rhythm, Route, Subscription
from ferry.portal.access import member
from ferry.queries.report_letters import subscriptions_of
from ferry.report_letters import read_stop_link

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse

    from ferry.models import Membership


class SubscribeForm(forms.Form):
    rhythm = forms.ChoiceField(label=gettext_lazy("How often"), choices=Rhythm.choices, initial=Rhythm.MONTH)
    language = forms.ChoiceField(label=gettext_lazy("Language"), choices=settings.LANGUAGES)


class CompanySubscribeForm(SubscribeForm):
    routes = forms.ModelMultipleChoiceField(
        label=gettext_lazy("Routes"),
        queryset=Route.objects.select_related("exit", "entry").order_by("code"),
        to_field_name="code",
        required=False,
        widget=forms.CheckboxSelectMultiple(),
        help_text=gettext_lazy("None chosen: all routes."),
    )


def letters_context(form: type[SubscribeForm], subscriptions: Any) -> dict[str, Any]:
    return {
        "subscribe": form(initial={"language": translation.get_language() or "en", "rhythm": Rhythm.MONTH}),
        "subscriptions": subscriptions,
    }


@require_POST
@member()
def reports_subscribe(request: HttpRequest, membership: Membership) -> HttpResponse:
    form = CompanySubscribeForm(request.POST)
    if form.is_valid():
        subscribe(user=membership.user, membership=membership, **form.cleaned_data, at=timezone.now())
    tell_subscribed(request, form, membership.user.email)
    return redirect("portal:reports")


def tell_subscribed(request: HttpRequest, form: SubscribeForm, email: str) -> None:
    if form.is_valid():
        said = _("Reports go to %(email)s from now on. The first one comes when the period is over.")
        messages.success(request, said % {"email": email})
    else:
        messages.error(request, _("Nothing was changed. Choose how often, and a language from the list."))


@require_POST
@member()
def reports_unsubscribe(request: HttpRequest, membership: Membership, pk: int) -> HttpResponse:
    unsubscribe(subscription=get_object_or_404(subscriptions_of(membership), pk=pk))
    messages.success(request, _("Stopped. No more of these reports are sent."))
    return redirect("portal:reports")


@csrf_exempt  # A mail program sends this itself; the signed link is what allows it.
@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def reports_stop(request: HttpRequest, token: str) -> HttpResponse:
    """End the subscription a link names. Fetching it only asks: mail scanners fetch every link."""
    pk = read_stop_link(token)
    if pk is None:
        raise Http404
    subscription = Subscription.objects.filter(pk=pk).select_related("user").first()
    if subscription is not None and request.method == "POST":
        unsubscribe(subscription=subscription)
        subscription = None
    return render(request, "portal/reports_stop.html", {"subscription": subscription})
