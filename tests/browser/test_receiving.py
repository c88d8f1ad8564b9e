"""A consignee with his phone at the windscreen: on a good line, a cut one, and without JavaScript."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.urls import reverse
from playwright.sync_api import Browser, BrowserContext, Page, expect

from ferry.actions.passes import receipt_pin
from ferry.models import ConditionPhoto, DeliveryRefusal, Receipt, Trip
from tests.builders import a_picture

PHONE = {"viewport": {"width": 360, "height": 740}, "has_touch": True, "is_mobile": True}


@pytest.fixture
def open_code(live_server, page: Page, trip: Trip, speak) -> Callable[[], Page]:
    page.set_viewport_size({"width": 360, "height": 740})

    def opened() -> Page:
        page.goto(live_server.url + reverse("phone:code", args=[trip.passes.get().short_code]))
        return page

    return opened


def a_photo(name: str) -> dict[str, object]:
    return {"name": name, "mimeType": "image/jpeg", "buffer": a_picture(size=(640, 480))}


def fits(page: Page) -> bool:
    return bool(page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth"))


def begin_to_take(page: Page, trip: Trip) -> None:
    page.get_by_text("I take it", exact=True).click()
    page.locator("[name=condition][value=damaged]").check()
    page.locator(".outline-side[data-side=left] svg").click(position={"x": 60, "y": 40})
    page.locator("#take_odometer_km").fill("31")
    page.locator("[data-receiving=take] input[name=photos]").set_input_files(
        [a_photo("1.jpg"), a_photo("2.jpg")]
    )
    expect(page.locator("[data-receiving=take] .photo-list li")).to_have_count(2)
    page.locator("#take_pin").fill(receipt_pin(trip))


def test_he_takes_it_with_a_mark_and_photos_and_has_his_paper(open_code, trip, page):
    open_code()
    assert fits(page)
    begin_to_take(page, trip)
    assert fits(page)
    page.get_by_role("button", name="I have received the vehicle").click()
    expect(page.get_by_text("Delivery confirmed")).to_be_visible()
    expect(page.get_by_text("2 photos are kept")).to_be_visible()
    expect(page.get_by_text("Left side · Scratch")).to_be_visible()
    assert fits(page)
    assert Receipt.objects.get().odometer_km == 31
    with page.expect_response("**/photos/"):
        page.locator("[name=photos]").set_input_files([a_photo("3.jpg")])
        page.get_by_role("button", name="Send the photos").click()
    expect(page.get_by_text("3 photos are kept")).to_be_visible()


def test_on_a_cut_line_he_is_told_and_it_goes_once_when_the_line_is_back(
    open_code, trip, page: Page, context: BrowserContext, complaints
):
    complaints.expect("ERR_INTERNET_DISCONNECTED")
    complaints.expect("Failed to load resource")
    open_code()
    begin_to_take(page, trip)
    context.set_offline(True)
    page.get_by_role("button", name="I have received the vehicle").click()
    expect(page.get_by_text("Not sent yet").first).to_be_visible()
    assert not Receipt.objects.exists()
    context.set_offline(False)
    expect(page.get_by_text("Delivery confirmed")).to_be_visible()
    expect(page.get_by_text("2 photos are kept")).to_be_visible()
    assert Receipt.objects.count() == 1
    assert ConditionPhoto.objects.count() == 2


def test_an_answer_lost_on_its_way_is_got_by_trying_again(open_code, trip, page: Page, complaints):
    complaints.expect("Failed to load resource")
    open_code()
    begin_to_take(page, trip)
    lost = []

    def lose_the_first(route, request):
        if request.method == "POST" and not lost:
            lost.append(route.fetch().status)
            route.abort()
        else:
            route.continue_()

    page.route("**/P/**", lose_the_first)
    page.get_by_role("button", name="I have received the vehicle").click()
    expect(page.get_by_text("Delivery confirmed")).to_be_visible()
    assert lost == [200]
    assert Receipt.objects.count() == 1


def test_what_he_filled_in_outlives_the_page_but_not_the_pin(open_code, trip, page: Page):
    open_code()
    begin_to_take(page, trip)
    open_code()
    expect(page.locator("[name=condition][value=damaged]")).to_be_checked()
    expect(page.locator("#take_odometer_km")).to_have_value("31")
    expect(page.locator("[data-receiving=take] .outline-mark")).to_have_count(1)
    expect(page.locator("[data-side=left] .fm-outline-mark")).to_have_count(1)
    expect(page.locator("[data-side=left] + ol [data-mark='1']")).to_be_visible()
    expect(page.locator("#take_pin")).to_have_value("")
    kept = page.evaluate("JSON.stringify({...sessionStorage, ...localStorage})")
    assert receipt_pin(trip) not in kept


def test_what_is_missing_leads_to_its_place(open_code, trip, page: Page, complaints):
    complaints.expect("Failed to load resource")
    open_code()
    page.get_by_text("I take it", exact=True).click()
    page.get_by_role("button", name="I have received the vehicle").click()
    missing = page.locator("[data-receiving=take] [data-errors] a")
    expect(missing).to_have_text(
        ["How does it look? This field is required.", "PIN: This field is required."]
    )
    expect(page.locator("[data-receiving=take] [data-wrong]")).to_have_count(2)
    missing.first.click()
    expect(page.locator("[name=condition][value=good]")).to_be_focused()
    page.keyboard.press("Space")
    expect(page.locator("[data-receiving=take] [data-wrong]")).to_have_count(1)
    page.locator("#take_pin").fill(receipt_pin(trip))
    page.get_by_role("button", name="I have received the vehicle").click()
    expect(page.get_by_text("Delivery confirmed")).to_be_visible()


KEPT_PHOTOS = """() => new Promise((resolve) => {
  const asked = indexedDB.open('ferryman-receipt');
  asked.onsuccess = () => {
    const kept = asked.result.transaction('photos').objectStore('photos').count();
    kept.onsuccess = () => { asked.result.close(); resolve(kept.result); };
  };
})"""


def test_his_photos_outlive_the_page_until_they_are_sent(open_code, trip, page: Page):
    open_code()
    begin_to_take(page, trip)
    photos = page.locator("[data-receiving=take] .photo-list li")
    open_code()
    expect(photos).to_have_count(2)
    photos.first.get_by_role("button").click()
    expect(photos).to_have_count(1)
    page.reload()
    expect(photos).to_have_count(1)
    page.locator("#take_pin").fill(receipt_pin(trip))
    page.get_by_role("button", name="I have received the vehicle").click()
    expect(page.get_by_text("1 photo is kept")).to_be_visible()
    assert page.evaluate(KEPT_PHOTOS) == 0


def test_photos_of_an_answer_that_has_arrived_go_when_its_paper_is_opened(
    open_code, trip, page: Page, complaints
):
    complaints.expect("net::ERR")
    complaints.expect("Failed to load resource")
    page.on("dialog", lambda dialog: dialog.accept())
    open_code()
    begin_to_take(page, trip)
    page.route("**/photos/", lambda route: route.abort())
    page.get_by_role("button", name="I have received the vehicle").click()
    expect(page.get_by_text("Not sent yet").first).to_be_visible()
    assert Receipt.objects.count() == 1
    page.unroute("**/photos/")
    open_code()
    page.get_by_role("link", name="Open the paper").click()
    expect(page.get_by_text("2 photos are kept")).to_be_visible()
    assert ConditionPhoto.objects.count() == 2
    assert page.evaluate(KEPT_PHOTOS) == 0


def test_photos_that_nobody_sent_leave_the_phone_in_a_day(open_code, trip, page: Page, now):
    page.clock.install(time=now)
    open_code()
    begin_to_take(page, trip)
    page.clock.fast_forward(25 * 3_600_000)
    open_code()
    expect(page.locator("#take_odometer_km")).to_have_value("31")
    expect(page.locator("[data-receiving=take] .photo-list li")).to_have_count(0)
    assert page.evaluate(KEPT_PHOTOS) == 0


def test_another_tab_does_not_show_them(open_code, trip, page: Page):
    open_code()
    begin_to_take(page, trip)
    other = page.context.new_page()
    other.goto(page.url)
    other.get_by_text("I take it", exact=True).click()
    expect(other.locator("[data-receiving=take] .photo-wide")).to_be_visible()
    expect(other.locator("[data-receiving=take] .photo-list li")).to_have_count(0)


def test_he_refuses_it_and_a_wrong_pin_says_so_first(open_code, trip, page: Page, complaints):
    complaints.expect("400")
    open_code()
    page.get_by_text("I do not take it", exact=True).click()
    page.locator("[name=reason][value=incomplete]").check()
    page.locator("#refuse_note").fill("No second key")
    page.locator("#refuse_pin").fill("1")
    page.get_by_role("button", name="I do not take the vehicle").click()
    expect(page.get_by_text("The PIN is wrong")).to_be_visible()
    assert not DeliveryRefusal.objects.exists()
    page.locator("#refuse_pin").fill(receipt_pin(trip))
    page.get_by_role("button", name="I do not take the vehicle").click()
    expect(page.get_by_text("You have refused the delivery")).to_be_visible()
    assert DeliveryRefusal.objects.get().note == "No second key"


def test_without_javascript_it_is_a_plain_form(live_server, browser: Browser, trip: Trip):
    context = browser.new_context(java_script_enabled=False, locale="en", **PHONE)
    page = context.new_page()
    page.goto(live_server.url + reverse("phone:code", args=[trip.passes.get().short_code]))
    page.locator(".fm-menu summary").click()
    page.locator("button[name=language][value=en]").click()
    page.locator("details.answer[data-tone=go] > summary").click()
    page.locator("[name=condition][value=damaged]").check()
    page.locator("[name=mark-1-where]").select_option("left:front_door")
    page.locator("[data-receiving=take] input[name=photos]").set_input_files([a_photo("1.jpg")])
    page.locator("#take_pin").fill(receipt_pin(trip))
    page.get_by_role("button", name="I have received the vehicle").click()
    expect(page.get_by_text("Delivery confirmed")).to_be_visible()
    expect(page.get_by_text("1 photo is kept")).to_be_visible()
    context.close()
    assert Receipt.objects.get().condition == "damaged"
