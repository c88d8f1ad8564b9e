"""Find export licences with quantity left."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from django.db.models import F

from ferry.models import Licence, LicensedCommodity, Pass, PassState
from ferry.rules.commodities import covers

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import date, datetime

    from django.db.models import QuerySet

    from ferry.models import Company

#: The last days whose pace is taken for the days to come.
PACE = timedelta(days=30)


@dataclass(frozen=True)
class LicencePace:
    """How many were taken in PACE, when none is left at that pace, and how many are left when it expires."""

    taken: int
    runs_out_on: date | None
    left_at_expiry: int


def licensed_commodities() -> list[tuple[str, date]]:
    """List (prefix, in force since) of every commodity that needs a licence."""
    return list(LicensedCommodity.objects.values_list("hs_prefix", "in_force_on"))


def licences_of(company: Company) -> QuerySet[Licence]:
    return Licence.objects.filter(company=company)


def licences_with_balance(company_ids: Iterable[int]) -> list[Licence]:
    """List licences with quantity left, the one that expires first to be used first."""
    licences = Licence.objects.filter(company_id__in=company_ids, used__lt=F("quantity"))
    return list(licences.order_by("expires_on", "pk"))


def usable_licences(
    licences: Sequence[Licence], *, company_id: int, hs_code: str, through: date
) -> list[Licence]:
    """Pick those of a company that cover the goods and are valid through a day."""
    return [
        licence
        for licence in licences
        if licence.company_id == company_id
        and licence.expires_on >= through
        and (not licence.commodity_code or covers(licence.commodity_code, hs_code))
    ]


def takings(licence: Licence) -> QuerySet[Pass]:
    """Find the passes that hold quantity of a licence, newest first; one that ended unused gave it back."""
    held = Pass.objects.filter(licence=licence, state__in=(PassState.OPEN, PassState.SPENT))
    return held.select_related("trip__vehicle", "trip__declaration", "driver").order_by("-issued_at", "-pk")


def licence_pace(licence: Licence, *, today: date, at: datetime) -> LicencePace:
    taken = takings(licence).filter(issued_at__gt=at - PACE).count()
    days = PACE.days
    until_expiry = max((licence.expires_on - today).days, 0)
    if not taken:
        return LicencePace(0, None, licence.left)
    lasts = timedelta(days=licence.left * days // taken)
    runs_out_on = today + lasts if lasts.days <= until_expiry else None
    return LicencePace(taken, runs_out_on, max(licence.left - taken * until_expiry // days, 0))
