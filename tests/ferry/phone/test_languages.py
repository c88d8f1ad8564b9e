"""Phone pages speak five languages; the fifth, Uyghur, is spoken there alone."""

from __future__ import annotations

import uuid
from datetime import timedelta
from gettext import NullTranslations

import pytest
import time_machine
from django.conf import settings
from django.http import HttpResponse
from django.urls import reverse
from django.utils import translation
from django.utils.translation import trans_real

from ferry.actions.moves import move_trip, note_event
from ferry.actions.passes import receipt_pin, redate_pass, revoke_pass, swap_driver
from ferry.actions.receipts import Check, confirm_receipt, refuse_delivery
from ferry.actions.trips import cancel_trip
from ferry.models import Closure, Driver, EventKind
from ferry.phone.tickets import give_ticket
from ferry.portal.sending import for_consignee, for_driver
from ferry.rules.condition import Looked, Mark
from tests.builders import (
    AT,
    BY,
    PASSWORD,
    a_company,
    a_driver,
    a_member,
    a_trip,
    an_exited_trip,
    an_issued_trip,
    an_officer,
)

pytestmark = pytest.mark.django_db

UYGHUR_PAGE = '<html lang="ug" dir="rtl"'


def choose(client, language):
    client.cookies[settings.LANGUAGE_COOKIE_NAME] = language


def shown(client, address, **headers):
    with time_machine.travel(AT, tick=False):
        return client.get(address, headers=headers).content.decode()


def driver_page(driver: Driver) -> str:
    return reverse("phone:driver", args=[driver.link_token])


def code_page(trip) -> str:
    return reverse("phone:code", args=[trip.passes.get().short_code])


def test_a_driver_reads_his_own_language_until_he_chooses(client):
    trip = an_issued_trip(driver=a_driver(company := a_company(), language="ug"), company=company)
    assert UYGHUR_PAGE in shown(client, driver_page(trip.driver))
    choose(client, "ru")
    assert '<html lang="ru" dir="ltr"' in shown(client, driver_page(trip.driver))


def test_who_chose_uyghur_reads_it_on_every_phone_page(client):
    trip = an_issued_trip()
    choose(client, "ug")
    pages = [driver_page(trip.driver), code_page(trip), "/P/NOTHING", "/d/nobody/"]
    assert all(UYGHUR_PAGE in shown(client, page) for page in pages)


def test_a_stranger_reads_what_his_phone_is_set_to(client):
    assert UYGHUR_PAGE in shown(client, "/P/NOTHING", **{"Accept-Language": "ug-CN,zh-CN;q=0.9"})
    assert '<html lang="kk"' in shown(client, "/P/NOTHING", **{"Accept-Language": "kk-KZ,ru;q=0.9"})
    assert '<html lang="en"' in shown(client, "/P/NOTHING", **{"Accept-Language": "fr"})


def test_phone_pages_offer_five_languages_and_the_choice_is_kept(client):
    trip = an_issued_trip()
    offered = shown(client, driver_page(trip.driver)).count('name="language"')
    assert offered == 5
    client.post(reverse("set_language"), {"language": "ug", "next": driver_page(trip.driver)})
    assert UYGHUR_PAGE in shown(client, driver_page(trip.driver))


@pytest.mark.parametrize("how", ["cookie", "header"])
def test_every_other_page_is_chinese_for_who_reads_uyghur(client, how):
    headers = {"Accept-Language": "ug"} if how == "header" else {}
    if how == "cookie":
        choose(client, "ug")
    pages = {None: "/accounts/login/", "member": "/today/", "officer": "/lane/", "supervisor": "/desk/"}
    people = {
        "member": lambda: a_member(a_company()).user,
        "officer": an_officer,
        "supervisor": lambda: an_officer(duty="supervisor"),
    }
    for who, address in pages.items():
        if who is not None:
            assert client.login(username=people[who]().email, password=PASSWORD)
        page = client.get(address, headers=headers, follow=True).content.decode()
        assert '<html lang="zh-hans"' in page, address
        assert page.count('name="language"') in {0, 4}, address


def test_a_members_letters_are_never_in_uyghur(client):
    user = a_member(a_company()).user
    client.force_login(user)
    client.post(reverse("set_language"), {"language": "ug"})
    user.refresh_from_db()
    assert user.language == ""


def test_messages_are_written_in_uyghur_to_those_who_read_it():
    company = a_company()
    driver = a_driver(company, language="ug")
    pass_ = an_issued_trip(company, driver=driver, consignee_language="ug").passes.get()
    for message in (for_driver(pass_), for_consignee(pass_)):
        assert message.language == "ug"
        assert "يەردە" in message.text or "كودىڭىز" in message.text


def test_a_checkpoint_has_a_uyghur_name_or_its_chinese_one():
    route = an_issued_trip().route
    with translation.override("ug"):
        assert str(route) == "قورغاس ← نۇر جولى"
        route.exit.name_ug = ""
        assert route.exit.name == "霍尔果斯"


