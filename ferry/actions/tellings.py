"""Take what a driver tells from his phone: once, in his own time, and with its answer."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from django.db import IntegrityError, transaction
from django.utils.translation import gettext_lazy as _

from ferry.actions.condition_checks import keep_check, keep_condition_photo, prepare_photo
from ferry.actions.documents import keep_document
from ferry.actions.moves import note_event
from ferry.actions.passes import lock_trip
from ferry.actions.trips import driver_back
from ferry.errors import Conflict, Invalid, NotYours, Reason, Refused
from ferry.models import (
    ConditionCheck,
    DocumentKind,
    EventKind,
    Pass,
    Stage,
    Telling,
    ToldKind,
    TripState,
)
from ferry.queries.condition_checks import TAKEN, check_at, kinds_told
from ferry.rules.condition import Looked, new_marks
from ferry.rules.tellings import BEFORE_THE_CODE, MAY_BE_TOLD, Moment, put_right

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime
    from uuid import UUID

    from ferry.models import Driver, Trip
    from ferry.uploaded import Cleaned

#: Clocks of phones and minutes of forms differ by more than nothing.
SLACK = timedelta(minutes=5)


@dataclass(frozen=True)
class Back:
    """A driver is back in China; `at` is when, where he said another time than that of telling it."""

    at: datetime | None = None


@dataclass(frozen=True)
class Shot:
    """A photo of what was told as `about`: of a check (and perhaps a mark of it), or of a return's stamp."""

    about: UUID
    content: bytes
    mark_number: int | None = None
    with_place: bool = False


@dataclass(frozen=True)
class Word:
    """One thing told, as it came: `digest` is of its content, both times are by the phone's clock."""

    telling_id: UUID
    kind: str
    content: Looked | Back | Shot
    digest: str
    told_at: datetime
    sent_at: datetime | None = None


def take_telling(*, driver: Driver, trip: Trip, word: Word, at: datetime) -> tuple[Telling, bool]:
    """Take a driver's word of a trip, once; False if it was taken before, and then its answer is that one.

    Refused for what it says, it is kept as well, with the reasons in its answer. Raises Conflict where
    another word has its id.
    """
    kept = _kept(driver, word)
    if kept is not None:
        return kept, False
    prepared = _prepared(word)
    try:
        with transaction.atomic():
            telling = _claim(driver, trip, word, at)
            moment = _moment(driver, trip, word, at)
            telling.told_at, telling.answer = moment.at, _answer(driver, trip, word, prepared, moment, at)
            telling.save(update_fields=["told_at", "answer"])
    except IntegrityError:
        # Sent twice at the same moment: the other one is taken.
        kept = _kept(driver, word)
        if kept is None:
            raise
        return kept, False
    return telling, True


def objection(*, driver: Driver, trip: Trip, kind: str) -> Reason | None:
    """Say what stands against telling something now, as far as it can be known before it is told."""
    if trip.driver_id != driver.pk:
        return TAKEN_AWAY
    is_back = kind == ToldKind.BACK and trip.driver_returned_at is not None
    if is_back or kind in kinds_told(trip, driver):
        return TOLD
    if kind in MAY_BE_TOLD and trip.state not in MAY_BE_TOLD[kind]:
        return NO_CODE if trip.state == TripState.PLANNED else TRIP_ENDED
    return None


def _kept(driver: Driver, word: Word) -> Telling | None:
    kept = Telling.objects.filter(telling_id=word.telling_id).first()
    if kept is not None and (kept.driver_id, kept.digest) != (driver.pk, word.digest):
        raise Conflict(REUSED)
    return kept


def _prepared(word: Word) -> Cleaned | Refused | None:
    """Decode a photo before anything is locked: it takes a while."""
    if not isinstance(word.content, Shot):
        return None
    try:
        return prepare_photo(word.content.content)
    except Refused as refused:
        return refused


def _claim(driver: Driver, trip: Trip, word: Word, at: datetime) -> Telling:
    return Telling.objects.create(
        telling_id=word.telling_id,
        driver=driver,
        trip=trip,
        kind=word.kind,
        digest=word.digest,
        told_at=word.told_at,
        recorded_at=at,
    )


def _moment(driver: Driver, trip: Trip, word: Word, at: datetime) -> Moment:
    first = Pass.objects.filter(trip=trip, driver=driver).order_by("issued_at").first()
    began = first.issued_at if first else trip.created_at
    return put_right(word.told_at, word.sent_at, not_before=began - BEFORE_THE_CODE, now=at)


def _answer(
    driver: Driver,
    trip: Trip,
    word: Word,
    prepared: Cleaned | Refused | None,
    moment: Moment,
    at: datetime,
) -> dict[str, Any]:
    """Do what the word says, wholly or not at all, and say what came of it."""
    try:
        with transaction.atomic():
            if isinstance(prepared, Refused):
                raise prepared
            _take(driver, lock_trip(trip), word, prepared, moment, at)
    except Refused as refused:
        errors = [
            {"code": reason.code, "detail": str(reason.detail), "attr": reason.attr}
            for reason in refused.reasons
        ]
        return {"status": _status(refused), "errors": errors}
    return {"status": TAKEN, "clock": "wrong" if moment.phone_at else "right"}


