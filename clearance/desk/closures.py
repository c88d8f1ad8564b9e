"""A supervisor closes the crossing: first the effect on passes that are out, then the word."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib import messages
from django.core import signing
from django.http import Http404
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from clearance.actions.supervise import close_crossing, open_again
from clearance.desk.places import place_on, supervisor
from clearance.lane.access import officer
from clearance.queries.closures import closures_at, effect_of_closure, moved_behind, own_routes
from ferry.errors import Refused
from ferry.models import Country
from ferry.portal.forms import ChinaDateTimeField
from ferry.portal.pages import newest_first
from ferry.portal.saving import tell_reasons

if TYPE_CHECKING:
    from collections.abc import Sequence

    from django.http import HttpRequest, HttpResponse

    from clearance.lane.access import Station
    from ferry.models import Closure, Route

#: How long what was shown holds good for announcing it.
SHOWN_FOR_S = 3600
SALT = "clearance.desk.closures"
MOVED_SHOWN = 100


class ClosureForm(forms.Form):
    route = forms.ChoiceField(label=gettext_lazy("Route"), required=False)
    starts_at = ChinaDateTimeField(label=gettext_lazy("Closed from (Beijing time)"))
    ends_at = ChinaDateTimeField(label=gettext_lazy("Closed until (Beijing time)"))
    reason = forms.CharField(
        label=gettext_lazy("Reason"),
        max_length=200,
        help_text=gettext_lazy("Companies and drivers read it."),
    )
    holiday_in = forms.ChoiceField(
        label=gettext_lazy("Holiday in"),
        choices=[("", gettext_lazy("No holiday")), *Country.choices],
        required=False,
        help_text=gettext_lazy("Drivers read it in their own language."),
    )

    def __init__(self, *args: Any, routes: Sequence[Route], at: datetime, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.routes, self.at = routes, at
        every = [("", _("All of your routes"))] if len(routes) > 1 else []
        choices = [*every, *((route.code, str(route)) for route in routes)]
        self.fields["route"].choices = choices  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        said = super().clean() or self.cleaned_data
        starts_at, ends_at = said.get("starts_at"), said.get("ends_at")
        if starts_at and ends_at and ends_at <= starts_at:
            self.add_error("ends_at", _("A closure ends after it starts. Compare the two times."))
        elif ends_at and ends_at <= self.at:
            self.add_error(
                "ends_at", _("This time is over. A closure can be announced while it lasts, or before.")
            )
        return said

    @property
    def draft(self) -> Draft:
        said = self.cleaned_data
        codes = [route.code for route in self.routes if said["route"] in {"", route.code}]
        return Draft(codes, said["starts_at"], said["ends_at"], said["reason"], said["holiday_in"])


@dataclass(frozen=True)
class Draft:
    """A closure that is not announced yet; signed, so that what is announced is what was shown."""

    codes: list[str]
    starts_at: datetime
    ends_at: datetime
    reason: str
    holiday_in: str = ""

    @property
    def signed(self) -> str:
        moments = (self.starts_at.isoformat(), self.ends_at.isoformat())
        return signing.dumps([self.codes, *moments, self.reason, self.holiday_in], salt=SALT)

    @classmethod
    def read(cls, text: str) -> Draft | None:
        try:
            codes, starts_at, ends_at, *said = signing.loads(text, salt=SALT, max_age=SHOWN_FOR_S)
        except signing.BadSignature:
            return None
        return cls(codes, datetime.fromisoformat(starts_at), datetime.fromisoformat(ends_at), *said)

    def of(self, routes: Sequence[Route]) -> list[Route]:
        return [route for route in routes if route.code in self.codes]


@require_http_methods(["GET", "POST"])
@never_cache
@officer(supervises=True)
def closures(request: HttpRequest, station: Station) -> HttpResponse:
    """List closures, and show what a drafted one would do."""
    at, routes = timezone.now(), own_routes(station.supervised)
    form = ClosureForm(request.POST or None, routes=routes, at=at)
    if request.method == "POST" and form.is_valid():
        return _effect(request, form.draft, routes, at)
    page = newest_first(closures_at(station.supervised), request)
    context = {"form": form, "page": page, "at": at, "own": {route.pk for route in routes}}
    return render(request, "desk/closures.html", context, status=400 if form.errors else 200)


def _effect(request: HttpRequest, draft: Draft, routes: Sequence[Route], at: datetime) -> HttpResponse:
    chosen = draft.of(routes)
    effect = effect_of_closure(chosen, starts_at=draft.starts_at, ends_at=draft.ends_at, at=at)
    context = {"draft": draft, "routes": chosen, "effect": effect, "moved": effect.moved[:MOVED_SHOWN]}
    return render(request, "desk/closure_effect.html", context)


@require_POST
@officer(supervises=True)
def closure_announce(request: HttpRequest, station: Station) -> HttpResponse:
    """Announce what was shown."""
    draft = Draft.read(request.POST.get("draft", ""))
    routes = draft.of(own_routes(station.supervised)) if draft else []
    if draft is None or len(routes) != len(draft.codes):
        messages.error(
            request, _("Look at the effect first, then announce the closure. Nothing was announced.")
        )
        return redirect("desk:closures")
    try:
        close_crossing(
            routes=routes,
            checkpoint=place_on(routes[0], station),
            starts_at=draft.starts_at,
            ends_at=draft.ends_at,
            reason=draft.reason,
            holiday_in=draft.holiday_in,
            at=timezone.now(),
            by=supervisor(request),
        )
    except Refused as refused:
        tell_reasons(request, refused)
    else:
        messages.success(
            request, _("The closure is announced. Passes that lie in it are moved within minutes.")
        )
    return redirect("desk:closures")


@require_http_methods(["GET", "POST"])
@never_cache
@officer(supervises=True)
def closure_end(request: HttpRequest, station: Station, pk: int) -> HttpResponse:
    """Show what opening early would do, and open."""
    closure, at = _own(station, pk), timezone.now()
    if request.method == "POST":
        try:
            open_again(
                closure=closure, checkpoint=place_on(closure.route, station), at=at, by=supervisor(request)
            )
        except Refused as refused:
            tell_reasons(request, refused)
        else:
            messages.success(request, _("The crossing is open again."))
        return redirect("desk:closures")
    assert closure.route is not None  # noqa: S101  (_own gives no other)
    effect = effect_of_closure([closure.route], starts_at=closure.starts_at, ends_at=closure.ends_at, at=at)
    context = {
        "closure": closure,
        "has_begun": closure.starts_at < at,
        "is_over": closure.ends_at <= at,
        "effect": effect,
        "behind": moved_behind(closure),
    }
    return render(request, "desk/closure_end.html", context)


def _own(station: Station, pk: int) -> Closure:
    """Find a closure of the supervisor's routes; one of every route is the operator's."""
    found = closures_at(station.supervised).filter(pk=pk, route__isnull=False).first()
    if found is None:
        raise Http404
    return found
