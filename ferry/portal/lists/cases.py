"""The list of cases, of a company and of customs."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from django.db.models import Count
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from ferry.models import CaseKind, CaseLevel, CaseState, Party, Weight
from ferry.portal.lists.declare import Choice, Column, Day, Listing, Scene, Total, equal, fitting
from ferry.queries.case_lists import cases_of_company, search_cases
from ferry.queries.members import writers_of
from ferry.rules.cases import resolution_said

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from django.db.models import QuerySet

    from ferry.models import Case

ME, NOBODY, SOMEBODY, ID = "me", "nobody", "somebody", "id"
STATES = (
    ("open", _("Open")),
    ("settled", _("Settled")),
    *((state.value, state.label) for state in CaseState if state != CaseState.OPEN),
    ("all", _("Open and settled")),
)
DUE = (("overdue", _("Overdue")), ("day", _("Within a day")), ("later", _("Later")))
AGES = (("2", _("Older than 2 days")), ("7", _("Older than 7 days")), ("28", _("Older than 28 days")))


def _state(cases: QuerySet[Case], value: str, _scene: Scene) -> QuerySet[Case]:
    if value == "all":
        return cases
    return cases.exclude(state=CaseState.OPEN) if value == "settled" else cases.filter(state=value)


def _due(cases: QuerySet[Case], value: str, scene: Scene) -> QuerySet[Case]:
    soon = scene.at + timedelta(days=1)
    match value:
        case "overdue":
            return cases.filter(due_at__lt=scene.at)
        case "day":
            return cases.filter(due_at__gte=scene.at, due_at__lt=soon)
        case _:
            return cases.filter(due_at__gte=soon)


def _age(cases: QuerySet[Case], value: str, scene: Scene) -> QuerySet[Case]:
    return cases.filter(opened_at__lt=scene.at - timedelta(days=int(value)))


def given_to(column: str, people: Callable[[Scene], Sequence[tuple[int, str]]]) -> Choice:
    """Filter by whom cases were given to: oneself, nobody, anybody, or one of the people there are."""

    def options(scene: Scene) -> list[tuple[str, Any]]:
        usual = [(ME, _("Me")), (NOBODY, _("Nobody")), (SOMEBODY, _("Somebody"))]
        return [*usual, *((f"{ID}{pk}", name) for pk, name in people(scene))]

    def narrow(cases: QuerySet[Case], value: str, scene: Scene) -> QuerySet[Case]:
        if value in {NOBODY, SOMEBODY}:
            return cases.filter(**{f"{column}__isnull": value == NOBODY})
        return cases.filter(**{column: scene.user if value == ME else int(value.removeprefix(ID))})

    return Choice("given", _("Assigned to"), options, narrow)


def letter_with(side: str) -> Choice:
    """Filter by whether a letter lies with one side to be handed over."""

    def narrow(cases: QuerySet[Case], _value: str, _scene: Scene) -> QuerySet[Case]:
        return cases.filter(state=CaseState.OPEN, letter_with=side)

    return Choice("letter", _("Letter of enquiry"), fitting([("lies", _("To be handed over"))]), narrow)


def _members(scene: Scene) -> list[tuple[int, str]]:
    return [(one.user_id, one.user.name or one.user.email) for one in writers_of(scene.company)]


def _totals(cases: QuerySet[Case], _scene: Scene) -> list[Total]:
    counts = dict(cases.values_list("weight").annotate(Count("pk")))
    return [
        Total(one.label, counts[one], {"weight": str(one.value)}) for one in reversed(Weight) if one in counts
    ]


def _of_trip(value: Callable[[Any], Any]) -> Callable[[Case], Any]:
    return lambda case: value(case.trip) if case.trip else ""


def _person(name: str) -> Callable[[Case], Any]:
    return lambda case: (one.name or one.email) if (one := getattr(case, name)) else ""


def _exported(name: str, label: Any, value: Any, **more: Any) -> Column:
    return Column(name, label, value, is_shown=False, **more)


COLUMNS = (
    Column(
        "kind", _("Case"), lambda row: row.get_kind_display(), "cases/cells/kind.html", "id", is_head=True
    ),
    Column(
        "weight",
        _("Weight and age"),
        lambda row: row.get_weight_display(),
        "cases/cells/weight.html",
        "urgency",
        is_plain=True,
    ),
    Column(
        "about",
        _("About"),
        lambda row: row.trip.reference if row.trip else row.declaration.number,
        "cases/cells/about.html",
    ),
    _exported("vin", _("VIN"), _of_trip(lambda trip: trip.vehicle.vin)),
    _exported("driver", _("Driver"), _of_trip(lambda trip: trip.driver.name)),
    _exported("driver_latin", _("Latin name"), _of_trip(lambda trip: trip.driver.name_latin)),
    _exported("route", _("Route"), _of_trip(lambda trip: str(trip.route))),
    Column("due", _("Due"), lambda row: row.due_at, "cases/cells/due.html", "due_at", is_moment=True),
    _exported("level", _("Level"), lambda row: row.get_level_display()),
    Column("given", _("Assigned to"), _person("assigned_to"), "cases/cells/given.html"),
    Column("opened", _("Opened"), lambda row: row.opened_at, "cases/cells/opened.html", is_moment=True),
    _exported("state", _("State"), lambda row: row.get_state_display()),
    _exported("settled", _("Settled"), lambda row: row.settled_at, is_moment=True),
    _exported("resolution", _("Resolution"), lambda row: str(resolution_said(row.resolution))),
    _exported("accepted", _("accepted amount, yuan"), lambda row: yuan_cell(row.accepted_fen)),
    _exported("note", _("Note"), lambda row: row.note),
)


def yuan_cell(fen: int | None) -> str:
    return "" if fen is None else f"{fen // 100}.{fen % 100:02}"


FILTERS = (
    Choice("state", _("State"), fitting(STATES), _state, lambda rows: rows.filter(state=CaseState.OPEN)),
    Choice("kind", _("Kind"), fitting(CaseKind.choices), equal("kind")),
    Choice(
        "weight",
        _("Weight"),
        fitting([(str(one.value), one.label) for one in reversed(Weight)]),
        equal("weight"),
    ),
    Choice("level", _("Level"), fitting([(str(one.value), one.label) for one in CaseLevel]), equal("level")),
    given_to("assigned_to", _members),
    letter_with(Party.COMPANY),
    Choice("due", _("Due"), fitting(DUE), _due),
    Choice("age", _("Age"), fitting(AGES), _age),
    Day("from", pgettext_lazy("case", "Opened on or after"), "opened_at"),
    Day("until", pgettext_lazy("case", "Opened on or before"), "opened_at", until=True),
)

CASES = Listing(
    name="cases",
    title=_("Cases"),
    search_label=_("Part of a VIN, trip, declaration, driver"),
    rows=cases_of_company,
    search=search_cases,
    columns=COLUMNS,
    filters=FILTERS,
    totals=_totals,
    order="-urgency",
    is_picked=True,
)


def with_filters(listing: Listing, *changed: Choice) -> tuple[Any, ...]:
    """Give a list's filters with some in place of those of the same names."""
    by_name = {one.name: one for one in changed}
    return tuple(by_name.get(one.name, one) for one in listing.filters)


def with_column(listing: Listing, name: str, **changes: Any) -> tuple[Column, ...]:
    return tuple(replace(one, **changes) if one.name == name else one for one in listing.columns)
