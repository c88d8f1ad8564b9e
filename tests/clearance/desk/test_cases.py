"""Cases on customs' desk: listed by checkpoint, worked on, written off, many at once."""

from __future__ import annotations

import re
import uuid

import pytest
from django.conf import settings as django_settings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from clearance.actions.bulk import work_desk_job
from clearance.models import Act, Duty, Posting
from clearance.models.chain import ChainLink
from ferry.actions.case_work import attach_to_case, comment_case
from ferry.actions.cases import open_case
from ferry.models import BulkJob, CaseKind, CaseLevel, CaseState, Party, StepKind, Trip, Weight
from ferry.queries.cases import still_inside
from tests.builders import (
    AT,
    BY,
    a_checkpoint,
    a_company,
    a_declaration,
    a_member,
    a_picture,
    a_route,
    a_trip,
    a_vehicle,
    an_officer,
)
from tests.ferry.actions.test_case_steps import a_case, kinds
from tests.pdf import pages

pytestmark = pytest.mark.django_db


@pytest.fixture
def case():
    return a_case(a_trip(a_company("Silk Road Cars")), CaseKind.EXIT_NO_DELIVERY)


def found(client, **asked) -> list[int]:
    page = client.get(reverse("desk:cases"), asked).content.decode()
    return [int(pk) for pk in re.findall(r'name="row" value="(\d+)"', page)]


def act(client, case, act, **said):
    return client.post(reverse("desk:case_act", args=[case.pk, act]), said)


def test_it_is_found_by_its_company_and_who_has_it(client, supervisor, case):
    other = a_case(a_trip(a_company("East Star Trade")))
    a_case(a_trip(route=a_route("DULATA-KALZHAT")))
    assert found(client) == [case.pk, other.pk] or found(client) == [other.pk, case.pk]
    assert found(client, q="silk road") == [case.pk]
    act(client, case, "assign", to=supervisor.pk)
    assert found(client, given="me") == [case.pk]
    assert found(client, given="nobody") == [other.pk]
    case.refresh_from_db()
    assert (case.officer, case.assigned_to) == (supervisor, None)


def test_the_list_keeps_its_checkpoint_whatever_is_taken_away(client, supervisor, case):
    entry = a_checkpoint("KZ-NURZHOLY")
    Posting.objects.create(user=supervisor, checkpoint=entry, duty=Duty.SUPERVISOR)
    shown = client.get(reverse("desk:cases"), {"place": entry.code, "given": "nobody"}).content.decode()
    queue = re.search(r'<a href="([^"]*)" data-queue="nobody" aria-current="true"', shown)
    assert queue
    assert f"place={entry.code}" in queue[1]
    assert f'class="fm-clear" href="?place={entry.code}"' in shown
    assert f'class="fm-chip">Checkpoint: {entry.name}</span>' in shown


def test_a_checkpoint_without_cases_has_nothing_to_take_away(client, supervisor):
    shown = client.get(reverse("desk:cases")).content.decode()
    assert "No open cases" in shown
    assert "Clear all" not in shown


def test_a_case_of_a_declaration_names_the_vehicles_without_an_exit(client, supervisor):
    trip = a_trip()
    left, waiting, unplanned = trip.vehicle.vin, "LGXCE4CB8S0123456", "LATPAB071W1005301"
    declaration = a_declaration(trip.company, [left, waiting, unplanned])
    declaration.declared_vehicles.filter(vin=left).update(exited_at=AT)
    second = a_trip(trip.company, vehicle=a_vehicle(trip.company, vin=waiting), declaration=declaration)
    opened = open_case(
        declaration=declaration,
        kind=CaseKind.QUANTITY_DIFFERS,
        weight=Weight.HIGH,
        facts={"declared": 3, "out": 1},
        at=AT,
        by=BY,
    )
    shown = client.get(reverse("desk:case", args=[opened.pk])).content.decode()
    assert reverse("desk:trip", args=[second.reference]) in shown
    assert "no trip yet" in shown
    inside = still_inside(opened)
    assert (inside.shown, inside.left_off) == ([(unplanned, ""), (waiting, second.reference)], 0)


def test_it_is_worked_on_and_the_company_is_kept_out_of_what_is_internal(client, supervisor, case):
    comment_case(case=case, text="ours alone", is_internal=True, party=Party.COMPANY, at=AT, by=BY)
    act(client, case, "comment", text="Look at their scans.", is_internal="on")
    act(client, case, "enquire")
    file = SimpleUploadedFile("scan.jpg", a_picture(), "image/jpeg")
    act(client, case, "attach", evidence=file)
    act(client, case, "letter", to="company")
    shown = client.get(reverse("desk:case", args=[case.pk])).content.decode()
    assert "Look at their scans." in shown
    assert "ours alone" not in shown
    case.refresh_from_db()
    assert case.level == CaseLevel.ENQUIRY
    assert kinds(case)[2:] == [
        StepKind.COMMENTED,
        StepKind.ENQUIRED,
        StepKind.ATTACHED,
        StepKind.LETTER,
    ]
    for document in case.documents.all():
        address = reverse("desk:case_file", args=[case.pk, document.pk])
        assert client.get(address).status_code == 200


