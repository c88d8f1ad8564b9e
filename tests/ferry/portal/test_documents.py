"""The documents of a thing, on its page."""

from __future__ import annotations

import pytest
from django.core.files.storage import default_storage
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from ferry.models import Document, Role
from ferry.uploaded import MOST_BYTES
from tests.builders import a_company, a_document, a_licence, a_member, a_picture, a_trip, a_vehicle
from tests.ferry.test_uploaded import a_pdf

pytestmark = pytest.mark.django_db


@pytest.fixture
def vehicle(company):
    return a_vehicle(company)


@pytest.fixture
def add(client):
    """Send files for a vehicle."""

    def add(vehicle, *files, kind="photo", **headers):
        sent = [SimpleUploadedFile(name, content, "text/html") for name, content in files]
        url = reverse("portal:document_keep", args=["vehicle", vehicle.vin])
        return client.post(url, {"kind": kind, "files": sent}, headers=headers)

    return add


def test_several_files_are_kept_at_once_and_shown_on_the_page(client, vehicle, add):
    answer = add(vehicle, ("front.png", a_picture("PNG")), ("发票.pdf", a_pdf()))
    assert answer["Location"] == reverse("portal:vehicle", args=[vehicle.vin])
    shown = client.get(answer["Location"]).content.decode()
    assert "2 documents are added." in shown
    assert "front.jpg" in shown
    assert "发票.pdf" in shown


def test_a_part_of_the_page_is_drawn_again_where_there_is_script(vehicle, add):
    shown = add(vehicle, ("a.jpg", a_picture()), HX_Request="true").content.decode()
    assert "1 document is added." in shown
    assert "a.jpg" in shown
    assert "<html" not in shown


def test_the_good_ones_are_kept_and_the_others_told_by_name(client, vehicle, add):
    answer = add(
        vehicle, ("good.jpg", a_picture()), ("virus.jpg", b"MZ\x90\x00"), ("huge.jpg", bytes(MOST_BYTES + 1))
    )
    shown = client.get(answer["Location"]).content.decode()
    assert "1 document is added." in shown
    assert "virus.jpg: Only photos" in shown
    assert "huge.jpg: A file may have up to 20 MB." in shown
    assert Document.objects.get().name == "good.jpg"


def test_a_script_in_a_name_is_text(client, vehicle, add):
    answer = add(vehicle, ("<img src=x onerror=alert(1)>.txt", b"x"))
    assert "<img src=x" not in client.get(answer["Location"]).content.decode()


@pytest.mark.parametrize("said", [{}, {"kind": "secret"}])
def test_without_files_or_kind_it_says_what_to_choose(client, vehicle, said):
    url = reverse("portal:document_keep", args=["vehicle", vehicle.vin])
    answer = client.post(url, {"kind": "photo", **said}, follow=True)
    assert "Choose" in answer.content.decode()
    assert not Document.objects.exists()


def test_the_same_file_again_says_so(vehicle, add):
    content = a_picture()
    add(vehicle, ("a.jpg", content))
    assert "a.jpg is here already." in add(vehicle, ("a.jpg", content), HX_Request="true").content.decode()
    assert Document.objects.count() == 1


@pytest.mark.parametrize(
    "address",
    [["vehicle", "NOTHING"], ["driver", "x"], ["driver", "9" * 30], ["user", "1"], ["licence", "²"]],
)
def test_what_is_not_there_takes_no_files(client, company, address):
    answer = client.post(reverse("portal:document_keep", args=address), {"kind": "photo"})
    assert answer.status_code == 404


