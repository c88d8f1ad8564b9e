"""Judge one trip by all that is known of it: what does not agree, what it waits for, whether it is proved.

Everything is handed in, and nothing depends on the order in which it came. A rule that waits for a limit asks
the clock; the earliest limit still ahead is when the trip must be looked at again.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from typing import Any, NamedTuple

from clearance.models import Crossing, RecordKind, Verdict
from ferry.models import (
    CaseKind,
    CaseState,
    Condition,
    DeclarationStatus,
    Outcome,
    PassState,
    TripState,
    Weight,
)
from ferry.rules.closures import Span, open_deadline
from ferry.rules.evidence import evidence_digest
from ferry.rules.stays import ALLOWED, Stay, days_used
from ferry.rules.vin import near

#: Counts up when the same evidence would be judged otherwise than before.
VERSION = 1
#: Opened by whoever sees it happen: no rule here finds it, and none says that it is gone.
NOT_ASSESSED = frozenset({CaseKind.RELEASE_UNHEARD.value})

Facts = Mapping[str, Any]

#: A plain str compares many times faster than a member of an enumeration, and every trip does it often.
EXIT, ENTRY = Crossing.EXIT.value, Crossing.ENTRY.value
RELEASE, REFUSE = Verdict.RELEASE.value, Verdict.REFUSE.value
KZ_ENTRY, RETURN = RecordKind.KZ_ENTRY.value, RecordKind.RETURN.value
OPEN, WRITTEN_OFF = CaseState.OPEN.value, CaseState.WRITTEN_OFF.value
READY, DELIVERED, DISCHARGED = TripState.READY.value, TripState.DELIVERED.value, TripState.DISCHARGED.value
LAPSED, RETURNED = TripState.LAPSED.value, TripState.RETURNED.value
ENDED_UNUSED = {TripState.CANCELLED.value, LAPSED}
CLOSED = DeclarationStatus.CLOSED.value
CHANGED = {DeclarationStatus.AMENDED.value, DeclarationStatus.DELETED.value}
KILLED = {PassState.REVOKED.value, PassState.SUPERSEDED.value}
ENDED_EARLY = {*KILLED, PassState.LAPSED.value}

#: Cases about a declaration as a whole; all others are about a trip.
OF_DECLARATION = frozenset({CaseKind.DECLARATION_NOT_CLOSED.value, CaseKind.QUANTITY_DIFFERS.value})
#: What a settled case stands for: the evidence that will not come any more.
STANDS_FOR: Mapping[str, frozenset[str]] = {
    CaseKind.DELIVERY_NO_EXIT.value: frozenset({"exit"}),
    CaseKind.EXIT_NO_DELIVERY.value: frozenset({"entry", "receipt"}),
    CaseKind.IMPOSSIBLE_ORDER.value: frozenset({"entry"}),
    CaseKind.RETURNED_UNDELIVERED.value: frozenset({"entry", "receipt"}),
}


# --- What is handed in -------------------------------------------------------------------------


class PassSeen(NamedTuple):
    id: int
    vin: str
    person: int
    opens_at: datetime
    closes_at: datetime
    issued_at: datetime
    state: str
    ended_at: datetime | None


class ScanSeen(NamedTuple):
    """A scan; `recorded_at` when we heard of it, `passed_at` when it let the vehicle through, `detained` by
    an officer, `withdrawn` by a supervisor, who had the vehicle before him.
    """

    id: str
    pass_id: int
    crossing: str
    verdict: str
    scanned_at: datetime
    recorded_at: datetime
    passed_at: datetime | None
    offline_verdict: str
    list_age: timedelta | None
    detained: bool
    withdrawn: bool = False

    @property
    def let_through(self) -> bool:
        """Say whether the vehicle drove on, accepted afterwards or not."""
        return self.passed_at is not None or (self.offline_verdict == RELEASE and not self.withdrawn)

    @property
    def list_as_of(self) -> datetime:
        return self.scanned_at - (self.list_age or timedelta(0))

    @property
    def moment(self) -> datetime:
        at_once = self.offline_verdict and not self.withdrawn
        return self.scanned_at if at_once else self.passed_at or self.scanned_at


class RecordSeen(NamedTuple):
    """A record about a person or a vehicle; `person` is None for a passport that is not known."""

    reference: str
    kind: str
    occurred_at: datetime
    vin: str
    person: int | None
    has_passport: bool


class ReceiptSeen(NamedTuple):
    vin: str
    condition: str
    receiver: str
    confirmed_at: datetime


class RefusalSeen(NamedTuple):
    """The consignee's word that he does not take the vehicle."""

    reason: str
    refused_at: datetime


