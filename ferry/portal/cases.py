"""A company's cases: what is unproved or contradictory, who sees to it, and how it was settled."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from ferry.actions.case_work import resolve_with_evidence
from ferry.models import Party
from ferry.portal.access import dispatcher, member
from ferry.portal.case_bulk import Bench, ask_or_plan
from ferry.portal.case_forms import ResolutionForm
from ferry.portal.case_page import Worker, act_on_case, case_shown, is_answered
from ferry.portal.case_told import queue_label
from ferry.portal.lists.cases import CASES
from ferry.portal.lists.picking import begin_job
from ferry.portal.lists.views import asked_of, list_shown, totals_of
from ferry.queries.case_lists import cases_of_company, queues
from ferry.queries.members import writers_of

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse

    from ferry.models import Case, Membership
    from ferry.portal.case_page import Forms
    from ferry.portal.lists.asked import Asked
    from ferry.queries.case_lists import Queue


@require_safe
@member()
def cases(request: HttpRequest, membership: Membership) -> HttpResponse:
    """List cases, the open ones unless others are asked for, with how many wait in each queue."""
    asked = asked_of(CASES, membership, request.GET.dict())
    if request.GET.get("part") == "totals":
        return render(request, "portal/lists/totals.html", totals_of(asked))
    waiting = queues(
        cases_of_company(membership.company), side=Party.COMPANY, user=membership.user, at=asked.scene.at
    )
    context = {**list_shown(request, membership, asked), "queues": queues_told(asked, waiting)}
    return render(request, "portal/cases.html", context)


def queues_told(asked: Asked, waiting: list[Queue]) -> list[tuple[Any, str, Queue, bool]]:
    """Give each queue's label, the address of it, and whether the list shows it."""
    told = []
    for one in waiting:
        only = asked.cleared.with_values(**one.filters)
        told.append((queue_label(one.name), only.url, one, asked.values == only.values))
    return told


@require_safe
@member()
def case(request: HttpRequest, membership: Membership, pk: int) -> HttpResponse:
    shown = _find(membership, pk)
    return _show(request, shown, membership, ResolutionForm(case=shown))


@require_POST
@member(writes=True)
def case_resolve(request: HttpRequest, membership: Membership, pk: int) -> HttpResponse:
    shown = _find(membership, pk)
    form = ResolutionForm(request.POST, request.FILES, case=shown)
    if form.is_valid():
        said = {"case": shown, **form.said, "at": timezone.now(), "by": dispatcher(membership)}
        if is_answered(request, form, lambda: resolve_with_evidence(**said)):
            return redirect("portal:case", pk)
    return _show(request, shown, membership, form)


@require_POST
@member(writes=True)
def case_act(request: HttpRequest, membership: Membership, pk: int, act: str) -> HttpResponse:
    """Assign, comment, attach, or open again."""
    shown = _find(membership, pk)
    refused = act_on_case(request, shown, _worker(membership), act)
    if refused:
        return _show(request, shown, membership, ResolutionForm(case=shown), refused)
    return redirect("portal:case", pk)


@require_POST
@member(writes=True)
def cases_selected(request: HttpRequest, membership: Membership) -> HttpResponse:
    """Show what an act would do to the picked cases, and once it is confirmed have it done."""
    bench = Bench(
        worker=_worker(membership),
        cases=cases_of_company(membership.company),
        asked=lambda said: asked_of(CASES, membership, said),
        rooms="portal",
        frame="portal/base.html",
        company=membership.company,
    )
    answer, job = ask_or_plan(request, bench)
    if job is not None:
        begin_job(job, job.lines.count())
    return answer


def _show(
    request: HttpRequest,
    shown: Case,
    membership: Membership,
    form: ResolutionForm,
    refused: Forms | None = None,
) -> HttpResponse:
    context = case_shown(shown, _worker(membership), settling=form, refused=refused, at=timezone.now())
    return render(request, "portal/case.html", context, status=400 if form.errors or refused else 200)


def _find(membership: Membership, pk: int) -> Case:
    return get_object_or_404(cases_of_company(membership.company), pk=pk)


def _sender(membership: Membership) -> str:
    return " · ".join(filter(None, (membership.company.name, membership.company.phone)))


def _worker(membership: Membership) -> Worker:
    people = [one.user for one in writers_of(membership.company)]
    by = dispatcher(membership)
    return Worker(Party.COMPANY, membership.user, by, membership.may_write, people, _sender(membership))
