"""Register drivers and change them; behind each stands one person, whatever his passports and companies."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, TypedDict, Unpack

from django.db import IntegrityError, transaction
from django.db.models import F
from django.utils.translation import gettext_lazy as _

from ferry.actions.keeping import differs, fields_of, keep, refuse_unless_valid
from ferry.actions.people import add_passport, merge_persons
from ferry.errors import Conflict, Invalid, Reason
from ferry.models import Driver
from ferry.queries.issue import china_date
from ferry.queries.people import goes_by, person_with_passport
from ferry.rules.findings import FINE, Finding, refuse
from ferry.rules.letters import plain_capitals, plain_text
from ferry.rules.numbers import (
    judge_latin_name,
    judge_passport,
    judge_passport_line,
    normalise_latin_name,
    normalise_mrz,
    normalise_passport,
)
from ferry.rules.powertrain import judge_licence_class

if TYPE_CHECKING:
    from datetime import date, datetime

    from ferry.models import Company, Person

FIELDS = (
    "name",
    "name_latin",
    "passport_number",
    "passport_expires_on",
    "nationality",
    "licence_class",
    "licence_expires_on",
    "phone",
    "language",
    "is_active",
)


class DriverChanges(TypedDict, total=False):
    name: str
    name_latin: str
    passport_number: str
    passport_expires_on: date
    nationality: str
    licence_class: str
    licence_expires_on: date
    phone: str
    language: str
    is_active: bool


def register_driver(
    *,
    company: Company,
    name: str,
    passport_number: str,
    passport_expires_on: date,
    nationality: str,
    licence_class: str,
    licence_expires_on: date,
    phone: str,
    language: str,
    name_latin: str = "",
    previous_passport_number: str = "",
    mrz: str = "",
    at: datetime,
    by: str,
) -> Driver:
    """Register a person as a driver; `previous_passport_number` says who he is after a renewal.

    `mrz` is his passport's lower machine-readable line: what is entered must agree with it. It is not kept.
    """
    driver = Driver(
        company=company,
        name=name,
        name_latin=name_latin,
        passport_number=passport_number,
        passport_expires_on=passport_expires_on,
        nationality=nationality,
        licence_class=licence_class,
        licence_expires_on=licence_expires_on,
        phone=phone,
        language=language,
        link_made_at=at,
        created_at=at,
    )
    refuse_unless_valid(driver, judge_driver(driver, today=china_date(at), mrz=mrz))
    with transaction.atomic():
        driver.person = _person_of(driver, normalise_passport(previous_passport_number), at)
        return _keep_driver(driver, at, by)


def change_driver(
    *, driver: Driver, at: datetime, by: str, mrz: str = "", **changes: Unpack[DriverChanges]
) -> Driver:
    """Change what is handed in; another passport number is a renewal, and the person stays the same."""
    with transaction.atomic():
        driver = Driver.objects.select_for_update().get(pk=driver.pk)
        before = fields_of(driver, FIELDS)
        for name, value in changes.items():
            setattr(driver, name, value)
        refuse_unless_valid(driver, judge_driver(driver, today=china_date(at), mrz=mrz))
        if not differs(driver, before):
            return driver
        if differs(driver, {name: before[name] for name in ("passport_number", "nationality")}):
            driver.person = _renewed(driver, at)
        return _keep_driver(driver, at, by)


def new_driver_link(*, driver: Driver, at: datetime) -> str:
    """Give the driver a new personal link; every link given out before is dead."""
    Driver.objects.filter(pk=driver.pk).update(link_version=F("link_version") + 1, link_made_at=at)
    driver.refresh_from_db(fields=["link_version", "link_made_at"])
    return driver.link_token


def judge_driver(driver: Driver, *, today: date, mrz: str = "") -> Finding:
    """Write a driver's fields in the one way they are kept, and judge them."""
    driver.passport_number = normalise_passport(driver.passport_number)
    driver.nationality = plain_capitals(driver.nationality)
    driver.licence_class = plain_text(driver.licence_class).upper()
    driver.name, driver.phone = plain_text(driver.name), plain_text(driver.phone)
    driver.name_latin = normalise_latin_name(driver.name_latin)
    finding = judge_passport(
        driver.passport_number,
        nationality=driver.nationality,
        expires_on=driver.passport_expires_on,
        today=today,
    )
    finding += judge_passport_line(
        normalise_mrz(mrz),
        number=driver.passport_number,
        nationality=driver.nationality,
        expires_on=driver.passport_expires_on,
    )
    finding += judge_latin_name(driver.name_latin)
    return finding + _judge_nationality(driver) + _judge_licence(driver, today)


def _judge_nationality(driver: Driver) -> Finding:
    if re.fullmatch("[A-Z]{2}", driver.nationality):
        return FINE
    detail = _("Enter the nationality as a country code of two letters, for example CN or KZ.")
    return refuse("nationality_form", detail, "nationality")


def _judge_licence(driver: Driver, today: date) -> Finding:
    """Judge that the class can be read; which vehicles it covers is judged with the vehicle."""
    finding = judge_licence_class(driver.licence_class, vehicle_class="car")
    unread = tuple(r for r in finding.refuses if r.code == "driving_licence_class_unreadable")
    if driver.licence_expires_on >= today:
        return Finding(refuses=unread)
    detail = _("The driving licence has expired. Enter the new one.")
    return Finding(refuses=unread) + refuse("driving_licence_expired", detail, "licence_expires_on")


def _person_of(driver: Driver, previous_number: str, at: datetime) -> Person:
    person = person_with_passport(driver.passport_number, driver.nationality)
    if previous_number:
        earlier = _named_by(driver, previous_number)
        if person is not None and person != earlier:
            return _join(driver, earlier, person)
        person = earlier
    return add_passport(person=person, number=driver.passport_number, nationality=driver.nationality, at=at)


def _named_by(driver: Driver, previous_number: str) -> Person:
    """Find who held the previous passport; the same answer whether it is unknown or under another name."""
    earlier = person_with_passport(previous_number, driver.nationality)
    if earlier is None or not goes_by(earlier, driver.name):
        detail = _(
            "No driver of this name with this previous passport is known. "
            "Compare both, or leave the previous passport empty if he is new."
        )
        raise Invalid(Reason("previous_passport_unknown", detail, "previous_passport_number"))
    return earlier


def _renewed(driver: Driver, at: datetime) -> Person:
    """Add the passport to the driver's person, or join the two if the system knows him by it already."""
    holder = person_with_passport(driver.passport_number, driver.nationality)
    if holder is None or holder == driver.person:
        return add_passport(
            person=driver.person, number=driver.passport_number, nationality=driver.nationality, at=at
        )
    return _join(driver, driver.person, holder)


def _join(driver: Driver, person: Person, holder: Person) -> Person:
    """Join a driver's person with the one who holds his passport, if both go by his name."""
    own = Driver.objects.filter(company_id=driver.company_id, person=holder).exclude(pk=driver.pk)
    if own.exists():
        raise Conflict(driver_registered())
    if not goes_by(holder, driver.name):
        detail = _(
            "This passport number and this name do not belong together. Compare both with the passport."
        )
        raise Conflict(Reason("passport_of_another", detail, "passport_number"))
    return merge_persons(one=person, other=holder)


def _keep_driver(driver: Driver, at: datetime, by: str) -> Driver:
    try:
        with transaction.atomic():
            keep(driver, at=at, by=by)
    except IntegrityError as error:
        raise Conflict(driver_registered()) from error
    return driver


def driver_registered() -> Reason:
    detail = _("Your company has registered this person already. Open that driver to change it.")
    return Reason("already_registered", detail, "passport_number")
