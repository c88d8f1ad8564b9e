"""Read the chains, and find what is wrong with them: page by page, however long they are."""

from __future__ import annotations

from collections import defaultdict
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import chain as one_after_another
from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.db import connection, transaction
from django.db.models import CharField, Exists, F, OuterRef, Value
from django.db.models.functions import Cast, Replace
from django.utils.translation import gettext_lazy as _

from clearance.models import Act, Chain, ChainCheck, ChainLink, Examination, Scan
from clearance.models.guards import guard_names, guards_laid
from clearance.rules.chain import (
    EVERYWHERE,
    PASSED,
    Entry,
    Fault,
    Head,
    Linked,
    Wrong,
    canonical,
    digest_of,
    faults_of_end,
    faults_of_run,
    head_after,
)
from ferry import sql
from ferry.models import Checkpoint, User

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from django.db.models import QuerySet

PAGE = 1000
#: Enough for the last check of every chain.
RECENT = 200


@contextmanager
def one_moment() -> Iterator[None]:
    """Read everything as of one moment, and hold nobody up."""
    if connection.in_atomic_block:
        yield
    elif sql.on_postgresql():
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
            yield
    else:
        with connection.cursor() as cursor:
            # Django's own begins by locking the database for writing.
            cursor.execute("BEGIN DEFERRED")
            try:
                yield
            finally:
                cursor.execute("COMMIT")


def places() -> dict[int, str]:
    """Name every chain there is or was, by its place."""
    codes = dict(Checkpoint.objects.order_by("code").values_list("pk", "code"))
    known = {EVERYWHERE: "everywhere", **codes}
    strange = one_after_another(
        Chain.objects.exclude(place__in=known).values_list("place", flat=True),
        ChainCheck.objects.exclude(place__in=known).values_list("place", flat=True).distinct(),
        ChainLink.objects.exclude(place__in=known).values_list("place", flat=True).distinct(),
    )
    return known | {place: f"place {place}" for place in strange}


def heads() -> dict[int, Head]:
    return {one.place: Head(one.number, one.hash, one.previous) for one in Chain.objects.all()}


def head_at(place: int) -> Head:
    return heads().get(place, Head())


def last_checks() -> dict[int, ChainCheck]:
    """Give the last check of each chain, by its place."""
    recent = ChainCheck.objects.order_by("-checked_at", "-pk")[:RECENT]
    return {check.place: check for check in reversed(recent)}


# --- What is wrong -----------------------------------------------------------------------------


def faults_of_chain(place: int, name: str, noted: Mapping[int, str]) -> Iterator[Fault]:
    """Walk one chain from its beginning and compare each row it is about.

    `noted` are hashes by number that somebody kept elsewhere; those of earlier checks are looked at anyway.
    """
    earlier = ChainCheck.objects.filter(place=place).values_list("number", "hash").distinct()
    noted = {**dict(earlier), **noted}
    head, after = head_at(place), Head()
    while links := _page(place, after.number):
        yield from faults_of_run(name, after, links)
        yield from _rewritten(name, links, noted)
        yield from _faults_of_rows(name, links)
        after = head_after(links[-1])
    yield from faults_of_end(name, after, head)
    lost = max(noted, default=0)
    if lost > max(after.number, head.number):
        # Links and head were cut alike; what was noted before knows better.
        yield Fault(Wrong.TAIL_CUT, name, max(after.number, head.number) + 1, f"no. {lost} was there")


def _page(place: int, after: int) -> list[Linked]:
    rows = ChainLink.objects.filter(place=place, number__gt=after).order_by("number")[:PAGE]
    return [Linked(row.number, row.previous, row.hash, _entry(row)) for row in rows]


def _entry(row: ChainLink) -> Entry:
    return Entry(row.kind, row.about, row.at, row.by, row.digest, row.content)


def _rewritten(name: str, links: Iterable[Linked], noted: Mapping[int, str]) -> Iterator[Fault]:
    for link in links:
        if noted.get(link.number, link.hash) != link.hash:
            yield Fault(Wrong.REWRITTEN, name, link.number, link.entry.about)


def _faults_of_rows(name: str, links: list[Linked]) -> Iterator[Fault]:
    later = _later({link.entry.about for link in links})
    scans = _scans_of(links)
    examinations = Examination.objects.in_bulk({pk for link in links if (pk := _examination_of(link.entry))})
    for link in links:
        about = later[link.entry.about]
        match link.entry.kind:
            case Act.SCANNED:
                wrong = _wrong_with_scan(scans.get(link.entry.about), link.entry, about)
            case Act.EXAMINATION_OPENED | Act.EXAMINED:
                examination = examinations.get(_examination_of(link.entry) or 0)
                wrong = _wrong_with_examination(examination, link.entry, about)
            case _:
                wrong = None
        if wrong:
            yield Fault(wrong, name, link.number, f"{link.entry.kind} {link.entry.about}")


def _later(abouts: Iterable[str]) -> dict[str, list[Entry]]:
    """Find what was done later about scans, in its order."""
    found: dict[str, list[Entry]] = defaultdict(list)
    rows = ChainLink.objects.exclude(kind=Act.SCANNED).filter(about__in=abouts)
    for row in rows.order_by("number"):
        found[row.about].append(_entry(row))
    return found


