"""What drivers are paid: the statements of every month, each statement, and the rates."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from django.contrib import messages
from django.http import FileResponse, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone, translation
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from ferry.actions.pay import add_rate, approve_statements, correct_pay, end_rate, mark_paid
from ferry.errors import Refused
from ferry.models import PayRate, PayStatement, Role, StatementState
from ferry.pay_paper import draw_statement
from ferry.portal.access import dispatcher, member
from ferry.portal.lists.exports import XLSX
from ferry.portal.lists.pay import PAY
from ferry.portal.lists.picked import back, picked_rows
from ferry.portal.lists.views import page
from ferry.portal.pages import newest_first
from ferry.portal.pay_files import statement_workbook
from ferry.portal.pay_forms import CorrectionForm, PaidForm, RateForm
from ferry.portal.saving import save, tell_reasons
from ferry.queries.issue import china_date
from ferry.queries.pay import entries_of, rates_of, statements_of
from ferry.rules.pay import may_approve, money, month_after

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.http import HttpRequest

    from ferry.actions.pay import Closed
    from ferry.models import Membership, PayEntry

#: Only an owner may do something to statements, so only he picks them.
PAGES = {True: page(PAY), False: page(replace(PAY, is_picked=False))}


@require_safe
@member()
def pay(request: HttpRequest, membership: Membership) -> HttpResponse:
    return PAGES[membership.role == Role.OWNER](request)


@require_POST
@member(owns=True)
def pay_selected(request: HttpRequest, membership: Membership) -> HttpResponse:
    """Approve what is picked, or mark it as paid today unless another day is said."""
    statements = picked_rows(request, membership, "pay")
    if not statements:
        messages.warning(request, _("No statement is selected. Select at least one."))
    elif request.POST.get("act") == "approve":
        _tell(request, lambda: _approve(membership, statements), _approved)
    elif request.POST.get("act") == "paid":
        _pay(request, membership, statements)
    return back(request, "pay")


@require_safe
@member()
def pay_statement(request: HttpRequest, membership: Membership, pk: int) -> HttpResponse:
    return _show(request, membership, _own(membership, pk))


@require_POST
@member(owns=True)
def pay_approve(request: HttpRequest, membership: Membership, pk: int) -> HttpResponse:
    shown = _own(membership, pk)
    _tell(request, lambda: _approve(membership, [shown.pk]), _approved)
    return redirect("portal:pay_statement", pk)


@require_POST
@member(owns=True)
def pay_paid(request: HttpRequest, membership: Membership, pk: int) -> HttpResponse:
    shown, form = _own(membership, pk), PaidForm(request.POST)
    if not form.is_valid():
        return _show(request, membership, shown, paid=form)
    _pay(request, membership, [shown.pk], form)
    return redirect("portal:pay_statement", pk)


@require_POST
@member(owns=True)
def pay_correct(request: HttpRequest, membership: Membership, pk: int) -> HttpResponse:
    """Enter a correction; it stands on the driver's open statement."""
    shown = _own(membership, pk)
    form = CorrectionForm(request.POST)
    entry = save(form, lambda: _correct(form, shown, dispatcher(membership))) if form.is_valid() else None
    if entry is None:
        return _show(request, membership, shown, correction=form)
    sentence = _("It stands on the statement of %(month)s.")
    messages.success(request, sentence % {"month": entry.statement.month})
    return redirect("portal:pay_statement", entry.statement_id)


@require_safe
@member()
def pay_pdf(request: HttpRequest, membership: Membership, pk: int) -> HttpResponse:
    """Give a statement on paper, in its driver's language."""
    shown = _own(membership, pk)
    with translation.override(shown.driver.language):
        pdf = draw_statement(shown, list(entries_of(shown)))
    headers = {"Content-Disposition": f'inline; filename="{_file(shown)}.pdf"', "Cache-Control": "private"}
    return HttpResponse(pdf, content_type="application/pdf", headers=headers)


@require_safe
@member()
def pay_xlsx(request: HttpRequest, membership: Membership, pk: int) -> Any:
    shown = _own(membership, pk)
    file = statement_workbook(shown, entries_of(shown).iterator(chunk_size=500))
    return FileResponse(file, as_attachment=True, filename=f"{_file(shown)}.xlsx", content_type=XLSX)


