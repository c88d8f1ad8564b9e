"""Find consignments and how they stand as a whole, in a constant number of queries however large."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import TYPE_CHECKING

from django.db.models import Count, Min, Q

from ferry.models import Consignment, DeclaredVehicle, Licence, Trip, TripState, Vehicle
from ferry.queries.declarations import counted_declarations
from ferry.queries.issue import CHINA, china_date
from ferry.queries.licences import licensed_commodities
from ferry.queries.readiness import groups_of, of_consignment, policy_of
from ferry.rules.commodities import covers, needs_licence
from ferry.rules.consignments import PACE_DAYS, Outlook, foresee
from ferry.rules.readiness import Step

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from django.db.models import QuerySet

    from ferry.errors import Reason
    from ferry.models import Company, Declaration, ReadinessPolicy
    from ferry.queries.readiness import Group

DECLARATIONS_SHOWN = 30
OUT = (Step.EXITED, Step.ARRIVED, Step.DELIVERED, Step.DISCHARGED)
#: Licences are taken when a code is issued, so these are what still needs one.
WITHOUT_CODE = (Step.EXPECTED, Step.YARD, Step.INSPECTED, Step.CHARGED, Step.PAPERS, Step.PLANNED)
HAS_LEFT = (TripState.EXITED, TripState.ARRIVED, TripState.DELIVERED, TripState.DISCHARGED)


@dataclass(frozen=True)
class Held:
    """So many vehicles lack the same thing."""

    reason: Reason
    count: int


@dataclass(frozen=True)
class LicenceNeed:
    """Of one commodity: the vehicles whose code needs a licence, and the licences that cover it."""

    hs_code: str
    needed: int
    licences: list[Licence]

    @property
    def left(self) -> int:
        return sum(licence.left for licence in self.licences)


@dataclass(frozen=True)
class Whole:
    """A consignment as one. `listed` counts the declarations, of which the first are in `declarations`."""

    consignment: Consignment
    policy: ReadinessPolicy
    groups: list[Group]
    outlook: Outlook
    declarations: list[Declaration]
    listed: int
    needs: list[LicenceNeed]

    @property
    def steps(self) -> dict[Step, int]:
        counts = Counter[Step]()
        for group in self.groups:
            counts[group.step] += group.count
        return {step: counts[step] for step in Step}

    @property
    def total(self) -> int:
        return sum(group.count for group in self.groups)

    @property
    def out(self) -> int:
        return sum(self.steps[step] for step in OUT)

    @property
    def ready(self) -> int:
        """Count the vehicles that lack nothing but a trip."""
        return sum(group.count for group in ready_groups(self.groups))

    @property
    def held(self) -> list[Held]:
        """List what holds the rest, the commonest first."""
        counts: Counter[str] = Counter()
        reasons: dict[str, Reason] = {}
        for group in self.groups:
            for reason in group.reasons:
                counts[reason.code] += group.count
                reasons[reason.code] = reason
        return [Held(reasons[code], count) for code, count in counts.most_common()]


@dataclass(frozen=True)
class Progress:
    """A consignment in a list: how many vehicles, how many have a code or more, how many are out."""

    consignment: Consignment
    total: int
    issued: int
    out: int


def consignments_of(company: Company) -> QuerySet[Consignment]:
    return Consignment.objects.filter(company=company)


def open_consignments(company: Company) -> QuerySet[Consignment]:
    return consignments_of(company).filter(closed_at__isnull=True).order_by("-pk")


def vehicles_in(consignment: Consignment) -> QuerySet[Vehicle]:
    """List the vehicles of a consignment that are still its company's."""
    return Vehicle.objects.filter(consignment=consignment, company=consignment.company_id)


def whole(consignment: Consignment, company: Company, *, at: datetime) -> Whole:
    """Look at a consignment as one."""
    policy = policy_of(company)
    groups = groups_of(of_consignment(consignment), policy)
    declarations = _declarations(consignment, company)
    gone = sum(group.count for group in groups if group.step in OUT)
    return Whole(
        consignment=consignment,
        policy=policy,
        groups=groups,
        outlook=_outlook(consignment, company, sum(group.count for group in groups) - gone, at),
        declarations=list(declarations.order_by("closed_at", "pk")[:DECLARATIONS_SHOWN]),
        listed=declarations.count(),
        needs=_needs(groups, company, at),
    )


def progress_of(consignments: Sequence[Consignment], company: Company) -> list[Progress]:
    """Count the vehicles of a page of consignments, in two queries."""
    keys = [one.pk for one in consignments]
    vehicles = Vehicle.objects.filter(consignment__in=keys, company=company).order_by()
    totals = dict(vehicles.values_list("consignment").annotate(Count("pk")))
    trips = Trip.objects.filter(vehicle__consignment__in=keys, company=company).order_by()
    states: dict[int, Counter[str]] = defaultdict(Counter)
    for key, state, count in trips.values_list("vehicle__consignment", "state").annotate(
        Count("vehicle", distinct=True)
    ):
        states[key][state] += count
    return [
        Progress(
            one,
            totals.get(one.pk, 0),
            states[one.pk][TripState.READY] + _sum(states[one.pk], HAS_LEFT),
            _sum(states[one.pk], HAS_LEFT),
        )
        for one in consignments
    ]


def ready_groups(groups: Iterable[Group]) -> list[Group]:
    return [group for group in groups if group.step == Step.PAPERS and not group.reasons]


def held_groups(groups: Iterable[Group], code: str) -> list[Group]:
    return [group for group in groups if any(reason.code == code for reason in group.reasons)]


def groups_in_step(groups: Iterable[Group], step: str) -> list[Group]:
    return [group for group in groups if group.step == step]


def _declarations(consignment: Consignment, company: Company) -> QuerySet[Declaration]:
    listed = DeclaredVehicle.objects.filter(vin__in=vehicles_in(consignment).values("vin"))
    return counted_declarations(company).filter(pk__in=listed.values("declaration"))


def _outlook(consignment: Consignment, company: Company, left: int, at: datetime) -> Outlook:
    today = china_date(at)
    since = datetime.combine(today - timedelta(days=PACE_DAYS - 1), time(), CHINA)
    trips = Trip.objects.filter(vehicle__consignment=consignment, company=company, state__in=HAS_LEFT)
    found = trips.aggregate(first=Min("exited_at"), exits=Count("pk", filter=Q(exited_at__gte=since)))
    first = found["first"] and china_date(found["first"])
    return foresee(left=left, exits=found["exits"], first_exit_on=first, today=today)


def _needs(groups: Sequence[Group], company: Company, at: datetime) -> list[LicenceNeed]:
    today = china_date(at)
    licensed = licensed_commodities()
    waiting: Counter[str] = Counter()
    for group in groups:
        if group.step in WITHOUT_CODE and needs_licence(group.hs_code, on=today, licensed=licensed):
            waiting[group.hs_code] += group.count
    valid = list(Licence.objects.filter(company=company, expires_on__gte=today).order_by("expires_on", "pk"))
    return [
        LicenceNeed(code, count, [one for one in valid if _covers(one, code)])
        for code, count in waiting.most_common()
    ]


def _covers(licence: Licence, hs_code: str) -> bool:
    return not licence.commodity_code or covers(licence.commodity_code, hs_code)


def _sum(counts: Counter[str], states: Iterable[str]) -> int:
    return sum(counts[state] for state in states)
