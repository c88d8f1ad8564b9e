"""A member's bell, list and choices, and the link that stops a letter."""

from __future__ import annotations

import pytest
from django.test import Client
from django.urls import reverse

from ferry.actions.cases import open_case
from ferry.actions.notices import tell_members
from ferry.models import CaseKind, MailTime, Membership, Notice, NoticeChoice, NoticeKind, User, Weight
from ferry.notice_letters import stop_link
from ferry.rules.news import MemberNews
from tests.builders import AT, BY, a_company, a_member, a_trip

pytestmark = pytest.mark.django_db


@pytest.fixture
def zhang(company):
    return Membership.objects.select_related("user").get(company=company)


def tell(company, *, kind=NoticeKind.REFUSED, trip=None, times=1):
    news = MemberNews(company.pk, kind, "trip", trip.reference if trip else "F7K2M9QXD", "BYD …123456")
    tell_members(news=[news] * times, at=AT)


def test_the_bell_counts_what_is_unread(company, zhang, see):
    assert "unread" not in see("notice_bell")
    tell(company)
    tell(company, kind=NoticeKind.LAPSED)
    assert ">2 <" in see("notice_bell")


def test_every_page_asks_for_the_bell_and_does_not_wait_for_it(company, see):
    assert reverse("portal:notice_bell") in see("trips")


def test_many_are_one_line_and_the_list_says_what_to_do(company, see):
    tell(company, times=300)
    shown = see("notices")
    assert "300 codes were refused at the checkpoint" in shown
    assert "and 295 more" in shown
    assert "The trip says why" in shown


def test_opening_a_line_reads_it_and_leads_to_its_trip(client, company, zhang):
    trip = a_trip(company)
    tell(company, trip=trip)
    line = Notice.objects.get()
    answer = client.get(reverse("portal:notice_open", args=[line.pk, 0]))
    assert answer["Location"] == reverse("portal:trip", args=[trip.reference])
    line.refresh_from_db()
    assert line.read_at == AT
    assert client.get(reverse("portal:notice_open", args=[line.pk, 7])).status_code == 404


def test_a_line_of_another_company_of_ones_own_turns_to_that_company(client, company, zhang):
    other = a_company("Altai Motors")
    Membership.objects.create(company=other, user=zhang.user, role="viewer")
    trip = a_trip(other)
    tell(other, trip=trip)
    answer = client.get(reverse("portal:notice_open", args=[Notice.objects.get().pk, 0]), follow=True)
    assert answer.status_code == 200
    assert trip.reference in answer.content.decode()


def test_a_line_of_somebody_else_is_not_there(client, company, zhang):
    tell(company)
    line = Notice.objects.get()
    for stranger in (a_member(company), a_member(a_company("East Star Trade"))):
        client.force_login(stranger.user)
        assert client.get(reverse("portal:notice_open", args=[line.pk, 0])).status_code == 404
        assert "code was refused" not in client.get(reverse("portal:notices")).content.decode()
        client.post(reverse("portal:notices_read"), {"up_to": str(line.pk)})
    line.refresh_from_db()
    assert line.read_at is None


def test_all_that_was_shown_is_marked_read_and_what_came_since_is_not(company, zhang, send, see):
    tell(company)
    shown = Notice.objects.get().pk
    tell(company, kind=NoticeKind.LAPSED)
    for _time in range(2):
        send("notices_read", up_to=str(shown))
    assert ">1 <" in see("notice_bell")
    send("notices_read", up_to="1; DROP")
    assert ">1 <" in see("notice_bell")
    assert "lapsed unused" in see("notices", show="unread")
    assert "was refused" not in see("notices", show="unread")


def test_choices_are_saved_and_shown_again(company, zhang, send, see):
    told = {f"{kind}-mail": "digest" for kind in NoticeKind if kind != NoticeKind.ENDPOINT}
    send("notice_choices", **told, **{"refused-in_app": "on"})
    chosen = {row.kind: (row.in_app, row.mail) for row in NoticeChoice.objects.all()}
    assert chosen["refused"] == (True, MailTime.DIGEST)
    assert chosen["lapsed"] == (False, MailTime.DIGEST)
    assert NoticeKind.ENDPOINT not in chosen
    assert 'value="digest" selected' in see("notice_choices")


def test_an_unknown_choice_is_refused_and_nothing_is_kept(company, zhang, send):
    assert send("notice_choices", **{"refused-mail": "hourly"}).status_code == 200
    assert not NoticeChoice.objects.exists()


def test_a_language_that_is_chosen_is_kept_for_letters(client, zhang):
    client.post(reverse("set_language"), {"language": "kk"})
    assert User.objects.get(pk=zhang.user_id).language == "kk"
    client.post(reverse("set_language"), {"language": "xx"})
    assert User.objects.get(pk=zhang.user_id).language == "kk"
    Client().post(reverse("set_language"), {"language": "ru"})
    assert User.objects.get(pk=zhang.user_id).language == "kk"


def test_the_link_in_a_letter_asks_first_and_stops_by_one_click_without_a_sign_in(company, zhang):
    stranger = Client(enforce_csrf_checks=True)
    link = stop_link(zhang, ["case_escalated", "endpoint"])
    asked = stranger.get(link).content.decode()
    assert "Stop this e-mail?" in asked
    assert not NoticeChoice.objects.exists()
    for _time in range(2):
        stopped = stranger.post(link, {"List-Unsubscribe": "One-Click"})
        assert stopped.status_code == 200
    chosen = {row.kind: (row.in_app, row.mail) for row in NoticeChoice.objects.filter(membership=zhang)}
    assert chosen == {"case_escalated": (True, "never"), "endpoint": (True, "never")}


def test_a_link_that_was_altered_stops_nothing(zhang):
    link = stop_link(zhang, ["refused"])
    other = stop_link(a_member(zhang.company), ["refused"])
    for wrong in (link[:-3] + "/", link.replace("refused", "lapsed"), other.split(":")[0] + ":x/"):
        assert Client().post(wrong).status_code == 404
    assert not NoticeChoice.objects.exists()


def test_a_long_list_takes_as_many_queries_as_a_short_one(company, zhang, see, django_assert_num_queries):
    for _time in range(60):
        tell(company)
        Notice.objects.update(read_at=AT)
    with django_assert_num_queries(5):
        shown = see("notices")
    assert "Older" in shown


def test_a_case_names_its_kind_in_the_readers_language(company, zhang, see):
    from ferry.actions.announce import announce

    open_case(trip=a_trip(company), kind=CaseKind.DAMAGE, weight=Weight.HIGH, facts={"x": "y"}, at=AT, by=BY)
    announce(at=AT)
    assert "Damage noted" in see("notices")
