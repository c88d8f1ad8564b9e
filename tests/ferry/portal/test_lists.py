"""What every list of the portal can: search, filters, orders, totals, views, exports, many rows at once."""

from __future__ import annotations

import csv
import io
import uuid
from datetime import datetime, timedelta

import pytest
from django.urls import reverse
from openpyxl import load_workbook

from ferry import tasks
from ferry.actions.cases import open_case
from ferry.models import BulkJob, CaseKind, Declaration, Driver, SavedView, Trip, TripState, Vehicle, Weight
from ferry.portal.lists.known import LISTINGS
from tests.builders import (
    AT,
    BY,
    a_company,
    a_correction,
    a_declaration,
    a_driver,
    a_licence,
    a_member,
    a_trip,
    a_vehicle,
    an_issued_trip,
)
from tests.pdf import pages

pytestmark = pytest.mark.django_db


def a_case(trip):
    return open_case(trip=trip, kind=CaseKind.DAMAGE, weight=Weight.LOW, facts={}, at=AT, by=BY)


@pytest.fixture
def shown(client):
    """Give a function that lists the first column of what an address shows, through every page of it."""

    def shown(name: str, address: str = "") -> list[str]:
        found, after = [], address or "?"
        while after:
            answer = client.get(reverse(f"portal:{name}") + after)
            assert answer.status_code == 200
            found += [pk for pk, _row, _cells in answer.context["rows"]]
            after = answer.context["after"]
        return found

    return shown


def put(trip, **said):
    """Write into a trip's vehicle, driver and declaration."""
    for model, pk, fields in (
        (Vehicle, trip.vehicle_id, {"vin", "plate", "make", "model"}),
        (Driver, trip.driver_id, {"name", "name_latin", "phone"}),
        (Declaration, trip.declaration_id, {"number"}),
    ):
        if own := {name: value for name, value in said.items() if name in fields}:
            model.objects.filter(pk=pk).update(**own)


def two_like_each_other(company):
    """Make two trips that have 45 inside all their numbers, at no end."""
    trips = [a_trip(company, driver=a_driver(company)) for _ in range(2)]
    for at, trip in enumerate(trips):
        put(trip, vin=f"LGXCE4CB8S450001{at}", plate="新A·4501", make="BYD", model="Song")
        put(trip, name="Li Na", name_latin="", phone="+86 139 4545 0001", number=f"94072026045000001{at}")
        trip.declaration.declared_vehicles.update(vin=f"LGXCE4CB8S450001{at}")
    return trips