def _scans_of(links: Iterable[Linked]) -> dict[str, Scan]:
    ids = [_uuid(link.entry.about) for link in links if link.entry.kind == Act.SCANNED]
    return {scan.scan_id.hex: scan for scan in Scan.objects.filter(scan_id__in=filter(None, ids))}


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None


def _examination_of(entry: Entry) -> int | None:
    pk = entry.content.get("examination")
    return pk if isinstance(pk, int) else None


def _wrong_with_scan(scan: Scan | None, entry: Entry, later: Iterable[Entry]) -> Wrong | None:
    if scan is None:
        return Wrong.ROW_MISSING
    said = [one.content[PASSED] for one in (entry, *later) if PASSED in one.content]
    passed_at = said[-1] if said else None
    is_as_said = canonical(scan.passed_at) == canonical(passed_at) and digest_of(scan.chained) == entry.digest
    return None if is_as_said else Wrong.ROW_ALTERED


def _wrong_with_examination(
    examination: Examination | None, entry: Entry, later: Iterable[Entry]
) -> Wrong | None:
    if examination is None:
        return Wrong.ROW_MISSING
    decided = [one for one in later if one.kind == Act.EXAMINED and _examination_of(one) == examination.pk]
    # The opened one was changed by the decision, whose link covers all of it.
    digest = decided[-1].digest if decided else entry.digest
    return None if digest_of(examination.chained) == digest else Wrong.ROW_ALTERED


def faults_of_unchained(names: Mapping[int, str]) -> Iterator[tuple[int, Fault]]:
    """Find rows that no link is about, with the place whose chain should have it."""
    for place, scan_id in _unchained_scans(names):
        yield place, Fault(Wrong.ROW_INSERTED, names[place], None, f"{Act.SCANNED} {scan_id.hex}")
    for place, pk in _unchained_examinations(names):
        yield place, Fault(Wrong.ROW_INSERTED, names[place], None, f"{Act.EXAMINED} {pk}")


def _unchained_scans(names: Iterable[int]) -> Iterable[tuple[int, UUID]]:
    links = ChainLink.objects.filter(kind=Act.SCANNED)
    scans: QuerySet[Any] = Scan.objects.filter(checkpoint__in=names).annotate(
        name=Replace(Cast("scan_id", CharField()), Value("-"), Value(""))
    )
    if sql.on_postgresql():
        scans = scans.exclude(Exists(links.filter(place=OuterRef("checkpoint_id"), about=OuterRef("name"))))
    else:
        # SQLite would look through all links for each scan; so it looks them up in a tree.
        scans = scans.exclude(name__in=links.values("about"))
    return scans.order_by("pk").values_list("checkpoint_id", "scan_id").iterator(PAGE)


def _unchained_examinations(names: Iterable[int]) -> Iterator[tuple[int, int]]:
    rows = Examination.objects.filter(scan__checkpoint__in=names).order_by("pk")
    rows = rows.annotate(scan_name=F("scan__scan_id"), place=F("scan__checkpoint_id"))
    last = 0
    while page := list(rows.filter(pk__gt=last)[:PAGE]):
        later = _later({row.scan_name.hex for row in page})
        for row in page:
            needed = Act.EXAMINED if row.outcome else Act.EXAMINATION_OPENED
            entries = later[row.scan_name.hex]
            if not any(one.kind == needed and _examination_of(one) == row.pk for one in entries):
                yield row.place, row.pk
        last = page[-1].pk


def faults_of_guards() -> Iterator[Fault]:
    """Name what no longer keeps the database from changing what is chained."""
    for missing in sorted(guard_names(connection.vendor) - guards_laid(connection)):
        yield Fault(Wrong.GUARD_MISSING, "", None, missing)


# --- What people are told ----------------------------------------------------------------------

#: The task runs daily; a check that is older did not run.
CHECK_IS_OLD = timedelta(hours=36)


@dataclass(frozen=True, slots=True)
class Alarm:
    """Which chains are not whole, and since when they have not been checked where that is too long."""

    names: list[str]
    faults: int
    unchecked_since: datetime | None


def alarm(*, at: datetime) -> Alarm | None:
    """Say what the last checks found wrong, if anything; before the first check nothing is."""
    checks = last_checks()
    broken = [check for check in checks.values() if check.faults]
    checked_at = max((check.checked_at for check in checks.values()), default=at)
    unchecked_since = checked_at if at - checked_at > CHECK_IS_OLD else None
    if not broken and unchecked_since is None:
        return None
    names = Checkpoint.objects.in_bulk([check.place for check in broken])
    told = [str(names.get(check.place, _("all checkpoints"))) for check in broken]
    return Alarm(told, sum(check.faults for check in broken), unchecked_since)


def operators() -> QuerySet[User]:
    """List who is told by letter."""
    return User.objects.filter(is_superuser=True, is_active=True).order_by("pk")


@dataclass(frozen=True, slots=True)
class Standing:
    """How one chain stands; `checkpoint` is None for the acts that hold everywhere."""

    checkpoint: Checkpoint | None
    head: Head
    check: ChainCheck | None


def standings(checkpoints: Iterable[Checkpoint]) -> list[Standing]:
    """Say how the chains of these checkpoints stand, and the one of what holds everywhere."""
    ends, checks = heads(), last_checks()
    return [
        Standing(one, ends.get(place, Head()), checks.get(place))
        for place, one in [*((one.pk, one) for one in checkpoints), (EVERYWHERE, None)]
    ]
