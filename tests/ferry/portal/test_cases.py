"""A company's cases in the portal."""

from __future__ import annotations

import re
from datetime import timedelta
from operator import attrgetter

import pytest
from django.core import mail
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone
from django.utils.html import escape

from ferry.actions.case_work import attach_to_case, comment_case, raise_to_enquiry
from ferry.actions.cases import open_case
from ferry.actions.moves import move_trip, note_event
from ferry.models import (
    Case,
    CaseKind,
    CaseLevel,
    CaseState,
    EventKind,
    Party,
    Role,
    StepKind,
    TripState,
    Weight,
    urgency_of,
)
from ferry.tasks import prepare_enquiries, send_enquiries
from tests.builders import (
    AT,
    BY,
    a_company,
    a_declaration,
    a_driver,
    a_member,
    a_picture,
    a_trip,
    an_issued_trip,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def as_dispatcher(company):
    """Name the membership of who is signed in."""
    return company.memberships.select_related("user").get()


def a_case(company, kind=CaseKind.EXIT_NO_DELIVERY, weight=Weight.HIGH, **fields) -> Case:
    if "declaration" not in fields:
        fields.setdefault("trip", a_trip(company))
    fields.setdefault("facts", {"left_at": AT.isoformat()})
    case = open_case(kind=kind, weight=weight, at=AT, by=BY, **fields)
    assert case is not None
    return case


def test_the_open_ones_are_shown_and_the_settled_where_asked_for(company, see, send):
    waits, done = a_case(company), a_case(company, CaseKind.DAMAGE)
    send("case_resolve", done.pk, resolution="explained", note="An old scratch, on the photo of the yard.")
    shown = see("cases")
    assert waits.trip.reference in shown
    assert done.trip.reference not in shown
    settled = see("cases", state="settled")
    assert done.trip.reference in settled
    assert waits.trip.reference not in settled


def test_it_is_settled_by_one_word_and_a_note(company, see, send):
    case = a_case(company)
    answer = send("case_resolve", case.pk, resolution="explained", note="Checked by phone.")
    assert answer["Location"] == reverse("portal:case", args=[case.pk])
    case.refresh_from_db()
    assert (case.state, case.resolution, case.note) == (CaseState.RESOLVED, "explained", "Checked by phone.")
    assert case.settled_by.startswith("dispatcher zhang")
    shown = see("case", case.pk)
    assert "Checked by phone." in shown
    assert "nothing was wrong" in shown
    assert reverse("portal:case_resolve", args=[case.pk]) not in shown


def test_each_field_of_its_many_forms_has_a_label_of_its_own(company, see):
    page = see("case", a_case(company).pk)
    ids = re.findall(r'\bid="([^"]+)"', page)
    assert sorted(set(ids)) == sorted(ids)
    assert set(re.findall(r'<label for="([^"]+)"', page)) <= set(ids)


def test_delivered_delivers_the_trip(company, send):
    trip = an_issued_trip(company)
    move_trip(trip=trip, to=TripState.EXITED, kind=EventKind.EXITED, at=AT, by=BY)
    case = a_case(company, trip=trip)
    send("case_resolve", case.pk, resolution="delivered", note="Signed paper receipt.")
    trip.refresh_from_db()
    assert trip.state == TripState.DELIVERED


def test_what_does_not_fit_the_kind_or_has_no_note_is_refused_and_kept(company, send):
    case = a_case(company, CaseKind.DAMAGE)
    answer = send("case_resolve", case.pk, resolution="delivered", note="")
    assert set(answer.context["form"].errors) == {"resolution", "note"}
    case.refresh_from_db()
    assert case.state == CaseState.OPEN


def test_a_case_of_damage_leads_to_the_photos(company, see):
    case = a_case(company, CaseKind.DAMAGE)
    assert reverse("portal:trip", args=[case.trip.reference]) + '#condition"' in see("case", case.pk)


def test_no_resolution_is_chosen_beforehand(company, see, send):
    case = a_case(company)
    assert '<option value="" selected>—</option>' in see("case", case.pk)
    answer = send("case_resolve", case.pk, resolution="", note="He called.")
    assert set(answer.context["form"].errors) == {"resolution"}
    case.refresh_from_db()
    assert case.state == CaseState.OPEN


def test_a_second_settling_changes_nothing_and_says_so(company, send, see):
    case = a_case(company)
    send("case_resolve", case.pk, resolution="explained", note="first")
    send("case_resolve", case.pk, resolution="other", note="second")
    page = see("case", case.pk)
    assert "settled already. It says by whom and how." in page
    assert "Reload" not in page
    case.refresh_from_db()
    assert case.note == "first"


def test_what_was_seen_is_told_in_words_and_times(company, see):
    vin = {"vin": "LGXCE4CB8S0123456", "slips": 1, "kind": "kz_entry", "reference": "KZ-77"}
    facts = {"vin": "LGXCE4CB8S0123457", "seen": [vin], "list_as_of": AT.isoformat(), "record": "0123456789"}
    shown = see("case", a_case(company, CaseKind.VIN_MISMATCH, facts=facts).pk)
    assert "LGXCE4CB8S0123456" in shown
    assert "Kazakh record of the entry" in shown
    assert "perhaps misread" in shown
    assert "2026-11-22 12:00" in shown
    assert "2026-11-22 09:00" in shown
    assert "0123456789" not in shown


def test_reasons_and_unknown_facts_are_told_too(company, see):
    facts = {"reasons": ["superseded"], "something": "new", "returned": True, "missing": "entry"}
    shown = see("case", a_case(company, CaseKind.STALE_OFFLINE_RELEASE, facts=facts).pk)
    assert "A newer code replaced this one" in shown
    assert "new" in shown
    assert "yes" in shown


def test_trips_of_other_companies_keep_their_reference(company, see):
    own, theirs = a_trip(company), a_trip(a_company("East Star Trade"))
    moment = AT.isoformat()
    facts = {"trips": [[own.reference, moment], [theirs.reference, moment]]}
    shown = see("case", a_case(company, CaseKind.DRIVER_OVERLAP, facts=facts).pk)
    assert own.reference in shown
    assert theirs.reference not in shown
    assert "a trip of another company" in shown


def test_a_declarations_case_leads_to_it(company, see):
    declaration = a_declaration(company)
    case = a_case(
        company, CaseKind.QUANTITY_DIFFERS, declaration=declaration, facts={"declared": 2, "out": 1}
    )
    link = reverse("portal:declaration", args=[declaration.number])
    assert link in see("cases")
    assert link in see("case", case.pk)
    assert declaration.number in see("cases", q=declaration.number[-5:])


def test_the_list_takes_the_same_few_queries_however_long_it_is(company, see, django_assert_num_queries):
    a_case(company)
    with CaptureQueriesContext(connection) as asked:
        see("cases")
    assert len(asked) < 15
    for _ in range(3):
        a_case(company)
        with django_assert_num_queries(len(asked)):
            see("cases")


def test_a_viewer_sees_but_has_no_buttons(company, as_viewer, see, send):
    case = a_case(company)
    assert reverse("portal:case_resolve", args=[case.pk]) not in see("case", case.pk)
    assert send("case_resolve", case.pk, resolution="explained", note="x").status_code == 403
    case.refresh_from_db()
    assert case.state == CaseState.OPEN


def test_without_cases_it_says_that_all_is_well(company, see):
    assert "No open cases" in see("cases")
    assert "Nothing fits" in see("cases", state="settled")


# --- The list ----------------------------------------------------------------------------------


def found(see, **asked) -> list[int]:
    """Say which cases a list shows, in its order."""
    page = see("cases", **asked)
    return [int(pk) for pk in re.findall(r'name="row" value="(\d+)"', page)]


def test_the_heavier_and_older_stand_first_or_what_is_due(company, see):
    light, heavy, older = (
        a_case(company, CaseKind.DAMAGE, weight=weight) for weight in (Weight.LOW, Weight.HIGH, Weight.HIGH)
    )
    early = AT - timedelta(days=3)
    Case.objects.filter(pk=older.pk).update(opened_at=early, urgency=urgency_of(Weight.HIGH, early))
    Case.objects.filter(pk=light.pk).update(due_at=AT)
    assert found(see) == [older.pk, heavy.pk, light.pk]
    assert found(see, sort="due_at")[0] == light.pk


@pytest.mark.parametrize("what", ["trip.reference", "trip.vehicle.vin", "trip.driver.name"])
def test_it_is_found_by_what_people_know_of_it(company, see, what):
    wanted = a_case(company, trip=a_trip(company, driver=a_driver(company, name="Yusup Tursun")))
    a_case(company)
    assert found(see, q=attrgetter(what)(wanted)[-9:]) == [wanted.pk]


def test_its_filters_narrow_it(company, see, as_dispatcher):
    late, mine, plain = a_case(company), a_case(company), a_case(company, CaseKind.DAMAGE)
    far = timezone.now() + timedelta(days=30)
    Case.objects.exclude(pk=late.pk).update(due_at=far)
    Case.objects.filter(pk=late.pk).update(level=CaseLevel.ESCALATED, due_at=AT - timedelta(days=9))
    Case.objects.filter(pk=mine.pk).update(assigned_to=as_dispatcher.user)
    assert found(see, due="overdue") == [late.pk]
    assert found(see, level="3") == [late.pk]
    assert found(see, given="me") == found(see, given="somebody") == [mine.pk]
    assert found(see, given=f"id{as_dispatcher.user_id}") == [mine.pk]
    assert sorted(found(see, given="nobody")) == [late.pk, plain.pk]
    assert found(see, kind="damage", weight="3") == [plain.pk]
    assert len(found(see, kind="nonsense", given="id999999", level="x")) == 3


def test_its_queues_say_how_many_wait(company, see, as_dispatcher):
    Case.objects.filter(pk=a_case(company).pk).update(assigned_to=as_dispatcher.user)
    Case.objects.filter(pk=a_case(company).pk).update(due_at=AT - timedelta(days=9))
    shown = " ".join(see("cases").split())
    assert "<strong>1</strong> <span>Mine</span>" in shown
    assert "<strong>1</strong> <span>Nobody&#x27;s</span>" in shown
    assert "<strong>1</strong> <span>Overdue</span>" in shown


def test_what_is_filtered_is_exported(company, client, see):
    wanted, other = a_case(company, CaseKind.DAMAGE), a_case(company)
    answer = client.get(reverse("portal:export", args=["cases", "csv"]), {"kind": "damage"})
    text = b"".join(answer.streaming_content).decode()
    assert wanted.trip.vehicle.vin in text
    assert other.trip.vehicle.vin not in text


# --- Working on one ----------------------------------------------------------------------------


def act(client, case, act, **said):
    return client.post(reverse("portal:case_act", args=[case.pk, act]), said)


def test_it_is_worked_on_and_every_step_is_shown(company, client, see, as_dispatcher):
    case = a_case(company, CaseKind.DAMAGE)
    act(client, case, "assign", to=as_dispatcher.user_id)
    act(client, case, "comment", text="The mirror was whole at the pick-up.")
    file = SimpleUploadedFile("mirror.jpg", a_picture(), "image/jpeg")
    act(client, case, "attach", evidence=file, text="at the yard")
    shown = see("case", case.pk)
    for said in ("Zhang Wei", "The mirror was whole", "mirror.jpg", "at the yard", "Evidence added"):
        assert said in shown
    assert client.get(reverse("portal:document", args=[case.documents.get().pk])).status_code == 200


def test_it_is_settled_with_evidence_and_amount_and_opened_again(company, client, see, as_dispatcher):
    case = a_case(company, CaseKind.DAMAGE)
    file = SimpleUploadedFile("deal.jpg", a_picture(), "image/jpeg")
    said = {"resolution": "damage_settled", "accepted_fen": "1250.50", "note": "agreed", "evidence": file}
    client.post(reverse("portal:case_resolve", args=[case.pk]), said)
    case.refresh_from_db()
    assert (case.accepted_fen, case.documents.count()) == (125_050, 1)
    assert "¥1,250.50" in see("case", case.pk)
    act(client, case, "reopen", reason="He sent another photo.")
    case.refresh_from_db()
    assert case.is_open
    assert "He sent another photo." in see("case", case.pk)


def test_a_file_that_is_none_settles_nothing_and_loses_no_note(company, client, as_dispatcher):
    case = a_case(company)
    file = SimpleUploadedFile("x.jpg", b"MZ", "image/jpeg")
    said = {"resolution": "explained", "note": "He called at nine.", "evidence": file}
    answer = client.post(reverse("portal:case_resolve", args=[case.pk]), said)
    assert answer.status_code == 400
    assert "He called at nine." in answer.content.decode()
    assert "Only photos" in answer.content.decode()
    case.refresh_from_db()
    assert case.is_open
    assert case.steps.count() == 1


@pytest.mark.parametrize(
    ("name", "said", "field"),
    [
        ("comment", {"text": "He called. " * 400}, "text"),
        ("attach", {"text": "The mirror at nine.", "evidence": b"MZ"}, "evidence"),
        ("attach", {"text": "The mirror at nine."}, "evidence"),
        ("letter", {"to": "consignee", "email": "aslan(at)almaty.example"}, "email"),
        ("assign", {"to": "999999"}, "to"),
    ],
)
def test_what_is_refused_comes_back_as_it_was_written(company, client, name, said, field):
    case = a_case(company)
    sent = {
        key: SimpleUploadedFile("x.jpg", part) if key == "evidence" else part for key, part in said.items()
    }
    answer = act(client, case, name, **sent)
    assert answer.status_code == 400
    form = answer.context["forms"][name]
    assert set(form.errors) == {field}
    page = answer.content.decode()
    assert f'id="{form[field].auto_id}_error"' in page
    assert re.search(r"<details[^>]* open>(?:(?!</details>).)*errorlist", page, re.DOTALL)
    assert all(form[key].value() == part or key == "evidence" for key, part in said.items())
    assert escape(said.get("text", "").strip()) in page
    assert case.steps.count() == 1


def test_an_address_that_is_none_comes_back_with_its_letter(company, send):
    case, letter = an_enquiry(company)
    answer = send("case_act", case.pk, "handed", letter=letter.pk, how="mail", email="aslan(at)almaty")
    page = answer.content.decode()
    assert answer.status_code == 400
    assert 'value="aslan(at)almaty"' in page
    assert 'id="handed_email_error"' in page
    assert not case.steps.filter(kind=StepKind.HANDED_OVER).exists()


def test_why_it_is_opened_again_comes_back_where_it_is_too_long(company, client, send):
    case = a_case(company)
    send("case_resolve", case.pk, resolution="explained", note="first")
    answer = act(client, case, "reopen", reason="Another photo. " * 300)
    assert answer.status_code == 400
    assert ("Another photo. " * 300).strip() in answer.content.decode()
    case.refresh_from_db()
    assert not case.is_open


def test_a_form_that_the_page_has_no_more_is_answered_by_a_message(company, client, send, see):
    case = a_case(company)
    send("case_resolve", case.pk, resolution="explained", note="first")
    answer = act(client, case, "letter", to="consignee", email="aslan(at)almaty.example")
    assert answer.status_code == 302
    assert "E-mail: Enter a valid email address." in see("case", case.pk)


def test_a_note_is_not_lost_with_the_file_that_is_one_too_many(company, client, monkeypatch):
    monkeypatch.setattr("ferry.actions.documents.MOST", 0)
    case = a_case(company)
    file = SimpleUploadedFile("deal.jpg", a_picture(), "image/jpeg")
    said = {"resolution": "explained", "note": "He called at nine.", "evidence": file}
    answer = client.post(reverse("portal:case_resolve", args=[case.pk]), said)
    assert answer.status_code == 400
    assert "He called at nine." in answer.content.decode()
    case.refresh_from_db()
    assert case.is_open


def test_the_page_writes_nothing_off_and_makes_no_enquiry(company, client, as_dispatcher):
    case = a_case(company)
    client.post(reverse("portal:case_resolve", args=[case.pk]), {"resolution": "written_off", "note": "x"})
    act(client, case, "enquire")
    assert act(client, case, "nonsense").status_code == 404
    case.refresh_from_db()
    assert (case.state, case.level) == (CaseState.OPEN, CaseLevel.CASE)


def test_a_stranger_and_a_viewer_do_nothing(company, client):
    case = a_case(company)
    people = [(a_member(a_company("East Star Trade")), 404), (a_member(company, Role.VIEWER), 403)]
    for member, status in people:
        client.force_login(member.user)
        for name in ("assign", "comment", "attach", "reopen"):
            assert act(client, case, name, text="x", reason="x").status_code == status
    assert case.steps.count() == 1


def test_what_customs_say_among_themselves_stays_there(company, see):
    case = a_case(company)
    said = {"party": Party.CUSTOMS, "at": AT, "by": "supervisor chen@customs.example"}
    comment_case(case=case, text="Watch them.", is_internal=True, **said)
    comment_case(case=case, text="Please answer.", is_internal=False, **said)
    shown = see("case", case.pk)
    assert "Please answer." in shown
    assert "Watch them." not in shown


def test_evidence_is_not_removed_as_a_document_is(company, send):
    case = a_case(company)
    attach_to_case(case=case, name="a.jpg", content=a_picture(), party=Party.COMPANY, at=AT, by=BY)
    document = case.documents.get()
    assert send("document_remove", document.pk).status_code == 404
    document.refresh_from_db()
    assert document.removed_at is None


def an_enquiry(company, kind=CaseKind.EXIT_NO_DELIVERY):
    case = a_case(company, kind)
    raise_to_enquiry(case=case, party=Party.CUSTOMS, at=AT, by="supervisor x")
    prepare_enquiries()
    return case, case.steps.get(kind=StepKind.LETTER)


def test_a_letter_that_lies_ready_is_sent_by_one_press_where_its_code_went(company, see, send):
    case, letter = an_enquiry(company)
    note_event(
        trip=case.trip,
        kind=EventKind.SENT,
        at=AT,
        by=BY,
        data={"reader": "consignee", "to": "a@almaty.example"},
    )
    page = see("case", case.pk)
    assert "lies ready" in page
    assert 'value="a@almaty.example"' in page
    for _time in range(2):
        send("case_act", case.pk, "handed", letter=letter.pk, how="mail", email="a@almaty.example")
    assert "went on its way before" in see("case", case.pk)
    send_enquiries()
    assert [one.to for one in mail.outbox] == [["a@almaty.example"]]
    page = see("case", case.pk)
    assert "lies ready" not in page
    assert "sent by e-mail to a@almaty.example" in page


def test_a_letter_without_an_address_is_printed_or_shared_and_noted(company, see, send):
    case, letter = an_enquiry(company)
    page = see("case", case.pk)
    assert "No e-mail address is known." in page
    assert f"tel:{case.trip.consignee_phone}" in page
    assert "data-share-file" in page
    page = send("case_act", case.pk, "handed", letter=letter.pk, how="mail", email="").content.decode()
    assert "Write the address" in page
    assert "lies ready" in page
    send("case_act", case.pk, "handed", letter=letter.pk, how="hand", email="")
    assert "lies ready" not in see("case", case.pk)
    send_enquiries()
    assert mail.outbox == []


def test_what_customs_hand_over_is_theirs(company, see, send):
    case, letter = an_enquiry(company, CaseKind.VIN_MISMATCH)
    assert "Customs hand it over." in see("case", case.pk)
    send("case_act", case.pk, "handed", letter=letter.pk, how="hand")
    assert not case.steps.filter(kind=StepKind.HANDED_OVER).exists()
    assert found(see, letter="lies") == []


def test_it_lists_and_counts_what_has_a_letter_to_hand_over(company, see):
    a_case(company)
    case, _letter = an_enquiry(company)
    assert found(see, letter="lies") == [case.pk]
    shown = " ".join(see("cases").split())
    assert "Letter to hand over" in shown
    assert "<strong>1</strong> <span>Letters to hand over</span>" in shown
