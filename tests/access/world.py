"""What Silk Road Cars keeps, one of everything, and everybody who might ask for it."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from django.test import Client
from django.urls import reverse

from clearance.actions.devices import add_device
from clearance.actions.examinations import keep_photo
from clearance.actions.fallback import make_fallback_list
from clearance.actions.rules import draft_rule
from clearance.actions.watch import watch
from clearance.lane.access import CHOSEN_CHECKPOINT, CHOSEN_LANE
from clearance.models import (
    Device,
    DeviceKind,
    Duty,
    FallbackList,
    Photo,
    Policy,
    Record,
    RecordImport,
    Scan,
    SelectionRule,
    SourceHeadings,
    VersionTrial,
    Watched,
    WatchEntry,
)
from ferry.actions.bulk import plan_bulk_job
from ferry.actions.case_work import attach_to_case
from ferry.actions.cases import open_case
from ferry.actions.consignments import join_consignment, open_consignment
from ferry.actions.hooks import add_endpoint, send_test
from ferry.actions.invitations import invite
from ferry.actions.notices import tell_members
from ferry.actions.passes import receipt_pin
from ferry.actions.pay import add_rate
from ferry.actions.places import close_routes
from ferry.actions.receipts import confirm_receipt
from ferry.actions.refund import ask_for_package, claim_package, make_package
from ferry.actions.report_letters import subscribe
from ferry.actions.saved_views import save_view
from ferry.actions.vehicles import offer_vehicle
from ferry.models import (
    BulkJob,
    Case,
    CaseKind,
    CaseState,
    Closure,
    Company,
    Consignment,
    Declaration,
    Delivery,
    Driver,
    Endpoint,
    Handover,
    HookType,
    Invitation,
    KeyKind,
    Notice,
    NoticeKind,
    Party,
    Pass,
    PassState,
    ReportLetter,
    Role,
    SavedView,
    Subscription,
    Trip,
    TripState,
    User,
    Weight,
)
from ferry.notice_letters import stop_link
from ferry.queries.condition_checks import condition_photos_of
from ferry.report_letters import stop_link as report_stop_link
from ferry.rules.news import MemberNews
from tests.access.table import Row
from tests.builders import (
    AT,
    BY,
    a_check,
    a_checkpoint,
    a_company,
    a_company_key,
    a_condition_photo,
    a_device,
    a_document,
    a_driver,
    a_file_import,
    a_member,
    a_picture,
    a_record_file,
    a_route,
    a_vehicle,
    a_vin,
    a_worked_roster,
    an_authority_key,
    an_issued_trip,
    an_officer,
    an_operator,
)
from tests.clearance.casts import scanned

STRANGER = "East Star Trade"
OUTSIDERS = ("nobody", "driver", "other owner", "other company key")


def a_world() -> Company:
    company = a_company("Silk Road Cars of Kashgar")
    a_member(company, Role.VIEWER)
    a_company_key(company)
    trip = an_issued_trip(company, driver=a_driver(company, name="Yusup Tursun"))
    facts = {"confirmed_at": AT.isoformat()}
    open_case(trip=trip, kind=CaseKind.DAMAGE, weight=Weight.MEDIUM, facts=facts, at=AT, by=BY)
    furnish(company)
    attach_to_case(
        case=an_open_case(company), name="a.jpg", content=a_picture(), party=Party.COMPANY, at=AT, by=BY
    )
    watch(kind=Watched.VIN, value="LGXCE4CB0S9999999", instruction="Call Li at 110.", at=AT, by=BY)
    here = {"checkpoint": a_checkpoint(), "kind": DeviceKind.CAMERA, "lane": "3"}
    add_device(**here, at=AT, by="supervisor x")
    Policy.objects.update(examined_share=1)
    scanned(a_ready_trip(company).passes.get().code)
    at_the_desk()
    a_company(STRANGER)
    return company


def a_subscription(company: Company) -> Subscription:
    """Give a report that nobody who asks is sent: a colleague's."""
    membership = company.memberships.filter(role=Role.OWNER).earliest("pk")
    return Subscription.objects.filter(membership=membership).earliest("pk")


def report_stop_token(company: Company) -> str:
    return report_stop_link(a_subscription(company).letters.get()).rstrip("/").rsplit("/", 1)[1]