class DeclarationSeen(NamedTuple):
    """A declaration with how many of its VINs are out; `changes` are amendments and deletions on record."""

    id: int
    status: str
    status_at: datetime
    quantity: int
    closed_at: datetime | None
    vins: int
    out: int
    last_out_at: datetime | None
    changes: tuple[tuple[str, datetime], ...] = ()

    @property
    def all_out(self) -> bool:
        return self.vins > 0 and self.out >= max(self.vins, self.quantity)


class TripSeen(NamedTuple):
    """Another trip of the same vehicle or the same person that left; another company's has no reference."""

    id: int
    reference: str
    exited_at: datetime
    delivered_at: datetime | None
    driver_returned_at: datetime | None
    state: str


class CaseSeen(NamedTuple):
    kind: str
    state: str
    evidence: str


@dataclass(frozen=True, slots=True)
class Evidence:
    """All that is known of one trip; `days_count` says whether its driver's stay is limited."""

    state: str
    vin: str
    person: int
    consignee: str
    closes_at: datetime
    driver_returned_at: datetime | None
    declaration: DeclarationSeen
    receipt: ReceiptSeen | None = None
    refusal: RefusalSeen | None = None
    passes: tuple[PassSeen, ...] = ()
    scans: tuple[ScanSeen, ...] = ()
    records: tuple[RecordSeen, ...] = ()
    same_vehicle: tuple[TripSeen, ...] = ()
    same_person: tuple[TripSeen, ...] = ()
    stays: tuple[Stay, ...] = ()
    days_count: bool = True
    cases: tuple[CaseSeen, ...] = ()


@dataclass(frozen=True, slots=True)
class Limits:
    """A route's limits, its closures, and how stay days are counted."""

    clock_skew: timedelta
    offline_grace: timedelta
    entry_expected: timedelta
    entry_alert: timedelta
    receipt_expected: timedelta
    receipt_warn: timedelta
    receipt_case: timedelta
    receipt_enquiry: timedelta
    receipt_escalate: timedelta
    closing_warn: timedelta
    closing_case: timedelta
    closing_escalate: timedelta
    return_warn: timedelta
    stay_warn: timedelta
    stay_breach: timedelta
    closures: tuple[Span, ...]
    kazakh: tzinfo
    stay_rolling: bool
    stay_count_both: bool
    case_due: timedelta = timedelta(hours=48)


# --- What comes out ----------------------------------------------------------------------------


class Finding(NamedTuple):
    """Something that does not agree. `facts` are what it rests on, the same on every run."""

    kind: str
    weight: Weight
    facts: Facts


class Assessment(NamedTuple):
    """The judgement: `findings` are those that nobody has settled; `state_to` is discharged or None."""

    outcome: str
    state_to: str | None
    findings: tuple[Finding, ...]
    next_check_at: datetime | None


class _Clock:
    """Tell which limits have run out at a moment, and keep the earliest that has not."""

    __slots__ = ("at", "closures", "next_at")

    def __init__(self, at: datetime, closures: tuple[Span, ...]) -> None:
        self.at = at
        self.closures = closures
        self.next_at: datetime | None = None

    def ran_out(self, start: datetime, limit: timedelta) -> bool:
        return self.reached(self.deadline(start, limit))

    def reached(self, moment: datetime) -> bool:
        if moment <= self.at:
            return True
        if self.next_at is None or moment < self.next_at:
            self.next_at = moment
        return False

    def deadline(self, start: datetime, limit: timedelta) -> datetime:
        return open_deadline(start, limit, self.closures) if self.closures else start + limit


