"""A supervisor's desk."""

from __future__ import annotations

import pytest
from django.core import mail
from django.urls import reverse

from clearance.actions.watch import watch
from clearance.models import Duty, Watched, WatchEntry
from ferry import codes
from ferry.actions.case_work import raise_to_enquiry
from ferry.actions.cases import open_case
from ferry.actions.passes import swap_driver
from ferry.models import Case, CaseKind, CaseState, Party, PassState, Role, StepKind, TripState, Weight
from ferry.tasks import prepare_enquiries, send_enquiries
from tests.builders import (
    AT,
    BY,
    a_checkpoint,
    a_company,
    a_driver,
    a_member,
    a_route,
    an_issued_trip,
    an_officer,
)

pytestmark = pytest.mark.django_db

INSTRUCTION = "Call Li at 110."


@pytest.fixture
def trip():
    return an_issued_trip()


@pytest.fixture
def case(trip):
    facts = {"left_at": AT.isoformat(), "reference": "R-7"}
    return open_case(trip=trip, kind=CaseKind.EXIT_NO_DELIVERY, weight=Weight.HIGH, facts=facts, at=AT, by=BY)


def page(client, name, *args, **query) -> str:
    return client.get(reverse(name, args=args), query).content.decode()


def nobody_else():
    """List those who have no business at the desk of Horgos."""
    return [
        (an_officer(), 403),
        (a_member(a_company("East Star Trade")).user, 403),
        (an_officer(a_checkpoint("CN-DULATA"), duty=Duty.SUPERVISOR), 404),
    ]


# --- Who may come in ---------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["desk:cases", "desk:watch", "desk:codes"])
def test_it_is_for_supervisors_alone(client, name):
    assert client.get(reverse(name))["Location"].startswith(reverse("account_login"))
    for user, _answer in nobody_else()[:2]:
        client.force_login(user)
        assert client.get(reverse(name)).status_code == 403


def test_nobody_else_reads_or_settles_a_case(client, case):
    data = {"resolution": "written_off", "note": "x"}
    for user, status in nobody_else():
        client.force_login(user)
        assert client.get(reverse("desk:case", args=[case.pk])).status_code == status
        assert client.post(reverse("desk:case", args=[case.pk]), data).status_code == status

    case.refresh_from_db()
    assert case.state == CaseState.OPEN


def test_nobody_else_reads_or_revokes_a_code(client, trip):
    pass_ = trip.passes.get()
    for user, status in nobody_else():
        client.force_login(user)
        assert client.get(reverse("desk:code", args=[pass_.pass_id])).status_code == status
        answer = client.post(reverse("desk:code", args=[pass_.pass_id]), {"reason": "spite"})
        assert answer.status_code == status

    pass_.refresh_from_db()
    assert pass_.state == PassState.OPEN


def test_an_officer_neither_watches_nor_ends_watching(client, trip):
    entry = watch(kind=Watched.VIN, value=trip.vehicle.vin, instruction=INSTRUCTION, at=AT, by=BY)
    data = {"kind": "passport", "value": "E00000001", "instruction": "x"}
    for user, _status in nobody_else()[:2]:
        client.force_login(user)
        assert client.post(reverse("desk:watch"), data).status_code == 403
        assert client.post(reverse("desk:watch_end", args=[entry.pk])).status_code == 403

    assert WatchEntry.objects.get().ended_at is None


# --- Cases -------------------------------------------------------------------------------------


def test_it_lists_the_open_cases_of_its_checkpoints(client, supervisor, case):
    other = an_issued_trip(route=a_route("DULATA-KALZHAT"))
    open_case(trip=other, kind=CaseKind.DAMAGE, weight=Weight.MEDIUM, facts={"x": 1}, at=AT, by=BY)
    text = page(client, "desk:cases")

    assert case.trip.reference in text
    assert other.reference not in text


def test_it_lists_a_declarations_case_once(client, supervisor, trip):
    declaration = trip.declaration
    facts = {"declared": 2, "out": 1}
    open_case(
        declaration=declaration, kind=CaseKind.QUANTITY_DIFFERS, weight=Weight.HIGH, facts=facts, at=AT, by=BY
    )

    assert page(client, "desk:cases").count(declaration.number) == 1


def test_it_filters_cases(client, supervisor, case):
    assert case.trip.reference in page(client, "desk:cases", kind="exit_no_delivery", weight="3")
    assert case.trip.reference not in page(client, "desk:cases", kind="damage")
    assert case.trip.reference not in page(client, "desk:cases", weight="4")
    assert case.trip.reference not in page(client, "desk:cases", state="resolved")
    assert case.trip.reference in page(client, "desk:cases", state="nonsense", kind="nonsense")


def test_it_shows_what_a_case_rests_on(client, supervisor, case):
    text = page(client, "desk:case", case.pk)

    assert "R-7" in text
    assert "2026-11-22 12:00" in text
    assert f"<strong>{case.trip.vehicle.vin[-6:]}</strong>" in text


