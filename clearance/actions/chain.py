"""Add to the chains: each link in the transaction of what it is about, and locked last."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from django.db import transaction

from clearance.models import Act, Chain, ChainCheck, Examination, Scan
from clearance.queries.chain import (
    faults_of_chain,
    faults_of_guards,
    faults_of_unchained,
    heads,
    one_moment,
    places,
)
from clearance.rules.chain import BEGINNING, EVERYWHERE, PASSED, Entry, Head, canonical, digest_of, forge
from ferry import sql
from ferry.sql import Statement

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from datetime import datetime

    from clearance.rules.chain import Fault, Linked
    from ferry.models import Checkpoint


def chain(
    *,
    act: Act,
    checkpoint: Checkpoint | None,
    about: str,
    content: Mapping[str, Any] | None = None,
    at: datetime,
    by: str,
) -> None:
    """Add a supervisor's act, in the transaction that does it; without a checkpoint it holds everywhere.

    No passport number in `content`: its last four say enough.
    """
    place = checkpoint.pk if checkpoint else EVERYWHERE
    add_links([(place, Entry(kind=act, about=about, at=at, by=by, content=content or {}))])


def chain_examinations(*, examinations: Iterable[Examination], act: Act, at: datetime, by: str) -> None:
    """Add that examinations were opened, or decided; what the outcome let through says so."""
    add_links([of_examination(one, act, at, by) for one in examinations])


def of_examination(one: Examination, act: Act, at: datetime, by: str) -> tuple[int, Entry]:
    """Say of an examination what its link says."""
    content: dict[str, Any] = {"examination": one.pk}
    if act == Act.EXAMINED and one.scan.passed_at is not None:
        content[PASSED] = one.scan.passed_at
    entry = Entry(
        kind=act, about=one.scan.scan_id.hex, at=at, by=by, digest=digest_of(one.chained), content=content
    )
    return one.scan.checkpoint_id, entry


def of_scan(scan: Scan, by: str) -> tuple[int, Entry]:
    """Say of a new scan what its link says."""
    content = {PASSED: scan.passed_at} if scan.passed_at is not None else {}
    entry = Entry(
        kind=Act.SCANNED,
        about=scan.scan_id.hex,
        at=scan.recorded_at,
        by=by,
        digest=digest_of(scan.chained),
        content=content,
    )
    return scan.checkpoint_id, entry


def add_links(entries: Sequence[tuple[int, Entry]]) -> None:
    """Add entries to the chains of their places, each with the hash of the one before."""
    if len(entries) == 1 and sql.on_postgresql():
        sql.write([], last=alone(*entries[0]))
    elif entries:
        with transaction.atomic(savepoint=False):
            _add_many(entries)


def _add_many(entries: Sequence[tuple[int, Entry]]) -> None:
    of_place: dict[int, list[Entry]] = defaultdict(list)
    for place, entry in entries:
        of_place[place].append(entry)
    heads = _lock(sorted(of_place))
    links = {place: forge(heads[place], of_place[place]) for place in heads}
    rows = [_row(place, link) for place, added in links.items() for link in added]
    ends = [(place, last.number, last.previous, last.hash) for place, (*_, last) in links.items()]
    sql.write([sql.statement(ADD, ADD_TYPES, rows), sql.statement(MOVE_ON, MOVE_ON_TYPES, ends)])


def _lock(places: Sequence[int]) -> dict[int, Head]:
    """Hold the chains of these places until the transaction ends, in one order; begin those that are new."""
    began = [Chain(place=place, number=0, previous=BEGINNING, hash=BEGINNING) for place in places]
    held = Chain.objects.select_for_update().filter(place__in=places).order_by("place")
    if len(rows := list(held)) < len(places):
        Chain.objects.bulk_create(began, ignore_conflicts=True)
        rows = list(held.all())
    return {row.place: Head(row.number, row.hash, row.previous) for row in rows}


def _row(place: int, link: Linked) -> list[Any]:
    entry = link.entry
    said = [entry.kind, entry.about, entry.digest, canonical(entry.content), entry.at, entry.by]
    return [place, link.number, link.previous, link.hash, *said]


ADD_TYPES = ("bigint", "bigint", "text", "text", "text", "text", "text", "jsonb", "timestamptz", "text")
SAID = "kind, about, digest, content, at, by"
ADD = f"INSERT INTO clearance_chainlink (place, number, previous, hash, {SAID}) {{rows}}"
MOVE_ON_TYPES = ("bigint", "bigint", "text", "text")
MOVE_ON = """
WITH moved (place, number, previous, hash) AS ({rows})
UPDATE clearance_chain SET number = moved.number, previous = moved.previous, hash = moved.hash
FROM moved WHERE clearance_chain.place = moved.place
"""


# --- One link on PostgreSQL --------------------------------------------------------------------
#
# Nearly every scan comes alone. The database hashes its link itself, by the rule of `hash_of`, in the
# statement that writes the scan, so that no lane waits for another one's journey to the server and back.


def alone(place: int, entry: Entry) -> list[Statement]:
    """Say how to add one link, for `sql.write` to do last."""
    said = [entry.kind, entry.about, entry.digest, canonical(entry.content), entry.at, entry.by]
    return [Statement(ADVANCE, [place, entry.text], "head"), Statement(ADD_ONE, said, "link")]


HASHED = "encode(sha256(convert_to({said}, 'UTF8')), 'hex')"
ADVANCE = f"""
WITH entry (place, text) AS (SELECT %s::bigint, %s::text WHERE {{after}})
INSERT INTO clearance_chain AS chain (place, number, previous, hash)
SELECT place, 1, '{BEGINNING}', {HASHED.format(said=f"'{BEGINNING}1' || text")} FROM entry
ON CONFLICT (place) DO UPDATE SET number = chain.number + 1, previous = chain.hash,
    hash = {HASHED.format(said="chain.hash || chain.number + 1 || (SELECT text FROM entry)")}
