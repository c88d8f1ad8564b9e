"""The operator tries a version of the assessment, sees what it would change, and switches it on."""

from __future__ import annotations

import csv
from contextlib import suppress
from datetime import datetime, time
from functools import partial, wraps
from typing import TYPE_CHECKING, Any, NamedTuple

from allauth.mfa.utils import is_mfa_enabled
from django import forms
from django.conf import settings
from django.contrib import messages
from django.http import Http404, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe
from kombu.exceptions import OperationalError

from clearance.actions.versions import start_trial, stop_trial, switch_on
from clearance.desk.version_words import shown_change, shown_summary
from clearance.models import VersionSwitch, VersionTrial
from clearance.queries.versions import changes_of, finished_trials, of_other_versions, version_in_force
from clearance.rules.versions import SAYS, VERSIONS
from ferry.celery import app
from ferry.portal.importing import STOP_POLLING
from ferry.portal.pages import newest_first
from ferry.portal.paper_forms import DayInput
from ferry.portal.saving import save
from ferry.portal.sign_in import signed_in
from ferry.queries.issue import CHINA

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from django.http import HttpRequest, HttpResponse
    from django_stubs_ext import StrOrPromise

HEAD = ("trip", "vin", "outcome now", "outcome then", "cases that would open", "not found any more")
BOM = "\ufeff"
SHOWN = 20


class Echo:
    """A file that gives back what is written to it."""

    def write(self, line: str) -> str:
        return line


class TrialForm(forms.Form):
    version = forms.TypedChoiceField(label=gettext_lazy("Version"), coerce=int)
    since = forms.DateField(
        label=gettext_lazy("Only trips that could leave since"),
        required=False,
        widget=DayInput(),
        help_text=gettext_lazy("A day of Beijing's calendar. Empty: all there are."),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        fields: Any = self.fields
        fields["version"].choices = _others()


class SwitchForm(forms.Form):
    version = forms.TypedChoiceField(label=gettext_lazy("Version"), coerce=int)
    is_sure = forms.BooleanField(
        label=gettext_lazy("I have looked at what it changes. Every trip is judged by it from now on."),
    )
    reason = forms.CharField(
        label=gettext_lazy("Reason"),
        max_length=200,
        help_text=gettext_lazy("It is kept with the switch, and in the chain."),
    )

    field_order = ("version", "reason", "is_sure")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **{"auto_id": "switch_%s", **kwargs})
        fields: Any = self.fields
        fields["version"].choices = _others()

    @property
    def said(self) -> dict[str, Any]:
        return {name: self.cleaned_data[name] for name in ("version", "reason")}


class Shown(NamedTuple):
    """A version of this release, and the latest dry run that tried it beside the one in force."""

    version: int
    says: StrOrPromise
    trial: VersionTrial | None


def _others() -> list[tuple[int, str]]:
    in_force = version_in_force()
    return [(version, str(version)) for version in sorted(VERSIONS) if version != in_force]


