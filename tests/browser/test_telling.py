"""A driver tells from his phone: without a line, on a bad one, by keyboard, and without JavaScript."""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path

import pytest
from django.conf import settings
from django.urls import reverse
from django.utils import timezone
from PIL import Image
from pillow_heif import register_heif_opener
from playwright.sync_api import Browser, Page, Route, expect

from ferry.actions.moves import move_trip
from ferry.models import ConditionCheck, ConditionPhoto, Driver, EventKind, Telling, Trip, TripState
from tests.builders import BY, a_driver, a_picture, a_picture_of_a_place

AXE = Path(settings.BASE_DIR) / "node_modules" / "axe-core" / "axe.min.js"
#: Look at each photo as it leaves.
WATCH = """const send = fetch; window.fetch = async (url, how) => {
  const photo = how?.body?.get?.('photo');
  if (photo) sessionStorage.exif = (await photo.text()).includes('Exif');
  return send(url, how);
}"""
TELLINGS = re.compile(r"/tellings/$")


@pytest.fixture(autouse=True)
def _complaints_of_the_line(complaints) -> None:
    complaints.expect("net::ERR")
    complaints.expect("Failed to load resource")


@pytest.fixture
def phone(live_server, speak, trip: Trip, page: Page):
    """Give a function that opens one of the driver's pages."""

    def phone(name: str = "driver", page: Page = page, driver: Driver = trip.driver) -> Page:
        args = [driver.link_token] if name == "driver" else [driver.link_token, trip.reference]
        page.goto(live_server.url + reverse(f"phone:{name}", args=args))
        return page

    return phone


def cut(page: Page) -> None:
    """Let nothing that is told arrive; pages still do, as they do from what the phone has kept."""
    page.context.route(TELLINGS, lambda route: route.abort())


def mend(page: Page) -> None:
    page.context.unroute(TELLINGS)
    page.evaluate("window.dispatchEvent(new Event('online'))")


def waits(page: Page, count: int) -> None:
    line = page.locator(".queue-line")
    expect(line).to_have_text(f"Waiting to be sent: {count}" if count else "Everything you told is sent")


def tell(page: Page) -> None:
    page.locator("form.tell button.btn").click()
    page.wait_for_url(re.compile(r"/d/[^/]+/$"))


def choose(page: Page, *contents: bytes) -> None:
    files = [{"name": f"{at}.jpg", "mimeType": "image/jpeg", "buffer": it} for at, it in enumerate(contents)]
    page.locator("input[name=photos]").set_input_files(files)  # type: ignore[arg-type]
    expect(page.locator(".photo-list li")).to_have_count(len(contents))


def told() -> list[str]:
    return list(Telling.objects.order_by("pk").values_list("kind", flat=True))


def left(trip: Trip) -> None:
    trip.refresh_from_db()
    move_trip(trip=trip, to=TripState.EXITED, kind=EventKind.EXITED, at=timezone.now(), by=BY)


def test_what_is_told_without_a_line_is_sent_once_in_order_and_in_its_own_time(phone, trip):
    page = phone("pick_up")
    cut(page)
    page.locator("[data-side=left] svg").click(position={"x": 120, "y": 60})
    choose(page, a_picture(size=(2000, 1000)), a_picture())
    page.locator("[name=odometer_km]").fill("31")
    before = timezone.now()
    tell(page)
    waits(page, 3)
    expect(page.locator("[data-act=picked_up]")).to_be_hidden()
    expect(page.locator("[data-act=handed_over]")).to_be_visible()
    left(trip)
    phone("hand_over")
    tell(page)
    waits(page, 4)
    page.reload()
    waits(page, 4)
    assert not Telling.objects.exists()

    mend(page)
    waits(page, 0)
    assert told() == ["picked_up", "photo", "photo", "handed_over"]
    check = ConditionCheck.objects.get(stage="pick_up")
    assert check.odometer_km == 31
    assert abs(check.checked_at - before) < timedelta(minutes=1)
    assert check.marks.get().side == "left"
    assert check.photos.count() == 2
    page.reload()
    expect(page.locator(".queue-line")).to_be_empty()
    assert len(told()) == 4


def test_two_tabs_send_once(phone, trip):
    first = phone("pick_up")
    cut(first)
    choose(first, *(a_picture() for _number in range(4)))
    tell(first)
    waits(first, 5)
    second = phone(page=first.context.new_page())
    waits(second, 5)
    asked: list[str] = []
    first.context.on("request", lambda request: TELLINGS.search(request.url) and asked.append(request.url))
    first.context.unroute(TELLINGS)
    for page in (first, second):
        page.evaluate("window.dispatchEvent(new Event('online'))")
    waits(first, 0)
    waits(second, 0)
    assert told() == ["picked_up", *["photo"] * 4]
    assert len(asked) == 5


