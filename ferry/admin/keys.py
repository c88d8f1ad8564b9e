"""Keys of callers, shown once, and the public half of what codes are signed with."""

from __future__ import annotations

from base64 import urlsafe_b64encode
from typing import TYPE_CHECKING, Any

from django.contrib import admin, messages
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from ferry.actions.keys import make_api_key, revoke_api_key
from ferry.admin.base import Kept, ModelForm, ReadOnly, operator
from ferry.models import ApiKey, KeyKind, SigningKey

if TYPE_CHECKING:
    from django.db.models import QuerySet
    from django.http import HttpRequest


class ApiKeyForm(ModelForm):
    class Meta:
        model = ApiKey
        fields = ("kind", "label", "company", "checkpoint")

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        wanted = {KeyKind.COMPANY: {"company"}, KeyKind.DEVICE: {"checkpoint"}, KeyKind.AUTHORITY: set()}
        given = {name for name in ("company", "checkpoint") if cleaned.get(name)}
        kind = cleaned.get("kind")
        if kind and given != wanted[KeyKind(kind)]:
            sentence = _("A company's key needs its company, a device's key its checkpoint; nothing else.")
            self.add_error("kind", sentence)
        return cleaned


@admin.register(ApiKey)
class ApiKeyPage(Kept):
    form = ApiKeyForm
    list_display = ("label", "kind", "company", "checkpoint", "created_at", "last_used_at", "revoked_at")
    list_filter = ("kind",)
    list_select_related = ("company", "checkpoint")
    search_fields = ("label", "company__name", "checkpoint__code")
    autocomplete_fields = ("company", "checkpoint")
    actions = ("revoke",)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def save_model(self, request: HttpRequest, obj: ApiKey, form: Any, change: bool) -> None:
        key, token = make_api_key(
            kind=KeyKind(obj.kind),
            label=obj.label,
            company=obj.company,
            checkpoint=obj.checkpoint,
            at=timezone.now(),
            by=operator(request),
        )
        obj.pk = key.pk
        sentence = _("The key, shown this once: %(token)s") % {"token": token}
        self.message_user(request, sentence, messages.WARNING)

    @admin.action(description=_("Revoke"))
    def revoke(self, request: HttpRequest, queryset: QuerySet[ApiKey]) -> None:
        if not request.user.has_perm("ferry.change_apikey"):
            self.message_user(request, _("You may not revoke keys."), messages.ERROR)
            return
        revoked = sum(revoke_api_key(key=key, at=timezone.now(), by=operator(request)) for key in queryset)
        self.message_user(request, _("Keys revoked: %(count)s") % {"count": revoked}, messages.SUCCESS)


@admin.register(SigningKey)
class SigningKeyPage(ReadOnly):
    list_display = ("__str__", "is_current", "created_at", "trusted_until")
    fields = ("__str__", "public_text", "is_current", "created_at", "trusted_until")
    readonly_fields = fields

    @admin.display(description=_("public key"))
    def public_text(self, key: SigningKey) -> str:
        return urlsafe_b64encode(bytes(key.public)).decode().rstrip("=")