class TestSearch:
    def test_a_pasted_column_finds_all_of_it_and_nothing_else(self, company, shown):
        trips = [a_trip(company) for _ in range(4)]
        pasted = "%0A".join([trips[0].vehicle.vin.lower(), trips[1].reference, trips[2].declaration.number])
        assert set(shown("trips", f"?q={pasted}")) == {one.pk for one in trips[:3]}

    def test_a_pasted_column_of_vins_finds_vehicles_and_declarations(self, company, shown):
        trips = [a_trip(company) for _ in range(3)]
        pasted = " ".join(one.vehicle.vin for one in trips[:2])
        assert len(shown("vehicles", f"?q={pasted}")) == 2
        assert len(shown("declarations", f"?q={pasted}")) == 2

    @pytest.mark.parametrize("q", ["建军", "ma%20jianjun", "JIANJUN", "Ma%20Jian-jun"])
    def test_drivers_and_their_trips_are_found_by_either_name(self, company, shown, q):
        driver = a_driver(company, name="马建军", name_latin="MA JIANJUN")
        found = a_trip(company, driver=driver)
        a_trip(company, driver=a_driver(company, name="李娜", name_latin="LI NA"))
        assert shown("drivers", f"?q={q}") == [driver.pk]
        assert shown("trips", f"?q={q}") == [found.pk]

    @pytest.mark.parametrize("q", ["马军", "ma%20jun", "MAJUN", "0077", "新at0"])
    def test_trips_are_found_by_their_drivers_and_plates(self, company, shown, q):
        name, number = ("马军", "E55550077") if q in {"马军", "0077"} else ("Ma Jun", "E55550001")
        plate = "新A·T0001" if q == "新at0" else ""
        found = a_trip(
            company,
            driver=a_driver(company, name=name, passport_number=number),
            vehicle=a_vehicle(company, plate=plate),
        )
        a_trip(company, driver=a_driver(company, name="Li Na", passport_number="E11112222"))
        assert shown("trips", f"?q={q}") == [found.pk]

    def test_what_many_have_in_common_is_found_without_naming_them_one_by_one(
        self, company, shown, monkeypatch
    ):
        monkeypatch.setattr("ferry.queries.search.FEW", 1)
        trips = [a_trip(company) for _ in range(3)]
        assert len(shown("trips", f"?q={trips[0].vehicle.make}")) == 3
        assert shown("declarations", f"?q={trips[1].vehicle.vin}") == [trips[1].declaration_id]

    @pytest.mark.parametrize("few", [0, 100])
    @pytest.mark.parametrize(
        ("q", "said"),
        [
            ("45", {"vin": "LGXCE4CB8S0007045"}),
            ("45", {"plate": "新A·T0045"}),
            ("45", {"phone": "+86 139 9999 0045"}),
            ("4-5", {"number": "940720260000007045"}),
            ("zx", {"make": "ZX Auto"}),
            ("zx", {"model": "Zxy"}),
            ("ma", {"name": "Ma Jun"}),
            ("ma", {"name": "马军", "name_latin": "MA JUN"}),
        ],
    )
    def test_a_sign_or_two_find_what_ends_or_begins_with_them(
        self, company, shown, monkeypatch, few, q, said
    ):
        monkeypatch.setattr("ferry.queries.search.FEW", few)
        _other, found = two_like_each_other(company)
        put(found, **said)
        assert shown("trips", f"?q={q}") == [found.pk]

    @pytest.mark.parametrize("few", [0, 100])
    def test_a_sign_or_two_find_declarations_by_the_end_of_a_vin(self, company, shown, monkeypatch, few):
        monkeypatch.setattr("ferry.queries.search.FEW", few)
        _other, found = two_like_each_other(company)
        found.declaration.declared_vehicles.update(vin="LGXCE4CB8S0007045")
        assert shown("declarations", "?q=45") == [found.declaration_id]

    def test_of_three_signs_each_place_is_searched(self, company, shown):
        trips = two_like_each_other(company)
        assert set(shown("trips", "?q=450")) == {one.pk for one in trips}

    def test_where_a_sign_or_two_find_nothing_it_says_how_they_are_searched(self, company, see):
        a_trip(company)
        assert "Type more" in see("trips", q="zq")
        assert "Type more" not in see("trips", q="zqq")

    def test_too_many_pasted_are_said_to_be_too_many(self, company, see):
        a_trip(company)
        assert "7 were left off" in see("trips", q=" ".join(f"F{number:08}" for number in range(407)))

    def test_drivers_are_put_in_order_of_their_latin_names(self, company, shown):
        drivers = [a_driver(company, name_latin=latin) for latin in ("MA JUN", "", "LI NA")]
        names = [drivers[1].pk, drivers[2].pk, drivers[0].pk]
        assert shown("drivers", "?sort=name_latin") == names
        assert shown("drivers", "?sort=-name_latin") == names[::-1]