def at_the_desk() -> None:
    """Leave a supervisor's work on the desk of Horgos: a drafted rule, a closure to come, a printed list."""
    horgos = a_checkpoint()
    draft_rule(checkpoint=horgos, share=0.1, reason="new exporter", at=AT, by=BY)
    span = {"starts_at": AT + timedelta(days=30), "ends_at": AT + timedelta(days=31)}
    close_routes(routes=[a_route()], **span, reason="holiday", at=AT, by=BY)
    make_fallback_list(checkpoint=horgos, hours=12, at=AT, by=BY)
    line = "return,2026-11-22T10:00:00+08:00,{},E87654321"
    straight = a_record_file(line.format("BP-1"), is_straight=True)
    columns = {"0": "kind", "1": "occurred_at", "2": "source_reference", "3": "passport_number"}
    straight.source.known_headings.create(fingerprint="x", kind="records", columns=columns, known_at=AT)
    VersionTrial.objects.create(version=2, beside=1, total=0, created_at=AT, created_by=BY)
    a_record_file(line.format("BP-2"), "return,yesterday,BP-3,E87654321")


def furnish(company: Company) -> None:
    """Give a company one of what not every company has: an offer each way, a roster, a webhook, a notice."""
    offer_vehicle(vehicle=a_vehicle(a_company("Partner Cars")), to_company=company, at=AT, by=BY)
    offer_vehicle(vehicle=a_vehicle(company), to_company=a_company("Yining Motors"), at=AT, by=BY)
    a_worked_roster(company, 1)
    a_bulk_job(company)
    a_file_import(company, a_vin(), "X")
    an_invitation(company)
    consignment = open_consignment(company=company, name="Xiaomo 6818", kind="ship", at=AT, by=BY)
    join_consignment(consignment=consignment, vins=[a_ready_trip(company).vehicle.vin])
    membership = a_member(company, Role.OWNER)
    owner = membership.user
    save_view(company=company, user=owner, list="trips", name="Mine", query="")
    ordered = subscribe(user=owner, membership=membership, rhythm="month", language="en", at=AT)
    ReportLetter.objects.create(subscription=ordered, first=AT.date())
    send_test(endpoint=an_endpoint(company), at=AT)
    add_rate(company=company, amount_fen=51_000, at=AT, by=BY)
    make_a_package(a_received_trip(company).declaration)
    a_document(a_ready_trip(company))
    a_condition_photo(a_check(a_ready_trip(company)))
    a_document(a_ready_trip(company).vehicle)
    tell_members(
        news=[MemberNews(company.pk, NoticeKind.REFUSED, "trip", a_ready_trip(company).reference, "BYD")],
        at=AT,
    )


def an_endpoint(company: Company) -> Endpoint:
    url = "https://silkroad.example/hooks"
    return add_endpoint(company=company, url=url, types=[HookType.TRIP_MOVED], at=AT)[0]


def a_ready_trip(company: Company) -> Trip:
    ready = company.trips.filter(state=TripState.READY).order_by("pk")
    return ready.select_related("driver", "vehicle", "declaration")[0]


def a_received_trip(company: Company) -> Trip:
    """Have one of the trips received, once."""
    received = company.trips.filter(receipt__isnull=False).first()
    if received is None:
        received = an_issued_trip(company)
        said = {"pin": receipt_pin(received), "condition": "good", "receiver": "Aidar"}
        confirm_receipt(pass_=received.passes.get(), **said, at=AT, by="consignee")
    return received


def an_open_pass(company: Company) -> Pass:
    return Pass.objects.filter(trip=a_ready_trip(company), state=PassState.OPEN).get()


def an_open_case(company: Company) -> Case:
    return company.cases.filter(state=CaseState.OPEN, trip__isnull=False).order_by("pk")[0]


