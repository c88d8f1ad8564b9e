"""Tell how a trip came to its outcome: what each source says, what agrees, which limits run.

It is the assessment's own view of the same evidence: what differs is what its rules find, never judged anew.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import NamedTuple

from clearance.models import RecordKind
from clearance.rules.assess import (
    CLOSED,
    DELIVERED,
    ENDED_UNUSED,
    ENTRY,
    EXIT,
    KZ_ENTRY,
    LAPSED,
    OF_DECLARATION,
    OPEN,
    READY,
    RETURN,
    RETURNED,
    Assessment,
    Evidence,
    Limits,
    ReceiptSeen,
    RecordSeen,
    RefusalSeen,
    ScanSeen,
    View,
    Wait,
    assess,
    back_before_next_trip,
    breached_at,
    entry_due,
    expected,
    is_other_vin,
    left_outside,
    out_of_order,
    passed_again,
    unproved,
    unused_at,
)
from clearance.rules.versions import Judge, See
from ferry.models import CaseKind, Condition, Outcome

BORDER_EXIT = RecordKind.BORDER_EXIT.value

#: What a witness says of the VIN, the person and the time. None: it says nothing of it, or no rule asks.
Says = bool | None

# --- What stands in a row ----------------------------------------------------------------------

AGREES, DIFFERS, MISSING, EXPECTED, NOT_BEGUN = "agrees", "differs", "missing", "expected", "not_begun"

#: The rows that a finding is told in, where no witness in it differs by itself.
CONTRADICTED: Mapping[str, str] = {
    CaseKind.STALE_OFFLINE_RELEASE.value: "R1",
    CaseKind.PASS_REUSED.value: "R2",
    CaseKind.VEHICLE_TWICE.value: "R2",
    CaseKind.DRIVER_OVERLAP.value: "R2",
    CaseKind.EXIT_OUTSIDE_WINDOW.value: "R2",
    CaseKind.CONSIGNEE_DIFFERS.value: "R5",
    CaseKind.DAMAGE.value: "R5",
    CaseKind.RETURNED_UNDELIVERED.value: "R5",
    CaseKind.DECLARATION_CHANGED.value: "R6",
    CaseKind.QUANTITY_DIFFERS.value: "R6",
    CaseKind.OVERSTAY.value: "R7",
}


class Word(NamedTuple):
    """What customs said of the declaration, once."""

    status: str
    said_at: datetime


class OwnWord(NamedTuple):
    """The company's own word that the driver is back, where no record says so."""

    back_at: datetime


class Witness(NamedTuple):
    """One piece of evidence: its moment, what it says, and what of it agrees; `remarks` are codes."""

    source: ScanSeen | RecordSeen | ReceiptSeen | RefusalSeen | Word | OwnWord
    moment: datetime
    vin: str = ""
    person: int | None = None
    agrees_vin: Says = None
    agrees_person: Says = None
    agrees_time: Says = None
    remarks: tuple[str, ...] = ()

    @property
    def differs(self) -> bool:
        return False in (self.agrees_vin, self.agrees_person, self.agrees_time)


class Row(NamedTuple):
    """One of R1 to R7; `until` is when it is expected by, or was."""

    code: str
    standing: str
    witnesses: tuple[Witness, ...]
    findings: tuple[str, ...] = ()
    until: datetime | None = None


# --- Limits ------------------------------------------------------------------------------------

MET, LATE, RAN_OUT, RUNNING = "met", "late", "ran_out", "running"


class Limit(NamedTuple):
    """A limit that has begun: when it runs out, for how long closures stop it, and what came of it.

    `opens` is the kind of case that it opens, if nothing comes.
    """

    name: str
    since: datetime
    until: datetime
    stopped_for: timedelta
    came_at: datetime | None
    state: str
    opens: str = ""


# --- Why ---------------------------------------------------------------------------------------

PROOFS = ("exit", "entry", "receipt")


class Why(NamedTuple):
    """Why the outcome is what it is, and what would change it: codes, with the names they are about."""

    reason: str
    names: tuple[str, ...]
    changes: tuple[tuple[str, tuple[str, ...]], ...]


@dataclass(frozen=True, slots=True)
class Explanation:
    """All of it, as it stands at one moment."""

    verdict: Assessment
    rows: tuple[Row, ...]
    limits: tuple[Limit, ...]
    why: Why


