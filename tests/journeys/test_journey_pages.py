"""The whole main job by hand: every step through the page on which somebody does it."""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterator
from datetime import datetime, timedelta
from io import StringIO
from zoneinfo import ZoneInfo

import pytest
import time_machine
from django.conf import settings
from django.core.management import call_command
from django.test import Client
from django.urls import reverse

from clearance.models import Posting
from ferry.models import Company, Role, User
from tests.builders import (
    AT,
    PASSWORD,
    a_checkpoint,
    a_company,
    a_declaration_number,
    a_licence_number,
    a_member,
    a_passport_number,
    a_vin,
    an_officer,
)
from tests.pdf import pages

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("standard_data")]

CHINA = ZoneInfo("Asia/Shanghai")
HOUR = timedelta(hours=1)
REFERENCE, SHORT_CODE = r"\b(F[0-9A-Z]{8})\b", r"\b([0-9A-Z]{4}-[0-9A-Z]{4}-[0-9A-Z])\b"


@pytest.fixture
def clock() -> Iterator[time_machine.Coordinates]:
    with time_machine.travel(AT, tick=False) as clock:
        yield clock


@pytest.fixture
def company() -> Company:
    return a_company()


@pytest.fixture
def dispatcher(company: Company) -> Hand:
    return signed_in(a_member(company, Role.DISPATCHER).user)


@pytest.fixture
def officer() -> Hand:
    """Sign in an officer who stands in Horgos today and on the other side when it is needed."""
    user = an_officer()
    Posting.objects.create(user=user, checkpoint=a_checkpoint("KZ-NURZHOLY"), duty="officer")
    return signed_in(user)


class Hand:
    """Somebody with a browser in English."""

    def __init__(self) -> None:
        self.client = Client()
        self.client.cookies[settings.LANGUAGE_COOKIE_NAME] = "en"

    def see(self, address: str) -> str:
        answer = self.client.get(address)
        assert answer.status_code == 200, address
        return answer.content.decode()

    def send(self, address: str, **said: str) -> str:
        """Fill in a page's form and give the page that follows."""
        answer = self.client.post(address, said, follow=True)
        assert answer.redirect_chain, answer.content.decode()
        assert answer.status_code == 200
        return answer.content.decode()


def signed_in(user: User) -> Hand:
    hand = Hand()
    hand.send(reverse("account_login"), login=user.email, password=PASSWORD)
    return hand


def register(dispatcher: Hand) -> str:
    """Enter a licence, a vehicle, its declaration and a driver; give the VIN."""
    vin, far = a_vin(), "2034-01-01"
    dispatcher.send(reverse("portal:licence_new"), number=a_licence_number(), quantity="20", expires_on=far)
    dispatcher.send(
        reverse("portal:vehicle_new"),
        vin=vin,
        make="BYD",
        model="Song Plus",
        powertrain="bev",
        hs_code="8703801090",
        colour="white",
    )
    dispatcher.send(
        reverse("portal:declaration_new"),
        number=a_declaration_number(),
        supervision_mode="0110",
        status="released",
        vins=vin,
    )
    dispatcher.send(
        reverse("portal:driver_new"),
        name="Ma Jun",
        nationality="CN",
        passport_number=a_passport_number(),
        passport_expires_on=far,
        licence_class="C1",
        licence_expires_on=far,
        language="zh-hans",
    )
    return vin


def plan_and_issue(dispatcher: Hand, vin: str) -> str:
    """Plan a trip with the driver offered and issue its code; give the trip's page."""
    form = dispatcher.see(reverse("portal:trip_new"))
    driver = found(r'<option value="(\d+)">Ma Jun', form)
    route = found(r'<select name="route".*?<option value="(\d+)"', form)
    return dispatcher.send(
        reverse("portal:trip_new"),
        vehicle=vin,
        driver=driver,
        route=route,
        opens_at=beijing(AT - HOUR),
        closes_at=beijing(AT + 10 * HOUR),
        consignee_name="Almaty Auto",
        consignee_phone="+7 701 000 0001",
        consignee_language="ru",
        delivery_place="Almaty, park 3",
        issue="1",
    )


