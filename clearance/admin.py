"""The operator's pages for the border: postings, policies, selection and the watch list; the rest is read."""

from __future__ import annotations

import re
from contextlib import suppress
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, ClassVar

from django import forms
from django.contrib import admin, messages
from django.db import models
from django.template.response import TemplateResponse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from clearance.actions.policies import change_duty, end_posting, keep_policy, post
from clearance.actions.rules import draft_rule, end_rule, switch_on_rule
from clearance.actions.sources import forget_headings, keep_writing
from clearance.actions.watch import unwatch
from clearance.actions.watch import watch as put_on_watch
from clearance.foreseen import LOOK_FIRST, foreseen_of, seen_of
from clearance.models import (
    Clocks,
    Device,
    Duty,
    Examination,
    Policy,
    Posting,
    Record,
    RecordImport,
    Scan,
    SelectionRule,
    Source,
    SourceHeadings,
    WatchEntry,
)
from clearance.queries.rules import drafts, effect_of
from clearance.rules.policies import limits_out_of_order
from ferry.admin.accounts import UserPage, told
from ferry.admin.base import Kept, ModelAdmin, ModelForm, ReadOnly, Rows, operator
from ferry.errors import Conflict, Refused
from ferry.models import User
from ferry.rules.letters import plain_capitals

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from django.db.models import QuerySet
    from django.http import HttpRequest, HttpResponse


admin.site.unregister(User)


@admin.register(User)
class PostedUserPage(UserPage):
    """Add to a user's row where he does duty, which companies' side knows nothing of."""

    list_display = (*UserPage.list_display[:3], "checkpoints", *UserPage.list_display[3:])

    def get_queryset(self, request: HttpRequest) -> QuerySet[User]:
        return super().get_queryset(request).prefetch_related("postings__checkpoint")

    @admin.display(description=_("checkpoint"))
    def checkpoints(self, user: User) -> str | None:
        return told(f"{one.checkpoint} · {one.get_duty_display()}" for one in user.postings.all())


@admin.register(Posting)
class PostingPage(ModelAdmin):
    list_display = ("user", "checkpoint", "duty")
    list_filter = ("duty", "checkpoint")
    list_select_related = ("user", "checkpoint")
    search_fields = ("user__email", "user__name", "checkpoint__code")
    autocomplete_fields = ("user", "checkpoint")

    def get_readonly_fields(self, request: HttpRequest, obj: Posting | None = None) -> tuple[str, ...]:
        return ("user", "checkpoint") if obj else ()

    def save_model(self, request: HttpRequest, obj: Posting, form: Any, change: bool) -> None:
        duty = Duty(obj.duty)
        if change:
            change_duty(posting=obj, duty=duty, at=timezone.now(), by=operator(request))
        else:
            obj.pk = post(
                user=obj.user, checkpoint=obj.checkpoint, duty=duty, at=timezone.now(), by=operator(request)
            ).pk

    def delete_model(self, request: HttpRequest, obj: Posting) -> None:
        end_posting(posting=obj, at=timezone.now(), by=operator(request))


WITH_HOURS = re.compile(r"|([0-9]+ (days?, )?)?[0-9]+:[0-9]{2}:[0-9]{2}", re.ASCII)
WRITTEN = _("Limits are written as days, then hours:minutes:seconds: 1 12:00:00 is a day and a half.")


class LimitField(forms.DurationField):
    """A length of time with its hours. A bare number would be read as seconds, and 48 was meant as hours."""

    default_error_messages: ClassVar = {"invalid": WRITTEN}

    def to_python(self, value: Any) -> Any:
        if isinstance(value, str) and not WITH_HOURS.fullmatch(value.strip()):
            raise forms.ValidationError(self.error_messages["invalid"], code="invalid")
        return super().to_python(value)


class PolicyForm(ModelForm):
    class Meta:
        model = Policy
        fields = "__all__"
        field_classes: ClassVar = {
            each.name: LimitField for each in Policy._meta.fields if isinstance(each, models.DurationField)
        }

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        if not self.errors:
            for reason in limits_out_of_order(SimpleNamespace(**cleaned)):
                self.add_error(reason.attr, str(reason.detail))
        return cleaned


@admin.register(Policy)
class PolicyPage(Kept):
    form = PolicyForm
    list_display = ("route", "examined_share", "receipt_case", "closing_case")
    list_select_related = ("route__exit", "route__entry")
    autocomplete_fields = ("route",)

    def get_fieldsets(self, request: HttpRequest, obj: Policy | None = None) -> Any:
        return [(None, {"fields": self.get_fields(request, obj), "description": WRITTEN})]

    def get_readonly_fields(self, request: HttpRequest, obj: Policy | None = None) -> tuple[str, ...]:
        return ("route",) if obj else ()

    def save_model(self, request: HttpRequest, obj: Policy, form: Any, change: bool) -> None:
        keep_policy(policy=obj, at=timezone.now(), by=operator(request))