def explain(
    evidence: Evidence,
    limits: Limits,
    at: datetime,
    words: Collection[Word] = (),
    judge: Judge = assess,
    see: See = View,
) -> Explanation:
    """Explain a trip at a moment, by the version that judges and sees so.

    `words` are all that customs said, of which the evidence holds the last.
    """
    view = see(evidence, limits, at)
    # What a settled case rested on differs all the same: without that, no case leaves a finding out.
    bare = replace(evidence, cases=tuple(case._replace(evidence="") for case in evidence.cases))
    kinds = frozenset(finding.kind for finding in judge(bare, limits, at).findings)
    verdict = judge(evidence, limits, at)
    running = tuple(_limits(view, at))
    return Explanation(verdict, tuple(_rows(view, words, kinds, at)), running, _why(view, verdict, running))


# --- The rows ----------------------------------------------------------------------------------


def _rows(view: View, words: Collection[Word], kinds: frozenset[str], at: datetime) -> Iterator[Row]:
    waits = {wait.limit: wait.until(view) for wait in _awaits(view)}
    shown = [_scan(view, scan) for scan in _in_order(view.trip.scans) if scan.crossing == EXIT]
    yield _row("R1", shown, kinds, at, _until_unused(view), CaseKind.NEVER_USED in kinds)
    exits = [_passing(view, scan) for scan in view.exits]
    yield _row("R2", exits, kinds, at, _exit_until(view), CaseKind.DELIVERY_NO_EXIT in kinds)
    # No rule waits for the border police: the exit scan and the entry are enough.
    yield _row("R3", _records(view, BORDER_EXIT), kinds, at, None)
    yield _row("R4", [*_entries(view)], kinds, at, waits["entry_expected"])
    yield _row("R5", [*_received(view)], kinds, at, waits["receipt_expected"])
    until = waits["closing_warn"]
    yield _closing(view, [*_words(view, words)], kinds, at, until)
    yield _row("R7", [*_back(view)], kinds, at, waits["return_warn"])


def _awaits(view: View) -> Iterator[Wait]:
    """Give what is expected; neither entry nor receipt of a vehicle that came back."""
    for wait in expected(view):
        is_over = view.trip.state == RETURNED and wait.limit in {"entry_expected", "receipt_expected"}
        yield wait._replace(since=None) if is_over else wait


def _row(
    code: str,
    witnesses: Collection[Witness],
    kinds: frozenset[str],
    at: datetime,
    until: datetime | None,
    is_missing: bool = False,
) -> Row:
    about = tuple(sorted(kind for kind in kinds if CONTRADICTED.get(kind) == code))
    if (witnesses and about) or any(witness.differs for witness in witnesses):
        standing = DIFFERS
    elif witnesses:
        standing = AGREES
    else:
        standing = MISSING if is_missing else _awaited(until, at)
    return Row(code, standing, tuple(witnesses), about, until)


def _awaited(until: datetime | None, at: datetime) -> str:
    if until is None:
        return NOT_BEGUN
    return MISSING if until <= at else EXPECTED


def _closing(
    view: View, witnesses: Collection[Witness], kinds: frozenset[str], at: datetime, until: datetime | None
) -> Row:
    """A declaration has words from the first day: what may be missing is the one that closes it."""
    row = _row("R6", witnesses, kinds, at, until)
    if row.standing == DIFFERS or view.trip.declaration.status == CLOSED:
        return row
    return row._replace(standing=_awaited(until, at))


def _until_unused(view: View) -> datetime | None:
    return unused_at(view) if view.trip.passes and view.trip.state in {READY, LAPSED} else None


def _exit_until(view: View) -> datetime | None:
    """An exit is awaited until the pass counts as unused, or its upload until the receipt's grace is over."""
    receipt = view.trip.receipt
    if receipt is not None:
        return view.clock.deadline(receipt.confirmed_at, view.limits.offline_grace)
    return _until_unused(view)


def _in_order(scans: Iterable[ScanSeen]) -> list[ScanSeen]:
    return sorted(scans, key=lambda scan: (scan.scanned_at, scan.id))


def _scan(view: View, scan: ScanSeen) -> Witness:
    """Tell a reading of a code by the pass that it was of."""
    shown = view.passes.get(scan.pass_id)
    return Witness(
        scan,
        scan.scanned_at,
        vin=shown.vin if shown else "",
        person=shown.person if shown else None,
        agrees_vin=None if shown is None else not is_other_vin(shown.vin, view.vin),
        agrees_person=None if shown is None or not scan.let_through else shown.person == view.trip.person,
        remarks=tuple(_remarks(scan)),
    )


