"""What a chain of entries promises: its canonical form, its hash, and what is wrong with a run of links.

A link's hash is the SHA-256 of the hash before it, its number and its entry, so that no link can be altered,
taken out or put between without every later hash being wrong. The digest in the entry does the same for the
row the link is about. One who writes the whole chain anew is found by a head that was noted elsewhere.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from hashlib import sha256
from typing import Any
from uuid import UUID

#: What the first link holds as the hash before it.
BEGINNING = "0" * 64
#: The chain of acts that hold at every checkpoint, such as an entry of the watch list.
EVERYWHERE = 0
#: What a passing's end or a later passing says in a link's content.
PASSED = "passed_at"


@dataclass(frozen=True, slots=True)
class Entry:
    """What one link says: what was done, about what, when and by whom.

    `digest` is that of the row it is about, where there is one; `content` says the rest. `about` names it.
    """

    kind: str
    about: str
    at: datetime
    by: str
    digest: str = ""
    content: Mapping[str, Any] = field(default_factory=dict)

    @property
    def text(self) -> str:
        """Write it in the one way that is hashed."""
        return canonical(
            {
                "about": self.about,
                "at": self.at,
                "by": self.by,
                "content": dict(self.content),
                "digest": self.digest,
                "kind": self.kind,
            }
        )


@dataclass(frozen=True, slots=True)
class Head:
    """Where a chain ends."""

    number: int = 0
    hash: str = BEGINNING
    previous: str = BEGINNING


@dataclass(frozen=True, slots=True)
class Linked:
    """One link as it is stored."""

    number: int
    previous: str
    hash: str
    entry: Entry


class Wrong(StrEnum):
    """What may be wrong, by a stable name."""

    LINK_ALTERED = "link_altered"
    LINK_MISSING = "link_missing"
    LINK_INSERTED = "link_inserted"
    TAIL_CUT = "tail_cut"
    HEAD_DIFFERS = "head_differs"
    REWRITTEN = "rewritten"
    ROW_ALTERED = "row_altered"
    ROW_MISSING = "row_missing"
    ROW_INSERTED = "row_inserted"
    GUARD_MISSING = "guard_missing"


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that is wrong: what, at which link of which chain or else about which row."""

    wrong: Wrong
    chain: str
    number: int | None
    about: str

    def __str__(self) -> str:
        place = " ".join(filter(None, (self.chain, f"no. {self.number}" if self.number else "")))
        return " · ".join(filter(None, (self.wrong.value, place, self.about)))


def head_after(link: Linked) -> Head:
    return Head(link.number, link.hash, link.previous)


def canonical(value: Any) -> str:
    """Write a value in one way only, whichever database it came from."""
    return json.dumps(_plain(value), sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def _plain(value: Any) -> Any:
    match value:
        case str() | bool() | int() | float() | None:
            return value
        case datetime():
            return value.astimezone(UTC).isoformat(timespec="microseconds")
        case date():
            return value.isoformat()
        case timedelta():
            return value // timedelta(microseconds=1)
        case UUID():
            return str(value)
        case Mapping():
            return {str(key): _plain(one) for key, one in value.items()}
        case list() | tuple():
            return [_plain(one) for one in value]
    return str(value)


def digest_of(columns: Mapping[str, Any]) -> str:
    """Digest a row. What is empty is left out, so that a column added later changes no earlier digest."""
    told = {name: value for name, value in columns.items() if value is not None and value != ""}
    return sha256(canonical(told).encode()).hexdigest()


def hash_of(previous: str, number: int, text: str) -> str:
    """Hash a link. PostgreSQL does the same for a link that comes alone (`clearance.actions.chain`)."""
    return sha256(f"{previous}{number}{text}".encode()).hexdigest()


def forge(head: Head, entries: Iterable[Entry]) -> list[Linked]:
    """Make the links that carry a chain on from its head."""
    links = []
    for entry in entries:
        link = Linked(head.number + 1, head.hash, hash_of(head.hash, head.number + 1, entry.text), entry)
        links.append(link)
        head = head_after(link)
    return links


def faults_of_run(chain: str, after: Head, links: Iterable[Linked]) -> Iterator[Fault]:
    """Say what is wrong with links that follow one another after a head."""
    for link in links:
        if link.number != after.number + 1:
            yield Fault(Wrong.LINK_MISSING, chain, after.number + 1, "")
        elif link.previous != after.hash:
            yield Fault(Wrong.LINK_INSERTED, chain, link.number, link.entry.about)
        if link.hash != hash_of(link.previous, link.number, link.entry.text):
            yield Fault(Wrong.LINK_ALTERED, chain, link.number, link.entry.about)
        after = head_after(link)


def faults_of_end(chain: str, last: Head, head: Head) -> Iterator[Fault]:
    """Say what is wrong with the end of a chain, by what its head says."""
    if last.number < head.number:
        yield Fault(Wrong.TAIL_CUT, chain, last.number + 1, "")
    elif last != head:
        yield Fault(Wrong.HEAD_DIFFERS, chain, last.number, "")