@pytest.mark.parametrize(
    ("resolution", "state"), [("explained", CaseState.RESOLVED), ("written_off", CaseState.WRITTEN_OFF)]
)
def test_it_settles_a_case_once(client, supervisor, case, resolution, state):
    address = reverse("desk:case", args=[case.pk])
    data = {"resolution": resolution, "note": "Nobody knows."}

    assert client.post(address, data).status_code == 302
    case.refresh_from_db()
    assert (case.state, case.resolution, case.settled_by) == (state, resolution, "supervisor Chen Hao")

    answer = client.post(address, {**data, "note": "Otherwise."}, follow=True)
    assert "settled already" in answer.content.decode()
    assert Case.objects.get().note == "Nobody knows."


def test_it_settles_no_case_without_a_word(client, supervisor, case):
    answer = client.post(reverse("desk:case", args=[case.pk]), {"resolution": "explained"})

    assert answer.status_code == 400
    case.refresh_from_db()
    assert case.state == CaseState.OPEN


def test_customs_send_the_letter_to_the_company_that_lies_with_them(client, supervisor, trip):
    asked = open_case(
        trip=trip, kind=CaseKind.VIN_MISMATCH, weight=Weight.CRITICAL, facts={"x": 1}, at=AT, by=BY
    )
    owner = a_member(trip.company, Role.OWNER).user
    raise_to_enquiry(case=asked, party=Party.CUSTOMS, at=AT, by="supervisor x")
    prepare_enquiries()
    assert "Letter to hand over" in page(client, "desk:cases", letter="lies")
    assert f'value="{owner.email}"' in page(client, "desk:case", asked.pk)
    letter = asked.steps.get(kind=StepKind.LETTER)
    said = {"letter": letter.pk, "how": "mail", "email": owner.email}
    client.post(reverse("desk:case_act", args=[asked.pk, "handed"]), said)
    send_enquiries()
    assert mail.outbox[0].to == [owner.email]
    assert "Letter to hand over" not in page(client, "desk:cases", state="all")


def test_the_list_of_cases_costs_a_fixed_number_of_queries(
    client, supervisor, case, django_assert_max_num_queries
):
    for kind in (CaseKind.DAMAGE, CaseKind.OVERSTAY, CaseKind.NEVER_USED):
        open_case(trip=case.trip, kind=kind, weight=Weight.LOW, facts={"k": kind}, at=AT, by=BY)
    with django_assert_max_num_queries(15):
        page(client, "desk:cases")


# --- The watch list ----------------------------------------------------------------------------


def test_it_watches_and_ends_watching(client, supervisor, trip):
    data = {"kind": "vin", "value": trip.vehicle.vin.lower(), "instruction": INSTRUCTION}
    client.post(reverse("desk:watch"), data)
    entry = WatchEntry.objects.get()
    assert (entry.value, entry.added_by) == (trip.vehicle.vin, "supervisor Chen Hao")
    assert INSTRUCTION in page(client, "desk:watch")

    for _ in range(2):
        assert client.post(reverse("desk:watch_end", args=[entry.pk])).status_code == 302
    entry.refresh_from_db()
    assert entry.ended_at == AT
    assert INSTRUCTION not in page(client, "desk:watch")


def test_it_watches_nothing_twice_at_a_time(client, supervisor, trip):
    data = {"kind": "vin", "value": trip.vehicle.vin, "instruction": INSTRUCTION}
    client.post(reverse("desk:watch"), data)
    answer = client.post(reverse("desk:watch"), data)

    assert answer.status_code == 400
    assert WatchEntry.objects.count() == 1


def test_it_ends_nothing_that_is_not_there(client, supervisor):
    assert client.post(reverse("desk:watch_end", args=[99])).status_code == 404


# --- Codes -------------------------------------------------------------------------------------


def test_it_finds_a_code_and_revokes_it_once(client, supervisor, trip):
    pass_ = trip.passes.get()
    found = client.post(reverse("desk:codes"), {"code": codes.show_short_code(pass_.short_code)})
    address = reverse("desk:code", args=[pass_.pass_id])
    assert found["Location"] == address
    assert trip.reference in client.get(address).content.decode()

    client.post(address, {"reason": "The car was sold."})
    client.post(address, {"reason": "Again."})

    pass_.refresh_from_db()
    trip.refresh_from_db()
    assert (pass_.state, pass_.end_reason) == (PassState.REVOKED, "The car was sold.")
    assert trip.state == TripState.PLANNED


def test_a_dead_code_does_not_take_the_new_one_with_it(client, supervisor, trip):
    old = trip.passes.get()
    swap_driver(trip=trip, driver=a_driver(trip.company), at=AT, by=BY)
    client.post(reverse("desk:code", args=[old.pass_id]), {"reason": "The old one."})

    assert trip.passes.get(state=PassState.OPEN)


@pytest.mark.parametrize("code", ["", "rubbish", "ABCD-EFGH"])
def test_it_finds_no_code_that_was_not_issued(client, supervisor, trip, code):
    assert client.post(reverse("desk:codes"), {"code": code}).status_code == 400


def test_it_finds_no_code_of_another_checkpoint(client, supervisor):
    pass_ = an_issued_trip(route=a_route("DULATA-KALZHAT")).passes.get()

    assert client.post(reverse("desk:codes"), {"code": pass_.code}).status_code == 400


def test_it_revokes_nothing_without_a_reason(client, supervisor, trip):
    pass_ = trip.passes.get()
    client.post(reverse("desk:code", args=[pass_.pass_id]), {"reason": ""})

    pass_.refresh_from_db()
    assert pass_.state == PassState.OPEN