def _remarks(scan: ScanSeen) -> Iterator[str]:
    yield scan.verdict
    if scan.offline_verdict:
        yield "offline"
    if scan.detained:
        yield "detained"
    if scan.withdrawn:
        yield "withdrawn"
    if scan.passed_at is None and scan.let_through:
        yield "not_accepted"


def _passing(view: View, scan: ScanSeen) -> Witness:
    outside = [one for one, _shown in left_outside(view)]
    again = scan in passed_again(view)
    is_odd = scan in outside or again or _is_out_of_order(view, scan.crossing, scan.moment)
    seen = _scan(view, scan)
    remarks = (*seen.remarks, "used_again") if again else seen.remarks
    remarks = (*remarks, "outside_window") if scan in outside else remarks
    return seen._replace(moment=scan.moment, agrees_time=not is_odd, remarks=remarks)


def _is_out_of_order(view: View, name: str, moment: datetime) -> bool:
    return any(
        (name, moment) in ((first, before), (then, after))
        for first, before, then, after in out_of_order(view)
    )


def _records(view: View, kind: str, name: str = "") -> list[Witness]:
    records = (each for each in view.trip.records if each.kind == kind)
    return [
        Witness(
            record,
            record.occurred_at,
            vin=record.vin,
            person=record.person,
            agrees_vin=not is_other_vin(record.vin, view.vin) if record.vin else None,
            agrees_person=not view.is_other_person(record) if record.has_passport else None,
            agrees_time=not _is_out_of_order(view, name, record.occurred_at) if name else None,
        )
        for record in sorted(records, key=lambda each: (each.occurred_at, each.reference))
    ]


def _entries(view: View) -> Iterator[Witness]:
    for scan in _in_order(view.trip.scans):
        if scan.crossing == ENTRY:
            yield _passing(view, scan) if scan.let_through else _scan(view, scan)
    yield from _records(view, KZ_ENTRY, "entry")


def _received(view: View) -> Iterator[Witness]:
    trip = view.trip
    if trip.refusal is not None:
        yield Witness(trip.refusal, trip.refusal.refused_at, remarks=("not_taken",))
    if trip.receipt is not None:
        receipt = trip.receipt
        yield Witness(
            receipt,
            receipt.confirmed_at,
            vin=receipt.vin,
            agrees_vin=receipt.vin == view.vin,
            agrees_time=not _is_out_of_order(view, "receipt", receipt.confirmed_at),
            remarks=("damaged",) if receipt.condition == Condition.DAMAGED.value else (),
        )


def _words(view: View, words: Collection[Word]) -> Iterator[Witness]:
    declaration = view.trip.declaration
    known = {*words, *(Word(*change) for change in declaration.changes)}
    known.add(Word(declaration.status, declaration.status_at))
    for word in sorted(known, key=lambda word: (word.said_at, word.status)):
        yield Witness(word, word.said_at)


def _back(view: View) -> Iterator[Witness]:
    records = _records(view, RETURN, "return")
    yield from records
    if not records and view.trip.driver_returned_at is not None:
        moment = view.trip.driver_returned_at
        in_order = not _is_out_of_order(view, "return", moment)
        yield Witness(OwnWord(moment), moment, agrees_time=in_order, remarks=("company_word",))


# --- The limits --------------------------------------------------------------------------------


def _limits(view: View, at: datetime) -> Iterator[Limit]:
    """List the limits that have begun, in the order of a trip."""
    closing, entry, receipt, back = _awaits(view)
    if back.came_at is None:
        back = back._replace(came_at=back_before_next_trip(view))
    if (unused := _until_unused(view)) is not None and view.left_at is None:
        yield _fixed("unused", view.trip.closes_at, unused, None, at, CaseKind.NEVER_USED)
    if (got := view.trip.receipt) is not None and view.exit_at is None:
        upload = Wait("offline_grace", got.confirmed_at, None)
        yield from _limit(view, upload, at, CaseKind.DELIVERY_NO_EXIT)
    yield from _limit(view, entry, at)
    if got is None:
        yield from _limit(view, entry._replace(limit="entry_alert"), at)
    elif view.entry_at is None and view.exit_at is not None:
        due = entry_due(view, got.confirmed_at)
        yield _fixed("entry_due", view.exit_at, due, None, at, CaseKind.IMPOSSIBLE_ORDER)
    yield from _limit(view, receipt, at)
    if receipt.came_at is None or receipt.is_late(view):
        yield from _limit(view, receipt._replace(limit="receipt_warn"), at)
        yield from _limit(view, receipt._replace(limit="receipt_case"), at, CaseKind.EXIT_NO_DELIVERY)
        yield from _limit(view, receipt._replace(limit="receipt_enquiry"), at)
        yield from _limit(view, receipt._replace(limit="receipt_escalate"), at)
    yield from _limit(view, closing, at)
    if closing.came_at is None or closing.is_late(view):
        case = CaseKind.DECLARATION_NOT_CLOSED
        yield from _limit(view, closing._replace(limit="closing_case"), at, case)
        yield from _limit(view, closing._replace(limit="closing_escalate"), at)
    yield from _limit(view, back, at)
    came_at = view.entry_at or view.left_at
    if came_at is not None and view.trip.days_count:
        yield _fixed("stay_warn", came_at, came_at + view.limits.stay_warn, back.came_at, at)
        breach = breached_at(view, came_at)
        yield _fixed("stay_breach", came_at, breach, back.came_at, at, CaseKind.OVERSTAY)


