"""Packages of proofs, and filings."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import zipfile
from datetime import date, timedelta

import pytest
from openpyxl import load_workbook

from ferry.actions.passes import receipt_pin
from ferry.actions.receipts import confirm_receipt
from ferry.actions.refund import (
    HOLD,
    LOST_AFTER,
    TRIES,
    ask_for_package,
    claim_package,
    make_package,
    mark_filed,
    remove_lost_files,
)
from ferry.errors import Conflict, Invalid
from ferry.models import Declaration, DeclaredVehicle, RefundFiling, RefundPackage, RefundPiece
from ferry.models.refund import FOLDER
from tests.builders import AT, BY, a_vin, an_exited_trip

pytestmark = pytest.mark.django_db
LATER = AT + timedelta(hours=1)


def a_ready_declaration() -> Declaration:
    """Have the one vehicle of a declaration leave and be received, and the declaration refund-ready."""
    trip = an_exited_trip()
    said = {"pin": receipt_pin(trip), "condition": "good", "receiver": "Aidar"}
    confirm_receipt(pass_=trip.passes.get(), **said, at=LATER, by="consignee")
    DeclaredVehicle.objects.filter(declaration=trip.declaration).update(exited_at=AT)
    Declaration.objects.filter(pk=trip.declaration_id).update(
        status="closed", closed_at=LATER, refund_ready_at=LATER
    )
    return Declaration.objects.get(pk=trip.declaration_id)


def asked(declaration, at=LATER):
    return ask_for_package(declaration=declaration, language="en", at=at, by=BY)


def made(declaration, at=LATER) -> RefundPackage:
    asked(declaration, at)
    package = claim_package(at=at)
    assert make_package(package=package, now=lambda: at)
    return RefundPackage.objects.latest("pk")


def opened(package) -> dict[str, bytes]:
    with package.file.open("rb") as file, zipfile.ZipFile(file) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def test_a_package_holds_the_list_the_cover_the_receipts_and_what_checkpoints_did():
    declaration = a_ready_declaration()
    trip = declaration.trips.get()
    package = made(declaration)
    files = opened(package)
    receipt = f"receipts/{trip.vehicle.vin}-{trip.reference}.pdf"
    assert set(files) == {"list.xlsx", "cover.pdf", "scans.csv", "manifest.json", receipt}
    assert files[receipt].startswith(b"%PDF")
    sheet = load_workbook(io.BytesIO(files["list.xlsx"])).active
    assert [sheet["A2"].value, sheet["E2"].value, sheet["H2"].value] == [
        trip.vehicle.vin,
        trip.reference,
        receipt,
    ]
    lines = list(csv.DictReader(io.StringIO(files["scans.csv"].decode("utf-8-sig"))))
    assert [(one["vin"], one["what"]) for one in lines] == [
        (trip.vehicle.vin, "exited"),
        (trip.vehicle.vin, "delivered"),
    ]
    assert (package.state, package.done, package.total) == ("done", 1, 1)


def test_its_manifest_has_the_digest_of_every_other_file():
    files = opened(made(a_ready_declaration()))
    manifest = json.loads(files.pop("manifest.json"))
    assert manifest["sha256"] == {name: hashlib.sha256(it).hexdigest() for name, it in files.items()}


def test_the_same_facts_give_the_same_file():
    declaration = a_ready_declaration()
    first, second = made(declaration), made(declaration, LATER + timedelta(days=40))
    assert (first.sha256, first.size) == (second.sha256, second.size)
    with first.file.open("rb") as one, second.file.open("rb") as other:
        assert one.read() == other.read()


def test_what_has_no_trip_is_listed_too_and_in_order(django_assert_max_num_queries):
    declaration = a_ready_declaration()
    DeclaredVehicle.objects.bulk_create(
        DeclaredVehicle(declaration=declaration, vin=a_vin(), exited_at=AT) for _ in range(450)
    )
    with django_assert_max_num_queries(220):
        files = opened(made(declaration))
    rows = [row[0].value for row in load_workbook(io.BytesIO(files["list.xlsx"])).active.rows][1:]
    assert len(rows) == 451
    assert rows == sorted(rows)


def test_asking_twice_makes_one():
    declaration = a_ready_declaration()
    assert [asked(declaration)[1], asked(declaration)[1]] == [True, False]
    assert RefundPackage.objects.count() == 1


def test_one_that_is_not_ready_gets_none():
    declaration = an_exited_trip().declaration
    with pytest.raises(Conflict):
        asked(declaration)
    with pytest.raises(Conflict):
        mark_filed(declaration=declaration, filed_on=date(2026, 11, 22), at=AT, by=BY)
    assert not RefundPackage.objects.exists()
    assert not RefundFiling.objects.exists()


def test_one_worker_holds_it_and_a_dead_one_loses_it():
    asked(a_ready_declaration())
    first = claim_package(at=LATER)
    assert claim_package(at=LATER) is None
    afterwards = LATER + HOLD + timedelta(seconds=1)
    second = claim_package(at=afterwards)
    assert not make_package(package=first, now=lambda: afterwards)
    assert make_package(package=second, now=lambda: afterwards)
    assert RefundPackage.objects.get().state == "done"


@pytest.fixture
def three(monkeypatch) -> Declaration:
    """Have a declaration of three vehicles whose package is made one by one."""
    monkeypatch.setattr("ferry.queries.refund.CHUNK", 1)
    declaration = a_ready_declaration()
    others = (DeclaredVehicle(declaration=declaration, vin=a_vin(), exited_at=AT) for _ in range(2))
    DeclaredVehicle.objects.bulk_create(others)
    return declaration


def started(declaration) -> RefundPackage:
    """Ask for a package, and let a worker make its first piece."""
    asked(declaration)
    assert not make_package(package=claim_package(at=LATER), now=lambda: LATER, is_time_up=lambda: True)
    return RefundPackage.objects.latest("pk")


def test_the_next_worker_goes_on_where_the_last_one_stopped(three):
    whole = made(three)
    package = started(three)
    assert (package.state, package.done, package.total, package.tries) == ("waiting", 1, 3, 0)
    (first,) = package.pieces.all()
    assert make_package(package=claim_package(at=LATER), now=lambda: LATER)
    package.refresh_from_db()
    assert (package.state, package.done) == ("done", 3)
    assert (package.sha256, package.size) == (whole.sha256, whole.size)
    assert not RefundPiece.objects.exists()
    assert not first.file.storage.exists(first.file.name)


def test_a_worker_that_dies_while_it_draws_loses_no_piece(three, monkeypatch):
    package = started(three)
    with monkeypatch.context() as broken:
        broken.setattr("ferry.actions.refund.write_piece", die)
        with pytest.raises(MemoryError):
            make_package(package=claim_package(at=LATER), now=lambda: LATER)
    assert claim_package(at=LATER) is None
    afterwards = LATER + HOLD + timedelta(seconds=1)
    assert make_package(package=claim_package(at=afterwards), now=lambda: afterwards)
    package.refresh_from_db()
    assert (package.state, package.done, len(opened(package))) == ("done", 3, 5)


def die(*_args, **_said):
    raise MemoryError


def test_what_was_taken_over_keeps_nothing_of_the_worker_that_was_slow(three):
    asked(three)
    slow = claim_package(at=LATER)
    afterwards = LATER + HOLD + timedelta(seconds=1)
    quick = claim_package(at=afterwards)
    assert not make_package(package=slow, now=lambda: afterwards)
    assert not RefundPiece.objects.exists()
    assert make_package(package=quick, now=lambda: afterwards)


def test_it_begins_anew_where_a_vehicle_was_declared_since(three):
    package = started(three)
    first = package.pieces.get()
    DeclaredVehicle.objects.create(declaration=three, vin="0" * 17, exited_at=AT)
    assert not make_package(package=claim_package(at=LATER), now=lambda: LATER)
    package.refresh_from_db()
    assert (package.state, package.done, package.total, package.pieces.count()) == ("waiting", 0, 4, 0)
    assert not first.file.storage.exists(first.file.name)
    assert make_package(package=claim_package(at=LATER), now=lambda: LATER)


def test_pieces_of_what_failed_are_removed(three):
    package = started(three)
    RefundPackage.objects.filter(pk=package.pk).update(tries=TRIES)
    assert claim_package(at=LATER) is None
    assert RefundPackage.objects.get().state == "failed"
    assert not RefundPiece.objects.exists()


def test_a_file_whose_worker_died_before_its_row_is_removed_after_a_day(three, monkeypatch):
    package = started(three)
    with monkeypatch.context() as killed:
        killed.setattr("ferry.actions.refund._say", die)
        with pytest.raises(MemoryError):
            make_package(package=claim_package(at=LATER), now=lambda: LATER)
    piece = package.pieces.get()
    storage = piece.file.storage
    [written] = {f"{FOLDER}/{name}" for name in storage.listdir(FOLDER)[1]} - {piece.file.name}
    moment = storage.get_modified_time(written)
    assert not remove_lost_files(at=moment + LOST_AFTER)
    assert storage.exists(written)
    assert remove_lost_files(at=moment + LOST_AFTER + timedelta(minutes=1)) == 1
    assert not storage.exists(written)
    assert storage.exists(piece.file.name)
    assert not remove_lost_files(at=moment + 2 * LOST_AFTER)


def test_what_was_made_is_no_lost_file(three):
    package = made(three)
    moment = package.file.storage.get_modified_time(package.file.name)
    assert not remove_lost_files(at=moment + 2 * LOST_AFTER)
    assert opened(package)


def test_nothing_is_lost_where_nothing_was_made(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path
    assert not remove_lost_files(at=LATER)


def test_it_fails_after_some_tries():
    asked(a_ready_declaration())
    for number in range(TRIES + 1):
        claim_package(at=LATER + (HOLD + timedelta(seconds=1)) * number)
    assert RefundPackage.objects.get().state == "failed"


def test_it_is_marked_as_filed_once():
    declaration = a_ready_declaration()
    said = {"declaration": declaration, "filed_on": date(2026, 11, 22), "at": LATER, "by": BY}
    mark_filed(**said, reference="T-1")
    with pytest.raises(Conflict):
        mark_filed(**said, reference="T-2")
    assert RefundFiling.objects.get().reference == "T-1"


def test_it_is_not_filed_tomorrow():
    declaration = a_ready_declaration()
    with pytest.raises(Invalid):
        mark_filed(declaration=declaration, filed_on=date(2026, 11, 23), at=LATER, by=BY)
    assert not RefundFiling.objects.exists()
