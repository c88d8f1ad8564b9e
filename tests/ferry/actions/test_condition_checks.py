"""Condition checks and their photos."""

from __future__ import annotations

import io
import uuid
from decimal import Decimal

import pytest
from django.core.files.storage import default_storage
from django.db import IntegrityError, transaction
from PIL import Image

from ferry.actions import condition_checks
from ferry.actions.condition_checks import keep_check, keep_condition_photo
from ferry.errors import Conflict, Invalid
from ferry.models import ConditionCheck, ConditionPhoto, DamageMark, Stage
from ferry.rules.condition import Looked, Mark
from ferry.uploaded import MOST_BYTES
from tests.builders import (
    AT,
    a_check,
    a_condition_photo,
    a_picture,
    a_picture_of_a_place,
    a_trip,
    an_issued_trip,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def trip():
    return an_issued_trip()


@pytest.fixture
def check(trip) -> ConditionCheck:
    return a_check(trip)


def keep(check: ConditionCheck, content: bytes, **changes):
    usual = {"photo_id": uuid.uuid4(), "taken_at": AT, "at": AT}
    return keep_condition_photo(check=check, content=content, **{**usual, **changes})


def stored(check: ConditionCheck) -> list[str]:
    folder = f"condition/{check.trip_id}"
    return default_storage.listdir(folder)[1] if default_storage.exists(folder) else []


def file_of(photo: ConditionPhoto) -> bytes:
    with photo.file.open() as file:
        return bytes(file.read())


def refusal(check: ConditionCheck, content: bytes, **changes) -> str:
    with pytest.raises((Invalid, Conflict)) as caught:
        keep(check, content, **changes)
    (reason,) = caught.value.reasons
    assert str(reason.detail).endswith(".")
    return reason.code


def test_it_keeps_what_was_found(trip):
    marks = (Mark(1, "left", 450, 580, "scratch"), Mark(4, "top", 1000, 0, "dent"))
    check = a_check(trip, looked=Looked(marks, 31, 80, 2, "clean"))
    check.refresh_from_db()
    assert (check.odometer_km, check.level_percent, check.keys, check.note) == (31, 80, 2, "clean")
    kept = check.marks.order_by("number").values_list("number", "side", "x", "y", "kind")
    assert list(kept) == [(1, "left", 450, 580, "scratch"), (4, "top", 1000, 0, "dent")]
    assert check.driver == trip.driver


def test_the_consignee_looks_without_being_a_driver(trip):
    assert a_check(trip, "receipt", driver=None).driver is None


def test_kept_twice_it_is_one_check_with_its_first_marks(trip):
    said = {"trip": trip, "stage": Stage.PICK_UP, "driver": trip.driver, "checked_at": AT, "at": AT}
    check_id = uuid.uuid4()
    first, is_new = keep_check(check_id=check_id, looked=Looked((Mark(1, "left", 5, 5, "dent"),), 31), **said)
    again, is_new_again = keep_check(check_id=check_id, looked=Looked(odometer_km=99), **said)
    assert (is_new, is_new_again, first) == (True, False, again)
    assert (again.odometer_km, again.marks.count()) == (31, 1)


@pytest.mark.parametrize("stage", [Stage.PICK_UP, Stage.HAND_OVER])
def test_the_number_of_another_trips_check_or_stage_is_refused(check, stage):
    other = a_trip() if stage == Stage.PICK_UP else check.trip
    with pytest.raises(Conflict) as caught:
        a_check(other, stage, check_id=check.check_id)
    assert caught.value.reasons[0].code == "check_id_reused"
    assert ConditionCheck.objects.get() == check
    assert DamageMark.objects.count() == 1


@pytest.mark.parametrize("form", ["JPEG", "PNG", "WEBP", "HEIF"])
def test_a_photo_of_every_kind_becomes_jpeg_and_the_hash_of_what_was_sent_is_kept(check, form):
    import hashlib

    content = a_picture(form, size=(64, 48))
    photo, is_new = keep(check, content, mark_number=1)
    assert is_new
    assert (photo.content_type, photo.mark_number) == ("image/jpeg", 1)
    assert photo.sha256 == hashlib.sha256(content).hexdigest()
    assert photo.file.size == photo.size
    assert len(stored(check)) == 2
    with Image.open(io.BytesIO(file_of(photo))) as picture:
        assert picture.size == (64, 48)


def test_a_photo_of_a_mark_that_is_not_there_is_of_the_whole(check):
    assert keep(check, a_picture(), mark_number=9)[0].mark_number is None


@pytest.mark.parametrize("form", ["JPEG", "HEIF"])
def test_where_it_was_taken_is_kept_only_by_choice_and_never_in_the_file(check, form):
    chosen, _new = keep(check, a_picture_of_a_place(form), with_place=True)
    unchosen, _new = keep(check, a_picture_of_a_place(form))
    assert (chosen.latitude, chosen.longitude) == (Decimal("44.21"), Decimal("80.4"))
    assert (unchosen.latitude, unchosen.longitude) == (None, None)
    for photo in (chosen, unchosen):
        with Image.open(io.BytesIO(file_of(photo))) as picture:
            assert not picture.getexif()


def test_a_picture_that_does_not_say_where_has_no_place(check):
    assert keep(check, a_picture(), with_place=True)[0].latitude is None


def test_the_same_bytes_are_one_photo_of_a_check_and_another_of_another(check):
    content = a_picture()
    first, is_new = keep(check, content)
    again, is_new_again = keep(check, content)
    assert (is_new, is_new_again, again) == (True, False, first)
    assert len(stored(check)) == 2
    assert keep(a_check(check.trip, "hand_over"), content)[1]


def test_the_same_bytes_at_the_same_moment_are_one(check, monkeypatch):
    content = a_picture()
    first, _new = keep(check, content)
    looks = iter([None])
    same = condition_checks._same
    monkeypatch.setattr(condition_checks, "_same", lambda photo: next(looks, same(photo)))
    assert keep(check, content) == (first, False)
    assert len(stored(check)) == 2


def test_the_database_holds_one_of_the_same_bytes(check):
    photo = a_condition_photo(check)
    photo.pk, photo.photo_id = None, uuid.uuid4()
    with pytest.raises(IntegrityError), transaction.atomic():
        photo.save()


def test_the_number_of_another_photo_is_refused(check):
    photo = a_condition_photo(check)
    assert refusal(check, a_picture(), photo_id=photo.photo_id) == "photo_id_reused"
    assert len(stored(check)) == 2


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "file_empty"),
        (b"<svg onload=alert(1)>", "file_type"),
        (b"MZ" + b"\x00" * 99, "file_type"),
        (b"\xff\xd8\xff" + b"junk" * 9, "picture_broken"),
        (b"\xff\xd8\xff" + b"0" * MOST_BYTES, "file_too_large"),
    ],
)
def test_what_is_no_photo_is_refused_and_nothing_is_kept(check, content, code):
    assert refusal(check, content, with_place=True) == code
    assert not ConditionPhoto.objects.exists()
    assert stored(check) == []


def test_a_pdf_is_no_photo(check):
    from tests.ferry.test_uploaded import a_pdf

    assert refusal(check, a_pdf()) == "photo_type"
    assert stored(check) == []


def test_a_photo_of_twenty_megabytes_is_kept(check):
    content = a_picture()
    content += b"\x00" * (MOST_BYTES - len(content))
    assert keep(check, content)[0].size < 100_000


def test_of_a_photo_that_is_something_else_too_only_the_picture_is_kept(check):
    script = b"<script>alert(1)</script>PK\x03\x04"
    photo, _new = keep(check, a_picture(comment=script) + script)
    kept = file_of(photo)
    assert b"script" not in kept
    assert b"PK\x03\x04" not in kept


def test_a_hundred_photos_are_kept_and_no_more(check):
    for _number in range(100):
        a_condition_photo(check)
    assert refusal(check, a_picture()) == "photos_too_many"
    assert check.photos.count() == 100
    assert len(stored(check)) == 200
