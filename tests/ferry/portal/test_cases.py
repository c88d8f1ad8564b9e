"""A company's cases in the portal."""

from __future__ import annotations

import pytest
from django.urls import reverse

from ferry.actions.cases import open_case
from ferry.actions.moves import move_trip
from ferry.models import Case, CaseKind, CaseState, EventKind, TripState, Weight
from tests.builders import AT, BY, a_company, a_declaration, a_trip, an_issued_trip

pytestmark = pytest.mark.django_db


def a_case(company, kind=CaseKind.EXIT_NO_DELIVERY, weight=Weight.HIGH, **fields) -> Case:
    if "declaration" not in fields:
        fields.setdefault("trip", a_trip(company))
    fields.setdefault("facts", {"left_at": AT.isoformat()})
    case = open_case(kind=kind, weight=weight, at=AT, by=BY, **fields)
    assert case is not None
    return case


def test_the_open_ones_stand_first_and_the_settled_behind_a_tab(company, see, send):
    waits, done = a_case(company), a_case(company, CaseKind.DAMAGE)
    send("case_resolve", done.pk, resolution="explained", note="An old scratch, on the photo of the yard.")
    shown = see("cases")
    assert waits.trip.reference in shown
    assert done.trip.reference not in shown
    assert "Open (1)" in shown
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


def test_a_second_settling_changes_nothing_and_says_so(company, send, see):
    case = a_case(company)
    send("case_resolve", case.pk, resolution="explained", note="first")
    send("case_resolve", case.pk, resolution="other", note="second")
    assert "settled already" in see("case", case.pk)
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
    for _ in range(3):
        a_case(company)
        with django_assert_num_queries(5):
            see("cases")


def test_a_viewer_sees_but_has_no_buttons(company, as_viewer, see, send):
    case = a_case(company)
    assert reverse("portal:case_resolve", args=[case.pk]) not in see("case", case.pk)
    assert send("case_resolve", case.pk, resolution="explained", note="x").status_code == 403
    case.refresh_from_db()
    assert case.state == CaseState.OPEN


def test_without_cases_it_says_that_all_is_well(company, see):
    assert "No open cases" in see("cases")
    assert "Nothing settled yet" in see("cases", state="settled")
