"""Refunds: how each declaration stands, its package of proofs, and that it was filed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib import messages
from django.http import HttpResponse, StreamingHttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from ferry.actions.refund import ask_for_package, mark_filed
from ferry.errors import Refused
from ferry.models import PackageState, RefundPackage
from ferry.portal.access import dispatcher, member
from ferry.portal.figures import age_figure
from ferry.portal.lists.declare import Scene
from ferry.portal.lists.refund import AGES, REFUND, dressed
from ferry.portal.lists.views import asked_of, list_shown, totals_of
from ferry.portal.refund_forms import FiledForm
from ferry.portal.saving import save, tell_reasons
from ferry.queries.issue import china_date
from ferry.queries.refund import ages_of, cases_in_the_way, open_cases_of, refunds_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from django.http import HttpRequest

    from ferry.models import Declaration, Membership

VINS_SHOWN, CASES_SHOWN, PACKAGES_SHOWN = 100, 100, 10


@require_safe
@member()
def refunds(request: HttpRequest, membership: Membership) -> HttpResponse:
    """List declarations, with a chart of how near the deadlines of those not filed are."""
    asked = asked_of(REFUND, membership, request.GET.dict())
    if request.GET.get("part") == "totals":
        return render(request, "portal/lists/totals.html", totals_of(asked))
    counts = ages_of(membership.company, today=china_date(timezone.now()))
    figure = age_figure([(str(label), counts[one]) for one, label in AGES])  # type: ignore[index]
    return render(request, REFUND.template, {**list_shown(request, membership, asked), "figure": figure})


@require_safe
@member()
def refund_declaration(request: HttpRequest, membership: Membership, number: str) -> HttpResponse:
    return _show(request, membership, _own(membership, number), FiledForm(initial={"filed_on": _today()}))


@require_POST
@member(writes=True)
def refund_package(request: HttpRequest, membership: Membership, number: str) -> HttpResponse:
    """Have a package of proofs made."""
    shown = _own(membership, number)
    language, at, by = get_language() or "en", timezone.now(), dispatcher(membership)
    try:
        ask_for_package(declaration=shown, language=language, at=at, by=by)
    except Refused as refused:
        tell_reasons(request, refused)
    else:
        messages.success(request, _("The package is being made. You may leave this page; it goes on."))
    return redirect("portal:refund_declaration", number)


@require_POST
@member(writes=True)
def refund_filed(request: HttpRequest, membership: Membership, number: str) -> HttpResponse:
    shown, form = _own(membership, number), FiledForm(request.POST)
    at, by = timezone.now(), dispatcher(membership)
    filed = (
        save(form, lambda: mark_filed(declaration=shown, **form.cleaned_data, at=at, by=by))
        if form.is_valid()
        else None
    )
    if filed is None:
        return _show(request, membership, shown, form)
    messages.success(request, _("Marked as filed."))
    return redirect("portal:refund_declaration", number)


@require_safe
@member()
def refund_download(_request: HttpRequest, membership: Membership, pk: int) -> Any:
    """Send a package piece by piece, however large it is."""
    packages = RefundPackage.objects.select_related("declaration")
    package = get_object_or_404(packages, company=membership.company, pk=pk, state=PackageState.DONE)
    headers = {
        "Content-Disposition": f'attachment; filename="refund-{package.declaration.number}.zip"',
        "Content-Length": str(package.size),
        "Cache-Control": "private, no-store",
    }
    return StreamingHttpResponse(_pieces(package), content_type="application/zip", headers=headers)


def _pieces(package: RefundPackage) -> Iterator[bytes]:
    with package.file.open("rb") as file:
        yield from file.chunks()


def _show(request: HttpRequest, membership: Membership, shown: Any, form: FiledForm) -> HttpResponse:
    not_out = shown.declared_vehicles.filter(exited_at__isnull=True).order_by("vin")
    cases = open_cases_of([shown])
    packages = list(shown.refund_packages.order_by("-pk")[:PACKAGES_SHOWN])
    context = {
        "row": dressed(shown, cases[shown.pk], Scene(membership.company, timezone.now())),
        "declaration": shown,
        "filing": shown.refund_filing if shown.is_filed else None,
        "not_out": not_out[:VINS_SHOWN],
        "left_off": max(not_out.count() - VINS_SHOWN, 0),
        "cases": cases_in_the_way(shown)[:CASES_SHOWN],
        "cases_left_off": max(cases[shown.pk].count - CASES_SHOWN, 0),
        "packages": packages,
        "is_making": any(one.state == PackageState.WAITING for one in packages),
        "form": form,
        "may_write": membership.may_write,
    }
    return render(request, "portal/refund_declaration.html", context)


def _own(membership: Membership, number: str) -> Declaration:
    return get_object_or_404(refunds_of(membership.company), number=number)


def _today() -> Any:
    return china_date(timezone.now())
