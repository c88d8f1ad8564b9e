"""Find cases for the lists of a company and of customs, and count their queues."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.db.models import Exists, OuterRef, Q

from ferry.models import Case, CaseLevel, CaseState, Company, Declaration, Party, Trip
from ferry.queries.ids import one_of
from ferry.queries.lists import count_up_to, few_of
from ferry.queries.search import search_declarations, search_trips
from ferry.rules.search import read_search

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from django.db.models import QuerySet

    from ferry.models import Route, User

#: A queue is counted up to here.
QUEUED_AT_MOST = 999
SHOWN = ("trip__vehicle", "trip__driver", "trip__route", "declaration", "assigned_to", "officer")


@dataclass(frozen=True)
class Queue:
    """A part of the open cases: the filters that show it, and how many there are, `more` than told."""

    name: str
    filters: dict[str, str]
    count: int
    more: bool


def cases_of_company(company: Company) -> QuerySet[Case]:
    return Case.objects.filter(company=company).select_related(*SHOWN)


def cases_on_routes(routes: Iterable[Route]) -> QuerySet[Case]:
    return Case.objects.filter(route__in=routes).select_related("company", *SHOWN)


def search_cases(cases: QuerySet[Case], text: str) -> QuerySet[Case]:
    """Search as trips are searched, and cases of declarations as those are."""
    if not text.strip():
        return cases
    if not read_search(text):
        return cases.none()
    return cases.filter(_about(text))


def search_cases_and_companies(cases: QuerySet[Case], text: str) -> QuerySet[Case]:
    """Search also by a part of the company's name, for those who see cases of all companies."""
    wanted = read_search(text)
    if not wanted or wanted.pasted:
        return search_cases(cases, text)
    return cases.filter(_about(text) | _of(Company, _search_companies, "company", text))


def _search_companies(companies: QuerySet[Company], text: str) -> QuerySet[Company]:
    return companies.filter(name__icontains=text.strip())


def _about(text: str) -> Q:
    return _of(Trip, search_trips, "trip", text) | _of(Declaration, search_declarations, "declaration", text)


def _of(model: Any, search: Any, name: str, text: str) -> Q:
    """Look what is searched up first where it is few; many are asked of each case by itself."""
    few = few_of(search(model.objects.all(), text))
    if few is not None:
        return Q(one_of(f"{name}_id", few))
    return Q(Exists(search(model.objects.filter(pk=OuterRef(name)), text)))


def queues(cases: QuerySet[Case], *, side: str, user: User | None, at: datetime) -> list[Queue]:
    """Count the queues of open cases, as one side has them."""
    column = "officer" if side == Party.CUSTOMS else "assigned_to"
    waiting = cases.filter(state=CaseState.OPEN).select_related(None)
    parts: list[tuple[str, dict[str, str], Q]] = [
        ("mine", {"given": "me"}, Q(**{column: user})),
        ("nobody", {"given": "nobody"}, Q(**{f"{column}__isnull": True})),
        ("overdue", {"due": "overdue"}, Q(due_at__lt=at)),
        ("enquiry", {"level": "2"}, Q(level=CaseLevel.ENQUIRY)),
        ("escalated", {"level": "3"}, Q(level=CaseLevel.ESCALATED)),
        ("letter", {"letter": "lies"}, Q(letter_with=side)),
    ]
    found = []
    for name, filters, part in parts:
        count = count_up_to(waiting.filter(part), QUEUED_AT_MOST)
        found.append(Queue(name, filters, min(count, QUEUED_AT_MOST), count > QUEUED_AT_MOST))
    return found
