"""Keep what a vehicle looked like when it changed hands, with its photos."""

from __future__ import annotations

import hashlib
import uuid
from typing import TYPE_CHECKING

from django.core.files.base import ContentFile
from django.db import transaction
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from ferry.errors import Conflict, Invalid, Reason
from ferry.models import ConditionCheck, ConditionPhoto, DamageMark
from ferry.uploaded import ENDINGS, JPEG, Cleaned, clean, place_in

if TYPE_CHECKING:
    from datetime import datetime

    from ferry.models import Driver, Stage, Trip
    from ferry.rules.condition import Looked

#: Photos of one check.
MOST_PHOTOS = 100


def keep_check(
    *,
    trip: Trip,
    stage: Stage,
    driver: Driver | None,
    check_id: uuid.UUID,
    looked: Looked,
    checked_at: datetime,
    at: datetime,
) -> tuple[ConditionCheck, bool]:
    """Keep one look at a vehicle; False if it is kept already.

    `driver` is None where the consignee looked. Who keeps a check notes the event that it belongs to.
    """
    with transaction.atomic():
        check, is_new = ConditionCheck.objects.get_or_create(
            check_id=check_id,
            defaults={
                "trip": trip,
                "stage": stage,
                "driver": driver,
                "odometer_km": looked.odometer_km,
                "level_percent": looked.level_percent,
                "keys": looked.keys,
                "note": looked.note,
                "checked_at": checked_at,
                "recorded_at": at,
            },
        )
        if not is_new and (check.trip_id, check.stage) != (trip.pk, stage):
            raise Conflict(ANOTHER_CHECK)
        if is_new:
            DamageMark.objects.bulk_create(
                DamageMark(
                    check_made=check,
                    number=mark.number,
                    side=mark.side,
                    x=mark.x,
                    y=mark.y,
                    kind=mark.kind,
                )
                for mark in looked.marks
            )
    return check, is_new


def prepare_photo(content: bytes) -> Cleaned:
    """Make of what was sent a photo to keep, or raise Invalid; whoever holds locks does this before."""
    cleaned = clean(content)
    if cleaned.content_type != JPEG:
        raise Invalid(Reason("photo_type", _("Only photos belong here (JPEG, PNG, HEIC)."), "photo"))
    return cleaned


def keep_condition_photo(
    *,
    check: ConditionCheck,
    photo_id: uuid.UUID,
    content: bytes,
    prepared: Cleaned | None = None,
    mark_number: int | None = None,
    with_place: bool = False,
    taken_at: datetime,
    at: datetime,
) -> tuple[ConditionPhoto, bool]:
    """Keep a photo of a check; False if the check has the same bytes already.

    Where it was taken is kept only if its sender chose so and the picture says it.
    """
    photo = _photo(check, photo_id, content, mark_number, taken_at, at)
    same = _same(photo)
    if same is not None:
        return same, False
    cleaned = prepared or prepare_photo(content)
    photo.content_type, photo.size = cleaned.content_type, len(cleaned.content)
    place = place_in(content) if with_place else None
    if place is not None:
        photo.latitude, photo.longitude = place
    _store(photo, cleaned)
    try:
        kept = _keep(photo)
    except BaseException:
        _discard(photo)
        raise
    if kept is not photo:
        _discard(photo)
    return kept, kept is photo


def _photo(
    check: ConditionCheck,
    photo_id: uuid.UUID,
    content: bytes,
    mark_number: int | None,
    taken_at: datetime,
    at: datetime,
) -> ConditionPhoto:
    shows = mark_number is not None and check.marks.filter(number=mark_number).exists()
    return ConditionPhoto(
        photo_id=photo_id,
        check_made=check,
        mark_number=mark_number if shows else None,
        sha256=hashlib.sha256(content).hexdigest(),
        taken_at=taken_at,
        recorded_at=at,
    )


def _same(photo: ConditionPhoto) -> ConditionPhoto | None:
    return ConditionPhoto.objects.filter(check_made=photo.check_made, sha256=photo.sha256).first()


def _keep(photo: ConditionPhoto) -> ConditionPhoto:
    """Save the row, or give the one with the same content; one photo of a check at a time."""
    with transaction.atomic():
        ConditionCheck.objects.select_for_update().get(pk=photo.check_made_id)
        same = _same(photo)
        if same is not None:
            return same
        if ConditionPhoto.objects.filter(photo_id=photo.photo_id).exists():
            raise Conflict(ANOTHER_PHOTO)
        if ConditionPhoto.objects.filter(check_made=photo.check_made_id).count() >= MOST_PHOTOS:
            raise Conflict(TOO_MANY_PHOTOS)
        photo.save()
    return photo


def _store(photo: ConditionPhoto, cleaned: Cleaned) -> None:
    """Write the files under names of our own, before the row that names them."""
    name = f"condition/{photo.check_made.trip_id}/{uuid.uuid4().hex}"
    photo.file.save(f"{name}{ENDINGS[cleaned.content_type]}", ContentFile(cleaned.content), save=False)
    photo.thumbnail.save(f"{name}-small.jpg", ContentFile(cleaned.thumbnail), save=False)


def _discard(photo: ConditionPhoto) -> None:
    for file in (photo.file, photo.thumbnail):
        if file:
            file.delete(save=False)


ANOTHER_CHECK = Reason("check_id_reused", _("This check is kept already for another trip. Start it again."))
ANOTHER_PHOTO = Reason(
    "photo_id_reused", _("Another photo has this number. Choose the photo again."), "photo"
)
TOO_MANY_PHOTOS = Reason(
    "photos_too_many",
    format_lazy(_("There are {most} photos of this check already; no more are kept."), most=MOST_PHOTOS),
    "photo",
)
