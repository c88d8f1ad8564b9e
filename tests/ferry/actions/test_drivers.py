"""Drivers are registered and changed; a person stays one person."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from clearance.models import Record, RecordKind
from ferry.actions.drivers import change_driver, new_driver_link
from ferry.actions.people import add_passport
from ferry.errors import Conflict, Invalid
from ferry.models import Driver, Passport, Person, Stay, Trip
from tests.builders import AT, BY, FAR, a_company, a_driver, a_passport_number, an_issued_trip

pytestmark = pytest.mark.django_db


@pytest.fixture
def company():
    return a_company()


@pytest.fixture
def stranger():
    return a_company("East Star Trade")


def codes(refusal):
    return {(reason.attr, reason.code) for reason in refusal.value.reasons}


def renew(driver, number=None, **changes):
    return change_driver(
        driver=driver, passport_number=number or a_passport_number(), at=AT, by=BY, **changes
    )


def test_it_keeps_a_driver_in_one_way_of_writing(company):
    driver = a_driver(company, name=" Ma  Jun ", passport_number="e 1234-5678", licence_class="c1")
    assert (driver.name, driver.passport_number, driver.licence_class) == ("Ma Jun", "E12345678", "C1")
    assert driver.person.passports.get().number == "E12345678"
    assert driver.history.get().history_change_reason == BY


def test_it_gives_every_reason_at_once_and_registers_nothing(company):
    with pytest.raises(Invalid) as refusal:
        a_driver(
            company,
            name="",
            passport_number="E1",
            passport_expires_on=date(2026, 11, 21),
            nationality="China",
            licence_class="??",
            licence_expires_on=date(2026, 11, 21),
            language="la",
        )
    assert codes(refusal) == {
        ("name", "blank"),
        ("passport_number", "passport_number_form"),
        ("passport_expires_on", "passport_expired"),
        ("nationality", "nationality_form"),
        ("licence_class", "driving_licence_class_unreadable"),
        ("licence_expires_on", "driving_licence_expired"),
        ("language", "invalid_choice"),
    }
    assert not Driver.objects.exists()
    assert not Person.objects.exists()


def test_the_same_person_again_is_already_registered(company):
    driver = a_driver(company)
    with pytest.raises(Conflict) as refusal:
        a_driver(company, passport_number=driver.passport_number, name="马军")
    assert codes(refusal) == {("passport_number", "already_registered")}
    assert Driver.objects.count() == Person.objects.count() == Passport.objects.count() == 1


def test_two_companies_register_one_person_and_neither_learns_of_the_other(company, stranger):
    driver = a_driver(stranger)
    same = a_driver(company, passport_number=driver.passport_number)
    assert same.person == driver.person
    assert same.pk != driver.pk


def test_the_same_number_of_another_country_is_another_person(company):
    driver = a_driver(company)
    other = a_driver(company, passport_number=driver.passport_number, nationality="KG")
    assert other.person != driver.person


def test_a_renewed_passport_is_the_same_persons(company):
    driver = a_driver(company)
    old, person = driver.passport_number, driver.person
    renewed = renew(driver, passport_expires_on=FAR + timedelta(days=1))
    assert renewed.person == person
    assert {passport.number for passport in person.passports.all()} == {old, renewed.passport_number}
    with pytest.raises(Conflict):
        a_driver(company, passport_number=old)


def test_a_previous_passport_leads_to_the_person_across_companies(company, stranger):
    driver = a_driver(stranger)
    same = a_driver(company, name="MA  JUN", previous_passport_number=driver.passport_number)
    assert same.person == driver.person
    assert same.person.passports.count() == 2


def test_an_unknown_previous_passport_and_another_name_get_the_same_answer(company, stranger):
    driver = a_driver(stranger)
    answers = []
    for name, previous in (("Ma Jun", a_passport_number()), ("Guljan", driver.passport_number)):
        with pytest.raises(Invalid) as refusal:
            a_driver(company, name=name, previous_passport_number=previous)
        answers += [[(reason.code, str(reason.detail)) for reason in refusal.value.reasons]]
    assert answers[0] == answers[1]
    assert answers[0][0][0] == "previous_passport_unknown"
    assert Person.objects.count() == 1


def test_a_renewal_to_a_passport_known_elsewhere_joins_the_two_persons(company, stranger):
    driver, elsewhere = a_driver(company), a_driver(stranger)
    trip = an_issued_trip(stranger, driver=elsewhere)
    Stay.objects.create(person=elsewhere.person, entered_on=date(2026, 11, 1), left_on=date(2026, 11, 3))
    record = Record.objects.create(
        kind=RecordKind.KZ_ENTRY,
        occurred_at=AT,
        source="feed",
        source_reference="1",
        digest="1",
        received_at=AT,
        person=elsewhere.person,
    )
    renewed = renew(driver, elsewhere.passport_number)
    for row in (elsewhere, trip, record):
        row.refresh_from_db()
    person = Person.objects.get()
    assert person == renewed.person == elsewhere.person == trip.person == record.person
    assert person.stays.count() == 1
    assert person.passports.count() == 2


def test_registering_with_both_passports_known_joins_the_two_persons(company, stranger):
    one, other = a_driver(stranger), a_driver(a_company("Third Trade"))
    joined = a_driver(
        company, passport_number=other.passport_number, previous_passport_number=one.passport_number
    )
    assert Person.objects.get() == joined.person
    assert joined.person.drivers.count() == 3


def test_stays_that_begin_on_one_day_become_one(company, stranger):
    driver, elsewhere = a_driver(company), a_driver(stranger)
    day = date(2026, 11, 1)
    Stay.objects.create(person=driver.person, entered_on=day)
    Stay.objects.create(person=elsewhere.person, entered_on=day, left_on=day + timedelta(days=1))
    renew(driver, elsewhere.passport_number)
    assert Stay.objects.get().left_on == day + timedelta(days=1)


def test_a_passport_known_under_another_name_is_refused_and_moves_nothing(company, stranger):
    driver, elsewhere = a_driver(company), a_driver(stranger, name="Guljan")
    with pytest.raises(Conflict) as refusal:
        renew(driver, elsewhere.passport_number)
    assert codes(refusal) == {("passport_number", "passport_of_another")}
    driver.refresh_from_db()
    assert driver.passport_number != elsewhere.passport_number
    assert Person.objects.count() == 2


def test_a_passport_of_another_driver_of_the_company_is_refused(company):
    driver, other = a_driver(company), a_driver(company)
    with pytest.raises(Conflict) as refusal:
        renew(driver, other.passport_number)
    assert codes(refusal) == {("passport_number", "already_registered")}
    assert Person.objects.count() == 2


def test_persons_with_two_open_trips_are_left_to_the_operator(company, stranger):
    driver, elsewhere = a_driver(company), a_driver(stranger)
    an_issued_trip(company, driver=driver)
    an_issued_trip(stranger, driver=elsewhere)
    with pytest.raises(Conflict) as refusal:
        renew(driver, elsewhere.passport_number)
    assert codes(refusal) == {("passport_number", "passports_cannot_be_joined")}
    assert "trip" not in str(refusal.value.reasons[0].detail)
    assert Person.objects.count() == Trip.objects.values("person").distinct().count() == 2
    driver.refresh_from_db()
    assert driver.passport_number != elsewhere.passport_number


def test_a_company_that_registered_both_leaves_them_to_the_operator(company, stranger):
    driver = a_driver(company)
    a_driver(stranger, passport_number=driver.passport_number)
    other = a_driver(stranger)
    with pytest.raises(Conflict) as refusal:
        renew(driver, other.passport_number)
    assert codes(refusal) == {("passport_number", "passports_cannot_be_joined")}
    assert Person.objects.count() == 2


def test_a_passport_registered_meanwhile_stays_with_its_person(company):
    driver = a_driver(company)
    number = driver.passport_number
    assert add_passport(person=None, number=number, nationality="CN", at=AT) == driver.person
    assert Person.objects.count() == 1


def test_a_change_is_kept_with_its_history_and_no_change_is_not(company):
    driver = a_driver(company)
    change_driver(driver=driver, phone="+7 701 000 0002", language="kk", at=AT, by="owner li")
    change_driver(driver=driver, phone="+7 701 000 0002", at=AT, by="owner li")
    assert driver.history.count() == 2
    change_driver(driver=driver, is_active=False, at=AT, by="owner li")
    driver.refresh_from_db()
    assert not driver.is_active


def test_an_unusable_change_leaves_the_driver_as_he_was(company):
    driver = a_driver(company)
    with pytest.raises(Invalid) as refusal:
        change_driver(driver=driver, passport_number="E1", name="", at=AT, by=BY)
    assert codes(refusal) == {("name", "blank"), ("passport_number", "passport_number_form")}
    driver.refresh_from_db()
    assert (driver.name, driver.history.count()) == ("Ma Jun", 1)


def test_a_new_link_kills_the_old_one(company):
    driver = a_driver(company)
    old = driver.link_token
    later = AT + timedelta(days=1)
    assert new_driver_link(driver=driver, at=later) == driver.link_token != old
    assert driver.link_made_at == later


LINE = "E123456782CHN8001014M3401011<<<<<<<<<<<<<<<8"


def test_a_driver_must_agree_with_his_passports_machine_readable_line(company):
    with pytest.raises(Invalid) as refusal:
        a_driver(company, passport_number="E12345687", mrz=LINE)
    assert codes(refusal) == {("passport_number", "mrz_other_number")}
    assert not Driver.objects.exists()
    driver = a_driver(company, passport_number="E12345678", mrz=LINE)
    with pytest.raises(Invalid) as refusal:
        change_driver(driver=driver, at=AT, by=BY, mrz=LINE, nationality="KZ")
    assert codes(refusal) == {("nationality", "mrz_other_nationality")}
    driver.refresh_from_db()
    assert driver.nationality == "CN"
