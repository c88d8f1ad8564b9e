"""Set up a company of the demonstration with all it keeps."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING

from clearance.demo.cast import COLOURS, vins
from ferry.actions.companies import register_company
from ferry.actions.declarations import register_declaration
from ferry.actions.drivers import register_driver
from ferry.actions.licences import register_licence
from ferry.actions.vehicles import register_vehicle
from ferry.models import DeclarationStatus
from ferry.queries.issue import china_date

if TYPE_CHECKING:
    from datetime import date, datetime
    from random import Random

    from clearance.demo.cast import CompanyData, DeclarationData, DriverData, Model
    from ferry.models import Company, Declaration, Driver, Vehicle

#: Customs office of Horgos; digits 1 to 4 of a declaration number.
OFFICE = "9402"
DAY = timedelta(days=1)


@dataclass
class Keeper:
    """A company and all it keeps, in the order of its data; `by` is its dispatcher."""

    company: Company
    data: CompanyData
    by: str
    vehicles: list[Vehicle] = field(default_factory=list)
    drivers: list[Driver] = field(default_factory=list)
    declarations: list[Declaration] = field(default_factory=list)
    declared: dict[int, Declaration] = field(default_factory=dict)


def set_up(data: CompanyData, *, chance: Random, at: datetime) -> Keeper:
    by = f"owner {data.owner[0]}"
    company = register_company(
        name=data.name, uscc=data.uscc, phone=data.phone, language="zh-hans", at=at, by=by
    )
    keeper = Keeper(company, data, by)
    for number, quantity in data.licences:
        expires_on = china_date(at + 300 * DAY)
        register_licence(
            company=company, number=number, expires_on=expires_on, quantity=quantity, at=at, by=by
        )
    keeper.drivers = [_driver(keeper, line, chance, at) for line in data.drivers]
    for line in data.declarations:
        _declare(keeper, line, chance, at)
    return keeper


def _driver(keeper: Keeper, line: DriverData, chance: Random, at: datetime) -> Driver:
    return register_driver(
        company=keeper.company,
        name=line.name,
        name_latin=line.name_latin,
        passport_number=line.passport,
        passport_expires_on=_later(at, chance, 600, 3000),
        nationality=line.nationality,
        licence_class=line.licence_class,
        licence_expires_on=_later(at, chance, 500, 2000),
        phone=f"+86 999 900 {chance.randrange(1000, 9999)}",
        language=line.language,
        at=at,
        by=keeper.by,
    )


def _declare(keeper: Keeper, line: DeclarationData, chance: Random, at: datetime) -> None:
    """Register a declaration, not yet released, and the vehicles on it."""
    vehicles = [
        _vehicle(keeper, model, vin, chance, at)
        for model, vin in zip(line.models, vins(chance, line.models), strict=True)
    ]
    declaration = register_declaration(
        company=keeper.company,
        number=f"{OFFICE}{china_date(at).year}0{chance.randrange(10**8, 10**9)}",
        supervision_mode=line.mode,
        status=DeclarationStatus.ACCEPTED,
        vins=[vehicle.vin for vehicle in vehicles],
        at=at,
        by=keeper.by,
    )
    keeper.vehicles += vehicles
    keeper.declarations.append(declaration)
    keeper.declared |= {vehicle.pk: declaration for vehicle in vehicles}


def _vehicle(keeper: Keeper, model: Model, vin: str, chance: Random, at: datetime) -> Vehicle:
    is_plant, is_used = model.powertrain == "plant", model.powertrain == "petrol" and chance.random() < 0.4
    return register_vehicle(
        company=keeper.company,
        vin=vin,
        make=model.make,
        model=model.model,
        powertrain=model.powertrain,
        colour="工程黄" if is_plant else chance.choice(COLOURS),
        hs_code=model.hs_code,
        registered_on=_later(at, chance, -900, -300) if is_used else None,
        plate="" if is_plant else f"新F{chance.randrange(10000, 99999)}临",
        at=at,
        by=keeper.by,
    )


def _later(at: datetime, chance: Random, least: int, most: int) -> date:
    return china_date(at + chance.randrange(least, most) * DAY)