def test_a_letter_names_its_sender_in_the_readers_language(client, supervisor, case):
    Trip.objects.filter(pk=case.trip_id).update(consignee_language="ru")
    client.cookies[django_settings.LANGUAGE_COOKIE_NAME] = "zh-hans"
    act(client, case, "letter", to="consignee")
    with case.documents.get().file.open("rb") as file:
        (page,) = pages(file.read())
    assert case.trip.route.exit.name_ru in page.text
    assert "海关" not in page.text


def test_a_supervisor_opens_again_what_he_wrote_off(client, supervisor, case):
    file = SimpleUploadedFile("report.jpg", a_picture(), "image/jpeg")
    said = {"resolution": "written_off", "note": "lost", "evidence": file}
    client.post(reverse("desk:case", args=[case.pk]), said)
    case.refresh_from_db()
    assert (case.state, case.documents.count()) == (CaseState.WRITTEN_OFF, 1)
    act(client, case, "reopen", reason="It was found.")
    case.refresh_from_db()
    assert case.is_open


def test_a_file_that_is_none_writes_nothing_off_and_loses_no_note(client, supervisor, case):
    file = SimpleUploadedFile("x.svg", b"<svg/>", "image/svg+xml")
    said = {"resolution": "written_off", "note": "The archive burnt.", "evidence": file}
    answer = client.post(reverse("desk:case", args=[case.pk]), said)
    assert answer.status_code == 400
    assert "The archive burnt." in answer.content.decode()
    case.refresh_from_db()
    assert case.is_open


@pytest.mark.parametrize(("name", "evidence"), [("comment", None), ("attach", b"<svg/>")])
def test_what_is_refused_comes_back_as_it_was_written(client, supervisor, case, name, evidence):
    text = "The archive burnt. " * (300 if name == "comment" else 1)
    file = {"evidence": SimpleUploadedFile("x.svg", evidence)} if evidence else {}
    answer = act(client, case, name, text=text, **file)
    assert answer.status_code == 400
    assert text.strip() in answer.content.decode()
    assert set(answer.context["forms"][name].errors) == {"evidence" if evidence else "text"}
    assert kinds(case) == [StepKind.OPENED]


def test_a_file_of_another_case_is_not_there(client, supervisor, case):
    other = a_case(a_trip())
    attach_to_case(case=other, name="a.jpg", content=a_picture(), party=Party.COMPANY, at=AT, by=BY)
    address = reverse("desk:case_file", args=[case.pk, other.documents.get().pk])
    assert client.get(address).status_code == 404


def test_many_are_written_off_at_once_and_each_is_chained(client, supervisor, case):
    other = a_case(a_trip())
    said = {"act": "resolve", "row": [case.pk, other.pk], "key": uuid.uuid4(), "query": ""}
    shown = client.post(reverse("desk:cases_selected"), said).content.decode()
    assert "written_off" in shown
    said |= {"resolution": "written_off", "note": "burnt records", "sure": "1"}
    for _time in range(2):
        answer = client.post(reverse("desk:cases_selected"), said)
    for each in (case, other):
        each.refresh_from_db()
        assert (each.state, each.note) == (CaseState.WRITTEN_OFF, "burnt records")
    assert ChainLink.objects.filter(kind=Act.CASE_SETTLED).count() == 2
    assert "2 done" in client.get(answer["Location"]).content.decode()
    assert work_desk_job(job=BulkJob.objects.get(), at=AT, limit=9) == 0


def test_nobody_else_does_anything(client, supervisor, case):
    elsewhere = an_officer(a_checkpoint("CN-DULATA"), duty=Duty.SUPERVISOR)
    for user, status in ((elsewhere, 404), (an_officer(), 403), (a_member(case.company).user, 403)):
        client.force_login(user)
        for name in ("assign", "comment", "attach", "reopen", "enquire", "letter"):
            assert act(client, case, name, text="x").status_code == status
        said = {"act": "resolve", "row": [case.pk], "key": uuid.uuid4(), "sure": "1"}
        said |= {"resolution": "written_off", "note": "x"}
        assert client.post(reverse("desk:cases_selected"), said).status_code in {302, 403, 400, 200}
    case.refresh_from_db()
    assert case.is_open
    assert kinds(case) == [StepKind.OPENED]


def test_a_job_is_its_supervisors_own(client, supervisor, case):
    said = {"act": "comment", "row": [case.pk], "key": uuid.uuid4(), "sure": "1", "text": "x"}
    address = client.post(reverse("desk:cases_selected"), said)["Location"]
    assert client.get(address).status_code == 200
    client.force_login(an_officer(duty=Duty.SUPERVISOR))
    assert client.get(address).status_code == 404


def test_what_is_filtered_is_exported(client, supervisor, case):
    other = a_case(a_trip())
    answer = client.get(reverse("desk:cases_export", args=["csv"]), {"kind": "exit_no_delivery"})
    text = b"".join(answer.streaming_content).decode()
    assert case.trip.vehicle.vin in text
    assert other.trip.vehicle.vin not in text
    assert client.get(reverse("desk:cases_export", args=["pdf"])).status_code == 404