class View:
    """What several rules ask of the same evidence."""

    __slots__ = (
        "back_at",
        "clock",
        "entries",
        "entry_at",
        "exit_at",
        "exits",
        "left_at",
        "limits",
        "passes",
        "trip",
    )

    def __init__(self, trip: Evidence, limits: Limits, at: datetime) -> None:
        self.trip = trip
        self.limits = limits
        self.clock = _Clock(at, limits.closures)
        self.passes = {each.id: each for each in trip.passes}
        #: Scans on which the vehicle left and entered, accepted or not, in the order of time.
        self.exits = _passings(trip, EXIT)
        self.entries = _passings(trip, ENTRY)
        self.exit_at = min((scan.moment for scan in self.exits if scan.passed_at), default=None)
        self.entry_at = min(_entries(trip), default=None)
        self.left_at = self.exit_at or (self.exits[0].moment if self.exits else self.entry_at)
        self.back_at = _back_at(trip)

    def pass_shown(self) -> PassSeen | None:
        """Give the pass the vehicle left on, or the latest."""
        if self.exits and self.exits[0].pass_id in self.passes:
            return self.passes[self.exits[0].pass_id]
        return max(self.trip.passes, key=lambda each: (each.issued_at, each.id), default=None)

    @property
    def vin(self) -> str:
        """Give the VIN that all evidence is held against: the one on the pass."""
        shown = self.pass_shown()
        return shown.vin if shown else self.trip.vin

    def is_other_person(self, record: RecordSeen) -> bool:
        return record.has_passport and record.person != self.trip.person


def _passings(trip: Evidence, crossing: str) -> list[ScanSeen]:
    scans = [scan for scan in trip.scans if scan.crossing == crossing and scan.let_through]
    if len(scans) > 1:
        scans.sort(key=lambda scan: (scan.moment, scan.id))
    return scans


def _entries(trip: Evidence) -> Iterator[datetime]:
    for scan in trip.scans:
        if scan.crossing == ENTRY and scan.passed_at:
            yield scan.moment
    for record in trip.records:
        if record.kind == KZ_ENTRY:
            yield record.occurred_at


def _back_at(trip: Evidence) -> datetime | None:
    """Take the border's word before the company's."""
    returns = (r.occurred_at for r in trip.records if r.kind == RETURN and r.person == trip.person)
    return min(returns, default=trip.driver_returned_at)


# --- The rules, one for each kind of case ------------------------------------------------------


def _exit_no_delivery(view: View) -> Finding | None:
    if view.left_at is None or view.trip.receipt is not None or view.trip.state == RETURNED:
        return None
    if not view.clock.ran_out(view.left_at, view.limits.receipt_case):
        return None
    late = view.clock.ran_out(view.left_at, view.limits.receipt_escalate)
    weight = Weight.CRITICAL if late else Weight.HIGH
    return Finding(CaseKind.EXIT_NO_DELIVERY.value, weight, {"left_at": _text(view.left_at)})


def _delivery_no_exit(view: View) -> Finding | None:
    receipt = view.trip.receipt
    if receipt is None or view.exit_at is not None:
        return None
    if not view.clock.ran_out(receipt.confirmed_at, view.limits.offline_grace):
        return None
    facts = {"confirmed_at": _text(receipt.confirmed_at)}
    return Finding(CaseKind.DELIVERY_NO_EXIT.value, Weight.CRITICAL, facts)


def _vin_mismatch(view: View) -> Finding | None:
    """Say by how many slips a VIN is off where it is one or two: then it may be a misreading."""
    vin = view.vin
    others = [(r.kind, r.reference, r.vin) for r in view.trip.records if is_other_vin(r.vin, vin)]
    if view.trip.receipt is not None and view.trip.receipt.vin != vin:
        others.append(("receipt", "", view.trip.receipt.vin))
    if not others:
        return None
    seen = [
        {"kind": kind, "reference": ref, "vin": other, "slips": near(vin, other)}
        for kind, ref, other in sorted(set(others))
    ]
    return Finding(CaseKind.VIN_MISMATCH.value, Weight.CRITICAL, {"vin": vin, "seen": seen})


def is_other_vin(vin: str, expected: str) -> bool:
    return vin != expected and vin != ""


