"""Every main page against WCAG 2.2 AA, as far as a machine can tell: wide and light, narrow and dark."""

from __future__ import annotations

from collections.abc import Collection
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as django_settings
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from playwright.sync_api import Browser, Page

from clearance.actions.fallback import make_fallback_list
from clearance.actions.rules import draft_rule
from clearance.demo.make import make_demonstration
from clearance.models import Examination, Scan
from ferry.actions.invitations import invite
from ferry.actions.places import close_routes
from ferry.models import (
    Case,
    CaseState,
    Checkpoint,
    Company,
    Driver,
    Pass,
    PassState,
    Receipt,
    Role,
    Route,
    Trip,
    TripState,
    User,
)
from tests.access.table import rows
from tests.access.world import filled, fillers, furnish
from tests.browser.conftest import Complaints

AXE = Path(django_settings.BASE_DIR) / "node_modules" / "axe-core" / "axe.min.js"
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
GRAVE = {"serious", "critical"}
#: Where nothing is, and says so.
NOWHERE = ("/NOTHING", "/nowhere/")
DESK = ("live", "cases", "scans", "watch", "rules", "closures", "fallback", "codes")
LOOKS: dict[str, dict[str, Any]] = {
    "wide and light": {"viewport": {"width": 1280, "height": 800}, "color_scheme": "light"},
    "narrow and dark": {"viewport": {"width": 390, "height": 844}, "color_scheme": "dark"},
}


class World:
    """The demonstration, and whose pages are looked at."""

    def __init__(self, settings: Any) -> None:
        settings.DEBUG = True
        opens = make_demonstration(at=timezone.now())
        settings.DEBUG = False
        self.company = Company.objects.get(uscc=opens["company"]["uscc"])
        furnish(self.company)
        self.dispatcher = User.objects.get(email=opens["company"]["email"])
        self.supervisor = User.objects.get(email=opens["supervisor"]["email"])

    def portal(self) -> list[str]:
        """Give every page that docs/access.md lets the owner see, and a trip in each state."""
        each_state = {trip.state: trip.reference for trip in self.company.trips.all()}
        return [
            *(
                filled(row.address, fillers(row.address, self.company))
                for row in rows()
                if "get" in row.may("owner") and not row.is_group and row.cell("nobody") == "sign in"
            ),
            *(reverse("portal:trip", args=[reference]) for reference in each_state.values()),
            reverse("mfa_index"),
            reverse("usersessions_list"),
        ]

    def border(self) -> list[str]:
        case = Case.objects.filter(state=CaseState.OPEN)[0]
        scan, released = (Scan.objects.filter(verdict=verdict)[0] for verdict in ("refuse", "release"))
        live = Pass.objects.filter(state=PassState.OPEN)[0]
        examined = Scan.objects.filter(verdict="examine")[0]
        Examination.objects.create(scan=examined, opened_at=timezone.now())
        return [
            reverse("lane:place"),
            reverse("lane:scans"),
            *(reverse("lane:verdict", args=[each.scan_id]) for each in (scan, released, examined)),
            reverse("lane:withdraw", args=[released.scan_id]),
            *(reverse(f"desk:{name}") for name in DESK),
            *self.desk(),
            reverse("desk:case", args=[case.pk]),
            reverse("desk:code", args=[live.pass_id]),
        ]

    def desk(self) -> list[str]:
        """Give the desk's pages about one thing: a rule with its effect, a closure, a printed list."""
        horgos, at = Checkpoint.objects.get(code="CN-HORGOS"), timezone.now()
        rule = draft_rule(checkpoint=horgos, share=0.5, reason="new exporter", at=at, by="supervisor")
        span = {"starts_at": at + timedelta(hours=1), "ends_at": at + timedelta(days=1)}
        routes = list(Route.objects.filter(exit=horgos))
        [closure] = close_routes(routes=routes, **span, reason="sandstorm", at=at, by="supervisor")
        listed = make_fallback_list(checkpoint=horgos, hours=12, at=at, by="supervisor")
        return [
            reverse("desk:rule", args=[rule.pk]),
            reverse("desk:closure_end", args=[closure.pk]),
            reverse("desk:fallback_results", args=[listed.pk]),
        ]

    def public(self) -> list[str]:
        driver = Driver.objects.filter(trips__state=TripState.READY)[0]
        live = Pass.objects.filter(state=PassState.OPEN)[0]
        receipt = Receipt.objects.all()[0]
        done = Trip.objects.get(receipt=receipt).passes.order_by("-pk")[0]
        at = timezone.now()
        who = {"email": "new@silkbridge.example", "role": Role.VIEWER}
        _invitation, token = invite(company=self.company, at=at, by="owner", **who)
        return [
            reverse("account_login"),
            reverse("portal:sign_up"),
            reverse("portal:sign_up_sent"),
            reverse("portal:invitation", args=[token]),
            reverse("phone:driver", args=[driver.link_token]),
            reverse("phone:code", args=[live.short_code]),
            reverse("phone:code", args=[done.short_code]),
            reverse("phone:code", args=["NOTHING"]),
            "/nowhere/",
        ]


def is_page(client: Client, address: str) -> bool:
    """Say whether a browser shows it, and does not keep it as a file."""
    answer = client.get(address)
    if answer.streaming:
        answer.close()
        return False
    return answer.content.lstrip().lower().startswith(b"<!doctype html")


def faults(page: Page, address: str, impacts: Collection[str] = GRAVE) -> list[str]:
    """Open a page and list what is gravely wrong with it, or as little wrong as asked."""
    answer = page.goto(address)
    assert answer
    assert (answer.status == 404) is address.endswith(NOWHERE), address
    return found_in(page, address, impacts)


def found_in(page: Page, address: str, impacts: Collection[str]) -> list[str]:
    """List what is wrong with a page as it stands."""
    page.evaluate(AXE.read_text())
    found = page.evaluate("(tags) => axe.run(document, { runOnly: tags })", RULES)
    return [
        f"{address} {fault['id']}: {' | '.join(node['html'] for node in fault['nodes'][:3])}"
        for fault in found["violations"]
        if fault["impact"] in impacts
    ]


@pytest.mark.drawn
def test_no_page_keeps_anybody_out(browser: Browser, live_server, settings) -> None:
    world = World(settings)
    found: list[str] = []
    for user, addresses in (
        (None, world.public()),
        (world.dispatcher, world.portal()),
        (world.supervisor, world.border()),
    ):
        client = Client()
        cookies = {django_settings.LANGUAGE_COOKIE_NAME: "en"}
        if user is not None:
            client.force_login(user)
            cookies[django_settings.SESSION_COOKIE_NAME] = client.session.session_key or ""
        pages = [address for address in addresses if is_page(client, address)]
        for name, look in LOOKS.items():
            # Colours are measured as they stay, not while they come.
            context = browser.new_context(base_url=live_server.url, reduced_motion="reduce", **look)
            complaints = Complaints(context)
            complaints.expect("status of 404")
            # To measure a page, axe tries styles of its own, which our rules forbid.
            complaints.expect("Applying inline style")
            context.add_cookies(
                [{"name": each, "value": value, "url": live_server.url} for each, value in cookies.items()]
            )
            page = context.new_page()
            found += [f"{name}: {fault}" for address in pages for fault in faults(page, address)]
            context.close()
            assert complaints.unexpected == []
    assert not found, "\n".join(found)
