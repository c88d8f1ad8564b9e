"""Put right what only the operator may of a company."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import IntegrityError, transaction
from django.utils.translation import gettext_lazy as _

from ferry.actions.keeping import differs, keep, refuse_unless_valid
from ferry.errors import Conflict, Reason
from ferry.models import Company
from ferry.rules.letters import plain_capitals, plain_text
from ferry.rules.numbers import judge_uscc

if TYPE_CHECKING:
    from datetime import datetime


def correct_company(
    *,
    company: Company,
    name: str,
    uscc: str,
    phone: str,
    language: str,
    is_active: bool,
    at: datetime,
    by: str,
) -> bool:
    """Correct what is known of a company, or stop and resume its work; False if nothing differs."""
    fields = {
        "name": plain_text(name),
        "uscc": plain_capitals(uscc),
        "phone": plain_text(phone),
        "language": language,
        "is_active": is_active,
    }
    with transaction.atomic():
        kept = Company.objects.select_for_update().get(pk=company.pk)
        if not differs(kept, fields):
            return False
        for field, value in fields.items():
            setattr(kept, field, value)
        refuse_unless_valid(kept, judge_uscc(kept.uscc))
        try:
            with transaction.atomic():
                keep(kept, at=at, by=by)
        except IntegrityError as error:
            detail = _("A company with this Unified Social Credit Code is registered already.")
            raise Conflict(Reason("already_registered", detail, "uscc")) from error
    return True