class TestFilters:
    def test_they_stand_in_the_address_as_chips_that_can_be_taken_away(self, company, see):
        an_issued_trip(company)
        page = see("trips", state="ready", q="byd", sort="opens_at")
        assert "?q=byd&amp;sort=opens_at" in page
        assert "?state=ready&amp;sort=opens_at" in page
        assert 'href="?sort=opens_at"' in page

    @pytest.mark.parametrize(
        "day", ["from=2026-11-22&until=2026-11-22", "from=2026-11-22", "until=2026-11-22"]
    )
    def test_days_are_those_of_beijing(self, company, shown, day):
        # 23:30 on the 22nd in Beijing is still the 22nd; half an hour later is not.
        inside = a_trip(company, opens_at=datetime.fromisoformat("2026-11-22T23:30+08:00"))
        other = a_trip(
            company,
            opens_at=datetime.fromisoformat("2026-11-23T00:00+08:00"),
            closes_at=AT + timedelta(days=2),
        )
        expected = {inside.pk} | ({other.pk} if "until" not in day else set())
        assert set(shown("trips", f"?{day}")) == expected

    def test_trips_by_driver_declaration_route_and_outcome(self, company, shown):
        trip, _other = a_trip(company, driver=a_driver(company, name="Guljan")), a_trip(company)
        for query in ("driver=gulj", f"driver=id{trip.driver_id}", f"declaration={trip.declaration.number}"):
            assert shown("trips", f"?{query}") == [trip.pk]
        assert len(shown("trips", "?route=HORGOS-NURZHOLY&outcome=waiting")) == 2
        assert shown("trips", "?outcome=matched") == []

    def test_vehicles_by_make_and_powertrain(self, company, shown):
        car, _other = (
            a_vehicle(company),
            a_vehicle(company, make="Chery", powertrain="diesel", hs_code="8703323110"),
        )
        assert shown("vehicles", f"?make={car.make}") == [car.pk]
        assert shown("vehicles", "?powertrain=bev") == [car.pk]

    def test_drivers_by_what_they_are_at_and_by_papers(self, company, shown):
        busy = an_issued_trip(company).driver
        soon = a_driver(company, passport_expires_on=AT.date() + timedelta(days=20))
        expired = a_driver(company)
        Driver.objects.filter(pk=expired.pk).update(licence_expires_on=AT.date() - timedelta(days=2))
        assert shown("drivers", "?free=busy") == [busy.pk]
        assert busy.pk not in shown("drivers", "?free=free")
        assert shown("drivers", "?papers=soon") == [soon.pk]
        assert shown("drivers", "?papers=expired") == [expired.pk]
        assert shown("drivers", "?stay=15") == []
        assert len(shown("drivers", "?class=C1")) == 3

    def test_declarations_by_what_is_out_and_licences_by_what_is_left(self, company, shown):
        out, waiting = a_declaration(company), a_declaration(company)
        out.declared_vehicles.update(exited_at=AT)
        assert shown("declarations", "?complete=yes") == [out.pk]
        assert shown("declarations", "?complete=no") == [waiting.pk]
        fresh = a_licence(company)
        used = a_licence(company, quantity=1)
        type(used).objects.filter(pk=used.pk).update(used=1)
        assert shown("licences", "?show=used_up") == [used.pk]
        assert shown("licences", "?show=usable") == [fresh.pk]

    @pytest.mark.parametrize(
        "query",
        [
            "state=nonsense",
            "from=x",
            "from=2026-02-31",
            "driver=" + "x" * 99,
            "sort=password",
            "after=~",
            "before=x~1",
            "after=x~99999999999999999999",
            "make=%20",
        ],
    )
    def test_what_cannot_be_understood_is_left_out(self, company, shown, query):
        trip = a_trip(company)
        assert shown("trips", f"?{query}") == [trip.pk]
        assert shown("trips", f"?{query}&sort=opens_at") == [trip.pk]


