"""Know a caller by the key it shows, and what its kind of key is for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, cast

from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from rest_framework.authentication import BaseAuthentication
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.permissions import SAFE_METHODS, BasePermission

from ferry.actions.keys import note_use
from ferry.errors import NotAllowed, Reason
from ferry.models import ApiKey, KeyKind, Scope
from ferry.queries.keys import find_api_key

if TYPE_CHECKING:
    from datetime import datetime

    from django.http import HttpRequest
    from django_stubs_ext import StrOrPromise
    from rest_framework.request import Request
    from rest_framework.views import APIView


class KeyAuthentication(BaseAuthentication):
    """Read `Authorization: Token <key>`.

    A key is not a user: `request.auth` is the key and `request.user` stays None.
    """

    def authenticate(self, request: Request) -> tuple[Any, ApiKey] | None:
        token = shown_token(request)
        if token is None:
            return None
        key, at = find_api_key(token), timezone.now()
        fault = fault_of(key, at)
        if key is None or fault is not None:
            raise AuthenticationFailed(fault)
        note_use(key=key, at=at)
        return None, key

    def authenticate_header(self, request: Request) -> str:
        return "Token"


def shown_token(request: Request | HttpRequest) -> str | None:
    """Read the key that a call shows, if it shows one."""
    scheme, _space, token = request.META.get("HTTP_AUTHORIZATION", "").partition(" ")
    return token.strip() if scheme.lower() == "token" else None


def fault_of(key: ApiKey | None, at: datetime) -> StrOrPromise | None:
    """Say what keeps a caller out who shows this key; None lets him in."""
    if key is None or (key.company is not None and not key.company.is_active):
        return _("This key is unknown or revoked. Ask for a new one.")
    if key.expires_at is not None and key.expires_at <= at:
        return _("This key has expired. Ask for a new one.")
    return None


class KeyOfKind(BasePermission):
    """Let one kind of key in."""

    kind: ClassVar[KeyKind]
    code = "wrong_kind_of_key"

    def has_permission(self, request: Request, view: APIView) -> bool:
        return isinstance(request.auth, ApiKey) and request.auth.kind == self.kind


class CompanyKey(KeyOfKind):
    """Let a company's key in that has the scope of the call."""

    kind = KeyKind.COMPANY
    message: StrOrPromise = _("This call takes a company's key. Use that, or ask the company to call.")

    def has_permission(self, request: Request, view: APIView) -> bool:
        if not super().has_permission(request, view):
            return False
        scope = scope_of(view, request.method)
        if not cast("ApiKey", request.auth).may(scope):
            detail = _("This key lacks the scope %(scope)s. Use one that has it, or have an owner make one.")
            raise NotAllowed(Reason("scope_missing", detail % {"scope": scope}))
        return True


def scope_of(view: Any, method: str | None) -> str:
    """Name the scope that a call of a company takes."""
    return str(Scope.READ if method in SAFE_METHODS else view.writes)


class DeviceKey(KeyOfKind):
    """Let a device's key in that has the right which the call names, if it names one."""

    kind = KeyKind.DEVICE
    message: StrOrPromise = _(
        "This call takes the key of a device at a checkpoint. Ask the operator for one."
    )

    def has_permission(self, request: Request, view: APIView) -> bool:
        if not super().has_permission(request, view):
            return False
        right = getattr(view, "right", "")
        if right:
            insist_on_right(cast("ApiKey", request.auth), right)
        return True


def insist_on_right(key: ApiKey, right: str, attr: str | None = None) -> None:
    """Refuse what a device's key was not enrolled for."""
    if not key.has_right(right):
        detail = _("This device has not the right %(right)s. Have a supervisor enrol it with that.")
        raise NotAllowed(Reason("right_missing", detail % {"right": right}, attr))


class AuthorityKey(KeyOfKind):
    kind = KeyKind.AUTHORITY
    message: StrOrPromise = _("This call takes an authority's key. Ask the operator for one.")


class KeyScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    target_class = KeyAuthentication
    name = "key"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:
        return {
            "type": "apiKey",
            "in": "header",
            "name": "Authorization",
            "description": "`Token <key>`, for example `Token fm_company_3f0c…`. "
            "A company's key also needs the scope that a call names.",
        }
