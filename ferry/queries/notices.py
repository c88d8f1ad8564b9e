"""Find what a member is to be told, what he has been, and what a company should know ahead."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from django.db.models import Exists, F, OuterRef, Q

from ferry.models import (
    Company,
    Driver,
    Licence,
    Membership,
    Notice,
    NoticeChoice,
    Pass,
    PassState,
    Roster,
    Told,
    TripState,
)
from ferry.queries.issue import china_date
from ferry.rules.corridor import PAPER_ENDS, WINDOW_ENDS
from ferry.rules.notices import JOINED_FOR, USUAL, Choice

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable
    from datetime import datetime

    from django.db.models import QuerySet

#: A tenth of an export licence's quantity is little.
NEARLY_USED = 10
#: Rosters finished longer ago are old news.
ROSTER_IS_NEWS = timedelta(hours=2)

Choices = dict[tuple[int, str], Choice]


def told_members(company_ids: Iterable[int]) -> list[Membership]:
    rows = Membership.objects.filter(
        company__in=set(company_ids), company__is_active=True, user__is_active=True
    )
    return list(rows.select_related("user").order_by("pk"))


def chosen(memberships: Iterable[Membership]) -> Choices:
    """Give what members chose otherwise than usual."""
    rows = NoticeChoice.objects.filter(membership__in=[one.pk for one in memberships])
    return {(row.membership_id, row.kind): Choice(row.in_app, row.mail) for row in rows}  # type: ignore[arg-type]


def choice(choices: Choices, membership: Membership, kind: str) -> Choice:
    return choices.get((membership.pk, kind), USUAL[kind])


def lines_to_join(memberships: Collection[int], kinds: Collection[str], *, at: datetime) -> QuerySet[Notice]:
    return Notice.objects.filter(
        membership__in=memberships,
        kind__in=kinds,
        read_at__isnull=True,
        mailed_at__isnull=True,
        began_at__gt=at - JOINED_FOR,
    ).order_by("pk")


def shown_notices(membership: Membership) -> QuerySet[Notice]:
    return Notice.objects.filter(membership=membership, in_app=True)


def unread_notices(membership: Membership) -> QuerySet[Notice]:
    return shown_notices(membership).filter(read_at__isnull=True)


def notices_to_mail(*, at: datetime) -> QuerySet[Notice]:
    return Notice.objects.filter(mailed_at__isnull=True, mail_due_at__lte=at)


def known(company_id: int, keys: Iterable[str]) -> set[str]:
    return set(Told.objects.filter(company=company_id, key__in=list(keys)).values_list("key", flat=True))


# --- What to know ahead --------------------------------------------------------------------------


def lapsing_passes(*, at: datetime) -> QuerySet[Pass]:
    """Find open codes of every company whose window ends soon and whose vehicles have not left."""
    soon = Pass.objects.filter(state=PassState.OPEN, closes_at__gt=at, closes_at__lte=at + WINDOW_ENDS)
    waiting = soon.filter(trip__state=TripState.READY, trip__company__is_active=True)
    return waiting.select_related("trip__vehicle").order_by("closes_at", "pk")


def finished_rosters(*, at: datetime) -> QuerySet[Roster]:
    rows = Roster.objects.filter(finished_at__gt=at - ROSTER_IS_NEWS, finished_at__lte=at)
    return rows.select_related("route__exit", "route__entry").order_by("pk")


def companies_to_look_at(key: str) -> QuerySet[Company]:
    """Find companies with members that were not looked at yet under a day's key."""
    looked = Told.objects.filter(company=OuterRef("pk"), key=key)
    members = Membership.objects.filter(company=OuterRef("pk"))
    return Company.objects.filter(~Exists(looked), Exists(members), is_active=True).order_by("pk")


def drivers_with_ending_papers(company: Company, *, at: datetime) -> QuerySet[Driver]:
    until = china_date(at) + PAPER_ENDS
    ending = Q(passport_expires_on__lte=until) | Q(licence_expires_on__lte=until)
    return Driver.objects.filter(ending, company=company, is_active=True).order_by("pk")


def licences_to_renew(company: Company, *, at: datetime) -> QuerySet[Licence]:
    """Find export licences that end soon with quantity left, or of which little is left."""
    today = china_date(at)
    ends = Q(expires_on__lte=today + PAPER_ENDS)
    low = Q(used__gte=F("quantity") - F("quantity") / NEARLY_USED)
    rows = Licence.objects.filter(ends | low, company=company, expires_on__gte=today)
    return rows.filter(used__lt=F("quantity")).order_by("pk")