def _driver_mismatch(view: View) -> Finding | None:
    person = view.trip.person
    seen = {(r.kind, r.reference, _text(r.occurred_at)) for r in view.trip.records if view.is_other_person(r)}
    for scan in view.exits:
        shown = view.passes.get(scan.pass_id)
        if shown is not None and shown.person != person:
            seen.add(("scan", scan.id, _text(scan.moment)))
    if not seen:
        return None
    return Finding(
        CaseKind.DRIVER_MISMATCH.value, Weight.HIGH, {"seen": [list(each) for each in sorted(seen)]}
    )


def _declaration_not_closed(view: View) -> Finding | None:
    declaration = view.trip.declaration
    if declaration.status == CLOSED or not declaration.all_out or declaration.last_out_at is None:
        return None
    if not view.clock.ran_out(declaration.last_out_at, view.limits.closing_case):
        return None
    late = view.clock.ran_out(declaration.last_out_at, view.limits.closing_escalate)
    weight = Weight.HIGH if late else Weight.MEDIUM
    facts = {"last_out_at": _text(declaration.last_out_at)}
    return Finding(CaseKind.DECLARATION_NOT_CLOSED.value, weight, facts)


def _declaration_changed(view: View) -> Finding | None:
    declaration = view.trip.declaration
    if declaration.status not in CHANGED and not declaration.changes:
        return None
    shown = view.pass_shown()
    if shown is None or (view.left_at is None and view.trip.state != READY):
        return None
    changes = {change for change in declaration.changes if change[1] > shown.issued_at}
    if declaration.status in CHANGED:
        # Even one from before the issue: nobody knew of it then, or the code had not been issued.
        changes.add((declaration.status, declaration.status_at))
    after = sorted([status, _text(moment)] for status, moment in changes)
    return Finding(CaseKind.DECLARATION_CHANGED.value, Weight.HIGH, {"changes": after}) if after else None


def _quantity_differs(view: View) -> Finding | None:
    """Compare once the declaration is closed and late uploads are in; more than declared at once."""
    declaration = view.trip.declaration
    if declaration.out == declaration.quantity:
        return None
    if declaration.out < declaration.quantity:
        if declaration.status != CLOSED:
            return None
        closed_at = declaration.closed_at or declaration.status_at
        if not view.clock.ran_out(closed_at, view.limits.offline_grace):
            return None
    facts = {"declared": declaration.quantity, "out": declaration.out}
    return Finding(CaseKind.QUANTITY_DIFFERS.value, Weight.HIGH, facts)


def _pass_reused(view: View) -> Finding | None:
    """Find passings on a pass that had let through at the same crossing before."""
    again = passed_again(view)
    return Finding(CaseKind.PASS_REUSED.value, Weight.CRITICAL, _told(again)) if again else None


def passed_again(view: View) -> list[ScanSeen]:
    return [
        scan
        for scans in (view.exits, view.entries)
        for index, scan in enumerate(scans)
        if any(scan.pass_id == earlier.pass_id for earlier in scans[:index])
    ]


def _vehicle_twice(view: View) -> Finding | None:
    """Find other exits of the vehicle, on another trip that no return lies between, or passings on another
    pass than the first.
    """
    clashing = sorted(
        [other.reference, _text(other.exited_at)]
        for other in (view.trip.same_vehicle if view.exits else ())
        if (other.state if other.exited_at <= view.exits[0].moment else view.trip.state) != RETURNED
    )
    others = [
        scan for scans in (view.exits, view.entries) for scan in scans[1:] if scan.pass_id != scans[0].pass_id
    ]
    facts: dict[str, Any] = {"trips": clashing} if clashing else {}
    if others:
        facts.update(_told(others))
    return Finding(CaseKind.VEHICLE_TWICE.value, Weight.CRITICAL, facts) if facts else None