def beijing(moment: datetime) -> str:
    return moment.astimezone(CHINA).strftime("%Y-%m-%dT%H:%M")


def scan(officer: Hand, checkpoint: str, code: str) -> str:
    officer.send(reverse("lane:place"), checkpoint=checkpoint, lane="3")
    return officer.send(
        reverse("lane:scan"), checkpoint=checkpoint, lane="3", code=code, scan_id=str(uuid.uuid4())
    )


def verdict(page: str) -> str:
    return found(r'id="verdict".*?<article class="verdict" data-verdict="(\w+)"', page)


def confirm(consignee: Hand, address: str, pin: str) -> str:
    return consignee.send(address, condition="good", receives="consignee", pin=pin)


def reconcile() -> str:
    out = StringIO()
    call_command("reconcile", stdout=out)
    return out.getvalue()


def found(pattern: str, page: str) -> str:
    match = re.search(pattern, page, re.DOTALL)
    assert match, pattern
    return match.group(1)


def test_a_vehicle_goes_from_the_company_to_the_consignee_and_is_discharged(
    clock: time_machine.Coordinates, dispatcher: Hand, officer: Hand
) -> None:
    trip = plan_and_issue(dispatcher, register(dispatcher))
    address = reverse("portal:trip", args=[found(REFERENCE, trip)])
    short_code = found(SHORT_CODE, trip)
    pin = found(r"PIN.*?\b(\d{6})\b", trip)
    [sheet] = pages(dispatcher.client.get(f"{address}sheet/").content)
    assert short_code in sheet.text
    assert short_code in Hand().see(found(r'(/d/[^"<\s]+)', trip))

    clock.shift(HOUR)
    page = scan(officer, "CN-HORGOS", short_code)
    assert verdict(page) == "release"
    assert "Ma Jun" in page
    clock.shift(HOUR)
    assert verdict(scan(officer, "KZ-NURZHOLY", short_code)) == "release"
    clock.shift(5 * HOUR)
    assert "Delivery confirmed" in confirm(Hand(), reverse("phone:code", args=[short_code]), pin)

    clock.shift(HOUR)
    assert "discharged 1" in reconcile()
    assert "Discharged" in dispatcher.see(address)
    assert "discharged 0" in reconcile()


def test_a_code_used_twice_is_refused_and_the_trip_is_where_it_was(
    clock: time_machine.Coordinates, dispatcher: Hand, officer: Hand
) -> None:
    trip = plan_and_issue(dispatcher, register(dispatcher))
    short_code = found(SHORT_CODE, trip)
    assert verdict(scan(officer, "KZ-NURZHOLY", short_code)) == "refuse"
    assert verdict(scan(officer, "CN-HORGOS", short_code)) == "release"
    clock.shift(HOUR)
    assert verdict(scan(officer, "CN-HORGOS", short_code)) == "refuse"
    address = reverse("portal:trip", args=[found(REFERENCE, trip)])
    assert "Left China" in dispatcher.see(address)


def test_a_wrong_pin_confirms_nothing(clock: time_machine.Coordinates, dispatcher: Hand) -> None:
    trip = plan_and_issue(dispatcher, register(dispatcher))
    short_code = found(SHORT_CODE, trip)
    wrong = f"{(int(found(r'PIN.*?([0-9]{6})', trip)) + 1) % 10**6:06}"
    answer = Hand().client.post(
        reverse("phone:code", args=[short_code]), {"condition": "good", "receives": "consignee", "pin": wrong}
    )
    assert answer.status_code == 400
    address = reverse("portal:trip", args=[found(REFERENCE, trip)])
    assert "Delivered to the consignee" not in dispatcher.see(address)
