"""Documents that a company keeps with its things."""

from __future__ import annotations

import pytest
from django.core.files.storage import default_storage
from django.db import IntegrityError, transaction

from ferry.actions import documents
from ferry.actions.documents import keep_document, remove_document
from ferry.actions.vehicles import answer_handover, offer_vehicle
from ferry.errors import Conflict, Invalid, NotYours
from ferry.models import Document
from ferry.queries.documents import documents_about
from tests.builders import (
    AT,
    BY,
    a_company,
    a_document,
    a_licence,
    a_petrol_car,
    a_picture,
    a_trip,
    a_vehicle,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def company():
    return a_company()


def stored() -> list[str]:
    folders = default_storage.listdir("documents")[0] if default_storage.exists("documents") else []
    return [name for folder in folders for name in default_storage.listdir(f"documents/{folder}")[1]]


def test_it_keeps_a_file_with_each_kind_of_thing_under_a_name_of_its_own(company):
    trip = a_trip(company)
    for about in (trip, trip.vehicle, trip.driver, trip.declaration, a_licence(company)):
        kept = a_document(about, name="../护照.png")
        assert kept.about == about
        assert kept.name == "护照.jpg"
        assert kept.file.name.startswith(f"documents/{company.pk}/")
        assert "护照" not in kept.file.name
        with kept.file.open() as file:
            assert file.read().startswith(b"\xff\xd8\xff")
        assert kept.size == kept.file.size
        assert (kept.uploaded_at, kept.uploaded_by) == (AT, BY)


def test_the_same_bytes_for_the_same_thing_are_one(company):
    vehicle, content = a_vehicle(company), a_picture()
    said = {"company": company, "kind": "photo", "content": content, "at": AT, "by": BY}
    first, is_new = keep_document(about=vehicle, name="a.jpg", **said)
    again, is_new_again = keep_document(about=vehicle, name="b.jpg", **said)
    assert (is_new, is_new_again, again) == (True, False, first)
    assert len(stored()) == 2
    assert keep_document(about=a_vehicle(company), name="a.jpg", **said)[1]


def test_the_database_holds_one_of_the_same_bytes(company):
    kept = a_document(a_vehicle(company))
    kept.pk = None
    with pytest.raises(IntegrityError), transaction.atomic():
        kept.save()


def test_the_database_holds_that_it_is_about_one_thing(company):
    kept = a_document(a_vehicle(company))
    for about in ({"licence": a_licence(company)}, {"vehicle": None}):
        with pytest.raises(IntegrityError), transaction.atomic():
            Document.objects.filter(pk=kept.pk).update(**about)


def test_what_cannot_be_kept_is_refused_and_leaves_nothing(company):
    vehicle = a_vehicle(company)
    for changes in ({"content": b"<svg/>"}, {"kind": "secret"}):
        with pytest.raises(Invalid):
            a_document(vehicle, **changes)
    assert not Document.objects.exists()
    assert not stored()


def test_a_thing_has_so_many_and_no_more(company, monkeypatch):
    monkeypatch.setattr(documents, "MOST", 2)
    vehicle = a_vehicle(company)
    first = a_document(vehicle)
    a_document(vehicle)
    with pytest.raises(Conflict):
        a_document(vehicle)
    assert Document.objects.count() == 2
    remove_document(document=first, company=company, at=AT, by=BY)
    a_document(vehicle)


def test_what_is_removed_stays_on_record_and_may_come_again(company):
    vehicle, content = a_vehicle(company), a_picture()
    kept = a_document(vehicle, content=content)
    assert remove_document(document=kept, company=company, at=AT, by=BY)
    assert not remove_document(document=kept, company=company, at=AT, by="somebody else")
    kept.refresh_from_db()
    assert (kept.removed_at, kept.removed_by) == (AT, BY)
    assert default_storage.exists(kept.file.name)
    assert a_document(vehicle, content=content) != kept


def test_a_stranger_neither_adds_nor_removes(company):
    stranger, vehicle = a_company("East Star Trade"), a_vehicle(company)
    kept = a_document(vehicle)
    with pytest.raises(NotYours):
        a_document(vehicle, company=stranger)
    with pytest.raises(NotYours):
        remove_document(document=kept, company=stranger, at=AT, by=BY)
    assert Document.objects.get().removed_at is None


def test_a_vehicle_is_handed_over_without_its_papers(company):
    other, vehicle = a_company("East Star Trade"), a_petrol_car(company)
    kept = a_document(vehicle)
    offer = offer_vehicle(vehicle=vehicle, to_company=other, at=AT, by=BY)
    answer_handover(handover=offer, company=other, accept=True, at=AT, by=BY)
    assert list(documents_about(vehicle, company)) == [kept]
    assert not documents_about(vehicle, other).exists()
