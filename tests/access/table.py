"""Read docs/access.md: every address of the application, and what each party gets there."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from django.conf import settings
from django.contrib.admindocs.views import simplify_regex
from django.urls import URLPattern, URLResolver, get_resolver

PAGE = Path(settings.BASE_DIR) / "docs" / "access.md"
METHODS = {"see": "get", "send": "post", "change": "patch"}
GROUP = "…"


@dataclass(frozen=True, eq=False)
class Row:
    """One address; whoever has no column of his own in its table gets what the first column says."""

    address: str
    cells: dict[str, str]

    def cell(self, party: str) -> str:
        return self.cells.get(party, next(iter(self.cells.values())))

    def may(self, party: str) -> set[str]:
        """Name the methods that `party` may use here."""
        return {METHODS[word] for word in self.cell(party).split() if word in METHODS}

    @property
    def methods(self) -> set[str]:
        """Name the methods that anybody may use here."""
        return {method for party in self.cells for method in self.may(party)}

    @property
    def is_group(self) -> bool:
        return self.address.endswith(GROUP)

    @property
    def is_about_one(self) -> bool:
        return "<" in self.address


@cache
def tables() -> list[list[Row]]:
    found: list[list[Row]] = []
    columns: list[str] = []
    for line in PAGE.read_text().splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")] if line.startswith("|") else []
        if cells and cells[0] == "address":
            columns, found = cells[1:], [*found, []]
        elif cells and cells[0].startswith("`"):
            found[-1].append(Row(cells[0].strip("`"), dict(zip(columns, cells[1:], strict=True))))
    return found


@cache
def rows() -> list[Row]:
    return [row for table in tables() for row in table]


def addresses(patterns: list[URLPattern | URLResolver] | None = None, before: str = "/") -> Iterator[str]:
    """Give the address of every pattern, as the table writes it: /trips/<reference>/."""
    for pattern in get_resolver().url_patterns if patterns is None else patterns:
        address = before + plain(str(pattern.pattern))
        if isinstance(pattern, URLResolver):
            yield from addresses(pattern.url_patterns, address)
        else:
            yield address


def plain(pattern: str) -> str:
    if "(?P" in pattern:
        pattern = simplify_regex(pattern).lstrip("/").replace("[Pp]", "p").replace("\\", "")
    return re.sub(r"<\w+:(\w+)>", r"<\1>", pattern).removeprefix("^").removesuffix("$")


@cache
def row_of(address: str) -> Row | None:
    for row in rows():
        if row.address == address or (row.is_group and address.startswith(row.address.removesuffix(GROUP))):
            return row
    return None


def likely_line(address: str) -> str:
    """Write the line that an address without one probably wants, in the manner of its neighbours."""
    table = max(tables(), key=lambda table: max(len(_shared(row.address, address)) for row in table))
    like = max(
        table, key=lambda row: (row.is_about_one == ("<" in address), len(_shared(row.address, address)))
    )
    return f"| `{address}` | {' | '.join(like.cells.values())} |"


def _shared(one: str, other: str) -> str:
    length = next(
        (at for at, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other))
    )
    return one[:length]
