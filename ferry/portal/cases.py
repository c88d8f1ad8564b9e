"""A company's cases: what is unproved or contradictory, and how it was settled."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib import messages
from django.db.models import Q
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from ferry.actions.cases import resolve_case
from ferry.errors import Refused
from ferry.models import Case, CaseState
from ferry.portal.access import dispatcher, member
from ferry.portal.case_forms import ResolutionForm
from ferry.portal.facts import told_facts
from ferry.portal.pages import newest_first
from ferry.portal.saving import tell_reasons
from ferry.queries.cases import own_facts
from ferry.rules.cases import resolution_said
from ferry.rules.letters import plain_capitals

if TYPE_CHECKING:
    from django.db.models import QuerySet
    from django.http import HttpRequest, HttpResponse

    from ferry.models import Membership


@require_safe
@member()
def cases(request: HttpRequest, membership: Membership) -> HttpResponse:
    """List cases, newest first: those that wait for somebody, or those settled."""
    settled, q = request.GET.get("state") == "settled", request.GET.get("q", "")
    own = _cases_of(membership)
    waiting = own.filter(state=CaseState.OPEN)
    rows = own.exclude(state=CaseState.OPEN) if settled else waiting
    wanted = plain_capitals(q)
    if wanted:
        rows = rows.filter(Q(declaration__number__contains=wanted) | Q(trip__reference__contains=wanted))
    context = {
        "page": newest_first(rows, request),
        "tabs": [
            ("", _("Open (%(count)d)") % {"count": waiting.count()}, not settled),
            ("settled", _("Settled"), settled),
        ],
        "settled": settled,
        "q": q,
        "is_filtered": bool(q),
        "may_write": membership.may_write,
    }
    return render(request, "portal/cases.html", context)


@require_safe
@member()
def case(request: HttpRequest, membership: Membership, pk: int) -> HttpResponse:
    shown = get_object_or_404(_cases_of(membership), pk=pk)
    return _show(request, shown, membership, ResolutionForm(case=shown))


@require_POST
@member(writes=True)
def case_resolve(request: HttpRequest, membership: Membership, pk: int) -> HttpResponse:
    shown = get_object_or_404(_cases_of(membership), pk=pk)
    form = ResolutionForm(request.POST, case=shown)
    if form.is_valid():
        try:
            resolve_case(case=shown, **form.cleaned_data, at=timezone.now(), by=dispatcher(membership))
        except Refused as refused:
            tell_reasons(request, refused)
        else:
            messages.success(request, _("The case is settled. Its trip is being looked at again."))
        return redirect("portal:case", pk)
    return _show(request, shown, membership, form)


def _show(request: HttpRequest, shown: Case, membership: Membership, form: ResolutionForm) -> HttpResponse:
    context = {
        "case": shown,
        "facts": told_facts(own_facts([shown])[shown.pk]),
        "resolution": resolution_said(shown.resolution),
        "form": form,
        "can_resolve": membership.may_write and shown.state == CaseState.OPEN,
    }
    return render(request, "portal/case.html", context)


def _cases_of(membership: Membership) -> QuerySet[Case]:
    rows = Case.objects.filter(company=membership.company)
    return rows.select_related("trip__vehicle", "trip__driver", "declaration")
