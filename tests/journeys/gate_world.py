"""A world for gates in the installation it is run in: codes that are good now, and devices to enrol."""

from __future__ import annotations

import json
from datetime import timedelta

from django.utils import timezone

from clearance.actions.devices import add_device
from clearance.models import DeviceKind
from ferry.models import Closure
from tests.builders import (
    a_checkpoint,
    a_company,
    a_declaration,
    a_driver,
    a_licence,
    a_petrol_car,
    an_issued_trip,
)

CODES, DEVICES = 12, 8


def make() -> None:
    at = timezone.now()
    a_checkpoint()
    # Today may be a holiday.
    Closure.objects.all().delete()
    company = a_company()
    a_licence(company)
    window = {"opens_at": at - timedelta(hours=1), "closes_at": at + timedelta(hours=23), "at": at}
    cars = [a_petrol_car(company) for _number in range(CODES)]
    papers = a_declaration(company, [car.vin for car in cars])
    trips = [
        an_issued_trip(company, vehicle=car, driver=a_driver(company), declaration=papers, **window)
        for car in cars
    ]
    here = {"checkpoint": a_checkpoint(), "kind": DeviceKind.CAMERA, "at": at, "by": "supervisor x"}
    said = {
        "codes": [trip.passes.get().code for trip in trips],
        "enrolments": [add_device(lane=str(lane), **here)[1] for lane in range(1, DEVICES + 1)],
    }
    print(json.dumps(said))  # noqa: T201