def test_a_picture_is_shown_and_a_pdf_downloaded_and_neither_can_act(client, vehicle):
    picture = a_document(vehicle, name="Счёт 护照.png")
    paper = a_document(vehicle, name="发票.pdf", content=a_pdf())
    shown = client.get(reverse("portal:document", args=[picture.pk]))
    saved = client.get(reverse("portal:document", args=[paper.pk]))
    small = client.get(reverse("portal:document_small", args=[picture.pk]))
    assert shown["Content-Disposition"].startswith("inline; filename*=utf-8''")
    assert saved["Content-Disposition"] == "attachment; filename*=utf-8''%E5%8F%91%E7%A5%A8.pdf"
    assert (shown["Content-Type"], saved["Content-Type"]) == ("image/jpeg", "application/pdf")
    for answer in (shown, saved, small):
        assert answer["X-Content-Type-Options"] == "nosniff"
        assert answer["Content-Security-Policy"] == "default-src 'none'; style-src 'unsafe-inline'; sandbox"
        assert answer["Cache-Control"] == "private, no-store"
    assert saved.content.startswith(b"%PDF-")
    assert client.get(reverse("portal:document_small", args=[paper.pk])).status_code == 404


def test_a_file_that_is_lost_is_not_there(client, vehicle):
    kept = a_document(vehicle)
    default_storage.delete(kept.file.name)
    assert client.get(reverse("portal:document", args=[kept.pk])).status_code == 404


def test_what_is_removed_is_told_but_not_opened(client, vehicle, see, send):
    kept = a_document(vehicle)
    assert send("document_remove", kept.pk).status_code == 302
    shown = see("vehicle", vehicle.vin)
    assert "1 removed document" in shown
    assert reverse("portal:document", args=[kept.pk]) not in shown
    assert client.get(reverse("portal:document", args=[kept.pk])).status_code == 404


def test_a_viewer_opens_a_photo_but_no_persons_paper(client, company, as_viewer, see):
    trip = a_trip(company)
    photo = a_document(trip.vehicle, name="front.jpg")
    papers = [
        a_document(trip.driver, name="ma-jun-e00000001.jpg"),
        a_document(trip, kind="passport", name="ma-jun-e00000001.jpg"),
    ]
    assert client.get(reverse("portal:document", args=[photo.pk])).status_code == 200
    for paper in papers:
        assert client.get(reverse("portal:document", args=[paper.pk])).status_code == 403
        assert client.get(reverse("portal:document_small", args=[paper.pk])).status_code == 403
    shown = see("driver", trip.driver.pk) + see("trip", trip.reference)
    assert shown.count("A person's paper") == 2 or shown.count("A person&#x27;s paper") == 2
    assert "ma-jun" not in shown
    assert "data-upload" not in shown


def test_a_viewer_neither_adds_nor_removes(company, as_viewer, vehicle, add, send):
    kept = a_document(vehicle)
    assert add(vehicle, ("a.jpg", a_picture())).status_code == 403
    assert send("document_remove", kept.pk).status_code == 403
    assert Document.objects.get().removed_at is None


def test_another_company_finds_nothing(client, vehicle, add, send):
    kept = a_document(vehicle)
    client.force_login(a_member(a_company("East Star Trade"), Role.OWNER).user)
    for name in ("document", "document_small"):
        assert client.get(reverse(f"portal:{name}", args=[kept.pk])).status_code == 404
    assert send("document_remove", kept.pk).status_code == 404
    assert add(vehicle, ("a.jpg", a_picture())).status_code == 404
    assert Document.objects.get().removed_at is None


def test_no_address_gives_files_by_their_stored_names(client, vehicle):
    kept = a_document(vehicle)
    for start in ("/media/", "/static/", "/"):
        assert client.get(start + kept.file.name).status_code == 404


def test_pages_take_the_same_few_queries_however_many_documents(company, see, django_assert_max_num_queries):
    trip, licence = a_trip(company), a_licence(company)
    pages = [
        ("vehicle", trip.vehicle.vin, trip.vehicle),
        ("driver", trip.driver.pk, trip.driver),
        ("declaration", trip.declaration.number, trip.declaration),
        ("licence", licence.pk, licence),
        ("trip", trip.reference, trip),
    ]
    for name, key, about in pages:
        a_document(about)
        with django_assert_max_num_queries(40) as first:
            see(name, key)
        for _ in range(3):
            a_document(about)
        with django_assert_max_num_queries(len(first)):
            see(name, key)
