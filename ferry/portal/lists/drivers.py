"""The list of drivers."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from django.db.models import Count
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from ferry.models import Driver
from ferry.portal.drivers import row_shown
from ferry.portal.lists.declare import Choice, Column, Listing, Scene, Total, fitting
from ferry.queries.fleet import SOON, all_drivers, away, driver_rows, papers_ending
from ferry.queries.issue import china_date
from ferry.queries.search import search_drivers
from ferry.queries.today import long_stays
from ferry.rules.stays import ALLOWED

if TYPE_CHECKING:
    from collections.abc import Sequence

    from django.db.models import QuerySet

PAPERS = (("soon", _("Expiring soon")), ("expired", _("Expired")))
CLASSES = ("A1", "A2", "B1", "B2", "C1", "C2", "M")
#: The most drivers near their limit that the filter finds.
LONG_STAYS = 1000


def _former(drivers: QuerySet[Driver], value: str, _scene: Scene) -> QuerySet[Driver]:
    return drivers if value == "all" else drivers.filter(is_active=False)


def _free(drivers: QuerySet[Driver], value: str, _scene: Scene) -> QuerySet[Driver]:
    return drivers.filter(away() if value == "busy" else ~away())


def _papers(drivers: QuerySet[Driver], value: str, scene: Scene) -> QuerySet[Driver]:
    today = china_date(scene.at)
    if value == "expired":
        return drivers.filter(papers_ending(None, today - timedelta(days=1)))
    return drivers.filter(papers_ending(today, today + SOON))


def _stay(drivers: QuerySet[Driver], value: str, scene: Scene) -> QuerySet[Driver]:
    used = ALLOWED - int(value)
    near = long_stays(scene.company, at=scene.at, most=LONG_STAYS)
    return drivers.filter(pk__in=[one.driver_id for one in near if one.used >= used])


def _of_class(drivers: QuerySet[Driver], value: str, _scene: Scene) -> QuerySet[Driver]:
    return drivers.filter(licence_class__contains=value)


def _dress(drivers: Sequence[Driver], scene: Scene) -> Sequence[dict[str, Any]]:
    return [
        {**row_shown(row), "allowed": ALLOWED} for row in driver_rows(drivers, scene.company, at=scene.at)
    ]


def _totals(drivers: QuerySet[Driver], _scene: Scene) -> list[Total]:
    counts = drivers.values_list("licence_class").annotate(count=Count("pk")).order_by("licence_class")
    return [Total(name, count, {"class": name} if name in CLASSES else {}) for name, count in counts]


def _left(row: dict[str, Any]) -> int | None:
    return None if row["row"].used is None else max(ALLOWED - row["row"].used, 0)


DRIVERS = Listing(
    name="drivers",
    title=_("Drivers"),
    search_label=_("Name, Latin name, phone, passport's last four"),
    rows=all_drivers,
    search=search_drivers,
    columns=(
        Column(
            "name",
            _("Name and phone"),
            lambda row: row["driver"].name,
            "portal/cells/driver_name.html",
            "name",
            is_head=True,
        ),
        Column(
            "name_latin",
            _("Latin name"),
            lambda row: row["driver"].name_latin,
            sort="name_latin",
            is_shown=False,
        ),
        Column("phone", _("phone"), lambda row: row["driver"].phone, is_shown=False),
        Column(
            "available",
            _("Available"),
            lambda row: row["row"].busy.until if row["row"].busy else None,
            "portal/cells/driver_available.html",
            is_plain=True,
        ),
        Column("stay", _("Stay days left"), _left, "portal/cells/driver_stay.html"),
        Column(
            "passport_tail", _("passport, last four"), lambda row: row["driver"].passport_tail, is_shown=False
        ),
        Column(
            "passport",
            _("Passport"),
            lambda row: row["driver"].passport_expires_on,
            "portal/cells/driver_passport.html",
            "passport_expires_on",
        ),
        Column("class", _("driving licence class"), lambda row: row["driver"].licence_class, is_shown=False),
        Column(
            "licence",
            _("Driving licence"),
            lambda row: row["driver"].licence_expires_on,
            "portal/cells/driver_licence.html",
            "licence_expires_on",
        ),
        Column(
            "link",
            _("Link"),
            lambda _row: None,
            "portal/cells/driver_link.html",
            is_for_writers=True,
            is_plain=True,
        ),
    ),
    filters=(
        Choice(
            "show",
            _("Drivers"),
            fitting([("former", _("No longer")), ("all", _("All"))]),
            _former,
            otherwise=lambda drivers: drivers.filter(is_active=True),
        ),
        Choice("free", _("Available"), fitting([("free", _("Free")), ("busy", _("On a trip"))]), _free),
        Choice("papers", _("Papers"), fitting(PAPERS), _papers),
        Choice(
            "stay",
            _("Stay days left"),
            fitting([(str(left), format_lazy(_("{left} or fewer"), left=left)) for left in (15, 10, 5, 0)]),
            _stay,
        ),
        Choice("class", _("Driving licence"), fitting([(one, one) for one in CLASSES]), _of_class),
    ),
    totals=_totals,
    dress=_dress,
)
