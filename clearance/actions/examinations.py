"""Examine a vehicle: compare, keep photos, decide."""

from __future__ import annotations

import hashlib
import uuid
from typing import TYPE_CHECKING

from django.core.files.base import ContentFile
from django.db import transaction
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from clearance.actions.chain import chain_examinations
from clearance.actions.scans import cross, passing_kind, place_of
from clearance.models import Act, Compared, Comparison, Examination, ExaminationOutcome, Photo, Verdict
from clearance.queries.examinations import checklist_of, examination_in_full, latest_compared
from clearance.queries.scans import (
    Asked,
    checkpoints_of,
    facts_about,
    lock_trips,
    open_examination,
    read_subjects,
)
from clearance.rules.checklist import answers_with, objections_to
from clearance.rules.compare import as_read, plain_plate
from clearance.rules.verdict import judge
from ferry.actions.crossings import Crossings
from ferry.actions.moves import note_event
from ferry.errors import Conflict, Invalid, NotYours, Reason
from ferry.models import EventKind, Trip
from ferry.reasons import in_words
from ferry.uploaded import ENDINGS, Cleaned, clean

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from clearance.models import Scan
    from ferry.models import Pass, User


#: Photos of one examination.
MOST_PHOTOS = 10


def decide_examination(
    *,
    scan: Scan,
    outcome: str,
    note: str = "",
    checklist: Mapping[str, str] | None = None,
    officer: User,
    at: datetime,
    by: str,
) -> Examination:
    """End the examination a scan waits for: released lets the vehicle through, detained keeps it.

    `checklist` is an Answer by item; what its reason demands must be answered before a release. Then the code
    is judged again, as of the scan: what was revoked meanwhile does not go.
    """
    if outcome not in ExaminationOutcome.values:
        raise Invalid(Reason("outcome_unknown", _("Choose released or detained."), "outcome"))
    pass_ = _pass_here(scan, officer)
    with transaction.atomic():
        examination = _undecided(scan, pass_)
        compared = latest_compared(examination)
        answers = answers_with(checklist or {}, compared)
        against = objections_to(
            outcome,
            checklist=checklist_of(examination_in_full(examination)),
            answers=answers,
            compared=compared,
            note=note,
        )
        if against:
            raise Invalid(*against)
        examination.outcome, examination.note, examination.checklist = outcome, note, answers
        examination.decided_at, examination.officer = at, officer
        if outcome == ExaminationOutcome.RELEASED:
            _release(examination, pass_, at)
        else:
            # What is held at the entry will not be delivered: its trip is looked at now.
            Trip.objects.filter(pk=pass_.trip_id).update(next_check_at=at)
        examination.save()
        _note(examination, at, by)
        chain_examinations(examinations=[examination], act=Act.EXAMINED, at=at, by=by)
    return examination


def compare(
    *, scan: Scan, what: str, text: str, by_camera: bool = False, officer: User, at: datetime
) -> Comparison:
    """Compare the VIN or the plate read on the vehicle with the pass, and keep what was read."""
    pass_ = _pass_here(scan, officer)
    expected = _expected(what, pass_)
    read = as_read(what, text, expected)
    if not read:
        raise Invalid(
            Reason("nothing_read", _("Type it as it stands on the vehicle, or read it again."), what)
        )
    with transaction.atomic():
        return Comparison.objects.create(
            examination=_undecided(scan, pass_),
            what=what,
            read=read,
            expected=expected,
            is_same=read == expected,
            by_camera=by_camera,
            compared_at=at,
            officer=officer,
        )


def keep_photo(*, scan: Scan, content: bytes, officer: User, at: datetime) -> tuple[Photo, bool]:
    """Keep a photo with the examination a scan waits for; False if the same bytes are there already."""
    pass_ = _pass_here(scan, officer)
    _undecided(scan, pass_)
    cleaned = clean(content)
    if not cleaned.thumbnail:
        raise Invalid(Reason("photo_type", _("Only photos belong here (JPEG, PNG, HEIC)."), "photos"))
    photo = Photo(
        content_type=cleaned.content_type,
        size=len(cleaned.content),
        sha256=hashlib.sha256(content).hexdigest(),
        added_at=at,
        officer=officer,
    )
    _store(photo, cleaned)
    try:
        kept = _keep(photo, scan, pass_)
    except Conflict:
        _discard(photo)
        raise
    if kept != photo:
        _discard(photo)
    return kept, kept == photo