#: What stands in an address for what Silk Road Cars keeps; named by the part of the address before it.
STANDS_FOR: dict[str, Callable[[Company], object]] = {
    "trips/<reference>": lambda company: a_ready_trip(company).reference,
    "trips/<reference>/receipt.pdf": lambda company: a_received_trip(company).reference,
    "p/<code>/receipt/": lambda company: a_received_trip(company).passes.get().short_code,
    "p/<code>/receipt.pdf": lambda company: a_received_trip(company).passes.get().short_code,
    "p/<code>/photos/": lambda company: a_received_trip(company).passes.get().short_code,
    "code.<form>": lambda company: "code.svg",
    "roster/<pk>": lambda company: company.rosters.latest("pk").pk,
    "vehicles/<vin>": lambda company: a_ready_trip(company).vehicle.vin,
    "drivers/<pk>": lambda company: a_ready_trip(company).driver_id,
    "declarations/<number>": lambda company: a_ready_trip(company).declaration.number,
    "licences/<pk>": lambda company: company.licences.latest("pk").pk,
    "about/<thing>": lambda company: "trip",
    "<key>": lambda company: a_ready_trip(company).reference,
    "pictures/<pk>": lambda company: a_ready_trip(company).vehicle.documents.latest("pk").pk,
    "documents/<pk>": lambda company: company.documents.filter(case=None).latest("pk").pk,
    "condition-photos/<pk>": lambda company: condition_photos_of(company).latest("pk").pk,
    "refund/<number>": lambda company: a_ready_trip(company).declaration.number,
    "packages/<pk>": lambda company: company.refund_packages.earliest("pk").pk,
    "cases/<pk>": lambda company: an_open_case(company).pk,
    "<act>": lambda company: "comment",
    "files/<document>": lambda company: an_open_case(company).documents.latest("pk").pk,
    "pay/<pk>": lambda company: company.pay_statements.earliest("pk").pk,
    "statements/<pk>": lambda company: company.pay_statements.earliest("pk").pk,
    "rates/<pk>": lambda company: company.pay_rates.earliest("pk").pk,
    "handovers/<pk>": lambda company: Handover.objects.filter(to_company=company)[0].pk,
    "handovers/<pk>/withdraw/": lambda company: company.handovers_out.earliest("pk").pk,
    "members/<pk>": lambda company: company.memberships.earliest("pk").pk,
    "keys/<pk>": lambda company: company.api_keys.filter(kind=KeyKind.COMPANY)[0].pk,
    "import/<pk>": lambda company: company.imports.latest("pk").pk,
    "bulk/<pk>": lambda company: BulkJob.objects.filter(company=company).latest("pk").pk,
    "<name>": lambda company: "trips",
    "export.<form>": lambda company: "export.csv",
    "mark/<vin>": lambda company: a_ready_trip(company).vehicle.vin,
    "take-back/<vin>": lambda company: a_ready_trip(company).vehicle.vin,
    "consignments/<pk>": lambda company: Consignment.objects.filter(company=company).latest("pk").pk,
    "views/<pk>": lambda company: SavedView.objects.filter(company=company).latest("pk").pk,
    "invitations/<pk>": lambda company: Invitation.objects.filter(company=company).latest("pk").pk,
    "invitation/<token>": lambda company: an_invitation(company),
    "notices/<pk>": lambda company: Notice.objects.filter(membership__company=company).earliest("pk").pk,
    "<number>": lambda company: 0,
    "letters/<pk>": lambda company: a_subscription(company).pk,
    "no-more/<token>": lambda company: report_stop_token(company),
    "stop/<token>": lambda company: (
        stop_link(company.memberships.earliest("pk"), [NoticeKind.STAY]).rstrip("/").rsplit("/", 1)[1]
    ),
    "webhooks/<pk>": lambda company: company.endpoints.earliest("pk").pk,
    "deliveries/<pk>": lambda company: Delivery.objects.filter(endpoint__company=company).earliest("pk").pk,
    "d/<token>": lambda company: a_ready_trip(company).driver.link_token,
    "p/<code>": lambda company: an_open_pass(company).short_code,
    "scans/<scan_id>": lambda company: Scan.objects.latest("pk").scan_id,
    "examination-photos/<pk>": lambda company: a_photo().pk,
    "records/<pk>": lambda company: Record.objects.latest("pk").pk,
    "versions/<pk>": lambda company: VersionTrial.objects.latest("pk").pk,
    "sources/<pk>": lambda company: SourceHeadings.objects.latest("pk").source_id,
    "headings/<headings>": lambda company: SourceHeadings.objects.latest("pk").pk,
    "files/<pk>": lambda company: RecordImport.objects.latest("pk").pk,
    "rules/<pk>": lambda company: SelectionRule.objects.latest("pk").pk,
    "closures/<pk>": lambda company: Closure.objects.latest("pk").pk,
    "fallback/<pk>": lambda company: FallbackList.objects.latest("pk").pk,
    "watch/<pk>": lambda company: WatchEntry.objects.latest("pk").pk,
    "codes/<pass_id>": lambda company: an_open_pass(company).pass_id,
    "devices/<pk>": lambda company: Device.objects.latest("pk").pk,
    "checkpoints/<code>": lambda company: "CN-HORGOS",
}


def a_photo() -> Photo:
    """Keep a photo with the examination that waits at Horgos, once."""
    kept = Photo.objects.first()
    scan = Scan.objects.filter(examination__outcome="").latest("pk")
    return kept or keep_photo(scan=scan, content=a_picture(), officer=an_officer(), at=AT)[0]


def make_a_package(declaration: Declaration) -> None:
    declaration.refund_ready_at = AT
    ask_for_package(declaration=declaration, language="en", at=AT, by=BY)
    package = claim_package(at=AT)
    assert package is not None
    make_package(package=package, now=lambda: AT)


def an_invitation(company: Company) -> str:
    return invite(company=company, email="new@silkroad.example", role=Role.VIEWER, at=AT, by=BY)[1]


