"""Valid objects, made as the application makes them: by its actions.

A small fixed cast: Silk Road Cars sends cars, and Zhang Wei is its dispatcher; East Star Trade is the
stranger. Ma Jun drives. Officer Chen Hao stands at Horgos. Almaty Auto receives. Numbers are counted up:
valid, and never twice the same.
"""

from __future__ import annotations

import io
import uuid
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from itertools import count
from typing import TYPE_CHECKING, Any

from PIL import Image
from stdnum.cn import uscc as stdnum_uscc

from clearance.actions.imports import import_at_once
from clearance.actions.sources import keep_records, open_source
from clearance.actions.standard import lay_standard_data
from clearance.models import Device, DeviceKind, Duty, Posting, RecordImport, Source
from ferry.actions.companies import add_member, register_company
from ferry.actions.declarations import register_declaration
from ferry.actions.drivers import register_driver
from ferry.actions.file_imports import keep_upload
from ferry.actions.import_work import claim_import, work_import
from ferry.actions.licences import register_licence
from ferry.actions.roster import plan_roster, work_roster
from ferry.actions.vehicles import register_vehicle
from ferry.models import (
    ApiKey,
    Checkpoint,
    Company,
    ConditionCheck,
    ConditionPhoto,
    Declaration,
    Document,
    Driver,
    EventKind,
    FileImport,
    KeyKind,
    Licence,
    Membership,
    Pass,
    PayEntry,
    Role,
    Roster,
    Route,
    Stage,
    Trip,
    TripState,
    User,
    Vehicle,
)
from ferry.queries.roster import Pair, Window
from ferry.rules.condition import Looked, Mark
from ferry.rules.vin import vin_check_digit

if TYPE_CHECKING:
    from ferry.actions.tellings import Word

#: Noon in China, nine in the morning in Kazakhstan, a Sunday without a closure.
AT = datetime(2026, 11, 22, 4, 0, tzinfo=UTC)
BY = "dispatcher zhang@silkroad.example"
PASSWORD = "camel-bridge-2026"
FAR = date(2034, 1, 1)

_numbers = count(1)


def a_vin() -> str:
    """Give a new valid VIN of a Chinese-built car."""
    head, tail = "LGXCE4CB", f"S{next(_numbers):07}"
    return head + vin_check_digit(f"{head}0{tail}") + tail


def a_uscc() -> str:
    body = f"91654004MA{next(_numbers):07}"
    return body + str(stdnum_uscc.calc_check_digit(body))


def a_passport_number() -> str:
    return f"E{next(_numbers):08}"


def a_declaration_number() -> str:
    return f"940720260{next(_numbers):09}"


def a_licence_number() -> str:
    return f"26AB{next(_numbers):06}"


def a_company(name: str = "Silk Road Cars", **fields: Any) -> Company:
    return register_company(**{"name": name, "uscc": a_uscc(), "at": AT, "by": BY, **fields})


def a_user(email: str | None = None, **fields: Any) -> User:
    """Make a user who signs in with PASSWORD."""
    return User.objects.create_user(
        email or f"zhang{next(_numbers)}@silkroad.example", PASSWORD, **{"name": "Zhang Wei", **fields}
    )


def a_member(company: Company, role: str = Role.DISPATCHER, **fields: Any) -> Membership:
    return add_member(company=company, user=a_user(**fields), role=Role(role))


def an_operator() -> User:
    return User.objects.create_superuser(f"operator{next(_numbers)}@ferryman.example", PASSWORD)


def an_officer(checkpoint: Checkpoint | None = None, duty: str = Duty.OFFICER) -> User:
    """Make an officer, or a supervisor, posted to the checkpoint (Horgos unless another is named)."""
    user = a_user(f"chen{next(_numbers)}@customs.example", name="Chen Hao")
    Posting.objects.create(user=user, checkpoint=checkpoint or a_checkpoint(), duty=duty)
    return user


def a_vehicle(company: Company, **fields: Any) -> Vehicle:
    """Register a battery car, which needs an export licence."""
    usual = {
        "vin": a_vin(),
        "make": "BYD",
        "model": "Song Plus",
        "powertrain": "bev",
        "colour": "white",
        "hs_code": "8703801090",
    }
    return register_vehicle(**{"company": company, "at": AT, "by": BY, **usual, **fields})


def a_petrol_car(company: Company, **fields: Any) -> Vehicle:
    usual = {"make": "Chery", "model": "Tiggo 8", "powertrain": "petrol", "hs_code": "8703234110"}
    return a_vehicle(company, **{**usual, **fields})


def a_driver(company: Company, **fields: Any) -> Driver:
    usual = {
        "name": "Ma Jun",
        "passport_number": a_passport_number(),
        "passport_expires_on": FAR,
        "nationality": "CN",
        "licence_class": "C1",
        "licence_expires_on": FAR,
        "phone": "+86 139 9999 0001",
        "language": "zh-hans",
    }
    return register_driver(**{"company": company, "at": AT, "by": BY, **usual, **fields})