@require_http_methods(["GET", "POST"])
@member()
def pay_rates(request: HttpRequest, membership: Membership) -> HttpResponse:
    """List the rates, newest first; an owner adds one."""
    is_owner, at = membership.role == Role.OWNER, timezone.now()
    if request.method == "POST" and not is_owner:
        return render(request, "403.html", status=403)
    form = RateForm(request.POST or None, company=membership.company, at=at)
    if request.method == "POST" and form.is_valid():
        said = {**form.cleaned_data, "at": at, "by": dispatcher(membership)}
        if save(form, lambda: add_rate(company=membership.company, **said)) is not None:
            messages.success(request, _("The rate is added. What has accrued stays as it is."))
            return redirect("portal:pay_rates")
    rows = newest_first(rates_of(membership.company), request)
    company = membership.company
    context = {
        "form": form,
        "page": rows,
        "rates": [(rate, money(rate.amount_fen, rate.currency), _standing(rate, at)) for rate in rows],
        "usual": (money(company.pay_car_fen), money(company.pay_plant_fen)),
    }
    return render(request, "portal/pay/rates.html", context)


@require_POST
@member(owns=True)
def pay_rate_end(request: HttpRequest, membership: Membership, pk: int) -> HttpResponse:
    rate = get_object_or_404(PayRate, company=membership.company, pk=pk)
    try:
        end_rate(rate=rate, at=timezone.now(), by=dispatcher(membership))
    except Refused as refused:
        tell_reasons(request, refused)
    else:
        messages.success(request, _("The rate has ended. What has accrued stays as it is."))
    return redirect("portal:pay_rates")


def _own(membership: Membership, pk: int) -> PayStatement:
    return get_object_or_404(statements_of(membership.company), pk=pk)


def _show(
    request: HttpRequest,
    membership: Membership,
    shown: Any,
    *,
    paid: PaidForm | None = None,
    correction: CorrectionForm | None = None,
) -> HttpResponse:
    today = china_date(timezone.now())
    is_over = may_approve(shown.month, today=today)
    context = {
        "statement": shown,
        "total": money(shown.sum_fen, shown.currency),
        "entries": [_line(entry, shown) for entry in entries_of(shown)],
        "can_approve": shown.state == StatementState.DRAFT and is_over,
        "opens_on": f"{month_after(shown.month)}-01",
        "paid_form": paid or PaidForm(initial={"paid_on": today}),
        "correction": correction or CorrectionForm(initial={"key": uuid4()}),
    }
    return render(request, "portal/pay/statement.html", context)


def _line(entry: PayEntry, statement: PayStatement) -> tuple[PayEntry, str, str]:
    """Give an entry with its amount, and the month it is of where that is another."""
    of = f"{china_date(entry.earned_at):%Y-%m}"
    return entry, money(entry.amount_fen, statement.currency), "" if of == statement.month else of


def _standing(rate: PayRate, at: Any) -> str:
    if rate.ends_at is not None and rate.ends_at <= at:
        return "ended"
    return "to_come" if rate.valid_from > at else "valid"


def _correct(form: CorrectionForm, shown: PayStatement, by: str) -> PayEntry:
    said, at = form.cleaned_data, timezone.now()
    words = {"reason": said["reason"], "key": said["key"], "currency": shown.currency}
    return correct_pay(driver=shown.driver, amount_fen=said["amount_fen"], **words, at=at, by=by)[0]


def _approve(membership: Membership, statements: list[int]) -> Closed:
    return approve_statements(
        company=membership.company, statements=statements, at=timezone.now(), by=dispatcher(membership)
    )


def _pay(
    request: HttpRequest, membership: Membership, statements: list[int], form: PaidForm | None = None
) -> None:
    at = timezone.now()
    said = form.cleaned_data if form else {"paid_on": china_date(at)}
    _tell(
        request,
        lambda: mark_paid(
            company=membership.company, statements=statements, **said, at=at, by=dispatcher(membership)
        ),
        _marked_paid,
    )


def _tell(
    request: HttpRequest, act: Callable[[], Closed], words: Callable[[Closed], tuple[str, str]]
) -> None:
    """Do it, and say how many it was and why others were left."""
    try:
        closed = act()
    except Refused as refused:
        tell_reasons(request, refused)
        return
    done, left = words(closed)
    if closed.done:
        messages.success(request, done)
    if closed.left:
        messages.warning(request, left)


def _approved(closed: Closed) -> tuple[str, str]:
    done = ngettext("%(count)d statement approved.", "%(count)d statements approved.", closed.done)
    left = ngettext(
        "%(count)d was left as it is: approved before, or its month is not over yet.",
        "%(count)d were left as they are: approved before, or their month is not over yet.",
        closed.left,
    )
    return done % {"count": closed.done}, left % {"count": closed.left}


def _marked_paid(closed: Closed) -> tuple[str, str]:
    done = ngettext(
        "%(count)d statement marked as paid.", "%(count)d statements marked as paid.", closed.done
    )
    left = ngettext(
        "%(count)d was left as it is: not approved yet, or paid before.",
        "%(count)d were left as they are: not approved yet, or paid before.",
        closed.left,
    )
    return done % {"count": closed.done}, left % {"count": closed.left}


def _file(statement: PayStatement) -> str:
    return f"pay-{statement.month}-{statement.currency}-{statement.pk}"