class TestOrder:
    @pytest.mark.parametrize("name", LISTINGS)
    def test_every_order_of_every_list_pages_through_all_rows_both_ways(
        self, company, client, shown, monkeypatch, name
    ):
        monkeypatch.setattr("ferry.portal.lists.views.ROWS", 2)
        for _ in range(5):
            a_licence(company)
            trip = a_trip(company)
            a_correction(trip.driver)
            a_case(trip)
        for sort in LISTINGS[name].sorts:
            up, down = shown(name, f"?sort={sort}"), shown(name, f"?sort=-{sort}")
            assert up == down[::-1]
            assert len(set(up)) == 5
            second = client.get(reverse(f"portal:{name}") + f"?sort={sort}").context["after"]
            back = client.get(reverse(f"portal:{name}") + second).context["before"]
            rows = client.get(reverse(f"portal:{name}") + back).context["rows"]
            assert [pk for pk, _row, _cells in rows] == up[:2]

    def test_a_heading_says_which_way_the_list_goes_and_turns_it(self, company, see):
        a_trip(company)
        assert 'aria-sort="descending"' in see("trips")
        page = see("trips", sort="opens_at")
        assert 'aria-sort="ascending"' in page
        assert "?sort=-opens_at" in page

    @pytest.mark.parametrize("few", [0, 100])
    def test_few_rows_are_sorted_as_many_are(self, company, shown, monkeypatch, few):
        monkeypatch.setattr("ferry.queries.lists.COUNTED", few)
        late = a_trip(company, opens_at=AT + timedelta(hours=3))
        soon = a_trip(company, opens_at=AT + timedelta(hours=1))
        assert shown("trips", "?state=planned&sort=opens_at") == [soon.pk, late.pk]


class TestTotals:
    def test_what_is_filtered_is_totalled(self, company, see):
        an_issued_trip(company)
        a_trip(company)
        totals = see("trips", part="totals", state="planned")
        assert "Planned" in totals
        assert "Ready" not in totals
        declaration = a_declaration(company, quantity=3)
        declaration.declared_vehicles.update(exited_at=AT)
        totals = see("declarations", part="totals", q=declaration.number)
        assert "<strong>3</strong>" in totals
        assert "Vehicles out" in totals
        assert "Quantity left" in see("licences", part="totals")
        assert see("vehicles", part="totals")
        assert see("drivers", part="totals")

    def test_more_than_can_be_totalled_is_said(self, company, see, monkeypatch):
        monkeypatch.setattr("ferry.portal.lists.views.TOTALLED", 1)
        a_trip(company)
        a_trip(company)
        assert "Export to see all" in see("trips", part="totals")


class TestViews:
    def test_a_view_is_kept_by_name_shown_and_removed(self, company, see, send):
        a_trip(company)
        send("view_save", list="trips", name=" Soon ", query="state=planned&sort=opens_at&after=x")
        view = SavedView.objects.get()
        assert (view.name, view.query) == ("Soon", "state=planned&sort=opens_at")
        assert "Soon" in see("trips")
        assert "Soon" not in see("vehicles")
        send("view_save", list="trips", name="Soon", query="state=ready")
        assert SavedView.objects.get().query == "state=ready"
        send("view_remove", view.pk)
        assert not SavedView.objects.exists()
        assert send("view_remove", view.pk).status_code == 404

    def test_without_a_name_nothing_is_kept(self, client, company, send):
        answer = send("view_save", list="trips", name=" ", query="")
        assert "Give the view a name" in client.get(answer["Location"]).content.decode()
        assert not SavedView.objects.exists()

    def test_another_members_view_is_his_own(self, client, company, see, send):
        send("view_save", list="trips", name="Mine", query="state=ready")
        view = SavedView.objects.get()
        client.force_login(a_member(company).user)
        assert "Mine" not in see("trips")
        assert send("view_remove", view.pk).status_code == 404
        assert SavedView.objects.get() == view