def a_declaration(company: Company, vins: Sequence[str] = (), **fields: Any) -> Declaration:
    """Register a released declaration of these VINs, or of one VIN nobody has registered."""
    usual = {"number": a_declaration_number(), "supervision_mode": "0110", "status": "released"}
    return register_declaration(
        **{"company": company, "vins": list(vins) or [a_vin()], "at": AT, "by": BY, **usual, **fields}
    )


def a_licence(company: Company, **fields: Any) -> Licence:
    usual = {"number": a_licence_number(), "expires_on": FAR, "quantity": 100}
    return register_licence(**{"company": company, "at": AT, "by": BY, **usual, **fields})


def a_route(code: str = "HORGOS-NURZHOLY") -> Route:
    """Find a route of the standard data, laying that first where a test has not."""
    if not Route.objects.filter(code=code).exists():
        lay_standard_data(at=AT, by=BY)
    return Route.objects.select_related("exit", "entry").get(code=code)


def a_checkpoint(code: str = "CN-HORGOS") -> Checkpoint:
    a_route()
    return Checkpoint.objects.get(code=code)


def a_trip(company: Company | None = None, **fields: Any) -> Trip:
    """Plan a trip whose window opened an hour before AT and lasts a day; what is not handed in is made."""
    from ferry.actions.trips import plan_trip

    company = company or a_company()
    vehicle = fields.pop("vehicle", None) or a_vehicle(company)
    usual = {
        "vehicle": vehicle,
        "driver": fields.pop("driver", None) or a_driver(company),
        "declaration": fields.pop("declaration", None) or a_declaration(company, [vehicle.vin]),
        "route": fields.pop("route", None) or a_route(),
        "delivery_place": "Khorgos Gateway, park 3",
        "consignee_name": "Almaty Auto",
        "consignee_phone": "+7 701 000 0001",
        "consignee_language": "ru",
        "opens_at": AT - timedelta(hours=1),
        "closes_at": AT + timedelta(hours=23),
    }
    return plan_trip(**{"company": company, "at": AT, "by": BY, **usual, **fields})


def a_pass(trip: Trip | None = None, **fields: Any) -> Pass:
    """Issue the pass of a trip, with an export licence to take it from."""
    from ferry.actions.passes import issue_pass

    trip = trip or a_trip()
    if not trip.company.licences.exists():
        a_licence(trip.company)
    return issue_pass(**{"trip": trip, "at": AT, "by": BY, **fields})[0]


def an_issued_trip(company: Company | None = None, **fields: Any) -> Trip:
    """Plan a trip and issue its pass, which is `trip.passes.get()`."""
    trip = a_trip(company, **fields)
    a_pass(trip)
    trip.refresh_from_db()
    return trip


def an_exited_trip(company: Company | None = None, **fields: Any) -> Trip:
    """Have a vehicle leave China at AT."""
    from ferry.actions.moves import move_trip

    trip = an_issued_trip(company, **fields)
    move_trip(trip=trip, to=TripState.EXITED, kind=EventKind.EXITED, at=AT, by="device")
    return trip


def a_word(kind: str = "picked_up", **fields: Any) -> Word:
    """Say something as a driver's phone does, an hour after AT and with a clock that is right."""
    from ferry.actions.tellings import Back, Word

    marks = (Mark(1, "left", 450, 580, "scratch"),)
    told_at = fields.pop("told_at", AT + timedelta(hours=1))
    content = fields.pop("content", Back() if kind == "back" else Looked(marks, 31, 80, 2))
    usual = {"telling_id": uuid.uuid4(), "digest": str(hash((kind, content))), "sent_at": None}
    return Word(**{"kind": kind, "content": content, "told_at": told_at, **usual, **fields})