RETURNING place, number, previous, hash
"""  # noqa: S608  (it holds no value from outside)
ADD_ONE = f"""
INSERT INTO clearance_chainlink (place, number, previous, hash, {SAID})
SELECT place, number, previous, hash, %s::text, %s::text, %s::text, %s::jsonb, %s::timestamptz, %s::text
FROM head
"""  # noqa: S608


# --- Check -------------------------------------------------------------------------------------

TOLD = 20


def check_chains(
    *,
    only: Checkpoint | None = None,
    noted: Mapping[int, Mapping[int, str]] = MappingProxyType({}),
    tell: Callable[[Fault], object] = lambda _fault: None,
    at: datetime,
) -> list[ChainCheck]:
    """Check every chain, or one, and keep what was found with the head that was seen.

    Each fault is told as it is found. `noted` are hashes that somebody kept elsewhere, by place and number.
    """
    with one_moment():
        names = places() if only is None else {only.pk: only.code}
        found = {place: _Found(tell) for place in names}
        if only is None:
            found[EVERYWHERE].note(faults_of_guards())
        for place, name in names.items():
            found[place].note(faults_of_chain(place, name, noted.get(place, {})))
        for place, fault in faults_of_unchained(names):
            found[place].note([fault])
        ends = heads()
    return ChainCheck.objects.bulk_create(
        ChainCheck(
            place=place,
            number=ends.get(place, Head()).number,
            hash=ends.get(place, Head()).hash,
            checked_at=at,
            faults=one.count,
            told=one.told,
        )
        for place, one in found.items()
    )


@dataclass(slots=True)
class _Found:
    """Count faults and keep the first of them."""

    tell: Callable[[Fault], object]
    count: int = 0
    told: list[str] = field(default_factory=list)

    def note(self, faults: Iterable[Fault]) -> None:
        for fault in faults:
            self.tell(fault)
            self.count += 1
            if self.count <= TOLD:
                self.told.append(str(fault))
