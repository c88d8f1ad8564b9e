"""Tell members what no event tells, each thing once: what ends soon, who is near a limit, what is done."""

from __future__ import annotations

from collections import defaultdict
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from django.db import IntegrityError, transaction
from django.db.models import Q

from ferry.actions.notices import tell_members
from ferry.models import Delivery, DeliveryState, Notice, NoticeKind, Told
from ferry.queries.issue import china_date
from ferry.queries.notices import (
    companies_to_look_at,
    drivers_with_ending_papers,
    finished_rosters,
    known,
    lapsing_passes,
    licences_to_renew,
)
from ferry.queries.today import driving, long_stays
from ferry.rules.corridor import PAPER_ENDS
from ferry.rules.news import MemberNews
from ferry.rules.notices import CHINA
from ferry.rules.stays import ALLOWED, WARN_AT

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import date, datetime

    from django.db.models import QuerySet

    from ferry.models import Company, Driver

#: Before this hour in Beijing the day's look is not taken: it is there for the morning's letter.
LOOKED_FROM = 6
COMPANIES_AT_ONCE = 20
KEPT_FOR = timedelta(days=90)
DELIVERIES_KEPT_FOR = timedelta(days=30)
SWEPT_AT_ONCE = 10_000


def tell_ahead(*, at: datetime) -> int:
    """Tell of codes that end soon and of rosters that are worked off; give how many were told of."""
    by_company: dict[int, dict[str, MemberNews]] = defaultdict(dict)
    for pass_ in lapsing_passes(at=at).iterator():
        trip = pass_.trip
        label = f"{trip.vehicle.make} …{trip.vehicle.vin[11:]}"
        news = MemberNews(trip.company_id, NoticeKind.LAPSING, "trip", trip.reference, label)
        by_company[trip.company_id][f"lapsing {pass_.pk}"] = news
    for roster in finished_rosters(at=at):
        asker = roster.created_by.rpartition(" ")[2]
        news = MemberNews(
            roster.company_id, NoticeKind.ROSTER, "roster", str(roster.pk), str(roster), user=asker
        )
        by_company[roster.company_id][f"roster {roster.pk}"] = news
    return sum(_tell_once(company_id, news, at) for company_id, news in by_company.items())


def look_at_companies(*, at: datetime) -> int:
    """Take the day's look at some companies that had none today; give how many."""
    if at.astimezone(CHINA).hour < LOOKED_FROM:
        return 0
    key = f"looked at on {china_date(at)}"
    companies = list(companies_to_look_at(key)[:COMPANIES_AT_ONCE])
    return sum(_look(company, key, at) for company in companies)


def _look(company: Company, key: str, at: datetime) -> int:
    try:
        with transaction.atomic():
            Told.objects.create(company=company, key=key, at=at)
            stays = dict(_stays(company, at))
            _forget_stays(company, stays)
            _tell_once(
                company.pk, {**dict(_papers(company, at)), **stays, **dict(_licences(company, at))}, at
            )
    except IntegrityError:
        return 0  # Somebody looks at this company meanwhile.
    return 1


def _papers(company: Company, at: datetime) -> Iterator[tuple[str, MemberNews]]:
    today = china_date(at)
    for driver in drivers_with_ending_papers(company, at=at):
        for paper in ("passport_expires_on", "licence_expires_on"):
            ends_on: date = getattr(driver, paper)
            if ends_on <= today + PAPER_ENDS:
                when = "ended" if ends_on < today else "ends"
                yield (
                    f"{paper} {driver.pk} {ends_on} {when}",
                    _about(driver, NoticeKind.PAPERS, f"{paper} {when}"),
                )


def _about(driver: Driver, kind: NoticeKind, word: str) -> MemberNews:
    return MemberNews(driver.company_id, kind, "driver", str(driver.pk), driver.name, word)


def _stays(company: Company, at: datetime) -> Iterator[tuple[str, MemberNews]]:
    used = long_stays(company, at=at)
    names = driving(company, [one.driver_id for one in used])
    for one in used:
        if one.driver_id in names:
            mark = max(mark for mark in (*WARN_AT, ALLOWED) if one.used >= mark)
            label = f"{names[one.driver_id]} · {one.used} / {ALLOWED}"
            news = MemberNews(company.pk, NoticeKind.STAY, "driver", str(one.driver_id), label)
            yield f"stay {one.driver_id} {mark}", news


def _forget_stays(company: Company, reached: Mapping[str, MemberNews]) -> None:
    """Forget marks that are no longer reached: reached again, they are told again."""
    drivers = {key.rpartition(" ")[0] for key in reached}
    told = Told.objects.filter(company=company, key__startswith="stay ")
    left = [row.pk for row in told if row.key.rpartition(" ")[0] not in drivers]
    Told.objects.filter(pk__in=left).delete()


def _licences(company: Company, at: datetime) -> Iterator[tuple[str, MemberNews]]:
    today = china_date(at)
    for licence in licences_to_renew(company, at=at):
        word = "licence ends" if licence.expires_on <= today + PAPER_ENDS else "licence low"
        news = MemberNews(company.pk, NoticeKind.LICENCE, "licence", "", licence.number, word)
        yield f"{word} {licence.pk} {licence.expires_on}", news


def _tell_once(company_id: int, news: Mapping[str, MemberNews], at: datetime) -> int:
    """Tell what was not told before; two who look at once tell it once."""
    there = known(company_id, news) if news else set()
    fresh = {key: one for key, one in news.items() if key not in there}
    if not fresh:
        return 0
    try:
        with transaction.atomic():
            Told.objects.bulk_create([Told(company_id=company_id, key=key, at=at) for key in fresh])
            tell_members(news=list(fresh.values()), at=at)
    except IntegrityError:
        return 0  # The other one tells it; what only we saw is told at the next look.
    return len(fresh)


def sweep(*, at: datetime) -> int:
    """Delete what is too old to be asked for, some of it at a time; give how many rows."""
    old = [
        Delivery.objects.filter(created_at__lt=at - DELIVERIES_KEPT_FOR).exclude(state=DeliveryState.WAITING),
        Notice.objects.filter(at__lt=at - KEPT_FOR),
        Told.objects.filter(Q(key__startswith="looked") | Q(key__startswith="lapsing"), at__lt=at - KEPT_FOR),
    ]
    return sum(_delete_some(rows) for rows in old)


def _delete_some(rows: QuerySet[Any]) -> int:
    pks = list(rows.order_by("pk").values_list("pk", flat=True)[:SWEPT_AT_ONCE])
    deleted: int = rows.model._default_manager.filter(pk__in=pks).delete()[0]
    return deleted
