"""Write the letter of a report: its main figures, the workbook, where to see more and how to stop."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.core.signing import BadSignature, Signer
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import translation
from django.utils.http import urlencode
from django.utils.translation import gettext as _

from ferry.queries.issue import china_date
from ferry.queries.reports import company_report
from ferry.report_sheets import XLSX, workbook_of
from ferry.report_tables import about_report, company_tables, main_figures, named, named_within
from ferry.rules.reports import period_of

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from ferry.models import ReportLetter
    from ferry.report_tables import Main, Table
    from ferry.rules.reports import Period

#: Links in letters are good for as long as the key that signs them, and only end a subscription.
SIGNER = Signer(salt="ferryman: stop reports")


def write_report(
    letter: ReportLetter,
    *,
    whose: str,
    page: str,
    query: dict[str, str],
    period: Period,
    compared: Period,
    main: Sequence[Main],
    tables: Sequence[Table],
    about: Sequence[str],
) -> EmailMultiAlternatives:
    """Write a letter in the language that is active; `page` and `query` say where its report is seen."""
    subscription = letter.subscription
    address = {"kind": period.kind, "on": period.first.isoformat(), **query}
    stop = settings.SITE_URL + stop_link(letter)
    context = {
        "whose": whose,
        "named": named(period),
        "compared": named_within(compared),
        "main": main,
        "about": about,
        "page": f"{settings.SITE_URL}{page}?{urlencode(address)}",
        "stop": stop,
        "language": translation.get_language(),
    }
    subject = _("%(whose)s: report for %(period)s") % {"whose": whose, "period": named_within(period)}
    mail = EmailMultiAlternatives(
        subject=" ".join(subject.split()),
        body=render_to_string("mail/report.txt", context),
        to=[subscription.user.email],
        headers=_headers(letter, stop),
    )
    mail.attach_alternative(render_to_string("mail/report.html", context), "text/html")
    name = f"report-{period.kind}-{period.first:%Y-%m-%d}.xlsx"
    mail.attach(name, workbook_of(tables, about=about), XLSX)
    return mail


def _headers(letter: ReportLetter, stop: str) -> dict[str, str]:
    """Let a mail program end the subscription by one click (RFC 8058), and know a letter that comes twice."""
    host = settings.DEFAULT_FROM_EMAIL.rpartition("@")[2].rstrip(">")
    return {
        "List-Unsubscribe": f"<{stop}>",
        "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
        "Message-ID": f"<report-{letter.pk}@{host}>",
        "Auto-Submitted": "auto-generated",
    }


def stop_link(letter: ReportLetter) -> str:
    return reverse("portal:reports_stop", args=[SIGNER.sign(str(letter.subscription_id))])


def read_stop_link(token: str) -> int | None:
    """Say which subscription a link ends; None if it is not one of ours."""
    try:
        return int(SIGNER.unsign(token))
    except BadSignature:
        return None


def company_letter(letter: ReportLetter, *, at: datetime) -> EmailMultiAlternatives | None:
    """Write a company's letter to a member of it; None where he may not have it any more."""
    subscription, membership = letter.subscription, letter.subscription.membership
    if membership is None or not (membership.company.is_active and subscription.user.is_active):
        return None
    routes = list(subscription.routes.all())
    period = period_of(subscription.rhythm, letter.first)  # type: ignore[arg-type]
    report = company_report(membership.company, period, routes=routes, today=china_date(at))
    with translation.override(subscription.language):
        of = " · ".join(map(str, routes)) or _("All routes")
        return write_report(
            letter,
            whose=membership.company.name,
            page=reverse("portal:reports"),
            query={"route": routes[0].code} if len(routes) == 1 else {},
            period=period,
            compared=report.compared,
            main=main_figures(report),
            tables=company_tables(report),
            about=about_report(membership.company.name, period, of),
        )
