"""Companies and who works in them."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib import admin, messages
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _
from unfold.forms import ActionForm

from ferry.actions.companies import add_member, approve_company, decline_company, register_company
from ferry.actions.members import change_role, remove_member
from ferry.actions.operator import correct_company
from ferry.admin.base import Kept, ModelAdmin, ModelForm, Rows, WithHistory, operator
from ferry.errors import Refused
from ferry.mail import tell_decision
from ferry.models import Company, CompanyState, Membership, Role
from ferry.rules.letters import plain_capitals
from ferry.rules.numbers import judge_uscc

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.db.models import QuerySet
    from django.http import HttpRequest


class CompanyForm(ModelForm):
    class Meta:
        model = Company
        fields = ("name", "uscc", "phone", "language", "is_active")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.pk is None:
            self.initial["language"] = get_language()

    def clean_uscc(self) -> str:
        uscc = plain_capitals(self.cleaned_data["uscc"])
        finding = judge_uscc(uscc)
        if finding.refuses:
            raise forms.ValidationError([str(reason.detail) for reason in finding.refuses])
        return uscc


class DecisionForm(ActionForm):  # type: ignore[misc]
    reason = forms.CharField(label=_("Reason"), max_length=300, required=False)


class MembershipRows(Rows):
    model = Membership
    fields = ("user", "role")


@admin.register(Company)
class CompanyPage(WithHistory, Kept):
    form = CompanyForm
    list_display = ("name", "uscc", "phone", "state", "is_active", "created_at")
    list_filter = ("state", "is_active")
    ordering = ("name", "id")
    search_fields = ("name", "uscc")
    inlines = (MembershipRows,)
    action_form = DecisionForm
    actions = ("approve", "decline")

    def get_readonly_fields(self, request: HttpRequest, obj: Company | None = None) -> tuple[str, ...]:
        is_decided = obj is None or obj.state == CompanyState.ACTIVE
        return () if is_decided else ("is_active",)

    @admin.action(description=_("Approve"), permissions=["change"])
    def approve(self, request: HttpRequest, queryset: QuerySet[Company]) -> None:
        self._decide(request, queryset, approve_company)

    @admin.action(description=_("Decline, with the reason"), permissions=["change"])
    def decline(self, request: HttpRequest, queryset: QuerySet[Company]) -> None:
        self._decide(request, queryset, partial(decline_company, reason=request.POST.get("reason", "")))

    def _decide(self, request: HttpRequest, queryset: QuerySet[Company], act: Callable[..., bool]) -> None:
        """Decide about each company by itself, and tell its applicant."""
        for company in queryset:
            try:
                if act(company=company, at=timezone.now(), by=operator(request)):
                    company.refresh_from_db()
                    tell_decision(company)
                    self.message_user(request, _("Decided: %(name)s") % {"name": company}, messages.SUCCESS)
            except Refused as refused:
                for reason in refused.reasons:
                    self.message_user(request, f"{company}: {reason.detail}", messages.ERROR)

    def save_model(self, request: HttpRequest, obj: Company, form: Any, change: bool) -> None:
        at, by = timezone.now(), operator(request)
        if change:
            correct_company(company=obj, at=at, by=by, **{"is_active": obj.is_active, **form.cleaned_data})
        else:
            said = {name: form.cleaned_data[name] for name in ("name", "uscc", "phone", "language")}
            obj.pk = register_company(**said, at=at, by=by).pk


class MembershipForm(ModelForm):
    class Meta:
        model = Membership
        fields = ("company", "user", "role")

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        company, user = cleaned.get("company"), cleaned.get("user")
        if company and user and Membership.objects.filter(company=company, user=user).exists():
            raise forms.ValidationError(
                _("This user belongs to the company already. Change the role instead.")
            )
        return cleaned


@admin.register(Membership)
class MembershipPage(ModelAdmin):
    form = MembershipForm
    list_display = ("company", "user", "role")
    list_filter = ("role",)
    list_select_related = ("company", "user")
    search_fields = ("company__name", "user__email")
    autocomplete_fields = ("company", "user")

    def get_readonly_fields(self, request: HttpRequest, obj: Membership | None = None) -> tuple[str, ...]:
        return ("company", "user") if obj else ()

    def save_model(self, request: HttpRequest, obj: Membership, form: Any, change: bool) -> None:
        if change:
            change_role(
                membership=Membership.objects.get(pk=obj.pk),
                role=Role(obj.role),
                at=timezone.now(),
                by=operator(request),
            )
        else:
            obj.pk = add_member(company=obj.company, user=obj.user, role=Role(obj.role)).pk

    def delete_model(self, request: HttpRequest, obj: Membership) -> None:
        remove_member(membership=obj, at=timezone.now(), by=operator(request))