def a_picture(form: str = "JPEG", *, size: tuple[int, int] = (40, 30), **said: Any) -> bytes:
    """Draw a picture that is never the same twice, nor so near another that JPEG makes them the same."""
    number = next(_numbers)
    colour = (number % 16 * 16, number // 16 % 16 * 16, number // 256 % 16 * 16)
    file = io.BytesIO()
    Image.new("RGB", size, colour).save(file, form, **said)
    return file.getvalue()


def a_picture_of_a_place(form: str = "JPEG", **said: Any) -> bytes:
    """Draw a picture that says it was taken at Horgos, and lies on its side."""
    exif = Image.Exif()
    exif[0x0112] = 6
    exif[0x8825] = {1: "N", 2: (44.0, 12.0, 36.0), 3: "E", 4: (80.0, 24.0, 0.0)}
    return a_picture(form, **{"exif": exif, **said})


def a_check(trip: Trip, stage: str = "pick_up", **fields: Any) -> ConditionCheck:
    """Have the trip's driver look the vehicle over, and find one scratch on its left side."""
    from ferry.actions.condition_checks import keep_check

    marks = (Mark(1, "left", 450, 580, "scratch"),)
    usual = {
        "driver": trip.driver,
        "check_id": uuid.uuid4(),
        "looked": Looked(marks, odometer_km=31, level_percent=80, keys=2),
        "checked_at": AT,
    }
    return keep_check(**{"trip": trip, "stage": Stage(stage), **usual, "at": AT, **fields})[0]


def a_correction(driver: Driver | None = None, **fields: Any) -> PayEntry:
    """Add five yuan to a driver's pay, a new one's unless another is named."""
    from ferry.actions.pay import correct_pay

    usual = {"amount_fen": 500, "reason": "tolls", "key": uuid.uuid4()}
    driver = driver or a_driver(a_company())
    return correct_pay(**{"driver": driver, **usual, "at": AT, "by": BY, **fields})[0]


def a_condition_photo(check: ConditionCheck, **fields: Any) -> ConditionPhoto:
    from ferry.actions.condition_checks import keep_condition_photo

    usual = {"photo_id": uuid.uuid4(), "content": a_picture(), "taken_at": AT, "at": AT}
    return keep_condition_photo(**{"check": check, **usual, **fields})[0]


def a_document(about: Any, **fields: Any) -> Document:
    """Keep a photo with a vehicle, a driver, a declaration, a licence or a trip."""
    from ferry.actions.documents import keep_document

    usual = {"kind": "photo", "name": "IMG_0001.jpg", "content": a_picture(), "at": AT, "by": BY}
    return keep_document(**{"company": about.company, "about": about, **usual, **fields})[0]


def a_company_key(company: Company) -> tuple[ApiKey, str]:
    from ferry.actions.keys import make_api_key

    return make_api_key(kind=KeyKind.COMPANY, label="company's own system", company=company, at=AT)


def a_device(checkpoint: Checkpoint | None = None) -> tuple[ApiKey, str]:
    """Make a gate device's key and its token, at Horgos unless another checkpoint is named."""
    from ferry.actions.keys import make_api_key

    checkpoint = checkpoint or a_checkpoint()
    return make_api_key(kind=KeyKind.DEVICE, label="lane 1", checkpoint=checkpoint, at=AT)


def an_enrolled_device(checkpoint: Checkpoint | None = None, **fields: Any) -> tuple[Device, str]:
    """Have a gate camera in lane 3 enrolled, and give it with the token of its key."""
    from clearance.actions.devices import add_device, enrol_device

    usual = {"checkpoint": checkpoint or a_checkpoint(), "kind": DeviceKind.CAMERA, "lane": "3", "by": BY}
    _device, code = add_device(**{**usual, "at": AT, **fields})
    return enrol_device(code=code, at=AT)


def an_authority_key() -> tuple[ApiKey, str]:
    from ferry.actions.keys import make_api_key

    return make_api_key(kind=KeyKind.AUTHORITY, label="customs feed", at=AT)


def a_file_import(company: Company, *vins: str) -> FileImport:
    """Upload vehicles and have them looked at, up to the preview."""
    lines = "".join(f"{vin},BYD,Song Plus,BEV,8703801090\n" for vin in vins)
    source = io.BytesIO(f"VIN,Make,Model,Powertrain,HS code\n{lines}".encode())
    file_import, _is_new = keep_upload(
        company=company, key=uuid.uuid4(), file=source, name="fleet.csv", language="en", at=AT, by=BY
    )
    return work_imports(file_import)


def work_imports(file_import: FileImport, at: datetime = AT) -> FileImport:
    """Be the worker until nothing waits."""
    while (claimed := claim_import(at=at)) is not None:
        work_import(file_import=claimed, now=lambda: at)
    return FileImport.objects.get(pk=file_import.pk)


def a_record_file(*lines: str, source: Source | None = None, **how: Any) -> RecordImport:
    """Upload returns of drivers to the border police's source at Horgos, and have them read."""
    heading = "kind,occurred_at,source_reference,passport_number"
    file = io.BytesIO("\n".join([heading, *lines]).encode())
    source = source or open_source(checkpoint=a_checkpoint(), name="Horgos border police", at=AT, by=BY)
    said: dict[str, Any] = {"key": uuid.uuid4(), "name": "returns.csv", "language": "en", "at": AT, "by": BY}
    kept, _is_new = keep_records(source=source, file=file, **{**said, **how})
    return import_at_once(file_import=kept, now=lambda: AT)


def a_worked_roster(company: Company, cars: int) -> Roster:
    """Have so many cars that need no licence planned and their codes issued, each with its own driver."""
    vehicles = [a_vehicle(company, powertrain="diesel", hs_code="8703323110") for _number in range(cars)]
    roster, _made = plan_roster(
        company=company,
        key=uuid.uuid4(),
        window=Window(a_route(), AT, AT + timedelta(hours=10)),
        pairs=[
            Pair(vehicle, a_driver(company), a_declaration(company, [vehicle.vin])) for vehicle in vehicles
        ],
        delivery_place="Park 3",
        consignee_name="Almaty Auto",
        consignee_phone="",
        consignee_language="ru",
        language="en",
        at=AT,
        by=BY,
    )
    work_roster(roster=roster, at=AT, limit=cars)
    return roster
