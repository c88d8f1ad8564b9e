"""The condition of a vehicle at both ends, on its trip's page."""

from __future__ import annotations

import pytest
from django.conf import settings
from django.urls import reverse

from ferry.actions.moves import note_event
from ferry.models import EventKind, NoticeKind, Role, Stage
from ferry.portal.condition import condition_context
from ferry.rules.condition import Looked, Mark
from ferry.rules.news import member_news_of_event
from tests.builders import AT, a_check, a_company, a_condition_photo, a_member, an_issued_trip

pytestmark = pytest.mark.django_db

OLD, NEW = Mark(1, "left", 455, 575, "dent"), Mark(2, "top", 500, 500, "scratch")


@pytest.fixture
def trip():
    return an_issued_trip()


@pytest.fixture
def member_client(client, trip):
    client.force_login(a_member(trip.company, Role.VIEWER).user)
    client.cookies[settings.LANGUAGE_COOKIE_NAME] = "en"
    return client


def page(client, trip) -> str:
    return client.get(reverse("portal:trip", args=[trip.reference])).content.decode()


def test_without_a_look_there_is_no_section(member_client, trip):
    assert 'id="condition"' not in page(member_client, trip)


def test_it_shows_both_ends_and_what_is_new_beside_the_first_photo(member_client, trip):
    first = a_check(trip)
    before = a_condition_photo(first)
    looked = Looked((OLD, NEW), odometer_km=52, level_percent=60, keys=1, note="Rain")
    later = a_check(trip, Stage.HAND_OVER, looked=looked)
    after = a_condition_photo(later, mark_number=2)
    (found,) = condition_context(trip)["new_damage"]
    assert (found.mark.number, found.photo, found.before) == (2, after, before)
    shown = page(member_client, trip)
    for words in ("New since the pick-up", "driven: 21 km", "1 missing", "Rain", "Roof"):
        assert words in shown
    assert shown.count('data-new=""') == 1
    assert "style=" not in shown.partition('id="condition"')[2].partition('id="documents"')[0]


def test_the_consignees_look_is_compared_with_the_pick_up_too(trip):
    a_check(trip)
    a_check(trip, Stage.HAND_OVER, looked=Looked((OLD, NEW)))
    a_check(trip, Stage.RECEIPT, driver=None, looked=Looked((OLD, NEW)))
    new = condition_context(trip)["new_damage"]
    assert [each.check.stage for each in new] == ["hand_over", "receipt"]


def test_without_a_pick_up_nothing_is_called_new(member_client, trip):
    a_check(trip, Stage.HAND_OVER, looked=Looked((NEW,)))
    assert condition_context(trip)["new_damage"] == []
    assert "nothing can be called new" in page(member_client, trip)


def test_the_photo_of_that_side_comes_before_one_of_the_whole(trip):
    marks = (Mark(1, "top", 100, 100, "dent"),)
    first = a_check(trip, looked=Looked(marks))
    a_condition_photo(first)
    of_top = a_condition_photo(first, mark_number=1)
    a_check(trip, Stage.HAND_OVER, looked=Looked((NEW,)))
    assert condition_context(trip)["new_damage"][0].before == of_top


def test_photos_open_for_members_alone(client, member_client, trip):
    photo = a_condition_photo(a_check(trip))
    urls = [
        reverse(f"portal:{name}", args=[photo.pk]) for name in ("condition_photo", "condition_photo_small")
    ]
    for url in urls:
        answer = member_client.get(url)
        assert (answer.status_code, answer["Content-Type"]) == (200, "image/jpeg")
        assert "no-store" in answer["Cache-Control"]
    client.force_login(a_member(a_company("East Star Trade"), Role.OWNER).user)
    assert [client.get(url).status_code for url in urls] == [404, 404]
    client.logout()
    assert [client.get(url).status_code for url in urls] == [302, 302]


def test_it_takes_as_many_queries_for_many_photos_as_for_one(trip, django_assert_num_queries):
    check = a_check(trip)
    for _number in range(5):
        a_condition_photo(check)
    a_condition_photo(a_check(trip, Stage.HAND_OVER, looked=Looked((OLD, NEW))))
    with django_assert_num_queries(4):
        condition_context(trip)


def test_what_was_told_is_in_the_story_with_both_times(member_client, trip):
    data = {"check": "x", "marks": 2, "new_marks": 1, "phone_at": AT.isoformat()}
    note_event(trip=trip, kind=EventKind.HANDED_OVER, at=AT, by="driver Ma Jun", data=data)
    shown = page(member_client, trip)
    for words in ("New damage marked: 1", "clock was wrong", "Driver Ma Jun"):
        assert words in shown


@pytest.mark.parametrize(
    ("kind", "data", "told"),
    [
        (EventKind.PICKED_UP, {"marks": 3}, []),
        (EventKind.HANDED_OVER, {"marks": 3, "new_marks": 0}, []),
        (EventKind.HANDED_OVER, {"marks": 3, "new_marks": 1}, [NoticeKind.DAMAGE]),
    ],
)
def test_members_are_told_of_new_damage_alone(trip, kind, data, told):
    event = note_event(trip=trip, kind=kind, at=AT, by="driver Ma Jun", data=data)
    assert [news.kind for news in member_news_of_event(event)] == told