class Ending(Kept):
    """Rows that nobody changes; whoever might may end them, each once."""

    may_not: Any
    ended: Any

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Leave a row as it was entered: another takes its place."""
        return False

    def may_decide(self, request: HttpRequest) -> bool:
        may = bool(request.user.has_perm(f"clearance.change_{self.opts.model_name}"))
        if not may:
            self.message_user(request, self.may_not, messages.ERROR)
        return may

    def end_each(self, request: HttpRequest, rows: Iterable[Any], end: Callable[..., object]) -> None:
        """End those that have not ended meanwhile, and say how many."""
        if not self.may_decide(request):
            return
        count, at, by = 0, timezone.now(), operator(request)
        for row in rows:
            with suppress(Conflict):
                end(row, at=at, by=by)
                count += 1
        self.message_user(request, self.ended % {"count": count}, messages.SUCCESS)


class SelectionRuleForm(ModelForm):
    class Meta:
        model = SelectionRule
        fields = ("checkpoint", "company", "powertrain", "from_hour", "until_hour", "share", "reason")


@admin.register(SelectionRule)
class SelectionRulePage(Ending):
    """Rules of a checkpoint or of each: drafted here, and switched on only beside their effect."""

    may_not = _("You may not change selection rules.")
    ended = _("Rules ended: %(count)s")
    form = SelectionRuleForm
    fields = ("checkpoint", "company", "powertrain", ("from_hour", "until_hour"), "share", "reason")
    list_display = (
        "reason",
        "checkpoint",
        "company",
        "powertrain",
        "share",
        "is_active",
        "started_at",
        "ended_at",
    )
    list_filter = ("is_active", ("ended_at", admin.EmptyFieldListFilter))
    list_select_related = ("checkpoint", "company")
    autocomplete_fields = ("checkpoint", "company")
    actions = ("switch_on", "end")

    def save_model(self, request: HttpRequest, obj: SelectionRule, form: Any, change: bool) -> None:
        obj.pk = draft_rule(**form.cleaned_data, at=timezone.now(), by=operator(request)).pk
        self.message_user(
            request,
            _("It selects nothing yet. Tick it and choose “Show the effect and switch on”."),
            messages.WARNING,
        )

    @admin.action(description=_("Show the effect and switch on"))
    def switch_on(self, request: HttpRequest, queryset: QuerySet[SelectionRule]) -> HttpResponse | None:
        if not self.may_decide(request):
            return None
        drafted = list(drafts(queryset).select_related("checkpoint", "company", "replaces"))
        if not drafted:
            self.message_user(
                request, _("None of these is a draft. Only a draft can be switched on."), messages.ERROR
            )
            return None
        if "seen" not in request.POST:
            return self._effects(request, drafted)
        at, by = timezone.now(), operator(request)
        for rule in drafted:
            foreseen = foreseen_of(rule, request.POST.getlist("seen"))
            if foreseen is None:
                self.message_user(request, f"{rule}: {LOOK_FIRST}", messages.ERROR)
                continue
            try:
                switch_on_rule(rule=rule, foreseen=foreseen, at=at, by=by)
                self.message_user(request, f"{rule}: {_('The rule selects from now on.')}", messages.SUCCESS)
            except Refused as refused:
                for reason in refused.reasons:
                    self.message_user(request, f"{rule}: {reason.detail}", messages.ERROR)
        return None

    @admin.action(description=_("End, or throw a draft away"))
    def end(self, request: HttpRequest, queryset: QuerySet[SelectionRule]) -> None:
        self.end_each(request, queryset, lambda rule, **when: end_rule(rule=rule, **when))

    def _effects(self, request: HttpRequest, rules: list[SelectionRule]) -> HttpResponse:
        """Show what each draft would have done last week; only what was shown can be switched on."""
        at = timezone.now()
        effects = [(rule, effect_of(rule, at=at)) for rule in rules]
        context = {
            **self.admin_site.each_context(request),
            "title": _("Had it been in force last week"),
            "opts": self.model._meta,
            "shown": [(rule, effect, seen_of(rule, effect)) for rule, effect in effects],
        }
        return TemplateResponse(request, "admin/rule_effects.html", context)


class WatchEntryForm(ModelForm):
    class Meta:
        model = WatchEntry
        fields = ("kind", "value", "instruction")

    def clean_value(self) -> str:
        return plain_capitals(self.cleaned_data["value"])

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        same = WatchEntry.objects.filter(kind=cleaned.get("kind"), value=cleaned.get("value"))
        if same.filter(ended_at__isnull=True).exists():
            raise forms.ValidationError(_("This is watched already. End that entry first."))
        return cleaned


@admin.register(WatchEntry)
class WatchEntryPage(Ending):
    may_not = _("You may not change the watch list.")
    ended = _("Entries ended: %(count)s")
    form = WatchEntryForm
    list_display = ("__str__", "instruction", "added_at", "added_by", "ended_at")
    list_filter = ("kind", ("ended_at", admin.EmptyFieldListFilter))
    search_fields = ("=value",)
    actions = ("end",)

    def save_model(self, request: HttpRequest, obj: WatchEntry, form: Any, change: bool) -> None:
        obj.pk = put_on_watch(**form.cleaned_data, at=timezone.now(), by=operator(request)).pk

    @admin.action(description=_("End watching"))
    def end(self, request: HttpRequest, queryset: QuerySet[WatchEntry]) -> None:
        self.end_each(request, queryset, lambda entry, **when: unwatch(entry=entry, **when))


@admin.register(Record)
class RecordPage(ReadOnly):
    list_display = ("kind", "occurred_at", "source", "source_reference", "trip", "declaration", "matched_at")
    list_filter = ("kind", ("matched_at", admin.EmptyFieldListFilter))
    list_select_related = ("trip", "declaration")
    search_fields = ("=source_reference", "=vin", "=declaration_number", "=passport_number")
    exclude = ("original", "digest")


class HeadingsRows(Rows):
    model = SourceHeadings
    fields = ("titles", "columns", "known_at", "known_by")
    show_change_link = False


class SourceForm(ModelForm):
    zone = forms.ChoiceField(label=_("clocks"), required=False)

    class Meta:
        model = Source
        fields = ("kind", "zone", "first")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        zone, field = self.instance.zone, self.fields.get("zone")
        if isinstance(field, forms.ChoiceField):
            own = [(zone, zone)] if zone and zone not in Clocks.values else []
            field.choices = [("", "—"), *Clocks.choices, *own]


@admin.register(Source)
class SourcePage(Kept):
    """How a source writes is the operator's to set too; whose it is was said when it was opened."""

    form = SourceForm
    fields = ("name", "checkpoint", "created_at", "created_by", "kind", "zone", "first")
    readonly_fields = ("name", "checkpoint", "created_at", "created_by")
    list_display = ("name", "checkpoint", "kind", "zone", "first", "created_at")
    list_filter = ("checkpoint",)
    list_select_related = ("checkpoint",)
    search_fields = ("name",)
    inlines = (HeadingsRows,)
    actions = ("forget",)

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def save_model(self, request: HttpRequest, obj: Source, form: Any, change: bool) -> None:
        keep_writing(source=obj, **obj.writing, by=operator(request))

    @admin.action(description=_("Forget the headings that were put right"))
    def forget(self, request: HttpRequest, queryset: QuerySet[Source]) -> None:
        if not request.user.has_perm("clearance.change_source"):
            self.message_user(request, _("You may not change sources of records."), messages.ERROR)
            return
        kept = SourceHeadings.objects.filter(source__in=queryset).select_related("source")
        count = sum(forget_headings(headings=one, by=operator(request)) for one in kept)
        self.message_user(request, _("Headings forgotten: %(count)s") % {"count": count}, messages.SUCCESS)