def judge_keeper(
    right: str,
) -> Callable[[Callable[..., HttpResponse]], Callable[..., HttpResponse]]:
    """Call the view for an operator who has the right; 403 for anybody else.

    Who lacks a second factor is sent to set one up where that is demanded.
    """

    def decorate(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
        @wraps(view)
        @signed_in
        def allowed(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            user: Any = request.user
            if not (user.is_staff and user.has_perm(f"clearance.{right}")):
                return render(request, "403.html", status=403)
            if settings.OFFICERS_NEED_MFA and not is_mfa_enabled(user):
                messages.warning(request, _("Set up two-factor sign-in first: officers work with it only."))
                return redirect("mfa_index")
            return view(request, *args, **kwargs)

        return allowed

    return decorate


@require_safe
@never_cache
@judge_keeper("view_versionswitch")
def versions(request: HttpRequest) -> HttpResponse:
    """Show which version is in force, which there are, and what was tried."""
    return _page(request, TrialForm(), SwitchForm())


@require_POST
@judge_keeper("add_versiontrial")
def version_try(request: HttpRequest) -> HttpResponse:
    """Have a version tried by a worker."""
    form = TrialForm(request.POST)
    trial = save(form, lambda: _start(request, form)) if form.is_valid() else None
    if trial is None:
        return _page(request, form, SwitchForm(), status=400)
    _nudge("try_versions")
    return redirect("desk:version_trial", trial.pk)


@require_POST
@judge_keeper("add_versionswitch")
def version_switch(request: HttpRequest) -> HttpResponse:
    """Switch a version on, once it was said that this is meant."""
    form = SwitchForm(request.POST)
    at, by = timezone.now(), _operator(request)
    put = partial(switch_on, at=at, by=by)
    if not form.is_valid() or save(form, lambda: put(**form.said)) is None:
        return _page(request, TrialForm(), form, status=400)
    _nudge("make_trips_due")
    messages.success(request, _("In force. Trips are judged anew, in their turn."))
    return redirect("desk:versions")


@require_safe
@never_cache
@judge_keeper("view_versionswitch")
def version_trial(request: HttpRequest, pk: int) -> HttpResponse:
    """Show how far a dry run is and what would change; while it is worked, the page asks again by itself."""
    trial = _trial(pk)
    what, _colon, name = request.GET.get("only", "").partition(":")
    page = newest_first(changes_of(trial, what=what, name=name), request)
    is_polled = bool(request.headers.get("HX-Request"))
    context = {
        "trial": trial,
        "summary": shown_summary(trial, only=(what, name)),
        "is_filtered": bool(what),
        "page": page,
        "changes": [(one, shown_change(one)) for one in page],
        "has_list": trial.changes.exists(),
        "is_polled": is_polled,
    }
    if not is_polled:
        return render(request, "desk/version_trial.html", context)
    status = STOP_POLLING if trial.finished_at else 200
    return render(request, "desk/_version_trial.html", context, status=status)


@require_POST
@judge_keeper("add_versiontrial")
def version_stop(request: HttpRequest, pk: int) -> HttpResponse:
    """Stop a dry run where it is."""
    stop_trial(trial=_trial(pk), at=timezone.now())
    return redirect("desk:version_trial", pk)


@require_safe
@never_cache
@judge_keeper("view_versionswitch")
def version_changes(request: HttpRequest, pk: int) -> Any:
    """Give every trip that would change, as the command writes them."""
    headers = {"Content-Disposition": f'attachment; filename="version-changes-{pk}.csv"'}
    return StreamingHttpResponse(_lines(_trial(pk)), content_type="text/csv; charset=utf-8", headers=headers)


def _lines(trial: VersionTrial) -> Iterator[str]:
    writer: Any = csv.writer(Echo())
    yield BOM + writer.writerow(HEAD)
    for one in changes_of(trial).order_by("pk").iterator():
        trip = one.trip
        told = (one.outcome_from, one.outcome_to, one.opens.strip(), one.not_found.strip())
        yield writer.writerow((trip.reference, trip.vehicle.vin, *told))


def _start(request: HttpRequest, form: TrialForm) -> VersionTrial:
    day = form.cleaned_data["since"]
    since = datetime.combine(day, time(), CHINA) if day else None
    version, at = form.cleaned_data["version"], timezone.now()
    return start_trial(version=version, since=since, at=at, by=_operator(request))


def _page(
    request: HttpRequest, trial_form: TrialForm, switch_form: SwitchForm, *, status: int = 200
) -> HttpResponse:
    in_force = version_in_force()
    context = {
        "in_force": in_force,
        "is_there": in_force in VERSIONS,
        "versions": [
            Shown(version, SAYS.get(version, ""), finished_trials(version, beside=in_force).first())
            for version in sorted(VERSIONS)
        ],
        "others": _others(),
        "is_behind": of_other_versions(in_force).exists(),
        "trials": VersionTrial.objects.order_by("-pk")[:SHOWN],
        "switches": VersionSwitch.objects.order_by("-pk")[:SHOWN],
        "trial_form": trial_form,
        "switch_form": switch_form,
    }
    return render(request, "desk/versions.html", context, status=status)


def _trial(pk: int) -> VersionTrial:
    found = VersionTrial.objects.filter(pk=pk).first()
    if found is None:
        raise Http404
    return found


def _nudge(task: str) -> None:
    """Have a worker look now. The table is the queue: without an answer here beat will remind it."""
    with suppress(OperationalError):
        app.send_task(f"clearance.tasks.{task}", retry=False, expires=30)


def _operator(request: HttpRequest) -> str:
    return f"operator {request.user}"
