"""Do something to the cases that were picked in a list: first what it would do, then the job."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlencode

from django import forms
from django.db.models import Count
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import get_language, gettext_lazy, ngettext
from django.utils.translation import gettext as _

from ferry.actions.bulk import plan_case_job
from ferry.errors import Refused
from ferry.models import BulkAct, CaseState, LineState, User
from ferry.portal.case_forms import AssignManyForm, CommentForm
from ferry.portal.lists.picking import picked_ids
from ferry.portal.pages import in_turn
from ferry.portal.roster import STOP_POLLING
from ferry.portal.roster_forms import KeyForm
from ferry.portal.saving import tell_reasons
from ferry.queries.bulk import progress_of
from ferry.rules.cases import FITTING, LONGEST_NOTE, RESOLUTIONS, WRITE_OFF, WRITTEN_OFF, resolution_said

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from django.db.models import QuerySet
    from django.http import HttpRequest, HttpResponse

    from ferry.models import BulkJob, Case, Company
    from ferry.portal.case_page import Worker
    from ferry.portal.lists.asked import Asked

PREVIEWED = 10


class BulkResolutionForm(forms.Form):
    """One resolution and one reason for all; it says how many of the cases each resolution fits."""

    resolution = forms.ChoiceField(label=gettext_lazy("Resolution"))
    note = forms.CharField(
        label=gettext_lazy("Reason"),
        max_length=LONGEST_NOTE,
        widget=forms.Textarea({"rows": 3}),
        help_text=gettext_lazy("It is kept with every one of these cases."),
    )

    def __init__(self, *args: Any, kinds: Mapping[str, int], writes_off: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        fits = {
            word: sum(count for kind, count in kinds.items() if word in FITTING[kind]) for word in RESOLUTIONS
        }
        choices = [("", "—")] + [
            (word, _("%(resolution)s (fits %(count)d)") % {"resolution": label, "count": fits[word]})
            for word, label in RESOLUTIONS.items()
            if fits[word]
        ]
        if writes_off:
            choices.append((WRITTEN_OFF, str(WRITE_OFF)))
        self.fields["resolution"].choices = choices  # type: ignore[attr-defined]


@dataclass(frozen=True)
class Bench:
    """Where cases are worked on together: who does, which he may, and where his pages are."""

    worker: Worker
    cases: QuerySet[Case]
    asked: Callable[[dict[str, str]], Asked]
    rooms: str
    frame: str
    company: Company | None = None
    officer: User | None = None
    #: What the border wants to know beside it.
    options: Mapping[str, Any] | None = None

    def url(self, name: str, *args: Any) -> str:
        return reverse(f"{self.rooms}:{name}", args=args)


def ask_or_plan(request: HttpRequest, bench: Bench) -> tuple[HttpResponse, BulkJob | None]:
    """Show what an act would do to the picked cases; once that is confirmed, plan it and give a new job."""
    query = request.POST.get("query", "")
    back = f"{bench.url('cases')}?{urlencode(parse_qsl(query))}"
    picked = picked_ids(request, bench.asked)
    act = request.POST.get("act", "")
    chosen = bench.cases.filter(pk__in=picked)
    form = _form(request, act, bench, chosen)
    if form is not None and picked and not (form.is_bound and form.is_valid()):
        return _ask(request, bench, act, form, picked, chosen, back), None
    key = KeyForm(request.POST)
    try:
        job, made = plan_case_job(
            cases=bench.cases,
            company=bench.company,
            officer=bench.officer,
            key=key.cleaned_data["key"] if key.is_valid() else None,  # type: ignore[arg-type]
            act=act,
            picked=picked,
            options={
                **(bench.options or {}),
                **(form.cleaned_data if form is not None and form.is_bound and form.is_valid() else {}),
            },
            language=get_language() or "en",
            at=timezone.now(),
            by=bench.worker.by,
        )
    except Refused as refused:
        tell_reasons(request, refused)
        return redirect(back), None
    return redirect(f"{bench.rooms}:bulk_job", job.pk), job if made else None


def _form(request: HttpRequest, act: str, bench: Bench, chosen: QuerySet[Case]) -> Any:
    said = request.POST if "sure" in request.POST else None
    if act == BulkAct.ASSIGN:
        return AssignManyForm(said, people=bench.worker.people)
    if act == BulkAct.COMMENT:
        return CommentForm(said)
    if act != BulkAct.RESOLVE:
        return None
    waiting = chosen.filter(state=CaseState.OPEN).order_by()
    kinds = dict(waiting.select_related(None).values_list("kind").annotate(Count("pk")))
    return BulkResolutionForm(said, kinds=kinds, writes_off=bench.worker.is_customs)


def _ask(
    request: HttpRequest,
    bench: Bench,
    act: str,
    form: forms.Form,
    picked: list[int],
    chosen: QuerySet[Case],
    back: str,
) -> HttpResponse:
    settled = chosen.exclude(state=CaseState.OPEN).select_related(None).count()
    count = len(picked)
    context = {
        "shell": bench.frame,
        "title": BulkAct(act).label,
        "count_told": ngettext("%(count)d case", "%(count)d cases", count) % {"count": count},
        "form": form,
        "act": act,
        "picked": picked,
        "settled": 0 if act == BulkAct.COMMENT else settled,
        "previewed": chosen.order_by("-urgency", "-pk")[:PREVIEWED],
        "is_cut": count > PREVIEWED,
        "key": request.POST.get("key", ""),
        "query": request.POST.get("query", ""),
        "act_url": bench.url("cases_selected"),
        "back_url": back,
    }
    return render(request, "cases/bulk.html", context, status=400 if form.errors else 200)


def job_shown(request: HttpRequest, job: BulkJob, *, rooms: str, frame: str) -> HttpResponse:
    """Show how far a job on cases is; the part that changes asks for itself again."""
    lines = job.lines.select_related("case__trip__vehicle", "case__declaration")
    is_polled = bool(request.headers.get("HX-Request"))
    context = {
        "job": job,
        "shell": frame,
        "rooms": rooms,
        "progress": progress_of(job),
        "refused": in_turn(lines.filter(state=LineState.REFUSED), request, "refused"),
        "done": in_turn(lines.filter(state=LineState.DONE), request, "done"),
        "is_polled": is_polled,
        "cases_url": reverse(f"{rooms}:cases"),
        "told": _told(job),
    }
    if not is_polled:
        return render(request, "cases/bulk_job.html", context)
    return render(request, "cases/_bulk_job.html", context, status=STOP_POLLING if job.finished_at else 200)


def _told(job: BulkJob) -> list[str]:
    """Say again what was chosen and written."""
    said = job.options
    if job.act == BulkAct.ASSIGN:
        to = User.objects.filter(pk=said.get("to")).first()
        return [(to.name or to.email) if to else _("Nobody")]
    resolution = said.get("resolution")
    words = [str(resolution_said(resolution))] if resolution else []
    return words + [said[name] for name in ("note", "text") if said.get(name)]
