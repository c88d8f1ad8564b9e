"""The desk's page of reports, and its workbook."""

from __future__ import annotations

from datetime import date
from io import BytesIO

import pytest
import time_machine
from django.conf import settings
from django.urls import reverse
from openpyxl import load_workbook

from clearance.models import Duty, LaneDay, SenderDay
from ferry.models import Checkpoint
from tests.builders import AT, a_checkpoint, a_company, a_route, an_officer, an_operator

pytestmark = pytest.mark.django_db

ON = date(2026, 11, 22)


@pytest.fixture(autouse=True)
def _now(client, standard_data):
    client.cookies[settings.LANGUAGE_COOKIE_NAME] = "en"
    with time_machine.travel(AT, tick=False):
        yield


@pytest.fixture
def horgos():
    return a_checkpoint()


@pytest.fixture
def supervisor(client):
    user = an_officer(duty=Duty.SUPERVISOR)
    client.force_login(user)
    return user


def lay(checkpoint, **fields):
    usual = {"lane": "1", "on": ON, "release": 90, "examine": 7, "refuse": 3}
    more = {"reasons": {"expired": 3, "selected": 7}, "gaps": {"21": 60, "44": 30}}
    return LaneDay.objects.create(**{"checkpoint": checkpoint, **usual, **more, **fields})


def see(client, **asked):
    answer = client.get(reverse("desk:reports"), asked)
    assert answer.status_code == 200
    return answer.content.decode()


def test_a_supervisor_sees_his_checkpoints_period(client, supervisor, horgos):
    lay(horgos)
    SenderDay.objects.create(
        checkpoint=horgos, on=ON, company=a_company(), route=a_route(), release=90, examine=7
    )
    page = see(client)
    for said in ("November 2026", "90%", "21 s", "nine of ten within 44 s", "Silk Road Cars", "Beijing"):
        assert said in page
    assert page.count("<figure") == page.count("<details id=") == 2


def test_at_an_entry_days_are_astanas(client):
    entry = Checkpoint.objects.get(code="KZ-NURZHOLY")
    client.force_login(an_officer(entry, Duty.SUPERVISOR))
    lay(entry)
    assert "Astana" in see(client)


def test_another_checkpoint_is_not_his(client, supervisor, horgos):
    lay(horgos)
    other = Checkpoint.objects.get(code="CN-ALASHANKOU")
    lay(other, release=7777)
    page = see(client, place=other.code)
    assert "7777" not in page
    assert "<h1" in page
    assert other.name not in page.split("<h1")[1].split("</h1>")[0]


def test_the_operator_sees_any_checkpoint(client, horgos):
    client.force_login(an_operator())
    other = Checkpoint.objects.get(code="CN-ALASHANKOU")
    lay(other, release=7777)
    page = see(client, place=other.code)
    assert "7777" in page
    assert reverse("desk:watch") not in page


def test_an_officer_sees_none(client, horgos):
    client.force_login(an_officer())
    assert client.get(reverse("desk:reports")).status_code == 403


def test_without_scans_it_says_so(client, supervisor):
    page = see(client)
    assert "No scan in these days" in page
    assert "<figure" not in page


def test_a_second_factor_is_demanded_where_officers_need_it(client, supervisor, settings):
    settings.OFFICERS_NEED_MFA = True
    assert client.get(reverse("desk:reports"))["Location"] == reverse("mfa_index")


def test_the_workbook_has_a_sheet_for_each_table(client, supervisor, horgos):
    lay(horgos)
    answer = client.get(reverse("desk:reports_export"), {"kind": "day", "on": "2026-11-22"})
    book = load_workbook(BytesIO(answer.content))
    assert book.sheetnames == ["Reasons", "Reconciliation", "By route", "By lane", "By company", "Day by day"]
    lane = [cell.value for cell in list(book["By lane"].iter_rows())[-1]]
    assert lane == ["1", 100, 90, 7, 3, 0.9, 0, 21, 44]