@admin.register(RecordImport)
class RecordImportPage(ReadOnly):
    list_display = ("name", "source", "state", "total", "created_at", "created_by", "finished_at")
    list_filter = ("state",)
    list_select_related = ("source",)
    search_fields = ("name", "source__name")
    fields = (
        "name",
        "source",
        "state",
        "kind",
        "zone",
        "first",
        "size",
        "sha256",
        "total",
        "tallies",
        "created_at",
        "created_by",
        "started_by",
        "finished_at",
        "removed_at",
    )


@admin.register(Device)
class DevicePage(ReadOnly):
    list_display = ("name", "kind", "checkpoint", "lane", "enrolled_at", "list_as_of", "revoked_at")
    list_filter = ("kind", "checkpoint")
    list_select_related = ("checkpoint",)
    search_fields = ("name", "own_name")
    exclude = ("code_digest",)


@admin.register(Scan)
class ScanPage(ReadOnly):
    list_display = ("scan_id", "checkpoint", "lane", "crossing", "verdict", "trip", "scanned_at")
    list_filter = ("verdict", "crossing", "checkpoint")
    list_select_related = ("checkpoint", "trip")
    search_fields = ("=scan_id", "=trip__reference")
    exclude = ("digest",)


@admin.register(Examination)
class ExaminationPage(ReadOnly):
    list_display = ("scan", "opened_at", "outcome", "decided_at", "officer")
    list_filter = ("outcome",)
    list_select_related = ("scan", "officer")