def _status(refused: Refused) -> int:
    if isinstance(refused, Invalid):
        return 400
    return 404 if isinstance(refused, NotYours) else 409


def _take(
    driver: Driver, trip: Trip, word: Word, prepared: Cleaned | None, moment: Moment, at: datetime
) -> None:
    content = word.content
    if isinstance(content, Shot):
        assert prepared is not None  # noqa: S101  (a photo is prepared or refused)
        return _take_photo(driver, trip, word.telling_id, content, prepared, moment, at)
    _refuse_anothers(driver, trip, word.kind, moment)
    if isinstance(content, Back):
        return _bring_back(driver, trip, content, moment, at)
    return _take_check(driver, trip, word, content, moment, at)


def _refuse_anothers(driver: Driver, trip: Trip, kind: str, moment: Moment) -> None:
    """Refuse a word of a trip that was given to another; he may have picked the car up before that."""
    if trip.driver_id == driver.pk:
        return
    while_his = Pass.objects.filter(trip=trip, driver=driver, issued_at__lte=moment.at + BEFORE_THE_CODE)
    if kind == ToldKind.PICKED_UP and while_his.filter(ended_at__gt=moment.at).exists():
        return
    raise Conflict(TAKEN_AWAY)


def _take_check(driver: Driver, trip: Trip, word: Word, looked: Looked, moment: Moment, at: datetime) -> None:
    if trip.state not in MAY_BE_TOLD[word.kind]:
        raise Conflict(NO_CODE if trip.state == TripState.PLANNED else TRIP_ENDED)
    if word.kind in kinds_told(trip, driver):
        raise Conflict(TOLD)
    stage, event = STAGES[word.kind]
    earlier = check_at(trip, Stage.PICK_UP) if stage == Stage.HAND_OVER else None
    check, _is_new = keep_check(
        trip=trip,
        stage=stage,
        driver=driver,
        check_id=word.telling_id,
        looked=looked,
        checked_at=moment.at,
        at=at,
    )
    data = {"check": str(check.check_id), "marks": len(looked.marks), **_clocks(moment)}
    if earlier is not None:
        data["new_marks"] = len(new_marks(earlier.marks.all(), looked.marks))
    note_event(trip=trip, kind=event, at=at, by=_by(driver), occurred_at=moment.at, data=data)


def _bring_back(driver: Driver, trip: Trip, back: Back, moment: Moment, at: datetime) -> None:
    if back.at is not None and back.at > at + SLACK:
        raise Invalid(IN_FUTURE)
    occurred_at = min(back.at, at) if back.at else moment.at
    driver_back(trip=trip, occurred_at=occurred_at, at=at, by=_by(driver))


def _take_photo(
    driver: Driver,
    trip: Trip,
    photo_id: UUID,
    shot: Shot,
    prepared: Cleaned,
    moment: Moment,
    at: datetime,
) -> None:
    check = ConditionCheck.objects.filter(check_id=shot.about, trip=trip, driver=driver).first()
    if check is not None:
        keep_condition_photo(
            check=check,
            photo_id=photo_id,
            content=shot.content,
            prepared=prepared,
            mark_number=shot.mark_number,
            with_place=shot.with_place,
            taken_at=moment.at,
            at=at,
        )
        return
    told = Telling.objects.filter(telling_id=shot.about, trip=trip, driver=driver, kind=ToldKind.BACK)
    if not told.filter(answer__status=TAKEN).exists():
        raise Conflict(ABOUT_NOTHING)
    # A stamp is on a page of his passport: whoever may open that, may open this.
    keep_document(
        company=trip.company,
        about=trip,
        kind=DocumentKind.PASSPORT,
        name=f"stamp-{moment.at:%Y-%m-%d}.jpg",
        content=shot.content,
        at=at,
        by=_by(driver),
    )


def _clocks(moment: Moment) -> dict[str, str]:
    """Keep what the phone said beside the time that was taken instead."""
    return {"phone_at": moment.phone_at.isoformat()} if moment.phone_at else {}


def _by(driver: Driver) -> str:
    return f"driver {driver.name}"


STAGES: Mapping[str, tuple[Stage, EventKind]] = {
    ToldKind.PICKED_UP: (Stage.PICK_UP, EventKind.PICKED_UP),
    ToldKind.HANDED_OVER: (Stage.HAND_OVER, EventKind.HANDED_OVER),
}

REUSED = Reason(
    "telling_id_reused", _("Something else was told under this number. Open the page and tell it again.")
)
TAKEN_AWAY = Reason(
    "trip_taken_away",
    _("This trip was given to another driver. Do not drive; leave the keys and call the company."),
)
NO_CODE = Reason(
    "trip_not_ready",
    _("There is no code for this trip now. Do not take the car to the gate; call the company."),
)
TRIP_ENDED = Reason("trip_ended", _("This trip has ended. Call the company if you have the car."))
TOLD = Reason("told_already", _("You have told this already. There is nothing more to do."))
IN_FUTURE = Reason("in_future", _("This time is still to come. Say when you were back."), "back_at")
ABOUT_NOTHING = Reason(
    "photo_about_nothing",
    _("What this photo belongs to was not taken. Tell that again, with the photo."),
    "photo",
)
