"""Reports by e-mail: once for each period, to who may have them, and stopped by one click."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from io import BytesIO
from smtplib import SMTPServerDisconnected

import pytest
import time_machine
from django.core import mail
from django.urls import reverse
from openpyxl import load_workbook

from clearance.models import Duty, LaneDay, Posting
from clearance.tasks import send_reports as send_checkpoint_reports
from ferry.actions.members import remove_member
from ferry.actions.report_letters import claim_report_letters, queue_letters, subscribe, unsubscribe
from ferry.models import CompanyDay, ReportLetter, Subscription
from ferry.report_letters import stop_link
from ferry.tasks import send_reports
from tests.builders import AT, BY, a_checkpoint, a_company, a_member, a_route, an_officer, an_operator

pytestmark = pytest.mark.django_db

#: Eight in the morning in Beijing on the first of December, a Tuesday.
FIRST = datetime(2026, 12, 1, 0, tzinfo=UTC)
DAY = timedelta(days=1)


@pytest.fixture
def company():
    return a_company()


@pytest.fixture
def zhang(company):
    return a_member(company)


def order(membership, rhythm="month", **fields):
    usual = {"language": "en", "at": AT}
    return subscribe(user=membership.user, membership=membership, rhythm=rhythm, **{**usual, **fields})


def order_at(user, checkpoint, rhythm="month"):
    return subscribe(user=user, checkpoint=checkpoint, rhythm=rhythm, language="en", at=AT)


def send(at=FIRST):
    """Be the workers at a moment; give the letters sent in it."""
    mail.outbox.clear()
    with time_machine.travel(at, tick=False):
        send_reports()
        send_checkpoint_reports()
    return list(mail.outbox)


class TestWhatIsSent:
    def test_a_letter_says_the_main_figures_and_brings_the_workbook(self, company, zhang, settings):
        CompanyDay.objects.create(company=company, route=a_route(), on=date(2026, 11, 20), exited=31)
        order(zhang)
        (letter,) = send()
        assert letter.to == [zhang.user.email]
        assert letter.subject == "Silk Road Cars: report for November 2026"
        assert "Left China: 31" in letter.body
        assert f"{settings.SITE_URL}/reports/?kind=month&on=2026-11-01" in letter.body
        ((name, content, kind),) = letter.attachments
        assert (name, kind.rpartition(".")[2]) == ("report-month-2026-11-01.xlsx", "sheet")
        assert load_workbook(BytesIO(content))["Trips"]["A1"].value == "Silk Road Cars · All routes"

    def test_it_is_of_the_routes_that_were_chosen(self, company, zhang):
        other = a_route("ALASHANKOU-DOSTYK")
        for route, exited in ((a_route(), 5), (other, 7)):
            CompanyDay.objects.create(company=company, route=route, on=date(2026, 11, 20), exited=exited)
        order(zhang, routes=[other])
        (letter,) = send()
        assert "Left China: 7" in letter.body
        assert "route=ALASHANKOU-DOSTYK" in letter.body

    def test_it_is_in_the_language_that_was_chosen(self, zhang):
        order(zhang, language="ru")
        (letter,) = send()
        assert "ноябрь 2026" in letter.subject
        assert ".." not in letter.body
        assert 'lang="ru"' in letter.alternatives[0][0]

    def test_each_rhythm_has_its_own_days(self, zhang):
        for rhythm in ("day", "week", "month"):
            order(zhang, rhythm)
        send()
        firsts = dict(ReportLetter.objects.values_list("subscription__rhythm", "first"))
        assert firsts == {"day": date(2026, 11, 30), "week": date(2026, 11, 23), "month": date(2026, 11, 1)}


class TestOnce:
    def test_a_period_is_sent_once_however_often_one_asks(self, zhang):
        order(zhang)
        assert len(send()) == 1
        for later in (timedelta(0), timedelta(hours=1), 2 * DAY, 30 * DAY):
            assert send(FIRST + later) == []
        assert len(send(FIRST + 31 * DAY)) == 1

    def test_a_letter_that_another_worker_has_is_not_taken(self, zhang):
        order(zhang)
        queue_letters(at=FIRST)
        assert len(claim_report_letters(of_checkpoints=False, at=FIRST)) == 1
        assert claim_report_letters(of_checkpoints=False, at=FIRST) == []

    def test_what_was_over_before_one_subscribed_is_not_sent(self, zhang):
        order(zhang, at=FIRST)
        assert send(FIRST + timedelta(hours=1)) == []

    def test_nothing_is_queued_before_seven_in_beijing(self, zhang):
        order(zhang)
        assert send(FIRST - timedelta(hours=1, minutes=1)) == []
        assert len(send(FIRST - timedelta(hours=1))) == 1

    def test_what_no_mail_server_takes_is_sent_later_and_given_up_in_the_end(self, zhang, monkeypatch):
        order(zhang)

        def refuse(*args):
            raise SMTPServerDisconnected

        with monkeypatch.context() as broken:
            broken.setattr("django.core.mail.backends.locmem.EmailBackend.send_messages", refuse)
            assert send() == []
        assert send(FIRST + timedelta(seconds=59)) == []
        assert len(send(FIRST + timedelta(minutes=1))) == 1
        letter = ReportLetter.objects.get()
        assert (letter.tries, letter.due_at, letter.sent_at) == (2, None, FIRST + timedelta(minutes=1))

    def test_subscribing_twice_is_one_subscription_with_the_last_words(self, zhang):
        order(zhang)
        order(zhang, language="kk", routes=[a_route()])
        subscription = Subscription.objects.get()
        assert (subscription.language, subscription.created_at) == ("kk", AT)
        assert list(subscription.routes.all()) == [a_route()]

    def test_unsubscribing_twice_says_so(self, zhang):
        subscription = order(zhang)
        assert unsubscribe(subscription=subscription)
        assert not unsubscribe(subscription=subscription)


class TestToWhom:
    def test_nothing_goes_to_who_left_the_company(self, company, zhang):
        order(zhang)
        queue_letters(at=FIRST)
        a_member(company, "owner")
        remove_member(membership=zhang, at=AT, by=BY)
        assert send() == []
        assert not Subscription.objects.exists()

    @pytest.mark.parametrize("whose", ["user", "company"])
    def test_nothing_goes_to_who_is_not_active(self, zhang, whose):
        order(zhang)
        one = getattr(zhang, whose)
        type(one).objects.filter(pk=one.pk).update(is_active=False)
        assert send() == []
        assert ReportLetter.objects.get().due_at is None

    def test_a_supervisor_gets_his_checkpoints(self, standard_data):
        horgos = a_checkpoint()
        LaneDay.objects.create(checkpoint=horgos, lane="1", on=date(2026, 11, 20), release=40)
        supervisor = an_officer(horgos, Duty.SUPERVISOR)
        order_at(supervisor, horgos)
        (letter,) = send()
        assert letter.to == [supervisor.email]
        assert "Scans: 40" in letter.body
        assert "/desk/reports/?kind=month&on=2026-11-01&place=CN-HORGOS" in letter.body

    def test_nothing_goes_to_who_is_supervisor_no_more(self, standard_data):
        supervisor = an_officer(a_checkpoint(), Duty.SUPERVISOR)
        order_at(supervisor, a_checkpoint())
        Posting.objects.filter(user=supervisor).update(duty=Duty.OFFICER)
        assert send() == []
        assert ReportLetter.objects.get().sent_at is None

    def test_the_operator_may_have_any_checkpoints(self, standard_data):
        order_at(an_operator(), a_checkpoint())
        assert len(send()) == 1


class TestStopping:
    def link(self, letter):
        return letter.extra_headers["List-Unsubscribe"].strip("<>").partition("/reports/")[2]

    def test_a_letter_carries_a_link_that_one_click_uses(self, zhang, client):
        order(zhang)
        (letter,) = send()
        assert letter.extra_headers["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
        address = f"/reports/{self.link(letter)}"
        asked = client.get(address)
        assert "Stop these reports?" in asked.content.decode()
        assert Subscription.objects.exists()
        client.handler.enforce_csrf_checks = True
        for _twice in range(2):
            answer = client.post(address, {"List-Unsubscribe": "One-Click"})
            assert answer.status_code == 200
        assert not Subscription.objects.exists()
        assert send(FIRST + 31 * DAY) == []

    def test_a_forged_link_stops_nothing(self, zhang, client):
        subscription = order(zhang)
        letter = ReportLetter(subscription=subscription)
        token = stop_link(letter).rstrip("/").rsplit("/", 1)[1]
        forged = f"{subscription.pk + 1}{token[token.index(':') :]}"
        assert client.post(reverse("portal:reports_stop", args=[forged])).status_code == 404
        assert Subscription.objects.exists()


class TestThePages:
    def test_a_viewer_subscribes_and_stops_on_the_page(self, company, client):
        viewer = a_member(company, "viewer")
        client.force_login(viewer.user)
        said = {"rhythm": "month", "language": "zh-hans", "routes": [a_route().code]}
        answer = client.post(reverse("portal:reports_subscribe"), said, follow=True)
        subscription = Subscription.objects.get()
        assert (subscription.membership, subscription.language) == (viewer, "zh-hans")
        address = reverse("portal:reports_unsubscribe", args=[subscription.pk])
        assert address in answer.content.decode()
        client.post(address)
        assert not Subscription.objects.exists()

    def test_what_cannot_be_meant_changes_nothing(self, zhang, client):
        client.force_login(zhang.user)
        answer = client.post(reverse("portal:reports_subscribe"), {"rhythm": "hour"}, follow=True)
        assert "Nothing was changed" in answer.content.decode()
        assert not Subscription.objects.exists()

    def test_a_strangers_and_a_colleagues_are_not_ones_own(self, company, zhang, client):
        subscription = order(zhang)
        for other in (a_member(company), a_member(a_company("East Star Trade"))):
            client.force_login(other.user)
            address = reverse("portal:reports_unsubscribe", args=[subscription.pk])
            assert client.post(address).status_code == 404
        assert Subscription.objects.exists()

    def test_a_supervisor_subscribes_for_his_checkpoint_alone(self, standard_data, client):
        supervisor = an_officer(a_checkpoint(), Duty.SUPERVISOR)
        client.force_login(supervisor)
        said = {"rhythm": "week", "language": "ru", "place": "CN-ALASHANKOU"}
        client.post(reverse("desk:reports_subscribe"), said)
        subscription = Subscription.objects.get()
        assert (subscription.user, subscription.checkpoint) == (supervisor, a_checkpoint())
        address = reverse("desk:reports_unsubscribe", args=[subscription.pk])
        client.force_login(an_officer(a_checkpoint("CN-ALASHANKOU"), Duty.SUPERVISOR))
        assert client.post(address).status_code == 404
        client.force_login(supervisor)
        client.post(address)
        assert not Subscription.objects.exists()