def _driver_overlap(view: View) -> Finding | None:
    """Find the person's other trips that had not ended when the later of the two left."""
    trip = view.trip
    if not trip.same_person or not view.exits or _is_written_off(trip):
        return None
    mine, receipt = view.exits[0].moment, trip.receipt
    my_end = view.back_at or (receipt.confirmed_at if receipt else None)
    skew = view.limits.clock_skew
    clashing = sorted(
        [other.reference, _text(other.exited_at)]
        for other in trip.same_person
        if (
            _still_away(other.driver_returned_at or other.delivered_at, mine, skew)
            if other.exited_at <= mine
            else _still_away(my_end, other.exited_at, skew)
        )
    )
    return Finding(CaseKind.DRIVER_OVERLAP.value, Weight.HIGH, {"trips": clashing}) if clashing else None


def _still_away(ended_at: datetime | None, moment: datetime, skew: timedelta) -> bool:
    return ended_at is None or ended_at > moment + skew


def _is_written_off(trip: Evidence) -> bool:
    return any(case.state == WRITTEN_OFF for case in trip.cases)


def _overstay(view: View) -> Finding | None:
    """Judge the stay by Kazakh dates; closures do not stop this clock."""
    came_at = view.entry_at or view.left_at
    if came_at is None or not view.trip.days_count:
        return None
    kazakh = view.limits.kazakh
    entered_on = came_at.astimezone(kazakh).date()
    breach_at = breached_at(view, came_at)
    back_at = view.back_at or back_before_next_trip(view)
    rules = []
    if (back_at >= breach_at) if back_at else view.clock.reached(breach_at):
        rules.append("30")
    if view.trip.stays and _days_exhausted(view, entered_on, back_at):
        rules.append("90/180")
    if not rules:
        return None
    facts = {"entered_on": entered_on.isoformat(), "rules": rules}
    return Finding(CaseKind.OVERSTAY.value, Weight.HIGH, facts)


def breached_at(view: View, came_at: datetime) -> datetime:
    """Say when the Kazakh date begins on which one who came then has stayed too long."""
    kazakh = view.limits.kazakh
    return datetime.combine(came_at.astimezone(kazakh).date(), time(), kazakh) + view.limits.stay_breach


def back_before_next_trip(view: View) -> datetime | None:
    """Give the person's next exit: by then he was back, whether or not a record says so."""
    left_at = view.left_at
    if left_at is None or not view.trip.same_person:
        return None
    later = (other.exited_at for other in view.trip.same_person if other.exited_at > left_at)
    return min(later, default=None)


def _days_exhausted(view: View, entered_on: date, back_at: datetime | None) -> bool:
    limits, clock = view.limits, view.clock
    last = (back_at or clock.at).astimezone(limits.kazakh).date()
    stays = [stay for stay in view.trip.stays if stay.entered_on <= last]
    on = max(last, entered_on)
    used = sum(((stay.left_on or last) - stay.entered_on).days + 1 for stay in stays)
    # That is no fewer days than any way of counting finds: while it is far below the limit, none is needed.
    if used > ALLOWED // 2:
        used = days_used(stays, on=on, rolling=limits.stay_rolling, count_both=limits.stay_count_both)
    if used <= ALLOWED and back_at is None:
        # They grow by one a day at most.
        earliest = on + timedelta(days=ALLOWED + 1 - used)
        clock.reached(datetime.combine(earliest, time(), limits.kazakh))
    return used > ALLOWED


def _exit_outside_window(view: View) -> Finding | None:
    """Find exits before or after the window, or on a pass that had ended when we heard of them.

    Where the lane's list held that end already, the lane answers for it: `stale_offline_release`.
    """
    outside = left_outside(view)
    if not outside:
        return None
    return Finding(CaseKind.EXIT_OUTSIDE_WINDOW.value, Weight.MEDIUM, _told_with_ends(outside))


def left_outside(view: View) -> list[tuple[ScanSeen, PassSeen]]:
    outside = []
    for scan in view.exits:
        shown = view.passes.get(scan.pass_id)
        if shown is None or _is_stale(scan, shown):
            continue
        if _is_dead(scan, shown) or not _in_window(scan, shown, view.limits.clock_skew):
            outside.append((scan, shown))
    return outside


def _in_window(scan: ScanSeen, shown: PassSeen, skew: timedelta) -> bool:
    return shown.opens_at - skew <= scan.scanned_at <= shown.closes_at + skew


