"""Write the letter of a checkpoint's report."""

from __future__ import annotations

from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from django.urls import reverse
from django.utils import translation

from clearance.queries.report_letters import overseen_by
from clearance.queries.reports import place_report
from clearance.report_tables import about_place, main_figures, place_tables
from ferry.report_letters import write_report
from ferry.rules.reports import period_of

if TYPE_CHECKING:
    from datetime import datetime

    from django.core.mail import EmailMultiAlternatives

    from ferry.models import ReportLetter


def place_letter(letter: ReportLetter, *, at: datetime) -> EmailMultiAlternatives | None:
    """Write it in its reader's language; None where he does not oversee the checkpoint any more."""
    subscription, place = letter.subscription, letter.subscription.checkpoint
    if place is None or not subscription.user.is_active or place not in overseen_by(subscription.user):
        return None
    period = period_of(subscription.rhythm, letter.first)  # type: ignore[arg-type]
    report = place_report(place, period, today=at.astimezone(ZoneInfo(place.time_zone)).date())
    with translation.override(subscription.language):
        return write_report(
            letter,
            whose=str(place),
            page=reverse("desk:reports"),
            query={"place": place.code},
            period=period,
            compared=report.compared,
            main=main_figures(report),
            tables=place_tables(report),
            about=about_place(report),
        )