def _limit(view: View, wait: Wait, at: datetime, opens: str = "") -> Iterator[Limit]:
    until = wait.until(view)
    if wait.since is None or until is None:
        return
    stopped_for = until - wait.since - getattr(view.limits, wait.limit)
    limit = _fixed(wait.limit, wait.since, until, wait.came_at, at, opens)
    yield limit._replace(stopped_for=stopped_for)


def _fixed(
    name: str, since: datetime, until: datetime, came_at: datetime | None, at: datetime, opens: str = ""
) -> Limit:
    return Limit(name, since, until, timedelta(0), came_at, _state(until, came_at, at), str(opens))


def _state(until: datetime, came_at: datetime | None, at: datetime) -> str:
    if came_at is None:
        return RAN_OUT if until <= at else RUNNING
    return LATE if came_at > until else MET


# --- Why ---------------------------------------------------------------------------------------


def _why(view: View, verdict: Assessment, limits: Collection[Limit]) -> Why:
    """Say why. What is still to come may change it; what is settled stays unless new evidence comes."""
    trip, outcome = view.trip, verdict.outcome
    open_kinds = {case.kind for case in trip.cases if case.state == OPEN}
    open_kinds |= {finding.kind for finding in verdict.findings}
    settled = tuple(sorted({case.kind for case in trip.cases if case.state != OPEN}))
    missing = tuple(name for name in PROOFS if name in unproved(view))
    ahead = _ahead(limits)
    if outcome == Outcome.DISCREPANT:
        changes: list[tuple[str, tuple[str, ...]]] = [("settle", tuple(sorted(open_kinds)))]
        if missing and open_kinds - OF_DECLARATION and trip.state != RETURNED:
            changes.append(("evidence_alone", missing))
        return Why("open", tuple(sorted(open_kinds)), tuple(changes))
    if outcome == Outcome.WRITTEN_OFF:
        return Why("written_off", settled, (("new_evidence", ()),))
    if outcome == Outcome.RESOLVED:
        reason = "settled_stands" if missing else "settled_proved"
        return Why(reason, missing or settled, (("new_evidence", ()), *ahead))
    if outcome == Outcome.MATCHED_LATE:
        late = tuple(wait.limit for wait in expected(view) if wait.is_late(view))
        return Why("late", late, (("new_evidence", ()), *ahead))
    if outcome == Outcome.MATCHED:
        return Why("proved", (), (("new_evidence", ()), *ahead))
    if view.left_at is None and trip.state in ENDED_UNUSED:
        return Why("ended", (), ())
    if trip.state == DELIVERED and not missing:
        return Why("due", (), ())
    return Why("waits", missing, (("comes", missing), *ahead))


def _ahead(limits: Iterable[Limit]) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """Name the cases that open where nothing comes, the earliest first."""
    running = sorted((each for each in limits if each.state == RUNNING and each.opens), key=lambda e: e.until)
    return tuple(("case_at", (each.opens, each.until.isoformat())) for each in running)


# --- What a changed record changed -------------------------------------------------------------


class Shift(NamedTuple):
    """Which kinds of findings are there with a record only, and which without it only."""

    came: tuple[str, ...]
    went: tuple[str, ...]


def shift(
    evidence: Evidence, record: RecordSeen, limits: Limits, at: datetime, judge: Judge = assess
) -> Shift:
    """Assess the trip with and without a record, whatever is settled, and tell the difference."""
    bare = replace(evidence, cases=())
    without = replace(bare, records=tuple(each for each in bare.records if each != record))
    with_it, before = (
        {finding.kind for finding in judge(each, limits, at).findings} for each in (bare, without)
    )
    return Shift(tuple(sorted(with_it - before)), tuple(sorted(before - with_it)))