def _is_dead(scan: ScanSeen, shown: PassSeen) -> bool:
    return shown.state in ENDED_EARLY and shown.ended_at is not None and shown.ended_at <= scan.recorded_at


def _is_stale(scan: ScanSeen, shown: PassSeen) -> bool:
    if scan.offline_verdict != RELEASE or shown.state not in KILLED or shown.ended_at is None:
        return False
    return shown.ended_at <= scan.list_as_of


def _impossible_order(view: View) -> Finding | None:
    """Find moments in an order that cannot be, and a delivery in a country never entered."""
    received_at = view.trip.receipt.confirmed_at if view.trip.receipt else None
    wrong = [[first, _text(before), then, _text(after)] for first, before, then, after in out_of_order(view)]
    facts: dict[str, Any] = {"order": wrong} if wrong else {}
    if received_at and view.entry_at is None and view.exit_at and _entry_overdue(view, received_at):
        facts["missing"] = "entry"
    return Finding(CaseKind.IMPOSSIBLE_ORDER.value, Weight.MEDIUM, facts) if facts else None


def out_of_order(view: View) -> list[tuple[str, datetime, str, datetime]]:
    """Find the pairs of moments of which the first came after the second, by more than clocks differ."""
    trip, skew = view.trip, view.limits.clock_skew
    received_at = trip.receipt.confirmed_at if trip.receipt else None
    pairs = (
        ("exit", view.exit_at, "entry", view.entry_at),
        ("exit", view.exit_at, "receipt", received_at),
        ("entry", view.entry_at, "receipt", received_at),
        ("exit", view.exit_at, "return", view.back_at),
        ("entry", view.entry_at, "return", view.back_at),
    )
    return [
        (first, before, then, after)
        for first, before, then, after in pairs
        if before is not None and after is not None and before > after + skew
    ]


def _entry_overdue(view: View, received_at: datetime) -> bool:
    return view.clock.reached(entry_due(view, received_at))


def entry_due(view: View, received_at: datetime) -> datetime:
    """Say by when the entry of a received vehicle must be on record, late uploads counted."""
    expected = view.clock.deadline(view.exit_at or received_at, view.limits.entry_alert)
    return max(expected, view.clock.deadline(received_at, view.limits.offline_grace))


def _consignee_differs(view: View) -> Finding | None:
    """Compare the words of the names, without legal forms: a receiver may add his own to the consignee's."""
    receipt = view.trip.receipt
    if receipt is None or receipt.receiver == view.trip.consignee:
        return None
    if _words(receipt.receiver) >= _words(view.trip.consignee):
        return None
    facts = {"consignee": view.trip.consignee, "receiver": receipt.receiver}
    return Finding(CaseKind.CONSIGNEE_DIFFERS.value, Weight.MEDIUM, facts)


def _words(name: str) -> set[str]:
    folded = unicodedata.normalize("NFKC", name).casefold()
    return set("".join(char if char.isalnum() else " " for char in folded).split()) - LEGAL_FORMS


LEGAL_FORMS = frozenset({"тоо", "ооо", "ао", "ип", "жшс", "ак", "llp", "llc", "ltd", "jsc", "co", "inc"})


def _damage(view: View) -> Finding | None:
    receipt = view.trip.receipt
    if receipt is None or receipt.condition != Condition.DAMAGED.value:
        return None
    facts = {"confirmed_at": _text(receipt.confirmed_at)}
    return Finding(CaseKind.DAMAGE.value, Weight.MEDIUM, facts)


def _never_used(view: View) -> Finding | None:
    trip = view.trip
    if not trip.passes or view.left_at is not None or trip.receipt is not None:
        return None
    over = trip.state == READY and view.clock.reached(unused_at(view))
    if not over and trip.state != LAPSED:
        return None
    return Finding(CaseKind.NEVER_USED.value, Weight.LOW, {"closes_at": _text(trip.closes_at)})


def unused_at(view: View) -> datetime:
    """Say when a pass counts as unused: clocks and late uploads counted, closures not."""
    return view.trip.closes_at + view.limits.clock_skew + view.limits.offline_grace