def test_it_is_sent_again_after_an_answer_that_is_none(phone):
    page = phone("pick_up")
    answers = iter([503, 200, 429])

    def answer(route: Route) -> None:
        status = next(answers, None)
        if status is None:
            route.continue_()
        elif status == 429:
            body = '{"errors": [{"code": "too_many", "detail": "x", "attr": null}]}'
            route.fulfill(
                status=429, content_type="application/json", body=body, headers={"Retry-After": "1"}
            )
        else:
            route.fulfill(status=status, content_type="text/html", body="Welcome to the hotel")

    page.context.route(TELLINGS, answer)
    tell(page)
    waits(page, 1)
    for _time in range(2):
        with page.expect_response(TELLINGS):
            page.evaluate("window.dispatchEvent(new Event('online'))")
        waits(page, 1)
    waits(page, 0)
    assert told() == ["picked_up"]


def test_a_refused_word_is_set_aside_with_its_reason_and_the_next_goes_on(phone, trip):
    page = phone("back")
    cut(page)
    tell(page)
    phone("pick_up")
    tell(page)
    waits(page, 2)
    mend(page)
    refused = page.locator(".queue-refused li")
    expect(refused).to_contain_text("has not left China yet")
    expect(page.locator(".queue-line")).to_be_empty()
    assert told() == ["back", "picked_up"]
    page.reload()
    expect(refused).to_have_count(1)
    refused.get_by_role("button").click()
    expect(refused).to_have_count(0)
    page.reload()
    expect(page.locator("[data-queue][data-count]")).to_be_attached()
    expect(refused).to_have_count(0)
    assert ConditionCheck.objects.count() == 1


def test_another_drivers_link_sends_nothing_of_it_and_his_next_link_does(phone, trip):
    page = phone("pick_up")
    cut(page)
    tell(page)
    waits(page, 1)
    page.context.unroute(TELLINGS)
    phone(driver=a_driver(trip.company))
    expect(page.locator("[data-queue]")).to_have_attribute("data-count", "0")
    assert told() == []
    Driver.objects.filter(pk=trip.driver_id).update(link_version=2)
    phone(driver=Driver.objects.get(pk=trip.driver_id))
    waits(page, 0)
    assert told() == ["picked_up"]


def test_where_the_phone_has_no_room_the_page_stays_and_says_so(phone):
    page = phone("pick_up")
    cut(page)
    page.evaluate("() => { IDBObjectStore.prototype.add = () => { throw new DOMException(); }; }")
    page.locator("form.tell button.btn").click()
    expect(page.locator(".queue-line")).to_contain_text("The phone has no room left.")
    mend(page)
    waits(page, 0)
    assert told() == ["picked_up"]


@pytest.mark.parametrize("keeps", [False, True])
def test_where_a_photo_was_taken_leaves_the_phone_only_by_choice(phone, page, keeps):
    page.add_init_script(WATCH)
    phone("pick_up")
    choose(page, a_picture_of_a_place(size=(2400, 1200)))
    if keeps:
        page.locator("[name=keeps_place]").check()
    tell(page)
    waits(page, 0)
    photo = ConditionPhoto.objects.get()
    assert (photo.latitude is not None) == keeps
    assert page.evaluate("sessionStorage.exif") == str(keeps).lower()
    with photo.file.open() as file:
        # It was told to lie on its side, and stands upright once.
        assert Image.open(file).size == (800, 1600)


def test_what_is_no_photo_is_told_before_anything_is_sent(phone):
    page = phone("pick_up")
    page.locator("input[name=photos]").set_input_files(
        [{"name": "list.pdf", "mimeType": "application/pdf", "buffer": b"%PDF-1.7"}]  # type: ignore[arg-type]
    )
    expect(page.locator("[data-photo-told]")).to_have_text("list.pdf is not a photo. Choose a photo.")
    expect(page.locator(".photo-list li")).to_have_count(0)


def test_the_outline_works_by_keyboard_and_is_read_aloud(phone):
    page = phone("pick_up")
    page.locator("[data-side=right] summary").focus()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.locator("[data-said]")).to_have_text("Mark 1: Right side, Front wing")
    expect(page.locator("[data-side=right] .fm-outline-mark")).to_have_count(1)
    kind = page.get_by_label("Mark 1: what")
    kind.select_option("dent")
    where = page.get_by_label("Mark 1: where")
    where.select_option("top:roof")
    expect(page.locator("[data-side=top] .fm-outline-mark")).to_have_count(1)
    page.locator("[data-side=front] svg").click()
    page.get_by_role("button", name="Take mark 2 away").press("Enter")
    expect(page.locator(".outline-mark")).to_have_count(1)
    tell(page)
    waits(page, 0)
    mark = ConditionCheck.objects.get().marks.get()
    assert (mark.number, mark.side, mark.kind) == (1, "top", "dent")


def test_a_tapped_mark_is_told_of_right_below_its_drawing(phone):
    page = phone("pick_up")
    page.locator("[data-side=top] svg").click()
    page.locator("[data-side=front] svg").click()
    expect(page.locator("[data-side=top] + ol [data-mark='1']")).to_be_visible()
    # The front and the rear stand beside each other: the marks of both are below the two.
    expect(page.locator("[data-side=rear] + ol [data-mark='2']")).to_be_visible()
    page.get_by_role("button", name="Take mark 1 away").click()
    expect(page.get_by_role("button", name="Take mark 2 away")).to_be_focused()


