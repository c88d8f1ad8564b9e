"""The list of export licences."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db.models import F, Sum
from django.utils.translation import gettext_lazy as _

from ferry.models import Licence
from ferry.portal.lists.declare import Choice, Column, Listing, Scene, Total, fitting
from ferry.queries.fleet import SOON, paper_state
from ferry.queries.issue import china_date
from ferry.queries.licences import licences_of
from ferry.queries.search import search_licences

if TYPE_CHECKING:
    from collections.abc import Sequence

    from django.db.models import QuerySet

STATES = (
    ("usable", _("Usable")),
    ("expiring", _("Expiring soon")),
    ("expired", _("Expired")),
    ("used_up", _("Used up")),
)


def _in_state(licences: QuerySet[Licence], value: str, scene: Scene) -> QuerySet[Licence]:
    today = china_date(scene.at)
    match value:
        case "expired":
            return licences.filter(expires_on__lt=today)
        case "used_up":
            return licences.filter(used__gte=F("quantity"))
        case "expiring":
            return licences.filter(expires_on__range=(today, today + SOON), used__lt=F("quantity"))
        case _:
            return licences.filter(expires_on__gte=today, used__lt=F("quantity"))


def _dress(licences: Sequence[Licence], scene: Scene) -> Sequence[tuple[Licence, str]]:
    today = china_date(scene.at)
    return [(licence, paper_state(licence.expires_on, today)) for licence in licences]


def _totals(licences: QuerySet[Licence], _scene: Scene) -> list[Total]:
    sums = licences.aggregate(quantity=Sum("quantity"), used=Sum("used"))
    quantity, used = sums["quantity"] or 0, sums["used"] or 0
    return [
        Total(_("Quantity"), quantity),
        Total(_("Used"), used),
        Total(_("Quantity left"), quantity - used),
    ]


LICENCES = Listing(
    name="licences",
    title=_("Export licences"),
    search_label=_("Licence number"),
    rows=licences_of,
    search=search_licences,
    columns=(
        Column(
            "number",
            _("Number"),
            lambda row: row[0].number,
            "portal/cells/licence_number.html",
            "number",
            is_head=True,
        ),
        Column("left", _("Quantity left"), lambda row: row[0].left, "portal/cells/licence_left.html"),
        Column("quantity", _("quantity"), lambda row: row[0].quantity, is_shown=False),
        Column(
            "expires_on",
            _("Expires"),
            lambda row: row[0].expires_on,
            "portal/cells/licence_expires.html",
            "expires_on",
        ),
        Column(
            "commodity",
            _("Commodity code"),
            lambda row: row[0].commodity_code,
            "portal/cells/licence_commodity.html",
        ),
        Column(
            "created_at",
            _("Registered here"),
            lambda row: row[0].created_at,
            "portal/cells/licence_entered.html",
            "id",
            is_moment=True,
        ),
    ),
    filters=(Choice("show", _("State"), fitting(STATES), _in_state),),
    totals=_totals,
    dress=_dress,
)
