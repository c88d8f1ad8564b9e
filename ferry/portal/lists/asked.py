"""Read from an address what of a list is wanted, and write such addresses."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from ferry.portal.lists.declare import Choice
from ferry.queries.lists import Found, Order, few_of
from ferry.rules.search import LONGEST_SEARCH, Search, read_search

if TYPE_CHECKING:
    from collections.abc import Mapping

    from django.db.models import QuerySet

    from ferry.portal.lists.declare import Column, Filter, Listing, Scene


@dataclass(frozen=True)
class Chip:
    """A filter in force, and the address without it; none of one that is kept."""

    label: str
    told: str
    without: str


@dataclass(frozen=True)
class Head:
    """A column's heading: which way the list goes by it, and the address of the list by it."""

    column: Column
    direction: str
    url: str


@dataclass(frozen=True)
class Asked:
    """What is wanted of a list, as far as it can be understood; what cannot is left out."""

    listing: Listing
    scene: Scene
    q: str
    values: Mapping[str, str]
    sort: str

    @classmethod
    def read(cls, listing: Listing, scene: Scene, said: Mapping[str, str]) -> Asked:
        values = {
            one.name: said[one.name]
            for one in listing.filters
            if said.get(one.name) and one.told(said[one.name], scene) is not None
        }
        sort = said.get("sort", "")
        known = sort if sort.removeprefix("-") in listing.sorts else ""
        return cls(listing, scene, said.get("q", "").strip()[:LONGEST_SEARCH], values, known)

    @property
    def is_narrowed(self) -> bool:
        return bool(self.q or self.values)

    @property
    def is_filtered(self) -> bool:
        """Say whether anything could be taken away."""
        return bool(self.q or self.filtered_by)

    @property
    def filtered_by(self) -> int:
        return len(self.values) - len(self.kept)

    @property
    def kept(self) -> Mapping[str, str]:
        kept = {one.name for one in self.listing.filters if _is_kept(one)}
        return {name: value for name, value in self.values.items() if name in kept}

    @property
    def search(self) -> Search:
        return read_search(self.q)

    @property
    def order(self) -> Order:
        sort = self.sort or self.listing.order
        return Order(sort.removeprefix("-"), sort.startswith("-"))

    @cached_property
    def rows(self) -> QuerySet[Any]:
        rows = self.listing.rows(self.scene.whose)
        for one in self.listing.filters:
            if one.name in self.values:
                rows = one.narrow(rows, self.values[one.name], self.scene)
            elif isinstance(one, Choice):
                rows = one.otherwise(rows)
        found: QuerySet[Any] = self.listing.search(rows, self.q)
        return found

    @cached_property
    def found(self) -> Found:
        """Find what fits. Where everything does it is not counted, for that may be a million."""
        full = self.listing.rows(self.scene.whose)
        return Found(self.rows, full, few_of(self.rows) if self.is_narrowed else None)

    @property
    def count(self) -> int | None:
        return None if self.found.few is None else len(self.found.few)

    @property
    def query(self) -> str:
        """Write it as an address has it, and always in the same way."""
        said = {"q": self.q, **self.values, "sort": self.sort}
        return urlencode({name: value for name, value in said.items() if value})

    @property
    def url(self) -> str:
        return f"?{self.query}"

    def at(self, **position: str) -> str:
        return f"?{'&'.join(filter(None, [self.query, urlencode(position)]))}"

    def with_values(self, **values: str) -> Asked:
        return replace(self, values={**self.values, **values})

    def without(self, name: str) -> Asked:
        return replace(self, values={known: value for known, value in self.values.items() if known != name})

    @property
    def without_search(self) -> str:
        return replace(self, q="").url

    @property
    def cleared(self) -> Asked:
        return replace(self, q="", values=self.kept)

    @property
    def chips(self) -> list[Chip]:
        return [
            Chip(
                str(one.label),
                one.told(self.values[one.name], self.scene) or "",
                "" if _is_kept(one) else self.without(one.name).url,
            )
            for one in self.listing.filters
            if one.name in self.values
        ]

    @property
    def fields(self) -> list[tuple[Filter, str, Any]]:
        """Give each filter with its value and what can be chosen."""
        return [
            (one, self.values.get(one.name, ""), one.options(self.scene) if isinstance(one, Choice) else ())
            for one in self.listing.filters
        ]

    @property
    def columns(self) -> list[Column]:
        return [
            one
            for one in self.listing.columns
            if one.is_shown and (self.scene.may_write or not one.is_for_writers)
        ]

    @cached_property
    def exported(self) -> list[Column]:
        return [one for one in self.listing.columns if not one.is_for_writers]

    @property
    def heads(self) -> list[Head]:
        return [self._head(column) for column in self.columns]

    def _head(self, column: Column) -> Head:
        if not column.sort:
            return Head(column, "", "")
        order, usual = self.order, self.listing.order
        if order.field == column.sort:
            turned = "" if order.descending else "-"
            direction = "descending" if order.descending else "ascending"
        else:
            # Where it is the usual order, as that goes; else from the least.
            turned, direction = ("-" if usual == f"-{column.sort}" else ""), "none"
        sort = f"{turned}{column.sort}"
        return Head(column, direction, replace(self, sort="" if sort == usual else sort).url)


def _is_kept(one: Filter) -> bool:
    return isinstance(one, Choice) and one.is_kept