def test_every_target_is_large_enough_for_a_thumb(phone):
    page = phone("pick_up")
    page.set_viewport_size({"width": 360, "height": 740})
    page.locator("[data-side=left] svg").click()
    page.locator("[data-side=top] summary").click()
    for target in page.locator("form.tell :is(button, summary, select, .photo-button)").all():
        box = target.bounding_box() if target.is_visible() else None
        if box is not None:
            assert min(box["width"], box["height"]) >= 44, target.evaluate("it => it.outerHTML.slice(0, 90)")
    assert page.evaluate("document.documentElement.scrollWidth") <= 360


@pytest.mark.parametrize("name", ["pick_up", "hand_over", "back"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_machine_finds_nothing_to_say_about_the_pages(phone, name, scheme):
    page = phone(name)
    page.emulate_media(color_scheme=scheme)
    if name != "back":
        page.locator("[data-side=left] svg").click()
        page.locator("[data-side=top] summary").click()
    page.evaluate(AXE.read_text())
    found = page.evaluate(
        "axe.run().then(({ violations }) => violations.map(({ id, nodes }) => id + nodes[0].html))"
    )
    assert found == []


def test_it_works_without_javascript(browser: Browser, live_server, trip):
    context = browser.new_context(java_script_enabled=False, locale="en-GB")
    page = context.new_page()
    page.goto(live_server.url + reverse("phone:pick_up", args=[trip.driver.link_token, trip.reference]))
    expect(page.locator(".outline-sides")).to_be_hidden()
    page.locator("[name=mark-1-where]").select_option("left:front_door")
    page.locator("[name=photos]").set_input_files(
        [{"name": "a.jpg", "mimeType": "image/jpeg", "buffer": a_picture()}]  # type: ignore[arg-type]
    )
    page.locator("form.tell button.btn").click()
    page.wait_for_url(re.compile(r"/d/[^/]+/$"))
    context.close()
    check = ConditionCheck.objects.get()
    assert (check.marks.get().x, check.photos.count()) == (450, 1)


LOST = "Something you told has not been sent yet. It would be lost."


def forgets(page: Page) -> None:
    page.get_by_role("button", name="Yes, delete it").click()
    expect(page.get_by_text("Nothing is kept on this phone")).to_be_visible()
    assert page.evaluate("indexedDB.databases()") == []


def test_not_my_phone_warns_without_a_signal_of_what_would_be_lost_and_sends_it_never(phone, trip):
    page = phone()
    expect(page.locator("html[data-kept]")).to_be_attached()
    page.context.set_offline(True)
    page.locator("[data-act=picked_up]").click()
    choose(page, a_picture())
    tell(page)
    waits(page, 2)
    page.get_by_role("button", name="This is not my phone").click()
    expect(page.get_by_text(LOST)).to_be_visible()
    forgets(page)
    page.context.set_offline(False)
    page.evaluate("window.dispatchEvent(new Event('online'))")
    phone()
    expect(page.locator("[data-queue][data-count='0']")).to_be_attached()
    assert told() == []


def test_not_my_phone_warns_of_what_a_colleague_told_as_well(phone, trip):
    page = phone("pick_up")
    cut(page)
    tell(page)
    waits(page, 1)
    phone(driver=a_driver(trip.company))
    page.get_by_role("button", name="This is not my phone").click()
    expect(page.get_by_text(LOST)).to_be_visible()
    page.get_by_role("button", name="No, keep it").click()
    expect(page.get_by_text(LOST)).to_be_hidden()
    phone()
    waits(page, 1)


def test_not_my_phone_forgets_what_was_sent_and_refused(phone, trip):
    page = phone("back")
    tell(page)
    phone("pick_up")
    tell(page)
    expect(page.locator(".queue-refused li")).to_have_count(1)
    expect(page.locator("[data-queue][data-count='0']")).to_be_attached()
    page.get_by_role("button", name="This is not my phone").click()
    expect(page.get_by_text("Delete the pass and everything")).to_be_visible()
    expect(page.get_by_text(LOST)).to_be_hidden()
    forgets(page)
    phone()
    expect(page.locator("[data-queue][data-count='0']")).to_be_attached()
    expect(page.locator(".queue-refused li")).to_have_count(0)
    assert told() == ["back", "picked_up"]


def test_a_photo_that_the_browser_cannot_read_is_sent_as_it_is_and_kept_as_one(phone):
    """As iPhones make them: HEIC, chosen by a finger."""
    register_heif_opener()
    page = phone("pick_up")
    with page.expect_file_chooser() as chooser:
        page.locator(".photo-wide").click()
    heic = {"name": "IMG_1.HEIC", "mimeType": "image/heic", "buffer": a_picture("HEIF", size=(640, 480))}
    chooser.value.set_files([heic])  # type: ignore[list-item]
    expect(page.locator(".photo-list li")).to_have_count(1)
    expect(page.locator("[data-photo-told]")).to_be_empty()
    tell(page)
    waits(page, 0)
    with ConditionPhoto.objects.get().file.open() as file, Image.open(file) as kept:
        assert (kept.format, kept.size) == ("JPEG", (640, 480))