class Unsaid(NullTranslations):
    """What a catalog did not hold, and its reader would see in English."""

    def __init__(self) -> None:
        super().__init__()
        self.texts: set[str] = set()

    def gettext(self, message: str) -> str:
        self.texts.add(message)
        return message

    def ngettext(self, one: str, many: str, number: int) -> str:
        self.texts.add(one)
        return many


@pytest.fixture
def unsaid(monkeypatch: pytest.MonkeyPatch) -> Unsaid:
    unsaid = Unsaid()
    monkeypatch.setattr(trans_real.translation("ug"), "_fallback", unsaid)
    return unsaid


def moved(trip, state):
    move_trip(trip=trip, to=state, kind=EventKind.EXITED, at=AT, by=BY)


def noted(trip, kind, **data):
    note_event(trip=trip, kind=kind, at=AT, by="officer", data={"crossing": "exit", **data})


def closed(trip):
    Closure.objects.create(starts_at=AT, ends_at=AT + timedelta(days=1), reason="دەم ئېلىش")


def given_away(trip):
    swap_driver(trip=trip, driver=a_driver(trip.company), at=AT, by=BY)


def redated(trip):
    redate_pass(
        trip=trip, opens_at=AT + timedelta(days=1), closes_at=AT + timedelta(days=2), reason="x", at=AT, by=BY
    )


HAPPENED = [
    *(lambda trip, state=state: moved(trip, state) for state in ("exited", "arrived", "delivered")),
    lambda trip: noted(trip, EventKind.REFUSED),
    lambda trip: noted(trip, EventKind.EXAMINE),
    lambda trip: noted(trip, EventKind.EXAMINED, outcome="detained"),
    lambda trip: noted(trip, EventKind.WITHDRAWN),
    lambda trip: cancel_trip(trip=trip, reason="x", at=AT, by=BY),
    lambda trip: revoke_pass(trip=trip, reason="x", at=AT, by=BY),
    closed,
    given_away,
    redated,
    lambda trip: None,
]


@pytest.mark.parametrize("happen", HAPPENED)
def test_no_phone_page_says_a_word_that_is_not_in_uyghur(client, unsaid, happen):
    trip = an_issued_trip()
    earlier = an_issued_trip(trip.company, driver=a_driver(trip.company))
    happen(trip)
    choose(client, "ug")
    for address in (driver_page(trip.driver), driver_page(earlier.driver), "/P/NOTHING", "/d/nobody/"):
        assert UYGHUR_PAGE in shown(client, address)
    short_code = trip.passes.first().short_code
    page = reverse("phone:code", args=[short_code])
    with time_machine.travel(AT, tick=False):
        for said in ({}, {"pin": "1", "condition": "good", "receives": "other"}, {"pin": "1" * 99}):
            client.post(page, said)
    assert unsaid.texts == set()


def test_waiting_for_a_trip_or_its_code_is_said_in_uyghur(client, unsaid):
    choose(client, "ug")
    assert UYGHUR_PAGE in shown(client, driver_page(a_trip().driver))
    assert UYGHUR_PAGE in shown(client, driver_page(a_driver(a_company())))
    assert unsaid.texts == set()


def test_what_drivers_and_consignees_tell_and_get_is_in_uyghur(client, unsaid):
    driving, taken, refused = an_exited_trip(), an_exited_trip(), an_exited_trip()
    moved(driving, "arrived")
    looked = Looked(marks=(Mark(1, "left", 450, 580, "scratch"),), odometer_km=31, level_percent=80, keys=2)
    for trip in (taken, refused):
        word = {"pass_": trip.passes.get(), "pin": receipt_pin(trip), "at": AT, "by": BY}
        word["check"] = Check(uuid.uuid4(), looked)
        if trip is taken:
            confirm_receipt(**word, condition="damaged", receiver="Aidar")
        else:
            refuse_delivery(**word, reason="damaged", refused_by="Aidar")
    choose(client, "ug")
    told = [driving.driver.link_token, driving.reference]
    with time_machine.travel(AT, tick=False):
        for name in ("pick_up", "hand_over", "back"):
            address = reverse(f"phone:{name}", args=told)
            assert UYGHUR_PAGE in shown(client, address)
            client.post(address, {"odometer_km": "x", "level_percent": "200", "keys": "-1"})
        papers = [reverse("phone:receipt", args=[trip.passes.get().short_code]) for trip in (taken, refused)]
        for paper in papers:
            assert UYGHUR_PAGE in shown(client, paper)
            client.post(paper, {"pin": "1"})
        answer = HttpResponse()
        for trip in (taken, refused):
            give_ticket(answer, trip)
        client.cookies.update(answer.cookies)
        for paper in papers:
            assert UYGHUR_PAGE in shown(client, paper)
    assert unsaid.texts == set()
