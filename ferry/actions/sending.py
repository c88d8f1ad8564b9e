"""Send codes out."""

from __future__ import annotations

from smtplib import SMTPException
from typing import TYPE_CHECKING

from django.core.mail import EmailMessage
from django.utils.translation import gettext_lazy as _

from ferry.actions.moves import note_event
from ferry.errors import Conflict, Reason
from ferry.models import EventKind

if TYPE_CHECKING:
    from datetime import datetime

    from ferry.models import Trip


def mail_code(
    *, trip: Trip, reader: str, to: str, subject: str, text: str, sheet: bytes, at: datetime, by: str
) -> None:
    """Send what a trip's driver or consignee (the `reader`) needs, and note it.

    `sheet` is a PDF to go with it, or empty. Conflict when the mail server does not take it; then nothing is
    noted.
    """
    mail = EmailMessage(subject, text, to=[to])
    if sheet:
        mail.attach(f"{trip.reference}.pdf", sheet, "application/pdf")
    try:
        mail.send()
    except (SMTPException, OSError) as error:
        detail = _("The mail server did not take it. Copy the message instead, or try again later.")
        raise Conflict(Reason("not_sent", detail, "to")) from error
    note_event(trip=trip, kind=EventKind.SENT, at=at, by=by, data={"reader": reader, "to": to})
