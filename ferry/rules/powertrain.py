"""What a commodity code says about a vehicle, and which driving licence covers it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from ferry.rules.findings import FINE, Finding, refuse, warn
from ferry.rules.letters import plain_capitals

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

VehicleClass = Literal["car", "truck", "bus", "plant"]

ROAD = frozenset({"bev", "phev", "hev", "petrol", "diesel"})
PLANT = frozenset({"plant"})


@dataclass(frozen=True)
class Goods:
    """What a commodity code stands for; `vague` where the code leaves open which powertrain it is."""

    name: StrOrPromise
    vehicle_class: VehicleClass
    powertrains: frozenset[str]
    vague: bool = False


PETROL_CAR = Goods(_("petrol cars"), "car", frozenset({"petrol"}))
DIESEL_CAR = Goods(_("diesel cars"), "car", frozenset({"diesel"}))
HYBRID_CAR = Goods(_("hybrid cars without a plug"), "car", frozenset({"hev"}))
PLUG_IN_CAR = Goods(_("plug-in hybrid cars"), "car", frozenset({"phev"}))
BATTERY_CAR = Goods(_("battery cars"), "car", frozenset({"bev"}))
TRUCK = Goods(_("goods vehicles"), "truck", ROAD)
PLANT_MACHINE = Goods(_("plant machinery"), "plant", PLANT)

# The longest code that a vehicle's code begins with decides.
HS_GOODS: Mapping[str, Goods] = {
    "87012": TRUCK,
    "8702": Goods(_("buses"), "bus", ROAD),
    "8703": Goods(_("passenger cars"), "car", ROAD, vague=True),
    "870321": PETROL_CAR,
    "870322": PETROL_CAR,
    "870323": PETROL_CAR,
    "870324": PETROL_CAR,
    "870331": DIESEL_CAR,
    "870332": DIESEL_CAR,
    "870333": DIESEL_CAR,
    "870340": HYBRID_CAR,
    "870350": HYBRID_CAR,
    "870360": PLUG_IN_CAR,
    "870370": PLUG_IN_CAR,
    "870380": BATTERY_CAR,
    "8704": TRUCK,
    "8427": PLANT_MACHINE,
    "8429": PLANT_MACHINE,
}


def normalise_hs(text: str) -> str:
    return plain_capitals(text).replace(".", "")


def judge_hs(hs_code: str, *, powertrain: str) -> Finding:
    """Judge whether a normalised commodity code (4 to 10 digits) and a powertrain agree."""
    if not re.fullmatch(r"[0-9]{4,10}", hs_code):
        detail = _(
            "A commodity code has 4 to 10 digits, for example 8703801090. Copy it from the declaration."
        )
        return refuse("hs_form", detail, "hs_code")
    goods = _goods(hs_code)
    if goods is not None and powertrain not in goods.powertrains:
        detail = format_lazy(
            _(
                "Commodity code {code} is for {goods}, which this vehicle is not. "
                "Correct the code or the powertrain."
            ),
            code=hs_code,
            goods=goods.name,
        )
        return refuse("hs_powertrain", detail, "hs_code")
    if goods is None or goods.vague:
        detail = format_lazy(
            _(
                "Commodity code {code} does not say which powertrain the vehicle has. "
                "Compare it with the declaration."
            ),
            code=hs_code,
        )
        return warn("hs_unknown", detail, "hs_code")
    return FINE


def vehicle_class(hs_code: str, powertrain: str) -> VehicleClass:
    """Say what kind of vehicle a driver must be licensed for; a car where the code does not say."""
    if powertrain == "plant":
        return "plant"
    goods = _goods(hs_code)
    return goods.vehicle_class if goods else "car"


def _goods(hs_code: str) -> Goods | None:
    cuts = (hs_code[:length] for length in range(len(hs_code), 3, -1))
    return next((HS_GOODS[cut] for cut in cuts if cut in HS_GOODS), None)


@dataclass(frozen=True)
class LicenceRules:
    """Which classes cover a vehicle wholly, or only some vehicles of the kind, and what they include."""

    covers: Mapping[VehicleClass, frozenset[str]]
    covers_some: Mapping[VehicleClass, frozenset[str]]
    includes: Mapping[str, frozenset[str]] = field(default_factory=dict)

    def held(self, classes: frozenset[str]) -> frozenset[str]:
        return classes.union(*(self.includes.get(one, frozenset()) for one in classes))


def _classes(text: str) -> frozenset[str]:
    return frozenset(text.split())


# From the Chinese ministry of public security's table of licence classes. C2 is for automatic cars, as nearly
# all exported cars are; A3 is for city buses, B1 for buses of up to 19 seats.
CHINESE = LicenceRules(
    covers={
        "car": _classes("C1 C2"),
        "truck": _classes("B2 A2"),
        "bus": _classes("A1"),
        "plant": _classes("M"),
    },
    covers_some={"bus": _classes("A3 B1")},
    includes={
        "A1": _classes("A3 B1 B2 C1 C2 C3 C4 M"),
        "A2": _classes("B1 B2 C1 C2 C3 C4 M"),
        "A3": _classes("C1 C2 C3 C4"),
        "B1": _classes("C1 C2 C3 C4 M"),
        "B2": _classes("C1 C2 C3 C4 M"),
        "C1": _classes("C2 C3"),
        "C3": _classes("C4"),
    },
)
# C1 is for trucks of up to 7.5 t, D1 for buses of up to 16 seats. Plant has a licence of its own.
INTERNATIONAL = LicenceRules(
    covers={
        "car": _classes("B"),
        "truck": _classes("C"),
        "bus": _classes("D"),
        "plant": _classes("M"),
    },
    covers_some={"truck": _classes("C1"), "bus": _classes("D1")},
)
# D alone is a Kazakh bus licence or a Chinese motorcycle licence: a person must look.
UNCLEAR = LicenceRules(covers={}, covers_some={"bus": _classes("D")})

CHINESE_CLASSES = _classes("A1 A2 A3 B1 B2 C1 C2 C3 C4 C5 C6 D E F M N P")
INTERNATIONAL_CLASSES = _classes("A A1 B B1 C C1 D D1 E M TM TB")
INTERNATIONAL_ONLY = INTERNATIONAL_CLASSES - CHINESE_CLASSES


def judge_licence_class(licence_class: str, *, vehicle_class: VehicleClass) -> Finding:
    """Judge whether the classes on a driving licence ("A2D", "B2 M", "C1/D", "BCE") cover a vehicle."""
    classes = _read_classes(licence_class)
    if not classes:
        return refuse(
            "driving_licence_class_unreadable",
            _("The driving licence's classes cannot be read. Enter them as printed, for example C1 or B2 M."),
            "licence_class",
        )
    rules = _rules_for(classes)
    held = rules.held(classes)
    if held & rules.covers.get(vehicle_class, frozenset()):
        return FINE
    if held & rules.covers_some.get(vehicle_class, frozenset()):
        return warn(
            "driving_licence_class_partly",
            _(
                "The driver's licence class covers only some vehicles of this kind. "
                "Check that it covers this one."
            ),
            "licence_class",
        )
    detail = format_lazy(
        _(
            "The driver's licence does not cover this vehicle, which needs one of: {classes}. "
            "Choose another driver."
        ),
        classes=", ".join(_covering(vehicle_class)),
    )
    return refuse("driving_licence_class", detail, "licence_class")


def _read_classes(licence_class: str) -> frozenset[str]:
    """Read joined classes; nothing at all where any part is not a class, rather than half of it."""
    parts = re.split("[/,;+&.、]", plain_capitals(licence_class))
    found = [one for part in parts for one in re.findall(r"T[MB]|[A-Z][0-9]*|.", part)]
    return frozenset(found) if set(found) <= CHINESE_CLASSES | INTERNATIONAL_CLASSES else frozenset()


def _rules_for(classes: frozenset[str]) -> LicenceRules:
    """Tell whose classes these are: C1 is for cars in China and for trucks elsewhere.

    A, B and C without a digit are never Chinese.
    """
    if classes & INTERNATIONAL_ONLY:
        return INTERNATIONAL
    return UNCLEAR if classes <= {"D", "E"} else CHINESE


def _covering(vehicle_class: VehicleClass) -> list[str]:
    wanted = CHINESE.covers[vehicle_class]
    chinese = [one for one in CHINESE_CLASSES if CHINESE.held(frozenset({one})) & wanted]
    return sorted({*chinese, *INTERNATIONAL.covers[vehicle_class]})
