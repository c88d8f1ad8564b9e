"""What companies keep and what happened: read here, never written."""

from __future__ import annotations

from django.contrib import admin
from django.utils.translation import gettext_lazy as _

from ferry.admin.base import ReadOnly, Rows, WithHistory
from ferry.models import (
    Case,
    Declaration,
    DeclaredVehicle,
    Driver,
    Handover,
    Licence,
    Pass,
    Receipt,
    Trip,
    TripEvent,
    Vehicle,
)
from ferry.templatetags.names import who


@admin.register(Vehicle)
class VehiclePage(WithHistory, ReadOnly):
    list_display = ("vin", "make", "model", "powertrain", "hs_code", "company")
    list_filter = ("powertrain",)
    list_select_related = ("company",)
    search_fields = ("vin",)


@admin.register(Handover)
class HandoverPage(ReadOnly):
    list_display = ("vehicle", "from_company", "to_company", "offered_at", "answered_at", "accepted")
    list_select_related = ("vehicle", "from_company", "to_company")
    search_fields = ("=vehicle__vin",)


@admin.register(Driver)
class DriverPage(WithHistory, ReadOnly):
    list_display = (
        "name",
        "name_latin",
        "nationality",
        "passport_end",
        "licence_class",
        "company",
        "is_active",
    )
    list_filter = ("is_active", "nationality")
    list_select_related = ("company",)
    search_fields = ("name", "name_latin", "passport_number__endswith")
    exclude = ("link_version",)

    @admin.display(description=_("passport, last four"))
    def passport_end(self, driver: Driver) -> str:
        return driver.passport_tail


class DeclaredVehicleRows(Rows):
    model = DeclaredVehicle
    fields = ("vin", "exited_at")
    show_change_link = False


@admin.register(Declaration)
class DeclarationPage(WithHistory, ReadOnly):
    list_display = ("number", "status", "status_at", "status_claimed", "quantity", "company")
    list_filter = ("status", "status_claimed")
    list_select_related = ("company",)
    search_fields = ("number",)
    inlines = (DeclaredVehicleRows,)


@admin.register(Licence)
class LicencePage(WithHistory, ReadOnly):
    list_display = ("number", "commodity_code", "expires_on", "quantity", "used", "company")
    list_select_related = ("company",)
    search_fields = ("number",)


class PassRows(Rows):
    model = Pass
    fields = ("short_code", "state", "opens_at", "closes_at", "issued_at", "ended_at", "end_reason")


class EventRows(Rows):
    model = TripEvent
    fields = ("kind", "at", "recorded_at", "told_by")
    readonly_fields = ("told_by",)
    ordering = ("at", "id")
    show_change_link = False

    @admin.display(description=_("by"))
    def told_by(self, event: TripEvent) -> str:
        return who(event.by)


@admin.register(Trip)
class TripPage(ReadOnly):
    list_display = ("reference", "state", "outcome", "vehicle", "driver", "company", "opens_at")
    list_filter = ("state", "outcome")
    list_select_related = ("vehicle", "driver", "company")
    search_fields = ("=reference", "=vehicle__vin")
    exclude = ("pin_sealed",)
    inlines = (PassRows, EventRows)


@admin.register(Pass)
class PassPage(ReadOnly):
    list_display = ("short_code", "vin", "state", "trip", "opens_at", "closes_at")
    list_filter = ("state",)
    list_select_related = ("trip",)
    search_fields = ("=short_code", "=vin", "=trip__reference")
    exclude = ("code",)


@admin.register(Receipt)
class ReceiptPage(ReadOnly):
    list_display = ("trip", "vin", "condition", "receiver", "confirmed_at")
    list_filter = ("condition",)
    list_select_related = ("trip",)
    search_fields = ("=vin", "=trip__reference")


@admin.register(Case)
class CasePage(ReadOnly):
    list_display = ("kind", "weight", "state", "trip", "declaration", "company", "opened_at", "settled_at")
    list_filter = ("state", "weight", "kind")
    list_select_related = ("trip", "declaration", "company")
    search_fields = ("=trip__reference", "=declaration__number")
    # What only the queue and the announcements need.
    exclude = ("evidence", "urgency", "level_at", "letter_with", "announced_weight", "announced_state")
