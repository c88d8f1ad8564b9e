"""Write the script of a world from a seed: who there is, what happens when, and what is true of it.

Pure: the same seed, size and closures give the same script to the letter.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from itertools import count, cycle
from random import Random
from typing import Any, NamedTuple

from stdnum.cn import uscc

from clearance.models import RecordKind
from clearance.simulation.cast import BEGINNING, draw_person, draw_vin
from clearance.simulation.faults import (
    DAY,
    FAULTS,
    HARMLESS,
    HOUR,
    NEVER,
    OFFLINE,
    RECEIVED_OVER_IT,
    SAME_NUMBER,
    SWAPPED,
    Course,
    Truth,
)
from ferry.models import DeclarationStatus
from ferry.rules.closures import Span
from ferry.rules.vin import near

MINUTE = timedelta(minutes=1)
#: The longest limit there is, from the last exit on.
AFTERMATH = 45 * DAY
#: A pass is good from before its planned exit to after it.
OPENS, CLOSES = timedelta(hours=-2), timedelta(hours=8)
DRIVERS_A_COMPANY = 60
#: A trip that is none of the faults is odd in a harmless way this often.
ODD = 0.25
#: Of those before the closed day, so many are received after it.
SLOW = 0.5


class Moment(NamedTuple):
    """Something that happens: `act` names it, `about` is the number of a trip, a declaration or a driver."""

    at: datetime
    number: int
    act: str
    about: int
    data: dict[str, Any]


@dataclass(frozen=True)
class Man:
    """A driver; `company` is the number of his company."""

    number: int
    company: int
    name: str
    latin: str
    language: str
    licence: str
    passport: str
    nationality: str = "CN"


@dataclass
class Leg:
    """One trip of the script."""

    number: int
    man: Man
    vin: str
    exit_at: datetime
    course: Course = field(default_factory=Course)
    fault: str = ""
    declaration: int = -1
    #: The other trip of a story of two, and a man who is seen in another's place.
    other: Leg | None = field(default=None, compare=False, repr=False)
    seen: Man | None = None

    @property
    def left_at(self) -> datetime:
        return self.exit_at + self.course.exit_after

    @property
    def truth(self) -> Truth:
        fault = FAULTS.get(self.fault)
        kinds = tuple(sorted(kind.value for kind in fault.kinds)) if fault else ()
        return Truth("trip", self.vin, self.fault, kinds, fault.withheld if fault else ())


@dataclass
class Paper:
    """One declaration with the trips on it; `spare` is a vehicle that never leaves."""

    number: int
    code: str
    company: int
    legs: list[Leg] = field(default_factory=list)
    spare: str = ""

    @property
    def vins(self) -> list[str]:
        return [*(leg.vin for leg in self.legs), *([self.spare] if self.spare else [])]

    @property
    def truth(self) -> Truth:
        fault = FAULTS.get(self.legs[0].fault) if len(self.legs) == 1 else None
        kinds = tuple(sorted(kind.value for kind in fault.of_declaration)) if fault else ()
        return Truth("declaration", self.code, self.legs[0].fault if kinds else "", kinds)


@dataclass(frozen=True)
class Script:
    seed: int
    starts_at: datetime
    ends_at: datetime
    closure: Span | None
    companies: Sequence[str]
    men: Sequence[Man]
    legs: Sequence[Leg]
    papers: Sequence[Paper]
    moments: Sequence[Moment]

    @property
    def truth(self) -> list[Truth]:
        return [*(leg.truth for leg in self.legs), *(paper.truth for paper in self.papers)]


def write_script(
    *,
    seed: int,
    starts_at: datetime,
    days: int,
    drivers: int,
    faults: float,
    closed: Sequence[Span] = (),
    without: Collection[str] = (),
    rest: timedelta = timedelta(0),
) -> Script:
    """Write the script of so many days; `faults` is their share, `closed` the closures that stand already.

    Faults that it shall be `without` do not occur. A man's exits are a `rest` apart, or two days or so.
    """
    names = [name for name in FAULTS if name not in without]
    return _Writer(seed, starts_at, days, drivers, closed, rest).write(faults, names)


class _Writer:
    """Makes all choices, in one order."""

    def __init__(
        self,
        seed: int,
        starts_at: datetime,
        days: int,
        drivers: int,
        closed: Sequence[Span],
        rest: timedelta,
    ) -> None:
        self.chance = Random(seed)  # noqa: S311  (nothing secret: the same world again)
        self.seed, self.starts_at, self.days, self.rest = seed, starts_at, days, rest
        self.ends_at = starts_at + days * DAY + AFTERMATH
        self.numbers = count()
        self.lines = count(1)
        self.vins: set[str] = set()
        self.closure = self._closure()
        self.closed = [*closed, *([self.closure] if self.closure else [])]
        self.companies = [self._uscc() for _number in range(max(2, drivers // DRIVERS_A_COMPANY))]
        self.men = [self._man(number) for number in range(drivers)]
        self.idle: list[Man] = []

    def write(self, faults: float, names: Sequence[str]) -> Script:
        legs = self._legs()
        self._spoil(legs, faults, names)
        self._make_odd(legs)
        papers = self._papers(legs)
        moments = sorted(self._moments(legs, papers))
        return Script(
            self.seed,
            self.starts_at,
            self.ends_at,
            self.closure,
            self.companies,
            [*self.men, *self.idle],
            legs,
            papers,
            moments,
        )

    # --- Who there is ---

    def _closure(self) -> Span | None:
        """Close the crossing on the middle day, where there are days on both sides of it."""
        if self.days < 4:
            return None
        since = self.starts_at + self.days // 2 * DAY
        return since, since + DAY

    def _uscc(self) -> str:
        body = f"91654004MA{self.chance.randrange(10**7):07d}"
        return body + str(uscc.calc_check_digit(body))

    def _man(self, number: int) -> Man:
        passport = f"E{(self.seed % 90 + 10) * 10**6 + number:08d}"
        return Man(number, number % len(self.companies), passport=passport, **draw_person(self.chance))

    def _vin(self, man: Man) -> str:
        while True:
            vin = draw_vin(self.chance, man.licence)
            if vin not in self.vins:
                self.vins.add(vin)
                return vin

    # --- Which trips there are ---

    def _legs(self) -> list[Leg]:
        legs: list[Leg] = []
        # Who rests for long begins at any time, so that somebody drives every day.
        first_days = min(self.rest, self.days * DAY - 32 * HOUR)
        spread = max(36 * 60, first_days // MINUTE)
        for man in self.men:
            exit_at = self.starts_at + 32 * HOUR + self.chance.randrange(spread) * MINUTE
            while exit_at < self.starts_at + self.days * DAY:
                if not self._is_closed(exit_at):
                    legs.append(Leg(len(legs), man, self._vin(man), exit_at))
                exit_at += max(self.chance.randrange(44 * 60, 56 * 60) * MINUTE, self.rest)
        return legs

    def _is_closed(self, exit_at: datetime) -> bool:
        """Say whether the crossing is closed near that time: a trip of that day goes another day."""
        return any(since - 12 * HOUR < exit_at < until + 3 * HOUR for since, until in self.closed)

    def _spoil(self, legs: list[Leg], share: float, faults: Sequence[str]) -> None:
        """Give a share of the trips one fault each, all faults in turn."""
        wanted = round(len(legs) * share)
        order = self.chance.sample(range(len(legs)), len(legs))
        lost_men: dict[int, datetime] = {}
        names, spoilt = cycle(faults), 0
        name = next(names)
        for number in order:
            if spoilt >= wanted:
                break
            leg = legs[number]
            if leg.exit_at > lost_men.get(leg.man.number, leg.exit_at):
                continue
            if leg.fault or not self._fits(leg, name, legs):
                continue
            if name in {SWAPPED, SAME_NUMBER}:
                other = self._partner(leg, legs, lost_men)
                if other is None:
                    continue
                self._pair(name, leg, other)
            else:
                self._give(leg, name)
            spoilt, name = spoilt + 1, next(names)
            for each in (leg, leg.other):
                if each is not None and FAULTS[each.fault].keeps_driver:
                    lost_men[each.man.number] = each.exit_at
        legs[:] = [leg for leg in legs if leg.exit_at <= lost_men.get(leg.man.number, leg.exit_at)]

    def _fits(self, leg: Leg, name: str, legs: Sequence[Leg]) -> bool:
        """A man who drives no more must have no fault to come, and a slip must mean one vehicle only.

        Where days are compressed, a line that names him alone would mean any trip of his.
        """
        earlier = (each for each in legs if each.man == leg.man and each.exit_at < leg.exit_at)
        if name == SAME_NUMBER and self.rest and any(earlier):
            return False
        if FAULTS[name].keeps_driver:
            later = (each for each in legs if each.man == leg.man and each.exit_at > leg.exit_at)
            if any(each.fault for each in later):
                return False
        if name == "mistyped_alone":
            slip = _slip(leg.vin)
            # Two vehicles whose VINs begin differently are many slips apart.
            alike = (vin for vin in self.vins if vin[:BEGINNING] == leg.vin[:BEGINNING] and vin != leg.vin)
            return all(near(vin, slip) is None for vin in alike)
        return True

    def _partner(self, leg: Leg, legs: Sequence[Leg], lost_men: Mapping[int, datetime]) -> Leg | None:
        """Find another trip without a fault of the same company, by another man, at about that time."""
        for other in legs:
            near_it = timedelta(0) < other.exit_at - leg.exit_at < 2 * HOUR
            if near_it and not other.fault and other.man.company == leg.man.company and other.man != leg.man:
                later = (each for each in legs if each.man == other.man and each.exit_at > other.exit_at)
                if other.man.number not in lost_men and not any(each.fault for each in later):
                    return other
        return None

    def _give(self, leg: Leg, name: str) -> None:
        leg.fault = name
        leg.course = replace(leg.course, **FAULTS[name].changes)
        if leg.course.border_sees_another:
            leg.seen = self._idle_man(leg)

    def _pair(self, name: str, leg: Leg, other: Leg) -> None:
        for one, another in ((leg, other), (other, leg)):
            self._give(one, name)
            one.other = another
        if name == SWAPPED:
            leg.seen, other.seen = other.man, leg.man
        else:
            namesake = replace(
                other.man, number=len(self.men) + len(self.idle), passport=leg.man.passport, nationality="KZ"
            )
            self.idle.append(namesake)
            # A man of another country with the same number drives instead.
            other.man = namesake
            other.course = replace(other.course, border_exit=False)

    def _idle_man(self, leg: Leg) -> Man:
        man = replace(self._man(len(self.men) + len(self.idle)), company=leg.man.company)
        self.idle.append(man)
        return man

    def _make_odd(self, legs: Iterable[Leg]) -> None:
        """Let some of the good trips look odd."""
        for leg in legs:
            if leg.fault:
                continue
            if (
                self.closure
                and timedelta(0) < self.closure[0] - leg.exit_at < DAY
                and self.chance.random() < SLOW
            ):
                leg.course = replace(leg.course, **RECEIVED_OVER_IT)
            elif self.chance.random() < ODD:
                leg.course = replace(leg.course, **HARMLESS[self.chance.choice(sorted(HARMLESS))])

    def _papers(self, legs: Sequence[Leg]) -> list[Paper]:
        """Put trips of a company that leave about the same time on one declaration, of one to four."""
        papers: list[Paper] = []
        open_papers: dict[int, tuple[Paper, int]] = {}
        for leg in sorted(legs, key=lambda each: (each.exit_at, each.number)):
            paper, room = open_papers.get(leg.man.company, (None, 0))
            fits = paper is not None and room > 0 and leg.exit_at - paper.legs[0].exit_at < 2 * DAY
            if paper is None or not fits or not leg.course.may_be_shared:
                paper, room = self._paper(len(papers), leg), self.chance.randrange(1, 5)
                papers.append(paper)
            paper.legs.append(leg)
            leg.declaration = paper.number
            if leg.course.may_be_shared:
                open_papers[leg.man.company] = (paper, room - 1)
        return papers

    def _paper(self, number: int, leg: Leg) -> Paper:
        code = f"9402{self.starts_at.year}0{(self.seed % 1000) * 10**6 + number:09d}"
        spare = self._vin(leg.man) if leg.course.has_another_vehicle else ""
        return Paper(number, code, leg.man.company, spare=spare)

    # --- What happens ---

    def _moments(self, legs: Sequence[Leg], papers: Sequence[Paper]) -> Iterator[Moment]:
        for man in (*self.men, *self.idle):
            yield self._moment(self.starts_at, "hire", man.number)
        if self.closure is not None:
            # When all who left before it are over the bridge: a slow server must not keep them on this side.
            yield self._moment(self.closure[0] - 10 * HOUR, "close", -1)
        for paper in papers:
            yield from self._of_paper(paper)
        for leg in legs:
            yield from self._planned(leg)
            if leg.course.is_driven:
                yield from self._driven(leg)

    def _moment(self, at: datetime, act: str, about: int, **data: Any) -> Moment:
        return Moment(at, next(self.numbers), act, about, data)

    def _line(
        self, leg: Leg | None, kind: str, occurred_at: datetime, about: int, **data: Any
    ) -> Iterator[Moment]:
        """Have a line told in its source's next hourly file, late or twice where the course says so."""
        course = leg.course if leg else Course()
        told_at = next_hour(occurred_at + course.lines_are_late)
        data |= {
            "kind": kind,
            "occurred_at": occurred_at,
            "reference": f"S{self.seed}-{next(self.lines):07d}",
        }
        yield self._moment(told_at, "record", about, **data)
        if course.lines_are_doubled:
            yield self._moment(told_at + 5 * HOUR, "record", about, **data)

    def _of_paper(self, paper: Paper) -> Iterator[Moment]:
        first, last = paper.legs[0], max(leg.left_at for leg in paper.legs)
        yield self._moment(first.exit_at - 30 * HOUR, "declare", paper.number)
        yield from self._word(paper, DeclarationStatus.RELEASED, first.exit_at - 27 * HOUR)
        course = first.course
        if course.is_deleted:
            yield from self._word(paper, DeclarationStatus.DELETED, first.exit_at - 3 * HOUR)
        if course.is_amended:
            yield from self._word(paper, DeclarationStatus.AMENDED, last + 5 * HOUR)
        if course.closes:
            yield from self._word(paper, DeclarationStatus.CLOSED, last + 3 * DAY)

    def _word(self, paper: Paper, status: DeclarationStatus, at: datetime) -> Iterator[Moment]:
        yield from self._line(
            None, RecordKind.DECLARATION_STATUS.value, at, paper.number, status=status.value
        )

    def _planned(self, leg: Leg) -> Iterator[Moment]:
        yield self._moment(leg.exit_at - 20 * HOUR, "plan", leg.number)
        yield self._moment(leg.exit_at - 5 * HOUR, "issue", leg.number)
        if leg.course.is_redated:
            yield self._moment(leg.exit_at - 4 * HOUR, "redate", leg.number)

    def _driven(self, leg: Leg) -> Iterator[Moment]:
        course, left_at = leg.course, leg.left_at
        yield from self._exit_scans(leg)
        if course.border_exit:
            vin = leg.vin if course.border_line_has_vin else ""
            passport = (leg.seen or leg.man).passport
            exit_kind = RecordKind.BORDER_EXIT.value
            yield from self._line(
                leg, exit_kind, left_at + 12 * MINUTE, leg.number, vin=vin, passport=passport
            )
        if course.has_entry_scan:
            yield self._moment(left_at + 70 * MINUTE, "scan", leg.number, place="entry")
        if course.is_detained:
            yield self._moment(left_at + 80 * MINUTE, "detain", leg.number)
        if course.register:
            vin = _slip(leg.vin) if course.register_mistypes else leg.vin
            passport = leg.man.passport if course.register_has_passport else ""
            entry_kind = RecordKind.KZ_ENTRY.value
            yield from self._line(
                leg, entry_kind, left_at + 75 * MINUTE, leg.number, vin=vin, passport=passport
            )
        yield from self._received(leg)
        if course.return_after is not None:
            vin = leg.vin if course.returns_with_vehicle or leg.fault == SAME_NUMBER else ""
            back_at = left_at + course.return_after
            yield from self._line(
                leg, RecordKind.RETURN.value, back_at, leg.number, vin=vin, passport=leg.man.passport
            )

    def _exit_scans(self, leg: Leg) -> Iterator[Moment]:
        course, left_at = leg.course, leg.left_at
        if course.exit_scan == OFFLINE:
            uploaded_at = left_at + course.uploaded_after
            which = 0 if course.is_on_old_sheet else -1
            yield self._offline(leg, left_at, uploaded_at, 30 * MINUTE, which)
        elif course.exit_scan != NEVER:
            yield self._moment(left_at, "scan", leg.number, place="exit")
        if course.is_copied:
            yield self._offline(leg, left_at + 2 * HOUR, left_at + 4 * HOUR, 30 * MINUTE, -1)
        if course.has_old_sheet_copied:
            yield self._offline(leg, left_at + HOUR, left_at + 4 * HOUR, 6 * HOUR, 0)

    def _offline(
        self, leg: Leg, scanned_at: datetime, told_at: datetime, age: timedelta, which: int
    ) -> Moment:
        data = {"place": "exit", "scanned_at": scanned_at, "list_age": age, "which": which}
        return self._moment(told_at, "scan", leg.number, **data)

    def _received(self, leg: Leg) -> Iterator[Moment]:
        course = leg.course
        if course.is_not_taken:
            yield self._moment(leg.left_at + 6 * HOUR, "refuse", leg.number)
        if course.receipt_after is not None:
            yield self._moment(
                leg.left_at + course.receipt_after,
                "receive",
                leg.number,
                is_damaged=course.is_damaged,
                has_other_receiver=course.has_other_receiver,
            )


def _slip(vin: str) -> str:
    """Mistype the last character of a VIN, so that its check digit is wrong."""
    return vin[:-1] + ("8" if vin[-1] != "8" else "3")


def next_hour(at: datetime) -> datetime:
    """Give the hour that begins after a moment."""
    return at.replace(minute=0, second=0, microsecond=0) + HOUR
