"""A company's drivers in the portal."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from django.urls import reverse

from ferry.actions.stays import enter, leave
from ferry.models import Driver, TripEvent
from tests.builders import (
    AT,
    FAR,
    a_company,
    a_driver,
    a_passport_number,
    a_trip,
    an_issued_trip,
)

pytestmark = pytest.mark.django_db

TODAY = AT.date()


def described(**changes) -> dict[str, str]:
    return {
        "name": "Ma Jun",
        "passport_number": a_passport_number(),
        "passport_expires_on": "2034-01-01",
        "nationality": "CN",
        "licence_class": "C1",
        "licence_expires_on": "2034-01-01",
        "phone": "+86 139 9999 0001",
        "language": "zh-hans",
        **changes,
    }


def stay(driver, *, ago: int, days: int) -> None:
    entered_on = TODAY - timedelta(days=ago)
    enter(person=driver.person, on=entered_on)
    leave(person=driver.person, on=entered_on + timedelta(days=days - 1))


def test_it_registers_a_driver_and_opens_him(company, send):
    answer = send("driver_new", **described())
    driver = Driver.objects.get()
    assert driver.company == company
    assert answer["Location"] == reverse("portal:driver", args=[driver.pk])


def test_every_fault_stands_at_its_field_and_the_input_is_kept(company, send):
    said = described(
        passport_expires_on="2026-01-01",
        licence_expires_on="2026-01-01",
        nationality="China",
        phone="123 own phone",
    )
    answer = send("driver_new", **said)
    assert {"passport_expires_on", "licence_expires_on", "nationality"} <= set(answer.context["form"].errors)
    assert "123 own phone" in answer.content.decode()
    assert not Driver.objects.exists()


def test_a_machine_readable_line_is_compared_with_what_is_entered(company, send):
    line = "E123456782CHN8001014M3401011<<<<<<<<<<<<<<<8"
    answer = send("driver_new", **described(passport_number="E12345687", mrz=line))
    assert "passport_number" in answer.context["form"].errors
    assert not Driver.objects.exists()
    send("driver_new", **described(passport_number="E12345678", passport_expires_on="2034-01-01", mrz=line))
    assert Driver.objects.get().passport_number == "E12345678"


def test_an_unusual_passport_is_saved_with_a_word(client, company, send):
    answer = send("driver_new", **described(passport_number="AB1234567"))
    shown = client.get(answer["Location"]).content.decode()
    assert 'data-level="warning"' in shown
    assert "AB1234567" not in shown


def test_a_passport_number_is_shown_in_the_form_only(company, see):
    driver = a_driver(company)
    assert driver.passport_number not in see("drivers") + see("driver", driver.pk)
    assert driver.passport_tail in see("drivers")
    assert driver.passport_number in see("driver_edit", driver.pk)


def test_a_renewed_passport_keeps_the_person_and_a_driver_can_be_let_go(company, send, see):
    driver = a_driver(company)
    person = driver.person
    send("driver_edit", driver.pk, **described(passport_number="E87654321", is_active="on"))
    driver.refresh_from_db()
    assert (driver.passport_number, driver.person, driver.is_active) == ("E87654321", person, True)
    send("driver_edit", driver.pk, **described(passport_number="E87654321"))
    driver.refresh_from_db()
    assert not driver.is_active
    assert "No drivers yet" not in see("drivers", show="former")
    assert driver.name not in see("drivers")


def test_a_latin_name_is_kept_shown_and_remembered_and_none_says_nothing(company, send, see):
    driver = a_driver(company, name="马军")
    assert "Latin name" not in see("driver", driver.pk)
    send("driver_edit", driver.pk, **described(name="马军", name_latin="ma<<jun<<<", is_active="on"))
    driver.refresh_from_db()
    assert driver.name_latin == "MA JUN"
    assert "<dt>Latin name</dt><dd>MA JUN</dd>" in see("driver", driver.pk)
    assert "MA JUN" in see("drivers")
    assert driver.history.first().name_latin == "MA JUN"


def test_a_latin_name_in_other_letters_is_refused_at_its_field(company, send):
    answer = send("driver_new", **described(name_latin="Ма Цзюнь"))
    assert list(answer.context["form"].errors) == ["name_latin"]
    assert not Driver.objects.exists()


def test_a_new_link_ends_the_old_one(client, company, send, see):
    driver = a_driver(company)
    old = reverse("phone:driver", args=[driver.link_token])
    assert old in see("driver", driver.pk)
    send("driver_link", driver.pk)
    driver.refresh_from_db()
    new = reverse("phone:driver", args=[driver.link_token])
    shown = see("driver", driver.pk)
    assert new in shown
    assert old not in shown
    assert client.get(old).status_code == 404


def test_it_says_until_when_the_link_is_good_and_when_it_has_ended(company, see):
    driver = a_driver(company)
    assert "is good until" in see("driver", driver.pk)
    Driver.objects.filter(pk=driver.pk).update(link_made_at=AT - timedelta(days=90))
    shown = see("driver", driver.pk)
    assert "ended on" in shown
    assert reverse("portal:driver_link", args=[driver.pk]) in shown


def test_stay_days_are_the_persons_and_whom_else_he_drives_for_is_not_told(company, see):
    driver = a_driver(company)
    other = a_company("East Star Trade")
    again = a_driver(
        other,
        passport_number=driver.passport_number,
        name=driver.name,
    )
    assert again.person == driver.person
    theirs = a_trip(other, driver=again)
    enter(person=again.person, on=TODAY - timedelta(days=40), trip=theirs)
    leave(person=again.person, on=TODAY - timedelta(days=21))
    ours = a_trip(company, driver=driver)
    enter(person=driver.person, on=TODAY - timedelta(days=3), trip=ours)
    leave(person=driver.person, on=TODAY - timedelta(days=2))
    shown = see("driver", driver.pk)
    assert "22 of 90" in shown
    assert "22 of 90" in see("drivers")
    assert ours.reference in shown
    assert theirs.reference not in shown
    assert (TODAY - timedelta(days=40)).isoformat() not in shown
    assert "20 of these days were not on your trips" in shown


def test_somebody_elses_trip_makes_him_unavailable_until_a_day_and_no_more(company, see):
    driver, other = a_driver(company), a_company("East Star Trade")
    again = a_driver(other, passport_number=driver.passport_number, name=driver.name)
    theirs = an_issued_trip(other, driver=again)
    for shown in (see("drivers"), see("driver", driver.pk)):
        assert "unavailable until" in shown
        assert theirs.reference not in shown
    own = an_issued_trip(company)
    assert own.reference in see("drivers")


def test_a_paper_that_ends_soon_is_marked(company, see):
    a_driver(company, passport_expires_on=date(2026, 12, 24), licence_expires_on=FAR)
    assert see("drivers").count(' data-tone="warn"') == 1


def test_days_near_the_limit_are_marked_and_kazakh_citizens_have_none(company, see):
    a_driver(company, nationality="KZ", passport_number="N12345678")
    assert "no limit" in see("drivers")
    near = a_driver(company)
    for ago in (170, 130, 90):
        stay(near, ago=ago, days=26)
    assert 'data-tone="warn"' in see("drivers")
    assert "78 of 90" in see("drivers")


@pytest.mark.parametrize("q", ["guljan", "0002", "155 5005"])
def test_the_list_finds_by_name_passports_end_and_phone(company, see, q):
    a_driver(company, name="Guljan", passport_number="E55550002", phone="+86 155 5005")
    a_driver(company, passport_number="E00001111")
    shown = see("drivers", q=q)
    assert "Guljan" in shown
    assert "Ma Jun" not in shown


def test_the_list_takes_the_same_few_queries_however_long_it_is(company, see, django_assert_num_queries):
    for _ in range(3):
        an_issued_trip(company)
        with django_assert_num_queries(8):
            see("drivers")


def test_a_viewer_sees_but_has_no_buttons_and_no_link(company, as_viewer, see, send):
    driver = a_driver(company)
    shown = see("drivers") + see("driver", driver.pk)
    assert driver.name in shown
    assert driver.link_token not in shown
    assert reverse("portal:driver_new") not in shown
    assert send("driver_link", driver.pk).status_code == 403
    driver.refresh_from_db()
    assert driver.link_version == 1
    assert not TripEvent.objects.exists()


def test_without_drivers_it_shows_the_way(company, see):
    assert reverse("portal:driver_new") in see("drivers")