class TestExports:
    def lines(self, client, name, **query) -> list[list[str]]:
        answer = client.get(reverse("portal:export", args=[name, "csv"]), query)
        text = b"".join(answer).decode()
        assert text.startswith("\ufeff")
        return list(csv.reader(io.StringIO(text.removeprefix("\ufeff"))))

    def test_it_holds_what_is_filtered_in_the_order_shown(self, client, company, monkeypatch):
        monkeypatch.setattr("ferry.queries.lists.CHUNK", 2)
        trips = [a_trip(company, opens_at=AT + timedelta(hours=hour)) for hour in (5, 1, 3)]
        an_issued_trip(company)
        head, *rows = self.lines(client, "trips", state="planned", sort="opens_at")
        assert head[0] == "Trip"
        assert [row[0] for row in rows] == [trips[1].reference, trips[2].reference, trips[0].reference]
        assert rows[0][head.index("Leaves from (Beijing time)")] == "2026-11-22 13:00"

    @pytest.mark.parametrize("begin", ["=", "+", "-", "@"])
    def test_no_cell_becomes_a_formula(self, client, company, begin):
        text = f"{begin}cmd|' /C calc'!A0"
        Vehicle.objects.filter(pk=a_vehicle(company).pk).update(colour=text)
        _head, row = self.lines(client, "vehicles")
        assert f"'{text}" in row
        answer = client.get(reverse("portal:export", args=["vehicles", "xlsx"]))
        sheet = load_workbook(io.BytesIO(b"".join(answer))).active
        cell = next(one for one in sheet[2] if one.value == text)
        assert (cell.data_type, cell.quotePrefix) == ("s", True)

    @pytest.mark.parametrize("name", LISTINGS)
    def test_a_workbook_is_typed_and_goes_on_in_another_sheet(self, client, company, monkeypatch, name):
        monkeypatch.setattr("ferry.portal.lists.exports.SHEET_ROWS", 1)
        for _ in range(2):
            trip = an_issued_trip(company)
            a_correction(trip.driver)
            a_case(trip)
            a_licence(company)
        answer = client.get(reverse("portal:export", args=[name, "xlsx"]))
        book = load_workbook(io.BytesIO(b"".join(answer)))
        assert len([sheet for sheet in book if sheet.max_row == 2]) >= 2
        kinds = {type(cell.value) for cell in book.worksheets[0][2]}
        assert kinds & {datetime, int}
        assert book.worksheets[0].freeze_panes == "A2"

    def test_it_speaks_the_readers_language(self, client, company, settings):
        a_trip(company)
        client.cookies[settings.LANGUAGE_COOKIE_NAME] = "zh-hans"
        assert self.lines(client, "trips")[0][0] == "行程"

    def test_it_takes_queries_by_the_thousand_rows_not_by_the_row(
        self, client, company, django_assert_num_queries
    ):
        for count in (1, 3):
            for _ in range(count):
                a_trip(company)
            with django_assert_num_queries(6):
                self.lines(client, "trips")


