"""Checkpoints, routes, closures and licensed commodities."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from django import forms
from django.contrib import admin
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from ferry.actions.places import drop_closure, drop_commodity, keep_closure, keep_commodity, keep_place
from ferry.admin.base import Kept, ModelAdmin, ModelForm, WithHistory, operator
from ferry.models import Checkpoint, Closure, LicensedCommodity, Route

if TYPE_CHECKING:
    from django.http import HttpRequest


class PlacePage(WithHistory, Kept):
    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        keep_place(place=obj, at=timezone.now(), by=operator(request))

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        """Keep a code that stands in codes and at devices already."""
        return ("code",) if obj else ()


@admin.register(Checkpoint)
class CheckpointPage(PlacePage):
    list_display = ("code", "country", "name_en", "name_zh", "name_ru", "name_kk", "opens", "closes")
    list_filter = ("country",)
    ordering = ("code",)
    search_fields = ("code", "name_en", "name_zh", "name_ru", "name_kk", "name_ug")


@admin.register(Route)
class RoutePage(PlacePage):
    list_display = ("code", "exit", "entry", "trip_hours", "is_active")
    list_select_related = ("exit", "entry")
    ordering = ("code",)
    search_fields = ("code",)
    autocomplete_fields = ("exit", "entry")


class ClosureForm(ModelForm):
    class Meta:
        model = Closure
        fields = ("route", "starts_at", "ends_at", "reason", "holiday_in")
        help_texts: ClassVar = dict.fromkeys(("starts_at", "ends_at"), _("Beijing time, UTC+8"))

    def clean_ends_at(self) -> Any:
        ends_at = self.cleaned_data["ends_at"]
        if ends_at <= timezone.now():
            raise forms.ValidationError(
                _("A closure that is over stays as it was; clocks were stopped by it.")
            )
        return ends_at


@admin.register(Closure)
class ClosurePage(WithHistory, ModelAdmin):
    form = ClosureForm
    list_display = ("reason", "holiday_in", "route", "starts_at", "ends_at")
    list_select_related = ("route__exit", "route__entry")
    date_hierarchy = "starts_at"
    autocomplete_fields = ("route",)

    def has_change_permission(self, request: HttpRequest, obj: Closure | None = None) -> bool:
        is_over = obj is not None and obj.ends_at <= timezone.now()
        return not is_over and super().has_change_permission(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: Closure | None = None) -> bool:
        has_begun = obj is not None and obj.starts_at <= timezone.now()
        return not has_begun and super().has_delete_permission(request, obj)

    def save_model(self, request: HttpRequest, obj: Closure, form: Any, change: bool) -> None:
        keep_closure(closure=obj, at=timezone.now(), by=operator(request))

    def delete_model(self, request: HttpRequest, obj: Closure) -> None:
        drop_closure(closure=obj, at=timezone.now(), by=operator(request))


@admin.register(LicensedCommodity)
class LicensedCommodityPage(ModelAdmin):
    list_display = ("hs_prefix", "in_force_on")
    search_fields = ("hs_prefix",)

    def save_model(self, request: HttpRequest, obj: LicensedCommodity, form: Any, change: bool) -> None:
        keep_commodity(commodity=obj)

    def delete_model(self, request: HttpRequest, obj: LicensedCommodity) -> None:
        drop_commodity(commodity=obj)
