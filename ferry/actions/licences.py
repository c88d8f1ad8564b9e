"""Register export licences. Their balance is taken and given back where codes are issued and end."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import IntegrityError, transaction
from django.utils.translation import gettext_lazy as _

from ferry.actions.keeping import keep, refuse_unless_valid
from ferry.errors import Conflict, Reason
from ferry.models import Licence
from ferry.queries.issue import china_date
from ferry.rules.findings import FINE, Finding, refuse
from ferry.rules.letters import plain_capitals
from ferry.rules.powertrain import normalise_hs

if TYPE_CHECKING:
    from datetime import date, datetime

    from ferry.models import Company

#: More vehicles than leave the country in a year: a slip of the hand.
MOST = 1_000_000


def register_licence(
    *,
    company: Company,
    number: str,
    expires_on: date,
    quantity: int,
    commodity_code: str = "",
    at: datetime,
    by: str,
) -> Licence:
    """Register a licence; without a commodity code it is good for any goods that need one."""
    licence = Licence(
        company=company,
        number=plain_capitals(number),
        commodity_code=normalise_hs(commodity_code),
        expires_on=expires_on,
        quantity=quantity,
        created_at=at,
    )
    refuse_unless_valid(licence, _judge_licence(licence, china_date(at)))
    try:
        with transaction.atomic():
            keep(licence, at=at, by=by)
    except IntegrityError as error:
        detail = _("Your company has registered this licence already.")
        raise Conflict(Reason("already_registered", detail, "number")) from error
    return licence


def _judge_licence(licence: Licence, today: date) -> Finding:
    finding = FINE
    if not licence.number.isalnum():
        detail = _("Copy the licence number from the licence: letters and digits.")
        finding += refuse("licence_number_form", detail, "number")
    if not 1 <= licence.quantity <= MOST:
        detail = _("A licence is for at least one vehicle. Enter the quantity that is left on it.")
        finding += refuse("licence_quantity", detail, "quantity")
    if licence.expires_on < today:
        detail = _("This licence has expired. Enter one that is still valid.")
        finding += refuse("licence_expired", detail, "expires_on")
    code = licence.commodity_code
    if code and not (code.isascii() and code.isdigit() and 4 <= len(code) <= 10):
        detail = _("A commodity code has 4 to 10 digits. Copy it from the licence, or leave it empty.")
        finding += refuse("hs_form", detail, "commodity_code")
    return finding