class TestManyAtOnce:
    def pick(self, send, trips, act="issue", **said):
        return send("trips_selected", row=[one.pk for one in trips], act=act, key=str(uuid.uuid4()), **said)

    def test_a_page_is_done_at_once_and_refusals_say_why(self, client, company, send):
        a_licence(company)
        good, other = a_trip(company), a_trip(company, declaration=a_declaration(company, status="accepted"))
        answer = self.pick(send, [good, other])
        page = client.get(answer["Location"]).content.decode()
        assert "1 of 2 done" in page
        assert other.reference in page
        assert "Done. Every trip is settled." in page
        good.refresh_from_db()
        assert good.state == TripState.READY

    def test_more_than_a_page_is_a_job_that_a_worker_does(self, client, company, send, monkeypatch):
        asked: list[str] = []
        monkeypatch.setattr("ferry.portal.lists.picking.ROWS", 1)
        monkeypatch.setattr(
            "ferry.portal.lists.picking.app.send_task", lambda name, **_more: asked.append(name)
        )
        a_licence(company)
        trips = [a_trip(company) for _ in range(2)]
        answer = send("trips_selected", all="1", query="state=planned", act="issue", key=str(uuid.uuid4()))
        assert "0 of 2 done" in client.get(answer["Location"]).content.decode()
        assert asked == ["ferry.tasks.work_bulk_jobs"]
        tasks.work_bulk_jobs()
        assert Trip.objects.filter(state=TripState.READY).count() == len(trips)
        polled = client.get(answer["Location"], headers={"HX-Request": "true"})
        assert polled.status_code == 286

    def test_a_job_of_many_hides_none_of_them(
        self, client, company, send, see, monkeypatch, django_assert_num_queries
    ):
        monkeypatch.setattr("ferry.portal.pages.LINES", 2)
        trips = [a_trip(company) for _ in range(5)]
        job = self.pick(send, trips, "cancel", reason="snow")["Location"]
        seen = []
        page = client.get(job)
        while True:
            seen += [line.trip for line in page.context["done"]]
            after = page.context["done"].after
            if not after:
                break
            with django_assert_num_queries(JOB_QUERIES):
                page = client.get(job + after)
        assert seen == trips
        earlier = client.get(job + page.context["done"].before)
        assert [line.trip for line in earlier.context["done"]] == trips[2:4]

    def test_the_place_in_one_table_of_a_job_is_kept_while_the_other_is_turned(
        self, client, company, send, monkeypatch
    ):
        monkeypatch.setattr("ferry.portal.pages.LINES", 1)
        a_licence(company)
        good = [a_trip(company) for _ in range(2)]
        bad = [a_trip(company, declaration=a_declaration(company, status="accepted")) for _ in range(2)]
        job = self.pick(send, [*good, *bad])["Location"]
        page = client.get(job + client.get(job).context["done"].after)
        page = client.get(job + page.context["refused"].after)
        assert [[line.trip for line in page.context[name]] for name in ("done", "refused")] == [
            [good[1]],
            [bad[1]],
        ]

    def test_cancelling_asks_for_the_reason_first(self, company, send):
        trip = a_trip(company)
        asked = self.pick(send, [trip], "cancel")
        assert "Cancel 1 trip" in asked.content.decode()
        assert not BulkJob.objects.exists()
        self.pick(send, [trip], "cancel", reason="snow")
        trip.refresh_from_db()
        assert trip.state == TripState.CANCELLED

    def test_one_trip_gets_another_driver_and_two_do_not(self, company, send):
        one, two = an_issued_trip(company), an_issued_trip(company)
        assert self.pick(send, [one], "assign")["Location"] == reverse(
            "portal:trip_swap", args=[one.reference]
        )
        assert self.pick(send, [one, two], "assign")["Location"].startswith(reverse("portal:trips"))

    def test_sheets_are_of_what_was_picked(self, company, send):
        one, two = an_issued_trip(company), an_issued_trip(company)
        said = "".join(page.text for page in pages(send("trip_sheets", row=[one.pk]).content))
        assert one.reference in said
        assert two.reference not in said
        assert send("trip_sheets", row=[]).status_code == 302

    def test_picked_vehicles_make_a_roster(self, client, company, send):
        car, other = a_vehicle(company), a_vehicle(company)
        for one in (car, other):
            a_declaration(company, [one.vin])
        a_driver(company)
        answer = send("vehicles_selected", row=[car.pk])
        page = client.get(answer["Location"]).content.decode()
        assert car.vin[-6:] in page
        assert other.vin[-6:] not in page

    def test_nothing_or_a_strangers_is_refused_and_moves_nothing(self, client, company, send):
        theirs = a_trip(a_company("East Star Trade"))
        answer = self.pick(send, [theirs])
        assert "no such trip" in client.get(answer["Location"]).content.decode()
        self.pick(send, [])
        assert not BulkJob.objects.exists()
        theirs.refresh_from_db()
        assert theirs.state == TripState.PLANNED

    def test_a_viewer_selects_only_to_print(self, company, as_viewer, see, send):
        trip = an_issued_trip(company)
        page = see("trips")
        assert reverse("portal:trip_sheets") in page
        assert reverse("portal:trips_selected") not in page
        assert self.pick(send, [trip], "cancel", reason="x").status_code == 403
        trip.refresh_from_db()
        assert trip.state == TripState.READY


JOB_QUERIES = 7