def _returned_undelivered(view: View) -> Finding | None:
    """Find a vehicle that was not taken, that came back, was detained in Kazakhstan, or not let in in time.

    What its consignee did not take comes back as a rule: that is the same story, and no new case.
    """
    refusal = view.trip.refusal
    if refusal is not None and view.trip.receipt is None:
        facts = {"refused_at": _text(refusal.refused_at), "reason": refusal.reason}
        return Finding(CaseKind.RETURNED_UNDELIVERED.value, Weight.MEDIUM, facts)
    if view.trip.state == RETURNED:
        return Finding(CaseKind.RETURNED_UNDELIVERED.value, Weight.MEDIUM, {"returned": True})
    if view.entry_at is not None or not view.trip.scans:
        return None
    stopped = sorted(
        (scan.scanned_at, scan.id, scan.detained)
        for scan in view.trip.scans
        if scan.crossing == ENTRY and (scan.detained or scan.verdict == REFUSE)
    )
    overdue = stopped and (
        any(detained for _at, _id, detained in stopped)
        or view.clock.ran_out(stopped[0][0], view.limits.entry_alert)
    )
    if not overdue:
        return None
    facts = {"stopped_at": _text(stopped[0][0])}
    return Finding(CaseKind.RETURNED_UNDELIVERED.value, Weight.MEDIUM, facts)


def _stale_offline_release(view: View) -> Finding | None:
    """Find releases on a dead pass by a lane whose list already said so."""
    stale = []
    for scan in view.trip.scans:
        shown = view.passes.get(scan.pass_id)
        if shown is not None and _is_stale(scan, shown):
            stale.append((scan, shown))
    if not stale:
        return None
    stale.sort(key=lambda pair: (pair[0].moment, pair[0].id))
    return Finding(CaseKind.STALE_OFFLINE_RELEASE.value, Weight.HIGH, _told_with_ends(stale))


def _told(scans: Iterable[ScanSeen]) -> dict[str, Any]:
    return {"scans": [[scan.id, _text(scan.scanned_at)] for scan in scans]}


def _told_with_ends(found: Collection[tuple[ScanSeen, PassSeen]]) -> dict[str, Any]:
    """Tell what the lane could have known: how old its list was, and when the pass ended."""
    offline = [_text(scan.list_as_of) for scan, _shown in found if scan.offline_verdict]
    ended = {_text(shown.ended_at) for _scan, shown in found if shown.ended_at and shown.state in ENDED_EARLY}
    return {
        **_told(scan for scan, _shown in found),
        "list_as_of": offline,
        "pass_ended_at": sorted(ended),
    }


RULES: tuple[Callable[[View], Finding | None], ...] = (
    _exit_no_delivery,
    _delivery_no_exit,
    _vin_mismatch,
    _driver_mismatch,
    _declaration_not_closed,
    _declaration_changed,
    _quantity_differs,
    _pass_reused,
    _vehicle_twice,
    _driver_overlap,
    _overstay,
    _exit_outside_window,
    _impossible_order,
    _consignee_differs,
    _damage,
    _never_used,
    _returned_undelivered,
    _stale_offline_release,
)


# --- The judgement -----------------------------------------------------------------------------


def assess(evidence: Evidence, limits: Limits, at: datetime) -> Assessment:
    """Judge a trip at a moment. The same evidence, limits and moment always give the same judgement."""
    view = View(evidence, limits, at)
    findings = [finding for rule in RULES if (finding := rule(view)) is not None]
    if findings and evidence.cases:
        findings = list(_unsettled(findings, evidence.cases))
    missing = unproved(view)
    discharge = evidence.state == DELIVERED and not missing and not _disputed(evidence.cases, findings)
    state_to = DISCHARGED if discharge else None
    outcome = _outcome(view, findings, missing, discharge or evidence.state == DISCHARGED)
    return Assessment(outcome, state_to, tuple(findings), view.clock.next_at)


def _unsettled(findings: Iterable[Finding], cases: Iterable[CaseSeen]) -> Iterator[Finding]:
    """Leave out what a settled case rested on."""
    settled = {(case.kind, case.evidence) for case in cases if case.state != OPEN}
    kinds = {kind for kind, _evidence in settled}
    for finding in findings:
        if finding.kind not in kinds or (finding.kind, evidence_digest(finding.facts)) not in settled:
            yield finding


