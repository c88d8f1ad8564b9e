"""What a list declares: its columns, filters, totals and what can be done to rows of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import TYPE_CHECKING, Any

from django.utils.dateparse import parse_date
from django.utils.translation import gettext_lazy as _

from ferry.queries.issue import CHINA

if TYPE_CHECKING:
    from django.db.models import QuerySet
    from django_stubs_ext import StrOrPromise

    from ferry.models import Company, User

EARLIEST, LATEST = date(2000, 1, 1), date(2100, 1, 1)
LONGEST_TYPED = 40


@dataclass(frozen=True)
class Scene:
    """For whom a list is shown, and when."""

    company: Company
    at: datetime
    may_write: bool = False
    user: User | None = None

    @property
    def whose(self) -> Any:
        """Say whose rows they are, for `Listing.rows`."""
        return self.company


Rows = Any  # A queryset of whatever the list is of.


@dataclass(frozen=True)
class Column:
    """A column: `value` is typed, for exports and where there is no `cell` (a template given `row`).

    `sort` names a column of the table that is never empty and has an index with the company in front.
    """

    name: str
    label: StrOrPromise
    value: Callable[[Any], Any]
    cell: str = ""
    sort: str = ""
    #: On the page, or in exports only.
    is_shown: bool = True
    is_for_writers: bool = False
    #: Names the row: its heading, and the link that Enter opens.
    is_head: bool = False
    #: Read without its heading on a narrow screen.
    is_plain: bool = False
    #: Exported in Beijing time, which the heading says.
    is_moment: bool = False


@dataclass(frozen=True)
class Choice:
    """A filter by one of some values; `narrow` gives the rows with it."""

    name: str
    label: StrOrPromise
    options: Callable[[Scene], Sequence[tuple[str, StrOrPromise]]]
    narrow: Callable[[Rows, str, Scene], Rows]
    #: What the list shows while nothing is chosen, if that is not all.
    otherwise: Callable[[Rows], Rows] = field(default=lambda rows: rows)
    #: The list is always of one of its values.
    is_kept: bool = False
    kind: str = "choice"

    def told(self, value: str, scene: Scene) -> str | None:
        """Say what is chosen; None where there is no such value."""
        return next((str(label) for known, label in self.options(scene) if known == value), None)


@dataclass(frozen=True)
class Typed:
    """A filter by what is typed."""

    name: str
    label: StrOrPromise
    narrow: Callable[[Rows, str, Scene], Rows]
    tell: Callable[[str, Scene], str] = field(default=lambda value, _scene: value)
    kind: str = "typed"

    def told(self, value: str, scene: Scene) -> str | None:
        value = value.strip()
        return self.tell(value, scene) if value and len(value) <= LONGEST_TYPED else None


@dataclass(frozen=True)
class Day:
    """A filter by a day in Beijing: rows of that day or later, or with `until` of that day or earlier."""

    name: str
    label: StrOrPromise
    column: str
    until: bool = False
    kind: str = "day"

    def told(self, value: str, _scene: Scene) -> str | None:
        day = _day(value)
        return day.isoformat() if day else None

    def narrow(self, rows: Rows, value: str, _scene: Scene) -> Rows:
        day = _day(value) or EARLIEST
        begins = datetime.combine(day + timedelta(days=self.until), time(), CHINA)
        return rows.filter(**{f"{self.column}__{'lt' if self.until else 'gte'}": begins})


Filter = Choice | Typed | Day


@dataclass(frozen=True)
class Total:
    """One figure below a list, with the view of it alone where there is one."""

    label: StrOrPromise
    value: int | str
    filters: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Listing:
    """A list. `rows` are all of whose scene it is; `dress` turns a page of them into what its cells show."""

    name: str
    title: StrOrPromise
    search_label: StrOrPromise
    rows: Callable[[Any], QuerySet[Any]]
    search: Callable[[Any, str], Any]
    columns: Sequence[Column]
    filters: Sequence[Filter]
    totals: Callable[[Any, Scene], list[Total]]
    dress: Callable[[Sequence[Any], Scene], Sequence[Any]] = field(default=lambda rows, _scene: rows)
    order: str = "-id"
    #: Whether rows can be picked, to do something to all of them.
    is_picked: bool = False

    @property
    def template(self) -> str:
        return f"portal/{self.name}.html"

    @property
    def sorts(self) -> set[str]:
        return {column.sort for column in self.columns if column.sort}


def fitting(
    options: Sequence[tuple[str, StrOrPromise]],
) -> Callable[[Scene], Sequence[tuple[str, StrOrPromise]]]:
    """Offer the same values to everybody."""
    return lambda _scene: options


def equal(column: str) -> Callable[[Rows, str, Scene], Rows]:
    """Narrow to rows whose column has the value."""
    return lambda rows, value, _scene: rows.filter(**{column: value})


def _day(text: str) -> date | None:
    try:
        day = parse_date(text.strip())
    except ValueError:
        return None
    return day if day and EARLIEST <= day < LATEST else None


YES = "yes"
YES_OR_NO = fitting([(YES, _("Yes")), ("no", _("No"))])
