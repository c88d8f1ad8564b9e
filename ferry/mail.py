"""Write to people by e-mail, in their language; what a letter holds is in templates/mail/."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import structlog
from django.conf import settings
from django.core.mail import EmailMessage, send_mail
from django.template.loader import render_to_string
from django.utils import translation

from ferry.queries.companies import owners_of

if TYPE_CHECKING:
    from ferry.models import CaseStep, Company

log = structlog.get_logger(__name__)


def send_letter(name: str, to: list[str], /, *, language: str, **context: Any) -> bool:
    """Send a letter, whose first line is its subject; False where the mail server does not take it."""
    with translation.override(language):
        text = render_to_string(f"mail/{name}.txt", {"site": settings.SITE_URL, **context})
    subject, _line, body = text.strip().partition("\n")
    try:
        send_mail(subject, body.strip() + "\n", None, to)
    except OSError as error:
        log.warning("letter_not_sent", letter=name, error=type(error).__name__)
        return False
    return True


def mail_enquiry(step: CaseStep) -> bool:
    """Send a letter of enquiry as it was drawn; False where the mail server does not take it."""
    with translation.override(step.data["language"]):
        context = {"number": step.data["number"], "name": step.data["name"], "step": step}
        subject, _line, body = render_to_string("mail/enquiry.txt", context).strip().partition("\n")
    letter = EmailMessage(subject, body.strip() + "\n", None, [step.data["email"]])
    if step.document is not None:
        with step.document.file.open("rb") as file:
            letter.attach(step.document.name, file.read(), step.document.content_type)
    try:
        letter.send()
    except OSError as error:
        log.warning("enquiry_not_sent", step=step.pk, error=type(error).__name__)
        return False
    return True


def tell_decision(company: Company) -> bool:
    """Tell a company's owners what the operator decided."""
    return send_letter(company.state, owners_of(company), language=company.language, company=company)