def _keep(photo: Photo, scan: Scan, pass_: Pass) -> Photo:
    """Save the row, or give the one with the same content."""
    with transaction.atomic():
        photo.examination = _undecided(scan, pass_)
        kept = photo.examination.photos
        same = kept.filter(sha256=photo.sha256).first()
        if same is not None:
            return same
        if kept.count() >= MOST_PHOTOS:
            raise Conflict(TOO_MANY_PHOTOS)
        photo.save()
    return photo


def _discard(photo: Photo) -> None:
    for file in (photo.file, photo.thumbnail):
        file.delete(save=False)


def _store(photo: Photo, cleaned: Cleaned) -> None:
    """Write the files under names of our own, before the row that names them."""
    name = f"examinations/{uuid.uuid4().hex}"
    photo.file.save(f"{name}{ENDINGS[cleaned.content_type]}", ContentFile(cleaned.content), save=False)
    photo.thumbnail.save(f"{name}-small.jpg", ContentFile(cleaned.thumbnail), save=False)


def _pass_here(scan: Scan, officer: User) -> Pass:
    """Give the pass of a scan at a checkpoint where the officer works."""
    if scan.pass_used is None or scan.checkpoint_id not in checkpoints_of(officer):
        raise NotYours(NOT_HERE)
    return scan.pass_used


def _undecided(scan: Scan, pass_: Pass) -> Examination:
    """Lock the trip and give the examination that waits, or raise."""
    with transaction.atomic():
        lock_trips([pass_.pass_id])
        examination = open_examination(scan)
    if examination is None:
        raise NotYours(NOT_HERE)
    if examination.outcome:
        raise Conflict(DECIDED)
    return examination


def _expected(what: str, pass_: Pass) -> str:
    if what not in Compared.values:
        raise Invalid(Reason("compared_unknown", _("Compare the VIN or the plate."), "what"))
    if what == Compared.VIN:
        return pass_.vin
    plate = plain_plate(pass_.trip.vehicle.plate)
    if not plate:
        detail = _(
            "The company has told no plate of this vehicle. Compare the VIN, and write the plate down."
        )
        raise Invalid(Reason("plate_unknown", detail, what))
    return plate


NOT_HERE = Reason("not_found", _("No examination of yours waits on this scan. Scan the code again."))
DECIDED = Reason("examination_decided", _("This examination is decided already. It says by whom and how."))
TOO_MANY_PHOTOS = Reason(
    "photos_too_many",
    format_lazy(_("Up to {most} photos are kept with an examination."), most=MOST_PHOTOS),
    "photos",
)


def _release(examination: Examination, pass_: Pass, at: datetime) -> None:
    scan = examination.scan
    subject = read_subjects([Asked(scan.scan_id, pass_.pass_id, scan.checkpoint_id)], at=at)[0]
    judgement = judge(facts_about(subject, checkpoint=scan.checkpoint, moment=scan.scanned_at))
    if judgement.verdict == Verdict.REFUSE:
        kept = [{"code": told.code, "params": told.params} for told in judgement.reasons]
        raise Conflict(*in_words(kept))
    scan.passed_at = at
    scan.save(update_fields=["passed_at"])
    crossings = Crossings()
    cross(crossings, subject, at)
    crossings.write(at=at)


def _note(examination: Examination, at: datetime, by: str) -> None:
    """Write the outcome down for the company; the officer's note stays with the examination."""
    scan, trip = examination.scan, examination.scan.trip
    assert trip is not None  # noqa: S101  (only a known pass is examined)
    place = place_of(scan)
    data = {**place, "outcome": examination.outcome}
    note_event(trip=trip, kind=EventKind.EXAMINED, at=at, by=by, data=data)
    if examination.outcome == ExaminationOutcome.RELEASED:
        note_event(trip=trip, kind=passing_kind(scan.crossing), at=at, by=by, data=place)