def _disputed(cases: Iterable[CaseSeen], findings: Iterable[Finding]) -> bool:
    """Say whether anything about the trip itself is open; its declaration's cases do not keep it back."""
    open_kinds = {case.kind for case in cases if case.state == OPEN} | {each.kind for each in findings}
    return bool(open_kinds - OF_DECLARATION)


def unproved(view: View) -> set[str]:
    proofs = (("exit", view.exit_at), ("entry", view.entry_at), ("receipt", view.trip.receipt))
    return {name for name, proof in proofs if proof is None}


def _outcome(view: View, findings: list[Finding], missing: set[str], proved: bool) -> str:
    cases = view.trip.cases
    if findings or any(case.state == OPEN for case in cases):
        return Outcome.DISCREPANT.value
    if _is_written_off(view.trip):
        return Outcome.WRITTEN_OFF.value
    if cases and (proved or _is_explained(view, missing)):
        return Outcome.RESOLVED.value
    if not proved:
        return Outcome.WAITING.value
    return Outcome.MATCHED_LATE.value if _is_late(view) else Outcome.MATCHED.value


def _is_explained(view: View, missing: set[str]) -> bool:
    """Say whether settled cases stand for all that is missing, or the trip ended without leaving."""
    if view.left_at is None and view.trip.state in ENDED_UNUSED:
        return True
    stood_for: set[str] = set()
    for case in view.trip.cases:
        stood_for |= STANDS_FOR.get(case.kind, frozenset())
    return missing <= stood_for


class Wait(NamedTuple):
    """Something expected within a limit, named as it is in `Limits`, since a moment; None: not begun."""

    limit: str
    since: datetime | None
    came_at: datetime | None

    def until(self, view: View) -> datetime | None:
        return (
            None if self.since is None else view.clock.deadline(self.since, getattr(view.limits, self.limit))
        )

    def is_late(self, view: View) -> bool:
        until = self.until(view)
        return until is not None and self.came_at is not None and self.came_at > until


def expected(view: View) -> tuple[Wait, ...]:
    """List what a trip that goes well waits for, each by the time it is expected."""
    declaration, left_at, receipt = view.trip.declaration, view.left_at, view.trip.receipt
    closed_at = declaration.closed_at if declaration.status == CLOSED else None
    return (
        Wait("closing_warn", declaration.last_out_at if declaration.all_out else None, closed_at),
        Wait("entry_expected", left_at, view.entry_at),
        Wait("receipt_expected", left_at, receipt.confirmed_at if receipt else None),
        Wait("return_warn", left_at, view.back_at),
    )


def _is_late(view: View) -> bool:
    return any(wait.is_late(view) for wait in expected(view))


def warnings(evidence: Evidence, limits: Limits, at: datetime) -> list[str]:
    """Name what is overdue but not yet, or no longer only, a matter for a case; a page shows it."""
    view = View(evidence, limits, at)
    declaration = evidence.declaration
    left_at = None if evidence.state == RETURNED else view.left_at
    away = view.back_at is None and back_before_next_trip(view) is None
    unreceived, unentered = evidence.receipt is None, view.entry_at is None
    unclosed = declaration.status != CLOSED and declaration.all_out
    waits = (
        ("entry_overdue", left_at if unentered and unreceived else None, limits.entry_alert),
        ("receipt_overdue", left_at if unreceived else None, limits.receipt_warn),
        ("formal_enquiry", left_at if unreceived else None, limits.receipt_enquiry),
        ("closing_overdue", declaration.last_out_at if unclosed else None, limits.closing_warn),
        ("return_overdue", view.left_at if away else None, limits.return_warn),
    )
    overdue = [code for code, start, limit in waits if start and view.clock.ran_out(start, limit)]
    came_at = view.entry_at or view.left_at
    if evidence.days_count and away and came_at is not None and came_at + limits.stay_warn <= at:
        overdue.append("stay_ending")
    return overdue


def _text(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat()