def a_bulk_job(company: Company) -> BulkJob:
    trips = [a_ready_trip(company).pk]
    said = {"act": "issue", "trips": trips, "reason": "", "language": "en"}
    return plan_bulk_job(company=company, key=uuid.uuid4(), **said, at=AT, by=BY)[0]


def fillers(address: str, company: Company) -> dict[str, str]:
    """Give what stands for each <part> of an address; a whole end of it may have something of its own."""
    found = {}
    for match in re.finditer(r"(?:(?<=/)[^/<]+/|\w+\.)?<\w+>", address):
        part = match.group()
        maker = STANDS_FOR.get(address[match.start() :]) or STANDS_FOR[part]
        found[part] = str(maker(company))
    return found


def filled(address: str, standing: dict[str, str]) -> str:
    for part, value in standing.items():
        address = address.replace(part, part[: part.rfind("/") + 1] + value)
    return address


def absent(standing: dict[str, str]) -> dict[str, str]:
    """Give what stands for something like it that is nowhere."""
    return {part: "999999999" if value.isdigit() else f"{value}X" for part, value in standing.items()}


def secrets_of(company: Company) -> set[str]:
    """Name what nobody outside the company may read."""
    trip = a_ready_trip(company)
    own_drivers = Driver.objects.filter(company=company)
    return {
        *company.trips.values_list("reference", flat=True),
        *(vin[-8:] for vin in company.vehicles.values_list("vin", flat=True)),
        *(driver.link_token for driver in own_drivers),
        *(driver.passport_number for driver in own_drivers),
        *company.declarations.values_list("number", flat=True),
        *company.licences.values_list("number", flat=True),
        *company.memberships.values_list("user__email", flat=True),
        *company.endpoints.values_list("url", flat=True),
        *Handover.objects.filter(to_company=company).values_list("vehicle__vin", flat=True),
        an_open_pass(company).short_code,
        trip.driver.name,
        company.name,
        company.uscc,
    }


# --- Who asks ----------------------------------------------------------------------------------


def signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def _on_duty(duty: str) -> Client:
    client = signed_in(an_officer(duty=duty))
    session = client.session
    session[CHOSEN_CHECKPOINT], session[CHOSEN_LANE] = "CN-HORGOS", "3"
    session.save()
    return client


def _with_link(company: Company) -> Client:
    client = Client()
    client.get(reverse("phone:driver", args=[a_ready_trip(company).driver.link_token]))
    return client


def _with_key(token: str) -> Client:
    return Client(headers={"Authorization": f"Token {token}"})


def _stranger() -> Company:
    return Company.objects.get(name=STRANGER)


PARTIES: dict[str, Callable[[Company], Client]] = {
    "nobody": lambda company: Client(),
    "driver": _with_link,
    "viewer": lambda company: signed_in(a_member(company, Role.VIEWER).user),
    "dispatcher": lambda company: signed_in(a_member(company, Role.DISPATCHER).user),
    "owner": lambda company: signed_in(a_member(company, Role.OWNER).user),
    "other owner": lambda company: signed_in(a_member(_stranger(), Role.OWNER).user),
    "officer": lambda company: _on_duty(Duty.OFFICER),
    "supervisor": lambda company: _on_duty(Duty.SUPERVISOR),
    "operator": lambda company: signed_in(an_operator()),
    "company key": lambda company: _with_key(a_company_key(company)[1]),
    "other company key": lambda company: _with_key(a_company_key(_stranger())[1]),
    "device key": lambda company: _with_key(a_device()[1]),
    "authority key": lambda company: _with_key(an_authority_key()[1]),
}

#: Something for every form and call; what one does not know it does not read.
SAID = {
    "answer": "accept",
    "door": "yard",
    "kind": "ship",
    "mark": "yard",
    "q": "000001",
    "checkpoint": "CN-HORGOS",
    "closes_at": "2026-11-25T03:00:00Z",
    "code": "X",
    "colour": "red",
    "driver": 1,
    "filed_on": "2026-11-22",
    "lane": "3",
    "name": "X",
    "note": "x",
    "opens_at": "2026-11-24T03:00:00Z",
    "reader": "driver",
    "reason": "x",
    "resolution": "explained",
    "role": "owner",
    "scans": [],
    "status": "closed",
    "to": "x@example.com",
    "to_company": "914403001922038216",
}
LISTS = {"/api/v1/records/"}


def ask(client: Client, row: Row, method: str, address: str) -> Any:
    if method == "get":
        return client.get(address)
    if not address.startswith("/api/"):
        return client.post(address, {**SAID, "company": Company.objects.earliest("pk").pk})
    said: Any = [] if row.address in LISTS else {**SAID, "scan_id": str(uuid.uuid4())}
    return getattr(client, method)(address, said, content_type="application/json")
